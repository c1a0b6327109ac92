//! The solver `svd`: no covariance matrix, only singular values of the samples about their class means.

use array_api_spec::{Array, Backend, Error, Result, SvdMode, ix};

use super::{
    LinearDiscriminantAnalysis, Solution,
    covariance::{by_class, statistics_dtype},
    explained_variance_ratio, too_large, vector,
};
use crate::{labels::Labels, validation::all_finite};

pub(super) fn solve<B: Backend>(
    parameters: &LinearDiscriminantAnalysis,
    x: &Array<B>,
    labels: &Labels<B>,
    priors: &[f64],
    components: usize,
) -> Result<Solution<B>> {
    let xp = &x.namespace();
    let (n, k) = (labels.n_samples() as f64, labels.n_classes());

    let scatter = xp.group_scatter(x, &labels.groups, &labels.counts, parameters.tol)?;
    if !all_finite(&scatter.std)? {
        return Err(too_large(x.dtype()));
    }
    let singular: Vec<f64> = scatter.singular_values.to_vec()?;
    let rank = singular.iter().take_while(|&&s| s > parameters.tol).count();
    if rank == 0 {
        let detail = format!(
            "no feature varies within any class beyond tol = {}, so classes cannot be told apart by their spread; check x, or lower tol",
            parameters.tol
        );
        return Err(Error::value("fit", detail));
    }
    let within = (scatter.right_vectors.get(ix![..rank])? / &scatter.std)
        .eval()?
        .T()?;
    let within = (within / vector(xp, &singular[..rank], x.dtype())?).eval()?;

    let means = scatter.means;
    let xbar = xp.matmul(vector(xp, priors, x.dtype())?, &means)?;
    let offsets = (&means - &xbar).eval()?;
    let degrees = k.saturating_sub(1).max(1) as f64;
    let weights: Vec<f64> = priors
        .iter()
        .map(|prior| (n * prior / degrees).sqrt())
        .collect();
    let weights = xp.reshape(vector(xp, &weights, x.dtype())?, [k, 1])?;
    let between = xp.linalg().svd(
        (weights * xp.matmul(&offsets, &within)?).eval()?,
        SvdMode::Reduced,
    )?;

    let spread: Vec<f64> = between.S.to_vec()?;
    let rank = spread
        .iter()
        .take_while(|&&s| s > parameters.tol * spread[0])
        .count();
    let scalings = xp.matmul(&within, between.Vh.get(ix![..rank])?.T()?)?;

    let projected = xp.matmul(&offsets, &scalings)?;
    let log_priors = xp.log(vector(xp, priors, x.dtype())?);
    let coef = xp.matmul(&projected, scalings.T()?)?;
    let intercept =
        (log_priors - 0.5 * xp.sum(xp.square(&projected), 1)? - xp.matmul(&coef, &xbar)?).eval()?;

    let variances: Vec<f64> = spread.iter().map(|s| s * s).collect();
    let ratio = explained_variance_ratio(xp, &variances, components, x.dtype())?;
    let covariance = parameters.store_covariance.then(|| {
        let x = xp.astype(x, statistics_dtype(x)).eval()?;
        Ok(by_class(&x, labels, priors, None)?.covariance)
    });
    Ok(Solution {
        means,
        coef,
        intercept,
        xbar: Some(xbar),
        scalings: Some(scalings),
        explained_variance_ratio: Some(ratio),
        covariance: covariance.transpose()?,
    })
}
