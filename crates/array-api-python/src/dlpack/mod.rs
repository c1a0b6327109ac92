//! DLPack: libraries exchange arrays in memory.
//!
//! An array on the CPU is exported without a copy, and the capsule says that its memory is read-only: Rust reads it,
//! too, and must not read memory that another library writes. An exported capsule keeps the values of that moment: when
//! the array is next written to, its elements move to new memory, together with all its views. A capsule without a
//! version cannot say that it is read-only, so it gets a copy, as with `copy=True`, and the receiver may write to that.
//! With `copy=False` such a capsule gets the memory itself, as the standard requires, and the receiver must not write
//! to it.
//!
//! Imported arrays are copied, because Python may write to another library's memory at any time. Therefore `copy=False`
//! is an error for arrays that are not ours.
//!
//! Source: <https://dmlc.github.io/dlpack/latest/python_spec.html>. The structures and the memory's life are `array-api-compat`'s.

mod capsule;
mod export;
mod import;

use array_api_compat::dlpack::{CPU, CUDA, VULKAN};
use array_api_spec::HostArray;
use pyo3::{
    exceptions::{PyBufferError, PyValueError},
    prelude::*,
    types::PyCapsule,
};

pub(crate) use self::import::values;
use crate::{
    array::PyArray,
    data_type::converted,
    device::{self, On},
    error::run,
    outcome::IntoPython,
};

#[pymethods]
impl PyArray {
    /// The kind of the device and its number, as DLPack counts them.
    fn __dlpack_device__(&self) -> (i32, i32) {
        let device = self.0.namespace().device();
        let (kind, number) = device
            .name()
            .split_once(':')
            .unwrap_or((device.name(), "0"));
        let kind = match kind {
            "cpu" => CPU,
            "wgpu" => VULKAN,
            _ => CUDA,
        };
        (kind, number.parse().unwrap_or(0))
    }

    /// The array's memory in a capsule: for `from_dlpack` of other libraries.
    ///
    /// Memory of the CPU is shared, and is read-only. It keeps the values of this moment: later writes to the array are
    /// not seen there. `copy=True` gives memory that may be written to, and so does a `max_version` below 1, which has
    /// no read-only memory. An array on a GPU is copied to the CPU if `dl_device` names it; with `copy=False` that is
    /// an error. On the CPU `copy=False` always shares the memory, and the receiver must not write to it, even if,
    /// because of `max_version`, the capsule cannot say so.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<Bound<'py, PyAny>>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(Bound<'py, PyAny>, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        if stream.is_some() {
            return Err(PyValueError::new_err(
                "the CPU has no streams; leave `stream` out",
            ));
        }
        let here = self.__dlpack_device__();
        let there = match dl_device {
            // The kind may be a member of an enumeration.
            Some((kind, number)) => (
                kind.call_method0("__index__")
                    .or_else(|_| kind.getattr("value"))?
                    .extract()?,
                number,
            ),
            None => here,
        };
        if there != (CPU, 0) {
            return Err(PyBufferError::new_err(
                "memory of a GPU is not handed on; ask for `dl_device=(1, 0)`, the CPU",
            ));
        }
        if here != there && copy == Some(false) {
            return Err(PyBufferError::new_err(
                "the CPU gets a GPU's memory by a copy, which `copy=False` forbids",
            ));
        }
        let versioned = max_version.is_some_and(|v| v.0 >= 1);
        let copied = here != there || copy.unwrap_or(!versioned);
        export::capsule(py, &self.get(), copied, versioned)
    }
}

/// An array with a copy of another library's values; for one of our arrays, a view of it.
///
/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.from_dlpack.html
#[pyfunction(signature = (x, /, *, device=None, copy=None))]
fn from_dlpack<'py>(
    x: &Bound<'py, PyAny>,
    device: Option<On>,
    copy: Option<bool>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    if let Ok(own) = x.cast::<PyArray>() {
        let own = &own.get().0;
        let xp = device.map_or_else(|| own.namespace().clone(), |device| device.0);
        let same = *own.namespace() == xp;
        if same && copy != Some(true) {
            return own.clone().into_python(py);
        }
        if copy == Some(false) {
            return Err(PyBufferError::new_err(
                "another device needs a copy, which `copy=False` forbids",
            ));
        }
        return run(py, || converted(&own.get(), own.dtype(), &xp))?.into_python(py);
    }
    if copy == Some(false) {
        return Err(PyBufferError::new_err(
            "Python may write to another library's memory, so this needs a copy, which `copy=False` forbids",
        ));
    }
    let values: HostArray = values(x)?;
    let xp = device.map_or_else(device::cpu, |device| device.0);
    run(py, || xp.asarray(values))?.into_python(py)
}

/// Puts the function into a module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(from_dlpack, module)?)
}
