//! What the warps of one block share: its shared memory, its place in the grid, the launch.

use super::Launch;
use super::conflict::Moment;
use super::fault::{Fault, FaultKind};
use super::race::Races;
use super::random::Random;
use super::registers::LANES;
use crate::instruction::{Kernel, Op, Window};
use crate::memory::{Cells, Region, state, write_cell};

pub(super) struct Stage<'a> {
    pub(super) launch: &'a Launch<'a>,
    pub(super) kernel: &'a Kernel,
    pub(super) block: [u32; 3],
    pub(super) shared: Cells,
    pub(super) shared_state: Cells,
    pub(super) shared_bytes: usize,
    pub(super) races: Option<Races>,
    pub(super) moment: Moment<'a>,
    pub(super) random: Random,
    /// The region that each instruction touched last.
    recent: Vec<u32>,
    pub(super) warp_instructions: u64,
    pub(super) thread_instructions: u64,
}

/// The smallest access that may touch shared memory.
fn grain(kernel: &Kernel) -> usize {
    let shared = |window| matches!(window, Window::Shared | Window::Generic);
    let sizes = kernel.code.iter().filter_map(|i| match i.op {
        Op::Load { window, ty, .. } | Op::Store { window, ty, .. } if shared(window) => {
            Some(ty.size())
        }
        Op::Atomic { window, ty, .. } if shared(window) => Some(ty.size()),
        _ => None,
    });
    sizes.min().unwrap_or(8)
}

impl<'a> Stage<'a> {
    pub(super) fn new(launch: &'a Launch<'a>, warps: usize) -> Self {
        let kernel = launch.kernel;
        let shared_bytes = launch.dynamic_start() + launch.dynamic_shared;
        let races = launch.checks.races && shared_bytes > 0;
        Self {
            launch,
            kernel,
            block: [0; 3],
            shared: Cells::new(shared_bytes, 0),
            shared_state: Cells::new(shared_bytes, state::GUARD),
            shared_bytes,
            races: races.then(|| Races::new(shared_bytes, grain(kernel), warps)),
            moment: Moment::new(launch.fences, warps),
            random: Random::new(launch.seed),
            recent: vec![0; kernel.code.len()],
            warp_instructions: 0,
            thread_instructions: 0,
        }
    }

    /// Makes ready for the block: its shared memory holds nothing.
    pub(super) fn enter(&mut self, block: [u32; 3], number: u64) {
        self.block = block;
        self.random = Random::new(self.launch.seed ^ number.wrapping_mul(0x9e37_79b9));
        let dynamic = (self.launch.dynamic_start(), self.launch.dynamic_shared);
        let variables = self.kernel.shared.iter().map(|v| (v.offset, v.size));
        for (offset, size) in variables.chain([dynamic]) {
            // SAFETY: the variables lie within the extent that `new` made cells for.
            unsafe {
                let start = self.shared_state.pointer().add(offset);
                for at in 0..size {
                    write_cell(start.add(at), 1, u64::from(state::UNINITIALISED));
                }
            }
        }
        self.passed_barrier();
        self.moment.enter(number);
    }

    pub(super) fn passed_barrier(&mut self) {
        if let Some(races) = &mut self.races {
            races.barrier();
        }
        self.moment.barrier();
    }

    /// The region that holds `size` bytes from `address`.
    #[inline(always)]
    pub(super) fn region(&mut self, pc: usize, address: u64, size: u64) -> Option<&'a Region> {
        let regions = self.launch.regions;
        let recent = regions.get(self.recent[pc] as usize)?;
        if address >= recent.start && address < recent.end && size <= recent.end - address {
            return Some(recent);
        }
        let at = regions
            .partition_point(|r| r.start <= address)
            .checked_sub(1)?;
        let region = &regions[at];
        if address < region.end && size <= region.end - address {
            self.recent[pc] = at as u32;
            Some(region)
        } else {
            None
        }
    }

    /// A fault of one lane.
    #[cold]
    #[inline(never)]
    pub(super) fn fault(&self, at: Site, kind: FaultKind, what: &str) -> Fault {
        let Site { pc, warp, lane } = at;
        let line = self.kernel.code[pc].line;
        let text = self
            .launch
            .text
            .lines()
            .nth(line as usize - 1)
            .unwrap_or("");
        let thread = warp * LANES + lane;
        Fault {
            kind,
            message: format!(
                "kernel {}, PTX line {line} `{}`, block {:?}, thread {thread} (warp {warp}, lane \
                 {lane}): {what} (executed by a PTX interpreter)",
                self.kernel.name,
                text.trim(),
                self.block,
            ),
        }
    }
}

/// Where a fault happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) pc: usize,
    pub(super) warp: usize,
    pub(super) lane: usize,
}
