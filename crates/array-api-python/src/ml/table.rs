//! The table of all estimators, of which Python makes its classes.

use array_api_compat::AnyBackend;
use ml_core::{ESTIMATORS, estimator_by_name};
use pyo3::{prelude::*, types::PyDict};

use super::value::to_python;
use crate::error::exception;

/// What is known of each estimator: names, parameters with their defaults, Rust's types and texts, methods, attributes with their axes and texts, documentation.
#[pyfunction]
pub(super) fn estimators(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    ESTIMATORS.iter().map(|name| entry(py, name)).collect()
}

fn entry<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyDict>> {
    let estimator = estimator_by_name::<AnyBackend>(name).map_err(|e| exception(&e))?;
    let about = estimator.about();
    let entry = PyDict::new(py);
    entry.set_item("name", about.name)?;
    // `linear_model` of `ml_core::linear_model::ridge`.
    entry.set_item("module", about.path.split("::").nth(1))?;
    entry.set_item("doc", about.doc)?;
    let parameters = PyDict::new(py);
    for (name, default) in estimator.get_params() {
        let known = about.parameters.iter().find(|known| known.name == name);
        let (of, doc) = known.map_or_else(Default::default, |known| (known.of, known.doc));
        parameters.set_item(name, (to_python(py, &default)?, of, doc))?;
    }
    entry.set_item("parameters", parameters)?;
    let attributes = PyDict::new(py);
    for rule in about.attributes {
        attributes.set_item(rule.name, (rule.axes, rule.doc))?;
    }
    entry.set_item("attributes", attributes)?;
    let methods: Vec<&str> = about.methods.iter().map(|method| method.name()).collect();
    entry.set_item("methods", methods)?;
    entry.set_item("has_score", about.has_score)?;
    entry.set_item("is_supervised", about.is_supervised)?;
    entry.set_item("is_incremental", about.is_incremental)?;
    entry.set_item("takes_sample_weight", about.takes_sample_weight)?;
    entry.set_item("nan_is_missing", about.nan_is_missing)?;
    entry.set_item("min_samples", about.min_samples)?;
    Ok(entry)
}
