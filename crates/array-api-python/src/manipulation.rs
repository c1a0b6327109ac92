//! Manipulation functions.

use array_api_compat::AnyBackend;
use array_api_spec::{Error, Repeats, Result, shape::broadcast_shapes};
use pyo3::{prelude::*, types::PyTuple};

use crate::{
    argument::{AnyArray, ArrayOnly, Integers, Keywords, Operand, Shape, borrowed, first},
    error::exception,
    functions,
};

functions! { "API_specification/generated/array_api."
    broadcast_arrays [*arrays] (arrays: Vec<ArrayOnly>) => first(&arrays).broadcast_arrays(&borrowed(&arrays));
    broadcast_to [x, /, shape] (x: Operand, shape: Shape) => x.xp().broadcast_to(x, shape.0);
    #[pyo3(text_signature = "(arrays, /, *, axis=0)")]
    concat [arrays, /, *, axis=Some(0)] (arrays: Vec<ArrayOnly>, axis: Option<isize>) => first(&arrays).concat(&borrowed(&arrays), axis);
    expand_dims [x, /, axis] (x: Operand, axis: Integers) => x.xp().expand_dims(x, Some(axis).axes());
    flip [x, /, *, axis=None] (x: Operand, axis: Option<Integers>) => x.xp().flip(x, axis.axes());
    moveaxis [x, source, destination, /] (x: Operand, source: Integers, destination: Integers) =>
        x.xp().moveaxis(x, source.0, destination.0);
    permute_dims [x, /, axes] (x: Operand, axes: Vec<isize>) => x.xp().permute_dims(x, &axes);
    repeat [x, repeats, /, *, axis=None] (x: Operand, repeats: Counts, axis: Option<isize>) => x.xp().repeat(x, repeats, axis);
    reshape [x, /, shape, *, copy=None] (x: ArrayOnly, shape: Integers, copy: Option<bool>) => reshaped(&x.0, &shape.0, copy);
    roll [x, /, shift, *, axis=None] (x: Operand, shift: Integers, axis: Option<Integers>) =>
        x.xp().roll(x, &shift.0, axis.as_ref().map(|axis| &axis.0[..]));
    squeeze [x, /, axis] (x: Operand, axis: Integers) => x.xp().squeeze(x, Some(axis).axes());
    stack [arrays, /, *, axis=0] (arrays: Vec<ArrayOnly>, axis: isize) => first(&arrays).stack(&borrowed(&arrays), axis);
    tile [x, repetitions, /] (x: Operand, repetitions: Shape) => x.xp().tile(x, &repetitions.0);
    unstack [x, /, *, axis=0] (x: Operand, axis: isize) => x.xp().unstack(x, axis);
}

/// How often `repeat` repeats.
#[derive(FromPyObject)]
enum Counts {
    Each(ArrayOnly),
    Same(usize),
}

impl From<Counts> for Repeats<AnyBackend> {
    fn from(counts: Counts) -> Self {
        match counts {
            Counts::Each(counts) => counts.0.into(),
            Counts::Same(count) => count.into(),
        }
    }
}

/// Arrays are values, so `copy=True` is what always happens; `copy=False` refuses a shape that needs new memory.
fn reshaped(x: &AnyArray, shape: &[isize], copy: Option<bool>) -> Result<AnyArray> {
    let out = x.namespace().reshape_infer(x, shape)?;
    if copy == Some(false) && out.data()?.storage != x.data()?.storage {
        let detail = "cannot take this shape without a copy, which `copy=False` forbids";
        return Err(Error::value("reshape", detail));
    }
    Ok(out)
}

/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.broadcast_shapes.html
#[pyfunction(name = "broadcast_shapes", signature = (*shapes))]
fn broadcast_shapes_<'py>(py: Python<'py>, shapes: Vec<Shape>) -> PyResult<Bound<'py, PyTuple>> {
    let shapes: Vec<&[usize]> = shapes.iter().map(|s| s.0.as_slice()).collect();
    let shape = broadcast_shapes("broadcast_shapes", &shapes).map_err(|e| exception(&e))?;
    PyTuple::new(py, shape)
}

/// Puts what is no array function into a module.
pub(crate) fn register_others(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(broadcast_shapes_, module)?)
}
