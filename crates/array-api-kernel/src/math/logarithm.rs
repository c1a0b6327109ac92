//! Logarithms.
//!
//! Source: FreeBSD's `e_log.c`, `s_log1p.c` and their f32 twins for `log` and `log1p`; the steps of its `e_pow.c` for
//! the logarithm in two parts (Copyright © 1993, 2004 Sun Microsystems; freely usable, provided that this notice is
//! preserved). The coefficients of the latter are our own, for a wider interval (Remez, relative error 2.4e-9 and
//! 3.2e-20 in the series' tail).

use super::exponential::exp;
use super::format::{
    constant, infinity, infinity_bits, is_zero, nan, polynomial, split_exponent, upper_half,
};
use crate::ir::{Val, call, select};

/// log((1 + f) 2ᵏ) + c, for √½ ≤ 1 + f < √2 and a small correction c; k as a floating-point value.
fn log_of(f: Val, k: Val, c: Option<Val>) -> Val {
    let s = f / (f + 2.0);
    let z = s * s;
    let r = z * polynomial(
        z,
        &[
            0.666_666_626_93,
            0.400_009_721_52,
            0.284_987_866_88,
            0.242_790_788_41,
        ],
        &[
            6.666_666_666_666_735_130e-1,
            3.999_999_999_940_941_908e-1,
            2.857_142_874_366_239_149e-1,
            2.222_219_843_214_978_396e-1,
            1.818_357_216_161_805_012e-1,
            1.531_383_769_920_937_332e-1,
            1.479_819_860_511_658_591e-1,
        ],
    );
    let half_square = f * f * 0.5;
    let low = k * constant(f, 9.058_000_614_5e-6, 1.908_214_929_270_587_700_02e-10);
    let low = c.map_or(low, |c| low + c);
    let high = (k * constant(f, 6.931_381_225_6e-1, 6.931_471_803_691_238_164_90e-1)).pin();
    high + (f - (half_square - (s * (half_square + r) + low)))
}

/// The logarithm of anything but a positive finite number.
fn outside(x: Val) -> Val {
    let kept = x.is_nan() | x.bits().eq(infinity_bits(x.ty()));
    select(kept, x, select(is_zero(x), -infinity(x), nan(x)))
}

/// Whether x is positive and finite; tests the bits.
fn is_regular(x: Val) -> Val {
    (x.bits() - 1).lt(infinity_bits(x.ty()) - 1)
}

/// Natural logarithm.
pub(super) fn log(x: Val) -> Val {
    call("log", [x], |[x]| {
        let (m, k) = split_exponent(x);
        select(
            is_regular(x),
            log_of(m - 1.0, k.to(x.ty()), None),
            outside(x),
        )
    })
}

/// log(1 + x).
pub(super) fn log1p(x: Val) -> Val {
    call("log1p", [x], |[x]| {
        let u = (x + 1.0).pin();
        let (m, k) = split_exponent(u);
        // The rounding error of 1 + x.
        let lost = select(x.ge(1.0), 1.0 - (u - x).pin(), x - (u - 1.0).pin());
        let y = log_of(m - 1.0, k.to(x.ty()), Some(lost / u));
        let tiny = x.abs().lt(constant(x, 1e-8, 1e-17));
        select(tiny, x, select(is_regular(u), y, outside(u)))
    })
}

/// `(hi, lo)` with log₂ x = hi + lo, for finite x > 0. The sum has half a mantissa more than the format, and the lower
/// half of hi's bits are 0.
pub(super) fn log2_parts(x: Val) -> (Val, Val) {
    call("log2_parts", [x], |[x]| {
        let (m, k) = split_exponent(x);
        let f = m - 1.0;
        // log m = ⅔ s (3 + s² + r), where s = f / (2 + f) = s_hi + s_lo.
        let t = (f + 2.0).pin();
        let s = f / t;
        let s_hi = upper_half(s);
        let t_hi = upper_half(t);
        let t_lo = f - (t_hi - 2.0).pin();
        let s_lo = ((f - s_hi * t_hi).pin() - s_hi * t_lo) / t;
        let s2 = s * s;
        let square = s_hi * s_hi;
        let r = s2
            * s2
            * polynomial(
                s2,
                &[
                    0.599_999_998_56,
                    0.428_572_988_36,
                    0.333_070_227_54,
                    0.286_838_709_37,
                ],
                &[
                    0.6,
                    0.428_571_428_571_428_5,
                    0.333_333_333_333_427_9,
                    0.272_727_272_694_424_37,
                    0.230_769_236_479_436_39,
                    0.199_999_443_201_484_44,
                    0.176_502_403_356_625_3,
                    0.156_840_315_231_458_22,
                    0.161_477_719_756_323_36,
                ],
            )
            + s_lo * (s_hi + s);
        let w_hi = upper_half(square + 3.0 + r);
        let w_lo = r - ((w_hi - 3.0).pin() - square);
        let u = (s_hi * w_hi).pin();
        let v = s_lo * w_hi + w_lo * s;
        let p_hi = upper_half(u + v);
        let p_lo = v - (p_hi - u).pin();
        // 2 / (3 log 2), as one number and as two parts.
        let (c, c_hi, c_lo) = (
            constant(x, 0.961_796_700_954, 0.961_796_693_925_975_6),
            constant(x, 0.961_425_781_25, 0.961_796_686_053_276_1),
            constant(x, 3.709_126_904_141_158e-4, 7.872_699_542_894_897e-9),
        );
        let (z_hi, z_lo) = ((p_hi * c_hi).pin(), p_hi * c_lo + p_lo * c);
        let k = k.to(x.ty());
        let hi = upper_half(z_hi + z_lo + k);
        (hi, z_lo - ((hi - k).pin() - z_hi).pin())
    })
}

/// Logarithm to base 2; exact for powers of 2.
pub(super) fn log2(x: Val) -> Val {
    call("log2", [x], |[x]| {
        let (hi, lo) = log2_parts(x);
        select(is_regular(x), hi + lo, outside(x))
    })
}

/// Logarithm to base 10; exact for powers of 10.
pub(super) fn log10(x: Val) -> Val {
    call("log10", [x], |[x]| {
        let (hi, lo) = log2_parts(x);
        // log₁₀ 2, as one number and as two parts.
        let (c, c_hi, c_lo) = (
            constant(x, 0.301_029_996, 0.301_029_995_663_981_2),
            constant(x, 0.301_025_390_625, 0.301_029_995_083_808_9),
            constant(x, 4.605_039_066_518_657e-6, 5.801_722_962_879_576e-10),
        );
        let y = (hi * c_hi).pin() + (hi * c_lo + lo * c);
        select(is_regular(x), y, outside(x))
    })
}

/// log(eˣ + eʸ).
pub(super) fn logaddexp(x: Val, y: Val) -> Val {
    call("logaddexp", [x, y], |[x, y]| {
        let above = x.gt(y);
        let (larger, smaller) = (select(above, x, y), select(above, y, x));
        let sum = larger + log1p(exp(smaller - larger));
        let infinite = is_infinite_or_equal(x, y);
        select(
            x.is_nan(),
            x,
            select(
                y.is_nan(),
                y,
                select(infinite, larger + std::f64::consts::LN_2, sum),
            ),
        )
    })
}

/// Whether x - y is 0 or NaN because both are equal or infinite.
fn is_infinite_or_equal(x: Val, y: Val) -> Val {
    x.eq(y) | x.bits().eq(infinity_bits(x.ty())) | y.bits().eq(infinity_bits(y.ty()))
}
