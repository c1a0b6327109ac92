//! Broadcasting and the resolution of axes.

use crate::{Error, Result, layout::Dims};

/// The shape that arrays of these shapes broadcast to.
///
/// Source: <https://data-apis.org/array-api/2025.12/API_specification/broadcasting.html>
///
/// # Errors
/// Two lengths of one axis that differ while neither is 1.
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
        Err(Error::Axis {
            function,
            axis,
            ndim,
            detail: None,
        })
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
            return Err(Error::Axis {
                function,
                axis,
                ndim,
                detail: Some("is named twice"),
            });
        }
        out.push(resolved);
    }
    out.sort_unstable();
    Ok(out)
}

/// The number of elements of a shape.
///
/// # Errors
/// A number that does not fit in `isize`, which no memory holds.
pub fn checked_size(function: &'static str, shape: &[usize]) -> Result<usize> {
    let too_large = || {
        Error::shape(
            function,
            &[shape],
            "has more elements than any memory holds",
        )
    };
    // Lengths of zero-size arrays are bounded too, so that strides cannot overflow.
    let bound = shape
        .iter()
        .try_fold(1usize, |size, &n| size.checked_mul(n.max(1)));
    match bound {
        Some(size) if size <= isize::MAX as usize / 16 => Ok(shape.iter().product()),
        _ => Err(too_large()),
    }
}
