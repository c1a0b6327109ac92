//! What a search has found, and its best model.

use std::collections::BTreeMap;

use array_api_spec::{Array, Backend, Error, Namespace, Result};

use super::GridSearchCV;
use crate::{
    Attributes, Fitted, Method, Parameter, Parts, Registry, Value,
    frame::{Attribute, FittedNamed, Forward, Rule},
    model_selection::{
        cv_results::CvResults,
        scoring::{self, Part},
    },
};

/// What the fit of a [`GridSearchCV`] finds.
#[derive(Clone, Debug)]
pub struct GridSearchCVAttributes<R: Registry, B: Backend> {
    /// The estimator with the best parameters, fitted to all samples; `None` without `refit`.
    pub best_estimator_: Option<FittedNamed<R, B>>,
    /// The best parameters.
    pub best_params_: BTreeMap<String, Value>,
    /// Their mean score.
    pub best_score_: f64,
    /// Their place among the candidates.
    pub best_index_: usize,
    /// All candidates with their scores.
    pub cv_results_: CvResults,
    /// How many folds there were.
    pub n_splits_: usize,
}

impl<R: Registry, B: Backend> Attributes<B> for GridSearchCVAttributes<R, B> {
    const RULES: &'static [Rule] = &[];

    fn store(&self, parts: &mut Parts<Array<B>>) {
        self.best_estimator_.store("best_estimator_", parts);
        for (name, value) in [
            ("best_params_", self.best_params_.value()),
            ("best_score_", self.best_score_.value()),
            ("best_index_", self.best_index_.value()),
            ("cv_results_", self.cv_results_.value()),
            ("n_splits_", self.n_splits_.value()),
        ] {
            parts.values.insert(name.to_owned(), value);
        }
    }

    fn take(parts: &mut Parts<Array<B>>, xp: &Namespace<B>) -> Result<Self> {
        Ok(Self {
            best_estimator_: Attribute::take("best_estimator_", parts, xp)?,
            best_params_: parts.take_value("best_params_")?,
            best_score_: parts.take_value("best_score_")?,
            best_index_: parts.take_value("best_index_")?,
            cv_results_: parts.take_value("cv_results_")?,
            n_splits_: parts.take_value("n_splits_")?,
        })
    }

    fn arrays(&self) -> Vec<(&'static Rule, &Array<B>)> {
        Vec::new()
    }
}

impl<R: Registry> Forward for GridSearchCV<R> {
    fn needs_y(&self) -> bool {
        self.estimator.is_supervised()
    }

    fn takes_classes(&self) -> bool {
        self.estimator.is_classifier()
    }

    fn offers(&self) -> &'static [Method] {
        if self.refit {
            self.estimator.methods()
        } else {
            &[]
        }
    }

    fn forward<B: Backend>(
        model: &Fitted<Self, B>,
        method: Method,
        x: &Array<B>,
    ) -> Result<Array<B>> {
        best(model, method.name())?.call(method, x)
    }

    /// The score of the best estimator by `scoring`.
    fn forward_score<B: Backend>(
        model: &Fitted<Self, B>,
        x: &Array<B>,
        y: Option<&Array<B>>,
        sample_weight: Option<&Array<B>>,
    ) -> Result<f64> {
        let best = best(model, "score")?;
        let scoring = model.parameters().scoring;
        if scoring.is_none() {
            return best.score(x, y, sample_weight);
        }
        if sample_weight.is_some() {
            let detail = "takes no sample_weight with `scoring`: all samples count alike";
            return Err(Error::value("score", detail));
        }
        let part = Part {
            x: x.clone(),
            y: y.cloned(),
            sample_weight: None,
        };
        scoring::score(scoring, best, &part)
    }
}

/// The best estimator.
///
/// # Errors
/// There is none.
fn best<'a, R: Registry, B: Backend>(
    model: &'a Fitted<GridSearchCV<R>, B>,
    method: &'static str,
) -> Result<&'a FittedNamed<R, B>> {
    let best = model.best_estimator_.as_ref();
    best.ok_or_else(|| {
        Error::value(
            method,
            "the search has refit = false and has fitted no best estimator",
        )
    })
}
