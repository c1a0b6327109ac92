//! The text of an array. It never fails: what cannot be read is not printed.

use array_api_spec::{HostBuffer, shape_text};
use pyo3::prelude::*;

use crate::{argument::AnyArray, scalar::to_python};

/// Most elements that are printed.
pub(crate) const LIMIT: usize = 1000;

/// `array([[1.0, 2.0], [3.0, 4.0]], dtype=float64, device='cpu')`; the shape in place of values that are too many or not readable.
///
/// # Errors
/// No memory.
pub(crate) fn text(py: Python<'_>, x: &AnyArray, values: Option<&HostBuffer>) -> PyResult<String> {
    let (dtype, device) = (x.dtype(), x.device());
    let what = match values {
        Some(values) => {
            let mut text = String::new();
            rows(py, values, x.shape(), 0, &mut text)?;
            // An empty list does not show the other lengths.
            if x.size() == 0 && x.ndim() > 1 {
                text = format!("{text}, shape={}", shape_text(x.shape()));
            }
            text
        }
        None => format!("shape={}", shape_text(x.shape())),
    };
    Ok(format!("array({what}, dtype={dtype}, device='{device}')"))
}

/// Values as nested lists, matrices one row a line.
fn rows(
    py: Python<'_>,
    values: &HostBuffer,
    shape: &[usize],
    start: usize,
    text: &mut String,
) -> PyResult<()> {
    let Some((&n, rest)) = shape.split_first() else {
        if let Some(value) = values.get(start) {
            text.push_str(to_python(py, value)?.repr()?.to_str()?);
        }
        return Ok(());
    };
    let step: usize = rest.iter().product();
    text.push('[');
    for i in 0..if step == 0 { 0 } else { n } {
        if i > 0 {
            text.push_str(if rest.is_empty() { ", " } else { ",\n       " });
        }
        rows(py, values, rest, start + i * step, text)?;
    }
    text.push(']');
    Ok(())
}
