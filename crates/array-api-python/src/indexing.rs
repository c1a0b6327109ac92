//! Keys of `x[key]`, and the chapter's functions.

use array_api_compat::AnyBackend;
use array_api_spec::{Index, Slice};
use pyo3::{
    exceptions::PyIndexError,
    prelude::*,
    types::{PyBool, PyEllipsis, PySlice, PyTuple},
};

use crate::{
    argument::{Operand, saturated},
    array::PyArray,
    functions,
    view::has_arrays,
};

/// The index between the brackets.
pub(crate) struct Key(pub(crate) Vec<Index<AnyBackend>>);

impl Key {
    /// Whether it contains no array, so that the result is a view.
    pub(crate) fn is_basic(&self) -> bool {
        !has_arrays(&self.0)
    }
}

impl<'py> FromPyObject<'_, 'py> for Key {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyTuple>() {
            Ok(entries) => entries.iter().map(|e| entry(&e)).collect::<PyResult<_>>(),
            Err(_) => entry(&object).map(|one| vec![one]),
        }
        .map(Self)
    }
}

fn entry(object: &Bound<'_, PyAny>) -> PyResult<Index<AnyBackend>> {
    if object.is_none() {
        return Ok(Index::NewAxis);
    }
    if object.is_instance_of::<PyEllipsis>() {
        return Ok(Index::Ellipsis);
    }
    if let Ok(slice) = object.cast::<PySlice>() {
        return Ok(Index::Slice(Slice {
            start: bound(&slice.getattr("start")?)?,
            stop: bound(&slice.getattr("stop")?)?,
            step: bound(&slice.getattr("step")?)?.unwrap_or(1),
        }));
    }
    if let Ok(array) = object.cast::<PyArray>() {
        return Ok(Index::from(array.get().get()));
    }
    match object.extract() {
        Ok(position) if !object.is_instance_of::<PyBool>() => Ok(Index::Integer(position)),
        _ => Err(PyIndexError::new_err(format!(
            "an index is an integer, a slice, `...`, `None` or an array, not {}",
            object.get_type()
        ))),
    }
}

/// A bound of a slice.
fn bound(object: &Bound<'_, PyAny>) -> PyResult<Option<isize>> {
    if object.is_none() {
        return Ok(None);
    }
    saturated(object).map(Some)
}

functions! { "API_specification/generated/array_api."
    take [x, indices, /, *, axis=None] (x: Operand, indices: Operand, axis: Option<isize>) =>
        x.xp().take(x, indices, axis);
    take_along_axis [x, indices, /, *, axis=-1] (x: Operand, indices: Operand, axis: isize) =>
        x.xp().take_along_axis(x, indices, axis);
}
