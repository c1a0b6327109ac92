//! Singular values and vectors.

use array_api_spec::{Error, Layout, Result, SvdMode, shape::size};
use faer::{
    Mat, MatMut,
    diag::DiagMut,
    linalg::svd::{ComputeSvdVectors, svd as faer_svd, svd_scratch},
};

use super::{
    Floating, Matrix, Wide, each_matrix_into, exponent, join, ldexp, room_for, row_major, with_work,
};

/// U, S and Vᴴ of a matrix or a batch.
pub type Svd<T> = (Vec<T>, Vec<<T as Floating>::Real>, Vec<T>);

/// `(…, m, n) → U (…, m, k), S (…, k), Vᴴ (…, k, n)`, or [full](SvdMode::Full). See
/// [`LinalgBackend::svd`](array_api_spec::backend::LinalgBackend::svd).
///
/// # Errors
/// No convergence; no room.
pub fn svd<T: Floating>(x: &[T], layout: &Layout, mode: SvdMode) -> Result<Svd<T>> {
    let &[.., m, n] = layout.shape() else {
        unreachable!("a matrix has two axes")
    };
    let (left, right) = mode.sizes(m, n);
    let elements = size(&[m, left]).saturating_add(size(&[right, n]));
    let parts = each_matrix_into(x, layout, elements, |x| decompose(x, mode))?;
    let (mut u, mut s, mut vh) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        u.push(part.0);
        s.push(part.1);
        vh.push(part.2);
    }
    Ok((join(u), join(s), join(vh)))
}

/// Singular values only: `(…, m, n) → (…, k)`. See [`LinalgBackend::svdvals`](array_api_spec::backend::LinalgBackend::svdvals).
///
/// # Errors
/// No convergence; no room.
pub fn svdvals<T: Floating>(x: &[T], layout: &Layout) -> Result<Vec<T::Real>> {
    let &[.., m, n] = layout.shape() else {
        unreachable!("a matrix has two axes")
    };
    Ok(join(each_matrix_into(x, layout, m.min(n), |x| {
        room_for::<T>(&[[m, n]])?;
        let largest = x.largest();
        if !largest.is_finite() {
            return Ok(vec![T::narrow_real(f64::NAN); m.min(n)]);
        }
        singular_values(x, largest, ComputeSvdVectors::No, None, None)
    })?))
}

fn decompose<T: Floating>(x: Matrix<'_, T>, mode: SvdMode) -> Result<Svd<T>> {
    let (m, n) = (x.rows, x.columns);
    let (left, right) = mode.sizes(m, n);
    // Memory for a copy of x, for the vectors, and for the results.
    room_for::<T>(&[[m, n], [m, left], [n, right], [m, left], [n, right]])?;
    let largest = x.largest();
    if !largest.is_finite() {
        let nan = T::narrow(T::Wide::NAN);
        return Ok((
            vec![nan; m * left],
            vec![T::narrow_real(f64::NAN); m.min(n)],
            vec![nan; right * n],
        ));
    }
    let (mut u, mut v) = (
        Mat::<T::Wide>::zeros(m, left),
        Mat::<T::Wide>::zeros(n, right),
    );
    let vectors = match mode {
        SvdMode::Reduced => ComputeSvdVectors::Thin,
        SvdMode::Full => ComputeSvdVectors::Full,
    };
    let s = singular_values(x, largest, vectors, Some(u.as_mut()), Some(v.as_mut()))?;
    let vh = row_major(v.transpose(), |_, _, v| faer::traits::math_utils::conj(&v));
    Ok((row_major(u.as_ref(), |_, _, v| v), s, vh))
}

/// The singular values of a finite matrix. Writes its singular vectors to `u` and `v`, if given.
fn singular_values<T: Floating>(
    x: Matrix<'_, T>,
    largest: f64,
    vectors: ComputeSvdVectors,
    u: Option<MatMut<'_, T::Wide>>,
    v: Option<MatMut<'_, T::Wide>>,
) -> Result<Vec<T::Real>> {
    let (m, n) = (x.rows, x.columns);
    let scale = exponent(largest).unwrap_or(0);
    let a = x.map(|_, _, v| v.ldexp(-scale));
    let mut s = vec![T::Wide::ZERO; m.min(n)];
    let par = x.parallelism();
    with_work(
        svd_scratch::<T::Wide>(m, n, vectors, vectors, par, Default::default()),
        |stack| {
            let s = DiagMut::from_slice_mut(&mut s);
            faer_svd(a.as_ref(), s, u, v, par, stack, Default::default())
        },
    )?
    .map_err(|_| {
        Error::linear_algebra(
            "svd",
            format!("the singular values of {} did not converge", x.name()),
        )
    })?;
    let real = |s: &T::Wide| T::narrow_real(ldexp(faer::traits::math_utils::real(s), scale));
    Ok(s.iter().map(real).collect())
}
