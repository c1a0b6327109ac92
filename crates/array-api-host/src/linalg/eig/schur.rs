//! Schur form of a Hessenberg matrix of any size: the multishift QR algorithm with aggressive early deflation, after
//! Braman, Byers and Mathias (SIAM J. Matrix Anal. Appl. 23, 2002, 929-947 and 948-973; LAPACK's `hseqr`, `laqr0`,
//! `laqr2` and `laqr5`).
//!
//! Each step works in a window on the diagonal. One matrix product then applies the window's reflections to the rest of
//! the matrix.

use std::ops::Range;

use array_api_spec::Complex;
use faer::Par;

use super::{
    NoConvergence, Wide,
    francis::{SMALLEST, chase, first_column, francis, unreduced},
    square::{Square, householder, reflect_columns, reflect_rows},
    values::{diagonal_blocks, eigenvalue},
};

type C = Complex<f64>;

/// Up to this order, Francis' algorithm alone is faster.
const SMALL: usize = 75;

/// After this many sweeps without a deflation, Francis' algorithm, which has exceptional shifts, takes over the whole
/// block.
const PATIENCE: usize = 10;

/// A sweep follows only if early deflation has deflated less than this part of its window.
const NIBBLE: f64 = 0.14;

/// Reduces the rows and columns `active` of t to Schur form, `t ← qᴴ t q`, and multiplies z by q from the right. t is a
/// Hessenberg matrix there and triangular elsewhere. Without z, only the blocks on t's diagonal are right, and so the
/// eigenvalues: each step then changes only the rows and columns that these depend on.
pub(super) fn schur<T: Wide>(
    t: &mut Square<T>,
    mut z: Option<&mut Square<T>>,
    active: Range<usize>,
    par: Par,
) -> Result<(), NoConvergence> {
    let (mut high, mut sweeps) = (active.end, 0);
    while high > active.start {
        let low = unreduced(t, active.start, high);
        let size = high - low;
        let within = if z.is_some() { 0..t.n } else { low..high };
        if size <= SMALL || sweeps >= PATIENCE {
            let mut block = t.block(low..high);
            if let Some(z) = z.as_deref_mut() {
                let mut u = Square::identity(size);
                francis(&mut block, Some(&mut u))?;
                apply(t, Some(z), within, low..high, &u, par);
            } else {
                francis(&mut block, None)?;
            }
            t.set_block(low, &block);
            (high, sweeps) = (low, 0);
            continue;
        }
        let count = shift_count(size);
        let window = if size > 500 { count * 3 / 2 } else { count };
        let (deflated, shifts) = deflate(
            t,
            z.as_deref_mut(),
            within.clone(),
            high - window..high,
            par,
        )?;
        high -= deflated;
        sweeps = if deflated > 0 { 0 } else { sweeps + 1 };
        if (deflated as f64) < NIBBLE * window as f64 && high - low > SMALL {
            let pairs = pairs::<T>(&shifts, count / 2);
            sweep(t, z.as_deref_mut(), within, low..high, &pairs, par);
        }
    }
    Ok(())
}

/// The number of shifts for a block of this order, as in LAPACK.
fn shift_count(size: usize) -> usize {
    match size {
        ..150 => 10,
        150..590 => (size as f64 / (size as f64).log2()) as usize / 2 * 2,
        590..3000 => 64,
        3000..6000 => 128,
        _ => 256,
    }
}

/// Applies a block's transformation u to the rows and columns beside the block, as far as they are in `within`.
fn apply<T: Wide>(
    t: &mut Square<T>,
    z: Option<&mut Square<T>>,
    within: Range<usize>,
    block: Range<usize>,
    u: &Square<T>,
    par: Par,
) {
    t.adjoint_times_rows(block.clone(), block.end..within.end, u, par);
    t.columns_times(within.start..block.start, block.clone(), u, par);
    if let Some(z) = z {
        z.columns_times(0..z.n, block, u, par);
    }
}

/// Aggressive early deflation: finds the last eigenvalues of a window that have converged although no subdiagonal
/// element is small. Returns their number, and the window's other eigenvalues.
fn deflate<T: Wide>(
    t: &mut Square<T>,
    z: Option<&mut Square<T>>,
    within: Range<usize>,
    window: Range<usize>,
    par: Par,
) -> Result<(usize, Vec<C>), NoConvergence> {
    let (start, size) = (window.start, window.len());
    let (mut w, mut u) = (t.block(window.clone()), Square::identity(size));
    francis(&mut w, Some(&mut u))?;
    // The column before the window becomes this number times the conjugate of u's first row (the "spike").
    let spike = t[(start, start - 1)];
    let mut kept = 0;
    for block in diagonal_blocks(&w, 0..size) {
        let tip = block.clone().map(|j| (spike * u[(0, j)]).abs1());
        let beside = w[(block.start, block.start)].abs1()
            + eigenvalue(&w, &block).im.abs() * f64::from(T::IS_REAL);
        let beside = if beside == 0.0 { spike.abs1() } else { beside };
        if tip.fold(0.0, f64::max) > (f64::EPSILON * beside).max(SMALLEST * size as f64) {
            kept = block.end;
        }
    }
    let mut shifts = Vec::with_capacity(size);
    for block in diagonal_blocks(&w, 0..kept) {
        let value = eigenvalue(&w, &block);
        shifts.extend([value, value.conj()].into_iter().take(block.len()));
    }
    if kept == size {
        return Ok((0, shifts));
    }
    t[(start, start - 1)] = reduce(&mut w, &mut u, spike, kept);
    t.set_block(start, &w);
    apply(t, z, within, window, &u, par);
    Ok((size - kept, shifts))
}

/// Brings the first `kept` rows and columns of a window, which is in Schur form, back to Hessenberg form, together with
/// the column before them, which is `spike` times the conjugate of u's first row. Returns the one element of that
/// column that is left.
fn reduce<T: Wide>(w: &mut Square<T>, u: &mut Square<T>, spike: T, kept: usize) -> T {
    if kept == 0 {
        return T::ZERO;
    }
    let mut top = T::ZERO;
    for k in 0..kept.saturating_sub(1).max(1) {
        let mut v: Vec<T> = if k == 0 {
            (0..kept).map(|j| spike * u[(0, j)].conj()).collect()
        } else {
            w.column(k - 1)[k..kept].to_vec()
        };
        let (tau, multiple) = householder(&mut v);
        if k == 0 {
            top = multiple;
        } else {
            w.column_mut(k - 1)[k..kept].fill(T::ZERO);
            w[(k, k - 1)] = multiple;
        }
        let n = w.n;
        // Until it is reduced, each of the window's first columns is full below the diagonal.
        reflect_rows(w, k, k..n, &v, tau);
        reflect_columns(w, 0..kept, k, &v, tau);
        reflect_columns(u, 0..n, k, &v, tau);
    }
    top
}

/// The last shifts in pairs. Complex shifts of a real matrix are paired with their conjugates, others in their order.
fn pairs<T: Wide>(shifts: &[C], count: usize) -> Vec<[C; 2]> {
    let mut out = Vec::with_capacity(count);
    let mut rest = shifts;
    let mut single = None;
    while let ([.., last], true) = (rest, out.len() < count) {
        let last = *last;
        let conjugate = T::IS_REAL && last.im != 0.0;
        rest = &rest[..rest.len() - if conjugate { 2 } else { 1 }];
        if conjugate {
            out.push([last, last.conj()]);
        } else if let Some(other) = single.take() {
            out.push([other, last]);
        } else {
            single = Some(last);
        }
    }
    if out.is_empty() {
        out.extend(single.map(|shift| [shift; 2]));
    }
    out
}

/// One sweep: a chain of bulges, each with two shifts and three rows below the one before, moves from the top of a
/// block to its end.
fn sweep<T: Wide>(
    t: &mut Square<T>,
    mut z: Option<&mut Square<T>>,
    within: Range<usize>,
    block: Range<usize>,
    shifts: &[[C; 2]],
    par: Par,
) {
    let (low, high) = (block.start, block.end);
    let chain = 3 * (shifts.len() - 1);
    let steps = high - 1 - low + chain;
    let stride = chain.max(24);
    for from in (0..steps).step_by(stride) {
        let to = steps.min(from + stride);
        // The window: all rows that these steps change, and the column before them.
        let start = low + from.saturating_sub(chain + 1);
        let end = high.min(low + to + 3);
        let (mut w, mut u) = (t.block(start..end), Square::identity(end - start));
        for step in from..to {
            for (bulge, &pair) in shifts.iter().enumerate() {
                let Some(ahead) = step.checked_sub(3 * bulge) else {
                    break;
                };
                let k = low + ahead;
                if k + 1 < high {
                    let size = 3.min(high - k);
                    let first = (ahead == 0).then(|| first_column(&w, k - start, size, pair));
                    let all = 0..w.n;
                    chase(&mut w, Some(&mut u), all, k - start, size, first);
                }
            }
        }
        t.set_block(start, &w);
        apply(t, z.as_deref_mut(), within.clone(), start..end, &u, par);
    }
}
