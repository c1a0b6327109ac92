//! Systems of linear equations.

use array_api_spec::{Error, Layout, Result, shape::size};
use faer::{
    Mat,
    linalg::lu::partial_pivoting::{
        factor::{lu_in_place, lu_in_place_scratch},
        solve::{solve_in_place, solve_in_place_scratch},
    },
};

use super::{
    Floating, Matrix, Wide, each_matrix_into, exponent, join, offsets, room_for, row_major,
    with_work,
};

/// X of `a X = b`: `(…, n, n), (…, n, k) → (…, n, k)`. See
/// [`LinalgBackend::solve`](array_api_spec::backend::LinalgBackend::solve).
///
/// # Errors
/// A matrix that is singular; no memory.
pub fn solve<T: Floating>(
    a: &[T],
    a_layout: &Layout,
    b: &[T],
    b_layout: &Layout,
) -> Result<Vec<T>> {
    let batch = b_layout.ndim() - 2;
    let (shape, strides) = (b_layout.shape(), b_layout.strides());
    let offsets = offsets(b_layout)?;
    let solve_one = |a: Matrix<'_, T>| {
        let b = Matrix {
            values: b,
            offset: offsets[a.number.unwrap_or(0)],
            rows: shape[batch],
            columns: shape[batch + 1],
            row_stride: strides[batch],
            column_stride: strides[batch + 1],
            number: a.number,
        };
        solve_matrix(a, b)
    };
    let elements = size(&shape[batch..]);
    Ok(join(each_matrix_into(a, a_layout, elements, solve_one)?))
}

fn solve_matrix<T: Floating>(a: Matrix<'_, T>, b: Matrix<'_, T>) -> Result<Vec<T>> {
    let (n, k) = (a.rows, b.columns);
    room_for::<T>(&[[n, n], [n, k], [n, k]])?;
    let finite =
        |m: &Matrix<'_, T>| (0..m.rows).all(|i| (0..m.columns).all(|j| m.at(i, j).is_finite()));
    if !finite(&a) || !finite(&b) {
        return Ok(vec![T::narrow(T::Wide::NAN); n * k]);
    }
    let singular = || Error::linear_algebra("solve", format!("{} is singular", a.name()));
    // With R = diag(2^-row) and C = diag(2^-column), (R a C) (C⁻¹ x) = R b, and every row and column of R a C has an
    // element near 1. The exponents are added before they are applied, so nothing overflows or underflows in between.
    let mut row = Vec::with_capacity(n);
    for i in 0..n {
        let largest = (0..n).map(|j| a.at(i, j).magnitude()).fold(0.0, f64::max);
        row.push(exponent(largest).ok_or_else(singular)?);
    }
    let exponents = |m: &Matrix<'_, T>| {
        let mut largest = vec![None; m.columns];
        for (i, row) in row.iter().enumerate() {
            for (j, largest) in largest.iter_mut().enumerate() {
                let scaled = exponent(m.at(i, j).magnitude()).map(|e| e - row);
                *largest = scaled.max(*largest);
            }
        }
        largest
    };
    let column = exponents(&a).into_iter().map(|e| e.ok_or_else(singular));
    let column = column.collect::<Result<Vec<i32>>>()?;
    let right = exponents(&b).into_iter().map(|e| e.unwrap_or(0));
    let right: Vec<i32> = right.collect();

    let mut lu = a.map(|i, j, v| v.ldexp(-row[i] - column[j]));
    let mut x: Mat<T::Wide> = b.map(|i, j, v| v.ldexp(-row[i] - right[j]));
    let (mut forward, mut backward) = (vec![0_usize; n], vec![0_usize; n]);
    let par = a.parallelism();
    let need = lu_in_place_scratch::<usize, T::Wide>(n, n, par, Default::default())
        .or(solve_in_place_scratch::<usize, T::Wide>(n, k, par));
    with_work(need, |stack| {
        let (_, permutation) = lu_in_place(
            lu.as_mut(),
            &mut forward,
            &mut backward,
            par,
            stack,
            Default::default(),
        );
        if (0..n).any(|i| lu[(i, i)].magnitude() == 0.0 || !lu[(i, i)].is_finite()) {
            return Err(singular());
        }
        solve_in_place(
            lu.as_ref(),
            lu.as_ref(),
            permutation,
            x.as_mut(),
            par,
            stack,
        );
        Ok(())
    })??;
    Ok(row_major(x.as_ref(), |i, j, v: T::Wide| {
        v.ldexp(right[j] - column[i])
    }))
}
