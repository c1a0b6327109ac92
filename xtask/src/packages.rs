//! Every library crate can be published: cargo packs it, and it holds what its readers need.

use std::{fs, process::Command};

use crate::{command, root, test::Outcome};

/// What every package holds besides its code.
const FILES: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Packs the library crates and checks their files. They are not built, because the tests have built them.
pub(crate) fn test() -> Outcome {
    let names = match published() {
        Ok(names) if names.is_empty() => return Outcome::Failed("crates/ has no library".into()),
        Ok(names) => names,
        Err(error) => return Outcome::Failed(format!("crates/ cannot be read: {error}")),
    };
    for name in &names {
        let listed = said(command(&["package", "--allow-dirty", "--list", "-p", name]));
        let lacking = listed.and_then(|list| lacking(name, &list));
        if let Err(reason) = lacking {
            return Outcome::Failed(reason);
        }
    }
    // All are packed at once, because they depend on one another and none is on crates.io.
    let mut arguments = vec!["package", "--no-verify", "--allow-dirty"];
    arguments.extend(names.iter().flat_map(|name| ["-p", name]));
    let offline: Vec<&str> = arguments.iter().copied().chain(["--offline"]).collect();
    // Tries without the network first: the registry is needed only for packages that this machine does not have.
    match said(command(&offline)).or_else(|_| said(command(&arguments))) {
        Ok(_) => Outcome::Passed,
        Err(reason) => Outcome::Failed(reason),
    }
}

/// The crates without `publish = false`.
fn published() -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("crates"))? {
        let entry = entry?;
        let manifest = fs::read_to_string(entry.path().join("Cargo.toml")).unwrap_or_default();
        if manifest.contains("[package]") && !manifest.contains("publish = false") {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// An error that names what a package's list of files lacks.
fn lacking(name: &str, list: &str) -> Result<(), String> {
    let missing: Vec<&str> = FILES
        .into_iter()
        .filter(|file| !list.lines().any(|line| line == *file))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("the package {name} lacks {}", missing.join(", ")))
    }
}

/// The output of a command; its error output if it fails.
fn said(mut command: Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("cargo did not start: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_a_licence_is_a_mistake() {
        let list = "Cargo.toml\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nsrc/lib.rs\n";
        assert_eq!(lacking("a", list), Ok(()));
        let error = lacking("a", &list.replace("LICENSE-MIT", "doc/LICENSE-MIT"));
        assert_eq!(error, Err("the package a lacks LICENSE-MIT".into()));
    }

    #[test]
    fn the_libraries_are_published_and_the_tools_are_not() {
        let names = published().expect("the folder is there");
        for (name, there) in [
            ("array-api-spec", true),
            ("ml-core", true),
            ("ptx-sim", false),
        ] {
            assert_eq!(names.iter().any(|n| n == name), there, "{name}");
        }
    }
}
