//! Devices by name. A device is a string in Python: `x.device == "wgpu:0"`.

use std::sync::OnceLock;

use array_api_compat::AnyBackend;
use pyo3::prelude::*;

use crate::{argument::AnyNamespace, error::run};

/// The environment variable that names the device of arrays whose device is not named.
const VARIABLE: &str = "ARRAY_API_DEVICE";

static DEFAULT: OnceLock<AnyNamespace> = OnceLock::new();

/// Selects the default device, once, when the module is imported.
///
/// # Errors
/// The environment names a device that this machine does not have.
pub(crate) fn initialise(py: Python<'_>) -> PyResult<()> {
    let name = std::env::var(VARIABLE).unwrap_or_else(|_| "cpu".into());
    let xp = run(py, || array_api_compat::device(&name))?;
    DEFAULT.get_or_init(|| xp);
    Ok(())
}

/// The namespace of the default device.
pub(crate) fn default() -> AnyNamespace {
    DEFAULT.get_or_init(cpu).clone()
}

/// The namespace of the CPU.
pub(crate) fn cpu() -> AnyNamespace {
    AnyBackend::erase(&array_api_compat::cpu())
}

/// The argument `device`.
pub(crate) struct On(pub(crate) AnyNamespace);

impl<'py> FromPyObject<'_, 'py> for On {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let name: String = object.extract()?;
        run(object.py(), || array_api_compat::device(&name)).map(Self)
    }
}

/// The namespace of the argument `device`; that of the default device if it is absent.
pub(crate) fn on(device: Option<On>) -> AnyNamespace {
    device.map_or_else(default, |device| device.0)
}
