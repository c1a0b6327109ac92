//! Reductions and running reductions: each takes one value after the other by an elementwise operation of two arguments.

use array_api_spec::{
    BinaryOp, DType, Element, Program, ReduceOp, Result, Scalar, ScanOp,
    backend::StatisticalBackend,
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
        dtype: DType,
    ) -> Result<Memory> {
        let others = (0..x.shape.len()).filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = others.chain(axes.iter().copied()).collect();
        let length = size(&axes.iter().map(|&axis| x.shape[axis]).collect::<Vec<_>>());
        let count = size(
            &order[..order.len() - axes.len()]
                .iter()
                .map(|&axis| x.shape[axis])
                .collect::<Vec<_>>(),
        );
        let x = computed(x)?;
        dispatch!(x.dtype, T => {
            // What belongs to one element of the result lies side by side.
            let values: Vec<T> = read(&x.with_layout(x.layout.permute(&order)))?;
            let groups = (0..count).map(|i| &values[i * length..][..length]);
            if dtype == x.dtype && !matches!(op, ReduceOp::Argmax | ReduceOp::Argmin) {
                return Ok(stored(groups.map(|group| reduced(op, group)).collect()));
            }
            let largest = if op == ReduceOp::Argmax { ReduceOp::Max } else { ReduceOp::Min };
            let position = |group: &[T]| {
                let best = reduced(largest, group);
                // The first NaN, which alone differs from itself, comes before all else.
                #[allow(clippy::eq_op)]
                group.iter().position(|&x| x == best || x != x).unwrap_or_default() as i64
            };
            Ok(stored(groups.map(position).collect()))
        })
    }

    fn scan(
        &self,
        op: ScanOp,
        x: &Program<Memory>,
        axis: usize,
        include_initial: bool,
    ) -> Result<Memory> {
        let (op, initial) = match op {
            ScanOp::Sum => (BinaryOp::Add, 0),
            ScanOp::Prod => (BinaryOp::Multiply, 1),
        };
        let length = x.shape[axis] + usize::from(include_initial);
        dispatch!(x.dtype(), T => {
            along(&computed(x)?, axis, length, |line: &[T]| {
                let (f, mut last) = (operation::<T>(op), T::cast(Scalar::Int(initial)));
                let first = include_initial.then_some(last);
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
