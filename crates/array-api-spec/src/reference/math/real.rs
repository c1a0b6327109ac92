//! Real floating-point numbers.
//!
//! `float32` is computed in `float64` and rounded once at the end. That is exact for `+ - * / sqrt` (53 ≥ 2 · 24 + 2
//! bits), and correctly rounded, except for rare ties, for the other functions. Special cases in which a platform's
//! mathematical library may differ from IEEE 754 are written out.

use super::{Arithmetic, BinaryFunction, UnaryFunction};
use crate::{BinaryOp, Scalar, UnaryOp};

/// `f32` and `f64`.
pub trait Real: Arithmetic<Real = Self> + PartialOrd {
    /// The same value in double precision.
    #[must_use]
    fn widen(self) -> f64;
    /// The nearest value of this type.
    #[must_use]
    fn narrow(x: f64) -> Self;
    /// The next number towards `y`.
    #[must_use]
    fn nextafter(self, y: Self) -> Self;
}

macro_rules! reals {
    ($($t:ty),*) => { $(
        impl Real for $t {
            fn widen(self) -> f64 {
                self.into()
            }

            fn narrow(x: f64) -> Self {
                x as Self
            }

            fn nextafter(self, y: Self) -> Self {
                if self.is_nan() || y.is_nan() {
                    Self::NAN
                } else if self < y {
                    self.next_up()
                } else if self > y {
                    self.next_down()
                } else {
                    y
                }
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
reals!(f32, f64);

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = |$x:ident $(, $y:ident)?| $body:expr;)*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name<T: Real>($x: T $(, $y: T)?) -> T {
            let $x = $x.widen();
            $(let $y = $y.widen();)?
            T::narrow($body)
        }
    )* };
}

functions! {
    /// |x|, of NaN too.
    abs = |x| x.abs();
    /// Inverse cosine.
    acos = |x| x.acos();
    /// Inverse hyperbolic cosine, without overflow or loss near 1 (FreeBSD's `e_acosh.c`).
    acosh = |x| if x < 1.0 {
        f64::NAN
    } else if x > HUGE {
        x.ln() + LN_2
    } else if x > 2.0 {
        (2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt())).ln()
    } else {
        let t = x - 1.0;
        (t + (2.0 * t + t * t).sqrt()).ln_1p()
    };
    /// Inverse sine.
    asin = |x| x.asin();
    /// Inverse hyperbolic sine, without overflow or loss near 0 (FreeBSD's `s_asinh.c`).
    asinh = |x| {
        let a = x.abs();
        let y = if a > HUGE {
            a.ln() + LN_2
        } else if a > 2.0 {
            (2.0 * a + 1.0 / ((a * a + 1.0).sqrt() + a)).ln()
        } else {
            (a + a * a / (1.0 + (1.0 + a * a).sqrt())).ln_1p()
        };
        y.copysign(x)
    };
    /// Inverse tangent.
    atan = |x| x.atan();
    /// Inverse hyperbolic tangent (FreeBSD's `e_atanh.c`).
    atanh = |x| {
        let a = x.abs();
        let y = if a < 0.5 {
            0.5 * (2.0 * a + 2.0 * a * a / (1.0 - a)).ln_1p()
        } else if a == 1.0 {
            f64::INFINITY
        } else {
            0.5 * (2.0 * a / (1.0 - a)).ln_1p()
        };
        y.copysign(x)
    };
    /// ⌈x⌉.
    ceil = |x| x.ceil();
    /// Cosine.
    cos = |x| x.cos();
    /// Hyperbolic cosine.
    cosh = |x| x.cosh();
    /// eˣ.
    exp = |x| x.exp();
    /// eˣ - 1.
    expm1 = |x| x.exp_m1();
    /// ⌊x⌋.
    floor = |x| x.floor();
    /// Natural logarithm.
    log = |x| x.ln();
    /// log(1 + x).
    log1p = |x| x.ln_1p();
    /// Logarithm to base 2.
    log2 = |x| x.log2();
    /// Logarithm to base 10.
    log10 = |x| x.log10();
    /// -x.
    negative = |x| -x;
    /// 1 / x.
    reciprocal = |x| 1.0 / x;
    /// The nearest integer, halves to even.
    round = |x| x.round_ties_even();
    /// -1, 0 or 1 by the sign; NaN of NaN.
    sign = |x| if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else if x == 0.0 {
        0.0
    } else {
        x
    };
    /// Sine.
    sin = |x| x.sin();
    /// Hyperbolic sine.
    sinh = |x| x.sinh();
    /// x².
    square = |x| x * x;
    /// √x.
    sqrt = |x| x.sqrt();
    /// Tangent.
    tan = |x| x.tan();
    /// Hyperbolic tangent.
    tanh = |x| x.tanh();
    /// x without its fraction.
    trunc = |x| x.trunc();

    /// x + y.
    add = |x, y| x + y;
    /// The angle of the point (y, x).
    atan2 = |x, y| x.atan2(y);
    /// |x| with y's sign.
    copysign = |x, y| x.copysign(y);
    /// x / y.
    divide = |x, y| x / y;
    /// ⌊x / y⌋. For finite numbers it is computed from the exact remainder, as in Python, so 1 // 0.1 is 9. For others
    /// it follows the quotient, as the standard requires: -1 // ∞ is -0.
    floor_divide = |x, y| if !x.is_finite() || !y.is_finite() || x == 0.0 || y == 0.0 {
        (x / y).floor()
    } else {
        let rest = x % y;
        let quotient = (x - rest) / y - if rest != 0.0 && (rest < 0.0) != (y < 0.0) { 1.0 } else { 0.0 };
        if quotient == 0.0 { 0.0_f64.copysign(x / y) } else { quotient.round() }
    };
    /// √(x² + y²), ∞ if either is infinite.
    hypot = |x, y| if x.is_infinite() || y.is_infinite() { f64::INFINITY } else { x.hypot(y) };
    /// log(eˣ + eʸ).
    logaddexp = |x, y| if x == y {
        x + LN_2
    } else if x.is_nan() || y.is_nan() {
        f64::NAN
    } else {
        x.max(y) + (-(x - y).abs()).exp().ln_1p()
    };
    /// The larger; NaN if either is.
    maximum = |x, y| if x.is_nan() || x >= y { x } else { y };
    /// The smaller; NaN if either is.
    minimum = |x, y| if x.is_nan() || x <= y { x } else { y };
    /// x · y.
    multiply = |x, y| x * y;
    /// xʸ; 1 if x is 1 or y is 0, even beside NaN.
    pow = |x, y| if x == 1.0 || y == 0.0 || (x == -1.0 && y.is_infinite()) { 1.0 } else { x.powf(y) };
    /// x - y ⌊x / y⌋, which has y's sign, as Python's `%`.
    remainder = |x, y| {
        let rest = x % y;
        if rest == 0.0 {
            0.0_f64.copysign(y)
        } else if (rest < 0.0) != (y < 0.0) {
            rest + y
        } else {
            rest
        }
    };
    /// x - y.
    subtract = |x, y| x - y;
}

/// Above this, x² + 1 rounds to x².
const HUGE: f64 = 268_435_456.0;
const LN_2: f64 = std::f64::consts::LN_2;

fn unary<T: Real>(op: UnaryOp) -> Option<UnaryFunction<T>> {
    use UnaryFunction::{Bool, Same};
    Some(match op {
        UnaryOp::Abs => Same(abs),
        UnaryOp::Acos => Same(acos),
        UnaryOp::Acosh => Same(acosh),
        UnaryOp::Asin => Same(asin),
        UnaryOp::Asinh => Same(asinh),
        UnaryOp::Atan => Same(atan),
        UnaryOp::Atanh => Same(atanh),
        UnaryOp::Ceil => Same(ceil),
        UnaryOp::Conj | UnaryOp::Positive | UnaryOp::Real => Same(|x| x),
        UnaryOp::Cos => Same(cos),
        UnaryOp::Cosh => Same(cosh),
        UnaryOp::Exp => Same(exp),
        UnaryOp::Expm1 => Same(expm1),
        UnaryOp::Floor => Same(floor),
        UnaryOp::Isfinite => Bool(|x| x.widen().is_finite()),
        UnaryOp::Isinf => Bool(|x| x.widen().is_infinite()),
        UnaryOp::Isnan => Bool(|x| x.widen().is_nan()),
        UnaryOp::Log => Same(log),
        UnaryOp::Log1p => Same(log1p),
        UnaryOp::Log2 => Same(log2),
        UnaryOp::Log10 => Same(log10),
        UnaryOp::Negative => Same(negative),
        UnaryOp::Reciprocal => Same(reciprocal),
        UnaryOp::Round => Same(round),
        UnaryOp::Sign => Same(sign),
        UnaryOp::Signbit => Bool(|x| x.widen().is_sign_negative()),
        UnaryOp::Sin => Same(sin),
        UnaryOp::Sinh => Same(sinh),
        UnaryOp::Square => Same(square),
        UnaryOp::Sqrt => Same(sqrt),
        UnaryOp::Tan => Same(tan),
        UnaryOp::Tanh => Same(tanh),
        UnaryOp::Trunc => Same(trunc),
        UnaryOp::BitwiseInvert | UnaryOp::Imag | UnaryOp::LogicalNot => return None,
    })
}

fn binary<T: Real>(op: BinaryOp) -> Option<BinaryFunction<T>> {
    use BinaryFunction::{Bool, Same};
    Some(match op {
        BinaryOp::Add => Same(add),
        BinaryOp::Atan2 => Same(atan2),
        BinaryOp::Copysign => Same(copysign),
        BinaryOp::Divide => Same(divide),
        BinaryOp::Equal => Bool(|x, y| x == y),
        BinaryOp::FloorDivide => Same(floor_divide),
        BinaryOp::Greater => Bool(|x, y| x > y),
        BinaryOp::GreaterEqual => Bool(|x, y| x >= y),
        BinaryOp::Hypot => Same(hypot),
        BinaryOp::Less => Bool(|x, y| x < y),
        BinaryOp::LessEqual => Bool(|x, y| x <= y),
        BinaryOp::Logaddexp => Same(logaddexp),
        BinaryOp::Maximum => Same(maximum),
        BinaryOp::Minimum => Same(minimum),
        BinaryOp::Multiply => Same(multiply),
        BinaryOp::Nextafter => Same(T::nextafter),
        BinaryOp::NotEqual => Bool(|x, y| x != y),
        BinaryOp::Pow => Same(pow),
        BinaryOp::Remainder => Same(remainder),
        BinaryOp::Subtract => Same(subtract),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_hyperbolic_functions_neither_overflow_nor_lose_digits() {
        assert_eq!(acosh(f64::MAX), f64::MAX.ln() + LN_2);
        assert_eq!(asinh(-f64::MAX), -(f64::MAX.ln() + LN_2));
        assert_eq!(asinh(1e-300), 1e-300);
        let step = f64::EPSILON;
        assert!((acosh(1.0 + step) / (2.0 * step).sqrt() - 1.0).abs() < 1e-15);
        for x in [1e-5_f64, 0.3, 0.7, 0.999] {
            assert!((atanh(x).tanh() - x).abs() < 1e-15);
            assert!((asinh(x).sinh() - x).abs() < 1e-15);
        }
    }

    #[test]
    fn division_with_remainder_is_exact() {
        assert_eq!(
            (floor_divide(1.0, 0.1), remainder(1.0, 0.1)),
            (9.0, 0.1 - 5.551_115_123_125_783e-17)
        );
        assert_eq!((floor_divide(-7.5, 2.0), remainder(-7.5, 2.0)), (-4.0, 0.5));
        assert_eq!(
            floor_divide(-1.0, f64::INFINITY).to_bits(),
            (-0.0_f64).to_bits()
        );
        assert_eq!(remainder(-1.0, f64::INFINITY), f64::INFINITY);
    }

    #[test]
    fn halves_round_to_even() {
        assert_eq!(
            [0.5_f32, 1.5, 2.5, -0.5].map(round).map(f32::to_bits),
            [0.0_f32, 2.0, 2.0, -0.0].map(f32::to_bits)
        );
    }
}
