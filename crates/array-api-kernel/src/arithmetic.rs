//! Each elementwise operation of the standard in the kernel language, for every dtype that it takes.

use array_api_spec::{BinaryOp, DType, Kind, UnaryOp};

use super::element::{Value, register, wrap};
use super::ir::{Ty, Val, lit};
use super::{integer, ir, math};

/// A function of one element of a dtype.
///
/// # Panics
/// If the standard does not define the function for the dtype.
#[must_use]
pub fn unary(op: UnaryOp, dtype: DType, x: Value) -> Value {
    match (dtype.kind(), op) {
        (_, UnaryOp::Positive) => x,
        (Kind::Bool, UnaryOp::BitwiseInvert | UnaryOp::LogicalNot) => Value::Real(!x.real()),
        (Kind::SignedInteger | Kind::UnsignedInteger, _) => {
            Value::Real(integer::unary(op, dtype, x.real()))
        }
        (Kind::RealFloating | Kind::ComplexFloating, _) => math::unary(op, dtype, x),
        (Kind::Bool, _) => panic!("{} of bool", op.name()),
    }
}

/// A function of two elements of one dtype.
///
/// # Panics
/// If the standard does not define the function for the dtype.
#[must_use]
pub fn binary(op: BinaryOp, dtype: DType, x: Value, y: Value) -> Value {
    match dtype.kind() {
        Kind::Bool => Value::Real(boolean(op, x.real(), y.real())),
        Kind::SignedInteger | Kind::UnsignedInteger => {
            Value::Real(integer::binary(op, dtype, x.real(), y.real()))
        }
        Kind::RealFloating | Kind::ComplexFloating => math::binary(op, dtype, x, y),
    }
}

fn boolean(op: BinaryOp, x: Val, y: Val) -> Val {
    match op {
        BinaryOp::BitwiseAnd | BinaryOp::LogicalAnd => x & y,
        BinaryOp::BitwiseOr | BinaryOp::LogicalOr => x | y,
        BinaryOp::BitwiseXor | BinaryOp::LogicalXor | BinaryOp::NotEqual => x ^ y,
        BinaryOp::Equal => x.eq(y),
        _ => panic!("{} of bool", op.name()),
    }
}

/// `x` where a condition holds, `y` elsewhere, of any dtype.
#[must_use]
pub fn select(condition: Val, x: Value, y: Value) -> Value {
    match (x, y) {
        (Value::Complex(a, b), Value::Complex(c, d)) => {
            Value::Complex(ir::select(condition, a, c), ir::select(condition, b, d))
        }
        _ => Value::Real(ir::select(condition, x.real(), y.real())),
    }
}

/// Converts an element to another dtype, as [`Op::Cast`](array_api_spec::Op::Cast) says.
///
/// # Panics
/// From complex to real numbers, which the standard forbids.
#[must_use]
pub fn cast(from: DType, to: DType, x: Value) -> Value {
    if from == to {
        return x;
    }
    match x {
        Value::Complex(re, im) if to == DType::Bool => Value::Real(is_nonzero(re) | is_nonzero(im)),
        Value::Complex(re, im) => {
            assert!(to.is_complex(), "complex numbers are not cast to {to}");
            Value::Complex(re.to(register(to)), im.to(register(to)))
        }
        Value::Real(x) if to.is_complex() => {
            let re = cast_real(from, to.real(), x);
            Value::Complex(re, lit(re.ty(), 0.0))
        }
        Value::Real(x) => Value::Real(cast_real(from, to, x)),
    }
}

fn cast_real(from: DType, to: DType, x: Val) -> Val {
    let ty = register(to);
    match (from.kind(), to.kind()) {
        (_, Kind::Bool) => is_nonzero(x),
        (Kind::Bool, _) => ir::select(x, lit(ty, 1), 0),
        (Kind::RealFloating, Kind::SignedInteger | Kind::UnsignedInteger) => saturate(x, to),
        (_, Kind::SignedInteger | Kind::UnsignedInteger) => wrap(x.to(ty), to),
        _ => x.to(ty),
    }
}

/// Compares the bits without the sign bit, because a floating-point comparison may take subnormal values for 0.
fn is_nonzero(x: Val) -> Val {
    match x.ty() {
        Ty::Bool => x,
        ty if ty.is_float() => (x.bits() << 1).ne(0),
        _ => x.ne(0),
    }
}

/// Rounds towards 0 and clamps to the range of an integer dtype; NaN gives 0.
fn saturate(x: Val, to: DType) -> Val {
    let ty = register(to);
    let (low, high) = to.integer_range().expect("an integer dtype");
    // The bounds are powers of two, or one beside them. Each is exact in the floating-point type, or rounds to the
    // power of two, and then no value lies between the two.
    let (below, above) = (
        x.le((low - i128::from(low < 0)) as f64),
        x.ge((high + 1) as f64),
    );
    let inside = ir::select(below | above | x.is_nan(), lit(x.ty(), 0.0), x).to(ty);
    ir::select(
        below,
        lit(ty, low),
        ir::select(above, lit(ty, high), inside),
    )
}
