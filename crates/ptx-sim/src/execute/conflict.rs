//! Races on global memory, within one launch.
//!
//! Each word remembers its last writer and its readers. Threads of a block are ordered by
//! barriers; blocks only by `membar.gl` of the writer, and then only if the program also tells the
//! reader, which is taken on trust. Accesses of less than a word are not followed.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

use super::race::Touch;

/// How many blocks are told apart.
const BLOCKS: u64 = 1 << 16;

/// How many barrier intervals are told apart.
const INTERVALS: u32 = 1 << 12;

/// How many launches are told apart.
const LAUNCHES: u64 = 1 << 18;

/// The bytes of a word with a history.
pub(crate) const WORD: usize = 4;

/// The records of words, from some word of an allocation on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) writers: *const AtomicU64,
    pub(crate) readers: *const AtomicU64,
    /// The last launch that has written any word of the allocation, and that has read any: the
    /// records of what a launch only reads, or only writes, need not all be looked at.
    pub(crate) latest: *const [AtomicU64; 2],
}

impl Words {
    /// The records from a later word on.
    ///
    /// # Safety
    ///
    /// The allocation has that word.
    #[inline(always)]
    pub(super) unsafe fn from(self, word: usize) -> Self {
        // SAFETY: the caller promises the word.
        unsafe {
            Self {
                writers: self.writers.add(word),
                readers: self.readers.add(word),
                latest: self.latest,
            }
        }
    }

    /// Whether the launch has written the allocation before, and read it; from here on it has.
    ///
    /// # Safety
    ///
    /// The allocation is live.
    #[inline(always)]
    pub(super) unsafe fn enter(self, stamp: u64, write: bool) -> [bool; 2] {
        // SAFETY: the caller promises the allocation.
        let latest = unsafe { &*self.latest };
        let launch = stamp >> 46;
        let before = [0, 1].map(|at: usize| latest[at].load(Relaxed) == launch);
        let own = usize::from(!write);
        if !before[own] {
            latest[own].store(launch, Relaxed);
        }
        before
    }
}

/// The fences that the blocks of a launch have executed.
#[derive(Debug)]
pub(crate) struct Fences {
    counts: Box<[AtomicU8]>,
    any: AtomicBool,
    launch: u64,
}

impl Fences {
    /// For a launch with that number among all.
    pub(crate) fn new(launch: u64, blocks: u64) -> Self {
        Self {
            counts: (0..blocks.min(BLOCKS)).map(|_| AtomicU8::new(0)).collect(),
            any: AtomicBool::new(false),
            launch: 1 + launch % (LAUNCHES - 1),
        }
    }

    fn count(&self, block: u64) -> u64 {
        let count = self.counts.get((block % BLOCKS) as usize);
        count.map_or(0, |c| u64::from(c.load(Relaxed) % 64))
    }
}

/// Who touches: the fields of a record, from the highest bits down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    launch: u64,
    block: u64,
    interval: u32,
    thread: u32,
    fences: u64,
    /// An atomic, of a writer; or more readers of the block than one.
    joint: bool,
    /// Readers in more blocks than one.
    spread: bool,
}

impl Record {
    fn pack(self) -> u64 {
        self.launch << 46
            | self.block << 30
            | u64::from(self.interval) << 18
            | u64::from(self.thread) << 8
            | self.fences << 2
            | u64::from(self.joint) << 1
            | u64::from(self.spread)
    }

    fn unpack(bits: u64) -> Self {
        Self {
            launch: bits >> 46,
            block: bits >> 30 & (BLOCKS - 1),
            interval: (bits >> 18) as u32 & (INTERVALS - 1),
            thread: (bits >> 8) as u32 & 1023,
            fences: bits >> 2 & 63,
            joint: bits >> 1 & 1 == 1,
            spread: bits & 1 == 1,
        }
    }
}

/// The place in time of a block's accesses.
#[derive(Clone, Debug)]
pub(super) struct Moment<'a> {
    fences: &'a Fences,
    block: u64,
    interval: u32,
    /// For each warp, whether its lanes have met since the last barrier.
    met: Vec<bool>,
}

/// Whom an access races with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rival {
    pub(super) thread: u32,
    /// If it is of another block.
    pub(super) block: Option<u64>,
}

impl<'a> Moment<'a> {
    pub(super) fn new(fences: &'a Fences, warps: usize) -> Self {
        Self {
            fences,
            block: 0,
            interval: 0,
            met: vec![false; warps],
        }
    }

    pub(super) fn enter(&mut self, block: u64) {
        self.block = block % BLOCKS;
        self.barrier();
    }

    pub(super) fn barrier(&mut self) {
        self.interval = (self.interval + 1) % INTERVALS;
        self.met.fill(false);
    }

    pub(super) fn warp_sync(&mut self, warp: usize) {
        self.met[warp] = true;
    }

    /// What the block has written is visible to others from here on.
    pub(super) fn fence(&self) {
        if let Some(count) = self.fences.counts.get(self.block as usize) {
            count.fetch_add(1, Relaxed);
        }
        self.fences.any.store(true, Relaxed);
    }

    fn record(&self, thread: u32) -> Record {
        Record {
            launch: self.fences.launch,
            block: self.block,
            interval: self.interval,
            thread,
            fences: self.fences.count(self.block),
            joint: false,
            spread: false,
        }
    }

    /// Whether what the record says comes before what `thread` does now.
    fn ordered(&self, earlier: Record, thread: u32) -> bool {
        if earlier.block != self.block {
            return self.fences.count(earlier.block) != earlier.fences;
        }
        earlier.interval != self.interval
            || earlier.thread == thread
            || earlier.thread / 32 == thread / 32 && self.met[thread as usize / 32]
    }

    fn rival(&self, record: Record) -> Rival {
        Rival {
            thread: record.thread,
            block: (record.block != self.block).then_some(record.block),
        }
    }

    /// The record of a warp's first thread, now.
    #[inline(always)]
    pub(super) fn stamp(&self, warp: usize) -> u64 {
        self.record(32 * warp as u32).pack()
    }

    /// Notes that a lane touches words that no other thread has touched in this launch; false if
    /// one has. What `before` has of the allocation is from [`Words::enter`].
    ///
    /// # Safety
    ///
    /// `at` has the records of `count` words.
    #[inline(always)]
    pub(super) unsafe fn touch_fresh(
        (stamp, lane): (u64, usize),
        at: Words,
        count: usize,
        write: bool,
        [written, read]: [bool; 2],
    ) -> bool {
        let mine = stamp + ((lane as u64) << 8);
        let current = |other: u64| other >> 46 == mine >> 46;
        let fresh = |other: u64| !current(other) || other >> 8 == mine >> 8 && other & 3 == 0;
        for word in 0..count {
            // SAFETY: the caller promises the records.
            let (writer, reader) = unsafe { (&*at.writers.add(word), &*at.readers.add(word)) };
            if (write || written) && !fresh(writer.load(Relaxed)) {
                return false;
            }
            if write {
                if read && !fresh(reader.load(Relaxed)) {
                    return false;
                }
                writer.store(mine, Relaxed);
                continue;
            }
            let other = reader.load(Relaxed);
            // That many blocks read a word is noted once for all.
            if current(other) && other & 1 == 1 {
                continue;
            }
            if !fresh(other) {
                return false;
            }
            reader.store(mine, Relaxed);
        }
        true
    }

    /// Notes that `thread` touches words; gives whom it races with.
    ///
    /// # Safety
    ///
    /// `at` has the records of `count` words.
    pub(super) unsafe fn touch(
        &self,
        at: Words,
        count: usize,
        thread: u32,
        how: Touch,
    ) -> Option<Rival> {
        let now = self.record(thread);
        // SAFETY: as the caller promises; an atomic reads, too, but races with no reader.
        unsafe { at.enter(now.pack(), how != Touch::Read) };
        (0..count).find_map(|word| {
            // SAFETY: the caller promises the records.
            let (write, read) = unsafe { (&*at.writers.add(word), &*at.readers.add(word)) };
            let (writer, reader) = (write.load(Relaxed), read.load(Relaxed));
            let rival = self.racing_writer(Record::unpack(writer), thread, how);
            let rival = rival.or_else(|| self.racing_reader(Record::unpack(reader), thread, how));
            if how == Touch::Read {
                let joined = self.join(Record::unpack(reader), now);
                read.store(joined.pack(), Relaxed);
            } else {
                let joint = how == Touch::Atomic;
                write.store(Record { joint, ..now }.pack(), Relaxed);
            }
            rival
        })
    }

    fn racing_writer(&self, writer: Record, thread: u32, how: Touch) -> Option<Rival> {
        let harmless = match how {
            Touch::Write { same } => same,
            // Another block's atomic may be polled for.
            Touch::Read => writer.joint && writer.block != self.block,
            Touch::Atomic => writer.joint,
        };
        let current = writer.launch == self.fences.launch;
        (current && !harmless && !self.ordered(writer, thread)).then(|| self.rival(writer))
    }

    fn racing_reader(&self, reader: Record, thread: u32, how: Touch) -> Option<Rival> {
        let harmless = matches!(
            how,
            Touch::Read | Touch::Write { same: true } | Touch::Atomic
        );
        if harmless || reader.launch != self.fences.launch {
            return None;
        }
        let racing = if reader.spread {
            !self.fences.any.load(Relaxed)
        } else if reader.joint && reader.block == self.block {
            reader.interval == self.interval && !self.met[thread as usize / 32]
        } else {
            !self.ordered(reader, thread)
        };
        racing.then(|| self.rival(reader))
    }

    /// The record of readers with one more.
    fn join(&self, readers: Record, now: Record) -> Record {
        if readers.launch != now.launch {
            return now;
        }
        let same_block = readers.block == now.block;
        let same_interval = same_block && readers.interval == now.interval;
        Record {
            joint: same_interval && (readers.joint || readers.thread != now.thread),
            spread: readers.spread || !same_block,
            ..now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_unpacked_as_they_are_packed() {
        let record = Record {
            launch: LAUNCHES - 1,
            block: BLOCKS - 2,
            interval: INTERVALS - 3,
            thread: 1021,
            fences: 61,
            joint: true,
            spread: false,
        };
        assert_eq!(Record::unpack(record.pack()), record);
    }
}
