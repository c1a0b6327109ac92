//! One warp: its lanes' places in the code, and the loop that executes them.
//!
//! Lanes that are at the same instruction form a group. The group at the lowest instruction runs
//! first, until it meets another or stops: code is laid out so that paths meet further down.

use super::fault::{Fault, FaultKind};
use super::registers::{LANES, Registers};
use super::stage::{Site, Stage};
use crate::instruction::{Instruction, NONE, Op, Ty};
use crate::memory::{Cells, state};

pub(super) struct Warp {
    pub(super) index: usize,
    pub(super) registers: Registers,
    pub(super) pc: [u32; LANES],
    /// The lanes that the block has started.
    pub(super) started: u32,
    /// Of them, the lanes that have not exited.
    pub(super) live: u32,
    /// The lanes that wait at a barrier of the block.
    pub(super) barrier: u32,
    /// The lanes that wait at a collective of the warp for others.
    pub(super) waiting: u32,
    pub(super) local: Cells,
    pub(super) local_state: Cells,
    pub(super) local_bytes: usize,
    /// Warp instructions in this block.
    executed: u64,
    /// Where a lane's undefined value came from, for messages.
    pub(super) undefined: Option<String>,
}

/// Lanes at the same instruction.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub(super) mask: u32,
    pub(super) pc: usize,
    /// Where the next group waits; reaching it ends this group's turn.
    next: usize,
}

/// Why a warp stops running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All lanes have exited or wait at a barrier.
    Blocked,
    /// Its turn is over.
    Turn,
}

/// What an instruction does to the flow of its group.
pub(super) enum Flow {
    Next,
    /// The group is dissolved: the lanes' places are in `Warp::pc`.
    Regroup,
}

impl Warp {
    pub(super) fn new(index: usize, slots: usize, local_bytes: usize) -> Self {
        let local_bytes = local_bytes.next_multiple_of(16);
        Self {
            index,
            registers: Registers::new(slots),
            pc: [0; LANES],
            started: 0,
            live: 0,
            barrier: 0,
            waiting: 0,
            local: Cells::new(local_bytes * LANES, 0),
            local_state: Cells::new(local_bytes * LANES, state::UNINITIALISED),
            local_bytes,
            executed: 0,
            undefined: None,
        }
    }

    /// Starts `lanes` at the first instruction; the presets of the registers follow.
    pub(super) fn start(&mut self, lanes: u32) {
        self.registers.clear();
        self.pc = [0; LANES];
        self.started = lanes;
        self.live = lanes;
        self.barrier = 0;
        self.waiting = 0;
        self.executed = 0;
        self.undefined = None;
        if self.local_bytes > 0 {
            self.local_state.fill(state::UNINITIALISED);
        }
    }

    pub(super) fn is_runnable(&self) -> bool {
        self.live & !self.barrier != 0
    }

    pub(super) fn site(&self, pc: usize, lane: usize) -> Site {
        Site {
            pc,
            warp: self.index,
            lane,
        }
    }

    /// The lanes of `mask` at the lowest instruction, together with lanes that wait there.
    #[inline(always)]
    fn group(&self) -> Option<Group> {
        let present = self.live & !self.barrier;
        let runnable = present & !self.waiting;
        if runnable == 0 {
            return None;
        }
        let (mut pc, mut next) = (u32::MAX, u32::MAX);
        for lane in 0..LANES {
            if runnable >> lane & 1 == 1 {
                pc = pc.min(self.pc[lane]);
            }
        }
        let mut mask = 0;
        for lane in 0..LANES {
            if present >> lane & 1 == 1 {
                let at = self.pc[lane];
                if at == pc {
                    mask |= 1 << lane;
                } else if at > pc {
                    next = next.min(at);
                }
            }
        }
        Some(Group {
            mask,
            pc: pc as usize,
            next: next as usize,
        })
    }

    /// Writes the group's place to its lanes.
    pub(super) fn park(&mut self, mask: u32, pc: usize) {
        for lane in 0..LANES {
            if mask >> lane & 1 == 1 {
                self.pc[lane] = pc as u32;
            }
        }
    }

    /// Lanes that do not take part go on behind the instruction; the others become the group.
    pub(super) fn leave(&mut self, group: &mut Group, taking_part: u32) {
        self.park(group.mask & !taking_part, group.pc + 1);
        if group.mask != taking_part {
            group.next = group.next.min(group.pc + 1);
        }
        group.mask = taking_part;
    }

    /// Executes up to `turn` instructions, or more up to the end of a loop's round.
    pub(super) fn run(&mut self, stage: &mut Stage<'_>, turn: u64) -> Result<Stop, Fault> {
        #[cfg(target_arch = "x86_64")]
        if stage.launch.vectors {
            // SAFETY: `vectors` is set only where the features are detected.
            return unsafe { self.run_vectors(stage, turn) };
        }
        self.run_lanes(stage, turn)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
    fn run_vectors(&mut self, stage: &mut Stage<'_>, turn: u64) -> Result<Stop, Fault> {
        self.run_lanes(stage, turn)
    }

    #[inline(always)]
    fn run_lanes(&mut self, stage: &mut Stage<'_>, turn: u64) -> Result<Stop, Fault> {
        let end = self.executed + turn;
        loop {
            let Some(mut group) = self.group() else {
                return self.nothing_to_run(stage);
            };
            self.waiting &= !group.mask;
            if self.executed >= end {
                if self.executed > stage.launch.budget {
                    return Err(self.over_budget(stage, group));
                }
                return Ok(Stop::Turn);
            }
            self.run_group(stage, &mut group, end)?;
        }
    }

    /// Executes a group until it meets another, dissolves or its turn ends.
    #[inline(always)]
    fn run_group(
        &mut self,
        stage: &mut Stage<'_>,
        group: &mut Group,
        end: u64,
    ) -> Result<(), Fault> {
        let code = &stage.kernel.code[..];
        loop {
            let i = &code[group.pc];
            let active = if i.guard == NONE {
                group.mask
            } else {
                self.guarded(stage, i, group)?
            };
            self.executed += 1;
            stage.warp_instructions += 1;
            stage.thread_instructions += u64::from(active.count_ones());
            if i.op == Op::Branch {
                let target = i.offset as usize;
                if active == group.mask {
                    group.pc = target;
                } else if active == 0 {
                    group.pc += 1;
                } else {
                    self.park(active, target);
                    self.park(group.mask & !active, group.pc + 1);
                    return Ok(());
                }
                if group.pc < group.next && self.executed < end {
                    continue;
                }
                self.park(group.mask, group.pc);
                return Ok(());
            }
            if active != 0 {
                match self.step(stage, i, group, active)? {
                    Flow::Next => {}
                    Flow::Regroup => return Ok(()),
                }
            }
            group.pc += 1;
            if group.pc >= group.next {
                self.park(group.mask, group.pc);
                return Ok(());
            }
        }
    }

    #[inline(always)]
    fn guarded(&self, stage: &Stage<'_>, i: &Instruction, group: &Group) -> Result<u32, Fault> {
        if group.mask & !self.registers.defined(i.guard) != 0 {
            let lanes = group.mask & !self.registers.defined(i.guard);
            return Err(self.undefined_fault(stage, group.pc, lanes, "the predicate"));
        }
        let predicate = self.registers.predicate(i.guard);
        Ok(group.mask & if i.negated { !predicate } else { predicate })
    }

    #[inline(always)]
    fn step(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        group: &mut Group,
        active: u32,
    ) -> Result<Flow, Fault> {
        match i.op {
            Op::Load {
                window,
                ty,
                count,
                bits,
            } => self.load(stage, i, group.pc, active, (window, ty, count, bits))?,
            Op::Store { window, ty, count } => {
                self.store(stage, i, group.pc, active, (window, ty, count))?;
            }
            Op::Atomic { op, window, ty } => {
                self.atomic(stage, i, group.pc, active, (op, window, ty))?;
            }
            Op::ToGeneric(window) => {
                let base = super::access::base(window);
                self.registers.map1(i, active, |a| a.wrapping_add(base));
            }
            Op::FromGeneric(window) => {
                let base = super::access::base(window);
                self.registers.map1(i, active, |a| a.wrapping_sub(base));
            }
            Op::Convert(conversion) => self.registers.convert(i, active, conversion),
            Op::Fence { device } => {
                if device {
                    stage.moment.fence();
                }
            }
            Op::Nop => {}
            Op::Exit
            | Op::Trap
            | Op::Barrier { .. }
            | Op::BarrierReduce { .. }
            | Op::WarpSync
            | Op::Shuffle(_)
            | Op::Vote(_)
            | Op::Match { .. }
            | Op::ActiveMask => return self.meet(stage, i, group, active),
            Op::FloatAdd(_)
            | Op::FloatSub(_)
            | Op::FloatMul(_)
            | Op::FloatFma(_)
            | Op::FloatDiv(_)
            | Op::FloatSqrt(_)
            | Op::FloatReciprocal(_)
            | Op::FloatAbs(_)
            | Op::FloatNeg(_)
            | Op::FloatMin { .. }
            | Op::FloatMax { .. }
            | Op::CopySign(_)
            | Op::Test { .. }
            | Op::Approximate(..)
            | Op::Reciprocal64
            | Op::ReciprocalRoot64 { .. }
            | Op::Compare {
                ty: Ty::F32 | Ty::F64,
                ..
            } => self.registers.float(i, active),
            _ => self.registers.integer(i, active),
        }
        Ok(Flow::Next)
    }

    #[cold]
    #[inline(never)]
    fn over_budget(&self, stage: &Stage<'_>, group: Group) -> Fault {
        let lane = group.mask.trailing_zeros() as usize;
        let what = format!(
            "a warp has executed {} instructions, more than the budget: an endless loop?",
            self.executed
        );
        stage.fault(self.site(group.pc, lane), FaultKind::Timeout, &what)
    }

    #[cold]
    #[inline(never)]
    fn nothing_to_run(&mut self, stage: &Stage<'_>) -> Result<Stop, Fault> {
        if self.waiting == 0 {
            return Ok(Stop::Blocked);
        }
        let lane = self.waiting.trailing_zeros() as usize;
        let what = "a collective of the warp waits for lanes that wait elsewhere";
        let site = self.site(self.pc[lane] as usize, lane);
        Err(stage.fault(site, FaultKind::LaunchFailed, what))
    }

    /// The fault of using a value that no one has set.
    #[cold]
    #[inline(never)]
    pub(super) fn undefined_fault(
        &self,
        stage: &Stage<'_>,
        pc: usize,
        lanes: u32,
        what: &str,
    ) -> Fault {
        let origin = match &self.undefined {
            Some(origin) => format!("; {origin}"),
            None => String::new(),
        };
        let message = format!("{what} is computed from an uninitialised register{origin}");
        let lane = lanes.trailing_zeros() as usize;
        stage.fault(self.site(pc, lane), FaultKind::LaunchFailed, &message)
    }
}
