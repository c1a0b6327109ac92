//! The solver `lsqr`: covariance times coefficients equals means, by least squares.

use array_api_ndarray::NdArray;
use array_api_spec::{Eigh, Result};

use super::{
    Asked, Solution,
    covariance::{Within, intercepts},
};
use crate::{HostMatrix, host};

pub(super) fn solve(within: &Within, asked: &Asked) -> Result<Solution> {
    let coef = divide(&within.means, &within.covariance)?;
    Ok(Solution {
        means: within.means.clone(),
        intercept: intercepts(&within.means, &coef, &asked.priors)?,
        coef,
        xbar: None,
        scalings: None,
        explained_variance_ratio: None,
        covariance: Some(within.covariance.clone()),
    })
}

/// The `w` of least norm that minimises `|w C - m|` for each row m: `m (K, p), C (p, p) → (K, p)`, C a covariance of classes with means m.
///
/// Features of small variance make C ill-conditioned, though each of its elements is as accurate as any. So the correlations, C with
/// the variances divided out, are inverted if they can be: the result is the same and loses no digits to the spread of variances.
fn divide(m: &HostMatrix, c: &HostMatrix) -> Result<HostMatrix> {
    let xp = host();
    let variances = xp.linalg().diagonal(c, 0)?;
    // What the rounding of the mean leaves of a constant feature is no variance.
    let noise = xp.square(xp.max(xp.abs(m), 0)? * (16.0 * f64::EPSILON));
    let varies = xp.greater(&variances, noise).eval()?;
    let shrink = xp.where_(&varies, 1.0 / xp.sqrt(&variances), 0.0).eval()?;
    let column = xp.reshape(&shrink, [shrink.size(), 1])?;
    let correlations = xp.linalg().eigh(c * &shrink * column)?;

    let mut kept: Vec<f64> = xp.where_(&varies, variances, 0.0).eval()?.to_vec()?;
    kept.retain(|&v| v > 0.0);
    let values: Vec<f64> = correlations.eigenvalues.to_vec()?;
    let p = values.len() as f64;
    let above = |values: &[f64]| {
        let most = values.iter().copied().fold(0.0, f64::max);
        values
            .iter()
            .filter(|&&v| v > f64::EPSILON * p * most)
            .count()
    };
    // Collinear features, and variances so small that LAPACK in float64 takes them for 0, need its own rule.
    if above(&values) < kept.len() || above(&kept) < kept.len() {
        return xp.matmul(m, pseudo_inverse(&xp.linalg().eigh(c)?)?);
    }
    let scaled = xp.matmul(m * &shrink, pseudo_inverse(&correlations)?)?;
    (scaled * shrink).eval()
}

/// The pseudo-inverse `(p, p)` of a symmetric matrix.
///
/// LAPACK's `gelsd` has it from singular values; of a symmetric matrix those are the eigenvalues' magnitudes. Those up to `ε p` of the
/// largest count as 0.
fn pseudo_inverse(matrix: &Eigh<NdArray>) -> Result<HostMatrix> {
    let Eigh {
        eigenvalues,
        eigenvectors,
    } = matrix;
    let xp = host();
    let magnitude = xp.abs(eigenvalues).eval()?;
    let cutoff = xp.max(&magnitude, ..)? * (f64::EPSILON * eigenvalues.size() as f64);
    let inverse = xp.where_(xp.greater(magnitude, cutoff), 1.0 / eigenvalues, 0.0);
    xp.matmul(eigenvectors * inverse, eigenvectors.T()?)
}
