//! Memory that the drivers hold stays bounded, however much is sent, computed and dropped. The tests measure the process, so they run one after the other.
#![cfg(target_os = "linux")]
#![allow(missing_docs, reason = "tests")]

use std::{
    fs,
    sync::{Mutex, PoisonError},
};

use array_api_compat::{
    cpu,
    cuda::{self, Kernels},
    wgpu::{Types, adapters, fresh_backend},
};
use array_api_spec::{Backend, DType, Error, Namespace};

/// More than allocators and drivers keep for themselves, and much less than what all transfers together take.
const GROWTH: usize = 64 << 20;

/// Bytes of the process that lie in memory.
fn resident() -> usize {
    let text = fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|field| field.parse::<usize>().ok());
    // SAFETY: the call only reads a constant of the system.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages.expect("a number") * page as usize
}

/// Runs `work` with the numbers of rounds of a warm-up and of the real thing, and sees how much the process has grown by the latter.
fn assert_bounded(
    name: &str,
    rounds: usize,
    work: impl Fn(usize) -> Result<(), Error>,
) -> Result<(), Error> {
    work(rounds / 100 + 10)?;
    let before = resident();
    work(rounds)?;
    let growth = resident().saturating_sub(before);
    println!("{name}: {} KiB for {rounds} rounds", growth >> 10);
    assert!(
        growth < GROWTH,
        "{name}: the process grew by {growth} bytes"
    );
    Ok(())
}

/// `rounds` is for transfers; kernels are started four times as often, or less where they are slow.
fn assert_all_bounded<B: Backend>(
    xp: &Namespace<B>,
    rounds: usize,
    launches: usize,
) -> Result<(), Error> {
    let device = xp.device();
    let device = device.name();
    let values = vec![1.0_f32; 2000];
    assert_bounded(&format!("{device}: uploads"), rounds, |rounds| {
        let mut kept = None;
        for _ in 0..rounds {
            kept = Some(xp.asarray(values.as_slice())?);
        }
        assert_eq!(kept.map_or(0, |x| x.size()), 2000);
        Ok(())
    })?;
    assert_bounded(
        &format!("{device}: uploads of odd lengths"),
        rounds,
        |rounds| {
            for k in 0..rounds {
                drop(xp.asarray(vec![7_u8; 1 + k % 15_000])?);
            }
            Ok(())
        },
    )?;
    let x = xp.asarray(values.as_slice())?;
    assert_bounded(&format!("{device}: downloads"), rounds, |rounds| {
        (0..rounds).try_for_each(|_| x.to_vec::<f32>().map(drop))
    })?;
    assert_bounded(&format!("{device}: both ways"), rounds / 4, |rounds| {
        for k in 0..rounds {
            let x = xp.asarray(vec![1.0_f32; 1 + k % 9000])?;
            drop((&x + 1.0).eval()?.to_vec::<f32>()?);
        }
        Ok(())
    })?;
    assert_bounded(
        &format!("{device}: chained additions"),
        launches,
        |rounds| {
            let mut y = x.clone();
            for _ in 0..rounds {
                y = (&y + &x).eval()?;
            }
            assert_eq!(y.to_vec::<f32>()?[0], 1.0 + rounds as f32);
            Ok(())
        },
    )?;
    assert_bounded(
        &format!("{device}: additions in place"),
        launches,
        |rounds| {
            let mut y = x.clone();
            for _ in 0..rounds {
                y += &x;
            }
            assert_eq!(y.to_vec::<f32>()?[0], 1.0 + rounds as f32);
            Ok(())
        },
    )?;
    assert_bounded(
        &format!("{device}: dropped arrays"),
        launches / 2,
        |rounds| (0..rounds).try_for_each(|k| xp.zeros([1 + k % 20_000], DType::Float32).map(drop)),
    )
}

/// The tests take turns.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn on_the_cpu() -> Result<(), Error> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    assert_all_bounded(&cpu(), 30_000, 100_000)
}

#[test]
fn on_wgpu() -> Result<(), Error> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if adapters().is_empty() {
        array_api_conformance::skip(
            "wgpu",
            "`apt-get install mesa-vulkan-drivers` adds an adapter",
        );
        return Ok(());
    }
    for types in [Types::All, Types::Masked] {
        let xp = Namespace::new(fresh_backend(0, types)?);
        assert_all_bounded(&xp, 30_000, 100_000)?;
    }
    Ok(())
}

#[test]
fn on_cuda() -> Result<(), Error> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    ptx_sim::install().expect("no call of the driver comes before");
    let xp = Namespace::new(cuda::fresh_backend(0, Kernels::Embedded)?);
    // The interpreter takes its time over a kernel.
    assert_all_bounded(&xp, 3000, 200)
}
