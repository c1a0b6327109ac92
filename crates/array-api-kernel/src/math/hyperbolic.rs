//! Hyperbolic functions and their inverses.
//!
//! The inverses are those of FreeBSD's `s_asinh.c`, `e_acosh.c` and `e_atanh.c`, rewritten with one logarithm each.

use std::f64::consts::LN_2;

use super::exponential::{expm1, half_exp};
use super::format::{constant, infinity, nan, polynomial, with_sign};
use super::logarithm::log1p;
use crate::ir::{Val, call, select};

/// Hyperbolic sine.
pub(super) fn sinh(x: Val) -> Val {
    call("sinh", [x], |[x]| {
        let a = x.abs();
        let z = a * a;
        // (sinh a - a) / a³ for a < 1, by Remez.
        let p = polynomial(
            z,
            &[
                0.166_666_666_472_712_75,
                8.333_339_598_367_372e-3,
                1.983_812_271_207_923_8e-4,
                2.806_141_714_797_181e-6,
            ],
            &[
                0.166_666_666_666_666_66,
                8.333_333_333_333_3e-3,
                1.984_126_984_132_351_6e-4,
                2.755_731_919_167_421e-6,
                2.505_211_763_942_326_5e-8,
                1.605_768_465_121_861e-10,
                7.746_010_838_590_489e-13,
            ],
        );
        let h = half_exp(a);
        let y = with_sign(select(a.lt(1.0), a + a * (z * p), h - 0.25 / h), x);
        select(x.is_nan(), x, y)
    })
}

/// Hyperbolic cosine.
pub(super) fn cosh(x: Val) -> Val {
    call("cosh", [x], |[x]| {
        let h = half_exp(x);
        select(x.is_nan(), x, h + 0.25 / h)
    })
}

/// Hyperbolic tangent.
pub(super) fn tanh(x: Val) -> Val {
    call("tanh", [x], |[x]| {
        let a = x.abs();
        let t = expm1(select(a.lt(30.0), a * 2.0, 60.0));
        let y = with_sign(t / (t + 2.0), x);
        let tiny = a.lt(constant(x, 1e-5, 1e-9));
        select(tiny | x.is_nan(), x, y)
    })
}

/// Whether a is so large that asinh a and acosh a are log a + log 2.
fn is_huge(a: Val) -> Val {
    a.gt(constant(a, 1e10, 1e20))
}

/// Inverse hyperbolic sine.
pub(super) fn asinh(x: Val) -> Val {
    call("asinh", [x], |[x]| {
        let a = x.abs();
        let huge = is_huge(a);
        let z = a * a;
        let t = select(huge, a, a + z / ((z + 1.0).sqrt() + 1.0));
        let y = log1p(t);
        let y = with_sign(select(huge, y + LN_2, y), x);
        let tiny = a.lt(constant(x, 1e-5, 1e-9));
        select(tiny | x.is_nan(), x, y)
    })
}

/// Inverse hyperbolic cosine.
pub(super) fn acosh(x: Val) -> Val {
    call("acosh", [x], |[x]| {
        let huge = is_huge(x);
        let t = x - 1.0;
        let y = log1p(select(huge, x, t + (t * (t + 2.0)).sqrt()));
        let y = select(huge, y + LN_2, y);
        select(x.is_nan(), x, select(x.lt(1.0), nan(x), y))
    })
}

/// Inverse hyperbolic tangent.
pub(super) fn atanh(x: Val) -> Val {
    call("atanh", [x], |[x]| {
        let a = x.abs();
        let quotient = a * 2.0 / (1.0 - a);
        let below = select(a.lt(1.0), quotient, infinity(x));
        let y = with_sign(log1p(below) * 0.5, x);
        let tiny = a.lt(constant(x, 1e-5, 1e-9));
        select(a.gt(1.0), nan(x), select(tiny | x.is_nan(), x, y))
    })
}
