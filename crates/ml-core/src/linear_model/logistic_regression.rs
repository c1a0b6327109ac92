//! The log of the odds of classes, linear in the features.

use std::collections::BTreeMap;

use array_api_spec::finfo;
use serde::{Deserialize, Serialize};

use super::logistic_loss::Loss;
use crate::{
    Warning,
    classifier::{self, linear_classifier},
    labels::Labels,
    lbfgs::{self, End, Limits},
    parameter_by_serde,
    prelude::*,
    validation,
};

/// How [`LogisticRegression`] is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogisticSolver {
    /// By the limited-memory BFGS method, on the host; loss and gradient come from the device of the samples.
    Lbfgs,
}

/// How much the classes count.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeight {
    /// All classes alike: `W / (K W_k)`, with `W_k` the weight of the samples of class k.
    Balanced,
    /// One number for each class, in the order of the classes.
    Each(Vec<f64>),
    /// A number for each of these labels; 1 for others.
    Labels(BTreeMap<i64, f64>),
}

parameter_by_serde!(LogisticSolver);

/// `balanced`, a list, or an object whose names are labels.
impl Parameter for ClassWeight {
    fn value(&self) -> Value {
        match self {
            Self::Balanced => "balanced".into(),
            Self::Each(weights) => weights.value(),
            Self::Labels(weights) => {
                let weights = weights.iter();
                Value::Object(
                    weights
                        .map(|(label, w)| (label.to_string(), w.value()))
                        .collect(),
                )
            }
        }
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(word) if word == "balanced" => Ok(Self::Balanced),
            Value::Array(_) => Vec::read(value).map(Self::Each),
            Value::Object(weights) if !weights.is_empty() => {
                let one = |(label, weight): (&String, &Value)| {
                    let label = label
                        .parse()
                        .map_err(|_| format!("{label:?} is not a whole number, as labels are"))?;
                    Ok((label, f64::read(weight)?))
                };
                let weights: Result<_, String> = weights.iter().map(one).collect();
                weights.map(Self::Labels)
            }
            _ => Err(
                "it is `balanced`, a list of numbers, one for each class, or a number for each of some labels"
                    .to_owned(),
            ),
        }
    }
}

impl<const N: usize> IntoParameter<Option<ClassWeight>> for [f64; N] {
    fn into_parameter(self) -> Option<ClassWeight> {
        Some(ClassWeight::Each(self.into()))
    }
}

parameters! {
    /// A classifier that takes the log of the odds of classes as linear in the features.
    ///
    /// The coefficients minimise `Σ s ℓ / S + |coef|² / (2 C S)`: ℓ is minus the log of the probability of a sample's class, s the sample's weight times its class's, S the
    /// sum of all s. Constants are not penalised. Parameters, defaults, attributes and formulas are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.linear_model.LogisticRegression.html). Features of one scale converge in few iterations.
    ///
    /// ```
    /// use ml_core::{LogisticRegression, datasets};
    ///
    /// let cpu = array_api_compat::cpu();
    /// let (x, y) = datasets::load_iris(&cpu)?;
    /// let model = LogisticRegression::default().max_iter(200_usize).fit(&x, &y)?;
    /// assert!(model.score(&x, &y)? > 0.97);
    /// assert_eq!(model.coef_.shape(), [3, 4]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    #[allow(non_snake_case, reason = "scikit-learn's names")]
    pub struct LogisticRegression {
        /// How little large coefficients cost; positive. Infinity: nothing.
        pub C: f64 = 1.0,
        /// The share of the penalty on magnitudes; only 0, squares alone, is there.
        pub l1_ratio: f64 = 0.0,
        /// The fit ends when no element of the gradient is larger.
        pub tol: f64 = 1e-4,
        /// Whether there are constants; without them, probabilities are equal at the origin.
        pub fit_intercept: bool = true,
        /// How much the classes count. `None`: as their samples do.
        pub class_weight: Option<ClassWeight> = None,
        /// The way of computing.
        pub solver: LogisticSolver = LogisticSolver::Lbfgs,
        /// The most iterations.
        pub max_iter: usize = 100,
    }
}

attributes! {
    /// What the fit of [`LogisticRegression`] computes. K is the number of classes, p that of features.
    pub struct LogisticRegressionAttributes<B> {
        /// `(K,)`: the classes, ascending, in y's dtype.
        pub classes_: Array<B> as "K" Labels,
        /// `(K, p)`, for two classes `(1, p)`: the coefficients.
        pub coef_: Array<B> as "rp",
        /// `(K,)`, for two classes `(1,)`: the constants; 0 without `fit_intercept`.
        pub intercept_: Array<B> as "r",
        /// How many iterations there were.
        pub n_iter_: usize,
    }
}

estimator! { supervised LogisticRegression { Predict, PredictProba, PredictLogProba, DecisionFunction } score accuracy }

impl Estimator for LogisticRegression {
    type Attributes<B: Backend> = LogisticRegressionAttributes<B>;
    const SAMPLE_WEIGHT: bool = true;
    const CHECKS_SAMPLES: bool = true;

    fn check(&self) -> Result<()> {
        let refused = |detail: String| Err(Error::value(Self::NAME, detail));
        if self.C.is_nan() || self.C <= 0.0 {
            return refused(format!("C = {} must be positive", self.C));
        }
        if self.l1_ratio != 0.0 {
            return refused(format!(
                "l1_ratio = {} is not there: the solver `lbfgs` penalises squares alone, l1_ratio = 0",
                self.l1_ratio
            ));
        }
        if !(self.tol > 0.0 && self.tol.is_finite()) {
            return refused(format!("tol = {} must be finite and positive", self.tol));
        }
        let weights: Vec<f64> = match &self.class_weight {
            Some(ClassWeight::Each(weights)) => weights.clone(),
            Some(ClassWeight::Labels(weights)) => weights.values().copied().collect(),
            Some(ClassWeight::Balanced) | None => Vec::new(),
        };
        if let Some(bad) = weights.iter().find(|w| !(**w >= 0.0 && w.is_finite())) {
            return refused(format!(
                "the class weight {bad} must be finite and not negative"
            ));
        }
        Ok(())
    }

    fn learn<B: Backend>(
        &self,
        data: &Data<B>,
        log: &mut Log<'_>,
    ) -> Result<LogisticRegressionAttributes<B>> {
        let (labels, place) = (data.labels(log)?, Place::of(data));
        let k = labels.n_classes();
        if k < 2 {
            return Err(Error::value(
                "fit",
                "y has one class; a classifier needs samples of at least 2 classes",
            ));
        }
        let totals = totals(data, &labels)?;
        let class_weights = self.class_weights(&labels, &totals)?;
        let loss = Loss::new(
            data,
            &labels,
            &totals,
            class_weights,
            self.C,
            self.fit_intercept,
        )?;
        let limits = Limits {
            gradient: self.tol,
            iterations: self.max_iter,
            noise: 16.0 * finfo(place.dtype)?.eps,
        };
        let start = vec![0.0; loss.n_parameters()];
        let tell = &mut |iteration, value| log.progress(iteration, self.max_iter, value);
        let found = lbfgs::minimise(start, limits, &mut |at| loss.at(at), tell)?;
        if !found.steepness.is_finite() {
            return Err(validation::too_large("the gradient", place.dtype));
        }
        if matches!(found.end, End::Limit | End::Stuck) {
            log.warn(Warning::NotConverged {
                iterations: found.iterations,
                gradient: found.steepness,
                tol: self.tol,
            });
        }
        let (coef, intercept) = loss.parameters(&found.at);
        let rows = loss.n_rows();
        Ok(LogisticRegressionAttributes {
            classes_: labels.classes,
            coef_: place.array(&coef, &[rows, place.n_features])?,
            intercept_: place.array(&intercept, &[rows])?,
            n_iter_: found.iterations,
        })
    }

    fn validate<B: Backend>(&self, attributes: &LogisticRegressionAttributes<B>) -> Result<()> {
        let (k, rows) = (attributes.classes_.size(), attributes.intercept_.size());
        if k < 2 || rows != if k == 2 { 1 } else { k } {
            let detail = format!("{rows} rows of coefficients do not fit {k} classes");
            return Err(Error::value(Self::NAME, detail));
        }
        Ok(())
    }
}

impl LogisticRegression {
    /// How much each class counts: `(K,)`.
    ///
    /// # Errors
    /// Numbers that do not fit the classes.
    fn class_weights<B: Backend>(
        &self,
        labels: &Labels<B>,
        totals: &[f64],
    ) -> Result<Option<Vec<f64>>> {
        let k = totals.len();
        let weights = match &self.class_weight {
            None => return Ok(None),
            Some(ClassWeight::Balanced) => {
                let all: f64 = totals.iter().sum();
                let share = |total: &f64| {
                    if *total > 0.0 {
                        all / (k as f64 * total)
                    } else {
                        0.0
                    }
                };
                totals.iter().map(share).collect()
            }
            Some(ClassWeight::Each(weights)) if weights.len() == k => weights.clone(),
            Some(ClassWeight::Each(weights)) => {
                let detail = format!(
                    "{} class weights were given, and y has {k} classes; give one for each",
                    weights.len()
                );
                return Err(Error::value("fit", detail));
            }
            Some(ClassWeight::Labels(weights)) => {
                let xp = labels.classes.namespace();
                let whole = xp.info().default_dtypes().integral;
                let classes: Vec<i64> = xp.astype(&labels.classes, whole).eval()?.to_vec()?;
                let known = classes.iter().filter(|c| weights.contains_key(c)).count();
                if known < k && known < weights.len() {
                    let detail = format!(
                        "class_weight names a label that is no class of y; the classes are {classes:?}"
                    );
                    return Err(Error::value("fit", detail));
                }
                let weight = |class| weights.get(class).copied().unwrap_or(1.0);
                classes.iter().map(weight).collect()
            }
        };
        Ok(Some(weights))
    }
}

/// The weight of each class's samples: `(K,)`.
fn totals<B: Backend>(data: &Data<B>, labels: &Labels<B>) -> Result<Vec<f64>> {
    let Some(weights) = &data.sample_weight else {
        return Ok(labels.counts.iter().map(|&count| count as f64).collect());
    };
    let xp = data.namespace();
    let of = |class: usize| {
        let own = xp.equal(&labels.groups, class as i64);
        xp.sum(xp.where_(own, weights, 0.0), ..)
    };
    let totals = (0..labels.n_classes())
        .map(of)
        .collect::<Result<Vec<_>>>()?;
    xp.stack(&totals.iter().collect::<Vec<_>>(), 0)?.to_vec()
}

linear_classifier!(LogisticRegression);

impl PredictLogProba for LogisticRegression {
    /// The log of the probabilities: -∞ for one that is 0.
    fn predict_log_proba<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let scores = Self::scores("predict_log_proba", model, x)?;
        let p = classifier::softmax(model.classes_.size(), &scores)?;
        p.namespace().log(&p).eval()
    }
}
