//! Eigenvalues and eigenvectors of Hermitian matrices.

use array_api_spec::{Error, Layout, Result};
use faer::{
    Mat,
    diag::DiagMut,
    linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch},
};

use super::{
    Floating, Matrix, Wide, each_matrix, exponent, join, ldexp, room_for, row_major, with_work,
};

/// Eigenvalues `(…, n)` and eigenvectors `(…, n, n)` of Hermitian matrices. See
/// [`LinalgBackend::eigh`](array_api_spec::backend::LinalgBackend::eigh).
///
/// # Errors
/// No convergence; no room.
pub fn eigh<T: Floating>(x: &[T], layout: &Layout) -> Result<(Vec<T::Real>, Vec<T>)> {
    let (values, vectors) = each_matrix(x, layout, decompose)?.into_iter().unzip();
    Ok((join(values), join(vectors)))
}

fn decompose<T: Floating>(x: Matrix<'_, T>) -> Result<(Vec<T::Real>, Vec<T>)> {
    let n = x.rows;
    if n == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    // A copy of x, and the vectors here and in the result.
    room_for::<T>(&[[n, n]; 3])?;
    let lower = || {
        (0..n)
            .flat_map(|i| (0..=i).map(move |j| (i, j)))
            .map(|(i, j)| x.at(i, j))
    };
    if !lower().all(T::Wide::is_finite) {
        return Ok((
            vec![T::narrow_real(f64::NAN); n],
            vec![T::narrow(T::Wide::NAN); n * n],
        ));
    }
    let largest = lower().map(T::Wide::magnitude).fold(0.0, f64::max);
    let scale = exponent(largest).unwrap_or(0);
    let a = x.map(|i, j, v| if i == j { v.real_part() } else { v }.ldexp(-scale));
    let mut vectors = Mat::<T::Wide>::zeros(n, n);
    let mut values = vec![T::Wide::ZERO; n];
    let par = x.parallelism();
    let need =
        self_adjoint_evd_scratch::<T::Wide>(n, ComputeEigenvectors::Yes, par, Default::default());
    with_work(need, |stack| {
        self_adjoint_evd(
            a.as_ref(),
            DiagMut::from_slice_mut(&mut values),
            Some(vectors.as_mut()),
            par,
            stack,
            Default::default(),
        )
    })?
    .map_err(|_| {
        Error::linear_algebra(
            "eigh",
            format!("the eigenvalues of {} did not converge", x.name()),
        )
    })?;
    let values = values
        .iter()
        .map(|v| T::narrow_real(ldexp(faer::traits::math_utils::real(v), scale)))
        .collect();
    Ok((values, row_major(vectors.as_ref(), |_, _, v| v)))
}
