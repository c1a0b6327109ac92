//! Converts errors and panics to Python's exceptions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use array_api_spec::{Error, ErrorClass, Result};
use pyo3::{
    create_exception,
    exceptions::{
        PyIndexError, PyMemoryError, PyOverflowError, PyRuntimeError, PyTypeError, PyValueError,
    },
    prelude::*,
    sync::PyOnceLock,
    types::{IntoPyDict, PyType},
};

create_exception!(
    array_api_rust,
    LinAlgError,
    PyValueError,
    "A matrix that a factorisation cannot handle: singular, not positive definite, no convergence."
);

/// An error as the exception that Python's users would expect.
pub(crate) fn exception(error: &Error) -> PyErr {
    let text = error.to_string();
    match error.class() {
        ErrorClass::TypeError => PyTypeError::new_err(text),
        ErrorClass::ValueError => PyValueError::new_err(text),
        ErrorClass::IndexError => PyIndexError::new_err(text),
        ErrorClass::AxisError => axis_error(text),
        ErrorClass::OverflowError => PyOverflowError::new_err(text),
        ErrorClass::MemoryError => PyMemoryError::new_err(text),
        ErrorClass::LinAlgError => LinAlgError::new_err(text),
        ErrorClass::RuntimeError => PyRuntimeError::new_err(text),
    }
}

/// As in NumPy, a subclass of both `ValueError` and `IndexError`, which pyo3's macro cannot declare.
fn axis_error(text: String) -> PyErr {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    Python::attach(|py| {
        let make = || {
            let bases = (py.get_type::<PyValueError>(), py.get_type::<PyIndexError>());
            let names = [("__module__", "array_api_rust")].into_py_dict(py)?;
            let new = py.get_type::<PyType>().call1(("AxisError", bases, names))?;
            Ok::<_, PyErr>(new.cast_into::<PyType>()?.unbind())
        };
        match TYPE.get_or_try_init(py, make) {
            Ok(class) => PyErr::from_type(class.bind(py).clone(), text),
            Err(error) => error,
        }
    })
}

/// Computes while other Python threads may run. A panic, which is a bug of ours, becomes a `RuntimeError`, because
/// `except Exception` does not catch pyo3's `PanicException`.
///
/// # Errors
/// The exception that belongs to the error.
pub(crate) fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    told(py.detach(|| catch_unwind(AssertUnwindSafe(work))))
}

/// Computes without releasing the interpreter lock, for work that takes less time than releasing it.
///
/// # Errors
/// Those of [`run`].
pub(crate) fn run_here<T>(work: impl FnOnce() -> Result<T>) -> PyResult<T> {
    told(catch_unwind(AssertUnwindSafe(work)))
}

/// Converts an outcome to a value or an exception.
fn told<T>(outcome: std::thread::Result<Result<T>>) -> PyResult<T> {
    // A panic can leave an array partly written, as an interrupted loop would. It breaks nothing else.
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(exception(&error)),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            Err(PyRuntimeError::new_err(format!(
                "a bug in array_api_rust, please report it: {text}"
            )))
        }
    }
}
