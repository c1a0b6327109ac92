//! Eigenvalues and eigenvectors of Hermitian matrices.

use array_api_spec::{Error, Layout, Result};
use faer::{
    Mat, MatMut,
    diag::DiagMut,
    linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch},
};

use super::{
    Floating, Matrix, Wide, each_matrix, each_matrix_into, exponent, join, ldexp, room_for,
    row_major, with_work,
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

/// Eigenvalues only: `(…, n, n) → (…, n)`. See [`LinalgBackend::eigvalsh`](array_api_spec::backend::LinalgBackend::eigvalsh).
///
/// # Errors
/// No convergence; no room.
pub fn eigvalsh<T: Floating>(x: &[T], layout: &Layout) -> Result<Vec<T::Real>> {
    let n = layout.shape()[layout.ndim() - 1];
    Ok(join(each_matrix_into(x, layout, n, |x| {
        room_for::<T>(&[[n, n]])?;
        match largest(&x) {
            Some(largest) => eigenvalues(x, largest, ComputeEigenvectors::No, None),
            None => Ok(vec![T::narrow_real(f64::NAN); n]),
        }
    })?))
}

fn decompose<T: Floating>(x: Matrix<'_, T>) -> Result<(Vec<T::Real>, Vec<T>)> {
    let n = x.rows;
    // Memory for a copy of x, for the vectors, and for the result.
    room_for::<T>(&[[n, n]; 3])?;
    let Some(largest) = largest(&x) else {
        return Ok((
            vec![T::narrow_real(f64::NAN); n],
            vec![T::narrow(T::Wide::NAN); n * n],
        ));
    };
    let mut vectors = Mat::<T::Wide>::zeros(n, n);
    let values = eigenvalues(x, largest, ComputeEigenvectors::Yes, Some(vectors.as_mut()))?;
    Ok((values, row_major(vectors.as_ref(), |_, _, v| v)))
}

/// The largest magnitude of a component of the lower triangle; `None` if one is NaN or ∞.
fn largest<T: Floating>(x: &Matrix<'_, T>) -> Option<f64> {
    let lower = || {
        (0..x.rows)
            .flat_map(|i| (0..=i).map(move |j| (i, j)))
            .map(|(i, j)| x.at(i, j))
    };
    lower()
        .all(T::Wide::is_finite)
        .then(|| lower().map(T::Wide::magnitude).fold(0.0, f64::max))
}

/// The eigenvalues of a finite matrix. Writes its eigenvectors to `vectors`, if given.
fn eigenvalues<T: Floating>(
    x: Matrix<'_, T>,
    largest: f64,
    compute: ComputeEigenvectors,
    vectors: Option<MatMut<'_, T::Wide>>,
) -> Result<Vec<T::Real>> {
    let n = x.rows;
    if n == 0 {
        return Ok(Vec::new());
    }
    let scale = exponent(largest).unwrap_or(0);
    let a = x.map(|i, j, v| if i == j { v.real_part() } else { v }.ldexp(-scale));
    let mut values = vec![T::Wide::ZERO; n];
    let par = x.parallelism();
    let need = self_adjoint_evd_scratch::<T::Wide>(n, compute, par, Default::default());
    with_work(need, |stack| {
        let values = DiagMut::from_slice_mut(&mut values);
        self_adjoint_evd(a.as_ref(), values, vectors, par, stack, Default::default())
    })?
    .map_err(|_| {
        Error::linear_algebra(
            "eigh",
            format!("the eigenvalues of {} did not converge", x.name()),
        )
    })?;
    let real = |v: &T::Wide| T::narrow_real(ldexp(faer::traits::math_utils::real(v), scale));
    Ok(values.iter().map(real).collect())
}
