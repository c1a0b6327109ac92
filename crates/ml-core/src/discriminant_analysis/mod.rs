//! Linear discriminant analysis.
//!
//! Every class is taken as normal with a mean of its own and one covariance for all; Bayes' rule then gives a linear decision function.
//!
//! Source: <https://scikit-learn.org/1.9/modules/lda_qda.html>, and T. Hastie, R. Tibshirani, J. Friedman,
//! "The Elements of Statistical Learning" (2009), section 4.3.

mod covariance;
mod eigen;
mod format_1;
mod lsqr;
mod svd;

use array_api_spec::{Array, Backend, DType, Error, Namespace, Result, finfo, ix};
use serde::{Deserialize, Serialize};

pub(crate) use self::format_1::parts_of_format_1;
use crate::{
    Data, DecisionFunction, Estimator, Fitted, IntoParameter, Log, Parameters, Predict,
    PredictLogProba, PredictProba, Transform, Warning, attributes, classifier, estimator,
    labels::Labels, parameter_by_serde, parameters,
};

/// How [`LinearDiscriminantAnalysis`] is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    expecting = "it is `auto` or a number from 0 to 1"
)]
pub enum Shrinkage {
    /// As far as Ledoit and Wolf's formula says, for each class.
    ///
    /// Source: O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices" (2004).
    Auto,
    /// By this share, from 0 to 1.
    #[serde(untagged)]
    Value(f64),
}

parameter_by_serde!(Solver, Shrinkage);

impl From<f64> for Shrinkage {
    fn from(value: f64) -> Self {
        Self::Value(value)
    }
}

impl IntoParameter<Option<Shrinkage>> for f64 {
    fn into_parameter(self) -> Option<Shrinkage> {
        Some(self.into())
    }
}

parameters! {
    /// A classifier with a linear boundary, and a projection onto the directions that separate the classes most.
    ///
    /// Parameters, defaults, attributes and formulas are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.discriminant_analysis.LinearDiscriminantAnalysis.html).
    /// y is of integers, `bool`, or whole floating-point numbers.
    ///
    /// A fit is refused for as many classes as samples, for features that do not vary within any class (`svd`), and for a covariance
    /// that is not positive definite (`eigen`).
    ///
    /// ```
    /// use ml_core::{LinearDiscriminantAnalysis, Shrinkage, Solver};
    ///
    /// let cpu = array_api_compat::cpu();
    /// let x = cpu.asarray([[-1.0, -1.0], [-2.0, -1.0], [-3.0, -2.0], [1.0, 1.0], [2.0, 1.0], [3.0, 2.0]])?;
    /// let y = cpu.asarray([1, 1, 1, 2, 2, 2])?;
    /// let lda = LinearDiscriminantAnalysis::default().solver(Solver::Lsqr).shrinkage(Shrinkage::Auto).fit(&x, &y)?;
    /// assert_eq!(lda.predict(&cpu.asarray([[-0.8, -1.0]])?)?.item::<i64>()?, 1);
    /// assert_eq!(lda.means_.to_vec::<f64>()?[0], -2.0);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub struct LinearDiscriminantAnalysis {
        /// The way of computing.
        pub solver: Solver = Solver::Svd,
        /// Shrinkage of the covariance matrix, for the solvers `lsqr` and `eigen`: a share, or [`Shrinkage::Auto`].
        pub shrinkage: Option<Shrinkage> = None,
        /// The classes' probabilities, in the order of the classes. `None`: their shares of the samples.
        pub priors: Option<Vec<f64>> = None,
        /// How many components `transform` returns. `None`: as many as there can be, `min(K - 1, p)`.
        pub n_components: Option<usize> = None,
        /// Whether the solver `svd` also computes `covariance_`; the others always do.
        pub store_covariance: bool = false,
        /// Singular values up to this count as 0, in the solver `svd`. Absolute, for columns of variance 1.
        pub tol: f64 = 1e-4,
    }
}

/// What the fit of [`LinearDiscriminantAnalysis`] computes. K is the number of classes, p that of features.
#[derive(Clone)]
pub struct LinearDiscriminantAnalysisAttributes<B: Backend> {
    /// `(K,)`: the classes, ascending, in y's dtype.
    pub classes_: Array<B>,
    /// `(K,)`: the probability of each class.
    pub priors_: Array<B>,
    /// `(K, p)`: the mean of each class.
    pub means_: Array<B>,
    /// `(p,)`: the mean of the samples as far as the priors say; from the solver `svd`.
    pub xbar_: Option<Array<B>>,
    /// `(K, p)`; `(1, p)` for two classes: the coefficients of the decision function.
    pub coef_: Array<B>,
    /// `(K,)`; `(1,)` for two classes: its constants. -∞ for a class whose prior is 0.
    pub intercept_: Array<B>,
    /// `(p, rank)`: the directions that separate the classes, in the order of their importance; from the solvers `svd` and `eigen`.
    pub scalings_: Option<Array<B>>,
    /// `(n_components,)`: the share of each direction in the variance between classes; from the solvers `svd` and `eigen`.
    pub explained_variance_ratio_: Option<Array<B>>,
    /// `(p, p)`: the covariance within classes; from `lsqr` and `eigen`, from `svd` if `store_covariance` asks for it.
    pub covariance_: Option<Array<B>>,
}

attributes!(LinearDiscriminantAnalysisAttributes {
    classes_: "K" Labels,
    priors_: "K",
    means_: "Kp",
    xbar_: "p",
    coef_: "fp",
    intercept_: "f" Infinite,
    scalings_: "pr",
    explained_variance_ratio_: "c",
    covariance_: "pp",
});

estimator! { supervised LinearDiscriminantAnalysis { Predict, PredictProba, PredictLogProba, DecisionFunction, Transform } score accuracy }

/// What [`LinearDiscriminantAnalysis::fit`] returns.
pub type FittedLinearDiscriminantAnalysis<B> = Fitted<LinearDiscriminantAnalysis, B>;

impl Estimator for LinearDiscriminantAnalysis {
    type Attributes<B: Backend> = LinearDiscriminantAnalysisAttributes<B>;
    const MIN_SAMPLES: usize = 2;
    const CHECKS_SAMPLES: bool = true;

    fn learn<B: Backend>(
        &self,
        data: &Data<B>,
        log: &mut Log<'_>,
    ) -> Result<LinearDiscriminantAnalysisAttributes<B>> {
        let x = &data.x;
        let labels = data.labels(log)?;
        if labels.n_samples() == labels.n_classes() {
            let detail = format!(
                "y has {0} classes for {0} samples; there must be more samples than classes",
                labels.n_classes()
            );
            return Err(Error::value("fit", detail));
        }
        let priors = &self.resolve_priors(&labels, &mut log.warnings)?;
        let components = self.resolve_components(labels.n_classes(), x.shape()[1])?;
        let solved = match self.solver {
            Solver::Svd => svd::solve(self, x, &labels, priors, components),
            Solver::Lsqr => lsqr::solve(self.shrinkage, x, &labels, priors),
            Solver::Eigen => eigen::solve(self.shrinkage, x, &labels, priors, components),
        }?
        .astype(x.dtype())?;
        let intercept = marked(&solved.intercept, priors)?;
        let (coef_, intercept_) = decision(solved.coef, intercept)?;
        Ok(LinearDiscriminantAnalysisAttributes {
            classes_: labels.classes,
            priors_: vector(&x.namespace(), priors, x.dtype())?,
            means_: solved.means,
            xbar_: solved.xbar,
            coef_,
            intercept_,
            scalings_: solved.scalings,
            explained_variance_ratio_: solved.explained_variance_ratio,
            covariance_: solved.covariance,
        })
    }

    fn check(&self) -> Result<()> {
        let error = |detail: String| Err(Error::value(Self::NAME, detail));
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

    fn validate<B: Backend>(&self, a: &LinearDiscriminantAnalysisAttributes<B>) -> Result<()> {
        let refused = |detail: String| Err(Error::value(Self::NAME, detail));
        let (k, p) = (a.classes_.size(), a.means_.shape()[1]);
        if k == 0 {
            return refused("a model needs a class".to_owned());
        }
        let components = self.resolve_components(k, p)?;
        let functions = if k == 2 { 1 } else { k };
        if a.intercept_.size() != functions {
            return refused(format!(
                "intercept_ has {} elements; {k} classes need {functions}",
                a.intercept_.size()
            ));
        }
        let present = [
            ("xbar_", &a.xbar_, self.solver == Solver::Svd),
            ("scalings_", &a.scalings_, self.solver != Solver::Lsqr),
            (
                "explained_variance_ratio_",
                &a.explained_variance_ratio_,
                self.solver != Solver::Lsqr,
            ),
            (
                "covariance_",
                &a.covariance_,
                self.solver != Solver::Svd || self.store_covariance,
            ),
        ];
        for (name, array, expected) in present {
            if array.is_some() != expected {
                let what = if expected {
                    "is missing"
                } else {
                    "is there, and the solver does not compute it"
                };
                return refused(format!("the array {name:?} {what}"));
            }
        }
        let ratios = a
            .explained_variance_ratio_
            .as_ref()
            .map_or(components, Array::size);
        let rank = a
            .scalings_
            .as_ref()
            .map_or(0, |scalings| scalings.shape()[1]);
        let most = if self.solver == Solver::Eigen {
            p
        } else {
            p.min(k)
        };
        if ratios != components || rank > most {
            return refused(format!(
                "{rank} directions with {ratios} ratios do not fit {k} classes, {p} features and {components} components"
            ));
        }
        Ok(())
    }
}

impl LinearDiscriminantAnalysis {
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

/// The constants with NaN, which no model may hold, for those that are not finite. The constant of an impossible class is -∞.
fn marked<B: Backend>(intercept: &Array<B>, priors: &[f64]) -> Result<Array<B>> {
    let xp = intercept.namespace();
    let impossible: Vec<bool> = priors.iter().map(|&prior| prior == 0.0).collect();
    let good = xp.isfinite(intercept) | xp.asarray(impossible)?;
    xp.where_(good, intercept, f64::NAN).eval()
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

/// `x coefᵀ + intercept`: `(n, p) → (n, K)`, or `(n, 1)` for two classes.
fn scores<B: Backend>(
    function: &'static str,
    model: &FittedLinearDiscriminantAnalysis<B>,
    x: &Array<B>,
) -> Result<Array<B>> {
    let scores = classifier::linear_scores(x, &model.coef_, &model.intercept_)?;
    model.checked(function, x, scores)
}

impl DecisionFunction for LinearDiscriminantAnalysis {
    fn decision_function<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        classifier::decision_function(scores("decision_function", model, x)?)
    }
}

impl Predict for LinearDiscriminantAnalysis {
    fn predict<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        classifier::predict(&model.classes_, &scores("predict", model, x)?)
    }
}

impl PredictProba for LinearDiscriminantAnalysis {
    fn predict_proba<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        classifier::softmax(model.classes_.size(), &scores("predict_proba", model, x)?)
    }
}

impl PredictLogProba for LinearDiscriminantAnalysis {
    /// The log of a probability of 0 is taken as that of the smallest normal number, as scikit-learn does.
    fn predict_log_proba<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let p = classifier::softmax(
            model.classes_.size(),
            &scores("predict_log_proba", model, x)?,
        )?;
        let xp = p.namespace();
        let tiny = finfo(p.dtype())?.smallest_normal;
        xp.log(xp.where_(xp.equal(&p, 0.0), tiny, &p)).eval()
    }
}

impl Transform for LinearDiscriminantAnalysis {
    /// `(x - xbar) scalings`, the first `n_components` columns.
    fn transform<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let (Some(scalings), Some(ratios)) = (&model.scalings_, &model.explained_variance_ratio_)
        else {
            let detail =
                "the solver `lsqr` finds no directions to project on; fit with `svd` or `eigen`";
            return Err(Error::value("transform", detail));
        };
        let xp = x.namespace();
        let used = ratios.size().min(scalings.shape()[1]);
        let scalings = scalings.get(ix![.., ..used])?;
        let projected = match &model.xbar_ {
            Some(xbar) => xp.matmul(x - xbar, scalings)?,
            None => xp.matmul(x, scalings)?,
        };
        model.checked("transform", x, projected)
    }
}
