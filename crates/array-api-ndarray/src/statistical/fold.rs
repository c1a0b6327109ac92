//! Folds: how a reduction starts an accumulator, adds elements to it, merges it with another, and finishes it.
//!
//! Accumulators are stored in *panels*. A panel is a structure of arrays: each of its planes holds one part of all
//! accumulators, so that loops over accumulators are vector loops. The functions of a fold are looked up once for a
//! reduction and a dtype; only they know the types of the parts.

mod extreme;
mod simple;
mod variance;

use array_api_spec::{DType, ReduceOp, dispatch};

use crate::vectors::Vectors;

use self::{
    extreme::{Extreme, Largest, Smallest},
    simple::{All, Any, Max, Min, NanMax, NanMin, NanSum, Prod, Simple, Sum},
};

/// An accumulator: a panel, its number of accumulators, and the number of this one.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) panel: *mut u8,
    pub(super) count: usize,
    pub(super) at: usize,
}

impl Place {
    /// A pointer into a plane: to this accumulator's part, followed by those of the next ones. `before` is the size in
    /// bytes of the parts in the planes before it.
    ///
    /// # Safety
    /// The panel has such planes.
    #[inline(always)]
    unsafe fn plane<T>(self, before: usize) -> *mut T {
        // SAFETY: planes lie one after the other; by the contract this one lies inside the panel.
        unsafe { self.panel.add(before * self.count).cast::<T>().add(self.at) }
    }

    /// The accumulator `n` after this one.
    pub(super) fn further(self, n: usize) -> Self {
        Self {
            at: self.at + n,
            ..self
        }
    }
}

/// A reduction of elements of one dtype.
///
/// # Safety
/// For all functions: a panel has room for its count of accumulators of `size` bytes, aligned to 8. All accumulators
/// that are used are within it, and have been started (except for `start`). Elements are aligned, and have the dtype
/// for which the fold was made.
#[derive(Clone, Copy)]
pub(super) struct Fold {
    /// Bytes of an accumulator.
    pub(super) size: usize,
    /// Whether elements must be added in the order of their positions.
    pub(super) ordered: bool,
    /// `(to, count)`: starts accumulators.
    pub(super) start: unsafe fn(Place, usize),
    /// `(to, data, rows, len, index)`: adds the elements of each row to an accumulator. The first of each row is
    /// element `index` of its reduction.
    pub(super) rows: unsafe fn(Place, *const u8, usize, usize, usize),
    /// `(to, data, rows, columns, index)`: adds each element to its column's accumulator. The first row holds the
    /// elements `index` of the reductions.
    pub(super) columns: unsafe fn(Place, *const u8, usize, usize, usize),
    /// `(to, from, count)`: merges accumulators into others.
    pub(super) merge: unsafe fn(Place, Place, usize),
    /// `(from, out, count, correction)`: writes the results.
    pub(super) finish: unsafe fn(Place, *mut u8, usize, f64),
}

/// A loop handles this many columns at a time: their accumulators and four rows of elements stay in the first-level
/// cache.
const TILE: usize = 512;

/// Compiles a loop with and without AVX2 and FMA. Wider vectors gain nothing, because these wait for memory already.
macro_rules! compiled {
    ($vectors:expr, $body:ident, $For:ty: $Bound:path) => {{
        #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
        unsafe fn vector<F: $Bound>(
            to: Place,
            data: *const u8,
            rows: usize,
            len: usize,
            index: usize,
        ) {
            // SAFETY: by the contract of `Fold`.
            unsafe { $body::<F>(to, data, rows, len, index) }
        }
        unsafe fn plain<F: $Bound>(
            to: Place,
            data: *const u8,
            rows: usize,
            len: usize,
            index: usize,
        ) {
            // SAFETY: by the contract of `Fold`.
            unsafe { $body::<F>(to, data, rows, len, index) }
        }
        if $vectors >= Vectors::Fused {
            vector::<$For>
        } else {
            plain::<$For>
        }
    }};
}
use compiled;

fn refuse(op: ReduceOp, dtype: DType) -> ! {
    panic!("{op:?} does not take {dtype}")
}

impl Fold {
    /// The fold of a reduction. Positions are `int64`.
    ///
    /// # Panics
    /// If the reduction does not take the dtype. The caller has checked that.
    pub(super) fn new(op: ReduceOp, dtype: DType, vectors: Vectors) -> Self {
        match op {
            ReduceOp::Sum => {
                dispatch!(numeric: dtype, T => Sum::<T>::fold(vectors), other => refuse(op, other))
            }
            ReduceOp::Prod => {
                dispatch!(numeric: dtype, T => Prod::<T>::fold(vectors), other => refuse(op, other))
            }
            ReduceOp::Max => {
                dispatch!(real: dtype, T => Max::<T>::fold(vectors), other => refuse(op, other))
            }
            ReduceOp::Min => {
                dispatch!(real: dtype, T => Min::<T>::fold(vectors), other => refuse(op, other))
            }
            ReduceOp::All => All::fold(vectors),
            ReduceOp::Any => Any::fold(vectors),
            ReduceOp::Argmax => {
                dispatch!(real: dtype, T => Largest::<T>::fold(vectors), other => refuse(op, other))
            }
            ReduceOp::Argmin => {
                dispatch!(real: dtype, T => Smallest::<T>::fold(vectors), other => refuse(op, other))
            }
        }
    }

    /// The fold of a sum, maximum or minimum that skips NaN.
    pub(super) fn skipping_nan(op: ReduceOp, dtype: DType, vectors: Vectors) -> Option<Self> {
        Some(match (op, dtype) {
            (ReduceOp::Sum, DType::Float32) => NanSum::<f32>::fold(vectors),
            (ReduceOp::Sum, DType::Float64) => NanSum::<f64>::fold(vectors),
            (ReduceOp::Max, DType::Float32) => NanMax::<f32>::fold(vectors),
            (ReduceOp::Max, DType::Float64) => NanMax::<f64>::fold(vectors),
            (ReduceOp::Min, DType::Float32) => NanMin::<f32>::fold(vectors),
            (ReduceOp::Min, DType::Float64) => NanMin::<f64>::fold(vectors),
            _ => return None,
        })
    }

    /// The fold of the variance.
    pub(super) fn variance(dtype: DType, vectors: Vectors) -> Option<Self> {
        match dtype {
            DType::Float32 => Some(variance::fold::<f32>(vectors)),
            DType::Float64 => Some(variance::fold::<f64>(vectors)),
            _ => None,
        }
    }
}
