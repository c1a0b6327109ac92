//! Eigenvalues and eigenvectors of square matrices: LAPACK's `geev`.
//!
//! The steps are LAPACK's: balancing (`gebal`), Hessenberg form (`gehrd`, by `faer`), Schur form (`hseqr`),
//! eigenvectors of a triangular matrix (`trevc`), and back transformation (`gebak`). `faer`'s own steps after the
//! Hessenberg form are not used. Its release 0.24.4 does not balance, does not guard the back substitution against
//! overflow, bounds the determinants of 2 × 2 blocks by a bound for single elements, and does not report an iteration
//! that has not converged.

mod balance;
mod francis;
mod hessenberg;
mod schur;
mod square;
mod standard;
#[cfg(test)]
mod tests;
mod values;
mod vectors;

use array_api_spec::{Complex, Error, Layout, Result};
use faer::{
    Accum, Par,
    linalg::matmul::triangular::{BlockStructure, matmul},
};

use self::{
    balance::Balance,
    hessenberg::hessenberg,
    schur::schur,
    square::Square,
    values::{diagonal_blocks, eigenvalues},
    vectors::triangular_vectors,
};
use super::{
    Floating, Matrix, Wide, each_matrix, each_matrix_into, exponent, join, ldexp, room_for,
    with_work,
};

/// Eigenvalues and eigenvectors.
type Eig<T> = (Vec<<T as Floating>::Complex>, Vec<<T as Floating>::Complex>);

/// The same in the precision of the work.
type Pair = (Vec<Complex<f64>>, Vec<Complex<f64>>);

/// The results that are to be computed.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Values,
    ValuesAndVectors,
}

/// The iteration has not converged.
#[derive(Debug)]
struct NoConvergence;

/// Eigenvalues `(…, n)` and eigenvectors `(…, n, n)`. See [`LinalgBackend::eig`](array_api_spec::backend::LinalgBackend::eig). The complex eigenvalues of a
/// real matrix come in conjugate pairs, the one with positive imaginary part first, and so do their vectors; real eigenvalues' vectors are real.
///
/// # Errors
/// No convergence.
pub fn eig<T: Floating>(x: &[T], layout: &Layout) -> Result<Eig<T>> {
    let parts = each_matrix(x, layout, |x| decompose(x, Wanted::ValuesAndVectors))?;
    let (values, vectors) = parts.into_iter().unzip();
    Ok((join(values), join(vectors)))
}

/// Eigenvalues only: `(…, n, n) → (…, n)`, in the same order. See [`LinalgBackend::eigvals`](array_api_spec::backend::LinalgBackend::eigvals).
///
/// # Errors
/// No convergence.
pub fn eigvals<T: Floating>(x: &[T], layout: &Layout) -> Result<Vec<T::Complex>> {
    let n = layout.shape()[layout.ndim() - 1];
    Ok(join(each_matrix_into(x, layout, n, |x| {
        Ok(decompose(x, Wanted::Values)?.0)
    })?))
}

/// The vectors are empty if they are not wanted.
fn decompose<T: Floating>(x: Matrix<'_, T>, wanted: Wanted) -> Result<Eig<T>> {
    let n = x.rows;
    // Memory for copies of x, for the vectors in both forms, and for the iteration.
    let (copies, of_vectors) = match wanted {
        Wanted::Values => (4, 0),
        Wanted::ValuesAndVectors => (8, n * n),
    };
    room_for::<T>(&vec![[n, n]; copies])?;
    if !x.largest().is_finite() {
        let nan = T::narrow_complex(Complex::new(f64::NAN, f64::NAN));
        return Ok((vec![nan; n], vec![nan; of_vectors]));
    }
    let a = x.map(|_, _, v| v);
    let balance = Balance::new(n, |i, j| a[(i, j)].magnitude());
    let Balance {
        order,
        exponents,
        active,
        scale,
    } = &balance;
    let balanced = Square::from_fn(n, |i, j| {
        a[(order[i], order[j])].ldexp(exponents[j] - exponents[i] + scale)
    });
    let par = x.parallelism();
    let Some((mut values, vectors)) = of_balanced(balanced, &balance, wanted, par)? else {
        let detail = format!("the eigenvalues of {} did not converge", x.name());
        return Err(Error::linear_algebra("eig", detail));
    };
    for (k, value) in values.iter_mut().enumerate() {
        *value = if active.contains(&k) {
            value.ldexp(-scale)
        } else {
            // An eigenvalue that balancing has isolated is an element of x, so it is exact, however small.
            a[(order[k], order[k])].to_complex()
        };
    }
    let values = values.into_iter().map(T::narrow_complex);
    let vectors = vectors.into_iter().map(T::narrow_complex);
    Ok((values.collect(), vectors.collect()))
}

/// Eigenvalues of a balanced matrix and, if they are wanted, eigenvectors of the original matrix, in row-major order.
fn of_balanced<T: Wide>(
    mut t: Square<T>,
    balance: &Balance,
    wanted: Wanted,
    par: Par,
) -> Result<Option<Pair>> {
    let active = balance.active.clone();
    let mut z = hessenberg(&mut t, active.clone(), wanted, par)?;
    if schur(&mut t, z.as_mut(), active, par).is_err() {
        return Ok(None);
    }
    let values = eigenvalues(&t);
    let vectors = z.map_or_else(Vec::new, |z| vectors(&t, &z, balance, par));
    Ok(Some((values, vectors)))
}

/// Eigenvectors of the original matrix, in row-major order. `z t zᴴ`, with t in Schur form, is the balanced matrix.
fn vectors<T: Wide>(
    t: &Square<T>,
    z: &Square<T>,
    balance: &Balance,
    par: Par,
) -> Vec<Complex<f64>> {
    let n = t.n;
    let x = triangular_vectors(t, par);
    let mut y = Square::zeros(n);
    matmul(
        y.view_mut(),
        BlockStructure::Rectangular,
        Accum::Replace,
        z.view(),
        BlockStructure::Rectangular,
        x.view(),
        BlockStructure::TriangularUpper,
        T::ONE,
        par,
    );
    let mut vectors = vec![Complex::ZERO; n * n];
    for block in diagonal_blocks(t, 0..n) {
        let k = block.start;
        let vector: Vec<Complex<f64>> = if block.len() == 1 {
            y.column(k).iter().map(|z| z.to_complex()).collect()
        } else {
            let parts = y.column(k).iter().zip(y.column(k + 1));
            parts
                .map(|(re, im)| Complex::new(re.to_complex().re, im.to_complex().re))
                .collect()
        };
        let vector = balance.back(vector);
        for (row, &z) in vectors.chunks_exact_mut(n).zip(&vector) {
            for (out, z) in row[block.clone()].iter_mut().zip([z, z.conj()]) {
                *out = z;
            }
        }
    }
    vectors
}
