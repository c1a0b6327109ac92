//! Kernels as NVRTC writes them: mathematical functions against Rust's, and harder shapes.

use ptx_sim::{Argument, Geometry, Machine, Module, Settings};

fn device(seed: u64) -> (Machine, Module) {
    let mut machine = Machine::new(Settings {
        seed,
        ..Settings::default()
    });
    let module = machine
        .load(include_str!("../kernels/functions.ptx"))
        .unwrap();
    (machine, module)
}

/// The greatest distance of a function from Rust's in units of the last place.
fn distance64(name: &str, values: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let (mut machine, module) = device(1);
    let (x, y) = (
        machine.upload(values).unwrap(),
        machine.upload(values).unwrap(),
    );
    let arguments = [x.into(), y.into(), (values.len() as u64).into()];
    machine
        .launch(&module, name, Geometry::linear(2, 64), &arguments)
        .unwrap();
    let found: Vec<f64> = machine.download(y, values.len()).unwrap();
    let far = found.iter().zip(values).map(|(found, &x)| {
        let expected = of(x);
        if *found == expected || found.is_nan() && expected.is_nan() {
            0.0
        } else {
            (found - expected).abs() / (expected.abs().next_up() - expected.abs())
        }
    });
    far.fold(0.0, f64::max)
}

fn distance32(name: &str, values: &[f32], of: impl Fn(f64) -> f64) -> f32 {
    let (mut machine, module) = device(1);
    let (x, y) = (
        machine.upload(values).unwrap(),
        machine.upload(values).unwrap(),
    );
    let arguments = [x.into(), y.into(), (values.len() as u64).into()];
    machine
        .launch(&module, name, Geometry::linear(2, 64), &arguments)
        .unwrap();
    let found: Vec<f32> = machine.download(y, values.len()).unwrap();
    let far = found.iter().zip(values).map(|(found, &x)| {
        let expected = of(f64::from(x)) as f32;
        if *found == expected || found.is_nan() && expected.is_nan() {
            0.0
        } else {
            (found - expected).abs() / (expected.abs().next_up() - expected.abs())
        }
    });
    far.fold(0.0, f32::max)
}

#[test]
fn functions_are_those_of_the_host() {
    let mut values: Vec<f64> = (1..500).map(|i| f64::from(i) * 0.037).collect();
    values.extend([0.0, f64::INFINITY, f64::NAN, 1e-300, 700.0]);
    let any: Vec<f64> = values
        .iter()
        .flat_map(|&v| [v, -v])
        .chain([1e12, -3e15, 1e300])
        .collect();
    for (name, values, of) in [
        ("sin_f64", &any, f64::sin as fn(f64) -> f64),
        ("exp_f64", &any, f64::exp),
        ("log_f64", &any, f64::ln),
        ("pow_f64", &values, |x| x.powf(1.25)),
        ("atan_f64", &any, f64::atan),
        ("cbrt_f64", &any, f64::cbrt),
        ("fmod_f64", &any, |x| x % 0.7),
        ("expm1_f64", &any, f64::exp_m1),
        ("rsqrt_f64", &values, |x| 1.0 / x.sqrt()),
    ] {
        let distance = distance64(name, values, of);
        assert!(distance <= 2.0, "{name} is {distance} units off");
    }
    let singles: Vec<f32> = any.iter().map(|&v| v as f32).collect();
    let positive: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    for (name, values, of) in [
        ("sin_f32", &singles, f64::sin as fn(f64) -> f64),
        ("log_f32", &positive, f64::ln),
        ("pow_f32", &positive, |x| x.powf(1.25)),
        ("tanh_f32", &singles, f64::tanh),
    ] {
        let distance = distance32(name, values, of);
        assert!(distance <= 2.0, "{name} is {distance} units off");
    }
}

#[test]
fn the_last_block_sums_whatever_the_order() {
    for seed in 0..10 {
        let (mut machine, module) = device(seed);
        let values: Vec<f32> = (0..1000).map(|i| (i % 10) as f32).collect();
        let x = machine.upload(&values).unwrap();
        let (part, out) = (machine.allocate(32).unwrap(), machine.allocate(4).unwrap());
        let arguments = [x.into(), part.into(), out.into(), 1000u64.into()];
        for _ in 0..2 {
            let geometry = Geometry::linear(8, 128);
            machine
                .launch(&module, "last_block_sum", geometry, &arguments)
                .unwrap();
            assert_eq!(machine.download::<f32>(out, 1).unwrap(), [4500.0]);
        }
        let (counter, size) = module.global("counter").unwrap();
        assert_eq!(
            (machine.download::<u32>(counter, 1).unwrap(), size),
            (vec![0], 4)
        );
    }
}

#[test]
fn equal_digits_stay_in_order() {
    let (mut machine, module) = device(3);
    let values: Vec<u32> = (0..32u32)
        .map(|i| i.wrapping_mul(2_654_435_761) >> 7)
        .collect();
    let mut sorted = values.clone();
    sorted.sort_by_key(|v| v >> 5 & 3);
    let starts: Vec<u32> = (0..4)
        .map(|digit| values.iter().filter(|&v| (v >> 5 & 3) < digit).count() as u32)
        .collect();
    let (x, y) = (
        machine.upload(&values).unwrap(),
        machine.allocate(128).unwrap(),
    );
    let starts = machine.upload(&starts).unwrap();
    let arguments = [x.into(), y.into(), starts.into(), 5i32.into()];
    machine
        .launch(&module, "digits", Geometry::linear(1, 32), &arguments)
        .unwrap();
    assert_eq!(machine.download::<u32>(y, 32).unwrap(), sorted);
}

#[test]
fn structs_are_passed_by_value() {
    let (mut machine, module) = device(4);
    let values: Vec<f64> = (0..24).map(f64::from).collect();
    let (x, y) = (
        machine.upload(&values).unwrap(),
        machine.allocate(192).unwrap(),
    );
    // A transposed view of 2 by 3 by 4: the axes are turned round.
    let view: [i64; 9] = [3, 4, 3, 2, 0, 1, 4, 12, 0];
    let arguments = [x.into(), Argument::from(view), y.into(), 24i64.into()];
    machine
        .launch(&module, "gather", Geometry::linear(1, 32), &arguments)
        .unwrap();
    let turned: Vec<f64> = machine.download(y, 24).unwrap();
    let at = |i: usize, j: usize, k: usize| turned[(i * 3 + j) * 2 + k];
    for (n, value) in values.iter().enumerate() {
        assert_eq!(at(n % 4, n / 4 % 3, n / 12), *value);
    }
}
