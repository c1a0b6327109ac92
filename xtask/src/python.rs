//! The Python module: its tests, and the official suite of the standard. No default build needs Python; where it is missing, this says so.

use std::{
    env::consts,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use clap::Parser;

use crate::{
    command, root,
    setup::{quiet, require, target},
    test::Outcome,
};

/// What the module's tests need.
const TESTS: &[&str] = &[
    "pytest==9.2.0",
    "numpy==2.4.6",
    "scipy==1.17.1",
    "scikit-learn==1.9.1",
    "array-api-strict==2.6.1",
    "pandas==3.1.1",
    "polars==2.1.0",
    "pyarrow==26.0.1",
    "xarray==2026.9.0",
    "dask==2026.8.0",
    "mypy==2.4.1",
];

/// What the official suite needs.
const SUITE: &[&str] = &[
    "pytest==9.2.0",
    "pytest-json-report==1.5.0",
    "hypothesis==6.170.17",
    "ndindex==1.10.1",
];

/// Tests of the official suite that fail, and why: device (or `*`), test, reason.
const GAPS: &str = "crates/array-api-python/suite-gaps.tsv";

/// `cargo xtask conformance --suite DIR`
#[derive(Parser)]
struct Arguments {
    /// A checkout of data-apis/array-api-tests with its submodule.
    #[arg(long)]
    suite: PathBuf,
    /// One device; all of this machine if absent.
    #[arg(long)]
    device: Option<String>,
    /// How many examples each test draws.
    #[arg(long, default_value_t = 100)]
    max_examples: u32,
    /// Where the drawing of examples starts; at random if absent.
    #[arg(long)]
    seed: Option<u64>,
    /// Only tests whose names hold this.
    #[arg(long)]
    test: Option<String>,
}

/// Whether arguments of `conformance` are meant for the official suite.
pub(crate) fn is_suite(arguments: &[String]) -> bool {
    arguments
        .iter()
        .any(|a| a == "--suite" || a.starts_with("--suite="))
}

/// A virtual environment that has the module.
struct Environment(PathBuf);

impl Environment {
    /// The environment with packages and the module, as it is now, built into it.
    fn new(packages: &[&str]) -> Result<Self, Outcome> {
        let skipped =
            |reason: String| Outcome::Skipped(format!("the Python module is not tested: {reason}"));
        let own = Self(target().join("python"));
        if !quiet(own.python().arg("--version"))
            && !quiet(Command::new("python3").args(["-m", "venv"]).arg(&own.0))
        {
            return Err(skipped("no `python3 -m venv`".into()));
        }
        let mut pip = own.python();
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        if !quiet(pip.args(packages)) {
            let list = packages.join(" ");
            return Err(skipped(format!(
                "pip could not install {list}, for which Python 3.11 or newer is needed"
            )));
        }
        own.install().map_err(Outcome::Failed)?;
        Ok(own)
    }

    fn python(&self) -> Command {
        let folder = if cfg!(windows) { "Scripts" } else { "bin" };
        let mut python = Command::new(self.0.join(folder).join("python"));
        // SciPy reads it, and Vulkan drivers want the other.
        python.env("SCIPY_ARRAY_API", "1");
        if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
            python.env("XDG_RUNTIME_DIR", std::env::temp_dir());
        }
        python
    }

    /// Builds the module and puts it where the environment finds it.
    fn install(&self) -> Result<(), String> {
        // As a part of the tests: its dependencies would otherwise be built once more with other features.
        let build = [
            "test",
            "--quiet",
            "--workspace",
            "--no-run",
            "--test",
            "module",
        ];
        let built = command(&build).status();
        if !built.is_ok_and(|status| status.success()) {
            return Err(format!("`cargo {}` failed", build.join(" ")));
        }
        let library = format!("{}array_api_rust{}", consts::DLL_PREFIX, consts::DLL_SUFFIX);
        let module = if cfg!(windows) {
            "array_api_rust.pyd"
        } else {
            "array_api_rust.abi3.so"
        };
        let folder = self.said("import sysconfig; print(sysconfig.get_path('platlib'))")?;
        let file = Path::new(&folder).join(module);
        // A new file, not new content: a process that has the old one loaded keeps it.
        let _ = fs::remove_file(&file);
        fs::copy(target().join("debug/deps").join(library), &file)
            .map(drop)
            .map_err(|error| format!("{}: {error}", file.display()))
    }

    /// What a line of Python prints.
    fn said(&self, line: &str) -> Result<String, String> {
        let output = self.python().args(["-c", line]).output();
        let output = output.map_err(|error| format!("python did not start: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().into())
        } else {
            Err(format!(
                "`{line}`: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ))
        }
    }
}

/// The folder of the environment's programs, if there is the environment.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    let folder = target().join("python").join(folder);
    folder.exists().then_some(folder)
}

/// Runs the module's own tests.
pub(crate) fn test() -> Outcome {
    let environment = match Environment::new(TESTS) {
        Ok(environment) => environment,
        Err(outcome) => return outcome,
    };
    let mut pytest = environment.python();
    pytest
        .current_dir(root())
        .args([
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "crates/array-api-python/tests",
        ])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    require(&mut pytest);
    match pytest.status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("pytest ended with {status}")),
        Err(error) => Outcome::Failed(format!("pytest did not start: {error}")),
    }
}

/// Runs the official suite on each device.
pub(crate) fn suite(arguments: &[String]) -> ExitCode {
    let words = ["cargo xtask conformance".to_owned()];
    let arguments = Arguments::parse_from(words.iter().chain(arguments));
    match run_suite(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run_suite(arguments: &Arguments) -> Result<bool, String> {
    if !arguments.suite.join("array-api/spec").exists() {
        let folder = arguments.suite.display();
        return Err(format!(
            "{folder} is no checkout of data-apis/array-api-tests with its submodule `array-api`; `git clone --recursive` makes one"
        ));
    }
    let environment = Environment::new(SUITE).map_err(|outcome| match outcome {
        Outcome::Skipped(reason) | Outcome::Failed(reason) => reason,
        Outcome::Passed => unreachable!("no reason to stop"),
    })?;
    let devices = match &arguments.device {
        Some(device) => vec![device.clone()],
        None => environment
            .said("import array_api_rust as xp; print(*xp.__array_namespace_info__().devices())")?
            .split_whitespace()
            .map(Into::into)
            .collect(),
    };
    let mut good = true;
    for device in devices {
        println!("{device}");
        good &= run_on(&environment, arguments, &device)?;
    }
    Ok(good)
}

fn run_on(environment: &Environment, arguments: &Arguments, device: &str) -> Result<bool, String> {
    let missing = environment.said(&format!(
        "import array_api_rust as xp; info = xp.__array_namespace_info__(); \
         print(','.join(sorted(set(info.dtypes(device='cpu')) - set(info.dtypes(device={device:?})))))"
    ))?;
    let gaps = root().join(GAPS);
    let table =
        fs::read_to_string(&gaps).map_err(|error| format!("{}: {error}", gaps.display()))?;
    let file = target().join(format!("suite-gaps-{}.txt", device.replace(':', "-")));
    fs::write(&file, expected_failures(&table, device)?)
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let mut pytest = environment.python();
    pytest
        .current_dir(&arguments.suite)
        .env("ARRAY_API_DEVICE", device)
        .env("ARRAY_API_TESTS_MODULE", "array_api_rust")
        .env("ARRAY_API_TESTS_SKIP_DTYPES", missing)
        .args([
            "-m",
            "pytest",
            "-q",
            "array_api_tests",
            "--disable-deadline",
            "-o",
            "xfail_strict=true",
        ])
        .arg(format!("--max-examples={}", arguments.max_examples))
        .arg("--xfails-file")
        .arg(file);
    if let Some(seed) = arguments.seed {
        pytest.arg(format!("--hypothesis-seed={seed}"));
    }
    if let Some(test) = &arguments.test {
        pytest.args(["-k", test]);
    }
    let status = pytest.status();
    let status = status.map_err(|error| format!("pytest did not start: {error}"))?;
    Ok(status.success())
}

/// The tests that fail on a device, one a line.
fn expected_failures(table: &str, device: &str) -> Result<String, String> {
    let kind = device.split(':').next().unwrap_or(device);
    let mut tests = String::new();
    for line in table
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        let [on, test, reason] = line
            .split('\t')
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_| format!("{GAPS}: not device, test and reason: {line}"))?;
        if reason.is_empty() {
            return Err(format!("{GAPS}: no reason: {line}"));
        }
        if [device, kind, "*"].contains(&on) {
            tests.push_str(test);
            tests.push('\n');
        }
    }
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_failures_are_of_the_device_and_have_a_reason() {
        let table = "# text\n*\ta\twhy\nwgpu\tb\twhy\nwgpu:1\tc\twhy\n";
        assert_eq!(expected_failures(table, "cpu").as_deref(), Ok("a\n"));
        assert_eq!(expected_failures(table, "wgpu:0").as_deref(), Ok("a\nb\n"));
        assert!(expected_failures("*\ta\n", "cpu").is_err());
        assert!(expected_failures("*\ta\t\n", "cpu").is_err());
    }

    #[test]
    fn the_committed_table_is_well_formed() {
        let table = fs::read_to_string(root().join(GAPS)).expect("it is there");
        assert!(expected_failures(&table, "cpu").is_ok());
    }
}
