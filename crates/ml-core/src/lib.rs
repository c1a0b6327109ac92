//! scikit-learn's estimators over arrays on any device.
//!
//! An estimator holds parameters; [`fit`](LinearDiscriminantAnalysis::fit) returns a fitted model, a type of its own.
//! Names, defaults, attributes and formulas are those of scikit-learn 1.9.1. Everything follows `x`: its dtype and its device.
//!
//! ```
//! use ml_core::{LinearDiscriminantAnalysis, datasets};
//!
//! let cpu = array_api_compat::cpu();
//! let (x, y) = datasets::load_iris(&cpu)?;
//! let lda = LinearDiscriminantAnalysis::default().fit(&x, &y)?;
//! assert_eq!(lda.score(&x, &y)?, 0.98);
//! assert_eq!(lda.transform(&x)?.shape(), [150, 2]);
//! # Ok::<(), array_api_spec::Error>(())
//! ```
#![forbid(unsafe_code)]

mod class_moments;
mod classifier;
pub mod cluster;
pub mod datasets;
pub mod decomposition;
pub mod discriminant_analysis;
pub mod frame;
mod host;
mod labels;
mod lbfgs;
pub mod linear_model;
pub mod metrics;
pub mod model_selection;
pub mod naive_bayes;
mod persistence;
pub mod pipeline;
pub mod prelude;
pub mod preprocessing;
mod registry;
mod validation;
mod warning;

use crate::host::{HostMatrix, host};

pub use crate::{
    cluster::KMeans,
    decomposition::Pca,
    discriminant_analysis::{
        FittedLinearDiscriminantAnalysis, LinearDiscriminantAnalysis, Shrinkage, Solver,
    },
    frame::{
        About, AnyEstimator, AnyFitted, AnySeen, Attributes, Data, DecisionFunction, Estimator,
        Fitted, Incremental, IntoParameter, InverseTransform, Log, Method, Named, Parameter,
        Parameters, Parts, Place, Predict, PredictJointLogProba, PredictLogProba, PredictProba,
        Progress, Score, ScoreSamples, Seen, Statistics, Transform, Value, With, progress, weights,
    },
    linear_model::{LinearRegression, LogisticRegression, Ridge},
    model_selection::{GridSearchCV, KFold, StratifiedKFold, cross_val_predict, cross_val_score},
    naive_bayes::GaussianNB,
    pipeline::Pipeline,
    preprocessing::StandardScaler,
    registry::{
        Builtin, ESTIMATORS, Registry, estimator_by_name, load_any, model_from_bytes,
        seen_from_bytes,
    },
    warning::Warning,
};
