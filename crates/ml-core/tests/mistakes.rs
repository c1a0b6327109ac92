//! What users get wrong: always an error that says what would be right, never a panic.

use array_api_spec::{
    Array, Backend, Complex, DType, Namespace, Result, ix,
    reference::{self, Reference},
};
use insta::assert_snapshot;
use ml_core::{
    FittedLinearDiscriminantAnalysis, LinearDiscriminantAnalysis, Shrinkage, Solver,
    metrics::accuracy_score,
};
use proptest::prelude::*;

type Lda = LinearDiscriminantAnalysis;

fn message<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("a mistake went through"),
        Err(error) => error.to_string(),
    }
}

/// Six samples of three classes.
fn x() -> Array<Reference> {
    let rows = [
        [0.0, 1.0],
        [1.0, 0.0],
        [4.0, 4.5],
        [5.0, 4.0],
        [9.0, 0.0],
        [8.0, 1.5],
    ];
    reference::namespace().asarray(rows).expect("a good array")
}

fn y() -> Array<Reference> {
    reference::namespace()
        .asarray([0, 0, 1, 1, 2, 2])
        .expect("a good array")
}

fn model() -> FittedLinearDiscriminantAnalysis<Reference> {
    Lda::default().fit(&x(), &y()).expect("a good fit")
}

#[test]
fn parameters() {
    let fit = |lda: Lda| message(lda.fit(&x(), &y()));
    assert_snapshot!(fit(Lda::default().shrinkage(0.5)), @"LinearDiscriminantAnalysis: the solver `svd` computes no covariance matrix and takes no shrinkage; use `lsqr` or `eigen`");
    assert_snapshot!(fit(Lda::default().solver(Solver::Lsqr).shrinkage(1.5)), @"LinearDiscriminantAnalysis: shrinkage = 1.5 must lie in [0, 1]");
    assert_snapshot!(fit(Lda::default().solver(Solver::Eigen).shrinkage(f64::NAN)), @"LinearDiscriminantAnalysis: shrinkage = NaN must lie in [0, 1]");
    assert_snapshot!(fit(Lda::default().priors([0.5, 0.5])), @"fit: 2 priors were given, and y has 3 classes; give one for each");
    assert_snapshot!(fit(Lda::default().priors([0.5, 0.7, -0.2])), @"LinearDiscriminantAnalysis: the prior -0.2 must be a probability: finite and not negative");
    assert_snapshot!(fit(Lda::default().priors([f64::INFINITY, 0.0, 0.0])), @"LinearDiscriminantAnalysis: the prior inf must be a probability: finite and not negative");
    assert_snapshot!(fit(Lda::default().priors([0.0, 0.0, 0.0])), @"LinearDiscriminantAnalysis: the priors sum to 0; they must sum to 1");
    assert_snapshot!(fit(Lda::default().n_components(3)), @"fit: n_components = 3 cannot exceed 2, the lesser of 2 features and 3 classes minus 1");
    assert_snapshot!(fit(Lda::default().n_components(0)), @"LinearDiscriminantAnalysis: n_components = 0 must be at least 1; leave it out for as many as there can be");
    assert_snapshot!(fit(Lda::default().tol(-1.0)), @"LinearDiscriminantAnalysis: tol = -1 must be finite and not negative");
    assert_snapshot!(fit(Lda::default().tol(f64::NAN)), @"LinearDiscriminantAnalysis: tol = NaN must be finite and not negative");
}

#[test]
fn samples_and_labels() {
    let xp = reference::namespace();
    let fit = |x: &Array<Reference>, y: &Array<Reference>| message(Lda::default().fit(x, y));
    let (x, y) = (x(), y());
    let with = |value: f64| {
        let mut bad = x.clone();
        bad.set(ix![3, 1], value).expect("a position inside");
        bad
    };
    assert_snapshot!(fit(&xp.asarray([1.0, 2.0]).expect("good"), &y), @"fit: shape (2,) was given for x, which must be two-dimensional: one row for each sample, one column for each feature; use `reshape`");
    assert_snapshot!(fit(&xp.zeros([6, 2, 1], DType::Float64).expect("good"), &y), @"fit: shape (6, 2, 1) was given for x, which must be two-dimensional: one row for each sample, one column for each feature; use `reshape`");
    assert_snapshot!(fit(&x.get(ix![..1]).expect("good"), &y), @"fit: shape (1, 2) was given for x: at least 2 samples are needed");
    assert_snapshot!(fit(&x.get(ix![.., ..0]).expect("good"), &y), @"fit: shape (6, 0) was given for x: at least 1 feature is needed");
    assert_snapshot!(fit(&x.get(ix![..0]).expect("good"), &y), @"fit: shape (0, 2) was given for x: at least 2 samples are needed");
    assert_snapshot!(fit(&x.get(ix![..5]).expect("good"), &y), @"fit: shapes (5, 2) and (6,) were given for x and y: x has 5 samples, y has 6 rows");
    assert_snapshot!(fit(&with(f64::NAN), &y), @"fit: x of shape (6, 2) contains NaN; remove or fill in those samples first");
    assert_snapshot!(fit(&with(f64::NEG_INFINITY), &y), @"fit: x of shape (6, 2) contains infinity; remove or fill in those samples first");
    // A covariance matrix overflows. `svd` divides by the deviations first, and loses nothing.
    let lsqr = Lda::default().solver(Solver::Lsqr);
    assert_snapshot!(message(lsqr.fit(&with(1e300), &y)), @"fit: coef_ is not finite: the values of x are too large for sums of their squares in float64; scale them");
    let (large, model) = (with(1e300), Lda::default().fit(&with(1e300), &y));
    let score = model.and_then(|model| model.score(&large, &y));
    assert!(
        score.as_ref().is_ok_and(|&score| score >= 5.0 / 6.0),
        "{score:?}"
    );
    assert_snapshot!(fit(&xp.full([6, 2], Complex::new(1.0, 2.0), DType::Complex128).expect("good"), &y), @"fit: takes real values for x, not complex128");
    assert_snapshot!(fit(&xp.ones([6, 2], DType::Float64).expect("good"), &y), @"fit: no feature varies within any class beyond tol = 0.0001, so classes cannot be told apart by their spread; check x, or lower tol");
    assert_snapshot!(fit(&x, &x), @"fit: shape (6, 2) was given for y, which must be one-dimensional: one label for each sample");
    assert_snapshot!(fit(&x, &xp.asarray([0.5, 0.0, 1.0, 1.0, 2.0, 2.0]).expect("good")), @"fit: y of shape (6,) holds values that are not whole numbers; a classifier takes labels, not the continuous target of a regression");
    assert_snapshot!(fit(&x, &xp.asarray([f64::NAN; 6]).expect("good")), @"fit: y of shape (6,) contains NaN; remove or fill in those samples first");
    assert_snapshot!(fit(&x, &xp.full([6], Complex::new(1.0, 0.0), DType::Complex128).expect("good")), @"fit: takes labels of bool, integer or whole floating-point values for y, not complex128");
    assert_snapshot!(fit(&x, &xp.asarray([0, 1, 2, 3, 4, 5]).expect("good")), @"fit: y has 6 classes for 6 samples; there must be more samples than classes");
    let elsewhere = reference::narrow_namespace()
        .asarray([0, 0, 1, 1, 2, 2])
        .expect("good");
    assert_snapshot!(fit(&x, &elsewhere), @"fit: one array is on reference:1, another on reference:0; bring one to the other's device with `to_device`");
}

/// Found by the property test below: coefficients and means that are finite, and a product of them that is not.
#[test]
fn an_intercept_that_overflows_is_refused() {
    let xp = reference::namespace();
    let x = xp
        .asarray([[0.0, 1e200, 0.0], [0.0, 0.0, 0.0], [-1.0, -1.0, 1.0]])
        .expect("good");
    let lda = Lda::default().solver(Solver::Lsqr);
    let result = lda.fit(&x, &xp.asarray([-1, 0, 0]).expect("good"));
    assert_snapshot!(message(result), @"fit: intercept_ is not finite: the values of x are too large for sums of their squares in float64; scale them");
}

#[test]
fn collinear_features_have_no_positive_definite_covariance() {
    let twice = reference::namespace()
        .concat(&[&x(), &x()], Some(1))
        .expect("good");
    assert_snapshot!(message(Lda::default().solver(Solver::Eigen).fit(&twice, &y())), @"fit: the covariance matrix within classes is not positive definite: features are constant or linear combinations of others, or there are more features than samples. Set `shrinkage`, or use the solver `svd`");
}

#[test]
fn predictions() {
    let xp = reference::namespace();
    let model = model();
    let narrow = reference::narrow_namespace();
    assert_snapshot!(message(model.predict(&xp.ones([3, 4], DType::Float64).expect("good"))), @"predict: shape (3, 4) was given for x: the model was fitted on 2 features, x has 4");
    assert_snapshot!(message(model.predict(&xp.ones([2], DType::Float64).expect("good"))), @"predict: shape (2,) was given for x, which must be two-dimensional: one row for each sample, one column for each feature; use `reshape`");
    assert_snapshot!(message(model.predict(&xp.ones([0, 2], DType::Float64).expect("good"))), @"predict: shape (0, 2) was given for x: at least 1 sample is needed");
    assert_snapshot!(message(model.predict(&narrow.ones([1, 2], DType::Float32).expect("good"))), @"predict: one array is on reference:1, another on reference:0; bring one to the other's device with `to_device`");
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let x = xp.asarray([[0.0, bad]]).expect("good");
        for result in [
            model.predict(&x),
            model.predict_proba(&x),
            model.predict_log_proba(&x),
            model.decision_function(&x),
            model.transform(&x),
        ] {
            assert!(message(result).contains(if bad.is_nan() {
                "contains NaN"
            } else {
                "contains infinity"
            }));
        }
    }
    assert_snapshot!(message(model.score(&x(), &xp.asarray([0, 1]).expect("good"))), @"accuracy_score: shapes (2,) and (6,) were given for y_true and y_pred, which must be one-dimensional, not empty, and of one length");
    let lsqr = Lda::default()
        .solver(Solver::Lsqr)
        .fit(&x(), &y())
        .expect("a good fit");
    assert_snapshot!(message(lsqr.transform(&x())), @"transform: the solver `lsqr` finds no directions to project on; fit with `svd` or `eigen`");
    let nothing = xp.zeros([0], DType::Int64).expect("good");
    assert_snapshot!(message(accuracy_score(&nothing, &nothing)), @"accuracy_score: shapes (0,) and (0,) were given for y_true and y_pred, which must be one-dimensional, not empty, and of one length");
}

fn any_estimator() -> impl Strategy<Value = Lda> {
    let solver = prop_oneof![Just(Solver::Svd), Just(Solver::Lsqr), Just(Solver::Eigen)];
    let shrinkage = prop_oneof![
        Just(None),
        Just(Some(Shrinkage::Auto)),
        (-0.2..1.2).prop_map(|s| Some(Shrinkage::Value(s)))
    ];
    let priors = proptest::option::of(proptest::collection::vec(
        prop_oneof![4 => 0.0..1.0, 1 => Just(-0.5), 1 => Just(f64::NAN)],
        0..4,
    ));
    let n_components = proptest::option::of(0..4usize);
    let tol = prop_oneof![4 => Just(1e-4), 1 => Just(0.0), 1 => Just(10.0), 1 => Just(-1.0)];
    (solver, shrinkage, priors, n_components, any::<bool>(), tol).prop_map(
        |(solver, shrinkage, priors, n_components, store_covariance, tol)| Lda {
            solver,
            shrinkage,
            priors,
            n_components,
            store_covariance,
            tol,
        },
    )
}

/// Values that are often equal, and now and then extreme or not finite.
fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        12 => (-3..4i32).prop_map(f64::from),
        12 => -10.0..10.0,
        1 => Just(1e200),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever the parameters and the data: an error, or a model whose predictions are classes and whose probabilities sum to 1.
    #[test]
    fn fits_never_panic(
        lda in any_estimator(),
        (n, p, values, labels) in (0..9usize, 0..4usize).prop_flat_map(|(n, p)| {
            let values = proptest::collection::vec(any_value(), n * p);
            (Just(n), Just(p), values, proptest::collection::vec(-1..3i64, n))
        }),
        single in any::<bool>(),
    ) {
        let dtype = if single { DType::Float32 } else { DType::Float64 };
        check_fit(&lda, &reference::namespace(), &values, [n, p], dtype, &labels)?;
        check_fit(&lda, &array_api_compat::cpu(), &values, [n, p], dtype, &labels)?;
        check_fit(&lda, &reference::narrow_namespace(), &values, [n, p], DType::Float32, &labels)?;
    }
}

/// Fits and, if the fit is not refused, predicts.
fn check_fit<B: Backend>(
    lda: &Lda,
    xp: &Namespace<B>,
    values: &[f64],
    shape: [usize; 2],
    dtype: DType,
    labels: &[i64],
) -> Result<(), TestCaseError> {
    let x = xp
        .asarray_as((values.to_vec(), shape), dtype)
        .expect("a good array");
    let integral = xp.info().default_dtypes().integral;
    let y = xp.asarray_as(labels, integral).expect("a good array");
    let Ok(model) = lda.fit(&x, &y) else {
        return Ok(());
    };
    let classes: Vec<i64> = model.classes_.to_vec().expect("integers");
    let predicted: Vec<i64> = model
        .predict(&x)
        .expect("the samples that were fitted")
        .to_vec()
        .expect("integers");
    prop_assert!(predicted.iter().all(|label| classes.contains(label)));
    let proba = model
        .predict_proba(&x)
        .expect("the samples that were fitted");
    prop_assert_eq!(proba.shape(), &[shape[0], classes.len()][..]);
    let sums: Vec<f64> = xp.sum(&proba, 1).expect("a matrix").to_vec().expect("real");
    prop_assert!(
        sums.iter().all(|s| (s - 1.0).abs() < 1e-5),
        "{:?} of {:?}",
        sums,
        model
    );
    let log_proba: Vec<f64> = model
        .predict_log_proba(&x)
        .expect("the same")
        .to_vec()
        .expect("real");
    prop_assert!(
        log_proba.iter().all(|v| v.is_finite() && *v <= 0.0),
        "{:?}",
        log_proba
    );
    Ok(())
}
