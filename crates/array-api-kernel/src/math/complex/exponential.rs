//! Exponentials, logarithms and powers.

use super::arithmetic::{divide, multiply};
use super::{Complex, both, call, call2, choose};
use crate::ir::{self, Ty, Val, if_, if_else, lit, select, var, while_};
use crate::math::exponential::{exp as real_exp, exp_parts, expm1 as real_expm1};
use crate::math::format::{
    constant, exponent, infinity, is_finite, is_infinite, is_zero, nan, pattern, scale, signbit,
    trunc, upper_half, with_sign,
};
use crate::math::logarithm::{log as real_log, log1p as real_log1p};
use crate::math::power::{hypot, pow as real_pow, scale_down};
use crate::math::trigonometric::{atan2, sin_cos};

/// The function y ↦ eˣ · y · 2ʲ for |y| ≤ 1, without intermediate overflow; `x` is not NaN.
pub(super) fn exp_times(x: Val, j: i32) -> impl Fn(Val) -> Val {
    let limit = constant(x, 176.0, 1418.0);
    let clamped = select(x.abs().lt(limit), x, with_sign(limit, x));
    let (m, k) = exp_parts(clamped);
    let k = k + j;
    let infinite = is_infinite(x) & !signbit(x);
    move |y| {
        let product = scale(m * y, k);
        select(infinite & !is_zero(y), with_sign(infinity(x), y), product)
    }
}

/// Exponential function.
pub(super) fn exp(z: Complex) -> Complex {
    call("complex_exp", z, |(x, y)| {
        let (sin, cos) = sin_cos(y);
        let times = exp_times(select(x.is_nan(), lit(x.ty(), 0.0), x), 0);
        let value = choose(x.is_nan(), both(x), (times(cos), times(sin)));
        let value = choose(is_zero(y), (real_exp(x), y), value);
        let undirected = select(is_infinite(x), x, nan(x));
        let zero = lit(x.ty(), 0.0);
        let undirected = choose(
            is_infinite(x) & signbit(x),
            both(zero),
            (undirected, nan(x)),
        );
        choose(is_finite(y), value, undirected)
    })
}

/// exp(z) - 1.
pub(super) fn expm1(z: Complex) -> Complex {
    call("complex_expm1", z, |(x, y)| {
        let (re, im) = exp((x, y));
        let real = real_expm1(x);
        let s = sin_cos(y * 0.5).0;
        let near = x.abs().lt(1.0) & is_finite(y);
        let re = select(near, real * sin_cos(y).1 - s * s * 2.0, re - 1.0);
        // The standard has exp(±0 + 0j) - 1 = +0.
        let real = select(is_zero(x), lit(x.ty(), 0.0), real);
        (select(is_zero(y), real, re), im)
    })
}

/// log |z| without overflow, and without cancellation near |z| = 1.
pub(super) fn log_modulus(x: Val, y: Val) -> Val {
    ir::call("log_modulus", [x, y], |[x, y]| {
        let (a, b) = (x.abs(), y.abs());
        let first = a.ge(b);
        let (larger, smaller) = (select(first, a, b), select(first, b, a));
        let near = with_square(
            (larger - 1.0) * (larger + 1.0),
            (larger, smaller),
            lit(x.ty(), -1.0),
        );
        let k = exponent(x, y);
        let (a, b) = (scale_down(a, k), scale_down(b, k));
        let far = real_log((a * a + b * b).sqrt()) + k.to(x.ty()) * std::f64::consts::LN_2;
        let value = select(k.eq(0) | k.eq(-1), real_log1p(near) * 0.5, far);
        let value = select(x.is_nan(), x, select(y.is_nan(), y, value));
        select(is_infinite(x) | is_infinite(y), infinity(x), value)
    })
}

/// x² + y² + c, given `rest`, the rounded x² + c. If `rest` is negative and cancels most of y², the sum is computed
/// again from exact parts: T. E. Hull, T. F. Fairgrieve and P. T. P. Tang, "Implementing complex elementary functions
/// using exception handling", 1994.
fn with_square(rest: Val, (x, y): Complex, c: Val) -> Val {
    let square = (y * y).pin();
    let whole = rest + square;
    let ([a, b, d], [e, f, g]) = (square_parts(x), square_parts(y));
    let exact = accurate_sum([c, a, e, b, f, d, g]);
    select(whole.abs().lt(square), exact, whole)
}

/// Three numbers whose sum is x², each exact: T. J. Dekker, "A floating-point technique for extending the available precision", 1971.
fn square_parts(x: Val) -> [Val; 3] {
    // Rounds to nearest, so that the rest has few enough bits for an exact square.
    let rounded = x.bits() + pattern(x.ty(), 1 << 11, 1 << 26);
    let high = upper_half(rounded.bitcast(x.ty()));
    let low = (x - high).pin();
    [
        (high * high).pin(),
        (high * 2.0 * low).pin(),
        (low * low).pin(),
    ]
}

/// The sum, as if computed in three times the precision: T. Ogita, S. M. Rump and S. Oishi, "Accurate sum and dot product", 2005, algorithm 4.8.
fn accurate_sum<const N: usize>(mut terms: [Val; N]) -> Val {
    for _ in 0..2 {
        for k in 1..N {
            let (a, b) = (terms[k], terms[k - 1]);
            let sum = (a + b).pin();
            let part = (sum - a).pin();
            terms[k - 1] = ((a - (sum - part).pin()).pin() + (b - part).pin()).pin();
            terms[k] = sum;
        }
    }
    terms.into_iter().reduce(|a, b| a + b).expect("terms")
}

/// Principal natural logarithm; cut on the negative real axis.
pub(super) fn log((x, y): Complex) -> Complex {
    (log_modulus(x, y), atan2(y, x))
}

/// The logarithm to another base, given the logarithm of e to that base.
pub(super) fn log_to_base(z: Complex, factor: f64) -> Complex {
    let (re, im) = log(z);
    (re * factor, im * factor)
}

/// log(1 + z).
pub(super) fn log1p(z: Complex) -> Complex {
    call("complex_log1p", z, |(x, y)| {
        let moved = x + 1.0;
        // |1 + z|² - 1. Where it is below the bound, 1 + x is exact.
        let square = with_square(x * (x + 2.0), (x, y), x * 2.0);
        let small = x.abs().lt(3.0) & y.abs().lt(3.0) & square.gt(-0.75);
        let near = real_log1p(square) * 0.5;
        (select(small, near, log_modulus(moved, y)), atan2(y, moved))
    })
}

/// z to the power of w: exp(w · log z), by multiplication for small integers w. 1 for `w = 0`.
pub(super) fn pow(z: Complex, w: Complex) -> Complex {
    call2("complex_pow", z, w, |z, w| {
        let ty = z.0.ty();
        let (one, zero) = (lit(ty, 1.0), lit(ty, 0.0));
        let (re, im) = (var(one), var(zero));
        let finite = |z: Complex| is_finite(z.0) & is_finite(z.1);
        let at_zero = is_zero(z.0) & is_zero(z.1);
        let done = is_zero(w.0) & is_zero(w.1);
        let missing = var(!done);
        let regular = finite(z) & finite(w) & (!at_zero | w.0.gt(0.0)) & !done;
        let whole = is_zero(w.1) & trunc(w.0).eq(w.0) & w.0.abs().le(100.0);
        let keep = |value: Complex| {
            if_(finite(value), || {
                re.set(value.0);
                im.set(value.1);
                missing.set(false);
            });
        };
        if_(regular, || {
            if_else(
                whole,
                || {
                    let power = integer_power(z, w.0.abs().to(Ty::I32));
                    let inverse = divide((one, zero), power);
                    keep(choose(w.0.lt(0.0), inverse, power));
                },
                || {
                    // For large exponents this is more accurate than exp(w · log z), but it may overflow where that
                    // does not.
                    if_(!at_zero, || {
                        let angle = atan2(z.1, z.0);
                        let modulus = real_pow(hypot(z.0, z.1), w.0) * real_exp(-(angle * w.1));
                        let turned = select(is_zero(w.1), zero, w.1 * log_modulus(z.0, z.1));
                        let (sin, cos) = sin_cos(angle * w.0 + turned);
                        keep((modulus * cos, modulus * sin));
                    });
                },
            );
        });
        if_(missing.get(), || {
            let value = exp(multiply(w, log(z)));
            re.set(value.0);
            im.set(value.1);
        });
        (re.get(), im.get())
    })
}

/// zⁿ for n ≥ 0 (`I32`).
fn integer_power(z: Complex, n: Val) -> Complex {
    let ty = z.0.ty();
    let power = (var(lit(ty, 1.0)), var(lit(ty, 0.0)));
    let square = (var(z.0), var(z.1));
    let left = var(n);
    while_(
        || left.get().gt(0),
        || {
            let factor = (square.0.get(), square.1.get());
            if_((left.get() & 1).ne(0), || {
                let (re, im) = multiply((power.0.get(), power.1.get()), factor);
                power.0.set(re);
                power.1.set(im);
            });
            left.set(left.get() >> 1);
            let (re, im) = multiply(factor, factor);
            square.0.set(re);
            square.1.set(im);
        },
    );
    (power.0.get(), power.1.get())
}
