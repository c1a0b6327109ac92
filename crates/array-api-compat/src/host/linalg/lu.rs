//! LU factorisation, packed as LAPACK's `getrf` packs it.

use array_api_spec::{Layout, Result};
use faer::linalg::lu::partial_pivoting::factor::{lu_in_place, lu_in_place_scratch};

use super::{Floating, Matrix, Wide, each_matrix, exponent, join, row_major, with_stack};

/// L and U in one matrix `(…, n, n)`, and for each row `(…, n)` the one that it was exchanged with. See
/// [`LinalgBackend::lu`](array_api_spec::backend::LinalgBackend::lu).
///
/// # Errors
/// None; the signature is that of its neighbours.
pub(crate) fn lu<T: Floating>(x: &[T], layout: &Layout) -> Result<(Vec<T>, Vec<usize>)> {
    let (factors, rows) = each_matrix(x, layout, |x| Ok(factor(x)))?
        .into_iter()
        .unzip();
    Ok((join(factors), join(rows)))
}

fn factor<T: Floating>(x: Matrix<'_, T>) -> (Vec<T>, Vec<usize>) {
    let n = x.rows;
    let largest = x.largest();
    if !largest.is_finite() {
        return (vec![T::narrow(T::Wide::NAN); n * n], (0..n).collect());
    }
    let scale = exponent(largest).unwrap_or(0);
    let mut lu = x.map(|_, _, v| v.ldexp(-scale));
    let (mut forward, mut backward) = (vec![0_usize; n], vec![0_usize; n]);
    let par = x.parallelism();
    with_stack(
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
    );
    // L has no scale: its diagonal is 1.
    let factors = row_major(
        lu.as_ref(),
        |i, j, v: T::Wide| {
            if i > j { v } else { v.ldexp(scale) }
        },
    );
    (factors, exchanges(&forward))
}

/// The exchanges of rows, in order, that make a permutation: row i of the result is row `permutation[i]` of the original.
fn exchanges(permutation: &[usize]) -> Vec<usize> {
    let n = permutation.len();
    // Which original row stands where now, and where each one stands.
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
