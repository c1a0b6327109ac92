//! Accesses of a warp that lie in one region: checked together, at the speed of the common case.
//!
//! Whatever is out of the ordinary is left to the lane by lane path, which finds the exact fault.

use super::access::{INITIALISED, narrow, widen};
use super::conflict::{Moment, WORD, Words};
use super::registers::{LANES, Lanes};
use super::stage::Stage;
use super::warp::Warp;
use crate::instruction::{Instruction, Slot, Ty, Window};
use crate::memory::{read_cell, state, write_cell};

/// Eight bytes between shared variables.
const GUARDS: u64 = u64::from_ne_bytes([state::GUARD; 8]);

/// The memory that holds all active lanes' elements.
#[derive(Clone, Copy)]
struct Span {
    data: *mut u8,
    state: *mut u8,
    words: Option<Words>,
    /// The address of its first byte, as the instruction gives addresses.
    start: u64,
    window: Window,
}

/// The place of a lane's access within a span.
#[derive(Clone, Copy)]
struct Lane {
    lane: usize,
    offset: usize,
}

/// The places of all lanes, one behind the other from `first` on.
#[inline(always)]
fn row(first: usize, size: usize) -> impl Iterator<Item = Lane> + Clone {
    (0..LANES).map(move |lane| Lane {
        lane,
        offset: first + lane * size,
    })
}

/// Eight times one bit: a value of `size` bytes has as many of them.
#[inline(always)]
fn cut(word: u64, size: usize) -> u64 {
    word >> (64 - 8 * size)
}

/// The active lanes' places; an aligned span of `bytes` holds each.
struct Lanewise {
    offsets: [u32; LANES],
    active: u32,
}

/// Visits the active lanes. A bit is taken off `left` for each, and nothing calls a function that
/// is compiled without the vector instructions.
#[derive(Clone)]
struct Visit<'a> {
    offsets: &'a [u32; LANES],
    left: u32,
}

impl Iterator for Visit<'_> {
    type Item = Lane;

    #[inline(always)]
    fn next(&mut self) -> Option<Lane> {
        if self.left == 0 {
            return None;
        }
        let lane = self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(Lane {
            lane,
            offset: self.offsets[lane] as usize,
        })
    }
}

impl Lanewise {
    #[inline(always)]
    fn iter(&self) -> Visit<'_> {
        Visit {
            offsets: &self.offsets,
            left: self.active,
        }
    }
}

impl Warp {
    /// The span of all lanes' single elements, and where the first lies in it, if each lane's lies
    /// behind that of the lane before. This is by far the most common access.
    #[inline(always)]
    fn row_span(
        &self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
        (window, size, write): (Window, u64, bool),
    ) -> Option<(Span, usize)> {
        let addresses = self.registers.get(i.a);
        let mut strays = u64::from(!active);
        for (lane, address) in addresses.iter().enumerate() {
            strays |= address.wrapping_sub(addresses[0]) ^ (lane as u64 * size);
        }
        let low = addresses[0].wrapping_add_signed(i.offset);
        if strays != 0 || low & (size - 1) != 0 {
            return None;
        }
        let span = self.memory(stage, pc, (window, low), LANES as u64 * size, write)?;
        // Each lane has local memory of its own.
        (span.window != Window::Local).then_some((span, (low - span.start) as usize))
    }

    /// The span of the active lanes' accesses of `bytes` each, and where they lie in it.
    #[inline(always)]
    fn span(
        &self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
        (window, bytes, write): (Window, u64, bool),
    ) -> Option<(Span, Lanewise)> {
        let addresses = self.registers.get(i.a);
        let first = addresses[active.trailing_zeros() as usize];
        let (mut low, mut high, mut odd) = (u64::MAX, 0, 0);
        let mut effective = [0; LANES];
        for (lane, (effective, address)) in effective.iter_mut().zip(addresses).enumerate() {
            let address = if active >> lane & 1 == 1 {
                *address
            } else {
                first
            };
            *effective = address.wrapping_add_signed(i.offset);
            low = low.min(*effective);
            high = high.max(*effective);
            odd |= *effective;
        }
        let extent = high - low + bytes;
        if odd & (bytes - 1) != 0 || extent >> 32 != 0 {
            return None;
        }
        let span = self.memory(stage, pc, (window, low), extent, write)?;
        let mut offsets = [0; LANES];
        for (offset, address) in offsets.iter_mut().zip(effective) {
            *offset = (address - span.start) as u32;
        }
        if span.window == Window::Local {
            for (lane, offset) in offsets.iter_mut().enumerate() {
                *offset += (lane * self.local_bytes) as u32;
            }
        }
        Some((span, Lanewise { offsets, active }))
    }

    /// The memory that holds `extent` bytes from an address of a window.
    #[inline(always)]
    fn memory(
        &self,
        stage: &mut Stage<'_>,
        pc: usize,
        (window, address): (Window, u64),
        extent: u64,
        write: bool,
    ) -> Option<Span> {
        let (window, low) = narrow(window, address);
        let base = address - low;
        let fits = |limit: usize| low < limit as u64 && extent <= limit as u64 - low;
        match window {
            Window::Shared if fits(stage.shared_bytes) => Some(Span {
                data: stage.shared.pointer(),
                state: stage.shared_state.pointer(),
                words: None,
                start: base,
                window,
            }),
            Window::Local if fits(stage.kernel.local_bytes) => Some(Span {
                data: self.local.pointer(),
                state: self.local_state.pointer(),
                words: None,
                start: base,
                window,
            }),
            Window::Global => {
                let region = stage.region(pc, low, extent)?;
                // An offset in a larger region would not fit its type.
                let small = region.end - region.start <= u64::from(u32::MAX);
                (small && !(write && region.constant)).then_some(Span {
                    data: region.data,
                    state: region.shadow,
                    words: Some(region.words),
                    start: region.start,
                    window,
                })
            }
            _ => None,
        }
    }

    /// Loads for all lanes; false if nothing was done, and the lanes must be looked at.
    #[inline(always)]
    pub(super) fn load_span<const SIZE: usize>(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
        (window, ty, count, bits): (Window, Ty, usize, u32),
    ) -> bool {
        let whole = (window, (SIZE * count) as u64, false);
        if count == 1
            && let Some((span, first)) = self.row_span(stage, i, pc, active, whole)
        {
            let lanes = row(first, SIZE);
            return self.load_elements::<SIZE>(stage, i, (span, active, lanes), (ty, 1, bits));
        }
        let Some((span, lanes)) = self.span(stage, i, pc, active, whole) else {
            return false;
        };
        let lanes = lanes.iter();
        self.load_elements::<SIZE>(stage, i, (span, active, lanes), (ty, count, bits))
    }

    /// Loads if all lanes read what is initialised, and cannot race.
    #[inline(always)]
    fn load_elements<const SIZE: usize>(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        (span, active, lanes): (Span, u32, impl Iterator<Item = Lane> + Clone),
        (ty, count, bits): (Ty, usize, u32),
    ) -> bool {
        // No other state has the bit of the initialised.
        let mut states = cut(INITIALISED, SIZE);
        for at in lanes.clone() {
            for element in 0..count {
                // SAFETY: the span holds each lane's `count` elements, aligned to their size.
                states &= unsafe { read_cell(span.state.add(at.offset + element * SIZE), SIZE) };
            }
        }
        let initialised = states == cut(INITIALISED, SIZE);
        if !initialised || !self.touch_span(stage, span, lanes.clone(), (SIZE, count, false)) {
            return false;
        }
        for (element, &slot) in i.vector[..count].iter().enumerate() {
            let mut out: Lanes = [0; LANES];
            for at in lanes.clone() {
                // SAFETY: as above.
                let value = unsafe { read_cell(span.data.add(at.offset + element * SIZE), SIZE) };
                out[at.lane] = value;
            }
            if ty.is_signed() {
                for value in &mut out {
                    *value = widen(*value, ty, bits);
                }
            }
            self.registers.write(slot, active, !0, &out);
        }
        true
    }

    /// Stores for all lanes; false if nothing was done.
    #[inline(always)]
    pub(super) fn store_span<const SIZE: usize>(
        &mut self,
        stage: &mut Stage<'_>,
        i: &Instruction,
        pc: usize,
        active: u32,
        (window, count): (Window, usize),
    ) -> bool {
        let values = &i.vector[..count];
        if values
            .iter()
            .any(|&slot| active & !self.registers.defined(slot) != 0)
        {
            return false;
        }
        let whole = (window, (SIZE * count) as u64, true);
        if count == 1
            && let Some((span, first)) = self.row_span(stage, i, pc, active, whole)
        {
            return self.store_elements::<SIZE>(stage, &values[..1], (span, row(first, SIZE)));
        }
        let Some((span, lanes)) = self.span(stage, i, pc, active, whole) else {
            return false;
        };
        self.store_elements::<SIZE>(stage, values, (span, lanes.iter()))
    }

    /// Stores if no lane touches a guard, and none can race.
    #[inline(always)]
    fn store_elements<const SIZE: usize>(
        &self,
        stage: &mut Stage<'_>,
        values: &[Slot],
        (span, lanes): (Span, impl Iterator<Item = Lane> + Clone),
    ) -> bool {
        let count = values.len();
        if span.window == Window::Shared {
            let mut guards = 0;
            for at in lanes.clone() {
                for element in 0..count {
                    // SAFETY: the span holds each lane's `count` elements, aligned to their size.
                    guards |=
                        unsafe { read_cell(span.state.add(at.offset + element * SIZE), SIZE) };
                }
            }
            if guards & cut(GUARDS, SIZE) != 0 {
                return false;
            }
        }
        if !self.touch_span(stage, span, lanes.clone(), (SIZE, count, true)) {
            return false;
        }
        for (element, &slot) in values.iter().enumerate() {
            let value = self.registers.get(slot);
            for at in lanes.clone() {
                let offset = at.offset + element * SIZE;
                // SAFETY: as above.
                unsafe {
                    write_cell(span.data.add(offset), SIZE, value[at.lane]);
                    write_cell(span.state.add(offset), SIZE, cut(INITIALISED, SIZE));
                }
            }
        }
        true
    }

    /// Notes the touch of all lanes, if it cannot race.
    #[inline(always)]
    fn touch_span(
        &self,
        stage: &mut Stage<'_>,
        span: Span,
        lanes: impl Iterator<Item = Lane>,
        (size, count, write): (usize, usize, bool),
    ) -> bool {
        if !stage.launch.checks.races {
            return true;
        }
        let bytes = size * count;
        match span.window {
            Window::Shared => {
                let Some(races) = &mut stage.races else {
                    return true;
                };
                let thread = (self.index * LANES) as u16;
                for at in lanes {
                    if !races.touch_fresh(at.offset, bytes, thread + at.lane as u16, write) {
                        return false;
                    }
                }
                true
            }
            Window::Global if size >= WORD => {
                let Some(words) = span.words else {
                    return true;
                };
                let stamp = stage.moment.stamp(self.index);
                // SAFETY: the launch keeps the allocation.
                let before = unsafe { words.enter(stamp, write) };
                for at in lanes {
                    let who = (stamp, at.lane);
                    // SAFETY: the span has the records of all words that it holds.
                    let fresh = unsafe {
                        let words = words.from(at.offset / WORD);
                        Moment::touch_fresh(who, words, bytes / WORD, write, before)
                    };
                    if !fresh {
                        return false;
                    }
                }
                true
            }
            _ => true,
        }
    }
}
