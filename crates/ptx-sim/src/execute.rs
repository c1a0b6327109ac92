//! Runs a kernel's blocks, each a set of warps that take turns between barriers.

mod access;
mod collective;
mod conflict;
mod convert;
mod fault;
mod float;
mod integer;
mod race;
mod random;
mod registers;
mod span;
mod stage;
mod warp;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

pub(crate) use conflict::{Fences, WORD, Words};
pub use fault::{Fault, FaultKind};
pub(crate) use random::Random;

use crate::instruction::{Instruction, Kernel, Op, Preset, Reduction, Special};
use crate::memory::Region;
use registers::{LANES, Lanes};
use stage::Stage;
use warp::{Stop, Warp};

/// Which checks a launch makes beyond those of addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checks {
    pub(crate) uninitialised: bool,
    pub(crate) races: bool,
}

/// One launch of a kernel.
pub(crate) struct Launch<'a> {
    pub(crate) kernel: &'a Kernel,
    /// The module's PTX, for messages.
    pub(crate) text: &'a str,
    pub(crate) grid: [u32; 3],
    pub(crate) block: [u32; 3],
    pub(crate) dynamic_shared: usize,
    pub(crate) params: &'a [u8],
    /// The device addresses of the module's variables.
    pub(crate) globals: &'a [(String, u64)],
    pub(crate) regions: &'a [Region],
    /// Says what lies at an address in no region.
    pub(crate) explain: &'a (dyn Fn(u64) -> String + Sync),
    pub(crate) checks: Checks,
    pub(crate) fences: &'a Fences,
    pub(crate) seed: u64,
    /// How many instructions a warp may execute in one block.
    pub(crate) budget: u64,
    pub(crate) vectors: bool,
}

/// How much a launch executed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) warp_instructions: u64,
    pub(crate) thread_instructions: u64,
}

/// Whether this machine has the vector instructions that the loop over lanes is compiled for.
pub(crate) fn has_vectors() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

impl Launch<'_> {
    pub(crate) fn run(&self, threads: usize) -> Result<Count, Fault> {
        let blocks = self.grid.iter().map(|&n| u64::from(n)).product();
        let order = Order::new(blocks, self.seed);
        let next = AtomicU64::new(0);
        let stop = AtomicBool::new(false);
        let work = || {
            let mut runner = Runner::new(self);
            while !stop.load(Relaxed) {
                let at = next.fetch_add(1, Relaxed);
                if at >= blocks {
                    break;
                }
                if let Err(fault) = runner.block(order.block(at)) {
                    stop.store(true, Relaxed);
                    return Err(fault);
                }
            }
            Ok(runner.count())
        };
        let threads = threads.clamp(1, blocks.min(64) as usize);
        if threads == 1 {
            return work();
        }
        let counts: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let finished = workers.into_iter().map(|w| w.join());
            finished
                .map(|r| r.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        counts.into_iter().try_fold(Count::default(), |sum, count| {
            let count = count?;
            Ok(Count {
                warp_instructions: sum.warp_instructions + count.warp_instructions,
                thread_instructions: sum.thread_instructions + count.thread_instructions,
            })
        })
    }

    /// Where dynamic shared memory starts, behind the static variables and a gap.
    pub(crate) fn dynamic_start(&self) -> usize {
        match self.kernel.shared_extent {
            0 => 0,
            extent if self.dynamic_shared == 0 => extent,
            extent => (extent + crate::decode::SHARED_GAP).next_multiple_of(16),
        }
    }
}

/// A seeded order of the blocks: a permutation that needs no table.
struct Order {
    blocks: u64,
    step: u64,
    start: u64,
}

impl Order {
    fn new(blocks: u64, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let coprime = |step: u64| {
            let (mut a, mut b) = (step, blocks);
            while b != 0 {
                (a, b) = (b, a % b);
            }
            a == 1
        };
        // Neighbours stay near each other for the host's caches, in either direction.
        let near = [1, blocks.saturating_sub(1), 3, 5, 7];
        let steps: Vec<u64> = near.into_iter().filter(|&s| s > 0 && coprime(s)).collect();
        let step = steps
            .get(random.below(steps.len().max(1)))
            .copied()
            .unwrap_or(1);
        Self {
            blocks,
            step,
            start: random.next() % blocks,
        }
    }

    fn block(&self, at: u64) -> u64 {
        let place = u128::from(self.start) + u128::from(at) * u128::from(self.step);
        (place % u128::from(self.blocks)) as u64
    }
}

/// Executes blocks one after another with the same warps and shared memory.
struct Runner<'a> {
    stage: Stage<'a>,
    warps: Vec<Warp>,
}

/// The most and the least instructions of a warp's turn.
const TURN: (usize, usize) = (64, 2048);

impl<'a> Runner<'a> {
    fn new(launch: &'a Launch<'a>) -> Self {
        let threads = launch.block.iter().product::<u32>() as usize;
        let kernel = launch.kernel;
        let count = threads.div_ceil(LANES);
        let stage = Stage::new(launch, count);
        let mut warps = Vec::with_capacity(count);
        for index in 0..count {
            let mut warp = Warp::new(index, kernel.slots, kernel.local_bytes);
            for (slot, preset) in &kernel.presets {
                let value = preset_value(&stage, index, preset);
                warp.registers.preset(*slot, value);
            }
            warps.push(warp);
        }
        Self { stage, warps }
    }

    fn count(&self) -> Count {
        Count {
            warp_instructions: self.stage.warp_instructions,
            thread_instructions: self.stage.thread_instructions,
        }
    }

    fn block(&mut self, number: u64) -> Result<(), Fault> {
        let [x, y, _] = self.stage.launch.grid.map(u64::from);
        let block = [number % x, number / x % y, number / (x * y)].map(|n| n as u32);
        self.stage.enter(block, number);
        let threads = self.stage.launch.block.iter().product::<u32>() as usize;
        for warp in &mut self.warps {
            let lanes = (threads - warp.index * LANES).min(LANES);
            warp.start(u32::MAX >> (LANES - lanes));
        }
        for (slot, preset) in &self.stage.kernel.presets {
            if let Preset::Special(Special::Block(axis)) = preset {
                let value = [u64::from(block[*axis]); LANES];
                for warp in &mut self.warps {
                    warp.registers.preset(*slot, value);
                }
            }
        }
        let mut order: Vec<usize> = (0..self.warps.len()).collect();
        loop {
            self.stage.random.shuffle(&mut order);
            let mut live = false;
            let mut runnable = false;
            for &at in &order {
                let warp = &mut self.warps[at];
                if warp.is_runnable() {
                    let turn = (TURN.0 + self.stage.random.below(TURN.1 - TURN.0)) as u64;
                    runnable |= warp.run(&mut self.stage, turn)? == Stop::Turn;
                }
                live |= warp.live != 0;
            }
            if !live {
                return Ok(());
            }
            if !runnable {
                self.release()?;
            }
        }
    }

    /// All threads that have not exited wait: they go on if it is at one barrier.
    fn release(&mut self) -> Result<(), Fault> {
        let mut first = None;
        for warp in &self.warps {
            let waiting = (0..LANES).filter(|lane| warp.barrier >> lane & 1 == 1);
            for lane in waiting {
                let pc = warp.pc[lane] as usize;
                let first = *first.get_or_insert(pc);
                if first != pc {
                    let other = self.stage.kernel.code[first].line;
                    let what =
                        format!("the block waits at two barriers, the other at PTX line {other}");
                    let site = warp.site(pc, lane);
                    return Err(self.stage.fault(site, FaultKind::LaunchFailed, &what));
                }
            }
            if let Some(pc) = first
                && is_aligned(&self.stage.kernel.code[pc])
                && warp.barrier != 0
                && warp.live != warp.started
            {
                let exited = (warp.started & !warp.live).trailing_zeros();
                let what = format!(
                    "a barrier that all lanes of a warp must reach, but lane {exited} has exited"
                );
                let site = warp.site(pc, warp.barrier.trailing_zeros() as usize);
                return Err(self.stage.fault(site, FaultKind::LaunchFailed, &what));
            }
        }
        if let Some(pc) = first {
            self.reduce(pc)?;
            for warp in &mut self.warps {
                warp.park(warp.barrier, pc + 1);
                warp.barrier = 0;
            }
        }
        self.stage.passed_barrier();
        Ok(())
    }

    /// Gives all threads the joint result of `bar.red`.
    fn reduce(&mut self, pc: usize) -> Result<(), Fault> {
        let i = &self.stage.kernel.code[pc];
        let Op::BarrierReduce { reduction, .. } = i.op else {
            return Ok(());
        };
        let (mut trues, mut total) = (0, 0);
        for warp in &self.warps {
            let undefined = warp.barrier & !warp.registers.defined(i.b);
            if undefined != 0 {
                return Err(warp.undefined_fault(&self.stage, pc, undefined, "the predicate"));
            }
            let votes = warp.registers.predicate(i.b);
            let votes = if i.negated_source { !votes } else { votes };
            trues += (votes & warp.barrier).count_ones();
            total += warp.barrier.count_ones();
        }
        let result = match reduction {
            Reduction::And => u32::from(trues == total),
            Reduction::Or => u32::from(trues > 0),
            Reduction::Count => trues,
        };
        for warp in &mut self.warps {
            let value = [u64::from(result); LANES];
            warp.registers.write(i.to, warp.barrier, !0, &value);
        }
        Ok(())
    }
}

fn is_aligned(instruction: &Instruction) -> bool {
    matches!(
        instruction.op,
        Op::Barrier { aligned: true } | Op::BarrierReduce { aligned: true, .. }
    )
}

fn preset_value(stage: &Stage<'_>, warp: usize, preset: &Preset) -> Lanes {
    let launch = stage.launch;
    match preset {
        Preset::Constant(value) => [*value; LANES],
        Preset::Special(special) => {
            std::array::from_fn(|lane| u64::from(special_value(stage, warp, lane as u32, *special)))
        }
        Preset::Global(name, offset) => {
            let variable = launch.globals.iter().find(|(n, _)| n == name);
            let address = variable.map_or(0, |(_, address)| *address);
            [address.wrapping_add_signed(*offset); LANES]
        }
        Preset::DynamicShared(offset) => {
            [(launch.dynamic_start() as u64).wrapping_add_signed(*offset); LANES]
        }
    }
}

fn special_value(stage: &Stage<'_>, warp: usize, lane: u32, special: Special) -> u32 {
    let [x, y, _] = stage.launch.block;
    let thread = (warp * LANES) as u32 + lane;
    match special {
        Special::Thread(0) => thread % x,
        Special::Thread(1) => thread / x % y,
        Special::Thread(_) => thread / (x * y),
        Special::Threads(axis) => stage.launch.block[axis],
        Special::Block(axis) => stage.block[axis],
        Special::Blocks(axis) => stage.launch.grid[axis],
        Special::Lane => lane,
        Special::Warp => warp as u32,
        Special::Warps => stage.launch.block.iter().product::<u32>().div_ceil(32),
        Special::LaneMaskEq => 1 << lane,
        Special::LaneMaskLt => (1 << lane) - 1,
        Special::LaneMaskLe => u32::MAX >> (31 - lane),
        Special::LaneMaskGt => !(u32::MAX >> (31 - lane)),
        Special::LaneMaskGe => !((1 << lane) - 1),
        Special::DynamicShared => stage.launch.dynamic_shared as u32,
    }
}
