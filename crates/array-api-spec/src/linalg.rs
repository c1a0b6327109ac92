//! The extension `linalg`: `xp.linalg().svd(&x, SvdMode::Reduced)`.
//!
//! Source: <https://data-apis.org/array-api/2025.12/extensions/linear_algebra_functions.html>

mod norm;
mod spectrum;

use crate::{
    Accepts, Array, Backend, DType, Error, Expr, Namespace, Result, Strided,
    expr::view,
    layout::Dims,
    shape::{broadcast_shapes, needed_size, resolve_axis, size},
};

pub use self::{
    norm::{MatrixNorm, MatrixOrd},
    spectrum::{Automatic, Tolerance},
};

/// The functions of the extension `linalg`, bound to a device as the [`Namespace`] is.
#[derive(Clone, Debug)]
pub struct Linalg<'xp, B: Backend>(&'xp Namespace<B>);

/// The result of [`Linalg::eigh`].
#[derive(Clone, Debug)]
pub struct Eigh<B: Backend> {
    /// `(…, n)`: real, ascending.
    pub eigenvalues: Array<B>,
    /// `(…, n, n)`: orthonormal columns.
    pub eigenvectors: Array<B>,
}

/// The result of [`Linalg::svd`].
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

/// The result of [`Linalg::eig`].
#[derive(Clone, Debug)]
pub struct Eig<B: Backend> {
    /// `(…, n)`: complex, in no particular order.
    pub eigenvalues: Array<B>,
    /// `(…, n, n)`: complex columns with norm 1.
    pub eigenvectors: Array<B>,
}

/// The result of [`Linalg::qr`].
#[derive(Clone, Debug)]
#[allow(non_snake_case, reason = "the standard's names")]
pub struct Qr<B: Backend> {
    /// `(…, m, k)` or `(…, m, m)`: orthonormal columns.
    pub Q: Array<B>,
    /// `(…, k, n)` or `(…, m, n)`: zero below the diagonal.
    pub R: Array<B>,
}

/// The result of [`Linalg::slogdet`].
#[derive(Clone, Debug)]
pub struct Slogdet<B: Backend> {
    /// `(…)`: -1, 0 or 1, for complex matrices a number of modulus 1 or 0; x's dtype.
    pub sign: Array<B>,
    /// `(…)`: natural logarithm of the determinant's absolute value; real.
    pub logabsdet: Array<B>,
}

/// The shapes of the factors of [`Linalg::qr`] for `(m, n)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QrMode {
    /// Q `(m, k)` and R `(k, n)` with `k = min(m, n)`.
    #[default]
    Reduced,
    /// Q `(m, m)` and R `(m, n)`.
    Complete,
}

impl QrMode {
    /// How many columns Q has, and rows R has: k or m.
    #[must_use]
    pub fn size(self, m: usize, n: usize) -> usize {
        match self {
            Self::Reduced => m.min(n),
            Self::Complete => m,
        }
    }
}

/// The shapes of the factors of [`Linalg::svd`] for `(m, n)`: the standard's `full_matrices`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SvdMode {
    /// U `(m, k)` and Vh `(k, n)` with `k = min(m, n)`.
    Reduced,
    /// U `(m, m)` and Vh `(n, n)`. The standard's default.
    #[default]
    Full,
}

impl SvdMode {
    /// How many left and how many right singular vectors there are: `(k, k)` or `(m, n)`.
    #[must_use]
    pub fn sizes(self, m: usize, n: usize) -> (usize, usize) {
        match self {
            Self::Reduced => (m.min(n), m.min(n)),
            Self::Full => (m, n),
        }
    }
}

/// The triangle in which [`Linalg::cholesky`] returns the factor: the standard's `upper`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Triangle {
    /// L of `x = L Lᴴ`. The standard's default.
    #[default]
    Lower,
    /// U of `x = Uᴴ U`.
    Upper,
}

impl<B: Backend> Namespace<B> {
    /// The extension `linalg`.
    #[must_use]
    pub const fn linalg(&self) -> Linalg<'_, B> {
        Linalg(self)
    }
}

impl<B: Backend> Linalg<'_, B> {
    /// The [lower](Triangle::Lower) triangular L of `x = L Lᴴ`, or the [upper](Triangle::Upper) triangular U of `x = Uᴴ U`: `(…, n, n) → (…, n, n)`.
    ///
    /// Floating-point dtypes. Only the lower triangle of x is read.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.cholesky.html>
    ///
    /// ```
    /// use array_api_spec::{Triangle, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([[4.0, 2.0], [2.0, 2.0]])?;
    /// let l = xp.linalg().cholesky(&x, Triangle::Lower)?;
    /// assert_eq!(l.to_vec::<f64>()?, [2.0, 0.0, 1.0, 1.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// A matrix that is not square or not positive definite.
    pub fn cholesky(&self, x: impl Into<Expr<B>>, triangle: Triangle) -> Result<Array<B>> {
        let xp = self.0;
        let x = self.square("cholesky", x.into())?;
        if x.layout.size() == 0 {
            return xp.zeros(x.shape(), x.dtype);
        }
        let lower = xp.wrap(xp.backend().cholesky(&x)?, x.shape(), x.dtype);
        match triangle {
            Triangle::Lower => Ok(lower),
            Triangle::Upper => xp.conj(xp.matrix_transpose(lower)).eval(),
        }
    }

    /// Cross product of vectors of length 3 along an axis, counted from the end: `(…, 3), (…, 3) → (…, 3)`. The other axes broadcast.
    ///
    /// Numeric dtypes, promoted; integers wrap.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.cross.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let (x, y) = (xp.asarray([1, 0, 0])?, xp.asarray([0, 1, 0])?);
    /// assert_eq!(xp.linalg().cross(&x, &y, -1)?.to_vec::<i32>()?, [0, 0, 1]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An axis that is not negative, does not exist, or has another length than 3; shapes that do not broadcast; dtypes
    /// that do not promote.
    pub fn cross(
        &self,
        x1: impl Into<Expr<B>>,
        x2: impl Into<Expr<B>>,
        axis: isize,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "cross";
        let xp = self.0;
        if axis >= 0 {
            return Err(Error::value(
                FUNCTION,
                "the axis is counted from the end: give a negative one",
            ));
        }
        let [a, b] = xp.two(FUNCTION, x1.into(), x2.into())?;
        let three = |x: &Strided<B::Storage>| {
            let along = resolve_axis(FUNCTION, axis, x.layout.ndim())?;
            if x.shape()[along] == 3 {
                return Ok(along);
            }
            let detail = format!("has not length 3 along axis {axis}");
            Err(Error::shape(FUNCTION, &[x.shape()], detail))
        };
        let (along1, along2) = (three(&a)?, three(&b)?);
        broadcast_shapes(FUNCTION, &[a.shape(), b.shape()])?;
        let part = |x: &Strided<B::Storage>, along, k| view(xp, x, x.layout.slice(along, k, 1, 1));
        let component = |k: usize| {
            let (i, j) = ((k + 1) % 3, (k + 2) % 3);
            let [a_i, a_j] = [i, j].map(|k| part(&a, along1, k));
            let [b_i, b_j] = [i, j].map(|k| part(&b, along2, k));
            (a_i * b_j - a_j * b_i).eval()
        };
        let parts = [component(0)?, component(1)?, component(2)?];
        xp.concat(&parts.iter().collect::<Vec<_>>(), Some(axis))
    }

    /// Determinants of the matrices of a stack: `(…, n, n) → (…)`. Floating-point dtypes.
    ///
    /// By LU factorisation with partial pivoting. If the product of the pivots overflows or underflows on the way,
    /// [`slogdet`](Self::slogdet) is used.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.det.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([[2.0, 0.0], [0.0, 4.0]])?;
    /// assert_eq!(xp.linalg().det(&x)?.item::<f64>()?, 8.0);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// A matrix that is not square.
    pub fn det(&self, x: impl Into<Expr<B>>) -> Result<Array<B>> {
        let xp = self.0;
        let (pivots, odd) = self.pivots("det", x.into())?;
        let product = xp.prod(&pivots, -1)?;
        let product = xp.where_(&odd, -&product, &product).eval()?;
        let Slogdet { sign, logabsdet } = self.slogdet_of(&pivots, &odd)?;
        let modulus = xp.abs(&product).eval()?;
        let within = xp.isfinite(&modulus) & xp.greater(&modulus, 0);
        xp.where_(within, &product, sign * xp.exp(logabsdet)).eval()
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

    /// Eigenvalues and eigenvectors of square matrices: `(…, n, n) → (…, n), (…, n, n)`, complex.
    ///
    /// Floating-point dtypes. Column k of the eigenvectors has norm 1 and belongs to eigenvalue k. The order is
    /// unspecified. For Hermitian matrices use [`eigh`](Self::eigh).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.eig.html>
    ///
    /// # Errors
    /// A matrix that is not square; no convergence.
    pub fn eig(&self, x: impl Into<Expr<B>>) -> Result<Eig<B>> {
        let xp = self.0;
        let x = self.square("eig", x.into())?;
        let dtype = x.dtype.complex();
        xp.check_dtype(dtype)?;
        let (shape, of_values) = (x.shape(), &x.shape()[..x.layout.ndim() - 1]);
        if x.layout.size() == 0 {
            return Ok(Eig {
                eigenvalues: xp.zeros(of_values, dtype)?,
                eigenvectors: xp.zeros(shape, dtype)?,
            });
        }
        let [values, vectors] = xp.backend().eig(&x)?;
        Ok(Eig {
            eigenvalues: xp.wrap(values, of_values, dtype),
            eigenvectors: xp.wrap(vectors, shape, dtype),
        })
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
        let (shape, of_values) = (x.shape(), &x.shape()[..x.layout.ndim() - 1]);
        if x.layout.size() == 0 {
            return Ok(Eigh {
                eigenvalues: xp.zeros(of_values, x.dtype.real())?,
                eigenvectors: xp.zeros(shape, x.dtype)?,
            });
        }
        let [values, vectors] = xp.backend().eigh(&x)?;
        Ok(Eigh {
            eigenvalues: xp.wrap(values, of_values, x.dtype.real()),
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
        if x.layout.size() == 0 {
            return xp.zeros(x.shape(), x.dtype);
        }
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

    /// Square matrices to an integer power: `(…, n, n) → (…, n, n)`. Floating-point dtypes; the inverse is taken for negative powers.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.matrix_power.html>
    ///
    /// # Errors
    /// A matrix that is not square; one that is singular, if `n` is negative.
    pub fn matrix_power(&self, x: impl Into<Expr<B>>, n: i64) -> Result<Array<B>> {
        const FUNCTION: &str = "matrix_power";
        let xp = self.0;
        let x = Array::new(xp.clone(), self.square(FUNCTION, x.into())?);
        let size = x.shape()[x.ndim() - 1];
        let mut square = if n < 0 {
            self.inv(&x).map_err(|e| e.told_by(FUNCTION))?
        } else {
            x.clone()
        };
        let mut left = n.unsigned_abs();
        let mut power = None;
        // Squares repeatedly, and multiplies the powers that are in n's binary digits.
        while left > 0 {
            if left & 1 == 1 {
                power = Some(match power {
                    None => square.clone(),
                    Some(power) => xp.matmul(&power, &square)?,
                });
            }
            left >>= 1;
            if left > 0 {
                square = xp.matmul(&square, &square)?;
            }
        }
        match power {
            Some(power) => Ok(power),
            None => xp.broadcast_to(xp.eye(size, size, 0, x.dtype()), x.shape()),
        }
    }

    /// All products of the elements of two vectors: `(m,), (n,) → (m, n)`. Numeric dtypes.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.outer.html>
    ///
    /// # Errors
    /// Arguments that are not 1-dimensional; dtypes that do not promote; more elements than memory holds.
    pub fn outer(&self, x1: impl Into<Expr<B>>, x2: impl Into<Expr<B>>) -> Result<Array<B>> {
        let [a, b] = self.0.two("outer", x1.into(), x2.into())?;
        if a.layout.ndim() != 1 || b.layout.ndim() != 1 {
            return Err(Error::shape(
                "outer",
                &[a.shape(), b.shape()],
                "are not both 1-dimensional",
            ));
        }
        let shape = [a.shape()[0], b.shape()[0]];
        needed_size("outer", &[a.shape(), b.shape()], &shape)?;
        let column = view(self.0, &a, a.layout.insert_axis(1));
        (column * Array::new(self.0.clone(), b)).eval()
    }

    /// QR factorisation `x = Q R`: `(…, m, n)` gives Q `(…, m, k)`, R `(…, k, n)` with `k = min(m, n)`, or, [complete](QrMode::Complete), Q
    /// `(…, m, m)`, R `(…, m, n)`.
    ///
    /// Floating-point dtypes. Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.qr.html>
    ///
    /// ```
    /// use array_api_spec::{QrMode, reference};
    /// let xp = reference::namespace();
    /// let qr = xp.linalg().qr(&xp.asarray([[3.0], [4.0]])?, QrMode::Reduced)?;
    /// assert!((qr.R.item::<f64>()?.abs() - 5.0).abs() < 1e-14);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An array of less than two dimensions; more elements than memory holds.
    #[allow(non_snake_case, reason = "the standard's names")]
    pub fn qr(&self, x: impl Into<Expr<B>>, mode: QrMode) -> Result<Qr<B>> {
        let xp = self.0;
        let x = self.matrix("qr", x.into(), Accepts::Floating)?;
        let &[ref stack @ .., m, n] = x.shape() else {
            unreachable!("a matrix has two axes")
        };
        let k = mode.size(m, n);
        let (of_q, of_r) = ([stack, &[m, k]].concat(), [stack, &[k, n]].concat());
        needed_size("qr", &[x.shape()], &of_q)?;
        if x.layout.size() == 0 {
            return Ok(Qr {
                Q: self.orthonormal(&of_q, x.dtype)?,
                R: xp.zeros(of_r, x.dtype)?,
            });
        }
        let [q, r] = xp.backend().qr(&x, mode)?;
        Ok(Qr {
            Q: xp.wrap(q, &of_q, x.dtype),
            R: xp.wrap(r, &of_r, x.dtype),
        })
    }

    /// Sign and logarithm of the absolute value of determinants: `(…, n, n) → (…), (…)`. Floating-point dtypes.
    ///
    /// A determinant of 0 has sign 0 and logarithm -∞.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.slogdet.html>
    ///
    /// # Errors
    /// A matrix that is not square.
    pub fn slogdet(&self, x: impl Into<Expr<B>>) -> Result<Slogdet<B>> {
        let (pivots, odd) = self.pivots("slogdet", x.into())?;
        self.slogdet_of(&pivots, &odd)
    }

    /// The pivots `(…, n)` of an LU factorisation, whose product is the determinant up to the sign, and whether the
    /// sign changes `(…)`.
    fn pivots(&self, function: &'static str, x: Expr<B>) -> Result<(Array<B>, Array<B>)> {
        let xp = self.0;
        let x = self.square(function, x)?;
        let shape = x.shape();
        let n = shape[shape.len() - 1];
        if x.layout.size() == 0 {
            // Without rows there are no pivots (their product is 1) and no exchanges.
            let stack = &shape[..shape.len() - 2];
            let pivots = xp.zeros(&shape[..shape.len() - 1], x.dtype)?;
            return Ok((pivots, xp.zeros(stack, DType::Bool)?));
        }
        let [lu, swaps] = xp.backend().lu(&x).map_err(|e| e.told_by(function))?;
        let pivots = self.diagonal(xp.wrap(lu, shape, x.dtype), 0)?;
        let swaps = xp.wrap(swaps, &shape[..shape.len() - 1], xp.index_dtype());
        let count = xp.count_nonzero(xp.not_equal(swaps, xp.arange(0, n, 1)), -1)?;
        let odd = xp.equal(xp.remainder(count, 2), 1).eval()?;
        Ok((pivots, odd))
    }

    fn slogdet_of(&self, pivots: &Array<B>, odd: &Array<B>) -> Result<Slogdet<B>> {
        let xp = self.0;
        let sign = xp.prod(xp.sign(pivots), -1)?;
        Ok(Slogdet {
            sign: xp.where_(odd, -&sign, &sign).eval()?,
            logabsdet: xp.sum(xp.log(xp.abs(pivots)), -1)?,
        })
    }

    /// X of `x1 X = x2`: `(…, n, n), (…, n, k) → (…, n, k)`; if x2 is 1-dimensional, `(…, n, n), (n,) → (…, n)`. Stacks broadcast.
    ///
    /// Floating-point dtypes, promoted. By LU factorisation with partial pivoting.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.solve.html>
    ///
    /// # Errors
    /// A matrix that is not square or is singular; shapes that do not fit; more elements than memory holds.
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
        for matrix in [[n, n], [n, k]] {
            needed_size(FUNCTION, &[&shape1, &shape2], &with(matrix))?;
        }
        let a = a.with_layout(a.layout.broadcast_to(&with([n, n])));
        let b = b.with_layout(b.layout.broadcast_to(&with([n, k])));
        let shape = with([n, k]);
        let mut out = if a.layout.size() == 0 {
            xp.zeros(shape, a.dtype)?.into_data()?
        } else {
            Strided::contiguous(xp.backend().solve(&a, &b)?, &shape, a.dtype)
        };
        if vector {
            out.layout = out.layout.select(out.layout.ndim() - 1, 0);
        }
        Ok(Array::new(xp.clone(), out))
    }

    /// Singular value decomposition `x = U diag(S) Vh`: `(…, m, n) → (…, m, k), (…, k), (…, k, n)` with `k = min(m, n)`, or,
    /// [full](SvdMode::Full), U `(…, m, m)` and Vh `(…, n, n)`. Floating-point dtypes.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.svd.html>
    ///
    /// ```
    /// use array_api_spec::{SvdMode, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([[3.0, 0.0], [0.0, -4.0]])?;
    /// let svd = xp.linalg().svd(&x, SvdMode::Reduced)?;
    /// assert_eq!(svd.S.to_vec::<f64>()?, [4.0, 3.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An array of less than two dimensions; no convergence; more elements than memory holds.
    pub fn svd(&self, x: impl Into<Expr<B>>, mode: SvdMode) -> Result<Svd<B>> {
        let xp = self.0;
        let x = self.matrix("svd", x.into(), Accepts::Floating)?;
        let &[ref stack @ .., m, n] = x.shape() else {
            unreachable!("a matrix has two axes")
        };
        let k = m.min(n);
        let with = |tail: &[usize]| [stack, tail].concat();
        let (rows, columns) = mode.sizes(m, n);
        let (of_u, of_s, of_vh) = (with(&[m, rows]), with(&[k]), with(&[columns, n]));
        for shape in [&of_u, &of_vh] {
            needed_size("svd", &[x.shape()], shape)?;
        }
        if x.layout.size() == 0 {
            return Ok(Svd {
                U: self.orthonormal(&of_u, x.dtype)?,
                S: xp.zeros(of_s, x.dtype.real())?,
                Vh: self.orthonormal(&of_vh, x.dtype)?,
            });
        }
        let [u, s, vh] = xp.backend().svd(&x, mode)?;
        Ok(Svd {
            U: xp.wrap(u, &of_u, x.dtype),
            S: xp.wrap(s, &of_s, x.dtype.real()),
            Vh: xp.wrap(vh, &of_vh, x.dtype),
        })
    }

    /// Sum of the diagonal `offset` above the main one: `(…, m, n) → (…)`. Dtypes as [`sum`](Namespace::sum), or the one that is named.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.trace.html>
    ///
    /// # Errors
    /// An array of less than two dimensions, or of `bool`.
    pub fn trace(
        &self,
        x: impl Into<Expr<B>>,
        offset: isize,
        dtype: Option<DType>,
    ) -> Result<Array<B>> {
        let diagonal = self.diagonal(x, offset).map_err(|e| e.told_by("trace"))?;
        let axis = dtype.map_or_else(|| (-1).into(), |dtype| crate::axis(-1).dtype(dtype));
        self.0.sum(diagonal, axis).map_err(|e| e.told_by("trace"))
    }

    /// Orthonormal factors of matrices without elements: identities, as views of a single one, because there may be any
    /// number of them.
    fn orthonormal(&self, shape: &[usize], dtype: DType) -> Result<Array<B>> {
        let xp = self.0;
        if size(shape) == 0 {
            return xp.zeros(shape, dtype);
        }
        let &[.., rows, columns] = shape else {
            unreachable!("a matrix has two axes")
        };
        xp.broadcast_to(xp.eye(rows, columns, 0, dtype), shape)
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
