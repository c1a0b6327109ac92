//! `cargo xtask bench`: fits linear discriminant analysis on every device of the machine and compares them.
//!
//! Prints a table and writes `target/bench/report.html` (with plots) and `target/bench/report.json`; with `--pictures` also the README's.

mod beside;
mod data;
mod estimators;
mod limits;
mod measure;
mod memory;
mod operations;
mod page;
mod plots;
mod report;
mod sklearn;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use array_api_compat::{AnyBackend, Composed, cpu, devices, wgpu::adapters};
use array_api_spec::{DType, Namespace};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use self::{
    data::Case,
    limits::Limits,
    measure::Measured,
    report::{Data, Report, Row},
};

/// Fits and predicts linear discriminant analysis on every device found, and compares the devices.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Sizes of generated data sets, as SAMPLESxFEATURES.
    #[arg(long, value_delimiter = ',', default_values = ["20000x100", "100000x100"], value_parser = data::size)]
    sizes: Vec<(usize, usize)>,

    /// Only devices whose name starts with this.
    #[arg(long)]
    device: Option<String>,

    /// How often each step is timed; the median counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,

    /// Also runs another library, in a virtual environment under `target/`; needs Python 3. NumPy needs `--ops`.
    #[arg(long, value_name = "LIBRARY", value_parser = ["sklearn", "numpy"])]
    against: Option<String>,

    /// Times single functions of the CPU backend instead; beside NumPy, writes docs/performance.md.
    #[arg(long)]
    ops: bool,

    /// Times every kind of estimator on the CPU instead.
    #[arg(long, conflicts_with = "ops")]
    estimators: bool,

    /// Only estimators whose name starts with this.
    #[arg(long, requires = "estimators")]
    only: Option<String>,

    /// Writes the picture of the README, too: `docs/fit-light.svg` and `docs/fit-dark.svg`, of the last size.
    #[arg(long, conflicts_with_all = ["ops", "estimators"])]
    pictures: bool,

    /// The folder of the report.
    #[arg(long, default_value = "target/bench")]
    output: PathBuf,
}

/// A device that takes part.
struct Candidate {
    name: String,
    xp: Namespace<AnyBackend>,
}

/// The program: reads the command line, and runs the bench on the devices that this program knows.
pub fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let numpy = arguments.against.as_deref() == Some("numpy");
    anyhow::ensure!(
        arguments.against.is_none() || numpy == arguments.ops,
        "`--against numpy` goes with `--ops`, `--against sklearn` without"
    );
    if arguments.ops {
        return operations::run(arguments.repeat, numpy);
    }
    if arguments.estimators {
        let beside = arguments.against.is_some();
        return estimators::run(arguments.repeat, beside, arguments.only.as_deref());
    }
    let (candidates, absent) = candidates(arguments.device.as_deref());
    anyhow::ensure!(
        !candidates.is_empty(),
        "no device here has a name that starts as asked"
    );
    let cases = data::cases(&arguments.sizes)?;
    let sklearn = arguments
        .against
        .is_some()
        .then(sklearn::environment)
        .transpose()?;

    let steps = cases.len()
        * (candidates
            .iter()
            .map(|c| dtypes(&c.xp).len())
            .sum::<usize>()
            + 1);
    let bar = ProgressBar::new(steps as u64).with_style(style());
    let mut report = Report::new(described(&candidates, sklearn.is_some()), absent);
    for case in &cases {
        report.data.push(Data::new(case));
        let expected = run_case(case, &candidates, arguments, &bar, &mut report)?;
        if let Some(python) = &sklearn {
            bar.set_message(format!("scikit-learn on {}", case.name));
            report
                .rows
                .extend(sklearn::run(python, case, arguments.repeat, &expected)?);
        }
    }
    bar.finish_and_clear();
    report.compare();

    println!("{}", report.table());
    for data in &report.data {
        println!("{}: {}", data.name, data.description());
    }
    for line in report.devices.iter().chain(&report.absent) {
        println!("{line}");
    }
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot make the folder {}", arguments.output.display()))?;
    report.write(&arguments.output)?;
    println!("Report: {}", arguments.output.join("report.html").display());
    if arguments.pictures {
        report.write_pictures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs"))?;
        println!("Written: docs/fit-light.svg and docs/fit-dark.svg");
    }
    Ok(())
}

/// The devices that are compared: the CPU with composed functions only, the baseline; and every device found. And a
/// line about each device that is missing.
fn candidates(prefix: Option<&str>) -> (Vec<Candidate>, Vec<String>) {
    let mut found = vec![Candidate {
        name: report::PLAIN.into(),
        xp: Namespace::new(AnyBackend::new(Composed::new(*cpu().backend()))),
    }];
    let mut absent = Vec::new();
    for entry in devices() {
        match entry.namespace {
            Ok(xp) => {
                if prefix.is_none_or(|p| entry.name.starts_with(p)) {
                    found.push(Candidate {
                        name: entry.name,
                        xp,
                    });
                }
            }
            Err(hint) => absent.push(format!("{}: {hint}", entry.name)),
        }
    }
    (found, absent)
}

/// A line that describes each device.
fn described(candidates: &[Candidate], sklearn: bool) -> Vec<String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut lines: Vec<String> = candidates
        .iter()
        .map(|candidate| match candidate.name.as_str() {
            report::PLAIN => {
                format!(
                    "{}: the textbook's steps, composed of the standard's functions",
                    report::PLAIN
                )
            }
            "cpu" => format!("cpu: {threads} threads"),
            name => adapters()
                .iter()
                .find(|adapter| format!("wgpu:{}", adapter.index) == name)
                .map_or_else(
                    || name.to_owned(),
                    |adapter| {
                        let software = if adapter.is_cpu {
                            ", in software: no GPU"
                        } else {
                            ""
                        };
                        format!("{name}: {}, {}{software}", adapter.name, adapter.backend)
                    },
                ),
        })
        .collect();
    if sklearn {
        lines.push(format!(
            "scikit-learn: {}, {threads} threads",
            sklearn::PACKAGE
        ));
    }
    lines
}

/// Measures a data set everywhere; returns the labels that the CPU predicts in float64.
fn run_case(
    case: &Case,
    candidates: &[Candidate],
    arguments: &Arguments,
    bar: &ProgressBar,
    report: &mut Report,
) -> Result<Vec<i64>> {
    let expected = measure::reference_labels(case, &cpu())?;
    bar.inc(1);
    for candidate in candidates {
        for dtype in dtypes(&candidate.xp) {
            bar.set_message(format!("{} {dtype} on {}", case.name, candidate.name));
            let elements = case.train.n_samples() * case.train.n_features;
            let limits = Limits::of(&candidate.xp, dtype, elements)?;
            let measured = Measured::of(case, &candidate.xp, dtype, arguments.repeat)
                .with_context(|| format!("{} in {dtype} on {}", case.name, candidate.name))?;
            report.rows.push(Row::new(
                case,
                &candidate.name,
                dtype,
                &measured,
                &limits,
                &expected,
            ));
            bar.inc(1);
        }
    }
    Ok(expected)
}

/// The real floating-point dtypes of a device.
fn dtypes(xp: &Namespace<AnyBackend>) -> Vec<DType> {
    xp.info()
        .dtypes()
        .iter()
        .copied()
        .filter(|d| d.is_real_floating())
        .collect()
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:24} {pos}/{len} {msg} ({elapsed})")
        .expect("a valid template")
}
