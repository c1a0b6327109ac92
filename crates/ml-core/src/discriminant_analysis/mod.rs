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
mod shrunk;
mod svd;

use array_api_host::moments::Spectrum;
use array_api_spec::{DType, Moments, Spread, finfo, ix};
use serde::{Deserialize, Serialize};

use self::covariance::Within;
pub(crate) use self::format_1::parts_of_format_1;
use crate::{
    HostMatrix, Warning,
    class_moments::{self, ClassMoments},
    classifier::{self, linear_classifier},
    host,
    labels::Labels,
    parameter_by_serde,
    prelude::*,
    validation,
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

attributes! {
    /// What the fit of [`LinearDiscriminantAnalysis`] computes. K is the number of classes, p that of features.
    pub struct LinearDiscriminantAnalysisAttributes<B> {
        /// `(K,)`: the classes, ascending, in y's dtype.
        pub classes_: Array<B> as "K" Labels,
        /// `(K,)`: the probability of each class.
        pub priors_: Array<B> as "K",
        /// `(K, p)`: the mean of each class.
        pub means_: Array<B> as "Kp",
        /// `(p,)`: the mean of the samples as far as the priors say; from the solver `svd`.
        pub xbar_: Option<Array<B>> as "p",
        /// `(K, p)`; `(1, p)` for two classes: the coefficients of the decision function.
        pub coef_: Array<B> as "fp",
        /// `(K,)`; `(1,)` for two classes: its constants. -∞ for a class whose prior is 0.
        pub intercept_: Array<B> as "f" Infinite,
        /// `(p, rank)`: the directions that separate the classes, in the order of their importance; from the solvers `svd` and `eigen`.
        pub scalings_: Option<Array<B>> as "pr",
        /// `(n_components,)`: the share of each direction in the variance between classes; from the solvers `svd` and `eigen`.
        pub explained_variance_ratio_: Option<Array<B>> as "c",
        /// `(p, p)`: the covariance within classes; from `lsqr` and `eigen`, from `svd` if `store_covariance` asks for it.
        pub covariance_: Option<Array<B>> as "pp",
    }
}

estimator! { supervised LinearDiscriminantAnalysis incremental { Predict, PredictProba, PredictLogProba, DecisionFunction, Transform } score accuracy }

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
        let (labels, place) = (data.labels(log)?, Place::of(data));
        let counts: Vec<f64> = labels.counts.iter().map(|&n| n as f64).collect();
        let asked = self.ask(&counts, place.n_features, log)?;
        let solved = if self.shrinkage == Some(Shrinkage::Auto) {
            let needs_total = self.solver == Solver::Eigen;
            let (within, total) = shrunk::covariances(data, &labels, &asked.priors, needs_total)?;
            Self::by_covariance(&within, total, &asked)?
        } else {
            let (moments, spectrum) = self.moments(data, &labels)?;
            self.solve(&moments, spectrum, &asked, place.dtype)?
        };
        attributes(labels.classes, &asked.priors, solved, &place)
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
        validation::not_negative(Self::NAME, "tol", self.tol)
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

impl Incremental for LinearDiscriminantAnalysis {
    type Statistics = ClassMoments;

    fn statistics<B: Backend>(&self, data: &Data<B>, log: &mut Log<'_>) -> Result<ClassMoments> {
        if self.shrinkage == Some(Shrinkage::Auto) {
            let detail = "shrinkage = auto depends on fourth powers of the samples, which are not kept; give a number from 0 to 1, or fit all samples at once";
            return Err(Error::value("observe", detail));
        }
        ClassMoments::observe(data, &data.labels(log)?, self.is_by_class(), self.spread())
    }

    fn conclude<B: Backend>(
        &self,
        seen: &ClassMoments,
        place: &Place<B>,
        log: &mut Log<'_>,
    ) -> Result<LinearDiscriminantAnalysisAttributes<B>> {
        let asked = self.ask(seen.counts(), place.n_features, log)?;
        if self.is_by_class() && seen.moments.pooled && asked.priors.len() > 1 {
            let detail = "the statistics hold one scatter of all classes together; with these priors, that of each class is needed";
            return Err(Error::value("conclude", detail));
        }
        let spectrum = self.spectrum(&seen.moments, place.dtype)?;
        let solved = self.solve(&seen.moments, spectrum, &asked, place.dtype)?;
        attributes(seen.classes.send(&place.xp)?, &asked.priors, solved, place)
    }
}

/// What a fit is asked for.
struct Asked {
    /// `(K,)`: the probability of each class.
    priors: Vec<f64>,
    /// How many components `transform` returns at most.
    components: usize,
}

impl LinearDiscriminantAnalysis {
    /// # Errors
    /// As many classes as samples; priors or a number of components that do not fit.
    fn ask(&self, counts: &[f64], n_features: usize, log: &mut Log<'_>) -> Result<Asked> {
        let (n, k) = (counts.iter().sum::<f64>(), counts.len());
        if n <= k as f64 {
            let detail = format!(
                "y has {k} classes for {n} samples; there must be more samples than classes"
            );
            return Err(Error::value("fit", detail));
        }
        Ok(Asked {
            priors: self.resolve_priors(counts, &mut log.warnings)?,
            components: self.resolve_components(k, n_features)?,
        })
    }

    /// Whether the scatter of each class is needed: where priors give it another weight than its samples do.
    const fn is_by_class(&self) -> bool {
        self.priors.is_some() && (self.store_covariance || !matches!(self.solver, Solver::Svd))
    }

    /// Singular values below √ε of the largest need a factor, which the solver `svd` decides by; a covariance matrix has lost them.
    const fn spread(&self) -> Spread {
        match self.solver {
            Solver::Svd => Spread::Factor,
            Solver::Lsqr | Solver::Eigen => Spread::Gram,
        }
    }

    /// The moments that a solver needs. A Gram matrix takes one pass over the rows; where it is too coarse for `svd`, or larger than x, it is a factor.
    fn moments<B: Backend>(
        &self,
        data: &Data<B>,
        labels: &Labels<B>,
    ) -> Result<(Moments, Option<Spectrum>)> {
        let (each, dtype) = (self.is_by_class(), data.x.dtype());
        if self.solver == Solver::Svd && data.n_samples() >= data.n_features() {
            let quick = class_moments::moments(data, labels, each, Spread::Gram)?;
            let spectrum = self.spectrum(&quick, dtype)?;
            if spectrum.is_some() {
                return Ok((quick, spectrum));
            }
        }
        let moments = class_moments::moments(data, labels, each, self.spread())?;
        let spectrum = self.spectrum(&moments, dtype)?;
        Ok((moments, spectrum))
    }

    /// What the solver `svd` needs of moments; `None` for the others, and for a Gram matrix that is too coarse.
    fn spectrum(&self, moments: &Moments, dtype: DType) -> Result<Option<Spectrum>> {
        match self.solver {
            Solver::Svd => svd::spectrum(moments, dtype, self.tol),
            Solver::Lsqr | Solver::Eigen => Ok(None),
        }
    }

    fn solve(
        &self,
        moments: &Moments,
        spectrum: Option<Spectrum>,
        asked: &Asked,
        dtype: DType,
    ) -> Result<Solution> {
        let within = || Within::new(moments, &asked.priors, self.shrinkage);
        if self.solver != Solver::Svd {
            let total = (self.solver == Solver::Eigen)
                .then(|| covariance::total(moments, self.shrinkage))
                .transpose()?;
            return Self::by_covariance(&within()?, total, asked);
        }
        let Some(spectrum) = spectrum else {
            let detail = "the statistics hold a Gram matrix that is too coarse for the solver `svd`; it needs a factor";
            return Err(Error::value("conclude", detail));
        };
        let solution = svd::solve(
            &moments.means,
            moments.rows,
            &spectrum,
            asked,
            self.tol,
            dtype,
        )?;
        Ok(Solution {
            covariance: self
                .store_covariance
                .then(|| within().map(|within| within.covariance))
                .transpose()?,
            ..solution
        })
    }

    /// The solver `eigen`, for which there is the covariance of all samples, or `lsqr`.
    fn by_covariance(
        within: &Within,
        total: Option<HostMatrix>,
        asked: &Asked,
    ) -> Result<Solution> {
        match total {
            Some(total) => eigen::solve(within, &total, asked),
            None => lsqr::solve(within, asked),
        }
    }

    /// The probability of each class.
    fn resolve_priors(&self, counts: &[f64], warnings: &mut Vec<Warning>) -> Result<Vec<f64>> {
        let Some(priors) = &self.priors else {
            let n: f64 = counts.iter().sum();
            return Ok(counts.iter().map(|count| count / n).collect());
        };
        if priors.len() != counts.len() {
            let detail = format!(
                "{} priors were given, and y has {} classes; give one for each",
                priors.len(),
                counts.len()
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

/// What a solver finds, class by class, in `float64` on the host.
struct Solution {
    /// `(K, p)`.
    means: HostMatrix,
    /// `(K, p)`.
    coef: HostMatrix,
    /// `(K,)`.
    intercept: HostMatrix,
    /// `(p,)`.
    xbar: Option<HostMatrix>,
    /// `(p, r)`.
    scalings: Option<HostMatrix>,
    /// `(components,)`.
    explained_variance_ratio: Option<HostMatrix>,
    /// `(p, p)`.
    covariance: Option<HostMatrix>,
}

fn attributes<B: Backend>(
    classes_: Array<B>,
    priors: &[f64],
    solved: Solution,
    place: &Place<B>,
) -> Result<LinearDiscriminantAnalysisAttributes<B>> {
    let send = |x: &HostMatrix| host::send(x, &place.xp, place.dtype);
    let send_some = |x: &Option<HostMatrix>| x.as_ref().map(send).transpose();
    let intercept = marked(&solved.intercept, priors)?;
    let (coef, intercept) = decision(solved.coef, intercept)?;
    Ok(LinearDiscriminantAnalysisAttributes {
        classes_,
        priors_: place.array(priors, &[priors.len()])?,
        means_: send(&solved.means)?,
        xbar_: send_some(&solved.xbar)?,
        coef_: send(&coef)?,
        intercept_: send(&intercept)?,
        scalings_: send_some(&solved.scalings)?,
        explained_variance_ratio_: send_some(&solved.explained_variance_ratio)?,
        covariance_: send_some(&solved.covariance)?,
    })
}

/// The share of each of the first directions in the sum of all their variances; 0 if there is none, because the class means coincide.
fn explained_variance_ratio(variances: &[f64], components: usize) -> Result<HostMatrix> {
    let total: f64 = variances.iter().sum();
    let ratio = |v: &f64| if total == 0.0 { 0.0 } else { v / total };
    let ratios: Vec<f64> = variances.iter().map(ratio).take(components).collect();
    host::matrix(&ratios, &[ratios.len()])
}

/// The constants with NaN, which no model may hold, for those that are not finite. The constant of an impossible class is -∞.
fn marked(intercept: &HostMatrix, priors: &[f64]) -> Result<HostMatrix> {
    let xp = intercept.namespace();
    let impossible: Vec<bool> = priors.iter().map(|&prior| prior == 0.0).collect();
    let good = xp.isfinite(intercept) | xp.asarray(impossible)?;
    xp.where_(good, intercept, f64::NAN).eval()
}

/// Two classes need one decision function, the difference of theirs: `(2, p), (2,) → (1, p), (1,)`.
fn decision(coef: HostMatrix, intercept: HostMatrix) -> Result<(HostMatrix, HostMatrix)> {
    if coef.shape()[0] != 2 {
        return Ok((coef, intercept));
    }
    let difference = |x: HostMatrix| (x.get(ix![1..2])? - x.get(ix![0..1])?).eval();
    Ok((difference(coef)?, difference(intercept)?))
}

linear_classifier!(LinearDiscriminantAnalysis);

impl PredictLogProba for LinearDiscriminantAnalysis {
    /// The log of a probability of 0 is taken as that of the smallest normal number, as scikit-learn does.
    fn predict_log_proba<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let p = classifier::softmax(
            model.classes_.size(),
            &Self::scores("predict_log_proba", model, x)?,
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
