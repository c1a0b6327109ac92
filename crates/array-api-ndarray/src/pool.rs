//! Recycled memory for the results of computations.
//!
//! A fresh buffer of 80 MB costs some 50 ms of page faults on 4 KiB pages, five times the cost of an addition of that
//! size. Therefore large blocks are mapped with huge pages, and kept for the next result of about their size.

use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    collections::BTreeMap,
    marker::PhantomData,
    mem,
    ops::{Deref, DerefMut},
    ptr::NonNull,
    slice,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use array_api_spec::Result;
use bytemuck::Pod;

use array_api_host::process::PerProcess;
use array_api_spec::memory::{self, out_of_memory};

/// Blocks of at least this many bytes are kept for reuse. For smaller ones the allocator is as fast.
const KEPT: usize = 4 << 10;

/// Blocks of at least this many bytes are mapped from the system, on huge pages where it has them.
const MAPPED: usize = 1 << 20;

/// Most bytes that wait for reuse.
const CAPACITY: usize = 256 << 20;

/// Alignment of kept blocks: a cache line, which is also the widest vector register.
const ALIGNMENT: usize = 64;

/// Initialised memory: the system or an earlier owner has written every byte, so it may be read as any type without
/// invalid values.
pub(super) struct Block {
    start: NonNull<u8>,
    capacity: usize,
}

// SAFETY: a block is plain memory that nobody else refers to.
unsafe impl Send for Block {}
// SAFETY: a shared block hands out nothing but its address.
unsafe impl Sync for Block {}

/// Counters of the CPU backend's memory in this process, since the program started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Buffers that were allocated, fresh or recycled. Work space of sorts and transforms counts; arrays that adopt the
    /// user's memory do not.
    pub buffers: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that the pool keeps for reuse now.
    pub kept: u64,
}

static BUFFERS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// A forked child starts with an empty pool, because another thread may have been changing the parent's at the fork.
static POOL: PerProcess<Mutex<Pool>> = PerProcess::new();

/// Counters of the CPU backend's memory: for tests and benches. They count what every thread of the process does.
///
/// ```standalone_crate
/// use array_api_ndarray::statistics;
/// let xp = array_api_ndarray::cpu();
/// let x = xp.asarray(vec![1.0; 1000])?; // adopted
/// let before = statistics();
/// let y = (&x * 2.0 + 1.0).eval()?;
/// assert_eq!(statistics().buffers - before.buffers, 1);
/// assert_eq!(statistics().bytes - before.bytes, 8000);
/// # assert_eq!(y.size(), 1000);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[must_use]
pub fn statistics() -> Statistics {
    Statistics {
        buffers: BUFFERS.load(Ordering::Relaxed),
        bytes: BYTES.load(Ordering::Relaxed),
        kept: pool().bytes as u64,
    }
}

/// Gives the memory that is kept for later results back to the system. The next results wait for the system again.
///
/// ```standalone_crate
/// let xp = array_api_ndarray::cpu();
/// drop((xp.zeros([1 << 20], array_api_spec::DType::Float64)? + 1.0).eval()?);
/// assert!(array_api_ndarray::statistics().kept > 0);
/// array_api_ndarray::empty_cache();
/// assert_eq!(array_api_ndarray::statistics().kept, 0);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
pub fn empty_cache() {
    let mut pool = pool();
    pool.bytes = 0;
    for (capacity, class) in mem::take(&mut pool.classes) {
        for start in class.free {
            // SAFETY: blocks on the list have the list's capacity and no owner.
            unsafe { release(start, capacity) };
        }
    }
}

#[derive(Default)]
struct Pool {
    classes: BTreeMap<usize, Class>,
    bytes: usize,
    clock: u64,
}

/// Free blocks of one capacity.
#[derive(Default)]
struct Class {
    free: Vec<NonNull<u8>>,
    used: u64,
}

// SAFETY: free blocks are plain memory that nobody else refers to.
unsafe impl Send for Pool {}

fn pool() -> MutexGuard<'static, Pool> {
    // A poisoned lock is harmless: no code panics between two changes of the lists.
    POOL.get().lock().unwrap_or_else(PoisonError::into_inner)
}

impl Block {
    /// A block of at least `bytes` bytes, with any content.
    pub(super) fn new(bytes: usize) -> Result<Self> {
        BUFFERS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
        if bytes == 0 {
            return Ok(Self {
                start: NonNull::<u128>::dangling().cast(),
                capacity: 0,
            });
        }
        let capacity = capacity(bytes);
        if capacity >= KEPT
            && let Some(start) = pool().take(capacity)
        {
            return Ok(Self { start, capacity });
        }
        memory::room(capacity)?;
        let start = if capacity >= MAPPED {
            system::map(capacity)
        } else {
            // SAFETY: the capacity is not 0.
            NonNull::new(unsafe { alloc_zeroed(layout(capacity)) })
        };
        start
            .map(|start| Self { start, capacity })
            .ok_or_else(|| out_of_memory(bytes))
    }

    pub(super) const fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let Self { start, capacity } = *self;
        if capacity == 0 {
        } else if (KEPT..=CAPACITY).contains(&capacity) {
            pool().keep(start, capacity);
        } else {
            // SAFETY: the block came from `Block::new` with this capacity, and its owner is gone.
            unsafe { release(start, capacity) };
        }
    }
}

/// Work space of a computation: numbers, at first with any values.
pub(super) struct Scratch<T> {
    block: Block,
    len: usize,
    numbers: PhantomData<T>,
}

impl<T: Pod> Scratch<T> {
    /// Work space of `len` numbers.
    ///
    /// # Errors
    /// No memory for them.
    pub(super) fn new(len: usize) -> Result<Self> {
        const { assert!(align_of::<T>() <= align_of::<u128>()) };
        let bytes = len
            .checked_mul(size_of::<T>())
            .filter(|&bytes| isize::try_from(bytes).is_ok())
            .ok_or_else(|| out_of_memory(usize::MAX))?;
        Ok(Self {
            block: Block::new(bytes)?,
            len,
            numbers: PhantomData,
        })
    }
}

impl<T: Pod> Deref for Scratch<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the block is large enough and aligned for every number, is initialised, and has no other owner; any bits are a valid `T`.
        unsafe { slice::from_raw_parts(self.block.start.as_ptr().cast(), self.len) }
    }
}

impl<T: Pod> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.block.start.as_ptr().cast(), self.len) }
    }
}

impl Pool {
    fn take(&mut self, capacity: usize) -> Option<NonNull<u8>> {
        self.clock += 1;
        let class = self.classes.get_mut(&capacity)?;
        class.used = self.clock;
        let start = class.free.pop()?;
        self.bytes -= capacity;
        Some(start)
    }

    /// Keeps a block. If the pool is full, it frees blocks of the sizes that have not been used for longest.
    fn keep(&mut self, start: NonNull<u8>, capacity: usize) {
        // Both are at most `CAPACITY`.
        while self.bytes + capacity > CAPACITY {
            let stale = self
                .classes
                .iter_mut()
                .filter(|(_, class)| !class.free.is_empty());
            let Some((&size, class)) = stale.min_by_key(|(_, class)| class.used) else {
                break;
            };
            if let Some(start) = class.free.pop() {
                self.bytes -= size;
                // SAFETY: blocks on the list have the list's capacity and no owner.
                unsafe { release(start, size) };
            }
        }
        self.clock += 1;
        let class = self.classes.entry(capacity).or_default();
        class.used = self.clock;
        class.free.push(start);
        self.bytes += capacity;
    }
}

/// The size class of a request. There are four classes between powers of two, so a recycled block is at most a quarter
/// too large.
fn capacity(bytes: usize) -> usize {
    if bytes < KEPT {
        return bytes;
    }
    let step = 1 << (bytes.ilog2() - 2);
    bytes.checked_next_multiple_of(step).unwrap_or(bytes)
}

/// # Panics
/// Never: blocks of this size are below [`MAPPED`].
fn layout(capacity: usize) -> Layout {
    let alignment = if capacity < KEPT {
        align_of::<u128>()
    } else {
        ALIGNMENT
    };
    Layout::from_size_align(capacity, alignment).expect("a small size fits a layout")
}

/// # Safety
/// `start` is a block of this capacity that nobody uses any more.
unsafe fn release(start: NonNull<u8>, capacity: usize) {
    if capacity >= MAPPED {
        // SAFETY: blocks of this size come from `system::map`.
        unsafe { system::unmap(start, capacity) };
    } else {
        // SAFETY: blocks of this size come from the allocator with this layout.
        unsafe { dealloc(start.as_ptr(), layout(capacity)) };
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::ptr::{NonNull, null_mut};

    /// The size of a huge page. A block must start at a multiple of it to consist of huge pages.
    const HUGE: usize = 2 << 20;

    /// Zeroed pages from the system.
    pub(super) fn map(bytes: usize) -> Option<NonNull<u8>> {
        let padded = bytes.checked_add(HUGE)?;
        // SAFETY: an anonymous private mapping touches no memory that exists.
        let start = unsafe {
            libc::mmap(
                null_mut(),
                padded,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        let start = start.cast::<u8>();
        let head = start.align_offset(HUGE);
        // SAFETY: head and tail lie inside the mapping that was just made, and nothing refers to them. All offsets are multiples
        // of a page: the mapping starts at one, and size classes of this size are multiples of 256 KiB.
        unsafe {
            let aligned = start.add(head);
            if head > 0 {
                libc::munmap(start.cast(), head);
            }
            if head < HUGE {
                libc::munmap(aligned.add(bytes).cast(), HUGE - head);
            }
            // This is advice only: if the system ignores it, pages are small, and all else is the same.
            libc::madvise(aligned.cast(), bytes, libc::MADV_HUGEPAGE);
            NonNull::new(aligned)
        }
    }

    /// # Safety
    /// `start` came from `map` with the same size, and nobody uses it any more.
    pub(super) unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
        // SAFETY: by the contract above this is a whole mapping of ours.
        unsafe { libc::munmap(start.as_ptr().cast(), bytes) };
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::{
        alloc::{Layout, alloc_zeroed, dealloc},
        ptr::NonNull,
    };

    /// Zeroed pages, as the system's allocator gives them for sizes like these.
    pub(super) fn map(bytes: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(bytes, super::ALIGNMENT).ok()?;
        // SAFETY: only called for sizes above 0.
        NonNull::new(unsafe { alloc_zeroed(layout) })
    }

    /// # Safety
    /// `start` came from `map` with the same size, and nobody uses it any more.
    pub(super) unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
        let layout = Layout::from_size_align(bytes, super::ALIGNMENT).expect("made before");
        // SAFETY: by the contract above.
        unsafe { dealloc(start.as_ptr(), layout) };
    }
}

#[cfg(test)]
mod tests {
    use array_api_spec::ErrorKind;

    use super::*;

    #[test]
    fn size_classes_waste_at_most_a_quarter() {
        for bytes in [1, 4095, 4096, 4097, 5000, 80_000_000, (1 << 30) + 1] {
            let c = capacity(bytes);
            assert!(c >= bytes && c <= bytes + bytes / 4, "{bytes} {c}");
            assert_eq!(capacity(c), c);
        }
    }

    #[test]
    fn a_large_block_is_writable_to_its_end_and_aligned() {
        let bytes = (3 << 20) + 4321;
        let block = Block::new(bytes).expect("room");
        assert!(block.start().as_ptr().align_offset(ALIGNMENT) == 0);
        // SAFETY: the block has at least so many bytes and no other owner.
        let all = unsafe { std::slice::from_raw_parts_mut(block.start().as_ptr(), bytes) };
        all.fill(7);
        assert_eq!(all[bytes - 1], 7);
    }

    #[test]
    fn the_pool_gives_back_what_it_kept_and_keeps_to_its_capacity() {
        let mut pool = Pool::default();
        let size = capacity(CAPACITY / 3);
        let blocks: Vec<NonNull<u8>> = (0..4).map(|_| system::map(size).expect("room")).collect();
        for &start in &blocks {
            pool.keep(start, size);
            assert!(pool.bytes <= CAPACITY);
        }
        assert_eq!(pool.take(size), Some(blocks[3]));
        assert_eq!(pool.take(size + 1), None);
        while let Some(start) = pool.take(size) {
            // SAFETY: mapped above, and off the list now.
            unsafe { release(start, size) };
        }
        // SAFETY: taken off the list above.
        unsafe { release(blocks[3], size) };
        assert_eq!(pool.bytes, 0);
    }

    #[test]
    fn too_much_is_an_error() {
        let error = Block::new(1 << 60).err().expect("no room");
        assert!(matches!(error.kind(), ErrorKind::OutOfMemory { bytes, .. } if *bytes == 1 << 60));
    }
}
