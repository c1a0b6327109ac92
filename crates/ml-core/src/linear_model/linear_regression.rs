//! Ordinary least squares.

use array_api_ndarray::NdArray;
use array_api_spec::{Spread, Svd, SvdMode, ix};

use super::least_squares::{self, Problem, RegressionStatistics};
use crate::{HostMatrix, host, prelude::*, validation};

parameters! {
    /// Ordinary least squares: the coefficients that minimise `Σ w (y - x β - b)²`, those of least norm if there are many.
    ///
    /// Parameters, defaults, attributes and formulas are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.linear_model.LinearRegression.html).
    ///
    /// ```
    /// use ml_core::linear_model::LinearRegression;
    ///
    /// let cpu = array_api_compat::cpu();
    /// let x = cpu.asarray([[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 3.0]])?;
    /// let y = cpu.asarray([6.0, 8.0, 9.0, 11.0])?; // x₁ + 2 x₂ + 3
    /// let model = LinearRegression::default().fit(&x, &y)?;
    /// assert!((model.intercept_.item::<f64>()? - 3.0).abs() < 1e-12);
    /// assert!((model.score(&x, &y)? - 1.0).abs() < 1e-12);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub struct LinearRegression {
        /// Whether there is a constant b; without it the line goes through the origin.
        pub fit_intercept: bool = true,
        /// Singular values of the centred samples up to this share of the largest count as 0.
        pub tol: f64 = 1e-6,
        /// Whether coefficients must not be negative. `rank_` and `singular_` are those of the samples all the same.
        pub positive: bool = false,
    }
}

attributes! {
    /// What the fit of [`LinearRegression`] computes.
    pub struct LinearRegressionAttributes<B> {
        /// `(p,)`, or `(t, p)` for targets `(n, t)`: the coefficients.
        pub coef_: Array<B> as "p|tp",
        /// `()` or `(t,)`: the constant; `()` and 0 without `fit_intercept`.
        pub intercept_: Array<B> as "|t",
        /// How many singular values are not 0.
        pub rank_: usize,
        /// `(min(n, p),)`: the singular values of the centred, weighted samples, descending.
        pub singular_: Array<B> as "r",
    }
}

estimator! { supervised LinearRegression incremental { Predict } score r2 }

impl Estimator for LinearRegression {
    type Attributes<B: Backend> = LinearRegressionAttributes<B>;
    const SAMPLE_WEIGHT: bool = true;

    fn check(&self) -> Result<()> {
        validation::not_negative(Self::NAME, "tol", self.tol)
    }

    fn learn<B: Backend>(
        &self,
        data: &Data<B>,
        log: &mut Log<'_>,
    ) -> Result<LinearRegressionAttributes<B>> {
        let quick = RegressionStatistics::observe(data, Spread::Gram)?;
        let problem = quick.problem(data.n_features(), self.fit_intercept)?;
        match self.by_gram(&problem)? {
            Some(solved) => self.attributes(&problem, solved, &Place::of(data)),
            None => self.conclude(&self.statistics(data, log)?, &Place::of(data), log),
        }
    }
}

impl Incremental for LinearRegression {
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
    ) -> Result<LinearRegressionAttributes<B>> {
        let problem = seen.problem(place.n_features, self.fit_intercept)?;
        self.attributes(&problem, self.by_factor(&problem)?, place)
    }
}

/// Coefficients `(p, t)`, and the singular values of the samples.
struct Solved {
    beta: HostMatrix,
    rank: usize,
    singular: HostMatrix,
}

/// Smallest eigenvalue, as a share of the largest, at which a Gram matrix is as good as the samples: it loses about as many digits as this has, of 16.
const WELL_CONDITIONED: f64 = 1e-5;

impl LinearRegression {
    fn attributes<B: Backend>(
        &self,
        problem: &Problem,
        mut solved: Solved,
        place: &Place<B>,
    ) -> Result<LinearRegressionAttributes<B>> {
        if self.positive {
            solved.beta = problem.non_negative(&vec![0.0; problem.b.shape()[1]])?;
        }
        let [coef_, intercept_] = problem.solution(&solved.beta, &place.xp, place.dtype)?;
        Ok(LinearRegressionAttributes {
            coef_,
            intercept_,
            rank_: solved.rank,
            singular_: host::send(&solved.singular, &place.xp, place.dtype)?,
        })
    }

    /// From the Gram matrix: `AᵀA β = AᵀB`, each column of A scaled to length 1. `None` if too many digits would be lost, or the rank is in doubt.
    fn by_gram(&self, problem: &Problem) -> Result<Option<Solved>> {
        let (xp, a, b) = (host(), &problem.a, &problem.b);
        // The smallest eigenvalue as a share of the largest.
        let share = |values: &Array<_>| -> Result<f64> {
            let values: Vec<f64> = values.to_vec()?;
            let ends = values.first().zip(values.last());
            Ok(ends.map_or(0.0, |(least, most)| least / most))
        };
        let lengths = xp.sqrt(xp.linalg().diagonal(a, 0)?).eval()?;
        let column = xp.expand_dims(&lengths, 1)?;
        let scaled = (a / &lengths / &column).eval()?;
        let squares = xp.linalg().eigvalsh(a)?;
        let of_samples = share(&squares)?;
        // Scaling to a diagonal of 1 makes the share at most p times smaller (A. van der Sluis, 1969).
        let is_plain = of_samples > WELL_CONDITIONED * a.shape()[0] as f64;
        let is_good = of_samples > WELL_CONDITIONED
            && (is_plain || share(&xp.linalg().eigvalsh(&scaled)?)? > WELL_CONDITIONED);
        if !is_good {
            return Ok(None);
        }
        let beta = (xp.linalg().solve(&scaled, (b / &column).eval()?)? / column).eval()?;
        let singular = xp.sqrt(xp.flip(&squares, 0)?).eval()?;
        Ok(Some(Solved {
            beta,
            rank: a.shape()[0],
            singular,
        }))
    }

    /// From the factors: `β = V S⁻¹ Uᵀ F_y` with `F_x = U S Vᵀ`, singular values that count as 0 left out.
    fn by_factor(&self, problem: &Problem) -> Result<Solved> {
        let xp = host();
        let svd = xp.linalg().svd(&problem.a, SvdMode::Reduced)?;
        let values: Vec<f64> = svd.S.to_vec()?;
        let least = self.tol.max(f64::EPSILON * values.len() as f64)
            * values.first().copied().unwrap_or(0.0);
        let rank = values.iter().take_while(|&&s| s > least).count();
        let beta = if rank == problem.a.shape()[1] {
            // One solution: columns of length 1 keep the digits of those that are small.
            let lengths = xp.sqrt(xp.sum(xp.square(&problem.a), 0)?).eval()?;
            let scaled = xp.linalg().svd(&problem.a / &lengths, SvdMode::Reduced)?;
            (least_norm(&scaled, rank, &problem.b)? / xp.expand_dims(&lengths, 1)?).eval()?
        } else {
            least_norm(&svd, rank, &problem.b)?
        };
        // A factor may have more rows than the samples.
        let most = problem.rows.min(values.len()) as isize;
        Ok(Solved {
            beta,
            rank,
            singular: svd.S.get(ix![..most])?,
        })
    }
}

/// `V S⁻¹ Uᵀ b` from the `rank` largest singular values: `(p, t)`.
fn least_norm(svd: &Svd<NdArray>, rank: usize, b: &HostMatrix) -> Result<HostMatrix> {
    let (xp, kept) = (host(), rank as isize);
    let left = xp.matmul(svd.U.get(ix![.., ..kept])?.T()?, b)?;
    let inverse = xp.expand_dims(1.0 / svd.S.get(ix![..kept])?, 1)?;
    xp.matmul(svd.Vh.get(ix![..kept])?.T()?, (left * inverse).eval()?)
}

impl Predict for LinearRegression {
    fn predict<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        least_squares::predict(&model.coef_, &model.intercept_, x)
    }
}
