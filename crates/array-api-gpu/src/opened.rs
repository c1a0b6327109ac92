//! A runtime that works in the process that opened it, and is an error in every process forked from that one.

use std::{
    mem::{ManuallyDrop, forget},
    ops::Deref,
    sync::Arc,
};

use array_api_spec::{Error, Result};

use super::{
    runtime::{Counters, DeviceProperties, KernelText, Runtime},
    vendor::Vendor,
};
use array_api_host::process::{FORKED, Process};

/// An open runtime.
///
/// A forked child has a copy of the runtime, but not its driver's threads and connection: a call would wait for ever.
/// So the child gets an error from every call, and what the child drops is leaked.
#[derive(Debug)]
pub struct Opened<R: Runtime> {
    runtime: ManuallyDrop<R>,
    process: Process,
}

impl<R: Runtime> Opened<R> {
    pub(super) fn new(runtime: R) -> Self {
        Self {
            runtime: ManuallyDrop::new(runtime),
            process: Process::current(),
        }
    }

    fn is_here(&self) -> bool {
        self.process == Process::current()
    }

    /// An error for `function` in a forked process.
    pub(super) fn check(&self, function: &str) -> Result<()> {
        self.here(function).map(drop)
    }

    /// The runtime, if this process may call its driver; else an error for `function`.
    fn here(&self, function: &str) -> Result<&R> {
        if self.is_here() {
            return Ok(&self.runtime);
        }
        let device = self.runtime.properties().device.clone();
        Err(Error::driver(device, function, FORKED))
    }
}

/// Gives access to what a runtime has beside [`Runtime`]'s functions; `Opened` has those itself.
impl<R: Runtime> Deref for Opened<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.runtime
    }
}

impl<R: Runtime> Drop for Opened<R> {
    fn drop(&mut self) {
        if self.is_here() {
            // SAFETY: nobody uses it after this.
            unsafe { ManuallyDrop::drop(&mut self.runtime) };
        }
    }
}

impl<R: Runtime> Runtime for Opened<R> {
    type Buffer = R::Buffer;
    type Kernel = R::Kernel;

    fn properties(&self) -> &DeviceProperties {
        self.runtime.properties()
    }

    fn allocate(&self, bytes: u64) -> Result<R::Buffer> {
        self.here("allocate")?.allocate(bytes)
    }

    fn free(&self, buffer: R::Buffer) {
        if self.is_here() {
            self.runtime.free(buffer);
        } else {
            forget(buffer);
        }
    }

    fn upload(&self, buffer: &R::Buffer, bytes: &[u8]) -> Result<()> {
        self.here("upload")?.upload(buffer, bytes)
    }

    fn download(
        &self,
        buffer: &R::Buffer,
        offset: u64,
        bytes: u64,
        read: &mut dyn FnMut(&[u8]),
    ) -> Result<()> {
        self.here("download")?.download(buffer, offset, bytes, read)
    }

    fn copy(&self, from: (&R::Buffer, u64), to: (&R::Buffer, u64), bytes: u64) -> Result<()> {
        self.here("copy")?.copy(from, to, bytes)
    }

    fn compile(&self, source: &KernelText) -> Result<Arc<R::Kernel>> {
        self.here(&source.entry)?.compile(source)
    }

    fn launch(
        &self,
        kernel: &R::Kernel,
        buffers: &[&R::Buffer],
        parameters: &[u32],
        groups: u64,
    ) -> Result<()> {
        self.here("launch")?
            .launch(kernel, buffers, parameters, groups)
    }

    fn synchronize(&self) -> Result<()> {
        self.here("synchronize")?.synchronize()
    }

    fn counters(&self) -> Counters {
        self.runtime.counters()
    }

    fn vendor(&self) -> Option<&dyn Vendor<Buffer = R::Buffer>> {
        self.here("vendor").ok()?.vendor()
    }
}
