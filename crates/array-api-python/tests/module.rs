//! The module as a file that Python can load. What it does is tested in Python (`tests/*.py`), where there is one.

use std::{env, fs};

#[test]
fn the_library_has_the_entry_point_that_python_looks_for() {
    let test = env::current_exe().expect("a test has a file");
    let folder = test.parent().expect("in a folder");
    let (prefix, suffix) = (env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let library = folder.join(format!("{prefix}array_api_rust{suffix}"));
    let bytes = fs::read(&library).unwrap_or_else(|e| panic!("{}: {e}", library.display()));
    let entry = b"PyInit_array_api_rust";
    assert!(bytes.windows(entry.len()).any(|part| part == entry));
}
