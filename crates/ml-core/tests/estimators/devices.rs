//! Every estimator moves between devices and files, and merges where it can.

use array_api_spec::{Array, Backend, DType, HostArray, Namespace, ix, reference};
use ml_core::{AnyEstimator, AnyFitted, ESTIMATORS, Method, With, load_any, seen_from_bytes};
use serde_json::json;
use tempfile::TempDir;

use super::{
    cases::numbers,
    common::{adapters, cuda_devices, floating_types},
    estimator, iris,
};

fn fitted<B: Backend>(xp: &Namespace<B>, dtype: DType, name: &str) -> Box<dyn AnyFitted<B>> {
    let (x, y) = iris(xp, dtype);
    let estimator = estimator::<B>(name);
    estimator
        .fit(&x, Some(&y), With::default())
        .unwrap_or_else(|e| panic!("{name}: {e}; {:?}", ptx_sim::last_error()))
}

/// What all methods of a model give for iris.
fn results<B: Backend>(
    model: &dyn AnyFitted<B>,
    xp: &Namespace<B>,
    dtype: DType,
) -> Vec<(&'static str, Vec<f64>)> {
    let (x, _) = iris(xp, dtype);
    let estimator = estimator::<B>(model.name());
    let methods = estimator
        .methods()
        .iter()
        .filter(|method| **method != Method::InverseTransform);
    // PCA keeps all components of iris, so that its density has no noise to lean on.
    methods
        .filter_map(|method| {
            Some((
                method.name(),
                model.call(*method, &x).ok()?.to_vec().expect("real values"),
            ))
        })
        .collect()
}

fn assert_close<S: AsRef<str>>(
    ours: &[(S, Vec<f64>)],
    theirs: &[(S, Vec<f64>)],
    tolerance: f64,
    place: &str,
) {
    assert!(!ours.is_empty(), "{place}: there are no results");
    assert_eq!(ours.len(), theirs.len(), "{place}");
    for ((name, a), (of_theirs, b)) in ours.iter().zip(theirs) {
        let name = name.as_ref();
        assert_eq!((name, a.len()), (of_theirs.as_ref(), b.len()), "{place}");
        let scale = b
            .iter()
            .filter(|v| v.is_finite())
            .fold(1.0, |m: f64, v| m.max(v.abs()));
        let largest = a
            .iter()
            .zip(b)
            .filter(|(a, b)| a != b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(
            largest <= tolerance * scale,
            "{place}, {name}: off by {largest:e}"
        );
    }
}

fn check_moves<B: Backend, C: Backend>(from: &Namespace<B>, to: &Namespace<C>, dtype: DType) {
    let folder = TempDir::new().expect("a temporary folder");
    for name in ESTIMATORS {
        let place = format!(
            "{name} from {} to {} in {dtype}",
            from.device(),
            to.device()
        );
        let model = fitted(from, dtype, name);
        let expected = results(&*model, from, dtype);
        let path = folder.path().join(name);
        model.save(&path).expect("a written file");
        let loaded = load_any(&path, to).unwrap_or_else(|e| panic!("{place}: {e}"));
        assert_close(
            &results(&*loaded, to, dtype),
            &expected,
            if dtype == DType::Float64 { 1e-10 } else { 1e-3 },
            &place,
        );
        let again = load_any(&path, from).unwrap_or_else(|e| panic!("{place}: {e}"));
        assert_eq!(format!("{again:?}"), format!("{model:?}"), "{place}");
    }
}

#[test]
fn models_move_through_files() {
    let (wide, narrow) = (reference::namespace(), reference::narrow_namespace());
    let cpu = array_api_compat::cpu();
    check_moves(&wide, &cpu, DType::Float64);
    check_moves(&cpu, &narrow, DType::Float32);
    for gpu in adapters() {
        check_moves(&gpu, &cpu, DType::Float32);
        floating_types(&gpu)
            .into_iter()
            .for_each(|dtype| check_moves(&cpu, &gpu, dtype));
    }
    for gpu in cuda_devices() {
        check_moves(&gpu, &cpu, DType::Float64);
    }
}

/// The estimators that take samples part by part; more than once those whose parameters decide what is kept.
fn incremental<B: Backend>() -> Vec<Box<dyn AnyEstimator<B>>> {
    let lda = "LinearDiscriminantAnalysis";
    let variants = [
        ("PCA", json!({"svd_solver": "covariance_eigh"})),
        (lda, json!({"store_covariance": true})),
        (
            lda,
            json!({"store_covariance": true, "priors": [0.2, 0.3, 0.5]}),
        ),
        (lda, json!({"solver": "lsqr", "shrinkage": 0.3})),
        (lda, json!({"solver": "lsqr", "priors": [0.2, 0.3, 0.5]})),
        (lda, json!({"solver": "eigen"})),
        (
            lda,
            json!({"solver": "eigen", "shrinkage": 0.1, "priors": [0.2, 0.3, 0.5]}),
        ),
    ];
    let plain = ESTIMATORS.iter().map(|name| (*name, json!({})));
    let all = plain.chain(variants).map(|(name, parameters)| {
        let mut estimator = estimator::<B>(name);
        for (name, value) in parameters.as_object().expect("an object") {
            estimator.set_param(name, value).expect("a parameter");
        }
        estimator
    });
    all.filter(|estimator| estimator.about().is_incremental)
        .collect()
}

/// Parts of iris, merged in two orders, make the model that all of it makes; so do statistics that went through bytes.
fn check_merges<B: Backend>(xp: &Namespace<B>, dtype: DType) {
    let (x, y) = iris(xp, dtype);
    let tolerance = if dtype == DType::Float64 { 1e-9 } else { 1e-3 };
    let all = incremental::<B>();
    assert!(all.len() > 12, "{}", all.len());
    for estimator in all {
        let place = format!("{estimator:?} on {} in {dtype}", xp.device());
        let part = |from: isize, to: isize| {
            let rows = |x: &Array<B>| x.get(ix![from..to]).expect("rows");
            let seen = estimator.observe(&rows(&x), Some(&rows(&y)), With::default());
            seen.unwrap_or_else(|e| panic!("{place}: {e}"))
        };
        let parts = [part(0, 30), part(30, 101), part(101, 150)];
        let at_once = estimator.fit(&x, Some(&y), With::default()).expect(&place);
        let expected = results(&*at_once, xp, dtype);
        for order in [[0, 1, 2], [2, 0, 1]] {
            let [first, second, third] = order.map(|part| &parts[part]);
            let seen = first.merged(&**second).expect("parts of one table");
            let seen = seen_from_bytes(&seen.to_bytes().expect("room"), xp).expect(&place);
            let seen = seen.merged(&**third).expect("parts of one table");
            let model = seen.conclude().unwrap_or_else(|e| panic!("{place}: {e}"));
            assert_close(&results(&*model, xp, dtype), &expected, tolerance, &place);
            // Along most of the directions that the solver `eigen` finds the classes do not differ: these are arbitrary.
            let is_arbitrary = estimator
                .own_params()
                .contains(&("solver".to_owned(), json!("eigen")));
            let compared = |model: &dyn AnyFitted<B>| {
                let mut attributes = attributes(model);
                attributes.retain(|(name, _)| !(is_arbitrary && name == "scalings_"));
                attributes
            };
            let (ours, theirs) = (compared(&*model), compared(&*at_once));
            assert_close(&ours, &theirs, tolerance, &place);
        }
    }
}

/// All attributes of a model that are numbers. A word, such as the way of computing, is left out: what is merged is computed in the most exact way.
fn attributes<B: Backend>(model: &dyn AnyFitted<B>) -> Vec<(String, Vec<f64>)> {
    let parts = model.parts();
    let arrays = parts
        .arrays
        .iter()
        .map(|(name, array)| (name.clone(), array.to_vec().expect("real values")));
    let values = parts.values.iter().filter(|(_, value)| !value.is_string());
    let values = values.map(|(name, value)| (name.clone(), numbers(value).values));
    arrays.chain(values).collect()
}

#[test]
fn parts_merge_into_the_whole() {
    check_merges(&reference::namespace(), DType::Float64);
    check_merges(&array_api_compat::cpu(), DType::Float64);
    check_merges(&array_api_compat::cpu(), DType::Float32);
    for gpu in adapters() {
        floating_types(&gpu)
            .into_iter()
            .for_each(|dtype| check_merges(&gpu, dtype));
    }
    for gpu in cuda_devices() {
        check_merges(&gpu, DType::Float64);
    }
}

#[test]
fn arrays_in_files_keep_every_bit() {
    let xp = reference::namespace();
    let folder = TempDir::new().expect("a temporary folder");
    for name in ESTIMATORS {
        let model = fitted(&xp, DType::Float64, name);
        let path = folder.path().join(name);
        model.save(&path).expect("a written file");
        let loaded = load_any(&path, &xp).expect("a good file");
        let host = |(name, array): &(String, Array<_>)| {
            (
                name.clone(),
                HostArray {
                    buffer: array.to_host().expect("values"),
                    shape: array.shape().to_vec(),
                },
            )
        };
        let all =
            |model: &dyn AnyFitted<_>| model.parts().arrays.iter().map(host).collect::<Vec<_>>();
        assert_eq!(all(&*model), all(&*loaded), "{name}");
        assert_eq!(model.parts().values, loaded.parts().values, "{name}");
    }
}

/// A model takes samples of the other dtype than those it was fitted to.
#[test]
fn dtypes_of_models_and_samples_may_differ() {
    let xp = array_api_compat::cpu();
    let dtypes = [DType::Float64, DType::Float32];
    for name in ESTIMATORS {
        let expected = results(&*fitted(&xp, DType::Float64, name), &xp, DType::Float64);
        for (of_model, of_samples) in [(dtypes[0], dtypes[1]), (dtypes[1], dtypes[0])] {
            let model = fitted(&xp, of_model, name);
            let place = format!("{name} in {of_model}, samples in {of_samples}");
            let ours = results(&*model, &xp, of_samples);
            assert_close(&ours, &expected, 2e-3, &place);
        }
    }
}
