//! Stable sorting.

use std::cmp::Ordering;

use array_api_spec::{
    Result, Scalar, Strided,
    backend::{Order, SortingBackend},
    dispatch,
};

use crate::{Memory, Mine, along};

impl SortingBackend for Mine {
    fn argsort(&self, x: &Strided<Memory>, axis: usize, order: Order) -> Result<Memory> {
        let n = x.shape()[axis];
        dispatch!(x.dtype, T => along(x, axis, n, |line: &[T]| {
            let mut positions: Vec<usize> = (0..n).collect();
            positions.sort_by(|&a, &b| compare(line[a].into(), line[b].into(), order));
            positions.into_iter().map(|i| i as i64).collect()
        }))
    }
}

/// The order of two values of one type. NaN comes last, ascending and descending.
fn compare(a: Scalar, b: Scalar, order: Order) -> Ordering {
    let ascending = match (a, b) {
        (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(&b),
        (Scalar::Int(a), Scalar::Int(b)) => a.cmp(&b),
        (Scalar::Float(a), Scalar::Float(b)) => match a.partial_cmp(&b) {
            Some(ordering) => ordering,
            None => return a.is_nan().cmp(&b.is_nan()),
        },
        _ => unreachable!("complex numbers have no order"),
    };
    match order {
        Order::Ascending => ascending,
        Order::Descending => ascending.reverse(),
    }
}
