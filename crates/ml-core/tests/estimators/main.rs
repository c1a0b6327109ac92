//! All estimators of the frame, by name: scikit-learn's results, devices, files, merges and mistakes; and those that hold others.

mod by_name;
mod cases;
mod dependent;
mod devices;
mod everywhere;
mod folds;
mod iterative;
mod mistakes;
mod pipelines;
mod searches;

#[path = "../common/mod.rs"]
mod common;

use array_api_spec::{Array, Backend, DType, Namespace};
use ml_core::{AnyEstimator, datasets, estimator_by_name};

fn iris<B: Backend>(xp: &Namespace<B>, dtype: DType) -> (Array<B>, Array<B>) {
    datasets::iris().into_arrays(xp, dtype).expect("room")
}

/// An estimator of the list, such that a handful of samples can be fitted.
fn estimator<B: Backend>(name: &str) -> Box<dyn AnyEstimator<B>> {
    let mut estimator = estimator_by_name::<B>(name).expect("a name of the list");
    if name == "KMeans" {
        let set = estimator.set_param("n_clusters", &3.into());
        set.expect("a parameter");
    }
    estimator
}
