//! The interface of a GPU runtime, which allocates, copies, compiles and launches. A runtime knows nothing of arrays,
//! and the layer above it knows nothing of drivers.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use array_api_spec::{Device, Result};

use crate::vendor::Vendor;

pub use array_api_kernel::text::{Access, KernelText, Language};

/// What a device is and can do.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceProperties {
    /// The device's name, such as `wgpu:0`.
    pub device: Device,
    /// The language that its kernels are printed in.
    pub language: Language,
    /// Whether it compiles any kernel. If not, it has a fixed set of kernels, whose texts do not depend on shapes or
    /// expressions.
    pub compiles: bool,
    /// Whether it computes with 64-bit floating-point numbers.
    pub float64: bool,
    /// Whether it computes with 64-bit integers.
    pub int64: bool,
    /// The largest array, in bytes.
    pub max_bytes: u64,
    /// Most buffers that one kernel can use.
    pub max_buffers: usize,
    /// Most threads in a work-group.
    pub max_group_size: u32,
    /// Memory that the threads of a work-group share, in bytes.
    pub shared_bytes: u32,
    /// Whether the "GPU" is the processor itself: shared memory then costs more than it saves.
    pub is_cpu: bool,
}

/// What a runtime has done so far, for tests and benches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Kernels that were started.
    pub launches: u64,
    /// Buffers handed out, recycled ones included.
    pub allocations: u64,
    /// Bytes that those allocations asked for.
    pub allocated_bytes: u64,
    /// Buffers that the driver allocated, because the pool had none.
    pub fresh_allocations: u64,
    /// Downloads. The host waits for each.
    pub downloads: u64,
    /// Bytes brought to the host.
    pub downloaded_bytes: u64,
    /// Kernels that were compiled.
    pub compilations: u64,
    /// Batches of work handed to the driver.
    pub submissions: u64,
    /// Calls of a vendor's library that were not declined: a batch of products, or the factorisation of one matrix.
    pub library_calls: u64,
}

/// [`Counters`] that several threads add to.
#[derive(Debug, Default)]
pub struct AtomicCounters {
    /// See [`Counters`].
    pub launches: AtomicU64,
    /// See [`Counters`].
    pub allocations: AtomicU64,
    /// See [`Counters`].
    pub allocated_bytes: AtomicU64,
    /// See [`Counters`].
    pub fresh_allocations: AtomicU64,
    /// See [`Counters`].
    pub downloads: AtomicU64,
    /// See [`Counters`].
    pub downloaded_bytes: AtomicU64,
    /// See [`Counters`].
    pub compilations: AtomicU64,
    /// See [`Counters`].
    pub submissions: AtomicU64,
    /// See [`Counters`].
    pub library_calls: AtomicU64,
}

impl AtomicCounters {
    /// Counts a download of `bytes` bytes.
    pub fn count_download(&self, bytes: u64) {
        self.downloads.fetch_add(1, Relaxed);
        self.downloaded_bytes.fetch_add(bytes, Relaxed);
    }

    /// The counts at this moment.
    #[must_use]
    pub fn read(&self) -> Counters {
        Counters {
            launches: self.launches.load(Relaxed),
            allocations: self.allocations.load(Relaxed),
            allocated_bytes: self.allocated_bytes.load(Relaxed),
            fresh_allocations: self.fresh_allocations.load(Relaxed),
            downloads: self.downloads.load(Relaxed),
            downloaded_bytes: self.downloaded_bytes.load(Relaxed),
            compilations: self.compilations.load(Relaxed),
            submissions: self.submissions.load(Relaxed),
            library_calls: self.library_calls.load(Relaxed),
        }
    }
}

/// A device with its memory, queue and compiler.
///
/// Work is done in the order of the calls; `launch`, `upload` and `copy` may return before it is done. Earlier work may
/// still use a buffer that has been freed.
pub trait Runtime: Debug + Send + Sync + 'static {
    /// Memory on the device.
    type Buffer: Debug + Send + Sync + 'static;
    /// A compiled kernel.
    type Kernel: Debug + Send + Sync + 'static;

    /// What the device can do.
    fn properties(&self) -> &DeviceProperties;

    /// Memory of at least `bytes` bytes (not 0), uninitialized.
    ///
    /// # Errors
    /// [`OutOfMemory`](array_api_spec::ErrorKind::OutOfMemory) beyond the device's limits.
    fn allocate(&self, bytes: u64) -> Result<Self::Buffer>;

    /// Takes memory back for later use.
    fn free(&self, buffer: Self::Buffer);

    /// Writes bytes to a buffer's start.
    ///
    /// # Errors
    /// A driver's failure.
    fn upload(&self, buffer: &Self::Buffer, bytes: &[u8]) -> Result<()>;

    /// Waits for earlier work, then calls `read` with the `bytes` bytes from `offset` on.
    ///
    /// # Errors
    /// A driver's failure, which may stem from earlier work.
    fn download(
        &self,
        buffer: &Self::Buffer,
        offset: u64,
        bytes: u64,
        read: &mut dyn FnMut(&[u8]),
    ) -> Result<()>;

    /// Copies `bytes` bytes from an offset in one buffer to an offset in another. All three numbers are multiples of 4.
    ///
    /// # Errors
    /// A driver's failure.
    fn copy(&self, from: (&Self::Buffer, u64), to: (&Self::Buffer, u64), bytes: u64) -> Result<()>;

    /// The kernel with this text. It is compiled once.
    ///
    /// # Errors
    /// [`Driver`](array_api_spec::ErrorKind::Driver) with the compiler's message.
    fn compile(&self, source: &KernelText) -> Result<Arc<Self::Kernel>>;

    /// Starts a kernel with at least `groups` work-groups, in two dimensions, because a device may limit each. A
    /// work-group's number is `x + y * (groups along x)`; kernels do nothing for numbers that are too large.
    ///
    /// # Errors
    /// A driver's failure, which may stem from earlier work.
    fn launch(
        &self,
        kernel: &Self::Kernel,
        buffers: &[&Self::Buffer],
        parameters: &[u32],
        groups: u64,
    ) -> Result<()>;

    /// Waits until all work is done.
    ///
    /// # Errors
    /// A driver's failure, which may stem from earlier work.
    fn synchronize(&self) -> Result<()>;

    /// What the runtime has done so far.
    fn counters(&self) -> Counters;

    /// Libraries of the device's vendor, which are tried first; `None` unless the runtime was opened with them.
    fn vendor(&self) -> Option<&dyn Vendor<Buffer = Self::Buffer>> {
        None
    }
}
