//! Copies and pickles of arrays.
//!
//! A pickle holds the name of one function of this module, and data: the names of the dtype and the device, the shape, and the values in row-major order as
//! little-endian bytes. So it holds no code, whatever the machine. With pickle's protocol 5 the bytes can travel outside the pickle (`buffer_callback`).

use array_api_spec::{DType, HostArray, HostBuffer};
use pyo3::{
    IntoPyObjectExt,
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyMemoryView, PyTuple},
};

use crate::{
    argument::{AnyArray, AnyNamespace, Shape},
    array::PyArray,
    data_type::converted,
    error::{exception, run},
    outcome::IntoPython,
};

/// The environment variable that names a device for all arrays that are unpickled, in place of the devices that their pickles name.
const VARIABLE: &str = "ARRAY_API_UNPICKLE_DEVICE";

#[pymethods]
impl PyArray {
    /// Another array with these values. What is written to one is not seen in the other.
    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        let x = self.get();
        run(py, || converted(&x, x.dtype(), &x.namespace())).map(Self::from)
    }

    /// Another array with these values. What is written to one is not seen in the other.
    fn __deepcopy__(&self, py: Python<'_>, memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        let _ = memo;
        self.__copy__(py)
    }

    /// What pickle keeps of the array: how to make it again. An array of a GPU goes through the host's memory.
    fn __reduce_ex__<'py>(
        &self,
        py: Python<'py>,
        protocol: i32,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let x = self.get();
        let mut values = bytes(py, &x)?.into_any();
        if protocol >= 5 {
            values = py
                .import("pickle")?
                .getattr("PickleBuffer")?
                .call1((values,))?;
        }
        let arguments = [
            x.dtype().name().into_bound_py_any(py)?,
            PyTuple::new(py, x.shape())?.into_any(),
            x.device().name().into_bound_py_any(py)?,
            values,
        ];
        let function = py.import("array_api_rust")?.getattr("_rebuild_array")?;
        Ok((function, PyTuple::new(py, arguments)?))
    }
}

/// The values as bytes in row-major order.
fn bytes<'py>(py: Python<'py>, x: &AnyArray) -> PyResult<Bound<'py, PyBytes>> {
    let values = run(py, || x.to_host())?;
    let values = values.as_bytes();
    PyBytes::new_with(py, values.len(), |bytes| {
        bytes.copy_from_slice(values);
        Ok(())
    })
}

/// An array from a pickle: its dtype, shape and device, and its values as little-endian bytes in row-major order.
///
/// The environment variable `ARRAY_API_UNPICKLE_DEVICE` names another device for it, for machines that lack the first.
#[pyfunction(signature = (dtype, shape, device, values, /))]
fn _rebuild_array<'py>(
    dtype: &str,
    shape: Shape,
    device: &str,
    values: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = values.py();
    let dtype: DType = dtype.parse().map_err(|e| exception(&e))?;
    let xp = home(py, device)?;
    let bytes = PyMemoryView::from(values)?.call_method0("tobytes")?;
    let bytes = bytes.cast::<PyBytes>()?.as_bytes();
    run(py, || {
        // Both check their part: whole elements, and as many as the shape has.
        let buffer = HostBuffer::from_bytes(dtype, bytes)?;
        xp.asarray(HostArray {
            buffer,
            shape: shape.0,
        })
    })?
    .into_python(py)
}

/// The device of what was on the device of this name when it was pickled.
pub(crate) fn home(py: Python<'_>, name: &str) -> PyResult<AnyNamespace> {
    // Python's own view of the environment sees what the program has set, on every platform.
    let environment = py.import("os")?.getattr("environ")?;
    let other: Option<String> = environment.call_method1("get", (VARIABLE,))?.extract()?;
    if let Some(other) = other {
        return run(py, || array_api_compat::device(&other));
    }
    run(py, || array_api_compat::device(name)).map_err(|error| {
        PyValueError::new_err(format!(
            "what was pickled was on the device `{name}`: {}. To load it elsewhere, name another device in the environment variable {VARIABLE}, such as `cpu`",
            error.value(py)
        ))
    })
}

/// Puts the function that pickles name into a module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_rebuild_array, module)?)
}
