//! The standard form of a real 2 × 2 block: LAPACK's `lanv2`.

use super::{Wide, exponent, ldexp, square::Square};

/// The block `[[a, b], [c, d]]`, and the rotation that produced it.
struct Block {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    cos: f64,
    sin: f64,
}

/// Rotates rows and columns `k` and `k + 1` of a real matrix, so that their block is triangular, or has equal diagonal
/// elements and off-diagonal ones of opposite sign. Rotates the columns of u, too. Without u, only the block itself is
/// changed.
pub(super) fn standardize<T: Wide>(h: &mut Square<T>, u: Option<&mut Square<T>>, k: usize) {
    let real = |x: T| x.to_complex().re;
    let part = |i: usize, j: usize| real(h[(k + i, k + j)]);
    let block = standard_form([part(0, 0), part(0, 1), part(1, 0), part(1, 1)]);
    let Block { cos, sin, .. } = block;
    let rotate = |x: T, y: T| (x.times(cos) + y.times(sin), y.times(cos) - x.times(sin));
    let new = [[block.a, block.b], [block.c, block.d]];
    for (i, row) in new.into_iter().enumerate() {
        for (j, x) in row.into_iter().enumerate() {
            h[(k + i, k + j)] = T::from_complex(x.into());
        }
    }
    let Some(u) = u else {
        return;
    };
    for j in k + 2..h.n {
        let column = h.column_mut(j);
        (column[k], column[k + 1]) = rotate(column[k], column[k + 1]);
    }
    let all = u.n;
    for (x, rows) in [(h, k), (u, all)] {
        let (first, second) = x.split_columns(k);
        for (a, b) in first[..rows].iter_mut().zip(second) {
            (*a, *b) = rotate(*a, *b);
        }
    }
}

fn standard_form(block: [f64; 4]) -> Block {
    let largest = block.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let scale = exponent(largest).unwrap_or(0);
    // Scales the block by a power of two, so that the decisions below do not depend on its magnitude.
    let [a, b, c, d] = block.map(|x| ldexp(x, -scale));
    let done = |a, b, c, d, cos, sin| Block {
        a,
        b,
        c,
        d,
        cos,
        sin,
    };
    let out = if c == 0.0 {
        done(a, b, c, d, 1.0, 0.0)
    } else if b == 0.0 {
        done(d, -c, 0.0, a, 0.0, 1.0)
    } else if a == d && (b < 0.0) != (c < 0.0) {
        done(a, b, c, d, 1.0, 0.0)
    } else {
        let half = 0.5 * (a - d);
        let larger = b.abs().max(c.abs());
        let smaller = b.abs().min(c.abs()).copysign(b) * c.signum();
        let size = half.abs().max(larger);
        let discriminant = half / size * half + larger / size * smaller;
        if discriminant >= 4.0 * f64::EPSILON {
            let z = half + (size.sqrt() * discriminant.sqrt()).copysign(half);
            let length = c.hypot(z);
            done(
                d + z,
                b - c,
                0.0,
                d - larger / z * smaller,
                z / length,
                c / length,
            )
        } else {
            equal_diagonal([a, b, c, d])
        }
    };
    let [a, b, c, d] = [out.a, out.b, out.c, out.d].map(|x| ldexp(x, scale));
    Block { a, b, c, d, ..out }
}

/// The standard form if the eigenvalues are complex, or real and almost equal.
fn equal_diagonal([a, b, c, d]: [f64; 4]) -> Block {
    let (sum, difference) = (b + c, a - d);
    let length = sum.hypot(difference);
    let cos = (0.5 * (1.0 + sum.abs() / length)).sqrt();
    let sin = -(0.5 * difference / (length * cos)) * 1.0_f64.copysign(sum);
    let (aa, bb) = (a * cos + b * sin, b * cos - a * sin);
    let (cc, dd) = (c * cos + d * sin, d * cos - c * sin);
    let (b, c) = (bb * cos + dd * sin, cc * cos - aa * sin);
    let mean = 0.5 * ((aa * cos + cc * sin) + (dd * cos - bb * sin));
    if c == 0.0 {
        return Block {
            a: mean,
            b,
            c,
            d: mean,
            cos,
            sin,
        };
    }
    if b == 0.0 {
        return Block {
            a: mean,
            b: -c,
            c: 0.0,
            d: mean,
            cos: -sin,
            sin: cos,
        };
    }
    if (b < 0.0) != (c < 0.0) {
        return Block {
            a: mean,
            b,
            c,
            d: mean,
            cos,
            sin,
        };
    }
    let (root_b, root_c) = (b.abs().sqrt(), c.abs().sqrt());
    let half = (root_b * root_c).copysign(c);
    let by = 1.0 / (b + c).abs().sqrt();
    let (cos1, sin1) = (root_b * by, root_c * by);
    Block {
        a: mean + half,
        b: b - c,
        c: 0.0,
        d: mean - half,
        cos: cos * cos1 - sin * sin1,
        sin: cos * sin1 + sin * cos1,
    }
}
