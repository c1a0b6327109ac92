//! Checks that no file and no function is too long.

use super::{Tree, tokens};

/// Most lines of a file that people write.
const FILE: usize = 700;
/// Extensions of files that people write.
const WRITTEN: [&str; 5] = [".rs", ".py", ".md", ".toml", ".yml"];

/// Most lines of a function, from its name to its last bracket.
const FUNCTION: usize = 100;
/// Functions that are still longer. An entry that is no longer needed is an error, and no new ones may be added.
const LONG_FUNCTIONS: &[(&str, &str)] = &[
    ("crates/array-api-gpu/src/statistical.rs", "reduce_by"),
    ("crates/array-api-wgpu/src/runtime.rs", "open"),
    (
        "crates/array-api-spec/tests/chapters/error_messages.rs",
        "messages_say_what_is_wrong_and_what_to_do",
    ),
    ("crates/array-api-spec/tests/chapters/robustness.rs", "call"),
    ("crates/ml-core/tests/common/mod.rs", "check_all"),
];

pub(super) fn files(tree: &Tree) -> Vec<String> {
    let written = |path: &str| WRITTEN.iter().any(|end| path.ends_with(end));
    tree.files
        .iter()
        .filter(|(path, _)| written(path))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|&(_, lines)| lines > FILE)
        .map(|(path, lines)| format!("{path}: {lines} lines; a file has at most {FILE}"))
        .collect()
}

pub(super) fn functions(tree: &Tree) -> Vec<String> {
    judge(tree, LONG_FUNCTIONS)
}

fn judge(tree: &Tree, allowed: &[(&str, &str)]) -> Vec<String> {
    let mut needed = vec![false; allowed.len()];
    let mut complaints = Vec::new();
    for (path, stream) in tree.rust(&[""]) {
        for function in tokens::functions(stream) {
            let (name, lines) = (&function.name, function.lines());
            if lines <= FUNCTION {
                continue;
            }
            match allowed.iter().position(|&entry| entry == (path, name)) {
                Some(i) => needed[i] = true,
                None => complaints.push(format!(
                    "{path}:{}: `{name}` has {lines} lines; a function has at most {FUNCTION}",
                    function.first_line
                )),
            }
        }
    }
    for ((path, name), _) in allowed.iter().zip(needed).filter(|(_, needed)| !needed) {
        complaints.push(format!(
            "{path}: `{name}` is no longer too long; take it from LONG_FUNCTIONS in {}",
            file!()
        ));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    #[test]
    fn a_long_file_is_a_mistake() {
        let (good, bad) = ("//\n".repeat(FILE), "//\n".repeat(FILE + 1));
        let found = files(&tree([
            ("a.rs", &good),
            ("b.rs", &bad),
            ("Cargo.lock", &bad),
        ]));
        assert_eq!(found, ["b.rs: 701 lines; a file has at most 700"]);
    }

    #[test]
    fn a_long_function_is_a_mistake_and_so_is_an_entry_that_none_needs() {
        let function =
            |name: &str, lines: usize| format!("fn {name}() {{{}}}\n", "\n".repeat(lines - 1));
        let text = function("good", FUNCTION) + &function("bad", FUNCTION + 1);
        let tree = tree([("a.rs", &text)]);
        let found = judge(&tree, &[]);
        assert_eq!(
            found,
            ["a.rs:101: `bad` has 101 lines; a function has at most 100"]
        );
        assert!(judge(&tree, &[("a.rs", "bad")]).is_empty());
        let found = judge(&tree, &[("a.rs", "bad"), ("a.rs", "good")]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("`good` is no longer too long"),
            "{found:?}"
        );
    }
}
