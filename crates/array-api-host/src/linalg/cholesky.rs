//! Cholesky factors.

use std::cmp::Ordering;

use array_api_spec::{Error, Layout, Result};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};

use super::{Floating, Matrix, Wide, each_matrix, exponent, join, room_for, row_major, with_work};

/// L of `x = L Lᴴ`: `(…, n, n) → (…, n, n)`. See
/// [`LinalgBackend::cholesky`](array_api_spec::backend::LinalgBackend::cholesky).
///
/// # Errors
/// A matrix that is not positive definite; no memory.
pub fn cholesky<T: Floating>(x: &[T], layout: &Layout) -> Result<Vec<T>> {
    Ok(join(each_matrix(x, layout, factor)?))
}

fn factor<T: Floating>(x: Matrix<'_, T>) -> Result<Vec<T>> {
    let n = x.rows;
    room_for::<T>(&[[n, n]; 2])?;
    let lower = |i: usize, j: usize| i >= j;
    if !(0..n).all(|i| (0..=i).all(|j| x.at(i, j).is_finite())) {
        let nan = x.map(|i, j, _| {
            if lower(i, j) {
                T::Wide::NAN
            } else {
                T::Wide::ZERO
            }
        });
        return Ok(row_major(nan.as_ref(), |_, _, v| v));
    }
    let failed = |pivot: usize| {
        let name = x.name();
        Error::linear_algebra(
            "cholesky",
            format!(
                "{name} is not positive definite: its leading block of order {} is not",
                pivot + 1
            ),
        )
    };
    // S x S with S = diag(2^-e) has a diagonal within [1/4, 1]. Row i of the factor of x is 2^e[i] times row i of the
    // factor of S x S.
    let mut scale = Vec::with_capacity(n);
    for i in 0..n {
        let diagonal = faer::traits::math_utils::real(&x.at(i, i));
        if diagonal <= 0.0 {
            return Err(failed(i));
        }
        let e = exponent(diagonal).expect("positive");
        scale.push((e + 1).div_euclid(2));
    }
    let mut l = x.map(|i, j, v| {
        if i == j {
            v.real_part().ldexp(-2 * scale[i])
        } else if lower(i, j) {
            v.ldexp(-scale[i] - scale[j])
        } else {
            T::Wide::ZERO
        }
    });
    let par = x.parallelism();
    with_work(
        cholesky_in_place_scratch::<T::Wide>(n, par, Default::default()),
        |stack| {
            cholesky_in_place(
                l.as_mut(),
                Default::default(),
                par,
                stack,
                Default::default(),
            )
        },
    )?
    .map_err(
        |faer::linalg::cholesky::llt::factor::LltError::NonPositivePivot { index }| failed(index),
    )?;
    // An element larger than √(x_ii x_jj) may overflow in the scaled matrix, but then the matrix is not positive
    // definite.
    if let Some(pivot) = (0..n).find(|&i| !l[(i, i)].is_finite() || l[(i, i)].magnitude() == 0.0) {
        return Err(failed(pivot));
    }
    Ok(row_major(l.as_ref(), |i, j, v: T::Wide| match i.cmp(&j) {
        Ordering::Less => T::Wide::ZERO,
        Ordering::Equal => v.real_part().ldexp(scale[i]),
        Ordering::Greater => v.ldexp(scale[i]),
    }))
}
