//! The symbols are those that `cust` needs.

use cuda_shim::SYMBOLS;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn every_driver_function_that_cust_names_is_defined() -> Result<(), Box<dyn Error>> {
    let metadata = metadata()?;
    let declared = fs::read_to_string(source(&metadata, "cust_raw")?.join("cuda.rs"))?;
    let declared: BTreeSet<_> = words(&declared).filter(|word| is_function(word)).collect();
    let mut text = String::new();
    read_all(&source(&metadata, "cust")?, &mut text)?;
    let needed: BTreeSet<_> = words(&text)
        .filter(|word| declared.contains(word))
        .collect();
    assert!(needed.len() > 100, "found {needed:?} only");

    let lacking: Vec<_> = needed
        .iter()
        .filter(|word| !SYMBOLS.contains(word))
        .collect();
    assert!(
        lacking.is_empty(),
        "generate.py is due: the shim lacks {lacking:?}"
    );
    Ok(())
}

/// What cargo knows of the packages of this platform. `cargo test` has fetched those; of other platforms' it has none, and `--offline` would miss them.
fn metadata() -> Result<Value, Box<dyn Error>> {
    let version = cargo(&["-vV"])?;
    let platform = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or("`cargo -vV` names no platform")?;
    let text = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--offline",
        "--filter-platform",
        platform,
    ])?;
    Ok(serde_json::from_str(&text)?)
}

/// What cargo prints.
fn cargo(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into())
    }
}

/// The source folder of a package.
fn source(metadata: &Value, name: &str) -> Result<PathBuf, String> {
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == name)
        .and_then(|package| Path::new(package["manifest_path"].as_str()?).parent())
        .map(|folder| folder.join("src"))
        .ok_or_else(|| format!("cargo metadata has no {name}"))
}

fn read_all(folder: &Path, text: &mut String) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path, text)?;
        } else {
            text.push_str(&fs::read_to_string(path)?);
        }
    }
    Ok(())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// `cuInit`, not `cudaError_enum` and not `cuuint32_t`.
fn is_function(word: &str) -> bool {
    word.strip_prefix("cu")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
}
