//! Exponentials, logarithms and powers.

use num_complex::Complex;

use super::arithmetic::{divide, exponent, ldexp, multiply};

const NAN: Complex<f64> = Complex::new(f64::NAN, f64::NAN);

pub(super) fn exp(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        Complex::new(x.exp(), y)
    } else if y.is_finite() {
        // In two halves, since e⁷¹⁰ overflows and e⁷¹⁰ cos y may not.
        let half = (x / 2.0).exp();
        let whole = if x.abs() < 700.0 { x.exp() } else { half };
        let rest = if x.abs() < 700.0 { 1.0 } else { half };
        Complex::new(whole * y.cos() * rest, whole * y.sin() * rest)
    } else if x == f64::NEG_INFINITY {
        Complex::ZERO
    } else if x == f64::INFINITY {
        Complex::new(x, f64::NAN)
    } else {
        NAN
    }
}

pub(super) fn expm1(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        // The standard has +0 for -0 + 0j.
        return Complex::new(x.exp_m1() + 0.0, y);
    }
    let e = exp(z);
    if x.abs() < 1.0 && y.is_finite() {
        let s = (y / 2.0).sin();
        Complex::new(x.exp_m1() * y.cos() - 2.0 * s * s, e.im)
    } else {
        Complex::new(e.re - 1.0, e.im)
    }
}

pub(super) fn log(z: Complex<f64>) -> Complex<f64> {
    Complex::new(log_modulus(z), z.im.atan2(z.re))
}

/// log |z| without overflow, and without cancellation near |z| = 1.
pub(super) fn log_modulus(z: Complex<f64>) -> f64 {
    if z.re.is_infinite() || z.im.is_infinite() {
        return f64::INFINITY;
    }
    let (x, y) = (z.re.abs().max(z.im.abs()), z.re.abs().min(z.im.abs()));
    let modulus = z.re.hypot(z.im);
    if (0.5..3.0).contains(&modulus) {
        0.5 * ((x - 1.0) * (x + 1.0) + y * y).ln_1p()
    } else if (1e-290..1e290).contains(&modulus) || modulus.is_nan() || x == 0.0 {
        modulus.ln()
    } else {
        let e = exponent(z);
        ldexp(x, -e).hypot(ldexp(y, -e)).ln() + f64::from(e) * std::f64::consts::LN_2
    }
}

pub(super) fn log1p(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if y == 0.0 && x > -1.0 {
        Complex::new(x.ln_1p(), y)
    } else if x.abs() < 0.5 && y.abs() < 0.5 {
        Complex::new(0.5 * (x * (2.0 + x) + y * y).ln_1p(), y.atan2(1.0 + x))
    } else {
        log(Complex::new(1.0 + x, y))
    }
}

pub(super) fn pow(z: Complex<f64>, w: Complex<f64>) -> Complex<f64> {
    if w == Complex::ZERO {
        return Complex::new(1.0, 0.0);
    }
    let finite = |z: Complex<f64>| z.re.is_finite() && z.im.is_finite();
    if finite(z) && finite(w) && (z != Complex::ZERO || w.re > 0.0) {
        if w.im == 0.0 && w.re.fract() == 0.0 && w.re.abs() <= 100.0 {
            let power = integer_power(z, w.re.abs() as u32);
            let power = if w.re < 0.0 {
                divide(Complex::new(1.0, 0.0), power)
            } else {
                power
            };
            if finite(power) {
                return power;
            }
        } else if z != Complex::ZERO {
            // More accurate than exp(w · log z) for large exponents; may overflow where that does not.
            let angle = z.im.atan2(z.re);
            let modulus = z.re.hypot(z.im).powf(w.re) * (-angle * w.im).exp();
            let turned = angle * w.re
                + if w.im == 0.0 {
                    0.0
                } else {
                    w.im * log_modulus(z)
                };
            let power = Complex::new(modulus * turned.cos(), modulus * turned.sin());
            if finite(power) {
                return power;
            }
        }
    }
    exp(multiply(w, log(z)))
}

fn integer_power(z: Complex<f64>, mut n: u32) -> Complex<f64> {
    let (mut power, mut square) = (Complex::new(1.0, 0.0), z);
    while n > 0 {
        if n & 1 == 1 {
            power = multiply(power, square);
        }
        n >>= 1;
        if n > 0 {
            square = multiply(square, square);
        }
    }
    power
}
