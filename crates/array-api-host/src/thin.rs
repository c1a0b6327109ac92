//! Products with a matrix of few columns or rows. They read the other matrix once, from where it lies: its size over the bandwidth of memory is their time.

use array_api_spec::{Layout, memory, shape::size};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::{moments::tree, threads, vectors::Real};

/// Up to so many columns or rows, these products are faster than those that pack blocks of both matrices.
const FEW: usize = 4;

/// Shorter lines are not worth it.
const SHORT: usize = 8;

/// Rows of the large matrix that are multiplied at a time.
const TILE: usize = 4;

/// Numbers of the large matrix that a thread takes at a time, at least.
const STEP: usize = 1 << 16;

/// Numbers of a line of the large matrix that are multiplied at a time: with their sums they stay in a first-level cache.
const PANEL: usize = 512;

/// Lines whose sum is taken before it is added to that of earlier ones, so that rounding errors grow slowly.
const LINES: usize = 256;

/// `a (m, k) · b (k, n)`, in row-major order: if b has at most four columns, or a at most four rows, and the other matrix is large and lies without gaps along an axis; else `None`.
///
/// ```
/// use array_api_host::thin;
/// use array_api_spec::Layout;
///
/// let a: Vec<f64> = (0..90_000).map(f64::from).collect();
/// let sums = thin::product((&a, &Layout::contiguous(&[10_000, 9])), (&[1.0; 9], &Layout::contiguous(&[9, 1])));
/// assert_eq!(sums.map(|sums| sums[1]), Some(117.0)); // 9 + 10 + … + 17
/// ```
#[must_use]
pub fn product<T: Real>(a: (&[T], &Layout), b: (&[T], &Layout)) -> Option<Vec<T>> {
    let (a, b) = (Matrix::new(a), Matrix::new(b));
    let (m, n) = (a.rows, b.columns);
    let k = a.columns;
    let copies = size(&[4, m, n, size_of::<T>()]);
    if m.max(n) < SHORT || k == 0 || size(&[m.max(n), k]) < STEP || memory::room(copies).is_err() {
        return None;
    }
    if n <= FEW && n <= m {
        return a.times_columns(b, Order::Rows);
    }
    if m <= FEW {
        // (a b)ᵀ = bᵀ aᵀ, and the columns of a transposed result are the rows of the result.
        return b.transposed().times_columns(a.transposed(), Order::Columns);
    }
    None
}

/// How the elements of a result follow each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Rows,
    Columns,
}

/// A matrix in a slice.
#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    values: &'a [T],
    start: isize,
    rows: usize,
    columns: usize,
    down: isize,
    right: isize,
}

impl<'a, T: Real> Matrix<'a, T> {
    fn new((values, layout): (&'a [T], &Layout)) -> Self {
        let (shape, strides) = (layout.shape(), layout.strides());
        Self {
            values,
            start: layout.offset() as isize,
            rows: shape[0],
            columns: shape[1],
            down: strides[0],
            right: strides[1],
        }
    }

    fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            down: self.right,
            right: self.down,
            ..self
        }
    }

    /// The product with a matrix of few columns: `(m, n)` in this order. `None` if this one's rows and columns have gaps or are short.
    fn times_columns(self, few: Self, order: Order) -> Option<Vec<T>> {
        let (m, k, n) = (self.rows, self.columns, few.columns);
        let at = |i: usize, j: usize| few.start + i as isize * few.down + j as isize * few.right;
        let weights = (0..n * k).map(|e| few.values[at(e % k, e / k) as usize]);
        let weights: Vec<T> = weights.collect();
        let weights = &weights;
        if self.right == 1 && k >= SHORT {
            // Rows in blocks, each of whose results is (n, rows of the block).
            let rows = (STEP / k).max(1).next_multiple_of(TILE);
            let blocks: Vec<Vec<T>> = threads::install(|| {
                let starts = (0..m).into_par_iter().step_by(rows);
                let block = |first: usize| Dots {
                    matrix: self,
                    weights,
                    first,
                    count: rows.min(m - first),
                };
                starts
                    .map(|first| Arch::new().dispatch(block(first)))
                    .collect()
            });
            return Some(together(&blocks, n, order));
        }
        if self.down == 1 && m >= SHORT {
            let panels: Vec<Vec<T>> = threads::install(|| {
                let starts = (0..m).into_par_iter().step_by(PANEL);
                let panel = |first: usize| {
                    let width = PANEL.min(m - first);
                    // The parts follow from the shape alone, so the sums do not depend on the number of threads.
                    let lines = (STEP / width).max(k / 64).next_multiple_of(LINES);
                    let part = |lines| {
                        Arch::new().dispatch(Sums {
                            matrix: self,
                            weights,
                            first,
                            width,
                            lines,
                        })
                    };
                    tree(0..k, lines, &part, &|mut a: Vec<T>, b| {
                        a.iter_mut()
                            .zip(b)
                            .for_each(|(a, b)| *a = T::narrow(a.widen() + b.widen()));
                        a
                    })
                };
                starts.map(panel).collect()
            });
            return Some(together(&panels, n, order));
        }
        None
    }

    /// `count` numbers of a row from one on, if rows have no gaps.
    fn along_row(&self, row: usize, first: usize, count: usize) -> &'a [T] {
        let start = self.start + row as isize * self.down + first as isize;
        &self.values[start as usize..][..count]
    }
}

/// Parts `(n, w)`, one column of the result after the other, as the whole.
fn together<T: Real>(parts: &[Vec<T>], n: usize, order: Order) -> Vec<T> {
    let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    match order {
        _ if n == 1 => parts.iter().for_each(|part| all.extend_from_slice(part)),
        Order::Columns => {
            for line in 0..n {
                for part in parts {
                    let width = part.len() / n;
                    all.extend_from_slice(&part[line * width..][..width]);
                }
            }
        }
        Order::Rows => {
            for part in parts {
                let width = part.len() / n;
                all.extend(
                    (0..width).flat_map(|row| (0..n).map(move |line| part[line * width + row])),
                );
            }
        }
    }
    all
}

/// The dot products of some rows with `weights (n, k)`: `(n, count)`.
struct Dots<'a, T> {
    matrix: Matrix<'a, T>,
    weights: &'a [T],
    first: usize,
    count: usize,
}

impl<T: Real> WithSimd for Dots<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<T> {
        let Self {
            matrix,
            weights,
            first,
            count,
        } = self;
        let k = matrix.columns;
        let mut out = vec![T::default(); weights.len() / k * count];
        for tile in (0..count).step_by(TILE) {
            // Behind the last row, it is taken again.
            let rows: [&[T]; TILE] = std::array::from_fn(|row| {
                matrix.along_row(first + (tile + row).min(count - 1), 0, k)
            });
            for (weights, out) in weights.chunks_exact(k).zip(out.chunks_exact_mut(count)) {
                let dots = dots(simd, rows, weights);
                out[tile..]
                    .iter_mut()
                    .zip(dots)
                    .for_each(|(out, dot)| *out = dot);
            }
        }
        out
    }
}

#[inline(always)]
fn dots<T: Real, S: Simd>(simd: S, rows: [&[T]; TILE], weights: &[T]) -> [T; TILE] {
    let [a, b, c, d] = rows.map(T::vectors::<S>);
    let (heads, tail) = T::vectors::<S>(weights);
    let mut sums = [T::splat(simd, T::default()); TILE];
    for ((((w, a), b), c), d) in heads.iter().zip(a.0).zip(b.0).zip(c.0).zip(d.0) {
        for (sum, x) in sums.iter_mut().zip([a, b, c, d]) {
            *sum = T::multiply_add(simd, *x, *w, *sum);
        }
    }
    let tails = [a.1, b.1, c.1, d.1];
    std::array::from_fn(|row| {
        let rest = tails[row]
            .iter()
            .zip(tail)
            .map(|(x, w)| x.widen() * w.widen());
        T::narrow(T::sum(simd, sums[row]).widen() + rest.sum::<f64>())
    })
}

/// Sums of lines (columns of the matrix, which lie without gaps), each times its `weights (n, k)`: `(n, width)`.
struct Sums<'a, T> {
    matrix: Matrix<'a, T>,
    weights: &'a [T],
    first: usize,
    width: usize,
    lines: std::ops::Range<usize>,
}

impl<T: Real> WithSimd for Sums<'_, T> {
    type Output = Vec<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<T> {
        let Self {
            matrix,
            weights,
            first,
            width,
            lines,
        } = self;
        let (k, across) = (matrix.columns, matrix.transposed());
        let mut out = vec![T::default(); weights.len() / k * width];
        let (mut sum, nothing) = (out.clone(), vec![T::default(); width]);
        for start in lines.clone().step_by(LINES) {
            let end = (start + LINES).min(lines.end);
            sum.fill(T::default());
            for line in (start..end).step_by(TILE) {
                let lines: [&[T]; TILE] = std::array::from_fn(|i| {
                    if line + i < end {
                        across.along_row(line + i, first, width)
                    } else {
                        &nothing
                    }
                });
                for (weights, sum) in weights.chunks_exact(k).zip(sum.chunks_exact_mut(width)) {
                    let weights = std::array::from_fn(|i| weights[(line + i).min(end - 1)]);
                    add_lines(simd, lines, weights, sum);
                }
            }
            out.iter_mut()
                .zip(&sum)
                .for_each(|(out, sum)| *out = T::narrow(out.widen() + sum.widen()));
        }
        out
    }
}

#[inline(always)]
fn add_lines<T: Real, S: Simd>(simd: S, lines: [&[T]; TILE], weights: [T; TILE], sum: &mut [T]) {
    let [a, b, c, d] = lines.map(T::vectors::<S>);
    let (heads, tail) = T::vectors_mut::<S>(sum);
    let splats = weights.map(|w| T::splat(simd, w));
    for ((((sum, a), b), c), d) in heads.iter_mut().zip(a.0).zip(b.0).zip(c.0).zip(d.0) {
        for (x, w) in [a, b, c, d].into_iter().zip(splats) {
            *sum = T::multiply_add(simd, *x, w, *sum);
        }
    }
    for (line, w) in [a.1, b.1, c.1, d.1].into_iter().zip(weights) {
        for (sum, x) in tail.iter_mut().zip(line) {
            *sum = T::narrow(sum.widen() + x.widen() * w.widen());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Multiples of 1/8, so that sums are exact in any order.
    fn ramp(count: usize) -> Vec<f64> {
        (0..count)
            .map(|i| ((i * 7919 + i / 13) % 101) as f64 / 8.0 - 6.0)
            .collect()
    }

    fn expected((a, la): (&[f64], &Layout), (b, lb): (&[f64], &Layout)) -> Vec<f64> {
        let at = |values: &[f64], layout: &Layout, i: usize, j: usize| {
            let strides = layout.strides();
            let at = layout.offset() as isize + i as isize * strides[0] + j as isize * strides[1];
            values[at as usize]
        };
        let (m, k, n) = (la.shape()[0], la.shape()[1], lb.shape()[1]);
        let sum = |e: usize| {
            (0..k)
                .map(|t| at(a, la, e / n, t) * at(b, lb, t, e % n))
                .sum()
        };
        (0..m * n).map(sum).collect()
    }

    #[test]
    fn products_are_those_of_a_loop() {
        let by_rows = |m: usize, n: usize| Layout::contiguous(&[m, n]);
        let by_columns = |m: usize, n: usize| Layout::contiguous(&[n, m]).permute(&[1, 0]);
        for (m, k) in [(70_001, 9), (611, 1030), (13, 70_003)] {
            let large = ramp((m + 1) * k);
            for n in 1..=FEW {
                let few = ramp(n * k);
                for large_layout in [
                    by_rows(m, k),
                    by_columns(m, k),
                    by_rows(m + 1, k).slice(0, 1, m, 1),
                    by_rows(m, k).flip(0),
                ] {
                    let large = (&large[..], &large_layout);
                    for layout in [by_rows(k, n), by_columns(k, n)] {
                        let few = (&few[..], &layout);
                        let transposed = |layout: &Layout| layout.permute(&[1, 0]);
                        let exact = expected(large, few);
                        assert_eq!(
                            product(large, few).as_ref(),
                            Some(&exact),
                            "{large_layout:?} {layout:?}"
                        );
                        let (lb, la) = (transposed(&large_layout), transposed(&layout));
                        let exact = expected((few.0, &la), (large.0, &lb));
                        assert_eq!(
                            product((few.0, &la), (large.0, &lb)),
                            Some(exact),
                            "{la:?} {lb:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn infinity_stays_infinity_and_nan_nan() {
        for odd in [f32::INFINITY, f32::NAN] {
            let mut large = vec![1.0_f32; 9 * 9001];
            large[9 * 9001 - 1] = odd;
            let one = |m: usize| (vec![1.0_f32; m], Layout::contiguous(&[m, 1]));
            let check = |found: Option<Vec<f32>>, finite: f32| {
                let found = found.expect("it is thin");
                let (last, others) = found.split_last().expect("some");
                assert_eq!(last.to_bits(), odd.to_bits());
                assert!(others.iter().all(|x| *x == finite));
            };
            let layout = Layout::contiguous(&[9001, 9]);
            let (right, shape) = one(9);
            check(product((&large, &layout), (&right, &shape)), 9.0);
            let (right, shape) = one(9001);
            check(
                product((&large, &layout.permute(&[1, 0])), (&right, &shape)),
                9001.0,
            );
        }
    }

    #[test]
    fn others_are_declined() {
        let x = vec![1.0; 1 << 18];
        let declined = |a: &Layout, b: &Layout| product((&x, a), (&x, b)).is_none();
        let shape = |m: usize, n: usize| Layout::contiguous(&[m, n]);
        assert!(declined(&shape(1 << 12, 1 << 6), &shape(1 << 6, FEW + 1)));
        assert!(declined(&shape(100, 100), &shape(100, 1)));
        assert!(declined(&shape(0, 100), &shape(100, 1)));
        assert!(declined(&shape(1 << 16, 0), &shape(0, 1)));
        assert!(declined(
            &shape(1 << 10, 1 << 8).slice(1, 0, 1 << 7, 2),
            &shape(1 << 7, 1)
        ));
    }
}
