//! Balancing: LAPACK's `gebal`, with 2-norms as in LAPACK 3.5.1 and later (James, Langou and Lowery, arXiv:1401.5766,
//! after Parlett and Reinsch).

use std::ops::Range;

use array_api_spec::Complex;

use super::{Wide, exponent, ldexp};

/// A similarity transform by a permutation and powers of two. It gives a row and its column about the same norm, and
/// isolates eigenvalues that stand on the diagonal already.
///
/// The balanced matrix is `2^(exponents[j] - exponents[i] + scale) · x[order[i], order[j]]`, upper triangular outside the rows and columns `active`. Its
/// largest element is near 1.
#[derive(Debug, PartialEq)]
pub(super) struct Balance {
    pub(super) order: Vec<usize>,
    pub(super) exponents: Vec<i32>,
    pub(super) active: Range<usize>,
    pub(super) scale: i32,
}

impl Balance {
    /// The transform for a matrix whose elements have these magnitudes, all finite.
    pub(super) fn new(n: usize, magnitude: impl Fn(usize, usize) -> f64) -> Self {
        let (order, active) = separate(n, |i, j| magnitude(i, j) != 0.0);
        let (exponents, scale) = scaling(n, &active, |i, j| magnitude(order[i], order[j]));
        Self {
            order,
            exponents,
            active,
            scale,
        }
    }

    /// Transforms an eigenvector of the balanced matrix to that of the original one, with norm 1 (LAPACK's `gebak`).
    pub(super) fn back(&self, y: Vec<Complex<f64>>) -> Vec<Complex<f64>> {
        let scaled = y.iter().zip(&self.exponents);
        let largest = scaled
            .filter_map(|(z, e)| Some(exponent(z.magnitude())? + e))
            .max();
        let largest = largest.unwrap_or(0);
        let mut out = vec![Complex::ZERO; y.len()];
        for ((z, &row), e) in y.iter().zip(&self.order).zip(&self.exponents) {
            out[row] = z.ldexp(e - largest);
        }
        let length = out.iter().map(Complex::norm_sqr).sum::<f64>().sqrt();
        out.iter_mut().for_each(|z| *z /= length);
        out
    }
}

/// The permutation that isolates eigenvalues: a row with zeros beside its diagonal goes to the end, a column with zeros
/// beside its diagonal to the start.
fn separate(n: usize, nonzero: impl Fn(usize, usize) -> bool) -> (Vec<usize>, Range<usize>) {
    let mut order: Vec<usize> = (0..n).collect();
    let mut active = 0..n;
    for by_columns in [false, true] {
        let beside = |i: usize, j: usize| {
            i != j
                && if by_columns {
                    nonzero(j, i)
                } else {
                    nonzero(i, j)
                }
        };
        // For each row (or column), the number of nonzero elements beside the diagonal.
        let mut counts = vec![0_usize; n];
        for &i in &order[active.clone()] {
            counts[i] = order[active.clone()]
                .iter()
                .filter(|&&j| beside(i, j))
                .count();
        }
        let mut candidates = active.clone();
        while let Some(position) = if by_columns {
            candidates.clone().find(|&k| counts[order[k]] == 0)
        } else {
            candidates.clone().rev().find(|&k| counts[order[k]] == 0)
        } {
            let end = if by_columns {
                active.start
            } else {
                active.end - 1
            };
            order.swap(position, end);
            if by_columns {
                active.start += 1;
            } else {
                active.end -= 1;
            }
            candidates = active.clone();
            let gone = order[end];
            for &i in &order[active.clone()] {
                counts[i] -= usize::from(beside(i, gone));
            }
        }
    }
    (order, active)
}

/// The exponents of the powers of two that give each row and its column about the same norm, and of the one that scales
/// the largest element to about 1.
fn scaling(
    n: usize,
    active: &Range<usize>,
    magnitude: impl Fn(usize, usize) -> f64,
) -> (Vec<i32>, i32) {
    /// Scaling continues while it reduces the norms of row and column together by this factor.
    const WORTHWHILE: f64 = 0.95;
    /// Results stay this far from overflow and underflow, as an exponent.
    const LARGEST: i32 = 960;
    let mut exponents = vec![0; n];
    let mut x: Vec<f64> = (0..n * n).map(|k| magnitude(k % n, k / n)).collect();
    let largest = x.iter().copied().fold(0.0, f64::max);
    // The middle of the range of exponents is farthest from overflow and underflow.
    let shift = match exponent(largest) {
        Some(e) if e < 0 => -e,
        Some(e) if e > LARGEST => LARGEST - e,
        _ => 0,
    };
    x.iter_mut().for_each(|x| *x = ldexp(*x, shift));
    let mut changed = true;
    while std::mem::take(&mut changed) {
        for i in active.clone() {
            let column = active.clone().map(|k| x[i * n + k]);
            let row = active.clone().map(|k| x[k * n + i]);
            let (c, r) = (norm(column), norm(row));
            let highest = |x: f64| exponent(x).unwrap_or(-LARGEST);
            if c == 0.0 || r == 0.0 {
                continue;
            }
            let largest_column = (0..active.end).map(|k| x[i * n + k]).fold(0.0, f64::max);
            let largest_row = (active.start..n).map(|k| x[k * n + i]).fold(0.0, f64::max);
            // With this e, the norms of the column times 2^e and of the row divided by 2^e are closest.
            let e = ((r.log2() - c.log2() - 1.0) / 2.0).ceil() as i32;
            let e = e.clamp(
                highest(largest_row) - LARGEST,
                LARGEST - highest(largest_column),
            );
            if ldexp(c, e) + ldexp(r, -e) >= WORTHWHILE * (c + r) {
                continue;
            }
            changed = true;
            exponents[i] += e;
            (0..active.end).for_each(|k| x[i * n + k] = ldexp(x[i * n + k], e));
            (active.start..n).for_each(|k| x[k * n + i] = ldexp(x[k * n + i], -e));
        }
    }
    let largest = x.into_iter().fold(0.0, f64::max);
    (exponents, shift - exponent(largest).unwrap_or(0))
}

/// The Euclidean norm, without intermediate overflow and underflow.
fn norm(x: impl Iterator<Item = f64> + Clone) -> f64 {
    let Some(scale) = exponent(x.clone().fold(0.0, f64::max)) else {
        return 0.0;
    };
    let sum: f64 = x.map(|x| ldexp(x, -scale)).map(|x| x * x).sum();
    ldexp(sum.sqrt(), scale)
}
