//! The parts of the module that are written in Python.

use std::ffi::CStr;

use pyo3::{prelude::*, types::PyDict};

const IMPORTER: &CStr = c_text(concat!(include_str!("../../python/importer.py"), "\0"));

/// The modules by their names.
const MODULES: &[(&str, &str)] = &[
    (
        "array_api_rust.ml",
        include_str!("../../python/ml/__init__.py"),
    ),
    (
        "array_api_rust.ml._arrays",
        include_str!("../../python/ml/_arrays.py"),
    ),
    (
        "array_api_rust.ml._classes",
        include_str!("../../python/ml/_classes.py"),
    ),
    (
        "array_api_rust.ml._estimator",
        include_str!("../../python/ml/_estimator.py"),
    ),
];

const fn c_text(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("Python's source has no zero bytes"),
    }
}

/// Lets `import` find them.
///
/// # Errors
/// Those of Python's import system.
pub(super) fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // Python looks for parts of packages only, and a package is what has a path.
    module.add("__path__", Vec::<String>::new())?;
    let importer = PyModule::from_code(
        py,
        IMPORTER,
        c"array_api_rust/importer.py",
        c"array_api_rust._importer",
    )?;
    let sources = PyDict::new(py);
    for (name, source) in MODULES {
        sources.set_item(*name, *source)?;
    }
    importer.getattr("install")?.call1((sources,)).map(drop)
}
