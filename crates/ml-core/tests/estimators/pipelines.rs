//! Pipelines: scikit-learn's results, devices, files, parameters by name and mistakes.

use array_api_spec::{Array, Backend, DType, Namespace, reference};
use ml_core::{
    Fitted, LinearDiscriminantAnalysis, Method, Parameters, Pca, Pipeline, Ridge, StandardScaler,
    Value, Warning, With, frame::AnyFitted, linear_model::RidgeSolver, load_any, weights,
};
use serde_json::json;
use tempfile::TempDir;

use super::{
    cases::{Case, Numbers, assert_near, file, numbers, numbers_of},
    everywhere::{Check, on_cuda, on_the_host, on_wgpu, tests_of_results},
    iris,
};

/// The pipeline that a case of scikit-learn's results names; else why there is none.
fn pipeline(case: &Case) -> Result<Pipeline, &'static str> {
    let scale = || Pipeline::new().step("scale", StandardScaler::default());
    let ridge = Ridge::default().alpha(0.5).solver(RidgeSolver::Svd);
    match &case.name {
        name if name.ends_with("StandardScaler, Ridge(alpha=0.5)") => {
            Ok(scale().step("model", ridge))
        }
        name if name.ends_with("weighted in both steps") => {
            Ok(scale().step("model", ridge).weighted(["scale", "model"]))
        }
        name if name.ends_with("StandardScaler, PCA(2), LDA") => Ok(scale()
            .step("pca", Pca::default().n_components(2_usize))
            .step("lda", LinearDiscriminantAnalysis::default())),
        name if name.ends_with("MinMaxScaler, PCA(2)") => Err("MinMaxScaler is not there"),
        name if name.ends_with("passthrough, RidgeClassifier") => {
            Err("RidgeClassifier is not there")
        }
        name => panic!("a new case: {name}"),
    }
}

struct Results;

impl Check for Results {
    fn on<B: Backend>(&self, xp: &Namespace<B>, dtype: DType) {
        let file = file("pipeline");
        let (mut compared, mut left_out) = (0, 0);
        for case in &file.cases {
            let Ok(pipe) = pipeline(case) else {
                left_out += 1;
                continue;
            };
            let place =
                |what: &str| format!("{:?} on {} in {dtype}: {what}", case.name, xp.device());
            let is_classifier = case.name.ends_with("LDA");
            let samples = file.datasets[&case.data].samples(xp, dtype, is_classifier);
            let weights = (!case.sample_weight.is_null()).then(|| {
                let Numbers { values, shape } = numbers(&case.sample_weight);
                xp.asarray_as((values, &shape[..]), dtype).expect("room")
            });
            let with = weights
                .as_ref()
                .map_or_else(With::default, |w| With::default().weights(w));
            let model = pipe
                .fit_with(&samples.x, samples.y.as_ref(), with)
                .unwrap_or_else(|e| panic!("{}", place(&e.to_string())));
            for (name, theirs) in &case.results {
                let ours = match &name[..] {
                    "score" => Numbers {
                        values: vec![
                            AnyFitted::score(
                                &model,
                                &samples.x_test,
                                samples.y_test.as_ref(),
                                None,
                            )
                            .expect("a score"),
                        ],
                        shape: Vec::new(),
                    },
                    "predict" => numbers_of(&model.predict(&samples.x_test).expect("samples")),
                    "predict_proba" => {
                        numbers_of(&model.predict_proba(&samples.x_test).expect("samples"))
                    }
                    other => panic!("a new result: {other}"),
                };
                assert_near(case, name, dtype, &ours, theirs, &place(name));
                compared += 1;
            }
        }
        assert_eq!((compared, left_out), (15, 4));
    }
}

tests_of_results!(Results);

/// A pipeline within a pipeline, with a step that does nothing and one whose model has no array.
fn nested() -> Pipeline {
    let bare = StandardScaler::default().with_mean(false).with_std(false);
    let inner = Pipeline::new()
        .step("bare", bare)
        .passthrough("nothing")
        .step("pca", Pca::default().n_components(3_usize));
    Pipeline::new()
        .step("scale", StandardScaler::default())
        .step("inner", inner)
        .step("lda", LinearDiscriminantAnalysis::default())
}

struct Moves;

impl Check for Moves {
    fn on<B: Backend>(&self, xp: &Namespace<B>, dtype: DType) {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("pipeline.safetensors");
        let cpu = array_api_compat::cpu();
        let (x, y) = iris(xp, dtype);
        let model = nested().fit(&x, &y).expect("a good fit");
        let expected: Vec<f64> = model
            .predict_proba(&x)
            .expect("good samples")
            .to_vec()
            .expect("real values");
        let near = |ours: Array<_>| {
            let ours: Vec<f64> = ours.to_vec().expect("real values");
            let tolerance = if dtype == DType::Float64 { 1e-10 } else { 1e-3 };
            assert!(
                ours.iter()
                    .zip(&expected)
                    .all(|(a, b)| (a - b).abs() < tolerance)
            );
        };
        model.save(&path).expect("a written file");
        let (x, _) = iris(&cpu, dtype);
        let moved = model.to_device(&cpu).expect("room");
        near(moved.predict_proba(&x).expect("good samples"));
        let loaded = Fitted::<Pipeline, _>::load(&path, &cpu).expect("a good file");
        near(loaded.predict_proba(&x).expect("good samples"));
        assert_eq!(format!("{moved:?}"), format!("{loaded:?}"));
        let any = load_any(&path, &cpu).expect("a good file");
        near(any.call(Method::PredictProba, &x).expect("good samples"));
        assert_eq!(format!("{any:?}"), format!("{loaded:?}"));
        let back = moved.to_device(xp).expect("room");
        assert_eq!(format!("{back:?}"), format!("{model:?}"));
    }
}

#[test]
fn models_move_and_go_through_files() {
    on_the_host(&Moves);
    on_wgpu(&Moves);
    on_cuda(&Moves);
}

#[test]
fn parameters_by_name() {
    let mut pipe = nested();
    let names: Vec<String> = pipe
        .get_params()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for expected in [
        "steps",
        "scale",
        "scale__with_mean",
        "inner__nothing",
        "inner__pca__n_components",
        "lda__solver",
    ] {
        assert!(names.iter().any(|name| name == expected), "{expected}");
    }
    // Each value that is given out is taken back.
    for (name, value) in pipe.get_params() {
        pipe.set_param(&name, &value).expect("its own value");
    }
    assert_eq!(pipe, nested());
    pipe.set_param("inner__pca__n_components", &2.into())
        .expect("a parameter");
    let again = Pipeline::new()
        .step("scale", StandardScaler::default())
        .step("other", Ridge::default());
    let mut read = Pipeline::new();
    let (_, steps) = &again.get_params()[0];
    read.set_param("steps", steps).expect("steps");
    assert_eq!(read, again);
    // A step is replaced by its name.
    for value in [json!("passthrough"), json!(null)] {
        read.set_param("scale", &value).expect("a step");
        assert_eq!(read.steps[0], ("scale".to_owned(), None));
    }
    read.set_param(
        "scale",
        &json!({"estimator": "PCA", "parameters": {"n_components": 1}}),
    )
    .expect("a step");
    read.set_param("scale__whiten", &true.into())
        .expect("the new step's");
    for (name, value, words) in [
        (
            "pca__n_components",
            json!(1),
            "there is no parameter \"pca__n_components\"",
        ),
        (
            "scale__with_mean",
            json!(true),
            "step \"scale\": there is no parameter \"with_mean\"",
        ),
        (
            "other__alpha",
            json!("much"),
            "step \"other\": the parameter alpha cannot be \"much\"",
        ),
        (
            "scale",
            json!({"estimator": "Rigde"}),
            "there is no estimator \"Rigde\"",
        ),
        ("scale", json!(3), "it is an estimator"),
        (
            "scale",
            json!({"estimator": "PCA", "n_components": 1}),
            "it is an estimator",
        ),
        ("steps", json!([["scale"]]), "a step is a pair"),
        ("weighted", json!(1), "cannot be 1"),
    ] {
        let error = read.set_param(name, &value).expect_err(name).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn methods_follow_from_the_steps() {
    let methods = |pipe: &Pipeline| ml_core::frame::AnyParameters::methods(pipe);
    let scale = || Pipeline::new().step("scale", StandardScaler::default());
    assert_eq!(methods(&Pipeline::new()), []);
    assert_eq!(
        methods(&scale()),
        [Method::Transform, Method::InverseTransform]
    );
    assert_eq!(
        methods(&scale().passthrough("end")),
        [Method::Transform, Method::InverseTransform]
    );
    assert_eq!(
        methods(&scale().step("ridge", Ridge::default())),
        [Method::Predict]
    );
    // Discriminants are not transformed back.
    let reduced = Pipeline::new()
        .step("lda", LinearDiscriminantAnalysis::default())
        .step("scale", StandardScaler::default());
    assert_eq!(methods(&reduced), [Method::Transform]);

    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let model = scale()
        .step("pca", Pca::default())
        .passthrough("end")
        .fit(&x, None)
        .expect("samples alone");
    let back = model
        .inverse_transform(&model.transform(&x).expect("samples"))
        .expect("components");
    let (back, x_values): (Vec<f64>, Vec<f64>) =
        (back.to_vec().expect("real"), x.to_vec().expect("real"));
    assert!(
        back.iter()
            .zip(&x_values)
            .all(|(a, b)| (a - b).abs() < 1e-12)
    );
    let error = model.predict(&x).expect_err("no such method").to_string();
    assert!(
        error.contains("the last step is \"passthrough\""),
        "{error}"
    );
    let model = reduced.fit(&x, &y).expect("a good fit");
    let error = model.predict(&x).expect_err("no such method").to_string();
    assert!(
        error.contains("step \"scale\": StandardScaler has no such method"),
        "{error}"
    );
    let z = model.transform(&x).expect("samples");
    let error = model
        .inverse_transform(&z)
        .expect_err("no way back")
        .to_string();
    assert!(error.contains("step \"lda\""), "{error}");
}

#[test]
fn weights_go_where_they_are_asked_for() {
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let w: Vec<f64> = (0..150).map(|i| 0.5 + f64::from(i % 7)).collect();
    let w = xp.asarray(w).expect("room");
    let pipe = Pipeline::new()
        .step("scale", StandardScaler::default())
        .step("ridge", Ridge::default());
    let mean = |pipe: &Pipeline| {
        let model = pipe.fit_with(&x, &y, weights(&w)).expect("a good fit");
        let scaler = model.step::<StandardScaler>("scale").expect("a step");
        let mean = scaler.mean_.as_ref().expect("with_mean").to_vec::<f64>();
        let ridge = model.step::<Ridge>("ridge").expect("a step");
        let coef = ridge.coef_.to_vec::<f64>();
        (mean.expect("real"), coef.expect("real"))
    };
    let scaler = StandardScaler::default();
    let plain = scaler.fit(&x).expect("a good fit");
    let weighted = scaler.fit_with(&x, weights(&w)).expect("a good fit");
    let of = |model: &Fitted<StandardScaler, _>| {
        model
            .mean_
            .as_ref()
            .expect("with_mean")
            .to_vec::<f64>()
            .expect("real")
    };
    let (last, both) = (
        mean(&pipe),
        mean(&pipe.clone().weighted(["scale", "ridge"])),
    );
    let first = mean(&pipe.clone().weighted(["scale"]));
    assert_eq!(
        (&last.0, &both.0, &first.0),
        (&of(&plain), &of(&weighted), &of(&weighted))
    );
    assert!(last.1 != both.1 && both.1 != first.1);
    for (pipe, words) in [
        (pipe.clone().weighted(["scales"]), "the step \"scales\""),
        (
            pipe.step("lda", LinearDiscriminantAnalysis::default()),
            "has no transform",
        ),
        (
            Pipeline::new().step("lda", LinearDiscriminantAnalysis::default()),
            "takes no sample_weight",
        ),
        (
            Pipeline::new().passthrough("end"),
            "step \"end\" is \"passthrough\" and takes no sample_weight",
        ),
    ] {
        let error = pipe
            .fit_with(&x, &y, weights(&w))
            .expect_err(words)
            .to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn mistakes_name_the_step() {
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let scale = || Pipeline::new().step("scale", StandardScaler::default());
    let refused = |pipe: Pipeline, y: Option<&Array<_>>, x: &Array<_>, words: &str| {
        let error = pipe.fit(x, y).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    };
    let labels = y;
    let y = Some(&labels);
    refused(Pipeline::new(), y, &x, "there are no steps");
    refused(
        scale().step("scale", Ridge::default()),
        y,
        &x,
        "another step's",
    );
    refused(
        scale().step("a__b", Ridge::default()),
        y,
        &x,
        "must not be empty or hold \"__\"",
    );
    refused(
        scale().step("", Ridge::default()),
        y,
        &x,
        "must not be empty",
    );
    refused(
        scale().step("steps", Ridge::default()),
        y,
        &x,
        "a parameter's",
    );
    let middle = Pipeline::new()
        .step("ridge", Ridge::default())
        .passthrough("end");
    refused(
        middle,
        y,
        &x,
        "step \"ridge\": Ridge has no transform, and only the last step, \"end\"",
    );
    refused(
        scale().step("ridge", Ridge::default()),
        None,
        &x,
        "step \"ridge\" (Ridge): needs targets",
    );
    refused(
        scale().step("ridge", Ridge::default().alpha(-1.0)),
        y,
        &x,
        "step \"ridge\" (Ridge): alpha = -1",
    );
    let mut values: Vec<f64> = x.to_vec().expect("real");
    values[5] = f64::NAN;
    let odd = xp.asarray((values.clone(), [150, 4])).expect("room");
    refused(
        scale().step("ridge", Ridge::default()),
        y,
        &odd,
        "step \"ridge\" (Ridge): x of shape (150, 4) contains NaN",
    );
    // A scaler lets NaN pass.
    assert!(scale().fit(&odd, None).is_ok());
    values[5] = f64::INFINITY;
    let odd = xp.asarray((values, [150, 4])).expect("room");
    refused(
        scale().step("ridge", Ridge::default()),
        y,
        &odd,
        "contains infinity",
    );
    let model = scale()
        .step("ridge", Ridge::default())
        .fit(&x, y)
        .expect("a good fit");
    let narrow = xp.ones([3, 2], DType::Float64).expect("room");
    let error = model
        .predict(&narrow)
        .expect_err("two features")
        .to_string();
    assert!(error.contains("fitted on 4 features"), "{error}");
    // Warnings come with their step.
    let y = xp.expand_dims(&labels, 1).expect("a column");
    let lda = scale().step("lda", LinearDiscriminantAnalysis::default());
    let model = lda.fit(&x, &y).expect("a good fit");
    assert!(matches!(&model.warnings()[0], Warning::InStep { step, .. } if step == "lda"));
    assert!(
        model.warnings()[0]
            .to_string()
            .starts_with("step \"lda\": y has shape (150, 1)")
    );
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let xp = reference::namespace();
    let (x, y) = iris(&xp, DType::Float64);
    let model = nested().fit(&x, &y).expect("a good fit");
    assert!(Fitted::<Pipeline, _>::from_parts(model.parts(), &xp).is_ok());
    let refused = |change: &dyn Fn(&mut ml_core::Parts<Array<_>>), words: &str| {
        let mut parts = model.parts();
        change(&mut parts);
        let error = Fitted::<Pipeline, _>::from_parts(parts, &xp)
            .expect_err(words)
            .to_string();
        assert!(error.contains(words), "{error}");
    };
    let not_those = "the fitted steps are not those that the parameters name";
    refused(&|parts| drop(parts.models.remove("lda")), not_those);
    refused(
        &|parts| parts.values["steps"] = json!(["scale", "lda"]),
        "a part \"inner\"",
    );
    refused(
        &|parts| parts.values["steps"] = json!(["lda", "scale", "inner"]),
        not_those,
    );
    refused(
        &|parts| drop(parts.values.remove("steps")),
        "the attribute \"steps\" is missing",
    );
    refused(
        &|parts| drop(parts.parameters.remove("weighted")),
        "the parameter \"weighted\" is missing",
    );
    let swap = |parts: &mut ml_core::Parts<Array<_>>| {
        let scale = parts.models["scale"].clone();
        parts.models.insert("lda".into(), scale);
    };
    refused(&swap, not_those);
    let other = |parts: &mut ml_core::Parts<Array<_>>| {
        let lda = parts.models.get_mut("lda").expect("a step");
        lda.parameters.insert("tol".into(), Value::from(0.5));
    };
    refused(&other, not_those);
}
