//! Powers of two in real numbers.

/// The exponent e with `2^(e-1) ≤ |x| < 2^e`, or `None` for 0. `x` is finite.
pub fn exponent(x: f64) -> Option<i32> {
    let biased = |x: f64| ((x.to_bits() >> 52) & 0x7ff) as i32;
    if x == 0.0 {
        None
    } else if biased(x) == 0 {
        Some(biased(x * TWO_54) - 54 - 1022)
    } else {
        Some(biased(x) - 1022)
    }
}

const TWO_54: f64 = (1_u64 << 54) as f64;

/// `x · 2^exponent`, rounded once at most unless the result is subnormal.
pub fn ldexp(mut x: f64, mut exponent: i32) -> f64 {
    const STEP: i32 = 1000;
    let power = |exponent: i32| f64::from_bits(((1023 + exponent) as u64) << 52);
    if (-STEP..=STEP).contains(&exponent) {
        return x * power(exponent);
    }
    // Three steps span the whole range from the smallest subnormal to the largest number.
    for _ in 0..3 {
        let step = exponent.clamp(-STEP, STEP);
        x *= power(step);
        exponent -= step;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_and_scaling_undo_each_other() {
        for x in [
            1.0,
            1.5,
            0.5,
            -3.0,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            1e-310,
            -1e300,
        ] {
            let e = exponent(x).expect("not zero");
            let unit = ldexp(x, -e);
            assert!((0.5..1.0).contains(&unit.abs()), "{x} {e} {unit}");
            assert_eq!(ldexp(unit, e), x);
        }
        assert_eq!(exponent(0.0), None);
        assert_eq!(exponent(-0.0), None);
        assert_eq!(exponent(1.0), Some(1));
        assert_eq!(ldexp(1.0, -1074), 5e-324);
        assert_eq!(ldexp(5e-324, 2097), ldexp(1.0, 1023));
        assert_eq!(ldexp(1.0, 1024), f64::INFINITY);
        assert_eq!(ldexp(f64::MAX, -3000), 0.0);
    }
}
