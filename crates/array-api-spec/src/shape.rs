//! Broadcasting, the resolution of axes, and the only function that multiplies lengths.
//!
//! An array has at most `isize::MAX / 16` elements, lengths of 0 counted as 1. So its number of bytes, its strides and
//! every position in it can be computed without a check. Every function that makes a shape compares it with this bound,
//! by [`checked_size`] or [`needed_size`].

use crate::{Error, ErrorKind, Result, layout::Dims, shape_text};

/// Most elements of an array, lengths of 0 counted as 1: elements of 16 bytes then still fit the address space.
const MOST: usize = isize::MAX as usize / 16;

/// The shape that arrays of these shapes broadcast to.
///
/// Source: <https://data-apis.org/array-api/2025.12/API_specification/broadcasting.html>
///
/// # Errors
/// Two lengths of one axis that differ while neither is 1; more elements than any memory holds.
///
/// ```
/// use array_api_spec::shape::broadcast_shapes;
/// assert_eq!(broadcast_shapes("add", &[&[8, 1, 3], &[4, 1]])?.as_slice(), [8, 4, 3]);
/// assert!(broadcast_shapes("add", &[&[2], &[3]]).is_err());
/// # Ok::<(), array_api_spec::Error>(())
/// ```
pub fn broadcast_shapes(function: &'static str, shapes: &[&[usize]]) -> Result<Dims<usize>> {
    let ndim = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut out: Dims<usize> = Dims::from_elem(1, ndim);
    for shape in shapes {
        let new = ndim - shape.len();
        for (k, &n) in shape.iter().enumerate() {
            let length = &mut out[new + k];
            if *length == 1 {
                *length = n;
            } else if n != 1 && n != *length {
                let detail = format!(
                    "do not broadcast together: axis -{} has lengths {} and {n}, which must be equal or 1",
                    shape.len() - k,
                    *length
                );
                return Err(Error::shape(function, shapes, detail));
            }
        }
    }
    needed_size(function, shapes, &out)?;
    Ok(out)
}

/// A non-negative axis from one that may count from the end.
///
/// # Errors
/// An axis outside of `-ndim..ndim`.
pub fn resolve_axis(function: &'static str, axis: isize, ndim: usize) -> Result<usize> {
    let resolved = if axis < 0 { axis + ndim as isize } else { axis };
    if (0..ndim as isize).contains(&resolved) {
        Ok(resolved as usize)
    } else {
        Err(Error::new(ErrorKind::Axis {
            function,
            axis,
            ndim,
            detail: None,
        }))
    }
}

/// Several axes, sorted.
///
/// # Errors
/// An axis out of range, or the same axis twice.
pub fn resolve_axes(function: &'static str, axes: &[isize], ndim: usize) -> Result<Dims<usize>> {
    let mut out = Dims::new();
    for &axis in axes {
        let resolved = resolve_axis(function, axis, ndim)?;
        if out.contains(&resolved) {
            return Err(Error::new(ErrorKind::Axis {
                function,
                axis,
                ndim,
                detail: Some("is named twice"),
            }));
        }
        out.push(resolved);
    }
    out.sort_unstable();
    Ok(out)
}

/// The number of elements of a shape. It never wraps: a number that is too large for `usize` becomes `usize::MAX`, for
/// which no device has enough memory.
///
/// ```
/// use array_api_spec::shape::size;
/// assert_eq!(size(&[2, 3]), 6);
/// assert_eq!(size(&[]), 1);
/// assert_eq!(size(&[1 << 40, 1 << 40]), usize::MAX);
/// assert_eq!(size(&[1 << 40, 1 << 40, 0]), 0);
/// ```
#[must_use]
pub fn size(shape: &[usize]) -> usize {
    if shape.contains(&0) {
        return 0;
    }
    shape.iter().fold(1, |size, &n| size.saturating_mul(n))
}

/// The number of elements of a shape that an array may have.
///
/// # Errors
/// A shape with more elements than any memory holds. Lengths of 0 count as 1 here, so that strides of zero-size arrays are bounded, too.
///
/// ```
/// use array_api_spec::shape::checked_size;
/// assert_eq!(checked_size("zeros", &[2, 3])?, 6);
/// assert!(checked_size("zeros", &[1 << 40, 1 << 40]).is_err());
/// # Ok::<(), array_api_spec::Error>(())
/// ```
pub fn checked_size(function: &'static str, shape: &[usize]) -> Result<usize> {
    if fits(shape) {
        return Ok(size(shape));
    }
    let detail = "has more elements than any memory holds";
    Err(Error::shape(function, &[shape], detail))
}

/// The number of elements of an array that a function makes from arrays of other shapes: its result, or an intermediate
/// array.
///
/// # Errors
/// More elements than any memory holds; the error has the shapes of the arguments.
pub fn needed_size(function: &'static str, given: &[&[usize]], shape: &[usize]) -> Result<usize> {
    if fits(shape) {
        return Ok(size(shape));
    }
    let shape = shape_text(shape);
    let need = if given.len() == 1 { "needs" } else { "need" };
    let detail =
        format!("{need} an array of shape {shape}, which has more elements than any memory holds");
    Err(Error::shape(function, given, detail))
}

fn fits(shape: &[usize]) -> bool {
    let size = shape
        .iter()
        .try_fold(1usize, |size, &n| size.checked_mul(n.max(1)));
    size.is_some_and(|size| size <= MOST)
}
