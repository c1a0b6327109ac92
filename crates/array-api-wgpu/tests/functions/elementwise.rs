//! Programs as one kernel.

use array_api_spec::{
    BinaryOp, DType, HostBuffer, Layout, Op, Program, ReduceOp, Scalar, Strided, UnaryOp,
    backend::{ArrayObjectBackend, ElementwiseBackend, StatisticalBackend},
};

use super::{on_each, values};

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
        let truth = pair
            .truth
            .evaluate(&standardised!(truth))
            .expect("computes");
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
            let truth =
                pair.truth
                    .reduce(ReduceOp::Sum, &standardised!(truth), axes, DType::Float32);
            let shape: Vec<usize> = (0..2)
                .filter(|a| !axes.contains(a))
                .map(|a| shape[a])
                .collect();
            pair.agree(
                &sum,
                &truth.expect("computes"),
                &shape,
                DType::Float32,
                1e-5,
                "sum",
            );
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
                pair.gpu
                    .evaluate(&Program::scalar(&[3, 3], x, dtype))
                    .expect("fills"),
                pair.truth
                    .evaluate(&Program::scalar(&[3, 3], x, dtype))
                    .expect("fills"),
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
                let below =
                    program.push(Op::Binary(BinaryOp::GreaterEqual, row, column), DType::Bool);
                let zero = program.push(Op::Scalar(Scalar::Float(0.0)), DType::Float32);
                program.push(Op::Select(below, 0, zero), DType::Float32);
                program
            }};
        }
        let x = pair.contiguous(values(DType::Float32, 2 * 3 * 4, true), &[2, 3, 4]);
        let (a, b) = (triangle!(x.gpu.clone()), triangle!(x.truth));
        let what = "tril";
        let (a, b) = (
            pair.gpu.evaluate(&a).expect(what),
            pair.truth.evaluate(&b).expect(what),
        );
        pair.agree(&a, &b, &[2, 3, 4], DType::Float32, 0.0, what);
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
            let (mut a, mut b) = (
                Program::input(x.gpu.clone()),
                Program::input(x.truth.clone()),
            );
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
        let n = 65_536 * array_api_gpu::GROUP as usize + 3;
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
