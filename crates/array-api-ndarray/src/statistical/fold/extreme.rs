//! `argmax` and `argmin`. An accumulator has a position and a value, each in its own plane.

use std::{marker::PhantomData, slice};

use super::{
    Fold, Place, Vectors, compiled,
    simple::{Max, Min, Simple, row as row_value},
};

/// Marks an accumulator without an element.
const NONE: u64 = u64::MAX;

/// Either the largest or the smallest element.
pub(super) trait Extreme: 'static {
    /// An element.
    type In: Copy + PartialOrd;
    /// The reduction that computes the value; it is NaN if there is one.
    type Value: Simple<In = Self::In, Acc = Self::In>;

    /// Whether x is preferred to y. Neither is NaN.
    fn before(x: Self::In, y: Self::In) -> bool;

    /// The functions of this reduction.
    fn fold(vectors: Vectors) -> Fold
    where
        Self: Sized,
    {
        Fold {
            size: 16,
            ordered: true,
            start: start::<Self>,
            rows: compiled!(vectors, rows, Self: Extreme),
            columns: compiled!(vectors, columns, Self: Extreme),
            merge: merge::<Self>,
            finish,
        }
    }
}

/// Position of the first largest element.
pub(super) struct Largest<T>(PhantomData<T>);
/// Position of the first smallest element.
pub(super) struct Smallest<T>(PhantomData<T>);

impl<T: Copy + PartialOrd + 'static> Extreme for Largest<T>
where
    Max<T>: Simple<In = T, Acc = T>,
{
    type In = T;
    type Value = Max<T>;
    #[inline(always)]
    fn before(x: T, y: T) -> bool {
        x > y
    }
}

impl<T: Copy + PartialOrd + 'static> Extreme for Smallest<T>
where
    Min<T>: Simple<In = T, Acc = T>,
{
    type In = T;
    type Value = Min<T>;
    #[inline(always)]
    fn before(x: T, y: T) -> bool {
        x < y
    }
}

#[inline(always)]
#[allow(clippy::eq_op, reason = "NaN alone differs from itself")]
fn is_nan<T: Copy + PartialOrd>(x: T) -> bool {
    x != x
}

/// Whether x replaces y. NaN is preferred to every number.
#[inline(always)]
fn replaces<F: Extreme>(x: F::In, y: F::In) -> bool {
    (F::before(x, y) | is_nan(x)) & !is_nan(y)
}

/// The position of the first element that equals `best`, or that is NaN if `best` is. There is one.
#[inline(always)]
fn position_of<T: Copy + PartialOrd>(row: &[T], best: T) -> usize {
    let fits = |x: T| (x == best) | (is_nan(x) & is_nan(best));
    // Searches chunks, which needs no branch for each element.
    let chunks = row.chunks(32);
    let chunk = chunks
        .take_while(|chunk| !chunk.iter().fold(false, |any, &x| any | fits(x)))
        .count();
    let start = row.len().min(chunk * 32);
    start + row[start..].iter().position(|&x| fits(x)).unwrap_or(0)
}

/// # Safety
/// See [`Fold`].
unsafe fn start<F: Extreme>(to: Place, count: usize) {
    // SAFETY: by the contract; values are written before a reference to them is made.
    unsafe {
        let (positions, values) = (to.plane::<u64>(0), to.plane::<F::In>(8));
        for k in 0..count {
            positions.add(k).write(NONE);
            values.add(k).write(F::Value::START);
        }
    }
}

/// # Safety
/// See [`Fold`].
#[inline(always)]
unsafe fn rows<F: Extreme>(to: Place, data: *const u8, rows: usize, len: usize, index: usize) {
    // SAFETY: by the contract; the planes do not overlap.
    let (positions, values, data) = unsafe {
        (
            slice::from_raw_parts_mut(to.plane::<u64>(0), rows),
            slice::from_raw_parts_mut(to.plane::<F::In>(8), rows),
            slice::from_raw_parts(data.cast::<F::In>(), rows * len),
        )
    };
    for (k, (position, value)) in positions.iter_mut().zip(values).enumerate() {
        let row = &data[k * len..(k + 1) * len];
        let best = row_value::<F::Value>(row);
        if *position == NONE || replaces::<F>(best, *value) {
            *position = (index + position_of(row, best)) as u64;
            *value = best;
        }
    }
}

/// # Safety
/// See [`Fold`].
#[inline(always)]
unsafe fn columns<F: Extreme>(
    to: Place,
    data: *const u8,
    rows: usize,
    columns: usize,
    index: usize,
) {
    // SAFETY: by the contract; the planes do not overlap.
    let (positions, values, data) = unsafe {
        (
            slice::from_raw_parts_mut(to.plane::<u64>(0), columns),
            slice::from_raw_parts_mut(to.plane::<F::In>(8), columns),
            slice::from_raw_parts(data.cast::<F::In>(), rows * columns),
        )
    };
    for (row, now) in data.chunks_exact(columns).zip(index as u64..) {
        for ((position, value), &x) in positions.iter_mut().zip(values.iter_mut()).zip(row) {
            let new = replaces::<F>(x, *value) | (*position == NONE);
            *position = if new { now } else { *position };
            *value = if new { x } else { *value };
        }
    }
}

/// # Safety
/// See [`Fold`].
unsafe fn merge<F: Extreme>(to: Place, from: Place, count: usize) {
    // SAFETY: by the contract; no reference is made, for both may be parts of one panel.
    unsafe {
        let (positions, values) = (to.plane::<u64>(0), to.plane::<F::In>(8));
        let (others, theirs) = (from.plane::<u64>(0), from.plane::<F::In>(8));
        for k in 0..count {
            let (p, v, q, w) = (
                *positions.add(k),
                *values.add(k),
                *others.add(k),
                *theirs.add(k),
            );
            let alike = v == w || is_nan(v) & is_nan(w);
            if q != NONE && (p == NONE || replaces::<F>(w, v) || alike && q < p) {
                *positions.add(k) = q;
                *values.add(k) = w;
            }
        }
    }
}

/// # Safety
/// See [`Fold`].
unsafe fn finish(from: Place, out: *mut u8, count: usize, _correction: f64) {
    // SAFETY: by the contract; the results are written before a reference to them is made.
    unsafe {
        let (positions, out) = (from.plane::<u64>(0), out.cast::<i64>());
        (0..count).for_each(|k| out.add(k).write(*positions.add(k) as i64));
    }
}
