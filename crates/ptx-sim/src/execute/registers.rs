//! A warp's registers: 32 lanes to a slot, and which lanes hold a value.

use crate::instruction::{Instruction, NONE, Slot};

/// The lanes of a warp.
pub(crate) const LANES: usize = 32;

/// One register of all lanes; a value narrower than 64 bits is zero-extended.
pub(super) type Lanes = [u64; LANES];

#[derive(Debug)]
pub(super) struct Registers {
    values: Vec<Lanes>,
    /// A bit for each lane whose value was computed from initialised values only.
    defined: Vec<u32>,
    /// `defined` of the presets alone.
    preset: Vec<u32>,
}

impl Registers {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            values: vec![[0; LANES]; slots],
            defined: vec![0; slots],
            preset: vec![0; slots],
        }
    }

    /// Forgets every value but the presets, which no instruction changes.
    pub(super) fn clear(&mut self) {
        self.defined.copy_from_slice(&self.preset);
    }

    pub(super) fn preset(&mut self, slot: Slot, lanes: Lanes) {
        self.values[slot as usize] = lanes;
        self.defined[slot as usize] = !0;
        self.preset[slot as usize] = !0;
    }

    #[inline(always)]
    pub(super) fn get(&self, slot: Slot) -> &Lanes {
        debug_assert!((slot as usize) < self.values.len());
        // SAFETY: the decoder gives only slots below the number that `new` was called with, and
        // `NONE` is read by no instruction.
        unsafe { self.values.get_unchecked(slot as usize) }
    }

    #[inline(always)]
    pub(super) fn defined(&self, slot: Slot) -> u32 {
        debug_assert!((slot as usize) < self.defined.len());
        // SAFETY: as in `get`.
        unsafe { *self.defined.get_unchecked(slot as usize) }
    }

    /// Writes the active lanes of a slot.
    #[inline(always)]
    pub(super) fn write(&mut self, slot: Slot, active: u32, defined: u32, lanes: &Lanes) {
        debug_assert!((slot as usize) < self.values.len());
        // SAFETY: as in `get`.
        let (target, known) = unsafe {
            (
                self.values.get_unchecked_mut(slot as usize),
                self.defined.get_unchecked_mut(slot as usize),
            )
        };
        if active == !0 {
            *target = *lanes;
            *known = defined;
        } else {
            for (lane, (target, value)) in target.iter_mut().zip(lanes).enumerate() {
                if active >> lane & 1 == 1 {
                    *target = *value;
                }
            }
            *known = *known & !active | defined & active;
        }
    }

    /// Writes a result that the instruction may not have.
    #[inline(always)]
    pub(super) fn write_optional(&mut self, slot: Slot, active: u32, defined: u32, lanes: &Lanes) {
        if slot != NONE {
            self.write(slot, active, defined, lanes);
        }
    }

    #[inline(always)]
    pub(super) fn map1(&mut self, i: &Instruction, active: u32, f: impl Fn(u64) -> u64) {
        let a = self.get(i.a);
        let mut out = [0; LANES];
        for (lane, out) in out.iter_mut().enumerate() {
            *out = f(a[lane]);
        }
        self.write(i.to, active, self.defined(i.a), &out);
    }

    #[inline(always)]
    pub(super) fn map2(&mut self, i: &Instruction, active: u32, f: impl Fn(u64, u64) -> u64) {
        let (a, b) = (self.get(i.a), self.get(i.b));
        let mut out = [0; LANES];
        for (lane, out) in out.iter_mut().enumerate() {
            *out = f(a[lane], b[lane]);
        }
        let defined = self.defined(i.a) & self.defined(i.b);
        self.write(i.to, active, defined, &out);
    }

    #[inline(always)]
    pub(super) fn map3(&mut self, i: &Instruction, active: u32, f: impl Fn(u64, u64, u64) -> u64) {
        let (a, b, c) = (self.get(i.a), self.get(i.b), self.get(i.c));
        let mut out = [0; LANES];
        for (lane, out) in out.iter_mut().enumerate() {
            *out = f(a[lane], b[lane], c[lane]);
        }
        let defined = self.defined(i.a) & self.defined(i.b) & self.defined(i.c);
        self.write(i.to, active, defined, &out);
    }

    /// The lanes whose predicate is true.
    #[inline(always)]
    pub(super) fn predicate(&self, slot: Slot) -> u32 {
        let lanes = self.get(slot);
        let mut mask = 0;
        for (lane, value) in lanes.iter().enumerate() {
            mask |= u32::from(*value != 0) << lane;
        }
        mask
    }
}
