//! The Python module `array_api_rust` with one device more, `mine`.

use pyo3::{exceptions::PyRuntimeError, prelude::*};

/// The array API standard, edition 2025.12, in Rust: on the CPU, on any GPU, and on `mine`.
#[pymodule(name = "array_api_rust")]
fn with_mine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    own_backend::register().map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    array_api_rust::fill(module)
}
