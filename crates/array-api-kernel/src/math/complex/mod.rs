//! Complex numbers as pairs of real values. Special cases are the standard's or, where it leaves the choice, those of
//! C99's Annex G, as in [`array_api_spec::reference`].

mod arithmetic;
mod exponential;
mod hyperbolic;

use array_api_spec::{BinaryOp, UnaryOp};

use super::format::round;
use super::rounding::to_integer;
use crate::ir::{self, Val, select};

/// Real and imaginary part.
pub(super) type Complex = (Val, Val);

fn call(name: &str, (x, y): Complex, body: impl FnOnce(Complex) -> Complex) -> Complex {
    ir::call(name, [x, y], |[x, y]| body((x, y)))
}

fn call2(
    name: &str,
    (a, b): Complex,
    (c, d): Complex,
    body: impl FnOnce(Complex, Complex) -> Complex,
) -> Complex {
    ir::call(name, [a, b, c, d], |[a, b, c, d]| body((a, b), (c, d)))
}

fn choose(condition: Val, then: Complex, otherwise: Complex) -> Complex {
    (
        select(condition, then.0, otherwise.0),
        select(condition, then.1, otherwise.1),
    )
}

fn both(x: Val) -> Complex {
    (x, x)
}

/// The modulus.
pub(super) fn abs(z: Complex) -> Val {
    arithmetic::abs(z)
}

/// A function with a complex result; `None` if `op` is not one.
pub(super) fn unary(op: UnaryOp, z: Complex) -> Option<Complex> {
    use std::f64::consts::{LOG2_E, LOG10_E};

    use hyperbolic::{turn, unturn};
    Some(match op {
        UnaryOp::Acos => hyperbolic::acos(z),
        UnaryOp::Acosh => hyperbolic::acosh(z),
        UnaryOp::Asin => unturn(hyperbolic::asinh(turn(z))),
        UnaryOp::Asinh => hyperbolic::asinh(z),
        UnaryOp::Atan => unturn(hyperbolic::atanh(turn(z))),
        UnaryOp::Atanh => hyperbolic::atanh(z),
        UnaryOp::Conj => (z.0, -z.1),
        UnaryOp::Cos => hyperbolic::cosh(turn(z)),
        UnaryOp::Cosh => hyperbolic::cosh(z),
        UnaryOp::Exp => exponential::exp(z),
        UnaryOp::Expm1 => exponential::expm1(z),
        UnaryOp::Log => exponential::log(z),
        UnaryOp::Log1p => exponential::log1p(z),
        UnaryOp::Log2 => exponential::log_to_base(z, LOG2_E),
        UnaryOp::Log10 => exponential::log_to_base(z, LOG10_E),
        UnaryOp::Negative => (-z.0, -z.1),
        UnaryOp::Positive => z,
        UnaryOp::Reciprocal => arithmetic::reciprocal(z),
        UnaryOp::Round => (to_integer(z.0, round), to_integer(z.1, round)),
        UnaryOp::Sign => arithmetic::sign(z),
        UnaryOp::Sin => unturn(hyperbolic::sinh(turn(z))),
        UnaryOp::Sinh => hyperbolic::sinh(z),
        UnaryOp::Square => arithmetic::multiply(z, z),
        UnaryOp::Sqrt => arithmetic::sqrt(z),
        UnaryOp::Tan => unturn(hyperbolic::tanh(turn(z))),
        UnaryOp::Tanh => hyperbolic::tanh(z),
        _ => return None,
    })
}

/// A function of two complex numbers with a complex result; `None` if `op` is not one.
pub(super) fn binary(op: BinaryOp, z: Complex, w: Complex) -> Option<Complex> {
    Some(match op {
        BinaryOp::Add => (z.0 + w.0, z.1 + w.1),
        BinaryOp::Subtract => (z.0 - w.0, z.1 - w.1),
        BinaryOp::Multiply => arithmetic::multiply(z, w),
        BinaryOp::Divide => arithmetic::divide(z, w),
        BinaryOp::Pow => exponential::pow(z, w),
        _ => return None,
    })
}
