//! The arithmetic of integers. Everything wraps to the dtype's width; nothing divides by zero.

use array_api_spec::{BinaryOp, DType, UnaryOp};

use super::element::wrap;
use super::ir::{Val, call, if_, lit, select, var, while_};

/// A function of one integer.
pub(super) fn unary(op: UnaryOp, dtype: DType, x: Val) -> Val {
    match op {
        UnaryOp::Abs if signed(x) => wrap(select(x.lt(0), -x, x), dtype),
        UnaryOp::BitwiseInvert => wrap(!x, dtype),
        UnaryOp::Isfinite => lit(super::ir::Ty::Bool, true),
        UnaryOp::Isinf | UnaryOp::Isnan => lit(super::ir::Ty::Bool, false),
        UnaryOp::Negative => wrap(lit(x.ty(), 0) - x, dtype),
        UnaryOp::Sign if signed(x) => select(x.lt(0), lit(x.ty(), -1), x.min(1)),
        UnaryOp::Sign => x.min(1),
        UnaryOp::Square => wrap(x * x, dtype),
        UnaryOp::Abs
        | UnaryOp::Ceil
        | UnaryOp::Conj
        | UnaryOp::Floor
        | UnaryOp::Positive
        | UnaryOp::Real
        | UnaryOp::Round
        | UnaryOp::Trunc => x,
        _ => panic!("{} of {dtype}", op.name()),
    }
}

/// A function of two integers.
pub(super) fn binary(op: BinaryOp, dtype: DType, x: Val, y: Val) -> Val {
    match op {
        BinaryOp::Add => wrap(x + y, dtype),
        BinaryOp::BitwiseAnd => x & y,
        BinaryOp::BitwiseLeftShift => {
            let (amount, too_far) = shift(dtype, y);
            wrap(select(too_far, lit(x.ty(), 0), x << amount), dtype)
        }
        BinaryOp::BitwiseOr => x | y,
        BinaryOp::BitwiseRightShift => {
            let (amount, too_far) = shift(dtype, y);
            // A shift by the largest amount leaves only the sign of a signed value.
            if signed(x) {
                x >> amount
            } else {
                select(too_far, lit(x.ty(), 0), x >> amount)
            }
        }
        BinaryOp::BitwiseXor => x ^ y,
        BinaryOp::Equal => x.eq(y),
        BinaryOp::FloorDivide => wrap(divide(x, y).0, dtype),
        BinaryOp::Greater => x.gt(y),
        BinaryOp::GreaterEqual => x.ge(y),
        BinaryOp::Less => x.lt(y),
        BinaryOp::LessEqual => x.le(y),
        BinaryOp::Maximum => x.max(y),
        BinaryOp::Minimum => x.min(y),
        BinaryOp::Multiply => wrap(x * y, dtype),
        BinaryOp::NotEqual => x.ne(y),
        BinaryOp::Pow => wrap(pow(x, y), dtype),
        BinaryOp::Remainder => divide(x, y).1,
        BinaryOp::Subtract => wrap(x - y, dtype),
        _ => panic!("{} of {dtype}", op.name()),
    }
}

fn signed(x: Val) -> bool {
    x.ty().is_signed_int()
}

/// The shift amount, clamped to less than the dtype's width, and whether it was clamped. Negative amounts count as too
/// large.
fn shift(dtype: DType, amount: Val) -> (Val, Val) {
    let width = dtype.size() as u32 * 8;
    let amount = amount.bits();
    (
        amount.min(width - 1).to(super::ir::Ty::U32),
        amount.ge(width),
    )
}

/// ⌊x / y⌋ and the remainder, which has y's sign; both are 0 for `y = 0`.
fn divide(x: Val, y: Val) -> (Val, Val) {
    call("divide", [x, y], |[x, y]| {
        if !signed(x) {
            let divisor = y.max(1);
            let quotient = select(y.eq(0), lit(x.ty(), 0), x / divisor);
            return (quotient, select(y.eq(0), lit(x.ty(), 0), x % divisor));
        }
        // The smallest value divided by -1 does not fit and is undefined in C.
        let divisor = select(y.eq(0) | y.eq(-1), lit(x.ty(), 1), y);
        let quotient = x / divisor;
        let rest = x - quotient * divisor;
        // This tests the sign of the xor and does not compare twice, because lavapipe folds `rest < 0` wrongly for
        // 64-bit x near the smallest value.
        let crossed = rest.ne(0) & (rest ^ y).lt(0);
        let quotient = quotient - select(crossed, lit(x.ty(), 1), 0);
        let quotient = select(y.eq(-1), -x, quotient);
        (
            select(y.eq(0), lit(x.ty(), 0), quotient),
            select(crossed, rest + y, rest),
        )
    })
}

/// xʸ by repeated squaring. For a negative y the result is 0, unless x is 1 or -1.
fn pow(x: Val, y: Val) -> Val {
    call("power", [x, y], |[x, y]| {
        let one = lit(x.ty(), 1);
        let (power, square, exponent) = (var(one), var(x), var(y));
        while_(
            || exponent.get().gt(0),
            || {
                if_((exponent.get() & 1).ne(0), || {
                    power.set(power.get() * square.get());
                });
                square.set(square.get() * square.get());
                exponent.set(exponent.get() >> 1);
            },
        );
        if !signed(x) {
            return power.get();
        }
        let alternating = select((y & 1).eq(0), one, -1);
        let vanishing = select(x.eq(1), one, select(x.eq(-1), alternating, 0));
        select(y.lt(0), vanishing, power.get())
    })
}
