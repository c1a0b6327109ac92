//! The largest singular values by products with random matrices.

use array_api_spec::{Array, Backend, QrMode, Result, SvdMode, ix};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// How the range of a matrix is sought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// How many singular values are wanted.
    pub(super) wanted: usize,
    /// How many directions are tried beyond those.
    pub(super) oversamples: usize,
    /// How often the directions are improved.
    pub(super) iterations: usize,
    /// The seed of the first directions.
    pub(super) seed: u64,
}

/// The largest singular values `(k,)` of `a (n, p)` and their right singular vectors `(k, p)`, on a's device.
///
/// Directions Q are drawn, improved by `Q ← orth(a orth(aᵀ Q))`, and the small matrix `Qᵀ a` is decomposed.
///
/// Source: N. Halko, P. Martinsson, J. Tropp, "Finding structure with randomness" (2011), algorithms 4.4 and 5.1.
///
/// # Errors
/// No convergence; no room.
pub(super) fn svd<B: Backend>(a: &Array<B>, search: Search) -> Result<(Array<B>, Array<B>)> {
    let xp = a.namespace();
    let (n, p) = (a.shape()[0], a.shape()[1]);
    let directions = (search.wanted + search.oversamples).min(n).min(p);
    let orth = |x: Array<B>| Ok::<_, array_api_spec::Error>(xp.linalg().qr(&x, QrMode::Reduced)?.Q);
    let mut generator = ChaCha8Rng::seed_from_u64(search.seed);
    let drawn: Vec<f64> = StandardNormal
        .sample_iter(&mut generator)
        .take(p * directions)
        .collect();
    let mut q = xp.asarray_as((drawn, [p, directions]), a.dtype())?;
    for _ in 0..search.iterations {
        let along = orth(xp.matmul(a, &q)?)?;
        q = orth(xp.matmul(a.T()?, &along)?)?;
    }
    let q = orth(xp.matmul(a, &q)?)?;
    let small = xp.linalg().svd(xp.matmul(q.T()?, a)?, SvdMode::Reduced)?;
    let k = search.wanted as isize;
    Ok((small.S.get(ix![..k])?, small.Vh.get(ix![..k])?))
}
