//! Statistical functions.

use array_api_spec::{
    Array, Axes, Backend, Ellipsis, Error, Result, Scalar, Side, axis as along, ix,
};

/// `log Σ exp(x)` along axes, without intermediate overflow. Real floating-point dtypes, kept. Takes `keepdims`.
/// Source: `scipy.special.logsumexp`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let x = cpu().asarray([1000.0, 1000.0])?;
/// assert_eq!(extra::logsumexp(&x, ..)?.item::<f64>()?, 1000.0 + 2.0_f64.ln());
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Another dtype; an axis that does not exist; no elements.
pub fn logsumexp<B: Backend>(x: &Array<B>, axis: impl Into<Axes>) -> Result<Array<B>> {
    let xp = x.namespace();
    let axis = axis.into();
    let largest = xp.max(x, axis.clone().keepdims())?;
    let shift = xp.where_(xp.isfinite(&largest), &largest, 0).eval()?;
    let sum = xp.sum(xp.exp(x - &shift), axis)?;
    (xp.log(&sum) + xp.reshape(&shift, sum.shape())?).eval()
}

/// The middle of the sorted elements along an axis, or the mean of the two in the middle; NaN if there is one. Real floating-point dtypes,
/// kept: `(…, n, …) → (…)`. `None` takes all elements. Source: `numpy.median`.
///
/// # Errors
/// Another dtype; an axis that does not exist, or several; no elements.
pub fn median<B: Backend>(x: &Array<B>, axis: impl Into<Option<isize>>) -> Result<Array<B>> {
    quantile(x, 0.5, axis)
}

/// The value below which a fraction `q` of the elements along an axis lies, interpolated linearly between two elements:
/// `(…, n, …) → (…)`. NaN if there is one.
///
/// Real floating-point dtypes, kept. `None` takes all elements. Source: `numpy.quantile` with its default method.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let x = cpu().asarray([4.0, 1.0, 3.0, 2.0])?;
/// assert_eq!(extra::quantile(&x, 0.25, None)?.item::<f64>()?, 1.75);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// A `q` outside of [0, 1]; another dtype; an axis that does not exist; no elements.
pub fn quantile<B: Backend>(
    x: &Array<B>,
    q: f64,
    axis: impl Into<Option<isize>>,
) -> Result<Array<B>> {
    const FUNCTION: &str = "quantile";
    let xp = x.namespace();
    if !(0.0..=1.0).contains(&q) {
        return Err(Error::value(FUNCTION, format!("{q} is not within [0, 1]")));
    }
    if !x.dtype().is_real_floating() {
        return Err(Error::dtype(
            FUNCTION,
            &[x.dtype()],
            "real floating-point dtypes",
        ));
    }
    let x = match axis.into() {
        None => xp.reshape(x, [x.size()])?,
        Some(axis) => xp.moveaxis(x, axis, -1)?,
    };
    let n = x.shape()[x.ndim() - 1];
    if n == 0 {
        return Err(Error::shape(FUNCTION, &[x.shape()], "has no elements"));
    }
    let sorted = xp.sort(&x, -1)?;
    let place = q * (n - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let at = |k: usize| sorted.get(ix![Ellipsis, k.min(n - 1)]);
    let (low, high) = (at(below)?, at(below + 1)?);
    // Half the difference of both elements. Half of it cannot overflow, and halving and doubling are exact. The
    // interpolation starts from the nearer element, so that both ends are exact. Equal infinities have the difference
    // 0.
    let half = xp.where_(xp.equal(&low, &high), 0, &high * 0.5 - &low * 0.5);
    let between = if part < 0.5 {
        &low + &half * (2.0 * part)
    } else {
        &high - &half * (2.0 * (1.0 - part))
    };
    let missing = xp.isnan(at(n - 1)?);
    xp.where_(missing, f64::NAN, between).eval()
}

/// How often each of `0..length` occurs among non-negative integers, or the sum of its weights: `(n,) → (length,)`.
/// `length` is the largest integer plus one, or `minlength` if that is more. Source: `numpy.bincount`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let x = cpu().asarray([0, 3, 3])?;
/// assert_eq!(extra::bincount(&x, None, 0)?.to_vec::<i64>()?, [1, 0, 0, 2]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Values that are no integers, negative, or not 1-dimensional; weights of another shape.
pub fn bincount<B: Backend>(
    x: &Array<B>,
    weights: Option<&Array<B>>,
    minlength: usize,
) -> Result<Array<B>> {
    const FUNCTION: &str = "bincount";
    let xp = x.namespace();
    if !x.dtype().is_integer() {
        return Err(Error::dtype(FUNCTION, &[x.dtype()], "integer dtypes"));
    }
    let &[n] = x.shape() else {
        return Err(Error::shape(FUNCTION, &[x.shape()], "is not 1-dimensional"));
    };
    let largest = if n == 0 {
        -1
    } else {
        if matches!(xp.min(x, ..)?.scalar()?, Scalar::Int(least) if least < 0) {
            return Err(Error::value(FUNCTION, "a value is negative"));
        }
        xp.max(x, ..)?.item::<i64>()?
    };
    // A length that saturates is refused below, because memory does not hold so many numbers.
    let length = usize::try_from(largest.saturating_add(1)).unwrap_or(0);
    let length = length.max(minlength);
    let order = xp.argsort(x, 0)?;
    let sorted = xp.take_clipped(x, &order, Some(0))?;
    let bins = xp.arange_as(0, length, 1, sorted.dtype())?;
    let ends = xp.searchsorted(&sorted, bins, Side::Right, None)?;
    let index = xp.info().default_dtypes().indexing;
    let starts = xp.concat(&[&xp.zeros([1], index)?, &ends], Some(0))?;
    let starts = starts.get(ix![..length])?;
    let Some(weights) = weights else {
        return (ends - starts).eval();
    };
    if weights.shape() != x.shape() {
        let shapes = [x.shape(), weights.shape()];
        return Err(Error::shape(
            FUNCTION,
            &shapes,
            "of values and weights differ",
        ));
    }
    let sums = xp.cumulative_sum(
        xp.take_clipped(weights, &order, Some(0))?,
        along(0).include_initial(),
    )?;
    let sum_before = |position| xp.take_clipped(&sums, position, Some(0));
    (sum_before(ends)? - sum_before(starts)?).eval()
}

/// Covariance matrix of p variables in rows, n observations in columns: `(p, n) → (p, p)`, with the divisor `n - correction`.
///
/// Floating-point dtypes, kept. A 1-dimensional array is one variable and gives a 0-dimensional result. Source: `array_api_extra.cov`.
///
/// # Errors
/// Another dtype; more than two dimensions.
pub fn cov<B: Backend>(m: &Array<B>, correction: f64) -> Result<Array<B>> {
    let xp = m.namespace();
    if m.ndim() > 2 {
        return Err(Error::shape(
            "cov",
            &[m.shape()],
            "has more than two dimensions",
        ));
    }
    let m = super::atleast_nd(m, 2)?;
    let n = m.shape()[1] as f64;
    let centred = (&m - xp.mean(&m, along(1).keepdims())).eval()?;
    let product = xp.matmul(&centred, xp.conj(centred.T()))?;
    let divisor = if n > correction {
        n - correction
    } else {
        f64::NAN
    };
    let covariance = (product / divisor).eval()?;
    xp.squeeze(covariance, ..)
}

/// Mean along axes with weights: `Σ w x / Σ w`. Both broadcast; floating-point dtypes, promoted. Takes `keepdims`. Source: `numpy.average`.
///
/// # Errors
/// Another dtype; shapes that do not broadcast; an axis that does not exist.
pub fn average<B: Backend>(
    x: &Array<B>,
    weights: Option<&Array<B>>,
    axis: impl Into<Axes>,
) -> Result<Array<B>> {
    let xp = x.namespace();
    let Some(weights) = weights else {
        return xp.mean(x, axis);
    };
    let axis = axis.into();
    let whole = xp.broadcast_to(weights, x.shape())?;
    (xp.sum(x * weights, axis.clone())? / xp.sum(whole, axis)?).eval()
}
