//! Partial sorting.

use array_api_spec::{Array, Backend, Error, Result, shape::resolve_axis};

/// Reorders the elements along an axis so that element `kth` is the one that sorting would put there, with none larger
/// before it and none smaller after it. Real dtypes; NaN is largest. This implementation sorts the axis fully, which
/// fulfils this. Source: `array_api_extra.partition`.
///
/// # Errors
/// A `kth` outside of the axis; those of `sort`.
pub fn partition<B: Backend>(x: &Array<B>, kth: usize, axis: isize) -> Result<Array<B>> {
    within("partition", x, kth, axis)?;
    x.namespace().sort(x, axis)
}

/// The positions of the elements in the order of [`partition`], in the default index dtype.
///
/// # Errors
/// A `kth` outside of the axis; those of `argsort`.
pub fn argpartition<B: Backend>(x: &Array<B>, kth: usize, axis: isize) -> Result<Array<B>> {
    within("argpartition", x, kth, axis)?;
    x.namespace().argsort(x, axis)
}

fn within<B: Backend>(function: &'static str, x: &Array<B>, kth: usize, axis: isize) -> Result<()> {
    let n = x.shape()[resolve_axis(function, axis, x.ndim())?];
    if kth < n {
        return Ok(());
    }
    let detail = format!("element {kth} is not within an axis of length {n}");
    Err(Error::value(function, detail))
}
