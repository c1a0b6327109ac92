//! Covariance matrices, plain and shrunk.

use array_api_spec::{Array, Backend, DType, Expr, Result, finfo, ix};

use super::{Shrinkage, vector};
use crate::labels::Labels;

/// The dtype for statistics of x: `float64` if the device has it, as scikit-learn computes them, else x's own.
pub(super) fn statistics_dtype<B: Backend>(x: &Array<B>) -> DType {
    if x.namespace().backend().dtypes().contains(&DType::Float64) {
        DType::Float64
    } else {
        x.dtype()
    }
}

/// Mean and covariance of the classes.
pub(super) struct ClassStatistics<B: Backend> {
    /// `(K, p)`: mean of each class.
    pub(super) means: Array<B>,
    /// `(p, p)`: mean of the classes' covariance matrices, weighted by the priors.
    pub(super) covariance: Array<B>,
}

/// Statistics of the samples `x (n, p)` by class.
pub(super) fn by_class<B: Backend>(
    x: &Array<B>,
    labels: &Labels<B>,
    priors: &[f64],
    shrinkage: Option<Shrinkage>,
) -> Result<ClassStatistics<B>> {
    let xp = x.namespace();
    let p = x.shape()[1];
    let order = xp.argsort(&labels.groups, 0)?;
    let mut means = Vec::with_capacity(priors.len());
    let mut covariance = xp.zeros([p, p], x.dtype())?;
    let mut start = 0;
    for (&count, &prior) in labels.counts.iter().zip(priors) {
        let members = order.get(ix![start..start + count])?;
        start += count;
        let (mean, own) = mean_and_covariance(&xp.take_clipped(x, &members, Some(0))?, shrinkage)?;
        covariance = (covariance + own * prior).eval()?;
        means.push(mean);
    }
    Ok(ClassStatistics {
        means: xp.stack(&means.iter().collect::<Vec<_>>(), 0)?,
        covariance,
    })
}

/// Mean `(p,)` and population covariance `(p, p)` of the samples `x (n, p)`.
pub(super) fn mean_and_covariance<B: Backend>(
    x: &Array<B>,
    shrinkage: Option<Shrinkage>,
) -> Result<(Array<B>, Array<B>)> {
    let xp = x.namespace();
    let p = x.shape()[1];
    let mean = xp.mean(x, 0)?;
    let centred = (x - &mean).eval()?;
    let covariance = match shrinkage {
        None => empirical(&centred)?,
        Some(Shrinkage::Value(share)) => {
            let covariance = empirical(&centred)?;
            let mean_variance = xp.linalg().trace(&covariance, 0, None)? / p as f64;
            blend(&covariance, 1.0 - share, mean_variance * share)?
        }
        Some(Shrinkage::Auto) => {
            let scale = standard_deviations(&centred, &mean)?;
            let scaled = (centred / &scale).eval()?;
            let column = xp.reshape(&scale, [p, 1])?;
            (ledoit_wolf(&scaled)? * scale * column).eval()?
        }
    };
    Ok((mean, covariance))
}

/// `(n, p) → (p, p)`: of samples whose mean is 0.
fn empirical<B: Backend>(centred: &Array<B>) -> Result<Array<B>> {
    let xp = centred.namespace();
    (xp.matmul(centred.T()?, centred)? / centred.shape()[0] as f64).eval()
}

/// `kept C + added I`: `(p, p) → (p, p)`. Both factors are scalars or 0-dimensional.
fn blend<B: Backend>(
    covariance: &Array<B>,
    kept: impl Into<Expr<B>>,
    added: impl Into<Expr<B>>,
) -> Result<Array<B>> {
    let xp = covariance.namespace();
    let p = covariance.shape()[0];
    let identity = xp.eye(p, p, 0, covariance.dtype())?;
    (covariance * kept + identity * added).eval()
}

/// Standard deviation of each column of samples about `mean`, 1 for columns that are constant but for rounding.
///
/// Source of the bound: scikit-learn's `_is_constant_feature`, after T. Chan, G. Golub, R. LeVeque,
/// "Algorithms for computing the sample variance" (1983).
fn standard_deviations<B: Backend>(centred: &Array<B>, mean: &Array<B>) -> Result<Array<B>> {
    let xp = centred.namespace();
    let n = centred.shape()[0] as f64;
    let eps = finfo(centred.dtype())?.eps;
    let variance = xp.mean(centred * centred, 0)?;
    let bound = &variance * (n * eps) + xp.square(mean * (n * eps));
    xp.where_(xp.less_equal(&variance, bound), 1.0, xp.sqrt(&variance))
        .eval()
}

/// Ledoit and Wolf's covariance of the samples `z (n, p)`, whose mean is 0.
///
/// The share of the identity is that which minimises the expected squared distance to the true covariance.
fn ledoit_wolf<B: Backend>(z: &Array<B>) -> Result<Array<B>> {
    let xp = z.namespace();
    let (n, p) = (z.shape()[0] as f64, z.shape()[1] as f64);
    let covariance = empirical(z)?;
    // All these numbers stay on the device: the host need not know them.
    let trace = (xp.sum(z * z, ..)? / n).eval()?;
    let mean_variance = (&trace / p).eval()?;
    let squared_norm = xp.sum(xp.square(&covariance), ..)?;
    // The sum of (z²)ᵀ(z²) over all its entries is that of the samples' squared norms, squared.
    let fourth_moment = xp.sum(xp.square(xp.sum(z * z, 1)?), ..)?;
    let noise = (fourth_moment / n - &squared_norm) / (n * p);
    let from_identity = &squared_norm - 2.0 * &mean_variance * trace;
    let distance = ((from_identity + p * xp.square(&mean_variance)) / p).eval()?;
    let noise = xp.minimum(noise, &distance).eval()?;
    let share = if p == 1.0 {
        xp.zeros([], covariance.dtype())?
    } else {
        xp.where_(xp.equal(&noise, 0.0), 0.0, &noise / distance)
            .eval()?
    };
    blend(&covariance, 1.0 - &share, mean_variance * &share)
}

/// `log π − ½ Σ_j m_j w_j` for each class: the intercepts of functions `coef (K, p)` through `means (K, p)`.
pub(super) fn intercepts<B: Backend>(
    means: &Array<B>,
    coef: &Array<B>,
    priors: &[f64],
) -> Result<Array<B>> {
    let xp = means.namespace();
    let log_priors = xp.log(vector(&xp, priors, means.dtype())?);
    (log_priors - 0.5 * xp.sum(means * coef, 1)?).eval()
}
