//! Runs the special cases. All cases of a function are in one array, so that there is one call for each dtype and
//! layout.

use array_api_spec::{
    Backend, Complex, DType, Error, HostArray, HostBuffer, Namespace, Result, Scalar,
};

use crate::{
    Arrangement, SpecialCase, Tolerance, Want, agrees,
    arrangement::{from_numbers, tile, tiles},
    call::{Argument, Output, call},
    run::{Outcome, Tally, make},
    vectors::special_cases,
};

const ARRANGEMENTS: [Arrangement; 4] = [
    Arrangement::Contiguous,
    Arrangement::Transposed,
    Arrangement::Strided,
    Arrangement::Tiled,
];

/// Runs all special cases of a function.
pub(crate) fn run<B: Backend>(xp: &Namespace<B>, function: &str, tally: &mut Tally<'_>) {
    for (complex, dtypes) in [
        (false, [DType::Float32, DType::Float64]),
        (true, [DType::Complex64, DType::Complex128]),
    ] {
        let cases: Vec<&SpecialCase> = special_cases()
            .iter()
            .filter(|c| c.function == function && c.complex == complex)
            .collect();
        for dtype in dtypes {
            let cases: Vec<&SpecialCase> = cases
                .iter()
                .copied()
                .filter(|c| survives(c, dtype))
                .collect();
            if cases.is_empty() {
                continue;
            }
            if !xp.info().dtypes().contains(&dtype) {
                tally.absent(cases.len());
                continue;
            }
            for arrangement in ARRANGEMENTS {
                run_batch(xp, &cases, dtype, arrangement, tally);
            }
        }
    }
}

/// Whether the arguments are exact in this dtype.
fn survives(case: &SpecialCase, dtype: DType) -> bool {
    let same = |x: f64| dtype.real() == DType::Float64 || x.is_nan() || f64::from(x as f32) == x;
    case.arguments.iter().all(|z| same(z.re) && same(z.im))
}

fn run_batch<B: Backend>(
    xp: &Namespace<B>,
    cases: &[&SpecialCase],
    dtype: DType,
    arrangement: Arrangement,
    tally: &mut Tally<'_>,
) {
    // Two rows, so that there is something to transpose. If their number is odd, the last case is repeated.
    let columns = cases.len().div_ceil(2);
    let padded = |argument: usize| -> Vec<Complex<f64>> {
        (0..2 * columns)
            .map(|i| cases[i.min(cases.len() - 1)].arguments[argument])
            .collect()
    };
    let arguments = (0..cases[0].arguments.len()).map(|i| {
        let array = HostArray {
            shape: vec![2, columns],
            buffer: from_numbers(&padded(i), dtype),
        };
        let array = if arrangement == Arrangement::Tiled {
            tile(&array, 2, tiles(2 * columns))
        } else {
            array
        };
        make(xp, &array, arrangement).map(Argument::Array)
    });
    let function = cases[0].function.as_str();
    let outcome = arguments.collect::<Result<Vec<_>>>().and_then(|arguments| {
        let keywords = std::collections::BTreeMap::new();
        match tally.watch(xp, || call(xp, function, &arguments, &keywords)) {
            Some(Ok(Output::Arrays(mut arrays))) => {
                tally.result(xp, arrays.swap_remove(0))?.to_host()
            }
            Some(Ok(_)) | None => Err(Error::other("no array came back")),
            Some(Err(error)) => Err(error),
        }
    });
    for (i, case) in cases.iter().enumerate() {
        let outcome = match &outcome {
            Ok(values) => judge(case, dtype, values, i, 2 * columns),
            Err(error) => Outcome::Failed {
                got: format!("an error: {error}"),
                want: want_text(case),
            },
        };
        let input = || {
            case.arguments
                .iter()
                .map(|z| number_text(*z, case.complex))
                .collect::<Vec<_>>()
                .join(", ")
        };
        tally.add(dtype, arrangement, &case.rule, outcome, input);
    }
}

/// Compares a case's element in every tile.
fn judge(
    case: &SpecialCase,
    dtype: DType,
    values: &HostBuffer,
    index: usize,
    period: usize,
) -> Outcome {
    let predicate = matches!(
        case.function.as_str(),
        "isfinite" | "isinf" | "isnan" | "signbit"
    );
    let expected = if predicate { DType::Bool } else { dtype };
    if values.dtype() != expected {
        return Outcome::Failed {
            got: format!("an array of {}", values.dtype()),
            want: format!("an array of {expected}"),
        };
    }
    for i in (index..values.len()).step_by(period) {
        let got = values.get(i).unwrap_or(Scalar::Bool(false));
        if !is_right(case, dtype, got) {
            return Outcome::Failed {
                got: got.to_string(),
                want: want_text(case),
            };
        }
    }
    if values.len() <= index {
        return Outcome::Failed {
            got: format!("{} elements", values.len()),
            want: format!("at least {period}"),
        };
    }
    Outcome::Passed
}

fn is_right(case: &SpecialCase, dtype: DType, got: Scalar) -> bool {
    match (&case.want, got) {
        (Want::Sign(negative), Scalar::Float(x)) => {
            if x.is_nan() {
                has_no_value(case)
            } else {
                x.is_sign_negative() == *negative
            }
        }
        (Want::Sign(_), _) => false,
        (Want::OneOf(list), got) => list.iter().any(|&want| {
            let single = dtype.real() == DType::Float32;
            let round = |x: f64| if single { f64::from(x as f32) } else { x };
            let want = match got {
                Scalar::Complex(_) => Scalar::Complex(Complex::new(round(want.re), round(want.im))),
                Scalar::Bool(_) => Scalar::Bool(want.re != 0.0),
                _ => Scalar::Float(round(want.re)),
            };
            let tolerance = if case.approximate {
                Tolerance::Ulp(4.0)
            } else {
                Tolerance::Exact
            };
            agrees(got, want, dtype, tolerance)
        }),
    }
}

/// Rules about signs do not hold for 0 · ∞, 0 / 0 and ∞ / ∞, which have no value.
fn has_no_value(case: &SpecialCase) -> bool {
    match (case.function.as_str(), case.arguments.as_slice()) {
        ("multiply", [a, b]) => (a.re * b.re).is_nan(),
        (_, [a, b]) => (a.re / b.re).is_nan(),
        _ => false,
    }
}

fn number_text(z: Complex<f64>, complex: bool) -> String {
    if complex {
        Scalar::Complex(z).to_string()
    } else {
        Scalar::Float(z.re).to_string()
    }
}

fn want_text(case: &SpecialCase) -> String {
    match &case.want {
        Want::Sign(true) => "a negative sign".into(),
        Want::Sign(false) => "a positive sign".into(),
        Want::OneOf(list) => {
            let texts: Vec<String> = list.iter().map(|&z| number_text(z, case.complex)).collect();
            format!(
                "{}{}",
                texts.join(" or "),
                if case.approximate {
                    " within 4 ulp"
                } else {
                    ""
                }
            )
        }
    }
}
