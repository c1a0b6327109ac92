//! Counts, means and scatter of rows in groups, and what follows from them: singular values and vectors.
//!
//! The singular values and right singular vectors of a tall matrix A follow from its Gram matrix AᵀA. It takes one pass
//! over the rows and half the arithmetic of a QR factorisation, but loses singular values below √ε of the largest.
//! [`spectrum`] decides whether a Gram matrix is precise enough. If not, the caller asks for a factor instead, which is
//! computed by a QR factorisation of row blocks (TSQR). Both are in double precision.
//!
//! Sums follow a tree of row ranges that depends on the shape only, so results do not depend on the number of threads.

mod diagonal;
mod gram;
mod source;
mod spectrum;
mod tall;

use std::{borrow::Cow, ops::Range};

use array_api_spec::{
    Error, Layout, Moments, Result, Spread, backend::MomentsPlan, memory, shape::size,
};

use self::source::{Source, Table};
pub use self::spectrum::{Spectrum, spectrum};
use crate::{linalg::Floating, threads};

/// Counts, means and scatter of the rows of `tables (n, p)`, whose columns stand side by side, as [`ExtraBackend::moments`](array_api_spec::backend::ExtraBackend::moments)
/// says: they, `groups (n,)` and `weights (n,)` come with their layouts.
///
/// ```
/// use array_api_host::moments::moments;
/// use array_api_spec::{Layout, Scatter, Spread, backend::MomentsPlan};
///
/// let plan = MomentsPlan { groups: 1, pooled: true, spread: Spread::Diagonal };
/// let found = moments(&[(&[1.0, 3.0], &Layout::contiguous(&[2, 1]))], None, None, plan)?;
/// assert_eq!((&found.means[..], found.scatter), (&[2.0][..], Scatter::Diagonal(vec![2.0])));
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// No memory.
pub fn moments<T: Floating<Wide = f64>>(
    tables: &[(&[T], &Layout)],
    groups: Option<(&[i64], &Layout)>,
    weights: Option<(&[T], &Layout)>,
    plan: MomentsPlan,
) -> Result<Moments> {
    let Some((_, layout)) = tables.first() else {
        return Err(Error::value("moments", "there is no table"));
    };
    let n = layout.shape()[0];
    let p = tables.iter().map(|(_, layout)| layout.shape()[1]).sum();
    let k = plan.groups;
    // Memory for the sums of all groups, and for factors or a Gram matrix of at most p rows, with copies during the
    // work.
    let factors = match plan.spread {
        // Each thread has sums of its own.
        Spread::Diagonal => size(&[k, p, 4 * threads::count(), size_of::<f64>()]),
        Spread::Gram => size(&[p, p, 4 * size_of::<f64>()]),
        Spread::Factor => size(&[n.min(p), p, 4 * size_of::<f64>()]),
    };
    memory::room(factors.saturating_add(size(&[k, p, 2 * size_of::<f64>()])))?;

    let groups = groups.map(|(codes, layout)| in_order(codes, layout));
    let mut counts = vec![0_usize; k];
    let inside = |g: i64| usize::try_from(g).ok().filter(|&g| g < k);
    match &groups {
        None => counts[0] = n,
        Some(codes) => codes
            .iter()
            .filter_map(|&g| inside(g))
            .for_each(|g| counts[g] += 1),
    }
    let rows: usize = counts.iter().sum();
    if rows < n {
        return Ok(Moments {
            rows,
            ..Moments::none(p, plan)
        });
    }
    let weights: Option<Vec<f64>> = weights.map(|(weights, layout)| {
        let weights = in_order(weights, layout);
        weights.iter().map(|w| w.widen()).collect()
    });
    // Sums the weights themselves, not the squares of their rounded roots, so that the sum of integers is exact.
    let sums = weights.as_deref().map(|weights| {
        let mut sums = vec![0.0; k];
        for (row, weight) in weights.iter().enumerate() {
            // A negative weight has no root: its group's sum becomes NaN.
            let weight = if *weight < 0.0 { f64::NAN } else { *weight };
            sums[groups.as_deref().map_or(0, |codes| codes[row] as usize)] += weight;
        }
        sums
    });
    let roots: Option<Vec<f64>> = weights.map(|weights| weights.iter().map(|w| w.sqrt()).collect());
    let with_sums = |moments: Moments| match sums {
        Some(weights) => Moments { weights, ..moments },
        None => moments,
    };
    let table = Table {
        parts: tables,
        roots: roots.as_deref(),
    };
    if plan.pooled || plan.spread == Spread::Diagonal {
        let source = Source::new(table, None, groups.as_deref(), counts);
        return Ok(with_sums(of(source, plan)));
    }
    let order = by_group(groups.as_deref(), &counts);
    let mut end = 0;
    let each = counts.iter().map(|&count| {
        let members = &order[end..end + count];
        end += count;
        of(Source::new(table, Some(members), None, vec![count]), plan)
    });
    Moments::side_by_side(each.collect()).map(with_sums)
}

/// The moments of a source's rows about the means of its groups.
fn of<T: Floating<Wide = f64>>(source: Source<'_, T>, plan: MomentsPlan) -> Moments {
    match plan.spread {
        Spread::Diagonal => diagonal::moments(&source, !plan.pooled),
        Spread::Gram => gram::moments(&source),
        Spread::Factor => tall::moments(source),
    }
}

/// The elements of a vector as a contiguous slice; copied only if they are not.
pub(crate) fn in_order<'a, T: Copy>(values: &'a [T], layout: &Layout) -> Cow<'a, [T]> {
    if layout.is_contiguous() {
        Cow::Borrowed(&values[layout.offset()..][..layout.size()])
    } else {
        layout.positions().map(|i| values[i]).collect()
    }
}

/// The rows of group 0, then those of group 1, and so on, each in their order.
fn by_group(groups: Option<&[i64]>, counts: &[usize]) -> Vec<usize> {
    let Some(groups) = groups else {
        return (0..counts[0]).collect();
    };
    let mut start = 0;
    let mut next: Vec<usize> = Vec::with_capacity(counts.len());
    for count in counts {
        next.push(start);
        start += count;
    }
    let mut order = vec![0; groups.len()];
    for (row, &g) in groups.iter().enumerate() {
        let place = &mut next[g as usize];
        order[*place] = row;
        *place += 1;
    }
    order
}

/// Applies `leaf` to ranges of at most `step` rows, and combines the results along a balanced tree, in parallel.
pub(crate) fn tree<R: Send>(
    rows: Range<usize>,
    step: usize,
    leaf: &(impl Fn(Range<usize>) -> R + Sync),
    combine: &(impl Fn(R, R) -> R + Sync),
) -> R {
    if rows.len() <= step {
        return leaf(rows);
    }
    threads::install(|| branch(rows, step, leaf, combine))
}

fn branch<R: Send>(
    rows: Range<usize>,
    step: usize,
    leaf: &(impl Fn(Range<usize>) -> R + Sync),
    combine: &(impl Fn(R, R) -> R + Sync),
) -> R {
    let leaves = rows.len().div_ceil(step);
    if leaves <= 1 {
        return leaf(rows);
    }
    let middle = rows.start + leaves / 2 * step;
    let (left, right) = rayon::join(
        || branch(rows.start..middle, step, leaf, combine),
        || branch(middle..rows.end, step, leaf, combine),
    );
    combine(left, right)
}

#[cfg(test)]
mod tests;
