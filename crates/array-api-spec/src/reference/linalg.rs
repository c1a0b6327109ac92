//! Products and factorisations of small matrices, by textbook loops in complex `float64` for every dtype. Real matrices
//! stay exactly real on the way.

mod eig;

use self::eig::eig;
use super::{
    Memory, Reference,
    math::{Arithmetic, BinaryFunction, complex::divide},
};
use crate::{
    BinaryOp, Complex, DType, Element, Error, QrMode, Result, Scalar, Strided, SvdMode,
    backend::LinalgBackend, dispatch, shape::size,
};

type C = Complex<f64>;
const ZERO: C = C::new(0.0, 0.0);
const ONE: C = C::new(1.0, 0.0);
const SWEEPS: usize = 100;

/// A row-major matrix.
#[derive(Clone, Debug)]
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<C>,
}

impl std::ops::Index<(usize, usize)> for Matrix {
    type Output = C;
    fn index(&self, (i, j): (usize, usize)) -> &C {
        &self.values[i * self.columns + j]
    }
}

impl std::ops::IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut C {
        &mut self.values[i * self.columns + j]
    }
}

impl Matrix {
    fn from_fn(rows: usize, columns: usize, f: impl Fn(usize, usize) -> C) -> Self {
        let values = (0..rows * columns)
            .map(|k| f(k / columns, k % columns))
            .collect();
        Self {
            rows,
            columns,
            values,
        }
    }

    fn identity(n: usize) -> Self {
        Self::from_fn(n, n, |i, j| if i == j { ONE } else { ZERO })
    }

    fn nan(rows: usize, columns: usize) -> Self {
        Self::from_fn(rows, columns, |_, _| C::new(f64::NAN, 0.0))
    }

    fn adjoint(&self) -> Self {
        Self::from_fn(self.columns, self.rows, |i, j| self[(j, i)].conj())
    }

    fn is_finite(&self) -> bool {
        self.values
            .iter()
            .all(|z| z.re.is_finite() && z.im.is_finite())
    }

    /// A power of two near the largest component. Matrices are divided by it, so that squares neither overflow nor
    /// underflow.
    fn scale(&self) -> f64 {
        let largest = self
            .values
            .iter()
            .fold(0.0_f64, |m, z| m.max(z.re.abs()).max(z.im.abs()));
        if largest == 0.0 {
            1.0
        } else {
            largest.log2().floor().clamp(-1000.0, 1000.0).exp2()
        }
    }

    fn scaled(&self, by: f64) -> Self {
        Self::from_fn(self.rows, self.columns, |i, j| self[(i, j)] * by)
    }

    /// Sum over rows of `conj(x[i, p]) · x[i, q]`.
    fn inner(&self, p: usize, q: usize) -> C {
        (0..self.rows)
            .map(|i| self[(i, p)].conj() * self[(i, q)])
            .sum()
    }

    /// Jacobi's rotation of two columns: `p ← c p - s w`, `q ← s p + c w` with `w = ū q`.
    fn rotate(&mut self, p: usize, q: usize, r: Rotation) {
        for i in 0..self.rows {
            let (a, b) = (self[(i, p)], self[(i, q)] * r.u.conj());
            self[(i, p)] = a * r.c - b * r.s;
            self[(i, q)] = a * r.s + b * r.c;
        }
    }

    fn swap_rows(&mut self, i: usize, k: usize) {
        for j in 0..self.columns {
            self.values.swap(i * self.columns + j, k * self.columns + j);
        }
    }

    /// Householder's reflection of the columns: `x ← (1 - 2 v vᴴ / |v|²) x`.
    fn reflect(&mut self, v: &[C], square: f64) {
        for j in 0..self.columns {
            let along: C = (0..self.rows).map(|i| v[i].conj() * self[(i, j)]).sum();
            for i in 0..self.rows {
                self[(i, j)] -= v[i] * along * (2.0 / square);
            }
        }
    }

    /// The columns in a new order.
    fn select(&self, order: &[usize]) -> Self {
        Self::from_fn(self.rows, order.len(), |i, j| self[(i, order[j])])
    }
}

#[derive(Clone, Copy)]
struct Rotation {
    c: f64,
    s: f64,
    u: C,
}

impl Rotation {
    /// Makes the Hermitian `[[a, g], [ḡ, b]]` diagonal.
    fn diagonalizing(a: f64, b: f64, g: C) -> Self {
        let modulus = g.norm();
        let zeta = (b - a) / (2.0 * modulus);
        let t = 1.0_f64.copysign(zeta) / (zeta.abs() + zeta.hypot(1.0));
        let c = 1.0 / t.hypot(1.0);
        Self {
            c,
            s: t * c,
            u: g / modulus,
        }
    }
}

impl Reference {
    /// The matrices of a stack, in row-major order.
    fn matrices(self, x: &Strided<Memory>) -> Result<Vec<Matrix>> {
        let [stack @ .., rows, columns] = x.shape() else {
            unreachable!("a stack of matrices")
        };
        // The list may be long even if the matrices are empty.
        self.room(stack, DType::Complex128)?;
        let values: Vec<C> = dispatch!(x.dtype, T => self.read::<T>(x)?.into_iter().map(|v| complex(v.into())).collect());
        let each = rows * columns;
        let matrix = |k: usize| Matrix {
            rows: *rows,
            columns: *columns,
            values: values[k * each..(k + 1) * each].to_vec(),
        };
        Ok((0..size(stack)).map(matrix).collect())
    }

    /// An error if there is no memory for a square matrix of this order beside each matrix of a stack.
    fn room_for_each(self, x: &Strided<Memory>, order: usize) -> Result<()> {
        let stack = &x.shape()[..x.layout.ndim() - 2];
        self.room(&[stack, &[order, order]].concat(), DType::Complex128)
    }

    fn store_matrices<T: Arithmetic>(self, stack: &[Matrix]) -> Memory {
        let values = stack
            .iter()
            .flat_map(|m| &m.values)
            .map(|&z| T::cast(Scalar::Complex(z)));
        self.store(values.collect::<Vec<T>>())
    }
}

/// Rows and columns of the matrices in a stack.
fn ends(x: &Strided<Memory>) -> (usize, usize) {
    let (shape, ndim) = (x.shape(), x.layout.ndim());
    (shape[ndim - 2], shape[ndim - 1])
}

fn complex(value: Scalar) -> C {
    match value {
        Scalar::Float(x) => x.into(),
        Scalar::Complex(z) => z,
        Scalar::Bool(_) | Scalar::Int(_) => unreachable!("of floating-point numbers"),
    }
}

impl LinalgBackend for Reference {
    fn matmul(&self, a: &Strided<Memory>, b: &Strided<Memory>) -> Result<Memory> {
        assert_eq!(a.dtype, b.dtype, "matmul of two dtypes");
        let ([stack @ .., m, k], [other @ .., l, n]) = (a.shape(), b.shape()) else {
            unreachable!("stacks of matrices")
        };
        assert!(stack == other && k == l, "shapes that do not fit");
        self.room(&[stack, &[*m, *n]].concat(), a.dtype)?;
        self.room(stack, a.dtype)?;
        let count = size(stack);
        Ok(dispatch!(a.dtype, T => {
            let product = T::binary(BinaryOp::Multiply).zip(T::binary(BinaryOp::Add));
            let Some((BinaryFunction::Same(multiply), BinaryFunction::Same(add))) = product else {
                unreachable!("of numbers")
            };
            let (a, b): (Vec<T>, Vec<T>) = (self.read(a)?, self.read(b)?);
            let mut out = Vec::with_capacity(count * m * n);
            for s in 0..count {
                for i in 0..*m {
                    for j in 0..*n {
                        let terms = (0..*k).map(|l| (a[(s * m + i) * k + l], b[(s * k + l) * n + j]));
                        out.push(if T::DTYPE.is_floating() {
                            let sum: C = terms.map(|(x, y)| complex(x.into()) * complex(y.into())).sum();
                            T::cast(Scalar::Complex(sum))
                        } else {
                            terms.fold(T::default(), |sum, (x, y)| add(sum, multiply(x, y)))
                        });
                    }
                }
            }
            self.store(out)
        }))
    }

    fn cholesky(&self, x: &Strided<Memory>) -> Result<Memory> {
        let factors = self
            .matrices(x)?
            .iter()
            .map(cholesky)
            .collect::<Result<Vec<_>>>()?;
        Ok(dispatch!(x.dtype, T => self.store_matrices::<T>(&factors)))
    }

    fn solve(&self, a: &Strided<Memory>, b: &Strided<Memory>) -> Result<Memory> {
        let pairs = self.matrices(a)?.into_iter().zip(self.matrices(b)?);
        let solutions = pairs
            .map(|(a, b)| solve(a, b))
            .collect::<Result<Vec<_>>>()?;
        Ok(dispatch!(a.dtype, T => self.store_matrices::<T>(&solutions)))
    }

    fn eigh(&self, x: &Strided<Memory>) -> Result<[Memory; 2]> {
        let pairs = self
            .matrices(x)?
            .iter()
            .map(eigh)
            .collect::<Result<Vec<_>>>()?;
        let (values, vectors): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        Ok([
            dispatch!(x.dtype.real(), T => self.store_matrices::<T>(&values)),
            dispatch!(x.dtype, T => self.store_matrices::<T>(&vectors)),
        ])
    }

    fn eig(&self, x: &Strided<Memory>) -> Result<[Memory; 2]> {
        let pairs = self
            .matrices(x)?
            .iter()
            .map(eig)
            .collect::<Result<Vec<_>>>()?;
        let (values, vectors): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        Ok([values, vectors]
            .map(|m| dispatch!(x.dtype.complex(), T => self.store_matrices::<T>(&m))))
    }

    fn lu(&self, x: &Strided<Memory>) -> Result<[Memory; 2]> {
        let (mut factors, mut rows) = (Vec::new(), Vec::new());
        for mut x in self.matrices(x)? {
            rows.extend(factor(&mut x));
            factors.push(x);
        }
        Ok([
            dispatch!(x.dtype, T => self.store_matrices::<T>(&factors)),
            self.store_indices(rows.into_iter()),
        ])
    }

    fn qr(&self, x: &Strided<Memory>, mode: QrMode) -> Result<[Memory; 2]> {
        let (rows, _) = ends(x);
        self.room_for_each(x, rows)?;
        let pairs = self.matrices(x)?.into_iter().map(|x| qr(x, mode));
        let (q, r): (Vec<_>, Vec<_>) = pairs.unzip();
        Ok([q, r].map(|m| dispatch!(x.dtype, T => self.store_matrices::<T>(&m))))
    }

    fn svd(&self, x: &Strided<Memory>, mode: SvdMode) -> Result<[Memory; 3]> {
        let (rows, columns) = ends(x);
        let (left, right) = mode.sizes(rows, columns);
        self.room_for_each(x, left.max(right))?;
        let (mut u, mut s, mut vh) = (Vec::new(), Vec::new(), Vec::new());
        for x in self.matrices(x)? {
            let parts = svd(&x, mode)?;
            u.push(parts.0);
            s.push(parts.1);
            vh.push(parts.2);
        }
        Ok([
            dispatch!(x.dtype, T => self.store_matrices::<T>(&u)),
            dispatch!(x.dtype.real(), T => self.store_matrices::<T>(&s)),
            dispatch!(x.dtype, T => self.store_matrices::<T>(&vh)),
        ])
    }
}

fn cholesky(x: &Matrix) -> Result<Matrix> {
    let n = x.rows;
    let mut l = Matrix::from_fn(n, n, |_, _| ZERO);
    for j in 0..n {
        let pivot = x[(j, j)].re - (0..j).map(|k| l[(j, k)].norm_sqr()).sum::<f64>();
        // NaN is not positive either.
        if pivot.is_nan() || pivot <= 0.0 {
            return Err(Error::linear_algebra(
                "cholesky",
                "the matrix is not positive definite",
            ));
        }
        l[(j, j)] = pivot.sqrt().into();
        for i in j + 1..n {
            let sum: C = (0..j).map(|k| l[(i, k)] * l[(j, k)].conj()).sum();
            l[(i, j)] = (x[(i, j)] - sum) / l[(j, j)].re;
        }
    }
    Ok(l)
}

/// LU factorisation in place. Returns the row that each row was exchanged with.
fn factor(a: &mut Matrix) -> Vec<usize> {
    let n = a.rows;
    if !a.is_finite() {
        *a = Matrix::nan(n, n);
        return (0..n).collect();
    }
    let mut exchanged = Vec::with_capacity(n);
    for k in 0..n {
        let pivot = (k..n)
            // Reversed, so that the first of equal ones is chosen.
            .rev()
            .max_by(|&i, &j| a[(i, k)].norm().total_cmp(&a[(j, k)].norm()))
            .expect("rows are left");
        exchanged.push(pivot);
        a.swap_rows(k, pivot);
        if a[(k, k)] == ZERO {
            continue;
        }
        for i in k + 1..n {
            a[(i, k)] = divide(a[(i, k)], a[(k, k)]);
            for j in k + 1..n {
                let step = a[(i, k)] * a[(k, j)];
                a[(i, j)] -= step;
            }
        }
    }
    exchanged
}

fn solve(mut a: Matrix, mut b: Matrix) -> Result<Matrix> {
    let n = a.rows;
    if !a.is_finite() {
        return Ok(Matrix::nan(n, b.columns));
    }
    for (k, pivot) in factor(&mut a).into_iter().enumerate() {
        b.swap_rows(k, pivot);
    }
    if (0..n).any(|k| a[(k, k)] == ZERO) {
        return Err(Error::linear_algebra("solve", "the matrix is singular"));
    }
    for j in 0..b.columns {
        for k in 0..n {
            let sum: C = (0..k).map(|l| a[(k, l)] * b[(l, j)]).sum();
            b[(k, j)] -= sum;
        }
        for k in (0..n).rev() {
            let sum: C = (k + 1..n).map(|l| a[(k, l)] * b[(l, j)]).sum();
            b[(k, j)] = divide(b[(k, j)] - sum, a[(k, k)]);
        }
    }
    Ok(b)
}

/// Householder's method.
fn qr(x: Matrix, mode: QrMode) -> (Matrix, Matrix) {
    let (m, n) = (x.rows, x.columns);
    let k = mode.size(m, n);
    if !x.is_finite() {
        return (Matrix::nan(m, k), Matrix::nan(k, n));
    }
    let scale = x.scale();
    let mut r = x.scaled(1.0 / scale);
    let mut q = Matrix::identity(m);
    for j in 0..m.min(n) {
        let mut v: Vec<C> = (0..m)
            .map(|i| if i < j { ZERO } else { r[(i, j)] })
            .collect();
        let length = v.iter().map(Complex::norm_sqr).sum::<f64>().sqrt();
        if length == 0.0 {
            continue;
        }
        let phase = if v[j] == ZERO {
            ONE
        } else {
            v[j] / v[j].norm()
        };
        v[j] += phase * length;
        let square: f64 = v.iter().map(Complex::norm_sqr).sum();
        r.reflect(&v, square);
        q.reflect(&v, square);
        (j + 1..m).for_each(|i| r[(i, j)] = ZERO);
    }
    let q = q.adjoint();
    (
        Matrix::from_fn(m, k, |i, j| q[(i, j)]),
        Matrix::from_fn(k, n, |i, j| r[(i, j)] * scale),
    )
}

/// Jacobi's method. The eigenvalues are a row.
fn eigh(x: &Matrix) -> Result<(Matrix, Matrix)> {
    let n = x.rows;
    let mut a = Matrix::from_fn(n, n, |i, j| match i.cmp(&j) {
        std::cmp::Ordering::Greater => x[(i, j)],
        std::cmp::Ordering::Equal => x[(i, i)].re.into(),
        std::cmp::Ordering::Less => x[(j, i)].conj(),
    });
    if !a.is_finite() {
        return Ok((Matrix::nan(1, n), Matrix::nan(n, n)));
    }
    let scale = a.scale();
    a = a.scaled(1.0 / scale);
    let mut vectors = Matrix::identity(n);
    let size: f64 = a.values.iter().map(Complex::norm_sqr).sum();
    for _ in 0..SWEEPS {
        let pairs = || (0..n).flat_map(move |q| (0..q).map(move |p| (p, q)));
        let off: f64 = pairs().map(|pq| a[pq].norm_sqr()).sum();
        if off <= 1e-34 * size {
            let mut order: Vec<usize> = (0..n).collect();
            order.sort_by(|&i, &j| a[(i, i)].re.total_cmp(&a[(j, j)].re));
            let values = Matrix::from_fn(1, n, |_, j| (a[(order[j], order[j])].re * scale).into());
            return Ok((values, vectors.select(&order)));
        }
        for (p, q) in pairs() {
            if a[(p, q)].norm() > f64::MIN_POSITIVE {
                let r = Rotation::diagonalizing(a[(p, p)].re, a[(q, q)].re, a[(p, q)]);
                a.rotate(p, q, r);
                a = a.adjoint();
                a.rotate(p, q, r);
                a = a.adjoint();
                vectors.rotate(p, q, r);
            }
        }
    }
    Err(Error::linear_algebra(
        "eigh",
        format!("no convergence in {SWEEPS} sweeps"),
    ))
}

/// Hestenes' one-sided Jacobi method. The singular values are a row.
fn svd(x: &Matrix, mode: SvdMode) -> Result<(Matrix, Matrix, Matrix)> {
    let (m, n) = (x.rows, x.columns);
    if m < n {
        let (v, s, uh) = svd(&x.adjoint(), mode)?;
        return Ok((uh.adjoint(), s, v.adjoint()));
    }
    let (columns, _) = mode.sizes(m, n);
    if !x.is_finite() {
        return Ok((
            Matrix::nan(m, columns),
            Matrix::nan(1, n),
            Matrix::nan(n, n),
        ));
    }
    let scale = x.scale();
    let mut a = x.scaled(1.0 / scale);
    let mut v = Matrix::identity(n);
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for q in 0..n {
            for p in 0..q {
                let (alpha, beta, gamma) = (a.inner(p, p).re, a.inner(q, q).re, a.inner(p, q));
                if gamma.norm() > 1e-15 * (alpha * beta).sqrt() && gamma.norm() > f64::MIN_POSITIVE
                {
                    rotated = true;
                    let r = Rotation::diagonalizing(alpha, beta, gamma);
                    a.rotate(p, q, r);
                    v.rotate(p, q, r);
                }
            }
        }
        if !rotated {
            let lengths: Vec<f64> = (0..n).map(|j| a.inner(j, j).re.sqrt()).collect();
            let mut order: Vec<usize> = (0..n).collect();
            order.sort_by(|&i, &j| lengths[j].total_cmp(&lengths[i]));
            let u = Matrix::from_fn(m, n, |i, j| {
                a[(i, order[j])] / lengths[order[j]].max(f64::MIN_POSITIVE)
            });
            let rank = lengths.iter().filter(|&&l| l > 0.0).count();
            let s = Matrix::from_fn(1, n, |_, j| (lengths[order[j]] * scale).into());
            return Ok((completed(&u, rank, columns), s, v.select(&order).adjoint()));
        }
    }
    Err(Error::linear_algebra(
        "svd",
        format!("no convergence in {SWEEPS} sweeps"),
    ))
}

/// The first `rank` columns, which are orthonormal, extended to `columns` orthonormal ones (Gram and Schmidt, twice).
fn completed(u: &Matrix, rank: usize, columns: usize) -> Matrix {
    let mut out = Matrix::from_fn(
        u.rows,
        columns,
        |i, j| if j < rank { u[(i, j)] } else { ZERO },
    );
    let mut next = rank;
    for axis in 0..u.rows {
        if next == columns {
            break;
        }
        out[(axis, next)] = ONE;
        for _ in 0..2 {
            for j in 0..next {
                let along = out.inner(j, next);
                for i in 0..u.rows {
                    let step = out[(i, j)] * along;
                    out[(i, next)] -= step;
                }
            }
        }
        let length = out.inner(next, next).re.sqrt();
        // If the other columns span this axis already, only rounding errors are left of it.
        let keep = length > 1e-8;
        for i in 0..u.rows {
            out[(i, next)] = if keep { out[(i, next)] / length } else { ZERO };
        }
        next += usize::from(keep);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(a: &Matrix, b: &Matrix) -> Matrix {
        Matrix::from_fn(a.rows, b.columns, |i, j| {
            (0..a.columns).map(|k| a[(i, k)] * b[(k, j)]).sum()
        })
    }

    fn distance(a: &Matrix, b: &Matrix) -> f64 {
        assert_eq!((a.rows, a.columns), (b.rows, b.columns));
        a.values
            .iter()
            .zip(&b.values)
            .map(|(a, b)| (a - b).norm())
            .fold(0.0, f64::max)
    }

    fn diagonal(values: &Matrix, rows: usize, columns: usize) -> Matrix {
        Matrix::from_fn(
            rows,
            columns,
            |i, j| if i == j { values.values[i] } else { ZERO },
        )
    }

    /// Real matrices, complex ones, one without rank, one without rows.
    fn samples() -> Vec<Matrix> {
        let wave =
            |i: usize, j: usize, k: f64| ((i * i * j + 7 * i + 3 * j * j + 1) as f64 * k).sin();
        let complex = |i, j| C::new(wave(i, j, 1.1), wave(i, j, 2.3));
        vec![
            Matrix::from_fn(5, 3, |i, j| wave(i, j, 0.7).into()),
            Matrix::from_fn(3, 6, complex),
            Matrix::from_fn(4, 4, |i, j| (1e150 * wave(i, j, 0.3)).into()),
            Matrix::from_fn(5, 5, |i, j| ((i + 1) as f64 * (j + 2) as f64).into()),
            Matrix::from_fn(4, 2, |_, _| ZERO),
            Matrix::from_fn(0, 3, |_, _| ZERO),
            Matrix::identity(1),
        ]
    }

    #[test]
    fn svd_factors_are_orthogonal_and_give_the_matrix_back() {
        for x in samples() {
            for mode in [SvdMode::Reduced, SvdMode::Full] {
                let (u, s, vh) = svd(&x, mode).expect("converges");
                let (columns, rows) = mode.sizes(x.rows, x.columns);
                let back = product(&product(&u, &diagonal(&s, columns, rows)), &vh);
                assert!(distance(&back, &x) <= 1e-14 * x.scale() * 2.0, "{x:?}");
                assert!(
                    distance(&product(&u.adjoint(), &u), &Matrix::identity(columns)) < 1e-14,
                    "{x:?}"
                );
                assert!(
                    distance(&product(&vh, &vh.adjoint()), &Matrix::identity(rows)) < 1e-14,
                    "{x:?}"
                );
                assert!(s.values.is_sorted_by(|a, b| a.re >= b.re && b.re >= 0.0));
            }
        }
    }

    #[test]
    fn eigh_and_cholesky_give_the_matrix_back() {
        for x in samples() {
            let scaled = x.scaled(1.0 / x.scale());
            let n = x.columns;
            let gram = product(&scaled.adjoint(), &scaled);
            let (w, v) = eigh(&gram).expect("converges");
            assert!(
                distance(
                    &product(&product(&v, &diagonal(&w, n, n)), &v.adjoint()),
                    &gram
                ) < 1e-12
            );
            assert!(distance(&product(&v.adjoint(), &v), &Matrix::identity(n)) < 1e-14);
            assert!(w.values.is_sorted_by(|a, b| a.re <= b.re));
            let mut definite = gram;
            (0..n).for_each(|i| definite[(i, i)] += 1.0);
            let l = cholesky(&definite).expect("definite");
            assert!(distance(&product(&l, &l.adjoint()), &definite) < 1e-13 * definite.scale());
        }
    }

    #[test]
    fn solve_inverts_and_knows_the_singular() {
        for x in samples()
            .into_iter()
            .filter(|x| x.rows == x.columns && x.rows != 5)
        {
            let b = Matrix::from_fn(x.rows, 2, |i, j| C::new(i as f64, j as f64));
            let y = solve(x.clone(), b.clone()).expect("regular");
            assert!(distance(&product(&x, &y), &b) < 1e-12);
        }
        assert!(solve(Matrix::from_fn(2, 2, |_, _| ONE), Matrix::identity(2)).is_err());
        assert!(cholesky(&Matrix::identity(2).scaled(-1.0)).is_err());
        assert!(cholesky(&Matrix::nan(1, 1)).is_err());
        assert!(
            svd(&Matrix::nan(2, 2), SvdMode::Reduced)
                .expect("no panic")
                .1[(0, 0)]
                .re
                .is_nan()
        );
        assert!(
            eigh(&Matrix::nan(2, 2)).expect("no panic").0[(0, 0)]
                .re
                .is_nan()
        );
    }
}
