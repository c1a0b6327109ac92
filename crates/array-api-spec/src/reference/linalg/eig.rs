//! Eigenvalues and eigenvectors of any square matrix: the QR algorithm for complex numbers.

use super::{C, Matrix, ONE, ZERO, divide};
use crate::{Error, Result};

/// Steps for each eigenvalue before giving up.
const STEPS: usize = 60;

/// The eigenvalues come as a row, the eigenvectors in columns of length 1.
pub(super) fn eig(x: &Matrix) -> Result<(Matrix, Matrix)> {
    let n = x.rows;
    if !x.is_finite() {
        let nan = |rows| Matrix::from_fn(rows, n, |_, _| C::new(f64::NAN, f64::NAN));
        return Ok((nan(1), nan(n)));
    }
    let scale = x.scale();
    let (mut t, mut z) = hessenberg(x.scaled(1.0 / scale));
    let mut high = n;
    let mut steps = 0;
    while high > 1 {
        let last = high - 1;
        let negligible = |k: usize| {
            let beside = t[(k - 1, k - 1)].norm() + t[(k, k)].norm();
            t[(k, k - 1)].norm() <= f64::EPSILON * beside.max(f64::MIN_POSITIVE)
        };
        let low = (1..=last).rev().find(|&k| negligible(k)).unwrap_or(0);
        if low == last {
            t[(last, last - 1)] = ZERO;
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
            // A shift out of turn ends the rare cycles.
            t[(last, last)] + t[(last, last - 1)].norm()
        } else {
            wilkinson(&t, last)
        };
        step(&mut t, &mut z, low..high, shift);
    }
    let values = Matrix::from_fn(1, n, |_, j| t[(j, j)] * scale);
    Ok((values, vectors(&t, &z)))
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

/// The eigenvalue of the 2 × 2 block that ends at `last` which is nearer to its last element.
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

/// A QR step with a shift on a diagonal block of t, and its rotations on z.
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

/// Eigenvectors of `z t zᴴ` with t upper triangular.
fn vectors(t: &Matrix, z: &Matrix) -> Matrix {
    let n = t.rows;
    let size = t.values.iter().map(C::norm_sqr).sum::<f64>().sqrt();
    let least = (f64::EPSILON * size).max(f64::MIN_POSITIVE);
    let mut out = Matrix::from_fn(n, n, |_, _| ZERO);
    for j in 0..n {
        let mut y = vec![ZERO; n];
        y[j] = ONE;
        for i in (0..j).rev() {
            let sum: C = (i + 1..=j).map(|k| t[(i, k)] * y[k]).sum();
            let mut gap = t[(i, i)] - t[(j, j)];
            // Equal eigenvalues: as if they differed by a rounding error.
            if gap.norm() < least {
                gap = least.into();
            }
            y[i] = -divide(sum, gap);
        }
        let v: Vec<C> = (0..n)
            .map(|i| (0..=j).map(|k| z[(i, k)] * y[k]).sum())
            .collect();
        let length = v.iter().map(C::norm_sqr).sum::<f64>().sqrt();
        v.iter()
            .enumerate()
            .for_each(|(i, v)| out[(i, j)] = v / length);
    }
    out
}
