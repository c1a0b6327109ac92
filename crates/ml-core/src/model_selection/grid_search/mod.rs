//! The search for the best of several parameters.

mod fit;
mod model;
mod parameters;

use std::collections::BTreeMap;

pub use self::{model::GridSearchCVAttributes, parameters::ErrorScore};
use super::{
    candidates::{Grid, IntoValue},
    cv::Cv,
    scoring::Scoring,
};
use crate::{
    Builtin, Estimator, IntoParameter, LinearRegression, Named, Registry, Value, frame::forward,
};

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

forward!(GridSearchCV);
