//! Machine limits of data types: `finfo` and `iinfo`.

use array_api_spec::{finfo, iinfo};
use pyo3::prelude::*;

use crate::{
    data_type::{PyDType, Typed},
    error::exception,
};

/// Machine limits of a floating-point data type.
#[pyclass(frozen, eq, get_all, name = "finfo_object", module = "array_api_rust")]
#[derive(PartialEq)]
struct FloatInfo {
    bits: u32,
    eps: f64,
    max: f64,
    min: f64,
    smallest_normal: f64,
    dtype: PyDType,
}

#[pymethods]
impl FloatInfo {
    fn __repr__(&self) -> String {
        format!(
            "finfo_object(bits={}, eps={:?}, max={:?}, min={:?}, smallest_normal={:?}, dtype={})",
            self.bits, self.eps, self.max, self.min, self.smallest_normal, self.dtype.0
        )
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (PyDType,))> {
        Ok((
            py.import("array_api_rust")?.getattr("finfo")?,
            (self.dtype,),
        ))
    }
}

/// Machine limits of an integer data type.
#[pyclass(frozen, eq, get_all, name = "iinfo_object", module = "array_api_rust")]
#[derive(PartialEq)]
struct IntegerInfo {
    bits: u32,
    max: i128,
    min: i128,
    dtype: PyDType,
}

#[pymethods]
impl IntegerInfo {
    fn __repr__(&self) -> String {
        format!(
            "iinfo_object(bits={}, max={}, min={}, dtype={})",
            self.bits, self.max, self.min, self.dtype.0
        )
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (PyDType,))> {
        Ok((
            py.import("array_api_rust")?.getattr("iinfo")?,
            (self.dtype,),
        ))
    }
}

/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.finfo.html
#[pyfunction(name = "finfo", signature = (r#type, /))]
fn finfo_(r#type: Typed) -> PyResult<FloatInfo> {
    let info = finfo(r#type.0).map_err(|e| exception(&e))?;
    Ok(FloatInfo {
        bits: info.bits,
        eps: info.eps,
        max: info.max,
        min: info.min,
        smallest_normal: info.smallest_normal,
        dtype: PyDType(info.dtype),
    })
}

/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.iinfo.html
#[pyfunction(name = "iinfo", signature = (r#type, /))]
fn iinfo_(r#type: Typed) -> PyResult<IntegerInfo> {
    let info = iinfo(r#type.0).map_err(|e| exception(&e))?;
    Ok(IntegerInfo {
        bits: info.bits,
        max: info.max,
        min: info.min,
        dtype: PyDType(info.dtype),
    })
}

/// Puts the functions into a module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(finfo_, module)?)?;
    module.add_function(wrap_pyfunction!(iinfo_, module)?)
}
