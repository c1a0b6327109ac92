//! Parameters and attributes that are no arrays, between Python and Rust.

use array_api_spec::Scalar;
use ml_core::{Parameter, Value};
use pyo3::{
    IntoPyObjectExt,
    exceptions::PyTypeError,
    prelude::*,
    types::{PyDict, PyList, PyString, PyTuple},
};

use crate::scalar::scalar;

/// A value of Python's as a parameter.
///
/// # Errors
/// `TypeError` for what no parameter can be.
pub(super) fn from_python(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let refused = || {
        PyTypeError::new_err(format!(
            "{} is of no use here; parameters are None, numbers, text, and lists or dictionaries of these",
            object.get_type()
        ))
    };
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(text.extract::<String>()?.into());
    }
    if let Some(number) = scalar(object)? {
        return match number {
            Scalar::Bool(value) => Ok(value.into()),
            // Integers beyond 64 bits are numbers still, though no whole ones.
            Scalar::Int(value) => Ok(match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                _ => (value as f64).value(),
            }),
            Scalar::Float(value) => Ok(value.value()),
            Scalar::Complex(_) => Err(refused()),
        };
    }
    if let Ok(items) = object.cast::<PyDict>() {
        let pairs = items
            .iter()
            .map(|(key, value)| Ok((key.str()?.extract::<String>()?, from_python(&value)?)));
        return pairs.collect::<PyResult<Vec<_>>>().map(Value::from_iter);
    }
    if object.cast::<PyList>().is_ok() || object.cast::<PyTuple>().is_ok() {
        let items = object.try_iter()?.map(|item| from_python(&item?));
        return items.collect::<PyResult<Vec<_>>>().map(Value::Array);
    }
    // Arrays and scalars of NumPy, and arrays of ours.
    if object.hasattr("tolist")? {
        let plain = object.call_method0("tolist")?;
        if !plain.get_type().is(object.get_type()) {
            return from_python(&plain);
        }
    }
    Err(refused())
}

/// A parameter or an attribute as a value of Python's.
pub(super) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Null => Ok(py.None().into_bound(py)),
        Value::Bool(value) => value.into_bound_py_any(py),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => value.into_bound_py_any(py),
            (_, Some(value)) => value.into_bound_py_any(py),
            _ => number.as_f64().into_bound_py_any(py),
        },
        Value::String(text) => match (text.as_str(), f64::read(value)) {
            ("Infinity" | "-Infinity" | "NaN", Ok(number)) => number.into_bound_py_any(py),
            _ => text.into_bound_py_any(py),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| to_python(py, item));
            PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)?.into_bound_py_any(py)
        }
        Value::Object(items) => {
            let dict = PyDict::new(py);
            for (name, item) in items {
                dict.set_item(name, to_python(py, item)?)?;
            }
            dict.into_bound_py_any(py)
        }
    }
}
