//! The thread pool: rayon's current one, or in a forked child a pool of its own. The child has none of rayon's threads,
//! so work that is given to rayon's pool there is never done.

use std::{mem, sync::OnceLock};

use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};

use crate::process::{PerProcess, Process};

/// Runs work in a pool with living threads. Everything that uses rayon must be called through this.
pub fn install<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if Process::current().is_first() {
        work()
    } else if let Some(pool) = childs_pool() {
        pool.install(work)
    } else {
        alone(work)
    }
}

/// Calls `work` with the number and the elements of each chunk of `length` elements (the last may be shorter). A thread
/// takes at least `grain` chunks at once.
///
/// `work` is not a type parameter, so that rayon's code is not compiled for every caller.
pub fn for_each_chunk<T: Send>(
    out: &mut [T],
    length: usize,
    grain: usize,
    work: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    install(|| {
        let chunks = out.par_chunks_mut(length).enumerate();
        let each = |(number, chunk): (usize, &mut [T])| work(number, chunk);
        chunks.with_min_len(grain).for_each(each);
    });
}

/// How many threads work in [`install`] has.
pub fn count() -> usize {
    if Process::current().is_first() {
        rayon::current_num_threads()
    } else {
        childs_pool().map_or(1, ThreadPool::current_num_threads)
    }
}

/// The pool of this process, which is a forked child; `None` if the system cannot start threads.
#[cold]
fn childs_pool() -> Option<&'static ThreadPool> {
    static POOL: PerProcess<OnceLock<Option<ThreadPool>>> = PerProcess::new();
    let pool = POOL.get();
    pool.get_or_init(|| ThreadPoolBuilder::new().build().ok())
        .as_ref()
}

/// Runs work on this thread alone, also what the work gives to rayon.
fn alone<R>(work: impl FnOnce() -> R) -> R {
    if rayon::current_thread_index().is_none() {
        let one = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        // The pool's only thread is this one, so nothing is left to join.
        let _ = one.build().map(mem::forget);
    }
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_is_worked_on_once() {
        let mut values = vec![0; 1001];
        for_each_chunk(&mut values, 10, 3, &|number, chunk| {
            chunk.iter_mut().for_each(|x| *x += number + 1);
        });
        assert!(values.iter().enumerate().all(|(i, &x)| x == i / 10 + 1));
    }

    #[test]
    fn one_thread_can_do_all_the_work() {
        let thread = std::thread::spawn(|| {
            let here = std::thread::current().id();
            for _ in 0..2 {
                let all_here = alone(|| {
                    (0..1000)
                        .into_par_iter()
                        .all(|_| std::thread::current().id() == here)
                });
                assert!(all_here && rayon::current_num_threads() == 1);
            }
        });
        thread.join().expect("no panic");
    }
}
