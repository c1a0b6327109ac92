//! Naive Bayes classifiers: features are taken as independent within a class.

mod gaussian_nb;

pub use self::gaussian_nb::{GaussianNB, GaussianNBAttributes, GaussianNBStatistics};
