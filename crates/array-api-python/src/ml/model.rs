//! One class for the fitted models of all estimators, and one for what incremental ones have seen.

use std::ops::ControlFlow;

use array_api_compat::AnyBackend;
use array_api_spec::{Error, Result};
use ml_core::{
    AnyEstimator, AnyFitted, AnySeen, Method, With, estimator_by_name, model_from_bytes,
    seen_from_bytes,
};
use pyo3::{
    IntoPyObjectExt,
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use super::value;
use crate::{
    argument::{AnyArray, ArrayOnly},
    error::{exception, run},
    outcome::{IntoPython, call},
    pickle,
};

/// The fitted model of any estimator. It does not change.
#[pyclass(frozen, name = "Model", module = "array_api_rust._ml")]
pub(super) struct Model {
    model: Box<dyn AnyFitted<AnyBackend>>,
    /// The name of the device that it is on.
    device: String,
}

/// What an incremental estimator has seen. It does not change.
#[pyclass(frozen, name = "Seen", module = "array_api_rust._ml")]
pub(super) struct Seen {
    seen: Box<dyn AnySeen<AnyBackend>>,
    /// The name of the device that models of it are on.
    device: String,
}

/// What a pickle holds: how to make the object again, the bytes of a file, and the name of a device.
type Reduced<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>);

/// An estimator with parameters.
fn estimator(
    name: &str,
    parameters: &Bound<'_, PyDict>,
) -> PyResult<Box<dyn AnyEstimator<AnyBackend>>> {
    let mut estimator = estimator_by_name::<AnyBackend>(name).map_err(|e| exception(&e))?;
    for (parameter, value) in parameters {
        let parameter: String = parameter.extract()?;
        let value = value::from_python(&value).map_err(|error| {
            let detail = error.value(parameters.py());
            PyValueError::new_err(format!("{name}: the parameter {parameter}: {detail}"))
        })?;
        estimator
            .set_param(&parameter, &value)
            .map_err(|e| exception(&e))?;
    }
    Ok(estimator)
}

/// Checks an estimator's parameters, as far as that is possible without data.
#[pyfunction(signature = (name, parameters, /))]
pub(super) fn check(name: &str, parameters: &Bound<'_, PyDict>) -> PyResult<()> {
    let estimator = estimator(name, parameters)?;
    estimator.check().map_err(|e| exception(&e))
}

/// Calls a fit with weights, if there are some, while other Python threads run. Ctrl-C ends fits that go step by step.
fn fitted<T: Send>(
    py: Python<'_>,
    sample_weight: Option<&AnyArray>,
    fit: impl FnOnce(With<'_, AnyBackend>) -> Result<T> + Send,
) -> PyResult<T> {
    let mut interrupted = None;
    let outcome = run(py, || {
        let with = With::default().progress(|_| {
            Python::attach(|py| py.check_signals()).map_or_else(
                |signal| {
                    interrupted = Some(signal);
                    ControlFlow::Break(())
                },
                ControlFlow::Continue,
            )
        });
        fit(match sample_weight {
            Some(weights) => with.weights(weights),
            None => with,
        })
    });
    interrupted.map_or(outcome, Err)
}

/// Fits an estimator of a name.
#[pyfunction(signature = (name, parameters, x, y=None, sample_weight=None, /))]
pub(super) fn fit(
    py: Python<'_>,
    name: &str,
    parameters: &Bound<'_, PyDict>,
    x: ArrayOnly,
    y: Option<ArrayOnly>,
    sample_weight: Option<ArrayOnly>,
) -> PyResult<Model> {
    let estimator = estimator(name, parameters)?;
    let (y, weights) = (array(&y), array(&sample_weight));
    Ok(Model {
        model: fitted(py, weights, |with| estimator.fit(&x.0, y, with))?,
        device: x.0.device().name().into(),
    })
}

/// What an incremental estimator of a name has seen after some samples, and before them, if it has seen others.
#[pyfunction(signature = (seen, name, parameters, x, y=None, sample_weight=None, /))]
pub(super) fn observe(
    py: Python<'_>,
    seen: Option<&Bound<'_, Seen>>,
    name: &str,
    parameters: &Bound<'_, PyDict>,
    x: ArrayOnly,
    y: Option<ArrayOnly>,
    sample_weight: Option<ArrayOnly>,
) -> PyResult<Seen> {
    let estimator = estimator(name, parameters)?;
    let (y, weights) = (array(&y), array(&sample_weight));
    let before = seen.map(Bound::get);
    let seen = fitted(py, weights, |with| {
        let new = estimator.observe(&x.0, y, with)?;
        match before {
            Some(before) => before.seen.merged(&*new),
            None => Ok(new),
        }
    });
    let own = || x.0.device().name().into();
    Ok(Seen {
        seen: seen?,
        device: before.map_or_else(own, |before| before.device.clone()),
    })
}

fn array(argument: &Option<ArrayOnly>) -> Option<&AnyArray> {
    argument.as_ref().map(|array| &array.0)
}

/// A model from a pickle: the bytes of its file, and the name of its device.
#[pyfunction(signature = (bytes, device, /))]
pub(super) fn _rebuild_model(bytes: &Bound<'_, PyBytes>, device: &str) -> PyResult<Model> {
    let (py, content) = (bytes.py(), bytes.as_bytes());
    let xp = pickle::home(py, device)?;
    Ok(Model {
        model: run(py, || model_from_bytes(content, &xp))?,
        device: xp.device().name().into(),
    })
}

/// What was seen from a pickle: the bytes of its file, and the name of its device.
#[pyfunction(signature = (bytes, device, /))]
pub(super) fn _rebuild_seen(bytes: &Bound<'_, PyBytes>, device: &str) -> PyResult<Seen> {
    let (py, content) = (bytes.py(), bytes.as_bytes());
    let xp = pickle::home(py, device)?;
    Ok(Seen {
        seen: run(py, || seen_from_bytes(content, &xp))?,
        device: xp.device().name().into(),
    })
}

fn reduced<'py>(
    py: Python<'py>,
    function: &str,
    bytes: &[u8],
    device: &str,
) -> PyResult<Reduced<'py>> {
    let function = py.import("array_api_rust._ml")?.getattr(function)?;
    let arguments = [
        PyBytes::new(py, bytes).into_any(),
        device.into_bound_py_any(py)?,
    ];
    Ok((function, PyTuple::new(py, arguments)?))
}

#[pymethods]
impl Model {
    /// The name of the device that the model is on.
    #[getter]
    fn device(&self) -> &str {
        &self.device
    }

    /// What the fit has put right or found odd: the class of each warning, and its text.
    #[getter]
    fn warnings(&self) -> Vec<(&'static str, String)> {
        let warnings = self.model.warnings().iter();
        warnings
            .map(|warning| (warning.category(), warning.to_string()))
            .collect()
    }

    /// What the fit has computed: arrays and other values by name.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let parts = self.model.parts();
        let attributes = PyDict::new(py);
        for (name, value) in &parts.values {
            attributes.set_item(name, value::to_python(py, value)?)?;
        }
        for (name, array) in parts.arrays {
            let array = run(py, || array.copy())?;
            attributes.set_item(name, array.into_python(py)?)?;
        }
        Ok(attributes)
    }

    /// Calls a method of a name with samples.
    #[pyo3(signature = (method, x, /))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        x: ArrayOnly,
    ) -> PyResult<Bound<'py, PyAny>> {
        let found = Method::ALL.iter().find(|known| known.name() == method);
        let found = found.copied().ok_or_else(|| {
            exception(&Error::value(
                "call",
                format!("there is no method {method:?}"),
            ))
        })?;
        call(py, || self.model.call(found, &x.0))
    }

    /// How good the model is for samples and, if it was fitted to some, their y.
    #[pyo3(signature = (x, y=None, sample_weight=None, /))]
    fn score(
        &self,
        py: Python<'_>,
        x: ArrayOnly,
        y: Option<ArrayOnly>,
        sample_weight: Option<ArrayOnly>,
    ) -> PyResult<f64> {
        let (y, weights) = (array(&y), array(&sample_weight));
        run(py, || self.model.score(&x.0, y, weights))
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: Bound<'py, Self>, memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        let _ = memo;
        slf
    }

    /// What pickle keeps: the bytes of the file that Rust's `save` writes, in the format safetensors. They hold numbers and text.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let bytes = run(py, || self.model.to_bytes())?;
        reduced(py, "_rebuild_model", &bytes, &self.device)
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.model)
    }
}

#[pymethods]
impl Seen {
    /// The model of all samples seen.
    fn conclude(&self, py: Python<'_>) -> PyResult<Model> {
        Ok(Model {
            model: run(py, || self.seen.conclude())?,
            device: self.device.clone(),
        })
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: Bound<'py, Self>, memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        let _ = memo;
        slf
    }

    /// What pickle keeps: the bytes of the file that Rust's `save` writes, in the format safetensors.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let bytes = run(py, || self.seen.to_bytes())?;
        reduced(py, "_rebuild_seen", &bytes, &self.device)
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.seen)
    }
}
