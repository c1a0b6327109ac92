use array_api_spec::{
    BinaryOp, Complex, DType, HostBuffer, Layout, Op, Program, ReduceOp, ScanOp, Strided,
    backend::{ElementwiseBackend, Initial, StatisticalBackend},
};
use proptest::prelude::*;

use super::super::testing::{
    difference, on_reference, program, ramp, reference_backend, reference_values, shape, values,
    view,
};
use super::{Fold, NdArray, Storage, Vectors, nan_reduce, reduction, scan::scan};

fn takes(op: ReduceOp, dtype: DType) -> bool {
    match op {
        ReduceOp::All | ReduceOp::Any => dtype == DType::Bool,
        ReduceOp::Sum | ReduceOp::Prod => dtype.is_numeric(),
        _ => dtype.is_integer() || dtype.is_real_floating(),
    }
}

fn kept(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    (0..shape.len())
        .filter(|k| !axes.contains(k))
        .map(|k| shape[k])
        .collect()
}

/// Asserts that two buffers hold the same values: integers equal, others within rounding.
fn assert_close(ours: &HostBuffer, theirs: &HostBuffer, what: &str) {
    let near = |a: f64, b: f64, tolerance: f64| {
        a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * a.abs().max(b.abs())
    };
    let same = match (ours, theirs) {
        (HostBuffer::Float32(a), HostBuffer::Float32(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(&a, &b)| near(a.into(), b.into(), 1e-6))
        }
        (HostBuffer::Float64(a), HostBuffer::Float64(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| near(a, b, 1e-13))
        }
        (HostBuffer::Complex64(a), HostBuffer::Complex64(b)) => {
            let near = |a: &Complex<f32>, b: &Complex<f32>| {
                (a - b).norm() <= 1e-5 * b.norm() || !b.is_finite()
            };
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b))
        }
        (HostBuffer::Complex128(a), HostBuffer::Complex128(b)) => {
            let near = |a: &Complex<f64>, b: &Complex<f64>| {
                (a - b).norm() <= 1e-12 * b.norm() || !b.is_finite()
            };
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b))
        }
        _ => ours == theirs,
    };
    assert!(same, "{what}\nours {ours:?}\ntheirs {theirs:?}");
}

fn check(op: ReduceOp, x: &Program<Storage>, axes: &[usize]) {
    let empty = axes.iter().any(|&k| x.shape[k] == 0);
    let chooses = !matches!(
        op,
        ReduceOp::Sum | ReduceOp::Prod | ReduceOp::All | ReduceOp::Any
    );
    if empty && chooses || !takes(op, x.dtype()) {
        return;
    }
    let arg = matches!(op, ReduceOp::Argmax | ReduceOp::Argmin);
    for dtype in if arg {
        vec![DType::Int64, DType::Int32]
    } else {
        vec![x.dtype()]
    } {
        let theirs = reference_backend()
            .reduce(op, &on_reference(x), axes, dtype)
            .expect("room");
        let theirs = reference_values(theirs, &kept(&x.shape, axes), dtype);
        let ours = NdArray.reduce(op, x, axes, dtype).expect("room");
        let what = format!(
            "{} over {axes:?} of {:?} {:?}",
            op.name(),
            x.shape,
            x.inputs.first()
        );
        assert_close(&values(&ours), &theirs, &what);
        if dtype != DType::Int32 {
            assert_close(&plainly(op, x, axes, dtype), &theirs, &what);
        }
    }
}

/// Without vector instructions.
fn plainly(op: ReduceOp, x: &Program<Storage>, axes: &[usize], dtype: DType) -> HostBuffer {
    let fold = Fold::new(op, x.dtype(), Vectors::Platform);
    let count = kept(&x.shape, axes).iter().product();
    // SAFETY: all results are written.
    let out = unsafe {
        Storage::build_raw(dtype, count, |out| {
            reduction::reduce(x, axes, fold, 0.0, out, dtype.size(), Vectors::Platform);
            Ok(())
        })
    };
    values(&out.expect("room"))
}

fn subsets(n: usize) -> Vec<Vec<usize>> {
    (0..1 << n)
        .map(|bits: usize| (0..n).filter(|k| bits >> k & 1 == 1).collect())
        .collect()
}

#[test]
fn large_arrays_are_reduced_over_any_axes() {
    for dtype in [
        DType::Float64,
        DType::Float32,
        DType::Int32,
        DType::UInt8,
        DType::Bool,
        DType::Complex64,
    ] {
        for shape in [
            &[250_000][..],
            &[400, 300],
            &[3, 70_000],
            &[100_000, 2],
            &[90, 2500],
            &[30, 20, 50],
        ] {
            let n: usize = shape.iter().product();
            let x = Strided::contiguous(ramp(dtype, n), shape, dtype);
            let reversed: Vec<usize> = (0..shape.len()).rev().collect();
            let turned = x.with_layout(x.layout.permute(&reversed));
            for op in ReduceOp::ALL
                .iter()
                .copied()
                .filter(|&op| takes(op, dtype) && op != ReduceOp::Prod)
            {
                for axes in subsets(shape.len()).into_iter().filter(|a| !a.is_empty()) {
                    check(op, &Program::input(x.clone()), &axes);
                    if shape.len() > 1 {
                        check(op, &Program::input(turned.clone()), &axes);
                    }
                }
            }
        }
    }
}

#[test]
fn programs_are_reduced_as_they_are_computed() {
    let f = DType::Float64;
    for shape in [[500, 300], [300, 500]] {
        let x = Strided::contiguous(ramp(f, 150_000), &shape, f);
        let row = Strided {
            storage: ramp(f, shape[1]),
            layout: Layout::contiguous(&shape[1..]).broadcast_to(&shape),
            dtype: f,
        };
        for axes in subsets(2) {
            for op in [ReduceOp::Sum, ReduceOp::Max, ReduceOp::Argmin] {
                check(op, &difference(x.clone(), row.clone()), &axes);
            }
        }
    }
    let indices = program(&[40, 50], vec![], &[(Op::Index(1), DType::Int32)]);
    for axes in subsets(2) {
        check(ReduceOp::Sum, &indices, &axes);
        check(ReduceOp::Argmax, &indices, &axes);
    }
}

#[test]
fn nan_is_the_extreme_and_the_first_one_counts() {
    let n = 3000;
    let mut x = vec![1.0_f64; 2 * n];
    (x[7], x[n - 3], x[n - 1]) = (5.0, f64::NAN, f64::NAN);
    (x[n + 100], x[n + 900]) = (9.0, 9.0);
    let x = Strided::contiguous(x.into(), &[2, n], DType::Float64);
    for p in [x.clone(), x.with_layout(x.layout.permute(&[1, 0]))].map(Program::input) {
        for axes in subsets(2) {
            for op in [
                ReduceOp::Max,
                ReduceOp::Min,
                ReduceOp::Argmax,
                ReduceOp::Argmin,
            ] {
                check(op, &p, &axes);
            }
        }
    }
    let p = Program::input(x);
    let positions = NdArray
        .reduce(ReduceOp::Argmax, &p, &[1], DType::Int64)
        .expect("room");
    assert_eq!(positions.slice::<i64>(), [n as i64 - 3, 100]);
    let skipping = nan_reduce(ReduceOp::Max, &p, &[1])
        .expect("there")
        .expect("room");
    assert_eq!(skipping.slice::<f64>(), [5.0, 9.0]);
}

#[test]
fn nan_is_skipped_and_nothing_else() {
    let x: Vec<f32> = vec![
        f32::NAN,
        2.0,
        -1.0,
        f32::NAN,
        f32::NAN,
        f32::NAN,
        f32::INFINITY,
        f32::NAN,
        1.0,
    ];
    let p = Program::input(Strided::contiguous(x.into(), &[3, 3], DType::Float32));
    let reduce = |op| values(&nan_reduce(op, &p, &[1]).expect("there").expect("room"));
    assert_eq!(
        reduce(ReduceOp::Sum),
        HostBuffer::Float32(vec![1.0, 0.0, f32::INFINITY])
    );
    for (op, expected) in [
        (ReduceOp::Max, [2.0, f32::NAN, f32::INFINITY]),
        (ReduceOp::Min, [-1.0, f32::NAN, 1.0]),
    ] {
        assert_eq!(
            format!("{:?}", reduce(op)),
            format!("{:?}", HostBuffer::Float32(expected.to_vec()))
        );
    }
    assert!(nan_reduce(ReduceOp::Prod, &p, &[1]).is_none());
}

#[test]
fn single_precision_sums_lose_nothing_on_the_way() {
    let n = 1 << 20;
    for shape in [vec![n], vec![n / 4, 4], vec![1024, n / 1024]] {
        let x = Program::input(Strided::contiguous(
            vec![0.1_f32; n].into(),
            &shape,
            DType::Float32,
        ));
        let sum = NdArray
            .reduce(ReduceOp::Sum, &x, &[0], DType::Float32)
            .expect("room");
        let expected = (f64::from(0.1_f32) * shape[0] as f64) as f32;
        assert!(
            sum.slice::<f32>().iter().all(|&s| s == expected),
            "{shape:?} {sum:?}"
        );
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let n = 300_000;
    let x: Vec<f64> = (0..n).map(|k| (k as f64 * 0.37).sin() * 1e3).collect();
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("threads");
    let five = rayon::ThreadPoolBuilder::new()
        .num_threads(5)
        .build()
        .expect("threads");
    for shape in [vec![n], vec![n / 3, 3], vec![300, n / 300]] {
        let x = Program::input(Strided::contiguous(
            x.clone().into(),
            &shape,
            DType::Float64,
        ));
        let sum = || {
            values(
                &NdArray
                    .reduce(ReduceOp::Sum, &x, &[0], DType::Float64)
                    .expect("room"),
            )
        };
        assert_eq!(one.install(sum), five.install(sum));
        let variance = || {
            values(
                &NdArray
                    .variance(&x, &[0], 1.0)
                    .expect("there")
                    .expect("room"),
            )
        };
        assert_eq!(one.install(variance), five.install(variance));
    }
}

/// Two passes in double precision.
fn plain_variance(x: &[f64], correction: f64) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let mean = mean + x.iter().map(|x| x - mean).sum::<f64>() / n;
    x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - correction)
}

#[test]
fn variance_is_accurate_far_from_zero_and_beside_an_outlier() {
    for (rows, columns) in [
        (1, 5),
        (7, 1),
        (50_000, 3),
        (900, 300),
        (3, 4000),
        (70_000, 1),
    ] {
        for (offset, first) in [(0.0, 0.0), (1e6, 1e6), (0.0, 1e5)] {
            let x: Vec<f64> = (0..rows * columns)
                .map(|k| if k < columns { first } else { offset } + (k as f64 * 0.618).fract())
                .collect();
            let of_column: Vec<f64> = (0..columns)
                .map(|j| {
                    plain_variance(
                        &x.iter()
                            .skip(j)
                            .step_by(columns)
                            .copied()
                            .collect::<Vec<_>>(),
                        1.0,
                    )
                })
                .collect();
            let of_row: Vec<f64> = x
                .chunks(columns)
                .map(|row| plain_variance(row, 0.0))
                .collect();
            let p = Program::input(Strided::contiguous(
                x.into(),
                &[rows, columns],
                DType::Float64,
            ));
            let ours = NdArray
                .variance(&p, &[0], 1.0)
                .expect("there")
                .expect("room");
            let close =
                |a: f64, b: f64| a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-9 * b + 1e-12;
            for (&ours, theirs) in ours.slice::<f64>().iter().zip(of_column) {
                assert!(
                    close(ours, theirs),
                    "{rows} × {columns}, {offset}, {first}: {ours} {theirs}"
                );
            }
            let ours = NdArray
                .variance(&p, &[1], 0.0)
                .expect("there")
                .expect("room");
            for (&ours, theirs) in ours.slice::<f64>().iter().zip(of_row) {
                assert!(
                    close(ours, theirs),
                    "{rows} × {columns}, {offset}, {first}: {ours} {theirs}"
                );
            }
        }
    }
}

#[test]
fn variance_without_degrees_of_freedom_is_nan() {
    let x = |n: usize| {
        Program::input(Strided::contiguous(
            vec![2.5_f32; n].into(),
            &[n],
            DType::Float32,
        ))
    };
    let variance = |n, correction| {
        NdArray
            .variance(&x(n), &[0], correction)
            .expect("there")
            .expect("room")
    };
    assert_eq!(variance(4, 1.0).slice::<f32>(), [0.0]);
    assert!(variance(1, 1.0).slice::<f32>()[0].is_nan());
    assert!(variance(2, 3.0).slice::<f32>()[0].is_nan());
    assert!(variance(0, 0.0).slice::<f32>()[0].is_nan());
    let integers = Program::input(Strided::contiguous(vec![1_i32].into(), &[1], DType::Int32));
    assert!(NdArray.variance(&integers, &[0], 0.0).is_none());
}

#[test]
fn integers_wrap() {
    let x = Program::input(Strided::contiguous(
        vec![i8::MAX; 300].into(),
        &[300],
        DType::Int8,
    ));
    for (op, initial) in [(ReduceOp::Sum, 0_i8), (ReduceOp::Prod, 1)] {
        let expected = (0..300).fold(initial, |acc, _| match op {
            ReduceOp::Sum => acc.wrapping_add(i8::MAX),
            _ => acc.wrapping_mul(i8::MAX),
        });
        let ours = NdArray.reduce(op, &x, &[0], DType::Int8).expect("room");
        assert_eq!(ours.slice::<i8>(), [expected]);
    }
}

fn check_scan(op: ScanOp, x: &Program<Storage>, axis: usize) {
    for initial in [Initial::Omitted, Initial::Included] {
        let mut shape = x.shape.clone();
        shape[axis] += initial.length();
        let theirs = reference_backend()
            .scan(op, &on_reference(x), axis, initial)
            .expect("room");
        let theirs = reference_values(theirs, &shape, x.dtype());
        let ours = NdArray.scan(op, x, axis, initial).expect("room");
        let what = format!(
            "{op:?} along {axis} of {:?} {:?}",
            x.shape,
            x.inputs.first()
        );
        assert_close(&values(&ours), &theirs, &what);
        let plain = scan(op, x, axis, initial, Vectors::Platform).expect("room");
        assert_close(&values(&plain), &theirs, &what);
    }
}

#[test]
fn large_arrays_are_scanned_along_any_axis() {
    for dtype in [
        DType::Float64,
        DType::Float32,
        DType::Int16,
        DType::Complex128,
    ] {
        for shape in [
            &[5000][..],
            &[300, 400],
            &[3000, 3],
            &[20, 1500],
            &[30, 20, 50],
        ] {
            let n: usize = shape.iter().product();
            let x = Strided::contiguous(ramp(dtype, n), shape, dtype);
            for axis in 0..shape.len() {
                check_scan(ScanOp::Sum, &Program::input(x.clone()), axis);
                let twice = [
                    (Op::Input(0), dtype),
                    (Op::Binary(BinaryOp::Add, 0, 0), dtype),
                ];
                check_scan(ScanOp::Sum, &program(shape, vec![x.clone()], &twice), axis);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn views_of_every_kind_are_reduced_and_scanned(
        (x, axes) in (shape(), prop::sample::select(DType::ALL.to_vec()))
            .prop_flat_map(|(shape, dtype)| {
                let n = shape.len();
                (view(shape, dtype), prop::sample::subsequence((0..n).collect::<Vec<_>>(), 0..=n))
            })
    ) {
        let p = Program::input(x.clone());
        for &op in ReduceOp::ALL {
            // Products of many numbers are a matter of overflow: small ones tell as much.
            if op != ReduceOp::Prod || x.dtype.is_integer() || p.size() < 20 {
                check(op, &p, &axes);
            }
        }
        if x.dtype != DType::Bool && !x.shape().is_empty() {
            let axis = axes.first().copied().unwrap_or(0);
            check_scan(ScanOp::Sum, &p, axis);
            if x.dtype.is_integer() {
                check_scan(ScanOp::Prod, &p, axis);
            }
        }
        prop_assert_eq!(values(&NdArray.evaluate(&p).expect("room")).len(), p.size());
    }
}
