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

/// A small run, as a user without an adapter has it: the variables hide every Vulkan driver.
#[test]
fn the_bench_reports_what_it_found_and_what_would_add_the_rest() {
    let folder = tempfile::tempdir().expect("room");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--sizes", "400x8", "--repeat", "1", "--output"])
        .arg(folder.path())
        .env("VK_DRIVER_FILES", "/nowhere")
        .env("VK_ICD_FILENAMES", "/nowhere")
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    let page = std::fs::read_to_string(folder.path().join("report.html")).expect("a page");
    for shown in [&printed, &page] {
        assert!(shown.contains("cpu (plain)"), "{shown}");
        assert!(shown.contains("naming the most frequent class"), "{shown}");
        if cfg!(target_os = "linux") {
            assert!(
                shown.contains("apt-get install mesa-vulkan-drivers"),
                "{shown}"
            );
        }
    }
    let sections = page.matches("<h2>").count();
    assert_eq!((sections, page.matches("<svg").count()), (2, 4));
    assert_eq!(
        page.matches("<th>").count() * page.matches("<tr><td").count(),
        2 * page.matches("<td ").count()
    );
}

#[test]
fn the_bench_says_which_options_go_together() {
    let output = run(env!("CARGO_BIN_EXE_bench"), &["--against", "numpy"]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("goes with `--ops`"));
}

#[test]
fn one_estimator_is_timed_in_both_dtypes() {
    let program = env!("CARGO_BIN_EXE_bench");
    let only = |name: &str| run(program, &["--estimators", "--repeat", "1", "--only", name]);
    let output = only("LogisticRegression");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    for dtype in ["float64", "float32"] {
        let row = printed.lines().find(|line| line.contains(dtype));
        let row = row.unwrap_or_else(|| panic!("no row in {dtype}: {printed}"));
        assert!(row.contains("LogisticRegression"), "{row}");
    }
    let unknown = only("Logit");
    assert!(!unknown.status.success());
    assert!(text(&unknown.stderr).contains("no estimator here has a name"));
}
