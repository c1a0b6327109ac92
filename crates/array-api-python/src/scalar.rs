//! Python's scalars, which take an array's dtype.

use array_api_spec::{Complex, DType, Scalar};
use pyo3::{
    IntoPyObjectExt,
    prelude::*,
    sync::PyOnceLock,
    types::{PyBool, PyComplex, PyComplexMethods, PyFloat, PyInt, PyType},
};

/// A Python scalar, or an object that is registered as one, as NumPy's scalars are; `None` for other objects.
///
/// # Errors
/// `OverflowError` for an integer that no dtype could hold.
pub(crate) fn scalar(object: &Bound<'_, PyAny>) -> PyResult<Option<Scalar>> {
    if let Ok(value) = object.cast::<PyBool>() {
        return Ok(Some(Scalar::Bool(value.is_true())));
    }
    if object.is_instance_of::<PyInt>() {
        return integer(object).map(Some);
    }
    if let Ok(value) = object.cast::<PyFloat>() {
        return Ok(Some(Scalar::Float(value.extract()?)));
    }
    if let Ok(value) = object.cast::<PyComplex>() {
        return Ok(Some(complex(value)));
    }
    registered(object)
}

/// Numbers of other libraries: `numbers` lists their types.
fn registered(object: &Bound<'_, PyAny>) -> PyResult<Option<Scalar>> {
    static KINDS: [PyOnceLock<Py<PyType>>; 3] = [const { PyOnceLock::new() }; 3];
    let py = object.py();
    let is = |k: usize, name| object.is_instance(KINDS[k].import(py, "numbers", name)?);
    if is(0, "Integral")? {
        return integer(&object.call_method0("__index__")?).map(Some);
    }
    if is(1, "Real")? {
        return Ok(Some(Scalar::Float(object.extract()?)));
    }
    if is(2, "Complex")? {
        let value = object.call_method0("__complex__")?;
        return Ok(Some(complex(value.cast::<PyComplex>()?)));
    }
    Ok(None)
}

/// The dtype that a scalar says it has, as NumPy's do; `None` for Python's own.
pub(crate) fn scalar_dtype(object: &Bound<'_, PyAny>) -> Option<DType> {
    let own = object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyBool>()
        || object.is_exact_instance_of::<PyComplex>();
    if own {
        return None;
    }
    let dtype = object.getattr("dtype").ok()?;
    let name: String = dtype.getattr("name").ok()?.extract().ok()?;
    name.parse().ok()
}

fn integer(object: &Bound<'_, PyAny>) -> PyResult<Scalar> {
    let narrow: PyResult<i64> = object.extract();
    narrow
        .map(i128::from)
        .or_else(|_| object.extract())
        .map(Scalar::Int)
}

fn complex(value: &Bound<'_, PyComplex>) -> Scalar {
    Scalar::Complex(Complex::new(value.real(), value.imag()))
}

/// A scalar as a Python object.
///
/// # Errors
/// No memory.
pub(crate) fn to_python<'py>(py: Python<'py>, value: Scalar) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Scalar::Bool(value) => value.into_bound_py_any(py),
        Scalar::Int(value) => value.into_bound_py_any(py),
        Scalar::Float(value) => value.into_bound_py_any(py),
        Scalar::Complex(value) => Ok(PyComplex::from_doubles(py, value.re, value.im).into_any()),
    }
}
