//! Means of groups, and the singular values and vectors of standardised rows about them.

use array_api_host::moments;
use array_api_spec::{Array, Backend, Groups, Moments, Result, Spread};

pub(crate) use array_api_host::moments::Spectrum;

/// The moments of `x (n, p)`, and the singular values and right singular vectors of `(x - means) / std / √n`.
///
/// The Gram matrix takes one pass over the rows. Where it is too coarse, or larger than x, a factor is computed instead.
pub(crate) fn spectrum<B: Backend>(
    x: &Array<B>,
    groups: Option<Groups<'_, B>>,
    tolerance: f64,
) -> Result<(Moments, Spectrum)> {
    let xp = x.namespace();
    let (n, p) = (x.shape()[0], x.shape()[1]);
    if n >= p {
        let found = xp.moments(x, groups, None, Spread::Gram)?;
        if let Some(spectrum) = moments::spectrum(&found, x.dtype(), tolerance)? {
            return Ok((found, spectrum));
        }
    }
    let found = xp.moments(x, groups, None, Spread::Factor)?;
    match moments::spectrum(&found, x.dtype(), tolerance)? {
        Some(spectrum) => Ok((found, spectrum)),
        None => unreachable!("a factor is never too coarse"),
    }
}
