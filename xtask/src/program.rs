//! Builds a program of the workspace and runs it. A build prints its progress, but only if it has something to do.

use std::{
    io::{self, IsTerminal as _, Read, Write},
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use crate::{command, quieten, root, setup};

/// A program of `benches`.
pub(crate) struct Program {
    /// The arguments with which cargo builds it.
    build: &'static [&'static str],
    /// Its file in the target folder.
    file: &'static str,
    /// A headline for its first build.
    first_build: &'static str,
}

/// Timings need the release profile.
pub(crate) const BENCH: Program = Program {
    build: &["build", "--workspace", "--release", "--bin", "bench"],
    file: "release/bench",
    first_build: "Building the bench with all its dependencies, optimised: about ten minutes on two cores, this time only.",
};

/// Built together with the tests: otherwise their dependencies would be built again with other features.
pub(crate) const CONFORMANCE: Program = Program {
    build: &["test", "--workspace", "--no-run", "--test", "commands"],
    file: "debug/conformance",
    first_build: "Building the tests' programs with all their dependencies: about ten minutes on two cores, this time only; `cargo xtask test` shares them.",
};

/// Builds a program, runs it with arguments, and returns its exit code.
pub(crate) fn run(program: &Program, arguments: &[String]) -> ExitCode {
    let file = format!("{}{}", program.file, std::env::consts::EXE_SUFFIX);
    let file = setup::target().join(file);
    let headline = if file.exists() {
        "Building what has changed."
    } else {
        program.first_build
    };
    match build(program.build, headline) {
        Ok(status) if status.success() => {}
        Ok(_) => return ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot start cargo: {error}");
            return ExitCode::FAILURE;
        }
    }
    let mut command = Command::new(&file);
    command.current_dir(root());
    quieten(&mut command);
    setup::name_nvrtc(&mut command);
    match command.args(arguments).status() {
        Ok(status) => ExitCode::from(
            status
                .code()
                .and_then(|c| u8::try_from(c).ok())
                .unwrap_or(1),
        ),
        Err(error) => {
            eprintln!("cannot start {}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

/// Runs cargo and shows its own progress under a headline, but only once it has something to do.
fn build(arguments: &[&str], headline: &str) -> io::Result<ExitStatus> {
    let mut cargo = command(arguments);
    if io::stderr().is_terminal() {
        // Without this, cargo draws no progress bar into a pipe. The terminal's width is unknown here; 80 columns fit
        // every terminal.
        cargo
            .env("CARGO_TERM_COLOR", "always")
            .env("CARGO_TERM_PROGRESS_WHEN", "always")
            .env("CARGO_TERM_PROGRESS_WIDTH", "80");
    }
    let mut cargo = cargo.stderr(Stdio::piped()).spawn()?;
    if let Some(output) = cargo.stderr.take() {
        forward(output, &mut io::stderr(), headline)?;
    }
    cargo.wait()
}

/// Forwards cargo's output as it comes, without its last lines, and without its progress bar before the first line of
/// work.
fn forward(mut from: impl Read, to: &mut impl Write, headline: &str) -> io::Result<()> {
    let (mut works, mut line, mut chunk) = (false, Vec::new(), [0; 4096]);
    loop {
        let length = from.read(&mut chunk)?;
        if length == 0 {
            return to.write_all(&line);
        }
        for &byte in &chunk[..length] {
            line.push(byte);
            // A bar ends where the next one is drawn over it.
            if byte != b'\n' && byte != b'\r' {
                continue;
            }
            let text = String::from_utf8_lossy(&line);
            let is = |word: &str| text.contains(word);
            let begins = !works && (is("Compiling ") || is("Downloading ") || is("Downloaded "));
            if begins {
                works = true;
                writeln!(to, "{headline}")?;
            }
            if !is("Finished ") && !is("Executable ") && (works || !is("Building")) {
                to.write_all(&line)?;
                to.flush()?;
            }
            line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(output: &str) -> String {
        let mut shown = Vec::new();
        forward(output.as_bytes(), &mut shown, "Long.").expect("memory has room");
        String::from_utf8(shown).expect("it was text")
    }

    #[test]
    fn nothing_to_do_is_nothing_to_say() {
        let output =
            "    Building [====>] 3/9: a\r    Finished `release` profile\n  Executable a (b)\n";
        assert_eq!(shown(output), "");
    }

    #[test]
    fn work_is_shown_under_the_headline() {
        let output = "   Compiling a v1\n    Building [=>   ] 1/2: b\r   Compiling b v1\n    Finished `release` profile\n";
        let wanted = "Long.\n   Compiling a v1\n    Building [=>   ] 1/2: b\r   Compiling b v1\n";
        assert_eq!(shown(output), wanted);
        assert!(shown(" Downloading crates ...\n").starts_with("Long.\n"));
    }

    #[test]
    fn what_hinders_is_shown_at_once() {
        for output in [
            "    Blocking waiting for file lock on build directory\n",
            "error: no such thing\n\nCaused by:\n  it",
        ] {
            assert_eq!(shown(output), output);
        }
    }
}
