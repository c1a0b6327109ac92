//! Device memory: allocations at addresses that are never used twice, each with a shadow.
//!
//! Device addresses are not host addresses. An address between allocations, or of one that is
//! freed, therefore belongs to nothing for good, and host code that follows one crashes.

use crate::execute::{WORD, Words};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Where device addresses start.
const BASE: u64 = 0x7000_0000_0000;

/// Allocations start at multiples of this, as CUDA promises at least 256.
const ALIGN: u64 = 512;

/// The least distance between two allocations.
const GAP: u64 = 512;

/// What fresh memory holds: NaN as a float, -1 as an integer.
pub(crate) const POISON: u8 = 0xFF;

/// How many freed allocations are remembered for messages.
const REMEMBERED: usize = 1 << 14;

/// The shadow of one byte.
pub(crate) mod state {
    pub(crate) const UNINITIALISED: u8 = 0;
    pub(crate) const INITIALISED: u8 = 1;
    /// Between two variables: no access may touch it.
    pub(crate) const GUARD: u8 = 2;
}

/// Bytes that many threads may touch, eight-byte aligned.
#[derive(Debug)]
pub(crate) struct Cells(Box<[AtomicU64]>);

impl Cells {
    pub(crate) fn new(bytes: usize, fill: u8) -> Self {
        let word = u64::from_ne_bytes([fill; 8]);
        Self(
            (0..bytes.div_ceil(8))
                .map(|_| AtomicU64::new(word))
                .collect(),
        )
    }

    pub(crate) fn pointer(&self) -> *mut u8 {
        self.0.as_ptr().cast_mut().cast()
    }

    pub(crate) fn fill(&self, value: u8) {
        let word = u64::from_ne_bytes([value; 8]);
        for cell in &self.0 {
            cell.store(word, Relaxed);
        }
    }
}

/// Two records for each word, zero until they are written. They are many and seldom all used, so
/// they come from zeroed memory, which the system need not provide before it is touched.
#[derive(Debug)]
struct History {
    records: Box<[AtomicU64]>,
    words: usize,
    latest: Box<[AtomicU64; 2]>,
}

impl History {
    fn new(words: usize) -> Self {
        let zeros = Box::into_raw(vec![0u64; 2 * words].into_boxed_slice());
        Self {
            // SAFETY: `AtomicU64` has the layout of `u64`, and the box is given up above.
            records: unsafe { Box::from_raw(zeros as *mut [AtomicU64]) },
            words,
            latest: Box::default(),
        }
    }

    fn words(&self) -> Words {
        let (writers, readers) = self.records.split_at(self.words);
        Words {
            writers: writers.as_ptr(),
            readers: readers.as_ptr(),
            latest: &raw const *self.latest,
        }
    }
}

/// Reads `size` (1, 2, 4 or 8) bytes.
///
/// # Safety
///
/// `at` points into live [`Cells`] that have `size` bytes from there, and is aligned to `size`.
#[inline(always)]
pub(crate) unsafe fn read_cell(at: *mut u8, size: usize) -> u64 {
    // SAFETY: the caller promises a live, aligned place of that size; all accesses are atomic.
    unsafe {
        match size {
            1 => u64::from(AtomicU8::from_ptr(at).load(Relaxed)),
            2 => u64::from(AtomicU16::from_ptr(at.cast()).load(Relaxed)),
            4 => u64::from(AtomicU32::from_ptr(at.cast()).load(Relaxed)),
            _ => AtomicU64::from_ptr(at.cast()).load(Relaxed),
        }
    }
}

/// Writes the low `size` (1, 2, 4 or 8) bytes of `value`.
///
/// # Safety
///
/// As for [`read_cell`].
#[inline(always)]
pub(crate) unsafe fn write_cell(at: *mut u8, size: usize, value: u64) {
    // SAFETY: as for `read_cell`.
    unsafe {
        match size {
            1 => AtomicU8::from_ptr(at).store(value as u8, Relaxed),
            2 => AtomicU16::from_ptr(at.cast()).store(value as u16, Relaxed),
            4 => AtomicU32::from_ptr(at.cast()).store(value as u32, Relaxed),
            _ => AtomicU64::from_ptr(at.cast()).store(value, Relaxed),
        }
    }
}

/// One allocation.
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) size: u64,
    data: Cells,
    shadow: Cells,
    /// See `execute::conflict`.
    history: History,
    /// The context that owns it.
    pub(crate) context: u64,
    /// A module's variable, which no one but the module frees.
    pub(crate) module: bool,
    constant: bool,
}

/// An allocation as a launch sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) data: *mut u8,
    pub(crate) shadow: *mut u8,
    pub(crate) words: Words,
    pub(crate) constant: bool,
}

// SAFETY: the pointers lead to atomics, which threads may share.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

/// Why the host may not do something with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    OutOfMemory,
    /// No live allocation holds the range, or the pointer is not an allocation's start.
    Invalid,
}

/// All device memory.
#[derive(Debug)]
pub(crate) struct Memory {
    live: BTreeMap<u64, Allocation>,
    freed: BTreeMap<u64, u64>,
    next: u64,
    used: u64,
    limit: u64,
}

impl Memory {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            live: BTreeMap::new(),
            freed: BTreeMap::new(),
            next: BASE,
            used: 0,
            limit,
        }
    }

    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Live allocations that are not variables of modules.
    pub(crate) fn count(&self) -> usize {
        self.live.values().filter(|a| !a.module).count()
    }

    pub(crate) fn allocate(&mut self, size: u64, context: u64) -> Result<u64, Refusal> {
        if self
            .used
            .checked_add(size)
            .is_none_or(|used| used > self.limit)
        {
            return Err(Refusal::OutOfMemory);
        }
        let start = self.next;
        self.next = (start + size + GAP).next_multiple_of(ALIGN);
        self.used += size;
        let allocation = Allocation {
            size,
            data: Cells::new(size as usize, POISON),
            shadow: Cells::new(size as usize, state::UNINITIALISED),
            history: History::new((size as usize).div_ceil(WORD)),
            context,
            module: false,
            constant: false,
        };
        self.live.insert(start, allocation);
        Ok(start)
    }

    /// A variable of a module: zero where it has no initial value.
    pub(crate) fn define(
        &mut self,
        size: usize,
        init: &[u8],
        constant: bool,
        context: u64,
    ) -> Result<u64, Refusal> {
        let start = self.allocate(size.max(1) as u64, context)?;
        self.fill(start, size as u64, &[0])?;
        self.write(start, init)?;
        if let Some(allocation) = self.live.get_mut(&start) {
            allocation.module = true;
            allocation.constant = constant;
        }
        Ok(start)
    }

    pub(crate) fn free(&mut self, start: u64) -> Result<(), Refusal> {
        let allocation = self.live.remove(&start).ok_or(Refusal::Invalid)?;
        self.used -= allocation.size;
        self.freed.insert(start, allocation.size);
        if self.freed.len() > REMEMBERED {
            self.freed.pop_first();
        }
        Ok(())
    }

    /// Frees what a context owns.
    pub(crate) fn free_context(&mut self, context: u64) {
        let owned = self.live.iter().filter(|(_, a)| a.context == context);
        let starts: Vec<u64> = owned.map(|(start, _)| *start).collect();
        for start in starts {
            let freed = self.free(start);
            debug_assert_eq!(freed, Ok(()));
        }
    }

    pub(crate) fn get(&self, start: u64) -> Option<&Allocation> {
        self.live.get(&start)
    }

    /// The allocation that holds `size` bytes from `at`, and the start of it.
    fn find(&self, at: u64, size: u64) -> Result<(u64, &Allocation), Refusal> {
        let (&start, allocation) = self.live.range(..=at).next_back().ok_or(Refusal::Invalid)?;
        match (at - start).checked_add(size) {
            Some(end) if end <= allocation.size => Ok((start, allocation)),
            _ => Err(Refusal::Invalid),
        }
    }

    /// Whether one live allocation holds the range.
    pub(crate) fn contains(&self, at: u64, size: u64) -> bool {
        self.find(at, size).is_ok()
    }

    pub(crate) fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Refusal> {
        let (start, allocation) = self.find(at, bytes.len() as u64)?;
        let offset = (at - start) as usize;
        let (data, shadow) = (allocation.data.pointer(), allocation.shadow.pointer());
        // SAFETY: `find` has checked the range, and `&mut self` keeps kernels away.
        unsafe {
            data.add(offset)
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            shadow
                .add(offset)
                .write_bytes(state::INITIALISED, bytes.len());
        }
        Ok(())
    }

    pub(crate) fn read(&self, at: u64, bytes: &mut [u8]) -> Result<(), Refusal> {
        let (start, allocation) = self.find(at, bytes.len() as u64)?;
        let data = allocation.data.pointer();
        // SAFETY: `find` has checked the range; kernels run only under the lock that we hold.
        unsafe {
            data.add((at - start) as usize)
                .copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len());
        }
        Ok(())
    }

    /// Repeats `pattern` over `size` bytes.
    pub(crate) fn fill(&mut self, at: u64, size: u64, pattern: &[u8]) -> Result<(), Refusal> {
        self.find(at, size)?;
        let repeated: Vec<u8> = pattern
            .iter()
            .copied()
            .cycle()
            .take(size as usize)
            .collect();
        self.write(at, &repeated)
    }

    /// Copies within device memory; what is uninitialised stays so.
    pub(crate) fn copy(&mut self, to: u64, from: u64, size: u64) -> Result<(), Refusal> {
        let (to_start, target) = self.find(to, size)?;
        let (from_start, origin) = self.find(from, size)?;
        let (to, from) = ((to - to_start) as usize, (from - from_start) as usize);
        for (into, out) in [
            (&target.data, &origin.data),
            (&target.shadow, &origin.shadow),
        ] {
            // SAFETY: `find` has checked both ranges; `copy_from` allows them to overlap.
            unsafe {
                into.pointer()
                    .add(to)
                    .copy_from(out.pointer().add(from), size as usize);
            }
        }
        Ok(())
    }

    /// The live allocations in the order of their addresses.
    pub(crate) fn regions(&self) -> Vec<Region> {
        let region = |(&start, allocation): (&u64, &Allocation)| Region {
            start,
            end: start + allocation.size,
            data: allocation.data.pointer(),
            shadow: allocation.shadow.pointer(),
            words: allocation.history.words(),
            constant: allocation.constant,
        };
        self.live.iter().map(region).collect()
    }

    /// What lies at an address that no live allocation holds.
    pub(crate) fn explain(&self, at: u64) -> String {
        if let Some((start, size)) = self.freed.range(..=at).next_back()
            && at < start + size
        {
            let offset = at - start;
            return format!("inside {size} bytes that are freed (offset {offset})");
        }
        match self.live.range(..=at).next_back() {
            Some((start, allocation)) if at < start + allocation.size + GAP => {
                let past = (at - start).saturating_sub(allocation.size);
                format!(
                    "{past} bytes past the end of an allocation of {} bytes",
                    allocation.size
                )
            }
            _ => match self.live.range(at..).next() {
                Some((start, allocation)) if start - at <= GAP => {
                    let size = allocation.size;
                    format!("{} bytes before an allocation of {size} bytes", start - at)
                }
                _ => "in no allocation".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_not_used_again() {
        let mut memory = Memory::new(1 << 20);
        let first = memory.allocate(16, 1).unwrap();
        memory.free(first).unwrap();
        assert_eq!(memory.free(first), Err(Refusal::Invalid));
        let second = memory.allocate(16, 1).unwrap();
        assert_ne!(first, second);
        assert!(memory.explain(first + 4).contains("freed"));
        assert!(memory.explain(second + 20).contains("4 bytes past the end"));
        assert!(memory.explain(12).contains("in no allocation"));
    }

    #[test]
    fn the_limit_is_kept() {
        let mut memory = Memory::new(100);
        let half = memory.allocate(60, 1).unwrap();
        assert_eq!(memory.allocate(60, 1), Err(Refusal::OutOfMemory));
        memory.free(half).unwrap();
        assert!(memory.allocate(100, 1).is_ok());
        assert_eq!(memory.allocate(u64::MAX, 1), Err(Refusal::OutOfMemory));
    }

    #[test]
    fn ranges_are_checked() {
        let mut memory = Memory::new(1 << 20);
        let start = memory.allocate(8, 1).unwrap();
        assert_eq!(memory.write(start + 4, &[0; 5]), Err(Refusal::Invalid));
        assert_eq!(memory.fill(start, 9, &[1]), Err(Refusal::Invalid));
        assert!(memory.contains(start, 8) && !memory.contains(start + 8, 1));
        memory.fill(start, 8, &[1, 2, 3, 4]).unwrap();
        let mut read = [0; 3];
        memory.read(start + 2, &mut read).unwrap();
        assert_eq!(read, [3, 4, 1]);
    }
}
