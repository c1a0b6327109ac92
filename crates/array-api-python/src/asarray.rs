//! `asarray`: arrays of ours and of others, buffers, Python's scalars and nested sequences of all of these.

use array_api_spec::{DType, Error, HostArray, HostBuffer, Kind, Scalar, result_type};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyMemoryView, PySequence, PyString},
};

use crate::{
    argument::AnyNamespace,
    array::PyArray,
    data_type::{PyDType, converted},
    device::{self, On, on},
    dlpack,
    error::{exception, run},
    outcome::IntoPython,
    scalar::scalar,
};

/// An array of what holds values.
///
/// An array that has the dtype and the device already is returned itself, but for `copy=True`. Values of NumPy, of other libraries with
/// DLPack or the buffer protocol and of Python are copied, which `copy=False` refuses.
///
/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.asarray.html
#[pyfunction(signature = (obj, /, *, dtype=None, device=None, copy=None))]
pub(crate) fn asarray<'py>(
    obj: &Bound<'py, PyAny>,
    dtype: Option<PyDType>,
    device: Option<On>,
    copy: Option<bool>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = obj.py();
    let dtype = dtype.map(|d| d.0);
    if let Ok(own) = obj.cast::<PyArray>() {
        let x = &own.get().0;
        let xp = device.map_or_else(|| x.namespace().clone(), |device| device.0);
        let same = *x.namespace() == xp && dtype.is_none_or(|d| d == x.dtype());
        if same && copy != Some(true) {
            return Ok(obj.clone());
        }
        if !same && copy == Some(false) {
            return Err(PyValueError::new_err(
                "asarray: another dtype or device needs a copy, which `copy=False` forbids",
            ));
        }
        let dtype = dtype.unwrap_or(x.dtype());
        return run(py, || converted(&x.get(), dtype, &xp))?.into_python(py);
    }
    if copy == Some(false) {
        return Err(PyValueError::new_err(
            "asarray: arrays hold memory of their own, so this needs a copy, which `copy=False` forbids",
        ));
    }
    let xp = on(device);
    let values = match foreign(obj)? {
        Some(values) => values,
        None => sequence(&xp, obj, dtype)?,
    };
    let own = values.buffer.dtype();
    let dtype = dtype.unwrap_or(own);
    run(py, || {
        if dtype == own {
            xp.asarray(values)
        } else {
            converted(&device::cpu().asarray(values)?, dtype, &xp)
        }
    })?
    .into_python(py)
}

/// The dtype of a device's arrays that are made of Python's scalars: the default one of their highest kind.
pub(crate) fn default_dtype(xp: &AnyNamespace, scalars: &[Scalar]) -> DType {
    let defaults = xp.info().default_dtypes();
    let of = |scalar: &Scalar| match scalar {
        Scalar::Bool(_) => DType::Bool,
        Scalar::Int(_) => defaults.integral,
        Scalar::Float(_) => defaults.real_floating,
        Scalar::Complex(_) => defaults.complex_floating,
    };
    let kinds = scalars.iter().map(of);
    kinds
        .max_by_key(|dtype| dtype.kind())
        .unwrap_or(defaults.real_floating)
}

/// How deep sequences may be nested.
const DEEPEST: usize = 64;

/// What nested sequences hold.
#[derive(Default)]
struct Leaves {
    /// All values, in row-major order.
    values: Vec<Scalar>,
    /// Those that are Python's scalars, which have no dtype of their own.
    weak: Vec<Scalar>,
    /// The dtypes of those that are arrays.
    dtypes: Vec<DType>,
}

/// Nested sequences, or a scalar.
fn sequence(
    xp: &AnyNamespace,
    object: &Bound<'_, PyAny>,
    dtype: Option<DType>,
) -> PyResult<HostArray> {
    let mut leaves = Leaves::default();
    let shape = leaves.collect(object, 0)?;
    let own = if leaves.dtypes.is_empty() {
        Ok(default_dtype(xp, &leaves.weak))
    } else {
        result_type(&leaves.dtypes, &leaves.weak)
    };
    // Among numbers Python's `True` is 1, as the standard has it.
    if own != Ok(DType::Bool) || dtype.is_some_and(|dtype| dtype != DType::Bool) {
        for value in &mut leaves.values {
            if let Scalar::Bool(truth) = *value {
                *value = Scalar::Int(truth.into());
            }
        }
    }
    let takes = |dtype: &DType| {
        let mut values = leaves.values.iter();
        values.all(|value| value.weak_dtype("asarray", *dtype) == Ok(*dtype))
    };
    // Straight to the dtype asked for where nothing is lost, so that integers are held against its range.
    let dtype = match dtype.filter(takes) {
        Some(dtype) => dtype,
        None => own.map_err(|e| exception(&e))?,
    };
    let values = leaves.values.iter();
    let values = values.map(|value| value.to_dtype("asarray", dtype));
    let buffer = HostBuffer::from_scalars(dtype, values).map_err(|e| exception(&e))?;
    Ok(HostArray { buffer, shape })
}

impl Leaves {
    /// Adds the values of an object and says what its shape is.
    fn collect(&mut self, object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Vec<usize>> {
        if depth > DEEPEST {
            return Err(PyValueError::new_err(format!(
                "asarray: sequences are nested more than {DEEPEST} deep; does one hold itself?"
            )));
        }
        if let Some(value) = scalar(object)? {
            self.values.push(value);
            self.weak.push(value);
            return Ok(Vec::new());
        }
        let array = match object.cast::<PyArray>() {
            Ok(own) => {
                let x = own.get().get();
                let buffer = run(object.py(), || x.to_host())?;
                let shape = x.shape().to_vec();
                Some(HostArray { buffer, shape })
            }
            Err(_) => foreign(object)?,
        };
        if let Some(HostArray { buffer, shape }) = array {
            self.dtypes.push(buffer.dtype());
            self.values
                .extend((0..buffer.len()).filter_map(|i| buffer.get(i)));
            return Ok(shape);
        }
        // A text is a sequence of texts without end.
        if object.is_instance_of::<PyString>() || object.cast::<PySequence>().is_err() {
            return Err(refused(
                object,
                "it is no scalar or sequence, and has neither DLPack nor the buffer protocol",
            ));
        }
        let (mut shape, mut length) = (None, 0);
        for item in object.try_iter()? {
            let own = self.collect(&item?, depth + 1)?;
            length += 1;
            match &shape {
                None => shape = Some(own),
                Some(first) if *first == own => {}
                Some(first) => {
                    let shapes = [first.as_slice(), own.as_slice()];
                    let detail = "differ: the parts of a sequence need one shape";
                    return Err(exception(&Error::shape("asarray", &shapes, detail)));
                }
            }
        }
        let mut whole = vec![length];
        whole.extend(shape.unwrap_or_default());
        Ok(whole)
    }
}

fn refused(object: &Bound<'_, PyAny>, why: &str) -> PyErr {
    let kind = object.get_type();
    PyTypeError::new_err(format!("asarray: cannot make an array of {kind}: {why}"))
}

/// The values of another library's array or scalar, through DLPack or the buffer protocol; `None` if it has neither.
fn foreign(object: &Bound<'_, PyAny>) -> PyResult<Option<HostArray>> {
    if object.hasattr("__dlpack__")?
        && let Ok(values) = dlpack::values(object)
    {
        return Ok(Some(values));
    }
    let Ok(view) = PyMemoryView::from(object) else {
        return Ok(None);
    };
    let format: String = view.getattr("format")?.extract()?;
    let size: usize = view.getattr("itemsize")?.extract()?;
    let dtype = buffer_dtype(&format, size).ok_or_else(|| {
        let why = format!("no dtype of the standard has the form `{format}`");
        refused(object, &why)
    })?;
    let bytes = view.call_method0("tobytes")?;
    let bytes = bytes.cast::<PyBytes>()?.as_bytes();
    Ok(Some(HostArray {
        buffer: HostBuffer::from_bytes(dtype, bytes).map_err(|e| exception(&e))?,
        shape: view.getattr("shape")?.extract()?,
    }))
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

/// Puts the function into a module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(asarray, module)?)
}
