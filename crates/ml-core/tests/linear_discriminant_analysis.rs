//! What the references do not cover: two classes, one class, labels of every kind, degenerate data.

mod common;

use array_api_spec::{Array, DType, HostBuffer, ix, reference};
use common::split;
use ml_core::{
    LinearDiscriminantAnalysis, Shrinkage, Solver, Warning, datasets, metrics::accuracy_score,
};

type Lda = LinearDiscriminantAnalysis;
type Reference = reference::Reference;

fn close(a: &Array<Reference>, b: &[f64], tolerance: f64) {
    let a: Vec<f64> = a.to_vec().expect("real");
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{a} and {b}");
    }
}

/// By hand: for one feature, `w = (m₁ - m₀) / σ²` and `b = log(π₁ / π₀) - (m₁² - m₀²) / 2σ²`.
#[test]
fn two_classes_of_one_feature_by_hand() {
    let xp = reference::namespace();
    let x = xp
        .asarray([[0.0], [2.0], [5.0], [7.0], [6.0], [6.0]])
        .expect("good");
    let y = xp.asarray([-1, -1, 4, 4, 4, 4]).expect("good");
    let (m0, m1, variance) = (1.0, 6.0, 4.0 / 6.0);
    let w = (m1 - m0) / variance;
    let b = 2.0_f64.ln() - (m1 * m1 - m0 * m0) / (2.0 * variance);
    for solver in [Solver::Svd, Solver::Lsqr, Solver::Eigen] {
        let lda = Lda::default()
            .solver(solver)
            .fit(&x, &y)
            .expect("a good fit");
        assert_eq!(
            (lda.coef_.shape(), lda.intercept_.shape()),
            (&[1, 1][..], &[1][..])
        );
        close(&lda.coef_, &[w], 1e-12);
        close(&lda.intercept_, &[b], 1e-12);
        let new = xp.asarray([[3.0], [4.0]]).expect("good");
        let scores = [3.0 * w + b, 4.0 * w + b];
        close(&lda.decision_function(&new).expect("good"), &scores, 1e-11);
        assert_eq!(
            lda.predict(&new)
                .expect("good")
                .to_vec::<i64>()
                .expect("integers"),
            [-1, 4]
        );
        let p = scores.map(|s| 1.0 / (1.0 + (-s).exp()));
        close(
            &lda.predict_proba(&new).expect("good"),
            &[1.0 - p[0], p[0], 1.0 - p[1], p[1]],
            1e-11,
        );
    }
}

/// With the shares of the samples as priors, the three are the same model.
#[test]
fn all_solvers_agree_where_they_compute_the_same() {
    let xp = reference::namespace();
    let data = split(&datasets::iris(), &xp, DType::Float64);
    let [svd, lsqr, eigen] = [Solver::Svd, Solver::Lsqr, Solver::Eigen].map(|solver| {
        Lda::default()
            .solver(solver)
            .fit(&data.x_train, &data.y_train)
            .expect("a good fit")
    });
    let proba = svd
        .predict_proba(&data.x_test)
        .expect("good")
        .to_vec::<f64>()
        .expect("real");
    close(
        &lsqr.predict_proba(&data.x_test).expect("good"),
        &proba,
        1e-9,
    );
    close(
        &eigen.predict_proba(&data.x_test).expect("good"),
        &proba,
        1e-9,
    );
    let log = svd.predict_log_proba(&data.x_test).expect("good");
    let expected: Vec<f64> = proba
        .iter()
        .map(|p| {
            if *p == 0.0 {
                f64::MIN_POSITIVE.ln()
            } else {
                p.ln()
            }
        })
        .collect();
    close(&log, &expected, 1e-12);
}

#[test]
fn one_class_is_always_predicted() {
    let xp = reference::namespace();
    let x = xp
        .asarray([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]])
        .expect("good");
    let y = xp.asarray([7, 7, 7]).expect("good");
    for solver in [Solver::Svd, Solver::Lsqr, Solver::Eigen] {
        let lda = Lda::default()
            .solver(solver)
            .fit(&x, &y)
            .expect("a good fit");
        assert_eq!(
            lda.predict(&x)
                .expect("good")
                .to_vec::<i64>()
                .expect("integers"),
            [7, 7, 7]
        );
        assert_eq!(
            lda.predict_proba(&x)
                .expect("good")
                .to_vec::<f64>()
                .expect("real"),
            [1.0; 3]
        );
        assert_eq!(lda.decision_function(&x).expect("good").shape(), [3]);
        if solver == Solver::Svd {
            assert_eq!(lda.scalings_.as_ref().expect("of svd").shape(), [2, 0]);
            assert_eq!(lda.transform(&x).expect("good").shape(), [3, 0]);
        }
    }
}

#[test]
fn labels_keep_their_dtype() {
    let xp = reference::namespace();
    let x = xp.asarray([[0.0], [1.0], [5.0], [6.0]]).expect("good");
    let cases = [
        HostBuffer::Bool(vec![true, true, false, false]),
        HostBuffer::UInt8(vec![9, 9, 200, 200]),
        HostBuffer::Int16(vec![5, 5, -5, -5]),
        HostBuffer::UInt64(vec![u64::MAX, u64::MAX, 0, 0]),
        HostBuffer::Float32(vec![1.0, 1.0, -2.0, -2.0]),
        HostBuffer::Float64(vec![0.0, -0.0, 3.0, 3.0]),
    ];
    for buffer in cases {
        let y = xp
            .asarray(array_api_spec::HostArray {
                buffer: buffer.clone(),
                shape: vec![4],
            })
            .expect("good");
        let lda = Lda::default().fit(&x, &y).expect("a good fit");
        assert_eq!(
            lda.predict(&x).expect("good").to_host().expect("values"),
            buffer
        );
        assert_eq!(lda.score(&x, &y).expect("good"), 1.0);
    }
}

#[test]
fn x_of_integers_is_taken_as_numbers() {
    let xp = reference::namespace();
    let x = xp
        .asarray([[0, 1], [1, 0], [0, 0], [5, 4], [4, 5], [5, 5]])
        .expect("good");
    let y = xp.asarray([0, 0, 0, 1, 1, 1]).expect("good");
    let lda = Lda::default().fit(&x, &y).expect("a good fit");
    assert_eq!(lda.coef_.dtype(), DType::Float64);
    assert_eq!(
        lda.predict(&x)
            .expect("good")
            .to_vec::<i64>()
            .expect("integers"),
        [0, 0, 0, 1, 1, 1]
    );
}

#[test]
fn everything_follows_x() {
    for xp in [reference::namespace(), reference::narrow_namespace()] {
        let data = split(&datasets::iris(), &xp, DType::Float32);
        for solver in [Solver::Svd, Solver::Lsqr, Solver::Eigen] {
            let lda = Lda::default()
                .solver(solver)
                .store_covariance(true)
                .fit(&data.x_train, &data.y_train)
                .expect("a good fit");
            for (name, array) in &lda.parts().arrays {
                assert_eq!(array.namespace(), xp, "{name}");
                assert!(
                    name == "classes_" || array.dtype() == DType::Float32,
                    "{name}"
                );
            }
            assert_eq!(
                lda.predict_log_proba(&data.x_test).expect("good").dtype(),
                DType::Float32
            );
        }
    }
}

#[test]
fn warnings_say_what_was_put_right() {
    let xp = reference::namespace();
    let data = split(&datasets::iris(), &xp, DType::Float64);
    let lda = Lda::default()
        .priors([1.0, 2.0, 1.0])
        .fit(&data.x_train, &data.y_train)
        .expect("a good fit");
    assert_eq!(lda.warnings(), [Warning::PriorsRenormalized { sum: 4.0 }]);
    assert_eq!(
        lda.priors_.to_vec::<f64>().expect("real"),
        [0.25, 0.5, 0.25]
    );
    insta::assert_snapshot!(lda.warnings()[0], @"the priors sum to 4, not to 1; each was divided by the sum");

    let column = xp
        .reshape(&data.y_train, [data.y_train.size(), 1])
        .expect("good");
    let lda = Lda::default()
        .fit(&data.x_train, &column)
        .expect("a good fit");
    assert_eq!(
        lda.warnings(),
        [Warning::ColumnLabels {
            shape: vec![113, 1]
        }]
    );
    insta::assert_snapshot!(lda.warnings()[0], @"y has shape (113, 1); one value for each sample, shape (113,), was expected and taken");

    let x = xp
        .reshape(xp.arange(0.0, 30.0, 1.0), [30, 1])
        .expect("good");
    let y = (xp.arange(0, 30, 1).expect("good") % 20)
        .eval()
        .expect("good");
    let lda = Lda::default().fit(&x, &y).expect("a good fit");
    assert_eq!(
        lda.warnings(),
        [Warning::ManyClasses {
            n_classes: 20,
            n_samples: 30
        }]
    );
    insta::assert_snapshot!(lda.warnings()[0], @"y has 20 classes for 30 samples; it may be the target of a regression");
}

/// A feature that repeats another changes no prediction: `tol` and the pseudo-inverse drop it.
#[test]
fn collinear_features_are_dropped() {
    let xp = reference::namespace();
    let data = split(&datasets::iris(), &xp, DType::Float64);
    let twice = |x: &Array<Reference>| {
        xp.concat(
            &[
                x,
                &(x.get(ix![.., ..1]).expect("good") * 2.0)
                    .eval()
                    .expect("good"),
            ],
            Some(1),
        )
        .expect("good")
    };
    for solver in [Solver::Svd, Solver::Lsqr] {
        let lda = Lda::default().solver(solver);
        let plain = lda.fit(&data.x_train, &data.y_train).expect("a good fit");
        let collinear = lda
            .fit(&twice(&data.x_train), &data.y_train)
            .expect("a good fit");
        let expected: Vec<f64> = plain
            .predict_proba(&data.x_test)
            .expect("good")
            .to_vec()
            .expect("real");
        close(
            &collinear.predict_proba(&twice(&data.x_test)).expect("good"),
            &expected,
            1e-8,
        );
    }
}

#[test]
fn coinciding_means_explain_nothing() {
    let xp = reference::namespace();
    let x = xp
        .asarray([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        .expect("good");
    let x = xp.concat(&[&x, &x], Some(0)).expect("good");
    let y = xp.asarray([0, 0, 0, 0, 1, 1, 1, 1]).expect("good");
    for solver in [Solver::Svd, Solver::Eigen] {
        let lda = Lda::default()
            .solver(solver)
            .fit(&x, &y)
            .expect("a good fit");
        close(
            lda.explained_variance_ratio_.as_ref().expect("of both"),
            &[0.0],
            0.0,
        );
        assert_eq!(
            lda.predict_proba(&x)
                .expect("good")
                .to_vec::<f64>()
                .expect("real"),
            [0.5; 16]
        );
    }
}

#[test]
fn a_prior_of_zero_rules_a_class_out() {
    let xp = reference::namespace();
    let data = split(&datasets::iris(), &xp, DType::Float64);
    for solver in [Solver::Svd, Solver::Lsqr, Solver::Eigen] {
        let lda = Lda::default()
            .solver(solver)
            .priors([0.5, 0.0, 0.5])
            .fit(&data.x_train, &data.y_train)
            .expect("a good fit");
        let predicted: Vec<i64> = lda
            .predict(&data.x_test)
            .expect("good")
            .to_vec()
            .expect("integers");
        assert!(!predicted.contains(&1));
        let proba = lda.predict_proba(&data.x_test).expect("good");
        assert!(
            proba
                .get(ix![.., 1])
                .expect("good")
                .to_vec::<f64>()
                .expect("real")
                .iter()
                .all(|&p| p == 0.0)
        );
    }
}

#[test]
fn full_shrinkage_ignores_correlations() {
    let xp = reference::namespace();
    let data = split(&datasets::iris(), &xp, DType::Float64);
    let lda = Lda::default()
        .solver(Solver::Lsqr)
        .shrinkage(Shrinkage::Value(1.0))
        .fit(&data.x_train, &data.y_train)
        .expect("a good fit");
    let covariance = lda.covariance_.as_ref().expect("of lsqr");
    let diagonal: Vec<f64> = xp
        .linalg()
        .diagonal(covariance, 0)
        .expect("square")
        .to_vec()
        .expect("real");
    assert!(diagonal.iter().all(|v| (v - diagonal[0]).abs() < 1e-15));
    close(
        &(covariance - xp.eye(4, 4, 0, DType::Float64).expect("good") * diagonal[0])
            .eval()
            .expect("good"),
        &[0.0; 16],
        1e-15,
    );
}

#[test]
fn accuracy_compares_labels_of_any_kind() {
    let xp = reference::namespace();
    let truth = xp.asarray([0, 1, 2, 3]).expect("good");
    let predicted = xp.asarray([0.0, 1.0, 1.0, 3.0]).expect("good");
    assert_eq!(accuracy_score(&truth, &predicted).expect("good"), 0.75);
    assert_eq!(accuracy_score(&truth, &truth).expect("good"), 1.0);
}
