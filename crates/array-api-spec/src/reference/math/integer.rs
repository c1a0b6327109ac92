//! Integers. Everything wraps; nothing divides by zero.

use super::{Arithmetic, BinaryFunction, UnaryFunction};
use crate::{BinaryOp, Scalar, UnaryOp};

/// The integer types, with operations that all of them have in the standard library, but that no trait of it contains.
pub trait Integer: Arithmetic + Ord {
    /// |x|, where the smallest signed value is its own absolute value.
    #[must_use]
    fn abs(self) -> Self;
    /// -1, 0 or 1.
    #[must_use]
    fn sign(self) -> Self;
    /// -x.
    #[must_use]
    fn negative(self) -> Self;
    /// Every bit inverted.
    #[must_use]
    fn invert(self) -> Self;
    /// x + y.
    #[must_use]
    fn add(self, y: Self) -> Self;
    /// x - y.
    #[must_use]
    fn subtract(self, y: Self) -> Self;
    /// x · y.
    #[must_use]
    fn multiply(self, y: Self) -> Self;
    /// ⌊x / y⌋, 0 for `y = 0`. The smallest signed value by -1 is itself.
    #[must_use]
    fn floor_divide(self, y: Self) -> Self;
    /// x - y ⌊x / y⌋, which has y's sign; 0 for `y = 0`.
    #[must_use]
    fn remainder(self, y: Self) -> Self;
    /// xʸ. For a negative `y` the result is 0, unless x is 1 or -1.
    #[must_use]
    fn pow(self, y: Self) -> Self;
    /// The bits shifted left by `y`; 0 if `y` is the width or more, or negative.
    #[must_use]
    fn left_shift(self, y: Self) -> Self;
    /// The bits shifted right by `y`, with copies of the sign bit; 0 or -1, by the sign, if `y` is the width or more,
    /// or negative.
    #[must_use]
    fn right_shift(self, y: Self) -> Self;
}

macro_rules! integers {
    (
        ($($t:ty),*) abs: $abs:expr, sign: $sign:expr, floor_divide: $floor_divide:expr, remainder: $remainder:expr,
        pow_negative: $pow_negative:expr, fill: $fill:expr
    ) => { $(
        impl Integer for $t {
            fn abs(self) -> Self {
                let abs: fn(Self) -> Self = $abs;
                abs(self)
            }
            fn sign(self) -> Self {
                let sign: fn(Self) -> Self = $sign;
                sign(self)
            }
            fn negative(self) -> Self {
                self.wrapping_neg()
            }
            fn invert(self) -> Self {
                !self
            }
            fn add(self, y: Self) -> Self {
                self.wrapping_add(y)
            }
            fn subtract(self, y: Self) -> Self {
                self.wrapping_sub(y)
            }
            fn multiply(self, y: Self) -> Self {
                self.wrapping_mul(y)
            }
            fn floor_divide(self, y: Self) -> Self {
                let divide: fn(Self, Self) -> Self = $floor_divide;
                if y == 0 { 0 } else { divide(self, y) }
            }
            fn remainder(self, y: Self) -> Self {
                let remainder: fn(Self, Self) -> Self = $remainder;
                if y == 0 { 0 } else { remainder(self, y) }
            }
            fn pow(self, y: Self) -> Self {
                let mut exponent = i128::from(y);
                if exponent < 0 {
                    let negative: fn(Self, Self) -> Self = $pow_negative;
                    return negative(self, y);
                }
                let (mut power, mut square): (Self, Self) = (1, self);
                while exponent != 0 {
                    if exponent & 1 == 1 {
                        power = power.wrapping_mul(square);
                    }
                    square = square.wrapping_mul(square);
                    exponent >>= 1;
                }
                power
            }
            fn left_shift(self, y: Self) -> Self {
                u32::try_from(y).ok().and_then(|y| self.checked_shl(y)).unwrap_or(0)
            }
            fn right_shift(self, y: Self) -> Self {
                let fill: fn(Self) -> Self = $fill;
                u32::try_from(y).ok().and_then(|y| self.checked_shr(y)).unwrap_or_else(|| fill(self))
            }
        }

        impl Arithmetic for $t {
            type Real = Self;

            fn unary(op: UnaryOp) -> Option<UnaryFunction<Self>> {
                unary(op)
            }

            fn binary(op: BinaryOp) -> Option<BinaryFunction<Self>> {
                binary(op)
            }

            fn cast(value: Scalar) -> Self {
                match value {
                    Scalar::Bool(b) => b.into(),
                    Scalar::Int(i) => i as Self,
                    Scalar::Float(x) => x as Self,
                    Scalar::Complex(z) => z.re as Self,
                }
            }
        }
    )* };
}

integers! {
    (i8, i16, i32, i64)
    abs: |x| x.wrapping_abs(),
    sign: |x| x.signum(),
    floor_divide: |x, y| {
        let quotient = x.wrapping_div(y);
        let rest = x.wrapping_rem(y);
        if rest != 0 && (rest < 0) != (y < 0) { quotient - 1 } else { quotient }
    },
    remainder: |x, y| {
        let rest = x.wrapping_rem(y);
        if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }
    },
    pow_negative: |x, y| match x {
        1 => 1,
        -1 => if y & 1 == 0 { 1 } else { -1 },
        _ => 0,
    },
    fill: |x| if x < 0 { -1 } else { 0 }
}
integers! {
    (u8, u16, u32, u64)
    abs: |x| x,
    sign: |x| x.min(1),
    floor_divide: |x, y| x / y,
    remainder: |x, y| x % y,
    pow_negative: |_, _| 0,
    fill: |_| 0
}

fn unary<T: Integer>(op: UnaryOp) -> Option<UnaryFunction<T>> {
    use UnaryFunction::{Bool, Same};
    Some(match op {
        UnaryOp::Abs => Same(T::abs),
        UnaryOp::BitwiseInvert => Same(T::invert),
        UnaryOp::Negative => Same(T::negative),
        UnaryOp::Sign => Same(T::sign),
        UnaryOp::Square => Same(|x| x.multiply(x)),
        UnaryOp::Ceil
        | UnaryOp::Conj
        | UnaryOp::Floor
        | UnaryOp::Positive
        | UnaryOp::Real
        | UnaryOp::Round
        | UnaryOp::Trunc => Same(|x| x),
        UnaryOp::Isfinite => Bool(|_| true),
        UnaryOp::Isinf | UnaryOp::Isnan => Bool(|_| false),
        _ => return None,
    })
}

fn binary<
    T: Integer
        + std::ops::BitAnd<Output = T>
        + std::ops::BitOr<Output = T>
        + std::ops::BitXor<Output = T>,
>(
    op: BinaryOp,
) -> Option<BinaryFunction<T>> {
    use BinaryFunction::{Bool, Same};
    Some(match op {
        BinaryOp::Add => Same(T::add),
        BinaryOp::BitwiseAnd => Same(|x, y| x & y),
        BinaryOp::BitwiseLeftShift => Same(T::left_shift),
        BinaryOp::BitwiseOr => Same(|x, y| x | y),
        BinaryOp::BitwiseRightShift => Same(T::right_shift),
        BinaryOp::BitwiseXor => Same(|x, y| x ^ y),
        BinaryOp::Equal => Bool(|x, y| x == y),
        BinaryOp::FloorDivide => Same(T::floor_divide),
        BinaryOp::Greater => Bool(|x, y| x > y),
        BinaryOp::GreaterEqual => Bool(|x, y| x >= y),
        BinaryOp::Less => Bool(|x, y| x < y),
        BinaryOp::LessEqual => Bool(|x, y| x <= y),
        BinaryOp::Maximum => Same(Ord::max),
        BinaryOp::Minimum => Same(Ord::min),
        BinaryOp::Multiply => Same(T::multiply),
        BinaryOp::NotEqual => Bool(|x, y| x != y),
        BinaryOp::Pow => Same(T::pow),
        BinaryOp::Remainder => Same(T::remainder),
        BinaryOp::Subtract => Same(T::subtract),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Integer;

    #[test]
    fn division_is_pythons_and_total() {
        for (x, y, quotient, rest) in [
            (7, 2, 3, 1),
            (-7, 2, -4, 1),
            (7, -2, -4, -1),
            (-7, -2, 3, -1),
            (6, -3, -2, 0),
        ] {
            assert_eq!(
                (x.floor_divide(y), x.remainder(y)),
                (quotient, rest),
                "{x} {y}"
            );
        }
        assert_eq!((5_i8.floor_divide(0), 5_u64.remainder(0)), (0, 0));
        assert_eq!(
            (i64::MIN.floor_divide(-1), i64::MIN.remainder(-1)),
            (i64::MIN, 0)
        );
    }

    #[test]
    fn powers_wrap_and_negative_ones_vanish() {
        assert_eq!(3_u8.pow(5), 243);
        assert_eq!(Integer::pow(3_u8, 6), 217);
        assert_eq!(Integer::pow(2_i64, i64::MAX), 0);
        assert_eq!(Integer::pow(-1_i32, i32::MAX), -1);
        assert_eq!([0_i8, 1, -1, 2].map(|x| Integer::pow(x, -3)), [0, 1, -1, 0]);
        assert_eq!(Integer::pow(-1_i8, -2), 1);
        assert_eq!(Integer::pow(0_i8, 0), 1);
    }

    #[test]
    fn shifts_have_no_forbidden_amount() {
        assert_eq!(
            [0, 7, 8, 127, -1].map(|y| 1_i8.left_shift(y)),
            [1, i8::MIN, 0, 0, 0]
        );
        assert_eq!(
            [0, 1, 8, 127, -1].map(|y| (-2_i8).right_shift(y)),
            [-2, -1, -1, -1, -1]
        );
        assert_eq!(u64::MAX.right_shift(u64::MAX), 0);
    }
}
