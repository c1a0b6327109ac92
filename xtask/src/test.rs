//! `cargo xtask test`: runs the steps in order, cheapest first, and stops at the first failure.

use std::{
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use crate::{examples, packages, python, setup, tidy};

/// The outcome of a step.
pub(crate) enum Outcome {
    Passed,
    /// Not run, for this reason; not a failure.
    Skipped(String),
    Failed(String),
}

struct Step {
    title: &'static str,
    run: fn() -> Outcome,
}

const STEPS: &[Step] = &[
    Step {
        title: "format",
        run: || cargo(&["fmt", "--check"]),
    },
    Step {
        title: "links, sizes, layers and numbers in the text",
        run: tidy::step,
    },
    Step {
        title: "set up a Vulkan adapter",
        run: setup::vulkan,
    },
    Step {
        title: "set up NVRTC and ptxas",
        run: setup::nvrtc,
    },
    Step {
        title: "set up a fresh Cargo home",
        run: setup::fresh_home,
    },
    Step {
        title: "licences and advisories",
        run: deny,
    },
    Step {
        title: "lints",
        run: || {
            cargo(&[
                "clippy",
                "--quiet",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])
        },
    },
    Step {
        title: "tests: unit, property, documentation, conformance",
        run: tests,
    },
    Step {
        // Overflow of unchecked arithmetic panics in the other tests' profile, but wraps in this one.
        title: "tests of sizes in the release profile",
        run: || {
            cargo(&[
                "test",
                "--quiet",
                "--release",
                "--package",
                "array-api-spec",
                "--test",
                "chapters",
                "sizes",
            ])
        },
    },
    Step {
        title: "python module",
        run: python::test,
    },
    Step {
        title: "examples, outside the workspace",
        run: examples::test,
    },
    Step {
        title: "packages of the libraries",
        run: packages::test,
    },
    Step {
        title: "documentation",
        run: || cargo(&["doc", "--quiet", "--no-deps", "--workspace"]),
    },
];

pub(crate) fn run() -> ExitCode {
    let (mut passed, mut skipped) = (0, 0);
    let start = Instant::now();
    for (k, step) in STEPS.iter().enumerate() {
        println!("[{}/{}] {}", k + 1, STEPS.len(), step.title);
        let begun = Instant::now();
        let outcome = (step.run)();
        let time = seconds(begun.elapsed());
        match outcome {
            Outcome::Passed => {
                passed += 1;
                println!("      passed in {time}");
            }
            Outcome::Skipped(reason) => {
                skipped += 1;
                println!("      skipped: {reason}");
            }
            Outcome::Failed(reason) => {
                println!("      FAILED after {time}: {reason}");
                let left = STEPS.len() - k - 1;
                println!(
                    "{passed} steps passed, 1 failed ({}), {skipped} skipped, {left} not run",
                    step.title
                );
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "{passed} steps passed, 0 failed, {skipped} skipped in {}",
        seconds(start.elapsed())
    );
    ExitCode::SUCCESS
}

/// All tests, on the machine that the steps before have set up.
fn tests() -> Outcome {
    let mut command = crate::command(&["test", "--quiet", "--workspace", "--no-fail-fast"]);
    setup::name_nvrtc(&mut command);
    setup::require(&mut command);
    setup::with_fresh_home(&mut command);
    // Tests must not write to the user's cache.
    command.env("ARRAY_API_CACHE", setup::target().join("array-api"));
    outcome("cargo test --workspace", &mut command)
}

fn cargo(arguments: &[&str]) -> Outcome {
    let mut command = crate::command(arguments);
    outcome(
        &format!("cargo {}", arguments.join(" ")),
        command.env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn outcome(text: &str, command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("`{text}` ended with {status}")),
        Err(error) => Outcome::Failed(format!("`{text}` did not start: {error}")),
    }
}

fn deny() -> Outcome {
    let there = Command::new(env!("CARGO"))
        .args(["deny", "--version"])
        .output()
        .is_ok_and(|o| o.status.success());
    if there {
        cargo(&["deny", "--log-level", "error", "check"])
    } else {
        Outcome::Skipped("cargo-deny is not installed; `cargo install cargo-deny` adds it".into())
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
