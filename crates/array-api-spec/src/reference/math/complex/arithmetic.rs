//! Products, quotients, roots and signs.

use num_complex::Complex;

pub(super) fn multiply(z: Complex<f64>, w: Complex<f64>) -> Complex<f64> {
    Complex::new(z.re * w.re - z.im * w.im, z.re * w.im + z.im * w.re)
}

/// The quotient of C99, Annex G.5.1, example 2, except that the dividend is scaled, too.
pub(super) fn divide(z: Complex<f64>, w: Complex<f64>) -> Complex<f64> {
    let (e, f) = (exponent(z), exponent(w));
    let (a, b) = (ldexp(z.re, -e), ldexp(z.im, -e));
    let (c, d) = (ldexp(w.re, -f), ldexp(w.im, -f));
    let square = c * c + d * d;
    let re = (a * c + b * d) / square;
    let im = (b * c - a * d) / square;
    if !(re.is_nan() && im.is_nan()) {
        return Complex::new(ldexp(re, e - f), ldexp(im, e - f));
    }
    // Infinite components become ±1, all others ±0.
    let direction = |x: f64| f64::from(u8::from(x.is_infinite())).copysign(x);
    let infinite = |x: f64, y: f64| x.is_infinite() || y.is_infinite();
    if square == 0.0 && !(a.is_nan() && b.is_nan()) {
        let inf = f64::INFINITY.copysign(c);
        Complex::new(inf * a, inf * b)
    } else if infinite(a, b) && c.is_finite() && d.is_finite() {
        let (a, b) = (direction(a), direction(b));
        Complex::new(
            f64::INFINITY * (a * c + b * d),
            f64::INFINITY * (b * c - a * d),
        )
    } else if infinite(c, d) && a.is_finite() && b.is_finite() {
        let (c, d) = (direction(c), direction(d));
        Complex::new(0.0 * (a * c + b * d), 0.0 * (b * c - a * d))
    } else {
        Complex::new(re, im)
    }
}

/// The larger component's exponent: `2ᵉ ≤ max(|re|, |im|) < 2ᵉ⁺¹`; 0 if it has none.
pub(super) fn exponent(z: Complex<f64>) -> i32 {
    let largest = z.re.abs().max(z.im.abs());
    if largest == 0.0 || !largest.is_finite() {
        return 0;
    }
    let biased = |x: f64| (x.to_bits() >> 52) as i32 - 1023;
    if largest < f64::MIN_POSITIVE {
        biased(largest * TWO_54) - 54
    } else {
        biased(largest)
    }
}

const TWO_54: f64 = 18_014_398_509_481_984.0;

/// x · 2ⁿ, rounded once, for |n| up to 3,000.
pub(super) fn ldexp(x: f64, n: i32) -> f64 {
    let power = |n: i32| f64::from_bits(((n + 1023) as u64) << 52);
    let third = n / 3;
    x * power(third) * power(third) * power(n - 2 * third)
}

pub(super) fn sqrt(z: Complex<f64>) -> Complex<f64> {
    let (x, y) = (z.re, z.im);
    if y.is_infinite() {
        return Complex::new(f64::INFINITY, y);
    }
    if x.is_infinite() {
        let along = if y.is_nan() { y } else { 0.0_f64.copysign(y) };
        return match (x > 0.0, y.is_nan()) {
            (true, _) => Complex::new(x, along),
            (false, true) => Complex::new(f64::NAN, f64::INFINITY),
            (false, false) => Complex::new(0.0, f64::INFINITY.copysign(y)),
        };
    }
    if x == 0.0 && y == 0.0 {
        return Complex::new(0.0, y);
    }
    // An even exponent, whose half is an integer.
    let e = exponent(z) & !1;
    let (a, b) = (ldexp(x.abs(), -e), ldexp(y.abs(), -e));
    let s = ldexp(((a + a.hypot(b)) / 2.0).sqrt(), e / 2);
    let d = ldexp(b / (2.0 * ldexp(s, -e / 2)), e / 2);
    if x >= 0.0 {
        Complex::new(s, d.copysign(y))
    } else {
        Complex::new(d, s.copysign(y))
    }
}

pub(super) fn sign(z: Complex<f64>) -> Complex<f64> {
    if z.re.is_nan() || z.im.is_nan() || (z.re.is_infinite() && z.im.is_infinite()) {
        return Complex::new(f64::NAN, f64::NAN);
    }
    if z == Complex::ZERO {
        return Complex::ZERO;
    }
    if z.re.is_infinite() {
        return Complex::new(1.0_f64.copysign(z.re), 0.0_f64.copysign(z.im));
    }
    if z.im.is_infinite() {
        return Complex::new(0.0_f64.copysign(z.re), 1.0_f64.copysign(z.im));
    }
    let e = exponent(z);
    let (x, y) = (ldexp(z.re, -e), ldexp(z.im, -e));
    let modulus = x.hypot(y);
    Complex::new(x / modulus, y / modulus)
}
