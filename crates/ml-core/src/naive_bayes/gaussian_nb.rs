//! Every feature normal within each class, with a mean and a variance of its own.

use std::f64::consts::TAU;

use array_api_spec::{HostArray, Moments, Scatter, Spread, axis};

use crate::{
    Parts, Statistics, class_moments::ClassMoments, classifier, frame::statistics, prelude::*,
    validation::not_negative,
};

parameters! {
    /// A classifier that takes every feature as normal within each class, independent of the others.
    ///
    /// Parameters, defaults, attributes and formulas are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.naive_bayes.GaussianNB.html).
    ///
    /// ```
    /// use ml_core::naive_bayes::GaussianNB;
    ///
    /// let cpu = array_api_compat::cpu();
    /// let x = cpu.asarray([[-1.0, -1.0], [-2.0, -1.0], [-3.0, -2.0], [1.0, 1.0], [2.0, 1.0], [3.0, 2.0]])?;
    /// let y = cpu.asarray([1, 1, 1, 2, 2, 2])?;
    /// let model = GaussianNB::default().fit(&x, &y)?;
    /// assert_eq!(model.predict(&cpu.asarray([[-0.8, -1.0]])?)?.item::<i64>()?, 1);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub struct GaussianNB {
        /// The classes' probabilities, in the order of the classes. `None`: their shares of the samples.
        pub priors: Option<Vec<f64>> = None,
        /// This share of the largest variance of all features is added to all variances, so that none is 0.
        pub var_smoothing: f64 = 1e-9,
    }
}

attributes! {
    /// What the fit of [`GaussianNB`] computes. K is the number of classes, p that of features.
    pub struct GaussianNBAttributes<B> {
        /// `(K,)`: the classes, ascending, in y's dtype.
        pub classes_: Array<B> as "K" Labels,
        /// `(K,)`: how many samples each class has, or the sum of their weights.
        pub class_count_: Array<B> as "K",
        /// `(K,)`: the probability of each class.
        pub class_prior_: Array<B> as "K",
        /// `(K, p)`: the mean of each feature in each class.
        pub theta_: Array<B> as "Kp",
        /// `(K, p)`: the variance of each feature in each class, `epsilon_` added.
        pub var_: Array<B> as "Kp",
        /// What was added to all variances.
        pub epsilon_: f64,
    }
}

estimator! { supervised GaussianNB incremental { Predict, PredictProba, PredictLogProba, PredictJointLogProba } score accuracy }

/// What [`GaussianNB`] keeps of samples: of each class and feature the count, the mean and the sum of squares about it.
#[derive(Clone, Debug)]
pub struct GaussianNBStatistics {
    /// The weighted moments of each class.
    of_classes: ClassMoments,
    /// The moments of all samples together, each counted once.
    all: Moments,
}

impl Statistics for GaussianNBStatistics {
    fn is_finite(&self) -> bool {
        self.of_classes.is_finite() && statistics::is_finite(&self.all)
    }

    fn merge(&self, other: &Self) -> Result<Self> {
        Ok(Self {
            of_classes: self.of_classes.merge(&other.of_classes)?,
            all: self.all.merge(&other.all)?,
        })
    }

    fn store(&self, parts: &mut Parts<HostArray>) -> Result<()> {
        self.of_classes.store(parts)?;
        statistics::store(&self.all, "all_", parts);
        Ok(())
    }

    fn take(parts: &mut Parts<HostArray>) -> Result<Self> {
        let (of_classes, all) = (ClassMoments::take(parts)?, statistics::take("all_", parts)?);
        let moments = &of_classes.moments;
        let are_diagonal = matches!(
            (&moments.scatter, &all.scatter),
            (Scatter::Diagonal(_), Scatter::Diagonal(_))
        );
        let is_pooled = moments.pooled && moments.weights.len() > 1;
        if !are_diagonal
            || is_pooled
            || (all.weights.len(), all.features) != (1, parts.n_features_in_)
        {
            let detail = "the statistics are not a mean and a variance for each class and feature";
            return Err(parts.mistake(detail.to_owned()));
        }
        Ok(Self { of_classes, all })
    }
}

impl Estimator for GaussianNB {
    type Attributes<B: Backend> = GaussianNBAttributes<B>;
    const SAMPLE_WEIGHT: bool = true;
    const CHECKS_SAMPLES: bool = true;

    fn check(&self) -> Result<()> {
        let refused = |detail: String| Err(Error::value(Self::NAME, detail));
        not_negative(Self::NAME, "var_smoothing", self.var_smoothing)?;
        if let Some(priors) = &self.priors {
            if let Some(bad) = priors.iter().find(|p| p.is_nan() || **p < 0.0) {
                return refused(format!(
                    "the prior {bad} must be a probability: a number that is not negative"
                ));
            }
            let sum: f64 = priors.iter().sum();
            if (sum - 1.0).abs() > 1e-8 {
                return refused(format!("the priors sum to {sum}; they must sum to 1"));
            }
        }
        Ok(())
    }

    fn learn<B: Backend>(
        &self,
        data: &Data<B>,
        log: &mut Log<'_>,
    ) -> Result<GaussianNBAttributes<B>> {
        self.conclude(&self.statistics(data, log)?, &Place::of(data), log)
    }

    fn validate<B: Backend>(&self, a: &GaussianNBAttributes<B>) -> Result<()> {
        if a.classes_.size() > 0 && a.epsilon_ >= 0.0 {
            return Ok(());
        }
        Err(Error::value(
            Self::NAME,
            "a model needs a class, and variances that are not negative",
        ))
    }
}

impl Incremental for GaussianNB {
    type Statistics = GaussianNBStatistics;

    fn statistics<B: Backend>(
        &self,
        data: &Data<B>,
        log: &mut Log<'_>,
    ) -> Result<GaussianNBStatistics> {
        let labels = data.labels(log)?;
        let of_classes = ClassMoments::observe(data, &labels, true, Spread::Diagonal)?;
        let all = match data.sample_weight {
            None => of_classes.moments.clone().together(),
            Some(_) => data
                .namespace()
                .moments(&data.x, None, None, Spread::Diagonal)?,
        };
        Ok(GaussianNBStatistics { of_classes, all })
    }

    fn conclude<B: Backend>(
        &self,
        seen: &GaussianNBStatistics,
        place: &Place<B>,
        _: &mut Log<'_>,
    ) -> Result<GaussianNBAttributes<B>> {
        let moments = &seen.of_classes.moments;
        let (k, p) = (moments.weights.len(), place.n_features);
        let counts = &moments.weights;
        if let Some(empty) = counts.iter().position(|&count| count == 0.0) {
            let detail = format!("class number {empty} has samples of weight 0 only; leave it out");
            return Err(Error::value("fit", detail));
        }
        let total: f64 = counts.iter().sum();
        let priors = match &self.priors {
            Some(priors) if priors.len() != k => {
                let detail = format!(
                    "{} priors were given, and y has {k} classes; give one for each",
                    priors.len()
                );
                return Err(Error::value("fit", detail));
            }
            Some(priors) => priors.clone(),
            None => counts.iter().map(|count| count / total).collect(),
        };
        // ε = var_smoothing · max_j var(x_j), and σ²_kj = S_kj / n_k + ε.
        let largest = squares(&seen.all)
            .iter()
            .fold(0.0, |m: f64, s| m.max(s / seen.all.weights[0]));
        let epsilon = self.var_smoothing * largest;
        let of_class = squares(moments).chunks_exact(p).zip(counts);
        let variances: Vec<f64> = of_class
            .flat_map(|(s, n)| s.iter().map(move |s| s / n + epsilon))
            .collect();
        Ok(GaussianNBAttributes {
            classes_: seen.of_classes.classes.send(&place.xp)?,
            class_count_: place.array(counts, &[k])?,
            class_prior_: place.array(&priors, &[k])?,
            theta_: place.array(&moments.means, &[k, p])?,
            var_: place.array(&variances, &[k, p])?,
            epsilon_: epsilon,
        })
    }
}

/// The sums of squares, `(k, p)`.
fn squares(moments: &Moments) -> &[f64] {
    match &moments.scatter {
        Scatter::Diagonal(squares) => squares,
        Scatter::Gram { .. } | Scatter::Factor(_) => {
            unreachable!("only the diagonal is asked for, and files are checked")
        }
    }
}

impl GaussianNB {
    /// `log π_k - ½ Σ_j log(2π σ²_kj) - ½ Σ_j (x_j - θ_kj)² / σ²_kj`, from differences, so that no digits are lost between squares.
    fn joint_log_likelihood<B: Backend>(
        function: &'static str,
        model: &Fitted<Self, B>,
        x: &Array<B>,
    ) -> Result<Array<B>> {
        let xp = x.namespace();
        let constants = xp.log(&model.class_prior_) - 0.5 * xp.sum(xp.log(&model.var_ * TAU), 1)?;
        let precisions = (1.0 / &model.var_).eval()?;
        let distances = xp.squared_distances(x, &model.theta_, Some(&precisions))?;
        model.checked(function, x, (constants - distances * 0.5).eval()?)
    }
}

impl PredictJointLogProba for GaussianNB {
    fn predict_joint_log_proba<B: Backend>(
        model: &Fitted<Self, B>,
        x: &Array<B>,
    ) -> Result<Array<B>> {
        Self::joint_log_likelihood("predict_joint_log_proba", model, x)
    }
}

impl Predict for GaussianNB {
    fn predict<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        classifier::predict(
            &model.classes_,
            &Self::joint_log_likelihood("predict", model, x)?,
        )
    }
}

/// The log-likelihoods less their `log Σ exp`.
impl PredictLogProba for GaussianNB {
    fn predict_log_proba<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let scores = Self::joint_log_likelihood("predict_log_proba", model, x)?;
        let xp = scores.namespace();
        let scores = (&scores - xp.max(&scores, axis(1).keepdims())?).eval()?;
        (&scores - xp.log(xp.sum(xp.exp(&scores), axis(1).keepdims())?)).eval()
    }
}

impl PredictProba for GaussianNB {
    fn predict_proba<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let log = Self::predict_log_proba(model, x)?;
        log.namespace().exp(&log).eval()
    }
}
