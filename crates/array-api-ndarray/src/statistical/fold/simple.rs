//! Reductions whose accumulator is one value.

use std::{hint::black_box, marker::PhantomData, slice};

use array_api_spec::{Complex, Element};

use super::{Fold, Place, TILE, Vectors, compiled};

/// A long row is summed in this many independent accumulators, so that an addition need not wait for the one before.
const LANES: usize = 16;

/// A reduction whose accumulator is one value.
pub(super) trait Simple: 'static {
    /// An element.
    type In: Copy;
    /// The accumulator.
    type Acc: Copy;
    /// The result.
    type Out;

    /// The accumulator without elements.
    const START: Self::Acc;

    /// Adds an element to an accumulator.
    fn take(acc: Self::Acc, x: Self::In) -> Self::Acc;

    /// Merges two accumulators.
    fn join(a: Self::Acc, b: Self::Acc) -> Self::Acc;

    /// The result of an accumulator.
    fn finish(acc: Self::Acc) -> Self::Out;

    /// The functions of this reduction.
    fn fold(vectors: Vectors) -> Fold
    where
        Self: Sized,
    {
        Fold {
            size: size_of::<Self::Acc>().next_multiple_of(8),
            ordered: false,
            start: start::<Self>,
            rows: compiled!(vectors, rows, Self: Simple),
            columns: compiled!(vectors, columns, Self: Simple),
            merge: merge::<Self>,
            finish: finish::<Self>,
        }
    }
}

/// # Safety
/// See [`Fold`].
unsafe fn start<F: Simple>(to: Place, count: usize) {
    // SAFETY: by the contract; the values are written before a reference to them is made.
    unsafe {
        let acc = to.plane::<F::Acc>(0);
        (0..count).for_each(|k| acc.add(k).write(F::START));
    }
}

/// # Safety
/// See [`Fold`].
#[inline(always)]
unsafe fn rows<F: Simple>(to: Place, data: *const u8, rows: usize, len: usize, _index: usize) {
    // SAFETY: by the contract.
    let (acc, data) = unsafe {
        let acc = slice::from_raw_parts_mut(to.plane::<F::Acc>(0), rows);
        (acc, slice::from_raw_parts(data.cast::<F::In>(), rows * len))
    };
    for (k, acc) in acc.iter_mut().enumerate() {
        *acc = F::join(*acc, row::<F>(&data[k * len..(k + 1) * len]));
    }
}

/// The accumulator of a row.
#[inline(always)]
pub(super) fn row<F: Simple>(row: &[F::In]) -> F::Acc {
    let mut chunks = row.chunks_exact(LANES);
    let mut rest = F::START;
    if row.len() >= LANES {
        let mut lanes = [F::START; LANES];
        for chunk in &mut chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = F::take(*lane, x);
            }
        }
        // This hides the lanes from the compiler: if it saw the sum below, it would add only two lanes at a time above.
        let mut lanes = black_box(lanes);
        let mut width = LANES / 2;
        while width > 0 {
            for k in 0..width {
                lanes[k] = F::join(lanes[k], lanes[k + width]);
            }
            width /= 2;
        }
        rest = lanes[0];
    }
    for &x in chunks.remainder() {
        rest = F::take(rest, x);
    }
    rest
}

/// # Safety
/// See [`Fold`].
#[inline(always)]
unsafe fn columns<F: Simple>(
    to: Place,
    data: *const u8,
    rows: usize,
    columns: usize,
    _index: usize,
) {
    // SAFETY: by the contract.
    let (acc, data) = unsafe {
        let acc = slice::from_raw_parts_mut(to.plane::<F::Acc>(0), columns);
        (
            acc,
            slice::from_raw_parts(data.cast::<F::In>(), rows * columns),
        )
    };
    for first in (0..columns).step_by(TILE) {
        let acc = &mut acc[first..columns.min(first + TILE)];
        let n = acc.len();
        let mut fours = data.chunks_exact(4 * columns);
        for four in &mut fours {
            let [a, b, c, d] = [0, 1, 2, 3].map(|k| &four[k * columns + first..][..n]);
            for (k, acc) in acc.iter_mut().enumerate() {
                *acc = F::take(F::take(F::take(F::take(*acc, a[k]), b[k]), c[k]), d[k]);
            }
        }
        for row in fours.remainder().chunks_exact(columns) {
            for (acc, &x) in acc.iter_mut().zip(&row[first..]) {
                *acc = F::take(*acc, x);
            }
        }
    }
}

/// # Safety
/// See [`Fold`].
unsafe fn merge<F: Simple>(to: Place, from: Place, count: usize) {
    // SAFETY: by the contract; no reference is made, for both may be parts of one panel.
    unsafe {
        let (to, from) = (to.plane::<F::Acc>(0), from.plane::<F::Acc>(0));
        (0..count).for_each(|k| *to.add(k) = F::join(*to.add(k), *from.add(k)));
    }
}

/// # Safety
/// See [`Fold`].
unsafe fn finish<F: Simple>(from: Place, out: *mut u8, count: usize, _correction: f64) {
    // SAFETY: by the contract; the results are written before a reference to them is made.
    unsafe {
        let (acc, out) = (from.plane::<F::Acc>(0), out.cast::<F::Out>());
        (0..count).for_each(|k| out.add(k).write(F::finish(*acc.add(k))));
    }
}

/// Sum.
pub(super) struct Sum<T>(PhantomData<T>);
/// Product.
pub(super) struct Prod<T>(PhantomData<T>);
/// Largest, NaN if there is one.
pub(super) struct Max<T>(PhantomData<T>);
/// Smallest, NaN if there is one.
pub(super) struct Min<T>(PhantomData<T>);
/// Sum of what is not NaN.
pub(super) struct NanSum<T>(PhantomData<T>);
/// Largest of what is not NaN.
pub(super) struct NanMax<T>(PhantomData<T>);
/// Smallest of what is not NaN.
pub(super) struct NanMin<T>(PhantomData<T>);
/// Whether all are true.
pub(super) struct All;
/// Whether any is true.
pub(super) struct Any;

macro_rules! simple {
    ($F:ty: $In:ty, $Acc:ty, $start:expr, |$acc:ident, $x:ident| $take:expr, |$a:ident, $b:ident| $join:expr) => {
        impl Simple for $F {
            type In = $In;
            type Acc = $Acc;
            type Out = $In;
            const START: $Acc = $start;
            #[inline(always)]
            fn take($acc: $Acc, $x: $In) -> $Acc {
                $take
            }
            #[inline(always)]
            fn join($a: $Acc, $b: $Acc) -> $Acc {
                $join
            }
            #[inline(always)]
            #[allow(clippy::unnecessary_cast, reason = "float32 accumulates in float64")]
            fn finish(acc: $Acc) -> $In {
                acc as $In
            }
        }
    };
}

macro_rules! integers {
    ($($t:ty),*) => { $(
        simple!(Sum<$t>: $t, $t, 0, |acc, x| acc.wrapping_add(x), |a, b| a.wrapping_add(b));
        simple!(Prod<$t>: $t, $t, 1, |acc, x| acc.wrapping_mul(x), |a, b| a.wrapping_mul(b));
        simple!(Max<$t>: $t, $t, <$t>::MIN, |acc, x| acc.max(x), |a, b| a.max(b));
        simple!(Min<$t>: $t, $t, <$t>::MAX, |acc, x| acc.min(x), |a, b| a.min(b));
    )* };
}
integers!(i8, i16, i32, i64, u8, u16, u32, u64);

// `float32` is summed and multiplied in `float64`, which is no slower, because the loops wait for memory.
macro_rules! reals {
    ($($t:ty),*) => { $(
        simple!(Sum<$t>: $t, f64, 0.0, |acc, x| acc + f64::from(x), |a, b| a + b);
        simple!(Prod<$t>: $t, f64, 1.0, |acc, x| acc * f64::from(x), |a, b| a * b);
        simple!(Max<$t>: $t, $t, <$t>::NEG_INFINITY, |acc, x| larger(acc, x), |a, b| larger(a, b));
        simple!(Min<$t>: $t, $t, <$t>::INFINITY, |acc, x| smaller(acc, x), |a, b| smaller(a, b));
        simple!(NanSum<$t>: $t, f64, 0.0, |acc, x| acc + if x.is_nan() { 0.0 } else { f64::from(x) }, |a, b| a + b);
        simple!(NanMax<$t>: $t, $t, <$t>::NAN, |acc, x| if (x > acc) | acc.is_nan() { x } else { acc },
            |a, b| if (b > a) | a.is_nan() { b } else { a });
        simple!(NanMin<$t>: $t, $t, <$t>::NAN, |acc, x| if (x < acc) | acc.is_nan() { x } else { acc },
            |a, b| if (b < a) | a.is_nan() { b } else { a });
    )* };
}
reals!(f32, f64);

#[inline(always)]
#[allow(clippy::eq_op, reason = "NaN alone differs from itself")]
fn larger<T: Element + PartialOrd>(acc: T, x: T) -> T {
    if (x > acc) | (x != x) { x } else { acc }
}

#[inline(always)]
#[allow(clippy::eq_op, reason = "NaN alone differs from itself")]
fn smaller<T: Element + PartialOrd>(acc: T, x: T) -> T {
    if (x < acc) | (x != x) { x } else { acc }
}

simple!(All: bool, bool, true, |acc, x| acc & x, |a, b| a & b);
simple!(Any: bool, bool, false, |acc, x| acc | x, |a, b| a | b);

macro_rules! complex {
    ($($t:ty),*) => { $(
        impl Simple for Sum<Complex<$t>> {
            type In = Complex<$t>;
            type Acc = Complex<f64>;
            type Out = Complex<$t>;
            const START: Complex<f64> = Complex::ZERO;
            #[inline(always)]
            fn take(acc: Complex<f64>, x: Complex<$t>) -> Complex<f64> {
                Complex::new(acc.re + f64::from(x.re), acc.im + f64::from(x.im))
            }
            #[inline(always)]
            fn join(a: Complex<f64>, b: Complex<f64>) -> Complex<f64> {
                Complex::new(a.re + b.re, a.im + b.im)
            }
            #[inline(always)]
            fn finish(acc: Complex<f64>) -> Complex<$t> {
                Complex::new(acc.re as $t, acc.im as $t)
            }
        }

        impl Simple for Prod<Complex<$t>> {
            type In = Complex<$t>;
            type Acc = Complex<f64>;
            type Out = Complex<$t>;
            const START: Complex<f64> = Complex::ONE;
            #[inline(always)]
            fn take(acc: Complex<f64>, x: Complex<$t>) -> Complex<f64> {
                Self::join(acc, Complex::new(x.re.into(), x.im.into()))
            }
            #[inline(always)]
            fn join(a: Complex<f64>, b: Complex<f64>) -> Complex<f64> {
                Complex::new(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)
            }
            #[inline(always)]
            fn finish(acc: Complex<f64>) -> Complex<$t> {
                Complex::new(acc.re as $t, acc.im as $t)
            }
        }
    )* };
}
complex!(f32, f64);
