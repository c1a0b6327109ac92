//! Data in and out, and writing into regions.

use array_api_spec::{
    DType, ErrorKind, HostBuffer, Layout, Namespace, Op, Program, ReduceOp, Scalar, ScanOp, StepBy,
    Strided,
    backend::{
        ArrayObjectBackend, ElementwiseBackend, IndexingBackend, Initial, LinalgBackend, Order,
        SortingBackend, StatisticalBackend,
    },
    ix,
};

use super::{layouts, on_each, values};

#[test]
fn views_travel_and_convert() {
    on_each(|pair| {
        for dtype in pair.gpu.dtypes() {
            for layout in layouts() {
                let mut x = pair.twins(values(dtype, 200, false), layout);
                let truth = pair.truth.download(&x.truth).expect("downloads");
                let got = pair.gpu.download(&x.gpu).expect("downloads");
                assert_eq!(got, truth, "{dtype} {:?}", x.gpu.layout);
                // The host knows what it has sent; of a copy it knows nothing.
                let whole = Strided::contiguous(x.gpu.storage.clone(), &[200], dtype);
                let copy = pair.gpu.evaluate(&Program::input(whole));
                x.gpu.storage = copy.expect("copies");
                let before = pair.gpu.counters().downloads;
                let got = pair.gpu.download(&x.gpu).expect("downloads");
                assert_eq!(got, truth, "{dtype} {:?}", x.gpu.layout);
                assert_eq!(pair.gpu.counters().downloads, before + 1);
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
                let (mut on_gpu, mut on_truth) = (
                    Program::input(x.gpu.clone()),
                    Program::input(x.truth.clone()),
                );
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
                pair.agree(
                    &x.gpu.storage,
                    &x.truth.storage,
                    &[200],
                    dtype,
                    0.0,
                    "assign",
                );
                assert!(
                    old.storage != x.gpu.storage,
                    "another handle keeps the old values"
                );
                assert_eq!(
                    pair.gpu.download(&old).expect("downloads"),
                    values(dtype, 200, false)
                );
                // Once more, reversed, from its own memory.
                drop(old);
                let whole = Layout::contiguous(&[200]);
                let (a, b) = (
                    x.gpu.with_layout(whole.flip(0)),
                    x.truth.with_layout(whole.flip(0)),
                );
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
        // Computed on the device: of small uploads the host keeps a copy, and writing makes another.
        let xp = Namespace::new(pair.gpu.clone());
        let ones = xp.ones([64], DType::Float32).expect("room");
        let mut x = (&ones + &ones)
            .eval()
            .and_then(|x| x.data().cloned())
            .expect("a sum");
        let one = Program::scalar(&[1], Scalar::Float(1.0), DType::Float32);
        let before = pair.gpu.counters().allocations;
        let region = Layout::contiguous(&[64]).slice(0, 5, 1, 1);
        pair.gpu.assign(&mut x, &region, &one).expect("assigns");
        assert_eq!(pair.gpu.counters().allocations, before);
    });
}

#[test]
fn writing_through_a_view_s_layout_takes_no_memory() {
    on_each(|pair| {
        let xp = Namespace::new(pair.gpu.clone());
        let mut x = xp.zeros([64, 8], DType::Float32).expect("room");
        let row = x.get(ix![-1, (..).step(2)]);
        let row = row.map(|row| row.layout().clone()).expect("a row");
        let before = pair.gpu.counters().allocations;
        x.assign(&row, 1).expect("assigns");
        assert_eq!(pair.gpu.counters().allocations, before);
        assert_eq!(xp.sum(&x, ..).expect("sums").item(), Ok(4.0_f32));
    });
}

#[test]
fn what_is_too_large_is_an_error() {
    on_each(|pair| {
        let one = |shape: &[usize]| Program::scalar(shape, Scalar::Float(1.0), DType::Float32);
        for shape in [&[1 << 20, 1 << 20][..], &[1 << 31], &[usize::MAX / 8]] {
            let error = pair.gpu.evaluate(&one(shape)).expect_err("too large");
            assert!(
                matches!(error.kind(), ErrorKind::OutOfMemory { .. }),
                "{error}"
            );
            // A sum of it needs no room, but more positions than there are.
            let error = pair
                .gpu
                .reduce(ReduceOp::Sum, &one(shape), &[0], DType::Float32);
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
                        let sum = gpu
                            .reduce(ReduceOp::Sum, &sum, &[0], DType::Int32)
                            .expect("sums");
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

/// Devices with more memory than 32-bit positions reach have such views, so here are some that claim to be on one.
#[test]
fn what_lies_beyond_32_bits_is_an_error() {
    on_each(|pair| {
        let storage = pair
            .gpu
            .upload(HostBuffer::Float32(vec![1.0; 4]))
            .expect("room");
        let view = |shape: &[usize], strides: &[isize], offset| Strided {
            storage: storage.clone(),
            layout: Layout::new(shape, strides, offset),
            dtype: DType::Float32,
        };
        for x in [
            view(&[2, 2], &[2, 1], 1 << 33),
            view(&[2, 2], &[2, 1], (1 << 31) - 2),
            view(&[2, 2], &[1 << 33, 1], 0),
            view(&[2, 2], &[-(1 << 33), 1], 1 << 34),
            view(&[2, 2], &[3_000_000_000, 1], 2_000_000_000),
        ] {
            let program = Program::input(x.clone());
            let index = pair.gpu.dtypes().contains(&DType::Int64);
            let zeros = if index {
                HostBuffer::Int64(vec![0; 4])
            } else {
                HostBuffer::Int32(vec![0; 4])
            };
            let dtype = zeros.dtype();
            let zeros = Strided::contiguous(pair.gpu.upload(zeros).expect("room"), &[2, 2], dtype);
            let mut target = Strided::contiguous(storage.clone(), &[2, 2], DType::Float32);
            let one = Program::scalar(&[2, 2], Scalar::Float(1.0), DType::Float32);
            for (what, result) in [
                ("evaluate", pair.gpu.evaluate(&program).map(drop)),
                (
                    "reduce",
                    pair.gpu
                        .reduce(ReduceOp::Sum, &program, &[0], DType::Float32)
                        .map(drop),
                ),
                (
                    "scan",
                    pair.gpu
                        .scan(ScanOp::Sum, &program, 0, Initial::Omitted)
                        .map(drop),
                ),
                (
                    "argsort",
                    pair.gpu.argsort(&x, 0, Order::Ascending).map(drop),
                ),
                ("gather", pair.gpu.gather(&x, &zeros, 0).map(drop)),
                ("matmul", pair.gpu.matmul(&x, &x).map(drop)),
                ("assign", pair.gpu.assign(&mut target, &x.layout, &one)),
            ] {
                // Not the driver's complaint about memory that is not there.
                let error = result.expect_err(what);
                assert!(
                    matches!(error.kind(), ErrorKind::OutOfMemory { .. }),
                    "{what} of {:?}: {error}",
                    x.layout
                );
            }
        }
        // A single element is no step away from itself.
        let x = view(&[1, 2], &[1 << 40, 1], 2);
        let values = pair.gpu.download(&x).expect("lies within its memory");
        assert_eq!(values, HostBuffer::Float32(vec![1.0; 2]));
        let sums = pair
            .gpu
            .reduce(ReduceOp::Sum, &Program::input(x), &[0], DType::Float32);
        assert!(sums.is_ok());
        pair.gpu.synchronize().expect("the device lives on");
    });
}
