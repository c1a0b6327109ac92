//! How many instructions a second the interpreter executes, on kernels whose results it checks.
//!
//! `cargo run --release -p ptx-sim --example speed [THREADS]`

use std::time::Instant;

use ptx_sim::{Argument, Error, Geometry, Machine, Module, Settings};

const N: usize = 1 << 20;
const SIDE: usize = 256;

/// The time that this thread has had a processor, where the system tells: other programs that run
/// beside do not count.
fn processor_seconds() -> Option<f64> {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = times.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

struct Bench {
    threads: usize,
    machine: Machine,
    module: Module,
}

impl Bench {
    fn run(&mut self, kernel: &str, geometry: Geometry, args: &[Argument]) -> Result<(), Error> {
        // The first time memory and code are touched for the first time.
        self.machine.launch(&self.module, kernel, geometry, args)?;
        let before = self.machine.statistics();
        let (start, busy) = (Instant::now(), processor_seconds());
        self.machine.launch(&self.module, kernel, geometry, args)?;
        let seconds = match (busy, processor_seconds()) {
            (Some(before), Some(after)) if self.threads == 1 => after - before,
            _ => start.elapsed().as_secs_f64(),
        };
        let after = self.machine.statistics();
        let threads = (after.thread_instructions - before.thread_instructions) as f64;
        let warps = (after.warp_instructions - before.warp_instructions) as f64;
        println!(
            "{kernel:10} {:7.1} ms {:7.1} M warp instructions/s {:6.3} G thread instructions/s",
            seconds * 1e3,
            warps / seconds / 1e6,
            threads / seconds / 1e9,
        );
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let threads = std::env::args()
        .nth(1)
        .and_then(|t| t.parse().ok())
        .unwrap_or(1);
    let mut machine = Machine::new(Settings {
        threads,
        races: std::env::var_os("PTX_SIM_RELAXED").is_none(),
        ..Settings::default()
    });
    let module = machine.load(include_str!("../kernels/speed.ptx"))?;
    let singles: Vec<f32> = (0..N).map(|i| i as f32 / N as f32).collect();
    let doubles: Vec<f64> = singles.iter().map(|&x| f64::from(x) + 0.5).collect();
    let (x, y) = (machine.upload(&singles)?, machine.allocate(4 * N)?);
    let (p, q) = (machine.upload(&doubles)?, machine.allocate(8 * N)?);
    let n = N as u64;
    let mut bench = Bench {
        threads,
        machine,
        module,
    };
    let all = Geometry::linear((N / 256) as u32, 256);

    bench.run("vec_add", all, &[x.into(), x.into(), y.into(), n.into()])?;
    let sums: Vec<f32> = bench.machine.download(y, N)?;
    assert!(sums.iter().zip(&singles).all(|(sum, x)| *sum == x + x));

    bench.run("exp_f32", all, &[x.into(), y.into(), n.into()])?;
    let powers: Vec<f32> = bench.machine.download(y, N)?;
    assert!(
        powers
            .iter()
            .zip(&singles)
            .all(|(e, x)| (e / x.exp() - 1.0).abs() < 1e-6)
    );

    bench.run("exp_f64", all, &[p.into(), q.into(), n.into()])?;
    let powers: Vec<f64> = bench.machine.download(q, N)?;
    assert!(
        powers
            .iter()
            .zip(&doubles)
            .all(|(e, x)| (e / x.exp() - 1.0).abs() < 1e-15)
    );

    bench.run("pow_f64", all, &[p.into(), q.into(), n.into()])?;
    let powers: Vec<f64> = bench.machine.download(q, N)?;
    // At 1 and at 3/2 lgamma and the sine are known.
    assert!(powers.iter().all(|v| v.is_finite()));
    let at_one = powers[N / 2];
    assert!((at_one - (1.0 + 1e12f64.sin())).abs() < 1e-14, "{at_one}");

    bench.run("block_sum", all, &[x.into(), y.into(), n.into()])?;
    let sums: Vec<f32> = bench.machine.download(y, N / 256)?;
    let total: f64 = sums.iter().map(|&s| f64::from(s)).sum();
    assert!((total / (N as f64 / 2.0) - 1.0).abs() < 1e-5);

    let blocks = (SIDE / 64) as u32;
    let tiles = Geometry {
        grid: [blocks, blocks, 1],
        ..Geometry::linear(1, 256)
    };
    let side = SIDE as i32;
    let args = [
        x.into(),
        x.into(),
        y.into(),
        side.into(),
        side.into(),
        side.into(),
    ];
    bench.run("gemm", tiles, &args)?;
    let product: Vec<f32> = bench.machine.download(y, SIDE * SIDE)?;
    let (row, column) = (3, 200);
    let expected = (0..SIDE).fold(0.0, |sum, k| {
        sum + singles[row * SIDE + k] * singles[k * SIDE + column]
    });
    assert_eq!(product[row * SIDE + column], expected);
    Ok(())
}
