//! Squared distances of rows from centres: one pass over the rows, all that is between in registers.

use array_api_spec::Layout;
use pulp::{Arch, Simd, WithSimd};

use crate::{
    threads,
    vectors::{Real, lanes},
};

/// Rows that are worked on at a time.
const TILE: usize = 4;

/// Vectors of centres that are read at a time, at most.
const VECTORS: usize = 2;

/// Numbers of the rows that a thread takes at a time, about.
const STEP: usize = 1 << 16;

/// `Σ_j w_kj (x_ij - c_kj)²` of the rows `x (n, p)` and `centers (k, p)`, as
/// [`ExtraBackend::squared_distances`](array_api_spec::backend::ExtraBackend::squared_distances) says, into `out (n, k)`. Centres and `weights (k, p)` lie in row-major order.
///
/// ```
/// use array_api_host::distances::squared_distances;
/// use array_api_spec::Layout;
///
/// let mut out = [0.0; 2];
/// squared_distances((&[1.0, 5.0], &Layout::contiguous(&[2, 1])), &[3.0], Some(&[0.5]), &mut out);
/// assert_eq!(out, [2.0, 2.0]);
/// ```
pub fn squared_distances<T: Real>(
    (x, layout): (&[T], &Layout),
    centers: &[T],
    weights: Option<&[T]>,
    out: &mut [T],
) {
    let p = layout.shape()[1];
    let k = centers.len() / p;
    let rows = Rows { values: x, layout };
    let centers = Packed::new(centers, weights, p);
    let step = (STEP / p).max(1).next_multiple_of(TILE);
    threads::for_each_chunk(out, step * k, 1, &|number, out| {
        Arch::new().dispatch(Part {
            rows,
            centers: &centers,
            first: number * step,
            out,
        });
    });
}

#[derive(Clone, Copy)]
struct Rows<'a, T> {
    values: &'a [T],
    layout: &'a Layout,
}

impl<'a, T: Real> Rows<'a, T> {
    /// A row; from `copy`, if its numbers have gaps.
    fn row(&self, i: usize, copy: &'a mut [T]) -> &'a [T] {
        let strides = self.layout.strides();
        let start = self.layout.offset() as isize + i as isize * strides[0];
        if strides[1] == 1 {
            return &self.values[start as usize..][..copy.len()];
        }
        for (j, x) in copy.iter_mut().enumerate() {
            *x = self.values[(start + j as isize * strides[1]) as usize];
        }
        copy
    }
}

/// Centres with their weights, in vectors of one number of each centre.
struct Packed<T> {
    /// `(vectors, p, lanes)`, behind the last centre zeros.
    centers: Vec<T>,
    /// The same for the weights.
    weights: Option<Vec<T>>,
    k: usize,
    p: usize,
}

impl<T: Real> Packed<T> {
    fn new(centers: &[T], weights: Option<&[T]>, p: usize) -> Self {
        let (k, lanes) = (centers.len() / p, lanes::<T>());
        let pack = |values: &[T]| {
            let mut packed = vec![T::default(); k.next_multiple_of(lanes) * p];
            for (number, center) in values.chunks_exact(p).enumerate() {
                let (vector, place) = (number / lanes, number % lanes);
                for (j, value) in center.iter().enumerate() {
                    packed[(vector * p + j) * lanes + place] = *value;
                }
            }
            packed
        };
        Self {
            centers: pack(centers),
            weights: weights.map(pack),
            k,
            p,
        }
    }
}

/// Some rows, from `first` on, and where their distances go.
struct Part<'a, T> {
    rows: Rows<'a, T>,
    centers: &'a Packed<T>,
    first: usize,
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Part<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            rows,
            centers: &Packed { k, p, .. },
            first,
            out,
        } = self;
        let (centers, _) = T::vectors::<S>(&self.centers.centers);
        let weights = self.centers.weights.as_ref();
        let weights = weights.map(|weights| T::vectors::<S>(weights).0);
        let lanes = size_of::<T::Vector<S>>() / size_of::<T>();
        let mut copies = vec![T::default(); TILE * p];
        for (tile, out) in out.chunks_mut(TILE * k).enumerate() {
            let count = out.len() / k;
            let mut copies = copies.chunks_exact_mut(p);
            // Behind the last row, it is taken again.
            let z: [&[T]; TILE] = std::array::from_fn(|row| {
                let copy = copies.next().unwrap_or_default();
                rows.row(first + tile * TILE + row.min(count - 1), copy)
            });
            let mut vector = 0;
            while vector * p < centers.len() {
                let batch = VECTORS.min(centers.len() / p - vector);
                let lines = vector * p..(vector + batch) * p;
                let here = &centers[lines.clone()];
                let weights = weights.map(|weights| &weights[lines]);
                let place = vector * lanes;
                let mut store = |sums: &[[T::Vector<S>; TILE]]| {
                    for (v, sums) in sums.iter().enumerate() {
                        for (sum, out) in sums.iter().zip(out.chunks_exact_mut(k)) {
                            let start = place + v * lanes;
                            let width = lanes.min(k - start);
                            T::store(simd, *sum, &mut out[start..start + width]);
                        }
                    }
                };
                if batch == VECTORS {
                    store(&sums::<T, S, VECTORS>(simd, here, weights, z));
                } else {
                    store(&sums::<T, S, 1>(simd, here, weights, z));
                }
                vector += batch;
            }
        }
    }
}

/// The sums of a tile for V vectors of centres.
#[inline(always)]
fn sums<T: Real, S: Simd, const V: usize>(
    simd: S,
    centers: &[T::Vector<S>],
    weights: Option<&[T::Vector<S>]>,
    rows: [&[T]; TILE],
) -> [[T::Vector<S>; TILE]; V] {
    let p = centers.len() / V;
    let rows = rows.map(|row| &row[..p]);
    let centers: [&[T::Vector<S>]; V] = std::array::from_fn(|v| &centers[v * p..][..p]);
    let mut sums = [[T::splat(simd, T::default()); TILE]; V];
    if let Some(weights) = weights {
        let weights: [&[T::Vector<S>]; V] = std::array::from_fn(|v| &weights[v * p..][..p]);
        for j in 0..p {
            for row in 0..TILE {
                let x = T::splat(simd, rows[row][j]);
                for v in 0..V {
                    let apart = T::minus(simd, x, centers[v][j]);
                    let weighted = T::times(simd, apart, weights[v][j]);
                    sums[v][row] = T::multiply_add(simd, weighted, apart, sums[v][row]);
                }
            }
        }
    } else {
        for j in 0..p {
            for row in 0..TILE {
                let x = T::splat(simd, rows[row][j]);
                for v in 0..V {
                    let apart = T::minus(simd, x, centers[v][j]);
                    sums[v][row] = T::multiply_add(simd, apart, apart, sums[v][row]);
                }
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_a_loop() {
        let number = |i: usize| ((i * 7919 + i / 13) % 101) as f64 / 8.0;
        for (n, p, k) in [(1, 1, 1), (70, 3, 21), (9_000, 17, 5)] {
            let x: Vec<f64> = (0..n * p).map(number).collect();
            let centers: Vec<f64> = (0..k * p).map(|i| number(i * 31 + 5)).collect();
            let weights: Vec<f64> = (0..k * p).map(|i| (i % 3) as f64).collect();
            let by_columns: Vec<f64> = (0..n * p).map(|i| x[i % n * p + i / n]).collect();
            let tables = [
                (&x, Layout::contiguous(&[n, p])),
                (&by_columns, Layout::contiguous(&[p, n]).permute(&[1, 0])),
            ];
            for weights in [None, Some(&weights[..])] {
                let term = |i: usize, c: usize, j: usize| {
                    let apart = x[i * p + j] - centers[c * p + j];
                    weights.map_or(1.0, |w| w[c * p + j]) * apart * apart
                };
                let sum = |e: usize| (0..p).map(|j| term(e / k, e % k, j)).sum();
                // All terms are multiples of 1/64.
                let expected: Vec<f64> = (0..n * k).map(sum).collect();
                for (values, layout) in &tables {
                    let mut out = vec![f64::NAN; n * k];
                    squared_distances((values, layout), &centers, weights, &mut out);
                    assert_eq!(out, expected, "{n} {p} {k} {layout:?}");
                }
            }
        }
    }
}
