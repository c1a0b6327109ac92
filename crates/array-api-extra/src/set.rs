//! Set functions.

use array_api_spec::{Array, Backend, Result};

/// The number of unique elements. Each NaN counts. Source: `array_api_extra.nunique`.
///
/// # Errors
/// No memory on the device; a driver's failure.
pub fn nunique<B: Backend>(x: &Array<B>) -> Result<usize> {
    Ok(x.namespace().unique_values(x)?.size())
}

/// The unique elements of x1 that are not in x2, sorted: `(u,)`. Dtypes promote. Source: `array_api_extra.setdiff1d`.
///
/// ```
/// use array_api_compat::{cpu, extra};
/// let xp = cpu();
/// let rest = extra::setdiff1d(&xp.asarray([5, 1, 3, 3])?, &xp.asarray([1, 9])?)?;
/// assert_eq!(rest.to_vec::<i32>()?, [3, 5]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Dtypes that do not promote.
pub fn setdiff1d<B: Backend>(x1: &Array<B>, x2: &Array<B>) -> Result<Array<B>> {
    let xp = x1.namespace();
    let values = xp.unique_values(x1)?;
    let others = (!xp.isin(&values, x2)?).eval()?;
    values.get([others.into()])
}

/// The unique elements of both arrays, sorted: `(u,)`. Dtypes promote. Source: `array_api_extra.union1d`.
///
/// # Errors
/// Dtypes that do not promote.
pub fn union1d<B: Backend>(x1: &Array<B>, x2: &Array<B>) -> Result<Array<B>> {
    let xp = x1.namespace();
    xp.unique_values(xp.concat(&[x1, x2], None)?)
}
