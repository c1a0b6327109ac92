//! Twenty planted faults, of kernels and of their hosts, each with its correct form.
//!
//! The correct form must run clean and right under every seed. A fault is caught if the
//! interpreter reports it, or if the result is wrong so that a comparison finds it.

#[path = "support/cuda.rs"]
mod cuda;

use cuda::{Program, cu};
use ptx_sim::{Argument, Error, Geometry, Machine, Module, Number, Pointer, Settings};

const PTX: &str = include_str!("../kernels/faults.ptx");

const SEEDS: u64 = 6;

/// What a form of a case showed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Clean,
    WrongResult,
    Reported(String),
}

fn judge(right: bool) -> Outcome {
    match right {
        true => Outcome::Clean,
        false => Outcome::WrongResult,
    }
}

/// A device with the kernels, of which `name` is chosen in its right or its faulty form.
struct Kernel {
    machine: Machine,
    module: Module,
    name: String,
}

impl Kernel {
    fn new(name: &str, bad: bool, seed: u64) -> Self {
        let mut machine = Machine::new(Settings {
            seed,
            ..Settings::default()
        });
        let module = machine.load(PTX).expect("the kernels are understood");
        let suffix = if bad { "_bad" } else { "" };
        Self {
            machine,
            module,
            name: format!("{name}{suffix}"),
        }
    }

    fn up<T: Number>(&mut self, values: &[T]) -> Pointer {
        self.machine.upload(values).expect("there is memory")
    }

    fn room(&mut self, values: usize) -> Pointer {
        self.machine.allocate(4 * values).expect("there is memory")
    }

    fn run(&mut self, grid: u32, block: u32, args: &[Argument]) -> Result<(), Error> {
        let geometry = Geometry::linear(grid, block);
        self.machine
            .launch(&self.module, &self.name, geometry, args)
    }

    fn down<T: Number>(&self, from: Pointer, count: usize) -> Vec<T> {
        self.machine
            .download(from, count)
            .expect("the range is allocated")
    }
}

/// One case: its name, and what a form of it shows under a seed.
type Case = (&'static str, fn(bool, u64) -> Result<Outcome, Error>);

fn ramp(n: usize) -> Vec<f32> {
    (0..n).map(|i| i as f32).collect()
}

fn dropped_barrier(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("dropped_barrier", bad, seed);
    let (x, y) = (k.up(&ramp(256)), k.room(2));
    k.run(2, 128, &[x.into(), y.into()])?;
    Ok(judge(k.down::<f32>(y, 2) == [8128.0, 24512.0]))
}

fn wrong_mask(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("wrong_mask", bad, seed);
    let (x, y) = (k.up(&ramp(32)), k.room(32));
    k.run(1, 32, &[x.into(), y.into()])?;
    Ok(judge(k.down::<f32>(y, 32) == [496.0; 32]))
}

fn missing_bound(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("missing_bound", bad, seed);
    let (x, y) = (k.up(&ramp(100)), k.room(100));
    k.run(1, 128, &[x.into(), y.into(), 100u64.into()])?;
    Ok(judge(k.down::<f32>(y, 100)[99] == 198.0))
}

fn plain_for_atomic(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("plain_for_atomic", bad, seed);
    let values: Vec<i32> = (0..256).map(|i| i % 4).collect();
    let (x, counts) = (k.up(&values), k.up(&[0i32; 4]));
    k.run(4, 64, &[x.into(), counts.into()])?;
    Ok(judge(k.down::<i32>(counts, 4) == [64; 4]))
}

fn past_the_end(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("past_the_end", bad, seed);
    let (x, y) = (k.up(&ramp(100)), k.room(100));
    k.run(1, 128, &[x.into(), y.into(), 100u64.into()])?;
    Ok(judge(k.down::<f32>(y, 99) == [1.0; 99]))
}

fn uninitialised_shared(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("uninitialised_shared", bad, seed);
    let (x, y) = (k.up(&[1.0f32; 100]), k.room(2));
    k.run(2, 64, &[x.into(), y.into(), 100u64.into()])?;
    Ok(judge(k.down::<f32>(y, 2) == [64.0, 36.0]))
}

fn missing_syncwarp(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("missing_syncwarp", bad, seed);
    let (x, y) = (k.up(&ramp(32)), k.room(32));
    k.run(1, 32, &[x.into(), y.into()])?;
    Ok(judge(k.down::<f32>(y, 32).iter().rev().eq(&ramp(32))))
}

fn missing_threadfence(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("missing_threadfence", bad, seed);
    let (x, part, y) = (k.up(&ramp(8)), k.room(8), k.room(1));
    let done = k.up(&[0u32]);
    k.run(8, 1, &[x.into(), part.into(), done.into(), y.into()])?;
    Ok(judge(k.down::<f32>(y, 1) == [56.0]))
}

fn wrong_stride(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("wrong_stride", bad, seed);
    let (x, y) = (k.up(&[1.0f32; 256]), k.room(32));
    k.run(1, 32, &[x.into(), y.into()])?;
    Ok(judge(k.down::<f32>(y, 32) == [4.0; 32]))
}

fn divergent_barrier(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("divergent_barrier", bad, seed);
    let (x, y) = (k.up(&ramp(64)), k.up(&[0.0f32; 64]));
    k.run(1, 64, &[x.into(), y.into()])?;
    Ok(judge(k.down::<f32>(y, 64)[2] == 61.0))
}

fn short_tail(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("short_tail", bad, seed);
    let (x, y) = (k.up(&ramp(101)), k.room(1));
    k.run(1, 32, &[x.into(), y.into(), 101u64.into()])?;
    Ok(judge(k.down::<f32>(y, 1) == [5050.0]))
}

fn index_overflow(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("index_overflow", bad, seed);
    let (x, y) = (k.up(&ramp(1000)), k.room(1 << 15));
    k.run(
        256,
        128,
        &[x.into(), y.into(), 1000i32.into(), 100_003i32.into()],
    )?;
    let right = |(i, v): (usize, &f32)| *v == (i * 100_003 % 1000) as f32;
    Ok(judge(
        k.down::<f32>(y, 1 << 15).iter().enumerate().all(right),
    ))
}

fn local_overrun(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("local_overrun", bad, seed);
    let digits: Vec<i32> = (0..32).map(|i| i % 10).collect();
    let (x, y) = (k.up(&digits), k.room(32));
    k.run(1, 32, &[x.into(), y.into(), 10i32.into()])?;
    Ok(judge(k.down::<i32>(y, 32)[1] == 8))
}

fn exited_lane(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("exited_lane", bad, seed);
    let (x, y) = (k.up(&ramp(32)), k.room(16));
    k.run(1, 32, &[x.into(), y.into()])?;
    Ok(judge(k.down::<f32>(y, 16)[3] == 22.0))
}

fn warp_race(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let mut k = Kernel::new("warp_race", bad, seed);
    let (x, y) = (k.up(&ramp(32)), k.room(32));
    k.run(1, 64, &[x.into(), y.into()])?;
    Ok(judge(k.down::<f32>(y, 32)[3] == 4.0))
}

/// A program, its kernel and two arrays of a hundred values.
struct Host {
    program: Program,
    scale: u64,
    x: u64,
    y: u64,
}

impl Host {
    fn new(seed: u64) -> Self {
        let program = Program::start(Settings {
            seed,
            ..Settings::default()
        });
        let scale = program.function(PTX, "scale");
        let (x, y) = (program.allocate(400), program.allocate(400));
        Self {
            program,
            scale,
            x,
            y,
        }
    }

    fn launch(&self) -> i32 {
        self.program
            .launch(self.scale, 1, 128, &[self.x, self.y, 100])
    }
}

/// What a program's last code and result show.
fn report(code: i32, right: bool) -> Result<Outcome, Error> {
    Ok(match code {
        0 => judge(right),
        _ => Outcome::Reported(format!("{code}: {:?}", ptx_sim::last_error())),
    })
}

fn missing_wait(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let host = Host::new(seed);
    let result = host.program.pinned(100);
    host.program.upload(host.x, &[1.0; 100]);
    host.launch();
    host.program.download(result, host.y);
    let code = if bad { 0 } else { host.program.wait() };
    report(code, result.iter().all(|v| *v == 2.0))
}

fn use_after_free(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let host = Host::new(seed);
    host.program.upload(host.x, &[1.0; 100]);
    if bad {
        cu!(cuMemFree_v2(host.x => u64));
    }
    host.launch();
    report(host.program.wait(), true)
}

fn double_free(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let host = Host::new(seed);
    let first = cu!(cuMemFree_v2(host.x => u64));
    let second = if bad { host.x } else { host.y };
    report(first.max(cu!(cuMemFree_v2(second => u64))), true)
}

fn wrong_order(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let host = Host::new(seed);
    host.program.upload(host.x, &[1.0; 100]);
    let (from, to) = if bad {
        (host.y, host.x)
    } else {
        (host.x, host.y)
    };
    host.program.launch(host.scale, 1, 128, &[from, to, 100]);
    report(host.program.wait(), true)
}

fn reused_buffer(bad: bool, seed: u64) -> Result<Outcome, Error> {
    let host = Host::new(seed);
    let source = host.program.pinned(100);
    source.fill(1.0);
    host.program.upload(host.x, source);
    if !bad {
        host.program.wait();
    }
    source.fill(5.0);
    host.launch();
    let mut result = [0.0; 100];
    host.program.download(&mut result, host.y);
    report(host.program.wait(), result == [2.0; 100])
}

const CASES: [Case; 20] = [
    ("dropped barrier", dropped_barrier),
    ("wrong mask", wrong_mask),
    ("missing bound", missing_bound),
    ("plain store for an atomic", plain_for_atomic),
    ("read past the end", past_the_end),
    ("missing wait on a copy", missing_wait),
    ("uninitialised shared read", uninitialised_shared),
    ("missing __syncwarp", missing_syncwarp),
    ("missing __threadfence", missing_threadfence),
    ("wrong stride", wrong_stride),
    ("barrier in divergent code", divergent_barrier),
    ("off by one in a reduction's tail", short_tail),
    ("use after free", use_after_free),
    ("double free", double_free),
    ("wrong parameter order", wrong_order),
    ("int overflow of an index", index_overflow),
    ("local array overrun", local_overrun),
    ("shuffle from an exited lane", exited_lane),
    ("race between two warps", warp_race),
    ("pinned buffer used again before the wait", reused_buffer),
];

/// The planted faults that escape, with the reason: none at present.
const ESCAPES: [&str; 0] = [];

/// Those that only a comparison of results finds: to the interpreter they are valid programs.
const WRONG_RESULTS: [&str; 3] = [
    "missing wait on a copy",
    "off by one in a reduction's tail",
    "pinned buffer used again before the wait",
];

fn outcome(run: fn(bool, u64) -> Result<Outcome, Error>, bad: bool, seed: u64) -> Outcome {
    run(bad, seed).unwrap_or_else(|error| Outcome::Reported(error.to_string()))
}

#[test]
fn correct_forms_run_clean() {
    for (name, run) in CASES {
        for seed in 0..SEEDS {
            assert_eq!(
                outcome(run, false, seed),
                Outcome::Clean,
                "{name}, seed {seed}"
            );
        }
    }
}

#[test]
fn planted_faults_are_caught() {
    let (mut escapes, mut wrong) = (Vec::new(), Vec::new());
    for (name, run) in CASES {
        let outcomes: Vec<Outcome> = (0..SEEDS).map(|seed| outcome(run, true, seed)).collect();
        println!("{name}: {:?}", outcomes[0]);
        if outcomes.contains(&Outcome::Clean) {
            escapes.push(name);
        } else if outcomes.contains(&Outcome::WrongResult) {
            wrong.push(name);
        }
    }
    assert_eq!(escapes, ESCAPES);
    assert_eq!(wrong, WRONG_RESULTS);
}
