//! Fits that iterate: what they tell on the way, how they end, and what they refuse.

use std::ops::ControlFlow;

use array_api_spec::{Array, DType, ix, reference};
use ml_core::{
    KMeans, LogisticRegression, Value, Warning,
    cluster::{Init, Runs},
    datasets, estimator_by_name,
    linear_model::ClassWeight,
    progress, weights,
};

type Device = reference::Reference;

fn iris() -> (Array<Device>, Array<Device>) {
    datasets::load_iris(&reference::namespace()).expect("room")
}

/// Three groups of four points, and their centers.
fn groups() -> Array<Device> {
    let points = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]
        .map(|[x, y]| [[x - 1.0, y], [x + 1.0, y], [x, y - 1.0], [x, y + 1.0]]);
    let points: Vec<f64> = points.concat().concat();
    reference::namespace()
        .asarray((points, [12, 2]))
        .expect("room")
}

#[test]
fn progress_is_told_and_can_end_the_fit() {
    let (x, y) = iris();
    let mut told = Vec::new();
    let tell = |now: ml_core::Progress| {
        told.push(now);
        ControlFlow::Continue(())
    };
    let logistic = LogisticRegression::default().max_iter(200_usize);
    let model = logistic
        .fit_with(&x, &y, progress(tell))
        .expect("a good fit");
    assert_eq!(told.len(), model.n_iter_);
    assert!(told.iter().map(|now| now.iteration).eq(1..=model.n_iter_));
    assert!(told.iter().all(|now| now.max_iter == 200));
    assert!(told.is_sorted_by(|a, b| b.loss < a.loss), "{told:?}");
    assert!(model.warnings().is_empty());

    let mut told = Vec::new();
    let tell = |now: ml_core::Progress| {
        told.push(now);
        ControlFlow::Continue(())
    };
    let means = KMeans::default().n_clusters(3_usize);
    let model = means.fit_with(&x, progress(tell)).expect("a good fit");
    assert_eq!(told.len(), model.n_iter_);
    assert!(told.is_sorted_by(|a, b| b.loss <= a.loss), "{told:?}");
    assert!(model.inertia_ <= told[told.len() - 1].loss);

    let stop = |now: ml_core::Progress| {
        if now.iteration == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let model = logistic
        .fit_with(&x, &y, progress(stop))
        .expect("a good fit");
    assert_eq!(model.n_iter_, 2);
    assert!(model.warnings().is_empty(), "the user knows");
    let several = means.init(Init::Random).tol(0.0);
    let model = several.fit_with(&x, progress(stop)).expect("a good fit");
    assert_eq!(model.n_iter_, 2);
    let labels = model.predict(&x).expect("samples");
    assert_eq!(labels.to_vec::<i64>(), model.labels_.to_vec::<i64>());
}

#[test]
fn a_fit_that_does_not_converge_warns() {
    let (x, y) = iris();
    let model = LogisticRegression::default()
        .max_iter(2_usize)
        .fit(&x, &y)
        .expect("a fit");
    assert_eq!(model.n_iter_, 2);
    let [
        Warning::NotConverged {
            iterations: 2,
            gradient,
            tol: 1e-4,
        },
    ] = model.warnings()
    else {
        panic!("{:?}", model.warnings());
    };
    assert!(*gradient > 1e-4);
    assert!(model.warnings()[0].to_string().contains("raise max_iter"));
}

#[test]
fn the_gradient_is_no_larger_than_tol() {
    let (x, y) = iris();
    let xp = x.namespace();
    let model = LogisticRegression::default()
        .tol(1e-7)
        .max_iter(500_usize)
        .fit(&x, &y)
        .expect("a fit");
    // (P - Y)ᵀ x / n + coef / n.
    let p = model.predict_proba(&x).expect("samples");
    let own = xp.equal(xp.expand_dims(&y, 1).expect("a view"), &model.classes_);
    let apart = (p - xp.astype(own, DType::Float64)).eval().expect("room");
    let sums = xp.matmul(apart.T().expect("a view"), &x).expect("shapes");
    let gradient = xp
        .max(xp.abs((sums + &model.coef_) / 150.0), ..)
        .expect("some");
    assert!(gradient.item::<f64>().expect("one") <= 1.01e-7);
}

#[test]
fn classes_and_their_weights() {
    let (x, y) = iris();
    let xp = x.namespace();
    let base = LogisticRegression::default();
    let one_class = xp.zeros([150], DType::Int64).expect("room");
    let refused = |estimator: &LogisticRegression, y: &Array<Device>, words: &str| {
        let error = estimator.fit(&x, y).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(&base, &one_class, "at least 2 classes");
    refused(
        &base,
        &x.get(ix![.., 0]).expect("a view"),
        "not whole numbers",
    );
    refused(&base.clone().C(0.0), &y, "C = 0 must be positive");
    refused(&base.clone().C(f64::NAN), &y, "must be positive");
    refused(&base.clone().l1_ratio(1.0), &y, "penalises squares alone");
    refused(&base.clone().tol(0.0), &y, "tol = 0 must be");
    refused(
        &base.clone().class_weight([1.0, 2.0]),
        &y,
        "2 class weights were given",
    );
    refused(
        &base.clone().class_weight([1.0, -2.0, 1.0]),
        &y,
        "not negative",
    );
    refused(
        &base.clone().class_weight([0.0, 0.0, 0.0]),
        &y,
        "none of them counts",
    );
    let labels = |pairs: &[(i64, f64)]| ClassWeight::Labels(pairs.iter().copied().collect());
    refused(
        &base.clone().class_weight(labels(&[(77, 2.0)])),
        &y,
        "the classes are [0, 1, 2]",
    );

    // A class counts twice by its own weight or by its samples'.
    let twice = (1.0 + xp.astype(xp.equal(&y, 1), DType::Float64))
        .eval()
        .expect("room");
    let tight = base.tol(1e-9).max_iter(1000_usize);
    let by_samples = tight.fit_with(&x, &y, weights(&twice)).expect("a fit");
    for weights in [labels(&[(1, 2.0)]), ClassWeight::Each(vec![1.0, 2.0, 1.0])] {
        let by_class = tight
            .clone()
            .class_weight(weights)
            .fit(&x, &y)
            .expect("a fit");
        let apart = xp
            .max(xp.abs(&by_class.coef_ - &by_samples.coef_), ..)
            .expect("some");
        assert!(apart.item::<f64>().expect("one") < 1e-6);
    }
    let mut named = estimator_by_name::<Device>("LogisticRegression").expect("a name");
    let value: Value = serde_json::json!({ "1": 2.0, "0": 0.5 });
    named.set_param("class_weight", &value).expect("labels");
    assert!(
        named
            .get_params()
            .contains(&("class_weight".to_owned(), value))
    );
    let refused = named.set_param("class_weight", &serde_json::json!({ "one": 1.0 }));
    assert!(
        refused
            .expect_err("no label")
            .to_string()
            .contains("not a whole number")
    );
}

#[test]
fn labels_that_are_far_apart_have_certain_probabilities() {
    let xp = reference::namespace();
    let x = xp.asarray([[-1e3], [-2e3], [1e3], [2e3]]).expect("room");
    let y = xp.asarray([0, 0, 1, 1]).expect("room");
    let model = LogisticRegression::default().fit(&x, &y).expect("a fit");
    let far = xp.asarray([[1e9], [-1e9]]).expect("room");
    let p: Vec<f64> = model
        .predict_proba(&far)
        .expect("samples")
        .to_vec()
        .expect("real");
    assert_eq!(p, [0.0, 1.0, 1.0, 0.0]);
    let log: Vec<f64> = model
        .predict_log_proba(&far)
        .expect("samples")
        .to_vec()
        .expect("real");
    assert_eq!(log, [f64::NEG_INFINITY, 0.0, 0.0, f64::NEG_INFINITY]);
}

#[test]
fn every_start_finds_clusters_that_are_far_apart() {
    let x = groups();
    for init in [Init::KMeansPlusPlus, Init::Random] {
        for seed in 0..5 {
            let means = KMeans::default().n_clusters(3_usize).n_init(10_usize);
            let means = means.init(init.clone()).random_state(seed);
            let model = means.fit(&x).expect("a fit");
            assert!(
                (model.inertia_ - 12.0).abs() < 1e-12,
                "{init:?}, seed {seed}"
            );
            let again = means.fit(&x).expect("a fit");
            assert_eq!(model.labels_.to_vec::<i64>(), again.labels_.to_vec::<i64>());
        }
    }
}

/// Groups far from 0 are found as those near 0 are: squares of large numbers do not hide small distances.
#[test]
fn clusters_far_from_zero() {
    let far = (groups() + 1e8).eval().expect("room");
    let model = KMeans::default()
        .n_clusters(3_usize)
        .n_init(5_usize)
        .fit(&far)
        .expect("a fit");
    assert!((model.inertia_ - 12.0).abs() < 1e-6, "{}", model.inertia_);
    let labels = model.predict(&far).expect("samples");
    assert_eq!(labels.to_vec::<i64>(), model.labels_.to_vec::<i64>());
}

#[test]
fn samples_without_weight_do_not_move_centers() {
    let x = groups();
    let xp = x.namespace();
    let only_first = xp.asarray([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let only_first = only_first.expect("room");
    let means = KMeans::default().n_clusters(2_usize);
    for init in [Init::KMeansPlusPlus, Init::Random] {
        let model = means
            .clone()
            .init(init)
            .n_init(5_usize)
            .fit_with(&x, weights(&only_first));
        let model = model.expect("a fit");
        // The last group lies at the first, and its samples count for nothing.
        assert!((model.inertia_ - 6.0).abs() < 1e-12);
        let score = model.score_weighted(&x, &x, &only_first).expect("samples");
        assert!((score + 6.0).abs() < 1e-12);
        assert!(model.score(&x, &x).expect("samples") < -300.0);
    }
    let error = means
        .n_clusters(7_usize)
        .init(Init::Random)
        .fit_with(&x, weights(&only_first));
    let error = error.expect_err("six samples count").to_string();
    assert!(
        error.contains("6 samples have a positive weight, fewer than the 7 clusters"),
        "{error}"
    );
}

#[test]
fn what_k_means_warns_of_and_refuses() {
    let x = groups();
    let given = KMeans::default()
        .n_clusters(2_usize)
        .init([[0.0, 0.0], [10.0, 0.0]]);
    assert!(given.fit(&x).expect("a fit").warnings().is_empty());
    let model = given.clone().n_init(4_usize).fit(&x).expect("a fit");
    assert_eq!(model.warnings(), [Warning::OneRun { asked: 4 }]);
    let same = x.namespace().ones([5, 2], DType::Float64).expect("room");
    let model = given.fit(&same).expect("a fit");
    assert_eq!(
        model.warnings(),
        [Warning::FewerClusters {
            found: 1,
            wanted: 2
        }]
    );

    let refused = |estimator: KMeans, words: &str| {
        let error = estimator.fit(&x).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    };
    let base = KMeans::default;
    refused(
        base().n_clusters(13_usize),
        "13 clusters need at least as many samples",
    );
    refused(
        base().n_clusters(0_usize),
        "n_clusters = 0 must be at least 1",
    );
    refused(base().max_iter(0_usize), "max_iter = 0 must be at least 1");
    refused(
        base().n_init(Runs::Times(0)),
        "n_init = 0 must be at least 1",
    );
    refused(base().tol(-1.0), "tol = -1 must be finite");
    refused(
        given.clone().n_clusters(3_usize),
        "2 centers were given for 3 clusters",
    );
    refused(
        base().n_clusters(1_usize).init([[1.0, 2.0, 3.0]]),
        "have 3 features; they need 2",
    );
    refused(
        base().n_clusters(1_usize).init([[1.0, f64::NAN]]),
        "contain NaN",
    );
    let mut named = estimator_by_name::<Device>("KMeans").expect("a name");
    let error = named
        .set_param("algorithm", &"elkan".into())
        .expect_err("not there");
    assert!(
        error
            .to_string()
            .contains("`lloyd` finds the same clusters"),
        "{error}"
    );
    let x = (&x * f64::NAN).eval().expect("room");
    let error = given
        .fit(&groups())
        .expect("a fit")
        .predict(&x)
        .expect_err("NaN");
    assert!(error.to_string().contains("contains NaN"), "{error}");
}
