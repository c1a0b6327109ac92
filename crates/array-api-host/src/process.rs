//! Forked processes: what does not work in them, and how backends handle that.
//!
//! A forked child has a copy of all memory, but only one thread, the one that called `fork`. So a lock that another
//! thread held at that moment is never released, a thread pool has no threads, and the driver of a GPU does not work.
//! Python's `multiprocessing` forks by default on Linux (up to Python 3.13), so many users fork without knowing it.

use std::{
    ptr::null_mut,
    sync::atomic::{AtomicPtr, AtomicU64, Ordering},
};

/// The error message for a GPU in a forked child.
pub const FORKED: &str = "this process was forked from one that had already started the GPU's driver, which works in no forked process; \
     start processes with \"spawn\" or \"forkserver\" (in Python: `multiprocessing.set_start_method`), or fork before the first use of a GPU";

/// The identity of a process among those that are forked from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(u64);

impl Process {
    /// The process that calls this.
    pub fn current() -> Self {
        Self(forks::number())
    }

    /// Whether this is the process that first used this crate, and not a forked child of it.
    pub const fn is_first(self) -> bool {
        self.0 <= 1
    }
}

#[cfg(unix)]
mod forks {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// 0 until `count` has run, then 1; each forked child adds to its copy.
    static NUMBER: AtomicU64 = AtomicU64::new(0);

    extern "C" fn in_child() {
        NUMBER.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn number() -> u64 {
        match NUMBER.load(Ordering::Acquire) {
            0 => count(),
            number => number,
        }
    }

    /// Registers [`in_child`], which the system then calls in every forked child. There is no lock around this, because
    /// a fork could leave it locked. If two threads come here at once, children count in twos, which is harmless:
    /// numbers are only compared for equality.
    #[cold]
    fn count() -> u64 {
        // SAFETY: the handler does nothing but add to a number, which is allowed in a forked child.
        if unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0 {
            let _ = NUMBER.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire);
        }
        NUMBER.load(Ordering::Acquire)
    }
}

#[cfg(not(unix))]
mod forks {
    /// There is no `fork` here.
    pub(super) const fn number() -> u64 {
        1
    }
}

/// A value that every process has for itself: a forked child starts with the default. The copy of the parent's value
/// may be locked or half changed, so the child neither uses nor frees it.
pub struct PerProcess<T>(AtomicPtr<Owned<T>>);

struct Owned<T> {
    process: Process,
    value: T,
}

impl<T: Default + Sync> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Default + Sync> PerProcess<T> {
    /// No value yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// This process's value.
    pub fn get(&self) -> &T {
        let process = Process::current();
        let seen = self.0.load(Ordering::Acquire);
        // SAFETY: the pointer is null or that of a box that is never freed.
        match unsafe { seen.as_ref() } {
            Some(owned) if owned.process == process => &owned.value,
            _ => self.renewed(process, seen),
        }
    }

    #[cold]
    fn renewed(&self, process: Process, seen: *mut Owned<T>) -> &T {
        let fresh = Box::into_raw(Box::new(Owned {
            process,
            value: T::default(),
        }));
        let exchanged = self
            .0
            .compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire);
        match exchanged {
            // SAFETY: made above, and never freed from now on.
            Ok(_) => unsafe { &(*fresh).value },
            Err(other) => {
                // SAFETY: made above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(fresh) });
                // SAFETY: another thread of this process was faster; what it made is never freed.
                unsafe { &(*other).value }
            }
        }
    }
}

/// Remembers which process started something that does not work in a forked child.
#[derive(Default)]
pub struct Starter(AtomicU64);

impl Starter {
    /// Nothing was started yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Registers this process as the one that starts it.
    ///
    /// # Errors
    /// [`FORKED`], if the process that this one was forked from has started it.
    pub fn claim(&self) -> Result<(), &'static str> {
        let Process(here) = Process::current();
        let first = self
            .0
            .compare_exchange(0, here, Ordering::AcqRel, Ordering::Acquire);
        match first {
            Err(first) if first != here => Err(FORKED),
            _ => Ok(()),
        }
    }

    /// Withdraws the claim, because the start has failed.
    pub fn give_up(&self) {
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn threads_of_one_process_share_its_value() {
        static VALUE: PerProcess<Mutex<u32>> = PerProcess::new();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        *VALUE.get().lock().expect("no panic") += 1;
                    }
                });
            }
        });
        assert_eq!(*VALUE.get().lock().expect("no panic"), 800);
    }

    #[test]
    fn a_starter_refuses_other_processes_only() {
        let starter = Starter::new();
        assert_eq!(starter.claim(), Ok(()));
        assert_eq!(starter.claim(), Ok(()));
        let child = Starter(AtomicU64::new(Process::current().0 + 1));
        assert_eq!(child.claim(), Err(FORKED));
        child.give_up();
        assert_eq!(child.claim(), Ok(()));
    }
}
