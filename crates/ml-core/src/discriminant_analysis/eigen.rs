//! The solver `eigen`: directions along which the classes' means spread most, relative to the spread within classes.

use array_api_spec::{Error, ErrorKind, Result, Triangle};

use super::{
    Asked, Solution,
    covariance::{Within, intercepts},
    explained_variance_ratio,
};
use crate::{HostMatrix, host};

pub(super) fn solve(within: &Within, total: &HostMatrix, asked: &Asked) -> Result<Solution> {
    let (xp, Within { means, covariance }) = (host(), within);
    let (values, vectors) = generalized_eigh((total - covariance).eval()?, covariance)?;
    let values: Vec<f64> = xp.flip(&values, 0)?.to_vec()?;
    let scalings = xp.flip(&vectors, 1)?;
    let coef = xp.matmul(xp.matmul(means, &scalings)?, scalings.T()?)?;
    Ok(Solution {
        means: means.clone(),
        intercept: intercepts(means, &coef, &asked.priors)?,
        coef,
        xbar: None,
        scalings: Some(scalings),
        explained_variance_ratio: Some(explained_variance_ratio(&values, asked.components)?),
        covariance: Some(covariance.clone()),
    })
}

/// Eigenvalues, ascending, and eigenvectors of `a v = λ b v` with `vᵀ b v = 1`: `(p, p), (p, p) → (p,), (p, p)`; a symmetric, b positive definite.
///
/// By b's Cholesky factor L: the eigenvectors of `L⁻¹ a L⁻ᵀ`, multiplied by `L⁻ᵀ`. LAPACK's `sygvd` does the same.
fn generalized_eigh(a: HostMatrix, b: &HostMatrix) -> Result<(HostMatrix, HostMatrix)> {
    let xp = host();
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
