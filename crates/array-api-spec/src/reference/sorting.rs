//! Stable sorting.

use std::cmp::Ordering;

use super::{Memory, Reference, contract};
use crate::{
    Element, Layout, Result, Strided,
    backend::{Order, SortingBackend},
    dispatch,
};

impl SortingBackend for Reference {
    fn argsort(&self, x: &Strided<Memory>, axis: usize, order: Order) -> Result<Memory> {
        contract::axes(&[axis], x.shape().len());
        assert!(!x.dtype.is_complex(), "complex numbers have no order");
        self.room(x.shape(), x.dtype)?;
        let layout = Layout::contiguous(x.shape());
        let stride = layout.strides()[axis] as usize;
        let n = x.shape()[axis];
        let mut out = vec![0; layout.size()];
        if n > 0 {
            dispatch!(x.dtype, T => {
                let values: Vec<T> = self.read(x)?;
                for start in layout.slice(axis, 0, 1, 1).positions() {
                    let mut sorted: Vec<usize> = (0..n).collect();
                    let key = |k: usize| values[start + k * stride];
                    sorted.sort_by(|&a, &b| compare(key(a), key(b), order));
                    for (k, from) in sorted.into_iter().enumerate() {
                        out[start + k * stride] = from;
                    }
                }
            });
        }
        Ok(self.store_indices(out.into_iter()))
    }
}

/// The order of two values. NaN, the only value that differs from itself, comes last in both directions.
#[allow(clippy::eq_op, reason = "NaN alone differs from itself")]
fn compare<T: Element>(a: T, b: T, order: Order) -> Ordering {
    match (a != a, b != b) {
        (false, false) => match order {
            Order::Ascending => ascending(a, b),
            Order::Descending => ascending(b, a),
        },
        (a, b) => a.cmp(&b),
    }
}

fn ascending<T: Element>(a: T, b: T) -> Ordering {
    use crate::Scalar::{Bool, Float, Int};
    match (a.into(), b.into()) {
        (Bool(a), Bool(b)) => a.cmp(&b),
        (Int(a), Int(b)) => a.cmp(&b),
        (Float(a), Float(b)) => a.partial_cmp(&b).expect("no NaN"),
        _ => unreachable!("complex numbers have no order"),
    }
}
