//! Sums of squares of each column: one pass over the rows, all that is between in registers and caches.

use std::ops::Range;

use array_api_spec::{Moments, Scatter};
use pulp::Arch;

use super::{source::Source, tree};
use crate::linalg::Floating;

/// Rows of a block of columns that is centred at a time.
const BLOCK: usize = 256;

/// Sums that run side by side along a column.
const SIDE: usize = 8;

/// The sums over a range of rows.
struct Sums {
    /// `(p,)`, or `(k, p)` for each group: sum of the squares of the centred rows z.
    squares: Vec<f64>,
    /// `(k, p)`: sum of z, times the root of its weight, by group.
    shifts: Vec<f64>,
}

/// As [`gram::moments`](super::gram::moments), but for the diagonal alone: of all groups together, or of `each`.
pub(super) fn moments<T: Floating<Wide = f64>>(source: &Source<'_, T>, each: bool) -> Moments {
    let (n, p, k) = (source.n, source.p, source.counts.len());
    // A leaf of the tree has about a million elements or more, and more rows than there are groups; there are at most 64 leaves.
    let step = ((1 << 20) / p).max(n / 64).max(k).max(1);
    let leaf = |rows: Range<usize>| {
        let mut sums = Sums {
            squares: vec![0.0; if each { k * p } else { p }],
            shifts: vec![0.0; k * p],
        };
        Arch::new().dispatch(|| sums.add_rows(source, rows, each));
        sums
    };
    let Sums {
        mut squares,
        mut shifts,
    } = tree(0..n, step, &leaf, &Sums::add);
    for (g, &weight) in source.weights.iter().enumerate() {
        if weight == 0.0 {
            continue;
        }
        let squares = &mut squares[if each { g * p } else { 0 }..][..p];
        for (shift, sum) in shifts[g * p..][..p].iter_mut().zip(squares) {
            *shift /= weight;
            *sum -= *shift * *shift * weight;
        }
    }
    // Rounding may have made a sum of squares negative: that becomes 0. NaN stays.
    for sum in squares.iter_mut().filter(|sum| **sum < 0.0) {
        *sum = 0.0;
    }
    Moments {
        pooled: !each,
        ..source.moments(|at| shifts[at], Scatter::Diagonal(squares))
    }
}

impl Sums {
    fn add(mut self, other: Self) -> Self {
        let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.squares, &other.squares);
        add(&mut self.shifts, &other.shifts);
        self
    }

    #[inline(always)]
    fn add_rows<T: Floating<Wide = f64>>(
        &mut self,
        source: &Source<'_, T>,
        rows: Range<usize>,
        each: bool,
    ) {
        if source.by_rows() {
            self.add_by_rows(source, rows, each);
        } else {
            self.add_by_columns(source, rows, each);
        }
    }

    #[inline(always)]
    fn add_by_rows<T: Floating<Wide = f64>>(
        &mut self,
        source: &Source<'_, T>,
        mut rows: Range<usize>,
        each: bool,
    ) {
        let (p, mut copy) = (source.p, Vec::new());
        if source.is_plain() {
            // Of two rows at a time, the sums are read and written once.
            while rows.len() > 1 {
                let pair = [rows.start, rows.start + 1].map(|row| source.whole_row(row));
                let [Some(first), Some(second)] = pair else {
                    break;
                };
                let sums = self.squares[..p].iter_mut().zip(&mut self.shifts[..p]);
                let values = first.iter().zip(second).zip(&source.centres[..p]);
                for ((square, shift), ((a, b), c)) in sums.zip(values) {
                    let (a, b) = (a.widen() - c, b.widen() - c);
                    *square += a * a + b * b;
                    *shift += a + b;
                }
                rows.start += 2;
            }
        }
        for i in rows {
            let (g, root) = (source.group(i), source.root(i));
            let row = source.whole_row(i).unwrap_or_else(|| {
                copy.clear();
                copy.extend((0..p).map(|j| source.at(i, j)));
                &copy
            });
            let squares = &mut self.squares[if each { g * p } else { 0 }..][..p];
            let sums = squares.iter_mut().zip(&mut self.shifts[g * p..][..p]);
            let values = row.iter().zip(&source.centres[g * p..][..p]);
            for ((square, shift), (x, c)) in sums.zip(values) {
                let z = (x.widen() - c) * root;
                *square += z * z;
                *shift += z * root;
            }
        }
    }

    #[inline(always)]
    fn add_by_columns<T: Floating<Wide = f64>>(
        &mut self,
        source: &Source<'_, T>,
        rows: Range<usize>,
        each: bool,
    ) {
        let p = source.p;
        let mut z = vec![0.0; BLOCK.min(rows.len()) * p];
        for start in rows.clone().step_by(BLOCK) {
            let block = start..(start + BLOCK).min(rows.end);
            let count = block.len();
            let z = &mut z[..count * p];
            source.read(block.clone(), z, 1, count);
            for (j, z) in z.chunks_exact(count).enumerate() {
                if source.is_plain() {
                    let [square, shift] = along(z);
                    self.squares[j] += square;
                    self.shifts[j] += shift;
                    continue;
                }
                for (i, z) in block.clone().zip(z) {
                    let (g, root) = (source.group(i), source.root(i));
                    self.squares[if each { g * p } else { 0 } + j] += z * z;
                    self.shifts[g * p + j] += z * root;
                }
            }
        }
    }
}

/// Σ z² and Σ z.
#[inline(always)]
fn along(z: &[f64]) -> [f64; 2] {
    let (mut squares, mut sums) = ([0.0; SIDE], [0.0; SIDE]);
    let (lines, rest) = z.as_chunks::<SIDE>();
    for z in lines {
        for lane in 0..SIDE {
            squares[lane] += z[lane] * z[lane];
            sums[lane] += z[lane];
        }
    }
    for (lane, z) in rest.iter().enumerate() {
        squares[lane] += z * z;
        sums[lane] += z;
    }
    [squares.iter().sum(), sums.iter().sum()]
}
