//! The examples: crates outside the workspace. They are built and run by the commands in their READMEs, as a user would
//! do it.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{command, python, quieten, root, setup, test::Outcome};

/// Crates that a program for the CPU only must not compile.
const GPU_CRATES: [&str; 5] = ["wgpu", "naga", "cust", "array-api-gpu", "array-api-kernel"];

/// Runs every example.
pub(crate) fn test() -> Outcome {
    let folders = match folders() {
        Ok(folders) if folders.is_empty() => return Outcome::Failed("examples/ is empty".into()),
        Ok(folders) => folders,
        Err(error) => return Outcome::Failed(format!("examples/ cannot be read: {error}")),
    };
    let adapter = setup::has_vulkan() || !cfg!(target_os = "linux");
    let mut skipped = Vec::new();
    for folder in folders {
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let readme = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        let commands = commands(&readme);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        let wants_adapter = manifest.contains("\"wgpu\"");
        if commands.is_empty() {
            return Outcome::Failed(format!("examples/{name}/README.md names no command"));
        }
        for mut line in commands {
            // Without an adapter, the example is only built.
            if wants_adapter && !adapter && line.starts_with("cargo run") {
                skipped.push(format!("no adapter to run {name} on"));
                line = "cargo build".into();
            }
            let outcome = match line.strip_prefix("cargo ") {
                Some(arguments) => cargo(&folder, arguments),
                None if !cfg!(target_os = "linux") => {
                    skipped.push(format!("`{line}` is for Linux"));
                    Ok(())
                }
                None => match python::folder() {
                    Some(python) => shell(&folder, &line, &python),
                    None => {
                        skipped.push(format!("no Python for `{line}`"));
                        Ok(())
                    }
                },
            };
            if let Err(reason) = outcome {
                return Outcome::Failed(format!("examples/{name}: `{line}` {reason}"));
            }
        }
    }
    match cpu_alone() {
        Err(reason) => Outcome::Failed(reason),
        Ok(()) if skipped.is_empty() => Outcome::Passed,
        Ok(()) => Outcome::Skipped(skipped.join("; ")),
    }
}

/// The examples' folders, by name.
fn folders() -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root().join("examples"))? {
        let path = entry?.path();
        if path.join("Cargo.toml").exists() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The lines of the shell blocks of a page, without comments.
fn commands(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            let command = line.split(" #").next().unwrap_or_default().trim();
            found.extend((!command.is_empty()).then(|| command.to_owned()));
        }
    }
    found
}

/// Runs cargo in an example's folder, with a copy of the project's lock file, so that the example gets the same
/// versions.
fn cargo(folder: &Path, arguments: &str) -> Result<(), String> {
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .map_err(|error| format!("has no lock file: {error}"))?;
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments.split(' '));
    run(folder, command, arguments.starts_with("run"))
}

/// Runs another shell line, with the Python of a folder in its path.
fn shell(folder: &Path, line: &str, python: &Path) -> Result<(), String> {
    let mut path = vec![python.to_owned()];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let path = env::join_paths(path).map_err(|error| error.to_string())?;
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("PATH", path);
    run(folder, command, line.contains("python"))
}

/// Runs a command in a folder.
fn run(folder: &Path, mut command: Command, prints: bool) -> Result<(), String> {
    quieten(&mut command);
    let output = command
        .current_dir(folder)
        .output()
        .map_err(|error| format!("did not start: {error}"))?;
    if !output.status.success() {
        let words = [output.stdout, output.stderr].concat();
        let words = String::from_utf8_lossy(&words);
        return Err(format!("ended with {}:\n{words}", output.status));
    }
    if prints && output.stdout.trim_ascii().is_empty() {
        return Err("printed nothing".into());
    }
    Ok(())
}

/// Checks that a program for the CPU only does not compile the crates of GPUs.
fn cpu_alone() -> Result<(), String> {
    let mut tree = command(&["tree", "--prefix", "none", "--format", "{p}"]);
    let output = tree
        .current_dir(root().join("examples/hello"))
        .output()
        .map_err(|error| format!("cargo tree did not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !text.starts_with("hello ") {
        return Err("cargo tree does not show the crates of examples/hello".into());
    }
    for line in text.lines() {
        let name = line.split(' ').next().unwrap_or_default();
        if GPU_CRATES.contains(&name) {
            return Err(format!(
                "examples/hello uses the CPU alone and compiles {name}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stand_in_shell_blocks() {
        let page = "cargo no\n```sh\ncargo run              # on the CPU\n\ncargo run wgpu:0\nln -s a b\n```\n```rust\ncargo no\n```\n";
        let wanted = ["cargo run", "cargo run wgpu:0", "ln -s a b"];
        assert_eq!(commands(page), wanted);
    }
}
