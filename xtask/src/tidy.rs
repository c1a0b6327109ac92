//! `cargo xtask tidy`: rules about the project's own text that neither the compiler nor clippy knows. A step of `cargo xtask test`.
//!
//! A rule is a function from the tree to complaints. Each has tests with a small tree in which a mistake is planted.

mod facts;
mod layers;
mod links;
mod sizes;
mod skips;
mod tokens;

use std::{collections::BTreeMap, fs, io, path::Path, process::ExitCode};

use proc_macro2::TokenStream;

use crate::{root, test::Outcome};

const RULES: &[fn(&Tree) -> Vec<String>] = &[
    links::links,
    links::paths,
    sizes::files,
    sizes::functions,
    layers::unsafe_code,
    layers::cust,
    layers::runtimes,
    facts::required_functions,
    facts::rust_version,
    facts::cuda_patch,
    skips::tests,
];

/// The project's files: path from the root, with `/` on every system, and text. A file that is not text has an empty
/// one.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
    /// The tokens of each Rust file.
    tokens: BTreeMap<String, TokenStream>,
}

impl Tree {
    /// Reads everything but build outputs and hidden folders.
    fn read(root: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        read_folder(root, "", &mut files)?;
        Self::new(files).map_err(io::Error::other)
    }

    fn new(files: BTreeMap<String, String>) -> Result<Self, String> {
        let mut tokens = BTreeMap::new();
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".rs")) {
            let stream = text.parse().map_err(|error| format!("{path}: {error}"))?;
            tokens.insert(path.clone(), stream);
        }
        Ok(Self { files, tokens })
    }

    /// The text of a file; empty if it is missing.
    fn text(&self, path: &str) -> &str {
        self.files.get(path).map_or("", String::as_str)
    }

    /// Whether there is such a file, or such a folder with a file.
    fn holds(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.keys().any(|file| file.starts_with(&folder))
    }

    /// The Rust files under one of some folders, with their tokens.
    fn rust<'a>(&'a self, folders: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a TokenStream)> {
        let under = move |path: &str| folders.iter().any(|folder| path.starts_with(folder));
        self.tokens
            .iter()
            .filter(move |(path, _)| under(path))
            .map(|(path, tokens)| (path.as_str(), tokens))
    }
}

fn read_folder(root: &Path, folder: &str, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}{name}");
        if entry.file_type()?.is_dir() {
            let build = ["target", "__pycache__"].contains(&name.as_str());
            if !build && !name.starts_with('.') {
                read_folder(root, &format!("{path}/"), files)?;
            }
        } else {
            let text = String::from_utf8(fs::read(entry.path())?).unwrap_or_default();
            files.insert(path, text);
        }
    }
    Ok(())
}

/// The step of `cargo xtask test`.
pub(crate) fn step() -> Outcome {
    let tree = match Tree::read(root()) {
        Ok(tree) => tree,
        Err(error) => return Outcome::Failed(format!("cannot read the project's files: {error}")),
    };
    let complaints: Vec<String> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    if complaints.is_empty() {
        return Outcome::Passed;
    }
    for complaint in &complaints {
        println!("      {complaint}");
    }
    Outcome::Failed(format!("{} mistakes, named above", complaints.len()))
}

/// The step as a command of its own.
pub(crate) fn run() -> ExitCode {
    match step() {
        Outcome::Passed => ExitCode::SUCCESS,
        Outcome::Skipped(reason) | Outcome::Failed(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
fn tree<const N: usize>(files: [(&str, &str); N]) -> Tree {
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    Tree::new(files.into()).expect("the test's Rust files have balanced brackets")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_if_a_file_is_in_it() {
        let tree = tree([("docs/a.md", "")]);
        for path in ["docs/a.md", "docs", "docs/", ""] {
            assert!(tree.holds(path), "{path}");
        }
        for path in ["doc", "docs/a", "a.md"] {
            assert!(!tree.holds(path), "{path}");
        }
    }

    #[test]
    fn the_project_itself_is_read() {
        let tree = Tree::read(root()).expect("the files are there");
        assert!(tree.text("README.md").contains("Two commands"));
        assert!(tree.rust(&["xtask/"]).count() > 5);
        assert!(!tree.files.keys().any(|path| path.starts_with("target/")));
    }
}
