//! Every function against the reference backend, on adapter 0 as it is and without its 64-bit types.

use array_api_spec::{
    BinaryOp, Complex, DType, Error, HostBuffer, Layout, Op, Program, ReduceOp, Scalar, ScanOp, Strided, UnaryOp,
    backend::{
        ArrayObjectBackend, ElementwiseBackend, ExtraBackend, IndexingBackend, LinalgBackend, SortingBackend,
        StatisticalBackend,
    },
    reference::{self, Reference},
};

use crate::wgpu::{Types, Wgpu, adapters, fresh_backend};

/// A device and the truth about it.
struct Pair {
    gpu: Wgpu,
    truth: Reference,
}

/// One view on both devices.
struct Twins {
    gpu: Strided<<Wgpu as ArrayObjectBackend>::Storage>,
    truth: Strided<<Reference as ArrayObjectBackend>::Storage>,
}

/// Runs a test on the adapter as it is and with its 64-bit types masked.
fn on_each(test: impl Fn(&Pair)) {
    if adapters().is_empty() {
        println!("skipped: no adapter; `apt-get install mesa-vulkan-drivers` adds one");
        return;
    }
    for types in [Types::All, Types::Masked] {
        let gpu = fresh_backend(0, types).expect("opens");
        let wide = gpu.dtypes().contains(&DType::Float64);
        let truth = if wide {
            reference::namespace()
        } else {
            reference::narrow_namespace()
        };
        let truth = *truth.backend();
        let pair = Pair { gpu, truth };
        if types == Types::Masked {
            assert_eq!(pair.gpu.dtypes(), reference::narrow_namespace().backend().dtypes());
        }
        test(&pair);
    }
}

/// Values of a dtype without order, some of them equal, floating-point ones with NaN, zeros of both signs and ∞ if `special`.
fn values(dtype: DType, n: usize, special: bool) -> HostBuffer {
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ n as u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    };
    let mut real = || match next() % 16 {
        0 if special => f64::NAN,
        1 if special => -0.0,
        2 if special => f64::NEG_INFINITY,
        3 => 0.0,
        4 => 7.0,
        _ => (next() % 2001) as f64 / 64.0 - 15.0,
    };
    macro_rules! collect {
        ($variant:ident, $x:ident => $value:expr) => {
            HostBuffer::$variant(
                (0..n)
                    .map(|_| {
                        let $x = real();
                        $value
                    })
                    .collect(),
            )
        };
    }
    match dtype {
        DType::Bool => collect!(Bool, x => x > 3.0),
        DType::Int8 => collect!(Int8, x => (x * 9.0) as i64 as i8),
        DType::Int16 => collect!(Int16, x => (x * 2000.0) as i64 as i16),
        DType::Int32 => collect!(Int32, x => (x * 1e8) as i64 as i32),
        DType::Int64 => collect!(Int64, x => (x * 1e17) as i64),
        DType::UInt8 => collect!(UInt8, x => (x * 9.0) as i64 as u8),
        DType::UInt16 => collect!(UInt16, x => (x * 2000.0) as i64 as u16),
        DType::UInt32 => collect!(UInt32, x => (x * 1e8) as i64 as u32),
        DType::UInt64 => collect!(UInt64, x => (x * 1e17) as i64 as u64),
        DType::Float32 => collect!(Float32, x => x as f32),
        DType::Float64 => collect!(Float64, x => x),
        DType::Complex64 => HostBuffer::Complex64((0..n).map(|_| Complex::new(real() as f32, real() as f32)).collect()),
        DType::Complex128 => HostBuffer::Complex128((0..n).map(|_| Complex::new(real(), real())).collect()),
    }
}

impl Pair {
    fn twins(&self, buffer: HostBuffer, layout: Layout) -> Twins {
        let dtype = buffer.dtype();
        Twins {
            gpu: Strided {
                storage: self.gpu.upload(buffer.clone()).expect("room"),
                layout: layout.clone(),
                dtype,
            },
            truth: Strided {
                storage: self.truth.upload(buffer).expect("room"),
                layout,
                dtype,
            },
        }
    }

    fn contiguous(&self, buffer: HostBuffer, shape: &[usize]) -> Twins {
        self.twins(buffer, Layout::contiguous(shape))
    }

    /// What a storage of each holds, which must be the same up to `tolerance`, relative to the largest value.
    fn agree(
        &self,
        gpu: &<Wgpu as ArrayObjectBackend>::Storage,
        truth: &<Reference as ArrayObjectBackend>::Storage,
        shape: &[usize],
        dtype: DType,
        tolerance: f64,
        what: &str,
    ) {
        let gpu = self
            .gpu
            .download(&Strided::contiguous(gpu.clone(), shape, dtype))
            .expect("downloads");
        let truth = self
            .truth
            .download(&Strided::contiguous(truth.clone(), shape, dtype))
            .expect("downloads");
        assert_close(&gpu, &truth, tolerance, &format!("{what} on {}", self.gpu.device()));
    }

    fn integers(&self, x: Vec<i64>) -> HostBuffer {
        if self.gpu.dtypes().contains(&DType::Int64) {
            HostBuffer::Int64(x)
        } else {
            HostBuffer::Int32(x.into_iter().map(|x| x as i32).collect())
        }
    }

    fn index_dtype(&self) -> DType {
        self.integers(vec![]).dtype()
    }
}

fn parts(buffer: &HostBuffer) -> Option<Vec<f64>> {
    Some(match buffer {
        HostBuffer::Float32(x) => x.iter().map(|&x| x.into()).collect(),
        HostBuffer::Float64(x) => x.clone(),
        HostBuffer::Complex64(x) => x.iter().flat_map(|z| [z.re.into(), z.im.into()]).collect(),
        HostBuffer::Complex128(x) => x.iter().flat_map(|z| [z.re, z.im]).collect(),
        _ => return None,
    })
}

fn assert_close(gpu: &HostBuffer, truth: &HostBuffer, tolerance: f64, what: &str) {
    let (Some(a), Some(b)) = (parts(gpu), parts(truth)) else {
        assert_eq!(gpu, truth, "{what}");
        return;
    };
    assert_eq!(a.len(), b.len(), "{what}");
    let largest = b
        .iter()
        .copied()
        .filter(|x| x.is_finite())
        .fold(0.0, |m: f64, x| m.max(x.abs()));
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        let same = a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * largest;
        assert!(same, "{what}: element {i} is {a}, not {b}");
    }
}

/// Layouts of shape (6, 5) in a storage of 200 elements: plain, transposed, strided, flipped, broadcast.
fn layouts() -> [Layout; 5] {
    let whole = Layout::contiguous(&[10, 20]);
    [
        Layout::contiguous(&[6, 5]),
        Layout::contiguous(&[5, 6]).permute(&[1, 0]),
        whole.slice(0, 1, 6, 1).slice(1, 2, 5, 3),
        whole.slice(0, 2, 6, 1).slice(1, 19, 5, -4).flip(0),
        Layout::contiguous(&[5]).broadcast_to(&[6, 5]),
    ]
}

#[test]
fn views_travel_and_convert() {
    on_each(|pair| {
        for dtype in pair.gpu.dtypes() {
            for layout in layouts() {
                let x = pair.twins(values(dtype, 200, false), layout);
                assert_eq!(
                    pair.gpu.download(&x.gpu).expect("downloads"),
                    pair.truth.download(&x.truth).expect("downloads"),
                    "{dtype} {:?}",
                    x.gpu.layout
                );
            }
            let empty = pair.contiguous(values(dtype, 0, false), &[3, 0]);
            assert_eq!(pair.gpu.download(&empty.gpu).expect("downloads").len(), 0);
            let scalar = pair.contiguous(values(dtype, 1, false), &[]);
            assert_eq!(
                pair.gpu.download(&scalar.gpu).expect("downloads"),
                pair.truth.download(&scalar.truth).expect("downloads")
            );
            let x = pair.contiguous(values(dtype, 30, false), &[30]);
            for to in pair.gpu.dtypes() {
                if dtype.is_complex() && !to.is_complex() {
                    continue;
                }
                let (mut on_gpu, mut on_truth) = (Program::input(x.gpu.clone()), Program::input(x.truth.clone()));
                on_gpu.push(Op::Cast(0), to);
                on_truth.push(Op::Cast(0), to);
                let (a, b) = (pair.gpu.evaluate(&on_gpu), pair.truth.evaluate(&on_truth));
                let what = format!("{dtype} to {to}");
                pair.agree(&a.expect(&what), &b.expect(&what), &[30], to, 0.0, &what);
            }
        }
    });
}

#[test]
fn an_expression_is_one_kernel_and_one_buffer() {
    on_each(|pair| {
        let shape = [300, 40];
        let x = pair.contiguous(values(DType::Float32, 12_000, false), &shape);
        let mean = pair.twins(
            values(DType::Float32, 40, false),
            Layout::contiguous(&[40]).broadcast_to(&shape),
        );
        let std = pair.twins(
            HostBuffer::Float32(vec![2.5; 40]),
            Layout::contiguous(&[40]).broadcast_to(&shape),
        );
        macro_rules! standardised {
            ($device:ident) => {{
                let mut program = Program::input(x.$device.clone());
                let mean = program.push_input(mean.$device.clone());
                let centred = program.push(Op::Binary(BinaryOp::Subtract, 0, mean), DType::Float32);
                let std = program.push_input(std.$device.clone());
                program.push(Op::Binary(BinaryOp::Divide, centred, std), DType::Float32);
                program
            }};
        }
        let program = standardised!(gpu);
        let before = pair.gpu.counters();
        let result = pair.gpu.evaluate(&program).expect("computes");
        let after = pair.gpu.counters();
        assert_eq!(after.launches - before.launches, 1);
        assert_eq!(after.allocations - before.allocations, 1);
        assert_eq!(after.allocated_bytes - before.allocated_bytes, 4 * 12_000);
        let truth = pair.truth.evaluate(&standardised!(truth)).expect("computes");
        pair.agree(&result, &truth, &shape, DType::Float32, 0.0, "standardise");

        // The second time nothing is compiled, and the buffer is a recycled one.
        drop(result);
        let again = pair.gpu.evaluate(&program).expect("computes");
        let last = pair.gpu.counters();
        assert_eq!(last.compilations, after.compilations);
        assert_eq!(last.fresh_allocations, after.fresh_allocations);
        drop(again);

        // A reduction takes the expression in: what it allocates is far smaller than the expression.
        for axes in [&[0][..], &[1], &[0, 1]] {
            let before = pair.gpu.counters();
            let sum = pair
                .gpu
                .reduce(ReduceOp::Sum, &program, axes, DType::Float32)
                .expect("computes");
            let allocated = pair.gpu.counters().allocated_bytes - before.allocated_bytes;
            assert!(allocated <= 4 * 12_000 / 8, "{axes:?}: {allocated} bytes");
            let truth = pair
                .truth
                .reduce(ReduceOp::Sum, &standardised!(truth), axes, DType::Float32);
            let shape: Vec<usize> = (0..2).filter(|a| !axes.contains(a)).map(|a| shape[a]).collect();
            pair.agree(&sum, &truth.expect("computes"), &shape, DType::Float32, 1e-5, "sum");
        }
    });
}

#[test]
fn constants_indices_and_choices() {
    on_each(|pair| {
        for dtype in pair.gpu.dtypes() {
            let x = Scalar::Int(1);
            let x = if dtype == DType::Bool {
                Scalar::Bool(true)
            } else {
                x.to_dtype("full", dtype).expect("fits")
            };
            let (a, b) = (
                pair.gpu.evaluate(&Program::scalar(&[3, 3], x, dtype)).expect("fills"),
                pair.truth.evaluate(&Program::scalar(&[3, 3], x, dtype)).expect("fills"),
            );
            pair.agree(&a, &b, &[3, 3], dtype, 0.0, "full");
        }
        macro_rules! triangle {
            ($values:expr) => {{
                let mut program = Program::input($values);
                let (row, column) = (
                    program.push(Op::Index(1), DType::Int32),
                    program.push(Op::Index(2), DType::Int32),
                );
                let below = program.push(Op::Binary(BinaryOp::GreaterEqual, row, column), DType::Bool);
                let zero = program.push(Op::Scalar(Scalar::Float(0.0)), DType::Float32);
                program.push(Op::Select(below, 0, zero), DType::Float32);
                program
            }};
        }
        let x = pair.contiguous(values(DType::Float32, 2 * 3 * 4, true), &[2, 3, 4]);
        let (a, b) = (triangle!(x.gpu.clone()), triangle!(x.truth.clone()));
        let what = "tril";
        let (a, b) = (pair.gpu.evaluate(&a).expect(what), pair.truth.evaluate(&b).expect(what));
        pair.agree(&a, &b, &[2, 3, 4], DType::Float32, 0.0, what);
    });
}

#[test]
fn assignment_touches_its_region_only() {
    on_each(|pair| {
        for dtype in pair.gpu.dtypes() {
            for region in &layouts()[..4] {
                let mut x = pair.contiguous(values(dtype, 200, false), &[200]);
                let old = x.gpu.clone();
                let new = pair.contiguous(values(dtype, 30, false), &[6, 5]);
                pair.gpu
                    .assign(&mut x.gpu, region, &Program::input(new.gpu.clone()))
                    .expect("assigns");
                pair.truth
                    .assign(&mut x.truth, region, &Program::input(new.truth.clone()))
                    .expect("assigns");
                pair.agree(&x.gpu.storage, &x.truth.storage, &[200], dtype, 0.0, "assign");
                assert!(old.storage != x.gpu.storage, "another handle keeps the old values");
                assert_eq!(pair.gpu.download(&old).expect("downloads"), values(dtype, 200, false));
                // Once more, reversed, from its own memory.
                drop(old);
                let whole = Layout::contiguous(&[200]);
                let (a, b) = (x.gpu.with_layout(whole.flip(0)), x.truth.with_layout(whole.flip(0)));
                pair.gpu
                    .assign(&mut x.gpu, &whole, &Program::input(a))
                    .expect("assigns");
                pair.truth
                    .assign(&mut x.truth, &whole, &Program::input(b))
                    .expect("assigns");
                pair.agree(
                    &x.gpu.storage,
                    &x.truth.storage,
                    &[200],
                    dtype,
                    0.0,
                    "assign from itself",
                );
            }
        }
    });
}

#[test]
fn a_lone_handle_is_written_in_place() {
    on_each(|pair| {
        let mut x = pair.contiguous(values(DType::Float32, 64, false), &[64]).gpu;
        let one = Program::scalar(&[1], Scalar::Float(1.0), DType::Float32);
        let before = pair.gpu.counters().allocations;
        let region = Layout::contiguous(&[64]).slice(0, 5, 1, 1);
        pair.gpu.assign(&mut x, &region, &one).expect("assigns");
        assert_eq!(pair.gpu.counters().allocations, before);
    });
}

fn reductions_of(dtype: DType) -> Vec<ReduceOp> {
    let all = ReduceOp::ALL.iter().copied();
    all.filter(|op| match op {
        ReduceOp::All | ReduceOp::Any => dtype == DType::Bool,
        ReduceOp::Sum | ReduceOp::Prod => dtype.is_numeric(),
        _ => dtype.is_integer() || dtype.is_real_floating(),
    })
    .collect()
}

#[test]
fn reductions_over_every_axis_and_layout() {
    on_each(|pair| {
        for dtype in pair.gpu.dtypes() {
            for op in reductions_of(dtype) {
                let special = !matches!(op, ReduceOp::Sum | ReduceOp::Prod);
                let many = matches!(dtype, DType::Float32 | DType::Int8);
                for layout in &layouts()[..if many { 5 } else { 2 }] {
                    let x = pair.twins(values(dtype, 200, special), layout.clone());
                    for axes in [&[0][..], &[1], &[0, 1], &[]] {
                        if !many && axes.len() == 1 && axes[0] == 0 {
                            continue;
                        }
                        let out = if special && op.name().starts_with("arg") {
                            pair.index_dtype()
                        } else {
                            dtype
                        };
                        let what = format!("{} of {dtype} over {axes:?} of {layout:?}", op.name());
                        let a = pair
                            .gpu
                            .reduce(op, &Program::input(x.gpu.clone()), axes, out)
                            .expect(&what);
                        let b = pair
                            .truth
                            .reduce(op, &Program::input(x.truth.clone()), axes, out)
                            .expect(&what);
                        let shape: Vec<usize> = (0..2).filter(|a| !axes.contains(a)).map(|a| [6, 5][a]).collect();
                        let tolerance = if dtype.real() == DType::Float32 { 2e-6 } else { 1e-14 };
                        pair.agree(&a, &b, &shape, out, if special { 0.0 } else { tolerance }, &what);
                    }
                }
            }
        }
    });
}

#[test]
fn long_reductions_are_trees() {
    on_each(|pair| {
        let n = 300_007;
        for (dtype, ops) in [
            (DType::Float32, &[ReduceOp::Sum, ReduceOp::Argmax, ReduceOp::Max][..]),
            (DType::UInt8, &[ReduceOp::Sum, ReduceOp::Argmin]),
            (DType::Bool, &[ReduceOp::Any]),
        ] {
            for (shape, axes) in [(vec![n], vec![0]), (vec![3, n / 3], vec![1]), (vec![n / 3, 3], vec![0])] {
                let size: usize = shape.iter().product();
                let x = pair.contiguous(values(dtype, size, false), &shape);
                for &op in ops {
                    let out = if op.name().starts_with("arg") {
                        pair.index_dtype()
                    } else {
                        dtype
                    };
                    let what = format!("{} of {dtype} {shape:?}", op.name());
                    let a = pair
                        .gpu
                        .reduce(op, &Program::input(x.gpu.clone()), &axes, out)
                        .expect(&what);
                    let b = pair
                        .truth
                        .reduce(op, &Program::input(x.truth.clone()), &axes, out)
                        .expect(&what);
                    let kept: Vec<usize> = (0..shape.len())
                        .filter(|a| !axes.contains(a))
                        .map(|a| shape[a])
                        .collect();
                    pair.agree(&a, &b, &kept, out, 1e-6, &what);
                }
            }
        }
        // Sums stay accurate where adding one by one does not.
        let x = pair.contiguous(HostBuffer::Float32(vec![0.1; 3_000_000]), &[3_000_000]);
        let sum = pair
            .gpu
            .reduce(ReduceOp::Sum, &Program::input(x.gpu), &[0], DType::Float32)
            .expect("sums");
        let sum = pair
            .gpu
            .download(&Strided::contiguous(sum, &[1], DType::Float32))
            .expect("downloads");
        let HostBuffer::Float32(sum) = sum else {
            panic!("a float32")
        };
        assert!(
            (f64::from(sum[0]) / 3e6 / f64::from(0.1_f32) - 1.0).abs() < 5e-7,
            "{sum:?}"
        );
    });
}

#[test]
fn reductions_of_nothing() {
    on_each(|pair| {
        let x = pair.contiguous(HostBuffer::Float32(vec![]), &[0, 3]);
        for (op, axes, shape) in [
            (ReduceOp::Sum, &[0][..], &[3][..]),
            (ReduceOp::Prod, &[0, 1], &[]),
            (ReduceOp::Sum, &[1], &[0]),
        ] {
            let a = pair
                .gpu
                .reduce(op, &Program::input(x.gpu.clone()), axes, DType::Float32)
                .expect("reduces");
            let b = pair
                .truth
                .reduce(op, &Program::input(x.truth.clone()), axes, DType::Float32)
                .expect("reduces");
            pair.agree(&a, &b, shape, DType::Float32, 0.0, op.name());
        }
    });
}

#[test]
fn reductions_without_nan() {
    on_each(|pair| {
        let mut x = vec![f32::NAN; 24];
        for (i, x) in x.iter_mut().enumerate().skip(6).filter(|(i, _)| i % 3 != 0) {
            *x = 10.0 - i as f32;
        }
        let twins = pair.contiguous(HostBuffer::Float32(x), &[4, 6]);
        for (op, expected) in [
            (
                ReduceOp::Sum,
                [
                    0.0,
                    2.0 + 3.0 + 0.0 - 1.0,
                    -3.0 - 4.0 - 6.0 - 7.0,
                    -9.0 - 10.0 - 12.0 - 13.0,
                ],
            ),
            (ReduceOp::Max, [f32::NAN, 3.0, -3.0, -9.0]),
            (ReduceOp::Min, [f32::NAN, -1.0, -7.0, -13.0]),
        ] {
            let result = pair.gpu.nan_reduce(op, &Program::input(twins.gpu.clone()), &[1]);
            let result = Strided::contiguous(result.expect("native").expect("reduces"), &[4], DType::Float32);
            let result = pair.gpu.download(&result).expect("downloads");
            assert_close(&result, &HostBuffer::Float32(expected.to_vec()), 0.0, op.name());
        }
    });
}

#[test]
fn scans_of_short_and_long_axes() {
    on_each(|pair| {
        for (dtype, shape, axis) in [
            (DType::Float32, vec![4, 5, 6], 1),
            (DType::Int8, vec![7, 9], 0),
            (DType::Int32, vec![2, 70_001], 1),
            (DType::UInt16, vec![1500, 2], 0),
            (DType::Complex64, vec![3, 600], 1),
            (DType::Int32, vec![0, 3], 0),
        ] {
            let x = pair.contiguous(values(dtype, shape.iter().product(), false), &shape);
            for op in [ScanOp::Sum, ScanOp::Prod] {
                if op == ScanOp::Prod && dtype.is_floating() && shape[axis] > 100 {
                    continue;
                }
                for initial in [false, true] {
                    let what = format!("{op:?} of {dtype} {shape:?} along {axis}, initial {initial}");
                    let a = pair
                        .gpu
                        .scan(op, &Program::input(x.gpu.clone()), axis, initial)
                        .expect(&what);
                    let b = pair
                        .truth
                        .scan(op, &Program::input(x.truth.clone()), axis, initial)
                        .expect(&what);
                    let mut shape = shape.clone();
                    shape[axis] += usize::from(initial);
                    pair.agree(&a, &b, &shape, dtype, 1e-5, &what);
                }
            }
        }
    });
}

#[test]
fn gathers_and_takes() {
    on_each(|pair| {
        let indices: Vec<i64> = (0..30).map(|i| i * 7 % 12 - 6).collect();
        for dtype in pair.gpu.dtypes() {
            for (axis, layout) in layouts().into_iter().enumerate().map(|(i, l)| (i % 2, l)) {
                let x = pair.twins(values(dtype, 200, true), layout);
                let n = x.gpu.shape()[axis] as i64;
                let local: Vec<i64> = indices.iter().map(|i| i.rem_euclid(2 * n) - n).collect();
                let i = pair.contiguous(pair.integers(local), &[6, 5]);
                let a = pair.gpu.gather(&x.gpu, &i.gpu, axis).expect("gathers");
                let b = pair.truth.gather(&x.truth, &i.truth, axis).expect("gathers");
                pair.agree(&a, &b, &[6, 5], dtype, 0.0, "gather");
            }
        }
        let x = pair.contiguous(values(DType::Int16, 40, true), &[4, 5, 2]);
        let i = pair.contiguous(pair.integers(vec![-1, 0, 0, 4, -5, 2, 1]), &[7]);
        let taken = pair.gpu.take(&x.gpu, &i.gpu, 1).expect("native").expect("takes");
        let spread = i
            .truth
            .layout
            .reshape(&[1, 7, 1])
            .expect("a view")
            .broadcast_to(&[4, 7, 2]);
        let truth = pair
            .truth
            .gather(&x.truth, &i.truth.with_layout(spread), 1)
            .expect("gathers");
        pair.agree(&taken, &truth, &[4, 7, 2], DType::Int16, 0.0, "take");
    });
}

#[test]
fn nonzero_counts_and_places() {
    on_each(|pair| {
        for shape in [vec![0], vec![7], vec![60, 50], vec![100_000]] {
            let x = pair.contiguous(values(DType::Bool, shape.iter().product(), false), &shape);
            let (a, n) = pair.gpu.nonzero(&Program::input(x.gpu)).expect("finds");
            let (b, m) = pair.truth.nonzero(&Program::input(x.truth)).expect("finds");
            assert_eq!(n, m);
            pair.agree(&a, &b, &[n], pair.index_dtype(), 0.0, "nonzero");
        }
    });
}

#[test]
fn sorting_is_stable_and_nan_is_last() {
    on_each(|pair| {
        for dtype in pair
            .gpu
            .dtypes()
            .into_iter()
            .filter(|d| !d.is_complex() && *d != DType::Bool)
        {
            for (shape, axis) in [
                (vec![37], 0),
                (vec![5, 40], 1),
                (vec![40, 5], 0),
                (vec![3, 0], 1),
                (vec![3, 1], 1),
            ] {
                let x = pair.contiguous(values(dtype, shape.iter().product(), true), &shape);
                for descending in [false, true] {
                    let what = format!("argsort of {dtype} {shape:?}, descending {descending}");
                    let a = pair.gpu.argsort(&x.gpu, axis, descending).expect(&what);
                    let b = pair.truth.argsort(&x.truth, axis, descending).expect(&what);
                    pair.agree(&a, &b, &shape, pair.index_dtype(), 0.0, &what);
                }
            }
        }
        let long = pair.contiguous(values(DType::Float32, 20_000, true), &[20_000]);
        let a = pair.gpu.argsort(&long.gpu, 0, true).expect("sorts");
        let b = pair.truth.argsort(&long.truth, 0, true).expect("sorts");
        pair.agree(&a, &b, &[20_000], pair.index_dtype(), 0.0, "a long argsort");
        let strided = pair.twins(values(DType::Int8, 200, true), layouts()[3].clone());
        let a = pair.gpu.argsort(&strided.gpu, 0, false).expect("sorts");
        let b = pair.truth.argsort(&strided.truth, 0, false).expect("sorts");
        pair.agree(&a, &b, &[6, 5], pair.index_dtype(), 0.0, "a strided argsort");
    });
}

#[test]
fn products_of_every_dtype_stack_and_layout() {
    on_each(|pair| {
        for dtype in pair.gpu.dtypes().into_iter().filter(|d| d.is_numeric()) {
            let a = pair.contiguous(values(dtype, 2 * 9 * 5, false), &[2, 9, 5]);
            let b = pair.contiguous(values(dtype, 7 * 5, false), &[7, 5]);
            let layout = b.gpu.layout.permute(&[1, 0]).broadcast_to(&[2, 5, 7]);
            let (x, y) = (b.gpu.with_layout(layout.clone()), b.truth.with_layout(layout));
            let gpu = pair.gpu.matmul(&a.gpu, &x).expect("multiplies");
            let truth = pair.truth.matmul(&a.truth, &y).expect("multiplies");
            let tolerance = if dtype.real() == DType::Float32 { 1e-6 } else { 1e-14 };
            pair.agree(
                &gpu,
                &truth,
                &[2, 9, 7],
                dtype,
                tolerance,
                &format!("matmul of {dtype}"),
            );
        }
        let empty = pair.contiguous(HostBuffer::Float32(vec![]), &[3, 0]);
        let flat = empty.gpu.with_layout(Layout::contiguous(&[0, 2]));
        let zeros = pair.gpu.matmul(&empty.gpu, &flat).expect("multiplies");
        let zeros = pair
            .gpu
            .download(&Strided::contiguous(zeros, &[3, 2], DType::Float32))
            .expect("downloads");
        assert_eq!(zeros, HostBuffer::Float32(vec![0.0; 6]));
    });
}

#[test]
fn factorisations_come_back_from_the_host() {
    on_each(|pair| {
        let a = pair.contiguous(HostBuffer::Float32(vec![4.0, 2.0, 2.0, 5.0]), &[2, 2]);
        let b = pair.contiguous(HostBuffer::Float32(vec![2.0, 1.0]), &[2, 1]);
        let (l, truth) = (pair.gpu.cholesky(&a.gpu), pair.truth.cholesky(&a.truth));
        pair.agree(
            &l.expect("factors"),
            &truth.expect("factors"),
            &[2, 2],
            DType::Float32,
            1e-6,
            "cholesky",
        );
        let (x, truth) = (pair.gpu.solve(&a.gpu, &b.gpu), pair.truth.solve(&a.truth, &b.truth));
        pair.agree(
            &x.expect("solves"),
            &truth.expect("solves"),
            &[2, 1],
            DType::Float32,
            1e-6,
            "solve",
        );
        let ([s, _], [truth, _]) = (
            pair.gpu.eigh(&a.gpu).expect("decomposes"),
            pair.truth.eigh(&a.truth).expect("decomposes"),
        );
        pair.agree(&s, &truth, &[2], DType::Float32, 1e-6, "eigh");
        let ([_, s, _], [_, truth, _]) = (
            pair.gpu.svd(&a.gpu, false).expect("decomposes"),
            pair.truth.svd(&a.truth, false).expect("decomposes"),
        );
        pair.agree(&s, &truth, &[2], DType::Float32, 1e-6, "svd");
    });
}

/// Grouped rows whose last column depends on the others, far from 0.
fn grouped(n: usize, p: usize, k: usize) -> (Vec<f64>, Vec<i64>, Vec<usize>) {
    let HostBuffer::Float64(noise) = values(DType::Float64, n * p, false) else {
        unreachable!()
    };
    let groups: Vec<i64> = (0..n).map(|i| (i * i + i / 3) as i64 % k as i64).collect();
    let mut counts = vec![0; k];
    let mut x = noise;
    for (row, &g) in x.chunks_exact_mut(p).zip(&groups) {
        counts[g as usize] += 1;
        for (j, x) in row.iter_mut().enumerate() {
            // Sixteenths: both precisions see one problem.
            let far = *x * (1.0 + j as f64) + 100.0 + 10.0 * (g as f64) * (j as f64);
            *x = (far * 16.0).round() / 16.0;
        }
        row[p - 1] = row[0] + row[1];
    }
    (x, groups, counts)
}

#[test]
fn scatter_of_groups_has_more_precision_than_its_input() {
    on_each(|pair| {
        for (n, p, k) in [(400, 7, 3), (40_000, 5, 4)] {
            let (x, groups, counts) = grouped(n, p, k);
            let x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            let x32 = pair.contiguous(HostBuffer::Float32(x.clone()), &[n, p]);
            let codes = pair.contiguous(pair.integers(groups.clone()), &[n]);
            let before = pair.gpu.counters();
            let parts = pair.gpu.group_scatter(&x32.gpu, &codes.gpu, &counts, 1e-4);
            let parts = parts.expect("native").expect("computes");
            assert_eq!(parts.rank, p);
            let downloaded = pair.gpu.counters().downloaded_bytes - before.downloaded_bytes;
            assert!(
                n == 400 || downloaded < 4 * (n * p) as u64,
                "the rows stay on the device: {downloaded} bytes"
            );

            let truth = reference::namespace();
            let wide = truth.asarray_as(
                (x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>(), [n, p]),
                DType::Float64,
            );
            let codes = truth.asarray(groups).expect("room");
            let exact = truth
                .group_scatter(&wide.expect("room"), &codes, &counts, 1e-4)
                .expect("computes");
            let get = |storage: &<Wgpu as ArrayObjectBackend>::Storage, shape: &[usize]| {
                let x = Strided::contiguous(storage.clone(), shape, DType::Float32);
                super::tests::parts(&pair.gpu.download(&x).expect("downloads")).expect("floats")
            };
            let close = |a: Vec<f64>, b: Vec<f64>, tolerance: f64, what: &str| {
                assert_close(&HostBuffer::Float64(a), &HostBuffer::Float64(b), tolerance, what);
            };
            close(
                get(&parts.means, &[k, p]),
                exact.means.to_vec().expect("downloads"),
                2e-7,
                "means",
            );
            close(
                get(&parts.std, &[p]),
                exact.std.to_vec().expect("downloads"),
                1e-6,
                "std",
            );
            let s = get(&parts.singular_values, &[p]);
            let truth: Vec<f64> = exact.singular_values.to_vec().expect("downloads");
            close(s[..p - 1].to_vec(), truth[..p - 1].to_vec(), 1e-6, "singular values");
            assert!(s[p - 1] < 1e-4, "the dependent column is found: {s:?}");
            let v = get(&parts.right_vectors, &[p, p]);
            let truth: Vec<f64> = exact.right_vectors.to_vec().expect("downloads");
            for r in 0..p - 1 {
                let dot: f64 = (0..p).map(|j| v[r * p + j] * truth[r * p + j]).sum();
                assert!((dot.abs() - 1.0).abs() < 1e-5, "right vector {r}: {dot}");
            }
        }
    });
}

#[test]
fn unary_functions_reach_the_device() {
    on_each(|pair| {
        let x = pair.contiguous(values(DType::Float32, 100, true), &[100]);
        for (op, out) in [
            (UnaryOp::Exp, DType::Float32),
            (UnaryOp::Isnan, DType::Bool),
            (UnaryOp::Negative, DType::Float32),
        ] {
            let (mut a, mut b) = (Program::input(x.gpu.clone()), Program::input(x.truth.clone()));
            a.push(Op::Unary(op, 0), out);
            b.push(Op::Unary(op, 0), out);
            let (a, b) = (
                pair.gpu.evaluate(&a).expect("computes"),
                pair.truth.evaluate(&b).expect("computes"),
            );
            pair.agree(&a, &b, &[100], out, 1e-6, op.name());
        }
    });
}

#[test]
fn more_groups_than_one_dimension_holds() {
    on_each(|pair| {
        let n = 65_536 * super::GROUP as usize + 3;
        let mut program = Program::scalar(&[n], Scalar::Int(7), DType::Int32);
        let index = program.push(Op::Index(0), DType::Int32);
        program.push(Op::Binary(BinaryOp::Multiply, 0, index), DType::Int32);
        let out = pair.gpu.evaluate(&program).expect("computes");
        let out = pair
            .gpu
            .download(&Strided::contiguous(out, &[n], DType::Int32))
            .expect("downloads");
        let HostBuffer::Int32(out) = out else {
            panic!("integers")
        };
        assert!(out.iter().enumerate().all(|(i, &x)| x == 7 * i as i32));
    });
}

#[test]
fn what_is_too_large_is_an_error() {
    on_each(|pair| {
        let one = |shape: &[usize]| Program::scalar(shape, Scalar::Float(1.0), DType::Float32);
        for shape in [&[1 << 20, 1 << 20][..], &[1 << 31], &[usize::MAX / 8]] {
            let error = pair.gpu.evaluate(&one(shape)).expect_err("too large");
            assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
            // A sum of it needs no room, but more positions than there are.
            let error = pair.gpu.reduce(ReduceOp::Sum, &one(shape), &[0], DType::Float32);
            assert!(shape.len() == 2 || error.is_err());
        }
        pair.gpu.synchronize().expect("the device lives on");
    });
}

#[test]
fn threads_share_a_device() {
    on_each(|pair| {
        std::thread::scope(|scope| {
            for seed in 1..5_i32 {
                let gpu = pair.gpu.clone();
                scope.spawn(move || {
                    for n in 1..40_usize {
                        let x = gpu.upload(HostBuffer::Int32(vec![seed; n])).expect("room");
                        let sum = Program::input(Strided::contiguous(x, &[n], DType::Int32));
                        let sum = gpu.reduce(ReduceOp::Sum, &sum, &[0], DType::Int32).expect("sums");
                        let sum = gpu
                            .download(&Strided::contiguous(sum, &[], DType::Int32))
                            .expect("downloads");
                        assert_eq!(sum, HostBuffer::Int32(vec![seed * n as i32]));
                    }
                });
            }
        });
    });
}
