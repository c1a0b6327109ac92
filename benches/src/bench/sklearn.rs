//! Runs scikit-learn on the same data, on the same machine, in the same run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{
    data::Case,
    report::{Row, share},
};

const SCRIPT: &str = include_str!("sklearn.py");
const FOLDER: &str = "target/sklearn";
/// The release that our results are compared with.
pub(crate) const PACKAGE: &str = "scikit-learn==1.9.1";

/// What the script prints, one line a dtype.
#[derive(Deserialize)]
struct Timed {
    dtype: String,
    fit: f64,
    predict: f64,
    labels: Vec<i64>,
}

/// A virtual environment with scikit-learn; made on first use.
pub(crate) fn environment() -> Result<PathBuf> {
    let python = Path::new(FOLDER).join("venv/bin/python");
    if !python.exists() {
        eprintln!("Installing {PACKAGE} into {FOLDER}/venv …");
        fs::create_dir_all(FOLDER)?;
        call(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(Path::new(FOLDER).join("venv")),
        )?;
        call(Command::new(&python).args(["-m", "pip", "install", "-q", PACKAGE]))?;
    }
    Ok(python)
}

/// Times scikit-learn on a data set, in float32 and float64.
pub(crate) fn run(python: &Path, case: &Case, repeat: u32, expected: &[i64]) -> Result<Vec<Row>> {
    let folder = Path::new(FOLDER);
    let script = folder.join("bench.py");
    fs::write(&script, SCRIPT)?;
    for (name, data) in [("train", &case.train), ("test", &case.test)] {
        let values: Vec<u8> = data.data.iter().flat_map(|v| v.to_le_bytes()).collect();
        let labels: Vec<u8> = data.target.iter().flat_map(|v| v.to_le_bytes()).collect();
        fs::write(folder.join(format!("{name}.f64")), values)?;
        fs::write(folder.join(format!("{name}.i64")), labels)?;
    }
    let output = Command::new(python)
        .arg(&script)
        .arg(folder)
        .args([case.train.n_features.to_string(), repeat.to_string()])
        // A machine may select old OpenBLAS kernels by this variable, which would make the comparison unfair.
        .env_remove("OPENBLAS_CORETYPE")
        .env_remove("OPENBLAS_L2_SIZE")
        .output()
        .context("cannot start Python")?;
    ensure!(
        output.status.success(),
        "scikit-learn failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let timed: Vec<Timed> = String::from_utf8(output.stdout)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .context("scikit-learn's script printed something else than JSON")?;
    Ok(timed
        .into_iter()
        .map(|timed| Row {
            data: case.name.clone(),
            device: "scikit-learn".into(),
            dtype: timed.dtype,
            transfer: None,
            fit: timed.fit,
            fit_limit: None,
            predict: timed.predict,
            predict_limit: None,
            accuracy: share(&timed.labels, &case.test.target),
            agreement: share(&timed.labels, expected),
            agreement_after_move: None,
            speedup: None,
        })
        .collect())
}

fn call(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {:?}", command.get_program()))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}
