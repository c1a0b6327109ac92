//! The fit of a search: all candidates on all folds, and the best on all samples.

use std::collections::BTreeMap;

use array_api_spec::{Backend, Error, Result};

use super::{ErrorScore, GridSearchCV, GridSearchCVAttributes};
use crate::{
    Data, Estimator, Log, Named, Parameter, Parameters, Registry, Value, Warning, With,
    frame::{FittedNamed, located},
    model_selection::{
        candidates::candidates,
        cv::DEFAULT,
        cv_results::CvResults,
        scoring::{self, Part},
    },
};

impl<R: Registry> Estimator for GridSearchCV<R> {
    type Attributes<B: Backend> = GridSearchCVAttributes<R, B>;
    const SAMPLE_WEIGHT: bool = true;
    // The estimator within judges.
    const NAN_IS_MISSING: bool = true;

    fn learn<B: Backend>(
        &self,
        data: &Data<B>,
        log: &mut Log<'_>,
    ) -> Result<GridSearchCVAttributes<R, B>> {
        let params = candidates(&self.param_grid)?;
        let estimators = params.iter().map(|params| self.with(params));
        let estimators: Vec<Named<R>> = estimators.collect::<Result<_>>()?;
        let cv = self.cv.as_ref().unwrap_or(&DEFAULT);
        let folds = cv.split(self.estimator.is_classifier(), &data.x, data.y.as_ref())?;
        let n_splits_ = folds.folds.len();
        log.warnings.extend(folds.warnings);
        let mut trials = Trials::default();
        for fold in folds.folds {
            let (train, test) = (Part::of(data, &fold.train)?, Part::of(data, &fold.test)?);
            self.try_all(&estimators, &params, &train, &test, &mut trials)?;
        }
        let n_fits = n_splits_ * params.len();
        if let Some((_, error)) = trials.failures.first()
            && trials.failures.len() == n_fits
        {
            return Err(located(
                &format!("all {n_fits} fits failed; the first"),
                error,
            ));
        }
        let warnings = trials.failures.into_iter().map(|(warning, _)| warning);
        log.warnings.extend(warnings);
        let cv_results_ = CvResults::new(params, trials.test, trials.train);
        let ranks = cv_results_.rank_test_score.iter();
        let best_index_ = ranks.take_while(|rank| **rank != 1).count();
        let best_estimator_ = match self.refit {
            true => Some(self.fit_best(&estimators[best_index_], data, log)?),
            false => None,
        };
        Ok(GridSearchCVAttributes {
            best_estimator_,
            best_params_: cv_results_.params[best_index_].clone(),
            best_score_: cv_results_.mean_test_score[best_index_],
            best_index_,
            cv_results_,
            n_splits_,
        })
    }

    fn validate<B: Backend>(&self, found: &GridSearchCVAttributes<R, B>) -> Result<()> {
        let results = &found.cv_results_;
        let best = found.best_index_;
        let refused = |detail: &str| Err(Error::value(Self::NAME, detail));
        if !results.is_whole()
            || results.split_test_score.len() != found.n_splits_
            || results.params.get(best) != Some(&found.best_params_)
            || results.mean_test_score[best].value() != found.best_score_.value()
        {
            return refused("the results do not fit each other");
        }
        let is_best = |model| Ok::<_, Error>(self.with(&found.best_params_)?.made(model));
        match &found.best_estimator_ {
            Some(model) if self.refit && is_best(model)? => Ok(()),
            None if !self.refit => Ok(()),
            _ => refused("the best estimator is not the one that the parameters name"),
        }
    }
}

/// What trying candidates has given so far.
#[derive(Default)]
struct Trials {
    /// For each fold, a score for each candidate.
    test: Vec<Vec<f64>>,
    train: Vec<Vec<f64>>,
    failures: Vec<(Warning, Error)>,
}

impl<R: Registry> GridSearchCV<R> {
    /// The estimator with some of its parameters.
    ///
    /// # Errors
    /// A name that is not there; a value of another type.
    fn with(&self, params: &BTreeMap<String, Value>) -> Result<Named<R>> {
        let mut estimator = self.estimator.clone();
        // Whole steps first: parameters of a step are those of the one that takes its place.
        let (inner, whole): (Vec<_>, Vec<_>) =
            params.iter().partition(|(name, _)| name.contains("__"));
        for (name, value) in whole.into_iter().chain(inner) {
            estimator.set_param(name, value)?;
        }
        Ok(estimator)
    }

    /// Fits and scores all candidates on one fold.
    ///
    /// # Errors
    /// A fit that fails, if that is to be an error.
    fn try_all<B: Backend>(
        &self,
        estimators: &[Named<R>],
        params: &[BTreeMap<String, Value>],
        train: &Part<B>,
        test: &Part<B>,
        trials: &mut Trials,
    ) -> Result<()> {
        let fold = trials.test.len();
        let (mut of_test, mut of_train) = (Vec::new(), Vec::new());
        for (estimator, params) in estimators.iter().zip(params) {
            let scores = fit(estimator, train, With::default()).and_then(|model| {
                let of_train = self.return_train_score;
                let of_train = of_train.then(|| scoring::score(self.scoring, &model, train));
                let of_test = scoring::score(self.scoring, &model, test)?;
                Ok((of_test, of_train.transpose()?))
            });
            let (of_this_test, of_this_train) = match (scores, self.error_score) {
                (Ok(scores), _) => scores,
                (Err(error), ErrorScore::Raise) => {
                    let place = format!("fold {fold} with {}", params.value());
                    return Err(located(&place, &error));
                }
                (Err(error), ErrorScore::Value(score)) => {
                    let warning = Warning::FitFailed {
                        params: params.clone(),
                        fold,
                        error: error.to_string(),
                    };
                    trials.failures.push((warning, error));
                    (score, Some(score))
                }
            };
            of_test.push(of_this_test);
            of_train.extend(of_this_train.filter(|_| self.return_train_score));
        }
        trials.test.push(of_test);
        if self.return_train_score {
            trials.train.push(of_train);
        }
        Ok(())
    }

    /// Fits the best candidate to all samples.
    ///
    /// # Errors
    /// As its `fit`.
    fn fit_best<B: Backend>(
        &self,
        estimator: &Named<R>,
        data: &Data<B>,
        log: &mut Log<'_>,
    ) -> Result<FittedNamed<R, B>> {
        let all = Part {
            x: data.x.clone(),
            y: data.y.clone(),
            sample_weight: data.sample_weight.clone(),
        };
        let tell =
            With::default().progress(|now| log.progress(now.iteration, now.max_iter, now.loss));
        let model = fit(estimator, &all, tell).map_err(|e| located("the best parameters", &e))?;
        log.warnings.extend(model.warnings().iter().cloned());
        Ok(model)
    }
}

/// Fits to some of the samples.
fn fit<'a, R: Registry, B: Backend>(
    estimator: &Named<R>,
    part: &'a Part<B>,
    mut with: With<'a, B>,
) -> Result<FittedNamed<R, B>> {
    if let Some(weights) = &part.sample_weight {
        with = with.weights(weights);
    }
    estimator.fit(&part.x, part.y.as_ref(), with)
}
