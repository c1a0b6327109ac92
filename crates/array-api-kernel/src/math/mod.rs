//! The mathematical functions of floating-point and complex elements.
//!
//! Shading languages promise little accuracy for their built-in functions (a logarithm near 1 may be off by 10⁶ units
//! in the last place, and there is none in `float64`). So every function here is made of + - × ÷ √, roundings and
//! integer operations, and is the same on every device. It is safe from what drivers may do to such code: [`Val::pin`]
//! keeps cancelling sums as they are written, and NaN, zeros, infinities and subnormal numbers are recognized by their
//! bits. Subnormal *results* may differ between devices.
//!
//! Largest errors in units in the last place, measured on lavapipe with plain WGSL (Mesa 22.3.6; 300,000 points in each of two to
//! six regions, among them all bit patterns, against the x87's 64-bit mantissa):
//!
//! | function | `float32` | `float64` | | function | `float32` | `float64` |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | exp | 1.12 | 1.08 | | atan | 0.84 | 0.77 |
//! | expm1 | 1.64 | 1.52 | | atan2 | 1.57 | 1.40 |
//! | log | 0.81 | 0.79 | | sinh | 1.55 | 1.58 |
//! | log1p | 0.81 | 0.79 | | cosh | 1.44 | 1.41 |
//! | log2 | 0.50 | 0.50 | | tanh | 2.19 | 2.37 |
//! | log10 | 1.00 | 1.00 | | asinh | 1.60 | 1.61 |
//! | sin, cos | 1.61 | 1.52 | | acosh | 2.33 | 2.40 |
//! | tan | 2.17 | 2.17 | | atanh | 1.90 | 1.79 |
//! | asin | 0.89 | 0.86 | | pow | 1.13 | 1.12 |
//! | acos | 0.90 | 0.88 | | hypot | 1.15 | 1.17 |
//!
//! Sums, products, quotients, √, `reciprocal`, `square`, the roundings, `remainder` and `floor_divide` are exact or
//! correctly rounded there. The error of `logaddexp` is within 4 units in the last place of the largest of its
//! arguments and its result: where the terms cancel, the result has fewer digits.
//!
//! The error of complex functions is within 4 units in the last place of the modulus (measured against 200-bit
//! arithmetic; `tan` and `tanh` 3, most others 1 to 2). `pow` is the exception: it magnifies the error of w · log z by
//! its size.

#![allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "coefficients stand as their sources print them"
)]

mod argument_reduction;
mod complex;
mod exponential;
mod format;
mod hyperbolic;
mod logarithm;
mod power;
mod rounding;
mod trigonometric;

use array_api_spec::{BinaryOp, DType, UnaryOp};

pub use self::format::{exponent, is_finite, scale};
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
                let (re, im) =
                    complex::binary(op, (a, b), (c, d)).expect("a function of complex numbers");
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
        UnaryOp::BitwiseInvert | UnaryOp::Imag | UnaryOp::LogicalNot => {
            unreachable!("no function of real numbers")
        }
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
