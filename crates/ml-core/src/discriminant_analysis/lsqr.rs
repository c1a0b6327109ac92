//! The solver `lsqr`: covariance times coefficients equals means, by least squares.

use array_api_spec::{Array, Backend, Result, finfo};

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
    })
}

/// The `w` of least norm that minimises `|w C - m|` for each row m: `m (K, p), C (p, p) → (K, p)`, C symmetric.
///
/// LAPACK's `gelsd` does this by singular values; of a symmetric matrix those are the eigenvalues' magnitudes. Those up to
/// `ε p` of the largest count as 0.
fn divide<B: Backend>(m: &Array<B>, c: &Array<B>) -> Result<Array<B>> {
    let xp = c.namespace();
    let eigen = xp.linalg().eigh(c)?;
    let magnitude = xp.abs(&eigen.eigenvalues).eval()?;
    let cutoff = xp.max(&magnitude, ..)? * (finfo(c.dtype())?.eps * c.shape()[0] as f64);
    let inverse = xp.where_(xp.greater(&magnitude, cutoff), 1.0 / &eigen.eigenvalues, 0.0);
    let rotated = (xp.matmul(m, &eigen.eigenvectors)? * inverse).eval()?;
    xp.matmul(rotated, eigen.eigenvectors.T()?)
}
