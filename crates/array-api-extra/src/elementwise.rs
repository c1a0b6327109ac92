//! Elementwise functions.

use std::f64::consts::PI;

use array_api_spec::{Array, Backend, Expr, Result};

/// The tolerance of [`isclose`]: two numbers are close if `|a - b| ≤ atol + rtol |b|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Within {
    rtol: f64,
    atol: f64,
    equal_nan: bool,
}

/// The tolerances of [`isclose`], relative and absolute: `within(1e-5, 1e-8)`, or `within(1e-5, 1e-8).equal_nan()`.
#[must_use]
pub const fn within(rtol: f64, atol: f64) -> Within {
    Within {
        rtol,
        atol,
        equal_nan: false,
    }
}

impl Within {
    /// Makes NaN close to NaN.
    #[must_use]
    pub const fn equal_nan(mut self) -> Self {
        self.equal_nan = true;
        self
    }
}

/// `within(1e-5, 1e-8)`, as in NumPy.
impl Default for Within {
    fn default() -> Self {
        within(1e-5, 1e-8)
    }
}

/// Whether two arrays agree within a tolerance, element by element: `|a - b| ≤ atol + rtol |b|`. Both broadcast; `bool`.
///
/// An infinity is close to itself only. NaN is close to nothing, or with [`equal_nan`](Within::equal_nan) to NaN.
/// Source: `array_api_extra.isclose`.
///
/// ```
/// use array_api_compat::{cpu, extra, extra::within};
/// let xp = cpu();
/// let (a, b) = (xp.asarray([1.0, 2.0])?, xp.asarray([1.0 + 1e-9, 2.1])?);
/// assert_eq!(extra::isclose(&a, &b, within(1e-5, 1e-8))?.to_vec::<bool>()?, [true, false]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Dtypes that are not floating-point or do not promote; shapes that do not broadcast.
pub fn isclose<B: Backend>(a: &Array<B>, b: &Array<B>, tolerance: Within) -> Result<Array<B>> {
    let Within {
        rtol,
        atol,
        equal_nan,
    } = tolerance;
    let xp = a.namespace();
    let near = xp.less_equal(xp.abs(a - b), xp.abs(b) * rtol + atol);
    let finite = xp.isfinite(a) & xp.isfinite(b);
    let close = xp.where_(finite, near, xp.equal(a, b));
    if equal_nan {
        (close | (xp.isnan(a) & xp.isnan(b))).eval()
    } else {
        close.eval()
    }
}

/// Replaces NaN by `fill`, and infinities by the largest and smallest finite number. Real and complex floating-point,
/// kept.
///
/// Source: `array_api_extra.nan_to_num`.
///
/// # Errors
/// Another dtype.
pub fn nan_to_num<B: Backend>(x: &Array<B>, fill: f64) -> Result<Array<B>> {
    let xp = x.namespace();
    let dtype = x.dtype();
    let limits = array_api_spec::finfo(dtype)?;
    let replaced = |part: Expr<B>| {
        let number = xp.where_(xp.isnan(&part), fill, &part);
        xp.clip(number, limits.min, limits.max)
    };
    if !dtype.is_complex() {
        return replaced(x.into()).eval();
    }
    let imaginary = xp.astype(replaced(xp.imag(x)), dtype);
    let unit = array_api_spec::Complex::new(0.0, 1.0);
    (replaced(xp.real(x)) + imaginary * unit).eval()
}

/// `sin(πx) / (πx)`, 1 at 0. Floating-point dtypes, kept. Source: `array_api_extra.sinc`.
///
/// # Errors
/// Another dtype.
pub fn sinc<B: Backend>(x: &Array<B>) -> Result<Array<B>> {
    let xp = x.namespace();
    let scaled = x * PI;
    let zero = xp.equal(x, 0);
    let safe = xp.where_(&zero, 1, scaled);
    xp.where_(zero, 1, xp.sin(&safe) / safe).eval()
}

/// The angle of complex numbers in radians, in [-π, π]; of real ones 0 or π. Source: `array_api_extra.angle`.
///
/// # Errors
/// A dtype that is not floating-point.
pub fn angle<B: Backend>(z: &Array<B>) -> Result<Array<B>> {
    let xp = z.namespace();
    if z.dtype().is_complex() {
        xp.atan2(xp.imag(z), xp.real(z)).eval()
    } else {
        xp.atan2(xp.zeros_like(z)?, z).eval()
    }
}

/// Converts degrees to radians. Real floating-point dtypes, kept.
///
/// # Errors
/// Another dtype.
pub fn deg2rad<B: Backend>(x: &Array<B>) -> Result<Array<B>> {
    (x * (PI / 180.0)).eval()
}

/// Converts radians to degrees. Real floating-point dtypes, kept.
///
/// # Errors
/// Another dtype.
pub fn rad2deg<B: Backend>(x: &Array<B>) -> Result<Array<B>> {
    (x * (180.0 / PI)).eval()
}

/// The logistic function `1 / (1 + exp(-x))`, without overflow on either side. Real floating-point dtypes, kept. Source: `scipy.special.expit`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let x = cpu().asarray([-1000.0, 0.0, 1000.0])?;
/// assert_eq!(extra::expit(&x)?.to_vec::<f64>()?, [0.0, 0.5, 1.0]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Another dtype.
pub fn expit<B: Backend>(x: &Array<B>) -> Result<Array<B>> {
    let xp = x.namespace();
    let small = xp.exp(-xp.abs(x));
    let top = xp.where_(xp.less(x, 0), &small, 1);
    (top / (small + 1)).eval()
}

/// `log(p / (1 - p))`, the inverse of [`expit`]. Real floating-point dtypes, kept. Source: `scipy.special.logit`.
///
/// # Errors
/// Another dtype.
pub fn logit<B: Backend>(p: &Array<B>) -> Result<Array<B>> {
    let xp = p.namespace();
    (xp.log(p) - xp.log1p(-p)).eval()
}

/// `x log(y)`, 0 where x is 0 unless y is NaN. Floating-point dtypes, promoted; both broadcast. Source: `scipy.special.xlogy`.
///
/// # Errors
/// Dtypes that are not floating-point or do not promote; shapes that do not broadcast.
pub fn xlogy<B: Backend>(x: &Array<B>, y: &Array<B>) -> Result<Array<B>> {
    let xp = x.namespace();
    let zero = xp.equal(x, 0) & !xp.isnan(y);
    xp.where_(zero, 0, x * xp.log(y)).eval()
}

/// Applies `f1` to the elements where a condition is true, and `f2` to the others. Neither function gets the other's
/// elements.
///
/// The condition is `bool` of x's shape; the functions take and return 1-dimensional arrays of one length, and both results have one dtype. Source:
/// `array_api_extra.apply_where`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let xp = cpu();
/// let x = xp.asarray([4.0, -1.0, 9.0])?;
/// let roots = extra::apply_where(&xp.greater(&x, 0).eval()?, &x, |x| xp.sqrt(x).eval(), |x| xp.zeros_like(x))?;
/// assert_eq!(roots.to_vec::<f64>()?, [2.0, 0.0, 3.0]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// A condition that is not `bool` or of another shape; those of the functions; results of other lengths or dtypes.
pub fn apply_where<B: Backend>(
    condition: &Array<B>,
    x: &Array<B>,
    f1: impl FnOnce(&Array<B>) -> Result<Array<B>>,
    f2: impl FnOnce(&Array<B>) -> Result<Array<B>>,
) -> Result<Array<B>> {
    let xp = x.namespace();
    let others = xp.logical_not(condition).eval()?;
    let first = f1(&x.get([condition.into()])?)?;
    let second = f2(&x.get([(&others).into()])?)?;
    let dtype = xp.result_type(&[&first, &second])?;
    let mut out = xp.zeros(x.shape(), dtype)?;
    out.set([condition.into()], &first)?;
    out.set([others.into()], &second)?;
    Ok(out)
}
