//! Folds: scikit-learn's, and what is true of all.

use std::collections::BTreeMap;

use array_api_spec::{Array, Backend, DType, Namespace, reference};
use ml_core::{
    KFold, LinearDiscriminantAnalysis, Method, Ridge, StratifiedKFold, Value, Warning,
    cross_val_predict, cross_val_score,
    linear_model::RidgeSolver,
    model_selection::{Cv, Fold},
};
use proptest::prelude::*;

use super::{
    cases::{Case, Numbers, assert_near, file, numbers, numbers_of},
    everywhere::{Check, tests_of_results},
};

fn rows<B: Backend>(positions: &Array<B>) -> Vec<usize> {
    let positions: Vec<i64> = positions.to_vec().expect("integers");
    positions.into_iter().map(|i| i as usize).collect()
}

/// Results that are not compared, with the reason.
fn left_out(case: &Case) -> Option<&'static str> {
    let call = case.call.as_deref().unwrap_or_default();
    match case.name.as_str() {
        name if name.starts_with("train_test_split")
            || call.starts_with("train_test_split")
            || call.contains("stratify") =>
        {
            Some("train_test_split is not there")
        }
        _ => None,
    }
}

struct Results;

impl Check for Results {
    fn on<B: Backend>(&self, xp: &Namespace<B>, dtype: DType) {
        let file = file("cross_validation");
        let mut compared = 0;
        for case in file.cases.iter().filter(|case| left_out(case).is_none()) {
            let call = case.call.as_deref().expect("what was called");
            let place = format!("{:?} on {} in {dtype}", case.name, xp.device());
            let is_classifier = !call.contains("Ridge");
            let samples = file.datasets[&case.data].samples(xp, dtype, is_classifier);
            let (x, y) = (&samples.x, samples.y.as_ref().expect("labels"));
            let argument = |before: &str| -> Option<usize> {
                let (_, rest) = call.split_once(before)?;
                rest.split(')').next()?.parse().ok()
            };
            if call.starts_with("cross_val_predict") {
                compare_predictions(case, dtype, x, y, &place);
            } else if let Some(k) = argument("cv=") {
                let ridge = Ridge::default().solver(RidgeSolver::Svd);
                compare_scores(case, dtype, cross_val_score(&ridge, x, y, k), &place);
            } else if call.starts_with("cross_val_score") {
                let lda = LinearDiscriminantAnalysis::default();
                compare_scores(case, dtype, cross_val_score(&lda, x, y, None), &place);
            } else {
                let folds = match (argument("StratifiedKFold("), argument("KFold(")) {
                    (Some(k), _) => StratifiedKFold::default().n_splits(k).split(y),
                    (None, k) => KFold::default().n_splits(k.expect("a number")).split(x),
                };
                if case.error.is_some() {
                    let error = folds.expect_err(&place).to_string();
                    assert!(error.contains("n_splits ="), "{error}");
                } else {
                    let folds = folds.expect(&place);
                    let is_small = case.name.ends_with("a class of 3");
                    assert_eq!(is_small, !folds.warnings.is_empty(), "{place}");
                    let tests: Vec<_> = folds
                        .into_iter()
                        .map(|fold| numbers_of(&fold.test).values)
                        .collect();
                    let theirs = case.results["test"].as_array().expect("a list");
                    let theirs: Vec<_> = theirs.iter().map(|fold| numbers(fold).values).collect();
                    assert_eq!(tests, theirs, "{place}");
                }
            }
            compared += 1;
        }
        assert_eq!(compared, 26);
    }
}

/// `cross_val_predict(LDA(), X, y, cv=4, method='predict_proba')`, and Ridge with as many folds as its case's name ends with.
fn compare_predictions<B: Backend>(
    case: &Case,
    dtype: DType,
    x: &Array<B>,
    y: &Array<B>,
    place: &str,
) {
    for (name, theirs) in &case.results {
        let method = Method::ALL.iter().find(|method| method.name() == name);
        let method = *method.expect("a method");
        let found = match case.name.rsplit_once(' ').and_then(|(_, k)| k.parse().ok()) {
            Some(k) => {
                let ridge = Ridge::default().solver(RidgeSolver::Svd);
                cross_val_predict::<_, B>(&ridge, x, y, Cv::Folds(k), method)
            }
            None => {
                let lda = LinearDiscriminantAnalysis::default();
                cross_val_predict(&lda, x, y, 4, method)
            }
        };
        let mut found = numbers_of(&found.unwrap_or_else(|e| panic!("{place}: {e}")));
        let mut theirs = theirs.clone();
        if method == Method::PredictLogProba && dtype == DType::Float32 {
            // Of a probability near 0, which is 1 less another, few digits are left: it is compared itself.
            let Numbers { values, shape } = numbers(&theirs);
            let rows = values.chunks_exact(shape[1]);
            theirs = rows
                .map(|row| row.iter().map(|v| v.exp()).collect::<Value>())
                .collect();
            found.values.iter_mut().for_each(|v| *v = v.exp());
        }
        assert_near(case, name, dtype, &found, &theirs, place);
    }
}

fn compare_scores(
    case: &Case,
    dtype: DType,
    scores: array_api_spec::Result<Vec<f64>>,
    place: &str,
) {
    let scores = scores.unwrap_or_else(|e| panic!("{place}: {e}"));
    let ours = Numbers {
        shape: vec![scores.len()],
        values: scores,
    };
    assert_near(case, "scores", dtype, &ours, &case.results["scores"], place);
}

tests_of_results!(Results);

/// Each of n samples is held out once and trained on otherwise, in its order. Gives the held-out samples.
fn check_folds<B: Backend>(folds: impl IntoIterator<Item = Fold<B>>, n: usize) -> Vec<Vec<usize>> {
    let mut seen = vec![0; n];
    let mut tests = Vec::new();
    for fold in folds {
        let (train, test) = (rows(&fold.train), rows(&fold.test));
        assert!(train.is_sorted_by(|a, b| a < b) && test.is_sorted_by(|a, b| a < b));
        let mut both = [&train[..], &test[..]].concat();
        both.sort_unstable();
        assert_eq!(both, (0..n).collect::<Vec<_>>());
        test.iter().for_each(|&row| seen[row] += 1);
        tests.push(test);
    }
    assert!(seen.iter().all(|&times| times == 1));
    tests
}

fn differ_by_at_most_one(sizes: impl Iterator<Item = usize> + Clone) -> bool {
    sizes.clone().max().unwrap_or(0) - sizes.min().unwrap_or(0) <= 1
}

proptest! {
    #[test]
    fn parts_of_equal_size(n in 2..60_usize, k in 2..9_usize, seed in proptest::option::of(0..9_u64)) {
        let xp = reference::namespace();
        let x = xp.zeros([n, 1], DType::Float64).expect("room");
        let k = k.min(n);
        let folds = KFold { n_splits: k, shuffle: seed.is_some(), random_state: seed };
        let tests = check_folds(folds.split(&x).expect("enough samples"), n);
        prop_assert_eq!(tests.len(), k);
        prop_assert!(differ_by_at_most_one(tests.iter().map(Vec::len)));
        // The same seed gives the same folds.
        prop_assert_eq!(&tests, &check_folds(folds.split(&x).expect("enough samples"), n));
    }

    #[test]
    fn each_class_has_its_share(labels in proptest::collection::vec(-2..3_i64, 2..60), k in 2..6_usize, seed in proptest::option::of(0..9_u64)) {
        let xp = reference::namespace();
        let n = labels.len();
        let y = xp.asarray(labels.clone()).expect("room");
        let mut counts = BTreeMap::new();
        labels.iter().for_each(|label| *counts.entry(*label).or_insert(0_usize) += 1);
        let folds = StratifiedKFold { n_splits: k, shuffle: seed.is_some(), random_state: seed };
        let split = folds.split(&y);
        if k > n || counts.values().all(|&count| count < k) {
            prop_assert!(split.is_err());
            return Ok(());
        }
        let split = split.expect("enough of a class");
        let is_small = counts.values().any(|&count| count < k);
        prop_assert_eq!(is_small, split.warnings.iter().any(|w| matches!(w, Warning::SmallClass { .. })));
        let tests = check_folds(split, n);
        prop_assert_eq!(tests.len(), k);
        prop_assert!(differ_by_at_most_one(tests.iter().map(Vec::len)));
        for label in counts.keys() {
            let of_class = tests.iter().map(|test| test.iter().filter(|&&row| labels[row] == *label).count());
            prop_assert!(differ_by_at_most_one(of_class));
        }
    }
}

#[test]
fn seeds_give_other_folds() {
    let xp = reference::namespace();
    let y = xp.asarray([0, 1].repeat(20)).expect("room");
    let by = |seed: u64| {
        let folds = KFold::default().shuffle(true).random_state(seed);
        let stratified = StratifiedKFold::default().shuffle(true).random_state(seed);
        let (folds, stratified) = (
            folds.split(&y).expect("samples"),
            stratified.split(&y).expect("samples"),
        );
        (check_folds(folds, 40), check_folds(stratified, 40))
    };
    let (zero, one) = (by(0), by(1));
    assert!(zero.0 != one.0 && zero.1 != one.1);
}

#[test]
fn mistakes() {
    let xp = reference::namespace();
    let y = xp.asarray([0, 1, 0, 1, 0, 1]).expect("room");
    let refused = |result: array_api_spec::Result<()>, words: &str| {
        let error = result.expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    };
    let split = |folds: KFold, x: &Array<_>| folds.split(x).map(drop);
    refused(
        split(KFold::default().n_splits(1_usize), &y),
        "must be at least 2",
    );
    refused(
        split(KFold::default().n_splits(7_usize), &y),
        "more than the number of samples, 6",
    );
    refused(
        split(KFold::default().random_state(1), &y),
        "has no effect without shuffle",
    );
    refused(
        split(KFold::default(), &xp.asarray(1.0).expect("room")),
        "no axis of samples",
    );
    let stratified = StratifiedKFold::default().n_splits(2_usize);
    refused(
        stratified
            .split(&xp.asarray([0.5, 1.0, 2.0]).expect("room"))
            .map(drop),
        "not whole numbers",
    );
    refused(
        StratifiedKFold::default().split(&y).map(drop),
        "number of samples of each class",
    );
    let (x, ridge) = (
        xp.ones([6, 2], DType::Float64).expect("room"),
        Ridge::default().alpha(-1.0),
    );
    refused(cross_val_score(&ridge, &x, &y, 2).map(drop), "alpha = -1");
    let short = xp.asarray([0, 1]).expect("room");
    refused(
        cross_val_score(&Ridge::default(), &x, &short, 2).map(drop),
        "y has 2 rows",
    );
    refused(
        cross_val_score(&Ridge::default(), &x, None, 2).map(drop),
        "give y",
    );
    // The class 2 is in the second half only.
    let rare = xp.asarray([0, 1, 0, 1, 0, 1, 0, 1, 2]).expect("room");
    let wide = [0.0, 1.0, 0.1, 1.1, 0.3, 1.2, 0.2, 0.9, 2.0].map(|v| [v]);
    let wide = xp.asarray(wide).expect("room");
    let lda = LinearDiscriminantAnalysis::default();
    let halves = KFold::default().n_splits(2_usize);
    for method in [Method::PredictProba, Method::DecisionFunction] {
        let found = cross_val_predict(&lda, &wide, &rare, halves.clone(), method);
        refused(found.map(drop), "a class is missing");
    }
    let found = cross_val_predict(&Ridge::default(), &x, &y, 2, Method::Transform);
    refused(found.map(drop), "Ridge has no such method");
    let one = xp.asarray([0, 0, 0, 1, 1, 1]).expect("room");
    refused(
        cross_val_score(&lda, &x, &one, KFold::default().n_splits(2_usize)).map(drop),
        "fold 0:",
    );
}
