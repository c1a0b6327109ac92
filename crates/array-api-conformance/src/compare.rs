//! Decides whether a result is right.
//!
//! Results of rounding, of comparisons, of integers, and of the arithmetic that IEEE 754 rounds correctly, are compared
//! exactly, including NaN and the sign of zero. Other functions may differ by a few units in the last place.

use array_api_spec::{Complex, DType, HostArray, Scalar};

/// The largest difference that is allowed between a result and the expectation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// Equal, with the sign of zero. Any NaN equals any other.
    Exact,
    /// Units in the last place; for complex numbers, twice as many of the modulus. Zeros, infinities and NaN as in `Exact`.
    Ulp(f64),
    /// As `Ulp`, except that for complex numbers the sign of zero, and that of ∞ beside NaN, are ignored. C99 leaves
    /// many of them open, and the grid's oracle is not reliable there.
    UlpButSigns(f64),
    /// As `UlpButSigns`, but each part of a complex number is compared by itself.
    UlpOfParts(f64),
    /// An absolute difference; the sign of zero is ignored.
    Absolute(f64),
}

/// The allowed error of a transcendental function, if the expectation is exact.
pub const TRANSCENDENTAL_ULP: f64 = 2.0;

/// The error of the grid's expectations of transcendental functions, which NumPy computed in the precision of the
/// dtype.
pub const ORACLE_ULP: f64 = 4.0;

/// Whether a result is right.
#[must_use]
pub fn agrees(got: Scalar, want: Scalar, dtype: DType, tolerance: Tolerance) -> bool {
    let single = dtype.real() == DType::Float32;
    match (got, want) {
        (Scalar::Bool(a), Scalar::Bool(b)) => a == b,
        (Scalar::Int(a), Scalar::Int(b)) => a == b,
        (Scalar::Float(a), Scalar::Float(b)) => real_agrees(a, b, single, tolerance),
        (Scalar::Complex(a), Scalar::Complex(b)) => complex_agrees(a, b, single, tolerance),
        _ => false,
    }
}

fn real_agrees(got: f64, want: f64, single: bool, tolerance: Tolerance) -> bool {
    if want.is_nan() || got.is_nan() {
        return want.is_nan() && got.is_nan();
    }
    if got == want {
        let zero_matters = !matches!(tolerance, Tolerance::Absolute(_));
        return want != 0.0 || !zero_matters || got.is_sign_negative() == want.is_sign_negative();
    }
    if want.is_infinite() || got.is_infinite() {
        return false;
    }
    (got - want).abs()
        <= match tolerance {
            Tolerance::Exact => return false,
            Tolerance::Ulp(n) | Tolerance::UlpButSigns(n) | Tolerance::UlpOfParts(n) => {
                n * ulp(want, single)
            }
            Tolerance::Absolute(d) => d,
        }
}

fn complex_agrees(
    got: Complex<f64>,
    want: Complex<f64>,
    single: bool,
    tolerance: Tolerance,
) -> bool {
    let (n, signs) = match tolerance {
        Tolerance::Ulp(n) => (n, true),
        Tolerance::UlpButSigns(n) | Tolerance::UlpOfParts(n) => (n, false),
        Tolerance::Exact | Tolerance::Absolute(_) => {
            return real_agrees(got.re, want.re, single, tolerance)
                && real_agrees(got.im, want.im, single, tolerance);
        }
    };
    let by_modulus = !matches!(tolerance, Tolerance::UlpOfParts(_));
    if by_modulus && got.is_finite() && want.is_finite() {
        let sign = |got: f64, want: f64| {
            !signs || got != 0.0 || want != 0.0 || got.is_sign_negative() == want.is_sign_negative()
        };
        let d = got - want;
        let modulus = want.re.hypot(want.im);
        return sign(got.re, want.re)
            && sign(got.im, want.im)
            && d.re.hypot(d.im) <= 2.0 * n * ulp(modulus, single);
    }
    let part = |got: f64, want: f64, other: f64| {
        let open = !signs && (want == 0.0 || (want.is_infinite() && other.is_nan()));
        real_agrees(
            if open { got.abs() } else { got },
            if open { want.abs() } else { want },
            single,
            Tolerance::Ulp(n),
        )
    };
    part(got.re, want.re, want.im) && part(got.im, want.im, want.re)
}

/// The distance between a number and its next neighbour away from 0, in single or double precision.
fn ulp(x: f64, single: bool) -> f64 {
    let (x, next) = if single {
        let x = x.abs() as f32;
        (f64::from(x), f64::from(x.next_up()))
    } else {
        (x.abs(), x.abs().next_up())
    };
    if next.is_finite() {
        next - x
    } else {
        x * 2.0_f64.powi(if single { -23 } else { -52 })
    }
}

/// The tolerance of an elementwise function, if the expectations have errors up to `oracle` units.
pub(crate) fn elementwise_tolerance(
    function: &str,
    dtype: DType,
    arguments: &[Scalar],
    oracle: f64,
) -> Tolerance {
    let ulp = |n: f64| {
        if dtype.is_complex() {
            Tolerance::UlpButSigns(n)
        } else {
            Tolerance::Ulp(n)
        }
    };
    let transcendental = ulp(TRANSCENDENTAL_ULP + oracle);
    match function {
        // Near |z| = 1 the real part is much smaller than the imaginary part. NumPy loses it; mpmath does not.
        "log" | "log1p" | "log2" | "log10" if dtype.is_complex() && oracle == 0.0 => {
            Tolerance::UlpOfParts(2.0 * TRANSCENDENTAL_ULP)
        }
        "acos" | "acosh" | "asin" | "asinh" | "atan" | "atan2" | "atanh" | "cos" | "cosh"
        | "exp" | "expm1" | "hypot" | "log" | "log1p" | "log2" | "log10" | "sin" | "sinh"
        | "tan" | "tanh" => transcendental,
        // If both terms cancel, the error of the larger argument remains.
        "logaddexp" if dtype.is_real_floating() => {
            let largest = arguments
                .iter()
                .map(|&a| modulus(a))
                .filter(|a| a.is_finite())
                .fold(1.0, f64::max);
            match dtype {
                DType::Float32 if largest < 1e30 => {
                    Tolerance::Absolute(8.0 * largest * f64::from(f32::EPSILON))
                }
                DType::Float64 if largest < 1e300 => {
                    Tolerance::Absolute(8.0 * largest * f64::EPSILON)
                }
                _ => transcendental,
            }
        }
        "pow" if dtype.is_real_floating() => transcendental,
        // exp(x2 log x1) magnifies the error of x2 log x1 by its size.
        "pow" if dtype.is_complex() => match arguments {
            [base, exponent] => {
                let argument =
                    modulus(*exponent) * (modulus(*base).ln().abs() + std::f64::consts::PI);
                ulp((TRANSCENDENTAL_ULP + oracle)
                    * (1.0 + if argument.is_finite() { argument } else { 0.0 }))
            }
            _ => transcendental,
        },
        "abs" | "divide" | "multiply" | "reciprocal" | "sign" | "sqrt" | "square"
            if dtype.is_complex() =>
        {
            transcendental
        }
        // The standard leaves the order of signed zeros open.
        "maximum" | "minimum" if arguments.iter().all(|&a| modulus(a) == 0.0) => {
            Tolerance::Absolute(0.0)
        }
        _ => Tolerance::Exact,
    }
}

fn modulus(x: Scalar) -> f64 {
    match x {
        Scalar::Bool(b) => f64::from(u8::from(b)),
        Scalar::Int(i) => (i as f64).abs(),
        Scalar::Float(x) => x.abs(),
        Scalar::Complex(z) => z.re.hypot(z.im),
    }
}

/// The tolerance of a reduction or scan over these elements.
pub(crate) fn reduction_tolerance(
    function: &str,
    dtype: DType,
    elements: impl Iterator<Item = Scalar>,
) -> Tolerance {
    if !dtype.is_floating() {
        return Tolerance::Exact;
    }
    let epsilon = if dtype.real() == DType::Float32 {
        f64::from(f32::EPSILON)
    } else {
        f64::EPSILON
    };
    let (mut n, mut sum, mut square, mut product) = (0.0, 0.0, 0.0, 1.0);
    for x in elements.map(modulus) {
        n += 1.0;
        sum += x;
        square += x * x;
        product *= x.max(1.0);
    }
    match function {
        "sum" | "mean" | "cumulative_sum" => {
            Tolerance::Absolute(8.0 * epsilon * f64::sqrt(n) * sum)
        }
        "var" => Tolerance::Absolute(8.0 * epsilon * f64::sqrt(n) * square),
        "std" => Tolerance::Absolute(8.0 * epsilon * f64::sqrt(n) * sum),
        "prod" | "cumulative_prod" => Tolerance::Absolute(8.0 * epsilon * n * product),
        _ => Tolerance::Exact,
    }
}

/// Whether a function of whole arrays rounds intermediate results, so that another algorithm may differ in the last
/// places.
pub(crate) fn is_rounded(function: &str) -> bool {
    let exact = [
        "cross",
        "diagonal",
        "outer",
        "trace",
        "fftshift",
        "ifftshift",
    ];
    let chapter = |name: &str| {
        let chapters = crate::chapters().iter();
        chapters
            .filter(|c| c.name == name)
            .any(|c| c.functions.contains(&function))
    };
    function == "linspace" || ((chapter("linalg") || chapter("fft")) && !exact.contains(&function))
}

/// The tolerance of a factorisation or transform of a few well-conditioned numbers.
pub(crate) fn composed_tolerance(want: &HostArray) -> Tolerance {
    let epsilon = if want.buffer.dtype().real() == DType::Float32 {
        f64::from(f32::EPSILON)
    } else {
        f64::EPSILON
    };
    let elements = (0..want.buffer.len()).filter_map(|i| want.buffer.get(i));
    let largest = elements
        .map(modulus)
        .filter(|x| x.is_finite())
        .fold(1.0, f64::max);
    if want.buffer.dtype().is_floating() {
        Tolerance::Absolute(256.0 * epsilon * largest)
    } else {
        Tolerance::Exact
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(got: f64, want: f64, dtype: DType, tolerance: Tolerance) -> bool {
        agrees(Scalar::Float(got), Scalar::Float(want), dtype, tolerance)
    }

    #[test]
    fn exact_means_nan_and_the_sign_of_zero_too() {
        let exact = |got, want| float(got, want, DType::Float64, Tolerance::Exact);
        assert!(
            exact(f64::NAN, -f64::NAN) && exact(-0.0, -0.0) && exact(f64::INFINITY, f64::INFINITY)
        );
        assert!(
            !exact(0.0, -0.0)
                && !exact(f64::NAN, 1.0)
                && !exact(1.0, f64::NAN)
                && !exact(1.0, 1.0 + f64::EPSILON)
        );
        assert!(!agrees(
            Scalar::Int(1),
            Scalar::Float(1.0),
            DType::Float64,
            Tolerance::Exact
        ));
        let z = |re, im| Scalar::Complex(Complex::new(re, im));
        assert!(!agrees(
            z(1.0, 0.0),
            z(1.0, -0.0),
            DType::Complex128,
            Tolerance::Exact
        ));
        assert!(!agrees(
            z(1.0, 0.0),
            z(1.0, -0.0),
            DType::Complex128,
            Tolerance::Ulp(4.0)
        ));
        assert!(agrees(
            z(1.0, f64::NAN),
            z(1.0, f64::NAN),
            DType::Complex128,
            Tolerance::Ulp(4.0)
        ));
    }

    #[test]
    fn parts_are_judged_by_themselves_where_asked() {
        let z = |re, im| Scalar::Complex(Complex::new(re, im));
        let agrees =
            |tolerance| agrees(z(1.1e-17, 1.0), z(1e-17, 1.0), DType::Complex128, tolerance);
        assert!(agrees(Tolerance::UlpButSigns(4.0)));
        assert!(!agrees(Tolerance::UlpOfParts(4.0)));
    }

    #[test]
    fn ulps_are_those_of_the_dtype() {
        let four = Tolerance::Ulp(4.0);
        assert!(float(1.0 + 4.0 * f64::EPSILON, 1.0, DType::Float64, four));
        assert!(!float(1.0 + 5.0 * f64::EPSILON, 1.0, DType::Float64, four));
        assert!(float(
            1.0 + 4.0 * f64::from(f32::EPSILON),
            1.0,
            DType::Float32,
            four
        ));
        assert!(!float(
            1.0 + 5.0 * f64::from(f32::EPSILON),
            1.0,
            DType::Float32,
            four
        ));
        assert!(float(
            f64::from_bits(5),
            f64::from_bits(1),
            DType::Float64,
            four
        ));
        assert!(!float(
            f64::from_bits(6),
            f64::from_bits(1),
            DType::Float64,
            four
        ));
        assert!(!float(f64::MAX, f64::INFINITY, DType::Float64, four));
        assert_eq!(ulp(1.0, true), f64::from(f32::EPSILON));
        assert_eq!(ulp(0.0, true), f64::from(f32::from_bits(1)));
    }
}
