//! The project's commands: `cargo xtask test`, `cargo xtask bench`, `cargo xtask conformance` and two for CUDA.

mod cuda;
mod examples;
mod packages;
mod program;
mod python;
mod setup;
mod test;
mod tidy;

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use clap::Parser;

/// The project's commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Everything that CI runs: format, rules about the text, lints, tests on every device found, documentation,
    /// licences. Installs what it needs, where it can.
    Test,
    /// Rules about the project's text: links, sizes, what a layer must not name, numbers in documents. A step of
    /// `test`.
    Tidy,
    /// The benchmark report: LinearDiscriminantAnalysis on every device found. See `cargo xtask bench --help`.
    #[command(disable_help_flag = true)]
    Bench(Rest),
    /// The standard's test vectors on every device found. See `cargo xtask conformance --help`. With `--suite DIR` Python's official suite.
    #[command(disable_help_flag = true)]
    Conformance(Rest),
    /// Compiles the CUDA kernels that are part of the program again, and writes `docs/cuda-kernels.md`. Needs no GPU.
    CudaKernels,
    /// Runs everything that needs an NVIDIA GPU, and writes a report: conformance, LinearDiscriminantAnalysis, the
    /// bench, compute-sanitizer.
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
        Task::Tidy => tidy::run(),
        Task::Bench(rest) => program::run(&program::BENCH, &rest.arguments),
        Task::Conformance(rest) if python::is_suite(&rest.arguments) => {
            python::suite(&rest.arguments)
        }
        Task::Conformance(rest) => program::run(&program::CONFORMANCE, &rest.arguments),
        Task::CudaKernels => cuda::remake_kernels(),
        Task::CudaCheck => cuda::check(),
    }
}

/// `cargo` with arguments, in the workspace's root.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args(arguments);
    quieten(&mut command);
    command
}

/// Vulkan drivers complain on every start where no desktop session has set the variable.
fn quieten(command: &mut Command) {
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    }
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
