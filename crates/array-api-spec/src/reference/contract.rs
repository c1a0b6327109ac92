//! Checks what [`backend`](crate::backend) promises to a backend.

use std::collections::HashSet;

use super::{Memory, Reference};
use crate::{DType, Layout, Op, Program, Returns, Strided, backend::ArrayObjectBackend};

/// Checks that a view is of this device's memory and stays inside it.
pub(super) fn view(backend: Reference, x: &Strided<Memory>) {
    assert_eq!(
        x.storage.device, backend.device,
        "an array of another device"
    );
    assert_eq!(
        x.storage.values.dtype(),
        x.dtype,
        "an array whose storage is of another dtype"
    );
    assert!(
        backend.dtypes().contains(&x.dtype),
        "{} cannot hold {}",
        backend.device(),
        x.dtype
    );
    if let Some((_, last)) = x.layout.bounds() {
        let low = x
            .layout
            .strides()
            .iter()
            .zip(x.layout.shape())
            .map(|(s, &n)| (s * (n as isize - 1)).min(0));
        assert!(
            x.layout.offset() as isize + low.sum::<isize>() >= 0,
            "a view that starts before its storage"
        );
        assert!(
            last < x.storage.values.len(),
            "a view that leaves its storage"
        );
    }
}

/// Checks that inputs are broadcast, and that steps have the right types and refer to earlier steps only.
pub(super) fn program(backend: Reference, x: &Program<Memory>) {
    assert!(!x.steps.is_empty(), "a program without steps");
    for input in &x.inputs {
        view(backend, input);
        assert_eq!(input.shape(), x.shape, "an input that is not broadcast");
    }
    for (number, step) in x.steps.iter().enumerate() {
        assert!(
            backend.dtypes().contains(&step.dtype),
            "{} cannot hold {}",
            backend.device(),
            step.dtype
        );
        assert!(
            step.op.arguments().all(|a| a < number),
            "a step that uses a later one"
        );
        let of = |a: usize| x.steps[a].dtype;
        match step.op {
            Op::Input(i) => assert_eq!(x.inputs[i].dtype, step.dtype, "an input of another dtype"),
            Op::Scalar(s) => {
                let same = s
                    .to_dtype("scalar", step.dtype)
                    .expect("a constant that the dtype holds");
                assert_eq!(
                    format!("{same:?}"),
                    format!("{s:?}"),
                    "a constant in another dtype's form"
                );
            }
            Op::Index(axis) => assert!(
                axis < x.shape.len() && step.dtype.is_numeric(),
                "no such axis"
            ),
            Op::Unary(op, a) => {
                let copy = op == crate::UnaryOp::Positive && of(a) == DType::Bool;
                assert!(
                    op.accepts().contains(of(a)) || copy,
                    "{} of {}",
                    op.name(),
                    of(a)
                );
                returns(op.name(), op.returns(), of(a), step.dtype);
            }
            Op::Binary(op, a, b) => {
                assert_eq!(of(a), of(b), "{} of two dtypes", op.name());
                assert!(op.accepts().contains(of(a)), "{} of {}", op.name(), of(a));
                returns(op.name(), op.returns(), of(a), step.dtype);
            }
            Op::Select(c, a, b) => {
                assert_eq!(
                    (of(c), of(a), of(b)),
                    (DType::Bool, step.dtype, step.dtype),
                    "select of wrong dtypes"
                );
            }
            Op::Cast(a) => {
                assert!(
                    !of(a).is_complex() || step.dtype.is_complex() || step.dtype == DType::Bool,
                    "complex to real"
                );
            }
        }
    }
}

fn returns(function: &str, returns: Returns, input: DType, output: DType) {
    assert_eq!(returns.dtype(input), output, "{function} of {input}");
}

/// Checks that a region is inside the target, and that the program's elements fill it one to one.
pub(super) fn region(target: &Strided<Memory>, region: &Layout, value: &Program<Memory>) {
    assert_eq!(
        region.shape(),
        value.shape,
        "a value that is not broadcast to its region"
    );
    assert_eq!(target.dtype, value.dtype(), "a value of another dtype");
    let mut seen = HashSet::new();
    assert!(
        region.positions().all(|p| seen.insert(p)),
        "a region that names an element twice"
    );
    assert!(
        seen.iter().all(|&p| p < target.storage.values.len()),
        "a region that leaves its storage"
    );
}

/// Checks that axes are in range, ascending and distinct.
pub(super) fn axes(axes: &[usize], ndim: usize) {
    assert!(
        axes.is_sorted_by(|a, b| a < b),
        "axes {axes:?} out of order"
    );
    assert!(axes.iter().all(|&a| a < ndim), "axes {axes:?} of {ndim}");
}
