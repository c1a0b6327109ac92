//! Instructions at which lanes meet: barriers, shuffles, votes, matches, and the end.

use super::fault::{Fault, FaultKind};
use super::registers::{LANES, Lanes};
use super::stage::Stage;
use super::warp::{Flow, Group, Warp};
use crate::instruction::{Instruction, Op, Shuffle, Vote};

fn lanes(mask: u32) -> impl Iterator<Item = usize> {
    (0..LANES).filter(move |lane| mask >> lane & 1 == 1)
}

impl Warp {
    #[inline(never)]
    pub(super) fn meet(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        group: &mut Group,
        active: u32,
    ) -> Result<Flow, Fault> {
        self.leave(group, active);
        match i.op {
            Op::Exit => {
                self.live &= !active;
                // Others may have waited for these lanes.
                self.waiting = 0;
                Ok(Flow::Regroup)
            }
            Op::Trap => {
                let site = self.site(group.pc, active.trailing_zeros() as usize);
                Err(stage.fault(site, FaultKind::IllegalInstruction, "trap"))
            }
            Op::Barrier { .. } | Op::BarrierReduce { .. } => {
                self.park(active, group.pc);
                self.barrier |= active;
                self.waiting = 0;
                Ok(Flow::Regroup)
            }
            Op::ActiveMask => {
                let mask = [u64::from(active); LANES];
                self.registers.write(i.to, active, !0, &mask);
                Ok(Flow::Next)
            }
            _ => self.collective(stage, i, group),
        }
    }

    fn collective(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        group: &mut Group,
    ) -> Result<Flow, Fault> {
        let pc = group.pc;
        let masks = self.registers.get(i.d).map(|mask| mask as u32);
        self.check_masks(stage, i, *group, &masks)?;
        let complete = lanes(group.mask)
            .filter(|&lane| masks[lane] & self.live & !group.mask == 0)
            .fold(0, |complete, lane| complete | 1 << lane);
        let incomplete = group.mask & !complete;
        if incomplete != 0 {
            self.park(incomplete, pc);
            self.waiting |= incomplete;
            if complete == 0 {
                return Ok(Flow::Regroup);
            }
            group.mask = complete;
        }
        self.execute_collective(stage, i, *group, &masks);
        if incomplete != 0 {
            self.park(complete, pc + 1);
            return Ok(Flow::Regroup);
        }
        Ok(Flow::Next)
    }

    /// Every lane must be in its own mask, and lanes that name each other must agree.
    fn check_masks(
        &self,
        stage: &Stage<'_>,
        i: &Instruction,
        group: Group,
        masks: &[u32; LANES],
    ) -> Result<(), Fault> {
        let undefined = group.mask & !self.registers.defined(i.d);
        if undefined != 0 {
            return Err(self.undefined_fault(stage, group.pc, undefined, "the member mask"));
        }
        for lane in lanes(group.mask) {
            let site = self.site(group.pc, lane);
            if masks[lane] >> lane & 1 == 0 {
                let what = format!(
                    "the member mask {:#010x} leaves out the lane itself",
                    masks[lane]
                );
                return Err(stage.fault(site, FaultKind::LaunchFailed, &what));
            }
            let other = lanes(group.mask & masks[lane]).find(|&o| masks[o] != masks[lane]);
            if let Some(other) = other {
                let what = format!(
                    "the member mask is {:#010x}, that of lane {other} is {:#010x}",
                    masks[lane], masks[other]
                );
                return Err(stage.fault(site, FaultKind::LaunchFailed, &what));
            }
        }
        Ok(())
    }

    fn execute_collective(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        group: Group,
        masks: &[u32; LANES],
    ) {
        match i.op {
            Op::Shuffle(mode) => self.shuffle(i, group, mode, masks),
            Op::Vote(mode) => self.vote(i, group.mask, mode, masks),
            Op::Match { all } => self.matching(i, group.mask, all, masks),
            _ => {
                stage.moment.warp_sync(self.index);
                if let Some(races) = &mut stage.races {
                    let mut left = group.mask;
                    while left != 0 {
                        let members = masks[left.trailing_zeros() as usize] & group.mask;
                        races.warp_sync(self.index, members);
                        left &= !members;
                    }
                }
            }
        }
    }

    /// The lane that `lane` reads, and whether it is within the segment.
    fn source(mode: Shuffle, lane: usize, by: u64, clamp: u64) -> (usize, bool) {
        let (lane, by) = (lane as i32, by as i32 & 31);
        let (clamp, segment) = (clamp as i32 & 31, (clamp >> 8) as i32 & 31);
        let bound = lane & segment | clamp & !segment;
        let (from, inside) = match mode {
            Shuffle::Up => (lane - by, lane - by >= bound),
            Shuffle::Down => (lane + by, lane + by <= bound),
            Shuffle::Butterfly => (lane ^ by, lane ^ by <= bound),
            Shuffle::Index => {
                let from = lane & segment | by & !segment;
                (from, from <= bound)
            }
        };
        (if inside { from } else { lane } as usize, inside)
    }

    fn shuffle(&mut self, i: &Instruction, group: Group, mode: Shuffle, masks: &[u32; LANES]) {
        let (value, by, clamp) = (
            *self.registers.get(i.a),
            *self.registers.get(i.b),
            *self.registers.get(i.c),
        );
        let (mut out, mut inside): (Lanes, Lanes) = ([0; LANES], [0; LANES]);
        let known = self.registers.defined(i.a);
        let operands = self.registers.defined(i.b) & self.registers.defined(i.c);
        let mut defined = 0;
        for lane in lanes(group.mask) {
            let (from, within) = Self::source(mode, lane, by[lane], clamp[lane]);
            out[lane] = value[from];
            inside[lane] = u64::from(within);
            let present = group.mask & masks[lane];
            let arrives = (present & known) >> from & operands >> lane & 1;
            defined |= arrives << lane;
            if present >> from & 1 == 0 {
                let state = if self.live >> from & 1 == 1 {
                    "is not in the member mask"
                } else {
                    "has exited"
                };
                self.undefined = Some(format!(
                    "at PTX line {} lane {lane} shuffles from lane {from}, which {state}",
                    i.line
                ));
            }
        }
        self.registers.write(i.to, group.mask, defined, &out);
        self.registers
            .write_optional(i.also_to, group.mask, operands, &inside);
    }

    fn vote(&mut self, i: &Instruction, active: u32, mode: Vote, masks: &[u32; LANES]) {
        let mut votes = self.registers.predicate(i.a);
        if i.negated_source {
            votes = !votes;
        }
        let known = self.registers.defined(i.a);
        let mut defined = 0;
        let out = std::array::from_fn(|lane| {
            let members = masks[lane] & active;
            defined |= u32::from(members & !known == 0) << lane;
            match mode {
                Vote::All => u64::from(votes & members == members),
                Vote::Any => u64::from(votes & members != 0),
                Vote::Uniform => u64::from(votes & members == members || votes & members == 0),
                Vote::Ballot => u64::from(votes & members),
            }
        });
        self.registers.write(i.to, active, defined, &out);
    }

    fn matching(&mut self, i: &Instruction, active: u32, all: bool, masks: &[u32; LANES]) {
        let values = *self.registers.get(i.a);
        let known = self.registers.defined(i.a);
        let mut defined = 0;
        let equal: [u32; LANES] = std::array::from_fn(|lane| {
            let members = masks[lane] & active;
            defined |= u32::from(members & !known == 0) << lane;
            lanes(members)
                .filter(|&other| values[other] == values[lane])
                .fold(0, |equal, other| equal | 1 << other)
        });
        let unanimous = |lane: usize| equal[lane] == masks[lane] & active;
        let out = std::array::from_fn(|lane| match all {
            true if !unanimous(lane) => 0,
            _ => u64::from(equal[lane]),
        });
        let predicate = std::array::from_fn(|lane| u64::from(unanimous(lane)));
        self.registers.write(i.to, active, defined, &out);
        self.registers
            .write_optional(i.also_to, active, defined, &predicate);
    }
}
