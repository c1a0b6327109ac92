//! Eigenvalues and eigenvectors of square matrices.

use array_api_spec::{Complex, Error, Layout, Result};
use faer::Mat;

use super::{Floating, Matrix, Wide, each_matrix, exponent, join, ldexp, room_for};

/// Eigenvalues and eigenvectors.
type Eig<T> = (Vec<<T as Floating>::Complex>, Vec<<T as Floating>::Complex>);

/// Eigenvalues `(…, n)` and eigenvectors `(…, n, n)`. See [`LinalgBackend::eig`](array_api_spec::backend::LinalgBackend::eig).
///
/// # Errors
/// No convergence.
pub(crate) fn eig<T: Floating>(x: &[T], layout: &Layout) -> Result<Eig<T>> {
    let (values, vectors) = each_matrix(x, layout, decompose)?.into_iter().unzip();
    Ok((join(values), join(vectors)))
}

fn decompose<T: Floating>(x: Matrix<'_, T>) -> Result<Eig<T>> {
    let n = x.rows;
    if n == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    // Copies of x, the vectors in both forms, and what the iteration works on.
    room_for::<T>(&[[n, n]; 8])?;
    let largest = x.largest();
    if !largest.is_finite() {
        let nan = T::narrow_complex(Complex::new(f64::NAN, f64::NAN));
        return Ok((vec![nan; n], vec![nan; n * n]));
    }
    let scale = exponent(largest).unwrap_or(0);
    let a = x.map(|_, _, v| v.ldexp(-scale));
    let (values, vectors) = T::Wide::eig(a.as_ref(), x.parallelism()).map_err(|_| {
        let name = x.name();
        Error::linear_algebra("eig", format!("the eigenvalues of {name} did not converge"))
    })?;
    let values = values
        .iter()
        .map(|z| T::narrow_complex(Complex::new(ldexp(z.re, scale), ldexp(z.im, scale))))
        .collect();
    Ok((values, unit_columns::<T>(&vectors)))
}

/// A matrix in row-major order, its columns brought to length 1.
fn unit_columns<T: Floating>(x: &Mat<Complex<f64>>) -> Vec<T::Complex> {
    let lengths: Vec<f64> = x.col_iter().map(|c| c.norm_l2()).collect();
    let element = |i: usize, j: usize| T::narrow_complex(x[(i, j)] / lengths[j]);
    let n = x.ncols();
    (0..x.nrows() * n).map(|k| element(k / n, k % n)).collect()
}
