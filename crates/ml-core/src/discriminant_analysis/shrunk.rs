//! Covariance matrices shrunk as far as Ledoit and Wolf's formula says. It needs fourth powers of the samples, so it is computed where they are.

use array_api_spec::{Array, Backend, DType, Result, finfo, ix};

use super::covariance::Within;
use crate::{Data, HostMatrix, host, labels::Labels};

/// Means of the classes and the mean of their covariance matrices, weighted by the priors; the covariance of all samples about their common mean, if it is wanted.
/// They come in one download.
pub(super) fn covariances<B: Backend>(
    data: &Data<B>,
    labels: &Labels<B>,
    priors: &[f64],
    wants_total: bool,
) -> Result<(Within, Option<HostMatrix>)> {
    let (x, xp, p) = (samples(data)?, data.namespace(), data.n_features());
    let order = xp.argsort(&labels.groups, 0)?;
    let mut means = Vec::with_capacity(priors.len());
    let mut covariance = xp.zeros([p, p], x.dtype())?;
    let mut start = 0;
    for (&count, &prior) in labels.counts.iter().zip(priors) {
        let members = order.get(ix![start..start + count])?;
        start += count;
        let (mean, own) = mean_and_covariance(&xp.take_clipped(&x, &members, Some(0))?)?;
        covariance = (covariance + own * prior).eval()?;
        means.push(mean);
    }
    let means = xp.stack(&means.iter().collect::<Vec<_>>(), 0)?;
    let total = if wants_total {
        Some(mean_and_covariance(&x)?.1)
    } else {
        None
    };
    let wanted: Vec<&Array<B>> = [&means, &covariance].into_iter().chain(&total).collect();
    let found = xp.to_host_all(&wanted)?.into_iter().zip(wanted);
    let found = found.map(|(values, array)| host::matrix(&values.into_vec("fit")?, array.shape()));
    let mut found = found.collect::<Result<Vec<HostMatrix>>>()?.into_iter();
    let (Some(means), Some(covariance)) = (found.next(), found.next()) else {
        unreachable!("as many as were asked for")
    };
    Ok((Within { means, covariance }, found.next()))
}

/// The samples in `float64` if the device has it, as scikit-learn computes such statistics.
fn samples<B: Backend>(data: &Data<B>) -> Result<Array<B>> {
    let xp = data.namespace();
    if !xp.backend().dtypes().contains(&DType::Float64) {
        return Ok(data.x.clone());
    }
    xp.astype(&data.x, DType::Float64).eval()
}

/// Mean `(p,)` and shrunk population covariance `(p, p)` of samples `x (n, p)`. Features are taken with variance 1 for it.
fn mean_and_covariance<B: Backend>(x: &Array<B>) -> Result<(Array<B>, Array<B>)> {
    let xp = x.namespace();
    let mean = xp.mean(x, 0)?;
    let centred = (x - &mean).eval()?;
    let scale = standard_deviations(&centred, &mean)?;
    let scaled = (centred / &scale).eval()?;
    let column = xp.expand_dims(&scale, 1)?;
    Ok((mean, (ledoit_wolf(&scaled)? * scale * column).eval()?))
}

/// `(n, p) → (p, p)`: of samples whose mean is 0.
fn empirical<B: Backend>(centred: &Array<B>) -> Result<Array<B>> {
    let xp = centred.namespace();
    (xp.matmul(centred.T()?, centred)? / centred.shape()[0] as f64).eval()
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
    let identity = xp.eye(z.shape()[1], z.shape()[1], 0, covariance.dtype())?;
    (covariance * (1.0 - &share) + identity * (mean_variance * &share)).eval()
}
