//! Francis' QR algorithm for small Hessenberg matrices: LAPACK's `lahqr`, for real and for complex numbers.

use std::ops::Range;

use array_api_spec::Complex;

use super::{
    NoConvergence, Wide,
    square::{Square, householder, reflect_few_columns, reflect_rows},
    standard::standardize,
};

type C = Complex<f64>;

/// The iteration gives up after this many steps per row, on average, as in LAPACK.
const STEPS: usize = 30;

/// An element below this counts as zero, whatever its neighbours are. The matrix's largest element is near 1.
pub(super) const SMALLEST: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// Reduces a Hessenberg matrix to Schur form, `h ← qᴴ h q`, and multiplies u by q from the right. A real matrix keeps 2
/// × 2 blocks for its complex eigenvalues, in the standard form of LAPACK's `lanv2`.
///
/// Without u, only the blocks on the diagonal are right, and so the eigenvalues: each step then changes only the rows
/// and columns that these depend on.
pub(super) fn francis<T: Wide>(
    h: &mut Square<T>,
    mut u: Option<&mut Square<T>>,
) -> Result<(), NoConvergence> {
    let (mut high, mut steps, mut total) = (h.n, 0, 0);
    while high > 0 {
        let low = unreduced(h, 0, high);
        match high - low {
            1 => (high, steps) = (high - 1, 0),
            2 if T::IS_REAL => {
                standardize(h, u.as_deref_mut(), low);
                (high, steps) = (high - 2, 0);
            }
            _ => {
                (steps, total) = (steps + 1, total + 1);
                if total > STEPS * h.n.max(10) {
                    return Err(NoConvergence);
                }
                step(h, u.as_deref_mut(), low, high, shifts(h, low, high, steps));
            }
        }
    }
    Ok(())
}

/// The first row of the last unreduced block (one without zeros on its subdiagonal) that ends before `high`. The
/// subdiagonal element before that row becomes an exact zero.
///
/// A subdiagonal element is negligible if it is small compared with its neighbours on the diagonal and if, after Ahues
/// and Tisseur (LAPACK Working Note 122), dropping it changes the 2 × 2 block's eigenvalues little.
pub(super) fn unreduced<T: Wide>(h: &mut Square<T>, floor: usize, high: usize) -> usize {
    for k in (floor + 1..high).rev() {
        let below = h[(k, k - 1)].abs1();
        if below > SMALLEST * h.n as f64 {
            let (above, here) = (h[(k - 1, k - 1)], h[(k, k)]);
            let mut beside = above.abs1() + here.abs1();
            if beside == 0.0 {
                let before = if k >= floor + 2 {
                    h[(k - 1, k - 2)].abs1()
                } else {
                    0.0
                };
                let after = if k + 1 < high {
                    h[(k + 1, k)].abs1()
                } else {
                    0.0
                };
                beside = before + after;
            }
            if below > f64::EPSILON * beside {
                continue;
            }
            let other = h[(k - 1, k)].abs1();
            let (ab, ba) = (below.max(other), below.min(other));
            let difference = (above - here).abs1();
            let (aa, bb) = (here.abs1().max(difference), here.abs1().min(difference));
            let sum = aa + ab;
            if ba * (ab / sum) > (f64::EPSILON * (bb * (aa / sum))).max(SMALLEST) {
                continue;
            }
        }
        h[(k, k - 1)] = T::ZERO;
        return k;
    }
    floor
}

/// The two shifts of a step: the eigenvalues of the last 2 × 2 block, or sometimes exceptional shifts, which end the
/// rare cycles.
fn shifts<T: Wide>(h: &Square<T>, low: usize, high: usize, steps: usize) -> [C; 2] {
    let last = high - 1;
    let at = |i: usize, j: usize| h[(i, j)].to_complex();
    if steps.is_multiple_of(10) && high - low > 2 {
        let (corner, size) = if steps.is_multiple_of(20) {
            (
                last,
                h[(last, last - 1)].abs1() + h[(last - 1, last - 2)].abs1(),
            )
        } else {
            (low, h[(low + 1, low)].abs1() + h[(low + 2, low + 1)].abs1())
        };
        // The constants are LAPACK's.
        let diagonal = at(corner, corner) + 0.75 * size;
        return choose::<T>(
            eigenvalues([diagonal, (-0.4375 * size).into(), size.into(), diagonal]),
            diagonal,
        );
    }
    let block = [
        at(last - 1, last - 1),
        at(last - 1, last),
        at(last, last - 1),
        at(last, last),
    ];
    choose::<T>(eigenvalues(block), at(last, last))
}

/// A complex pair of a real matrix as it is; else twice the eigenvalue that is nearer to the last diagonal element.
fn choose<T: Wide>(pair: [C; 2], last: C) -> [C; 2] {
    if T::IS_REAL && pair[0].im != 0.0 {
        return pair;
    }
    let [one, other] = pair.map(|z| (z - last).abs1());
    [if one <= other { pair[0] } else { pair[1] }; 2]
}

/// The eigenvalues of `[[a, b], [c, d]]`.
fn eigenvalues([a, b, c, d]: [C; 4]) -> [C; 2] {
    let size = [a, b, c, d].iter().map(|z| z.abs1()).sum::<f64>();
    if size == 0.0 {
        return [C::ZERO; 2];
    }
    let [a, b, c, d] = [a, b, c, d].map(|z| z / size);
    let (mean, half) = ((a + d) * 0.5, (a - d) * 0.5);
    let root = (half * half + b * c).sqrt();
    [(mean + root) * size, (mean - root) * size]
}

/// One implicit double-shift step on the rows and columns `low..high`.
fn step<T: Wide>(
    h: &mut Square<T>,
    mut u: Option<&mut Square<T>>,
    low: usize,
    high: usize,
    shifts: [C; 2],
) {
    let within = if u.is_some() { 0..h.n } else { low..high };
    let mut start = low;
    let mut x = [T::ZERO; 3];
    let size = |k: usize| (high - k).min(3);
    // The step may start between two small subdiagonal elements that follow each other.
    for k in (low..=high.saturating_sub(3).max(low)).rev() {
        (start, x) = (k, first_column(h, k, size(k), shifts));
        if k == low {
            break;
        }
        let diagonal: f64 = (k - 1..=k + 1).map(|i| h[(i, i)].abs1()).sum();
        let spoiled = h[(k, k - 1)].abs1() * (x[1].abs1() + x[2].abs1());
        if spoiled <= f64::EPSILON * x[0].abs1() * diagonal {
            break;
        }
    }
    for k in start..high - 1 {
        let first = (k == start).then_some(x);
        chase(h, u.as_deref_mut(), within.clone(), k, size(k), first);
    }
}

/// A multiple of the first column of `(h - s₁)(h - s₂)` from row k on, or of `h - s₁` where two rows are left (LAPACK's `laqr1`).
pub(super) fn first_column<T: Wide>(
    h: &Square<T>,
    k: usize,
    size: usize,
    [s1, s2]: [C; 2],
) -> [T; 3] {
    let at = |i: usize, j: usize| h[(k + i, k + j)].to_complex();
    let (corner, below) = (at(0, 0), at(1, 0));
    let x = if size == 2 {
        [corner - s1, below, C::ZERO]
    } else {
        let scale = (corner - s2).abs1() + below.abs1();
        if scale == 0.0 {
            return [T::ZERO; 3];
        }
        let below = below / scale;
        [
            (corner - s1) * ((corner - s2) / scale) + at(0, 1) * below,
            below * (corner + at(1, 1) - s1 - s2),
            below * at(2, 1),
        ]
    };
    x.map(T::from_complex)
}

/// Moves a bulge down by one row: reflects rows and columns `k..k + size`, as far as they are in `within`. The
/// reflection makes column k - 1 zero below row k; for a new bulge it is that of its first column.
pub(super) fn chase<T: Wide>(
    h: &mut Square<T>,
    u: Option<&mut Square<T>>,
    within: Range<usize>,
    k: usize,
    size: usize,
    first: Option<[T; 3]>,
) {
    let mut v = [T::ZERO; 3];
    let v = &mut v[..size];
    let tau = if let Some(x) = first {
        v.copy_from_slice(&x[..size]);
        let (tau, _) = householder(v);
        if k > 0 {
            // This element is not 0 if the step starts between two small elements; it is the upper one.
            h[(k, k - 1)] = h[(k, k - 1)].times(1.0 - tau);
        }
        tau
    } else {
        v.copy_from_slice(&h.column(k - 1)[k..][..size]);
        let (tau, multiple) = householder(v);
        let column = &mut h.column_mut(k - 1)[k..][..size];
        column.fill(T::ZERO);
        column[0] = multiple;
        tau
    };
    reflect_rows(h, k, k..within.end, v, tau);
    reflect_few_columns(h, within.start..within.end.min(k + 4), k, v, tau);
    if let Some(u) = u {
        reflect_few_columns(u, 0..u.n, k, v, tau);
    }
}
