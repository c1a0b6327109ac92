//! Stable sorting.

use std::cmp::Ordering;

use super::{Memory, Reference, contract};
use crate::{Element, Layout, Result, Strided, backend::SortingBackend, dispatch};

impl SortingBackend for Reference {
    fn argsort(&self, x: &Strided<Memory>, axis: usize, descending: bool) -> Result<Memory> {
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
                    let mut order: Vec<usize> = (0..n).collect();
                    let key = |k: usize| values[start + k * stride];
                    order.sort_by(|&a, &b| compare(key(a), key(b), descending));
                    for (k, from) in order.into_iter().enumerate() {
                        out[start + k * stride] = from;
                    }
                }
            });
        }
        Ok(self.store_indices(out.into_iter()))
    }
}

/// NaN, which alone differs from itself, comes after everything both ways.
#[allow(clippy::eq_op, reason = "NaN alone differs from itself")]
fn compare<T: Element>(a: T, b: T, descending: bool) -> Ordering {
    match (a != a, b != b) {
        (false, false) => {
            let order = order(a, b);
            if descending { order.reverse() } else { order }
        }
        (a, b) => a.cmp(&b),
    }
}

fn order<T: Element>(a: T, b: T) -> Ordering {
    use crate::Scalar::{Bool, Float, Int};
    match (a.into(), b.into()) {
        (Bool(a), Bool(b)) => a.cmp(&b),
        (Int(a), Int(b)) => a.cmp(&b),
        (Float(a), Float(b)) => a.partial_cmp(&b).expect("no NaN"),
        _ => unreachable!("complex numbers have no order"),
    }
}
