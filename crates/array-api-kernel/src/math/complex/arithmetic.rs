//! Products, quotients, roots and signs.

use super::{Complex, both, call, call2, choose};
use crate::ir::{Val, lit, select};
use crate::math::format::{
    exponent, infinity, is_infinite, is_zero, nan, power_of_two, scale, signbit, with_sign,
};
use crate::math::power::{hypot, scale_down};

/// The textbook product.
pub(super) fn multiply((a, b): Complex, (c, d): Complex) -> Complex {
    (a * c - b * d, a * d + b * c)
}

/// The quotient of C99, Annex G.5.1, example 2, except that the dividend is scaled, too.
pub(super) fn divide(z: Complex, w: Complex) -> Complex {
    call2("complex_divide", z, w, |(x, y), (u, v)| {
        let (e, f) = (exponent(x, y), exponent(u, v));
        let (a, b, c, d) = (
            scale_down(x, e),
            scale_down(y, e),
            scale_down(u, f),
            scale_down(v, f),
        );
        let square = c * c + d * d;
        let (re, im) = ((a * c + b * d) / square, (b * c - a * d) / square);
        let quotient = (scale(re, e - f), scale(im, e - f));
        // If both components are NaN, infinities and zeros among the arguments decide the result.
        let lost = re.is_nan() & im.is_nan();
        let directed = |x: Val| with_sign(select(is_infinite(x), lit(x.ty(), 1.0), 0.0), x);
        let infinite = is_infinite(x) | is_infinite(y);
        let vanishing = is_infinite(u) | is_infinite(v);
        let (p, q) = (directed(x), directed(y));
        let grown = (infinity(x) * (p * c + q * d), infinity(x) * (q * c - p * d));
        let (r, s) = (directed(u), directed(v));
        let zero = lit(x.ty(), 0.0);
        let shrunk = (zero * (a * r + b * s), zero * (b * r - a * s));
        let nans = x.is_nan() | y.is_nan() | u.is_nan() | v.is_nan();
        let value = choose(
            lost & infinite & !vanishing & !nans_in(u, v),
            grown,
            quotient,
        );
        let value = choose(lost & vanishing & !infinite & !nans, shrunk, value);
        let by_zero = is_zero(u) & is_zero(v);
        let pole = with_sign(infinity(x), u);
        let value = choose(by_zero, (pole * x, pole * y), value);
        choose(by_zero & x.is_nan() & y.is_nan(), both(nan(x)), value)
    })
}

fn nans_in(x: Val, y: Val) -> Val {
    x.is_nan() | y.is_nan()
}

/// 1 / z.
pub(super) fn reciprocal(z: Complex) -> Complex {
    divide((lit(z.0.ty(), 1.0), lit(z.0.ty(), 0.0)), z)
}

/// Principal square root; cut on the negative real axis.
pub(super) fn sqrt(z: Complex) -> Complex {
    call("complex_sqrt", z, |(x, y)| {
        let ty = x.ty();
        // An even exponent, whose half is an integer.
        let k = exponent(x, y) & -2;
        let (a, b) = (scale_down(x.abs(), k), scale_down(y.abs(), k));
        let s = ((a + (a * a + b * b).sqrt()) * 0.5).sqrt();
        let d = b / (s * 2.0);
        let root = power_of_two(k >> 1, ty);
        let (s, d) = (s * root, d * root);
        let value = choose(signbit(x), (d, with_sign(s, y)), (s, with_sign(d, y)));
        let zero = lit(ty, 0.0);
        let value = choose(is_zero(x) & is_zero(y), (zero, y), value);
        let value = choose(nans_in(x, y), both(nan(x)), value);
        let infinite = with_sign(infinity(x), y);
        let right = (x, select(y.is_nan(), y, with_sign(zero, y)));
        let left = choose(y.is_nan(), (y, infinity(x)), (zero, infinite));
        let value = choose(is_infinite(x), choose(signbit(x), left, right), value);
        choose(is_infinite(y), (infinity(x), y), value)
    })
}

/// z / |z|, 0 for 0. With one infinite component its direction; NaN with two.
pub(super) fn sign(z: Complex) -> Complex {
    call("complex_sign", z, |(x, y)| {
        let ty = x.ty();
        let k = exponent(x, y);
        let (a, b) = (scale_down(x, k), scale_down(y, k));
        let modulus = (a * a + b * b).sqrt();
        let directed = |x: Val| with_sign(select(is_infinite(x), lit(ty, 1.0), 0.0), x);
        let value = choose(
            is_infinite(x) | is_infinite(y),
            (directed(x), directed(y)),
            (a / modulus, b / modulus),
        );
        let value = choose(is_zero(x) & is_zero(y), both(lit(ty, 0.0)), value);
        let undefined = nans_in(x, y) | (is_infinite(x) & is_infinite(y));
        choose(undefined, both(nan(x)), value)
    })
}

/// The modulus.
pub(super) fn abs((x, y): Complex) -> Val {
    hypot(x, y)
}
