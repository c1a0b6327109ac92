//! Groups of samples that lie close together.

mod k_means;
mod lloyd;
mod start;

pub use self::k_means::{Init, KMeans, KMeansAlgorithm, KMeansAttributes, Runs};
