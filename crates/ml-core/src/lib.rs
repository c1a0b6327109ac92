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

pub mod datasets;
pub mod discriminant_analysis;
mod estimator;
mod labels;
pub mod metrics;
mod persistence;
mod validation;
mod warning;

pub use crate::{
    discriminant_analysis::{
        FittedLinearDiscriminantAnalysis, LinearDiscriminantAnalysis, Shrinkage, Solver,
    },
    estimator::{FittedModel, Parts},
    warning::Warning,
};
