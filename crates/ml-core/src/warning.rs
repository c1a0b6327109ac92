//! What a fit noticed that is no error.

use std::{collections::BTreeMap, fmt};

use array_api_spec::shape_text;

use crate::{Parameter, Value};

/// Something that a fit put right or found odd. scikit-learn prints these; here they stay with the fitted model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The priors did not sum to 1 and were divided by their sum.
    PriorsRenormalized {
        /// The sum of the priors as given.
        sum: f64,
    },
    /// `y` was a column; its values were taken in order.
    ColumnLabels {
        /// The shape as given.
        shape: Vec<usize>,
    },
    /// So many classes that `y` looks like the target of a regression.
    ManyClasses {
        /// How many classes there are.
        n_classes: usize,
        /// How many samples there are.
        n_samples: usize,
    },
    /// The smallest class has fewer samples than there are folds: some folds hold none of it.
    SmallClass {
        /// How many samples the class has.
        n_members: usize,
        /// How many folds there are.
        n_splits: usize,
    },
    /// A fit of a search failed; `error_score` stands for its score.
    FitFailed {
        /// The parameters of the candidate.
        params: BTreeMap<String, Value>,
        /// The number of the fold.
        fold: usize,
        /// What was wrong.
        error: String,
    },
    /// A step of a pipeline warns.
    InStep {
        /// The step's name.
        step: String,
        /// What it warns of.
        warning: Box<Warning>,
    },
    /// The fit ended before it converged.
    NotConverged {
        /// How many iterations were done.
        iterations: usize,
        /// The largest magnitude in the gradient of what is minimised.
        gradient: f64,
        /// The magnitude at which the fit had converged.
        tol: f64,
    },
    /// Fewer clusters have samples than were asked for, perhaps because samples are alike.
    FewerClusters {
        /// How many have samples.
        found: usize,
        /// How many were asked for.
        wanted: usize,
    },
    /// Several runs were asked for, but all would start from the centers that were given; there was one.
    OneRun {
        /// How many were asked for.
        asked: usize,
    },
}

impl Warning {
    /// The class of scikit-learn's or Python's that such a warning has there.
    #[must_use]
    pub fn category(&self) -> &'static str {
        match self {
            Self::ColumnLabels { .. } => "DataConversionWarning",
            Self::PriorsRenormalized { .. }
            | Self::ManyClasses { .. }
            | Self::SmallClass { .. } => "UserWarning",
            Self::FitFailed { .. } => "FitFailedWarning",
            Self::NotConverged { .. } | Self::FewerClusters { .. } => "ConvergenceWarning",
            Self::OneRun { .. } => "RuntimeWarning",
            Self::InStep { warning, .. } => warning.category(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PriorsRenormalized { sum } => {
                write!(
                    f,
                    "the priors sum to {sum}, not to 1; each was divided by the sum"
                )
            }
            Self::ColumnLabels { shape } => write!(
                f,
                "y has shape {}; one value for each sample, shape ({},), was expected and taken",
                shape_text(shape),
                shape[0]
            ),
            Self::ManyClasses {
                n_classes,
                n_samples,
            } => write!(
                f,
                "y has {n_classes} classes for {n_samples} samples; it may be the target of a regression"
            ),
            Self::SmallClass {
                n_members,
                n_splits,
            } => write!(
                f,
                "the smallest class has {n_members} samples for n_splits = {n_splits}; some folds hold none of it"
            ),
            Self::FitFailed {
                params,
                fold,
                error,
            } => write!(
                f,
                "the fit with {} outside of fold {fold} failed: {error}",
                params.value()
            ),
            Self::InStep { step, warning } => write!(f, "step {step:?}: {warning}"),
            Self::NotConverged {
                iterations,
                gradient,
                tol,
            } => write!(
                f,
                "the fit did not converge: after {iterations} iterations an element of the gradient is {gradient:e}, not within tol = {tol:e}; scale the features or raise max_iter"
            ),
            Self::FewerClusters { found, wanted } => write!(
                f,
                "{found} clusters have samples, not {wanted}, perhaps because samples are alike"
            ),
            Self::OneRun { asked } => write!(
                f,
                "there was one run, not {asked}: all would start from the centers that were given"
            ),
        }
    }
}
