//! Checks that tests skip by `array_api_conformance::skip` only, so that `cargo xtask test` can forbid it.

use proc_macro2::{TokenStream, TokenTree};

use super::Tree;

/// Tests that may decide for themselves, with the reason: what they need cannot be set up on a machine.
const ALLOWED: &[(&str, &str)] = &[
    (
        "crates/array-api-cuda/tests/cuda_vendor.rs",
        "NVIDIA's GPU and libraries",
    ),
    (
        "crates/array-api-compat/tests/cuda_absent.rs",
        "a machine without NVIDIA's driver",
    ),
    (
        "crates/cuda-shim/tests/linking.rs",
        "the linker's tools, and a variable that chooses a driver",
    ),
];

pub(super) fn tests(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, stream) in tree.rust(&["benches/", "crates/"]) {
        let allowed = ALLOWED.iter().any(|(file, _)| *file == path);
        let mut lines = Vec::new();
        collect(stream.clone(), &mut lines);
        if allowed && lines.is_empty() {
            complaints.push(format!(
                "{path} prints no \"skipped\"; take it from ALLOWED in {}",
                file!()
            ));
        }
        for line in lines.iter().filter(|_| !allowed) {
            complaints.push(format!(
                "{path}:{line}: prints \"skipped\"; `array_api_conformance::skip` does so, and fails where the machine must have it"
            ));
        }
    }
    complaints
}

/// The lines of `println!` and `eprintln!` whose text has the word "skipped".
fn collect(stream: TokenStream, lines: &mut Vec<usize>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for (i, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let prints = i >= 2
            && matches!(&tokens[i - 2], TokenTree::Ident(name) if name == "println" || name == "eprintln");
        let says = group.stream().into_iter().any(
            |t| matches!(&t, TokenTree::Literal(text) if text.to_string().contains("skipped")),
        );
        if prints && says {
            lines.push(tokens[i - 2].span().start().line);
        }
        collect(group.stream(), lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    #[test]
    fn a_test_that_skips_by_itself_is_a_mistake() {
        let skip = "#[test]\nfn t() {\n    if none() {\n        println!(\"skipped: no adapter\");\n        return;\n    }\n}";
        let path = "crates/ml-core/tests/a.rs";
        let found = super::tests(&tree([(path, skip), (ALLOWED[0].0, skip)]));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("crates/ml-core/tests/a.rs:4: "),
            "{found:?}"
        );
        let other = "fn nan_is_skipped() { println!(\"{}\", 1); assert!(x, \"skipped\") }";
        assert!(super::tests(&tree([(path, other)])).is_empty());
    }

    #[test]
    fn a_file_that_is_allowed_for_nothing_is_a_mistake() {
        assert_eq!(super::tests(&tree([(ALLOWED[0].0, "")])).len(), 1);
    }
}
