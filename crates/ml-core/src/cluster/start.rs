//! Where clusters start.

use array_api_spec::{Array, Backend, DType, Error, Expr, Result, Side, axis};
use rand::{Rng, RngExt, seq::index};

use super::{KMeans, lloyd::Lloyd};
use crate::Parameters;

/// Samples that are drawn one after the other: a sample with the probability of its `w d²`, with d its distance from the nearest that is drawn already. Of some that are drawn at
/// a time, the one stays that leaves the smallest `Σ w d²`. `(k, p)`, less the mean. The device is waited for once, at the end.
///
/// Source: D. Arthur, S. Vassilvitskii, "k-means++: the advantages of careful seeding" (2007).
pub(super) fn plus_plus<B: Backend>(
    lloyd: &Lloyd<'_, B>,
    k: usize,
    random: &mut impl Rng,
) -> Result<Vec<f64>> {
    let (xp, x) = (lloyd.namespace(), &lloyd.data.x);
    let trials = 2 + (k as f64).ln() as usize;
    // |x - m|².
    let norms = xp.sum(xp.square(x - &lloyd.origin), 1)?;
    let weights = match &lloyd.data.sample_weight {
        Some(weights) => weights.clone(),
        None => xp.ones([x.shape()[0]], x.dtype())?,
    };
    // (t, n), so that what belongs to a candidate lies together: |z - c|² = |z|² - 2 z·c + |c|², with z·c = x·c - m·c.
    let distances = |rows: &Array<B>| -> Result<Array<B>> {
        let c = (rows - &lloyd.origin).eval()?;
        let products = xp.matmul(x, c.T()?)?.T()?;
        let constant = (xp.sum(xp.square(&c), 1)? + 2.0 * xp.matmul(&c, &lloyd.origin)?).eval()?;
        let constant = xp.expand_dims(&constant, 1)?;
        xp.maximum(&norms - products * 2.0 + constant, 0.0).eval()
    };
    let mut chosen = vec![draw(lloyd, (&weights).into(), 1, random)?];
    let mut closest = distances(&chosen[0])?;
    while chosen.len() < k {
        let share = xp.squeeze(&closest, 0)? * &weights;
        let rows = draw(lloyd, share, trials, random)?;
        let candidates = xp.minimum(&closest, distances(&rows)?).eval()?;
        let potentials = xp.sum(&candidates * &weights, 1)?;
        let best = xp.argmin(&potentials, axis(0).keepdims())?;
        chosen.push(xp.take_clipped(&rows, &best, Some(0))?);
        closest = xp.take_clipped(&candidates, &best, Some(0))?;
    }
    let rows = xp.concat(&chosen.iter().collect::<Vec<_>>(), Some(0))?;
    (rows - &lloyd.origin).eval()?.to_vec()
}

/// So many samples, each drawn with the probability of its share: `(count, p)`.
fn draw<B: Backend>(
    lloyd: &Lloyd<'_, B>,
    share: Expr<B>,
    count: usize,
    random: &mut impl Rng,
) -> Result<Array<B>> {
    let xp = lloyd.namespace();
    let work = if xp.backend().dtypes().contains(&DType::Float64) {
        DType::Float64
    } else {
        lloyd.data.x.dtype()
    };
    let sums = xp.cumulative_sum(xp.astype(share, work), axis(0))?;
    let drawn: Vec<f64> = (0..count).map(|_| random.random()).collect();
    let drawn = xp.asarray_as((drawn, [count]), work)? * xp.max(&sums, ..)?;
    let places = xp.searchsorted(&sums, drawn, Side::Left, None)?;
    xp.take_clipped(&lloyd.data.x, &places, Some(0))
}

/// k different samples, drawn with the probabilities of their weights: `(k, p)`, less the mean.
///
/// # Errors
/// Fewer samples of positive weight than clusters.
pub(super) fn random<B: Backend>(
    lloyd: &Lloyd<'_, B>,
    k: usize,
    random: &mut impl Rng,
) -> Result<Vec<f64>> {
    let (xp, n) = (lloyd.namespace(), lloyd.data.n_samples());
    let places = match &lloyd.data.sample_weight {
        None => index::sample(random, n, k),
        Some(weights) => {
            let weights: Vec<f64> = weights.to_vec()?;
            let positive = weights.iter().filter(|w| **w > 0.0).count();
            let refused = || {
                let detail = format!(
                    "{positive} samples have a positive weight, fewer than the {k} clusters that start at such samples"
                );
                Error::value(KMeans::NAME, detail)
            };
            if positive < k {
                return Err(refused());
            }
            index::sample_weighted(random, n, |i| weights[i], k).map_err(|_| refused())?
        }
    };
    let places: Vec<i32> = places.iter().map(|place| place as i32).collect();
    let rows = xp.take_clipped(&lloyd.data.x, &xp.asarray(places)?, Some(0))?;
    (rows - &lloyd.origin).eval()?.to_vec()
}
