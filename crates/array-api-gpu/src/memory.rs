//! Memory on a device.

use std::{fmt, sync::Arc};

use array_api_spec::{
    DType, Error, HostBuffer, Layout, Program, Result, Scalar, backend::ElementwiseBackend,
};

use super::{
    Gpu, Opened,
    packing::{is_within_reach, lanes},
    runtime::Runtime,
};

/// The host keeps a copy of an upload or a download of up to this many bytes.
pub(super) const KNOWN_BYTES: usize = 64 << 10;

/// Memory on a device, which returns to the pool when the last handle is dropped. `None` for an array without elements.
pub struct Memory<R: Runtime>(Option<Arc<Block<R>>>);

struct Block<R: Runtime> {
    /// `None` only while the block is being dropped.
    buffer: Option<R::Buffer>,
    bytes: u64,
    /// The first bytes of the memory, if the host knows them. Such memory is never written again, so they stay right.
    known: Option<Box<[u8]>>,
    runtime: Arc<Opened<R>>,
}

impl<R: Runtime> Drop for Block<R> {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.runtime.free(buffer);
        }
    }
}

impl<R: Runtime> Memory<R> {
    /// The buffer, unless there are no elements.
    pub(super) fn buffer(&self) -> Option<&R::Buffer> {
        self.0.as_ref()?.buffer.as_ref()
    }

    /// Size in bytes, a multiple of 4.
    pub(super) fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |block| block.bytes)
    }

    /// Whether it may be written in place: this is the only handle, and the host keeps no copy of the content.
    pub(super) fn may_be_written(&mut self) -> bool {
        self.0
            .as_mut()
            .is_none_or(|block| Arc::get_mut(block).is_some_and(|block| block.known.is_none()))
    }

    /// Whether the host keeps a copy of its first bytes.
    pub(super) fn is_known(&self) -> bool {
        self.0.as_ref().is_some_and(|block| block.known.is_some())
    }

    /// Keeps a copy of the first bytes on the host, unless they are more than [`KNOWN_BYTES`]. The caller has the only
    /// handle.
    pub(super) fn learn(&mut self, bytes: &[u8]) {
        if bytes.len() <= KNOWN_BYTES
            && let Some(block) = self.0.as_mut().and_then(Arc::get_mut)
        {
            block.known = Some(bytes.into());
        }
    }

    /// The elements of a view of this memory, if the host knows them.
    pub(super) fn known(&self, layout: &Layout, dtype: DType) -> Option<HostBuffer> {
        let known = self.0.as_ref()?.known.as_ref()?;
        let (n, size) = (layout.size(), dtype.size());
        if layout.is_contiguous() {
            let start = layout.offset() * size;
            return HostBuffer::from_bytes(dtype, known.get(start..start + n * size)?).ok();
        }
        // A broadcast view can be far larger than its memory.
        if n > KNOWN_BYTES {
            return None;
        }
        let mut bytes = Vec::with_capacity(n * size);
        for position in layout.positions() {
            bytes.extend_from_slice(known.get(position * size..(position + 1) * size)?);
        }
        HostBuffer::from_bytes(dtype, &bytes).ok()
    }
}

impl<R: Runtime> Clone for Memory<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Runtime> PartialEq for Memory<R> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
}

impl<R: Runtime> fmt::Debug for Memory<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} bytes)", self.bytes())
    }
}

impl<R: Runtime> Gpu<R> {
    /// Memory for `n` elements, uninitialized.
    pub(super) fn allocate(&self, n: usize, dtype: DType) -> Result<Memory<R>> {
        self.allocate_bytes(n.saturating_mul(dtype.size()))
    }

    /// Memory for `n` elements, all 0. Kernels may write to it, which they may not do to a small uploaded array: the
    /// host keeps its content.
    pub(super) fn zeros(&self, n: usize, dtype: DType) -> Result<Memory<R>> {
        let zero = Scalar::Int(0).to_dtype("zeros", dtype)?;
        self.evaluate(&Program::scalar(&[n], zero, dtype))
    }

    /// Memory for `bytes` bytes; none for 0.
    pub(super) fn allocate_bytes(&self, bytes: usize) -> Result<Memory<R>> {
        if bytes == 0 {
            return Ok(Memory(None));
        }
        let bytes = (bytes as u64).saturating_add(3) / 4 * 4;
        Ok(Memory(Some(Arc::new(Block {
            buffer: Some(self.runtime.allocate(bytes)?),
            bytes,
            known: None,
            runtime: Arc::clone(&self.runtime),
        }))))
    }

    /// A copy of the first `bytes` bytes, which may be written.
    pub(super) fn duplicate(&self, memory: &Memory<R>, bytes: usize) -> Result<Memory<R>> {
        let copy = self.allocate_bytes(bytes)?;
        if let (Some(from), Some(to)) = (memory.buffer(), copy.buffer()) {
            self.runtime.copy((from, 0), (to, 0), copy.bytes())?;
        }
        Ok(copy)
    }

    /// An error if a view, of elements of `size` bytes, reaches further than a kernel's 32-bit positions.
    pub(super) fn check_reach(&self, layout: &Layout, size: usize) -> Result<()> {
        if is_within_reach(layout) {
            return Ok(());
        }
        let last = layout.bounds().map_or(0, |(_, last)| last);
        Err(self.beyond_reach(last.saturating_mul(size)))
    }

    /// The error of a launch whose positions would need more than 32 bits.
    pub(super) fn beyond_reach(&self, bytes: usize) -> Error {
        let device = self.runtime.properties().device.clone();
        let detail = "an array reaches beyond element 2³¹ of its memory, and a kernel cannot count further; take a part of it on the host first";
        Error::out_of_memory(device, bytes, detail)
    }

    /// An error if there are more elements than 32-bit positions can number.
    pub(super) fn check_size(&self, n: usize) -> Result<()> {
        // Positions are 32-bit words. Half of their range is used, so that a loop may step beyond the end without
        // overflow.
        if n <= i32::MAX as usize {
            return Ok(());
        }
        let device = self.runtime.properties().device.clone();
        let detail = format!("{n} elements are more than a kernel can count, which is 2³¹");
        Err(Error::out_of_memory(device, n, detail))
    }
}

/// Threads that [`Elements::fill`](super::packing::Elements::fill) needs.
pub(super) fn words(n: usize, dtype: DType) -> usize {
    n.div_ceil(lanes(dtype))
}
