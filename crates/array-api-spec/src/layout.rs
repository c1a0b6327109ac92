//! Layouts: the positions of an array's elements in its storage. Every view (slice, transpose, broadcast, flip) is a
//! new layout over the same storage, computed here for all backends.

use smallvec::SmallVec;

use crate::{DType, shape};

/// Lengths or strides; four fit without an allocation.
pub type Dims<T> = SmallVec<[T; 4]>;

/// Shape, strides and offset, all counted in elements. Strides may be negative (a flipped axis) or zero (a broadcast
/// axis). The element at `index` is at position `offset + Σ index[k] · strides[k]` of the storage.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    shape: Dims<usize>,
    strides: Dims<isize>,
    offset: usize,
}

/// Does what a derived `Clone` would do, but copies the lengths at once: small operations clone a lot of layouts.
impl Clone for Layout {
    fn clone(&self) -> Self {
        Self {
            shape: Dims::from_slice(&self.shape),
            strides: Dims::from_slice(&self.strides),
            offset: self.offset,
        }
    }
}

impl Layout {
    /// The contiguous row-major layout from the start of the storage.
    #[must_use]
    pub fn contiguous(shape: &[usize]) -> Self {
        Self {
            shape: Dims::from_slice(shape),
            strides: row_major(shape),
            offset: 0,
        }
    }

    /// A layout with any strides. The caller must make sure that every element is inside the storage.
    ///
    /// # Panics
    /// In debug builds, if the two slices differ in length.
    #[must_use]
    pub fn new(shape: &[usize], strides: &[isize], offset: usize) -> Self {
        debug_assert_eq!(shape.len(), strides.len());
        Self {
            shape: Dims::from_slice(shape),
            strides: Dims::from_slice(strides),
            offset,
        }
    }

    /// Lengths of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Distance in elements between neighbours along each axis.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// Position of the first element.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements.
    #[must_use]
    pub fn size(&self) -> usize {
        shape::size(&self.shape)
    }

    /// Whether it is row-major without gaps, from any offset. Axes of length 1 may have any stride; an empty array is
    /// contiguous.
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (&n, &s) in self.shape.iter().zip(&self.strides).rev() {
            if n == 0 {
                return true;
            }
            if n != 1 && s != expected {
                return false;
            }
            expected = times(expected, n);
        }
        true
    }

    /// Lowest and highest position of an element, or `None` if there are none.
    #[must_use]
    pub fn bounds(&self) -> Option<(usize, usize)> {
        let (mut low, mut high) = (self.offset as isize, self.offset as isize);
        for (&n, &s) in self.shape.iter().zip(&self.strides) {
            let last = times(s, n.checked_sub(1)?);
            let end = if last < 0 { &mut low } else { &mut high };
            *end = end.saturating_add(last);
        }
        Some((low as usize, high as usize))
    }

    /// Whether several elements share a position, as in a broadcast view: an axis longer than 1 has stride 0. A write
    /// to one of them would change the others.
    #[must_use]
    pub fn is_overlapping(&self) -> bool {
        let mut axes = self.shape.iter().zip(&self.strides);
        axes.any(|(&n, &stride)| n > 1 && stride == 0)
    }

    /// The same elements repeated to `shape`, with stride 0 along new and stretched axes.
    /// The shapes must be compatible: see [`broadcast_shapes`](crate::shape::broadcast_shapes).
    #[must_use]
    pub fn broadcast_to(&self, shape: &[usize]) -> Self {
        if self.shape.as_slice() == shape {
            return self.clone();
        }
        let new = shape.len() - self.ndim();
        let strides = (0..shape.len())
            .map(|k| {
                if k < new || (self.shape[k - new] == 1 && shape[k] != 1) {
                    0
                } else {
                    self.strides[k - new]
                }
            })
            .collect();
        Self {
            shape: shape.into(),
            strides,
            offset: self.offset,
        }
    }

    /// Axes in a new order: axis `k` of the result is axis `axes[k]` of `self`.
    #[must_use]
    pub fn permute(&self, axes: &[usize]) -> Self {
        Self {
            shape: axes.iter().map(|&a| self.shape[a]).collect(),
            strides: axes.iter().map(|&a| self.strides[a]).collect(),
            offset: self.offset,
        }
    }

    /// Elements `start, start + step, …` (`length` of them) along `axis`.
    #[must_use]
    pub fn slice(&self, axis: usize, start: usize, length: usize, step: isize) -> Self {
        let mut out = self.clone();
        if length > 0 {
            out.offset = (self.offset as isize + start as isize * self.strides[axis]) as usize;
        }
        out.shape[axis] = length;
        out.strides[axis] = self.strides[axis] * step;
        out
    }

    /// The axis reversed.
    #[must_use]
    pub fn flip(&self, axis: usize) -> Self {
        self.slice(
            axis,
            self.shape[axis].saturating_sub(1),
            self.shape[axis],
            -1,
        )
    }

    /// The element `index` of `axis`, without that axis.
    #[must_use]
    pub fn select(&self, axis: usize, index: usize) -> Self {
        let mut out = self.slice(axis, index, 1, 1);
        out.shape.remove(axis);
        out.strides.remove(axis);
        out
    }

    /// A new axis of length 1 before axis `axis`.
    #[must_use]
    pub fn insert_axis(&self, axis: usize) -> Self {
        let mut out = self.clone();
        out.shape.insert(axis, 1);
        out.strides.insert(axis, 0);
        out
    }

    /// The main diagonal of the two axes as a new last axis; both axes are gone.
    #[must_use]
    pub fn diagonal(&self, axis1: usize, axis2: usize, offset: isize) -> Self {
        let (rows, columns) = (self.shape[axis1], self.shape[axis2]);
        let (row, column) = if offset < 0 {
            (offset.unsigned_abs(), 0)
        } else {
            (0, offset as usize)
        };
        let length = rows.saturating_sub(row).min(columns.saturating_sub(column));
        let mut out = self.clone();
        if length > 0 {
            out.offset = (self.offset as isize
                + row as isize * self.strides[axis1]
                + column as isize * self.strides[axis2]) as usize;
        }
        let stride = self.strides[axis1] + self.strides[axis2];
        for axis in [axis1.max(axis2), axis1.min(axis2)] {
            out.shape.remove(axis);
            out.strides.remove(axis);
        }
        out.shape.push(length);
        out.strides.push(stride);
        out
    }

    /// The same elements in the same order under another shape, or `None` if that needs a copy.
    #[must_use]
    pub fn reshape(&self, shape: &[usize]) -> Option<Self> {
        if self.size() == 0 || self.is_contiguous() {
            return Some(Self {
                shape: shape.into(),
                strides: row_major(shape),
                offset: self.offset,
            });
        }
        // Drops axes of length 1, then matches groups of axes with equal products of lengths.
        let old: Vec<(usize, isize)> = self
            .shape
            .iter()
            .copied()
            .zip(self.strides.iter().copied())
            .filter(|&(n, _)| n != 1)
            .collect();
        let mut strides: Dims<isize> = SmallVec::from_elem(0, shape.len());
        let (mut from, mut to) = (0, 0);
        while from < old.len() {
            let (first_from, first_to) = (from, to);
            let (mut have, mut want) = (old[from].0, *shape.get(to)?);
            while have != want {
                if have < want {
                    from += 1;
                    have = have.checked_mul(old.get(from)?.0)?;
                } else {
                    to += 1;
                    want = want.checked_mul(*shape.get(to)?)?;
                }
            }
            // The axes of the old group must be contiguous with each other.
            for k in first_from..from {
                if old[k].1 != times(old[k + 1].1, old[k + 1].0) {
                    return None;
                }
            }
            let mut stride = old[from].1;
            for k in (first_to..=to).rev() {
                strides[k] = stride;
                stride = times(stride, shape[k]);
            }
            (from, to) = (from + 1, to + 1);
        }
        Some(Self {
            shape: shape.into(),
            strides,
            offset: self.offset,
        })
    }

    /// The position of every element, in row-major order. This is for oracles and small arrays; backends have faster
    /// loops.
    pub fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        let size = self.size();
        (0..size).map(move |mut linear| {
            let mut position = self.offset as isize;
            for (&n, &s) in self.shape.iter().zip(&self.strides).rev() {
                position += (linear % n) as isize * s;
                linear /= n;
            }
            position as usize
        })
    }
}

/// Drops axes of length 1 and merges neighbouring axes wherever every layout allows it, so that kernels see as few
/// axes as possible. All layouts must have one shape; the results have one shape too.
///
/// ```
/// use array_api_spec::layout::{Layout, collapse};
/// let (x, row) = (Layout::contiguous(&[8, 1, 3, 4]), Layout::contiguous(&[3, 4]).broadcast_to(&[8, 1, 3, 4]));
/// let collapsed = collapse(&[&x, &row]);
/// assert_eq!(collapsed[0].shape(), [8, 12]);
/// assert_eq!(collapsed[1].strides(), [0, 1]);
/// ```
#[must_use]
pub fn collapse(layouts: &[&Layout]) -> Vec<Layout> {
    let Some(first) = layouts.first() else {
        return Vec::new();
    };
    let mut shape: Dims<usize> = SmallVec::new();
    let mut strides: Vec<Dims<isize>> = vec![SmallVec::new(); layouts.len()];
    for axis in 0..first.ndim() {
        let n = first.shape[axis];
        if n == 1 {
            continue;
        }
        let merges = !shape.is_empty()
            && layouts
                .iter()
                .zip(&strides)
                .all(|(l, s)| s.last().copied() == Some(times(l.strides[axis], n)));
        if merges {
            let last = shape.last_mut().expect("not empty");
            *last = last.saturating_mul(n);
        } else {
            shape.push(n);
        }
        for (layout, strides) in layouts.iter().zip(&mut strides) {
            if merges {
                strides.pop();
            }
            strides.push(layout.strides[axis]);
        }
    }
    layouts
        .iter()
        .zip(strides)
        .map(|(l, strides)| Layout {
            shape: shape.clone(),
            strides,
            offset: l.offset,
        })
        .collect()
}

fn row_major(shape: &[usize]) -> Dims<isize> {
    let mut strides: Dims<isize> = SmallVec::from_elem(0, shape.len());
    let mut stride = 1;
    for (s, &n) in strides.iter_mut().zip(shape).rev() {
        *s = stride;
        stride = times(stride, n.max(1));
    }
    strides
}

/// A stride times a length. It saturates instead of wrapping, which happens only for lengths that no array has.
fn times(stride: isize, length: usize) -> isize {
    stride.saturating_mul(isize::try_from(length).unwrap_or(isize::MAX))
}

/// A storage with a layout and a dtype: the form in which a backend gets an array.
#[derive(Clone, Debug, PartialEq)]
pub struct Strided<S> {
    /// The backend's handle to memory; cheap to clone.
    pub storage: S,
    /// The positions of the elements in it.
    pub layout: Layout,
    /// Their type.
    pub dtype: DType,
}

impl<S> Strided<S> {
    /// A whole storage in row-major order.
    pub fn contiguous(storage: S, shape: &[usize], dtype: DType) -> Self {
        Self {
            storage,
            layout: Layout::contiguous(shape),
            dtype,
        }
    }

    /// Lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// The same storage with another layout.
    #[must_use]
    pub fn with_layout(&self, layout: Layout) -> Self
    where
        S: Clone,
    {
        Self {
            storage: self.storage.clone(),
            layout,
            dtype: self.dtype,
        }
    }

    /// The same view of a storage of another type, for backends that wrap others.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn try_map<T, E>(self, f: impl FnOnce(S) -> Result<T, E>) -> Result<Strided<T>, E> {
        Ok(Strided {
            storage: f(self.storage)?,
            layout: self.layout,
            dtype: self.dtype,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(l: &Layout) -> Vec<usize> {
        l.positions().collect()
    }

    #[test]
    fn views_are_layouts() {
        let x = Layout::contiguous(&[2, 3]);
        assert_eq!(positions(&x.permute(&[1, 0])), [0, 3, 1, 4, 2, 5]);
        assert_eq!(positions(&x.flip(1)), [2, 1, 0, 5, 4, 3]);
        assert_eq!(positions(&x.select(0, 1)), [3, 4, 5]);
        assert_eq!(positions(&x.slice(1, 0, 2, 2)), [0, 2, 3, 5]);
        assert_eq!(
            positions(&x.select(0, 1).broadcast_to(&[2, 3])),
            [3, 4, 5, 3, 4, 5]
        );
        assert_eq!(positions(&x.diagonal(0, 1, 1)), [1, 5]);
        assert_eq!(positions(&x.diagonal(0, 1, -1)), [3]);
        assert_eq!(x.flip(0).bounds(), Some((0, 5)));
        assert!(x.select(0, 1).broadcast_to(&[2, 3]).is_overlapping());
        assert!(!x.insert_axis(0).flip(2).is_overlapping());
    }

    #[test]
    fn reshape_copies_only_where_it_must() {
        let x = Layout::contiguous(&[2, 3, 4]);
        assert_eq!(
            positions(&x.reshape(&[6, 4]).expect("view")),
            (0..24).collect::<Vec<_>>()
        );
        assert!(x.permute(&[1, 0, 2]).reshape(&[6, 4]).is_none());
        let rows = x.slice(0, 0, 2, 1).permute(&[0, 2, 1]);
        assert_eq!(
            positions(&rows.reshape(&[2, 1, 4, 3]).expect("view")),
            positions(&rows)
        );
        let flipped = x.flip(0);
        assert_eq!(
            positions(&flipped.reshape(&[2, 12]).expect("view")),
            positions(&flipped)
        );
        assert!(flipped.reshape(&[24]).is_none());
        assert_eq!(
            Layout::contiguous(&[0, 3])
                .flip(0)
                .reshape(&[3, 0, 2])
                .expect("view")
                .shape(),
            [3, 0, 2]
        );
    }
}
