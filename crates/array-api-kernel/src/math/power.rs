//! Powers, roots and lengths.
//!
//! `pow` follows FreeBSD's `e_pow.c` (Copyright © 2004 Sun Microsystems; freely usable, provided that this notice is
//! preserved): it computes y · log₂ x in two parts, then 2 to that power.

use super::exponential::expm1_reduced;
use super::format::{
    constant, exponent, infinity, is_infinite, is_zero, nan, negate_if, power_of_two, round, scale,
    signbit, trunc, upper_half, with_sign,
};
use super::logarithm::log2_parts;
use crate::ir::{Ty, Val, call, lit, select};

/// Correctly rounded square root.
pub(super) fn sqrt(x: Val) -> Val {
    let y = select(is_zero(x), x, x.sqrt());
    select(signbit(x) & !is_zero(x), nan(x), y)
}

/// √(x² + y²) without intermediate overflow.
pub(super) fn hypot(x: Val, y: Val) -> Val {
    call("hypot", [x, y], |[x, y]| {
        // Scaled to [1, 4) by a power of two.
        let k = exponent(x, y);
        let ty = x.ty();
        let (a, b) = (scale_down(x, k), scale_down(y, k));
        let length = scale((a * a + b * b).sqrt(), k);
        let length = select(is_zero(x) & is_zero(y), lit(ty, 0.0), length);
        let length = select(x.is_nan(), x, select(y.is_nan(), y, length));
        select(is_infinite(x) | is_infinite(y), infinity(x), length)
    })
}

/// x · 2⁻ᵏ, where k is the exponent of a floating-point number.
pub(super) fn scale_down(x: Val, k: Val) -> Val {
    let half = k >> 1;
    (x * power_of_two(-half, x.ty())).pin() * power_of_two(half - k, x.ty())
}

/// x to the power of y.
pub(super) fn pow(x: Val, y: Val) -> Val {
    call("pow", [x, y], |[x, y]| {
        let ty = x.ty();
        let a = x.abs();
        // For larger |y|, every power of a number other than 1 overflows or underflows.
        let limit = constant(x, 2f64.powi(33), 2f64.powi(64));
        let exponent = select(y.abs().gt(limit), with_sign(limit, y), y);
        let magnitude = power_of_magnitude(
            select(is_zero(x) | is_infinite(x) | x.is_nan(), lit(ty, 1.0), a),
            exponent,
        );
        // The powers of 0 and ∞ are, like those of the smallest and largest numbers, 0 or ∞.
        let grows = a.gt(1.0) ^ signbit(y);
        let extreme = select(grows, infinity(x), 0.0);
        let power = select(
            is_zero(x) | is_infinite(x) | (is_infinite(y) & a.ne(1.0)),
            extreme,
            magnitude,
        );

        let whole = trunc(y).eq(y);
        let half = y * 0.5;
        let odd =
            whole & trunc(half).ne(half) & y.abs().lt(constant(x, 2f64.powi(24), 2f64.powi(53)));
        let negative = signbit(x);
        let power = negate_if(negative & odd, power);
        let undefined = negative & !whole & !is_zero(x) & !is_infinite(x);
        let power = select(undefined, nan(x), power);
        let power = select(x.is_nan(), x, select(y.is_nan(), y, power));
        select(is_zero(y) | x.eq(1.0), lit(ty, 1.0), power)
    })
}

/// a^y for finite a > 0 and y that cannot overflow when multiplied by a logarithm.
fn power_of_magnitude(a: Val, y: Val) -> Val {
    let ty = a.ty();
    let (log_hi, log_lo) = log2_parts(a);
    let y_hi = upper_half(y);
    let lo = (y - y_hi).pin() * log_hi + y * log_lo;
    let hi = (y_hi * log_hi).pin();
    let z = hi + lo;
    let (largest, smallest) = (constant(a, 129.0, 1025.0), constant(a, -151.0, -1076.0));
    let (over, under) = (z.ge(largest), z.le(smallest));
    let k = select(over | under, lit(ty, 0.0), round(z));
    let rest = (hi - k).pin();
    // (rest + lo) log 2 in two parts.
    let t = upper_half(rest + lo);
    let t_lo = lo - (t - rest).pin();
    let u = (t * constant(a, 0.692_871_093_75, 0.693_147_167_563_438_4)).pin();
    let v = t_lo * std::f64::consts::LN_2
        + t * constant(a, 2.760_868_228_506_297e-4, 1.299_650_689_388_988_9e-8);
    let power = scale(expm1_reduced(u, -v) + 1.0, k.to(Ty::I32));
    select(over, infinity(a), select(under, lit(ty, 0.0), power))
}
