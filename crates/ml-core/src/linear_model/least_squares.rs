//! What linear regressions learn of their data: means and scatter of samples and targets together.

use array_api_spec::{
    Array, Backend, DType, Error, HostArray, Moments, Namespace, Result, Scatter, Spread, Triangle,
    ix,
};

use super::non_negative::non_negative;
use crate::{Data, HostMatrix, Parts, Statistics, frame::statistics, host};

/// The moments of `[x y]`, samples and targets side by side, from which every linear least squares fit follows.
///
/// With weights w, `A = √w (x - x̄)` and `B = √w (y - ȳ)`: the scatter is `[A B]ᵀ [A B]`, and its factor F is as good as the samples themselves, since
/// `|A β - B|² = |F_x β - F_y|²` for all β.
#[derive(Clone, Debug)]
pub struct RegressionStatistics {
    /// The moments of `[x y]`, `(n, p + t)`.
    pub moments: Moments,
    /// Whether y had one axis only.
    pub is_vector: bool,
}

impl RegressionStatistics {
    /// Those of some samples.
    ///
    /// # Errors
    /// No targets; no room.
    pub(super) fn observe<B: Backend>(data: &Data<B>, spread: Spread) -> Result<Self> {
        let xp = data.namespace();
        let y = data.targets()?;
        let is_vector = y.ndim() == 1;
        let columns = if is_vector { xp.expand_dims(&y, 1)? } else { y };
        let weights = data.sample_weight.as_ref();
        let moments = xp.moments_of(&[&data.x, &columns], None, weights, spread)?;
        Ok(Self { moments, is_vector })
    }

    /// The problem for p features.
    ///
    /// # Errors
    /// No room.
    pub(super) fn problem(&self, p: usize, fit_intercept: bool) -> Result<Problem> {
        let xp = host();
        let (mean, mut scatter) = (host::means(&self.moments)?, host::scatter(&self.moments)?);
        let is_gram = matches!(self.moments.scatter, Scatter::Gram { .. });
        if !fit_intercept {
            // Σ w z zᵀ = Σ w (z - z̄) (z - z̄)ᵀ + W z̄ z̄ᵀ.
            let row = (&mean * self.moments.weights[0].sqrt()).eval()?;
            scatter = if is_gram {
                (scatter + xp.matmul(row.T()?, &row)?).eval()?
            } else {
                xp.concat(&[&scatter, &row], Some(0))?
            };
        }
        let p = p as isize;
        Ok(Problem {
            x_mean: mean.get(ix![0, ..p])?,
            y_mean: mean.get(ix![0, p..])?,
            a: if is_gram {
                scatter.get(ix![..p, ..p])?
            } else {
                scatter.get(ix![.., ..p])?
            },
            b: if is_gram {
                scatter.get(ix![..p, p..])?
            } else {
                scatter.get(ix![.., p..])?
            },
            rows: self.moments.rows,
            is_gram,
            fit_intercept,
            is_vector: self.is_vector,
        })
    }
}

impl Statistics for RegressionStatistics {
    fn is_finite(&self) -> bool {
        statistics::is_finite(&self.moments)
    }

    fn merge(&self, other: &Self) -> Result<Self> {
        if self.is_vector != other.is_vector {
            return Err(Error::value("merge", "one y had one axis, the other two"));
        }
        Ok(Self {
            moments: self.moments.merge(&other.moments)?,
            is_vector: self.is_vector,
        })
    }

    fn store(&self, parts: &mut Parts<HostArray>) -> Result<()> {
        statistics::store(&self.moments, "", parts);
        parts
            .values
            .insert("is_vector".into(), self.is_vector.into());
        Ok(())
    }

    fn take(parts: &mut Parts<HostArray>) -> Result<Self> {
        let statistics = Self {
            is_vector: parts.take_value("is_vector")?,
            moments: statistics::take("", parts)?,
        };
        let targets = statistics
            .moments
            .features
            .saturating_sub(parts.n_features_in_);
        if targets == 0
            || (statistics.is_vector && targets > 1)
            || statistics.moments.weights.len() != 1
        {
            return Err(
                parts.mistake("the statistics do not fit the number of features".to_owned())
            );
        }
        Ok(statistics)
    }
}

/// A least squares problem: `min |A β - B|²`, as `AᵀA, AᵀB` or as factors F_x, F_y.
pub(super) struct Problem {
    /// `(p,)`.
    x_mean: HostMatrix,
    /// `(t,)`.
    y_mean: HostMatrix,
    /// `AᵀA (p, p)`, or `F_x (r, p)`.
    pub(super) a: HostMatrix,
    /// `AᵀB (p, t)`, or `F_y (r, t)`.
    pub(super) b: HostMatrix,
    /// n.
    pub(super) rows: usize,
    is_gram: bool,
    fit_intercept: bool,
    is_vector: bool,
}

impl Problem {
    /// Coefficients that are not negative, `(p, t)`: those that minimise `|A β - B|² + α |β|²`, with a penalty α for each target.
    ///
    /// # Errors
    /// No convergence; no room.
    pub(super) fn non_negative(&self, penalties: &[f64]) -> Result<HostMatrix> {
        let xp = host();
        let (gram, right) = if self.is_gram {
            (self.a.clone(), self.b.clone())
        } else {
            let turned = self.a.T()?;
            (xp.matmul(&turned, &self.a)?, xp.matmul(&turned, &self.b)?)
        };
        let p = gram.shape()[0];
        let mut coef = Vec::with_capacity(p * penalties.len());
        for (target, penalty) in (0_isize..).zip(penalties) {
            let penalised = (&gram + xp.eye(p, p, 0, gram.dtype())? * *penalty).eval()?;
            let right: Vec<f64> = right.get(ix![.., target])?.to_vec()?;
            coef.extend(non_negative(&penalised, &right)?);
        }
        host::matrix(&coef, &[penalties.len(), p])?.T()
    }

    /// `coef_` and `intercept_` of `β (p, t)`, on a device: `(p,)` and `()` for a y of one axis, else `(t, p)` and `(t,)`; without a constant, `intercept_` is 0.
    ///
    /// # Errors
    /// No room.
    pub(super) fn solution<B: Backend>(
        &self,
        beta: &HostMatrix,
        xp: &Namespace<B>,
        dtype: DType,
    ) -> Result<[Array<B>; 2]> {
        let h = host();
        let coef = beta.T()?;
        let intercept = if self.fit_intercept {
            (&self.y_mean - h.matmul(&coef, &self.x_mean)?).eval()?
        } else {
            h.zeros([], coef.dtype())?
        };
        let coef = if self.is_vector {
            coef.get(ix![0])?
        } else {
            coef
        };
        let intercept = if self.is_vector {
            h.reshape(&intercept, [])?
        } else {
            intercept
        };
        Ok([
            host::send(&coef, xp, dtype)?,
            host::send(&intercept, xp, dtype)?,
        ])
    }
}

/// x with `a x = b`, by the Cholesky factor of `a (p, p)`, whose diagonal is 1. `None` if an element on the factor's diagonal is not above `least`: the smallest of these bounds the
/// condition from below.
///
/// # Errors
/// No room.
pub(super) fn by_cholesky(
    a: &HostMatrix,
    b: &HostMatrix,
    least: f64,
) -> Result<Option<HostMatrix>> {
    let xp = host();
    let linalg = xp.linalg();
    let Ok(factor) = linalg.cholesky(a, Triangle::Lower) else {
        return Ok(None);
    };
    let diagonal: Vec<f64> = linalg.diagonal(&factor, 0)?.to_vec()?;
    if !diagonal.iter().all(|d| *d > least) {
        return Ok(None);
    }
    let half = linalg.solve(&factor, b)?;
    linalg.solve(factor.T()?, half).map(Some)
}

/// `x coefᵀ + intercept`: `(n, p) → (n,)` or `(n, t)`.
///
/// # Errors
/// No room.
pub(super) fn predict<B: Backend>(
    coef: &Array<B>,
    intercept: &Array<B>,
    x: &Array<B>,
) -> Result<Array<B>> {
    let coef = if coef.ndim() == 2 {
        coef.T()?
    } else {
        coef.clone()
    };
    (x.namespace().matmul(x, coef)? + intercept).eval()
}
