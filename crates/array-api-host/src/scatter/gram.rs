//! The fast way: one pass that sums up the Gram matrix.

use std::ops::Range;

use array_api_spec::{Layout, Result};
use gemm::{Parallelism, gemm};

use super::{Scatter, source::Source, tree};
use crate::linalg::{Floating, eigh};

/// Rows that are centred, widened and multiplied at a time.
const BLOCK: usize = 512;

/// Columns of the triangle that one product computes. Of the squares on the diagonal half is wasted: narrow panels waste
/// less, wide ones multiply faster.
const PANEL: usize = 64;

/// What rows contribute.
struct Part {
    /// `(p, p)`, the lower triangle in column-major order: sum of z zᵀ over the centred rows z.
    gram: Vec<f64>,
    /// `(k, p)`: sum of z by group; empty if the centres are exact.
    sums: Vec<f64>,
}

/// `None` if the Gram matrix is not good enough.
pub(super) fn scatter<T: Floating<Wide = f64>>(
    source: &Source<'_, T>,
    tolerance: f64,
) -> Result<Option<Scatter>> {
    let (n, p, k) = (source.n, source.p, source.counts.len());
    // About a million elements a leaf, and no more leaves than keep many threads busy.
    let step = ((1 << 20) / p.max(1))
        .max(n / 64)
        .max(1)
        .next_multiple_of(BLOCK);
    let Part { mut gram, sums } = tree(0..n, step, &|rows| part(source, rows), &Part::add);
    let about_centres: Vec<f64> = (0..p).map(|j| gram[j * p + j]).collect();

    let mut means = source.centres.clone();
    if !source.exact {
        for g in (0..k).filter(|&g| source.counts[g] > 0) {
            let count = source.counts[g] as f64;
            let shift: Vec<f64> = sums[g * p..(g + 1) * p].iter().map(|s| s / count).collect();
            for (mean, d) in means[g * p..(g + 1) * p].iter_mut().zip(&shift) {
                *mean += d;
            }
            for j in 0..p {
                let factor = count * shift[j];
                for (w, d) in gram[j * p + j..(j + 1) * p].iter_mut().zip(&shift[j..]) {
                    *w -= d * factor;
                }
            }
        }
    }

    // Squares that overflowed or vanished, and cancellation beyond repair.
    let mut cancelled = 1.0_f64;
    let mut suspects = Vec::new();
    for j in 0..p {
        let (before, after) = (about_centres[j], gram[j * p + j]);
        if !before.is_finite() || !after.is_finite() {
            return Ok(None);
        }
        if before < 1e-200 {
            suspects.push(j);
        } else if after < 1e-10 * before {
            return Ok(None);
        } else {
            cancelled = cancelled.max(before / after);
        }
    }
    if !suspects.is_empty()
        && !tree(
            0..n,
            step,
            &|rows| source.equals_centre(rows, &suspects),
            &|a, b| a && b,
        )
    {
        return Ok(None);
    }

    let norms: Vec<f64> = (0..p).map(|j| gram[j * p + j].sqrt()).collect();
    let std: Vec<f64> = norms
        .iter()
        .map(|norm| Scatter::divisor(norm / (n as f64).sqrt()))
        .collect();
    for j in 0..p {
        for i in j..p {
            let product = norms[i] * norms[j];
            gram[j * p + i] = if product == 0.0 {
                0.0
            } else if i == j {
                1.0
            } else {
                gram[j * p + i] / norms[i] / norms[j]
            };
        }
    }
    // The column-major lower triangle is that of the transposed layout.
    let (eigenvalues, vectors) = eigh(&gram, &Layout::contiguous(&[p, p]).permute(&[1, 0]))?;

    let error = 4.0 * f64::EPSILON * p as f64 * cancelled;
    let bound = tolerance * tolerance;
    let digits = if size_of::<T>() < size_of::<f64>() {
        1e-5
    } else {
        1e-8
    };
    if eigenvalues
        .iter()
        .any(|&e| (e - bound).abs() <= error || (e > bound && e * digits < error))
    {
        return Ok(None);
    }
    let singular_values = eigenvalues
        .iter()
        .rev()
        .map(|e| e.max(0.0).sqrt())
        .collect();
    let mut right_vectors = Vec::with_capacity(p * p);
    for j in (0..p).rev() {
        right_vectors.extend((0..p).map(|i| vectors[i * p + j]));
    }
    Ok(Some(Scatter {
        means,
        std,
        singular_values,
        right_vectors,
        rank: p,
    }))
}

impl Part {
    fn add(mut self, other: Self) -> Self {
        for (mine, others) in [(&mut self.gram, &other.gram), (&mut self.sums, &other.sums)] {
            for (a, b) in mine.iter_mut().zip(others) {
                *a += b;
            }
        }
        self
    }
}

fn part<T: Floating<Wide = f64>>(source: &Source<'_, T>, rows: Range<usize>) -> Part {
    let p = source.p;
    let by_rows = source.by_rows();
    let mut part = Part {
        gram: vec![0.0; p * p],
        sums: vec![
            0.0;
            if source.exact {
                0
            } else {
                source.counts.len() * p
            }
        ],
    };
    let mut z = vec![0.0; BLOCK.min(rows.len()) * p];
    for start in rows.clone().step_by(BLOCK) {
        let block = start..(start + BLOCK).min(rows.end);
        let count = block.len();
        let (row, column) = if by_rows { (p, 1) } else { (1, count) };
        let z = &mut z[..count * p];
        source.read(block.clone(), z, row, column);
        if !source.exact {
            for (r, g) in source.groups(block).enumerate() {
                let sums = part.sums[g * p..(g + 1) * p].iter_mut();
                if by_rows {
                    sums.zip(&z[r * p..]).for_each(|(sum, z)| *sum += z);
                } else {
                    sums.zip(z[r..].iter().step_by(count))
                        .for_each(|(sum, z)| *sum += z);
                }
            }
        }
        add_gram(&mut part.gram, z, count, p, (row, column));
    }
    part
}

/// Adds the lower triangle of `zᵀ z` to `gram`. Element (r, j) of z, r < count, j < p, lies at `r · row + j · column`.
fn add_gram(gram: &mut [f64], z: &[f64], count: usize, p: usize, (row, column): (usize, usize)) {
    assert!(
        gram.len() == p * p
            && (count == 0 || p == 0 || z.len() > (count - 1) * row + (p - 1) * column)
    );
    let (row, column) = (row as isize, column as isize);
    for j in (0..p).step_by(PANEL) {
        let width = PANEL.min(p - j);
        // SAFETY: the result covers rows j.. and columns j..j + width of the p × p matrix, the factors columns j.. of z, all inside
        // their slices (just checked); the result is borrowed for writing, so it does not overlap z.
        unsafe {
            let left = z.as_ptr().offset(j as isize * column);
            gemm(
                p - j,
                width,
                count,
                gram.as_mut_ptr().add(j * p + j),
                p as isize,
                1,
                true,
                left,
                row,
                column,
                left,
                column,
                row,
                1.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}
