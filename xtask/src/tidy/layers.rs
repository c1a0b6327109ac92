//! Names that a part of the project must not use: see `docs/architecture.md`, "What must stay true".

use super::{Tree, tokens};

/// Parts that must be safe Rust, tests included. `forbid(unsafe_code)` makes the compiler check two libraries; this
/// checks that it stays.
const SAFE: &[&str] = &[
    "benches/",
    "crates/array-api-conformance/",
    "crates/array-api-spec/",
    "crates/find_cuda_helper/",
    "crates/ml-core/",
    "xtask/",
];

pub(super) fn unsafe_code(tree: &Tree) -> Vec<String> {
    complain(
        tree,
        SAFE,
        &[],
        |word| word == "unsafe",
        "`unsafe` stands in backends only",
    )
}

/// The one file that uses `cust`, and the crate without which `cust` would not start, whose tests use it.
const CUST: &[&str] = &["crates/array-api-cuda/src/runtime.rs", "crates/cuda-shim/"];

pub(super) fn cust(tree: &Tree) -> Vec<String> {
    let reason = format!("`cust` stands in {} only", CUST[0]);
    complain(
        tree,
        &["benches/", "crates/"],
        CUST,
        |word| word == "cust",
        &reason,
    )
}

/// Code that all runtimes share. The kernel crate is not part of it, because it prints each runtime's language.
const SHARED: &[&str] = &["crates/array-api-gpu/"];

pub(super) fn runtimes(tree: &Tree) -> Vec<String> {
    let named = |word: &str| {
        let word = word.to_lowercase();
        ["wgpu", "cuda", "vulkan", "metal", "dx12"]
            .iter()
            .any(|name| word.contains(name))
    };
    let reason =
        "`Gpu<R>` names no runtime; what devices differ in is a field of `DeviceProperties`";
    complain(tree, SHARED, &[], named, reason)
}

/// A complaint for each forbidden word in some folders, except in some files.
fn complain(
    tree: &Tree,
    folders: &[&str],
    except: &[&str],
    bad: impl Fn(&str) -> bool,
    reason: &str,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, stream) in tree.rust(folders) {
        if except.iter().any(|start| path.starts_with(start)) {
            continue;
        }
        tokens::words(stream, &mut |word| {
            let line = word.span().start().line;
            let word = word.to_string();
            if bad(&word) {
                complaints.push(format!("{path}:{line}: `{word}`: {reason}"));
            }
        });
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    #[test]
    fn unsafe_outside_backends_is_a_mistake() {
        let block = "fn f() {\n    unsafe { g() }\n}";
        let found = unsafe_code(&tree([
            ("crates/array-api-compat/src/a.rs", block),
            (
                "crates/array-api-spec/src/a.rs",
                "#![forbid(unsafe_code)] // unsafe",
            ),
            ("crates/ml-core/tests/a.rs", block),
        ]));
        assert_eq!(
            found,
            ["crates/ml-core/tests/a.rs:2: `unsafe`: `unsafe` stands in backends only"]
        );
    }

    #[test]
    fn cust_in_another_file_is_a_mistake() {
        let import = "use cust::memory::DeviceBuffer;";
        let found = cust(&tree([
            ("crates/array-api-cuda/src/runtime.rs", import),
            (
                "crates/array-api-cuda/src/lib.rs",
                "// cust\nfn f() { make!(cust::init()); }",
            ),
            ("crates/cuda-shim/tests/a.rs", import),
            ("benches/src/a.rs", "use cust_raw::cuInit;"),
        ]));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("crates/array-api-cuda/src/lib.rs:2: `cust`"),
            "{found:?}"
        );
    }

    #[test]
    fn a_runtime_in_shared_code_is_a_mistake() {
        let branch = "fn f() { if self.is_wgpu() {} }";
        let found = runtimes(&tree([
            ("crates/array-api-gpu/src/linalg.rs", branch),
            ("crates/array-api-kernel/src/cuda.rs", "struct Cuda;"),
            ("crates/array-api-wgpu/tests/functions/mod.rs", branch),
            ("crates/array-api-wgpu/src/lib.rs", branch),
        ]));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("crates/array-api-gpu/src/linalg.rs:1: `is_wgpu`"),
            "{found:?}"
        );
    }
}
