//! Devices.

use std::{fmt, sync::Arc};

/// The name of a device, such as `cpu` or `wgpu:0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Device(Arc<str>);

impl Device {
    /// A device of this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name, as `array_api_compat::device` takes it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
