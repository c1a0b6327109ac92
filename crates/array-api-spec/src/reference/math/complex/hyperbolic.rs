//! Hyperbolic functions and their inverses. The trigonometric functions are computed from these by multiplications by
//! j.
//!
//! Source: W. Kahan, "Branch cuts for complex elementary functions", 1987, in the form of CPython's `cmath`, and the tables of
//! C99, Annex G.6.2.

use std::f64::consts::{FRAC_PI_2, LN_2};

use num_complex::Complex;

use super::{arithmetic::sqrt, exponential::log_modulus};
use crate::reference::math::real;

const NAN: Complex<f64> = Complex::new(f64::NAN, f64::NAN);

/// For larger |x|, e^|x| is computed as the square of e^(|x|/2).
const LARGE: f64 = 700.0;

pub(super) fn sinh(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        Complex::new(x.sinh(), y)
    } else if !y.is_finite() {
        if x == 0.0 || x.is_infinite() {
            Complex::new(x, f64::NAN)
        } else {
            NAN
        }
    } else if x.abs() < LARGE || x.is_nan() {
        Complex::new(x.sinh() * y.cos(), x.cosh() * y.sin())
    } else {
        let half = (x.abs() / 2.0).exp();
        let sign = 1.0_f64.copysign(x);
        Complex::new(
            sign * (half / 2.0 * y.cos() * half),
            half / 2.0 * y.sin() * half,
        )
    }
}

pub(super) fn cosh(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    let sign = 1.0_f64.copysign(x);
    if y == 0.0 {
        Complex::new(x.cosh(), sign * y)
    } else if !y.is_finite() {
        if x == 0.0 {
            Complex::new(f64::NAN, x)
        } else if x.is_infinite() {
            Complex::new(f64::INFINITY, f64::NAN)
        } else {
            NAN
        }
    } else if x.abs() < LARGE || x.is_nan() {
        Complex::new(x.cosh() * y.cos(), x.sinh() * y.sin())
    } else {
        let half = (x.abs() / 2.0).exp();
        Complex::new(
            half / 2.0 * y.cos() * half,
            sign * (half / 2.0 * y.sin() * half),
        )
    }
}

pub(super) fn tanh(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return Complex::new(x.tanh(), y);
    }
    if x.is_infinite() {
        // C99 gives the zero the sign of sin 2y; the standard gives it that of y.
        return Complex::new(1.0_f64.copysign(x), 0.0_f64.copysign(y));
    }
    if x == 0.0 {
        return Complex::new(x, y.tan());
    }
    if x.is_nan() || !y.is_finite() {
        return NAN;
    }
    if x.abs() > LARGE / 2.0 {
        return Complex::new(
            1.0_f64.copysign(x),
            4.0 * y.sin() * y.cos() * (-2.0 * x.abs()).exp(),
        );
    }
    let (a, b, c) = (x.tanh(), y.tan(), 1.0 / x.cosh());
    let divisor = 1.0 + (a * b) * (a * b);
    Complex::new(a * (1.0 + b * b) / divisor, b / divisor * c * c)
}

/// Whether z is so large that 1 - z and 1 + z round to -z and z, or that their products overflow.
fn is_large(z: Complex<f64>) -> bool {
    z.re.abs() > 1e150 || z.im.abs() > 1e150
}

/// log |2z| for large z.
fn log_twice(z: Complex<f64>) -> f64 {
    log_modulus(z) + LN_2
}

pub(super) fn acos(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if is_large(z) {
        return Complex::new(y.abs().atan2(x), -log_twice(z).copysign(y));
    }
    if x == 0.0 && y.is_nan() {
        return Complex::new(FRAC_PI_2, y);
    }
    let (s, t) = (
        sqrt(Complex::new(1.0 - x, -y)),
        sqrt(Complex::new(1.0 + x, y)),
    );
    Complex::new(
        2.0 * s.re.atan2(t.re),
        real::asinh(t.re * s.im - t.im * s.re),
    )
}

pub(super) fn acosh(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if is_large(z) {
        return Complex::new(log_twice(z), y.atan2(x));
    }
    if x == 0.0 && y.is_nan() {
        return Complex::new(y, FRAC_PI_2);
    }
    let (s, t) = (
        sqrt(Complex::new(x - 1.0, y)),
        sqrt(Complex::new(x + 1.0, y)),
    );
    Complex::new(
        real::asinh(s.re * t.re + s.im * t.im),
        2.0 * s.im.atan2(t.re),
    )
}

pub(super) fn asinh(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if is_large(z) {
        return Complex::new(log_twice(z).copysign(x), y.atan2(x.abs()));
    }
    if x.is_nan() && y == 0.0 {
        return z;
    }
    let (s, t) = (
        sqrt(Complex::new(1.0 + y, -x)),
        sqrt(Complex::new(1.0 - y, x)),
    );
    Complex::new(
        real::asinh(s.re * t.im - t.re * s.im),
        y.atan2(s.re * t.re - s.im * t.im),
    )
}

pub(super) fn atanh(z: Complex<f64>) -> Complex<f64> {
    // The function is odd, and the formulas hold for the right half plane.
    if z.re.is_sign_negative() {
        let w = atanh(Complex::new(-z.re, -z.im));
        return Complex::new(-w.re, -w.im);
    }
    let (x, y) = (z.re, z.im);
    if is_large(z) {
        let re = if x.is_infinite() || y.is_infinite() {
            0.0
        } else {
            let half = (x / 2.0).hypot(y / 2.0);
            x / 4.0 / half / half
        };
        let im = if re.is_nan() || y.is_nan() {
            f64::NAN
        } else {
            FRAC_PI_2.copysign(y)
        };
        return Complex::new(re, im);
    }
    if x == 0.0 && y.is_nan() {
        return z;
    }
    if x == 1.0 && y.abs() < 1e-150 {
        if y == 0.0 {
            return Complex::new(f64::INFINITY, y);
        }
        return Complex::new(
            -(y.abs().sqrt() / y.abs().hypot(2.0).sqrt()).ln(),
            (2.0_f64.atan2(-y.abs()) / 2.0).copysign(y),
        );
    }
    Complex::new(
        (4.0 * x / ((1.0 - x) * (1.0 - x) + y * y)).ln_1p() / 4.0,
        (2.0 * y).atan2((1.0 - x) * (1.0 + x) - y * y) / 2.0,
    )
}
