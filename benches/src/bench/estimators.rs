//! `cargo xtask bench --estimators`: every kind of estimator on the CPU, with the limits of its fit and of its method, beside scikit-learn if asked for.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use array_api_compat::{NdArray, cpu, ndarray::empty_cache};
use array_api_spec::{Array, DType, Namespace, ix};
use comfy_table::Table;
use ml_core::{
    AnyEstimator, AnyFitted, Method, Value, With,
    datasets::{Dataset, MakeClassification, make_classification},
    estimator_by_name,
};
use serde_json::json;

use super::{
    beside::Beside,
    limits::Limits,
    measure::{PATIENCE, median, patient_median},
    memory,
};

/// What an estimator is fitted to besides the samples.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    None,
    /// Ten classes.
    Classes,
    /// Whether the class is one of the upper five.
    Binary,
    /// A linear function of the samples with noise.
    Number,
}

/// One line of the table.
struct Subject {
    name: &'static str,
    /// Parameters that differ from the defaults, as JSON.
    parameters: &'static str,
    /// scikit-learn's estimator, with its fastest solver for the same answer.
    python: &'static str,
    samples: usize,
    features: usize,
    target: Target,
    /// The method that is timed after the fit.
    method: Method,
    /// The attribute in which both sides are compared.
    attribute: &'static str,
    /// Multiplications with an addition each of a fit and of the method, for n samples and p features.
    multiply_adds: [fn(f64, f64) -> f64; 2],
    /// How many times a fit must read the samples.
    passes: Passes,
    /// How many times as fast as scikit-learn a fit is to be.
    goal: f64,
}

#[derive(Clone, Copy)]
enum Passes {
    One,
    /// One for each iteration.
    Iterations,
}

const SCATTER: fn(f64, f64) -> f64 = |n, p| n * p * p / 2.0;
const ROWS: fn(f64, f64) -> f64 = |n, p| n * p;
const TEN: fn(f64, f64) -> f64 = |n, p| n * p * 10.0;
const TWENTY: fn(f64, f64) -> f64 = |n, p| n * p * 20.0;

const SUBJECTS: &[Subject] = &[
    Subject {
        name: "LinearDiscriminantAnalysis",
        parameters: "{}",
        python: "LinearDiscriminantAnalysis()",
        samples: 100_000,
        features: 300,
        target: Target::Classes,
        method: Method::Predict,
        attribute: "means_",
        multiply_adds: [SCATTER, TEN],
        passes: Passes::One,
        goal: 20.0,
    },
    Subject {
        name: "PCA",
        parameters: "{}",
        python: "PCA(svd_solver='covariance_eigh')",
        samples: 100_000,
        features: 300,
        target: Target::None,
        method: Method::Transform,
        attribute: "explained_variance_",
        multiply_adds: [SCATTER, |n, p| n * p * p],
        passes: Passes::One,
        goal: 1.5,
    },
    Subject {
        name: "LinearRegression",
        parameters: "{}",
        python: "LinearRegression()",
        samples: 100_000,
        features: 300,
        target: Target::Number,
        method: Method::Predict,
        attribute: "coef_",
        multiply_adds: [SCATTER, ROWS],
        passes: Passes::One,
        goal: 5.0,
    },
    Subject {
        name: "Ridge",
        parameters: "{}",
        python: "Ridge(solver='cholesky')",
        samples: 100_000,
        features: 300,
        target: Target::Number,
        method: Method::Predict,
        attribute: "coef_",
        multiply_adds: [SCATTER, ROWS],
        passes: Passes::One,
        goal: 2.0,
    },
    Subject {
        name: "StandardScaler",
        parameters: "{}",
        python: "StandardScaler()",
        samples: 100_000,
        features: 300,
        target: Target::None,
        method: Method::Transform,
        attribute: "scale_",
        multiply_adds: [ROWS, ROWS],
        passes: Passes::One,
        goal: 10.0,
    },
    Subject {
        name: "GaussianNB",
        parameters: "{}",
        python: "GaussianNB()",
        samples: 100_000,
        features: 300,
        target: Target::Classes,
        method: Method::Predict,
        attribute: "var_",
        multiply_adds: [ROWS, TWENTY],
        passes: Passes::One,
        goal: 5.0,
    },
    Subject {
        name: "KMeans",
        parameters: r#"{"n_clusters": 20, "init": "random", "n_init": 1, "max_iter": 20, "tol": 0.0, "random_state": 1}"#,
        python: "KMeans(20, init='random', n_init=1, max_iter=20, tol=0, random_state=1)",
        samples: 200_000,
        features: 50,
        target: Target::None,
        method: Method::Predict,
        attribute: "inertia_",
        multiply_adds: [|n, p| n * p * 20.0 * 20.0, TWENTY],
        passes: Passes::Iterations,
        goal: 2.0,
    },
    Subject {
        name: "LogisticRegression",
        parameters: "{}",
        python: "LogisticRegression()",
        samples: 100_000,
        features: 50,
        target: Target::Binary,
        method: Method::Predict,
        attribute: "coef_",
        multiply_adds: [ROWS, ROWS],
        passes: Passes::Iterations,
        goal: 1.5,
    },
    Subject {
        name: "LinearDiscriminantAnalysis",
        parameters: "{}",
        python: "LinearDiscriminantAnalysis()",
        samples: 500_000,
        features: 300,
        target: Target::Classes,
        method: Method::Predict,
        attribute: "means_",
        multiply_adds: [SCATTER, TEN],
        passes: Passes::One,
        goal: 27.0,
    },
];

/// Samples and targets of one size, in memory and, for scikit-learn, in files.
struct Table64 {
    data: Dataset,
    number: Vec<f64>,
    folder: PathBuf,
}

/// Measured seconds on one side, and what came out.
struct Measured {
    fit: f64,
    apply: f64,
    learned: Vec<f64>,
    score: Option<f64>,
}

/// Times all estimators whose names start with `only`, and prints the table.
///
/// # Errors
/// No estimator of that name; Python that cannot be started.
pub(crate) fn run(repeat: u32, beside: bool, only: Option<&str>) -> Result<()> {
    let xp = cpu();
    let mut python = beside
        .then(|| Beside::start(include_str!("estimators.py")))
        .transpose()?;
    let subjects: Vec<&Subject> = SUBJECTS
        .iter()
        .filter(|subject| only.is_none_or(|name| subject.name.starts_with(name)))
        .collect();
    ensure!(
        !subjects.is_empty(),
        "no estimator here has a name that starts as asked"
    );
    let mut tables: BTreeMap<(usize, usize), Table64> = BTreeMap::new();
    let mut out = Table::new();
    out.set_header(HEADER);
    for subject in subjects {
        let size = (subject.samples, subject.features);
        if !tables.contains_key(&size) {
            // The last size is done: its memory is wanted for the next.
            tables.clear();
            tables.insert(size, Table64::new(size)?);
        }
        let table = &tables[&size];
        for dtype in [DType::Float64, DType::Float32] {
            eprintln!("{} {}×{} {dtype} …", subject.name, size.0, size.1);
            let cells = row(&xp, subject, table, dtype, repeat, python.as_mut())
                .with_context(|| format!("{} in {dtype}", subject.name))?;
            out.add_row(cells);
        }
    }
    println!("{out}");
    println!("{LEGEND}");
    Ok(())
}

const HEADER: [&str; 12] = [
    "estimator",
    "size",
    "dtype",
    "fit ms",
    "limit ms",
    "sklearn ms",
    "ratio (goal)",
    "memory",
    "method ms",
    "limit ms",
    "sklearn ms",
    "off by, score",
];

const LEGEND: &str = "\
Medians of one run; what takes longer than five seconds is measured once. `ratio`: how many times as fast as scikit-learn's fit; `memory`: the most that a fit took beyond the data, as a
share of it (Linux). A limit is the samples' bytes over the bandwidth of a sum, or the multiply-adds over the rate of a matrix product, whichever takes longer.
`off by`: the largest difference of an attribute from scikit-learn's, over its largest value; then both scores.";

/// One line: both sides on the same samples.
fn row(
    xp: &Namespace<NdArray>,
    subject: &Subject,
    table: &Table64,
    dtype: DType,
    repeat: u32,
    python: Option<&mut Beside>,
) -> Result<[String; 12]> {
    let (n, p) = (subject.samples, subject.features);
    let limits = Limits::of(xp, dtype, n * p)?;
    let x = xp.asarray_as((table.data.data.clone(), [n, p]), dtype)?;
    let y = table.target(xp, subject.target, dtype)?;
    let (estimator, ours, model, memory) = measure(xp, subject, &x, y.as_ref(), repeat)?;
    let passes = match subject.passes {
        Passes::One => 1.0,
        Passes::Iterations => iterations(&*model),
    };
    let theirs = python
        .map(|python| table.ask(python, subject, dtype, repeat, estimator.is_supervised()))
        .transpose()?;
    let (samples, features) = (n as f64, p as f64);
    let [fit, apply] = subject.multiply_adds.map(|count| count(samples, features));
    let bytes = limits.bytes((n * p * dtype.size()) as f64);
    let ms = |seconds: f64| format!("{:.1}", seconds * 1e3);
    let other = |f: &dyn Fn(&Measured) -> String| theirs.as_ref().map_or_else(|| "·".into(), f);
    Ok([
        subject.name.into(),
        format!("{n}×{p}"),
        dtype.to_string(),
        ms(ours.fit),
        ms(limits.multiply_adds(fit).max(passes * bytes)),
        other(&|theirs| ms(theirs.fit)),
        other(&|theirs| {
            let ratio = theirs.fit / ours.fit;
            let short = if ratio < subject.goal { " ✗" } else { "" };
            format!("{ratio:.1} ({}){short}", subject.goal)
        }),
        memory.map_or_else(
            || "·".into(),
            |bytes| format!("{:.0} %", 100.0 * bytes / (n * p * dtype.size()) as f64),
        ),
        ms(ours.apply),
        ms(limits.multiply_adds(apply).max(bytes)),
        other(&|theirs| ms(theirs.apply)),
        other(&|theirs| {
            let off = distance(&ours.learned, &theirs.learned);
            match (ours.score, theirs.score) {
                (Some(a), Some(b)) => format!("{off:.0e}, {a:.5} {b:.5}"),
                _ => format!("{off:.0e}"),
            }
        }),
    ])
}

type Fitted = (
    Box<dyn AnyEstimator<NdArray>>,
    Measured,
    Box<dyn AnyFitted<NdArray>>,
    Option<f64>,
);

/// Samples of a fit whose time and memory do not count.
const WARM_UP: isize = 2000;

/// Our side: times, attributes, and the most bytes that a fit took beyond what was there before.
fn measure(
    xp: &Namespace<NdArray>,
    subject: &Subject,
    x: &Array<NdArray>,
    y: Option<&Array<NdArray>>,
    repeat: u32,
) -> Result<Fitted> {
    let mut estimator = estimator_by_name::<NdArray>(subject.name)?;
    let parameters: BTreeMap<String, Value> = serde_json::from_str(subject.parameters)?;
    for (name, value) in &parameters {
        estimator.set_param(name, value)?;
    }
    // The first call brings code into memory, which is no part of what a fit takes; and what the pool keeps would hide some of that.
    let few = |table: &Array<NdArray>| table.get(ix![..WARM_UP]);
    estimator.fit(&few(x)?, y.map(few).transpose()?.as_ref(), With::default())?;
    empty_cache();
    let before = memory::reset_peak();
    let model = estimator.fit(x, y, With::default())?;
    let memory = before.and_then(|before| Some(memory::peak()? - before));
    let fit = patient_median(repeat, || Ok(estimator.fit(x, y, With::default())?))?;
    let apply = median(repeat, || Ok(model.call(subject.method, x)?))?;
    let score = if subject.scores() {
        Some(model.score(x, y, None)?)
    } else {
        None
    };
    xp.synchronize()?;
    let learned = attribute(&*model, subject.attribute)?;
    let measured = Measured {
        fit,
        apply,
        learned,
        score,
    };
    Ok((estimator, measured, model, memory))
}

/// The values of an attribute.
fn attribute(model: &dyn AnyFitted<NdArray>, name: &str) -> Result<Vec<f64>> {
    let parts = model.parts();
    let array = parts.arrays.iter().find(|(known, _)| known == name);
    if let Some((_, array)) = array {
        return Ok(array.to_vec()?);
    }
    let value = parts.values.get(name).and_then(Value::as_f64);
    Ok(vec![value.with_context(|| format!("no attribute {name}"))?])
}

/// How many iterations a fit took.
fn iterations(model: &dyn AnyFitted<NdArray>) -> f64 {
    attribute(model, "n_iter_").map_or(1.0, |count| count.into_iter().fold(1.0, f64::max))
}

/// The largest difference over the largest value.
fn distance(ours: &[f64], theirs: &[f64]) -> f64 {
    if ours.len() != theirs.len() {
        return f64::NAN;
    }
    let largest = theirs.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    let pairs = ours.iter().zip(theirs);
    pairs.fold(0.0, |most: f64, (a, b)| most.max((a - b).abs())) / largest
}

impl Subject {
    fn scores(&self) -> bool {
        self.target != Target::None
    }
}

impl Table64 {
    /// A table of a size, in files, too.
    fn new((n_samples, n_features): (usize, usize)) -> Result<Self> {
        let data = make_classification(&MakeClassification {
            n_samples,
            n_features,
            n_informative: n_features.min(10),
            n_redundant: 0,
            n_classes: 10,
            n_clusters_per_class: 1,
            class_sep: 2.0,
            ..Default::default()
        })?;
        let rows = data.data.chunks_exact(n_features).zip(1_u32..);
        let number = rows.map(|(row, k)| {
            let line: f64 = row.iter().zip(1_u32..).map(|(v, j)| v / f64::from(j)).sum();
            line + (f64::from(k) * 0.618_033_988_749_894_9).fract() - 0.5
        });
        let number: Vec<f64> = number.collect();
        let folder = Path::new("target/sklearn").join(format!("{n_samples}x{n_features}"));
        Ok(Self {
            data,
            number,
            folder,
        })
    }

    /// The labels: of ten classes, or whether they are among the upper five.
    fn labels(&self, target: Target) -> Vec<i64> {
        let labels = self.data.target.iter();
        match target {
            Target::Binary => labels.map(|label| i64::from(*label > 4)).collect(),
            _ => labels.copied().collect(),
        }
    }

    fn target(
        &self,
        xp: &Namespace<NdArray>,
        target: Target,
        dtype: DType,
    ) -> Result<Option<Array<NdArray>>> {
        Ok(match target {
            Target::None => None,
            Target::Classes | Target::Binary => Some(xp.asarray(self.labels(target))?),
            Target::Number => Some(xp.asarray_as(self.number.as_slice(), dtype)?),
        })
    }

    /// scikit-learn's side.
    fn ask(
        &self,
        python: &mut Beside,
        subject: &Subject,
        dtype: DType,
        repeat: u32,
        supervised: bool,
    ) -> Result<Measured> {
        fs::create_dir_all(&self.folder)?;
        let write = |name: &str, values: Vec<u8>| -> Result<PathBuf> {
            let path = self.folder.join(name);
            fs::write(&path, values)?;
            Ok(path)
        };
        let floats = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let x = write("x", floats(&self.data.data))?;
        let y = match subject.target {
            Target::None => None,
            Target::Number => Some(write("y", floats(&self.number))?),
            target => {
                let labels = self.labels(target);
                Some(write(
                    "y",
                    labels.iter().flat_map(|v| v.to_le_bytes()).collect(),
                )?)
            }
        };
        let answer = python.ask(&json!({
            "python": subject.python,
            "x": x,
            "y": y.filter(|_| supervised),
            "features": subject.features,
            "dtype": dtype.name(),
            "target": if subject.target == Target::Number { "float64" } else { "int64" },
            "method": subject.method.name(),
            "attribute": subject.attribute,
            "scores": subject.scores(),
            "repeat": repeat,
            "patience": PATIENCE,
        }))?;
        let number = |name: &str| answer[name].as_f64();
        let learned = answer["learned"].as_array().context("no attribute")?;
        Ok(Measured {
            fit: number("fit").context("no time")?,
            apply: number("apply").context("no time")?,
            learned: learned.iter().filter_map(Value::as_f64).collect(),
            score: number("score"),
        })
    }
}

impl Drop for Table64 {
    fn drop(&mut self) {
        // The files are as large as the data.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
