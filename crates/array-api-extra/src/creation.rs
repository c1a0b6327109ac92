//! Creation functions.

use array_api_spec::{Array, Backend, DType, Error, Namespace, Result, Scalar};

use array_api_spec::memory;

/// Puts the last axis of an array on a diagonal of matrices of zeros: `(…, n) → (…, m, m)` with `m = n + |offset|`. Any
/// dtype.
///
/// Source: `array_api_extra.create_diagonal`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let x = cpu().asarray([1, 2])?;
/// assert_eq!(extra::create_diagonal(&x, 0)?.to_vec::<i32>()?, [1, 0, 0, 2]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// A 0-dimensional array; more elements than memory holds.
pub fn create_diagonal<B: Backend>(x: &Array<B>, offset: isize) -> Result<Array<B>> {
    const FUNCTION: &str = "create_diagonal";
    let xp = x.namespace();
    let Some(&n) = x.shape().last() else {
        return Err(Error::shape(FUNCTION, &[x.shape()], "has no axis"));
    };
    let m = n
        .checked_add(offset.unsigned_abs())
        .ok_or_else(|| Error::value(FUNCTION, "the offset is larger than any matrix"))?;
    let on = xp.eye(m, m, offset, DType::Bool)?;
    // Element i of the diagonal is in row i, or, for a diagonal below the main one, in row i - offset.
    let row = xp.arange(0, m, 1)?;
    let position = xp.maximum(&row + offset.min(0), 0);
    if n == 0 {
        let stack = &x.shape()[..x.ndim() - 1];
        return xp.zeros([stack, &[m, m]].concat(), x.dtype());
    }
    let spread = xp.expand_dims(xp.take_clipped(x, position, Some(-1))?, -1)?;
    let zero = match x.dtype() {
        DType::Bool => Scalar::Bool(false),
        _ => Scalar::Int(0),
    };
    xp.where_(on, spread, zero).eval()
}

/// For each integer k, a row of zeros with a one at position k: `(…) → (…, num_classes)`, in the default floating-point
/// dtype. Integers outside of `0..num_classes` give zeros only. Source: `array_api_extra.one_hot`.
///
/// # Errors
/// Values that are no integers; more elements than memory holds.
pub fn one_hot<B: Backend>(x: &Array<B>, num_classes: usize) -> Result<Array<B>> {
    let xp = x.namespace();
    if !x.dtype().is_integer() {
        return Err(Error::dtype("one_hot", &[x.dtype()], "integer dtypes"));
    }
    let integral = xp.info().default_dtypes().integral;
    let classes = xp.arange(0, num_classes, 1)?;
    let hot = xp.equal(xp.expand_dims(xp.astype(x, integral), -1)?, classes);
    let dtype = xp.info().default_dtypes().real_floating;
    xp.astype(hot, dtype).eval()
}

/// The index arrays of the main diagonal of an array with `ndim` axes of length n: `ndim` arrays `(n,)`. Source:
/// `numpy.diag_indices`.
///
/// # Errors
/// More elements than memory holds.
pub fn diag_indices<B: Backend>(xp: &Namespace<B>, n: usize, ndim: usize) -> Result<Vec<Array<B>>> {
    let diagonal = xp.arange(0, n, 1)?;
    let mut indices = memory::vector(ndim)?;
    indices.resize(ndim, diagonal);
    Ok(indices)
}

/// The row and column indices of a matrix `(n, m)` on and below diagonal `offset`. Source: `array_api_extra.tril_indices`.
///
/// # Errors
/// More elements than memory holds.
pub fn tril_indices<B: Backend>(
    xp: &Namespace<B>,
    n: usize,
    offset: isize,
    m: usize,
) -> Result<Vec<Array<B>>> {
    xp.nonzero(xp.tril(xp.ones([n, m], DType::Bool), offset)?)
}

/// The row and column indices of a matrix `(n, m)` on and above diagonal `offset`. Source: `array_api_extra.triu_indices`.
///
/// # Errors
/// More elements than memory holds.
pub fn triu_indices<B: Backend>(
    xp: &Namespace<B>,
    n: usize,
    offset: isize,
    m: usize,
) -> Result<Vec<Array<B>>> {
    xp.nonzero(xp.triu(xp.ones([n, m], DType::Bool), offset)?)
}
