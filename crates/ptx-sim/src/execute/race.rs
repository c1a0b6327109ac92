//! Races on shared memory: two threads touch a place, one writes, nothing orders them.
//!
//! Order comes from a block barrier, or within a warp from `bar.warp.sync` of both lanes. That
//! lanes run in step is no order: since Volta they need not.

use super::registers::LANES;

/// Who touched a place last. A stamp is the number of the barrier interval, never zero.
#[derive(Clone, Copy, Default)]
struct Cell {
    write_interval: u32,
    write_sync: u32,
    read_interval: u32,
    read_sync: u32,
    writer: u16,
    reader: u16,
    atomic: bool,
    readers: Readers,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Readers {
    #[default]
    One,
    /// Several lanes of the reader's warp.
    Warp,
    /// Lanes of several warps.
    Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    Read,
    /// A write, and whether it leaves the value as it was: then any order gives the same.
    Write {
        same: bool,
    },
    Atomic,
}

/// The history of a block's shared memory.
pub(super) struct Races {
    cells: Vec<Cell>,
    /// The logarithm of the bytes of one cell: of the smallest shared access of the kernel.
    shift: u32,
    interval: u32,
    /// For each warp the number of its `bar.warp.sync`s.
    syncs: Vec<u32>,
    /// For each thread the last of them that it took part in.
    seen: Vec<u32>,
}

impl Races {
    pub(super) fn new(bytes: usize, grain: usize, warps: usize) -> Self {
        Self {
            cells: vec![Cell::default(); bytes.div_ceil(grain)],
            shift: grain.trailing_zeros(),
            interval: 0,
            syncs: vec![0; warps],
            seen: vec![0; warps * LANES],
        }
    }

    /// A new block starts, or all threads have passed a barrier.
    pub(super) fn barrier(&mut self) {
        self.interval += 1;
    }

    /// The lanes of `mask` have met.
    pub(super) fn warp_sync(&mut self, warp: usize, mask: u32) {
        self.syncs[warp] += 1;
        for lane in (0..LANES).filter(|lane| mask >> lane & 1 == 1) {
            self.seen[warp * LANES + lane] = self.syncs[warp];
        }
    }

    /// Whether `earlier`, stamped, comes before what `thread` does now.
    #[inline]
    fn ordered(&self, interval: u32, sync: u32, earlier: u16, thread: u16) -> bool {
        let (earlier, thread) = (usize::from(earlier), usize::from(thread));
        interval != self.interval
            || earlier == thread
            || earlier / LANES == thread / LANES
                && self.seen[earlier] > sync
                && self.seen[thread] > sync
    }

    /// Notes that `thread` touches bytes that no other has touched since the last barrier, or, to
    /// read, that none has written; false if one has.
    #[inline(always)]
    pub(super) fn touch_fresh(&mut self, at: usize, size: usize, thread: u16, write: bool) -> bool {
        let (interval, sync) = (self.interval, self.syncs[usize::from(thread) / LANES]);
        let cells = &mut self.cells[at >> self.shift..=(at + size - 1) >> self.shift];
        for cell in cells {
            let unwritten = cell.write_interval != interval || cell.writer == thread;
            let unread = cell.read_interval != interval
                || cell.reader == thread && cell.readers == Readers::One;
            if !unwritten || cell.atomic && cell.write_interval == interval {
                return false;
            }
            if write && unread {
                cell.atomic = false;
                (cell.write_interval, cell.write_sync, cell.writer) = (interval, sync, thread);
            } else if !write && unread {
                cell.readers = Readers::One;
                (cell.read_interval, cell.read_sync, cell.reader) = (interval, sync, thread);
            } else if !write {
                let same = usize::from(cell.reader) / LANES == usize::from(thread) / LANES;
                cell.readers = match cell.readers {
                    Readers::Block => Readers::Block,
                    _ if same => Readers::Warp,
                    _ => Readers::Block,
                };
                (cell.read_sync, cell.reader) = (sync, thread);
            } else {
                return false;
            }
        }
        true
    }

    /// Notes that `thread` touches `size` bytes at `at`; gives the thread that it races with.
    #[inline]
    pub(super) fn touch(&mut self, at: usize, size: usize, thread: u16, how: Touch) -> Option<u16> {
        let (first, last) = (at >> self.shift, (at + size - 1) >> self.shift);
        (first..=last).find_map(|cell| self.touch_cell(cell, thread, how))
    }

    #[inline]
    fn touch_cell(&mut self, at: usize, thread: u16, how: Touch) -> Option<u16> {
        let cell = self.cells[at];
        let harmless = matches!(how, Touch::Write { same: true });
        let mut rival = None;
        let ordered = self.ordered(cell.write_interval, cell.write_sync, cell.writer, thread);
        let together = cell.atomic && how == Touch::Atomic;
        if !(ordered || harmless || together) {
            rival = Some(cell.writer);
        }
        if how != Touch::Read && !harmless && rival.is_none() {
            rival = self.racing_reader(&cell, thread);
        }
        let sync = self.syncs[usize::from(thread) / LANES];
        let interval = self.interval;
        let cell = &mut self.cells[at];
        if how == Touch::Read {
            let warp = |thread: u16| usize::from(thread) / LANES;
            let fresh = cell.read_interval != interval;
            cell.readers = match cell.readers {
                _ if fresh => Readers::One,
                Readers::Block => Readers::Block,
                _ if warp(cell.reader) != warp(thread) => Readers::Block,
                Readers::One if cell.reader == thread => Readers::One,
                _ => Readers::Warp,
            };
            (cell.read_interval, cell.read_sync, cell.reader) = (interval, sync, thread);
        } else {
            cell.atomic = how == Touch::Atomic;
            (cell.write_interval, cell.write_sync, cell.writer) = (interval, sync, thread);
        }
        rival
    }

    /// A reader that a write of `thread` races with.
    fn racing_reader(&self, cell: &Cell, thread: u16) -> Option<u16> {
        if cell.read_interval != self.interval {
            return None;
        }
        let other_warp = usize::from(cell.reader) / LANES != usize::from(thread) / LANES;
        let racing = match cell.readers {
            Readers::One => !self.ordered(cell.read_interval, cell.read_sync, cell.reader, thread),
            Readers::Warp => other_warp || self.seen[usize::from(thread)] <= cell.read_sync,
            Readers::Block => true,
        };
        racing.then_some(cell.reader)
    }
}
