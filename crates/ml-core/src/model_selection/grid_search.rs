//! The search for the best of several parameters.

use std::collections::BTreeMap;

use array_api_spec::{Array, Backend, Error, Namespace, Result};

use super::{
    candidates::{Grid, IntoValue, candidates},
    cv_results::CvResults,
    folds::{Cv, DEFAULT},
    scoring::{self, Part, Scoring},
};
use crate::{
    Attributes, Builtin, Data, Estimator, Fitted, IntoParameter, LinearRegression, Log, Method,
    Named, Parameter, Parameters, Parts, Registry, Value, Warning, With,
    frame::{Attribute, FittedNamed, Forward, Rule, forward, located},
};

/// What stands for the score of a candidate whose fit fails.
#[derive(Clone, Copy, Debug)]
pub enum ErrorScore {
    /// Nothing: the search fails, too.
    Raise,
    /// This number, and a warning.
    Value(f64),
}

impl PartialEq for ErrorScore {
    /// NaN equals itself here.
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl Parameter for ErrorScore {
    fn value(&self) -> Value {
        match self {
            Self::Raise => RAISE.into(),
            Self::Value(score) => score.value(),
        }
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value.as_str() == Some(RAISE) {
            return Ok(Self::Raise);
        }
        f64::read(value)
            .map(Self::Value)
            .map_err(|_| format!("it is {RAISE:?} or a number"))
    }
}

const RAISE: &str = "raise";

impl IntoParameter<ErrorScore> for f64 {
    fn into_parameter(self) -> ErrorScore {
        ErrorScore::Value(self)
    }
}

/// Fits an estimator with each of several parameters to the samples outside of each fold, and takes the parameters whose mean score on the folds is best.
///
/// Parameters, defaults, attributes and results are those of
/// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.model_selection.GridSearchCV.html), but for times.
/// Candidates are tried with the names sorted, the values of the last name varying fastest; of equal means the first is best. The estimator's own
/// parameters are `estimator__alpha` by name. Weights go to the fits, not to the scores. Methods of the fitted search are those of `best_estimator_`.
///
/// Samples of a fold are taken on their device, once for all candidates.
///
/// ```
/// use ml_core::{GridSearchCV, Pipeline, Ridge, StandardScaler};
///
/// let cpu = array_api_compat::cpu();
/// let x = cpu.asarray([[0.0, 1.0], [1.0, 3.0], [2.0, 8.0], [3.0, 1.0], [4.0, 2.0], [5.0, 0.0]])?;
/// let y = cpu.asarray([0.0, 1.1, 1.9, 3.1, 3.9, 5.0])?;
/// let pipe = Pipeline::new().step("scale", StandardScaler::default()).step("ridge", Ridge::default());
/// let best = GridSearchCV::new(pipe).grid("ridge__alpha", [0.1, 1.0, 10.0]).cv(2).fit(&x, &y)?;
/// assert_eq!(best.best_params_["ridge__alpha"], 0.1);
/// assert_eq!(best.predict(&x)?.shape(), [6]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GridSearchCV<R: Registry = Builtin> {
    /// The estimator whose parameters are sought.
    pub estimator: Named<R>,
    /// Grids, one after the other: the values that are tried of each parameter.
    pub param_grid: Vec<BTreeMap<String, Vec<Value>>>,
    /// What models are judged by. `None`: their own `score`.
    pub scoring: Option<Scoring>,
    /// Whether the best parameters are fitted to all samples at the end.
    pub refit: bool,
    /// The folds. `None`: 5, stratified for classifiers.
    pub cv: Option<Cv>,
    /// What stands for the score of a fit that fails. If all fail, the search does.
    pub error_score: ErrorScore,
    /// Whether scores for the samples that were trained on are kept, too.
    pub return_train_score: bool,
}

impl GridSearchCV {
    /// A search for parameters of an estimator of this crate; [`grid`](Self::grid) names them.
    #[must_use]
    pub fn new<E: Estimator>(estimator: E) -> Self {
        Self::of(Builtin, estimator)
    }
}

impl<R: Registry> Default for GridSearchCV<R> {
    fn default() -> Self {
        Self::of(R::default(), LinearRegression::default())
    }
}

impl<R: Registry> GridSearchCV<R> {
    /// A search for parameters of an estimator of a registry.
    #[must_use]
    pub fn of<E: Estimator>(_: R, estimator: E) -> Self {
        Self {
            estimator: Named::new(estimator),
            param_grid: Vec::new(),
            scoring: None,
            refit: true,
            cv: None,
            error_score: ErrorScore::Value(f64::NAN),
            return_train_score: false,
        }
    }

    /// Adds values of a parameter to the grid: all choices of one value for each name are tried.
    #[must_use]
    pub fn grid(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item: IntoValue>,
    ) -> Self {
        let values = values.into_iter().map(IntoValue::into_value).collect();
        if self.param_grid.is_empty() {
            self.param_grid.push(Grid::new());
        }
        if let Some(grid) = self.param_grid.last_mut() {
            grid.insert(name.into(), values);
        }
        self
    }

    /// Begins another grid, which is tried after the one before.
    #[must_use]
    pub fn next_grid(mut self) -> Self {
        self.param_grid.push(Grid::new());
        self
    }

    /// Sets what models are judged by.
    #[must_use]
    pub fn scoring(mut self, scoring: impl IntoParameter<Option<Scoring>>) -> Self {
        self.scoring = scoring.into_parameter();
        self
    }

    /// Sets whether the best parameters are fitted to all samples at the end.
    #[must_use]
    pub fn refit(mut self, refit: bool) -> Self {
        self.refit = refit;
        self
    }

    /// Sets the folds: a number, [`KFold`](crate::KFold) or [`StratifiedKFold`](crate::StratifiedKFold).
    #[must_use]
    pub fn cv(mut self, cv: impl IntoParameter<Option<Cv>>) -> Self {
        self.cv = cv.into_parameter();
        self
    }

    /// Sets what stands for the score of a fit that fails.
    #[must_use]
    pub fn error_score(mut self, score: impl IntoParameter<ErrorScore>) -> Self {
        self.error_score = score.into_parameter();
        self
    }

    /// Sets whether scores for the samples that were trained on are kept.
    #[must_use]
    pub fn return_train_score(mut self, kept: bool) -> Self {
        self.return_train_score = kept;
        self
    }
}

const ESTIMATOR: &str = "estimator";

impl<R: Registry> Parameters for GridSearchCV<R> {
    const NAME: &'static str = "GridSearchCV";

    fn own_params(&self) -> Vec<(String, Value)> {
        let all = [
            (ESTIMATOR, self.estimator.value()),
            ("param_grid", self.param_grid.value()),
            ("scoring", self.scoring.value()),
            ("refit", self.refit.value()),
            ("cv", self.cv.value()),
            ("error_score", self.error_score.value()),
            ("return_train_score", self.return_train_score.value()),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn get_params(&self) -> Vec<(String, Value)> {
        let mut all = self.own_params();
        let inner = self.estimator.get_params().into_iter();
        all.extend(inner.map(|(name, value)| (format!("{ESTIMATOR}__{name}"), value)));
        all
    }

    fn set_param(&mut self, name: &str, value: &Value) -> Result<()> {
        fn set<T: Parameter>(field: &mut T, name: &str, value: &Value) -> Result<()> {
            crate::frame::parameters::set(field, GridSearchCV::<Builtin>::NAME, name, value)
        }
        match name {
            ESTIMATOR => set(&mut self.estimator, name, value),
            // One grid may stand for a list of one, as in scikit-learn.
            "param_grid" if value.is_object() => {
                let mut grid = Grid::new();
                set(&mut grid, name, value)?;
                self.param_grid = vec![grid];
                Ok(())
            }
            "param_grid" => set(&mut self.param_grid, name, value),
            "scoring" => set(&mut self.scoring, name, value),
            "refit" => set(&mut self.refit, name, value),
            "cv" => set(&mut self.cv, name, value),
            "error_score" => set(&mut self.error_score, name, value),
            "return_train_score" => set(&mut self.return_train_score, name, value),
            _ => match name.strip_prefix("estimator__") {
                Some(inner) => self.estimator.set_param(inner, value),
                None => Err(crate::frame::parameters::unknown(self, name)),
            },
        }
    }
}

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

forward!(GridSearchCV);
