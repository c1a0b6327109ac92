//! The text of an array. Values that cannot be read are not printed, so this does not fail.

use array_api_compat::AnyBackend;
use array_api_spec::{HostBuffer, Index, Result, Slice, shape_text};
use pyo3::prelude::*;

use crate::{argument::AnyArray, asarray::DEEPEST, error::run, scalar::to_python};

/// Arrays of up to this many elements are printed completely.
const LIMIT: usize = 1000;

/// Of a larger array, this many elements are printed at each end of a long axis, as in NumPy.
const EDGE: usize = 3;

/// Most elements of the ends that are printed: with many axes there can be many of them.
const LIMIT_OF_ENDS: usize = 10 * LIMIT;

/// `array([[1.0, 2.0], [3.0, 4.0]], dtype=float64, device='cpu')`. Of a large array only the ends of each axis are
/// printed, and in place of values that cannot be read the shape.
///
/// # Errors
/// No memory.
pub(crate) fn text(py: Python<'_>, x: &AnyArray) -> PyResult<String> {
    let (dtype, device) = (x.dtype(), x.device());
    let shape = format!("shape={}", shape_text(x.shape()));
    let what = match run(py, || Part::of(x)).ok().flatten() {
        Some(part) => {
            let mut text = String::new();
            part.rows(py, 0, 0, &mut text)?;
            // An empty list, or the ends alone, do not show all lengths.
            if (x.size() == 0 && x.ndim() > 1) || part.shape != x.shape() {
                text = format!("{text}, {shape}");
            }
            text
        }
        None => shape,
    };
    Ok(format!("array({what}, dtype={dtype}, device='{device}')"))
}

/// The part of an array that is printed.
struct Part {
    values: HostBuffer,
    /// The lengths of the axes of `values`.
    shape: Vec<usize>,
    /// Which axes are cut to their ends.
    cut: Vec<bool>,
}

impl Part {
    /// All of a small array, or the ends of a large one; `None` if there are too many of these, or too many axes.
    fn of(x: &AnyArray) -> Result<Option<Self>> {
        let cut: Vec<bool> = x
            .shape()
            .iter()
            .map(|&n| x.size() > LIMIT && n > 2 * EDGE)
            .collect();
        let lengths = x.shape().iter().zip(&cut);
        let shape: Vec<usize> = lengths
            .map(|(&n, &cut)| if cut { 2 * EDGE } else { n })
            .collect();
        let size = shape
            .iter()
            .try_fold(1usize, |size, &n| size.checked_mul(n));
        if x.ndim() > DEEPEST || size.is_none_or(|size| size > LIMIT_OF_ENDS) {
            return Ok(None);
        }
        let values = ends(x, &cut, 0)?.to_host()?;
        Ok(Some(Self { values, shape, cut }))
    }

    /// Writes values as nested lists; matrices have one row on each line.
    fn rows(&self, py: Python<'_>, axis: usize, start: usize, text: &mut String) -> PyResult<()> {
        let Some((&n, rest)) = self.shape[axis..].split_first() else {
            if let Some(value) = self.values.get(start) {
                text.push_str(to_python(py, value)?.repr()?.to_str()?);
            }
            return Ok(());
        };
        let step: usize = rest.iter().product();
        let between = if rest.is_empty() { ", " } else { ",\n       " };
        text.push('[');
        for i in 0..if step == 0 { 0 } else { n } {
            if i > 0 {
                text.push_str(between);
            }
            if self.cut[axis] && i == EDGE {
                text.push_str("...");
                text.push_str(between);
            }
            self.rows(py, axis + 1, start + i * step, text)?;
        }
        text.push(']');
        Ok(())
    }
}

/// The first and last elements of the cut axes, from `axis` on. All axes are cut as views before anything is copied, so
/// that only what is printed is copied.
fn ends(x: &AnyArray, cut: &[bool], axis: usize) -> Result<AnyArray> {
    let Some(axis) = (axis..cut.len()).find(|&axis| cut[axis]) else {
        return Ok(x.clone());
    };
    let end = |start, stop| {
        let whole = Slice {
            start: None,
            stop: None,
            step: 1,
        };
        let mut key = vec![Index::<AnyBackend>::Slice(whole); axis];
        key.push(Index::Slice(Slice {
            start,
            stop,
            ..whole
        }));
        ends(&x.get(key)?, cut, axis + 1)
    };
    let edge = EDGE as isize;
    let (first, last) = (end(None, Some(edge))?, end(Some(-edge), None)?);
    x.namespace().concat(&[&first, &last], Some(axis as isize))
}
