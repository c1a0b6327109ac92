//! Converts the results of the namespace's functions to those of the Python functions.

use array_api_compat::AnyBackend;
use array_api_spec::{Expr, Result};
use pyo3::{IntoPyObjectExt, prelude::*, types::PyTuple};

use crate::{
    argument::AnyArray,
    array::PyArray,
    error::{run, run_here},
    view::{View, writable},
};

/// The result of a function of the namespace: an expression to compute, or a value.
pub(crate) trait Outcome {
    type Value: IntoPython + Send;

    /// Computes the value.
    fn value(self) -> Result<Self::Value>;
}

impl Outcome for Expr<AnyBackend> {
    type Value = AnyArray;

    fn value(self) -> Result<AnyArray> {
        self.eval()
    }
}

impl<T: IntoPython + Send> Outcome for Result<T> {
    type Value = T;

    fn value(self) -> Self {
        self
    }
}

/// A value that converts to a Python object.
pub(crate) trait IntoPython: Sized {
    /// The value with memory that can be written to. A [`View`], which shares memory on purpose, is not changed.
    ///
    /// # Errors
    /// No memory for a copy.
    fn writable(self) -> Result<Self> {
        Ok(self)
    }

    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>>;
}

impl IntoPython for View {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        PyArray(self).into_bound_py_any(py)
    }
}

/// Several views are a tuple.
impl IntoPython for Vec<View> {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        PyTuple::new(py, self.into_iter().map(PyArray).collect::<Vec<_>>())?.into_bound_py_any(py)
    }
}

impl IntoPython for AnyArray {
    fn writable(self) -> Result<Self> {
        writable(self)
    }

    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        PyArray::from(self).into_bound_py_any(py)
    }
}

/// Several arrays are a tuple.
impl IntoPython for Vec<AnyArray> {
    fn writable(self) -> Result<Self> {
        self.into_iter().map(writable).collect()
    }

    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let arrays: Vec<PyArray> = self.into_iter().map(PyArray::from).collect();
        PyTuple::new(py, arrays)?.into_bound_py_any(py)
    }
}

/// Calls a function of the namespace.
///
/// # Errors
/// The exception that belongs to its error.
pub(crate) fn call<O: Outcome>(
    py: Python<'_>,
    function: impl FnOnce() -> O + Send,
) -> PyResult<Bound<'_, PyAny>> {
    run(py, || function().value()?.writable())?.into_python(py)
}

/// [`call`] without releasing the interpreter lock, for a call that takes less time than releasing it.
///
/// # Errors
/// Those of [`call`].
pub(crate) fn call_here<O: Outcome>(
    py: Python<'_>,
    function: impl FnOnce() -> O,
) -> PyResult<Bound<'_, PyAny>> {
    run_here(|| function().value()?.writable())?.into_python(py)
}

/// Python functions, each a row: its name, Python's signature, the arguments' types, and the call of the namespace.
///
/// `functions! { "page" name [x, /, *, axis=None] (x: Operand, axis: Option<Integers>) => x.xp().name(x, axis.axes()); }`, with
/// `name as "python_name"` where Rust has the name for something else. `page` is the start of the address of the standard's pages.
#[macro_export]
macro_rules! functions {
    ($page:literal $(
        $(#[$attribute:meta])*
        $name:ident $(as $python:literal)? [$($signature:tt)*] ($($(#[$reading:meta])? $argument:ident: $Type:ty),* $(,)?) => $call:expr;
    )*) => {
        $(
            #[doc = concat!(
                "See https://data-apis.org/array-api/2025.12/", $page, $crate::python_name!($name $($python)?), ".html"
            )]
            #[pyo3::pyfunction]
            #[pyo3(signature = ($($signature)*))]
            $(#[pyo3(name = $python)])?
            $(#[$attribute])*
            fn $name<'py>(
                py: pyo3::Python<'py>,
                $($(#[$reading])? $argument: $Type),*
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                let little = true $(&& $crate::argument::Work::is_little(&$argument))*;
                let function = move || $call;
                if little {
                    $crate::outcome::call_here(py, function)
                } else {
                    $crate::outcome::call(py, function)
                }
            }
        )*

        /// Puts the functions into a module.
        pub(crate) fn register(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
            use pyo3::types::PyModuleMethods;
            $(module.add_function(pyo3::wrap_pyfunction!($name, module)?)?;)*
            Ok(())
        }
    };
}

/// The name that a function has in Python.
#[macro_export]
macro_rules! python_name {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident $python:literal) => {
        $python
    };
}
