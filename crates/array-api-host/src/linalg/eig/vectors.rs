//! Eigenvectors of a matrix in Schur form by back substitution: LAPACK's `trevc`.
//!
//! A component may be larger than the one below it by 1/ε and more, as for a Jordan block. When a new component is
//! large, the whole vector is divided by a power of two at once. The matrix's elements are not much larger than 1, and
//! no divisor is below [`SMALLEST`], so nothing overflows in between. This replaces LAPACK's bounds of the growth
//! (`latrs`, `laln2`).

use std::ops::Range;

use array_api_spec::Complex;
use faer::Par;
use rayon::prelude::*;

use super::{
    Wide, exponent,
    square::Square,
    values::{diagonal_blocks, eigenvalue},
};

type C = Complex<f64>;

/// The smallest divisor.
const SMALLEST: f64 = f64::from_bits((1023 - 900) << 52);

/// A vector is scaled when a component has an exponent above this.
const LARGE: i32 = 50;

/// Eigenvectors of t as columns, each with its largest component near 1. The result is upper triangular. For a
/// conjugate pair of a real matrix, the two columns are the real and the imaginary part of the vector for the
/// eigenvalue with positive imaginary part.
pub(super) fn triangular_vectors<T: Wide>(t: &Square<T>, par: Par) -> Square<T> {
    let blocks: Vec<Range<usize>> = diagonal_blocks(t, 0..t.n).collect();
    let one = |number| vector(t, &blocks[..=number]);
    let vectors: Vec<Vec<C>> = match par {
        Par::Seq => (0..blocks.len()).map(one).collect(),
        Par::Rayon(_) => (0..blocks.len()).into_par_iter().map(one).collect(),
    };
    let mut out = Square::zeros(t.n);
    for (block, vector) in blocks.iter().zip(vectors) {
        let parts: [fn(C) -> C; 2] = [|z| z, |z| z.im.into()];
        for (j, part) in block.clone().zip(parts) {
            for (out, &z) in out.column_mut(j).iter_mut().zip(&vector) {
                *out = T::from_complex(part(z));
            }
        }
    }
    out
}

/// The eigenvector for the last of these blocks.
fn vector<T: Wide>(t: &Square<T>, blocks: &[Range<usize>]) -> Vec<C> {
    let (own, above) = blocks.split_last().expect("a block");
    let value = eigenvalue(t, own);
    let (mut x, k) = (vec![C::ZERO; own.end], own.start);
    if own.len() == 1 {
        x[k] = C::ONE;
    } else {
        let real = |i: usize, j: usize| t[(i, j)].to_complex().re;
        let (upper, lower) = (real(k, k + 1), real(k + 1, k));
        [x[k], x[k + 1]] = if upper.abs() >= lower.abs() {
            [C::ONE, C::new(0.0, value.im / upper)]
        } else {
            [C::new(-value.im / lower, 0.0), C::I]
        };
    }
    subtract(t, &mut x, own.clone());
    // A smaller divisor means equal eigenvalues; they are treated as if they differed by a rounding error.
    let least = (f64::EPSILON * value.abs1()).max(SMALLEST);
    for block in above.iter().rev() {
        let at = |i: usize, j: usize| t[(i, j)].to_complex();
        let i = block.start;
        if block.len() == 1 {
            let gap = at(i, i) - value;
            let gap = if gap.abs1() < least {
                least.into()
            } else {
                gap
            };
            x[i] = divide(x[i], gap);
        } else {
            let a = [
                [at(i, i) - value, at(i, i + 1)],
                [at(i + 1, i), at(i + 1, i + 1) - value],
            ];
            [x[i], x[i + 1]] = solve(a, [x[i], x[i + 1]], least);
        }
        if largest_exponent(&x[block.clone()]) > LARGE {
            scale_to_one(&mut x, block.clone());
        }
        subtract(t, &mut x, block.clone());
    }
    let all = 0..x.len();
    scale_to_one(&mut x, all);
    x
}

/// Subtracts what the components of a block contribute to the rows above it.
fn subtract<T: Wide>(t: &Square<T>, x: &mut [C], block: Range<usize>) {
    let (above, own) = x.split_at_mut(block.start);
    for (j, &by) in block.zip(&*own) {
        for (x, &t) in above.iter_mut().zip(t.column(j)) {
            *x -= t.times_complex(by);
        }
    }
}

/// Solves two equations with complete pivoting. A pivot below `least` is replaced by it.
fn solve(a: [[C; 2]; 2], b: [C; 2], least: f64) -> [C; 2] {
    let size = |&(i, j): &(usize, usize)| a[i][j].abs1();
    let (p, q) = [(0, 0), (0, 1), (1, 0), (1, 1)]
        .into_iter()
        .max_by(|x, y| size(x).total_cmp(&size(y)))
        .expect("four elements");
    let bounded = |pivot: C| {
        if pivot.abs1() < least {
            least.into()
        } else {
            pivot
        }
    };
    let first = bounded(a[p][q]);
    let factor = divide(a[1 - p][q], first);
    let second = bounded(a[1 - p][1 - q] - factor * a[p][1 - q]);
    let mut x = [C::ZERO; 2];
    x[1 - q] = divide(b[1 - p] - factor * b[p], second);
    x[q] = divide(b[p] - a[p][1 - q] * x[1 - q], first);
    x
}

/// A quotient, also if the square of the divisor underflows.
fn divide(x: C, by: C) -> C {
    let e = exponent(by.magnitude()).unwrap_or(0);
    (x / by.ldexp(-e)).ldexp(-e)
}

/// The exponent of the largest component.
fn largest_exponent(x: &[C]) -> i32 {
    let largest = x.iter().map(|z| z.magnitude()).fold(0.0, f64::max);
    exponent(largest).unwrap_or(0)
}

/// Scales a vector so that the largest of some components is near 1.
fn scale_to_one(x: &mut [C], components: Range<usize>) {
    let e = largest_exponent(&x[components]);
    x.iter_mut().for_each(|z| *z = z.ldexp(-e));
}
