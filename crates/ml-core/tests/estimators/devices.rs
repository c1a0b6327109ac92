//! Every estimator moves between devices and files, and merges where it can.

use array_api_spec::{Array, Backend, DType, HostArray, Namespace, ix, reference};
use ml_core::{
    AnyFitted, ESTIMATORS, Estimator, Fitted, GaussianNB, Incremental, LinearRegression, Method,
    Pca, Ridge, Seen, StandardScaler, With, datasets, load_any,
};
use tempfile::TempDir;

use super::{
    cases::numbers,
    common::{adapters, cuda_devices, floating_types},
    estimator,
};

fn iris<B: Backend>(xp: &Namespace<B>, dtype: DType) -> (Array<B>, Array<B>) {
    datasets::iris().into_arrays(xp, dtype).expect("room")
}

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

/// Parts of iris, merged in two orders, make the model that all of it makes; so do statistics that went through a file.
fn check_merges<E: Incremental, B: Backend>(
    xp: &Namespace<B>,
    dtype: DType,
    observe: impl Fn(&Array<B>, &Array<B>) -> Seen<E, B>,
    whole: impl Fn(&Array<B>, &Array<B>) -> Fitted<E, B>,
) {
    let (x, y) = iris(xp, dtype);
    let part = |from: isize, to: isize| {
        observe(
            &x.get(ix![from..to]).expect("rows"),
            &y.get(ix![from..to]).expect("rows"),
        )
    };
    let parts = [part(0, 30), part(30, 101), part(101, 150)];
    let place = format!("{} on {} in {dtype}", E::NAME, xp.device());
    let at_once = whole(&x, &y);
    let expected = results(&at_once, xp, dtype);
    let tolerance = if dtype == DType::Float64 { 1e-9 } else { 1e-3 };
    for order in [[0, 1, 2], [2, 0, 1]] {
        let mut seen = parts[order[0]].clone();
        seen.merge(&parts[order[1]]).expect("parts of one table");
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("seen");
        seen.save(&path).expect("a written file");
        let mut seen = Seen::<E, B>::load(&path, xp).expect("a good file");
        seen.merge(&parts[order[2]]).expect("parts of one table");
        let model = seen.conclude().expect("enough samples");
        assert_close(&results(&model, xp, dtype), &expected, tolerance, &place);
        let (ours, theirs) = (attributes(&model), attributes(&at_once));
        assert_close(&ours, &theirs, tolerance, &place);
    }
}

/// All attributes of a model that are numbers. A word, such as the way of computing, is left out: what is merged is computed in the most exact way.
fn attributes<E: Estimator, B: Backend>(model: &Fitted<E, B>) -> Vec<(String, Vec<f64>)> {
    let parts = model.parts();
    let arrays = parts
        .arrays
        .iter()
        .map(|(name, array)| (name.clone(), array.to_vec().expect("real values")));
    let values = parts.values.iter().filter(|(_, value)| !value.is_string());
    let values = values.map(|(name, value)| (name.clone(), numbers(value).values));
    arrays.chain(values).collect()
}

fn check_all_merges<B: Backend>(xp: &Namespace<B>, dtype: DType) {
    fn ok<T>(result: array_api_spec::Result<T>) -> T {
        result.expect("good samples")
    }
    let scaler = StandardScaler::default();
    check_merges(
        xp,
        dtype,
        |x, _| ok(scaler.observe(x)),
        |x, _| ok(scaler.fit(x)),
    );
    let pca = Pca::default();
    check_merges(xp, dtype, |x, _| ok(pca.observe(x)), |x, _| ok(pca.fit(x)));
    let regression = LinearRegression::default();
    check_merges(
        xp,
        dtype,
        |x, y| ok(regression.observe(x, y)),
        |x, y| ok(regression.fit(x, y)),
    );
    let ridge = Ridge::default();
    check_merges(
        xp,
        dtype,
        |x, y| ok(ridge.observe(x, y)),
        |x, y| ok(ridge.fit(x, y)),
    );
    let bayes = GaussianNB::default();
    check_merges(
        xp,
        dtype,
        |x, y| ok(bayes.observe(x, y)),
        |x, y| ok(bayes.fit(x, y)),
    );
}

#[test]
fn parts_merge_into_the_whole() {
    check_all_merges(&reference::namespace(), DType::Float64);
    check_all_merges(&array_api_compat::cpu(), DType::Float64);
    check_all_merges(&array_api_compat::cpu(), DType::Float32);
    for gpu in adapters() {
        floating_types(&gpu)
            .into_iter()
            .for_each(|dtype| check_all_merges(&gpu, dtype));
    }
    for gpu in cuda_devices() {
        check_all_merges(&gpu, DType::Float64);
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
