//! The standard's test vectors on every device found: `cargo xtask conformance`.

use std::{process::ExitCode, time::Instant};

use anyhow::{Result, bail};
use array_api_conformance::{FunctionReport, Report, Selection, Status, chapters, known_gaps, run};
use array_api_spec::{Backend, Namespace, Path};
use clap::Parser;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use indicatif::{ProgressBar, ProgressStyle};

/// Runs the test vectors of the Python Array API standard on every device of this machine.
#[derive(Parser)]
#[command(name = "cargo xtask conformance", bin_name = "cargo xtask conformance")]
struct Arguments {
    /// Only this device, by its name: `cpu`, `wgpu:0`, `reference` …
    #[arg(long)]
    device: Option<String>,
    /// Only this function, by its name in the standard.
    #[arg(long)]
    function: Option<String>,
    /// Only this chapter: elementwise, statistical, searching …
    #[arg(long)]
    chapter: Option<String>,
    /// Most failing vectors that are printed for each function.
    #[arg(long, default_value_t = 3)]
    failures: usize,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    check_names(&arguments)?;
    let (mut ran, mut good) = (0, true);
    let mut seen = Vec::new();
    macro_rules! try_device {
        ($xp:expr) => {
            let xp = $xp;
            let name = xp.device().name().to_owned();
            if arguments.device.as_ref().is_none_or(|d| *d == name) {
                ran += 1;
                good &= judge(&xp, &arguments);
            }
            seen.push(name);
        };
    }
    try_device!(array_api_spec::reference::namespace());
    try_device!(array_api_spec::reference::narrow_namespace());
    if ran == 0 {
        bail!(
            "no device `{}`; there are {}",
            arguments.device.unwrap_or_default(),
            seen.join(", ")
        );
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A name that the standard does not have is a typing mistake, not an empty selection.
fn check_names(arguments: &Arguments) -> Result<()> {
    if let Some(function) = &arguments.function
        && !chapters().iter().any(|c| c.functions.contains(&function.as_str()))
    {
        bail!("the standard has no function `{function}`");
    }
    if let Some(chapter) = &arguments.chapter
        && !chapters().iter().any(|c| c.name == chapter)
    {
        let names: Vec<&str> = chapters().iter().map(|c| c.name).collect();
        bail!("the standard has no chapter `{chapter}`; it has {}", names.join(", "));
    }
    Ok(())
}

/// Runs everything that is selected on one device and prints what came out; whether all is as it should be.
fn judge<B: Backend>(xp: &Namespace<B>, arguments: &Arguments) -> bool {
    let names: Vec<&str> = chapters()
        .iter()
        .filter(|c| arguments.chapter.as_ref().is_none_or(|name| name == c.name))
        .flat_map(|c| c.functions.iter().copied())
        .filter(|f| arguments.function.as_ref().is_none_or(|name| name == f))
        .collect();
    let start = Instant::now();
    let bar = ProgressBar::new(names.len() as u64).with_style(
        ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg}").expect("the template is valid"),
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
        let functions: Vec<&FunctionReport> = report.functions.iter().filter(|f| f.chapter == chapter.name).collect();
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
    let sum = |count: fn(&FunctionReport) -> usize| report.functions.iter().map(count).sum::<usize>();
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

fn table(chapter: &str, functions: &[&FunctionReport]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
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
