//! How often a fit and a prediction wait for a GPU: each read-back counts.

mod common;

use std::ops::ControlFlow;

use array_api_compat::gpu::{Gpu, runtime::Runtime};
use array_api_spec::{DType, Namespace};
use common::{adapters, cuda_devices, floating_types, split};
use ml_core::{
    KMeans, LinearDiscriminantAnalysis, LogisticRegression, Shrinkage, Solver,
    datasets::{self, Dataset},
    progress,
};

/// Estimators, and how often a fit of theirs may wait: for the class counts, twice for what is factorised on the host, and to see that all is finite.
/// The solver `svd` waits for the class counts and for the statistics, once more where a factor takes the place of a Gram matrix.
fn estimators() -> [(LinearDiscriminantAnalysis, u64); 6] {
    let lda = LinearDiscriminantAnalysis::default;
    [
        (lda(), 4),
        (lda().solver(Solver::Lsqr), 4),
        (lda().solver(Solver::Lsqr).shrinkage(Shrinkage::Auto), 4),
        (lda().solver(Solver::Lsqr).shrinkage(0.1), 4),
        (lda().solver(Solver::Eigen).shrinkage(Shrinkage::Auto), 4),
        (lda().solver(Solver::Eigen).shrinkage(0.1), 4),
    ]
}

fn check_waits<R: Runtime>(xp: &Namespace<Gpu<R>>, data: &Dataset, dtype: DType) {
    let waits = || xp.backend().counters().downloads;
    let parts = split(data, xp, dtype);
    for (lda, most) in estimators() {
        let place = format!("{lda:?} on {} in {dtype}", xp.device());
        let start = waits();
        let model = lda.fit(&parts.x_train, &parts.y_train).expect("a good fit");
        let fitted = waits();
        let labels = model.predict(&parts.x_test).expect("good samples");
        let predicted = waits();
        model.predict_proba(&parts.x_test).expect("good samples");
        let judged = waits();
        model
            .to_device(&array_api_compat::cpu())
            .expect("room on the host");
        let moved = waits();
        assert!(fitted - start <= most, "{}: {place}", fitted - start);
        assert_eq!(
            [predicted - fitted, judged - predicted, moved - judged],
            [1, 1, 1],
            "{place}"
        );
        assert_eq!(labels.size(), parts.y_test.size());
    }
}

/// A fit that iterates waits once for a step: for the sums that the next step follows from.
fn check_iterations<R: Runtime>(xp: &Namespace<Gpu<R>>, dtype: DType) {
    let waits = || xp.backend().counters().downloads;
    let (x, y) = datasets::iris().into_arrays(xp, dtype).expect("room");
    let start = waits();
    let means = KMeans::default()
        .n_clusters(3_usize)
        .fit(&x)
        .expect("a good fit");
    let clustered = waits();
    // For mean and variance, the first centers, the labels that belong to the last, and to see that all is finite.
    let most = means.n_iter_ as u64 + 7;
    assert!(clustered - start <= most, "{} of {most}", clustered - start);
    let mut evaluations = 0;
    let count = |_| {
        evaluations += 1;
        ControlFlow::Continue(())
    };
    let logistic = LogisticRegression::default().C(0.1).max_iter(200_usize);
    logistic
        .fit_with(&x, &y, progress(count))
        .expect("a good fit");
    // For the classes, mean and variance, the start, and to see that all is finite; the step of an iteration is nearly always the first that is tried.
    let most = evaluations * 5 / 4 + 9;
    assert!(
        waits() - clustered <= most,
        "{} of {most}",
        waits() - clustered
    );
}

#[test]
fn a_fit_waits_rarely_for_wgpu() {
    for xp in adapters() {
        for dtype in floating_types(&xp) {
            check_waits(&xp, &datasets::iris(), dtype);
            check_waits(&xp, &datasets::digits(), dtype);
            check_iterations(&xp, dtype);
        }
    }
}

/// Executed by a PTX interpreter, unless there is a GPU and it is asked for.
#[test]
fn a_fit_waits_rarely_for_cuda() {
    for xp in cuda_devices() {
        for dtype in floating_types(&xp) {
            check_waits(&xp, &datasets::iris(), dtype);
            check_iterations(&xp, dtype);
        }
    }
}
