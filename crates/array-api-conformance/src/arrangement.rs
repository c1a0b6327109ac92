//! The layouts with which every vector is tested.

use std::fmt;

use array_api_spec::{Complex, DType, Element, HostArray, HostBuffer, Layout, dispatch};

/// The layout of an array's elements in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arrangement {
    /// Row-major.
    Contiguous,
    /// Column-major: a transposed view. For two or more axes.
    Transposed,
    /// Every other element, reversed along the last axis, with an offset. For one or more axes.
    Strided,
    /// Row-major and repeated along a new first axis until there are more than 4,096 elements. Elementwise functions only.
    Tiled,
}

impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Contiguous => "contiguous",
            Self::Transposed => "transposed",
            Self::Strided => "step -2",
            Self::Tiled => "tiled",
        })
    }
}

/// More elements than a block of any backend's loops.
const TILED_SIZE: usize = 4097;

/// How often an array of `size` elements is repeated when it is tiled.
pub(crate) fn tiles(size: usize) -> usize {
    TILED_SIZE.div_ceil(size.max(1))
}

impl Arrangement {
    /// Whether the arrangement makes a difference for an array of this shape.
    #[must_use]
    pub fn suits(self, shape: &[usize]) -> bool {
        match self {
            Self::Contiguous | Self::Tiled => true,
            Self::Transposed => shape.iter().filter(|&&n| n > 1).count() >= 2,
            Self::Strided => !shape.is_empty() && !shape.contains(&0),
        }
    }

    /// The layout for an array of this shape.
    #[must_use]
    pub fn layout(self, shape: &[usize]) -> Layout {
        match self {
            Self::Transposed => {
                let reversed: Vec<usize> = shape.iter().rev().copied().collect();
                let axes: Vec<usize> = (0..shape.len()).rev().collect();
                Layout::contiguous(&reversed).permute(&axes)
            }
            Self::Strided if self.suits(shape) => {
                let last = shape.len() - 1;
                let mut wide = shape.to_vec();
                wide[last] = 2 * shape[last] + 1;
                Layout::contiguous(&wide).slice(last, 2 * shape[last] - 1, shape[last], -2)
            }
            _ => Layout::contiguous(shape),
        }
    }
}

/// Memory that holds an array's elements with this layout; the gaps are filled with other values.
pub(crate) fn scatter(array: &HostArray, layout: &Layout) -> HostBuffer {
    let length = layout.bounds().map_or(0, |(_, high)| high + 2);
    dispatch!(array.buffer.dtype(), T => {
        let values = T::slice(&array.buffer).unwrap_or_default();
        let mut memory = vec![T::default(); length];
        for (position, &value) in layout.positions().zip(values) {
            memory[position] = value;
        }
        T::into_buffer(memory)
    })
}

/// The array with a new first axis of length `tiles`, and with axes of length 1 before the old ones up to `ndim` of them.
pub(crate) fn tile(array: &HostArray, ndim: usize, tiles: usize) -> HostArray {
    let mut shape = vec![tiles];
    shape.extend(std::iter::repeat_n(
        1,
        ndim.saturating_sub(array.shape.len()),
    ));
    shape.extend(&array.shape);
    let buffer = dispatch!(array.buffer.dtype(), T => {
        T::into_buffer(T::slice(&array.buffer).unwrap_or_default().repeat(tiles))
    });
    HostArray { shape, buffer }
}

/// Converts numbers to a dtype: the real parts for a real dtype.
pub(crate) fn from_numbers(numbers: &[Complex<f64>], dtype: DType) -> HostBuffer {
    let single = |z: &Complex<f64>| Complex::new(z.re as f32, z.im as f32);
    match dtype {
        DType::Float32 => HostBuffer::Float32(numbers.iter().map(|z| z.re as f32).collect()),
        DType::Complex64 => HostBuffer::Complex64(numbers.iter().map(single).collect()),
        DType::Complex128 => HostBuffer::Complex128(numbers.to_vec()),
        _ => HostBuffer::Float64(numbers.iter().map(|z| z.re).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrangement_holds_the_same_elements() {
        let array = HostArray {
            shape: vec![2, 3],
            buffer: HostBuffer::Int8(vec![1, 2, 3, 4, 5, 6]),
        };
        for arrangement in [
            Arrangement::Contiguous,
            Arrangement::Transposed,
            Arrangement::Strided,
        ] {
            let layout = arrangement.layout(&array.shape);
            let memory = scatter(&array, &layout);
            let memory = i8::slice(&memory).expect("int8");
            let seen: Vec<i8> = layout.positions().map(|p| memory[p]).collect();
            assert_eq!(seen, [1, 2, 3, 4, 5, 6], "{arrangement}");
            assert_eq!(
                layout.is_contiguous(),
                arrangement == Arrangement::Contiguous
            );
        }
        assert!(Arrangement::Strided.layout(&[2, 3]).strides()[1] == -2);
        let tiled = tile(&array, 3, 2);
        assert_eq!((tiled.shape, tiled.buffer.len()), (vec![2, 1, 2, 3], 12));
        assert_eq!(Arrangement::Strided.layout(&[0, 3]).bounds(), None);
    }
}
