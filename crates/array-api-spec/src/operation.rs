//! Operations as values, and the one table of the elementwise functions.
//!
//! A row of the table is one function: its name, its variant of [`UnaryOp`] or [`BinaryOp`], the dtypes it takes, the
//! dtype it returns, and its documentation. The methods of [`Namespace`](crate::Namespace) are made from the table. To
//! add a function, add a row; the compiler then names the `match` in each backend that lacks its arithmetic.

use crate::{DType, Kind};

/// Which dtypes a function takes, after promotion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Every dtype.
    Any,
    /// Every dtype but `bool`.
    Numeric,
    /// Integers and real floating-point.
    Real,
    /// Real floating-point.
    RealFloating,
    /// Real and complex floating-point.
    Floating,
    /// Complex floating-point.
    Complex,
    /// Integers.
    Integer,
    /// Integers and `bool`.
    IntegerOrBool,
    /// `bool`.
    Bool,
}

impl Accepts {
    /// Whether a dtype is among them.
    #[must_use]
    pub const fn contains(self, dtype: DType) -> bool {
        match self {
            Self::Any => true,
            Self::Numeric => dtype.is_numeric(),
            Self::Real => dtype.is_integer() || dtype.is_real_floating(),
            Self::RealFloating => dtype.is_real_floating(),
            Self::Floating => dtype.is_floating(),
            Self::Complex => dtype.is_complex(),
            Self::Integer => dtype.is_integer(),
            Self::IntegerOrBool => dtype.is_integer() || matches!(dtype.kind(), Kind::Bool),
            Self::Bool => matches!(dtype, DType::Bool),
        }
    }

    /// The dtypes in words, for error messages.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Any => "any dtype",
            Self::Numeric => "numeric dtypes",
            Self::Real => "integer and real floating-point dtypes",
            Self::RealFloating => "real floating-point dtypes",
            Self::Floating => "floating-point dtypes",
            Self::Complex => "complex dtypes",
            Self::Integer => "integer dtypes",
            Self::IntegerOrBool => "integer and boolean dtypes",
            Self::Bool => "the boolean dtype",
        }
    }
}

/// The dtype of a result, given that of the (promoted) input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// That of the input.
    Same,
    /// The real counterpart of a complex input, else that of the input.
    Real,
    /// `bool`.
    Bool,
}

impl Returns {
    /// The result's dtype.
    #[must_use]
    pub const fn dtype(self, input: DType) -> DType {
        match self {
            Self::Same => input,
            Self::Real => input.real(),
            Self::Bool => DType::Bool,
        }
    }
}

/// Passes the table of one-argument functions to a macro: `doc… name Variant: takes => returns`.
macro_rules! unary_functions {
    ($then:ident) => {
        $then! {
            /// Absolute value; for complex numbers the modulus, without intermediate overflow. Integers wrap: the
            /// smallest signed value is its own absolute value.
            abs Abs: Numeric => Real,
            /// Inverse cosine, principal value in [0, π]. NaN outside [-1, 1].
            acos Acos: Floating => Same,
            /// Inverse hyperbolic cosine. NaN below 1.
            acosh Acosh: Floating => Same,
            /// Inverse sine, principal value in [-π/2, π/2]. NaN outside [-1, 1].
            asin Asin: Floating => Same,
            /// Inverse hyperbolic sine.
            asinh Asinh: Floating => Same,
            /// Inverse tangent, principal value in [-π/2, π/2].
            atan Atan: Floating => Same,
            /// Inverse hyperbolic tangent. ±1 gives ±∞, beyond is NaN.
            atanh Atanh: Floating => Same,
            /// Every bit inverted; for `bool` the logical complement.
            bitwise_invert BitwiseInvert: IntegerOrBool => Same,
            /// The smallest integer not less than the input, in the input's dtype.
            ceil Ceil: Real => Same,
            /// Complex conjugate; real numbers unchanged.
            conj Conj: Numeric => Same,
            /// Cosine of an angle in radians. NaN for ±∞.
            cos Cos: Floating => Same,
            /// Hyperbolic cosine.
            cosh Cosh: Floating => Same,
            /// Exponential function eˣ.
            exp Exp: Floating => Same,
            /// eˣ - 1, accurate near 0.
            expm1 Expm1: Floating => Same,
            /// The largest integer not greater than the input, in the input's dtype.
            floor Floor: Real => Same,
            /// Imaginary part of complex numbers, as the real dtype of the same precision.
            imag Imag: Complex => Real,
            /// Whether the number is finite (neither NaN nor ±∞).
            isfinite Isfinite: Numeric => Bool,
            /// Whether the number is ±∞; for complex numbers, whether a component is.
            isinf Isinf: Numeric => Bool,
            /// Whether the number is NaN; for complex numbers, whether a component is.
            isnan Isnan: Numeric => Bool,
            /// Natural logarithm. 0 gives -∞, negative real numbers NaN.
            log Log: Floating => Same,
            /// log(1 + x), accurate near 0.
            log1p Log1p: Floating => Same,
            /// Logarithm to base 2.
            log2 Log2: Floating => Same,
            /// Logarithm to base 10.
            log10 Log10: Floating => Same,
            /// Logical NOT.
            logical_not LogicalNot: Bool => Same,
            /// The number with its sign changed. Integers wrap.
            negative Negative: Numeric => Same,
            /// The number itself.
            positive Positive: Numeric => Same,
            /// Real part, as the real dtype of the same precision; real numbers unchanged.
            real Real: Numeric => Real,
            /// 1 / x, correctly rounded for real numbers.
            reciprocal Reciprocal: Floating => Same,
            /// The nearest integer in the input's dtype, halves to even; per component for complex numbers.
            round Round: Numeric => Same,
            /// -1, 0 or 1 by the sign; z/|z| for complex numbers. NaN stays NaN.
            sign Sign: Numeric => Same,
            /// Whether the sign bit is set, for -0 and NaN too.
            signbit Signbit: RealFloating => Bool,
            /// Sine of an angle in radians. NaN for ±∞.
            sin Sin: Floating => Same,
            /// Hyperbolic sine.
            sinh Sinh: Floating => Same,
            /// x · x.
            square Square: Numeric => Same,
            /// Principal square root, correctly rounded for real numbers. NaN for negative real numbers.
            sqrt Sqrt: Floating => Same,
            /// Tangent of an angle in radians. NaN for ±∞.
            tan Tan: Floating => Same,
            /// Hyperbolic tangent.
            tanh Tanh: Floating => Same,
            /// The integer nearest to the input and no farther from 0, in the input's dtype.
            trunc Trunc: Real => Same,
        }
    };
}

pub(crate) use unary_functions;

/// Passes the table of two-argument functions to a macro: `doc… name Variant: takes => returns`.
macro_rules! binary_functions {
    ($then:ident) => {
        $then! {
            /// x1 + x2. Integers wrap.
            add Add: Numeric => Same,
            /// The angle of the point (x2, x1) in radians, in [-π, π], by the signs of both.
            atan2 Atan2: RealFloating => Same,
            /// Bitwise AND; for `bool` the logical one.
            bitwise_and BitwiseAnd: IntegerOrBool => Same,
            /// The bits of x1 shifted left by x2; zeros come in. A shift by the width or more gives 0.
            bitwise_left_shift BitwiseLeftShift: Integer => Same,
            /// Bitwise OR; for `bool` the logical one.
            bitwise_or BitwiseOr: IntegerOrBool => Same,
            /// The bits of x1 shifted right by x2; copies of the sign bit come in. A shift by the width or more gives
            /// 0, or -1 for negative x1.
            bitwise_right_shift BitwiseRightShift: Integer => Same,
            /// Bitwise XOR; for `bool` the logical one.
            bitwise_xor BitwiseXor: IntegerOrBool => Same,
            /// The magnitude of x1 with the sign of x2, which may be a zero or a NaN.
            copysign Copysign: RealFloating => Same,
            /// x1 / x2, correctly rounded for real numbers.
            divide Divide: Floating => Same,
            /// Whether x1 = x2. NaN equals nothing.
            equal Equal: Any => Bool,
            /// ⌊x1 / x2⌋. An integer divided by 0 gives 0.
            floor_divide FloorDivide: Real => Same,
            /// Whether x1 > x2.
            greater Greater: Real => Bool,
            /// Whether x1 ≥ x2.
            greater_equal GreaterEqual: Real => Bool,
            /// √(x1² + x2²) without intermediate overflow.
            hypot Hypot: RealFloating => Same,
            /// Whether x1 < x2.
            less Less: Real => Bool,
            /// Whether x1 ≤ x2.
            less_equal LessEqual: Real => Bool,
            /// log(exp(x1) + exp(x2)) without intermediate overflow.
            logaddexp Logaddexp: RealFloating => Same,
            /// Logical AND.
            logical_and LogicalAnd: Bool => Bool,
            /// Logical OR.
            logical_or LogicalOr: Bool => Bool,
            /// Logical XOR.
            logical_xor LogicalXor: Bool => Bool,
            /// The larger of both; NaN if either is.
            maximum Maximum: Real => Same,
            /// The smaller of both; NaN if either is.
            minimum Minimum: Real => Same,
            /// x1 · x2. Integers wrap.
            multiply Multiply: Numeric => Same,
            /// The next representable number after x1 in the direction of x2.
            nextafter Nextafter: RealFloating => Same,
            /// Whether x1 ≠ x2. NaN differs from everything.
            not_equal NotEqual: Any => Bool,
            /// x1 to the power of x2. Integers wrap; an integer to a negative power gives 0, except that 1 and -1 give
            /// ±1.
            pow Pow: Numeric => Same,
            /// The remainder of the division by x2, with the sign of x2. An integer modulo 0 gives 0.
            remainder Remainder: Real => Same,
            /// x1 - x2. Integers wrap.
            subtract Subtract: Numeric => Same,
        }
    };
}

pub(crate) use binary_functions;

macro_rules! operations {
    ($Op:ident $words:literal $($(#[$doc:meta])* $name:ident $Variant:ident: $accepts:ident => $returns:ident,)*) => {
        #[doc = $words]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $Op { $($(#[$doc])* $Variant,)* }

        impl $Op {
            /// Every operation, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$Variant),*];

            /// The standard's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Variant => stringify!($name),)* }
            }

            /// The dtypes it takes.
            #[must_use]
            pub const fn accepts(self) -> Accepts {
                match self { $(Self::$Variant => Accepts::$accepts,)* }
            }

            /// The dtype it returns.
            #[must_use]
            pub const fn returns(self) -> Returns {
                match self { $(Self::$Variant => Returns::$returns,)* }
            }
        }
    };
}
macro_rules! unary_enum { ($($rows:tt)*) => { operations! { UnaryOp "An elementwise function of one argument." $($rows)* } }; }
macro_rules! binary_enum { ($($rows:tt)*) => { operations! { BinaryOp "An elementwise function of two arguments, which have one dtype." $($rows)* } }; }
unary_functions!(unary_enum);
binary_functions!(binary_enum);

/// A reduction over axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceOp {
    /// Sum; 0 for no elements. Integers wrap. Floating-point sums are pairwise or better.
    Sum,
    /// Product; 1 for no elements. Integers wrap.
    Prod,
    /// Largest value; NaN if there is one. Real dtypes; never called without elements.
    Max,
    /// Smallest value; NaN if there is one. Real dtypes; never called without elements.
    Min,
    /// Whether all are true. `bool → bool`; true for no elements.
    All,
    /// Whether any is true. `bool → bool`; false for no elements.
    Any,
    /// Position of the first largest value, or of the first NaN if there is one. The axes are merged into one, in
    /// row-major order. The result has the dtype that the backend is given. Real dtypes; never called without elements.
    Argmax,
    /// Position of the first smallest value, as [`Argmax`](Self::Argmax).
    Argmin,
}

impl ReduceOp {
    /// Every reduction.
    pub const ALL: &[Self] = &[
        Self::Sum,
        Self::Prod,
        Self::Max,
        Self::Min,
        Self::All,
        Self::Any,
        Self::Argmax,
        Self::Argmin,
    ];

    /// The standard's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Prod => "prod",
            Self::Max => "max",
            Self::Min => "min",
            Self::All => "all",
            Self::Any => "any",
            Self::Argmax => "argmax",
            Self::Argmin => "argmin",
        }
    }
}

/// A running reduction along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScanOp {
    /// Running sum.
    Sum,
    /// Running product.
    Prod,
}
