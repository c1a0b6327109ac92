//! Folds, scores on them, and the search for the best parameters.

mod candidates;
mod cross_validation;
mod cv;
mod cv_results;
mod folds;
mod grid_search;
mod scoring;

pub use self::{
    candidates::IntoValue,
    cross_validation::{cross_val_predict, cross_val_score},
    cv::Cv,
    cv_results::CvResults,
    folds::{Fold, Folds, KFold, StratifiedKFold},
    grid_search::{ErrorScore, GridSearchCV, GridSearchCVAttributes},
    scoring::Scoring,
};
