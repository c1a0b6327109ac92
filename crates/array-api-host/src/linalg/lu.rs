//! LU factorisation, packed as LAPACK's `getrf` packs it.

use array_api_spec::{Layout, Result};
use faer::{
    Mat,
    linalg::lu::partial_pivoting::factor::{lu_in_place, lu_in_place_scratch},
};

use super::{Floating, Matrix, Wide, each_matrix, exponent, join, room_for, row_major, with_work};

/// L and U in one matrix `(…, n, n)`, and for each row the row that it was exchanged with, `(…, n)`. See
/// [`LinalgBackend::lu`](array_api_spec::backend::LinalgBackend::lu).
///
/// # Errors
/// No memory.
pub fn lu<T: Floating>(x: &[T], layout: &Layout) -> Result<(Vec<T>, Vec<usize>)> {
    let (factors, rows) = each_matrix(x, layout, factor)?.into_iter().unzip();
    Ok((join(factors), join(rows)))
}

fn factor<T: Floating>(x: Matrix<'_, T>) -> Result<(Vec<T>, Vec<usize>)> {
    let n = x.rows;
    room_for::<T>(&[[n, n]; 2])?;
    let largest = x.largest();
    if !largest.is_finite() {
        return Ok((vec![T::narrow(T::Wide::NAN); n * n], (0..n).collect()));
    }
    let scale = exponent(largest).unwrap_or(0);
    let mut lu = x.map(|_, _, v| v.ldexp(-scale));
    let (mut forward, mut backward) = (vec![0_usize; n], vec![0_usize; n]);
    let par = x.parallelism();
    with_work(
        lu_in_place_scratch::<usize, T::Wide>(n, n, par, Default::default()),
        |stack| {
            lu_in_place(
                lu.as_mut(),
                &mut forward,
                &mut backward,
                par,
                stack,
                Default::default(),
            );
        },
    )?;
    let exchanged = if (0..n).all(|j| (0..n).all(|i| lu[(i, j)].is_finite())) {
        exchanges(&forward)
    } else {
        // `faer` divides by a pivot of 0. The plain loop skips such a column.
        lu = x.map(|_, _, v| v.ldexp(-scale));
        by_columns(&mut lu)
    };
    // Only U is scaled back: the diagonal of L is 1.
    let factors = row_major(
        lu.as_ref(),
        |i, j, v: T::Wide| {
            if i > j { v } else { v.ldexp(scale) }
        },
    );
    Ok((factors, exchanged))
}

/// LU factorisation in place, which skips columns without a pivot. Returns the row that each row was exchanged with.
fn by_columns<W: Wide>(a: &mut Mat<W>) -> Vec<usize> {
    let n = a.nrows();
    let mut exchanged = Vec::with_capacity(n);
    for k in 0..n {
        let larger = |i: usize, j: usize| a[(j, k)].magnitude() > a[(i, k)].magnitude();
        let pivot = (k..n).fold(k, |best, i| if larger(best, i) { i } else { best });
        exchanged.push(pivot);
        for j in 0..n {
            let (upper, lower) = (a[(k, j)], a[(pivot, j)]);
            a[(k, j)] = lower;
            a[(pivot, j)] = upper;
        }
        if a[(k, k)].magnitude() == 0.0 {
            continue;
        }
        for i in k + 1..n {
            a[(i, k)] = a[(i, k)] / a[(k, k)];
            for j in k + 1..n {
                a[(i, j)] = a[(i, j)] - a[(i, k)] * a[(k, j)];
            }
        }
    }
    exchanged
}

/// The sequence of row exchanges that gives a permutation: row i of the result is row `permutation[i]` of the original.
fn exchanges(permutation: &[usize]) -> Vec<usize> {
    let n = permutation.len();
    // `at[i]` is the original row that is now at i; `place` is its inverse.
    let (mut at, mut place): (Vec<usize>, Vec<usize>) = ((0..n).collect(), (0..n).collect());
    (0..n)
        .map(|i| {
            let from = place[permutation[i]];
            at.swap(i, from);
            place[at[from]] = from;
            place[at[i]] = i;
            from
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::exchanges;

    #[test]
    fn exchanges_make_the_permutation() {
        for permutation in [
            vec![],
            vec![0],
            vec![2, 0, 3, 1],
            vec![3, 2, 1, 0],
            vec![1, 2, 3, 0],
        ] {
            let mut rows: Vec<usize> = (0..permutation.len()).collect();
            for (i, from) in exchanges(&permutation).into_iter().enumerate() {
                assert!(from >= i);
                rows.swap(i, from);
            }
            assert_eq!(rows, permutation);
        }
    }
}
