//! Streams: work is queued, and executed only when the host waits for it.
//!
//! A GPU may execute queued work at any time until something waits for it; here that is always the
//! last moment, and between independent streams the order is drawn. So what a program reads
//! without waiting is what was there before, however fast the machine.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::c_void;
use std::time::Instant;

use crate::execute::{Fault, Random};
use crate::machine::{Call, Machine};

/// The stream that a null handle means; blocking streams wait for it, and it for them.
pub(crate) const DEFAULT: u64 = 0;

/// Where a copy from the host takes its bytes.
#[derive(Debug)]
pub(crate) enum Source {
    /// Pageable memory, read when the copy was queued.
    Snapshot(Vec<u8>),
    /// Pinned memory, read when the copy is executed.
    Pinned(*const u8, usize),
}

#[derive(Debug)]
pub(crate) enum Work {
    Launch(Box<Call>),
    HostToDevice(u64, Source),
    DeviceToHost(*mut u8, u64, usize),
    DeviceToDevice(u64, u64, u64),
    Fill(u64, u64, Vec<u8>),
    Record(u64),
    /// Until that much of another stream is done.
    Wait(Mark),
    Callback(unsafe extern "C" fn(*mut c_void), *mut c_void),
    Free(u64),
}

// SAFETY: the driver's caller promises that the pointers stay valid until the work is done, from
// whatever thread waits for it.
unsafe impl Send for Work {}

/// A place in a stream's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    stream: u64,
    sequence: u64,
}

impl Mark {
    pub(crate) fn stream(self) -> u64 {
        self.stream
    }
}

#[derive(Debug)]
struct Item {
    sequence: u64,
    work: Work,
}

#[derive(Debug)]
struct Stream {
    items: VecDeque<Item>,
    blocking: bool,
    context: u64,
    flags: u32,
    priority: i32,
}

#[derive(Debug, Default)]
struct Event {
    recorded: Option<Mark>,
    time: Option<Instant>,
    context: u64,
}

/// All streams and events.
#[derive(Debug)]
pub(crate) struct Streams {
    streams: BTreeMap<u64, Stream>,
    events: BTreeMap<u64, Event>,
    sequence: u64,
    random: Random,
}

impl Streams {
    pub(crate) fn new(seed: u64) -> Self {
        let mut streams = BTreeMap::new();
        streams.insert(
            DEFAULT,
            Stream {
                items: VecDeque::new(),
                blocking: false,
                context: 0,
                flags: 0,
                priority: 0,
            },
        );
        Self {
            streams,
            events: BTreeMap::new(),
            sequence: 0,
            random: Random::new(seed ^ 0x5745),
        }
    }

    pub(crate) fn create(&mut self, id: u64, context: u64, flags: u32, priority: i32) {
        let stream = Stream {
            items: VecDeque::new(),
            blocking: flags & 1 == 0,
            context,
            flags,
            priority,
        };
        self.streams.insert(id, stream);
    }

    /// The flags and the priority of a stream.
    pub(crate) fn properties(&self, id: u64) -> Option<(u32, i32)> {
        self.streams.get(&id).map(|s| (s.flags, s.priority))
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.streams.contains_key(&id)
    }

    pub(crate) fn remove(&mut self, id: u64) {
        self.streams.remove(&id);
    }

    pub(crate) fn is_idle(&self, id: u64) -> bool {
        self.streams.get(&id).is_none_or(|s| s.items.is_empty())
    }

    pub(crate) fn push(&mut self, id: u64, work: Work) {
        self.sequence += 1;
        let sequence = self.sequence;
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.items.push_back(Item { sequence, work });
        }
    }

    /// The end of what is queued now.
    fn mark(&self, stream: u64) -> Mark {
        Mark {
            stream,
            sequence: self.sequence,
        }
    }

    pub(crate) fn create_event(&mut self, id: u64, context: u64) {
        let event = Event {
            context,
            ..Event::default()
        };
        self.events.insert(id, event);
    }

    pub(crate) fn has_event(&self, id: u64) -> bool {
        self.events.contains_key(&id)
    }

    pub(crate) fn remove_event(&mut self, id: u64) {
        self.events.remove(&id);
    }

    pub(crate) fn record(&mut self, event: u64, stream: u64) {
        self.push(stream, Work::Record(event));
        let mark = self.mark(stream);
        if let Some(event) = self.events.get_mut(&event) {
            event.recorded = Some(mark);
            event.time = None;
        }
    }

    pub(crate) fn wait(&mut self, stream: u64, event: u64) {
        if let Some(mark) = self.events.get(&event).and_then(|e| e.recorded) {
            self.push(stream, Work::Wait(mark));
        }
    }

    /// Where an event was recorded last, if that work is not done.
    pub(crate) fn pending(&self, event: u64) -> Option<Mark> {
        let mark = self.events.get(&event)?.recorded?;
        self.reaches(mark).then_some(mark)
    }

    /// When an event's work was done.
    pub(crate) fn time(&self, event: u64) -> Option<Instant> {
        self.events.get(&event)?.time
    }

    /// Whether work up to the mark is still queued.
    fn reaches(&self, mark: Mark) -> bool {
        let first = self.streams.get(&mark.stream).and_then(|s| s.items.front());
        first.is_some_and(|item| item.sequence <= mark.sequence)
    }

    /// Forgets all work, as after a fault.
    pub(crate) fn abandon(&mut self) {
        self.streams.values_mut().for_each(|s| s.items.clear());
    }

    pub(crate) fn remove_context(&mut self, context: u64) {
        self.streams
            .retain(|_, s| s.context != context || s.context == 0);
        self.events.retain(|_, e| e.context != context);
    }

    /// Executes the work of a stream up to now.
    pub(crate) fn synchronise(&mut self, machine: &mut Machine, id: u64) -> Result<(), Fault> {
        let mark = self.mark(id);
        self.run_to(machine, mark)
    }

    /// Executes all work.
    pub(crate) fn drain(&mut self, machine: &mut Machine) -> Result<(), Fault> {
        loop {
            let busy: Vec<u64> = self.busy().collect();
            if busy.is_empty() {
                return Ok(());
            }
            let id = busy[self.random.below(busy.len())];
            self.run_one(machine, id)?;
        }
    }

    fn busy(&self) -> impl Iterator<Item = u64> {
        let busy = self.streams.iter().filter(|(_, s)| !s.items.is_empty());
        busy.map(|(id, _)| *id)
    }

    /// Executes a stream up to a mark; others may get ahead in between.
    pub(crate) fn run_to(&mut self, machine: &mut Machine, mark: Mark) -> Result<(), Fault> {
        while self.reaches(mark) {
            let busy: Vec<u64> = self.busy().collect();
            if busy.len() > 1 && self.random.below(4) == 0 {
                let other = busy[self.random.below(busy.len())];
                self.run_one(machine, other)?;
            } else {
                self.run_one(machine, mark.stream)?;
            }
        }
        Ok(())
    }

    /// Executes the first item of a stream, and before it what it has to wait for.
    pub(crate) fn run_one(&mut self, machine: &mut Machine, id: u64) -> Result<(), Fault> {
        let Some(stream) = self.streams.get(&id) else {
            return Ok(());
        };
        let Some(first) = stream.items.front() else {
            return Ok(());
        };
        let before = first.sequence - 1;
        let awaited: Vec<Mark> = match &first.work {
            Work::Wait(mark) => vec![*mark],
            _ if id == DEFAULT => {
                let blocking = self.streams.iter().filter(|(_, s)| s.blocking);
                blocking
                    .map(|(&stream, _)| Mark {
                        stream,
                        sequence: before,
                    })
                    .collect()
            }
            _ if stream.blocking => vec![Mark {
                stream: DEFAULT,
                sequence: before,
            }],
            _ => Vec::new(),
        };
        for mark in awaited {
            while self.reaches(mark) {
                self.run_one(machine, mark.stream)?;
            }
        }
        let stream = self.streams.get_mut(&id);
        match stream.and_then(|s| s.items.pop_front()) {
            Some(item) => self.perform(machine, item.work),
            None => Ok(()),
        }
    }

    fn perform(&mut self, machine: &mut Machine, work: Work) -> Result<(), Fault> {
        let memory = &mut machine.memory;
        let done = match work {
            Work::Launch(call) => return machine.execute(&call),
            Work::HostToDevice(to, Source::Snapshot(bytes)) => memory.write(to, &bytes),
            Work::HostToDevice(to, Source::Pinned(from, size)) => {
                // SAFETY: the caller keeps pinned memory until the copy is waited for, and freeing
                // it waits.
                memory.write(to, unsafe { std::slice::from_raw_parts(from, size) })
            }
            Work::DeviceToHost(to, from, size) => {
                // SAFETY: as above; the call was checked for a null pointer.
                memory.read(from, unsafe { std::slice::from_raw_parts_mut(to, size) })
            }
            Work::DeviceToDevice(to, from, size) => memory.copy(to, from, size),
            Work::Fill(to, size, pattern) => memory.fill(to, size, &pattern),
            Work::Free(pointer) => memory.free(pointer),
            Work::Record(event) => {
                if let Some(event) = self.events.get_mut(&event) {
                    event.time = Some(Instant::now());
                }
                Ok(())
            }
            Work::Wait(_) => Ok(()),
            Work::Callback(function, data) => {
                // SAFETY: `cuLaunchHostFunc` was given the function with this data.
                unsafe { function(data) };
                Ok(())
            }
        };
        // The ranges were checked when the work was queued, so they were freed since.
        done.map_err(|_| Fault {
            kind: crate::FaultKind::IllegalAddress,
            message: "a queued copy or fill touches memory that was freed after it was queued \
                      (executed by a PTX interpreter)"
                .to_owned(),
        })
    }
}
