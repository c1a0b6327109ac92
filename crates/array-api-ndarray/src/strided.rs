//! Copies between strided and contiguous memory. Only the size of an element matters.

use array_api_spec::{Layout, layout::Dims};

/// An array's strides and the position of its first element, for a shape that the caller knows.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// Distance in elements between neighbours along each axis.
    pub(super) strides: Dims<isize>,
    /// Position of the first element.
    pub(super) offset: isize,
}

impl Walk {
    /// The walk of a layout.
    pub(super) fn new(layout: &Layout) -> Self {
        Self {
            strides: layout.strides().into(),
            offset: layout.offset() as isize,
        }
    }

    /// Cuts the row-major elements `start..start + len` into runs along the last axis, and calls `run(position, stride,
    /// done, length)` for each; `done` elements of the block come before it.
    #[inline]
    pub(super) fn runs(
        &self,
        shape: &[usize],
        start: usize,
        len: usize,
        mut run: impl FnMut(isize, isize, usize, usize),
    ) {
        let Some((&inner, outer)) = shape.split_last() else {
            return run(self.offset, 1, 0, len);
        };
        let stride = self.strides[outer.len()];
        let (mut row, mut column) = (start / inner, start % inner);
        if outer.is_empty() {
            return run(self.offset + column as isize * stride, stride, 0, len);
        }
        let mut index: Dims<usize> = Dims::from_elem(0, outer.len());
        let mut position = self.offset;
        for k in (0..outer.len()).rev() {
            index[k] = row % outer[k];
            row /= outer[k];
            position += index[k] as isize * self.strides[k];
        }
        let mut done = 0;
        while done < len {
            let length = (inner - column).min(len - done);
            run(position + column as isize * stride, stride, done, length);
            done += length;
            column = 0;
            for k in (0..outer.len()).rev() {
                index[k] += 1;
                position += self.strides[k];
                if index[k] < outer[k] {
                    break;
                }
                position -= outer[k] as isize * self.strides[k];
                index[k] = 0;
            }
        }
    }

    /// The position of the row-major elements `start..start + len`, if they are contiguous.
    #[inline]
    pub(super) fn contiguous(&self, shape: &[usize], start: usize, len: usize) -> Option<isize> {
        match (shape, self.strides.as_slice()) {
            ([], _) => Some(self.offset),
            ([_], [1]) => Some(self.offset + start as isize),
            ([.., inner], [outer @ .., 1]) => {
                let (mut row, column) = (start / inner, start % inner);
                if column + len > *inner {
                    return None;
                }
                let mut position = self.offset + column as isize;
                for (&n, &stride) in shape[..outer.len()].iter().zip(outer).rev() {
                    position += (row % n) as isize * stride;
                    row /= n;
                }
                Some(position)
            }
            _ => (len == 1).then(|| {
                let mut position = self.offset;
                self.runs(shape, start, 1, |p, _, _, _| position = p);
                position
            }),
        }
    }
}

/// Runs a block with `$T` as a plain type of an element's size.
macro_rules! by_size {
    ($size:expr, $T:ident => $body:expr) => {
        match $size {
            1 => {
                type $T = u8;
                $body
            }
            2 => {
                type $T = u16;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            8 => {
                type $T = u64;
                $body
            }
            _ => {
                type $T = [u64; 2];
                $body
            }
        }
    };
}

/// Reads the row-major elements `start..start + len` of a strided array into contiguous memory.
///
/// # Safety
/// All those elements, of `size` bytes each, are inside the memory at `from` and aligned to that size (16: to 8). `to`
/// has room for `len` of them. The two do not overlap.
pub(super) unsafe fn gather(
    walk: &Walk,
    shape: &[usize],
    start: usize,
    len: usize,
    size: usize,
    from: *const u8,
    to: *mut u8,
) {
    by_size!(size, T => {
        let (from, to) = (from.cast::<T>(), to.cast::<T>());
        if let (&[rows, columns], &[down, right]) = (shape, walk.strides.as_slice())
            && start == 0 && len == rows * columns && down != 0 && down.abs() < right.abs()
        {
            // Reads go along the short stride, so that a column's cache lines are used up before the next are read. All
            // are prefetched first, because the processor does not predict the long stride.
            for j in 0..columns {
                for i in (0..rows).step_by(64 / size) {
                    prefetch(from.wrapping_offset(walk.offset + j as isize * right + i as isize * down));
                }
            }
            for j in 0..columns {
                // SAFETY: by the contract above, for the element (i, j).
                unsafe {
                    let column = from.offset(walk.offset + j as isize * right);
                    for i in 0..rows {
                        *to.add(i * columns + j) = *column.offset(i as isize * down);
                    }
                }
            }
            return;
        }
        walk.runs(shape, start, len, |position, stride, done, length| {
            // SAFETY: by the contract above; a run is a part of the elements asked for.
            unsafe {
                let (from, to) = (from.offset(position), to.add(done));
                match stride {
                    1 => to.copy_from_nonoverlapping(from, length),
                    0 => std::slice::from_raw_parts_mut(to.cast::<std::mem::MaybeUninit<T>>(), length)
                        .fill(std::mem::MaybeUninit::new(*from)),
                    _ => (0..length).for_each(|i| *to.add(i) = *from.offset(i as isize * stride)),
                }
            }
        });
    });
}

/// Prefetches the cache line of an address.
#[inline(always)]
fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint; it reads nothing and cannot fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Writes contiguous memory to the row-major elements `start..start + len` of a strided array.
///
/// # Safety
/// That of [`gather`], with `from` and `to` exchanged.
pub(super) unsafe fn scatter(
    walk: &Walk,
    shape: &[usize],
    start: usize,
    len: usize,
    size: usize,
    from: *const u8,
    to: *mut u8,
) {
    by_size!(size, T => {
        let (from, to) = (from.cast::<T>(), to.cast::<T>());
        walk.runs(shape, start, len, |position, stride, done, length| {
            // SAFETY: by the contract above; a run is a part of the elements asked for.
            unsafe {
                let (from, to) = (from.add(done), to.offset(position));
                if stride == 1 {
                    to.copy_from_nonoverlapping(from, length);
                } else {
                    (0..length).for_each(|i| *to.offset(i as isize * stride) = *from.add(i));
                }
            }
        });
    });
}

/// Writes one element `len` times.
///
/// # Safety
/// `to` has room for `len` elements of `size` bytes and is aligned to that size (16: to 8).
pub(super) unsafe fn fill(element: &[u8; 16], size: usize, to: *mut u8, len: usize) {
    by_size!(size, T => {
        // SAFETY: an element has at most 16 bytes.
        let value = unsafe { element.as_ptr().cast::<T>().read_unaligned() };
        // SAFETY: by the contract above.
        unsafe { std::slice::from_raw_parts_mut(to.cast::<std::mem::MaybeUninit<T>>(), len) }
            .fill(std::mem::MaybeUninit::new(value));
    });
}
