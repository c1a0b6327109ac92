//! Imports values from other libraries' capsules.

use array_api_compat::dlpack::{
    CPU, DLManagedTensor, DLManagedTensorVersioned, Managed, ManagedTensor, VERSION,
};
use array_api_spec::{ErrorKind, HostArray};
use pyo3::{
    exceptions::{PyBufferError, PyTypeError},
    prelude::*,
    types::PyDict,
};

use super::capsule::take;
use crate::error::exception;

/// The values of another library's array.
///
/// # Errors
/// An object without DLPack; an unsupported dtype or device; the other library's error.
pub(crate) fn values(x: &Bound<'_, PyAny>) -> PyResult<HostArray> {
    let device: (i32, i32) = x.call_method0("__dlpack_device__")?.extract()?;
    let keywords = PyDict::new(x.py());
    keywords.set_item("max_version", (VERSION.major, VERSION.minor))?;
    if device.0 != CPU {
        keywords.set_item("dl_device", (CPU, 0))?;
    }
    let capsule = match x.call_method("__dlpack__", (), Some(&keywords)) {
        // Libraries before version 1 do not have these keywords.
        Err(error) if device.0 == CPU && error.is_instance_of::<PyTypeError>(x.py()) => {
            x.call_method0("__dlpack__")?
        }
        other => other?,
    };
    // SAFETY: the tensor's values are copied, and the tensor ends, before other Python code runs.
    unsafe {
        if let Some(tensor) = take::<DLManagedTensorVersioned>(&capsule) {
            return copy(&tensor?);
        }
        if let Some(tensor) = take::<DLManagedTensor>(&capsule) {
            return copy(&tensor?);
        }
    }
    Err(PyBufferError::new_err(
        "`__dlpack__` gave no capsule of DLPack",
    ))
}

/// Copies the values; errors are the exceptions that DLPack's users expect.
fn copy<M: Managed>(tensor: &ManagedTensor<M>) -> PyResult<HostArray> {
    tensor.values().map_err(|error| match error.kind() {
        ErrorKind::OutOfMemory { .. } => exception(&error),
        _ => PyBufferError::new_err(error.to_string()),
    })
}
