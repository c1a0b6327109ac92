//! The standard's special cases, as vectors.

use array_api_conformance::{SpecialCase, Want, special_cases};
use array_api_spec::{Complex, DType};

use super::device::{Float, Function, has, on_each, run};
use array_api_wgpu::Wgpu;

/// Whether every argument is the same number in this format.
fn survives<T: Float>(case: &SpecialCase) -> bool {
    let same = |x: f64| x.is_nan() || Into::<f64>::into(T::narrow(x)) == x;
    case.arguments.iter().all(|z| same(z.re) && same(z.im))
}

fn part_agrees(got: f64, want: f64, epsilon: f64) -> bool {
    if want.is_nan() || got.is_nan() {
        return want.is_nan() && got.is_nan();
    }
    if want == 0.0 || want.is_infinite() || got.is_infinite() {
        return got == want && got.is_sign_negative() == want.is_sign_negative();
    }
    (got - want).abs() <= 4.0 * epsilon * want.abs()
}

fn agrees(got: Complex<f64>, want: &Want, epsilon: f64) -> bool {
    match want {
        Want::OneOf(values) => values.iter().any(|want| {
            part_agrees(got.re, want.re, epsilon) && part_agrees(got.im, want.im, epsilon)
        }),
        Want::Sign(negative) => got.re.is_nan() || got.re.is_sign_negative() == *negative,
    }
}

fn check<T: Float>(gpu: &Wgpu, name: &str, failures: &mut Vec<String>) -> usize {
    let Some(function) = Function::named(name).filter(|_| has::<T>(gpu)) else {
        return 0;
    };
    let mut checked = 0;
    for (complex, dtype) in [(false, T::REAL), (true, T::COMPLEX)] {
        let of_function =
            |c: &&SpecialCase| c.function == name && c.complex == complex && survives::<T>(c);
        let cases: Vec<&SpecialCase> = special_cases().iter().filter(of_function).collect();
        let Some(first) = cases.first() else { continue };
        let mut columns: Vec<Vec<T>> = Vec::new();
        for a in 0..first.arguments.len() {
            columns.push(cases.iter().map(|c| T::narrow(c.arguments[a].re)).collect());
            if complex {
                columns.push(cases.iter().map(|c| T::narrow(c.arguments[a].im)).collect());
            }
        }
        let parts: Vec<&[T]> = columns.iter().map(Vec::as_slice).collect();
        let [re, im] = run(gpu, function, dtype, &parts);
        for (i, case) in cases.iter().enumerate() {
            let got = Complex::new(re[i].into(), im[i].into());
            if !agrees(got, &case.want, T::EPSILON) {
                let (arguments, want, rule) = (&case.arguments, &case.want, &case.rule);
                failures.push(format!(
                    "{name} of {} {arguments:?}: {got}, not {want:?} ({rule})",
                    dtype.name()
                ));
            }
        }
        checked += cases.len();
    }
    checked
}

#[test]
fn special_cases_of_the_standard_hold() {
    on_each(|gpu| {
        let mut names: Vec<&str> = special_cases()
            .iter()
            .map(|c| c.function.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let (mut failures, mut checked) = (Vec::new(), 0);
        for name in names {
            checked +=
                check::<f32>(gpu, name, &mut failures) + check::<f64>(gpu, name, &mut failures);
        }
        assert!(
            failures.is_empty(),
            "{} of {checked} fail:\n{}",
            failures.len(),
            failures.join("\n")
        );
        assert!(checked > 3000, "{checked} vectors are too few");
        assert!(
            gpu.properties().float64 == (checked > 7000),
            "{checked} vectors for {}",
            DType::Float64.name()
        );
    });
}
