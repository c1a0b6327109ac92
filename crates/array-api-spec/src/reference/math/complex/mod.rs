//! Complex numbers. Special cases are the standard's or, where it leaves the choice, those of C99's Annex G. Everything
//! is computed in `float64`; `complex64` is rounded once at the end.
//!
//! A product is the textbook one: the standard lets a library choose whether `∞ + NaN j` counts as infinite there.
//! A quotient neither overflows nor underflows on the way.

mod arithmetic;
mod exponential;
mod hyperbolic;

use num_complex::Complex;

use super::{Arithmetic, BinaryFunction, UnaryFunction, real::Real};
use crate::{BinaryOp, Element, Scalar, UnaryOp};

macro_rules! unary_functions {
    ($($(#[$doc:meta])* $name:ident = $of:expr;)*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name<T: Real>(z: Complex<T>) -> Complex<T> {
            let function: fn(Complex<f64>) -> Complex<f64> = $of;
            narrow(function(widen(z)))
        }
    )* };
}

macro_rules! binary_functions {
    ($($(#[$doc:meta])* $name:ident = $of:expr;)*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name<T: Real>(z: Complex<T>, w: Complex<T>) -> Complex<T> {
            let function: fn(Complex<f64>, Complex<f64>) -> Complex<f64> = $of;
            narrow(function(widen(z), widen(w)))
        }
    )* };
}

unary_functions! {
    /// Inverse cosine; cuts on the real axis outside [-1, 1].
    acos = hyperbolic::acos;
    /// Inverse hyperbolic cosine; cut on the real axis below 1.
    acosh = hyperbolic::acosh;
    /// Inverse sine; cuts on the real axis outside [-1, 1].
    asin = |z| unturn(hyperbolic::asinh(turn(z)));
    /// Inverse hyperbolic sine; cuts on the imaginary axis outside [-j, j].
    asinh = hyperbolic::asinh;
    /// Inverse tangent; cuts on the imaginary axis outside [-j, j].
    atan = |z| unturn(hyperbolic::atanh(turn(z)));
    /// Inverse hyperbolic tangent; cuts on the real axis outside [-1, 1].
    atanh = hyperbolic::atanh;
    /// Complex conjugate.
    conj = |z| Complex::new(z.re, -z.im);
    /// Cosine.
    cos = |z| hyperbolic::cosh(turn(z));
    /// Hyperbolic cosine.
    cosh = hyperbolic::cosh;
    /// Exponential function.
    exp = exponential::exp;
    /// exp(z) - 1.
    expm1 = exponential::expm1;
    /// Principal natural logarithm; cut on the negative real axis.
    log = exponential::log;
    /// log(1 + z).
    log1p = exponential::log1p;
    /// Logarithm to base 2.
    log2 = |z| exponential::log(z) / std::f64::consts::LN_2;
    /// Logarithm to base 10.
    log10 = |z| exponential::log(z) / std::f64::consts::LN_10;
    /// -z.
    negative = |z| Complex::new(-z.re, -z.im);
    /// 1 / z.
    reciprocal = |z| arithmetic::divide(Complex::new(1.0, 0.0), z);
    /// Both components rounded to integers, halves to even.
    round = |z| Complex::new(z.re.round_ties_even(), z.im.round_ties_even());
    /// z / |z|, 0 for 0. With one infinite component its direction; NaN with two.
    sign = arithmetic::sign;
    /// Sine.
    sin = |z| unturn(hyperbolic::sinh(turn(z)));
    /// Hyperbolic sine.
    sinh = hyperbolic::sinh;
    /// z · z.
    square = |z| arithmetic::multiply(z, z);
    /// Principal square root; cut on the negative real axis.
    sqrt = arithmetic::sqrt;
    /// Tangent.
    tan = |z| unturn(hyperbolic::tanh(turn(z)));
    /// Hyperbolic tangent.
    tanh = hyperbolic::tanh;
}

binary_functions! {
    /// z + w.
    add = |z, w| Complex::new(z.re + w.re, z.im + w.im);
    /// z / w.
    divide = arithmetic::divide;
    /// z · w by the textbook formula.
    multiply = arithmetic::multiply;
    /// z to the power of w: exp(w · log z), exact for small integers w. 1 for `w = 0`.
    pow = exponential::pow;
    /// z - w.
    subtract = |z, w| Complex::new(z.re - w.re, z.im - w.im);
}

/// The modulus, without intermediate overflow; ∞ if a component is infinite.
#[must_use]
pub fn abs<T: Real>(z: Complex<T>) -> T {
    super::real::hypot(z.re, z.im)
}

fn widen<T: Real>(z: Complex<T>) -> Complex<f64> {
    Complex::new(z.re.widen(), z.im.widen())
}

fn narrow<T: Real>(z: Complex<f64>) -> Complex<T> {
    Complex::new(T::narrow(z.re), T::narrow(z.im))
}

/// j · z, by which the trigonometric functions become hyperbolic ones.
const fn turn(z: Complex<f64>) -> Complex<f64> {
    Complex::new(-z.im, z.re)
}

/// -j · z.
const fn unturn(z: Complex<f64>) -> Complex<f64> {
    Complex::new(z.im, -z.re)
}

impl<T: Real> Arithmetic for Complex<T>
where
    Self: Element,
{
    type Real = T;

    fn unary(op: UnaryOp) -> Option<UnaryFunction<Self>> {
        use UnaryFunction::{Bool, Real, Same};
        Some(match op {
            UnaryOp::Abs => Real(abs),
            UnaryOp::Acos => Same(acos),
            UnaryOp::Acosh => Same(acosh),
            UnaryOp::Asin => Same(asin),
            UnaryOp::Asinh => Same(asinh),
            UnaryOp::Atan => Same(atan),
            UnaryOp::Atanh => Same(atanh),
            UnaryOp::Conj => Same(conj),
            UnaryOp::Cos => Same(cos),
            UnaryOp::Cosh => Same(cosh),
            UnaryOp::Exp => Same(exp),
            UnaryOp::Expm1 => Same(expm1),
            UnaryOp::Imag => Real(|z| z.im),
            UnaryOp::Isfinite => Bool(|z| widen(z).re.is_finite() && widen(z).im.is_finite()),
            UnaryOp::Isinf => Bool(|z| widen(z).re.is_infinite() || widen(z).im.is_infinite()),
            UnaryOp::Isnan => Bool(|z| widen(z).re.is_nan() || widen(z).im.is_nan()),
            UnaryOp::Log => Same(log),
            UnaryOp::Log1p => Same(log1p),
            UnaryOp::Log2 => Same(log2),
            UnaryOp::Log10 => Same(log10),
            UnaryOp::Negative => Same(negative),
            UnaryOp::Positive => Same(|z| z),
            UnaryOp::Real => Real(|z| z.re),
            UnaryOp::Reciprocal => Same(reciprocal),
            UnaryOp::Round => Same(round),
            UnaryOp::Sign => Same(sign),
            UnaryOp::Sin => Same(sin),
            UnaryOp::Sinh => Same(sinh),
            UnaryOp::Square => Same(square),
            UnaryOp::Sqrt => Same(sqrt),
            UnaryOp::Tan => Same(tan),
            UnaryOp::Tanh => Same(tanh),
            UnaryOp::BitwiseInvert
            | UnaryOp::Ceil
            | UnaryOp::Floor
            | UnaryOp::LogicalNot
            | UnaryOp::Signbit
            | UnaryOp::Trunc => return None,
        })
    }

    fn binary(op: BinaryOp) -> Option<BinaryFunction<Self>> {
        use BinaryFunction::{Bool, Same};
        Some(match op {
            BinaryOp::Add => Same(add),
            BinaryOp::Divide => Same(divide),
            BinaryOp::Equal => Bool(|z, w| z == w),
            BinaryOp::Multiply => Same(multiply),
            BinaryOp::NotEqual => Bool(|z, w| z != w),
            BinaryOp::Pow => Same(pow),
            BinaryOp::Subtract => Same(subtract),
            _ => return None,
        })
    }

    fn cast(value: Scalar) -> Self {
        match value {
            Scalar::Complex(z) => narrow(z),
            other => Self::new(<T as Arithmetic>::cast(other), T::narrow(0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(re: f64, im: f64) -> Complex<f64> {
        Complex::new(re, im)
    }

    fn close(a: Complex<f64>, b: Complex<f64>) -> bool {
        (a - b).norm() <= 4e-15 * b.norm()
    }

    const GRID: [f64; 12] = [
        -700.0, -30.0, -2.5, -1.0, -0.7, -1e-3, 1e-12, 0.4, 0.999, 1.6, 11.0, 300.0,
    ];

    #[test]
    fn inverses_undo_their_functions() {
        for x in GRID {
            for y in GRID {
                let z = c(x, y);
                assert!(close(square(sqrt(z)), z), "sqrt {z}");
                assert!(close(exp(log(z)), z), "log {z}");
                assert!(
                    close(multiply(divide(z, c(3.0, -0.2)), c(3.0, -0.2)), z),
                    "divide {z}"
                );
                assert!(
                    (expm1(log1p(z)) - z).norm() <= 1e-14 * z.norm().max(1e-3),
                    "log1p {z}"
                );
                // The derivative of these functions grows with |z|, and so does the error of the round trip.
                let bound = 4e-15 * (1.0 + z.norm_sqr());
                assert!((sinh(asinh(z)) - z).norm() <= bound, "asinh {z}");
                assert!((cosh(acosh(z)) - z).norm() <= bound, "acosh {z}");
                assert!((sin(asin(z)) - z).norm() <= bound, "asin {z}");
                assert!((cos(acos(z)) - z).norm() <= bound, "acos {z}");
                if x.abs() < 3.0 && y.abs() < 3.0 {
                    assert!((tanh(atanh(z)) - z).norm() <= 2e-14, "atanh {z}");
                    assert!((tan(atan(z)) - z).norm() <= 2e-14, "atan {z}");
                }
            }
        }
    }

    #[test]
    fn nothing_overflows_on_the_way() {
        let huge = f64::MAX / 2.0;
        assert!(close(divide(c(huge, huge), c(huge, huge)), c(1.0, 0.0)));
        assert!(close(divide(c(huge, huge), c(1.0, 1.0)), c(huge, 0.0)));
        assert!(close(divide(c(5e-324, 0.0), c(0.0, 5e-324)), c(0.0, -1.0)));
        assert!(close(reciprocal(c(0.0, 1e-308)), c(0.0, -1e308)));
        assert!(close(
            sqrt(c(f64::MAX, f64::MAX)),
            sqrt(c(f64::MAX / 4.0, f64::MAX / 4.0)) * 2.0
        ));
        assert!(close(
            log(c(f64::MAX, f64::MAX)),
            c(
                f64::MAX.ln() + 0.5 * 2.0_f64.ln(),
                std::f64::consts::FRAC_PI_4
            )
        ));
        assert!(close(
            sign(c(f64::MAX, f64::MAX)),
            c(0.5_f64.sqrt(), 0.5_f64.sqrt())
        ));
        assert!(close(sign(c(0.0, -5e-324)), c(0.0, -1.0)));
        let near = exp(c(710.0, 1.57));
        assert!(
            near.re.is_finite()
                && (near.re / (709.0_f64.exp() * 1.57_f64.cos()) / 1.0_f64.exp() - 1.0).abs()
                    < 1e-12
        );
        assert!(asinh(c(f64::MAX, -f64::MAX)).re.is_finite());
        assert!(close(
            abs(c(huge, huge)).into(),
            c(huge * 2.0_f64.sqrt(), 0.0)
        ));
    }

    #[test]
    fn powers() {
        assert_eq!(pow(c(1.0, 2.0), c(2.0, 0.0)), c(-3.0, 4.0));
        assert_eq!(pow(c(0.0, 1.0), c(-1.0, 0.0)), c(0.0, -1.0));
        assert_eq!(pow(c(0.0, 0.0), c(0.0, 0.0)), c(1.0, 0.0));
        assert_eq!(pow(c(0.0, 0.0), c(2.0, 0.0)), c(0.0, 0.0));
        assert!(close(
            pow(c(0.5, -2.0), c(1.25, 3.0)),
            exp(multiply(c(1.25, 3.0), log(c(0.5, -2.0))))
        ));
        assert!(pow(c(0.0, 0.0), c(0.0, 1.0)).re.is_nan());
    }

    #[test]
    fn annex_g_on_quotients() {
        let inf = f64::INFINITY;
        assert_eq!(divide(c(1.0, 1.0), c(-0.0, 0.0)), c(-inf, -inf));
        assert_eq!(divide(c(1.0, 1.0), c(inf, f64::NAN)), c(0.0, 0.0));
        assert_eq!(divide(c(inf, f64::NAN), c(2.0, 0.0)).re, inf);
    }
}
