//! The nearest centre of each row, with the sums over the rows of each centre: one pass over the rows, all that is between in registers and caches.

use std::borrow::Cow;

use array_api_spec::{Layout, NearestSums};
use pulp::{Arch, Simd, WithSimd};

use crate::{
    moments::in_order,
    threads,
    vectors::{Real, lanes},
};

/// So many centres can be told apart by a number of type `f32`.
pub const MOST: usize = 1 << 24;

/// Rows that a thread takes at a time, at least.
const STEP: usize = 4096;

/// Rows that are worked on at a time. While they are compared, the processor fetches the next ones.
const TILE: usize = 6;

/// Vectors of centres that are read at a time, at most: with the rows of a tile they give as many sums as 16 registers hold beside them, and each number read serves several sums.
const VECTORS: usize = 2;

/// Sums of squares that run side by side.
const SIDE: usize = 8;

/// Rows to label, by the processor's vectors.
struct Label<'a, 'b, T: Real> {
    part: &'a mut Part<'b, T>,
    labels: &'a mut [i64],
}

impl<T: Real> WithSimd for Label<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { part, labels } = self;
        for labels in labels.chunks_mut(TILE) {
            part.read(labels.len());
            let nearest = nearest_of_tile(simd, part.centers, &part.z);
            let pairs = labels.iter_mut().zip(nearest);
            pairs.for_each(|(label, found)| *label = found);
            if part.rows.weights.is_some() {
                part.add::<true>(labels);
            } else {
                part.add::<false>(labels);
            }
            part.first += labels.len();
        }
    }
}

/// The smallest values so far of the rows of a tile, and the numbers of the centres that they belong to.
struct Least<T: Real, S: Simd> {
    values: [T::Vector<S>; TILE],
    centers: [T::Vector<S>; TILE],
}

/// The centre of the smallest `|c|² - 2 z·c`, the first of several, for each of the rows z; the first of all for a row with NaN.
#[inline(always)]
fn nearest_of_tile<T: Real, S: Simd>(simd: S, centers: &Centers<'_, T>, z: &[T]) -> [i64; TILE] {
    let p = centers.origin.len();
    let (mut packed, _) = T::vectors::<S>(&centers.packed);
    let (mut norms, _) = T::vectors::<S>(&centers.norms);
    let (mut numbers, _) = T::vectors::<S>(&centers.numbers);
    let infinity = T::splat(simd, T::INFINITY);
    let mut least = Least {
        values: [infinity; TILE],
        centers: [T::splat(simd, T::default()); TILE],
    };
    while !norms.is_empty() {
        let batch = norms.len().min(VECTORS);
        let (here, behind) = packed.split_at(batch * p);
        least = if batch == VECTORS {
            least_of::<T, S, VECTORS>(simd, here, norms, numbers, z, least)
        } else {
            least_of::<T, S, 1>(simd, here, norms, numbers, z, least)
        };
        (packed, norms, numbers) = (behind, &norms[batch..], &numbers[batch..]);
    }
    std::array::from_fn(|row| {
        let smallest = T::splat(simd, T::least(simd, least.values[row]));
        let is_smallest = T::equal(simd, least.values[row], smallest);
        let numbers = T::select(simd, is_smallest, least.centers[row], infinity);
        T::least(simd, numbers).widen() as i64
    })
}

/// Compares a tile with a batch of V vectors of centres.
#[inline(always)]
fn least_of<T: Real, S: Simd, const V: usize>(
    simd: S,
    packed: &[T::Vector<S>],
    norms: &[T::Vector<S>],
    numbers: &[T::Vector<S>],
    z: &[T],
    mut least: Least<T, S>,
) -> Least<T, S> {
    let p = z.len() / TILE;
    let centers = &packed.as_chunks::<V>().0[..p];
    let rows: [&[T]; TILE] = std::array::from_fn(|row| &z[row * p..][..p]);
    let norms: [T::Vector<S>; V] = std::array::from_fn(|v| norms[v]);
    let mut sums = [norms; TILE];
    // One counter for all slices, which have one length.
    let [a, b, c, d, e, f] = rows;
    let columns = a.iter().zip(b).zip(c).zip(d).zip(e).zip(f);
    for (centers, (((((a, b), c), d), e), f)) in centers.iter().zip(columns) {
        for (sums, z) in sums.iter_mut().zip([a, b, c, d, e, f]) {
            let z = T::splat(simd, *z);
            for v in 0..V {
                sums[v] = T::multiply_add(simd, z, centers[v], sums[v]);
            }
        }
    }
    for (v, number) in numbers.iter().enumerate().take(V) {
        for (row, sums) in sums.iter().enumerate() {
            let is_less = T::less(simd, sums[v], least.values[row]);
            least.values[row] = T::select(simd, is_less, sums[v], least.values[row]);
            least.centers[row] = T::select(simd, is_less, *number, least.centers[row]);
        }
    }
    least
}

/// What all rows are compared with.
struct Centers<'a, T> {
    /// `(k, p)`.
    values: &'a [T],
    /// `-2 c`: for each batch of vectors of centres `(p, vectors, lanes)`; behind the last centre zeros.
    packed: Vec<T>,
    /// `(vectors, lanes)`: |c|², behind the last centre infinity.
    norms: Vec<T>,
    /// `(vectors, lanes)`: the numbers of the centres.
    numbers: Vec<T>,
    /// `(p,)`.
    origin: &'a [T],
}

impl<'a, T: Real> Centers<'a, T> {
    fn new(values: &'a [T], origin: &'a [T]) -> Self {
        let (p, lanes) = (origin.len(), lanes::<T>());
        let vectors = (values.len() / p).div_ceil(lanes);
        let mut packed = vec![T::default(); vectors * p * lanes];
        let mut norms = vec![T::INFINITY; vectors * lanes];
        let mut rest = &mut packed[..];
        let mut centers = values.chunks_exact(p).zip(&mut norms);
        while !rest.is_empty() {
            let width = lanes * VECTORS.min(rest.len() / (p * lanes));
            let (here, behind) = rest.split_at_mut(width * p);
            for (place, (center, norm)) in centers.by_ref().take(width).enumerate() {
                *norm = T::narrow(center.iter().map(|c| c.widen() * c.widen()).sum());
                for (j, c) in center.iter().enumerate() {
                    here[j * width + place] = T::narrow(-2.0 * c.widen());
                }
            }
            rest = behind;
        }
        Self {
            values,
            packed,
            numbers: (0..norms.len())
                .map(|number| T::narrow(number as f64))
                .collect(),
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
    let step = (n / 64).max(STEP);
    let leaf = |labels: &mut [i64], first| {
        let mut part = Part {
            rows: &rows,
            centers: &centers,
            first,
            z: vec![T::default(); TILE * p],
            sums: NearestSums::none(centers.values.len() / p, p),
        };
        Arch::new().dispatch(Label {
            part: &mut part,
            labels,
        });
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

/// Rows that are worked on, and the sums so far.
struct Part<'a, T: Clone> {
    rows: &'a Rows<'a, T>,
    centers: &'a Centers<'a, T>,
    /// The first of the rows.
    first: usize,
    /// `(TILE, p)`: rows less the origin. What stands behind the last row is arbitrary.
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
                    *z = *x - *origin;
                }
            } else {
                for (column, (z, origin)) in z.iter_mut().zip(origin).enumerate() {
                    *z = values[(start + column as isize * right) as usize] - *origin;
                }
            }
        }
    }

    /// Adds the rows to the sums of their centres, and their squared distances from them.
    #[inline(always)]
    fn add<const WEIGHTED: bool>(&mut self, labels: &[i64]) {
        let p = self.centers.origin.len();
        let weights = self.rows.weights.as_ref();
        for (row, label) in labels.iter().enumerate() {
            let label = *label as usize;
            let weight = match weights {
                Some(weights) if WEIGHTED => weights[self.first + row].widen(),
                _ => 1.0,
            };
            let weighted = |value: f64| if WEIGHTED { weight * value } else { value };
            let z = &self.z[row * p..][..p];
            let center = &self.centers.values[label * p..][..p];
            // Two loops: the compiler makes vectors of each, not of both in one.
            for (sum, z) in self.sums.sums[label * p..][..p].iter_mut().zip(z) {
                *sum += weighted(z.widen());
            }
            self.sums.distance += weighted(square_of_distance(z, center));
            self.sums.weights[label] += weight;
        }
    }
}

/// `|z - c|²`.
#[inline(always)]
fn square_of_distance<T: Real>(z: &[T], center: &[T]) -> f64 {
    let mut sums = [0.0; SIDE];
    let (z, z_rest) = z.as_chunks::<SIDE>();
    let (center, center_rest) = center.as_chunks::<SIDE>();
    for (z, c) in z.iter().zip(center) {
        for lane in 0..SIDE {
            let apart = z[lane].widen() - c[lane].widen();
            sums[lane] += apart * apart;
        }
    }
    let rest = z_rest.iter().zip(center_rest);
    let rest = rest.map(|(z, c)| z.widen() - c.widen());
    sums.iter().sum::<f64>() + rest.map(|apart| apart * apart).sum::<f64>()
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
