//! Floating-point instructions, by the wording of the PTX manual.

#[path = "support/evaluate.rs"]
mod evaluate;

use evaluate::{check, d, s};

const NAN: u64 = 0x7fff_ffff;
const INF: f32 = f32::INFINITY;
/// The smallest subnormal.
const TINY: u64 = 1;
const NEG_TINY: u64 = 0x8000_0001;

#[test]
fn addition_rounds_as_told() {
    let ulp = f32::EPSILON;
    let half = ulp / 4.0;
    check(
        "%f0",
        "add.f32 %f0, %f1, %f2;",
        &[
            (&[s(1.0), s(half)], s(1.0)),
            (&[s(INF), s(-INF)], NAN),
            (&[s(1.0), s(-1.0)], s(0.0)),
            (&[0x7fc0_1234, s(1.0)], NAN),
        ],
    );
    check(
        "%f0",
        "add.rp.f32 %f0, %f1, %f2;",
        &[
            (&[s(1.0), s(half)], s(1.0 + ulp)),
            (&[s(-1.0), s(-half)], s(-1.0)),
        ],
    );
    check(
        "%f0",
        "add.rm.f32 %f0, %f1, %f2;",
        &[
            (&[s(1.0), s(half)], s(1.0)),
            (&[s(-1.0), s(-half)], s(-1.0 - ulp)),
            (&[s(1.0), s(-1.0)], s(-0.0)),
        ],
    );
    check(
        "%f0",
        "add.rz.f32 %f0, %f1, %f2;",
        &[
            (&[s(1.0), s(-half / 8.0)], s(1.0f32.next_down())),
            (&[s(f32::MAX), s(f32::MAX)], s(f32::MAX)),
        ],
    );
    check(
        "%g0",
        "add.rp.f64 %g0, %g1, %g2;",
        &[(&[d(1.0), d(1e-30)], d(1.0f64.next_up()))],
    );
    check(
        "%g0",
        "sub.rm.f64 %g0, %g1, %g2;",
        &[(&[d(1.0), d(1.0)], d(-0.0))],
    );
    check(
        "%g0",
        "mul.rz.f64 %g0, %g1, %g2;",
        &[
            (&[d(0.1), d(3.0)], d(0.3)),
            (&[d(f64::MAX), d(2.0)], d(f64::MAX)),
        ],
    );
    check(
        "%f0",
        "add.sat.f32 %f0, %f1, %f2;",
        &[
            (&[s(0.75), s(0.75)], s(1.0)),
            (&[s(-1.0), s(0.5)], s(0.0)),
            (&[NAN, s(0.5)], s(0.0)),
        ],
    );
}

#[test]
fn fused_multiply_add_rounds_once() {
    let x = 1.0 + f32::EPSILON;
    check(
        "%f0",
        "fma.rn.f32 %f0, %f1, %f2, %f3;",
        &[
            (&[s(x), s(x), s(-(x * x))], s(x.mul_add(x, -(x * x)))),
            (&[s(0.0), s(-1.0), s(0.0)], s(0.0)),
            (&[s(0.0), s(-1.0), s(-0.0)], s(-0.0)),
            (&[s(INF), s(0.0), s(1.0)], NAN),
        ],
    );
    assert_ne!(x.mul_add(x, -(x * x)), 0.0);
    check(
        "%f0",
        "fma.rm.f32 %f0, %f1, %f2, %f3;",
        &[
            (&[s(1.0), s(1.0), s(-1.0)], s(-0.0)),
            (&[s(1.0), s(1.0), s(1e-30)], s(1.0)),
            (&[s(-1.0), s(1.0), s(-1e-30)], s((-1.0f32).next_down())),
        ],
    );
    check(
        "%f0",
        "fma.rz.f32 %f0, %f1, %f2, %f3;",
        &[
            (&[s(1.0), s(1.0), s(-1e-30)], s(1.0f32.next_down())),
            (&[s(1e30), s(1e30), s(1.0)], s(f32::MAX)),
        ],
    );
    let y = 1.0 + f64::EPSILON;
    check(
        "%g0",
        "fma.rn.f64 %g0, %g1, %g2, %g3;",
        &[(&[d(y), d(y), d(-(y * y))], d(f64::EPSILON * f64::EPSILON))],
    );
    check(
        "%g0",
        "fma.rp.f64 %g0, %g1, %g2, %g3;",
        &[(&[d(1.0), d(1.0), d(1e-300)], d(1.0f64.next_up()))],
    );
    // A product and a sum stay two roundings.
    check(
        "%f0",
        "mul.f32 %f0, %f1, %f2; add.f32 %f0, %f0, %f3;",
        &[(&[s(x), s(x), s(-(x * x))], s(0.0))],
    );
}

#[test]
fn subnormals_stay_unless_flushed() {
    check("%f0", "add.f32 %f0, %f1, %f2;", &[(&[TINY, 0], TINY)]);
    check(
        "%f0",
        "add.ftz.f32 %f0, %f1, %f2;",
        &[(&[TINY, 0], 0), (&[NEG_TINY, s(-0.0)], s(-0.0))],
    );
    let least = f32::MIN_POSITIVE;
    check(
        "%f0",
        "mul.ftz.f32 %f0, %f1, %f2;",
        &[(&[s(least), s(-0.5)], s(-0.0))],
    );
    check(
        "%f0",
        "mul.f32 %f0, %f1, %f2;",
        &[(&[s(least), s(-0.5)], s(least * -0.5))],
    );
    check("%p0", "setp.gt.f32 %p0, %f1, %f2;", &[(&[TINY, 0], 1)]);
    check("%p0", "setp.gt.ftz.f32 %p0, %f1, %f2;", &[(&[TINY, 0], 0)]);
    check("%f0", "abs.ftz.f32 %f0, %f1;", &[(&[NEG_TINY], 0)]);
    check("%f0", "cvt.ftz.f32.f64 %f0, %g1;", &[(&[d(1e-42)], 0)]);
    check(
        "%f0",
        "cvt.rn.f32.f64 %f0, %g1;",
        &[(&[d(1e-42)], s(1e-42))],
    );
}

#[test]
fn the_lesser_of_nan_is_the_number() {
    let zeros: &[(&[u64], u64)] = &[
        (&[s(-0.0), s(0.0)], s(-0.0)),
        (&[s(0.0), s(-0.0)], s(-0.0)),
        (&[NAN, s(2.0)], s(2.0)),
        (&[s(2.0), NAN], s(2.0)),
        (&[0x7fc0_0000, 0xffc0_0001], NAN),
        (&[s(1.0), s(-INF)], s(-INF)),
    ];
    check("%f0", "min.f32 %f0, %f1, %f2;", zeros);
    check(
        "%f0",
        "max.f32 %f0, %f1, %f2;",
        &[
            (&[s(-0.0), s(0.0)], s(0.0)),
            (&[s(0.0), s(-0.0)], s(0.0)),
            (&[NAN, s(2.0)], s(2.0)),
            (&[s(3.0), s(2.0)], s(3.0)),
        ],
    );
    check(
        "%g0",
        "max.f64 %g0, %g1, %g2;",
        &[
            (&[d(f64::NAN), d(1.0)], d(1.0)),
            (&[d(-0.0), d(0.0)], d(0.0)),
        ],
    );
    check(
        "%g0",
        "min.f64 %g0, %g1, %g2;",
        &[(&[d(1.0), d(f64::NAN)], d(1.0))],
    );
    check(
        "%f0",
        "max.NaN.f32 %f0, %f1, %f2;",
        &[(&[NAN, s(2.0)], NAN), (&[s(1.0), s(2.0)], s(2.0))],
    );
}

#[test]
fn comparisons_know_nan() {
    for (form, with_nan) in [
        ("eq", 0),
        ("ne", 0),
        ("lt", 0),
        ("ge", 0),
        ("equ", 1),
        ("neu", 1),
        ("ltu", 1),
        ("gtu", 1),
        ("leu", 1),
        ("geu", 1),
        ("num", 0),
        ("nan", 1),
    ] {
        let body = format!("setp.{form}.f32 %p0, %f1, %f2;");
        check(
            "%p0",
            &body,
            &[(&[NAN, s(1.0)], with_nan), (&[s(1.0), NAN], with_nan)],
        );
        let body = format!("setp.{form}.f64 %p0, %g1, %g2;");
        check("%p0", &body, &[(&[d(f64::NAN), d(1.0)], with_nan)]);
    }
    check(
        "%p0",
        "setp.ltu.f32 %p0, %f1, %f2;",
        &[(&[s(1.0), s(2.0)], 1), (&[s(2.0), s(1.0)], 0)],
    );
    check(
        "%p0",
        "setp.num.f32 %p0, %f1, %f2;",
        &[(&[s(1.0), s(2.0)], 1)],
    );
    check(
        "%p0",
        "setp.ne.f64 %p0, %g1, %g2;",
        &[(&[d(1.0), d(2.0)], 1), (&[d(0.0), d(-0.0)], 0)],
    );
}

#[test]
fn signs_are_moved() {
    check(
        "%f0",
        "copysign.f32 %f0, %f1, %f2;",
        &[(&[s(-1.0), s(3.0)], s(-3.0)), (&[s(1.0), s(-3.0)], s(3.0))],
    );
    check(
        "%g0",
        "copysign.f64 %g0, %g1, %g2;",
        &[(&[d(-0.0), d(3.0)], d(-3.0))],
    );
    check("%f0", "neg.f32 %f0, %f1;", &[(&[s(0.0)], s(-0.0))]);
    check("%g0", "abs.f64 %g0, %g1;", &[(&[d(-2.0)], d(2.0))]);
    check(
        "%p0",
        "testp.subnormal.f32 %p0, %f1;",
        &[(&[TINY], 1), (&[s(1.0)], 0)],
    );
    check(
        "%p0",
        "testp.infinite.f64 %p0, %g1;",
        &[(&[d(f64::NEG_INFINITY)], 1)],
    );
}

#[test]
fn quotients_and_roots_are_rounded() {
    check(
        "%f0",
        "div.rn.f32 %f0, %f1, %f2;",
        &[
            (&[s(1.0), s(3.0)], s(1.0 / 3.0)),
            (&[s(1.0), s(-0.0)], s(-INF)),
            (&[s(0.0), s(0.0)], NAN),
        ],
    );
    check(
        "%f0",
        "div.rp.f32 %f0, %f1, %f2;",
        &[
            (&[s(1.0), s(10.0)], s(0.1)),
            (&[s(1.0), s(3.0)], s(1.0 / 3.0)),
        ],
    );
    check(
        "%f0",
        "div.rm.f32 %f0, %f1, %f2;",
        &[(&[s(1.0), s(10.0)], s(0.1f32.next_down()))],
    );
    check(
        "%g0",
        "div.rz.f64 %g0, %g1, %g2;",
        &[(&[d(1.0), d(10.0)], d(0.1f64.next_down()))],
    );
    check("%f0", "rcp.rn.f32 %f0, %f1;", &[(&[s(3.0)], s(1.0 / 3.0))]);
    check(
        "%f0",
        "rcp.rz.f32 %f0, %f1;",
        &[(&[s(3.0)], s((1.0f32 / 3.0).next_down()))],
    );
    check(
        "%f0",
        "sqrt.rn.f32 %f0, %f1;",
        &[
            (&[s(2.0)], s(2f32.sqrt())),
            (&[s(-0.0)], s(-0.0)),
            (&[s(-1.0)], NAN),
        ],
    );
    check(
        "%f0",
        "sqrt.rp.f32 %f0, %f1;",
        &[(&[s(4.0)], s(2.0)), (&[s(2.0)], s(2f32.sqrt().next_up()))],
    );
    check(
        "%f0",
        "sqrt.rm.f32 %f0, %f1;",
        &[(&[s(2.0)], s(2f32.sqrt()))],
    );
    check(
        "%g0",
        "sqrt.rn.f64 %g0, %g1;",
        &[(&[d(2.0)], d(2f64.sqrt()))],
    );
    check(
        "%g0",
        "rcp.approx.ftz.f64 %g0, %g1;",
        &[(&[d(4.0)], d(0.25)), (&[d(0.0)], d(f64::INFINITY))],
    );
    check(
        "%f0",
        "rsqrt.approx.f32 %f0, %f1;",
        &[(&[s(4.0)], s(0.5)), (&[s(0.0)], s(INF))],
    );
    check(
        "%f0",
        "ex2.approx.ftz.f32 %f0, %f1;",
        &[(&[s(3.0)], s(8.0)), (&[s(-INF)], s(0.0))],
    );
    check(
        "%f0",
        "lg2.approx.f32 %f0, %f1;",
        &[(&[s(8.0)], s(3.0)), (&[s(0.0)], s(-INF))],
    );
}

#[test]
fn floats_become_integers() {
    let odd = [0.5f32, 1.5, 2.5, -0.5, -1.5];
    for (form, expected) in [
        ("rni", [0, 2, 2, 0, -2]),
        ("rzi", [0, 1, 2, 0, -1]),
        ("rmi", [0, 1, 2, -1, -2]),
        ("rpi", [1, 2, 3, 0, -1]),
    ] {
        let body = format!("cvt.{form}.s32.f32 %r0, %f1;");
        for (value, expected) in odd.iter().zip(expected) {
            check("%r0", &body, &[(&[s(*value)], u64::from(expected as u32))]);
        }
    }
    check(
        "%r0",
        "cvt.rzi.s32.f32 %r0, %f1;",
        &[
            (&[s(3e9)], 0x7fff_ffff),
            (&[s(-INF)], 0x8000_0000),
            (&[NAN], 0),
        ],
    );
    check(
        "%r0",
        "cvt.rzi.u32.f32 %r0, %f1;",
        &[(&[s(-1.0)], 0), (&[s(5e9)], 0xffff_ffff)],
    );
    check(
        "%d0",
        "cvt.rzi.s64.f64 %d0, %g1;",
        &[
            (&[d(1e300)], i64::MAX as u64),
            (&[d(-2.9)], (-2i64) as u64),
            (&[d(f64::NAN)], 1 << 63),
        ],
    );
    check(
        "%h0",
        "cvt.rzi.u16.f32 %h0, %f1;",
        &[(&[s(70000.0)], 65535)],
    );
    check(
        "%r0",
        "cvt.rzi.s8.f32 %r0, %f1;",
        &[(&[s(-200.0)], 0xffff_ff80)],
    );
    check(
        "%f0",
        "cvt.rni.f32.f32 %f0, %f1;",
        &[(&[s(2.5)], s(2.0)), (&[s(-0.25)], s(-0.0))],
    );
    check(
        "%g0",
        "cvt.rpi.f64.f64 %g0, %g1;",
        &[(&[d(-0.5)], d(-0.0)), (&[d(1.1)], d(2.0))],
    );
}

#[test]
fn integers_become_floats() {
    check(
        "%f0",
        "cvt.rn.f32.s32 %f0, %r1;",
        &[(&[0xffff_ffff], s(-1.0)), (&[16_777_217], s(16_777_216.0))],
    );
    check(
        "%f0",
        "cvt.rp.f32.u32 %f0, %r1;",
        &[(&[16_777_217], s(16_777_218.0))],
    );
    check(
        "%f0",
        "cvt.rz.f32.u64 %f0, %d1;",
        &[(&[u64::MAX], s((1u64 << 63) as f32 * 2.0).wrapping_sub(1))],
    );
    check(
        "%f0",
        "cvt.rn.f32.u64 %f0, %d1;",
        &[(&[0x8000_0080_0000_0001], s(0x8000_0080_0000_0001u64 as f32))],
    );
    check(
        "%g0",
        "cvt.rn.f64.u64 %g0, %d1;",
        &[(&[u64::MAX], d(u64::MAX as f64))],
    );
    check(
        "%g0",
        "cvt.rm.f64.s64 %g0, %d1;",
        &[(&[(1 << 53) + 1], d((1u64 << 53) as f64))],
    );
}

#[test]
fn precision_is_changed() {
    let above = 1.0 + f64::from(f32::EPSILON) / 2.0 + 1e-12;
    check(
        "%f0",
        "cvt.rn.f32.f64 %f0, %g1;",
        &[(&[d(above)], s(1.0 + f32::EPSILON)), (&[d(1e300)], s(INF))],
    );
    check(
        "%f0",
        "cvt.rz.f32.f64 %f0, %g1;",
        &[(&[d(above)], s(1.0)), (&[d(1e300)], s(f32::MAX))],
    );
    check(
        "%f0",
        "cvt.rp.f32.f64 %f0, %g1;",
        &[(&[d(-1e300)], s(-f32::MAX)), (&[d(1e-300)], TINY)],
    );
    check(
        "%g0",
        "cvt.f64.f32 %g0, %f1;",
        &[(&[s(0.1)], d(f64::from(0.1f32)))],
    );
    check(
        "%h0",
        "cvt.rn.f16.f32 %h0, %f1;",
        &[
            (&[s(1.0)], 0x3c00),
            (&[s(65519.0)], 0x7bff),
            (&[s(65520.0)], 0x7c00),
            (&[s(5.96e-8)], 1),
            (&[s(-2.98e-8)], 0x8000),
            (&[s(2049.0)], 0x6800),
            (&[s(2051.0)], 0x6802),
            (&[NAN], 0x7fff),
            (&[s(-0.0)], 0x8000),
        ],
    );
    check("%h0", "cvt.rz.f16.f32 %h0, %f1;", &[(&[s(1e6)], 0x7bff)]);
    check(
        "%f0",
        "cvt.f32.f16 %f0, %h1;",
        &[
            (&[0x3c00], s(1.0)),
            (&[1], s(5.960_464_5e-8)),
            (&[0xfc00], s(-INF)),
            (&[0x8000], s(-0.0)),
        ],
    );
    check(
        "%f0",
        "cvt.sat.f32.f32 %f0, %f1;",
        &[(&[s(7.0)], s(1.0)), (&[NAN], 0)],
    );
}
