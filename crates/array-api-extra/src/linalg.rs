//! Linear algebra.

use array_api_spec::{
    Array, Backend, Error, Result, Tolerance,
    shape::{needed_size, size},
};

/// The result of [`lstsq`].
#[derive(Clone, Debug)]
pub struct Lstsq<B: Backend> {
    /// `(n,)` or `(n, k)`: the solution with the least norm among those with the least residual.
    pub x: Array<B>,
    /// `()`: the rank of a, in the default index dtype.
    pub rank: Array<B>,
    /// `(min(m, n),)`: singular values of a, descending.
    pub singular_values: Array<B>,
}

/// The x with the least `|a x - b|`: `(m, n), (m,) → (n,)` or `(m, n), (m, k) → (n, k)`. Floating-point dtypes, promoted.
///
/// By the pseudo-inverse; singular values up to `rtol` times the largest count as 0. Source: `numpy.linalg.lstsq`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// use array_api_spec::Automatic;
/// let xp = cpu();
/// let a = xp.asarray([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])?;
/// let line = extra::lstsq(&a, &xp.asarray([1.0, 3.0, 5.0])?, Automatic)?;
/// let coefficients = line.x.to_vec::<f64>()?;
/// assert!((coefficients[0] - 1.0).abs() < 1e-12 && (coefficients[1] - 2.0).abs() < 1e-12);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// An `a` that is not a matrix; shapes or dtypes that do not fit; no convergence.
pub fn lstsq<B: Backend>(
    a: &Array<B>,
    b: &Array<B>,
    rtol: impl Into<Tolerance<B>>,
) -> Result<Lstsq<B>> {
    let xp = a.namespace();
    if a.ndim() != 2 || !(1..=2).contains(&b.ndim()) || b.shape()[0] != a.shape()[0] {
        let detail = "do not fit: give (m, n) and (m,) or (m, k)";
        return Err(Error::shape("lstsq", &[a.shape(), b.shape()], detail));
    }
    let linalg = xp.linalg();
    let rtol = rtol.into();
    Ok(Lstsq {
        rank: linalg.matrix_rank(a, rtol.clone())?,
        singular_values: linalg.svdvals(a)?,
        x: xp.matmul(linalg.pinv(a, rtol)?, b)?,
    })
}

/// Kronecker product: `(m, n), (p, q) → (m p, n q)`, and accordingly for other ranks; the lower rank is extended by
/// axes in front. Numeric dtypes, promoted.
///
/// Source: `array_api_extra.kron`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let xp = cpu();
/// let product = extra::kron(&xp.asarray([1, 10])?, &xp.asarray([1, 2])?)?;
/// assert_eq!(product.to_vec::<i32>()?, [1, 2, 10, 20]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Dtypes that do not promote; more elements than memory holds.
pub fn kron<B: Backend>(a: &Array<B>, b: &Array<B>) -> Result<Array<B>> {
    let xp = a.namespace();
    let ndim = a.ndim().max(b.ndim());
    let (a, b) = (super::atleast_nd(a, ndim)?, super::atleast_nd(b, ndim)?);
    let lengths = a.shape().iter().zip(b.shape());
    let shape: Vec<usize> = lengths.map(|(&m, &p)| size(&[m, p])).collect();
    needed_size("kron", &[a.shape(), b.shape()], &shape)?;
    // Interleaves the axes: axis k of a comes before axis k of b.
    let apart = |x: &Array<B>, first: bool| {
        let lengths = x.shape().iter();
        let shape = lengths.flat_map(|&n| if first { [n, 1] } else { [1, n] });
        xp.reshape(x, shape.collect::<Vec<usize>>())
    };
    let product = (apart(&a, true)? * apart(&b, false)?).eval()?;
    xp.reshape(product, shape)
}
