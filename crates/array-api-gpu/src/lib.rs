//! One backend for every kind of GPU: the standard's functions, written once over a [`Runtime`].

mod array_object;
mod assisted;
mod columns;
mod elementwise;
mod extra;
mod fft;
mod gemm;
mod indexing;
mod kernels;
mod linalg;
mod manipulation;
mod memory;
mod moments;
mod nearest;
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

/// Threads in a work-group of most kernels of this crate.
pub const GROUP: u32 = 64;

/// A GPU.
pub struct Gpu<R: Runtime> {
    runtime: Arc<Opened<R>>,
    kernels: Arc<kernels::Kernels<R>>,
    tables: Arc<fft::Tables<R>>,
    /// Matrices of this order and more are factorised on the host. Where it has a value, large transforms go there, too.
    host_from: usize,
}

impl<R: Runtime> Gpu<R> {
    /// The backend on a runtime.
    pub fn new(runtime: R) -> Self {
        let host_from = if runtime.properties().is_cpu {
            linalg::HOST_FROM
        } else {
            usize::MAX
        };
        Self {
            host_from,
            runtime: Arc::new(Opened::new(runtime)),
            kernels: Arc::default(),
            tables: Arc::default(),
        }
    }

    /// The same GPU, whose kernels factorise matrices of every order and transform arrays of every size, also where the GPU
    /// is the processor itself and the host would be faster. For tests and benches.
    #[must_use]
    pub fn always_by_kernels(mut self) -> Self {
        self.host_from = usize::MAX;
        self
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
            kernels: Arc::clone(&self.kernels),
            tables: Arc::clone(&self.tables),
            host_from: self.host_from,
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
