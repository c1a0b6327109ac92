//! Eigenvalues and eigenvectors of any square matrix: balancing, the QR algorithm for complex numbers, and back substitution.

use std::ops::Range;

use super::{C, Matrix, ONE, ZERO, divide};
use crate::{Error, Result};

/// An element below this counts as zero; the largest elements are near 1.
const SMALLEST: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// With larger elements, balancing could overflow.
const ROOM: f64 = f64::from_bits((1023 + 900) << 52);

/// The iteration gives up after this many steps for an eigenvalue.
const STEPS: usize = 60;

/// The eigenvalues as a row, and the eigenvectors as columns of norm 1.
pub(super) fn eig(x: &Matrix) -> Result<(Matrix, Matrix)> {
    let n = x.rows;
    if !x.is_finite() {
        let nan = |rows| Matrix::from_fn(rows, n, |_, _| C::new(f64::NAN, f64::NAN));
        return Ok((nan(1), nan(n)));
    }
    // Scales to the middle of the range of exponents, where balancing is farthest from overflow and underflow.
    let largest = x.scale();
    let first_scale = if largest < 1.0 {
        largest
    } else {
        (largest / ROOM).max(1.0)
    };
    let Balanced {
        matrix,
        order,
        scales,
        active,
    } = balance(&x.scaled(1.0 / first_scale));
    let scale = matrix.scale();
    let (mut t, mut z) = hessenberg(matrix.scaled(1.0 / scale));
    let mut high = n;
    let mut steps = 0;
    while high > 1 {
        let last = high - 1;
        let low = (1..=last).rev().find(|&k| negligible(&t, k)).unwrap_or(0);
        if low > 0 {
            t[(low, low - 1)] = ZERO;
        }
        if low == last {
            (high, steps) = (last, 0);
            continue;
        }
        steps += 1;
        if steps > STEPS {
            return Err(Error::linear_algebra(
                "eig",
                format!("no convergence in {STEPS} steps"),
            ));
        }
        let shift = if steps % 10 == 0 {
            // An exceptional shift ends the rare cycles.
            t[(last, last)] + t[(last, last - 1)].norm()
        } else {
            wilkinson(&t, last)
        };
        step(&mut t, &mut z, low..high, shift);
    }
    let values = Matrix::from_fn(1, n, |_, j| {
        if active.contains(&j) {
            t[(j, j)] * scale * first_scale
        } else {
            // An eigenvalue that balancing has isolated is exact.
            x[(order[j], order[j])]
        }
    });
    Ok((values, vectors(&t, &z, &order, &scales)))
}

/// Whether the subdiagonal element in row k is small compared with its neighbours and, after Ahues and Tisseur (LAPACK
/// Working Note 122), changes the eigenvalues of its 2 × 2 block little.
fn negligible(t: &Matrix, k: usize) -> bool {
    let below = t[(k, k - 1)].norm();
    if below <= SMALLEST {
        return true;
    }
    let (above, here) = (t[(k - 1, k - 1)], t[(k, k)]);
    let mut beside = above.norm() + here.norm();
    if beside == 0.0 {
        let before = if k > 1 { t[(k - 1, k - 2)].norm() } else { 0.0 };
        let after = if k + 1 < t.rows {
            t[(k + 1, k)].norm()
        } else {
            0.0
        };
        beside = before + after;
    }
    let other = t[(k - 1, k)].norm();
    let difference = (above - here).norm();
    let small = here.norm().min(difference) * here.norm().max(difference);
    below <= f64::EPSILON * beside && below * other <= (f64::EPSILON * small).max(SMALLEST)
}

/// `matrix[i, j] = x[order[i], order[j]] · scales[j] / scales[i]`, triangular outside the rows and columns `active`.
struct Balanced {
    matrix: Matrix,
    order: Vec<usize>,
    scales: Vec<f64>,
    active: Range<usize>,
}

/// LAPACK's `gebal`: isolates eigenvalues whose row or column has zeros beside the diagonal, and gives each other row
/// and its column about the same norm.
fn balance(x: &Matrix) -> Balanced {
    let n = x.rows;
    let (mut order, mut active): (Vec<usize>, _) = ((0..n).collect(), 0..n);
    let alone = |order: &[usize], active: &Range<usize>, at: &dyn Fn(usize, usize) -> C| {
        let zero = |i: usize, j: usize| i == j || at(order[i], order[j]) == ZERO;
        active
            .clone()
            .rev()
            .find(|&i| active.clone().all(|j| zero(i, j)))
    };
    while let Some(i) = alone(&order, &active, &|i, j| x[(i, j)]) {
        active.end -= 1;
        order.swap(i, active.end);
    }
    while let Some(i) = alone(&order, &active, &|i, j| x[(j, i)]) {
        order.swap(i, active.start);
        active.start += 1;
    }
    let mut matrix = Matrix::from_fn(n, n, |i, j| x[(order[i], order[j])]);
    let mut scales = vec![1.0; n];
    let mut changed = true;
    while std::mem::take(&mut changed) {
        for i in active.clone() {
            let length = |x: &dyn Fn(usize) -> C| {
                active
                    .clone()
                    .fold(0.0_f64, |sum, k| sum.hypot(x(k).norm()))
            };
            let (column, row) = (length(&|k| matrix[(k, i)]), length(&|k| matrix[(i, k)]));
            if column == 0.0 || row == 0.0 {
                continue;
            }
            let by = ((row.log2() - column.log2() - 1.0) / 2.0).ceil().exp2();
            let largest = |x: &dyn Fn(usize) -> C| (0..n).fold(0.0_f64, |m, k| m.max(x(k).norm()));
            let room = largest(&|k| matrix[(k, i)] * by) <= ROOM
                && largest(&|k| matrix[(i, k)] / by) <= ROOM;
            if room && column * by + row / by < 0.95 * (column + row) {
                changed = true;
                scales[i] *= by;
                (0..n).for_each(|k| matrix[(k, i)] *= by);
                (0..n).for_each(|k| matrix[(i, k)] /= by);
            }
        }
    }
    Balanced {
        matrix,
        order,
        scales,
        active,
    }
}

/// `x = z h zᴴ` with zeros below h's first subdiagonal.
fn hessenberg(x: Matrix) -> (Matrix, Matrix) {
    let n = x.rows;
    let (mut h, mut adjoint) = (x, Matrix::identity(n));
    for k in 0..n.saturating_sub(2) {
        let mut v: Vec<C> = (0..n)
            .map(|i| if i > k { h[(i, k)] } else { ZERO })
            .collect();
        let length = v.iter().map(C::norm_sqr).sum::<f64>().sqrt();
        if length == 0.0 {
            continue;
        }
        let phase = if v[k + 1] == ZERO {
            ONE
        } else {
            v[k + 1] / v[k + 1].norm()
        };
        v[k + 1] += phase * length;
        let square: f64 = v.iter().map(C::norm_sqr).sum();
        h.reflect(&v, square);
        h = h.adjoint();
        h.reflect(&v, square);
        h = h.adjoint();
        adjoint.reflect(&v, square);
        (k + 2..n).for_each(|i| h[(i, k)] = ZERO);
    }
    (h, adjoint.adjoint())
}

/// Of the eigenvalues of the 2 × 2 block that ends at `last`, the one nearer to its last element.
fn wilkinson(t: &Matrix, last: usize) -> C {
    let (a, b) = (t[(last - 1, last - 1)], t[(last - 1, last)]);
    let (c, d) = (t[(last, last - 1)], t[(last, last)]);
    let half = (a - d) * 0.5;
    let root = (half * half + b * c).sqrt();
    let [one, other] = [half + root, half - root];
    d + if one.norm() < other.norm() {
        one
    } else {
        other
    }
}

/// A QR step with a shift on a diagonal block of t. Applies its rotations to z, too.
fn step(t: &mut Matrix, z: &mut Matrix, block: std::ops::Range<usize>, shift: C) {
    let n = t.rows;
    block.clone().for_each(|k| t[(k, k)] -= shift);
    let mut rotations = Vec::new();
    for k in block.start..block.end - 1 {
        let (a, b) = (t[(k, k)], t[(k + 1, k)]);
        let length = a.norm().hypot(b.norm());
        let (c, s) = if length == 0.0 {
            (ONE, ZERO)
        } else {
            (a / length, b / length)
        };
        for j in k..n {
            let (upper, lower) = (t[(k, j)], t[(k + 1, j)]);
            t[(k, j)] = c.conj() * upper + s.conj() * lower;
            t[(k + 1, j)] = c * lower - s * upper;
        }
        t[(k + 1, k)] = ZERO;
        rotations.push((k, c, s));
    }
    for (k, c, s) in rotations {
        let turn = |x: &mut Matrix, rows: usize| {
            for i in 0..rows {
                let (left, right) = (x[(i, k)], x[(i, k + 1)]);
                x[(i, k)] = left * c + right * s;
                x[(i, k + 1)] = right * c.conj() - left * s.conj();
            }
        };
        turn(t, k + 2);
        turn(z, n);
    }
    block.for_each(|k| t[(k, k)] += shift);
}

/// Eigenvectors of the original matrix. `z t zᴴ`, with t upper triangular, is the balanced matrix.
fn vectors(t: &Matrix, z: &Matrix, order: &[usize], scales: &[f64]) -> Matrix {
    let n = t.rows;
    let mut out = Matrix::from_fn(n, n, |_, _| ZERO);
    for j in 0..n {
        // Equal eigenvalues are treated as if they differed by a rounding error.
        let least = (f64::EPSILON * t[(j, j)].norm()).max(1e-270);
        let mut y = vec![ZERO; n];
        y[j] = ONE;
        for i in (0..j).rev() {
            let sum: C = (i + 1..=j).map(|k| t[(i, k)] * y[k]).sum();
            let gap = t[(i, i)] - t[(j, j)];
            y[i] = -divide(
                sum,
                if gap.norm() < least {
                    least.into()
                } else {
                    gap
                },
            );
            if y[i].norm() > 1e15 {
                // Rescales before the next component overflows.
                y = rescaled(y);
            }
        }
        let v = (0..n).map(|i| (0..=j).map(|k| z[(i, k)] * y[k]).sum::<C>());
        let v = rescaled(v.zip(scales).map(|(v, scale)| v * scale).collect());
        let length = v.iter().map(C::norm_sqr).sum::<f64>().sqrt();
        v.iter()
            .zip(order)
            .for_each(|(v, &row)| out[(row, j)] = v / length);
    }
    out
}

/// A vector with its largest component near 1.
fn rescaled(x: Vec<C>) -> Vec<C> {
    let scale = x.iter().fold(0.0_f64, |m, z| m.max(z.norm()));
    let scale = scale.log2().floor().exp2();
    x.into_iter().map(|z| z / scale).collect()
}
