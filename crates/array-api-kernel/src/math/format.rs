//! The parts of the two floating-point formats: bits, exponents, signs; and polynomials.

use crate::ir::{Ty, Val, call, lit, select};

/// Bits of the stored mantissa.
pub(super) const fn mantissa_bits(ty: Ty) -> u32 {
    if is_double(ty) { 52 } else { 23 }
}

/// The exponent field of the number 1.
pub(super) const fn bias(ty: Ty) -> i32 {
    if is_double(ty) { 1023 } else { 127 }
}

pub(super) const fn is_double(ty: Ty) -> bool {
    matches!(ty, Ty::F64 | Ty::U64)
}

/// A constant that depends on the format of `x`.
pub(super) fn constant(x: Val, single: f64, double: f64) -> Val {
    lit(x.ty(), if is_double(x.ty()) { double } else { single })
}

/// A bit pattern that depends on a format, as an unsigned integer.
pub(super) fn pattern(ty: Ty, single: u32, double: u64) -> Val {
    if is_double(ty) {
        lit(Ty::U64, double)
    } else {
        lit(Ty::U32, single)
    }
}

/// c₀ + c₁ x + c₂ x² …, with the coefficients of x's format.
pub(super) fn polynomial(x: Val, single: &[f64], double: &[f64]) -> Val {
    let coefficients = if is_double(x.ty()) { double } else { single };
    let (last, rest) = coefficients
        .split_last()
        .expect("a polynomial has coefficients");
    rest.iter()
        .rev()
        .fold(lit(x.ty(), *last), |sum, &c| sum * x + c)
}

pub(super) fn sign_mask(ty: Ty) -> Val {
    pattern(ty, 1 << 31, 1 << 63)
}

/// The bits of |x|.
pub(super) fn magnitude(x: Val) -> Val {
    x.bits() & pattern(x.ty(), u32::MAX >> 1, u64::MAX >> 1)
}

/// The bits of ∞.
pub(super) fn infinity_bits(ty: Ty) -> Val {
    pattern(ty, 0x7f80_0000, 0x7ff0_0000_0000_0000)
}

pub(super) fn infinity(x: Val) -> Val {
    lit(x.ty(), f64::INFINITY)
}

pub(super) fn nan(x: Val) -> Val {
    lit(x.ty(), f64::NAN)
}

/// Whether the sign bit is set.
pub(super) fn signbit(x: Val) -> Val {
    (x.bits() & sign_mask(x.ty())).ne(0)
}

pub(super) fn is_infinite(x: Val) -> Val {
    magnitude(x).eq(infinity_bits(x.ty()))
}

/// Whether it is neither NaN nor infinite.
#[must_use]
pub fn is_finite(x: Val) -> Val {
    magnitude(x).lt(infinity_bits(x.ty()))
}

/// Whether it is 0 or -0. A floating-point comparison may take subnormal values for 0; this test does not.
pub(super) fn is_zero(x: Val) -> Val {
    magnitude(x).eq(0)
}

/// |x| with the sign of `sign`.
pub(super) fn with_sign(x: Val, sign: Val) -> Val {
    (magnitude(x) | (sign.bits() & sign_mask(x.ty()))).bitcast(x.ty())
}

/// x with its sign flipped if `sign` is negative (by its sign bit).
pub(super) fn times_sign(x: Val, sign: Val) -> Val {
    (x.bits() ^ (sign.bits() & sign_mask(x.ty()))).bitcast(x.ty())
}

/// x with its sign flipped if the condition holds.
pub(super) fn negate_if(condition: Val, x: Val) -> Val {
    (x.bits() ^ select(condition, sign_mask(x.ty()), 0)).bitcast(x.ty())
}

/// x without the lower half of its mantissa, so that products of two such values are exact.
pub(super) fn upper_half(x: Val) -> Val {
    (x.bits() & pattern(x.ty(), 0xffff_f000, 0xffff_ffff_f800_0000)).bitcast(x.ty())
}

/// 2ᵏ for an integer (`I32`) within the normal exponents.
pub(super) fn power_of_two(k: Val, ty: Ty) -> Val {
    ((k + bias(ty)).to(ty.unsigned()) << mantissa_bits(ty)).bitcast(ty)
}

/// y · 2ᵏ, rounded once, for |k| up to twice the largest exponent and y near 1.
#[must_use]
pub fn scale(y: Val, k: Val) -> Val {
    let half = k >> 1;
    (y * power_of_two(half, y.ty())).pin() * power_of_two(k - half, y.ty())
}

/// `(m, k)` with x = m · 2ᵏ and m in [√½, √2), for finite x > 0, also if x is subnormal and the device's arithmetic
/// takes it for 0.
pub(super) fn split_exponent(x: Val) -> (Val, Val) {
    call("split_exponent", [x], |[x]| {
        let ty = x.ty();
        let bits = x.bits();
        let subnormal = bits.lt(pattern(ty, 0x0080_0000, 0x0010_0000_0000_0000));
        // The bits of a subnormal number, read as an integer, count multiples of the smallest number.
        let bits = select(subnormal, bits.to(ty).bits(), bits);
        let unit = -(bias(ty) - 1 + mantissa_bits(ty) as i32);
        let moved = select(subnormal, lit(Ty::I32, unit), 0);
        let root_half = pattern(ty, 0x3f35_04f3, 0x3fe6_a09e_0000_0000);
        let bits = bits + (pattern(ty, 0x3f80_0000, 0x3ff0_0000_0000_0000) - root_half);
        let k = (bits >> mantissa_bits(ty)).to(Ty::I32) - bias(ty) + moved;
        let fraction = bits & pattern(ty, 0x007f_ffff, 0x000f_ffff_ffff_ffff);
        ((fraction + root_half).bitcast(ty), k)
    })
}

/// The exponent k of the larger of two magnitudes, 2ᵏ ≤ max(|x|, |y|) < 2ᵏ⁺¹, as `I32`. For subnormal numbers and 0 it
/// is that of the smallest normal number.
#[must_use]
pub fn exponent(x: Val, y: Val) -> Val {
    let ty = x.ty();
    let largest =
        magnitude(x)
            .max(magnitude(y))
            .max(pattern(ty, 0x0080_0000, 0x0010_0000_0000_0000));
    (largest >> mantissa_bits(ty)).to(Ty::I32) - bias(ty)
}

/// Rounds towards 0, for finite x. (Lavapipe's built-in for `float64` leaves fractions of large numbers.)
pub(super) fn trunc(x: Val) -> Val {
    if !is_double(x.ty()) {
        return x.trunc();
    }
    let field = (magnitude(x) >> mantissa_bits(x.ty())).to(Ty::I32);
    let whole = (field - bias(x.ty())).max(0).min(63).to(Ty::U32);
    let fraction = lit(Ty::U64, 0x000f_ffff_ffff_ffff_u64) >> whole;
    let kept = select(field.lt(bias(x.ty())), sign_mask(x.ty()), !fraction);
    (x.bits() & kept).bitcast(x.ty())
}

/// Rounds to the nearest integer, halves to even, for |x| < 2⁵²; the sign of a zero result is unspecified. (Lavapipe's
/// built-in for `float64` rounds 1.5 to 1.)
pub(super) fn round(x: Val) -> Val {
    if !is_double(x.ty()) {
        return x.round();
    }
    let large = with_sign(lit(x.ty(), 4_503_599_627_370_496.0), x);
    (x + large).pin() - large
}
