//! What a fit noticed that is no error.

use std::fmt;

use array_api_spec::shape_text;

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
}

impl Warning {
    /// The class of scikit-learn's or Python's that such a warning has there.
    #[must_use]
    pub const fn category(&self) -> &'static str {
        match self {
            Self::ColumnLabels { .. } => "DataConversionWarning",
            Self::PriorsRenormalized { .. } | Self::ManyClasses { .. } => "UserWarning",
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
        }
    }
}
