//! Reads values of other libraries by DLPack, the buffer protocol, Arrow, and NumPy's `__array__`, and gives NumPy our
//! values.

use array_api_spec::{DType, HostArray, HostBuffer, Kind};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyList, PyMemoryView, PyTuple},
};

use crate::{
    array::PyArray,
    arrow, dlpack,
    error::exception,
    table::{self, Labelled},
};

#[pymethods]
impl PyArray {
    /// The array as a NumPy array, for functions that need one. It is a copy, which may be written to; `copy=False`
    /// gives the memory itself, read-only. An array on a GPU is an error: `to_device("cpu")` brings it to the host.
    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, x) = (slf.py(), slf.get().get());
        if x.device().name() != "cpu" {
            return Err(PyTypeError::new_err(format!(
                "NumPy reads the memory of the CPU alone, and this array is on `{}`; bring it over with `to_device(\"cpu\")`",
                x.device().name()
            )));
        }
        let numpy = py.import("numpy")?;
        let values = numpy.call_method1("from_dlpack", (slf,))?;
        let own = values.getattr("dtype")?;
        let wanted = match dtype {
            Some(dtype) => numpy.call_method1("dtype", (dtype,))?,
            None => own.clone(),
        };
        if copy != Some(false) {
            return numpy.call_method1("array", (values, wanted));
        }
        if wanted.eq(&own)? {
            return Ok(values);
        }
        Err(PyValueError::new_err(format!(
            "an array of the dtype {own} becomes one of {wanted} by a copy, which `copy=False` forbids"
        )))
    }
}

/// The values of an object of another library; `None` if it exports none.
///
/// # Errors
/// Values of an unsupported type; the other library's error.
pub(crate) fn foreign(object: &Bound<'_, PyAny>) -> PyResult<Option<HostArray>> {
    // Python's own sequences export nothing, and there may be many of them, so they are not asked.
    if object.is_exact_instance_of::<PyList>() || object.is_exact_instance_of::<PyTuple>() {
        return Ok(None);
    }
    // NumPy's own conversion would return the values under the mask.
    if object.hasattr("mask")? && object.hasattr("filled")? && masked(object)? {
        let why = "lacks the values under its mask; put others in their places with `filled`";
        return Err(table::refused("", why));
    }
    let shared = match object.hasattr("__dlpack__")? {
        true => dlpack::values(object).map(Some),
        false => Ok(None),
    };
    if let Ok(Some(values)) = shared {
        return Ok(Some(values));
    }
    if let Ok(view) = PyMemoryView::from(object) {
        return buffer(object, &view).map(Some);
    }
    // pandas exports the index of a frame to Arrow as a further column. It is recognized by its attribute `iloc`.
    if object.hasattr("iloc")? {
        return pandas(object).map(Some);
    }
    if let Some(values) = arrow::values(object)? {
        return Ok(Some(values));
    }
    for protocol in ["__array__", "__array_interface__", "__array_struct__"] {
        if object.hasattr(protocol)? {
            return numpy(object, "").map(Some);
        }
    }
    // Nothing else has worked, so DLPack's error is the reason.
    shared
}

/// Whether an array with a mask hides values.
fn masked(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    object.getattr("mask")?.call_method0("any")?.is_truthy()
}

/// The values of an object with the buffer protocol.
fn buffer(object: &Bound<'_, PyAny>, view: &Bound<'_, PyMemoryView>) -> PyResult<HostArray> {
    let format: String = view.getattr("format")?.extract()?;
    let size: usize = view.getattr("itemsize")?.extract()?;
    let dtype = buffer_dtype(&format, size).filter(|_| dtype_goes(object));
    let dtype = dtype.ok_or_else(|| match dtype_text(object) {
        Some(dtype) => table::no_numbers("", &format!("has the dtype {dtype}")),
        None => table::no_numbers("", &format!("has elements of the form `{format}`")),
    })?;
    let bytes = view.call_method0("tobytes")?;
    let bytes = bytes.cast::<PyBytes>()?.as_bytes();
    Ok(HostArray {
        buffer: HostBuffer::from_bytes(dtype, bytes).map_err(|e| exception(&e))?,
        shape: view.getattr("shape")?.extract()?,
    })
}

/// The dtype of a format of Python's module `struct`.
fn buffer_dtype(format: &str, size: usize) -> Option<DType> {
    let kind = match format.trim_start_matches(['@', '=', '<']) {
        "?" => Kind::Bool,
        "b" | "h" | "i" | "l" | "q" | "n" => Kind::SignedInteger,
        "B" | "H" | "I" | "L" | "Q" | "N" => Kind::UnsignedInteger,
        "f" | "d" => Kind::RealFloating,
        "Zf" | "Zd" => Kind::ComplexFloating,
        _ => return None,
    };
    let mut all = DType::ALL.into_iter();
    all.find(|dtype| dtype.kind() == kind && dtype.size() == size)
}

/// The name of an object's dtype.
fn dtype_text(object: &Bound<'_, PyAny>) -> Option<String> {
    let dtype = object.getattr("dtype").ok()?;
    dtype.str().ok()?.extract().ok()
}

/// Whether an object's dtype, if it has one, is in the standard. For example, NumPy's dates export their bytes as small
/// integers.
fn dtype_goes(object: &Bound<'_, PyAny>) -> bool {
    let name = |dtype: Bound<'_, PyAny>| dtype.getattr("name")?.extract::<String>();
    match object.getattr("dtype").and_then(name) {
        Ok(name) => name.parse::<DType>().is_ok(),
        Err(_) => true,
    }
}

/// The values of an object that NumPy can read.
fn numpy(object: &Bound<'_, PyAny>, column: &str) -> PyResult<HostArray> {
    let text = dtype_text(object).unwrap_or_else(|| "unknown".into());
    let refused = || Err(table::no_numbers(column, &format!("has the dtype {text}")));
    // Categories are names, even if they look like numbers, so NumPy must not convert them.
    if text == "category" {
        return refused();
    }
    let array = object
        .py()
        .import("numpy")?
        .call_method1("asarray", (object,))?;
    let kind = |x: &Bound<'_, PyAny>| x.getattr("dtype")?.getattr("kind")?.extract::<String>();
    let (own, given) = (kind(object).unwrap_or_default(), kind(&array)?);
    if ["i", "u", "b"].contains(&own.as_str()) && ["f", "O"].contains(&given.as_str()) {
        let why = format!(
            "lacks some of its values, and {text} has no NaN to stand for them; fill or drop them, or make it floating-point"
        );
        return Err(table::refused(column, &why));
    }
    if array.is(object) {
        return refused();
    }
    if let Ok(values) = dlpack::values(&array) {
        return Ok(values);
    }
    match PyMemoryView::from(&array) {
        Ok(view) if given != "O" => buffer(&array, &view),
        _ => refused(),
    }
}

/// The values of a column of pandas, or of a frame column by column.
fn pandas(object: &Bound<'_, PyAny>) -> PyResult<HostArray> {
    if !object.hasattr("columns")? {
        let name = object.getattr("name")?;
        let name = if name.is_none() {
            String::new()
        } else {
            name.str()?.extract()?
        };
        return numpy(object, &name);
    }
    let mut columns = Vec::new();
    for item in object.call_method0("items")?.try_iter()? {
        let (name, column): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
        let name: String = name.str()?.extract()?;
        let values = numpy(&column, &name)?;
        columns.push(Labelled { name, values });
    }
    if columns.is_empty() {
        // Without columns, only the frame itself knows the number of rows.
        let rows = object.len()?;
        return Ok(HostArray {
            buffer: HostBuffer::Float64(Vec::new()),
            shape: vec![rows, 0],
        });
    }
    table::side_by_side(object.py(), columns)
}
