//! Gathering along an axis, and the positions of true elements.

use array_api_spec::{
    DType, Element, Layout, Program, Result, Strided,
    backend::{ElementwiseBackend, IndexingBackend},
    dispatch,
    shape::size,
};
use rayon::prelude::*;

use super::{NdArray, Storage, check_bounds, elements, strided::Walk};
use array_api_host::threads;
use array_api_spec::memory;

/// Elements that one thread moves at a time. Fewer elements in all are not worth a second thread.
const PIECE: usize = 1 << 14;

impl IndexingBackend for NdArray {
    fn gather(
        &self,
        x: &Strided<Storage>,
        indices: &Strided<Storage>,
        axis: usize,
    ) -> Result<Storage> {
        let wanted = elements::<i64>(indices)?;
        dispatch!(x.dtype, T => pick::<T>(x, indices.shape(), axis, |position| wanted[position]))
    }

    fn nonzero(&self, x: &Program<Storage>) -> Result<(Storage, usize)> {
        let flags = match x.as_input() {
            Some(x) => x.clone(),
            None => Strided::contiguous(self.evaluate(x)?, &x.shape, DType::Bool),
        };
        let flags = elements::<bool>(&flags)?;
        let count = |piece: &[bool]| piece.iter().filter(|&&b| b).count();
        let counts: Vec<usize> = if flags.len() <= PIECE {
            flags.chunks(PIECE).map(count).collect()
        } else {
            threads::install(|| flags.par_chunks(PIECE).map(count).collect())
        };
        let count = counts.iter().sum();
        let storage = Storage::build::<i64>(count, |mut out| {
            let mut parts = Vec::with_capacity(counts.len());
            for &count in &counts {
                let (part, rest) = out.split_at_mut(count);
                parts.push(part);
                out = rest;
            }
            let write = |(k, (part, piece)): (usize, (&mut [i64], &[bool]))| {
                let found = piece
                    .iter()
                    .enumerate()
                    .filter(|&(_, &b)| b)
                    .map(|(i, _)| (k * PIECE + i) as i64);
                part.iter_mut()
                    .zip(found)
                    .for_each(|(out, position)| *out = position);
            };
            if flags.len() <= PIECE {
                parts
                    .into_iter()
                    .zip(flags.chunks(PIECE))
                    .enumerate()
                    .for_each(write);
            } else {
                let parts = parts.into_par_iter().zip(flags.par_chunks(PIECE));
                threads::install(|| parts.enumerate().for_each(write));
            }
        })?;
        Ok((storage, count))
    }
}

/// Gathers elements of `x` into a result of shape `shape`, which differs from x's on `axis` only. The element at
/// row-major position `k` is the one of x with the index `index(k)` on that axis. Negative indices count from the end.
///
/// # Panics
/// If an index is out of range. The caller has checked that.
fn pick<T: Element>(
    x: &Strided<Storage>,
    shape: &[usize],
    axis: usize,
    index: impl Fn(usize) -> i64 + Sync,
) -> Result<Storage> {
    let all = x.storage.slice::<T>();
    let n = x.shape()[axis] as i64;
    let along = x.layout.strides()[axis];
    let mut strides = x.layout.strides().to_vec();
    strides[axis] = 0;
    let walk = Walk::new(&Layout::new(shape, &strides, x.layout.offset()));
    let size = size(shape);
    let fill = |start: usize, out: &mut [T]| {
        walk.runs(shape, start, out.len(), |position, stride, done, length| {
            for (i, out) in out[done..done + length].iter_mut().enumerate() {
                let wanted = index(start + done + i);
                let wanted = if wanted < 0 { wanted + n } else { wanted };
                assert!(
                    (0..n).contains(&wanted),
                    "index {wanted} on an axis of length {n}"
                );
                *out = all[(position + i as isize * stride + wanted as isize * along) as usize];
            }
        });
    };
    Storage::build::<T>(size, |out| {
        if size == 0 {
        } else if size <= PIECE {
            fill(0, out);
        } else {
            threads::for_each_chunk(out, PIECE, 1, &|k, out| fill(k * PIECE, out));
        }
    })
}

/// `x[indices, …]` along an axis. If the elements of the axes after it are contiguous, they are copied at once.
///
/// # Panics
/// If an index is out of range. The caller has checked that.
pub(super) fn take(
    x: &Strided<Storage>,
    indices: &Strided<Storage>,
    axis: usize,
) -> Result<Storage> {
    let wanted = elements::<i64>(indices)?;
    let (outer, behind) = (&x.shape()[..axis], &x.shape()[axis + 1..]);
    let inner = size(behind);
    let strides = x.layout.strides();
    dispatch!(x.dtype, T => {
        if inner > 1 && Layout::new(behind, &strides[axis + 1..], 0).is_contiguous() {
            check_bounds(x);
            let all = x.storage.slice::<T>();
            let n = x.shape()[axis] as i64;
            let mut starts: Vec<usize> = memory::vector(size(outer))?;
            starts.extend(Layout::new(outer, &strides[..axis], x.layout.offset()).positions());
            let rows = wanted.len();
            let copy = |row: usize, out: &mut [T]| {
                let index = wanted[row % rows];
                let index = if index < 0 { index + n } else { index };
                assert!((0..n).contains(&index), "index {index} on an axis of length {n}");
                let from = starts[row / rows] as isize + index as isize * strides[axis];
                out.copy_from_slice(&all[from as usize..][..inner]);
            };
            Storage::build::<T>(starts.len() * rows * inner, |out| {
                let together = (PIECE / inner).max(1);
                if out.len() <= PIECE {
                    let rows = out.chunks_exact_mut(inner).enumerate();
                    rows.for_each(|(row, out)| copy(row, out));
                } else {
                    threads::for_each_chunk(out, inner, together, &copy);
                }
            })
        } else {
            let mut shape = x.shape().to_vec();
            shape[axis] = wanted.len();
            pick::<T>(x, &shape, axis, |position| wanted[position / inner % wanted.len()])
        }
    })
}

#[cfg(test)]
mod tests {
    use array_api_spec::{Op, UnaryOp};
    use proptest::prelude::*;

    use super::{
        super::testing::{
            on_reference, program, reference_backend, reference_values, shape, values, view,
        },
        *,
    };

    /// The same view on the reference backend.
    fn mirrored(x: &Strided<Storage>) -> Strided<array_api_spec::reference::Memory> {
        on_reference(&Program::input(x.clone())).inputs.remove(0)
    }

    fn dtype() -> impl Strategy<Value = DType> {
        prop::sample::select(DType::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn gather_is_that_of_the_reference(
            (x, indices, axis) in (shape(), dtype(), any::<prop::sample::Index>())
                .prop_filter("an axis", |(shape, ..)| !shape.is_empty())
                .prop_flat_map(|(shape, dtype, axis)| {
                    let axis = axis.index(shape.len());
                    let n = shape[axis] as i64;
                    let others = shape.iter().product::<usize>() / shape[axis].max(1);
                    let mut wanted = shape.clone();
                    let count = if n == 0 { 0 } else { 5_usize.min(4000 / others.max(1)) };
                    wanted[axis] = count;
                    let size = wanted.iter().product::<usize>();
                    let indices = prop::collection::vec(if n == 0 { 0..1 } else { -n..n }, size).prop_map(move |values| {
                        Strided::contiguous(Storage::from(values), &wanted, DType::Int64)
                    });
                    (view(shape, dtype), indices, Just(axis))
                }),
        ) {
            let ours = NdArray.gather(&x, &indices, axis).expect("room");
            let theirs = reference_backend().gather(&mirrored(&x), &mirrored(&indices), axis).expect("room");
            let theirs = reference_values(theirs, indices.shape(), x.dtype);
            prop_assert_eq!(values(&ours), theirs);
        }

        #[test]
        fn take_is_that_of_the_reference(
            (x, indices, axis) in (shape(), dtype(), any::<prop::sample::Index>())
                .prop_filter("an axis", |(shape, ..)| !shape.is_empty())
                .prop_flat_map(|(shape, dtype, axis)| {
                    let axis = axis.index(shape.len());
                    let n = shape[axis] as i64;
                    let indices = prop::collection::vec(if n == 0 { 0..1 } else { -n..n }, if n == 0 { 0..1 } else { 0..9 });
                    (view(shape, dtype), indices, Just(axis))
                }),
        ) {
            let layout = Layout::contiguous(&[indices.len()]).flip(0);
            let indices = Strided { storage: indices.into(), layout, dtype: DType::Int64 };
            let ours = take(&x, &indices, axis).expect("room");
            let mut shape = x.shape().to_vec();
            shape[axis] = indices.shape()[0];
            let theirs = {
                let mut line = vec![1; shape.len()];
                line[axis] = shape[axis];
                let wanted = indices.layout.reshape(&line).expect("one axis").broadcast_to(&shape);
                reference_backend().gather(&mirrored(&x), &mirrored(&indices.with_layout(wanted)), axis).expect("room")
            };
            prop_assert_eq!(values(&ours), reference_values(theirs, &shape, x.dtype));
        }

        #[test]
        fn nonzero_is_that_of_the_reference(x in shape().prop_flat_map(|shape| view(shape, DType::Bool)), invert: bool) {
            let op = if invert { Op::Unary(UnaryOp::LogicalNot, 0) } else { Op::Input(0) };
            let steps = [(Op::Input(0), DType::Bool), (op, DType::Bool)];
            let shape = x.shape().to_vec();
            let x = program(&shape, vec![x], &steps[..1 + usize::from(invert)]);
            let (ours, count) = NdArray.nonzero(&x).expect("room");
            let (theirs, expected) = reference_backend().nonzero(&on_reference(&x)).expect("room");
            prop_assert_eq!(count, expected);
            prop_assert_eq!(values(&ours), reference_values(theirs, &[count], DType::Int64));
        }
    }

    #[test]
    fn large_arrays_are_moved_in_pieces() {
        let n = 5 * PIECE + 3;
        let row = |i: usize| [3 * i as i32, 3 * i as i32 + 1, 3 * i as i32 + 2];
        let x = Strided::contiguous(
            (0..3 * n as i32).collect::<Vec<_>>().into(),
            &[n, 3],
            DType::Int32,
        );
        let order = Strided::contiguous(
            (0..n as i64).rev().collect::<Vec<_>>().into(),
            &[n],
            DType::Int64,
        );
        let expected: Vec<i32> = (0..n).rev().flat_map(row).collect();
        assert_eq!(
            take(&x, &order, 0).expect("room").into_vec::<i32>(),
            expected
        );
        let order = order.with_layout(order.layout.insert_axis(1).broadcast_to(&[n, 3]));
        assert_eq!(
            NdArray
                .gather(&x, &order, 0)
                .expect("room")
                .into_vec::<i32>(),
            expected
        );
        let flags: Vec<bool> = (0..n).map(|i| i % 7 == 2).collect();
        let flags = Strided::contiguous(flags.into(), &[n], DType::Bool);
        let (positions, count) = NdArray.nonzero(&Program::input(flags)).expect("room");
        assert_eq!(count, (n - 2).div_ceil(7));
        let expected: Vec<i64> = (0..count as i64).map(|k| 7 * k + 2).collect();
        assert_eq!(positions.into_vec::<i64>(), expected);
    }
}
