//! Grid searches: scikit-learn's results, devices, files, fits that fail, and mistakes.

use array_api_spec::{Array, Backend, DType, Namespace, reference};
use ml_core::{
    Fitted, GridSearchCV, KFold, LinearDiscriminantAnalysis, Method, Parameters, Pca, Pipeline,
    Ridge, Shrinkage, Solver, StandardScaler, Value, Warning, frame,
    linear_model::RidgeSolver,
    load_any,
    model_selection::{ErrorScore, Scoring},
    weights,
};
use serde_json::json;
use tempfile::TempDir;

use super::{
    cases::{Numbers, assert_near, file, numbers_of},
    everywhere::{Check, on_cuda, on_the_host, on_wgpu, tests_of_results},
    iris,
};

/// The search that a case of scikit-learn's results names; else why there is none.
fn search(case: &str) -> Result<GridSearchCV, &'static str> {
    match case {
        "small Ridge" => Ok(GridSearchCV::new(Ridge::default())
            .grid("alpha", [0.01, 1.0, 100.0])
            .grid("solver", ["svd"])
            .grid("fit_intercept", [true, false])
            .cv(3)
            .return_train_score(true)),
        "small Ridge by neg_mean_squared_error, KFold(4)" => {
            Ok(GridSearchCV::new(Ridge::default().solver(RidgeSolver::Svd))
                .grid("alpha", [0.01, 1.0, 100.0])
                .cv(KFold::default().n_splits(4_usize))
                .scoring(Scoring::NegMeanSquaredError))
        }
        "iris KNeighborsClassifier" => {
            Err("KNeighborsClassifier is not there; which of equally near rows count is undefined")
        }
        name if name.ends_with("KNeighborsClassifier") => Err("KNeighborsClassifier is not there"),
        name if name.ends_with("QDA, two grids") => {
            Err("QuadraticDiscriminantAnalysis is not there")
        }
        name => panic!("a new case: {name}"),
    }
}

struct Results;

impl Check for Results {
    fn on<B: Backend>(&self, xp: &Namespace<B>, dtype: DType) {
        let file = file("grid_search_cv");
        let (mut compared, mut left_out) = (0, 0);
        for case in &file.cases {
            let Ok(search) = search(&case.name) else {
                left_out += 1;
                continue;
            };
            let place =
                |what: &str| format!("{:?} on {} in {dtype}: {what}", case.name, xp.device());
            let samples = file.datasets[&case.data].samples(xp, dtype, false);
            let y = samples.y.as_ref().expect("targets");
            let model = search
                .fit(&samples.x, y)
                .unwrap_or_else(|e| panic!("{}", place(&e.to_string())));
            let values = model.parts().values;
            let results = values["cv_results_"].as_object().expect("a table");
            for (name, theirs) in &case.attributes {
                let ours = values.get(name).unwrap_or_else(|| &results[name]);
                match &name[..] {
                    "best_params_" | "params" | "best_index_" | "rank_test_score" => {
                        assert_eq!(ours, theirs, "{}", place(name));
                    }
                    _ => assert_near(
                        case,
                        name,
                        dtype,
                        &super::cases::numbers(ours),
                        theirs,
                        &place(name),
                    ),
                }
                compared += 1;
            }
            assert_eq!(
                results.len() + 3,
                case.attributes.len(),
                "{}",
                place("results")
            );
            let predicted = numbers_of(&model.predict(&samples.x_test).expect("samples"));
            assert_near(
                case,
                "predict",
                dtype,
                &predicted,
                &case.results["predict"],
                &place("predict"),
            );
            let score = model.score(&samples.x_test, samples.y_test.as_ref().expect("targets"));
            let score = Numbers {
                values: vec![score.expect("a score")],
                shape: Vec::new(),
            };
            assert_near(
                case,
                "score",
                dtype,
                &score,
                &case.results["score"],
                &place("score"),
            );
        }
        assert_eq!((compared, left_out), (26, 4));
    }
}

tests_of_results!(Results);

/// A search over a pipeline, as a step of another pipeline.
fn nested() -> Pipeline {
    let pipe = Pipeline::new()
        .step("pca", Pca::default())
        .step("lda", LinearDiscriminantAnalysis::default());
    let search = GridSearchCV::new(pipe)
        .grid("pca__n_components", [1, 2, 3_usize])
        .grid(
            "lda",
            [
                LinearDiscriminantAnalysis::default(),
                LinearDiscriminantAnalysis::default().tol(1e-3),
            ]
            .map(ml_core::Named::<ml_core::Builtin>::new),
        )
        .cv(3);
    Pipeline::new()
        .step("scale", StandardScaler::default())
        .step("search", search)
}

struct Moves;

impl Check for Moves {
    fn on<B: Backend>(&self, xp: &Namespace<B>, dtype: DType) {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("search.safetensors");
        let cpu = array_api_compat::cpu();
        let (x, y) = iris(xp, dtype);
        let model = nested().fit(&x, &y).expect("a good fit");
        let search = model.step::<GridSearchCV>("search").expect("a step");
        assert_eq!(search.best_params_["pca__n_components"], 3);
        assert_eq!((search.best_index_, search.n_splits_), (2, 3));
        let score = model.score(&x, &y).expect("a score");
        assert!(score > 0.96, "{score}");
        model.save(&path).expect("a written file");
        let (x, y) = iris(&cpu, dtype);
        let moved = model.to_device(&cpu).expect("room");
        assert_eq!(moved.score(&x, &y).expect("a score"), score);
        let loaded = load_any(&path, &cpu).expect("a good file");
        assert_eq!(loaded.score(&x, Some(&y), None).expect("a score"), score);
        assert_eq!(format!("{loaded:?}"), format!("{moved:?}"));
        let of = |model: &Fitted<Pipeline, _>| {
            let search = model.step::<GridSearchCV>("search").expect("a step");
            (search.cv_results_.clone(), search.best_params_.clone())
        };
        let loaded = loaded.downcast_ref::<Pipeline>().expect("its type");
        assert_eq!(of(loaded), of(&moved));
    }
}

#[test]
fn searches_move_and_go_through_files() {
    on_the_host(&Moves);
    on_wgpu(&Moves);
    on_cuda(&Moves);
}

#[test]
fn candidates_come_in_the_order_of_names() {
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let search = GridSearchCV::new(Ridge::default())
        .grid("fit_intercept", [true, false])
        .grid("alpha", [1.0, 2.0])
        .next_grid()
        .grid("alpha", [4.0])
        .cv(KFold::default().n_splits(3_usize).shuffle(true));
    let model = search.fit(&x, &y).expect("a good fit");
    let params: Value = model.parts().values["cv_results_"]["params"].clone();
    assert_eq!(
        params,
        json!([
            {"alpha": 1.0, "fit_intercept": true},
            {"alpha": 1.0, "fit_intercept": false},
            {"alpha": 2.0, "fit_intercept": true},
            {"alpha": 2.0, "fit_intercept": false},
            {"alpha": 4.0},
        ])
    );
    assert!(model.cv_results_.split_train_score.is_empty());
}

/// Iris comes class by class: without shares of each class in each fold, a classifier would know no class that it is asked for.
#[test]
fn folds_of_classifiers_are_stratified_and_equal_candidates_share_a_rank() {
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let search = |cv: bool| {
        let search = GridSearchCV::new(LinearDiscriminantAnalysis::default())
            .grid("store_covariance", [false, true]);
        let search = if cv {
            search.cv(KFold::default().n_splits(3_usize))
        } else {
            search.cv(3)
        };
        search.fit(&x, &y).expect("a good fit")
    };
    let model = search(false);
    assert_eq!(
        model.cv_results_.split_test_score,
        [[1.0; 2], [0.98; 2], [0.96; 2]]
    );
    assert_eq!(model.cv_results_.rank_test_score, [1, 1]);
    assert_eq!(model.best_index_, 0);
    let class_by_class = search(true);
    assert_eq!(class_by_class.best_score_, 0.0);
}

fn failing() -> GridSearchCV {
    let lda = LinearDiscriminantAnalysis::default().solver(Solver::Lsqr);
    GridSearchCV::new(lda)
        .grid(
            "shrinkage",
            [
                Shrinkage::Value(2.0),
                Shrinkage::Value(0.1),
                Shrinkage::Auto,
            ],
        )
        .cv(3)
}

#[test]
fn fits_that_fail() {
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let model = failing()
        .return_train_score(true)
        .fit(&x, &y)
        .expect("two of three are good");
    assert!(model.cv_results_.mean_test_score[0].is_nan());
    assert!(model.cv_results_.mean_train_score[0].is_nan());
    assert_eq!(model.cv_results_.rank_test_score[0], 3);
    let failed: Vec<&Warning> = model
        .warnings()
        .iter()
        .filter(|w| matches!(w, Warning::FitFailed { .. }))
        .collect();
    assert_eq!(failed.len(), 3);
    let words = failed[1].to_string();
    assert!(
        words.contains("{\"shrinkage\":2.0} outside of fold 1")
            && words.contains("must lie in [0, 1]"),
        "{words}"
    );
    // NaN goes through files, too.
    let back = Fitted::<GridSearchCV, _>::from_parts(model.parts(), &xp).expect("its own parts");
    assert_eq!(
        back.cv_results_.rank_test_score,
        model.cv_results_.rank_test_score
    );
    assert!(back.cv_results_.mean_test_score[0].is_nan());

    let worst = failing()
        .error_score(-1.0)
        .fit(&x, &y)
        .expect("two of three are good");
    assert_eq!(
        (
            worst.cv_results_.mean_test_score[0],
            worst.cv_results_.rank_test_score[0]
        ),
        (-1.0, 3)
    );
    let best = failing()
        .error_score(2.0)
        .fit(&x, &y)
        .expect_err("the failing candidate would be best")
        .to_string();
    assert!(
        best.contains("the best parameters: shrinkage = 2"),
        "{best}"
    );
    let raised = failing()
        .error_score(ErrorScore::Raise)
        .fit(&x, &y)
        .expect_err("an error")
        .to_string();
    assert!(
        raised.contains("fold 0 with {\"shrinkage\":2.0}"),
        "{raised}"
    );
    let all = GridSearchCV::new(Ridge::default())
        .grid("alpha", [-1.0, -2.0])
        .fit(&x, &y)
        .expect_err("no fit")
        .to_string();
    assert!(
        all.contains("all 10 fits failed; the first: alpha = -1"),
        "{all}"
    );
}

#[test]
fn without_refit() {
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let search = failing().refit(false);
    assert_eq!(frame::AnyParameters::methods(&search), []);
    let model = search.fit(&x, &y).expect("two of three are good");
    assert!(model.best_estimator_.is_none());
    let error = model.predict(&x).expect_err("no model").to_string();
    assert!(error.contains("refit = false"), "{error}");
    assert!(model.to_device(&array_api_compat::cpu()).is_ok());
}

#[test]
fn steps_are_candidates_and_weights_reach_the_fits() {
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let w: Vec<f64> = (0..150).map(|i| 0.5 + f64::from(i % 7)).collect();
    let w = xp.asarray(w).expect("room");
    let pipe = Pipeline::new()
        .step("scale", StandardScaler::default())
        .step("ridge", Ridge::default());
    let search = GridSearchCV::new(pipe)
        .grid("scale", ["passthrough"])
        .grid("ridge__alpha", [0.5])
        .cv(KFold::default().shuffle(true));
    let model = search.fit_with(&x, &y, weights(&w)).expect("a good fit");
    let alone = Ridge::default()
        .alpha(0.5)
        .fit_with(&x, &y, weights(&w))
        .expect("a good fit");
    let best = model
        .best_estimator_
        .as_ref()
        .and_then(|best| best.downcast_ref::<Pipeline>())
        .expect("a pipeline");
    let ridge = best.step::<Ridge>("ridge").expect("a step");
    assert_eq!(ridge.coef_.to_vec::<f64>(), alone.coef_.to_vec::<f64>());
    let unweighted = search.fit(&x, &y).expect("a good fit");
    assert_ne!(unweighted.best_score_, model.best_score_);
}

#[test]
fn parameters_by_name_and_mistakes() {
    let mut search = GridSearchCV::new(Pipeline::new().step("ridge", Ridge::default()));
    for (name, value) in [
        ("estimator__ridge__alpha", json!(2.0)),
        ("param_grid", json!({"ridge__alpha": [1.0, 2.0]})),
        ("cv", json!({"StratifiedKFold": {"n_splits": 3}})),
        ("scoring", json!("r2")),
        ("error_score", json!("raise")),
    ] {
        search
            .set_param(name, &value)
            .unwrap_or_else(|e| panic!("{e}"));
    }
    let mut again = GridSearchCV::new(Ridge::default());
    for (name, value) in search.get_params() {
        again
            .set_param(&name, &value)
            .unwrap_or_else(|e| panic!("{e}"));
    }
    assert_eq!(again, search);
    for (name, value, words) in [
        ("alpha", json!(1), "there is no parameter \"alpha\""),
        (
            "estimator__alpha",
            json!(1),
            "there is no parameter \"alpha\"",
        ),
        (
            "cv",
            json!({"KFold": {"splits": 3}}),
            "there is no parameter \"splits\"",
        ),
        ("cv", json!("5"), "it is a number of folds"),
        ("scoring", json!("r3"), "unknown variant"),
        (
            "error_score",
            json!("ignore"),
            "it is \"raise\" or a number",
        ),
        ("param_grid", json!([1]), "not a list of values by name"),
        (
            "estimator",
            json!({"estimator": "SVC"}),
            "there is no estimator \"SVC\"",
        ),
    ] {
        let error = search.set_param(name, &value).expect_err(name).to_string();
        assert!(error.contains(words), "{error}");
    }
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let ridge = || GridSearchCV::new(Ridge::default());
    for (search, words) in [
        (ridge(), "there is nothing to choose from"),
        (
            ridge().grid("alpha", [0.0; 0]),
            "there are no values for the parameter \"alpha\"",
        ),
        (
            ridge().grid("alfa", [1.0]),
            "there is no parameter \"alfa\"",
        ),
        (
            ridge().grid("alpha", ["much"]),
            "the parameter alpha cannot be \"much\"",
        ),
        (ridge().grid("alpha", [1.0]).cv(1), "must be at least 2"),
    ] {
        let error = search.fit(&x, &y).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    let error = GridSearchCV::new(StandardScaler::default())
        .grid("with_mean", [true])
        .fit(&x, None);
    let error = error.expect_err("no score").to_string();
    assert!(error.contains("StandardScaler has no score"), "{error}");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let model = GridSearchCV::new(Ridge::default())
        .grid("alpha", [1.0, 2.0])
        .cv(3)
        .fit(&x, &y)
        .expect("a good fit");
    let refused = |change: &dyn Fn(&mut ml_core::Parts<Array<_>>), words: &str| {
        let mut parts = model.parts();
        change(&mut parts);
        let error = Fitted::<GridSearchCV, _>::from_parts(parts, &xp)
            .expect_err(words)
            .to_string();
        assert!(error.contains(words), "{error}");
    };
    let other = 1 - model.best_index_;
    let misfit = "the results do not fit each other";
    refused(
        &|parts| drop(parts.values.insert("best_index_".into(), other.into())),
        misfit,
    );
    refused(
        &|parts| drop(parts.values.insert("best_index_".into(), 7.into())),
        misfit,
    );
    refused(
        &|parts| drop(parts.values.insert("n_splits_".into(), 4.into())),
        misfit,
    );
    refused(
        &|parts| drop(parts.values.insert("best_score_".into(), 7.0.into())),
        misfit,
    );
    refused(
        &|parts| parts.values["cv_results_"]["mean_test_score"] = json!([1.0]),
        misfit,
    );
    refused(
        &|parts| parts.values["cv_results_"]["fit_time"] = json!([1.0]),
        "there is no \"fit_time\"",
    );
    refused(
        &|parts| drop(parts.models.remove("best_estimator_")),
        "the best estimator is not the one",
    );
    let foreign = |parts: &mut ml_core::Parts<Array<_>>| {
        let best = parts.models.get_mut("best_estimator_").expect("a model");
        best.parameters.insert("alpha".into(), json!(7.0));
    };
    refused(&foreign, "the best estimator is not the one");
}

#[test]
fn methods_are_those_of_the_best() {
    let search =
        GridSearchCV::new(Pipeline::new().step("lda", LinearDiscriminantAnalysis::default()));
    let methods = frame::AnyParameters::methods(&search);
    assert!(methods.contains(&Method::PredictProba) && !methods.contains(&Method::ScoreSamples));
    assert!(
        frame::AnyParameters::is_classifier(&search)
            && frame::AnyParameters::is_supervised(&search)
    );
    assert!(!frame::AnyParameters::is_classifier(&GridSearchCV::new(
        Ridge::default()
    )));
    assert!(!frame::AnyParameters::is_supervised(&GridSearchCV::new(
        Pca::default()
    )));
}
