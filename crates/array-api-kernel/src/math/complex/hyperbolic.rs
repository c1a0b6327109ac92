//! Hyperbolic functions and their inverses. The trigonometric functions are computed from these by multiplications by
//! j.
//!
//! Source: W. Kahan, "Branch cuts for complex elementary functions", 1987, in the form of CPython's `cmath`, and the tables of
//! C99, Annex G.6.2.

use std::f64::consts::{FRAC_PI_2, LN_2};

use super::arithmetic::sqrt;
use super::exponential::{exp_times, log_modulus};
use super::{Complex, both, call, choose};
use crate::ir::{Val, lit, select};
use crate::math::exponential::exp as real_exp;
use crate::math::format::{
    constant, infinity, is_finite, is_infinite, is_zero, nan, negate_if, signbit, times_sign,
    with_sign,
};
use crate::math::hyperbolic::{
    asinh as real_asinh, cosh as real_cosh, sinh as real_sinh, tanh as real_tanh,
};
use crate::math::logarithm::{log as real_log, log1p as real_log1p};
use crate::math::power::hypot;
use crate::math::trigonometric::{atan2, sin_cos};

/// Whether |x| is so large that sinh and cosh are ½ e^|x| up to the sign.
fn is_beyond(x: Val) -> Val {
    x.abs().gt(constant(x, 20.0, 40.0))
}

/// Hyperbolic sine.
pub(super) fn sinh(z: Complex) -> Complex {
    call("complex_sinh", z, |(x, y)| {
        let (sin, cos) = sin_cos(y);
        let beyond = is_beyond(x);
        let times = exp_times(select(beyond, x.abs(), 0.0), -1);
        let near = (real_sinh(x) * cos, real_cosh(x) * sin);
        let value = choose(beyond, (times_sign(times(cos), x), times(sin)), near);
        let value = choose(is_zero(y), (real_sinh(x), y), value);
        let kept = is_zero(x) | is_infinite(x);
        let undirected = (select(kept, x, nan(x)), nan(x));
        choose(
            is_finite(y),
            choose(x.is_nan() & !is_zero(y), both(x), value),
            undirected,
        )
    })
}

/// Hyperbolic cosine.
pub(super) fn cosh(z: Complex) -> Complex {
    call("complex_cosh", z, |(x, y)| {
        let (sin, cos) = sin_cos(y);
        let beyond = is_beyond(x);
        let times = exp_times(select(beyond, x.abs(), 0.0), -1);
        let near = (real_cosh(x) * cos, real_sinh(x) * sin);
        let value = choose(beyond, (times(cos), times_sign(times(sin), x)), near);
        let value = choose(is_zero(y), (real_cosh(x), times_sign(y, x)), value);
        let undirected = (
            select(is_infinite(x), infinity(x), nan(x)),
            select(is_zero(x), x, nan(x)),
        );
        choose(
            is_finite(y),
            choose(x.is_nan() & !is_zero(y), both(x), value),
            undirected,
        )
    })
}

/// Hyperbolic tangent.
pub(super) fn tanh(z: Complex) -> Complex {
    call("complex_tanh", z, |(x, y)| {
        let (sin, cos) = sin_cos(y);
        let zero = lit(x.ty(), 0.0);
        let (a, b, cosh) = (real_tanh(x), sin / cos, real_cosh(x));
        let divisor = (a * b) * (a * b) + 1.0;
        let near = (a * (b * b + 1.0) / divisor, b / divisor / cosh / cosh);
        let unit = with_sign(lit(x.ty(), 1.0), x);
        let far = (unit, sin * cos * 4.0 * real_exp(x.abs() * -2.0));
        let value = choose(x.abs().gt(20.0), far, near);
        let value = choose(x.is_nan() | !is_finite(y), both(nan(x)), value);
        let value = choose(is_zero(x), (x, select(is_finite(y), b, nan(x))), value);
        // C99 gives the zero the sign of sin 2y; the standard's text gives it that of y.
        let value = choose(is_infinite(x), (unit, with_sign(zero, y)), value);
        choose(is_zero(y), (a, y), value)
    })
}

/// Whether z is so large that 1 - z and 1 + z round to -z and z.
fn is_large((x, y): Complex) -> Val {
    let bound = constant(x, 1e12, 1e100);
    x.abs().gt(bound) | y.abs().gt(bound)
}

/// log |2z| for large z.
fn log_twice((x, y): Complex) -> Val {
    log_modulus(x, y) + LN_2
}

/// Inverse cosine; cuts on the real axis outside [-1, 1].
pub(super) fn acos(z: Complex) -> Complex {
    call("complex_acos", z, |(x, y)| {
        let (s, t) = (sqrt((1.0 - x, -y)), sqrt((x + 1.0, y)));
        let near = (atan2(s.0, t.0) * 2.0, real_asinh(t.0 * s.1 - t.1 * s.0));
        let far = (atan2(y.abs(), x), negate_if(!signbit(y), log_twice((x, y))));
        let value = choose(is_large((x, y)), far, near);
        choose(is_zero(x) & y.is_nan(), (lit(x.ty(), FRAC_PI_2), y), value)
    })
}

/// Inverse hyperbolic cosine; cut on the real axis below 1.
pub(super) fn acosh(z: Complex) -> Complex {
    call("complex_acosh", z, |(x, y)| {
        let (s, t) = (sqrt((x - 1.0, y)), sqrt((x + 1.0, y)));
        let near = (real_asinh(s.0 * t.0 + s.1 * t.1), atan2(s.1, t.0) * 2.0);
        let far = (log_twice((x, y)), atan2(y, x));
        let value = choose(is_large((x, y)), far, near);
        choose(is_zero(x) & y.is_nan(), (y, lit(x.ty(), FRAC_PI_2)), value)
    })
}

/// Inverse hyperbolic sine; cuts on the imaginary axis outside [-j, j].
pub(super) fn asinh(z: Complex) -> Complex {
    call("complex_asinh", z, |(x, y)| {
        let (s, t) = (sqrt((y + 1.0, -x)), sqrt((1.0 - y, x)));
        let near = (
            real_asinh(s.0 * t.1 - t.0 * s.1),
            atan2(y, s.0 * t.0 - s.1 * t.1),
        );
        let far = (with_sign(log_twice((x, y)), x), atan2(y, x.abs()));
        let value = choose(is_large((x, y)), far, near);
        choose(x.is_nan() & is_zero(y), (x, y), value)
    })
}

/// Inverse hyperbolic tangent; cuts on the real axis outside [-1, 1].
pub(super) fn atanh(z: Complex) -> Complex {
    call("complex_atanh", z, |(x, y)| {
        let ty = x.ty();
        let turned = signbit(x);
        // The function is odd, and the formulas hold for the right half plane.
        let (x, y) = (x.abs(), negate_if(turned, y));
        let rest = 1.0 - x;
        let near = (
            real_log1p(x * 4.0 / (rest * rest + y * y)) * 0.25,
            atan2(y * 2.0, rest * (x + 1.0) - y * y) * 0.5,
        );
        // Near the pole at 1.
        let b = y.abs();
        let pole = (
            real_log(lit(ty, 2.0) / b) * 0.5,
            with_sign(atan2(lit(ty, 2.0), -b) * 0.5, y),
        );
        let pole = choose(is_zero(y), (infinity(x), y), pole);
        let value = choose(x.eq(1.0) & b.lt(constant(x, 1e-15, 1e-150)), pole, near);
        let half = hypot(x * 0.5, y * 0.5);
        let zero = lit(ty, 0.0);
        let infinite = is_infinite(x) | is_infinite(y);
        let far = (
            select(infinite, zero, x * 0.25 / half / half),
            select(
                x.is_nan() & !is_infinite(y) | y.is_nan(),
                nan(x),
                with_sign(lit(ty, FRAC_PI_2), y),
            ),
        );
        let value = choose(is_large((x, y)), far, value);
        let value = choose(is_zero(x) & y.is_nan(), (x, y), value);
        (negate_if(turned, value.0), negate_if(turned, value.1))
    })
}

/// z · j.
pub(super) fn turn((x, y): Complex) -> Complex {
    (-y, x)
}

/// z / j.
pub(super) fn unturn((x, y): Complex) -> Complex {
    (y, -x)
}
