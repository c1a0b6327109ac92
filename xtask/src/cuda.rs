//! The commands for CUDA: the committed kernels, and the check on a real GPU.

use std::{
    fmt::Write as _,
    fs,
    process::{Command, ExitCode, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{command, root, setup, test::Outcome};

/// Makes the archive of kernels, and the table of their machine code's resources.
pub(crate) fn remake_kernels() -> ExitCode {
    if let Outcome::Skipped(reason) | Outcome::Failed(reason) = setup::nvrtc() {
        eprintln!("{reason}");
        return ExitCode::FAILURE;
    }
    // The order matters: the table is made from the archive, which is part of a test binary when that is built.
    for test in ["library", "machine_code"] {
        let mut cargo = command(&["test", "-q", "--workspace", "--test", test]);
        setup::name_nvrtc(&mut cargo);
        let status = cargo.env("REMAKE_CUDA_KERNELS", "1").status();
        if !status.is_ok_and(|status| status.success()) {
            return ExitCode::FAILURE;
        }
    }
    println!("written: crates/array-api-cuda/src/kernels.ptx.zst and docs/cuda-kernels.md");
    ExitCode::SUCCESS
}

/// One part of the check: a title, and a command that succeeds if the part passes.
struct Part {
    title: &'static str,
    program: String,
    arguments: Vec<String>,
}

/// Runs everything on `cuda:0`, and writes the results to `target/cuda-check/report.md`.
pub(crate) fn check() -> ExitCode {
    let Some(gpu) = said(
        "nvidia-smi",
        &[
            "--query-gpu=name,driver_version,memory.total",
            "--format=csv,noheader",
        ],
    ) else {
        eprintln!("`nvidia-smi` found no NVIDIA GPU: this check needs one, and its driver");
        return ExitCode::FAILURE;
    };
    let commit = said(
        "git",
        &["-C", &root().display().to_string(), "rev-parse", "HEAD"],
    );
    let changes = said(
        "git",
        &["-C", &root().display().to_string(), "status", "--porcelain"],
    );
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    let mut report = format!(
        "# CUDA check on a GPU\n\n- GPU, driver, memory: {gpu}\n- commit: {}{}\n- time: {seconds} s after 1970-01-01 UTC\n",
        commit.unwrap_or_else(|| "unknown".into()),
        if changes.is_some_and(|c| !c.is_empty()) {
            ", with local changes"
        } else {
            ""
        },
    );
    let mut good = true;
    for part in parts() {
        println!("{}", part.title);
        let (passed, output) = run(&part);
        good &= passed;
        let verdict = if passed { "passed" } else { "FAILED" };
        println!("{output}\n{}: {verdict}", part.title);
        let _ = write!(
            report,
            "\n## {}: {verdict}\n\n```text\n{}\n```\n",
            part.title,
            output.trim()
        );
    }
    let folder = root().join("target/cuda-check");
    let file = folder.join("report.md");
    if let Err(error) = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, report)) {
        eprintln!("{}: {error}", file.display());
        return ExitCode::FAILURE;
    }
    println!("written: {}", file.display());
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn parts() -> Vec<Part> {
    let part = |title, program: &str, arguments: &[&str]| Part {
        title,
        program: program.into(),
        arguments: arguments.iter().map(ToString::to_string).collect(),
    };
    let cargo = env!("CARGO");
    let conformance = [
        "run",
        "-q",
        "--release",
        "-p",
        "benches",
        "--bin",
        "conformance",
        "--",
        "--device",
        "cuda:0",
    ];
    let mut parts = vec![
        part("The standard's vectors", cargo, &conformance),
        part(
            "The CUDA runtime",
            cargo,
            &[
                "test",
                "-q",
                "--release",
                "-p",
                "array-api-cuda",
                "--test",
                "cuda",
            ],
        ),
        part(
            "cuBLAS and cuSOLVER against own kernels and the host",
            cargo,
            &[
                "test",
                "-q",
                "--release",
                "-p",
                "array-api-cuda",
                "--test",
                "cuda_vendor",
                "--",
                // Prints whether the libraries were found, and what they did.
                "--nocapture",
            ],
        ),
        part(
            "LinearDiscriminantAnalysis against scikit-learn's results, moved and saved",
            cargo,
            &[
                "test",
                "-q",
                "--release",
                "-p",
                "ml-core",
                "--test",
                "scikit_learn",
                "--test",
                "devices_and_files",
                "cuda",
            ],
        ),
        part(
            "The bench",
            cargo,
            &["run", "-q", "--release", "-p", "benches", "--bin", "bench"],
        ),
    ];
    if said("compute-sanitizer", &["--version"]).is_some() {
        let binary = root().join("target/release/conformance");
        for (title, tool) in [
            ("compute-sanitizer memcheck, sums", "memcheck"),
            ("compute-sanitizer racecheck, sums", "racecheck"),
            ("compute-sanitizer initcheck, sums", "initcheck"),
        ] {
            let binary = binary.display().to_string();
            let arguments = [
                "--tool",
                tool,
                "--error-exitcode",
                "9",
                &binary,
                "--device",
                "cuda:0",
                "--function",
                "sum",
            ];
            parts.push(part(title, "compute-sanitizer", &arguments));
        }
    }
    parts
}

/// Runs a part. Returns whether it succeeded, and what it printed.
fn run(part: &Part) -> (bool, String) {
    let output = Command::new(&part.program)
        .args(&part.arguments)
        .current_dir(root())
        // Without this, tests use the PTX interpreter.
        .env("ARRAY_API_CUDA", "gpu")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => {
            let text =
                [output.stdout, output.stderr].map(|t| String::from_utf8_lossy(&t).into_owned());
            (output.status.success(), text.concat())
        }
        Err(error) => (false, format!("`{}` did not start: {error}", part.program)),
    }
}

/// The output of a command, if it exists and succeeds.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}
