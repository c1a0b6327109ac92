//! Moments composed of the standard's functions, for backends that do not implement them.

use super::{Moments, Scatter, Spread};
use crate::{
    Array, Backend, DType, Expr, Namespace, QrMode, Result, backend::MomentsPlan, finfo, ix,
};

/// Computes moments in `float64` if the device has it, else in x's dtype. `codes (n,)` has the index dtype, `weights
/// (n,)` x's.
pub(super) fn moments<B: Backend>(
    x: &Array<B>,
    codes: Option<Array<B>>,
    weights: Option<Array<B>>,
    plan: MomentsPlan,
) -> Result<Moments> {
    let xp = x.namespace();
    let (n, p, k) = (x.shape()[0], x.shape()[1], plan.groups);
    let codes = codes.map_or_else(|| xp.zeros([n], xp.index_dtype()), Ok)?;
    // (k, n): whether a row belongs to a group.
    let labels = xp.astype(xp.reshape(xp.arange(0, k, 1), [k, 1])?, codes.dtype());
    let member = xp.equal(labels, &codes).eval()?;
    let counts: Vec<i64> = xp.count_nonzero(&member, 1)?.to_vec()?;
    let rows = counts.iter().sum::<i64>() as usize;
    if rows < n {
        return Ok(Moments {
            rows,
            ..Moments::none(p, plan)
        });
    }
    if !plan.pooled {
        return one_by_one(x, &codes, weights.as_ref(), plan.spread, &counts);
    }

    let work = if xp.check_dtype(DType::Float64).is_ok() {
        DType::Float64
    } else {
        x.dtype()
    };
    let x = xp.astype(x, work).eval()?;
    let mut share = xp.astype(&member, work).eval()?;
    let mut root = None;
    if let Some(weights) = weights {
        let weights = xp.astype(weights, work);
        let weights = xp
            .where_(xp.less(&weights, 0.0), f64::NAN, &weights)
            .eval()?;
        // A product would carry NaN into the other groups.
        share = xp.where_(&member, &weights, 0.0).eval()?;
        root = Some(xp.expand_dims(xp.sqrt(weights).eval()?, 1)?);
    }
    let totals = xp.sum(&share, 1)?;
    // A group of weight 0 has no mean; its rows, if there are any, need a finite centre.
    let empty = xp.reshape(xp.equal(&totals, 0.0).eval()?, [k, 1])?;
    let sizes = xp
        .where_(&empty, 1.0, xp.reshape(&totals, [k, 1])?)
        .eval()?;
    let of_rows = |by_group: &Array<B>| xp.take(by_group, &codes, Some(0));
    let first = (xp.matmul(&share, &x)? / &sizes).eval()?;
    let centred = (x - of_rows(&first)?).eval()?;
    // The mean of the differences is the rounding error of the mean.
    let shift = (xp.matmul(&share, &centred)? / &sizes).eval()?;
    let centred = centred - of_rows(&shift)?;
    let centred = match root {
        Some(root) => (centred * root).eval()?,
        None => centred.eval()?,
    };
    let means = xp.where_(&empty, f64::NAN, first + shift).eval()?;
    Ok(Moments {
        rows,
        features: p,
        weights: totals.to_vec()?,
        means: means.to_vec()?,
        pooled: true,
        scatter: scatter(&xp, &centred, plan.spread)?,
    })
}

/// The moments of each group by itself: its rows are gathered into a table without groups.
fn one_by_one<B: Backend>(
    x: &Array<B>,
    codes: &Array<B>,
    weights: Option<&Array<B>>,
    spread: Spread,
    counts: &[i64],
) -> Result<Moments> {
    let xp = x.namespace();
    let order = xp.argsort(codes, 0)?;
    let x = xp.take(x, &order, Some(0))?;
    let weights = weights.map(|w| xp.take(w, &order, Some(0))).transpose()?;
    let mut start = 0;
    let parts = counts.iter().map(|&count| {
        let end = start + count as isize;
        let rows = x.get(ix![start..end])?;
        let weights = weights
            .as_ref()
            .map(|w| w.get(ix![start..end]))
            .transpose()?;
        start = end;
        xp.moments(&rows, None, weights.as_ref(), spread)
    });
    Moments::side_by_side(parts.collect::<Result<_>>()?)
}

/// The scatter of centred rows, which are multiplied by the roots of their weights.
fn scatter<B: Backend>(xp: &Namespace<B>, centred: &Array<B>, spread: Spread) -> Result<Scatter> {
    Ok(match spread {
        Spread::Diagonal => {
            let squares: Expr<B> = centred * centred;
            Scatter::Diagonal(xp.sum(squares, 0)?.to_vec()?)
        }
        Spread::Gram => {
            let values: Vec<f64> = xp.matmul(centred.T()?, centred)?.to_vec()?;
            let error = gram_error(xp, centred, &values)?;
            Scatter::Gram { values, error }
        }
        Spread::Factor => {
            // Columns are scaled to the largest number 1, because squares of others may overflow or underflow.
            let largest = xp.max(xp.abs(centred), 0)?;
            let scales = xp.logical_and(xp.greater(&largest, 0.0), xp.isfinite(&largest));
            let unit = xp.where_(scales, &largest, 1.0).eval()?;
            let scaled = (centred / &unit).eval()?;
            let r = xp.linalg().qr(&scaled, QrMode::Reduced)?.R;
            Scatter::Factor(vec![(r * unit).eval()?.to_vec()?])
        }
    })
}

/// The relative error of sums over the rows; infinite if a column varies but its squares underflow.
fn gram_error<B: Backend>(xp: &Namespace<B>, centred: &Array<B>, values: &[f64]) -> Result<f64> {
    let info = finfo(centred.dtype())?;
    let (n, p) = (centred.shape()[0], centred.shape()[1]);
    let largest: Vec<f64> = xp.max(xp.abs(centred), 0)?.to_vec()?;
    let floor = info.smallest_normal / info.eps;
    let vanishes = |j: usize| largest[j] > 0.0 && values[j * p + j] < floor;
    Ok(if (0..p).any(vanishes) {
        f64::INFINITY
    } else {
        info.eps * (4.0 + (n as f64).sqrt())
    })
}
