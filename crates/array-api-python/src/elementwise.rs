//! Elementwise functions.

use crate::{
    argument::{Operand, clip_bound, xp_of},
    functions,
};

/// Takes a list of names for functions with one or two arguments, and then full rows for all others.
macro_rules! elementwise {
    (unary { $($unary:ident)* } binary { $($binary:ident)* } $($other:tt)*) => {
        functions! { "API_specification/generated/array_api."
            $($unary [x, /] (x: Operand) => x.xp().$unary(x);)*
            $($binary [x1, x2, /] (x1: Operand, x2: Operand) => xp_of(&x1, &x2).$binary(x1, x2);)*
            $($other)*
        }
    };
}

elementwise! {
    unary {
        abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan log
        log1p log2 log10 logical_not negative positive real reciprocal round sign signbit sin sinh sqrt square tan tanh trunc
    }
    binary {
        add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal floor_divide
        greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum minimum multiply
        nextafter not_equal pow remainder subtract
    }
    clip [x, /, min=None, max=None] (x: Operand, min: Option<Operand>, max: Option<Operand>) =>
        x.xp().clip(x, clip_bound(min), clip_bound(max));
}
