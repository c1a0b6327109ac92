//! `float32`. Functions that are not here are computed by [`double`](super::double) and rounded once, which still is
//! faster than the standard library.
//!
//! Sources: polynomials of exp from SLEEF (Boost Software License 1.0), of log from FreeBSD's msun (`e_logf.c`, see
//! [`double`](super::double)), of sin and cos and the split of π/2 from NumPy (BSD-3-Clause, Copyright (c) 2005-2025, NumPy Developers).

use std::f32::consts::{FRAC_2_PI, LOG2_E};

/// 1.5 · 2²³: adding it rounds to an integer, which is then in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// 2ᵏ for an integral k in -126..=127.
#[inline(always)]
fn power_of_two(k: f32) -> f32 {
    f32::from_bits((k + (ROUND + 127.0)).to_bits() << 23)
}

/// k and eʳ - 1 of `x = k ln 2 + r`.
#[inline(always)]
fn exp_parts(x: f32) -> (f32, f32) {
    let k = x.mul_add(LOG2_E, ROUND) - ROUND;
    let r = k.mul_add(-0.693_145_752, x);
    let r = k.mul_add(-1.428_606_77e-6, r);
    let p = 0.000_198_527_617_6_f32
        .mul_add(r, 0.001_393_043_552_5)
        .mul_add(r, 0.008_333_360_776)
        .mul_add(r, 0.041_666_485_37)
        .mul_add(r, 0.166_666_671_6)
        .mul_add(r, 0.5);
    (k, (r * r).mul_add(p, r))
}

/// eˣ of every x, within 1 ulp.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // The comparisons are written so that NaN stays NaN.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let (k, p) = exp_parts(x);
    let half = k.mul_add(0.5, ROUND) - ROUND;
    (p + 1.0) * power_of_two(half) * power_of_two(k - half)
}

/// tanh of every x, within 2.5 ulp.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let a = if a > 10.0 { 10.0 } else { a };
    let (k, p) = exp_parts(a + a);
    let s = power_of_two(k);
    let e = s.mul_add(p, s - 1.0);
    (e / (e + 2.0)).copysign(x)
}

/// log of positive normal finite x, within 1 ulp.
#[inline(always)]
pub(crate) fn log(x: f32) -> f32 {
    const SQRT_HALF: i32 = 0x3f35_04f3;
    let bits = x.to_bits() as i32;
    let k = bits.wrapping_sub(SQRT_HALF) >> 23;
    let f = f32::from_bits(bits.wrapping_sub(k << 23) as u32) - 1.0;
    let k = k as f32;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let odd = w * w.mul_add(0.242_790_788_41, 0.400_009_721_52);
    let even = z * w.mul_add(0.284_987_866_88, 0.666_666_626_93);
    let half = 0.5 * f * f;
    k.mul_add(
        6.931_381_225_6e-1,
        f - (half - s.mul_add(half + (odd + even), k * 9.058_000_614_5e-6)),
    )
}

/// The largest angle for sin and cos here. For larger ones, π/2 in three parts is not precise enough.
pub(crate) const LARGEST_ANGLE: f32 = 71_476.0;

/// sin of x + `turns` · π/2 for |x| ≤ [`LARGEST_ANGLE`].
#[inline(always)]
fn sin_turned(x: f32, turns: u32) -> f32 {
    let t = x.mul_add(FRAC_2_PI, ROUND);
    let k = t - ROUND;
    let r = k.mul_add(-1.570_796_01, x);
    let r = k.mul_add(-3.139_164_73e-7, r);
    let r = k.mul_add(-5.390_302_53e-15, r);
    let z = r * r;
    let s = 2.865_679_56e-6_f32
        .mul_add(z, -1.985_599_23e-4)
        .mul_add(z, 8.333_385_92e-3)
        .mul_add(z, -1.666_666_72e-1);
    let sin = (s * z).mul_add(r, r);
    let cos = 2.446_770_67e-5_f32
        .mul_add(z, -1.388_772_97e-3)
        .mul_add(z, 4.166_665_67e-2)
        .mul_add(z, -0.5)
        .mul_add(z, 1.0);
    let q = t.to_bits().wrapping_add(turns);
    let y = if q & 1 == 0 { sin } else { cos };
    f32::from_bits(y.to_bits() ^ ((q & 2) << 30))
}

/// sin for |x| ≤ [`LARGEST_ANGLE`], within 1.5 ulp.
#[inline(always)]
pub(crate) fn sin(x: f32) -> f32 {
    let y = sin_turned(x, 0);
    if x == 0.0 { x } else { y }
}

/// cos for |x| ≤ [`LARGEST_ANGLE`], within 1.5 ulp.
#[inline(always)]
pub(crate) fn cos(x: f32) -> f32 {
    sin_turned(x, 1)
}

/// xʸ for positive normal finite x and finite y, within 0.6 ulp: log₂ and 2ˣ in double precision, to 2⁻³³.
#[inline(always)]
pub(crate) fn pow(x: f32, y: f32) -> f32 {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const A: f64 = 2.0 * std::f64::consts::LOG2_E;
    let bits = f64::from(x).to_bits();
    let k = bits.wrapping_sub(SQRT_HALF).wrapping_add(1023 << 52) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(k << 52).wrapping_add(1023 << 52));
    let k = f64::from_bits(k | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let p = (z * z).mul_add(
        (z * z).mul_add(z.mul_add(A / 13.0, A / 11.0), z.mul_add(A / 9.0, A / 7.0)),
        z.mul_add(A / 5.0, A / 3.0),
    );
    let log2 = s.mul_add(z.mul_add(p, A), k);
    let t = f64::from(y) * log2;
    let t = if t > 160.0 { 160.0 } else { t };
    let t = if t < -160.0 { -160.0 } else { t };
    let n = (t + ROUND) - ROUND;
    let r = (t - n) * std::f64::consts::LN_2;
    let r2 = r * r;
    let high = r2.mul_add(
        r.mul_add(1.0 / 5040.0, 1.0 / 720.0),
        r.mul_add(1.0 / 120.0, 1.0 / 24.0),
    );
    let e = (r2 * r2).mul_add(high, r2.mul_add(r.mul_add(1.0 / 6.0, 0.5), r)) + 1.0;
    (e * f64::from_bits((n + (ROUND + 1023.0)).to_bits() << 52)) as f32
}
