//! The Gram matrix: one pass, which adds up products of the columns.

use std::ops::Range;

use array_api_spec::{Moments, Scatter};
use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul, reborrow::ReborrowMut};
use pulp::Arch;

use super::{source::Source, tree};
use crate::linalg::Floating;

/// Rows of the products that are computed at a time, up to the diagonal: a whole number of the micro-kernel's rows, with
/// AVX2 as with AVX-512.
const BAND: usize = 24;

/// Sums of squares below this may have lost digits, or all of them, because small squares underflow.
const VANISHING: f64 = 1e-200;

/// The sums over a range of rows.
struct Sums {
    /// `(p, p)`, the lower triangle in column-major order: sum of z zᵀ over the centred rows z.
    products: Vec<f64>,
    /// `(k, p)`: sum of z, times the root of its weight, by group; empty if the centres are exact.
    shifts: Vec<f64>,
}

/// Let s be the sum of a group's `√w z`, w its weight and c its centre. Its mean is `c + s / w`, and the scatter about
/// the mean is `Σ z zᵀ - s sᵀ / w`.
pub(super) fn moments<T: Floating<Wide = f64>>(source: &Source<'_, T>) -> Moments {
    let (n, p) = (source.n, source.p);
    // A leaf of the tree has about a million elements or more, and there are at most 64 leaves.
    let step = ((1 << 20) / p).max(n / 64).max(1);
    let step = step.next_multiple_of(block_rows(p));
    let Sums {
        mut products,
        mut shifts,
    } = tree(0..n, step, &|rows| sums(source, rows), &Sums::add);
    let about_centres: Vec<f64> = products.iter().step_by(p + 1).copied().collect();
    for (shift, &weight) in shifts.chunks_exact_mut(p).zip(&source.weights) {
        if weight == 0.0 {
            continue;
        }
        shift.iter_mut().for_each(|s| *s /= weight);
        for j in 0..p {
            let factor = weight * shift[j];
            let column = &mut products[j * p + j..(j + 1) * p];
            column
                .iter_mut()
                .zip(&shift[j..])
                .for_each(|(w, d)| *w -= d * factor);
        }
    }
    let error = error(source, step, &about_centres, &products);
    mirror(&mut products, p);
    let scatter = Scatter::Gram {
        values: products,
        error,
    };
    source.moments(|at| shifts.get(at).copied().unwrap_or(0.0), scatter)
}

/// The relative error of the Gram matrix's elements: that of the sums, times the cancellation by the correction of the
/// mean. It is infinite if squares overflowed, or if they underflowed although the column varies.
fn error<T: Floating<Wide = f64>>(
    source: &Source<'_, T>,
    step: usize,
    about_centres: &[f64],
    gram: &[f64],
) -> f64 {
    let p = source.p;
    let mut cancelled = 1.0_f64;
    let mut suspects = Vec::new();
    for (j, &before) in about_centres.iter().enumerate() {
        let after = gram[j * p + j];
        if before < VANISHING {
            suspects.push(j);
        } else if before.is_finite() && after > 0.0 {
            cancelled = cancelled.max(before / after);
        } else {
            return f64::INFINITY;
        }
    }
    let constant = suspects.is_empty()
        || tree(
            0..source.n,
            step,
            &|rows| source.equals_centre(rows, &suspects),
            &|a, b| a && b,
        );
    if constant {
        4.0 * f64::EPSILON * cancelled
    } else {
        f64::INFINITY
    }
}

/// Copies the computed triangle to the other one.
fn mirror(gram: &mut [f64], p: usize) {
    for j in 0..p {
        for i in 0..j {
            gram[j * p + i] = gram[i * p + j];
        }
    }
}

impl Sums {
    fn add(mut self, other: Self) -> Self {
        let pairs = [
            (&mut self.products, &other.products),
            (&mut self.shifts, &other.shifts),
        ];
        for (mine, others) in pairs {
            for (a, b) in mine.iter_mut().zip(others) {
                *a += b;
            }
        }
        self
    }
}

/// How many rows are centred, widened and multiplied as a whole: they shall stay in a core's cache, and be enough for what
/// reading and writing the products costs.
fn block_rows(p: usize) -> usize {
    (40_000 / p).max(p / 2).clamp(128, 512)
}

fn sums<T: Floating<Wide = f64>>(source: &Source<'_, T>, rows: Range<usize>) -> Sums {
    let (k, p) = (source.counts.len(), source.p);
    let by_rows = source.by_rows();
    let mut sums = Sums {
        products: vec![0.0; p * p],
        shifts: vec![0.0; if source.exact { 0 } else { k * p }],
    };
    let height = block_rows(p);
    let mut z = vec![0.0; height.min(rows.len()) * p];
    for start in rows.clone().step_by(height) {
        let block = start..(start + height).min(rows.end);
        let count = block.len();
        let (row, column) = if by_rows { (p, 1) } else { (1, count) };
        let z = &mut z[..count * p];
        Arch::new().dispatch(|| {
            source.read(block.clone(), z, row, column);
            if !source.exact {
                add_shifts(&mut sums.shifts, source, block, z, by_rows);
            }
        });
        add_gram(&mut sums.products, z, count, p, by_rows);
    }
    sums
}

/// Adds the rows z of a block, times the roots of their weights, to the sums of their groups.
#[inline(always)]
fn add_shifts<T: Floating<Wide = f64>>(
    shifts: &mut [f64],
    source: &Source<'_, T>,
    block: Range<usize>,
    z: &[f64],
    by_rows: bool,
) {
    let (p, count) = (source.p, block.len());
    for (r, i) in block.enumerate() {
        let (g, root) = (source.group(i), source.root(i));
        let shifts = shifts[g * p..(g + 1) * p].iter_mut();
        if by_rows {
            let row = &z[r * p..][..p];
            shifts.zip(row).for_each(|(sum, z)| *sum += z * root);
        } else {
            let column = z[r..].iter().step_by(count);
            shifts.zip(column).for_each(|(sum, z)| *sum += z * root);
        }
    }
}

/// Adds the lower triangle of `zᵀ z` to `gram`, for z `(count, p)` in row-major or column-major order. Above the diagonal,
/// elements become anything.
fn add_gram(gram: &mut [f64], z: &[f64], count: usize, p: usize, by_rows: bool) {
    let z = if by_rows {
        MatRef::from_row_major_slice(z, count, p)
    } else {
        MatRef::from_column_major_slice(z, count, p)
    };
    let mut gram = MatMut::from_column_major_slice_mut(gram, p, p);
    for first in (0..p).step_by(BAND) {
        let height = BAND.min(p - first);
        let width = first + height;
        matmul(
            gram.rb_mut().submatrix_mut(first, 0, height, width),
            Accum::Add,
            z.subcols(first, height).transpose(),
            z.subcols(0, width),
            1.0,
            Par::Seq,
        );
    }
}
