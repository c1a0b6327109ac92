//! The exceptions to the grid's oracles, NumPy and `array-api-strict`, with reasons.
//!
//! There are three kinds: results that break a rule of the standard (here the standard is right), results that the
//! standard leaves open, and errors of `array-api-strict` for calls that this project allows on purpose.

use array_api_spec::{Complex, DType, HostArray, Kind, Scalar};

use crate::{GridVector, Value};

/// What is expected of an element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Expectation {
    /// This value.
    Is(Scalar),
    /// Nothing, for the reason given.
    Open(&'static str),
}

const COMPLEX_NONFINITE: &str = "the standard leaves products and quotients of complex numbers that are not finite to the implementation";
const COMPLEX_SPECIAL: &str =
    "NumPy breaks C99 Annex G here; the special-case vectors ask for the standard's values";

/// What the standard requires of an element of an elementwise function, for which the grid has `want`. `dtype` is that
/// of the promoted arguments.
pub(crate) fn elementwise(
    function: &str,
    dtype: DType,
    arguments: &[Scalar],
    want: Scalar,
) -> Expectation {
    match dtype.kind() {
        Kind::RealFloating => real(function, dtype, arguments, want),
        Kind::ComplexFloating => complex(function, arguments, want),
        _ => Expectation::Is(want),
    }
}

fn real(function: &str, dtype: DType, arguments: &[Scalar], want: Scalar) -> Expectation {
    let [a, b] = match arguments {
        [a, b] => [float(*a), float(*b)],
        _ => return Expectation::Is(want),
    };
    Expectation::Is(match function {
        // The standard requires floor(x1 / x2). NumPy follows Python, where inf // 2 is NaN and -1 // inf is -1.
        "floor_divide" if a.is_infinite() || b.is_infinite() => Scalar::Float((a / b).floor()),
        // NumPy computes a square root here, which gives NaN and -0.
        "pow" if b == 0.5 && a == f64::NEG_INFINITY => Scalar::Float(f64::INFINITY),
        "pow" if b == 0.5 && a == 0.0 => Scalar::Float(0.0),
        _ => return nearly_open(function, dtype, a, b, want),
    })
}

/// Results that depend on the last bit of an intermediate result.
fn nearly_open(function: &str, dtype: DType, a: f64, b: f64, want: Scalar) -> Expectation {
    let precision = if dtype == DType::Float32 { 24 } else { 53 };
    if function == "floor_divide" && (a / b).abs() >= 2.0_f64.powi(precision - 1) {
        return Expectation::Open(
            "the quotient has no room for a fraction: how it is rounded decides",
        );
    }
    Expectation::Is(want)
}

fn complex(function: &str, arguments: &[Scalar], want: Scalar) -> Expectation {
    let z: Vec<Complex<f64>> = arguments.iter().map(|&a| number(a)).collect();
    let finite = z.iter().all(|z| z.is_finite());
    match function {
        "multiply" | "divide" | "square" | "reciprocal" | "pow" if !finite => {
            Expectation::Open(COMPLEX_NONFINITE)
        }
        "divide" | "reciprocal" | "pow" if z.contains(&Complex::ZERO) => Expectation::Open(
            "the standard leaves the division of complex numbers by zero and zero's powers to the implementation",
        ),
        "expm1" | "tanh" | "sign" if !finite => Expectation::Open(COMPLEX_SPECIAL),
        _ => Expectation::Is(want),
    }
}

fn float(x: Scalar) -> f64 {
    number(x).re
}

fn number(x: Scalar) -> Complex<f64> {
    match x {
        Scalar::Bool(b) => Complex::new(f64::from(u8::from(b)), 0.0),
        Scalar::Int(i) => Complex::new(i as f64, 0.0),
        Scalar::Float(x) => Complex::new(x, 0.0),
        Scalar::Complex(z) => z,
    }
}

/// Whether `var` and `std` must be NaN, as the standard says if no degree of freedom is left. NumPy returns ∞.
pub(crate) fn no_degree_of_freedom(vector: &GridVector) -> bool {
    let (Some(Value::Array(x)), "var" | "std") =
        (vector.arguments.first(), vector.function.as_str())
    else {
        return false;
    };
    let correction = match vector.keywords.get("correction") {
        Some(Value::Scalar(s)) => float(*s),
        _ => 0.0,
    };
    reduced_count(x, vector.keywords.get("axis")) as f64 - correction <= 0.0
}

/// How many elements of `x` each result of a reduction over `axis` is computed from.
fn reduced_count(x: &HostArray, axis: Option<&Value>) -> usize {
    let length = |axis: &Value| match axis {
        Value::Scalar(Scalar::Int(i)) => {
            let ndim = x.shape.len() as i128;
            usize::try_from(i.rem_euclid(ndim.max(1)))
                .ok()
                .and_then(|i| x.shape.get(i).copied())
                .unwrap_or(1)
        }
        _ => 1,
    };
    match axis {
        None | Some(Value::None) => x.shape.iter().product(),
        Some(Value::Tuple(axes)) => axes.iter().map(length).product(),
        Some(one) => length(one),
    }
}

/// An error of `array-api-strict` for something that the standard leaves open and this project allows.
struct Allowed {
    functions: &'static [&'static str],
    exception: &'static str,
    when: fn(&GridVector) -> bool,
    reason: &'static str,
}

const ALLOWED: &[Allowed] = &[
    Allowed {
        functions: &["bitwise_left_shift", "bitwise_right_shift"],
        exception: "ValueError",
        // This includes dtypes that cannot be shift amounts; another rule refuses these.
        when: |v| v.arguments.get(1).is_some_and(has_negative),
        reason: "negative shift amounts count as too large: a device cannot look for them without a pass over the data",
    },
    Allowed {
        functions: &["pow"],
        exception: "ValueError",
        when: |v| v.arguments.get(1).is_some_and(has_negative),
        reason: "an integer to a negative power gives 0 (±1 for ±1): a device cannot look for them without a pass over the data",
    },
    Allowed {
        functions: &["__getitem__"],
        exception: "IndexError",
        when: python_accepts,
        reason: "missing indices mean whole axes, and slices are clipped, as in Python and NumPy",
    },
];

/// Why a call that the grid expects to raise may return a value here.
pub(crate) fn allowed(vector: &GridVector) -> Option<&'static str> {
    let exception = vector.outcome.as_ref().err()?;
    ALLOWED
        .iter()
        .find(|a| {
            a.functions.contains(&vector.function.as_str())
                && a.exception == exception.as_str()
                && (a.when)(vector)
        })
        .map(|a| a.reason)
}

fn has_negative(value: &Value) -> bool {
    let negative = |s: Scalar| match s {
        Scalar::Bool(_) => false,
        Scalar::Int(i) => i < 0,
        Scalar::Float(x) => x < 0.0,
        Scalar::Complex(z) => z.re < 0.0 || z.im < 0.0,
    };
    match value {
        Value::Array(array) => (0..array.buffer.len())
            .filter_map(|i| array.buffer.get(i))
            .any(negative),
        Value::Scalar(s) => negative(*s),
        _ => false,
    }
}

fn key(vector: &GridVector) -> Option<(&HostArray, &[Value])> {
    match vector.arguments.as_slice() {
        [Value::Array(x), Value::Tuple(key)] => Some((x, key)),
        _ => None,
    }
}

/// Whether Python and NumPy accept the index: enough axes, integers in range, at most one ellipsis.
fn python_accepts(vector: &GridVector) -> bool {
    let Some((x, key)) = key(vector) else {
        return false;
    };
    let named = key
        .iter()
        .filter(|v| !matches!(v, Value::None | Value::Ellipsis))
        .count();
    let ellipses = key.iter().filter(|v| matches!(v, Value::Ellipsis)).count();
    if named > x.shape.len() || ellipses > 1 {
        return false;
    }
    let mut axis = 0;
    key.iter().all(|part| {
        let n = x.shape.get(axis).map_or(0, |&n| n as i128);
        axis += match part {
            Value::None => 0,
            Value::Ellipsis => x.shape.len() - named,
            _ => 1,
        };
        match part {
            Value::Scalar(Scalar::Int(i)) => (-n..n).contains(i),
            part => !matches!(part, Value::Array(_)),
        }
    })
}

/// Calls for which the grid has NumPy's result, but which are not in the standard, and which this project refuses.
struct Refused {
    functions: &'static [&'static str],
    class: &'static str,
    when: fn(&GridVector) -> bool,
    reason: &'static str,
}

const REFUSED: &[Refused] = &[
    Refused {
        functions: &[
            "greater",
            "greater_equal",
            "less",
            "less_equal",
            "maximum",
            "minimum",
        ],
        class: "TypeError",
        when: |v| {
            v.arguments
                .iter()
                .any(|a| matches!(a, Value::Scalar(Scalar::Complex(_))))
        },
        reason: "complex numbers have no order",
    },
    Refused {
        functions: &["argsort", "cumulative_prod", "cumulative_sum"],
        class: "ValueError",
        when: |v| matches!(v.arguments.first(), Some(Value::Array(x)) if x.shape.is_empty()),
        reason: "a 0-dimensional array has no axis to work along",
    },
];

/// Why a call for which the grid has a value may raise an error of this class here.
#[must_use]
pub(crate) fn refused(vector: &GridVector, class: &str) -> Option<&'static str> {
    let function = vector.function.as_str();
    let refused = REFUSED.iter().find(|r| {
        r.functions.contains(&function) && same_class(class, r.class) && (r.when)(vector)
    });
    refused.map(|r| r.reason)
}

/// Whether the class of an error is the exception that the grid names.
pub(crate) fn same_class(class: &str, exception: &str) -> bool {
    // NumPy's AxisError is both a ValueError and an IndexError.
    let both = |name| matches!(name, "AxisError" | "ValueError" | "IndexError");
    class == exception
        || (exception == "AxisError" && both(class))
        || (class == "AxisError" && both(exception))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_wins_over_python_s_floor_division() {
        let quotient = |a, b| {
            elementwise(
                "floor_divide",
                DType::Float64,
                &[Scalar::Float(a), Scalar::Float(b)],
                Scalar::Float(f64::NAN),
            )
        };
        assert_eq!(
            quotient(f64::INFINITY, 2.0),
            Expectation::Is(Scalar::Float(f64::INFINITY))
        );
        assert_eq!(
            quotient(-1.0, f64::INFINITY),
            Expectation::Is(Scalar::Float(-0.0))
        );
        assert!(matches!(quotient(1e300, 1e-5), Expectation::Open(_)));
    }

    #[test]
    fn refused_calls_exist_in_the_grid() {
        for refused in REFUSED {
            let uses = crate::grid_vectors().iter().filter(|v| {
                refused.functions.contains(&v.function.as_str())
                    && v.outcome.is_ok()
                    && (refused.when)(v)
            });
            assert!(uses.count() > 0, "{}", refused.reason);
        }
    }

    #[test]
    fn allowed_errors_exist_in_the_grid() {
        for allowed in ALLOWED {
            let uses = crate::grid_vectors().iter().filter(|v| {
                allowed.functions.contains(&v.function.as_str())
                    && v.outcome.as_ref().is_err_and(|e| e == allowed.exception)
                    && (allowed.when)(v)
            });
            assert!(uses.count() > 0, "{}", allowed.reason);
        }
    }
}
