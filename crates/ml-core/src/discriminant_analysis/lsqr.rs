//! The solver `lsqr`: covariance times coefficients equals means, by least squares.

use array_api_spec::{Array, Backend, Eigh, Result, finfo};

use super::{
    Shrinkage, Solution,
    covariance::{ClassStatistics, by_class, intercepts, statistics_dtype},
};
use crate::labels::Labels;

pub(super) fn solve<B: Backend>(
    shrinkage: Option<Shrinkage>,
    x: &Array<B>,
    labels: &Labels<B>,
    priors: &[f64],
) -> Result<Solution<B>> {
    let x = x.namespace().astype(x, statistics_dtype(x)).eval()?;
    let ClassStatistics { means, covariance } = by_class(&x, labels, priors, shrinkage)?;
    let coef = divide(&means, &covariance)?;
    let intercept = intercepts(&means, &coef, priors)?;
    Ok(Solution {
        means,
        coef,
        intercept,
        xbar: None,
        scalings: None,
        explained_variance_ratio: None,
        covariance: Some(covariance),
        is_checked: false,
    })
}

/// The `w` of least norm that minimises `|w C - m|` for each row m: `m (K, p), C (p, p) → (K, p)`, C a covariance of classes with means m.
///
/// Features of small variance make C ill-conditioned, though each of its elements is as accurate as any. So the correlations, C with
/// the variances divided out, are inverted if they can be: the result is the same and loses no digits to the spread of variances.
fn divide<B: Backend>(m: &Array<B>, c: &Array<B>) -> Result<Array<B>> {
    let xp = c.namespace();
    let variances = xp.linalg().diagonal(c, 0)?;
    // What the rounding of the mean leaves of a constant feature is no variance.
    let noise = xp.square(xp.max(xp.abs(m), 0)? * (16.0 * finfo(c.dtype())?.eps));
    let varies = xp.greater(&variances, noise).eval()?;
    let shrink = xp.where_(&varies, 1.0 / xp.sqrt(&variances), 0.0).eval()?;
    let column = xp.reshape(&shrink, [shrink.size(), 1])?;
    let correlations = xp.linalg().eigh(c * &shrink * column)?;

    let mut kept: Vec<f64> = xp.where_(&varies, variances, 0.0).eval()?.to_vec()?;
    kept.retain(|&v| v > 0.0);
    let values: Vec<f64> = correlations.eigenvalues.to_vec()?;
    let p = values.len() as f64;
    let above = |values: &[f64], eps: f64| {
        let most = values.iter().copied().fold(0.0, f64::max);
        values.iter().filter(|&&v| v > eps * p * most).count()
    };
    // Collinear features, and variances so small that LAPACK in float64 takes them for 0, need its own rule.
    if above(&values, finfo(c.dtype())?.eps) < kept.len() || above(&kept, f64::EPSILON) < kept.len()
    {
        return xp.matmul(m, pseudo_inverse(&xp.linalg().eigh(c)?)?);
    }
    let scaled = xp.matmul(m * &shrink, pseudo_inverse(&correlations)?)?;
    (scaled * shrink).eval()
}

/// The pseudo-inverse `(p, p)` of a symmetric matrix.
///
/// LAPACK's `gelsd` has it from singular values; of a symmetric matrix those are the eigenvalues' magnitudes. Those up to `ε p` of the
/// largest count as 0.
fn pseudo_inverse<B: Backend>(matrix: &Eigh<B>) -> Result<Array<B>> {
    let Eigh {
        eigenvalues,
        eigenvectors,
    } = matrix;
    let xp = eigenvalues.namespace();
    let magnitude = xp.abs(eigenvalues).eval()?;
    let cutoff =
        xp.max(&magnitude, ..)? * (finfo(eigenvalues.dtype())?.eps * eigenvalues.size() as f64);
    let inverse = xp.where_(xp.greater(magnitude, cutoff), 1.0 / eigenvalues, 0.0);
    xp.matmul(eigenvectors * inverse, eigenvectors.T()?)
}
