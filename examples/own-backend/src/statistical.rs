//! Reductions and running reductions: each takes one value after the other by an elementwise operation of two arguments.

use array_api_spec::{
    BinaryOp, DType, Program, ReduceOp, Result, Scalar, ScanOp,
    backend::{Initial, StatisticalBackend},
    dispatch,
    reference::math::{Arithmetic, BinaryFunction},
    shape::size,
};

use crate::{Memory, Mine, along, computed, read, stored};

/// An operation of two values of one type.
pub(crate) fn operation<T: Arithmetic>(op: BinaryOp) -> fn(T, T) -> T {
    match T::binary(op) {
        Some(BinaryFunction::Same(f)) => f,
        _ => unreachable!("the dtype was checked"),
    }
}

impl StatisticalBackend for Mine {
    fn reduce(
        &self,
        op: ReduceOp,
        x: &Program<Memory>,
        axes: &[usize],
        _dtype: DType,
    ) -> Result<Memory> {
        let others: Vec<usize> = (0..x.shape.len()).filter(|a| !axes.contains(a)).collect();
        let elements = |axes: &[usize]| size(&axes.iter().map(|&a| x.shape[a]).collect::<Vec<_>>());
        let (count, length) = (elements(&others), elements(axes));
        let x = computed(x)?;
        // What makes one element of the result is brought side by side.
        let grouped = x.layout.permute(&[&others[..], axes].concat());
        dispatch!(x.dtype, T => {
            let values: Vec<T> = read(&x.with_layout(grouped))?;
            let groups = (0..count).map(|i| &values[i * length..][..length]);
            Ok(match op {
                ReduceOp::Argmax | ReduceOp::Argmin => stored(groups.map(|g| position(op, g)).collect()),
                _ => stored(groups.map(|g| reduced(op, g)).collect()),
            })
        })
    }

    fn scan(
        &self,
        op: ScanOp,
        x: &Program<Memory>,
        axis: usize,
        initial: Initial,
    ) -> Result<Memory> {
        let (op, start) = match op {
            ScanOp::Sum => (BinaryOp::Add, 0),
            ScanOp::Prod => (BinaryOp::Multiply, 1),
        };
        let length = x.shape[axis] + initial.length();
        dispatch!(x.dtype(), T => {
            along(&computed(x)?, axis, length, |line: &[T]| {
                let (f, mut last) = (operation::<T>(op), T::cast(Scalar::Int(start)));
                let first = (initial == Initial::Included).then_some(last);
                let running = line.iter().map(|&value| {
                    last = f(last, value);
                    last
                });
                first.into_iter().chain(running).collect()
            })
        })
    }
}

/// All values of a group in one.
fn reduced<T: Arithmetic>(op: ReduceOp, group: &[T]) -> T {
    let (op, start) = match op {
        ReduceOp::Sum => (BinaryOp::Add, Some(0)),
        ReduceOp::Prod => (BinaryOp::Multiply, Some(1)),
        ReduceOp::All => (BinaryOp::LogicalAnd, Some(1)),
        ReduceOp::Any => (BinaryOp::LogicalOr, Some(0)),
        ReduceOp::Max | ReduceOp::Argmax => (BinaryOp::Maximum, None),
        ReduceOp::Min | ReduceOp::Argmin => (BinaryOp::Minimum, None),
    };
    let start = start.map(|i| T::cast(Scalar::Int(i)));
    let values = start.into_iter().chain(group.iter().copied());
    values
        .reduce(operation(op))
        .expect("an extreme of nothing is refused beforehand")
}

/// Where the first extreme value is, or the first NaN, which alone differs from itself.
#[allow(clippy::eq_op)]
fn position<T: Arithmetic>(op: ReduceOp, group: &[T]) -> i64 {
    let extreme = reduced(op, group);
    let found = group.iter().position(|&x| x == extreme || x != x);
    found.expect("the extreme is one of the values") as i64
}
