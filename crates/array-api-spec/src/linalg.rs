//! The extension `linalg`: `xp.linalg().svd(&x, false)`.
//!
//! Source: <https://data-apis.org/array-api/2025.12/extensions/linear_algebra_functions.html>

use crate::{
    Accepts, Array, Backend, Error, Expr, Namespace, Result, Strided, expr::view, layout::Dims,
    shape::broadcast_shapes,
};

/// The functions of the extension `linalg`, bound to a device as the [`Namespace`] is.
#[derive(Clone, Debug)]
pub struct Linalg<'xp, B: Backend>(&'xp Namespace<B>);

/// What [`Linalg::eigh`] returns.
#[derive(Clone, Debug)]
pub struct Eigh<B: Backend> {
    /// `(…, n)`: real, ascending.
    pub eigenvalues: Array<B>,
    /// `(…, n, n)`: in columns, orthonormal.
    pub eigenvectors: Array<B>,
}

/// What [`Linalg::svd`] returns.
#[derive(Clone, Debug)]
#[allow(non_snake_case, reason = "the standard's names")]
pub struct Svd<B: Backend> {
    /// `(…, m, k)` or `(…, m, m)`: left singular vectors in columns.
    pub U: Array<B>,
    /// `(…, k)`: singular values, descending.
    pub S: Array<B>,
    /// `(…, k, n)` or `(…, n, n)`: right singular vectors in rows, conjugated.
    pub Vh: Array<B>,
}

impl<B: Backend> Namespace<B> {
    /// The extension `linalg`.
    #[must_use]
    pub const fn linalg(&self) -> Linalg<'_, B> {
        Linalg(self)
    }
}

impl<B: Backend> Linalg<'_, B> {
    /// The lower triangular L of `x = L Lᴴ`, or with `upper` the upper triangular U of `x = Uᴴ U`: `(…, n, n) → (…, n, n)`.
    ///
    /// Floating-point dtypes. Only the lower triangle of x is read.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.cholesky.html>
    ///
    /// # Errors
    /// A matrix that is not square or not positive definite.
    pub fn cholesky(&self, x: impl Into<Expr<B>>, upper: bool) -> Result<Array<B>> {
        let xp = self.0;
        let x = self.square("cholesky", x.into())?;
        let lower = xp.wrap(xp.backend().cholesky(&x)?, x.shape(), x.dtype);
        if upper {
            xp.conj(xp.matrix_transpose(lower)).eval()
        } else {
            Ok(lower)
        }
    }

    /// The main diagonal, or the one `offset` above it, of each matrix in a stack, as a view: `(…, m, n) → (…, k)`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.diagonal.html>
    ///
    /// # Errors
    /// An array of less than two dimensions.
    pub fn diagonal(&self, x: impl Into<Expr<B>>, offset: isize) -> Result<Array<B>> {
        let x = self.matrix("diagonal", x.into(), Accepts::Any)?;
        let ndim = x.layout.ndim();
        let offset = offset.clamp(
            -(x.shape()[ndim - 2] as isize),
            x.shape()[ndim - 1] as isize,
        );
        Ok(view(
            self.0,
            &x,
            x.layout.diagonal(ndim - 2, ndim - 1, offset),
        ))
    }

    /// Eigenvalues and eigenvectors of Hermitian matrices: `(…, n, n) → (…, n), (…, n, n)`.
    ///
    /// Floating-point dtypes. Only the lower triangle is read. Source:
    /// <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.eigh.html>
    ///
    /// # Errors
    /// A matrix that is not square; no convergence.
    pub fn eigh(&self, x: impl Into<Expr<B>>) -> Result<Eigh<B>> {
        let xp = self.0;
        let x = self.square("eigh", x.into())?;
        let [values, vectors] = xp.backend().eigh(&x)?;
        let shape = x.shape();
        Ok(Eigh {
            eigenvalues: xp.wrap(values, &shape[..shape.len() - 1], x.dtype.real()),
            eigenvectors: xp.wrap(vectors, shape, x.dtype),
        })
    }

    /// The inverse of each matrix in a stack: `(…, n, n) → (…, n, n)`. Floating-point dtypes.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.inv.html>
    ///
    /// # Errors
    /// A matrix that is not square or is singular.
    pub fn inv(&self, x: impl Into<Expr<B>>) -> Result<Array<B>> {
        let xp = self.0;
        let x = self.square("inv", x.into())?;
        let n = x.shape()[x.layout.ndim() - 1];
        let identity = xp
            .broadcast_to(xp.eye(n, n, 0, x.dtype), x.shape())?
            .into_data()?;
        let inverse = xp
            .backend()
            .solve(&x, &identity)
            .map_err(|e| e.told_by("inv"))?;
        Ok(xp.wrap(inverse, x.shape(), x.dtype))
    }

    /// All products of the elements of two vectors: `(m,), (n,) → (m, n)`. Numeric dtypes.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.outer.html>
    ///
    /// # Errors
    /// Arguments that are not 1-dimensional; dtypes that do not promote.
    pub fn outer(&self, x1: impl Into<Expr<B>>, x2: impl Into<Expr<B>>) -> Result<Array<B>> {
        let [a, b] = self.0.two("outer", x1.into(), x2.into())?;
        if a.layout.ndim() != 1 || b.layout.ndim() != 1 {
            return Err(Error::shape(
                "outer",
                &[a.shape(), b.shape()],
                "are not both 1-dimensional",
            ));
        }
        let column = view(self.0, &a, a.layout.insert_axis(1));
        (column * Array::new(self.0.clone(), b)).eval()
    }

    /// X of `x1 X = x2`: `(…, n, n), (…, n, k) → (…, n, k)`; if x2 is 1-dimensional, `(…, n, n), (n,) → (…, n)`. Stacks broadcast.
    ///
    /// Floating-point dtypes, promoted. By LU factorisation with partial pivoting.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.solve.html>
    ///
    /// # Errors
    /// A matrix that is not square or is singular; shapes that do not fit.
    pub fn solve(&self, x1: impl Into<Expr<B>>, x2: impl Into<Expr<B>>) -> Result<Array<B>> {
        const FUNCTION: &str = "solve";
        let xp = self.0;
        let [a, b] = xp.two(FUNCTION, x1.into(), x2.into())?;
        let a = self.square(FUNCTION, Array::new(xp.clone(), a).into())?;
        let vector = b.layout.ndim() == 1;
        let (shape1, shape2) = (a.shape().to_vec(), b.shape().to_vec());
        let b = if vector {
            b.with_layout(b.layout.insert_axis(1))
        } else {
            b
        };
        let (n, ndim) = (shape1[shape1.len() - 1], b.layout.ndim());
        if ndim < 2 || b.shape()[ndim - 2] != n {
            let detail = format!(
                "do not fit: x2 needs length {n} along its {}",
                if vector { "axis" } else { "last axis but one" }
            );
            return Err(Error::shape(FUNCTION, &[&shape1, &shape2], detail));
        }
        let k = b.shape()[ndim - 1];
        let stack: Dims<usize> = broadcast_shapes(
            FUNCTION,
            &[&shape1[..shape1.len() - 2], &b.shape()[..ndim - 2]],
        )?;
        let with = |tail: [usize; 2]| stack.iter().copied().chain(tail).collect::<Vec<_>>();
        let a = a.with_layout(a.layout.broadcast_to(&with([n, n])));
        let b = b.with_layout(b.layout.broadcast_to(&with([n, k])));
        let mut out = Strided::contiguous(xp.backend().solve(&a, &b)?, &with([n, k]), a.dtype);
        if vector {
            out.layout = out.layout.select(out.layout.ndim() - 1, 0);
        }
        Ok(Array::new(xp.clone(), out))
    }

    /// Singular value decomposition `x = U diag(S) Vh`: `(…, m, n) → (…, m, k), (…, k), (…, k, n)` with `k = min(m, n)`; with
    /// `full_matrices` U is `(…, m, m)` and Vh `(…, n, n)`. Floating-point dtypes.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.svd.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let svd = xp.linalg().svd(&xp.asarray([[3.0, 0.0], [0.0, -4.0]])?, false)?;
    /// assert_eq!(svd.S.to_vec::<f64>()?, [4.0, 3.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An array of less than two dimensions; no convergence.
    pub fn svd(&self, x: impl Into<Expr<B>>, full_matrices: bool) -> Result<Svd<B>> {
        let xp = self.0;
        let x = self.matrix("svd", x.into(), Accepts::Floating)?;
        let [u, s, vh] = xp.backend().svd(&x, full_matrices)?;
        let (stack, [m, n]) = (
            &x.shape()[..x.layout.ndim() - 2],
            [x.layout.ndim() - 2, x.layout.ndim() - 1].map(|a| x.shape()[a]),
        );
        let k = m.min(n);
        let with = |tail: &[usize]| [stack, tail].concat();
        let (rows, columns) = if full_matrices { (m, n) } else { (k, k) };
        Ok(Svd {
            U: xp.wrap(u, &with(&[m, rows]), x.dtype),
            S: xp.wrap(s, &with(&[k]), x.dtype.real()),
            Vh: xp.wrap(vh, &with(&[columns, n]), x.dtype),
        })
    }

    /// Sum of the diagonal `offset` above the main one: `(…, m, n) → (…)`. Dtypes as [`sum`](Namespace::sum).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.trace.html>
    ///
    /// # Errors
    /// An array of less than two dimensions, or of `bool`.
    pub fn trace(&self, x: impl Into<Expr<B>>, offset: isize) -> Result<Array<B>> {
        self.0.sum(self.diagonal(x, offset)?, -1)
    }

    fn matrix(
        &self,
        function: &'static str,
        x: Expr<B>,
        accepts: Accepts,
    ) -> Result<Strided<B::Storage>> {
        let x = self.0.taking(function, x, accepts)?;
        if x.ndim() < 2 {
            return Err(Error::shape(
                function,
                &[x.shape()],
                "is no matrix: it has less than two dimensions",
            ));
        }
        x.evaluate(self.0)
    }

    fn square(&self, function: &'static str, x: Expr<B>) -> Result<Strided<B::Storage>> {
        let x = self.matrix(function, x, Accepts::Floating)?;
        let [.., m, n] = x.shape() else {
            unreachable!("a matrix has two axes")
        };
        if m == n {
            Ok(x)
        } else {
            Err(Error::shape(
                function,
                &[x.shape()],
                "is not square in its last two axes",
            ))
        }
    }
}
