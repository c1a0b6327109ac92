//! Least squares with a penalty on the size of the coefficients.

use array_api_spec::{Spread, SvdMode, ix};
use serde::{Deserialize, Serialize};

use super::least_squares::{self, Problem, RegressionStatistics};
use crate::{HostMatrix, host, parameter_by_serde, prelude::*, validation::not_negative};

/// How [`Ridge`] is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RidgeSolver {
    /// By `cholesky`, or by `lbfgs` for coefficients that must not be negative.
    Auto,
    /// By singular values of the samples: the most exact way.
    Svd,
    /// By the Cholesky factor of the penalised Gram matrix: the fastest way. Where it is not positive definite, by `svd`.
    Cholesky,
    /// With [`positive`](Ridge#structfield.positive) only, for which `auto` takes it, too. The least is found exactly, where scikit-learn searches it by L-BFGS.
    Lbfgs,
}

/// The strength of the penalty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "it is a number or a list of numbers, one for each target"
)]
pub enum Alpha {
    /// The same for all targets.
    Same(f64),
    /// One for each target.
    Each(Vec<f64>),
}

parameter_by_serde!(RidgeSolver, Alpha);

impl IntoParameter<Alpha> for f64 {
    fn into_parameter(self) -> Alpha {
        Alpha::Same(self)
    }
}

impl<const N: usize> IntoParameter<Alpha> for [f64; N] {
    fn into_parameter(self) -> Alpha {
        Alpha::Each(self.into())
    }
}

parameters! {
    /// Least squares with a penalty: the coefficients that minimise `Σ w (y - x β - b)² + alpha |β|²`. The constant b is not penalised.
    ///
    /// Parameters, defaults, attributes and formulas are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.linear_model.Ridge.html).
    /// With `alpha = 0` and columns that depend on others, the solution of least norm is taken, as [`LinearRegression`](super::LinearRegression) does;
    /// scikit-learn then gives coefficients of rounding errors.
    ///
    /// ```
    /// use ml_core::linear_model::Ridge;
    ///
    /// let cpu = array_api_compat::cpu();
    /// let x = cpu.asarray([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])?;
    /// let y = cpu.asarray([0.0, 0.1, 1.0])?;
    /// let model = Ridge::default().alpha(0.5).fit(&x, &y)?;
    /// assert!((model.coef_.to_vec::<f64>()?[0] - 0.345_454_545).abs() < 1e-8);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub struct Ridge {
        /// The strength of the penalty, not negative; one for all targets, or one for each.
        pub alpha: Alpha = Alpha::Same(1.0),
        /// Whether there is a constant b; without it the line goes through the origin.
        pub fit_intercept: bool = true,
        /// The way of computing.
        pub solver: RidgeSolver = RidgeSolver::Auto,
        /// Whether coefficients must not be negative.
        pub positive: bool = false,
    }
}

attributes! {
    /// What the fit of [`Ridge`] computes.
    pub struct RidgeAttributes<B> {
        /// `(p,)`, or `(t, p)` for several targets `(n, t)`: the coefficients.
        pub coef_: Array<B> as "p|tp",
        /// `()` or `(t,)`: the constant; `()` and 0 without `fit_intercept`.
        pub intercept_: Array<B> as "|t",
        /// The solver that was used in the end: `cholesky`, `svd` or `lbfgs`.
        pub solver_: String,
    }
}

estimator! { supervised Ridge incremental { Predict } score r2 }

impl Estimator for Ridge {
    type Attributes<B: Backend> = RidgeAttributes<B>;
    const SAMPLE_WEIGHT: bool = true;

    fn check(&self) -> Result<()> {
        let needs_lbfgs = self.positive && self.solver != RidgeSolver::Auto;
        if needs_lbfgs != (self.solver == RidgeSolver::Lbfgs) {
            let detail = "the solver `lbfgs` is the one for positive = true, and for nothing else";
            return Err(Error::value(Self::NAME, detail));
        }
        let alphas = match &self.alpha {
            Alpha::Same(alpha) => std::slice::from_ref(alpha),
            Alpha::Each(alphas) => alphas,
        };
        alphas
            .iter()
            .try_for_each(|alpha| not_negative(Self::NAME, "alpha", *alpha))
    }

    fn learn<B: Backend>(&self, data: &Data<B>, log: &mut Log<'_>) -> Result<RidgeAttributes<B>> {
        let place = Place::of(data);
        // With fewer samples than features, a factor is smaller than a Gram matrix.
        if self.solver != RidgeSolver::Svd && data.n_samples() > data.n_features() {
            let seen = RegressionStatistics::observe(data, Spread::Gram)?;
            let problem = seen.problem(place.n_features, self.fit_intercept)?;
            if let Some(solved) = self.by_gram(&problem)? {
                return attributes(&problem, solved, &place);
            }
        }
        self.conclude(&self.statistics(data, log)?, &place, log)
    }
}

impl Incremental for Ridge {
    type Statistics = RegressionStatistics;

    /// A factor, which loses no direction: whether a Gram matrix were good enough is known at the end only.
    fn statistics<B: Backend>(
        &self,
        data: &Data<B>,
        _: &mut Log<'_>,
    ) -> Result<RegressionStatistics> {
        RegressionStatistics::observe(data, Spread::Factor)
    }

    fn conclude<B: Backend>(
        &self,
        seen: &RegressionStatistics,
        place: &Place<B>,
        _: &mut Log<'_>,
    ) -> Result<RidgeAttributes<B>> {
        let problem = seen.problem(place.n_features, self.fit_intercept)?;
        let solved = match self.by_signs(&problem)? {
            Some(solved) => solved,
            None => ("svd", self.by_svd(&problem)?),
        };
        attributes(&problem, solved, place)
    }
}

/// The name of the solver that was used, and the coefficients.
type Solved = (&'static str, HostMatrix);

fn attributes<B: Backend>(
    problem: &Problem,
    (solver, beta): Solved,
    place: &Place<B>,
) -> Result<RidgeAttributes<B>> {
    let [coef, intercept_] = problem.solution(&beta, &place.xp, place.dtype)?;
    // The coefficients of one target are a vector, even if y was a column.
    let coef_ = match coef.shape() {
        [1, p] => place.xp.reshape(&coef, [*p])?,
        _ => coef,
    };
    Ok(RidgeAttributes {
        coef_,
        intercept_,
        solver_: solver.to_owned(),
    })
}

impl Ridge {
    /// The penalty of each target: `(t,)`.
    fn alphas(&self, targets: usize) -> Result<Vec<f64>> {
        match &self.alpha {
            Alpha::Same(alpha) => Ok(vec![*alpha; targets]),
            Alpha::Each(alphas) if alphas.len() == targets => Ok(alphas.clone()),
            Alpha::Each(alphas) => {
                let detail = format!(
                    "{} penalties were given for {targets} targets; give one, or one for each",
                    alphas.len()
                );
                Err(Error::value(Self::NAME, detail))
            }
        }
    }

    /// From the Gram matrix; `None` if it is too coarse.
    fn by_gram(&self, problem: &Problem) -> Result<Option<Solved>> {
        if let Some(solved) = self.by_signs(problem)? {
            return Ok(Some(solved));
        }
        let found = self.by_cholesky(problem)?;
        Ok(found.map(|beta| ("cholesky", beta)))
    }

    /// Coefficients that are not negative, if these are asked for.
    fn by_signs(&self, problem: &Problem) -> Result<Option<Solved>> {
        let alphas = self.alphas(problem.b.shape()[1])?;
        let found = self.positive.then(|| problem.non_negative(&alphas));
        Ok(found.transpose()?.map(|beta| ("lbfgs", beta)))
    }

    /// `(AᵀA + alpha I) β = AᵀB`, rows and columns scaled so that the diagonal is 1. `None` if more than half of the digits would be lost.
    fn by_cholesky(&self, problem: &Problem) -> Result<Option<HostMatrix>> {
        let xp = host();
        let (p, t) = (problem.a.shape()[0], problem.b.shape()[1]);
        let mut columns = Vec::with_capacity(t);
        for (target, alpha) in (0_isize..).zip(self.alphas(t)?) {
            let penalised = (&problem.a + xp.eye(p, p, 0, problem.a.dtype())? * alpha).eval()?;
            let lengths = xp.sqrt(xp.linalg().diagonal(&penalised, 0)?).eval()?;
            let column = xp.expand_dims(&lengths, 1)?;
            let scaled = (penalised / &lengths / &column).eval()?;
            let right = (problem.b.get(ix![.., target..target + 1])? / &column).eval()?;
            let Some(beta) = least_squares::by_cholesky(&scaled, &right, DIGITS)? else {
                return Ok(None);
            };
            columns.push((beta / column).eval()?);
        }
        xp.concat(&columns.iter().collect::<Vec<_>>(), Some(1))
            .map(Some)
    }

    /// `β = V (S / (S² + alpha)) Uᵀ F_y` with `F_x = U S Vᵀ`; singular values that are rounding errors count as 0.
    fn by_svd(&self, problem: &Problem) -> Result<HostMatrix> {
        let xp = host();
        let svd = xp.linalg().svd(&problem.a, SvdMode::Reduced)?;
        let values: Vec<f64> = svd.S.to_vec()?;
        let alphas = self.alphas(problem.b.shape()[1])?;
        let least = f64::EPSILON
            * problem.a.shape()[0].max(values.len()) as f64
            * values.first().copied().unwrap_or(0.0);
        let shrink = |s: f64, alpha: f64| if s > least { s / (s * s + alpha) } else { 0.0 };
        let shrinks = values
            .iter()
            .flat_map(|&s| alphas.iter().map(move |&alpha| shrink(s, alpha)));
        let shrinks = xp.asarray((shrinks.collect::<Vec<f64>>(), [values.len(), alphas.len()]))?;
        let left = (xp.matmul(svd.U.T()?, &problem.b)? * shrinks).eval()?;
        xp.matmul(svd.Vh.T()?, left)
    }
}

/// The least element on the diagonal of a Cholesky factor of a matrix whose own diagonal is 1, at which enough digits are left.
const DIGITS: f64 = 1e-3;

impl Predict for Ridge {
    fn predict<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        least_squares::predict(&model.coef_, &model.intercept_, x)
    }
}
