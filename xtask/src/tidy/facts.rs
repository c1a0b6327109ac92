//! Checks documents against facts that can be read from the code.

use super::{Tree, tokens};

const BACKEND: &str = "crates/array-api-spec/src/backend.rs";
const ARCHITECTURE: &str = "docs/architecture.md";

/// The functions that a backend must write: their number in three documents, and their names in one.
pub(super) fn required_functions(tree: &Tree) -> Vec<String> {
    let required: Vec<String> = tree
        .rust(&[BACKEND])
        .flat_map(|(_, stream)| tokens::traits(stream))
        .flat_map(|body| tokens::functions(&body))
        .filter(|function| !function.has_body)
        .map(|function| function.name)
        .collect();
    let number = number_word(required.len());
    let decision = format!("**A backend implements {number} functions.**");
    let mut complaints = lacking(
        tree,
        &[
            (
                "README.md",
                format!("**A backend writes {number} functions**"),
            ),
            ("CONTRIBUTING.md", format!("{number} required functions")),
            (ARCHITECTURE, decision.clone()),
        ],
        BACKEND,
    );
    if let Some((_, rest)) = tree.text(ARCHITECTURE).split_once(&decision) {
        let sentence = rest.split(". ").next().unwrap_or_default();
        let mut named: Vec<&str> = sentence.split('`').skip(1).step_by(2).collect();
        let mut required: Vec<&str> = required.iter().map(String::as_str).collect();
        named.sort_unstable();
        required.sort_unstable();
        if named != required {
            complaints.push(format!(
                "{ARCHITECTURE}: the functions after \"{decision}\" are {named:?}; in {BACKEND} they are {required:?}"
            ));
        }
    }
    complaints
}

/// The Rust release that the README says is needed.
pub(super) fn rust_version(tree: &Tree) -> Vec<String> {
    let version = tree.text("Cargo.toml").lines().find_map(|line| {
        let value = line
            .strip_prefix("rust-version")?
            .trim_start()
            .strip_prefix('=')?;
        Some(value.trim().trim_matches('"'))
    });
    match version {
        Some(version) => lacking(
            tree,
            &[("README.md", format!("need Rust {version} or newer"))],
            "Cargo.toml",
        ),
        None => vec!["Cargo.toml: no `rust-version`".into()],
    }
}

/// The page that shows users of CUDA what to copy into their manifest.
const PATCH_PAGE: &str = "crates/cuda-shim/README.md";

/// The `[patch]` for CUDA must be in this one document only, and an example that the tests build has copied it.
pub(super) fn cuda_patch(tree: &Tree) -> Vec<String> {
    let lines = |path: &str| -> Vec<&str> {
        let block = tree
            .text(path)
            .lines()
            .skip_while(|line| *line != "[patch.crates-io]");
        let entries = block.take_while(|line| !line.trim().is_empty() && !line.starts_with("```"));
        entries
            .map(|line| line.split(" #").next().unwrap_or_default().trim_end())
            .collect()
    };
    let said: Vec<String> = lines(PATCH_PAGE)
        .iter()
        .map(|line| line.replace('…', "../.."))
        .collect();
    if said.len() < 2 {
        return vec![format!(
            "{PATCH_PAGE}: no `[patch.crates-io]` with an entry"
        )];
    }
    let mut complaints = Vec::new();
    let mut tried = false;
    for path in tree.files.keys() {
        let has = tree.text(path).contains("find_cuda_helper =");
        if path.ends_with(".md") && path != PATCH_PAGE && has {
            complaints.push(format!(
                "{path}: the `[patch]` for CUDA stands in {PATCH_PAGE} only; say where"
            ));
        }
        if path.starts_with("examples/") && path.ends_with("/Cargo.toml") && has {
            tried = true;
            if lines(path) != said {
                complaints.push(format!(
                    "{path}: not the `[patch]` of {PATCH_PAGE}, which is {said:?}"
                ));
            }
        }
    }
    if !tried {
        complaints.push(format!(
            "no example's Cargo.toml has copied the `[patch]` of {PATCH_PAGE}"
        ));
    }
    complaints
}

/// A complaint for each document that lacks its sentence. Line breaks do not matter.
fn lacking(tree: &Tree, sentences: &[(&str, String)], source: &str) -> Vec<String> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    sentences
        .iter()
        .filter(|(path, sentence)| !words(tree.text(path)).contains(sentence))
        .map(|(path, sentence)| format!("{path} lacks \"{sentence}\", as it is in {source}"))
        .collect()
}

/// A number below a hundred in letters.
fn number_word(n: usize) -> String {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    match (n / 10, n % 10) {
        (0 | 1, _) => SMALL[n].into(),
        (tens @ 2..=9, 0) => TENS[tens - 2].into(),
        (tens @ 2..=9, ones) => format!("{}-{}", TENS[tens - 2], SMALL[ones]),
        _ => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    const TRAITS: &str = "pub trait A {\n    fn upload(&self);\n    fn path(&self) {}\n}\npub trait B {\n    fn fft(&self) -> u8;\n}";

    fn documents(number: &str, names: &str) -> Vec<String> {
        required_functions(&tree([
            (BACKEND, TRAITS),
            (
                "README.md",
                &format!("- **A backend writes {number}\n  functions** and"),
            ),
            (
                "CONTRIBUTING.md",
                &format!("({number} required functions; and"),
            ),
            (
                ARCHITECTURE,
                &format!("**A backend implements {number} functions.** {names}. Creation"),
            ),
        ]))
    }

    #[test]
    fn another_number_of_required_functions_is_a_mistake() {
        assert_eq!(documents("two", "`fft`,\n`upload`"), [""; 0]);
        let found = documents("three", "`fft`, `upload`");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].contains("README.md lacks \"**A backend writes two functions**\""),
            "{found:?}"
        );
    }

    #[test]
    fn another_name_of_a_required_function_is_a_mistake() {
        for names in ["`fft`", "`fft`, `upload`, `path`", "`fft`, `download`"] {
            assert_eq!(documents("two", names).len(), 1, "{names}");
        }
    }

    #[test]
    fn a_patch_that_was_copied_wrongly_or_not_at_all_is_a_mistake() {
        let page = "Text.\n\n```toml\n[patch.crates-io]\nhelper = { path = \"…/h\" }   # the folder\n```\n"
            .replace("helper", "find_cuda_helper");
        let found = |manifest: &str, other: &str| {
            cuda_patch(&tree([
                (PATCH_PAGE, &page),
                ("examples/a/Cargo.toml", manifest),
                ("docs/b.md", other),
            ]))
        };
        let copied = "[package]\n\n[patch.crates-io]\nfind_cuda_helper = { path = \"../../h\" }\n\n[workspace]\n";
        assert_eq!(found(copied, "see the page"), [""; 0]);
        assert_eq!(found(&copied.replace("/h", "/g"), "").len(), 1);
        assert_eq!(found("[package]", "").len(), 1);
        assert_eq!(found(copied, &page).len(), 1);
        assert_eq!(cuda_patch(&tree([("a.md", "")])).len(), 1);
    }

    #[test]
    fn another_release_of_rust_is_a_mistake() {
        let said = |text| {
            rust_version(&tree([
                ("Cargo.toml", "rust-version = \"1.90\""),
                ("README.md", text),
            ]))
        };
        assert!(said("They need Rust 1.90 or newer.").is_empty());
        assert_eq!(said("They need Rust 1.85 or newer.").len(), 1);
        assert_eq!(rust_version(&tree([("Cargo.toml", "")])).len(), 1);
    }

    #[test]
    fn numbers_in_letters() {
        let words = [0, 9, 19, 20, 21, 40, 99, 100].map(number_word);
        assert_eq!(
            words,
            [
                "zero",
                "nine",
                "nineteen",
                "twenty",
                "twenty-one",
                "forty",
                "ninety-nine",
                "100"
            ]
        );
    }
}
