//! `array_api_rust.ml`: the estimators of `ml-core` as scikit-learn's classes.
//!
//! Rust hands over one table of all estimators and one class for all fitted models (the module `array_api_rust._ml`). The classes are made of the table in Python,
//! because scikit-learn's own base classes are Python's. That part's text lies in this library, and runs when `array_api_rust.ml` is imported: only then is
//! scikit-learn needed.

mod model;
mod parts;
mod table;
mod value;

use pyo3::{prelude::*, types::PyDict};

/// Puts the estimators' module where Python finds it.
///
/// # Errors
/// Those of Python's import system.
pub(crate) fn register(module: &Bound<'_, PyModule>, modules: &Bound<'_, PyDict>) -> PyResult<()> {
    let py = module.py();
    let path = "array_api_rust._ml";
    let ml = PyModule::new(py, path)?;
    ml.add_class::<model::Model>()?;
    ml.add_class::<model::Seen>()?;
    ml.add_function(wrap_pyfunction!(table::estimators, &ml)?)?;
    ml.add_function(wrap_pyfunction!(model::check, &ml)?)?;
    ml.add_function(wrap_pyfunction!(model::fit, &ml)?)?;
    ml.add_function(wrap_pyfunction!(model::observe, &ml)?)?;
    ml.add_function(wrap_pyfunction!(model::_rebuild_model, &ml)?)?;
    ml.add_function(wrap_pyfunction!(model::_rebuild_seen, &ml)?)?;
    module.add("_ml", &ml)?;
    modules.set_item(path, ml)?;
    parts::install(module)
}
