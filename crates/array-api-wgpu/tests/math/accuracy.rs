//! Accuracy on random points, against the reference in double precision.

use array_api_spec::reference::math::{Arithmetic, BinaryFunction, UnaryFunction};
use array_api_spec::{BinaryOp, UnaryOp};

use super::device::{Float, Function, Random, has, on_each, run};
use array_api_wgpu::Wgpu;

/// Where points are drawn.
#[derive(Clone, Copy, Debug)]
enum Points {
    /// Any number, by its bits; NaN becomes 1.
    Any,
    /// Any positive one.
    Positive,
    /// Uniformly between two.
    Between(f64, f64),
    /// ±2ᵗ with t uniformly between two.
    Powers(f64, f64),
    /// 2ᵗ.
    PositivePowers(f64, f64),
    /// x ± 2ᵗ with t from -60 to -1.
    Near(f64),
    /// Multiples of π/2, where sines and cosines cancel.
    Quadrants,
}

use Points::{Any, Between, Near, Positive, PositivePowers, Powers, Quadrants};

const EACH: usize = 4096;

/// Units in the last place that are allowed against the reference. The reference's own inverse hyperbolic functions are off by 2.5 in `float64`.
const ULP: f64 = 4.0;

fn draw<T: Float>(points: Points, random: &mut Random) -> Vec<T> {
    let one = |random: &mut Random| -> T {
        let sign = if random.bits() & 1 == 0 { 1.0 } else { -1.0 };
        T::narrow(match points {
            Any | Positive => {
                let x: T = T::from_bits(random.bits());
                let x: f64 = x.into();
                let x = if x.is_nan() { 1.0 } else { x };
                if matches!(points, Positive) {
                    x.abs()
                } else {
                    x
                }
            }
            Between(low, high) => random.between(low, high),
            Powers(low, high) => sign * random.between(low, high).exp2(),
            PositivePowers(low, high) => random.between(low, high).exp2(),
            Near(x) => x + sign * random.between(-60.0, -1.0).exp2(),
            Quadrants => random.between(-5000.0, 5000.0).round() * std::f64::consts::FRAC_PI_2,
        })
    };
    (0..EACH).map(|_| one(random)).collect()
}

/// How far `got` is from `want`, in units in the last place of `want`'s format.
fn distance<T: Float>(got: T, want: f64) -> f64 {
    let got: f64 = got.into();
    let rounded: f64 = T::narrow(want).into();
    if got == rounded || (got.is_nan() && want.is_nan()) {
        return 0.0;
    }
    if !got.is_finite() || !rounded.is_finite() {
        return f64::INFINITY;
    }
    let smallest = smallest_normal::<T>();
    // Some devices take subnormal numbers for 0.
    if want.abs() < smallest && got.abs() < smallest * (1.0 + T::EPSILON) {
        return 0.0;
    }
    let power = 2_f64.powi(exponent(want.abs().max(smallest)));
    (got / power - want / power).abs() / T::EPSILON
}

fn smallest_normal<T: Float>() -> f64 {
    if T::EPSILON == f64::EPSILON {
        f64::MIN_POSITIVE
    } else {
        f64::from(f32::MIN_POSITIVE)
    }
}

fn exponent(x: f64) -> i32 {
    (x.to_bits() >> 52) as i32 - 1023
}

/// The reference in double precision.
fn reference(function: Function) -> impl Fn(&[f64]) -> f64 {
    move |x| match function {
        Function::Unary(op) => match f64::unary(op) {
            Some(UnaryFunction::Same(f) | UnaryFunction::Real(f)) => f(x[0]),
            other => panic!("{other:?}"),
        },
        Function::Binary(op) => match f64::binary(op) {
            Some(BinaryFunction::Same(f)) => f(x[0], x[1]),
            other => panic!("{other:?}"),
        },
    }
}

fn check<T: Float>(gpu: &Wgpu, function: Function, cases: &[&[Points]], ulp: f64) {
    if !has::<T>(gpu) {
        return;
    }
    let mut random = Random(7);
    let reference = reference(function);
    let (mut worst, mut place) = (0.0, String::new());
    let arguments = cases[0].len();
    let columns: Vec<Vec<T>> = (0..arguments)
        .map(|a| {
            cases
                .iter()
                .flat_map(|case| draw(case[a], &mut random))
                .collect()
        })
        .collect();
    let parts: Vec<&[T]> = columns.iter().map(Vec::as_slice).collect();
    let [got, _] = run(gpu, function, T::REAL, &parts);
    for (i, &got) in got.iter().enumerate() {
        let x: Vec<f64> = columns.iter().map(|c| c[i].into()).collect();
        let want = reference(&x);
        // Some devices take subnormal arguments for 0.
        let flushed: Vec<f64> = x
            .iter()
            .map(|&x| {
                if x.abs() < smallest_normal::<T>() {
                    0.0_f64.copysign(x)
                } else {
                    x
                }
            })
            .collect();
        let want_flushed = reference(&flushed);
        // A sum that cancels keeps the error of its larger term.
        let scale = if function.name() == "logaddexp" {
            (want / x[0].abs().max(x[1].abs())).abs().min(1.0)
        } else {
            1.0
        };
        let distance = distance(got, want).min(distance(got, want_flushed)) * scale;
        if distance > worst {
            (worst, place) = (
                distance,
                format!("at {x:?}: {:?}, not {want:?}", Into::<f64>::into(got)),
            );
        }
    }
    println!(
        "{:12} {:8} {worst:6.3}  {place}",
        function.name(),
        T::REAL.name()
    );
    assert!(
        worst <= ulp,
        "{} in {}: {worst} ulp {place}",
        function.name(),
        T::REAL.name()
    );
}

fn check_unary(op: UnaryOp, points: &[Points]) {
    let cases: Vec<&[Points]> = points.iter().map(std::slice::from_ref).collect();
    on_each(|gpu| {
        check::<f32>(gpu, Function::Unary(op), &cases, ULP);
        let own_error = matches!(op, UnaryOp::Acosh | UnaryOp::Asinh | UnaryOp::Atanh);
        check::<f64>(
            gpu,
            Function::Unary(op),
            &cases,
            if own_error { ULP + 2.5 } else { ULP },
        );
    });
}

#[test]
fn exponentials() {
    let wide = [
        Any,
        Between(-110.0, 90.0),
        Between(-750.0, 710.0),
        Between(-1.0, 1.0),
        Powers(-60.0, 4.0),
    ];
    check_unary(UnaryOp::Exp, &wide);
    check_unary(UnaryOp::Expm1, &wide);
}

#[test]
fn logarithms() {
    for op in [UnaryOp::Log, UnaryOp::Log2, UnaryOp::Log10] {
        check_unary(
            op,
            &[Positive, Between(0.5, 2.0), Near(1.0), Powers(-8.0, 8.0)],
        );
    }
    check_unary(
        UnaryOp::Log1p,
        &[
            Any,
            Between(-1.0, 1.0),
            Powers(-80.0, 2.0),
            Near(-1.0),
            Between(-1.0, 10.0),
        ],
    );
}

#[test]
fn angles() {
    for op in [UnaryOp::Sin, UnaryOp::Cos, UnaryOp::Tan] {
        check_unary(
            op,
            &[
                Any,
                Between(-4.0, 4.0),
                Between(-1e3, 1e3),
                Powers(-80.0, 30.0),
                Powers(20.0, 60.0),
                Quadrants,
            ],
        );
    }
}

#[test]
fn inverse_angles() {
    for op in [UnaryOp::Asin, UnaryOp::Acos] {
        check_unary(
            op,
            &[
                Between(-1.0, 1.0),
                Powers(-80.0, 0.0),
                Near(1.0),
                Near(-1.0),
                Near(0.5),
            ],
        );
    }
    check_unary(
        UnaryOp::Atan,
        &[Any, Between(-3.0, 3.0), Powers(-80.0, 80.0)],
    );
}

#[test]
fn hyperbolic_functions() {
    for op in [UnaryOp::Sinh, UnaryOp::Cosh, UnaryOp::Tanh] {
        check_unary(
            op,
            &[
                Any,
                Between(-90.0, 90.0),
                Between(-1.5, 1.5),
                Between(-711.0, 711.0),
                Powers(-60.0, 3.0),
            ],
        );
    }
    check_unary(
        UnaryOp::Asinh,
        &[Any, Between(-20.0, 20.0), Powers(-60.0, 60.0)],
    );
    check_unary(
        UnaryOp::Acosh,
        &[
            Positive,
            Between(1.0, 20.0),
            PositivePowers(0.0, 60.0),
            Near(1.0),
        ],
    );
    check_unary(
        UnaryOp::Atanh,
        &[
            Between(-1.0, 1.0),
            Powers(-60.0, 0.0),
            Near(1.0),
            Near(-1.0),
        ],
    );
}

#[test]
fn what_is_correctly_rounded() {
    on_each(|gpu| {
        for op in [
            UnaryOp::Sqrt,
            UnaryOp::Reciprocal,
            UnaryOp::Square,
            UnaryOp::Abs,
            UnaryOp::Negative,
            UnaryOp::Sign,
        ] {
            check::<f32>(
                gpu,
                Function::Unary(op),
                &[&[Any], &[Powers(-20.0, 20.0)]],
                0.500_001,
            );
            check::<f64>(
                gpu,
                Function::Unary(op),
                &[&[Any], &[Powers(-20.0, 20.0)]],
                0.500_001,
            );
        }
        for op in [
            UnaryOp::Floor,
            UnaryOp::Ceil,
            UnaryOp::Trunc,
            UnaryOp::Round,
        ] {
            let points: [&[Points]; 5] = [
                &[Any],
                &[Between(-10.0, 10.0)],
                &[Powers(-4.0, 30.0)],
                &[Powers(20.0, 55.0)],
                &[Near(2.5)],
            ];
            check::<f32>(gpu, Function::Unary(op), &points, 0.0);
            check::<f64>(gpu, Function::Unary(op), &points, 0.0);
        }
        for op in [
            BinaryOp::Add,
            BinaryOp::Subtract,
            BinaryOp::Multiply,
            BinaryOp::Divide,
        ] {
            let points: [&[Points]; 2] = [&[Any, Any], &[Powers(-20.0, 20.0), Powers(-20.0, 20.0)]];
            check::<f32>(gpu, Function::Binary(op), &points, 0.500_001);
            check::<f64>(gpu, Function::Binary(op), &points, 0.500_001);
        }
        // Neither numbers that some devices take for 0, nor quotients without room for a fraction.
        for op in [
            BinaryOp::Remainder,
            BinaryOp::FloorDivide,
            BinaryOp::Maximum,
            BinaryOp::Minimum,
            BinaryOp::Copysign,
        ] {
            let points: [&[Points]; 3] = [
                &[Powers(-10.0, 10.0), Powers(-10.0, 10.0)],
                &[Between(-100.0, 100.0), Between(-3.0, 3.0)],
                &[Powers(0.0, 20.0), Powers(0.0, 10.0)],
            ];
            check::<f32>(gpu, Function::Binary(op), &points, 0.500_001);
            check::<f64>(gpu, Function::Binary(op), &points, 0.0);
        }
    });
}

#[test]
fn remainders_are_exact_at_any_distance() {
    on_each(|gpu| {
        check::<f32>(
            gpu,
            Function::Binary(BinaryOp::Remainder),
            &[&[Powers(-60.0, 127.0), Powers(-60.0, 60.0)]],
            0.500_001,
        );
        check::<f64>(
            gpu,
            Function::Binary(BinaryOp::Remainder),
            &[&[Powers(-900.0, 1023.0), Powers(-900.0, 900.0)]],
            0.0,
        );
    });
}

#[test]
fn powers_and_lengths() {
    on_each(|gpu| {
        let pow: [&[Points]; 5] = [
            &[Positive, Between(-2.0, 2.0)],
            &[Between(0.5, 2.0), Between(-500.0, 500.0)],
            &[Near(1.0), Powers(0.0, 70.0)],
            &[PositivePowers(-20.0, 20.0), Powers(-6.0, 6.0)],
            &[Any, Any],
        ];
        let plane: [&[Points]; 3] = [
            &[Any, Any],
            &[Between(-2.0, 2.0), Between(-2.0, 2.0)],
            &[Powers(-10.0, 10.0), Powers(-10.0, 10.0)],
        ];
        let sum: [&[Points]; 2] = [
            &[Between(-100.0, 100.0), Between(-100.0, 100.0)],
            &[Between(-1.0, 1.0), Between(-1.0, 1.0)],
        ];
        for (op, points) in [
            (BinaryOp::Pow, &pow[..]),
            (BinaryOp::Atan2, &plane),
            (BinaryOp::Hypot, &plane),
            (BinaryOp::Logaddexp, &sum),
        ] {
            check::<f32>(gpu, Function::Binary(op), points, ULP);
            check::<f64>(gpu, Function::Binary(op), points, ULP);
        }
    });
}
