//! Sines, cosines, tangents and their inverses.
//!
//! Source: FreeBSD's `k_sin.c`, `k_cos.c`, `e_asin.c`, `e_acos.c`, `s_atan.c`, `e_atan2.c` and the coefficients of their f32 twins
//! (Copyright © 1993 Sun Microsystems; freely usable, provided that this notice is preserved).

use std::f64::consts::{FRAC_PI_4, PI};

use super::argument_reduction::quadrant;
use super::format::{
    constant, is_finite, is_infinite, is_zero, nan, negate_if, polynomial, signbit, times_sign,
    upper_half, with_sign,
};
use crate::ir::{Ty, Val, call, if_, lit, select, var};

/// Sine and cosine.
pub(super) fn sin_cos(x: Val) -> (Val, Val) {
    call("sin_cos", [x], |[x]| {
        let a = x.abs();
        let (r, tail, turns) = (var(a), var(lit(x.ty(), 0.0)), var(lit(Ty::U32, 0)));
        if_(a.gt(FRAC_PI_4), || {
            let reduced = quadrant(a);
            r.set(reduced.0);
            tail.set(reduced.1);
            turns.set(reduced.2);
        });
        let (r, tail, turns) = (r.get(), tail.get(), turns.get());
        let (s, c) = (sin_reduced(r, tail), cos_reduced(r, tail));
        let odd = (turns & 1).ne(0);
        let (sin, cos) = (select(odd, c, s), select(odd, s, c));
        let sin = times_sign(negate_if((turns & 2).ne(0), sin), x);
        let cos = negate_if(((turns + 1) & 2).ne(0), cos);
        let finite = is_finite(x);
        (select(finite, sin, nan(x)), select(finite, cos, nan(x)))
    })
}

/// sin(r + tail) for |r| ≤ π/4.
fn sin_reduced(r: Val, tail: Val) -> Val {
    let z = r * r;
    let v = z * r;
    let p = polynomial(
        z,
        &[
            8.333_329_385_889_463_2e-3,
            -1.983_933_483_609_663_2e-4,
            2.718_311_493_989_822e-6,
        ],
        &[
            8.333_333_333_322_489_461_24e-3,
            -1.984_126_982_985_794_931_34e-4,
            2.755_731_370_707_006_767_89e-6,
            -2.505_076_025_340_686_341_95e-8,
            1.589_690_995_211_550_102_21e-10,
        ],
    );
    let first = constant(
        r,
        -0.166_666_666_416_265_24,
        -1.666_666_666_666_663_243_48e-1,
    );
    r - (z * (tail * 0.5 - v * p) - tail - v * first)
}

/// cos(r + tail) for |r| ≤ π/4.
fn cos_reduced(r: Val, tail: Val) -> Val {
    let z = r * r;
    let p = polynomial(
        z,
        &[
            4.166_662_332_373_906_3e-2,
            -1.388_676_377_460_992_9e-3,
            2.439_044_879_627_741_4e-5,
        ],
        &[
            4.166_666_666_666_660_190_37e-2,
            -1.388_888_888_887_410_957_49e-3,
            2.480_158_728_947_672_941_78e-5,
            -2.755_731_435_139_066_330_35e-7,
            2.087_572_321_298_174_827_90e-9,
            -1.135_964_755_778_819_482_65e-11,
        ],
    );
    let half = z * 0.5;
    let w = (1.0 - half).pin();
    w + ((1.0 - w) - half + (z * z * p - r * tail))
}

/// Sine.
pub(super) fn sin(x: Val) -> Val {
    sin_cos(x).0
}

/// Cosine.
pub(super) fn cos(x: Val) -> Val {
    sin_cos(x).1
}

/// Tangent.
pub(super) fn tan(x: Val) -> Val {
    let (sin, cos) = sin_cos(x);
    sin / cos
}

/// (asin(√z) - √z) / √z for 0 ≤ z ≤ ¼.
fn asin_tail(z: Val) -> Val {
    call("asin_tail", [z], |[z]| {
        let p = polynomial(
            z,
            &[1.666_658_669_7e-1, -4.274_342_209_1e-2, -8.656_363_003e-3],
            &[
                1.666_666_666_666_666_574_15e-1,
                -3.255_658_186_224_009_154_05e-1,
                2.012_125_321_348_629_258_81e-1,
                -4.005_553_450_067_941_140_27e-2,
                7.915_349_942_898_145_321_76e-4,
                3.479_331_075_960_211_675_70e-5,
            ],
        );
        let q = polynomial(
            z,
            &[1.0, -7.066_296_339e-1],
            &[
                1.0,
                -2.403_394_911_734_414_218_78,
                2.020_945_760_233_505_694_71,
                -6.882_839_716_054_532_930_30e-1,
                7.703_815_055_590_193_527_91e-2,
            ],
        );
        z * p / q
    })
}

/// `(z, √z, h, c)` for z = ½ (1 - a): h is the upper half of √z, and c = (z - h²) / (√z + h) is what it lacks.
fn root_of_rest(a: Val) -> (Val, Val, Val, Val) {
    let z = (1.0 - a) * 0.5;
    let s = z.sqrt();
    let upper = upper_half(s);
    let rest = (z - upper * upper).pin() / (s + upper);
    (z, s, upper, select(z.gt(0.0), rest, 0.0))
}

/// π/2 as the nearest number of a format, and its rounding error.
fn half_pi(x: Val) -> (Val, Val) {
    (
        constant(x, 1.570_796_251_3, std::f64::consts::FRAC_PI_2),
        constant(x, 7.549_789_415_9e-8, 6.123_233_995_736_766_035_87e-17),
    )
}

/// Inverse sine.
pub(super) fn asin(x: Val) -> Val {
    call("asin", [x], |[x]| {
        let a = x.abs();
        let (z, s, upper, rest) = root_of_rest(a);
        let small = a.lt(0.5);
        let tail = asin_tail(select(small, a * a, z));
        let (pi_hi, pi_lo) = half_pi(x);
        let quarter = pi_hi * 0.5;
        let large = quarter - (s * tail * 2.0 - (pi_lo - rest * 2.0) - (quarter - upper * 2.0));
        let y = with_sign(select(small, a + a * tail, large), x);
        select(a.gt(1.0), nan(x), select(x.is_nan(), x, y))
    })
}

/// Inverse cosine.
pub(super) fn acos(x: Val) -> Val {
    call("acos", [x], |[x]| {
        let a = x.abs();
        let (z, s, upper, rest) = root_of_rest(a);
        let small = a.lt(0.5);
        let tail = asin_tail(select(small, a * a, z));
        let (pi_hi, pi_lo) = half_pi(x);
        let middle = pi_hi - (x - (pi_lo - x * tail));
        let left = (pi_hi - (s + (s * tail - pi_lo))) * 2.0;
        let right = (upper + (s * tail + rest)) * 2.0;
        let y = select(small, middle, select(x.lt(0.0), left, right));
        select(a.gt(1.0), nan(x), select(x.is_nan(), x, y))
    })
}

/// Inverse tangent of a ≥ 0; π/2 for a above 2⁶⁶.
fn atan_of_magnitude(a: Val) -> Val {
    call("atan_of_magnitude", [a], |[a]| {
        // a = tan(middle + atan(t)), where `middle` is in two parts.
        let [third, half, one, three] = [0.4375, 0.6875, 1.1875, 2.4375].map(|bound| a.lt(bound));
        let choose = |values: [Val; 5]| {
            select(
                third,
                values[0],
                select(
                    half,
                    values[1],
                    select(one, values[2], select(three, values[3], values[4])),
                ),
            )
        };
        let one_ = lit(a.ty(), 1.0);
        let numerator = choose([a, a * 2.0 - 1.0, a - 1.0, a - 1.5, -one_]);
        let denominator = choose([one_, a + 2.0, a + 1.0, a * 1.5 + 1.0, a]);
        let t = numerator / denominator;
        let (pi_hi, pi_lo) = half_pi(a);
        let hi = choose([
            lit(a.ty(), 0.0),
            constant(a, 4.636_476_039_9e-1, 4.636_476_090_008_060_935_15e-1),
            constant(a, 7.853_981_256_5e-1, FRAC_PI_4),
            constant(a, 9.827_936_887_7e-1, 9.827_937_232_473_290_540_82e-1),
            pi_hi,
        ]);
        let lo = choose([
            lit(a.ty(), 0.0),
            constant(a, 5.012_158_244_0e-9, 2.269_877_745_296_168_709_24e-17),
            constant(a, 3.774_894_707_9e-8, 3.061_616_997_868_383_017_93e-17),
            constant(a, 3.447_321_717_0e-8, 1.390_331_103_123_099_845_16e-17),
            pi_lo,
        ]);
        let z = t * t;
        let p = polynomial(
            z,
            &[
                3.333_332_836_6e-1,
                -1.999_915_838_2e-1,
                1.425_363_570_5e-1,
                -1.064_801_737_7e-1,
                6.168_760_731_8e-2,
            ],
            &[
                3.333_333_333_333_293_180_27e-1,
                -1.999_999_999_987_648_324_76e-1,
                1.428_571_427_250_346_637_11e-1,
                -1.111_111_040_546_235_578_80e-1,
                9.090_887_133_436_506_561_96e-2,
                -7.691_876_205_044_829_994_95e-2,
                6.661_073_137_387_531_206_69e-2,
                -5.833_570_133_790_573_486_45e-2,
                4.976_877_994_615_932_360_17e-2,
                -3.653_157_274_421_691_552_70e-2,
                1.628_582_011_536_578_236_23e-2,
            ],
        );
        hi - (t * (z * p) - lo - t)
    })
}

/// Inverse tangent.
pub(super) fn atan(x: Val) -> Val {
    let y = with_sign(atan_of_magnitude(x.abs()), x);
    select(x.is_nan(), x, y)
}

/// The angle of the point (x, y).
pub(super) fn atan2(y: Val, x: Val) -> Val {
    call("atan2", [y, x], |[y, x]| {
        let quotient = select(
            is_infinite(x) & is_infinite(y),
            lit(x.ty(), 1.0),
            (y / x).abs(),
        );
        // Some devices do not define division by 0. Any large quotient gives the same angle.
        let quotient = select(is_zero(x), lit(x.ty(), 2f64.powi(100)), quotient);
        let angle = atan_of_magnitude(select(is_zero(y), lit(x.ty(), 0.0), quotient));
        let (_, half_pi_lo) = half_pi(x);
        let behind = constant(x, 3.141_592_502_6, PI) - (angle - half_pi_lo * 2.0);
        let angle = with_sign(select(signbit(x), behind, angle), y);
        select(x.is_nan(), x, select(y.is_nan(), y, angle))
    })
}
