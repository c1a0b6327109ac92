//! Manipulation functions.

use array_api_compat::AnyBackend;
use array_api_spec::{Error, Repeats, Result, shape::broadcast_shapes};
use pyo3::{prelude::*, types::PyTuple};

use crate::{
    argument::{AnyArray, ArrayOnly, Integers, Keywords, Operand, Shape, Work, borrowed, first},
    device,
    error::exception,
    functions,
    view::View,
};

functions! { "API_specification/generated/array_api."
    broadcast_arrays [*arrays] (arrays: Vec<View>) => broadcast_together(&arrays);
    broadcast_to [x, /, shape] (x: View, shape: Shape) => x.view(|x| x.namespace().broadcast_to(x, shape.0));
    #[pyo3(text_signature = "(arrays, /, *, axis=0)")]
    concat [arrays, /, *, axis=Some(0)] (arrays: Vec<ArrayOnly>, axis: Option<isize>) => first(&arrays).concat(&borrowed(&arrays), axis);
    expand_dims [x, /, axis] (x: View, axis: Integers) => x.view(|x| x.namespace().expand_dims(x, Some(axis).axes()));
    flip [x, /, *, axis=None] (x: View, axis: Option<Integers>) => x.view(|x| x.namespace().flip(x, axis.axes()));
    moveaxis [x, source, destination, /] (x: View, source: Integers, destination: Integers) =>
        x.view(|x| x.namespace().moveaxis(x, source.0, destination.0));
    permute_dims [x, /, axes] (x: View, axes: Vec<isize>) => x.view(|x| x.namespace().permute_dims(x, &axes));
    repeat [x, repeats, /, *, axis=None] (x: Operand, repeats: Counts, axis: Option<isize>) => x.xp().repeat(x, repeats, axis);
    reshape [x, /, shape, *, copy=None] (x: View, shape: Integers, copy: Option<bool>) => reshaped(&x, &shape.0, copy);
    roll [x, /, shift, *, axis=None] (x: Operand, shift: Integers, axis: Option<Integers>) =>
        x.xp().roll(x, &shift.0, axis.as_ref().map(|axis| &axis.0[..]));
    squeeze [x, /, axis] (x: View, axis: Integers) => x.view(|x| x.namespace().squeeze(x, Some(axis).axes()));
    stack [arrays, /, *, axis=0] (arrays: Vec<ArrayOnly>, axis: isize) => first(&arrays).stack(&borrowed(&arrays), axis);
    tile [x, repetitions, /] (x: Operand, repetitions: Shape) => x.xp().tile(x, &repetitions.0);
    unstack [x, /, *, axis=0] (x: View, axis: isize) => x.views(|x| x.namespace().unstack(x, axis));
}

/// How often `repeat` repeats.
#[derive(FromPyObject)]
enum Counts {
    Each(ArrayOnly),
    Same(usize),
}

impl Work for Counts {
    fn is_little(&self) -> bool {
        false
    }
}

impl From<Counts> for Repeats<AnyBackend> {
    fn from(counts: Counts) -> Self {
        match counts {
            Counts::Each(counts) => counts.0.into(),
            Counts::Same(count) => count.into(),
        }
    }
}

/// A view if the layout allows the shape, else a copy. `copy=True` always copies; with `copy=False` a shape that needs
/// a copy is an error.
fn reshaped(x: &View, shape: &[isize], copy: Option<bool>) -> Result<View> {
    x.view(|x| {
        let out = x.namespace().reshape_infer(x, shape)?;
        let is_view = out.data()?.storage == x.data()?.storage;
        match copy {
            Some(true) if is_view => out.copy(),
            Some(false) if !is_view => {
                let detail = "cannot take this shape without a copy, which `copy=False` forbids";
                Err(Error::value("reshape", detail))
            }
            _ => Ok(out),
        }
    })
}

/// The arrays broadcast to their common shape, as views.
fn broadcast_together(views: &[View]) -> Result<Vec<View>> {
    let arrays: Vec<AnyArray> = views.iter().map(View::get).collect();
    let xp = arrays
        .first()
        .map_or_else(device::default, AnyArray::namespace);
    let wide = xp.broadcast_arrays(&arrays.iter().collect::<Vec<_>>())?;
    let all = views.iter().zip(&arrays).zip(wide);
    all.map(|((view, x), y)| view.over(x, y)).collect()
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
