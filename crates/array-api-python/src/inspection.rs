//! `__array_namespace_info__`.

use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    data_type::PyDType,
    device::{self, On, on},
    error::{exception, run},
};

/// Information about the namespace: about a device if one is named, else about the default device.
#[pyclass(frozen, name = "Info", module = "array_api_rust")]
struct Info;

#[pymethods]
impl Info {
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, ())> {
        let module = py.import("array_api_rust")?;
        Ok((module.getattr("__array_namespace_info__")?, ()))
    }

    /// Which optional parts of the standard are supported.
    fn capabilities<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let own = device::default().info().capabilities();
        let out = PyDict::new(py);
        out.set_item("boolean indexing", own.boolean_indexing)?;
        out.set_item("data-dependent shapes", own.data_dependent_shapes)?;
        out.set_item("max dimensions", own.max_dimensions)?;
        Ok(out)
    }

    /// The device of new arrays if none is named: the CPU, or the one that the environment variable `ARRAY_API_DEVICE`
    /// names.
    fn default_device(&self) -> String {
        device::default().device().name().into()
    }

    /// The dtypes that are used if none is named.
    #[pyo3(signature = (*, device=None))]
    fn default_dtypes<'py>(
        &self,
        py: Python<'py>,
        device: Option<On>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let own = on(device).info().default_dtypes();
        let out = PyDict::new(py);
        for (kind, dtype) in [
            ("real floating", own.real_floating),
            ("complex floating", own.complex_floating),
            ("integral", own.integral),
            ("indexing", own.indexing),
        ] {
            out.set_item(kind, PyDType(dtype))?;
        }
        Ok(out)
    }

    /// The dtypes of a kind, or of several; all if none is named.
    #[pyo3(signature = (*, device=None, kind=None))]
    fn dtypes<'py>(
        &self,
        py: Python<'py>,
        device: Option<On>,
        kind: Option<Kinds>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let info = on(device).info();
        let dtypes = match kind {
            None => info.dtypes().to_vec(),
            Some(Kinds::One(kind)) => info.dtypes_of_kind(&kind).map_err(|e| exception(&e))?,
            Some(Kinds::Several(kinds)) => {
                let all: array_api_spec::Result<Vec<_>> =
                    kinds.iter().map(|kind| info.dtypes_of_kind(kind)).collect();
                all.map_err(|e| exception(&e))?.concat()
            }
        };
        let out = PyDict::new(py);
        for dtype in dtypes {
            out.set_item(dtype.name(), PyDType(dtype))?;
        }
        Ok(out)
    }

    /// The names of this machine's devices.
    fn devices<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let entries = run(py, || Ok(array_api_compat::devices()))?;
        let names = entries
            .into_iter()
            .filter(|e| e.namespace.is_ok())
            .map(|e| e.name);
        PyTuple::new(py, names.collect::<Vec<_>>())
    }
}

/// Kinds of dtypes: one, or several.
#[derive(FromPyObject)]
enum Kinds {
    One(String),
    Several(Vec<String>),
}

/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.info.html
#[pyfunction]
fn __array_namespace_info__() -> Info {
    Info
}

/// Puts the entry into a module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(__array_namespace_info__, module)?)
}
