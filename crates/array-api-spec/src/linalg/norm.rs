//! Norms of vectors and matrices.

use super::Linalg;
use crate::{Accepts, Array, Axes, Backend, Expr, Result, axes::Keyword, axis as along};

/// A norm of [`Linalg::matrix_norm`], with the standard's `ord` beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatrixNorm {
    /// `'fro'`: root of the sum of squared moduli.
    #[default]
    Frobenius,
    /// `'nuc'`: sum of the singular values.
    Nuclear,
    /// `1`: largest sum of moduli of a column.
    One,
    /// `-1`: smallest sum of moduli of a column.
    MinusOne,
    /// `2`: largest singular value.
    Two,
    /// `-2`: smallest singular value.
    MinusTwo,
    /// `inf`: largest sum of moduli of a row.
    Infinity,
    /// `-inf`: smallest sum of moduli of a row.
    MinusInfinity,
}

/// A [`MatrixNorm`] with its keyword argument: `MatrixNorm::Two.keepdims()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatrixOrd {
    norm: MatrixNorm,
    keepdims: bool,
}

impl MatrixNorm {
    /// Keeps the two axes of the matrix with length 1, so that the result broadcasts against the input.
    #[must_use]
    pub const fn keepdims(self) -> MatrixOrd {
        MatrixOrd {
            norm: self,
            keepdims: true,
        }
    }
}

impl From<MatrixNorm> for MatrixOrd {
    fn from(norm: MatrixNorm) -> Self {
        Self {
            norm,
            keepdims: false,
        }
    }
}

impl<B: Backend> Linalg<'_, B> {
    /// A norm of each matrix in a stack: `(…, m, n) → (…)`, or with [`keepdims`](MatrixNorm::keepdims) `(…, 1, 1)`. Floating-point dtypes → their real one.
    ///
    /// A norm of a matrix without elements is 0, except that the smallest column sum, row sum or singular value needs
    /// at least one to choose from.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.matrix_norm.html>
    ///
    /// ```
    /// use array_api_spec::{MatrixNorm, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([[3.0, 0.0], [0.0, -4.0]])?;
    /// assert_eq!(xp.linalg().matrix_norm(&x, MatrixNorm::Frobenius)?.item::<f64>()?, 5.0);
    /// assert_eq!(xp.linalg().matrix_norm(&x, MatrixNorm::Nuclear)?.item::<f64>()?, 7.0);
    /// assert_eq!(xp.linalg().matrix_norm(&x, MatrixNorm::Two.keepdims())?.shape(), [1, 1]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An array of less than two dimensions; no column (`-1`), row (`-inf`) or singular value (`-2`) to choose the smallest from; no convergence of
    /// singular values.
    pub fn matrix_norm(
        &self,
        x: impl Into<Expr<B>>,
        ord: impl Into<MatrixOrd>,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "matrix_norm";
        let MatrixOrd { norm, keepdims } = ord.into();
        let xp = self.0;
        let x = Array::new(
            xp.clone(),
            self.matrix(FUNCTION, x.into(), Accepts::Floating)?,
        );
        let sums = |axis: isize| xp.sum(xp.abs(&x), along(axis).keepdims());
        let both = || along([-2, -1]).keepdims();
        let singular_values = || xp.expand_dims(self.svdvals(&x), -1);
        let norm = match norm {
            MatrixNorm::Frobenius => self.vector_norm(&x, both(), 2.0),
            MatrixNorm::Nuclear => xp.sum(singular_values()?, both()),
            MatrixNorm::One => self.largest(sums(-2)?, &both()),
            MatrixNorm::MinusOne => xp.min(sums(-2)?, both()),
            MatrixNorm::Two => self.largest(singular_values()?, &both()),
            MatrixNorm::MinusTwo => xp.min(singular_values()?, both()),
            MatrixNorm::Infinity => self.largest(sums(-1)?, &both()),
            MatrixNorm::MinusInfinity => xp.min(sums(-1)?, both()),
        }
        .map_err(|e| e.told_by(FUNCTION))?;
        if keepdims {
            Ok(norm)
        } else {
            xp.squeeze(norm, [-2, -1])
        }
    }

    /// A norm of vectors along axes, `..` for all elements as one vector: `(…, n, …) → (…)`. Floating-point dtypes → their real one. Takes `keepdims`.
    ///
    /// `ord` may be any real number p: `(Σ|x|ᵖ)^(1/p)`. ∞ and -∞ give the largest and smallest modulus, and 0 gives the
    /// number of elements that are not 0. Elements are scaled first, so that powers neither overflow nor underflow. The
    /// norm of no elements is 0 if `ord` is not negative.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/extensions/generated/array_api.linalg.vector_norm.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([3e200, 4e200])?;
    /// let norm = xp.linalg().vector_norm(&x, .., 2.0)?.item::<f64>()?;
    /// assert!((norm / 5e200 - 1.0).abs() < 1e-15);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; no elements to choose the smallest from (`ord` of -∞).
    pub fn vector_norm(
        &self,
        x: impl Into<Expr<B>>,
        axis: impl Into<Axes>,
        ord: f64,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "vector_norm";
        let (xp, axis) = (self.0, axis.into());
        let x = xp.taking(FUNCTION, x.into(), Accepts::Floating)?;
        let axes = axis.resolve(FUNCTION, &[Keyword::Keepdims], x.ndim())?;
        let (shape, real) = (axes.reduced(x.shape()), x.dtype().real());
        let some = axes.count(x.shape()) > 0;
        let modulus = xp.abs(Expr::valid(xp.clone(), x));
        let extreme = |axis: &Axes| {
            let extreme = if ord > 0.0 {
                self.largest(&modulus, axis)
            } else {
                xp.min(&modulus, axis.clone())
            };
            extreme.map_err(|e| e.told_by(FUNCTION))
        };
        if ord == 0.0 {
            return xp.astype(xp.count_nonzero(&modulus, axis)?, real).eval();
        }
        if ord == 1.0 {
            return xp.sum(&modulus, axis);
        }
        if ord.is_infinite() {
            return extreme(&axis);
        }
        let scale = if some {
            let extreme = extreme(&axis.clone().keepdims())?;
            let usable = xp.isfinite(&extreme) & xp.greater(&extreme, 0);
            xp.where_(usable, &extreme, 1).eval()?
        } else {
            xp.ones(&*shape, real)?
        };
        let scaled = &modulus / if some { Expr::from(&scale) } else { 1.into() };
        let scale = xp.reshape(&scale, &*shape)?;
        if ord == 2.0 {
            return (xp.sqrt(xp.sum(xp.square(scaled), axis)) * scale).eval();
        }
        let sum = xp.sum(xp.pow(scaled, ord), axis)?;
        (xp.pow(sum, 1.0 / ord) * scale).eval()
    }

    /// The largest of non-negative values; 0 if there are none.
    fn largest(&self, x: impl Into<Expr<B>>, axis: &Axes) -> Result<Array<B>> {
        let xp = self.0;
        let x = xp.taking("max", x.into(), Accepts::Real)?;
        let axes = axis.resolve("max", &[Keyword::Keepdims], x.ndim())?;
        if axes.count(x.shape()) == 0 {
            return xp.zeros(&*axes.reduced(x.shape()), x.dtype());
        }
        xp.max(Expr::valid(xp.clone(), x), axis.clone())
    }
}
