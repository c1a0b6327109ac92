use array_api_spec::{
    Accepts, BinaryOp, Complex, DType, HostBuffer, Layout, Op, Program, Scalar, Strided, UnaryOp,
    backend::{ArrayObjectBackend, ElementwiseBackend},
    dispatch,
};
use proptest::prelude::*;

use super::super::testing::{
    assert_same_evaluation, difference, on_reference, program, ramp, reference_backend,
    reference_values, shape, values, view,
};
use super::{NdArray, Storage, Vectors, write};

/// Values at which functions change their formula or have special cases.
const EDGES: [f64; 44] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -2.0,
    0.1,
    -0.1,
    3.0,
    0.25,
    10.0,
    -10.0,
    1e-5,
    -1e-5,
    1e-300,
    1e-310,
    -1e-310,
    1e-40,
    -1e-40,
    0.999_999_9,
    1.000_000_1,
    -0.999_999_9,
    20.0,
    -37.5,
    88.5,
    -103.0,
    709.7,
    -745.0,
    1000.0,
    -1000.0,
    1e10,
    1e17,
    71_475.5,
    80_000.0,
    2e6,
    1e300,
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    -2.5,
];

/// Tame values, for which blocks stay on the vectorised path.
fn tame(k: usize, low: f64, high: f64) -> f64 {
    // The golden ratio's multiples fill an interval evenly.
    low + (high - low) * (k as f64 * 0.618_033_988_749_894_9).fract()
}

fn evaluate(program: &Program<Storage>, vectors: Vectors) -> HostBuffer {
    // SAFETY: `write` fills the whole buffer with elements of the program's dtype.
    let out = unsafe {
        Storage::build_raw(program.dtype(), program.size(), |out| {
            write(program, &Layout::contiguous(&program.shape), out, vectors);
            Ok(())
        })
    };
    values(&out.expect("room"))
}

/// Distance in units in the last place, infinite where one is NaN or of another sign than the other.
fn ulps(ours: &HostBuffer, theirs: &HostBuffer) -> f64 {
    let distance = |a: f64, b: f64, single: bool| {
        if a.is_nan() && b.is_nan() || a == b && a.is_sign_negative() == b.is_sign_negative() {
            0.0
        } else if !a.is_finite() || !b.is_finite() || a.is_sign_negative() != b.is_sign_negative() {
            f64::INFINITY
        } else if single {
            f64::from((a as f32).to_bits().abs_diff((b as f32).to_bits()))
        } else {
            a.to_bits().abs_diff(b.to_bits()) as f64
        }
    };
    let all = |pairs: &mut dyn Iterator<Item = (f64, f64)>, single: bool| {
        pairs
            .map(|(a, b)| distance(a, b, single))
            .fold(0.0, f64::max)
    };
    match (ours, theirs) {
        (HostBuffer::Float32(a), HostBuffer::Float32(b)) => all(
            &mut a.iter().zip(b).map(|(&a, &b)| (a.into(), b.into())),
            true,
        ),
        (HostBuffer::Float64(a), HostBuffer::Float64(b)) => {
            all(&mut a.iter().zip(b).map(|(&a, &b)| (a, b)), false)
        }
        _ if format!("{ours:?}") == format!("{theirs:?}") => 0.0,
        _ => f64::INFINITY,
    }
}

fn reals(dtype: DType, values: &[f64]) -> Storage {
    match dtype {
        DType::Float32 => values.iter().map(|&x| x as f32).collect::<Vec<_>>().into(),
        DType::Complex64 => {
            let pairs = values
                .iter()
                .flat_map(|&a| EDGES.map(|b| Complex::new(a as f32, b as f32)));
            pairs.collect::<Vec<_>>().into()
        }
        DType::Complex128 => values
            .iter()
            .flat_map(|&a| EDGES.map(|b| Complex::new(a, b)))
            .collect::<Vec<_>>()
            .into(),
        DType::Float64 => values.to_vec().into(),
        _ => ramp(dtype, 300),
    }
}

fn check_unary(op: UnaryOp, dtype: DType, values: &[f64], bound: f64) {
    let storage = reals(dtype, values);
    let x = Strided::contiguous(storage.clone(), &[storage.len()], dtype);
    let p = program(
        x.shape(),
        vec![x.clone()],
        &[
            (Op::Input(0), dtype),
            (Op::Unary(op, 0), op.returns().dtype(dtype)),
        ],
    );
    let theirs = reference_backend()
        .evaluate(&on_reference(&p))
        .expect("room");
    let theirs = reference_values(theirs, &p.shape, p.dtype());
    for vectors in Vectors::all() {
        let ours = evaluate(&p, vectors);
        let error = ulps(&ours, &theirs);
        assert!(
            error <= bound,
            "{} {dtype} {vectors:?}: {error} ulp\n{ours:?}\n{theirs:?}",
            op.name()
        );
    }
}

#[test]
fn every_unary_loop_agrees_with_the_function_on_single_values() {
    for dtype in DType::ALL {
        for &op in UnaryOp::ALL
            .iter()
            .filter(|op| op.accepts().contains(dtype))
        {
            // Each edge among its equals, too: a block of one value takes the vectorised path if that value may.
            check_unary(op, dtype, &EDGES, 4.0);
            for &x in EDGES.iter().filter(|_| dtype.is_real_floating()) {
                check_unary(op, dtype, &[x; 5], 4.0);
            }
        }
    }
}

#[test]
fn vectorised_functions_stay_within_four_ulp_over_their_range() {
    for dtype in [DType::Float32, DType::Float64] {
        for &op in UnaryOp::ALL
            .iter()
            .filter(|op| op.accepts() == Accepts::Floating)
        {
            for (low, high) in [
                (-1.0, 1.0),
                (-5.0, 5.0),
                (-80.0, 80.0),
                (1e-3, 3.0),
                (-700.0, 700.0),
                (1e5, 1e6),
                (-1e-6, 1e-6),
            ] {
                let values: Vec<f64> = (0..20_000).map(|k| tame(k, low, high)).collect();
                check_unary(op, dtype, &values, 4.0);
            }
        }
    }
}

#[test]
fn every_binary_loop_agrees_with_the_function_on_single_values() {
    for dtype in DType::ALL {
        for &op in BinaryOp::ALL
            .iter()
            .filter(|op| op.accepts().contains(dtype))
        {
            let storage = if dtype.is_complex() {
                ramp(dtype, 40)
            } else {
                reals(dtype, &EDGES)
            };
            let n = storage.len();
            // Every value with every other.
            let x = Layout::new(&[n, n], &[1, 0], 0);
            let y = Layout::new(&[n, n], &[0, 1], 0);
            let x = Strided {
                storage: storage.clone(),
                layout: x,
                dtype,
            };
            check_binary(op, x.clone(), x.with_layout(y));
            if dtype.is_real_floating() {
                let tame: Vec<f64> = (0..20_000).map(|k| tame(k, 0.01, 50.0)).collect();
                let x = Strided::contiguous(reals(dtype, &tame), &[20_000], dtype);
                check_binary(op, x.clone(), x.with_layout(x.layout.flip(0)));
            }
        }
    }
}

fn check_binary(op: BinaryOp, x: Strided<Storage>, y: Strided<Storage>) {
    let dtype = x.dtype;
    let steps = [
        (Op::Input(0), dtype),
        (Op::Input(1), dtype),
        (Op::Binary(op, 0, 1), op.returns().dtype(dtype)),
    ];
    let shape = x.shape().to_vec();
    let p = program(&shape, vec![x, y], &steps);
    let theirs = reference_backend()
        .evaluate(&on_reference(&p))
        .expect("room");
    let theirs = reference_values(theirs, &p.shape, p.dtype());
    for vectors in Vectors::all() {
        let ours = evaluate(&p, vectors);
        let error = ulps(&ours, &theirs);
        assert!(
            error <= 4.0,
            "{} {dtype} {vectors:?}: {error} ulp",
            op.name()
        );
    }
}

#[test]
fn every_conversion_agrees_with_astype_on_single_values() {
    for from in DType::ALL {
        for to in DType::ALL
            .into_iter()
            .filter(|to| to.is_complex() || !from.is_complex() || *to == DType::Bool)
        {
            let storage = if from.is_complex() {
                ramp(from, 50)
            } else {
                reals(from, &EDGES)
            };
            let x = Strided::contiguous(storage.clone(), &[storage.len()], from);
            let p = program(
                x.shape(),
                vec![x.clone()],
                &[(Op::Input(0), from), (Op::Cast(0), to)],
            );
            assert_same_evaluation(&p);
            assert_eq!(
                format!("{:?}", evaluate(&p, Vectors::available())),
                format!("{:?}", evaluate(&p, Vectors::Platform)),
                "{from} → {to}"
            );
        }
    }
}

#[test]
fn selection_takes_every_dtype() {
    for dtype in DType::ALL {
        let n = 3000;
        let inputs = vec![
            Strided::contiguous(ramp(DType::Bool, n), &[n], DType::Bool),
            Strided::contiguous(ramp(dtype, n), &[n], dtype),
            Strided {
                storage: ramp(dtype, n),
                layout: Layout::contiguous(&[n]).flip(0),
                dtype,
            },
        ];
        let steps = [
            (Op::Input(0), DType::Bool),
            (Op::Input(1), dtype),
            (Op::Input(2), dtype),
            (Op::Select(0, 1, 2), dtype),
        ];
        let p = program(&[n], inputs, &steps);
        assert_same_evaluation(&p);
        assert_eq!(
            evaluate(&p, Vectors::available()),
            evaluate(&p, Vectors::Platform)
        );
    }
}

#[test]
fn constants_and_indices_need_no_input() {
    for dtype in DType::ALL {
        let value = match dtype {
            DType::Bool => Scalar::Bool(true),
            d if d.is_complex() => Scalar::Complex(Complex::new(1.5, -2.0)),
            d if d.is_real_floating() => Scalar::Float(-0.0),
            _ => Scalar::Int(7),
        };
        for shape in [&[][..], &[0], &[5], &[3000], &[2, 0, 3]] {
            assert_same_evaluation(&Program::scalar(shape, value, dtype));
        }
        if dtype.is_integer() || dtype.is_real_floating() {
            for axis in 0..3 {
                assert_same_evaluation(&program(&[5, 6, 100], vec![], &[(Op::Index(axis), dtype)]));
            }
        }
    }
    let dtype = DType::Int64;
    let steps = [
        (Op::Index(0), dtype),
        (Op::Index(1), dtype),
        (Op::Binary(BinaryOp::LessEqual, 0, 1), DType::Bool),
    ];
    assert_same_evaluation(&program(&[70, 90], vec![], &steps));
}

#[test]
fn powers_of_two_are_squares_and_long_programs_reuse_buffers() {
    let x = Strided::contiguous(ramp(DType::Float64, 5000), &[5000], DType::Float64);
    let f = DType::Float64;
    let mut steps = vec![
        (Op::Input(0), f),
        (Op::Scalar(Scalar::Float(2.0)), f),
        (Op::Binary(BinaryOp::Pow, 0, 1), f),
    ];
    for k in 3..40 {
        steps.push((Op::Binary(BinaryOp::Maximum, k - 1, k % 3), f));
        steps.push((Op::Binary(BinaryOp::Subtract, k, k - 2), f));
    }
    assert_same_evaluation(&program(&[5000], vec![x], &steps));
}

#[test]
fn memory_orders_are_brought_together_in_tiles() {
    for shape in [&[100, 70][..], &[3, 64, 65], &[40, 3, 33], &[300, 300]] {
        let n: usize = shape.iter().product();
        for dtype in [DType::Float64, DType::Int16, DType::Complex128] {
            let rows = Strided::contiguous(ramp(dtype, n), shape, dtype);
            let mut reversed: Vec<usize> = shape.to_vec();
            reversed.reverse();
            let axes: Vec<usize> = (0..shape.len()).rev().collect();
            let columns = Strided {
                storage: ramp(dtype, n),
                layout: Layout::contiguous(&reversed).permute(&axes),
                dtype,
            };
            assert_same_evaluation(&Program::input(columns.clone()));
            assert_same_evaluation(&difference(rows, columns));
        }
    }
}

#[test]
fn large_arrays_are_shared_out_among_threads() {
    let (n, f) = (700, DType::Float64);
    let x = Strided::contiguous(ramp(f, n * n), &[n, n], f);
    let row = Strided {
        storage: ramp(f, n),
        layout: Layout::contiguous(&[n]).broadcast_to(&[n, n]),
        dtype: f,
    };
    assert_same_evaluation(&difference(x.clone(), row));
    assert_same_evaluation(&difference(
        x.clone(),
        x.with_layout(x.layout.permute(&[1, 0])),
    ));
}

#[test]
fn assignment_writes_the_region_alone_and_copies_what_is_shared() {
    let f = DType::Float64;
    let mut target = Strided::contiguous(ramp(f, 12), &[3, 4], f);
    let before = target.storage.slice::<f64>().to_vec();
    let address = target.storage.start();
    let region = target.layout.slice(1, 3, 2, -2).flip(0);
    NdArray
        .assign(
            &mut target,
            &region,
            &Program::scalar(&[3, 2], Scalar::Float(5.0), f),
        )
        .expect("room");
    assert_eq!(target.storage.start(), address);
    let mut expected = before;
    region.positions().for_each(|p| expected[p] = 5.0);
    assert_eq!(target.storage.slice::<f64>(), expected);

    // The value is the target itself, shifted by one: old values are read.
    let shared = target.storage.clone();
    let source = target.with_layout(target.layout.slice(0, 0, 2, 1));
    let region = target.layout.slice(0, 1, 2, 1);
    NdArray
        .assign(&mut target, &region, &Program::input(source))
        .expect("room");
    assert_eq!(shared.slice::<f64>(), expected);
    let mut moved = expected.clone();
    moved[4..].copy_from_slice(&expected[..8]);
    assert_eq!(target.storage.slice::<f64>(), moved);

    let n = 300;
    let mut target = Strided::contiguous(ramp(f, n * n), &[n, n], f);
    let region = target.layout.permute(&[1, 0]);
    let source = Strided::contiguous(ramp(f, n * n + 1), &[n, n], f);
    NdArray
        .assign(&mut target, &region, &Program::input(source.clone()))
        .expect("room");
    let source = source.storage.slice::<f64>();
    assert!(
        region
            .positions()
            .enumerate()
            .all(|(k, p)| target.storage.slice::<f64>()[p] == source[k])
    );
}

/// A program of steps that a list of random numbers chooses, in which values live long and short.
fn random_program(shape: &[usize], choices: &[(u8, usize, usize, usize)]) -> Program<Storage> {
    let f = DType::Float64;
    let n = shape.iter().product();
    let row = Strided {
        storage: ramp(f, shape[1]),
        layout: Layout::contiguous(&shape[1..]).broadcast_to(shape),
        dtype: f,
    };
    let mut p = Program::input(Strided::contiguous(ramp(f, n), shape, f));
    for &(kind, a, b, c) in choices {
        let numbers: Vec<usize> = (0..p.steps.len())
            .filter(|&k| p.steps[k].dtype == f)
            .collect();
        let pick = |k: usize| numbers[k % numbers.len()];
        match kind {
            0 => p.push(Op::Scalar(Scalar::Float(a as f64 - 2.5)), f),
            1 => p.push_input(row.clone()),
            2 => p.push(Op::Index(a % 2), f),
            3 => p.push(Op::Unary(UnaryOp::Negative, pick(a)), f),
            4 => {
                let less = p.push(Op::Binary(BinaryOp::Less, pick(a), pick(b)), DType::Bool);
                p.push(Op::Select(less, pick(b), pick(c)), f)
            }
            _ => p.push(Op::Binary(BinaryOp::Subtract, pick(a), pick(b)), f),
        };
    }
    // The last step is the result, and it is a new one.
    let last = p.steps.len() - 1;
    let last = if p.steps[last].dtype == f { last } else { 0 };
    p.steps.push(array_api_spec::Step {
        op: Op::Binary(BinaryOp::Maximum, last, 0),
        dtype: f,
    });
    p
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn buffers_keep_what_is_still_needed(
        shape in prop::sample::select(vec![[3, 4], [2, 700], [40, 300]]),
        choices in prop::collection::vec((0..8_u8, 0..64_usize, 0..64_usize, 0..64_usize), 1..40)
    ) {
        assert_same_evaluation(&random_program(&shape, &choices));
    }

    #[test]
    fn views_of_every_kind_are_read_as_positions_says(
        (x, y) in (shape(), prop::sample::select(DType::ALL.to_vec()))
            .prop_flat_map(|(shape, dtype)| (view(shape.clone(), dtype), view(shape, dtype)))
    ) {
        let read = |x: &Strided<Storage>| -> HostBuffer {
            dispatch!(x.dtype, T => {
                let all = x.storage.slice::<T>();
                <T as array_api_spec::Element>::into_buffer(x.layout.positions().map(|p| all[p]).collect())
            })
        };
        prop_assert_eq!(NdArray.download(&x).expect("room"), read(&x));
        let copy = Program::input(x.clone());
        prop_assert_eq!(values(&NdArray.evaluate(&copy).expect("room")), read(&x));
        if x.dtype != DType::Bool {
            let steps = [(Op::Input(0), x.dtype), (Op::Input(1), x.dtype), (Op::Binary(BinaryOp::Multiply, 0, 1), x.dtype)];
            let shape = x.shape().to_vec();
            assert_same_evaluation(&program(&shape, vec![x, y], &steps));
        }
    }
}

#[test]
fn a_constant_outlives_the_steps_before_its_own() {
    let xp = crate::cpu();
    let x = xp.asarray([[1.0, 2.0], [4.0, 5.0]]).expect("a good array");
    // By the time that 1.0 is named, buffers of the comparison are free; it is filled before they are used.
    let limit = xp.asarray(0.5).expect("a good array");
    let chosen = xp.where_(xp.greater(&x, limit + 2.0), 1.0 / &x, 0.0).eval();
    let values: Vec<f64> = chosen.and_then(|c| c.to_vec()).expect("a good expression");
    assert_eq!(values, [0.0, 0.0, 0.25, 0.2]);
    let identity = xp
        .eye(2, 2, 0, DType::Float64)
        .and_then(|i| i.to_vec::<f64>());
    assert_eq!(identity.expect("a good array"), [1.0, 0.0, 0.0, 1.0]);
}
