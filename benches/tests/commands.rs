//! The programs behind `cargo xtask bench` and `cargo xtask conformance`, as a user calls them.

use std::process::{Command, Output};

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    output.expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn conformance_runs_one_function_and_refuses_names_that_the_standard_has_not() {
    let program = env!("CARGO_BIN_EXE_conformance");
    let one = run(program, &["--device", "cpu", "--function", "roll"]);
    assert!(one.status.success(), "{}", text(&one.stderr));
    assert!(
        text(&one.stdout).contains("0 failed"),
        "{}",
        text(&one.stdout)
    );
    let wrong = run(program, &["--function", "rol"]);
    assert!(!wrong.status.success());
    assert!(text(&wrong.stderr).contains("the standard has no function `rol`"));
}

#[test]
fn mutants_of_a_function_are_noticed() {
    let program = env!("CARGO_BIN_EXE_conformance");
    let output = run(
        program,
        &["--device", "cpu", "--chapter", "fft", "--mutants"],
    );
    assert!(output.status.success(), "{}", text(&output.stdout));
}

#[test]
fn the_bench_says_which_options_go_together() {
    let output = run(env!("CARGO_BIN_EXE_bench"), &["--against", "numpy"]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("goes with `--ops`"));
}
