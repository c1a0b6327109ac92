//! Jacobi's rotations: their order, their angles, and what they do to a pair.

use crate::kernel::{
    element::Value,
    ir::{Val, lit, select},
};

use super::matrix::{over, square, u};

/// The i-th pair of a round of a tournament of n (even), in which everyone meets everyone in n - 1 rounds.
pub(super) fn tournament(n: Val, round: Val, i: Val) -> (Val, Val) {
    let a = select(i.eq(0), u(0), (i + round + (n - 2)) % (n - 1) + 1);
    let b = (n - 2 - i + round) % (n - 1) + 1;
    (a, b)
}

/// s and s / (1 + c) of the rotation by at most 45 degrees that makes `[[a, b], [b̄, d]]` diagonal. s has b's phase. If
/// |b| is not larger than `tiny`, both are 0.
///
/// In this form (Rutishauser's, see [`rotated`]) the error of a small rotation is small, too. With c and s every rotation
/// errs by the same half unit, always in the same direction.
pub(super) fn rotation(a: Val, b: Value, d: Val, tiny: Val) -> [Value; 2] {
    let ty = a.ty();
    let (zero, one) = (lit(ty, 0), lit(ty, 1));
    let modulus = match b {
        Value::Real(b) => b.abs(),
        Value::Complex(..) => square(b).sqrt(),
    };
    let skip = !modulus.gt(tiny);
    let safe = select(skip, one, modulus);
    // tan² + 2 θ tan = 1, of whose roots the smaller one is taken.
    let theta = (d - a) / (safe * 2.0);
    let size = theta.abs();
    // Beyond this the 1 below adds nothing, and the square may overflow.
    let large = size.gt(1e6);
    let inner = select(large, one, theta);
    let root = select(large, size, (inner * inner + 1.0).sqrt());
    let tan = one / (size + root);
    let tan = select(theta.lt(0.0), -tan, tan);
    let c = one / (tan * tan + 1.0).sqrt();
    let s = select(skip, zero, tan * c);
    let phase = over(b, safe);
    let times = |x: Val| phase.map(|part| part * x);
    [times(s), times(s / (c + 1.0))]
}

/// Columns x and y after a rotation: `c x - s̄ y` and `s x + c y`. For rows, the angle's conjugate is taken.
pub(super) fn rotated(x: Value, y: Value, [s, tau]: [Value; 2]) -> [Value; 2] {
    [x - s.conj() * (y + tau * x), y + s * (x - tau.conj() * y)]
}
