//! Loads, stores and atomics, each checked lane by lane.

use super::conflict::{Rival, WORD, Words};
use super::fault::{Fault, FaultKind};
use super::float::{flush, single, single_bits};
use super::integer::{extend, truncate};
use super::race::Touch;
use super::registers::LANES;
use super::stage::Stage;
use super::warp::Warp;
use crate::instruction::{Atomic, Instruction, Ty, Window};
use std::sync::atomic::AtomicU64;

use crate::memory::{read_cell, state, write_cell};

/// Where shared, local and parameter memory lie among generic addresses.
const SHARED_BASE: u64 = 0x0100_0000_0000_0000;
const LOCAL_BASE: u64 = 0x0200_0000_0000_0000;
const PARAM_BASE: u64 = 0x0300_0000_0000_0000;

/// Each such window's size.
const WINDOW: u64 = 1 << 32;

/// Eight bytes of initialised memory's shadow.
pub(super) const INITIALISED: u64 = u64::from_ne_bytes([state::INITIALISED; 8]);

/// What is added to an address to make it generic.
pub(super) fn base(window: Window) -> u64 {
    match window {
        Window::Shared => SHARED_BASE,
        Window::Local => LOCAL_BASE,
        Window::Param => PARAM_BASE,
        Window::Global | Window::Generic => 0,
    }
}

/// Which memory a generic address means, and the address there.
#[inline(always)]
pub(super) fn narrow(window: Window, address: u64) -> (Window, u64) {
    if window != Window::Generic {
        return (window, address);
    }
    let inside = |base: u64| (base..base + WINDOW).contains(&address);
    if inside(SHARED_BASE) {
        (Window::Shared, address - SHARED_BASE)
    } else if inside(LOCAL_BASE) {
        (Window::Local, address - LOCAL_BASE)
    } else if inside(PARAM_BASE) {
        (Window::Param, address - PARAM_BASE)
    } else {
        (Window::Global, address)
    }
}

/// A checked place: its bytes, their shadow, and where it lies if it is shared.
#[derive(Clone, Copy)]
struct Place {
    data: *mut u8,
    state: *mut u8,
    shared: Option<usize>,
    /// The records of its words, if it is global.
    words: Option<Words>,
    constant: bool,
}

/// One lane's access.
#[derive(Clone, Copy)]
struct Access {
    pc: usize,
    lane: usize,
    window: Window,
    address: u64,
    /// Of one element.
    size: usize,
    count: usize,
}

impl Warp {
    /// What a lane accesses: the memory that its address means, and where there.
    #[inline(always)]
    fn access(
        &self,
        i: &Instruction,
        (pc, lane): (usize, usize),
        (window, ty, count): (Window, Ty, u8),
    ) -> Access {
        let address = self.registers.get(i.a)[lane].wrapping_add_signed(i.offset);
        let (window, address) = narrow(window, address);
        Access {
            pc,
            lane,
            window,
            address,
            size: ty.size(),
            count: usize::from(count),
        }
    }

    fn error(&self, stage: &Stage<'_>, access: Access, kind: FaultKind, what: &str) -> Fault {
        stage.fault(self.site(access.pc, access.lane), kind, what)
    }

    /// Checks alignment and bounds.
    #[inline(always)]
    fn place(&self, stage: &mut Stage<'_>, access: Access) -> Result<Place, Fault> {
        let bytes = access.size * access.count;
        if access.address & (bytes as u64 - 1) != 0 {
            let what = format!("{bytes}-byte access at {:#x} is misaligned", access.address);
            return Err(self.error(stage, access, FaultKind::Misaligned, &what));
        }
        let address = access.address;
        match access.window {
            Window::Shared if self.fits(address, bytes, stage.shared_bytes) => {
                let at = address as usize;
                // SAFETY: `at + bytes` is within the cells.
                let (data, state) = unsafe {
                    (
                        stage.shared.pointer().add(at),
                        stage.shared_state.pointer().add(at),
                    )
                };
                Ok(Place {
                    data,
                    state,
                    shared: Some(at),
                    words: None,
                    constant: false,
                })
            }
            Window::Local if self.fits(address, bytes, stage.kernel.local_bytes) => {
                let at = access.lane * self.local_bytes + address as usize;
                // SAFETY: each lane has `local_bytes` cells, and the access ends within them.
                let (data, state) = unsafe {
                    (
                        self.local.pointer().add(at),
                        self.local_state.pointer().add(at),
                    )
                };
                Ok(Place {
                    data,
                    state,
                    shared: None,
                    words: None,
                    constant: false,
                })
            }
            Window::Global | Window::Generic => {
                let Some(region) = stage.region(access.pc, address, bytes as u64) else {
                    return Err(self.outside(stage, access));
                };
                let at = (address - region.start) as usize;
                // SAFETY: `region` has checked that the access ends within it.
                let (data, state, words) = unsafe {
                    let words = region.words.from(at / WORD);
                    (region.data.add(at), region.shadow.add(at), words)
                };
                Ok(Place {
                    data,
                    state,
                    shared: None,
                    words: Some(words),
                    constant: region.constant,
                })
            }
            _ => Err(self.outside(stage, access)),
        }
    }

    #[inline(always)]
    fn fits(&self, address: u64, bytes: usize, limit: usize) -> bool {
        address < limit as u64 && bytes <= limit - address as usize
    }

    #[cold]
    #[inline(never)]
    fn outside(&self, stage: &Stage<'_>, access: Access) -> Fault {
        let bytes = access.size * access.count;
        let address = access.address;
        let what = match access.window {
            Window::Shared => format!(
                "{bytes}-byte access at {address:#x} lies outside the {} bytes of shared memory",
                stage.shared_bytes
            ),
            Window::Local => format!(
                "{bytes}-byte access at {address:#x} lies outside the {} bytes of local memory",
                stage.kernel.local_bytes
            ),
            Window::Param => format!("access at {address:#x} lies outside the parameters"),
            Window::Global | Window::Generic => {
                let place = (stage.launch.explain)(address);
                format!("{bytes}-byte access at {address:#x}, {place}")
            }
        };
        self.error(stage, access, FaultKind::IllegalAddress, &what)
    }

    /// The fault of bytes that are not initialised, or that lie between variables.
    #[cold]
    #[inline(never)]
    fn unreadable(&self, stage: &Stage<'_>, access: Access, place: Place) -> Option<Fault> {
        let bytes = access.size * access.count;
        // SAFETY: `place` was checked for that many bytes.
        let states = (0..bytes).map(|at| unsafe { read_cell(place.state.add(at), 1) } as u8);
        let worst = states.fold(state::INITIALISED, |worst, s| match (worst, s) {
            (state::GUARD, _) | (_, state::GUARD) => state::GUARD,
            (state::UNINITIALISED, _) | (_, state::UNINITIALISED) => state::UNINITIALISED,
            _ => state::INITIALISED,
        });
        let address = access.address;
        match worst {
            state::GUARD => {
                let what =
                    format!("{bytes}-byte access at {address:#x} overruns a shared variable");
                Some(self.error(stage, access, FaultKind::IllegalAddress, &what))
            }
            state::UNINITIALISED if stage.launch.checks.uninitialised => {
                let memory = match place.shared {
                    Some(_) => "shared memory that no thread of the block has written",
                    None => "memory that nothing has written",
                };
                let what = format!("reads {bytes} bytes at {address:#x}, {memory}");
                Some(self.error(stage, access, FaultKind::LaunchFailed, &what))
            }
            _ => None,
        }
    }

    #[inline(always)]
    fn check_readable(&self, stage: &Stage<'_>, access: Access, place: Place) -> Result<(), Fault> {
        let mut good = true;
        for at in 0..access.count {
            // SAFETY: `place` was checked for all elements.
            let states = unsafe { read_cell(place.state.add(at * access.size), access.size) };
            good &= states == INITIALISED >> (64 - 8 * access.size);
        }
        match good {
            true => Ok(()),
            false => self.unreadable(stage, access, place).map_or(Ok(()), Err),
        }
    }

    /// A store touches no guard and no constant.
    #[inline(always)]
    fn check_writable(&self, stage: &Stage<'_>, access: Access, place: Place) -> Result<(), Fault> {
        if place.constant {
            let what = "writes a constant";
            return Err(self.error(stage, access, FaultKind::IllegalAddress, what));
        }
        if place.shared.is_none() {
            return Ok(());
        }
        for at in 0..access.size * access.count {
            // SAFETY: `place` was checked for that many bytes.
            let state = unsafe { read_cell(place.state.add(at), 1) } as u8;
            if state == state::GUARD {
                let what = format!(
                    "{}-byte access at {:#x} overruns a shared variable",
                    access.size * access.count,
                    access.address
                );
                return Err(self.error(stage, access, FaultKind::IllegalAddress, &what));
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn check_race(
        &self,
        stage: &mut Stage<'_>,
        access: Access,
        place: Place,
        how: Touch,
    ) -> Result<(), Fault> {
        let bytes = access.size * access.count;
        if let (Some(at), Some(races)) = (place.shared, &mut stage.races) {
            let thread = (self.index * LANES + access.lane) as u16;
            return match races.touch(at, bytes, thread, how) {
                None => Ok(()),
                Some(rival) => Err(self.race(stage, access, rival, how)),
            };
        }
        if let Some(words) = place.words
            && stage.launch.checks.races
            && access.size >= WORD
        {
            let thread = (self.index * LANES + access.lane) as u32;
            // SAFETY: `place` has checked that the access lies in the region of the records.
            let rival = unsafe { stage.moment.touch(words, bytes / WORD, thread, how) };
            if let Some(rival) = rival {
                return Err(self.conflict(stage, access, rival, how));
            }
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn conflict(&self, stage: &Stage<'_>, access: Access, rival: Rival, how: Touch) -> Fault {
        let thread = rival.thread;
        let (other, missing) = match rival.block {
            Some(block) => (format!("thread {thread} of block number {block}"), "fence"),
            None => (format!("thread {thread} of the block"), "barrier"),
        };
        let what = format!(
            "{} global memory at {:#x}, a race with {other}: no {missing} lies between",
            verb(how),
            access.address
        );
        self.error(stage, access, FaultKind::LaunchFailed, &what)
    }

    #[cold]
    #[inline(never)]
    fn race(&self, stage: &Stage<'_>, access: Access, rival: u16, how: Touch) -> Fault {
        let what = format!(
            "{} shared memory at {:#x}, a race with thread {rival}: no barrier lies between",
            verb(how),
            access.address
        );
        self.error(stage, access, FaultKind::LaunchFailed, &what)
    }

    #[inline(always)]
    fn check_addresses(
        &self,
        stage: &Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
    ) -> Result<(), Fault> {
        match active & !self.registers.defined(i.a) {
            0 => Ok(()),
            lanes => Err(self.undefined_fault(stage, pc, lanes, "the address")),
        }
    }

    #[inline(always)]
    pub(super) fn load(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
        (window, ty, count, bits): (Window, Ty, u8, u32),
    ) -> Result<(), Fault> {
        self.check_addresses(stage, i, pc, active)?;
        let how = (window, ty, usize::from(count), bits);
        let done = match ty.size() {
            _ if window == Window::Param => self.load_params(stage, i, active, how),
            1 => self.load_span::<1>(stage, i, pc, active, how),
            2 => self.load_span::<2>(stage, i, pc, active, how),
            4 => self.load_span::<4>(stage, i, pc, active, how),
            _ => self.load_span::<8>(stage, i, pc, active, how),
        };
        if done {
            return Ok(());
        }
        self.load_lanes(stage, i, pc, active, (window, ty, count, bits))
    }

    /// Loads lane by lane.
    #[inline(never)]
    fn load_lanes(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
        (window, ty, count, bits): (Window, Ty, u8, u32),
    ) -> Result<(), Fault> {
        let mut out = [[0; LANES]; 4];
        for lane in lanes_of(active) {
            let access = self.access(i, (pc, lane), (window, ty, count));
            if access.window == Window::Param {
                let bytes = parameters(stage, access.address, access.size * access.count);
                let bytes = bytes.ok_or_else(|| self.outside(stage, access))?;
                for (out, bytes) in out.iter_mut().zip(bytes.chunks_exact(access.size)) {
                    out[lane] = widen(little_endian(bytes), ty, bits);
                }
                continue;
            }
            let place = self.place(stage, access)?;
            self.check_readable(stage, access, place)?;
            self.check_race(stage, access, place, Touch::Read)?;
            for (at, out) in out.iter_mut().enumerate().take(access.count) {
                // SAFETY: `place` has checked bounds and alignment of all elements.
                let value = unsafe { read_cell(place.data.add(at * access.size), access.size) };
                out[lane] = widen(value, ty, bits);
            }
        }
        for (at, out) in out.iter().enumerate().take(usize::from(count)) {
            self.registers.write(i.vector[at], active, !0, out);
        }
        Ok(())
    }

    /// Loads parameters for all lanes; false if nothing was done, and the lanes must be looked at.
    #[inline(always)]
    fn load_params(
        &mut self,
        stage: &Stage<'_>,
        i: &Instruction,
        active: u32,
        (_, ty, count, bits): (Window, Ty, usize, u32),
    ) -> bool {
        let addresses = self.registers.get(i.a);
        // But for an indexed array in a struct, all lanes read the same.
        let different = addresses.iter().fold(0, |d, a| d | (a ^ addresses[0]));
        let start = addresses[0].wrapping_add_signed(i.offset);
        match parameters(stage, start, ty.size() * count) {
            Some(bytes) if different == 0 => {
                for (bytes, &slot) in bytes.chunks_exact(ty.size()).zip(&i.vector) {
                    let value = widen(little_endian(bytes), ty, bits);
                    self.registers.write(slot, active, !0, &[value; LANES]);
                }
                true
            }
            _ => false,
        }
    }

    #[inline(always)]
    pub(super) fn store(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
        (window, ty, count): (Window, Ty, u8),
    ) -> Result<(), Fault> {
        self.check_addresses(stage, i, pc, active)?;
        let how = (window, usize::from(count));
        let done = match ty.size() {
            1 => self.store_span::<1>(stage, i, pc, active, how),
            2 => self.store_span::<2>(stage, i, pc, active, how),
            4 => self.store_span::<4>(stage, i, pc, active, how),
            _ => self.store_span::<8>(stage, i, pc, active, how),
        };
        if done {
            return Ok(());
        }
        self.store_lanes(stage, i, pc, active, (window, ty, count))
    }

    /// Stores lane by lane.
    #[inline(never)]
    fn store_lanes(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
        (window, ty, count): (Window, Ty, u8),
    ) -> Result<(), Fault> {
        for lane in lanes_of(active) {
            let access = self.access(i, (pc, lane), (window, ty, count));
            let (size, count) = (access.size, access.count);
            let place = self.place(stage, access)?;
            self.check_writable(stage, access, place)?;
            let mut values = [0; 4];
            for (value, &slot) in values.iter_mut().zip(&i.vector[..count]) {
                *value = self.registers.get(slot)[lane];
            }
            if place.shared.is_some() || place.words.is_some() {
                let same = self.unchanged(place, size, count, &values);
                self.check_race(stage, access, place, Touch::Write { same })?;
            }
            for (at, value) in values.iter().enumerate().take(count) {
                let known = self.registers.defined(i.vector[at]) >> lane & 1 == 1;
                if !known && access.window == Window::Global {
                    return Err(self.undefined_fault(stage, pc, 1 << lane, "the value"));
                }
                let states = if known { INITIALISED } else { 0 };
                // SAFETY: `place` has checked bounds and alignment of all elements.
                unsafe {
                    write_cell(place.data.add(at * size), size, *value);
                    write_cell(place.state.add(at * size), size, states);
                }
            }
        }
        Ok(())
    }

    /// Whether a store leaves what is there.
    #[inline(always)]
    fn unchanged(&self, place: Place, size: usize, count: usize, values: &[u64; 4]) -> bool {
        (0..count).all(|at| {
            // SAFETY: `place` was checked for all elements.
            let (old, states) = unsafe {
                (
                    read_cell(place.data.add(at * size), size),
                    read_cell(place.state.add(at * size), size),
                )
            };
            let initialised = INITIALISED >> (64 - 8 * size);
            states == initialised && old == values[at] & (u64::MAX >> (64 - 8 * size))
        })
    }

    pub(super) fn atomic(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
        (op, window, ty): (Atomic, Window, Ty),
    ) -> Result<(), Fault> {
        self.check_addresses(stage, i, pc, active)?;
        let swap = op == Atomic::CompareAndSwap;
        let mut known = self.registers.defined(i.b);
        if swap {
            known &= self.registers.defined(i.c);
        }
        if active & !known != 0 {
            return Err(self.undefined_fault(stage, pc, active & !known, "the operand"));
        }
        let b = *self.registers.get(i.b);
        let c = if swap { *self.registers.get(i.c) } else { b };
        let mut out = [0; LANES];
        // A GPU promises no order of the lanes.
        let first = stage.random.below(LANES);
        for lane in (0..LANES).map(|lane| (lane + first) % LANES) {
            if active >> lane & 1 == 0 {
                continue;
            }
            let access = self.access(i, (pc, lane), (window, ty, 1));
            let place = self.place(stage, access)?;
            self.check_writable(stage, access, place)?;
            self.check_readable(stage, access, place)?;
            self.check_race(stage, access, place, Touch::Atomic)?;
            out[lane] = change(place.data, ty, |old| combine(op, ty, old, b[lane], c[lane]));
        }
        self.registers.write(i.to, active, !0, &out);
        Ok(())
    }
}

fn lanes_of(mask: u32) -> impl Iterator<Item = usize> {
    (0..LANES).filter(move |lane| mask >> lane & 1 == 1)
}

/// The parameters' bytes from an address on, if there are that many.
fn parameters<'a>(stage: &Stage<'a>, address: u64, bytes: usize) -> Option<&'a [u8]> {
    let start = address as usize;
    stage.launch.params.get(start..start.checked_add(bytes)?)
}

#[inline(always)]
fn little_endian(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |word, byte| word << 8 | u64::from(*byte))
}

fn verb(how: Touch) -> &'static str {
    match how {
        Touch::Read => "reads",
        Touch::Write { .. } => "writes",
        Touch::Atomic => "changes atomically",
    }
}

/// A register's value of what was loaded: signed types are extended to its width.
#[inline(always)]
pub(super) fn widen(value: u64, ty: Ty, bits: u32) -> u64 {
    if ty.is_signed() {
        extend(value, ty) as u64 & (u64::MAX >> (64 - bits))
    } else {
        value
    }
}

/// Replaces a value atomically; gives the old one.
fn change(at: *mut u8, ty: Ty, f: impl Fn(u64) -> u64) -> u64 {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    // SAFETY: the place was checked for bounds and alignment; all accesses are atomic.
    unsafe {
        if ty.size() == 8 {
            let cell = AtomicU64::from_ptr(at.cast());
            cell.fetch_update(SeqCst, SeqCst, |old| Some(f(old)))
                .unwrap_or_else(|old| old)
        } else {
            let cell = AtomicU32::from_ptr(at.cast());
            let new = |old: u32| Some(f(u64::from(old)) as u32);
            u64::from(
                cell.fetch_update(SeqCst, SeqCst, new)
                    .unwrap_or_else(|old| old),
            )
        }
    }
}

/// What an atomic leaves in memory.
fn combine(op: Atomic, ty: Ty, old: u64, b: u64, c: u64) -> u64 {
    let less = |a: u64, b: u64| {
        if ty.is_signed() {
            extend(a, ty) < extend(b, ty)
        } else {
            a < b
        }
    };
    match op {
        Atomic::Add => match ty {
            Ty::F32 => single_bits(flush(flush(single(old)) + flush(single(b)))),
            Ty::F64 => (f64::from_bits(old) + f64::from_bits(b)).to_bits(),
            _ => truncate(old.wrapping_add(b), ty),
        },
        Atomic::Min => {
            if less(b, old) {
                b
            } else {
                old
            }
        }
        Atomic::Max => {
            if less(old, b) {
                b
            } else {
                old
            }
        }
        Atomic::And => old & b,
        Atomic::Or => old | b,
        Atomic::Xor => old ^ b,
        Atomic::Exchange => b,
        Atomic::CompareAndSwap => {
            if old == b {
                c
            } else {
                old
            }
        }
        Atomic::Increment => {
            if old >= b {
                0
            } else {
                old + 1
            }
        }
        Atomic::Decrement => {
            if old == 0 || old > b {
                b
            } else {
                old - 1
            }
        }
    }
}
