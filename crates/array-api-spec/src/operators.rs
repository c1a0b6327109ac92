//! Operators between arrays, expressions and scalars, in every order, and the in-place forms on arrays.
//!
//! Rust has no operators `//`, `**` and `@`, and its comparisons must return `bool`. Use the functions `floor_divide`,
//! `pow`, `matmul`, `equal` … of the namespace.
//!
//! A scalar on the right may have any type. On the left only one type of each kind is allowed, so that Rust infers this
//! type for a literal, and `2 * x` or `(1.0 - x).eval()` need no suffix. Write `x * n` for other types.

use std::ops::{
    Add, AddAssign, BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Div, DivAssign,
    Mul, MulAssign, Neg, Not, Rem, RemAssign, Shl, ShlAssign, Shr, ShrAssign, Sub, SubAssign,
};

use crate::{Array, Backend, BinaryOp, Complex, Expr, UnaryOp};

macro_rules! binary {
    ($($Op:ident $op:ident $Assign:ident $assign:ident $f:ident),* $(,)?) => { $(
        binary!(@left $Op $op $f: &Array<B>, Array<B>, Expr<B>, &Expr<B>);
        binary!(@scalar $Op $op $f: bool, i64, f64, Complex<f64>);

        impl<B: Backend, R: Into<Expr<B>>> $Assign<R> for Array<B> {
            /// Replaces the array's values. Shape and dtype do not change. If they would have to, the array holds the
            /// error, which the next `?` returns.
            fn $assign(&mut self, right: R) {
                self.update(Expr::binary(BinaryOp::$f, (&*self).into(), right.into()));
            }
        }
    )* };
    (@left $Op:ident $op:ident $f:ident: $($left:ty),*) => { $(
        impl<B: Backend, R: Into<Expr<B>>> $Op<R> for $left {
            type Output = Expr<B>;
            fn $op(self, right: R) -> Expr<B> {
                Expr::binary(BinaryOp::$f, self.into(), right.into())
            }
        }
    )* };
    (@scalar $Op:ident $op:ident $f:ident: $($left:ty),*) => { $(
        binary!(@pair $Op $op $f $left: &Array<B>, Array<B>, Expr<B>, &Expr<B>);
    )* };
    (@pair $Op:ident $op:ident $f:ident $left:ty: $($right:ty),*) => { $(
        impl<B: Backend> $Op<$right> for $left {
            type Output = Expr<B>;
            fn $op(self, right: $right) -> Expr<B> {
                Expr::binary(BinaryOp::$f, self.into(), right.into())
            }
        }
    )* };
}
binary! {
    Add add AddAssign add_assign Add,
    Sub sub SubAssign sub_assign Subtract,
    Mul mul MulAssign mul_assign Multiply,
    Div div DivAssign div_assign Divide,
    Rem rem RemAssign rem_assign Remainder,
    BitAnd bitand BitAndAssign bitand_assign BitwiseAnd,
    BitOr bitor BitOrAssign bitor_assign BitwiseOr,
    BitXor bitxor BitXorAssign bitxor_assign BitwiseXor,
    Shl shl ShlAssign shl_assign BitwiseLeftShift,
    Shr shr ShrAssign shr_assign BitwiseRightShift,
}

macro_rules! unary {
    ($($Op:ident $op:ident $f:ident: $($x:ty),*;)*) => { $($(
        impl<B: Backend> $Op for $x {
            type Output = Expr<B>;
            fn $op(self) -> Expr<B> {
                Expr::unary(UnaryOp::$f, self.into())
            }
        }
    )*)* };
}
unary! {
    Neg neg Negative: &Array<B>, Array<B>, Expr<B>, &Expr<B>;
    Not not BitwiseInvert: &Array<B>, Array<B>, Expr<B>, &Expr<B>;
}
