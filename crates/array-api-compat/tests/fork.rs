//! A forked process computes, or says at once why it cannot.
#![cfg(unix)]
#![allow(missing_docs, reason = "tests")]

mod calls;

use std::{
    io::{Read, Write, pipe},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use array_api_compat::{
    cpu, cuda, device,
    gpu::runtime::Runtime as _,
    wgpu::{Types, adapters, fresh_backend, wgpu, with_masked_types},
};
use array_api_spec::{Array, Backend, DType, Error, Namespace, Norm};

use self::calls::{calls, matrix, numbers};

/// Above the order up to which one thread factorises, and a multiple of 10.
const ORDER: usize = 420;

/// What a child gets before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(240);

type Outcome = Result<(), String>;

/// Forks and lets the child work. A child that hangs is killed.
fn forked(work: impl FnOnce() -> Outcome) -> Outcome {
    let (mut reader, mut writer) = pipe().expect("a pipe");
    // SAFETY: the child ends in this block, by `_exit`, so that nothing of the test's own is done twice.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        let outcome = outcome.unwrap_or_else(|_| Err("the child panicked".into()));
        let code = outcome.map_or_else(
            |text| {
                let _ = writer.write_all(text.as_bytes());
                1
            },
            |()| 0,
        );
        // SAFETY: it ends the process and touches no memory.
        unsafe { libc::_exit(code) };
    }
    let start = Instant::now();
    let mut status = 0;
    // SAFETY: the child is this process's own, and the pointer that of a living variable.
    while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
        if start.elapsed() > PATIENCE {
            // SAFETY: as above; the child has not been waited for, so its number is still its own.
            unsafe {
                libc::kill(child, libc::SIGKILL);
                libc::waitpid(child, &raw mut status, 0);
            }
            return Err("the child hangs".into());
        }
        thread::sleep(Duration::from_millis(2));
    }
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 {
        return Ok(());
    }
    drop(writer);
    let mut text = [0; 4096];
    let length = if libc::WIFEXITED(status) {
        reader.read(&mut text).unwrap_or(0)
    } else {
        0
    };
    let text = String::from_utf8_lossy(&text[..length]);
    Err(format!("the child ended with {status}: {text}"))
}

/// The results of all calls.
fn all<B: Backend>(xp: &Namespace<B>, n: usize) -> Result<Vec<(&'static str, Vec<f64>)>, String> {
    let said = |name: &str, error: Error| format!("{name}: {error}");
    let m = matrix(xp, n).map_err(|e| said("matrix", e))?;
    let results = calls::<B>().into_iter().map(|(name, call)| {
        let result = call(xp, &m).map_err(|e| said(name, e))?;
        Ok((name, result))
    });
    results.collect()
}

fn assert_same(got: &[(&str, Vec<f64>)], wanted: &[(&str, Vec<f64>)]) -> Outcome {
    for ((name, got), (_, wanted)) in got.iter().zip(wanted) {
        let close = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-9 * y.abs().max(1.0);
        if got.len() != wanted.len() || !got.iter().zip(wanted).all(close) {
            return Err(format!("{name} differs"));
        }
    }
    Ok(())
}

#[test]
fn a_child_and_its_child_compute_what_the_parent_does() -> Outcome {
    let xp = cpu();
    let wanted = all(&xp, ORDER)?;
    forked(|| {
        assert_same(&all(&xp, ORDER)?, &wanted)?;
        forked(|| assert_same(&all(&xp, ORDER)?, &wanted))
    })?;
    assert_same(&all(&xp, ORDER)?, &wanted)
}

#[test]
fn a_child_of_a_parent_at_work_computes() -> Outcome {
    let xp = cpu();
    let m = matrix(&xp, ORDER).map_err(|e| e.to_string())?;
    // Lengths that nobody has planned, large and small arrays, and the pool of memory.
    let work = |round: usize| -> Result<Vec<f64>, Error> {
        let x = xp.reshape(&m, [m.size()])?;
        let n = Some(3000 + round % 1000);
        let spectrum = xp.fft().rfft(&x, n, -1, Norm::Backward)?;
        let product = xp.matmul(&m, &m)?;
        let total = xp.sum(&product + &m, ..)?;
        Ok([numbers(&spectrum)?, numbers(&total)?].concat())
    };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for thread in 0..3 {
            let (stop, work) = (&stop, &work);
            scope.spawn(move || {
                let mut round = thread * 331;
                while !stop.load(Ordering::Relaxed) {
                    work(round).expect("room");
                    round += 1;
                }
            });
        }
        let children = (0..40).try_for_each(|round| {
            let wanted = work(round).map_err(|e| e.to_string())?;
            forked(|| {
                let got = work(round).map_err(|e| e.to_string())?;
                assert_same(&[("work", got)], &[("work", wanted)])
            })
            .map_err(|e| format!("child {round}: {e}"))
        });
        stop.store(true, Ordering::Relaxed);
        children
    })
}

/// A result that must be an error with the advice that users need.
fn refused<T>(what: &str, result: Result<T, Error>) -> Outcome {
    match result {
        Ok(_) => Err(format!("{what} succeeds in a forked process")),
        Err(error) if error.to_string().contains("forkserver") => Ok(()),
        Err(error) => Err(format!("{what}: {error}")),
    }
}

/// Every way to the device from a child: all say why there is none, and dropping is harmless.
fn child_of_a_gpu<B: Backend>(xp: Namespace<B>, x: Array<B>) -> Outcome {
    refused("an operation", (&x + 1.0).eval())?;
    refused("a reduction", xp.sum(&x, ..))?;
    refused("matmul", xp.matmul(&x, &x))?;
    refused("an upload", xp.asarray([1.0_f32]))?;
    refused("zeros", xp.zeros([3], DType::Float32))?;
    refused("a download", x.to_vec::<f32>())?;
    refused("a move", x.to_device(&cpu()))?;
    refused("waiting", xp.backend().synchronize())?;
    let mut y = x.clone();
    y += 1.0;
    refused("writing", y.to_vec::<f32>())?;
    drop((x, y, xp));
    Ok(())
}

#[test]
fn a_child_of_a_wgpu_program_is_told_so() -> Outcome {
    if adapters().is_empty() {
        array_api_conformance::skip(
            "wgpu",
            "`apt-get install mesa-vulkan-drivers` adds an adapter",
        );
        return Ok(());
    }
    let own = || fresh_backend(0, Types::All).map(Namespace::new);
    let opened = [wgpu(0), with_masked_types(0), own()];
    for xp in opened {
        let xp = xp.map_err(|e| e.to_string())?;
        let x = xp.asarray([1.0_f32, 2.0]).map_err(|e| e.to_string())?;
        let y = (&x * 2.0).eval().map_err(|e| e.to_string())?;
        // Handles that go in the child must not go here.
        let (again, same) = (xp.clone(), y.clone());
        forked(move || {
            child_of_a_gpu(again, same)?;
            refused("opening again", wgpu(0))?;
            refused("opening anew", fresh_backend(0, Types::Masked))?;
            refused("naming", device("wgpu:0"))?;
            let cpu = all(&cpu(), 50)?;
            assert_same(&cpu, &cpu)
        })?;
        assert_eq!(y.to_vec::<f32>().map_err(|e| e.to_string())?, [2.0, 4.0]);
    }
    Ok(())
}

#[test]
fn the_last_handle_may_go_in_a_child() -> Outcome {
    if adapters().is_empty() {
        array_api_conformance::skip(
            "wgpu",
            "`apt-get install mesa-vulkan-drivers` adds an adapter",
        );
        return Ok(());
    }
    let xp = fresh_backend(0, Types::All).map(Namespace::new);
    let xp = xp.map_err(|e| e.to_string())?;
    // Work that is recorded and not submitted.
    let x = xp.asarray([1.0_f32, 2.0]).map_err(|e| e.to_string())?;
    let y = (&x * 2.0).eval().map_err(|e| e.to_string())?;
    assert!(xp.backend().runtime().counters().launches > 0);
    let mut handles = Some((xp, x, y));
    forked(|| {
        drop(handles.take());
        Ok(())
    })
}

#[test]
fn a_child_of_a_cuda_program_is_told_so() -> Outcome {
    ptx_sim::install().map_err(|e| e.to_string())?;
    let xp = cuda::cuda(0).map_err(|e| e.to_string())?;
    let x = xp.asarray([1.0_f32, 2.0]).map_err(|e| e.to_string())?;
    let y = (&x * 2.0).eval().map_err(|e| e.to_string())?;
    let (again, same) = (xp, y.clone());
    forked(move || {
        child_of_a_gpu(again, same)?;
        refused("opening again", cuda::cuda(0))?;
        refused("opening anew", cuda::fresh_backend(0, cuda::Kernels::Any))?;
        refused("naming", device("cuda-sim"))
    })?;
    assert_eq!(y.to_vec::<f32>().map_err(|e| e.to_string())?, [2.0, 4.0]);
    Ok(())
}
