//! Linear discriminant analysis.
//!
//! Every class is taken as normal with a mean of its own and one covariance for all; Bayes' rule then gives a linear decision function.
//!
//! Source: <https://scikit-learn.org/1.9/modules/lda_qda.html>, and T. Hastie, R. Tibshirani, J. Friedman,
//! "The Elements of Statistical Learning" (2009), section 4.3.

mod covariance;
mod eigen;
mod fitted;
mod lsqr;
mod parts;
mod svd;

use array_api_spec::{Array, Backend, DType, Error, Namespace, Result, ix};

pub use self::fitted::FittedLinearDiscriminantAnalysis;
use crate::{Warning, labels::Labels, validation};

/// How [`LinearDiscriminantAnalysis`] is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Solver {
    /// By singular values of the samples about their class means; needs no covariance matrix, so it takes many features and collinear ones. The default.
    #[default]
    Svd,
    /// By least squares with the covariance matrix. Can be shrunk; has no `transform`.
    Lsqr,
    /// By eigenvectors of the scatter between classes relative to that within them. Can be shrunk; needs a positive definite covariance matrix.
    Eigen,
}

/// How far a covariance matrix is drawn towards a multiple of the identity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shrinkage {
    /// As far as Ledoit and Wolf's formula says, for each class.
    ///
    /// Source: O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices" (2004).
    Auto,
    /// By this share, from 0 to 1.
    Value(f64),
}

impl From<f64> for Shrinkage {
    fn from(value: f64) -> Self {
        Self::Value(value)
    }
}

/// A classifier with a linear boundary, and a projection onto the directions that separate the classes most.
///
/// Parameters, defaults, attributes and formulas are those of
/// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.discriminant_analysis.LinearDiscriminantAnalysis.html).
///
/// ```
/// use ml_core::{LinearDiscriminantAnalysis, Shrinkage, Solver};
///
/// let cpu = array_api_compat::cpu();
/// let x = cpu.asarray([[-1.0, -1.0], [-2.0, -1.0], [-3.0, -2.0], [1.0, 1.0], [2.0, 1.0], [3.0, 2.0]])?;
/// let y = cpu.asarray([1, 1, 1, 2, 2, 2])?;
/// let lda = LinearDiscriminantAnalysis::default().solver(Solver::Lsqr).shrinkage(Shrinkage::Auto).fit(&x, &y)?;
/// assert_eq!(lda.predict(&cpu.asarray([[-0.8, -1.0]])?)?.item::<i64>()?, 1);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LinearDiscriminantAnalysis {
    /// The way of computing.
    pub solver: Solver,
    /// Shrinkage of the covariance matrix, for the solvers `lsqr` and `eigen`.
    pub shrinkage: Option<Shrinkage>,
    /// The classes' probabilities, in the order of the classes. `None`: their shares of the samples.
    pub priors: Option<Vec<f64>>,
    /// How many components `transform` returns. `None`: as many as there can be, `min(K - 1, p)`.
    pub n_components: Option<usize>,
    /// Whether the solver `svd` also computes `covariance_`; the others always do.
    pub store_covariance: bool,
    /// Singular values up to this count as 0, in the solver `svd`. Absolute, for columns of variance 1.
    pub tol: f64,
}

impl Default for LinearDiscriminantAnalysis {
    fn default() -> Self {
        Self {
            solver: Solver::Svd,
            shrinkage: None,
            priors: None,
            n_components: None,
            store_covariance: false,
            tol: 1e-4,
        }
    }
}

impl LinearDiscriminantAnalysis {
    /// Sets [`solver`](Self#structfield.solver).
    #[must_use]
    pub fn solver(mut self, solver: Solver) -> Self {
        self.solver = solver;
        self
    }

    /// Sets [`shrinkage`](Self#structfield.shrinkage): a share, or [`Shrinkage::Auto`].
    #[must_use]
    pub fn shrinkage(mut self, shrinkage: impl Into<Shrinkage>) -> Self {
        self.shrinkage = Some(shrinkage.into());
        self
    }

    /// Sets [`priors`](Self#structfield.priors).
    #[must_use]
    pub fn priors(mut self, priors: impl Into<Vec<f64>>) -> Self {
        self.priors = Some(priors.into());
        self
    }

    /// Sets [`n_components`](Self#structfield.n_components).
    #[must_use]
    pub fn n_components(mut self, n_components: usize) -> Self {
        self.n_components = Some(n_components);
        self
    }

    /// Sets [`store_covariance`](Self#structfield.store_covariance).
    #[must_use]
    pub fn store_covariance(mut self, store_covariance: bool) -> Self {
        self.store_covariance = store_covariance;
        self
    }

    /// Sets [`tol`](Self#structfield.tol).
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// Fits the model to the samples `x (n, p)` and their labels `y (n,)`, on x's device.
    ///
    /// x is real floating-point; integers and `bool` become the device's default floating-point type. y is of integers, `bool`,
    /// or whole floating-point numbers.
    ///
    /// # Errors
    /// Parameters out of range or in conflict; shapes, dtypes or devices that do not fit; NaN or infinity in x; labels that
    /// are fractional; as many classes as samples; features that do not vary within any class (`svd`) or whose covariance is not
    /// positive definite (`eigen`).
    pub fn fit<B: Backend>(
        &self,
        x: &Array<B>,
        y: &Array<B>,
    ) -> Result<FittedLinearDiscriminantAnalysis<B>> {
        self.check()?;
        let x = &validation::samples("fit", x, 2)?;
        let xp = &x.namespace();
        let mut warnings = Vec::new();
        let labels = Labels::new("fit", x, y, &mut warnings)?;
        if labels.n_samples() == labels.n_classes() {
            let detail = format!(
                "y has {0} classes for {0} samples; there must be more samples than classes",
                labels.n_classes()
            );
            return Err(Error::value("fit", detail));
        }
        let priors = &self.resolve_priors(&labels, &mut warnings)?;
        let components = self.resolve_components(labels.n_classes(), x.shape()[1])?;

        let solved = match self.solver {
            Solver::Svd => svd::solve(self, x, &labels, priors, components),
            Solver::Lsqr => lsqr::solve(self.shrinkage, x, &labels, priors),
            Solver::Eigen => eigen::solve(self.shrinkage, x, &labels, priors, components),
        };
        let solved = solved.and_then(|solution| solution.astype(x.dtype()));
        let finite = match &solved {
            Ok(solution) => solution.is_finite(priors)?,
            Err(_) => false,
        };
        if !finite {
            validation::refuse_non_finite("fit", x)?;
        }
        let Solution {
            means,
            coef,
            intercept,
            xbar,
            scalings,
            explained_variance_ratio,
            covariance,
        } = solved?;
        if !finite {
            return Err(too_large(x.dtype()));
        }
        let (coef, intercept) = decision(coef, intercept)?;
        Ok(FittedLinearDiscriminantAnalysis {
            parameters: self.clone(),
            warnings,
            classes: labels.classes,
            priors: vector(xp, priors, x.dtype())?,
            means,
            coef,
            intercept,
            xbar,
            scalings,
            explained_variance_ratio,
            covariance,
        })
    }

    /// Checks what can be checked without data.
    fn check(&self) -> Result<()> {
        let error = |detail: String| Err(Error::value("LinearDiscriminantAnalysis", detail));
        match (self.solver, self.shrinkage) {
            (Solver::Svd, Some(_)) => {
                return error(
                    "the solver `svd` computes no covariance matrix and takes no shrinkage; use `lsqr` or `eigen`"
                        .to_owned(),
                );
            }
            (_, Some(Shrinkage::Value(s))) if !(0.0..=1.0).contains(&s) => {
                return error(format!("shrinkage = {s} must lie in [0, 1]"));
            }
            _ => {}
        }
        if let Some(priors) = &self.priors {
            if let Some(bad) = priors.iter().find(|p| !p.is_finite() || **p < 0.0) {
                return error(format!(
                    "the prior {bad} must be a probability: finite and not negative"
                ));
            }
            let sum: f64 = priors.iter().sum();
            if sum == 0.0 || sum.is_infinite() {
                return error(format!("the priors sum to {sum}; they must sum to 1"));
            }
        }
        if self.n_components == Some(0) {
            return error(
                "n_components = 0 must be at least 1; leave it out for as many as there can be"
                    .to_owned(),
            );
        }
        if !(self.tol >= 0.0 && self.tol.is_finite()) {
            return error(format!(
                "tol = {} must be finite and not negative",
                self.tol
            ));
        }
        Ok(())
    }

    /// The probability of each class.
    fn resolve_priors<B: Backend>(
        &self,
        labels: &Labels<B>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<f64>> {
        let Some(priors) = &self.priors else {
            let n = labels.n_samples() as f64;
            return Ok(labels
                .counts
                .iter()
                .map(|&count| count as f64 / n)
                .collect());
        };
        if priors.len() != labels.n_classes() {
            let detail = format!(
                "{} priors were given, and y has {} classes; give one for each",
                priors.len(),
                labels.n_classes()
            );
            return Err(Error::value("fit", detail));
        }
        let sum: f64 = priors.iter().sum();
        if (sum - 1.0).abs() <= 1e-5 {
            return Ok(priors.clone());
        }
        warnings.push(Warning::PriorsRenormalized { sum });
        Ok(priors.iter().map(|p| p / sum).collect())
    }

    /// How many components `transform` returns at most.
    fn resolve_components(&self, n_classes: usize, n_features: usize) -> Result<usize> {
        let most = n_features.min(n_classes - 1);
        match self.n_components {
            Some(n) if n > most => Err(Error::value(
                "fit",
                format!(
                    "n_components = {n} cannot exceed {most}, the lesser of {n_features} features and {n_classes} classes minus 1"
                ),
            )),
            other => Ok(other.unwrap_or(most)),
        }
    }
}

/// What a solver finds, class by class.
struct Solution<B: Backend> {
    /// `(K, p)`.
    means: Array<B>,
    /// `(K, p)`.
    coef: Array<B>,
    /// `(K,)`.
    intercept: Array<B>,
    /// `(p,)`.
    xbar: Option<Array<B>>,
    /// `(p, r)`.
    scalings: Option<Array<B>>,
    /// `(components,)`.
    explained_variance_ratio: Option<Array<B>>,
    /// `(p, p)`.
    covariance: Option<Array<B>>,
}

impl<B: Backend> Solution<B> {
    fn astype(self, dtype: DType) -> Result<Self> {
        let cast = |x: Array<B>| x.namespace().astype(&x, dtype).eval();
        let cast_some = |x: Option<Array<B>>| x.map(cast).transpose();
        Ok(Self {
            means: cast(self.means)?,
            coef: cast(self.coef)?,
            intercept: cast(self.intercept)?,
            xbar: cast_some(self.xbar)?,
            scalings: cast_some(self.scalings)?,
            explained_variance_ratio: cast_some(self.explained_variance_ratio)?,
            covariance: cast_some(self.covariance)?,
        })
    }

    /// Whether all is finite but for the intercepts of impossible classes, which are -∞.
    fn is_finite(&self, priors: &[f64]) -> Result<bool> {
        let xp = self.means.namespace();
        let possible: Vec<bool> = priors.iter().map(|&prior| prior != 0.0).collect();
        let intercept = xp
            .where_(xp.asarray(possible)?, &self.intercept, 0.0)
            .eval()?;
        let optional = [
            &self.xbar,
            &self.scalings,
            &self.explained_variance_ratio,
            &self.covariance,
        ];
        let arrays: Vec<&Array<B>> = [&self.means, &self.coef, &intercept]
            .into_iter()
            .chain(optional.into_iter().flatten())
            .collect();
        xp.all_finite(&arrays)
    }
}

/// The share of each of the first directions in the sum of all their variances; 0 if there is none, because the class means coincide.
fn explained_variance_ratio<B: Backend>(
    xp: &Namespace<B>,
    variances: &[f64],
    components: usize,
    dtype: DType,
) -> Result<Array<B>> {
    let total: f64 = variances.iter().sum();
    let ratio = |v: &f64| if total == 0.0 { 0.0 } else { v / total };
    vector(
        xp,
        &variances
            .iter()
            .map(ratio)
            .take(components)
            .collect::<Vec<_>>(),
        dtype,
    )
}

fn too_large(dtype: DType) -> Error {
    Error::value(
        "fit",
        format!("the values of x are too large for sums of their squares in {dtype}; scale them"),
    )
}

/// Two classes need one decision function, the difference of theirs: `(2, p), (2,) → (1, p), (1,)`.
fn decision<B: Backend>(coef: Array<B>, intercept: Array<B>) -> Result<(Array<B>, Array<B>)> {
    if coef.shape()[0] != 2 {
        return Ok((coef, intercept));
    }
    let difference = |x: Array<B>| (x.get(ix![1..2])? - x.get(ix![0..1])?).eval();
    Ok((difference(coef)?, difference(intercept)?))
}

/// Values of the host as a vector of `dtype`.
fn vector<B: Backend>(xp: &Namespace<B>, values: &[f64], dtype: DType) -> Result<Array<B>> {
    xp.asarray_as(values, dtype)
}
