//! scikit-learn's results, and how this crate's are compared with them.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use array_api_compat::{
    Cuda, Wgpu,
    cuda::{self, Kernels},
};
use array_api_spec::{Array, Backend, DType, ErrorKind, Namespace, Result, axis, ix};
use ml_core::{LinearDiscriminantAnalysis, Shrinkage, Solver, datasets::Dataset};
use serde::Deserialize;

/// What scikit-learn 1.9.1 computed in float64; row i of the data is in the test set if `i % 4 == 3`.
#[derive(Deserialize)]
pub(crate) struct Reference {
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) params: Parameters,
    pub(crate) attributes: BTreeMap<String, Values>,
    pub(crate) transform_abs_first5: Option<Values>,
    pub(crate) predict: Vec<i64>,
    pub(crate) predict_proba_first20: Values,
    pub(crate) decision_function_first20: Values,
    pub(crate) score: f64,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    solver: String,
    shrinkage: Option<ShrinkageText>,
    priors: Option<Vec<f64>>,
    n_components: Option<usize>,
    #[serde(default)]
    store_covariance: bool,
    tol: Option<f64>,
}

#[derive(Deserialize, Debug)]
#[serde(untagged)]
enum ShrinkageText {
    Value(f64),
    Auto(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Values {
    Matrix(Vec<Vec<f64>>),
    Vector(Vec<f64>),
}

impl Values {
    fn shape(&self) -> Vec<usize> {
        match self {
            Self::Vector(v) => vec![v.len()],
            Self::Matrix(m) => vec![m.len(), m.first().map_or(0, Vec::len)],
        }
    }

    fn flat(&self) -> Vec<f64> {
        match self {
            Self::Vector(v) => v.clone(),
            Self::Matrix(m) => m.concat(),
        }
    }
}

impl Parameters {
    pub(crate) fn estimator(&self) -> LinearDiscriminantAnalysis {
        LinearDiscriminantAnalysis {
            solver: match self.solver.as_str() {
                "svd" => Solver::Svd,
                "lsqr" => Solver::Lsqr,
                "eigen" => Solver::Eigen,
                other => panic!("no solver {other}"),
            },
            shrinkage: self.shrinkage.as_ref().map(|s| match s {
                ShrinkageText::Value(value) => Shrinkage::Value(*value),
                ShrinkageText::Auto(text) => {
                    assert_eq!(text, "auto");
                    Shrinkage::Auto
                }
            }),
            priors: self.priors.clone(),
            n_components: self.n_components,
            store_covariance: self.store_covariance,
            tol: self.tol.unwrap_or(1e-4),
        }
    }
}

pub(crate) fn iris_reference() -> Reference {
    decode(include_bytes!("../reference/lda_iris.json.zst"))
}

pub(crate) fn digits_reference() -> Reference {
    decode(include_bytes!("../reference/lda_digits.json.zst"))
}

fn decode(compressed: &[u8]) -> Reference {
    let text = zstd::decode_all(compressed).expect("a zstd file");
    serde_json::from_slice(&text).expect("the format above")
}

/// The first graphics adapter as it is, and with its 64-bit types hidden. Empty, with a line that says so, where there is none.
pub(crate) fn adapters() -> Vec<Namespace<Wgpu>> {
    let open = || -> Result<_> {
        Ok([
            array_api_compat::wgpu(0)?,
            array_api_compat::wgpu::with_masked_types(0)?,
        ])
    };
    match open() {
        Ok(adapters) => adapters.into(),
        Err(error) => match error.kind() {
            ErrorKind::NoDevice { detail, .. } => {
                array_api_conformance::skip("wgpu", detail);
                Vec::new()
            }
            _ => panic!("{error}"),
        },
    }
}

/// CUDA on the PTX interpreter, with the kernels of the program and with those that NVRTC makes, where it is found; on the GPU if the
/// variable `ARRAY_API_CUDA` is `gpu`.
pub(crate) fn cuda_devices() -> Vec<Namespace<Cuda>> {
    if std::env::var_os("ARRAY_API_CUDA").is_none_or(|v| v != "gpu") {
        ptx_sim::install().expect("no call of the driver comes before");
    }
    let open = |kernels| Namespace::new(cuda::backend(0, kernels).expect("a device"));
    let mut devices = vec![open(Kernels::Embedded)];
    if cuda::Nvrtc::find().is_some() {
        devices.push(open(Kernels::Any));
    } else {
        array_api_conformance::skip("nvrtc", "expressions run operation by operation");
    }
    devices
}

/// The real floating-point types of a device.
pub(crate) fn floating_types<B: Backend>(xp: &Namespace<B>) -> Vec<DType> {
    xp.info()
        .dtypes_of_kind("real floating")
        .expect("a kind of the standard")
}

/// Training and test samples with their labels.
pub(crate) struct Split<B: Backend> {
    pub(crate) x_train: Array<B>,
    pub(crate) y_train: Array<B>,
    pub(crate) x_test: Array<B>,
    pub(crate) y_test: Array<B>,
}

pub(crate) fn split<B: Backend>(data: &Dataset, xp: &Namespace<B>, dtype: DType) -> Split<B> {
    let (train, test) = data.split(|i| i % 4 == 3);
    let (x_train, y_train) = train.into_arrays(xp, dtype).expect("room for the data");
    let (x_test, y_test) = test.into_arrays(xp, dtype).expect("room for the data");
    Split {
        x_train,
        y_train,
        x_test,
        y_test,
    }
}

/// Fits every case on a device and compares everything with scikit-learn's results, within `tolerance` of each array's
/// largest magnitude. Predictions and scores must be equal.
pub(crate) fn check_all<B: Backend>(
    reference: &Reference,
    data: &Dataset,
    xp: &Namespace<B>,
    dtype: DType,
    tolerance: f64,
) {
    let Split {
        x_train,
        y_train,
        x_test,
        y_test,
    } = split(data, xp, dtype);
    let mut worst = (0.0, String::new());
    for case in &reference.cases {
        let place = |what: &str| format!("{:?} on {} in {dtype}: {what}", case.params, xp.device());
        let model = case
            .params
            .estimator()
            .fit(&x_train, &y_train)
            .unwrap_or_else(|e| panic!("{}", place(&e.to_string())));
        let mut compare = |name: &str, ours: &Array<B>, theirs: &Values, signs: bool| {
            let error = relative_error(ours, theirs, signs)
                .unwrap_or_else(|e| panic!("{}", place(&format!("{name}: {e}"))));
            if error > worst.0 {
                worst = (error, place(name));
            }
            assert!(
                error <= tolerance,
                "{}",
                place(&format!(
                    "{name} is off by {error:e}, more than {tolerance:e}"
                ))
            );
        };

        for (name, theirs) in &case.attributes {
            let (ours, signs) = match name.as_str() {
                "classes_" => (Some(&model.classes_), true),
                "priors_" => (Some(&model.priors_), true),
                "means_" => (Some(&model.means_), true),
                "coef_" => (Some(&model.coef_), true),
                "intercept_" => (Some(&model.intercept_), true),
                "xbar_" => (model.xbar_.as_ref(), true),
                "covariance_" => (model.covariance_.as_ref(), true),
                "explained_variance_ratio_" => (model.explained_variance_ratio_.as_ref(), true),
                "abs_scalings_" => {
                    let scalings = model
                        .scalings_
                        .as_ref()
                        .unwrap_or_else(|| panic!("{}", place("scalings_ is missing")));
                    let used = model
                        .explained_variance_ratio_
                        .as_ref()
                        .map_or(0, Array::size);
                    let (ours, theirs) = comparable_scalings(scalings, case, used);
                    compare("scalings_", &ours, &theirs, false);
                    continue;
                }
                other => panic!("the reference has an attribute {other}"),
            };
            let ours = ours.unwrap_or_else(|| panic!("{}", place(&format!("{name} is missing"))));
            assert!(
                ours.dtype() == dtype || name == "classes_",
                "{}",
                place(&format!("{name} is {}", ours.dtype()))
            );
            compare(name, ours, theirs, signs);
        }
        assert_eq!(model.xbar_.is_some(), case.attributes.contains_key("xbar_"));
        assert_eq!(
            model.covariance_.is_some(),
            case.attributes.contains_key("covariance_")
        );
        assert_eq!(
            model.scalings_.is_some(),
            case.attributes.contains_key("abs_scalings_")
        );

        assert_eq!(
            model
                .predict(&x_test)
                .expect("good samples")
                .to_vec::<i64>()
                .expect("integers"),
            case.predict,
            "{}",
            place("predict")
        );
        // serde_json reads decimals to within one unit in the last place.
        let score = model.score(&x_test, &y_test).expect("good samples");
        assert!(
            (score - case.score).abs() < 1e-15,
            "{score} and {}",
            case.score
        );
        let first = |n: isize| x_test.get(ix![..n]).expect("enough samples");
        let decision = model.decision_function(&first(20)).expect("good samples");
        compare(
            "decision_function",
            &decision,
            &case.decision_function_first20,
            true,
        );
        let proba = model.predict_proba(&first(20)).expect("good samples");
        compare("predict_proba", &proba, &case.predict_proba_first20, true);
        match &case.transform_abs_first5 {
            Some(theirs) => compare(
                "transform",
                &model.transform(&first(5)).expect("good samples"),
                theirs,
                false,
            ),
            None => assert!(model.transform(&first(5)).is_err()),
        }
    }
    println!("largest relative error {:.1e}: {}", worst.0, worst.1);
}

/// What is determined of directions: the magnitudes in the first columns, and each row's sum of squares over all columns.
///
/// The pixels of digits that are always 0 have one eigenvalue in common once the covariance is shrunk, so any basis of their space will do: columns
/// in it are left out.
fn comparable_scalings<B: Backend>(
    ours: &Array<B>,
    case: &Case,
    used: usize,
) -> (Array<B>, Values) {
    let xp = ours.namespace();
    let (Values::Matrix(theirs), Values::Matrix(means)) = (
        &case.attributes["abs_scalings_"],
        &case.attributes["means_"],
    ) else {
        panic!("both are matrices")
    };
    assert_eq!(ours.shape(), [theirs.len(), theirs[0].len()]);
    let is_varying = |feature: usize| means.iter().any(|m| m[feature] != 0.0);
    let is_determined =
        |column: &usize| (0..theirs.len()).any(|f| is_varying(f) && theirs[f][*column] > 1e-9);
    let determined: Vec<usize> = (0..used).filter(is_determined).collect();
    assert!(determined.len() + 1 >= used);

    let norms = xp
        .sum(xp.square(ours), axis(1).keepdims())
        .expect("a matrix");
    let positions = determined.iter().map(|&c| c as i32).collect::<Vec<i32>>();
    let positions = xp.asarray(positions).expect("a good array");
    let columns = xp.take(ours, &positions, Some(1)).expect("as many columns");
    let ours = xp
        .concat(&[&columns, &norms], Some(1))
        .expect("as many rows");
    let norm = |row: &Vec<f64>| row.iter().map(|v| v * v).sum::<f64>();
    let row = |r: &Vec<f64>| determined.iter().map(|&c| r[c]).chain([norm(r)]).collect();
    (ours, Values::Matrix(theirs.iter().map(row).collect()))
}

/// The largest difference over the largest magnitude. Without `signs`, of the absolute values.
fn relative_error<B: Backend>(
    ours: &Array<B>,
    theirs: &Values,
    signs: bool,
) -> Result<f64, String> {
    if ours.shape() != theirs.shape() {
        return Err(format!(
            "shape {:?}, expected {:?}",
            ours.shape(),
            theirs.shape()
        ));
    }
    let ours: Vec<f64> = ours.to_vec().map_err(|e| e.to_string())?;
    let theirs = theirs.flat();
    let scale = theirs.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let difference = |(a, b): (&f64, &f64)| {
        if signs {
            (a - b).abs()
        } else {
            (a.abs() - b.abs()).abs()
        }
    };
    if ours.iter().any(|v| v.is_nan()) {
        return Err("holds NaN".to_owned());
    }
    let largest = ours.iter().zip(&theirs).map(difference).fold(0.0, f64::max);
    Ok(if scale > 0.0 {
        largest / scale
    } else {
        largest
    })
}
