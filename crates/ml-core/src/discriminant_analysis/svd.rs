//! The solver `svd`: no covariance matrix, only singular values of the samples about their class means.
//!
//! The rows stay on the device, which gives their moments; what follows is of the size of features and classes, and is computed on the host.

use array_api_host::{
    linalg,
    moments::{self, Spectrum},
};
use array_api_spec::{DType, Error, Layout, Moments, Result, SvdMode};

use super::{Asked, Solution, explained_variance_ratio};
use crate::{host, validation::too_large};

/// The singular values and right singular vectors of `(x - means) / std / √n`; `None` if the moments hold a Gram matrix that is too coarse for them.
///
/// # Errors
/// Moments that hold the diagonal alone; no convergence.
pub(super) fn spectrum(moments: &Moments, dtype: DType, tol: f64) -> Result<Option<Spectrum>> {
    if moments.pooled {
        return moments::spectrum(moments, dtype, tol);
    }
    moments::spectrum(&moments.clone().pool(), dtype, tol)
}

pub(super) fn solve(
    means: &[f64],
    n: usize,
    within: &Spectrum,
    asked: &Asked,
    tol: f64,
    dtype: DType,
) -> Result<Solution> {
    let (k, p) = (asked.priors.len(), within.std.len());
    if !within.std.iter().all(|s| s.is_finite()) {
        return Err(too_large("the standard deviation", dtype));
    }
    if within.rank == 0 {
        let detail = format!(
            "no feature varies within any class beyond tol = {tol}, so classes cannot be told apart by their spread; check x, or lower tol"
        );
        return Err(Error::value("fit", detail));
    }
    let solved = Directions::new(means, &asked.priors, n, within, tol)?;
    Ok(Solution {
        means: host::matrix(means, &[k, p])?,
        coef: host::matrix(&solved.coef, &[k, p])?,
        intercept: host::matrix(&solved.intercept, &[k])?,
        xbar: Some(host::matrix(&solved.xbar, &[p])?),
        scalings: Some(host::matrix(&solved.scalings, &[p, solved.rank])?),
        explained_variance_ratio: Some(explained_variance_ratio(
            &solved.variances,
            asked.components,
        )?),
        covariance: None,
    })
}

/// What follows from the classes' means and the spread within them.
struct Directions {
    /// `(p,)`: the mean of the class means, weighted by the priors.
    xbar: Vec<f64>,
    /// `(p, rank)`: directions that separate the classes, in which the samples have variance 1 within classes.
    scalings: Vec<f64>,
    rank: usize,
    /// The variance between classes along each direction.
    variances: Vec<f64>,
    /// `(K, p)`.
    coef: Vec<f64>,
    /// `(K,)`.
    intercept: Vec<f64>,
}

impl Directions {
    fn new(means: &[f64], priors: &[f64], n: usize, within: &Spectrum, tol: f64) -> Result<Self> {
        let (k, p) = (priors.len(), within.std.len());
        // W = (V / std)ᵀ / S: in these directions, samples about their class means have variance 1. Here as rows, Wᵀ (r, p).
        let singular = &within.singular_values[..within.rank];
        let mut directions = within.right_vectors[..within.rank * p].to_vec();
        for (row, s) in directions.chunks_exact_mut(p).zip(singular) {
            let std = row.iter_mut().zip(&within.std);
            std.for_each(|(v, std)| *v = *v / std / s);
        }

        // m = π · means, and the class means about it.
        let xbar = product(priors, means, p);
        let offsets: Vec<f64> = means
            .iter()
            .enumerate()
            .map(|(at, mean)| mean - xbar[at % p])
            .collect();
        // B = √(n π / (K - 1)) (means - m) W, whose right singular vectors are the directions between classes.
        let degrees = k.saturating_sub(1).max(1) as f64;
        let mut between = product_transposed(&offsets, &directions, p);
        for (row, prior) in between.chunks_exact_mut(within.rank).zip(priors) {
            let weight = (n as f64 * prior / degrees).sqrt();
            row.iter_mut().for_each(|b| *b *= weight);
        }
        let layout = Layout::contiguous(&[k, within.rank]);
        let (_, spread, vectors) = linalg::svd(&between, &layout, SvdMode::Reduced)?;
        let rank = spread.iter().take_while(|&&s| s > tol * spread[0]).count();
        // Scalings = W Vᵀ, again as rows.
        let rows = product(&vectors[..rank * within.rank], &directions, p);

        // With the means projected onto them, a = (means - m) · scalings: coef = a · scalingsᵀ, intercept = log π - ½ |a|² - coef · m.
        let projected = product_transposed(&offsets, &rows, p);
        let coef = if rank == 0 {
            vec![0.0; k * p]
        } else {
            product(&projected, &rows, p)
        };
        let intercept = (0..k).map(|c| {
            let squares: f64 = projected[c * rank..][..rank].iter().map(|a| a * a).sum();
            let at_centre = coef[c * p..][..p].iter().zip(&xbar).map(|(w, m)| w * m);
            priors[c].ln() - 0.5 * squares - at_centre.sum::<f64>()
        });
        Ok(Self {
            intercept: intercept.collect(),
            scalings: (0..p * rank)
                .map(|at| rows[at % rank * p + at / rank])
                .collect(),
            rank,
            variances: spread.iter().map(|s| s * s).collect(),
            coef,
            xbar,
        })
    }
}

/// `a · b`: `(m, k), (k, n) → (m, n)`.
fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let k = b.len() / n;
    let mut out = vec![0.0; a.len().checked_div(k).unwrap_or(0) * n];
    for (row, out) in a.chunks_exact(k.max(1)).zip(out.chunks_exact_mut(n)) {
        for (x, line) in row.iter().zip(b.chunks_exact(n)) {
            out.iter_mut().zip(line).for_each(|(sum, y)| *sum += x * y);
        }
    }
    out
}

/// `a · bᵀ`: `(m, k), (n, k) → (m, n)`.
fn product_transposed(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    let rows = a.chunks_exact(k);
    rows.flat_map(|x| b.chunks_exact(k).map(move |y| (x, y)))
        .map(|(x, y)| x.iter().zip(y).map(|(x, y)| x * y).sum())
        .collect()
}
