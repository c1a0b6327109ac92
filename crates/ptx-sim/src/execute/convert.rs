//! `cvt`: every pair of types, with rounding, flushing and saturation.

use super::float::{flush, round_to_single, saturate, single, single_bits, step32, step64};
use super::integer::{extend, truncate};
use super::registers::Registers;
use crate::instruction::{Conversion, Float, Instruction, Rounding, Ty};

/// Half to single precision, exactly.
pub(super) fn from_half(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let (exponent, mantissa) = (u32::from(half >> 10 & 31), u32::from(half & 0x3ff));
    let magnitude = match exponent {
        0 => (mantissa as f32 * 2f32.powi(-24)).to_bits(),
        31 => 0x7f80_0000 | mantissa << 13,
        _ => (exponent + 112) << 23 | mantissa << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// Double to half precision with one rounding.
pub(super) fn to_half(value: f64, rounding: Rounding) -> u16 {
    if value.is_nan() {
        return 0x7fff;
    }
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = value.abs();
    // One unit in the last place: 2^-24 for subnormals, else 2^(exponent - 10).
    let exponent = ((magnitude.to_bits() >> 52) as i32 - 1023).max(-14);
    let units = magnitude * 2f64.powi(10 - exponent);
    let rounded = match rounding {
        Rounding::Nearest => units.round_ties_even(),
        Rounding::Zero => units.floor(),
        Rounding::Down if sign == 0 => units.floor(),
        Rounding::Up if sign != 0 => units.floor(),
        _ => units.ceil(),
    };
    if magnitude.is_infinite() || rounded * 2f64.powi(exponent - 10) >= 65536.0 {
        let finite = magnitude.is_finite()
            && match rounding {
                Rounding::Nearest => false,
                Rounding::Zero => true,
                Rounding::Down => sign == 0,
                Rounding::Up => sign != 0,
            };
        return sign | if finite { 0x7bff } else { 0x7c00 };
    }
    // The exponent field counts from the subnormals up; a carry of the mantissa moves it on.
    sign | (((exponent + 14) as u16) << 10).wrapping_add(rounded as u16)
}

fn round_integral(value: f64, rounding: Rounding) -> f64 {
    match rounding {
        Rounding::Nearest => value.round_ties_even(),
        Rounding::Zero => value.trunc(),
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
    }
}

fn float_value(bits: u64, ty: Ty, ftz: bool) -> f64 {
    match ty {
        Ty::F64 => f64::from_bits(bits),
        Ty::F16 => f64::from(from_half(bits as u16)),
        _ if ftz => f64::from(flush(single(bits))),
        _ => f64::from(single(bits)),
    }
}

/// Out of range the nearest bound; NaN gives 0, and the sign bit for 64-bit results.
fn float_to_integer(value: f64, ty: Ty) -> u64 {
    if value.is_nan() {
        return if ty.size() == 8 { 1 << 63 } else { 0 };
    }
    match ty {
        Ty::S8 => i64::from(value as i8) as u64,
        Ty::S16 => i64::from(value as i16) as u64,
        Ty::S32 => i64::from(value as i32) as u64,
        Ty::S64 => value as i64 as u64,
        Ty::U8 => u64::from(value as u8),
        Ty::U16 => u64::from(value as u16),
        Ty::U32 => u64::from(value as u32),
        _ => value as u64,
    }
}

fn float_to_float(bits: u64, c: Conversion) -> u64 {
    let mut value = float_value(bits, c.from, c.ftz);
    if c.integral {
        value = round_integral(value, c.rounding);
    }
    match c.to {
        Ty::F64 => {
            if c.sat {
                value = if value > 0.0 { value.min(1.0) } else { 0.0 };
            }
            value.to_bits()
        }
        Ty::F16 => {
            if c.sat {
                value = if value > 0.0 { value.min(1.0) } else { 0.0 };
            }
            u64::from(to_half(value, c.rounding))
        }
        _ => {
            let mut rounded = if c.integral {
                value as f32
            } else {
                round_to_single(value, 0.0, c.rounding)
            };
            if c.ftz {
                rounded = flush(rounded);
            }
            single_bits(if c.sat { saturate(rounded) } else { rounded })
        }
    }
}

/// An integer of up to 64 bits to single precision with one rounding.
fn integer_to_single(value: i128, rounding: Rounding) -> f32 {
    let nearest = value as f32;
    step32(nearest, (value - nearest as i128) as f64, rounding)
}

fn integer_to_double(value: i128, rounding: Rounding) -> f64 {
    let nearest = value as f64;
    step64(nearest, (value - nearest as i128) as f64, rounding)
}

fn integer_value(bits: u64, ty: Ty) -> i128 {
    if ty.is_signed() {
        i128::from(extend(bits, ty))
    } else {
        i128::from(truncate(bits, ty))
    }
}

fn integer_to_float(bits: u64, c: Conversion) -> u64 {
    let value = integer_value(bits, c.from);
    match c.to {
        Ty::F64 => integer_to_double(value, c.rounding).to_bits(),
        // Halves end at 65504, far within what double precision holds exactly.
        Ty::F16 => u64::from(to_half(value as f64, c.rounding)),
        _ => single_bits(integer_to_single(value, c.rounding)),
    }
}

fn integer_to_integer(bits: u64, c: Conversion) -> u64 {
    if !c.sat {
        return extend(extend(bits, c.from) as u64, c.to) as u64;
    }
    let value = integer_value(bits, c.from);
    let bits = c.to.bits();
    let (low, high) = if c.to.is_signed() {
        (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
    } else {
        (0, (1i128 << bits) - 1)
    };
    value.clamp(low, high) as u64
}

/// The bits of a converted value, extended to the register's width.
fn convert(bits: u64, c: Conversion) -> u64 {
    let converted = match (c.from.is_float(), c.to.is_float()) {
        (true, true) => return float_to_float(bits, c),
        (false, true) => return integer_to_float(bits, c),
        (true, false) => {
            let value = float_value(bits, c.from, c.ftz);
            float_to_integer(round_integral(value, c.rounding), c.to)
        }
        (false, false) => integer_to_integer(bits, c),
    };
    converted & (u64::MAX >> (64 - c.bits))
}

impl Registers {
    #[inline(always)]
    pub(super) fn convert(&mut self, i: &Instruction, active: u32, c: Conversion) {
        match (c.to, c.from) {
            (Ty::U64 | Ty::S64 | Ty::U32 | Ty::S32, Ty::U32) if !c.sat => {
                self.map1(i, active, |a| a);
            }
            (Ty::U64 | Ty::S64, Ty::S32) if !c.sat => {
                self.map1(i, active, |a| i64::from(a as i32) as u64);
            }
            (Ty::U32, Ty::U64 | Ty::S64) if !c.sat && c.bits == 32 => {
                self.map1(i, active, |a| u64::from(a as u32));
            }
            (Ty::F64, Ty::F32) if !c.ftz && !c.sat && !c.integral => {
                self.map1(i, active, |a| f64::from(single(a)).to_bits());
            }
            (Ty::F32, Ty::F32) if !c.integral => {
                let (ty, rounding, ftz, sat) = (c.to, c.rounding, c.ftz, c.sat);
                let float = Float {
                    ty,
                    rounding,
                    ftz,
                    sat,
                };
                self.singles1(i, active, float, |a| a);
            }
            _ => self.map1(i, active, |a| convert(a, c)),
        }
    }
}
