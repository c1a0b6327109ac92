//! Folds, scores on them, and the search for the best parameters.

mod candidates;
mod cross_validation;
mod cv_results;
mod folds;
mod grid_search;
mod scoring;

pub use self::{
    candidates::IntoValue,
    cross_validation::cross_val_score,
    cv_results::CvResults,
    folds::{Cv, Fold, Folds, KFold, StratifiedKFold},
    grid_search::{ErrorScore, GridSearchCV, GridSearchCVAttributes},
    scoring::Scoring,
};
