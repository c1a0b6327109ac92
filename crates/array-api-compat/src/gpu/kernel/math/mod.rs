//! The mathematical functions of floating-point and complex elements.
//!
//! Shading languages promise little of their own functions (a logarithm near 1 may be off by 10⁶ units in the last place, and
//! there is none in `float64`), so every function here is made of + - × ÷ √, roundings and integer operations, the same on every device.
//! What drivers may do to such code is allowed for: cancelling sums stand behind [`Val::pin`], NaN, zeros, infinities and subnormal numbers are
//! told by their bits. What a device makes of subnormal *results* is its own affair.

mod complex;
mod exponential;
mod format;
mod hyperbolic;
mod logarithm;
mod power;
mod reduction;
mod rounding;
mod trigonometric;

use array_api_spec::{BinaryOp, DType, UnaryOp};

use super::element::Value;
use super::ir::{Val, lit};

/// A function of one element of a floating-point dtype, real or complex.
///
/// # Panics
/// If the standard does not define the function for the dtype.
#[must_use]
pub fn unary(op: UnaryOp, dtype: DType, x: Value) -> Value {
    assert!(
        dtype.is_floating() && op.accepts().contains(dtype),
        "{} of {}",
        op.name(),
        dtype.name()
    );
    match x {
        Value::Real(x) => Value::Real(real_unary(op, x)),
        Value::Complex(x, y) => match op {
            UnaryOp::Abs => Value::Real(complex::abs((x, y))),
            UnaryOp::Imag => Value::Real(y),
            UnaryOp::Real => Value::Real(x),
            UnaryOp::Isfinite => Value::Real(format::is_finite(x) & format::is_finite(y)),
            UnaryOp::Isinf => Value::Real(format::is_infinite(x) | format::is_infinite(y)),
            UnaryOp::Isnan => Value::Real(x.is_nan() | y.is_nan()),
            _ => {
                let (re, im) = complex::unary(op, (x, y)).expect("a function of complex numbers");
                Value::Complex(re, im)
            }
        },
    }
}

/// A function of two elements of one floating-point dtype, real or complex.
///
/// # Panics
/// If the standard does not define the function for the dtype.
#[must_use]
pub fn binary(op: BinaryOp, dtype: DType, x: Value, y: Value) -> Value {
    assert!(
        dtype.is_floating() && op.accepts().contains(dtype),
        "{} of {}",
        op.name(),
        dtype.name()
    );
    match (x, y) {
        (Value::Real(x), Value::Real(y)) => Value::Real(real_binary(op, x, y)),
        (Value::Complex(a, b), Value::Complex(c, d)) => match op {
            BinaryOp::Equal => Value::Real(a.eq(c) & b.eq(d)),
            BinaryOp::NotEqual => Value::Real(a.ne(c) | b.ne(d)),
            _ => {
                let (re, im) = complex::binary(op, (a, b), (c, d)).expect("a function of complex numbers");
                Value::Complex(re, im)
            }
        },
        _ => panic!("both elements have the dtype"),
    }
}

fn real_unary(op: UnaryOp, x: Val) -> Val {
    match op {
        UnaryOp::Abs => x.abs(),
        UnaryOp::Acos => trigonometric::acos(x),
        UnaryOp::Acosh => hyperbolic::acosh(x),
        UnaryOp::Asin => trigonometric::asin(x),
        UnaryOp::Asinh => hyperbolic::asinh(x),
        UnaryOp::Atan => trigonometric::atan(x),
        UnaryOp::Atanh => hyperbolic::atanh(x),
        UnaryOp::Ceil => rounding::to_integer(x, Val::ceil),
        UnaryOp::Conj | UnaryOp::Positive | UnaryOp::Real => x,
        UnaryOp::Cos => trigonometric::cos(x),
        UnaryOp::Cosh => hyperbolic::cosh(x),
        UnaryOp::Exp => exponential::exp(x),
        UnaryOp::Expm1 => exponential::expm1(x),
        UnaryOp::Floor => rounding::to_integer(x, Val::floor),
        UnaryOp::Isfinite => format::is_finite(x),
        UnaryOp::Isinf => format::is_infinite(x),
        UnaryOp::Isnan => x.is_nan(),
        UnaryOp::Log => logarithm::log(x),
        UnaryOp::Log1p => logarithm::log1p(x),
        UnaryOp::Log2 => logarithm::log2(x),
        UnaryOp::Log10 => logarithm::log10(x),
        UnaryOp::Negative => -x,
        UnaryOp::Reciprocal => lit(x.ty(), 1.0) / x,
        UnaryOp::Round => rounding::to_integer(x, format::round),
        UnaryOp::Sign => rounding::sign(x),
        UnaryOp::Signbit => format::signbit(x),
        UnaryOp::Sin => trigonometric::sin(x),
        UnaryOp::Sinh => hyperbolic::sinh(x),
        UnaryOp::Square => x * x,
        UnaryOp::Sqrt => power::sqrt(x),
        UnaryOp::Tan => trigonometric::tan(x),
        UnaryOp::Tanh => hyperbolic::tanh(x),
        UnaryOp::Trunc => rounding::to_integer(x, format::trunc),
        UnaryOp::BitwiseInvert | UnaryOp::Imag | UnaryOp::LogicalNot => unreachable!("no function of real numbers"),
    }
}

fn real_binary(op: BinaryOp, x: Val, y: Val) -> Val {
    match op {
        BinaryOp::Add => x + y,
        BinaryOp::Atan2 => trigonometric::atan2(x, y),
        BinaryOp::Copysign => format::with_sign(x, y),
        BinaryOp::Divide => x / y,
        BinaryOp::Equal => x.eq(y),
        BinaryOp::FloorDivide => rounding::floor_divide(x, y),
        BinaryOp::Greater => x.gt(y),
        BinaryOp::GreaterEqual => x.ge(y),
        BinaryOp::Hypot => power::hypot(x, y),
        BinaryOp::Less => x.lt(y),
        BinaryOp::LessEqual => x.le(y),
        BinaryOp::Logaddexp => logarithm::logaddexp(x, y),
        BinaryOp::Maximum => rounding::maximum(x, y),
        BinaryOp::Minimum => rounding::minimum(x, y),
        BinaryOp::Multiply => x * y,
        BinaryOp::Nextafter => rounding::nextafter(x, y),
        BinaryOp::NotEqual => x.ne(y),
        BinaryOp::Pow => power::pow(x, y),
        BinaryOp::Remainder => rounding::remainder(x, y),
        BinaryOp::Subtract => x - y,
        BinaryOp::BitwiseAnd
        | BinaryOp::BitwiseLeftShift
        | BinaryOp::BitwiseOr
        | BinaryOp::BitwiseRightShift
        | BinaryOp::BitwiseXor
        | BinaryOp::LogicalAnd
        | BinaryOp::LogicalOr
        | BinaryOp::LogicalXor => unreachable!("no function of real numbers"),
    }
}
