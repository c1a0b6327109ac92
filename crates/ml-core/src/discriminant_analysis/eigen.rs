//! The solver `eigen`: directions along which the classes' means spread most, relative to the spread within classes.

use array_api_spec::{Array, Backend, Error, ErrorKind, Result, Triangle};

use super::{
    Shrinkage, Solution,
    covariance::{ClassStatistics, by_class, intercepts, mean_and_covariance, statistics_dtype},
    explained_variance_ratio,
};
use crate::labels::Labels;

pub(super) fn solve<B: Backend>(
    shrinkage: Option<Shrinkage>,
    x: &Array<B>,
    labels: &Labels<B>,
    priors: &[f64],
    components: usize,
) -> Result<Solution<B>> {
    let xp = x.namespace();
    let x = xp.astype(x, statistics_dtype(x)).eval()?;
    let ClassStatistics {
        means,
        covariance: within,
    } = by_class(&x, labels, priors, shrinkage)?;
    let (_, total) = mean_and_covariance(&x, shrinkage)?;
    let (values, vectors) = generalized_eigh((total - &within).eval()?, &within)?;

    let values = xp.flip(&values, 0)?;
    let scalings = xp.flip(&vectors, 1)?;
    let ratio =
        explained_variance_ratio(&xp, &values.to_vec::<f64>()?, components, values.dtype())?;
    let coef = xp.matmul(xp.matmul(&means, &scalings)?, scalings.T()?)?;
    let intercept = intercepts(&means, &coef, priors)?;
    Ok(Solution {
        means,
        coef,
        intercept,
        xbar: None,
        scalings: Some(scalings),
        explained_variance_ratio: Some(ratio),
        covariance: Some(within),
    })
}

/// Eigenvalues, ascending, and eigenvectors of `a v = λ b v` with `vᵀ b v = 1`: `(p, p), (p, p) → (p,), (p, p)`; a symmetric, b positive definite.
///
/// By b's Cholesky factor L: the eigenvectors of `L⁻¹ a L⁻ᵀ`, multiplied by `L⁻ᵀ`. LAPACK's `sygvd` does the same.
fn generalized_eigh<B: Backend>(a: Array<B>, b: &Array<B>) -> Result<(Array<B>, Array<B>)> {
    let xp = a.namespace();
    let l = xp.linalg().cholesky(b, Triangle::Lower).map_err(|e| match e.kind() {
        ErrorKind::LinearAlgebra { .. } => Error::linear_algebra(
            "fit",
            "the covariance matrix within classes is not positive definite: features are constant or linear combinations of others, or there are more \
             features than samples. Set `shrinkage`, or use the solver `svd`",
        ),
        _ => e,
    })?;
    let half = xp.linalg().solve(&l, &a)?;
    // Symmetric but for rounding, and `eigh` reads one triangle.
    let eigen = xp.linalg().eigh(xp.linalg().solve(&l, half.T()?)?)?;
    Ok((
        eigen.eigenvalues,
        xp.linalg().solve(l.T()?, &eigen.eigenvectors)?,
    ))
}
