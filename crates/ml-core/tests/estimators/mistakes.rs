//! What users get wrong, for every estimator: an error, never a panic.

use array_api_spec::{Array, Backend, Namespace, reference};
use ml_core::{
    ESTIMATORS, Fitted, Ridge, Value, With, estimator_by_name, linear_model::RidgeSolver,
};
use proptest::prelude::*;

use super::estimator;

/// Six samples of three classes.
fn samples<B: Backend>(xp: &Namespace<B>) -> (Array<B>, Array<B>) {
    let x = xp
        .asarray([
            [0.0, 1.0],
            [1.0, 0.0],
            [4.0, 4.5],
            [5.0, 4.0],
            [9.0, 0.0],
            [8.0, 1.5],
        ])
        .expect("room");
    (x, xp.asarray([0, 0, 1, 1, 2, 2]).expect("room"))
}

#[test]
fn names_and_values_of_parameters() {
    for name in ESTIMATORS {
        let mut estimator =
            estimator_by_name::<reference::Reference>(name).expect("a name of the list");
        let unknown = estimator
            .set_param("alfa", &1.0.into())
            .expect_err("no such parameter")
            .to_string();
        assert!(
            unknown.contains("there is no parameter \"alfa\""),
            "{unknown}"
        );
        for (parameter, value) in estimator.get_params() {
            estimator
                .set_param(&parameter, &value)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            let wrong = Value::Object(serde_json::Map::new());
            let refused = estimator
                .set_param(&parameter, &wrong)
                .expect_err("an object is no parameter")
                .to_string();
            assert!(
                refused.contains(&format!("the parameter {parameter} cannot be {{}}")),
                "{refused}"
            );
        }
    }
    assert!(
        estimator_by_name::<reference::Reference>("Rigde")
            .expect_err("no such name")
            .to_string()
            .contains("Ridge")
    );
}

/// The same samples, with numbers for targets.
fn regression<B: Backend>(xp: &Namespace<B>) -> (Array<B>, Array<B>) {
    let (x, y) = samples(xp);
    let y = xp.astype(&y, x.dtype()).eval().expect("room");
    (x, y)
}

#[test]
fn lbfgs_is_for_positive_coefficients() {
    let xp = reference::namespace();
    let (x, y) = samples(&xp);
    for (solver, positive) in [(RidgeSolver::Lbfgs, false), (RidgeSolver::Svd, true)] {
        let ridge = Ridge::default().solver(solver).positive(positive);
        let error = ridge.fit(&x, &y).expect_err("a conflict").to_string();
        assert!(error.contains("positive = true"), "{error}");
    }
}

#[test]
fn squares_that_are_no_numbers_give_no_positive_coefficients() {
    let xp = reference::namespace();
    let (x, y) = regression(&xp);
    let large = (&x * 1e200).eval().expect("room");
    let ridge = Ridge::default().positive(true);
    let error = ridge.fit(&large, &y).expect_err("too large").to_string();
    assert!(error.contains("not finite"), "{error}");
}

/// From a Gram matrix in a fit, from a factor in one that goes on.
#[test]
fn positive_coefficients_are_those_of_all_parts_together() {
    let xp = reference::namespace();
    let (x, y) = regression(&xp);
    let ridge = Ridge::default().alpha(0.1).positive(true);
    let (all, seen) = (ridge.fit(&x, &y), ridge.observe(&x, &y));
    let parts = seen.and_then(|seen| seen.conclude()).expect("a model");
    let of = |model: &Fitted<Ridge, _>| model.coef_.to_vec::<f64>().expect("room");
    let (all, parts) = (of(&all.expect("a model")), of(&parts));
    assert!(all.iter().any(|c| *c > 0.0) && all.iter().all(|c| *c >= 0.0));
    assert!(
        all.iter().zip(&parts).all(|(a, b)| (a - b).abs() < 1e-10),
        "{all:?} {parts:?}"
    );
}

#[test]
fn data_that_do_not_fit() {
    let xp = reference::namespace();
    let (x, y) = samples(&xp);
    let elsewhere = reference::narrow_namespace();
    for name in ESTIMATORS {
        let estimator = estimator::<reference::Reference>(name);
        let fit =
            |x: &Array<_>, y: Option<&Array<_>>| estimator.fit(x, y, With::default()).map(|_| ());
        let refused = |x: &Array<_>, y: Option<&Array<_>>, words: &str| {
            let error = fit(x, y).expect_err(name).to_string();
            assert!(error.contains(words), "{name}: {error}");
        };
        refused(
            &xp.asarray([1.0, 2.0]).expect("room"),
            Some(&y),
            "must be two-dimensional",
        );
        refused(
            &xp.zeros([0, 2], x.dtype()).expect("room"),
            Some(&y),
            "sample",
        );
        refused(
            &xp.zeros([6, 0], x.dtype()).expect("room"),
            Some(&y),
            "at least 1 feature",
        );
        refused(&x, Some(&xp.asarray([0, 1]).expect("room")), "(2,)");
        refused(
            &x,
            Some(&elsewhere.asarray([0, 0, 1, 1, 2, 2]).expect("room")),
            "device",
        );
        let with = |value: f64| {
            (&x * xp
                .asarray([[1.0], [1.0], [value], [1.0], [1.0], [1.0]])
                .expect("room"))
            .eval()
            .expect("room")
        };
        refused(&with(f64::INFINITY), Some(&y), "contains infinity");
        if *name != "StandardScaler" {
            refused(&with(f64::NAN), Some(&y), "contains NaN");
        }
        if estimator.is_supervised() {
            refused(&x, None, "give y");
        }
        let model = estimator
            .fit(&x, Some(&y), With::default())
            .expect("good samples");
        for method in estimator.methods() {
            let error = model
                .call(*method, &xp.ones([3, 5], x.dtype()).expect("room"))
                .expect_err(name)
                .to_string();
            assert!(error.contains("was given for"), "{name}: {error}");
        }
    }
}

#[test]
fn weights() {
    let xp = reference::namespace();
    let (x, y) = samples(&xp);
    for name in ESTIMATORS {
        let estimator = estimator::<reference::Reference>(name);
        let fit = |weights: Vec<f64>| {
            let weights = xp.asarray(weights).expect("room");
            estimator
                .fit(&x, Some(&y), With::default().weights(&weights))
                .map(|_| ())
        };
        if fit(vec![1.0; 6]).is_err() {
            let error = fit(vec![1.0; 6]).expect_err("the same").to_string();
            assert!(error.contains("takes no sample_weight"), "{name}: {error}");
            continue;
        }
        for (weights, words) in [
            (vec![1.0; 5], "(5,)"),
            (vec![0.0; 6], "none of them counts"),
            (vec![1.0, 1.0, -1.0, 1.0, 1.0, 1.0], "must not be negative"),
            (vec![1.0, 1.0, f64::NAN, 1.0, 1.0, 1.0], "NaN or infinity"),
        ] {
            let error = fit(weights).expect_err(name).to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
    }
}

/// What is observed is judged as what is fitted is.
#[test]
fn observed_samples() {
    let xp = reference::namespace();
    let (x, y) = samples(&xp);
    let scaled = |value: f64| (&x * value).eval().expect("room");
    let hole = xp
        .where_(xp.equal(&x, 4.5), f64::NAN, &x)
        .eval()
        .expect("room");
    let refused = |result: array_api_spec::Result<()>, words: &str| {
        let error = result.expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    };
    let ridge = ml_core::Ridge::default();
    let pca = ml_core::Pca::default();
    for (x, words) in [(hole, "contains NaN"), (scaled(f64::INFINITY), "contains")] {
        refused(ridge.observe(&x, &y).map(drop), words);
        refused(ridge.fit(&x, &y).map(drop), words);
        refused(pca.observe(&x).map(drop), words);
    }
    // Squares of these are too large for `float64`.
    let scaler = ml_core::StandardScaler::default();
    refused(scaler.observe(&scaled(1e300)).map(drop), "too large");
    refused(scaler.fit(&scaled(1e300)).map(drop), "too large");
    refused(
        ml_core::Ridge::default()
            .alpha(-1.0)
            .observe(&x, &y)
            .map(drop),
        "alpha = -1",
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the samples, a fit ends, and what it gives is finite or refused.
    #[test]
    fn any_samples(n in 1..9_usize, p in 1..4_usize, kind in 0..4_usize, values in proptest::collection::vec(-3_i32..4, 32), labels in proptest::collection::vec(0..3_i32, 9)) {
        let xp = reference::namespace();
        let scale = [1.0, 0.0, 1e-160, 1e160][kind];
        let x: Vec<f64> = values.iter().cycle().take(n * p).map(|&v| f64::from(v) * scale).collect();
        let x = xp.asarray((x, [n, p])).expect("room");
        let y = xp.asarray(labels[..n].to_vec()).expect("room");
        for name in ESTIMATORS {
            let estimator = estimator::<reference::Reference>(name);
            if let Ok(model) = estimator.fit(&x, Some(&y), With::default()) {
                for method in estimator.methods() {
                    let _ = model.call(*method, &x);
                }
                for (name, array) in model.parts().arrays.iter().filter(|(name, array)| array.dtype().is_real_floating() && name != "intercept_") {
                    let values: Vec<f64> = array.to_vec().expect("real values");
                    prop_assert!(values.iter().all(|v| v.is_finite()), "{name}");
                }
            }
        }
    }
}
