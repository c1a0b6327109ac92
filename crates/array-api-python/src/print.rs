//! The text of an array. It never fails: what cannot be read is not printed.

use array_api_compat::AnyBackend;
use array_api_spec::{HostBuffer, Index, Result, Slice, shape_text};
use pyo3::prelude::*;

use crate::{argument::AnyArray, asarray::DEEPEST, error::run, scalar::to_python};

/// Most elements that are printed all.
const LIMIT: usize = 1000;

/// How many elements of a long axis are printed at each end where there are too many for all, as NumPy has it.
const EDGE: usize = 3;

/// Most elements that are printed of the ends: with many axes these are many, too.
const LIMIT_OF_ENDS: usize = 10 * LIMIT;

/// `array([[1.0, 2.0], [3.0, 4.0]], dtype=float64, device='cpu')`; the ends of each axis where the elements are too many; the shape in place of
/// values that are not readable.
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
            // Neither an empty list nor the ends show all lengths.
            if (x.size() == 0 && x.ndim() > 1) || part.shape != x.shape() {
                text = format!("{text}, {shape}");
            }
            text
        }
        None => shape,
    };
    Ok(format!("array({what}, dtype={dtype}, device='{device}')"))
}

/// What is printed of an array.
struct Part {
    values: HostBuffer,
    /// The lengths of the axes of `values`.
    shape: Vec<usize>,
    /// Of which axes only the ends are there.
    cut: Vec<bool>,
}

impl Part {
    /// All of a small array, the ends of a large one; `None` if these, or the axes, are too many as well.
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

    /// Values as nested lists, matrices one row a line.
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

/// The first and the last elements of the axes that are cut, from `axis` on. All axes are cut as views before anything is copied, so that no more is
/// copied than is printed.
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
