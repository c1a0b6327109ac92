//! scikit-learn 1.9.1's results, on every device.

use std::collections::BTreeMap;

use array_api_spec::{Array, Backend, DType, Namespace, ix, reference};
use ml_core::{AnyFitted, Method, Value, With, datasets, estimator_by_name};
use serde::Deserialize;

use super::everywhere::{Check, tests_of_results};

/// A file of results; `tests/reference/README.md` says what its fields are.
#[derive(Deserialize)]
pub(crate) struct File {
    pub(crate) datasets: BTreeMap<String, Source>,
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Source {
    Csv {
        csv: String,
        x_columns: Vec<usize>,
        #[serde(default)]
        y_columns: Value,
        row_start: Option<usize>,
        row_stop: Option<usize>,
        test_limit: Option<usize>,
        row_step: Option<usize>,
    },
    Inline {
        #[serde(rename = "X")]
        x: Value,
        #[serde(default)]
        y: Value,
        #[serde(default, rename = "X_test")]
        x_test: Value,
        #[serde(default)]
        y_test: Value,
    },
}

#[derive(Deserialize)]
pub(crate) struct Case {
    /// The name of the file.
    #[serde(skip)]
    file: String,
    pub(crate) name: String,
    pub(crate) data: String,
    #[serde(default)]
    pub(crate) params: BTreeMap<String, Value>,
    pub(crate) call: Option<String>,
    #[serde(default)]
    pub(crate) sample_weight: Value,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) results: BTreeMap<String, Value>,
    pub(crate) error: Option<Value>,
    /// Clusters may come in another order, and after more or fewer iterations.
    #[serde(default)]
    order_free: bool,
    #[serde(default)]
    sign_free: Vec<String>,
    #[serde(default)]
    noise: BTreeMap<String, f64>,
    #[serde(default)]
    float32: BTreeMap<String, Float32>,
}

#[derive(Deserialize)]
struct Float32 {
    error: Value,
}

/// Numbers with their shape; words for what is not finite.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    pub(crate) values: Vec<f64>,
    pub(crate) shape: Vec<usize>,
}

impl Numbers {
    /// Brings the rows of a matrix into an order of their values.
    fn sort_rows(&mut self) {
        if let [_, columns] = self.shape[..] {
            let mut rows: Vec<Vec<f64>> = self
                .values
                .chunks_exact(columns)
                .map(<[f64]>::to_vec)
                .collect();
            rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
            self.values = rows.concat();
        }
    }
}

pub(crate) fn numbers(value: &Value) -> Numbers {
    let one = |x: f64| Numbers {
        values: vec![x],
        shape: Vec::new(),
    };
    match value {
        Value::Array(rows) => {
            let rows: Vec<Numbers> = rows.iter().map(numbers).collect();
            let inner = rows.first().map_or(Vec::new(), |row| row.shape.clone());
            let values = rows.iter().flat_map(|row| row.values.clone()).collect();
            Numbers {
                values,
                shape: [vec![rows.len()], inner].concat(),
            }
        }
        Value::Bool(x) => one(f64::from(u8::from(*x))),
        Value::String(word) => one(word
            .parse()
            .unwrap_or_else(|_| panic!("{word} is no number"))),
        other => one(other
            .as_f64()
            .unwrap_or_else(|| panic!("{other} is no number"))),
    }
}

/// Training and test samples of one case.
pub(crate) struct Samples<B: Backend> {
    pub(crate) x: Array<B>,
    pub(crate) y: Option<Array<B>>,
    pub(crate) x_test: Array<B>,
    pub(crate) y_test: Option<Array<B>>,
}

impl Source {
    pub(crate) fn samples<B: Backend>(
        &self,
        xp: &Namespace<B>,
        dtype: DType,
        is_classifier: bool,
    ) -> Samples<B> {
        let x = |value: &Value| {
            let Numbers { values, shape } = numbers(value);
            xp.asarray_as((values, &shape[..]), dtype).expect("room")
        };
        let y = |value: &Value| {
            (!value.is_null()).then(|| labels_or_targets(xp, &numbers(value), dtype, is_classifier))
        };
        match self {
            Self::Inline {
                x: train,
                y: of_train,
                x_test,
                y_test,
            } => Samples {
                x: x(train),
                y: y(of_train),
                x_test: if x_test.is_null() {
                    x(train)
                } else {
                    x(x_test)
                },
                y_test: y(y_test),
            },
            Self::Csv {
                csv,
                x_columns,
                y_columns,
                row_start,
                row_stop,
                test_limit,
                row_step,
            } => {
                let table = table(csv);
                let rows = (row_start.unwrap_or(0)
                    ..table.len().min(row_stop.unwrap_or(usize::MAX)))
                    .step_by(row_step.unwrap_or(1));
                let rows: Vec<&Vec<f64>> = rows.map(|i| &table[i]).collect();
                let part = |test: bool, columns: &[usize]| -> Value {
                    let chosen: Vec<&Vec<f64>> = rows
                        .iter()
                        .enumerate()
                        .filter(|(i, _)| (i % 4 == 3) == test)
                        .map(|(_, row)| *row)
                        .collect();
                    let all = chosen.len();
                    // Of the test rows, so many that lie evenly.
                    let kept = test_limit.filter(|_| test).unwrap_or(all);
                    let chosen = (0..kept).map(|i| chosen[i * all / kept]);
                    chosen
                        .map(|row| {
                            columns
                                .iter()
                                .map(|&c| Value::from(row[c]))
                                .collect::<Value>()
                        })
                        .collect()
                };
                let targets = |test: bool| match y_columns {
                    Value::Null => None,
                    Value::Number(column) => {
                        let column = column.as_u64().expect("a column") as usize;
                        let mut found = numbers(&part(test, &[column]));
                        found.shape.pop();
                        Some(labels_or_targets(xp, &found, dtype, is_classifier))
                    }
                    several => {
                        let columns: Vec<usize> = numbers(several)
                            .values
                            .iter()
                            .map(|c| *c as usize)
                            .collect();
                        Some(labels_or_targets(
                            xp,
                            &numbers(&part(test, &columns)),
                            dtype,
                            is_classifier,
                        ))
                    }
                };
                Samples {
                    x: x(&part(false, x_columns)),
                    y: targets(false),
                    x_test: x(&part(true, x_columns)),
                    y_test: targets(true),
                }
            }
        }
    }
}

fn labels_or_targets<B: Backend>(
    xp: &Namespace<B>,
    y: &Numbers,
    dtype: DType,
    is_classifier: bool,
) -> Array<B> {
    if is_classifier {
        let labels: Vec<i32> = y.values.iter().map(|label| *label as i32).collect();
        return xp.asarray((labels, &y.shape[..])).expect("room");
    }
    xp.asarray_as((y.values.clone(), &y.shape[..]), dtype)
        .expect("room")
}

/// A table that the crate ships, features and then labels.
fn table(csv: &str) -> Vec<Vec<f64>> {
    let data = match csv {
        "iris.csv" => datasets::iris(),
        "digits.csv" => datasets::digits(),
        other => panic!("no table {other}"),
    };
    let xp = reference::namespace();
    let (x, y) = data.into_arrays(&xp, DType::Float64).expect("room");
    let p = x.shape()[1];
    let (x, y): (Vec<f64>, Vec<f64>) = (x.to_vec().expect("real"), y.to_vec().expect("integers"));
    x.chunks_exact(p)
        .zip(y)
        .map(|(row, label)| [row, &[label]].concat())
        .collect()
}

pub(crate) fn file(name: &str) -> File {
    let path = format!(
        "{}/tests/reference/{name}.json.zst",
        env!("CARGO_MANIFEST_DIR")
    );
    let compressed = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let text = zstd::decode_all(&compressed[..]).expect("a zstd file");
    let mut file: File = serde_json::from_slice(&text).expect("the format above");
    for case in &mut file.cases {
        name.clone_into(&mut case.file);
    }
    file
}

/// The estimators with their files.
pub(crate) const FILES: [(&str, &str); 7] = [
    ("StandardScaler", "standard_scaler"),
    ("LinearRegression", "linear_regression"),
    ("Ridge", "ridge"),
    ("GaussianNB", "gaussian_nb"),
    ("PCA", "pca"),
    ("KMeans", "k_means"),
    ("LogisticRegression", "logistic_regression"),
];

/// Results that are not compared, with the reason.
fn left_out(estimator: &str, case: &str, what: &str) -> Option<&'static str> {
    match (estimator, case, what) {
        ("PCA", "constant full", "explained_variance_ratio_") => {
            Some("0 where scikit-learn has NaN: nothing varies")
        }
        ("PCA", "constant full", "components_" | "transform" | "fit_transform") => {
            Some("any directions will do: nothing varies")
        }
        (_, _, "fit_transform") => Some("`transform` of the training samples"),
        ("PCA", _, "get_covariance" | "get_precision") => Some("not there"),
        ("Ridge", _, "solver_") if case.starts_with("wide") => {
            Some("more features than samples are solved by `svd`")
        }
        ("Ridge", "lsqr to the end", _) => Some("the solver `lsqr` is not there"),
        ("Ridge", _, "n_iter_") => Some("no solver iterates"),
        ("LogisticRegression", _, "objective") => Some("what is compared is where it is least"),
        ("LogisticRegression", "two iterations", _) => {
            Some("there is another test of the warning; searches along a line differ")
        }
        _ => None,
    }
}

fn check_all<B: Backend>(xp: &Namespace<B>, dtype: DType) {
    for (estimator, name) in FILES {
        let file = file(name);
        let mut compared = 0;
        for case in &file.cases {
            compared += check(xp, dtype, estimator, case, &file.datasets[&case.data]);
        }
        assert!(
            compared > 50,
            "{estimator}: {compared} results were compared"
        );
    }
}

/// Compares one case; gives the number of results that were compared.
fn check<B: Backend>(
    xp: &Namespace<B>,
    dtype: DType,
    estimator: &str,
    case: &Case,
    source: &Source,
) -> usize {
    let is_partial = case
        .call
        .as_ref()
        .is_some_and(|call| call.starts_with("partial_fit"));
    if case.error.is_some() || is_partial || left_out(estimator, &case.name, "").is_some() {
        return 0;
    }
    let place = |what: &str| {
        format!(
            "{estimator} {:?} on {} in {dtype}: {what}",
            case.name,
            xp.device()
        )
    };
    let mut made = estimator_by_name::<B>(estimator).expect("a name of the list");
    for (name, value) in &case.params {
        made.set_param(name, value)
            .unwrap_or_else(|e| panic!("{}", place(&e.to_string())));
    }
    if estimator == "LogisticRegression" {
        // The results are those of the optimum.
        let tol = if dtype == DType::Float64 { 1e-12 } else { 1e-6 };
        for (name, value) in [("tol", tol.into()), ("max_iter", 1000.into())] {
            made.set_param(name, &value).expect("a parameter");
        }
    }
    let is_classifier = made.methods().contains(&Method::PredictProba);
    let samples = source.samples(xp, dtype, is_classifier);
    let weights = (!case.sample_weight.is_null()).then(|| {
        let Numbers { values, shape } = numbers(&case.sample_weight);
        xp.asarray_as((values, &shape[..]), dtype).expect("room")
    });
    let with = weights
        .as_ref()
        .map_or_else(With::default, |w| With::default().weights(w));
    let model = made
        .fit(&samples.x, samples.y.as_ref(), with)
        .unwrap_or_else(|e| panic!("{}", place(&e.to_string())));
    let mut compared = 0;
    let results = case
        .attributes
        .iter()
        .map(|(name, value)| (name, value, found(&*model, name)));
    let results = results.chain(
        case.results
            .iter()
            .map(|(name, value)| (name, value, result(&*model, name, &samples))),
    );
    for (name, theirs, ours) in results {
        if left_out(estimator, &case.name, name).is_some() {
            continue;
        }
        if case.order_free && !["cluster_centers_", "inertia_", "score"].contains(&&name[..]) {
            continue;
        }
        if let Value::String(word) = theirs
            && word.parse::<f64>().is_err()
        {
            assert_eq!(
                ours.as_ref().and_then(|o| o.word.as_deref()),
                Some(&word[..]),
                "{}",
                place(name)
            );
            continue;
        }
        let Some(ours) = ours else {
            assert!(theirs.is_null(), "{}", place(&format!("{name} is missing")));
            continue;
        };
        assert_near(case, name, dtype, &ours.numbers, theirs, &place(name));
        compared += 1;
    }
    compared
}

/// Compares one result of a case with scikit-learn's.
pub(crate) fn assert_near(
    case: &Case,
    name: &str,
    dtype: DType,
    ours: &Numbers,
    theirs: &Value,
    place: &str,
) {
    let (mut ours, mut theirs) = (ours.clone(), numbers(theirs));
    if case.order_free {
        ours.sort_rows();
        theirs.sort_rows();
    }
    let free = case.sign_free.iter().any(|known| known == name);
    let error = relative_error(&ours, &theirs, free).unwrap_or_else(|e| panic!("{place}: {e}"));
    let tolerance = tolerance(case, name, dtype);
    assert!(
        error <= tolerance,
        "{place} is off by {error:e}, more than {tolerance:e}: {ours:?} and {theirs:?}"
    );
}

/// What is fair: a small multiple of what rounding does to scikit-learn's own results.
fn tolerance(case: &Case, name: &str, dtype: DType) -> f64 {
    let noise = case.noise.get(name).copied().unwrap_or(0.0);
    if dtype == DType::Float64 {
        // Columns whose scales differ by a hundred million: ε of the largest is 2e-8 of the smallest.
        let least = match name {
            // A small difference of large numbers.
            "intercept_" if case.name.starts_with("scales") => 1e-7,
            _ if case.name.starts_with("scales") => 1e-9,
            // From gradients of 1e-12, where the least curvature is 1e-4.
            _ if case.file == "logistic_regression" => 1e-8,
            _ => 1e-11,
        };
        return (20.0 * noise).max(least);
    }
    let own = case
        .float32
        .get(name)
        .and_then(|f| f.error.as_f64())
        .unwrap_or(0.0);
    if case.file == "logistic_regression" {
        // From gradients of 1e-6: the less is penalised, the less the objective is curved, in places 1e-4.
        return if case.name.ends_with("C 100") {
            3e-2
        } else {
            5e-3
        };
    }
    (8.0 * own)
        .max(noise / f64::EPSILON * f64::from(f32::EPSILON))
        .max(2e-5)
}

#[derive(Debug)]
struct Found {
    numbers: Numbers,
    word: Option<String>,
}

/// An attribute of a model.
fn found<B: Backend>(model: &dyn AnyFitted<B>, name: &str) -> Option<Found> {
    let parts = model.parts();
    let rows = name.strip_suffix("first2").map(|name| (name.to_owned(), 2));
    let (name, rows) = rows.map_or((name.to_owned(), None), |(name, rows)| (name, Some(rows)));
    if let Some((_, array)) = parts.arrays.iter().find(|(known, _)| *known == name) {
        let array = rows.map_or_else(
            || array.clone(),
            |rows: isize| array.get(ix![..rows]).expect("rows"),
        );
        return Some(of(&array));
    }
    match parts.values.get(&name)? {
        Value::String(word) => Some(Found {
            numbers: Numbers {
                values: Vec::new(),
                shape: Vec::new(),
            },
            word: Some(word.clone()),
        }),
        // One number stands for several that are alike.
        Value::Array(one) if one.len() == 1 => Some(Found {
            numbers: numbers(&one[0]),
            word: None,
        }),
        value => Some(Found {
            numbers: numbers(value),
            word: None,
        }),
    }
}

/// A result of a model for the test samples.
fn result<B: Backend>(model: &dyn AnyFitted<B>, name: &str, samples: &Samples<B>) -> Option<Found> {
    if name == "score" {
        let score = model
            .score(&samples.x_test, samples.y_test.as_ref(), None)
            .expect("a score");
        return Some(Found {
            numbers: Numbers {
                values: vec![score],
                shape: Vec::new(),
            },
            word: None,
        });
    }
    if name == "inverse_transform" {
        let z = model
            .call(Method::Transform, &samples.x_test)
            .expect("samples");
        return Some(of(&model
            .call(Method::InverseTransform, &z)
            .expect("samples")));
    }
    let method = Method::ALL.iter().find(|method| method.name() == name)?;
    Some(of(&model.call(*method, &samples.x_test).expect("samples")))
}

fn of<B: Backend>(array: &Array<B>) -> Found {
    Found {
        numbers: numbers_of(array),
        word: None,
    }
}

pub(crate) fn numbers_of<B: Backend>(array: &Array<B>) -> Numbers {
    Numbers {
        values: array.to_vec().expect("real values"),
        shape: array.shape().to_vec(),
    }
}

/// The largest difference over the largest magnitude; of absolute values, if signs are free.
fn relative_error(ours: &Numbers, theirs: &Numbers, signs_free: bool) -> Result<f64, String> {
    if ours.shape != theirs.shape {
        return Err(format!(
            "shape {:?}, expected {:?}",
            ours.shape, theirs.shape
        ));
    }
    let scale = theirs
        .values
        .iter()
        .filter(|v| v.is_finite())
        .fold(0.0, |m: f64, v| m.max(v.abs()));
    let mut largest = 0.0_f64;
    for (&a, &b) in ours.values.iter().zip(&theirs.values) {
        let (a, b) = if signs_free {
            (a.abs(), b.abs())
        } else {
            (a, b)
        };
        if a == b || (a.is_nan() && b.is_nan()) {
            continue;
        }
        let difference = (a - b).abs();
        if !difference.is_finite() {
            return Err(format!("{a} where {b} is expected"));
        }
        largest = largest.max(difference);
    }
    Ok(if scale > 0.0 {
        largest / scale
    } else {
        largest
    })
}

struct Results;

impl Check for Results {
    fn on<B: Backend>(&self, xp: &Namespace<B>, dtype: DType) {
        check_all(xp, dtype);
    }
}

tests_of_results!(Results);
