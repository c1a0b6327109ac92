//! Rounding, remainders, signs, neighbours, and the larger and smaller of two.

use super::format::{
    bias, infinity, is_infinite, is_zero, magnitude, mantissa_bits, nan, negate_if, pattern,
    power_of_two, round, sign_mask, signbit, with_sign,
};
use crate::ir::{Ty, Val, call, lit, select, var, while_};

/// Rounds to an integer by `function`, and keeps the sign, also of a zero.
pub(super) fn to_integer(x: Val, function: impl FnOnce(Val) -> Val) -> Val {
    // A value of this magnitude or more is an integer, an infinity or NaN.
    let large = magnitude(x).ge(pattern(x.ty(), 0x4b00_0000, 0x4330_0000_0000_0000));
    select(large, x, with_sign(function(x), x))
}

/// -1, 0 or 1 by the sign.
pub(super) fn sign(x: Val) -> Val {
    let one = with_sign(lit(x.ty(), 1.0), x);
    select(x.is_nan(), x, select(is_zero(x), lit(x.ty(), 0.0), one))
}

/// The larger; NaN if either is.
pub(super) fn maximum(x: Val, y: Val) -> Val {
    select(x.is_nan(), x, select(y.is_nan(), y, select(x.ge(y), x, y)))
}

/// The smaller; NaN if either is.
pub(super) fn minimum(x: Val, y: Val) -> Val {
    select(x.is_nan(), x, select(y.is_nan(), y, select(x.le(y), x, y)))
}

/// The next number after x in the direction of y.
pub(super) fn nextafter(x: Val, y: Val) -> Val {
    call("nextafter", [x, y], |[x, y]| {
        let signed = x.ty().signed();
        // Maps numbers to integers in the same order.
        let key = |x: Val| {
            let magnitude = magnitude(x).bitcast(signed);
            select(signbit(x), -magnitude, magnitude)
        };
        let (from, to) = (key(x), key(y));
        let step = select(to.gt(from), lit(signed, 1), -1);
        let next = from + step;
        let bits = select(next.lt(0), -next, next).bitcast(x.ty().unsigned());
        let negative = next.lt(0) | (next.eq(0) & signbit(x));
        let next = (bits | select(negative, sign_mask(x.ty()), 0)).bitcast(x.ty());
        select(
            x.is_nan(),
            x,
            select(y.is_nan(), y, select(from.eq(to), y, next)),
        )
    })
}

/// The exact remainder of the truncating division of |x| by |y|, for finite x and any y but 0 and NaN.
fn remainder_of_magnitudes(x: Val, y: Val) -> Val {
    call("remainder_of_magnitudes", [x, y], |[x, y]| {
        let ty = x.ty();
        let word = ty.unsigned();
        let mantissa = mantissa_bits(ty);
        // A number is its mantissa times 2^(exponent - constant); subnormal numbers have exponent 1.
        let parts = |x: Val| {
            let bits = magnitude(x);
            let field = (bits >> mantissa).to(Ty::I32);
            let implied = pattern(ty, 0x0080_0000, 0x0010_0000_0000_0000);
            let fraction = bits & (implied - 1);
            (
                select(field.eq(0), fraction, fraction | implied),
                field.max(1),
            )
        };
        let ((m, k), (n, l)) = (parts(x), parts(y));
        let n = n.max(1);
        let (rest, left) = (var(m % n), var(k - l));
        // Each step of the division shifts by as many bits as the word has to spare.
        let spare = word.bits() - mantissa - 1;
        while_(
            || left.get().gt(0),
            || {
                let step = left.get().min(spare as i32);
                rest.set((rest.get() << step.to(Ty::U32)) % n);
                left.set(left.get() - step);
            },
        );
        let smaller = magnitude(x).lt(magnitude(y));
        let unit = l - (bias(ty) + mantissa as i32);
        let half = unit >> 1;
        let scaled =
            (rest.get().to(ty) * power_of_two(half, ty)).pin() * power_of_two(unit - half, ty);
        select(smaller, x.abs(), scaled)
    })
}

/// The remainders of the flooring division of x by y, with the sign of y, and of the truncating one, with the sign of
/// x.
fn remainders(x: Val, y: Val) -> (Val, Val) {
    let rest = with_sign(remainder_of_magnitudes(x, y), x);
    let crossed = signbit(x) ^ signbit(y);
    let floored = select(crossed, (rest + y).pin(), rest);
    (select(is_zero(rest), with_sign(rest, y), floored), rest)
}

/// Whether x / y has no remainder, because an argument is NaN, x is infinite or y is 0.
fn is_undefined(x: Val, y: Val) -> Val {
    x.is_nan() | y.is_nan() | is_infinite(x) | is_zero(y)
}

/// x modulo y, with the sign of y.
pub(super) fn remainder(x: Val, y: Val) -> Val {
    call("remainder", [x, y], |[x, y]| {
        select(is_undefined(x, y), nan(x), remainders(x, y).0)
    })
}

/// ⌊x / y⌋. For finite numbers it is computed from the exact remainder, as in Python, so 1 // 0.1 is 9. For others it
/// follows the quotient, as the standard requires: -1 // ∞ is -0.
pub(super) fn floor_divide(x: Val, y: Val) -> Val {
    call("floor_divide", [x, y], |[x, y]| {
        let quotient = x / y;
        let rest = remainders(x, y).1;
        let crossed = (signbit(x) ^ signbit(y)) & !is_zero(rest);
        let below = select(crossed, lit(x.ty(), 1.0), 0.0);
        let exact = with_sign(
            (to_integer((x - rest).pin() / y, round) - below).pin(),
            quotient,
        );
        // Some devices do not define division by 0.
        let by_zero = negate_if(signbit(x) ^ signbit(y), infinity(x));
        let by_zero = select(is_zero(x) | x.is_nan(), nan(x), by_zero);
        let direct = is_undefined(x, y) | is_infinite(y) | is_zero(x);
        let direct_quotient = select(
            is_infinite(quotient),
            quotient,
            to_integer(quotient, Val::floor),
        );
        let value = select(direct, direct_quotient, exact);
        let unordered = x.is_nan() | y.is_nan() | (is_infinite(x) & is_infinite(y));
        select(unordered, nan(x), select(is_zero(y), by_zero, value))
    })
}
