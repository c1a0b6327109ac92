//! Stable sorting.

use std::cmp::Ordering;

use array_api_spec::{Result, Scalar, Strided, backend::SortingBackend, dispatch};

use crate::{Memory, Mine, along};

impl SortingBackend for Mine {
    fn argsort(&self, x: &Strided<Memory>, axis: usize, descending: bool) -> Result<Memory> {
        let n = x.shape()[axis];
        dispatch!(x.dtype, T => along(x, axis, n, |line: &[T]| {
            let mut order: Vec<usize> = (0..n).collect();
            order.sort_by(|&a, &b| compare(line[a].into(), line[b].into(), descending));
            order.into_iter().map(|i| i as i64).collect()
        }))
    }
}

/// The order of two values of one type. NaN comes last, ascending and descending.
fn compare(a: Scalar, b: Scalar, descending: bool) -> Ordering {
    let order = match (a, b) {
        (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(&b),
        (Scalar::Int(a), Scalar::Int(b)) => a.cmp(&b),
        (Scalar::Float(a), Scalar::Float(b)) => match a.partial_cmp(&b) {
            Some(order) => order,
            None => return a.is_nan().cmp(&b.is_nan()),
        },
        _ => unreachable!("complex numbers have no order"),
    };
    if descending { order.reverse() } else { order }
}
