//! Eigenvalues and singular values without vectors, and what follows from them: rank and pseudo-inverse.

use super::{Linalg, Svd, SvdMode};
use crate::{Accepts, Array, Backend, DType, Expr, Result, Strided, axis};

/// Singular values up to this fraction of the largest count as 0: a number, an array with one for each matrix `(…)`, or
/// [`Automatic`].
#[derive(Clone, Debug)]
pub struct Tolerance<B: Backend>(Option<Expr<B>>);

/// The tolerance that follows from the matrix: `max(m, n)` times the dtype's epsilon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Automatic;

impl<B: Backend> From<Automatic> for Tolerance<B> {
    fn from(_: Automatic) -> Self {
        Self(None)
    }
}

impl<B: Backend, X: Into<Expr<B>>> From<X> for Tolerance<B> {
    fn from(x: X) -> Self {
        Self(Some(x.into()))
    }
}

impl<B: Backend> Linalg<'_, B> {
    /// Eigenvalues of square matrices: `(…, n, n) → (…, n)`, complex, in no particular order. Floating-point dtypes.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.eigvals.html>
    ///
    /// # Errors
    /// A matrix that is not square; no convergence.
    pub fn eigvals(&self, x: impl Into<Expr<B>>) -> Result<Array<B>> {
        const FUNCTION: &str = "eigvals";
        let xp = self.0;
        let x = self.square(FUNCTION, x.into())?;
        let dtype = x.dtype.complex();
        xp.check_dtype(dtype)?;
        let shape = &x.shape()[..x.layout.ndim() - 1];
        if x.layout.size() == 0 {
            return xp.zeros(shape, dtype);
        }
        let values = match xp.backend().eigvals(&x) {
            Some(values) => values,
            None => xp.backend().eig(&x).map(|[values, _]| values),
        };
        let values = values.map_err(|e| e.told_by(FUNCTION))?;
        Ok(xp.wrap(values, shape, dtype))
    }

    /// Eigenvalues of Hermitian matrices: `(…, n, n) → (…, n)`, real, ascending. Floating-point dtypes; only the lower triangle is read.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.eigvalsh.html>
    ///
    /// # Errors
    /// A matrix that is not square; no convergence.
    pub fn eigvalsh(&self, x: impl Into<Expr<B>>) -> Result<Array<B>> {
        const FUNCTION: &str = "eigvalsh";
        let xp = self.0;
        let x = self.square(FUNCTION, x.into())?;
        let (shape, dtype) = (&x.shape()[..x.layout.ndim() - 1], x.dtype.real());
        if x.layout.size() == 0 {
            return xp.zeros(shape, dtype);
        }
        let values = match xp.backend().eigvalsh(&x) {
            Some(values) => values,
            None => xp.backend().eigh(&x).map(|[values, _]| values),
        };
        let values = values.map_err(|e| e.told_by(FUNCTION))?;
        Ok(xp.wrap(values, shape, dtype))
    }

    /// Ranks of the matrices of a stack: `(…, m, n) → (…)`, in the default index dtype. Floating-point dtypes.
    ///
    /// The number of singular values above `rtol` times the largest.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.matrix_rank.html>
    ///
    /// ```
    /// use array_api_spec::{Automatic, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([[1.0, 2.0], [2.0, 4.0]])?;
    /// assert_eq!(xp.linalg().matrix_rank(&x, Automatic)?.item::<i64>()?, 1);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An array of less than two dimensions; a tolerance whose shape does not broadcast; no convergence.
    pub fn matrix_rank(
        &self,
        x: impl Into<Expr<B>>,
        rtol: impl Into<Tolerance<B>>,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "matrix_rank";
        let xp = self.0;
        let x = self.matrix(FUNCTION, x.into(), Accepts::Floating)?;
        let threshold = relative_tolerance(&x, rtol.into());
        let s = self
            .svdvals(Array::new(xp.clone(), x))
            .map_err(|e| e.told_by(FUNCTION))?;
        if s.size() == 0 {
            return xp.zeros(&s.shape()[..s.ndim() - 1], xp.index_dtype());
        }
        let threshold = xp.max(&s, axis(-1).keepdims())? * self.beside_values(threshold)?;
        xp.count_nonzero(xp.greater(&s, threshold), -1)
    }

    /// The Moore-Penrose inverse of each matrix in a stack: `(…, m, n) → (…, n, m)`. Floating-point dtypes.
    ///
    /// Singular values up to `rtol` times the largest count as 0.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.pinv.html>
    ///
    /// # Errors
    /// An array of less than two dimensions; a tolerance whose shape does not broadcast; no convergence.
    pub fn pinv(&self, x: impl Into<Expr<B>>, rtol: impl Into<Tolerance<B>>) -> Result<Array<B>> {
        const FUNCTION: &str = "pinv";
        let xp = self.0;
        let x = self.matrix(FUNCTION, x.into(), Accepts::Floating)?;
        let threshold = relative_tolerance(&x, rtol.into());
        let Svd { U, S, Vh } = self
            .svd(Array::new(xp.clone(), x), SvdMode::Reduced)
            .map_err(|e| e.told_by(FUNCTION))?;
        let adjoint = |x: &Array<B>| xp.conj(x.mT()).eval();
        if S.size() == 0 {
            return xp.matmul(adjoint(&Vh)?, adjoint(&U)?);
        }
        let threshold = xp.max(&S, axis(-1).keepdims())? * self.beside_values(threshold)?;
        // NaN is not below the threshold, and stays.
        let inverse = xp.where_(xp.less_equal(&S, threshold), 0, xp.reciprocal(&S));
        let inverse = xp.astype(xp.expand_dims(inverse, -2), U.dtype());
        xp.matmul(adjoint(&Vh)? * inverse, adjoint(&U)?)
    }

    /// Singular values: `(…, m, n) → (…, k)` with `k = min(m, n)`, descending. Floating-point dtypes → their real one.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.svdvals.html>
    ///
    /// # Errors
    /// An array of less than two dimensions; no convergence.
    pub fn svdvals(&self, x: impl Into<Expr<B>>) -> Result<Array<B>> {
        const FUNCTION: &str = "svdvals";
        let xp = self.0;
        let x = self.matrix(FUNCTION, x.into(), Accepts::Floating)?;
        let &[ref stack @ .., m, n] = x.shape() else {
            unreachable!("a matrix has two axes")
        };
        let shape = [stack, &[m.min(n)]].concat();
        let dtype = x.dtype.real();
        if x.layout.size() == 0 {
            return xp.zeros(shape, dtype);
        }
        let values = match xp.backend().svdvals(&x) {
            Some(values) => values,
            None => xp.backend().svd(&x, SvdMode::Reduced).map(|[_, s, _]| s),
        };
        let values = values.map_err(|e| e.told_by(FUNCTION))?;
        Ok(xp.wrap(values, &shape, dtype))
    }

    /// The tolerance of each matrix, shaped to broadcast against its singular values.
    fn beside_values(&self, tolerance: Expr<B>) -> Result<Expr<B>> {
        match tolerance.scalar_or_valid("rtol", self.0)? {
            Err(scalar) => Ok(scalar.into()),
            Ok(array) => Ok(self
                .0
                .expand_dims(Expr::valid(self.0.clone(), array), -1)?
                .into()),
        }
    }
}

fn relative_tolerance<B: Backend>(x: &Strided<B::Storage>, rtol: Tolerance<B>) -> Expr<B> {
    rtol.0.unwrap_or_else(|| {
        let &[.., m, n] = x.shape() else {
            unreachable!("a matrix has two axes")
        };
        let epsilon = match x.dtype.real() {
            DType::Float32 => f64::from(f32::EPSILON),
            _ => f64::EPSILON,
        };
        (m.max(n) as f64 * epsilon).into()
    })
}
