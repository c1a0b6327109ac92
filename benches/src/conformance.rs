//! The standard's test vectors on every device found: `cargo xtask conformance`.

use std::{process::ExitCode, time::Instant};

use anyhow::{Result, bail};
use array_api_compat::{
    AnyBackend, cuda,
    wgpu::{Types, adapters, backend},
};
use array_api_conformance::{
    FunctionReport, Mutation, Report, Selection, Status, chapters, known_gaps, run,
};
use array_api_spec::{Namespace, Path, reference};
use clap::Parser;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressStyle};

/// Runs the test vectors of the Python Array API standard on every device of this machine.
#[derive(Parser)]
#[command(name = "cargo xtask conformance", bin_name = "cargo xtask conformance")]
struct Arguments {
    /// Only this device, by its name: `cpu`, `wgpu:0`, `cuda:0`, `reference` … `cuda-sim` is CUDA executed by a PTX interpreter.
    #[arg(long)]
    device: Option<String>,
    /// Only this function, by its name in the standard.
    #[arg(long)]
    function: Option<String>,
    /// Only this chapter: elementwise, statistical, searching …
    #[arg(long)]
    chapter: Option<String>,
    /// The order of blocks and warps in the PTX interpreter.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Most failing vectors that are printed for each function.
    #[arg(long, default_value_t = 3)]
    failures: usize,
    /// Tests the vectors: replaces each function by one that returns zeros, then by its result times 1.2 plus 0.5, and
    /// prints those for which no vector fails.
    #[arg(long)]
    mutants: bool,
    /// Writes docs/conformance.md: what the CPU, the first adapter and simulated CUDA pass.
    #[arg(long)]
    table: bool,
}

/// The program: reads the command line, and runs the vectors on the devices that this program knows.
pub fn main() -> ExitCode {
    match run_all(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what the arguments select. True if everything passes.
fn run_all(arguments: &Arguments) -> Result<bool> {
    check_names(arguments)?;
    let simulated = arguments.table || arguments.device.as_deref() == Some("cuda-sim");
    if simulated {
        ptx_sim::configure(ptx_sim::Settings {
            seed: arguments.seed,
            ..ptx_sim::Settings::default()
        });
        ptx_sim::install()?;
    }
    if arguments.table {
        return write_table();
    }
    let (mut ran, mut good) = (0, true);
    let devices = devices();
    for (name, xp) in &devices {
        if arguments.device.as_ref().is_some_and(|d| d != name) {
            continue;
        }
        match xp {
            Ok(xp) => {
                ran += 1;
                good &= if arguments.mutants {
                    mutate(xp, arguments)
                } else {
                    judge(xp, arguments)
                };
            }
            Err(reason) => println!("\n{name} is not here: {reason}"),
        }
    }
    if ran == 0 {
        let names: Vec<&str> = devices.iter().map(|(name, _)| name.as_str()).collect();
        bail!(
            "no device `{}` to run on; the names are {}",
            arguments.device.as_deref().unwrap_or_default(),
            names.join(", ")
        );
    }
    if simulated {
        good &= report_interpreter(arguments.seed);
    }
    Ok(good)
}

/// Writes the document, about the devices that every machine of the project has. True if everything passes.
fn write_table() -> Result<bool> {
    let cuda = cuda::fresh_backend(0, cuda::Kernels::Embedded)?;
    let devices = [
        AnyBackend::erase(&array_api_compat::cpu()),
        AnyBackend::erase(&array_api_compat::wgpu(0)?),
        AnyBackend::erase(&Namespace::new(cuda)),
    ];
    let report = |xp| run(xp, &Selection::default(), known_gaps());
    let reports: Vec<Report> = devices.iter().map(report).collect();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance.md");
    std::fs::write(&path, array_api_conformance::table(&reports))?;
    for report in &reports {
        println!(
            "{}: {} vectors passed, {} failed",
            report.device,
            report.passed(),
            report.failed()
        );
    }
    Ok(reports.iter().all(Report::is_success))
}

/// Prints what the interpreter did and found. True if it found no error.
fn report_interpreter(seed: u64) -> bool {
    let statistics = ptx_sim::statistics();
    println!(
        "executed by a PTX interpreter, not tested on a GPU: {} launches, {} instructions of threads, {} errors, with seed {seed}",
        statistics.launches, statistics.thread_instructions, statistics.errors
    );
    // The interpreter refuses machine code, after which the runtime uses PTX; that is not an error.
    if let Some(error) = ptx_sim::last_error().filter(|_| statistics.errors > 0) {
        println!("the last error: {error}");
    }
    statistics.errors == 0
}

/// All devices by name: the two of the reference backend, those of this machine, and each adapter once more without its 64-bit types.
fn devices() -> Vec<(String, Result<Namespace<AnyBackend>, String>)> {
    let reference = [reference::namespace(), reference::narrow_namespace()];
    let mut all: Vec<_> = reference
        .iter()
        .map(|xp| (xp.device().name().to_owned(), Ok(AnyBackend::erase(xp))))
        .collect();
    all.extend(
        array_api_compat::devices()
            .into_iter()
            .map(|entry| (entry.name, entry.namespace)),
    );
    for adapter in adapters() {
        let masked = backend(adapter.index, Types::Masked)
            .map(|gpu| AnyBackend::erase(&Namespace::new(gpu)));
        let name = masked.as_ref().map_or_else(
            |_| format!("wgpu:{}", adapter.index),
            |xp| xp.device().name().to_owned(),
        );
        all.push((name, masked.map_err(|error| error.to_string())));
    }
    all
}

/// An error for a name that the standard does not have: it is a typing mistake, not an empty selection.
fn check_names(arguments: &Arguments) -> Result<()> {
    if let Some(function) = &arguments.function
        && !chapters()
            .iter()
            .any(|c| c.functions.contains(&function.as_str()))
    {
        bail!("the standard has no function `{function}`");
    }
    if let Some(chapter) = &arguments.chapter
        && !chapters().iter().any(|c| c.name == chapter)
    {
        let names: Vec<&str> = chapters().iter().map(|c| c.name).collect();
        bail!(
            "the standard has no chapter `{chapter}`; it has {}",
            names.join(", ")
        );
    }
    Ok(())
}

/// The fraction of mutants that may go unnoticed.
const UNNOTICED: f64 = 0.05;

/// Runs every function's vectors on its mutants. True if few enough go unnoticed.
fn mutate(xp: &Namespace<AnyBackend>, arguments: &Arguments) -> bool {
    let (mut count, mut survivors) = (0, Vec::new());
    for chapter in chapters() {
        if arguments
            .chapter
            .as_ref()
            .is_some_and(|c| c != chapter.name)
        {
            continue;
        }
        for &name in &chapter.functions {
            if arguments.function.as_ref().is_some_and(|f| f != name) {
                continue;
            }
            for mutation in Mutation::ALL.into_iter().filter(|m| !m.spares(name)) {
                let select = Selection {
                    function: Some(name.into()),
                    mutation: Some(mutation),
                    ..Selection::default()
                };
                let report = run(xp, &select, &[]);
                let tested = report.passed() + report.failed() > 0;
                count += usize::from(tested);
                if tested && report.failed() == 0 {
                    survivors.push(format!("{name} ({mutation:?})"));
                }
            }
        }
    }
    println!(
        "{}: {} of {count} mutants go unnoticed: {}",
        xp.device(),
        survivors.len(),
        survivors.join(", ")
    );
    survivors.len() as f64 <= UNNOTICED * count as f64
}

/// Runs everything that is selected on one device, and prints the results. True if everything passes.
fn judge(xp: &Namespace<AnyBackend>, arguments: &Arguments) -> bool {
    let names: Vec<&str> = chapters()
        .iter()
        .filter(|c| arguments.chapter.as_ref().is_none_or(|name| name == c.name))
        .flat_map(|c| c.functions.iter().copied())
        .filter(|f| arguments.function.as_ref().is_none_or(|name| name == f))
        .collect();
    let start = Instant::now();
    let bar = ProgressBar::new(names.len() as u64).with_style(
        ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg}")
            .expect("the template is valid"),
    );
    bar.set_prefix(xp.device().to_string());
    let mut report = Report {
        device: xp.device(),
        functions: Vec::new(),
        closed_gaps: Vec::new(),
    };
    for name in names {
        bar.set_message(name);
        let select = Selection {
            function: Some(name.into()),
            chapter: None,
            failures: arguments.failures,
            mutation: None,
        };
        let part = run(xp, &select, known_gaps());
        report.functions.extend(part.functions);
        report.closed_gaps.extend(part.closed_gaps);
        bar.inc(1);
    }
    bar.finish_and_clear();
    print(&report, start.elapsed().as_secs_f64());
    report.is_success()
}

fn print(report: &Report, seconds: f64) {
    println!("\n{} · array API standard 2025.12", report.device);
    for chapter in chapters() {
        let functions: Vec<&FunctionReport> = report
            .functions
            .iter()
            .filter(|f| f.chapter == chapter.name)
            .collect();
        if functions.is_empty() {
            continue;
        }
        println!("\n{}", table(chapter.name, &functions));
        for (title, status) in [
            ("no vectors yet", Status::NoVectors),
            ("not there yet", Status::NotThere),
        ] {
            let names: Vec<&str> = functions
                .iter()
                .filter(|f| f.status == status)
                .map(|f| f.name)
                .collect();
            if !names.is_empty() {
                println!("{title}: {}", names.join(", "));
            }
        }
        for function in functions {
            for failure in &function.failures {
                println!("\n{failure}");
            }
        }
    }
    for gap in &report.closed_gaps {
        println!(
            "\nclosed gap, take it from gaps.tsv: {} {} `{}`: {}",
            gap.device, gap.function, gap.rule, gap.reason
        );
    }
    let sum =
        |count: fn(&FunctionReport) -> usize| report.functions.iter().map(count).sum::<usize>();
    println!(
        "\n{}: {} passed, {} failed, {} in known gaps, {} not on this device, {} left open by the standard, in {seconds:.1} s",
        report.device,
        report.passed(),
        report.failed(),
        sum(|f| f.known),
        sum(|f| f.absent),
        sum(|f| f.open),
    );
}

/// A line under the head and none between the rows.
const LINES: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

fn table(chapter: &str, functions: &[&FunctionReport]) -> Table {
    let mut table = Table::new();
    table
        .load_style(LINES)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header([
            chapter,
            "passed",
            "failed",
            "known gaps",
            "not on device",
            "left open",
            "path",
        ]);
    for f in functions.iter().filter(|f| f.status == Status::Tested) {
        let counts = [f.passed, f.failed, f.known, f.absent, f.open];
        let number = |n: usize| if n == 0 { "·".into() } else { n.to_string() };
        let mut row = vec![f.name.to_owned()];
        row.extend(counts.map(number));
        row.push(match f.path {
            Path::Native => "native".into(),
            Path::Composed => "composed".into(),
            Path::Host(reason) => format!("host: {reason}"),
        });
        table.add_row(row);
    }
    for column in 1..=5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
