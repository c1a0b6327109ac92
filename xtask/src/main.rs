//! The project's commands: `cargo xtask test`, `cargo xtask bench`, `cargo xtask conformance` and two for CUDA.

mod cuda;
mod python;
mod setup;
mod test;

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use clap::Parser;

/// The project's commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Everything that CI runs: format, lints, tests on every device found, documentation, licences. Sets up what it needs and can.
    Test,
    /// The benchmark report: LinearDiscriminantAnalysis on every device found. See `cargo xtask bench --help`.
    #[command(disable_help_flag = true)]
    Bench(Rest),
    /// The standard's test vectors on every device found. See `cargo xtask conformance --help`. With `--suite DIR` Python's official suite.
    #[command(disable_help_flag = true)]
    Conformance(Rest),
    /// Makes the CUDA kernels that are part of the program anew, and `docs/cuda-kernels.md` with them. Needs no GPU.
    CudaKernels,
    /// Everything that wants an NVIDIA GPU, in one go, with a report: conformance, LinearDiscriminantAnalysis, the bench, compute-sanitizer.
    CudaCheck,
}

/// Arguments for the program that does the work.
#[derive(clap::Args)]
struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    match Task::parse() {
        Task::Test => test::run(),
        // Timings need the release profile; the vectors share what `test` has built.
        Task::Bench(rest) => cargo(
            &[
                "run",
                "-q",
                "--release",
                "-p",
                "benches",
                "--bin",
                "bench",
                "--",
            ],
            &rest.arguments,
        ),
        Task::Conformance(rest) if python::is_suite(&rest.arguments) => {
            python::suite(&rest.arguments)
        }
        Task::Conformance(rest) => cargo(
            &["run", "-q", "-p", "benches", "--bin", "conformance", "--"],
            &rest.arguments,
        ),
        Task::CudaKernels => cuda::remake_kernels(),
        Task::CudaCheck => cuda::check(),
    }
}

/// Runs cargo in its place and hands on its exit code.
fn cargo(arguments: &[&str], rest: &[String]) -> ExitCode {
    let mut command = command(arguments);
    setup::name_nvrtc(&mut command);
    match command.args(rest).status() {
        Ok(status) => ExitCode::from(
            status
                .code()
                .and_then(|c| u8::try_from(c).ok())
                .unwrap_or(1),
        ),
        Err(error) => {
            eprintln!("cannot start cargo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `cargo` with arguments, in the workspace's root.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args(arguments);
    // Vulkan drivers complain on every start where no desktop session has set this.
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    }
    command
}

/// The workspace's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_handed_on() {
        for flags in [
            &["--device", "cpu", "--failures", "2"][..],
            &["--help"],
            &[],
        ] {
            let words = ["cargo xtask", "conformance"]
                .into_iter()
                .chain(flags.iter().copied());
            match Task::try_parse_from(words) {
                Ok(Task::Conformance(rest)) => assert_eq!(rest.arguments, flags),
                Ok(_) => panic!("another task"),
                Err(error) => panic!("{error}"),
            }
        }
    }
}
