//! Accuracy of complex functions on random points, against the reference in double precision.

use array_api_spec::reference::math::{Arithmetic, BinaryFunction, UnaryFunction};
use array_api_spec::{BinaryOp, Complex, UnaryOp};

use super::device::{Float, Function, Random, has, on_each, run};
use array_api_wgpu::Wgpu;

/// Error that is allowed, in units of the modulus' last place. That of the reference in `complex128` comes on top.
const UNITS: f64 = 8.0;

/// Squares, rings, surroundings of the singular points, and the unit circle.
fn points<T: Float>(random: &mut Random) -> Vec<[T; 2]> {
    let mut points = Vec::new();
    let ring = |random: &mut Random, low: f64, high: f64| {
        let sign = if random.bits() & 1 == 0 { 1.0 } else { -1.0 };
        sign * random.between(low, high).exp2()
    };
    for _ in 0..512 {
        for side in [3.0, 30.0] {
            points.push([random.between(-side, side), random.between(-side, side)]);
        }
        for (low, high) in [(-30.0, 5.0), (-60.0, 60.0)] {
            points.push([ring(random, low, high), ring(random, low, high)]);
        }
        for (re, im) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
            points.push([
                re + ring(random, -20.0, -1.0),
                im + ring(random, -20.0, -1.0),
            ]);
        }
        let angle = random.between(-3.15, 3.15);
        points.push([angle.cos(), angle.sin()]);
    }
    points.iter().map(|z| z.map(T::narrow)).collect()
}

fn check<T: Float>(gpu: &Wgpu, function: Function, units: f64) {
    if !has::<T>(gpu) {
        return;
    }
    let mut random = Random(11);
    let arguments: Vec<Vec<[T; 2]>> = match function {
        Function::Unary(_) => vec![points(&mut random)],
        Function::Binary(_) => {
            let first = points(&mut random);
            let mut second: Vec<[T; 2]> = points(&mut random);
            second.rotate_left(5);
            vec![first, second]
        }
    };
    let columns: Vec<Vec<T>> = arguments
        .iter()
        .flat_map(|z| [0, 1].map(|part| z.iter().map(|z| z[part]).collect()))
        .collect();
    let parts: Vec<&[T]> = columns.iter().map(Vec::as_slice).collect();
    let [re, im] = run(gpu, function, T::COMPLEX, &parts);
    let (mut worst, mut place) = (0.0, String::new());
    let largest: f64 = if T::EPSILON == f64::EPSILON {
        f64::MAX
    } else {
        f32::MAX.into()
    };
    for i in 0..re.len() {
        let z: Vec<Complex<f64>> = arguments
            .iter()
            .map(|z| Complex::new(z[i][0].into(), z[i][1].into()))
            .collect();
        let want = match function {
            Function::Unary(op) => match Complex::<f64>::unary(op) {
                Some(UnaryFunction::Same(f)) => f(z[0]),
                Some(UnaryFunction::Real(f)) => f(z[0]).into(),
                other => panic!("{other:?}"),
            },
            Function::Binary(op) => match Complex::<f64>::binary(op) {
                Some(BinaryFunction::Same(f)) => f(z[0], z[1]),
                other => panic!("{other:?}"),
            },
        };
        // Neither results that overflow nor those that some devices take for 0.
        let modulus = want.re.hypot(want.im);
        if !(1e-30..largest / 2.0).contains(&modulus) {
            continue;
        }
        let got = Complex::new(re[i].into(), im[i].into());
        // exp(w log z) magnifies the error of its argument.
        let argument = if function.name() == "pow" {
            (z[1] * z[0].ln()).norm()
        } else {
            0.0
        };
        let error = (got - want).norm() / modulus / T::EPSILON / (1.0 + argument);
        if error > worst || error.is_nan() {
            (worst, place) = (error, format!("at {z:?}: {got}, not {want}"));
        }
    }
    println!(
        "{:12} {:10} {worst:6.3}  {place}",
        function.name(),
        T::COMPLEX.name()
    );
    assert!(
        worst <= units,
        "{} in {}: {worst} units {place}",
        function.name(),
        T::COMPLEX.name()
    );
}

#[test]
fn functions_of_one_complex_number() {
    use UnaryOp::{
        Abs, Acos, Acosh, Asin, Asinh, Atan, Atanh, Cos, Cosh, Exp, Expm1, Log, Log1p, Log2, Log10,
        Reciprocal, Sign, Sin, Sinh, Sqrt, Square, Tan, Tanh,
    };
    on_each(|gpu| {
        for op in [
            Abs, Acos, Acosh, Asin, Asinh, Atan, Atanh, Cos, Cosh, Exp, Expm1, Log, Log1p, Log2,
            Log10, Reciprocal, Sign, Sin, Sinh, Sqrt, Square, Tan, Tanh,
        ] {
            check::<f32>(gpu, Function::Unary(op), UNITS);
            check::<f64>(gpu, Function::Unary(op), 2.0 * UNITS);
        }
    });
}

#[test]
fn functions_of_two_complex_numbers() {
    on_each(|gpu| {
        for op in [
            BinaryOp::Add,
            BinaryOp::Subtract,
            BinaryOp::Multiply,
            BinaryOp::Divide,
            BinaryOp::Pow,
        ] {
            check::<f32>(gpu, Function::Binary(op), UNITS);
            check::<f64>(gpu, Function::Binary(op), 2.0 * UNITS);
        }
    });
}
