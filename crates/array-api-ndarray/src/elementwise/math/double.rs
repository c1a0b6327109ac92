//! `float64`.
//!
//! Sources: polynomials of log, sin and cos and the split of ln 2 from FreeBSD's msun (`e_log.c`, `k_sin.c`, `k_cos.c`;
//! Copyright (C) 1993 by Sun Microsystems, Inc., "Permission to use, copy, modify, and distribute this software is freely
//! granted, provided that this notice is preserved"); the exponential's is the Taylor series to degree 13.

use std::f64::consts::{FRAC_2_PI, LOG2_E};

/// 1.5 · 2⁵²: adding it rounds to an integer, which is then in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-01;
const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;

/// 2ᵏ for an integral k in -1022..=1023.
#[inline(always)]
fn power_of_two(k: f64) -> f64 {
    f64::from_bits((k + (ROUND + 1023.0)).to_bits() << 52)
}

/// (eʳ - 1 - r) / r² for |r| ≤ ln 2 / 2.
#[inline(always)]
fn exp_rest(r: f64) -> f64 {
    const C: [f64; 12] = [
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
        1.0 / 3_628_800.0,
        1.0 / 39_916_800.0,
        1.0 / 479_001_600.0,
        1.0 / 6_227_020_800.0,
    ];
    let r2 = r * r;
    let r4 = r2 * r2;
    let a = r2.mul_add(r.mul_add(C[3], C[2]), r.mul_add(C[1], C[0]));
    let b = r2.mul_add(r.mul_add(C[7], C[6]), r.mul_add(C[5], C[4]));
    let c = r2.mul_add(r.mul_add(C[11], C[10]), r.mul_add(C[9], C[8]));
    (r4 * r4).mul_add(c, r4.mul_add(b, a))
}

/// eˣ of every x, within 1.1 ulp.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    // The comparisons are written so that NaN stays NaN.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let k = x.mul_add(LOG2_E, ROUND) - ROUND;
    let r = k.mul_add(-LN2_LOW, k.mul_add(-LN2_HIGH, x));
    let p = (r * r).mul_add(exp_rest(r), r) + 1.0;
    // Two factors: 2ᵏ itself may be out of range although the result is not.
    let half = k.mul_add(0.5, ROUND) - ROUND;
    p * power_of_two(half) * power_of_two(k - half)
}

/// eˣ - 1 for |x| ≤ 700, within 2 ulp.
#[inline(always)]
pub(crate) fn expm1(x: f64) -> f64 {
    let k = x.mul_add(LOG2_E, ROUND) - ROUND;
    let high = k.mul_add(-LN2_HIGH, x);
    let shift = k * LN2_LOW;
    let r = high - shift;
    let low = (high - r) - shift;
    let p = (r * r).mul_add(exp_rest(r), low.mul_add(r, low)) + r;
    let s = power_of_two(k);
    let y = s.mul_add(p, s - 1.0);
    if x == 0.0 { x } else { y }
}

/// tanh of every x, within 2.5 ulp.
#[inline(always)]
pub(crate) fn tanh(x: f64) -> f64 {
    let a = x.abs();
    let a = if a > 22.0 { 22.0 } else { a };
    let e = expm1(a + a);
    (e / (e + 2.0)).copysign(x)
}

/// sinh for |x| ≤ 700, within 3 ulp.
#[inline(always)]
pub(crate) fn sinh(x: f64) -> f64 {
    let e = expm1(x.abs());
    (0.5 * (e + e / (e + 1.0))).copysign(x)
}

/// cosh for |x| ≤ 700, within 2 ulp.
#[inline(always)]
pub(crate) fn cosh(x: f64) -> f64 {
    let e = exp(x.abs());
    (0.25 / e).mul_add(2.0, 0.5 * e)
}

/// k and m of `x = 2ᵏ m` with m in [√½, √2), for positive normal x.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    let bits = x.to_bits();
    let k = bits.wrapping_sub(SQRT_HALF).wrapping_add(1023 << 52) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(k << 52).wrapping_add(1023 << 52));
    // An integer below 2⁵², put into the fraction bits of 2⁵², is converted to a float by subtracting 2⁵².
    (
        f64::from_bits(k | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0),
        m,
    )
}

/// k ln 2 + log(1 + f) + `low` for 1 + f in [√½, √2).
#[inline(always)]
fn log_sum(k: f64, f: f64, low: f64) -> f64 {
    const L: [f64; 7] = [
        6.666_666_666_666_735_130e-01,
        3.999_999_999_940_941_908e-01,
        2.857_142_874_366_239_149e-01,
        2.222_219_843_214_978_396e-01,
        1.818_357_216_161_805_012e-01,
        1.531_383_769_920_937_332e-01,
        1.479_819_860_511_658_591e-01,
    ];
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let odd = w * w.mul_add(w.mul_add(L[5], L[3]), L[1]);
    let even = z * w.mul_add(w.mul_add(w.mul_add(L[6], L[4]), L[2]), L[0]);
    let half = 0.5 * f * f;
    k.mul_add(
        LN2_HIGH,
        f - (half - s.mul_add(half + (odd + even), k.mul_add(LN2_LOW, low))),
    )
}

/// log of positive normal finite x, within 0.9 ulp.
#[inline(always)]
pub(crate) fn log(x: f64) -> f64 {
    let (k, m) = split(x);
    log_sum(k, m - 1.0, 0.0)
}

/// log₂ of positive normal finite x, within 2.5 ulp; exact for powers of two.
#[inline(always)]
pub(crate) fn log2(x: f64) -> f64 {
    let (k, m) = split(x);
    let log = log_sum(0.0, m - 1.0, 0.0);
    log.mul_add(LOG2_E, k)
}

/// log(1 + x) for x in [-1 + 2⁻⁵³, 2¹⁰²²], within 2 ulp.
#[inline(always)]
pub(crate) fn log1p(x: f64) -> f64 {
    let u = 1.0 + x;
    // The rounding error of the sum, by Knuth's two-sum.
    let big = u - x;
    let lost = (x - (u - big)) + (1.0 - big);
    let (k, m) = split(u);
    let y = log_sum(k, m - 1.0, lost / u);
    if x.abs() < 1e-300 { x } else { y }
}

/// log(eˣ + eʸ) of finite x and y: within 2 ulp of the larger of the two logarithms that are added.
#[inline(always)]
pub(crate) fn logaddexp(x: f64, y: f64) -> f64 {
    let larger = if x > y { x } else { y };
    larger + log1p(exp(-(x - y).abs()))
}

/// sin and cos of r + low with |r| ≤ π/4.
#[inline(always)]
fn sin_cos_small(r: f64, low: f64) -> (f64, f64) {
    const S: [f64; 6] = [
        -1.666_666_666_666_663_243_48e-01,
        8.333_333_333_322_489_461_24e-03,
        -1.984_126_982_985_794_931_34e-04,
        2.755_731_370_707_006_767_89e-06,
        -2.505_076_025_340_686_341_95e-08,
        1.589_690_995_211_550_102_21e-10,
    ];
    const C: [f64; 6] = [
        4.166_666_666_666_660_190_37e-02,
        -1.388_888_888_887_410_957_49e-03,
        2.480_158_728_947_672_941_78e-05,
        -2.755_731_435_139_066_330_35e-07,
        2.087_572_321_298_174_827_90e-09,
        -1.135_964_755_778_819_482_65e-11,
    ];
    let z = r * r;
    let w = z * z;
    let p = (z * w).mul_add(
        z.mul_add(S[5], S[4]),
        z.mul_add(z.mul_add(S[3], S[2]), S[1]),
    );
    let v = z * r;
    let sin = r - ((z * 0.5f64.mul_add(low, -(v * p)) - low) - v * S[0]);
    let q = (w * w).mul_add(
        z.mul_add(z.mul_add(C[5], C[4]), C[3]),
        z * z.mul_add(z.mul_add(C[2], C[1]), C[0]),
    );
    let half = 0.5 * z;
    let one = 1.0 - half;
    let cos = one + (((1.0 - one) - half) + (z * q - r * low));
    (sin, cos)
}

/// The quadrant of an angle, in the lowest bits, and the sine and cosine of the angle within the quadrant.
#[inline(always)]
fn quadrant(x: f64) -> (u64, f64, f64) {
    const PIO2_HIGH: f64 = std::f64::consts::FRAC_PI_2;
    const PIO2_LOW: f64 = 6.123_233_995_736_766e-17;
    let t = x.mul_add(FRAC_2_PI, ROUND);
    let k = t - ROUND;
    let high = k.mul_add(-PIO2_HIGH, x);
    let r = k.mul_add(-PIO2_LOW, high);
    let low = k.mul_add(-PIO2_LOW, high - r);
    let (sin, cos) = sin_cos_small(r, low);
    (t.to_bits(), sin, cos)
}

/// The largest angle for sin, cos and tan here. For larger ones, π/2 in two parts is not precise enough.
pub(crate) const LARGEST_ANGLE: f64 = 1_048_576.0;

/// sin for |x| ≤ [`LARGEST_ANGLE`], within 0.8 ulp.
#[inline(always)]
pub(crate) fn sin(x: f64) -> f64 {
    let (q, sin, cos) = quadrant(x);
    let y = if q & 1 == 0 { sin } else { cos };
    let y = f64::from_bits(y.to_bits() ^ ((q & 2) << 62));
    if x == 0.0 { x } else { y }
}

/// cos for |x| ≤ [`LARGEST_ANGLE`], within 0.8 ulp.
#[inline(always)]
pub(crate) fn cos(x: f64) -> f64 {
    let (q, sin, cos) = quadrant(x);
    let q = q.wrapping_add(1);
    let y = if q & 1 == 0 { sin } else { cos };
    f64::from_bits(y.to_bits() ^ ((q & 2) << 62))
}

/// tan for |x| ≤ [`LARGEST_ANGLE`], within 2.5 ulp.
#[inline(always)]
pub(crate) fn tan(x: f64) -> f64 {
    let (q, sin, cos) = quadrant(x);
    let odd = q & 1 != 0;
    let (above, below) = if odd { (-cos, sin) } else { (sin, cos) };
    let y = above / below;
    if x == 0.0 { x } else { y }
}

#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let c = s - a;
    (s, (a - (s - c)) + (b - c))
}

/// For |a| ≥ |b|.
#[inline(always)]
fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

#[inline(always)]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    (p, a.mul_add(b, -p))
}

/// log of positive normal finite x as an unevaluated sum of two, with some 68 bits.
#[inline(always)]
fn log_pair(x: f64) -> (f64, f64) {
    const P: [f64; 9] = [
        2.0 / 5.0,
        2.0 / 7.0,
        2.0 / 9.0,
        2.0 / 11.0,
        2.0 / 13.0,
        2.0 / 15.0,
        2.0 / 17.0,
        2.0 / 19.0,
        2.0 / 21.0,
    ];
    // ln 2 with 11 trailing zero bits, so that k times it is exact, and the rest.
    const LN2_SHORT: f64 = f64::from_bits(0x3fe6_2e42_fefa_3800);
    const LN2_REST: f64 = f64::from_bits(0x3d2e_f357_93c7_6730);
    const TWO_THIRDS_LOW: f64 = 3.700_743_415_417_188e-17;
    let (k, m) = split(x);
    // log(m) = 2 s + 2/3 s³ + s⁵ P(s²) with s = (m - 1) / (m + 1).
    let f = m - 1.0;
    let (g, g_low) = two_sum(m, 1.0);
    let s = f / g;
    let s_low = (-s).mul_add(g_low, (-s).mul_add(g, f)) / g;
    let (z, z_low) = two_product(s, s);
    let z_low = (2.0 * s).mul_add(s_low, z_low);
    let z2 = z * z;
    let p_low = z2.mul_add(z.mul_add(P[3], P[2]), z.mul_add(P[1], P[0]));
    let p_high = (z2 * z2).mul_add(
        P[8],
        z2.mul_add(z.mul_add(P[7], P[6]), z.mul_add(P[5], P[4])),
    );
    let p = (z2 * z2).mul_add(p_high, p_low);
    let (c, c_low) = two_product(z, 2.0 / 3.0);
    let c_low = z.mul_add(TWO_THIRDS_LOW, z_low.mul_add(2.0 / 3.0, c_low));
    let (u, u_low) = fast_two_sum(c, z2 * p);
    let u_low = u_low + c_low;
    let (w, w_low) = two_product(s, u);
    let w_low = s.mul_add(u_low, s_low.mul_add(u, w_low));
    let (a, a_low) = fast_two_sum(2.0 * s, w);
    let a_low = a_low + 2.0 * s_low + w_low;
    let (log, low) = two_sum(k * LN2_SHORT, a);
    fast_two_sum(log, low + a_low + k * LN2_REST)
}

/// xʸ for positive normal finite x and finite y, within 1 ulp.
#[inline(always)]
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    let (log, low) = log_pair(x);
    let (p, p_low) = two_product(y, log);
    let (p, p_low) = fast_two_sum(p, y.mul_add(low, p_low));
    let clamped = if p > 710.0 { 710.0 } else { p };
    let clamped = if clamped < -746.0 { -746.0 } else { clamped };
    let p_low = if p == clamped { p_low } else { 0.0 };
    let k = clamped.mul_add(LOG2_E, ROUND) - ROUND;
    let high = k.mul_add(-LN2_HIGH, clamped);
    let rest = k.mul_add(-LN2_LOW, p_low);
    let r = high + rest;
    let low = (high - r) + rest;
    let e = (r * r).mul_add(exp_rest(r), low.mul_add(r, low)) + r + 1.0;
    let half = k.mul_add(0.5, ROUND) - ROUND;
    e * power_of_two(half) * power_of_two(k - half)
}
