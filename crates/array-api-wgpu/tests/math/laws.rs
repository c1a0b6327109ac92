//! What holds exactly.

use array_api_spec::{BinaryOp, UnaryOp};

use super::device::{Float, Function, Random, has, on_each, run};
use array_api_wgpu::Wgpu;

fn all<T: Float>(gpu: &Wgpu, function: Function, arguments: &[&[f64]]) -> Vec<f64> {
    let columns: Vec<Vec<T>> = arguments
        .iter()
        .map(|c| c.iter().map(|&x| T::narrow(x)).collect())
        .collect();
    let parts: Vec<&[T]> = columns.iter().map(Vec::as_slice).collect();
    run(gpu, function, T::REAL, &parts)[0]
        .iter()
        .map(|&x| x.into())
        .collect()
}

fn logarithms_of_exact_powers<T: Float>(gpu: &Wgpu, exponents: std::ops::Range<i32>, tens: i32) {
    if !has::<T>(gpu) {
        return;
    }
    // In two steps, since `powi` goes through 2ᵏ for 2⁻ᵏ.
    let powers: Vec<f64> = exponents
        .clone()
        .map(|k| 2_f64.powi(k / 2) * 2_f64.powi(k - k / 2))
        .collect();
    let wanted: Vec<f64> = exponents.map(f64::from).collect();
    assert_eq!(
        all::<T>(gpu, Function::Unary(UnaryOp::Log2), &[&powers]),
        wanted
    );
    let powers: Vec<f64> = (0..tens).map(|k| 10_f64.powi(k)).collect();
    let wanted: Vec<f64> = (0..tens).map(f64::from).collect();
    assert_eq!(
        all::<T>(gpu, Function::Unary(UnaryOp::Log10), &[&powers]),
        wanted
    );
}

#[test]
fn logarithms_of_powers_are_integers() {
    on_each(|gpu| {
        logarithms_of_exact_powers::<f32>(gpu, -149..128, 11);
        logarithms_of_exact_powers::<f64>(gpu, -1074..1024, 23);
    });
}

#[test]
fn halves_round_to_even_with_their_sign() {
    on_each(|gpu| {
        let halves = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1_048_577.5];
        let wanted = [-2.0, -2.0, -0.0, 0.0, 2.0, 2.0, 1_048_578.0].map(f64::to_bits);
        let bits = |x: Vec<f64>| x.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(
            bits(all::<f32>(gpu, Function::Unary(UnaryOp::Round), &[&halves])),
            wanted
        );
        if has::<f64>(gpu) {
            assert_eq!(
                bits(all::<f64>(gpu, Function::Unary(UnaryOp::Round), &[&halves])),
                wanted
            );
        }
    });
}

#[test]
fn powers_of_integers_are_exact_where_they_fit() {
    on_each(|gpu| {
        let (base, exponent): (Vec<f64>, Vec<f64>) = (-7..8)
            .flat_map(|b| (0..8).map(move |e| (f64::from(b), f64::from(e))))
            .unzip();
        let wanted: Vec<f64> = base
            .iter()
            .zip(&exponent)
            .map(|(b, e)| b.powi(*e as i32))
            .collect();
        assert_eq!(
            all::<f32>(gpu, Function::Binary(BinaryOp::Pow), &[&base, &exponent]),
            wanted
        );
        if has::<f64>(gpu) {
            assert_eq!(
                all::<f64>(gpu, Function::Binary(BinaryOp::Pow), &[&base, &exponent]),
                wanted
            );
        }
    });
}

#[test]
fn neighbours_follow_each_other() {
    on_each(|gpu| {
        let mut random = Random(3);
        let x: Vec<f32> = (0..512)
            .map(|_| f32::from_bits(random.bits() as u32))
            .filter(|x| x.is_finite())
            .collect();
        let y: Vec<f32> = (0..x.len())
            .map(|_| f32::from_bits(random.bits() as u32))
            .collect();
        let [got, _] = run(
            gpu,
            Function::Binary(BinaryOp::Nextafter),
            array_api_spec::DType::Float32,
            &[&x, &y],
        );
        for ((&x, &y), got) in x.iter().zip(&y).zip(got) {
            let want = if y.is_nan() {
                f32::NAN
            } else if x < y {
                x.next_up()
            } else {
                x.next_down()
            };
            assert!(
                got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan(),
                "{x} → {y}: {got}, not {want}"
            );
        }
    });
}
