//! The nearest centre of each row, with the sums over the rows of each centre: one pass over the rows, all that is between in registers and caches.

use std::borrow::Cow;

use array_api_spec::{Element, Layout, NearestSums};
use pulp::{Arch, Simd, WithSimd};

use crate::{linalg::Floating, moments::in_order, threads};

/// So many centres can be told apart by a number of type `f32`.
pub const MOST: usize = 1 << 24;

/// Numbers that are centred at a time, about: they and the centres fit into a first-level cache.
const BLOCK: usize = 2048;

/// Rows that a thread takes at a time, at least.
const STEP: usize = 4096;

/// Rows whose products with a vector of centres are added up at a time: as many registers.
const TILE: usize = 8;

/// Sums of squares that run side by side.
const SIDE: usize = 8;

/// Numbers in the widest vector: so many centres stand in a group.
const fn group<T>() -> usize {
    64 / size_of::<T>()
}

/// A number that has vectors: `f32` or `f64`.
pub trait Real: Element + Floating<Wide = f64> + Default {
    #[doc(hidden)]
    const INFINITY: Self;

    #[doc(hidden)]
    fn minus(self, other: Self) -> Self;

    /// Labels the rows of a block and adds them to the sums, by the processor's vectors.
    #[doc(hidden)]
    fn label(part: &mut Part<'_, Self>, labels: &mut [i64]);
}

/// The vectors of a number, by the names that `pulp` has for them.
macro_rules! real {
    ($($T:ident, $vectors:ident, $masks:ident, $Label:ident, $as_simd:ident, $splat:ident, $multiply_add:ident, $add:ident, $less:ident, $select:ident;)*) => {
        $(impl Real for $T {
            const INFINITY: Self = $T::INFINITY;

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }

            fn label(part: &mut Part<'_, Self>, labels: &mut [i64]) {
                Arch::new().dispatch($Label { part, labels });
            }
        }

        struct $Label<'a, 'b> {
            part: &'a mut Part<'b, $T>,
            labels: &'a mut [i64],
        }

        impl WithSimd for $Label<'_, '_> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                let Self { part, labels } = self;
                let p = part.centers.origin.len();
                part.read(labels.len());
                for (tile, labels) in labels.chunks_mut(TILE).enumerate() {
                    let z = &part.z[tile * TILE * p..][..TILE * p];
                    let nearest = $Label::nearest(simd, part.centers, z);
                    labels.iter_mut().zip(nearest).for_each(|(label, found)| *label = found);
                }
                let mut squares = [0.0; SIDE];
                for (row, label) in labels.iter().enumerate() {
                    squares = part.add(row, *label as usize, squares);
                }
                part.sums.distance += squares.iter().sum::<f64>();
            }
        }

        impl $Label<'_, '_> {
            /// The centre of the smallest `|c|² - 2 z·c`, the first of several, for each of the rows z; the first of all for a row with NaN.
            #[inline(always)]
            fn nearest<S: Simd>(simd: S, centers: &Centers<'_, $T>, z: &[$T]) -> [i64; TILE] {
                let p = centers.origin.len();
                let (width, lanes) = (group::<$T>(), size_of::<S::$vectors>() / size_of::<$T>());
                let rows: [&[$T]; TILE] = std::array::from_fn(|row| &z[row * p..][..p]);
                let counted: [$T; group::<$T>()] = std::array::from_fn(|lane| lane as $T);
                let counted = S::$as_simd(&counted[..lanes]).0[0];
                let mut least = [simd.$splat($T::INFINITY); TILE];
                let mut place = [simd.$splat(0.0); TILE];
                let groups = centers.grouped.chunks_exact(p * width);
                for (group, (centers, norms)) in groups.zip(centers.norms.chunks_exact(width)).enumerate() {
                    let (norms, _) = S::$as_simd(norms);
                    for (part, norm) in norms.iter().enumerate() {
                        let mut products = [simd.$splat(0.0); TILE];
                        for j in 0..p {
                            let (center, _) = S::$as_simd(&centers[j * width + part * lanes..][..lanes]);
                            for row in 0..TILE {
                                products[row] = simd.$multiply_add(simd.$splat(rows[row][j]), center[0], products[row]);
                            }
                        }
                        let here = simd.$add(simd.$splat((group * width + part * lanes) as $T), counted);
                        for row in 0..TILE {
                            let value = simd.$multiply_add(simd.$splat(-2.0), products[row], *norm);
                            let less: S::$masks = simd.$less(value, least[row]);
                            least[row] = simd.$select(less, value, least[row]);
                            place[row] = simd.$select(less, here, place[row]);
                        }
                    }
                }
                std::array::from_fn(|row| {
                    let values: &[$T] = bytemuck::cast_slice(std::slice::from_ref(&least[row]));
                    let places: &[$T] = bytemuck::cast_slice(std::slice::from_ref(&place[row]));
                    let (mut value, mut place) = (values[0], places[0]);
                    for (&other, &at) in values.iter().zip(places).skip(1) {
                        // Of equal values the first.
                        let is_less = (other < value) | ((other == value) & (at < place));
                        value = if is_less { other } else { value };
                        place = if is_less { at } else { place };
                    }
                    place as i64
                })
            }
        })*
    };
}
real! {
    f32, f32s, m32s, Label32, as_simd_f32s, splat_f32s, mul_add_e_f32s, add_f32s, less_than_f32s, select_f32s;
    f64, f64s, m64s, Label64, as_simd_f64s, splat_f64s, mul_add_e_f64s, add_f64s, less_than_f64s, select_f64s;
}

/// What all rows are compared with. The centres stand in groups, the last filled up with centres that are infinitely far.
struct Centers<'a, T> {
    /// `(k, p)`.
    values: &'a [T],
    /// `(groups, p, width)`.
    grouped: Vec<T>,
    /// `(groups, width)`: |c|².
    norms: Vec<T>,
    /// `(p,)`.
    origin: &'a [T],
}

impl<'a, T: Real> Centers<'a, T> {
    fn new(values: &'a [T], origin: &'a [T]) -> Self {
        let (p, width) = (origin.len(), group::<T>());
        let groups = (values.len() / p).div_ceil(width);
        let mut grouped = vec![T::default(); groups * p * width];
        let mut norms = vec![T::INFINITY; groups * width];
        for (number, center) in values.chunks_exact(p).enumerate() {
            let (group, place) = (number / width, number % width);
            let squares = center.iter().map(|c| c.widen() * c.widen());
            norms[number] = T::narrow(squares.sum());
            for (j, c) in center.iter().enumerate() {
                grouped[(group * p + j) * width + place] = *c;
            }
        }
        Self {
            values,
            grouped,
            norms,
            origin,
        }
    }
}

/// Rows with their weights.
struct Rows<'a, T: Clone> {
    values: &'a [T],
    start: isize,
    down: isize,
    right: isize,
    weights: Option<Cow<'a, [T]>>,
}

/// The nearest of the `centers (k, p)` to each of the rows `x (n, p)`, both less the `origin (p,)`, in the order of the rows, and the sums over the rows of each centre, as
/// [`ExtraBackend::nearest`](array_api_spec::backend::ExtraBackend::nearest) says. Centres and origin lie in row-major order; x and `weights (n,)` come with their layouts.
/// There are at most [`MOST`] centres.
///
/// ```
/// use array_api_host::nearest::nearest;
/// use array_api_spec::Layout;
///
/// let mut labels = [0; 3];
/// let rows = Layout::contiguous(&[3, 1]);
/// let sums = nearest((&[1.0, 9.0, 3.0], &rows), &[2.0, 8.0], &[0.0], None, &mut labels);
/// assert_eq!((labels, &sums.sums[..], sums.distance), ([0, 1, 0], &[4.0, 9.0][..], 3.0));
/// ```
pub fn nearest<T: Real>(
    (x, layout): (&[T], &Layout),
    centers: &[T],
    origin: &[T],
    weights: Option<(&[T], &Layout)>,
    labels: &mut [i64],
) -> NearestSums {
    let (n, p) = (layout.shape()[0], origin.len());
    let strides = layout.strides();
    let rows = Rows {
        values: x,
        start: layout.offset() as isize,
        down: strides[0],
        right: strides[1],
        weights: weights.map(|(weights, layout)| in_order(weights, layout)),
    };
    let centers = Centers::new(centers, origin);
    // The parts follow from the shape alone, so the sums do not depend on the number of threads.
    let block = (BLOCK / p).max(1).next_multiple_of(TILE);
    let step = (n / 64).max(STEP).next_multiple_of(block);
    let leaf = |labels: &mut [i64], first| {
        let mut part = Part {
            rows: &rows,
            centers: &centers,
            first,
            z: vec![T::default(); block * p],
            sums: NearestSums::none(centers.values.len() / p, p),
        };
        for labels in labels.chunks_mut(block) {
            T::label(&mut part, labels);
            part.first += labels.len();
        }
        part.sums
    };
    threads::install(|| branch(labels, 0, step, &leaf))
}

/// Puts together what `leaf` finds of at most `step` rows, along a balanced tree, in parallel.
fn branch(
    labels: &mut [i64],
    first: usize,
    step: usize,
    leaf: &(impl Fn(&mut [i64], usize) -> NearestSums + Sync),
) -> NearestSums {
    let leaves = labels.len().div_ceil(step);
    if leaves <= 1 {
        return leaf(labels, first);
    }
    let middle = leaves / 2 * step;
    let (left, right) = labels.split_at_mut(middle);
    let (left, right) = rayon::join(
        || branch(left, first, step, leaf),
        || branch(right, first + middle, step, leaf),
    );
    left.merge(&right)
}

/// A block of rows, and the sums so far.
#[doc(hidden)]
pub struct Part<'a, T: Clone> {
    rows: &'a Rows<'a, T>,
    centers: &'a Centers<'a, T>,
    /// The first of the rows.
    first: usize,
    /// `(block, p)`: rows less the origin. What stands behind the last row is arbitrary.
    z: Vec<T>,
    sums: NearestSums,
}

impl<T: Real> Part<'_, T> {
    /// Reads rows less the origin.
    #[inline(always)]
    fn read(&mut self, rows: usize) {
        let Rows {
            values,
            start,
            down,
            right,
            ..
        } = *self.rows;
        let origin = self.centers.origin;
        for (row, z) in self.z.chunks_exact_mut(origin.len()).take(rows).enumerate() {
            let start = start + (self.first + row) as isize * down;
            if right == 1 {
                let x = &values[start as usize..][..z.len()];
                for ((z, x), origin) in z.iter_mut().zip(x).zip(origin) {
                    *z = x.minus(*origin);
                }
            } else {
                for (column, (z, origin)) in z.iter_mut().zip(origin).enumerate() {
                    *z = values[(start + column as isize * right) as usize].minus(*origin);
                }
            }
        }
    }

    /// Adds a row to the sums of its centre, and its squared distance to `squares`.
    #[inline(always)]
    fn add(&mut self, row: usize, label: usize, mut squares: [f64; SIDE]) -> [f64; SIDE] {
        let p = self.centers.origin.len();
        let weights = self.rows.weights.as_ref();
        let weight = weights.map_or(1.0, |w| w[self.first + row].widen());
        let (z, z_rest) = self.z[row * p..][..p].as_chunks::<SIDE>();
        let (center, c_rest) = self.centers.values[label * p..][..p].as_chunks::<SIDE>();
        let (sum, sum_rest) = self.sums.sums[label * p..][..p].as_chunks_mut::<SIDE>();
        for ((sum, z), center) in sum.iter_mut().zip(z).zip(center) {
            for lane in 0..SIDE {
                let (z, c) = (z[lane].widen(), center[lane].widen());
                sum[lane] += weight * z;
                squares[lane] += weight * (z - c) * (z - c);
            }
        }
        let last = sum_rest.iter_mut().zip(&mut squares);
        for ((sum, square), (z, c)) in last.zip(z_rest.iter().zip(c_rest)) {
            let (z, c) = (z.widen(), c.widen());
            *sum += weight * z;
            *square += weight * (z - c) * (z - c);
        }
        self.sums.weights[label] += weight;
        squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More rows than a thread takes at a time, in rows and in columns.
    #[test]
    fn labels_and_sums_are_those_of_a_loop() {
        let (n, p, k) = (2 * STEP + 3, 11, 21);
        let number = |i: usize| ((i * 7919 + i / 13) % 1009) as f64 / 64.0;
        let x: Vec<f64> = (0..n * p).map(number).collect();
        let centers: Vec<f64> = (0..k * p).map(|i| number(i * 31 + 5) - 8.0).collect();
        let (origin, weights): (Vec<f64>, Vec<f64>) =
            (vec![8.0; p], (0..n).map(|i| (i % 3) as f64).collect());
        let distance = |row: usize, c: usize| -> f64 {
            let pairs = x[row * p..][..p].iter().zip(&centers[c * p..][..p]);
            pairs.map(|(x, c)| (x - 8.0 - c) * (x - 8.0 - c)).sum()
        };
        let mut expected = NearestSums::none(k, p);
        let mut labels = Vec::new();
        for row in 0..n {
            let best = (0..k).min_by(|&a, &b| distance(row, a).total_cmp(&distance(row, b)));
            let best = best.expect("some centres");
            expected.weights[best] += weights[row];
            expected.distance += weights[row] * distance(row, best);
            for j in 0..p {
                expected.sums[best * p + j] += weights[row] * (x[row * p + j] - 8.0);
            }
            labels.push(best as i64);
        }
        let by_columns: Vec<f64> = (0..n * p).map(|i| x[i % n * p + i / n]).collect();
        let tables = [
            (x.clone(), Layout::contiguous(&[n, p])),
            (by_columns, Layout::contiguous(&[p, n]).permute(&[1, 0])),
        ];
        let line = Layout::contiguous(&[n]);
        for (values, layout) in tables {
            let mut found = vec![-1; n];
            let weights = Some((&weights[..], &line));
            let sums = nearest((&values, &layout), &centers, &origin, weights, &mut found);
            assert_eq!(found, labels);
            assert_eq!(sums.weights, expected.weights);
            // All terms of the sums are multiples of 1/64.
            assert_eq!(sums.sums, expected.sums);
            assert!((sums.distance / expected.distance - 1.0).abs() < 1e-12);

            let narrow: Vec<f32> = values.iter().map(|x| *x as f32).collect();
            let narrow_of = |values: &[f64]| values.iter().map(|x| *x as f32).collect::<Vec<_>>();
            let (centers, origin) = (narrow_of(&centers), narrow_of(&origin));
            let plain = nearest((&narrow, &layout), &centers, &origin, None, &mut found);
            let same = found.iter().zip(&labels).filter(|(a, b)| a == b).count();
            assert!(same > n - 5, "{same} of {n}");
            assert_eq!(plain.weights.iter().sum::<f64>(), n as f64);
        }
    }

    #[test]
    fn odd_rows_have_a_label_and_odd_sums() {
        let rows = Layout::contiguous(&[3, 1]);
        for odd in [f64::NAN, f64::INFINITY] {
            let mut labels = [-1; 3];
            let sums = nearest(
                (&[1.0, odd, 9.0], &rows),
                &[2.0, 8.0],
                &[0.0],
                None,
                &mut labels,
            );
            assert_eq!((labels[0], labels[2]), (0, 1));
            assert!((0..2).contains(&labels[1]));
            assert!(sums.sums.iter().any(|sum| !sum.is_finite()));
        }
    }
}
