//! Jacobi's rotations, in real and complex arithmetic.
//!
//! A rotation is kept as `(s, v)` with `v = 1 - c = |s|² / (1 + c)`, in the manner of Rutishauser (Numerische Mathematik 9,
//! 1966), who keeps s and `τ = v / s`: its error is proportional to s. Rotations kept as `(c, s)` err by half a unit each, all
//! in one direction, because `c² + |s|² ≠ 1` has one sign. In a simulation of order 128 in `float32`, vectors were 600
//! rounding errors from orthonormal with `(c, s)`, and 40 with `(s, τ)`.

use crate::kernel::{
    element::Value,
    ir::{Val, lit, select},
};

/// The i-th of the n / 2 pairs of a round, `0..n - 1`, of a tournament in which each of n players meets every other once.
/// n is even. (Brent and Luk, SIAM J. Sci. Stat. Comput. 6, 1985.)
pub(super) fn tournament(n: Val, round: Val, i: Val) -> (Val, Val) {
    let first = select(i.eq(0), lit(n.ty(), 0), (i + round + (n - 2)) % (n - 1) + 1);
    let second = (n - 2 - i + round) % (n - 1) + 1;
    (first, second)
}

/// `(s, v)` of the rotation by at most 45° that makes `[[a, b], [b̄, d]]` diagonal; no rotation if `|b| ≤ tiny`.
pub(super) fn rotation(a: Val, b: Value, d: Val, tiny: Val) -> (Value, Val) {
    let (zero, one) = (lit(a.ty(), 0), lit(a.ty(), 1));
    let size = match b {
        Value::Real(b) => b.abs(),
        Value::Complex(re, im) => (re * re + im * im).sqrt(),
    };
    let skip = size.le(tiny);
    let size = select(skip, one, size);
    // With φ the angle, θ = cot 2φ, and tan φ is the smaller root of t² + 2θt = 1.
    let theta = (d - a) / (size * 2.0);
    let far = theta.abs();
    // Then 1 adds nothing to the square, which may overflow.
    let large = far.gt(1e6);
    let near = select(large, one, far);
    let root = select(large, far, (near * near + 1.0).sqrt());
    let t = one / (far + root);
    let t = select(theta.lt(0.0), -t, t);
    let c = one / (t * t + 1.0).sqrt();
    let sine = select(skip, zero, t * c);
    let s = b.map(|part| part / size * sine);
    (s, sine * sine / (c + 1.0))
}

/// Two rows after a rotation: `(c x - s y, s̄ x + c y)`. Columns take s̄ in place of s.
pub(super) fn rotated(x: Value, y: Value, (s, v): (Value, Val)) -> (Value, Value) {
    let short = |x: Value| x.map(|part| v * part);
    (x - (s * y + short(x)), y + (s.conj() * x - short(y)))
}
