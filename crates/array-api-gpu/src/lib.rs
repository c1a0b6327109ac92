//! One backend for every kind of GPU: the standard's functions, written once over a [`Runtime`].

mod array_object;
mod assisted;
mod columns;
mod elementwise;
mod extra;
mod fft;
mod gemm;
mod indexing;
mod linalg;
mod manipulation;
mod memory;
mod moments;
mod opened;
mod packing;
pub mod pool;
mod prebuilt;
mod reduction;
pub mod runtime;
mod scan;
mod sorting;
mod statistical;
pub mod vendor;

use std::{fmt, sync::Arc};

pub use array_api_kernel as kernel;

use self::runtime::{Counters, DeviceProperties, Runtime};
pub use self::{memory::Memory, opened::Opened};

/// Threads in a work-group of every kernel of this crate.
pub const GROUP: u32 = 64;

/// A GPU.
pub struct Gpu<R: Runtime> {
    runtime: Arc<Opened<R>>,
}

impl<R: Runtime> Gpu<R> {
    /// The backend on a runtime.
    pub fn new(runtime: R) -> Self {
        Self {
            runtime: Arc::new(Opened::new(runtime)),
        }
    }

    /// The runtime, which can be asked for its counters and its properties.
    #[must_use]
    pub fn runtime(&self) -> &Opened<R> {
        &self.runtime
    }

    /// What the device can do.
    #[must_use]
    pub fn properties(&self) -> &DeviceProperties {
        self.runtime.properties()
    }

    /// What the runtime has done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.runtime.counters()
    }
}

impl<R: Runtime> Clone for Gpu<R> {
    fn clone(&self) -> Self {
        Self {
            runtime: Arc::clone(&self.runtime),
        }
    }
}

impl<R: Runtime> PartialEq for Gpu<R> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.runtime, &other.runtime)
    }
}

impl<R: Runtime> fmt::Debug for Gpu<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpu({})", self.runtime.properties().device)
    }
}
