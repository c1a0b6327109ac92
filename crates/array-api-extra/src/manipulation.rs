//! Manipulation and indexing.

use array_api_spec::{Array, Backend, DType, Error, Index, Result, Scalar, shape::needed_size};

use array_api_spec::memory;

/// Adds axes of length 1 in front until the array has `ndim` axes. An array that has as many already is not changed.
/// Source: `array_api_extra.atleast_nd`.
///
/// # Errors
/// Those of an earlier in-place operator.
pub fn atleast_nd<B: Backend>(x: &Array<B>, ndim: usize) -> Result<Array<B>> {
    let mut shape = memory::vector(ndim.max(x.ndim()))?;
    shape.resize(ndim.saturating_sub(x.ndim()), 1);
    shape.extend_from_slice(x.shape());
    x.namespace().reshape(x, shape)
}

/// Adds a value around the array: `widths[k]` elements before and after along axis k. Any dtype. Source:
/// `array_api_extra.pad`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let x = cpu().asarray([1, 2])?;
/// assert_eq!(extra::pad(&x, &[[1, 2]], 9)?.to_vec::<i32>()?, [9, 1, 2, 9, 9]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Another number of widths than axes; a value that the dtype does not hold; more elements than memory holds.
pub fn pad<B: Backend>(
    x: &Array<B>,
    widths: &[[usize; 2]],
    value: impl Into<Scalar>,
) -> Result<Array<B>> {
    const FUNCTION: &str = "pad";
    if widths.len() != x.ndim() {
        let detail = format!(
            "has {} axes, and there are {} widths",
            x.ndim(),
            widths.len()
        );
        return Err(Error::shape(FUNCTION, &[x.shape()], detail));
    }
    let mut shape = Vec::with_capacity(widths.len());
    let mut inside: Vec<Index<B>> = Vec::with_capacity(widths.len());
    for (&n, &[before, after]) in x.shape().iter().zip(widths) {
        // A sum that saturates is refused below, as any other that is too large.
        shape.push(n.saturating_add(before).saturating_add(after));
        inside.push((before..before.saturating_add(n)).into());
    }
    needed_size(FUNCTION, &[x.shape()], &shape)?;
    let mut out = x.namespace().full(shape, value, x.dtype())?;
    out.set(inside, x)?;
    Ok(out)
}

/// A copy with a value, or one value for each element, on the main diagonal of the last two axes. Source:
/// scikit-learn's `_fill_diagonal`.
///
/// # Errors
/// Less than two dimensions; a value whose dtype or shape does not fit.
pub fn fill_diagonal<B: Backend>(x: &Array<B>, value: &Array<B>) -> Result<Array<B>> {
    let xp = x.namespace();
    let &[.., m, n] = x.shape() else {
        let detail = "has less than two dimensions";
        return Err(Error::shape("fill_diagonal", &[x.shape()], detail));
    };
    let on = xp.eye(m, n, 0, DType::Bool)?;
    let value = if value.ndim() == 0 {
        value.clone()
    } else {
        let fits = value.shape()[value.ndim() - 1] == m.min(n);
        if !fits {
            let shapes = [x.shape(), value.shape()];
            let detail = "do not fit: the value needs one element for each of the diagonal";
            return Err(Error::shape("fill_diagonal", &shapes, detail));
        }
        let rows = pad_last(value, m)?;
        xp.expand_dims(rows, -1)?
    };
    let filled = xp.where_(on, value, x).eval()?;
    if filled.dtype() != x.dtype() {
        let dtypes = [x.dtype(), filled.dtype()];
        return Err(Error::dtype(
            "fill_diagonal",
            &dtypes,
            "a value that promotes to the array's dtype",
        ));
    }
    Ok(filled)
}

/// Pads the last axis with zeros at the end, to length m.
fn pad_last<B: Backend>(x: &Array<B>, m: usize) -> Result<Array<B>> {
    let n = x.shape()[x.ndim() - 1];
    let mut widths = vec![[0, 0]; x.ndim()];
    widths[x.ndim() - 1] = [0, m - n];
    let zero: Scalar = match x.dtype() {
        DType::Bool => false.into(),
        _ => 0.into(),
    };
    pad(x, &widths, zero)
}

/// A copy with values at positions along an axis: the reverse of `take_along_axis`, with the same shapes. If positions
/// are equal, the last value is stored. Source: `numpy.put_along_axis`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let xp = cpu();
/// let x = xp.asarray([[10, 30, 20], [60, 40, 50]])?;
/// let largest = xp.expand_dims(xp.argmax(&x, 1)?, 1)?;
/// let marked = extra::put_along_axis(&x, &largest, &xp.asarray(99)?, 1)?;
/// assert_eq!(marked.to_vec::<i32>()?, [10, 99, 20, 99, 40, 50]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Indices that are not integers or out of range; ranks that differ; other axes that differ; an axis that does not
/// exist.
pub fn put_along_axis<B: Backend>(
    x: &Array<B>,
    indices: &Array<B>,
    values: &Array<B>,
    axis: isize,
) -> Result<Array<B>> {
    const FUNCTION: &str = "put_along_axis";
    let xp = x.namespace();
    let axis = array_api_spec::shape::resolve_axis(FUNCTION, axis, x.ndim())?;
    let same = |k: usize| k == axis || x.shape().get(k) == indices.shape().get(k);
    if indices.ndim() != x.ndim() || !(0..x.ndim()).all(same) {
        let detail = format!("differ elsewhere than along axis {axis}");
        return Err(Error::shape(
            FUNCTION,
            &[x.shape(), indices.shape()],
            detail,
        ));
    }
    let index = |k: usize| -> Result<Index<B>> {
        if k == axis {
            return Ok(indices.into());
        }
        let mut shape = vec![1; x.ndim()];
        shape[k] = x.shape()[k];
        Ok(xp.reshape(xp.arange(0, x.shape()[k], 1)?, shape)?.into())
    };
    let mut out = x.clone();
    let index = (0..x.ndim()).map(index).collect::<Result<Vec<_>>>()?;
    out.set(index, values)?;
    Ok(out)
}

/// Converts row-major positions in an array of this shape to index arrays, one for each axis. Source:
/// `array_api_extra.unravel_index`.
///
/// # Errors
/// Positions that are no integers or outside of the array.
pub fn unravel_index<B: Backend>(positions: &Array<B>, shape: &[usize]) -> Result<Vec<Array<B>>> {
    const FUNCTION: &str = "unravel_index";
    let xp = positions.namespace();
    if !positions.dtype().is_integer() {
        return Err(Error::dtype(
            FUNCTION,
            &[positions.dtype()],
            "integer dtypes",
        ));
    }
    let size = array_api_spec::shape::checked_size(FUNCTION, shape)?;
    let at = xp
        .astype(positions, xp.info().default_dtypes().indexing)
        .eval()?;
    let wrong = xp.less(&at, 0) | xp.greater_equal(&at, size);
    if xp.any(wrong, ..)?.item()? {
        let detail = format!("a position is out of range for {size} elements");
        return Err(Error::index(FUNCTION, detail));
    }
    let mut stride = size;
    let axis = |&n: &usize| {
        stride /= n.max(1);
        xp.remainder(xp.floor_divide(&at, stride), n).eval()
    };
    shape.iter().map(axis).collect()
}
