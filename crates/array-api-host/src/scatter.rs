//! Scatter of rows about the means of their groups: the heart of discriminant analysis.
//!
//! The singular values and right singular vectors of a tall matrix A follow from its Gram matrix AᵀA, which takes one
//! pass over the rows and half the arithmetic of a QR factorisation, but loses singular values below √ε of the largest. So the
//! Gram matrix is tried first, and where its error could decide what the caller asks, or more than the last digits of
//! what it keeps, a QR factorisation of row blocks (TSQR) does the work again. Both are in double precision.
//!
//! Sums run over a tree of row ranges that depends on the shape alone, so the results do not depend on the number of threads.

mod gram;
mod source;
mod tall;

use std::ops::Range;

use array_api_spec::{Error, Layout, Result, shape::size};

use self::source::Source;
use array_api_spec::memory;

use crate::{linalg::Floating, threads};

/// What [`group_scatter`] returns, in double precision; see
/// [`GroupScatterParts`](array_api_spec::backend::GroupScatterParts).
#[derive(Clone, Debug)]
pub struct Scatter {
    /// `(k, p)`: the mean of each group.
    pub means: Vec<f64>,
    /// `(p,)`: the population standard deviation of each column about the group means, 1 where that is 0.
    pub std: Vec<f64>,
    /// `(r,)`: singular values, descending.
    pub singular_values: Vec<f64>,
    /// `(r, p)`: right singular vectors in rows.
    pub right_vectors: Vec<f64>,
    /// r: how many singular values there are.
    pub rank: usize,
}

/// Rows by group: `x` (n, p), `groups` (n,) with the number of each row's group, `counts` (k,) with the groups' sizes.
///
/// `tolerance` is the singular value below which the caller drops a direction.
///
/// # Errors
/// Groups that do not fit the counts; no room.
pub fn group_scatter<T: Floating<Wide = f64>>(
    x: &[T],
    layout: &Layout,
    groups: &[i64],
    group_layout: &Layout,
    counts: &[usize],
    tolerance: f64,
) -> Result<Scatter> {
    let &[n, p] = layout.shape() else {
        unreachable!("x has two axes")
    };
    // The sums of all groups, and factors or a Gram matrix of at most p rows: here, on the way and in the result.
    let factors = size(&[n.min(p), p, 4 * size_of::<f64>()]);
    memory::room(factors.saturating_add(size(&[counts.len(), p, 2 * size_of::<f64>()])))?;
    let source = Source::new(x, layout, groups, group_layout, counts)?;
    // A Gram matrix of fewer rows than columns would be larger than x and know no more.
    if source.n >= source.p
        && let Some(scatter) = gram::scatter(&source, tolerance)?
    {
        return Ok(scatter);
    }
    tall::scatter(source)
}

impl Scatter {
    /// Standard deviations as they are divided by: 1 for a column that is constant within groups.
    fn divisor(std: f64) -> f64 {
        if std == 0.0 { 1.0 } else { std }
    }

    /// For input with NaN or ∞.
    fn nan(means: Vec<f64>, p: usize, rank: usize) -> Self {
        Self {
            means,
            std: vec![f64::NAN; p],
            singular_values: vec![f64::NAN; rank],
            right_vectors: vec![f64::NAN; rank * p],
            rank,
        }
    }
}

/// Combines what `leaf` makes of at most `step` rows, along a balanced tree, in parallel.
fn tree<R: Send>(
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

/// Numbers of groups that do not belong together.
fn mismatch(detail: String) -> Error {
    Error::value("group_scatter", detail)
}

#[cfg(test)]
mod tests;
