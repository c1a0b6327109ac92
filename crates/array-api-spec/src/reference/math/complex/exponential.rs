//! Exponentials, logarithms and powers.

use num_complex::Complex;

use super::arithmetic::{divide, exponent, ldexp, multiply};

const NAN: Complex<f64> = Complex::new(f64::NAN, f64::NAN);

pub(super) fn exp(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        Complex::new(x.exp(), y)
    } else if y.is_finite() {
        // Multiplies by e^(x/2) twice, since e⁷¹⁰ overflows although e⁷¹⁰ cos y may not.
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
        // The standard requires +0 for -0 + 0j.
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
        0.5 * with_square((x - 1.0) * (x + 1.0), [x, y], -1.0).ln_1p()
    } else if (1e-290..1e290).contains(&modulus) || modulus.is_nan() || x == 0.0 {
        modulus.ln()
    } else {
        let e = exponent(z);
        ldexp(x, -e).hypot(ldexp(y, -e)).ln() + f64::from(e) * std::f64::consts::LN_2
    }
}

/// x² + y² + c, given `rest`, the rounded x² + c. If `rest` is negative and cancels most of y², the sum is computed
/// again from exact parts.
///
/// Source: T. E. Hull, T. F. Fairgrieve and P. T. P. Tang, "Implementing complex elementary functions using exception handling", 1994, which has
/// the products in twice the precision near |z| = 1, as FreeBSD's `s_clog.c` does.
fn with_square(rest: f64, [x, y]: [f64; 2], c: f64) -> f64 {
    let square = y * y;
    let whole = rest + square;
    if whole.abs() >= square {
        return whole;
    }
    let ([a, b], [d, e]) = (square_parts(x), square_parts(y));
    accurate_sum([c, a, d, b, e])
}

/// x² as two numbers whose sum is exact: T. J. Dekker, "A floating-point technique for extending the available precision", 1971.
fn square_parts(x: f64) -> [f64; 2] {
    let square = x * x;
    let shifted = 134_217_729.0 * x;
    let high = shifted - (shifted - x);
    let low = x - high;
    [
        square,
        ((high * high - square) + 2.0 * high * low) + low * low,
    ]
}

/// The sum, as if computed in three times the precision: T. Ogita, S. M. Rump and S. Oishi, "Accurate sum and dot product", 2005, algorithm 4.8.
fn accurate_sum<const N: usize>(mut terms: [f64; N]) -> f64 {
    for _ in 0..2 {
        for k in 1..N {
            let (a, b) = (terms[k], terms[k - 1]);
            let sum = a + b;
            let part = sum - a;
            terms[k - 1] = (a - (sum - part)) + (b - part);
            terms[k] = sum;
        }
    }
    terms.iter().sum()
}

pub(super) fn log1p(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if y == 0.0 && x > -1.0 {
        return Complex::new(x.ln_1p(), y);
    }
    if x.abs() < 3.0 && y.abs() < 3.0 {
        // |1 + z|² - 1. Below, 1 + x is exact.
        let square = with_square(x * (2.0 + x), [x, y], 2.0 * x);
        if square > -0.75 {
            return Complex::new(0.5 * square.ln_1p(), y.atan2(1.0 + x));
        }
    }
    log(Complex::new(1.0 + x, y))
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
            // For large exponents this is more accurate than exp(w · log z), but it may overflow where that does not.
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
