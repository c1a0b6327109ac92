//! Hessenberg form by `faer`.

use std::ops::Range;

use array_api_spec::Result;
use faer::{
    Conj, Mat, Par,
    linalg::{
        evd::hessenberg::{hessenberg_in_place, hessenberg_in_place_scratch},
        householder::{
            apply_block_householder_sequence_on_the_right_in_place_scratch as apply_scratch,
            apply_block_householder_sequence_on_the_right_in_place_with_conj as apply,
        },
        qr::no_pivoting::factor::recommended_block_size,
    },
};

use super::{Wanted, Wide, square::Square, with_work};

/// Reduces the rows and columns `active` to Hessenberg form, `x ← qᴴ x q`, and returns q. If only eigenvalues are
/// wanted, q is not computed, and the other rows and columns are not changed.
pub(super) fn hessenberg<T: Wide>(
    x: &mut Square<T>,
    active: Range<usize>,
    wanted: Wanted,
    par: Par,
) -> Result<Option<Square<T>>> {
    let mut z = (wanted == Wanted::ValuesAndVectors).then(|| Square::identity(x.n));
    let m = active.len();
    if m < 3 {
        return Ok(z);
    }
    let mut h = x.block(active.clone());
    let mut q = z.is_some().then(|| Square::identity(m));
    let size = recommended_block_size::<T>(m - 1, m - 1);
    let mut factor = Mat::zeros(size, m - 1);
    let need = hessenberg_in_place_scratch::<T>(m, size, par, Default::default())
        .or(apply_scratch::<T>(m - 1, size, m - 1));
    with_work(need, |stack| {
        hessenberg_in_place(
            h.view_mut(),
            factor.as_mut(),
            par,
            stack,
            Default::default(),
        );
        if let Some(q) = &mut q {
            let basis = h.view().get(1.., ..m - 1);
            let part = q.view_mut().get_mut(1.., 1..);
            apply(basis, factor.as_ref(), Conj::No, part, par, stack);
        }
    })?;
    for j in 0..m {
        h.column_mut(j)[(j + 2).min(m)..].fill(T::ZERO);
    }
    x.set_block(active.start, &h);
    if let (Some(z), Some(q)) = (&mut z, &q) {
        x.adjoint_times_rows(active.clone(), active.end..x.n, q, par);
        x.columns_times(0..active.start, active.clone(), q, par);
        z.set_block(active.start, q);
    }
    Ok(z)
}
