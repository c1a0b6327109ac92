//! Covariance matrices of the samples, from their moments.

use array_api_spec::{Error, Moments, Result, Scatter};

use super::Shrinkage;
use crate::{HostMatrix, host};

/// Means of the classes, and the covariance within them.
pub(super) struct Within {
    /// `(K, p)`: mean of each class.
    pub(super) means: HostMatrix,
    /// `(p, p)`: mean of the classes' covariance matrices, weighted by the priors.
    pub(super) covariance: HostMatrix,
}

impl Within {
    /// `Σ_k π_k C_k`. Where the priors are the classes' shares of the samples, that is the scatter of all about their class means, over n.
    ///
    /// # Errors
    /// Moments that hold the diagonal alone.
    pub(super) fn new(
        moments: &Moments,
        priors: &[f64],
        shrinkage: Option<Shrinkage>,
    ) -> Result<Self> {
        let gram = gram(moments)?;
        let p = moments.features;
        let mut covariance = vec![0.0; p * p];
        let shares: Vec<f64> = if moments.pooled {
            vec![1.0 / moments.rows as f64]
        } else {
            let pairs = priors.iter().zip(&moments.weights);
            pairs.map(|(prior, count)| prior / count).collect()
        };
        for (part, share) in gram.chunks_exact(p * p).zip(shares) {
            let pairs = covariance.iter_mut().zip(part);
            pairs.for_each(|(sum, s)| *sum += share * s);
        }
        Ok(Self {
            means: host::means(moments)?,
            covariance: shrink(&host::matrix(&covariance, &[p, p])?, shrinkage)?,
        })
    }
}

/// The covariance of all samples about their common mean, shrunk.
///
/// # Errors
/// Moments that hold the diagonal alone.
pub(super) fn total(moments: &Moments, shrinkage: Option<Shrinkage>) -> Result<HostMatrix> {
    let (n, p) = (moments.rows as f64, moments.features);
    let scatter = host::matrix(&gram(&moments.clone().together())?, &[p, p])?;
    shrink(&(scatter / n).eval()?, shrinkage)
}

/// The scatter as Gram matrices, `(p, p)`, or `(K, p, p)` for each class.
fn gram(moments: &Moments) -> Result<Vec<f64>> {
    let p = moments.features;
    let product = |factor: &Vec<f64>| -> Result<Vec<f64>> {
        let factor = host::matrix(factor, &[factor.len() / p, p])?;
        host().matmul(factor.T()?, &factor)?.to_vec()
    };
    match &moments.scatter {
        Scatter::Gram { values, .. } => Ok(values.clone()),
        Scatter::Factor(factors) => {
            let products = factors.iter().map(product).collect::<Result<Vec<_>>>()?;
            Ok(products.concat())
        }
        Scatter::Diagonal(_) => Err(Error::value(
            "conclude",
            "the statistics hold variances alone; a covariance matrix is needed",
        )),
    }
}

/// `(1 - s) C + s (tr C / p) I`: a covariance matrix drawn towards a multiple of the identity by a share s.
fn shrink(covariance: &HostMatrix, shrinkage: Option<Shrinkage>) -> Result<HostMatrix> {
    let Some(Shrinkage::Value(share)) = shrinkage else {
        return Ok(covariance.clone());
    };
    let (xp, p) = (host(), covariance.shape()[0]);
    let mean_variance = xp.linalg().trace(covariance, 0, None)? / p as f64;
    let identity = xp.eye(p, p, 0, covariance.dtype())?;
    (covariance * (1.0 - share) + identity * (mean_variance * share)).eval()
}

/// `log π − ½ Σ_j m_j w_j` for each class: the intercepts of functions `coef (K, p)` through `means (K, p)`.
pub(super) fn intercepts(
    means: &HostMatrix,
    coef: &HostMatrix,
    priors: &[f64],
) -> Result<HostMatrix> {
    let xp = host();
    let log_priors = xp.log(host::matrix(priors, &[priors.len()])?);
    (log_priors - 0.5 * xp.sum(means * coef, 1)?).eval()
}
