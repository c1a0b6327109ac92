//! The arithmetic of every elementwise operation on single values, as the standard defines it, in plain Rust, for each
//! of the thirteen element types.
//!
//! Tests take its results as the truth. A backend may use it where a device or a library has nothing better, for
//! example for complex functions. The modules [`integer`], [`real`] and [`complex`] have the functions of one kind of
//! number. [`Arithmetic::unary`] and [`Arithmetic::binary`] look up the function of an operation, once, before a loop
//! over elements:
//!
//! ```
//! use array_api_spec::{UnaryOp, reference::math::{Arithmetic, UnaryFunction}};
//! let Some(UnaryFunction::Same(sqrt)) = f32::unary(UnaryOp::Sqrt) else { unreachable!() };
//! assert_eq!([4.0, 9.0].map(sqrt), [2.0, 3.0]);
//! assert!(i8::unary(UnaryOp::Sqrt).is_none()); // the standard takes floating-point numbers only
//! ```

pub mod complex;
pub mod integer;
pub mod real;

use num_complex::Complex;

use crate::{BinaryOp, Element, Scalar, UnaryOp};

/// A function of one value. The variant says what it returns (see [`Returns`](crate::Returns)).
#[derive(Clone, Copy, Debug)]
pub enum UnaryFunction<T: Arithmetic> {
    /// A value of the same type.
    Same(fn(T) -> T),
    /// The real type of the same precision, of a complex value.
    Real(fn(T) -> T::Real),
    /// A truth value, of a number.
    Bool(fn(T) -> bool),
}

/// A function of two values of one type. The variant says what it returns.
#[derive(Clone, Copy, Debug)]
pub enum BinaryFunction<T> {
    /// A value of the same type.
    Same(fn(T, T) -> T),
    /// A truth value.
    Bool(fn(T, T) -> bool),
}

/// An element with its arithmetic.
pub trait Arithmetic: Element {
    /// The type of a complex number's components; for others the type itself.
    type Real: Arithmetic;

    /// The function for an operation, or `None` if the standard does not define it for this type. `Positive`, which
    /// copies values, exists for `bool`, too.
    #[must_use]
    fn unary(op: UnaryOp) -> Option<UnaryFunction<Self>>;

    /// The function for an operation, or `None` if the standard does not define it for this type.
    #[must_use]
    fn binary(op: BinaryOp) -> Option<BinaryFunction<Self>>;

    /// Converts a value as [`astype`](crate::Op::Cast) does. A complex number would become a real one by its real part,
    /// but this is never called for.
    #[must_use]
    fn cast(value: Scalar) -> Self;
}

/// Converts a value as [`astype`](crate::Op::Cast) does: floating-point to integer truncates and saturates, and NaN
/// gives 0; integer to integer wraps; everything but 0 is `true`.
#[must_use]
pub fn cast<T: Element, U: Arithmetic>(value: T) -> U {
    U::cast(value.into())
}

impl Arithmetic for bool {
    type Real = Self;

    fn unary(op: UnaryOp) -> Option<UnaryFunction<Self>> {
        Some(UnaryFunction::Same(match op {
            UnaryOp::BitwiseInvert | UnaryOp::LogicalNot => |x: Self| !x,
            UnaryOp::Positive => |x| x,
            _ => return None,
        }))
    }

    fn binary(op: BinaryOp) -> Option<BinaryFunction<Self>> {
        Some(BinaryFunction::Same(match op {
            BinaryOp::BitwiseAnd | BinaryOp::LogicalAnd => |x, y| x & y,
            BinaryOp::BitwiseOr | BinaryOp::LogicalOr => |x, y| x | y,
            BinaryOp::BitwiseXor | BinaryOp::LogicalXor | BinaryOp::NotEqual => |x, y| x ^ y,
            BinaryOp::Equal => |x, y| x == y,
            _ => return None,
        }))
    }

    fn cast(value: Scalar) -> Self {
        match value {
            Scalar::Bool(b) => b,
            Scalar::Int(i) => i != 0,
            Scalar::Float(x) => x != 0.0,
            Scalar::Complex(z) => z != Complex::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Returns, dispatch};

    fn unary_kind<T: Arithmetic>(op: UnaryOp) -> Option<DType> {
        Some(match T::unary(op)? {
            UnaryFunction::Same(_) => T::DTYPE,
            UnaryFunction::Real(_) => T::Real::DTYPE,
            UnaryFunction::Bool(_) => DType::Bool,
        })
    }

    fn binary_kind<T: Arithmetic>(op: BinaryOp) -> Option<DType> {
        Some(match T::binary(op)? {
            BinaryFunction::Same(_) => T::DTYPE,
            BinaryFunction::Bool(_) => DType::Bool,
        })
    }

    #[test]
    fn every_operation_is_there_for_the_dtypes_that_the_table_gives() {
        let expected = |takes: bool, returns: Returns, d| takes.then(|| returns.dtype(d));
        for d in DType::ALL {
            for &op in UnaryOp::ALL {
                let copy = op == UnaryOp::Positive && d == DType::Bool;
                let want = expected(op.accepts().contains(d) || copy, op.returns(), d);
                assert_eq!(
                    dispatch!(d, T => unary_kind::<T>(op)),
                    want,
                    "{} {d}",
                    op.name()
                );
            }
            for &op in BinaryOp::ALL {
                let want = expected(op.accepts().contains(d), op.returns(), d);
                assert_eq!(
                    dispatch!(d, T => binary_kind::<T>(op)),
                    want,
                    "{} {d}",
                    op.name()
                );
            }
        }
    }

    #[test]
    fn casts_truncate_saturate_and_wrap() {
        assert_eq!(cast::<f64, i8>(-1.9), -1);
        assert_eq!(cast::<f64, i8>(300.0), 127);
        assert_eq!(cast::<f32, u8>(-1.0), 0);
        assert_eq!(cast::<f64, i64>(f64::NAN), 0);
        assert_eq!(cast::<f64, u64>(f64::INFINITY), u64::MAX);
        assert_eq!(cast::<i64, u8>(-1), 255);
        assert_eq!(cast::<u64, i64>(u64::MAX), -1);
        assert!(cast::<f64, bool>(f64::NAN));
        assert!(!cast::<f64, bool>(-0.0));
        assert!(cast::<Complex<f32>, bool>(Complex::I));
        assert_eq!(cast::<bool, f32>(true), 1.0);
        assert_eq!(cast::<u64, f32>(u64::MAX), 1.844_674_4e19);
        assert_eq!(cast::<f32, Complex<f64>>(-0.5), Complex::new(-0.5, 0.0));
    }
}
