//! QR factorisation by Householder's reflections.

use array_api_spec::{Layout, QrMode, Result, shape::size};
use faer::{
    Conj, Mat,
    linalg::{
        householder::{
            apply_block_householder_sequence_on_the_left_in_place_scratch,
            apply_block_householder_sequence_on_the_left_in_place_with_conj,
        },
        qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size},
    },
};

use super::{
    Floating, Matrix, Wide, each_matrix_into, exponent, join, room_for, row_major, with_work,
};

/// `(…, m, n) → Q (…, m, k), R (…, k, n)`, or [complete](QrMode::Complete). See [`LinalgBackend::qr`](array_api_spec::backend::LinalgBackend::qr).
///
/// # Errors
/// No memory.
pub fn qr<T: Floating>(x: &[T], layout: &Layout, mode: QrMode) -> Result<(Vec<T>, Vec<T>)> {
    let &[.., m, n] = layout.shape() else {
        unreachable!("a matrix has two axes")
    };
    let k = mode.size(m, n);
    let elements = size(&[m, k]).saturating_add(size(&[k, n]));
    let parts = each_matrix_into(x, layout, elements, |x| factor(x, mode))?;
    let (q, r) = parts.into_iter().unzip();
    Ok((join(q), join(r)))
}

fn factor<T: Floating>(x: Matrix<'_, T>, mode: QrMode) -> Result<(Vec<T>, Vec<T>)> {
    let (m, n) = (x.rows, x.columns);
    let size = m.min(n);
    let k = mode.size(m, n);
    // Memory for a copy of x, for the factors, and for the results.
    room_for::<T>(&[[m, n], [m, k], [m, k], [k, n]])?;
    let largest = x.largest();
    if !largest.is_finite() {
        let nan = T::narrow(T::Wide::NAN);
        return Ok((vec![nan; m * k], vec![nan; k * n]));
    }
    let mut q = Mat::<T::Wide>::identity(m, k);
    let scale = exponent(largest).unwrap_or(0);
    let mut qr = x.map(|_, _, v| v.ldexp(-scale));
    if size > 0 {
        let block = recommended_block_size::<T::Wide>(m, n);
        let mut coefficients = Mat::zeros(block, size);
        let par = x.parallelism();
        let need = qr_in_place_scratch::<T::Wide>(m, n, block, par, Default::default()).or(
            apply_block_householder_sequence_on_the_left_in_place_scratch::<T::Wide>(m, block, k),
        );
        with_work(need, |stack| {
            qr_in_place(
                qr.as_mut(),
                coefficients.as_mut(),
                par,
                stack,
                Default::default(),
            );
            apply_block_householder_sequence_on_the_left_in_place_with_conj(
                qr.get(.., ..size),
                coefficients.as_ref(),
                Conj::No,
                q.as_mut(),
                par,
                stack,
            );
        })?;
    }
    let r = row_major(qr.get(..k, ..), |i, j, v: T::Wide| {
        if i > j { T::Wide::ZERO } else { v.ldexp(scale) }
    });
    Ok((row_major(q.as_ref(), |_, _, v| v), r))
}
