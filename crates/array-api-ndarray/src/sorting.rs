//! Sorting by integer keys.
//!
//! Every real value has an unsigned key, and the order of the keys is that of the values, with NaN last. A value sort
//! sorts the keys. A stable argsort packs key and position into one integer. No two of these are equal, so an unstable
//! sort is enough. That is several times as fast as sorting positions by comparison.

mod radix;

use std::sync::{Mutex, PoisonError};

use array_api_spec::{
    Element, Error, Result, Strided,
    backend::{Order, SortingBackend},
    dispatch,
};
use rayon::prelude::*;

use self::radix::Key;
use super::{NdArray, Storage, elements, pool::Scratch};
use array_api_host::threads;
use array_api_spec::memory;

/// From this many elements on, all threads sort one line together. With this many elements in all lines, the lines are
/// shared among the threads.
const PARALLEL: usize = 1 << 15;

impl SortingBackend for NdArray {
    fn argsort(&self, x: &Strided<Storage>, axis: usize, order: Order) -> Result<Storage> {
        let descending = order == Order::Descending;
        along(x, axis, |x: &Strided<Storage>, n| {
            dispatch!(real: x.dtype, T => {
                let values = elements::<T>(x)?;
                each_line::<T, i64>(&values, n, |line, out, parallel| argsort(line, out, descending, parallel))
            }, other => Err(Error::dtype("argsort", &[other], "real dtypes")))
        })
    }

    fn sort(&self, x: &Strided<Storage>, axis: usize, order: Order) -> Option<Result<Storage>> {
        let descending = order == Order::Descending;
        Some(along(x, axis, |x: &Strided<Storage>, n| {
            dispatch!(real: x.dtype, T => {
                let values = elements::<T>(x)?;
                each_line::<T, T>(&values, n, |line, out, parallel| sort(line, out, descending, parallel))
            }, other => Err(Error::dtype("sort", &[other], "real dtypes")))
        }))
    }
}

/// A value that sorts as an unsigned integer.
trait Sortable: Element {
    /// Wide enough for the key.
    type Key: Key;
    /// Wide enough for key and position, as long as the position fits 32 bits.
    type Word: Key;

    /// The key for the ascending or descending order. NaN has the largest key.
    fn key(self, descending: bool) -> Self::Key;
    fn value(key: Self::Key, descending: bool) -> Self;
    fn pack(key: Self::Key, position: usize) -> Self::Word;
    fn position(word: Self::Word) -> i64;
    /// The most elements that [`pack`](Self::pack) can number.
    const MOST: usize;

    /// Whether the value is a zero with a sign, which its key does not keep.
    fn is_zero(self) -> bool {
        false
    }
}

macro_rules! sortable {
    ($($t:ty, $key:ty, $word:ty, $order:expr, $value:expr;)*) => {
        $(impl Sortable for $t {
            type Key = $key;
            type Word = $word;
            const MOST: usize = if size_of::<$word>() == 8 { u32::MAX as usize } else { usize::MAX };

            fn key(self, descending: bool) -> $key {
                let key: $key = $order(self);
                if descending { !key } else { key }
            }
            fn value(key: $key, descending: bool) -> Self {
                $value(if descending { !key } else { key })
            }
            fn pack(key: $key, position: usize) -> $word {
                (key as $word) << (<$word>::BITS / 2) | position as $word
            }
            fn position(word: $word) -> i64 {
                (word & (<$word>::MAX >> (<$word>::BITS / 2))) as i64
            }
        })*
    };
}
sortable! {
    u8, u8, u64, |x| x, |k| k;
    u16, u16, u64, |x| x, |k| k;
    u32, u32, u64, |x| x, |k| k;
    u64, u64, u128, |x| x, |k| k;
    i8, u8, u64, |x: i8| (x ^ i8::MIN) as u8, |k: u8| k as i8 ^ i8::MIN;
    i16, u16, u64, |x: i16| (x ^ i16::MIN) as u16, |k: u16| k as i16 ^ i16::MIN;
    i32, u32, u64, |x: i32| (x ^ i32::MIN) as u32, |k: u32| k as i32 ^ i32::MIN;
    i64, u64, u128, |x: i64| (x ^ i64::MIN) as u64, |k: u64| k as i64 ^ i64::MIN;
}

macro_rules! sortable_float {
    ($($t:ty, $key:ty, $signed:ty, $word:ty;)*) => {
        $(impl Sortable for $t {
            type Key = $key;
            type Word = $word;
            const MOST: usize = if size_of::<$word>() == 8 { u32::MAX as usize } else { usize::MAX };

            fn key(self, descending: bool) -> $key {
                if self.is_nan() {
                    return <$key>::MAX;
                }
                // -0 becomes 0. Of a negative number all bits are inverted, of others the sign bit only.
                let bits = (self + 0.0).to_bits();
                let mask = ((bits as $signed >> (<$key>::BITS - 1)) as $key) | (1 << (<$key>::BITS - 1));
                if descending { !(bits ^ mask) } else { bits ^ mask }
            }
            fn value(key: $key, descending: bool) -> Self {
                if key == <$key>::MAX {
                    return <$t>::NAN;
                }
                let key = if descending { !key } else { key };
                let mask = ((!key as $signed >> (<$key>::BITS - 1)) as $key) | (1 << (<$key>::BITS - 1));
                <$t>::from_bits(key ^ mask)
            }
            fn pack(key: $key, position: usize) -> $word {
                (key as $word) << (<$word>::BITS / 2) | position as $word
            }
            fn position(word: $word) -> i64 {
                (word & (<$word>::MAX >> (<$word>::BITS / 2))) as i64
            }
            fn is_zero(self) -> bool {
                self == 0.0
            }
        })*
    };
}
sortable_float! {
    f32, u32, i32, u64;
    f64, u64, i64, u128;
}

/// Applies `line` to the view with the axis moved to the end, and moves it back in the result.
fn along(
    x: &Strided<Storage>,
    axis: usize,
    lines: impl FnOnce(&Strided<Storage>, usize) -> Result<Storage>,
) -> Result<Storage> {
    let last = x.layout.ndim() - 1;
    let n = x.shape()[axis];
    if axis == last {
        return lines(x, n);
    }
    let mut order: Vec<usize> = (0..=last).filter(|&a| a != axis).collect();
    order.push(axis);
    let moved = x.with_layout(x.layout.permute(&order));
    let shape = moved.shape().to_vec();
    let sorted = lines(&moved, n)?;
    let back: Vec<usize> = (0..=last)
        .map(|a| {
            if a < axis {
                a
            } else if a == axis {
                last
            } else {
                a - 1
            }
        })
        .collect();
    let dtype = sorted.dtype();
    let sorted = Strided::contiguous(sorted, &shape, dtype);
    copy(&sorted.with_layout(sorted.layout.permute(&back)))
}

/// A copy of the elements of a view.
fn copy(x: &Strided<Storage>) -> Result<Storage> {
    dispatch!(x.dtype, T => {
        let values = elements::<T>(x)?;
        Storage::build::<T>(values.len(), |out| out.copy_from_slice(&values))
    })
}

/// Applies `f` to each line of `n` elements. The last argument of `f` says whether it may use all threads.
///
/// # Errors
/// Those of `f`; no memory for the results.
fn each_line<T: Element, O: Element>(
    values: &[T],
    n: usize,
    f: impl Fn(&[T], &mut [O], bool) -> Result<()> + Sync,
) -> Result<Storage> {
    let mut outcome = Ok(());
    let results = Storage::build::<O>(values.len(), |out| {
        if n == 0 {
            return;
        }
        outcome = if values.len() < PARALLEL || values.len() == n {
            let mut lines = values.chunks_exact(n).zip(out.chunks_exact_mut(n));
            let mut all = || lines.try_for_each(|(line, out)| f(line, out, n >= PARALLEL));
            if n >= PARALLEL {
                threads::install(all)
            } else {
                all()
            }
        } else {
            let failed = Mutex::new(Ok(()));
            let grain = (PARALLEL / 4 / n).max(1);
            threads::for_each_chunk(out, n, grain, &|k, out| {
                if let Err(error) = f(&values[k * n..][..n], out, n >= PARALLEL) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
                }
            });
            failed.into_inner().unwrap_or_else(PoisonError::into_inner)
        };
    })?;
    outcome.map(|()| results)
}

/// Writes `f(value, position)` for each value.
fn map_into<T: Copy + Sync, O: Send>(
    values: &[T],
    out: &mut [O],
    parallel: bool,
    f: impl Fn(usize, T) -> O + Sync,
) {
    let run = |part: usize, out: &mut [O]| {
        let first = part * PARALLEL;
        for (k, (out, &value)) in out.iter_mut().zip(&values[first..]).enumerate() {
            *out = f(first + k, value);
        }
    };
    if parallel {
        threads::for_each_chunk(out, PARALLEL, 1, &run);
    } else {
        run(0, out);
    }
}

fn argsort<T: Sortable>(
    line: &[T],
    out: &mut [i64],
    descending: bool,
    parallel: bool,
) -> Result<()> {
    if line.len() > T::MOST {
        let keys = line.iter().map(|x| x.key(descending));
        let mut words: Vec<(T::Key, i64)> = memory::vector(line.len())?;
        words.extend(keys.zip(0..));
        words.par_sort_unstable();
        map_into(&words, out, parallel, |_, (_, position)| position);
        return Ok(());
    }
    let mut words = Scratch::<T::Word>::new(line.len())?;
    map_into(line, &mut words, parallel, |i, x| {
        T::pack(x.key(descending), i)
    });
    radix::sort(&mut words, parallel)?;
    map_into(&words, out, parallel, |_, word| T::position(word));
    Ok(())
}

fn sort<T: Sortable>(line: &[T], out: &mut [T], descending: bool, parallel: bool) -> Result<()> {
    let mut keys = Scratch::<T::Key>::new(line.len())?;
    map_into(line, &mut keys, parallel, |_, x| x.key(descending));
    radix::sort(&mut keys, parallel)?;
    map_into(&keys, out, parallel, |_, key| T::value(key, descending));
    // Both zeros have the same key, so they keep their order.
    let zero = T::default().key(descending);
    let first = keys.partition_point(|&key| key < zero);
    if out.get(first).is_some_and(|x| x.is_zero()) {
        let zeros = line.iter().copied().filter(|x| x.is_zero());
        out[first..]
            .iter_mut()
            .zip(zeros)
            .for_each(|(out, zero)| *out = zero);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use array_api_spec::{DType, Layout, Program};
    use proptest::prelude::*;

    use super::{
        super::testing::{on_reference, reference_backend, reference_values, shape, values, view},
        *,
    };

    fn assert_same_order(x: &Strided<Storage>, axis: usize) {
        let mirrored = on_reference(&Program::input(x.clone())).inputs.remove(0);
        for order in [Order::Ascending, Order::Descending] {
            let ours = NdArray.argsort(x, axis, order).expect("room");
            let theirs = reference_backend()
                .argsort(&mirrored, axis, order)
                .expect("room");
            assert_eq!(
                values(&ours),
                reference_values(theirs, x.shape(), DType::Int64),
                "{x:?} {axis} {order:?}"
            );
            // The sorted values must be those at the sorted positions, bit for bit.
            let sorted = NdArray
                .sort(x, axis, order)
                .expect("has its own")
                .expect("room");
            let positions = Strided::contiguous(ours, x.shape(), DType::Int64);
            let taken =
                array_api_spec::backend::IndexingBackend::gather(&NdArray, x, &positions, axis)
                    .expect("room");
            assert_eq!(
                format!("{:?}", values(&sorted)),
                format!("{:?}", values(&taken)),
                "{x:?} {axis} {order:?}"
            );
        }
    }

    fn vector<T: Element>(values: Vec<T>) -> Strided<Storage> {
        let n = values.len();
        Strided::contiguous(values.into(), &[n], T::DTYPE)
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_reference(
            (x, axis) in (shape(), 1..11_usize, any::<prop::sample::Index>())
                .prop_filter("an axis", |(shape, ..)| !shape.is_empty())
                .prop_flat_map(|(shape, dtype, axis)| {
                    let axis = axis.index(shape.len());
                    (view(shape, DType::ALL[dtype]), Just(axis))
                }),
        ) {
            assert_same_order(&x, axis);
        }

        #[test]
        fn any_bits_of_floats(bits in prop::collection::vec(prop_oneof![
            any::<u64>(), Just(0), Just(1 << 63), Just(f64::INFINITY.to_bits()), Just(f64::NEG_INFINITY.to_bits()),
        ], 0..40)) {
            // All NaN become one, because the value sort does not keep the bits in which they differ.
            let tame = |x: f64| if x.is_nan() { f64::NAN } else { x };
            let wide: Vec<f64> = bits.iter().map(|&b| tame(f64::from_bits(b))).collect();
            assert_same_order(&vector(wide.iter().map(|&x| x as f32).collect()), 0);
            assert_same_order(&vector(wide), 0);
        }
    }

    #[test]
    fn extremes_of_every_dtype() {
        assert_same_order(
            &vector(vec![i64::MAX, -1, i64::MIN, 0, i64::MAX, i64::MIN]),
            0,
        );
        assert_same_order(&vector(vec![u64::MAX, 0, 1 << 63, u64::MAX]), 0);
        assert_same_order(&vector(vec![i8::MIN, i8::MAX, 0, -1]), 0);
        assert_same_order(
            &vector(vec![
                0.0_f32,
                f32::NAN,
                -0.0,
                f32::MIN,
                f32::INFINITY,
                1e-45,
                -1e-45,
                0.0,
                -0.0,
            ]),
            0,
        );
        assert_same_order(
            &vector(vec![
                f64::NAN,
                f64::NAN,
                1.0,
                f64::NEG_INFINITY,
                f64::INFINITY,
            ]),
            0,
        );
    }

    #[test]
    fn long_lines_and_many_lines_use_all_threads() {
        let n = 3 * PARALLEL;
        let many: Vec<f64> = (0..n).map(|i| ((i * 7919) % 1009) as f64).collect();
        assert_same_order(&vector(many.clone()), 0);
        assert_same_order(&vector(many.iter().map(|&x| x as f32).collect()), 0);
        let table = Strided::contiguous(many.into(), &[n / 64, 64], DType::Float64);
        assert_same_order(&table, 0);
        assert_same_order(&table, 1);
        assert_same_order(
            &table.with_layout(Layout::contiguous(&[n / 64, 64]).permute(&[1, 0]).flip(1)),
            1,
        );
    }
}
