//! Devices.

use std::{fmt, sync::Arc};

/// The name of a device, such as `cpu` or `wgpu:0`. Two are equal if they are the same device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Device(Arc<str>);

impl Device {
    /// A device of this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name that `device(…)` takes.
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
