//! One namespace, used by eight threads at once: the results are those of one thread, and nobody waits for ever.
#![allow(missing_docs, reason = "tests")]

mod calls;

use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use array_api_compat::{
    cpu,
    cuda::{self, Kernels},
    gpu::runtime::Counters,
    wgpu::{self, Types},
};
use array_api_spec::{Backend, Error, Namespace};

use self::calls::{calls, matrix};

const THREADS: usize = 8;

/// What the threads get before they count as waiting for each other.
const PATIENCE: Duration = Duration::from_secs(400);

/// Does all calls, from the given one on. Each result stands at its call's place.
fn all<B: Backend>(
    xp: &Namespace<B>,
    n: usize,
    first: usize,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Vec<f64>>, Error> {
    let m = matrix(xp, n)?;
    let mut calls = calls::<B>();
    calls.retain(|(name, _)| wanted(name));
    let mut results = vec![Vec::new(); calls.len()];
    for k in 0..calls.len() {
        let place = (first + k) % calls.len();
        results[place] = calls[place].1(xp, &m)?;
    }
    Ok(results)
}

/// Eight threads do the calls of `n`-rowed matrices at once, each from another one on.
fn all_at_once<B: Backend>(
    xp: &Namespace<B>,
    n: usize,
    wanted: fn(&str) -> bool,
) -> Result<Vec<Vec<f64>>, Error> {
    let alone = all(xp, n, 0, wanted)?;
    let (report, reports) = channel();
    for thread in 0..THREADS {
        let (xp, report) = (xp.clone(), report.clone());
        thread::spawn(move || report.send((thread, all(&xp, n, 3 * thread, wanted))));
    }
    drop(report);
    for _ in 0..THREADS {
        match reports.recv_timeout(PATIENCE) {
            Ok((thread, results)) => assert_close(&results?, &alone, thread),
            Err(RecvTimeoutError::Timeout) => panic!("threads wait for each other"),
            Err(RecvTimeoutError::Disconnected) => panic!("a thread panicked"),
        }
    }
    Ok(alone)
}

fn assert_close(got: &[Vec<f64>], wanted: &[Vec<f64>], thread: usize) {
    for (call, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        assert_eq!(got.len(), wanted.len(), "call {call} in thread {thread}");
        for (x, y) in got.iter().zip(wanted) {
            let close = (x - y).abs() <= 1e-9 * y.abs().max(1.0);
            assert!(close, "call {call} in thread {thread}: {x} is not {y}");
        }
    }
}

/// Eight threads do eight times the work of one, and compile nothing that is compiled.
fn assert_counted<B: Backend>(
    xp: &Namespace<B>,
    n: usize,
    wanted: fn(&str) -> bool,
    counters: impl Fn() -> Counters,
) -> Result<(), Error> {
    all(xp, n, 0, wanted)?;
    let start = counters();
    all(xp, n, 0, wanted)?;
    let one = counters();
    all_at_once(xp, n, wanted)?;
    let end = counters();
    let times = THREADS as u64 + 1;
    for of in [
        |c: &Counters| c.launches,
        |c: &Counters| c.allocations,
        |c: &Counters| c.allocated_bytes,
        |c: &Counters| c.downloads,
        |c: &Counters| c.downloaded_bytes,
    ] {
        let (one, all) = (of(&one) - of(&start), of(&end) - of(&one));
        assert_eq!(all, one * times, "{start:?} {one:?} {end:?}");
    }
    assert_eq!(end.compilations, start.compilations);
    Ok(())
}

#[test]
fn on_the_cpu() -> Result<(), Error> {
    // Large enough that every call is spread over threads itself.
    all_at_once(&cpu(), 420, |_| true).map(drop)
}

#[test]
fn on_wgpu() -> Result<(), Error> {
    if wgpu::adapters().is_empty() {
        array_api_conformance::skip(
            "wgpu",
            "`apt-get install mesa-vulkan-drivers` adds an adapter",
        );
        return Ok(());
    }
    for types in [Types::All, Types::Masked] {
        let xp = Namespace::new(wgpu::fresh_backend(0, types)?);
        assert_counted(&xp, 50, |_| true, || xp.backend().counters())?;
    }
    Ok(())
}

#[test]
fn on_cuda() -> Result<(), Error> {
    ptx_sim::install().expect("no call of the driver comes before");
    for kernels in [Kernels::Embedded, Kernels::Any] {
        let xp = Namespace::new(cuda::fresh_backend(0, kernels)?);
        assert_counted(&xp, 20, |_| true, || xp.backend().counters())?;
    }
    Ok(())
}
