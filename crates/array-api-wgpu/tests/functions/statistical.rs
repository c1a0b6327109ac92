//! Reductions and scans.

use array_api_spec::{
    DType, HostBuffer, Program, ReduceOp, ScanOp, Strided,
    backend::{ArrayObjectBackend, Initial, StatisticalBackend},
};

use super::{layouts, on_each, values};

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
                        let shape: Vec<usize> = (0..2)
                            .filter(|a| !axes.contains(a))
                            .map(|a| [6, 5][a])
                            .collect();
                        let tolerance = if dtype.real() == DType::Float32 {
                            2e-6
                        } else {
                            1e-14
                        };
                        pair.agree(
                            &a,
                            &b,
                            &shape,
                            out,
                            if special { 0.0 } else { tolerance },
                            &what,
                        );
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
            (
                DType::Float32,
                &[ReduceOp::Sum, ReduceOp::Argmax, ReduceOp::Max][..],
            ),
            (DType::UInt8, &[ReduceOp::Sum, ReduceOp::Argmin]),
            (DType::Bool, &[ReduceOp::Any]),
        ] {
            for (shape, axes) in [
                (vec![n], vec![0]),
                (vec![3, n / 3], vec![1]),
                (vec![n / 3, 3], vec![0]),
            ] {
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
                for initial in [Initial::Omitted, Initial::Included] {
                    let what =
                        format!("{op:?} of {dtype} {shape:?} along {axis}, initial {initial:?}");
                    let a = pair
                        .gpu
                        .scan(op, &Program::input(x.gpu.clone()), axis, initial)
                        .expect(&what);
                    let b = pair
                        .truth
                        .scan(op, &Program::input(x.truth.clone()), axis, initial)
                        .expect(&what);
                    let mut shape = shape.clone();
                    shape[axis] += initial.length();
                    pair.agree(&a, &b, &shape, dtype, 1e-5, &what);
                }
            }
        }
    });
}
