//! Linear algebra in the main namespace.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/linear_algebra_functions.html>

use crate::{
    Accepts, Array, Backend, Error, Expr, Namespace, Result, Strided,
    expr::view,
    shape::{broadcast_shapes, needed_size, resolve_axes, resolve_axis, size},
};

/// The axes that [`Namespace::tensordot`] sums over: a number (the last of x1, the first of x2), or a list for each argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contraction(Pairs);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pairs {
    Inner(usize),
    Named(Vec<isize>, Vec<isize>),
}

impl From<usize> for Contraction {
    fn from(count: usize) -> Self {
        Self(Pairs::Inner(count))
    }
}

impl From<(&[isize], &[isize])> for Contraction {
    fn from((x1, x2): (&[isize], &[isize])) -> Self {
        Self(Pairs::Named(x1.to_vec(), x2.to_vec()))
    }
}

impl<const N: usize> From<([isize; N], [isize; N])> for Contraction {
    fn from((x1, x2): ([isize; N], [isize; N])) -> Self {
        Self::from((x1.as_slice(), x2.as_slice()))
    }
}

impl<B: Backend> Namespace<B> {
    /// Matrix product: `(…, m, k), (…, k, n) → (…, m, n)`. A 1-dimensional argument is a row on the left or a column on
    /// the right, and its axis is removed from the result. Stacks broadcast.
    ///
    /// Numeric dtypes, promoted; integers wrap.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.matmul.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let a = xp.asarray([[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(xp.matmul(&a, xp.asarray([1.0, 1.0])?)?.to_vec::<f64>()?, [3.0, 7.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// 0-dimensional arguments; lengths that do not fit; dtypes that do not promote; more elements than memory holds.
    pub fn matmul(&self, x1: impl Into<Expr<B>>, x2: impl Into<Expr<B>>) -> Result<Array<B>> {
        const FUNCTION: &str = "matmul";
        let [a, b] = self.two(FUNCTION, x1.into(), x2.into())?;
        let (shape1, shape2) = (a.shape().to_vec(), b.shape().to_vec());
        if shape1.is_empty() || shape2.is_empty() {
            return Err(Error::shape(
                FUNCTION,
                &[&shape1, &shape2],
                "include a 0-dimensional array; use `multiply`",
            ));
        }
        let (row, column) = (shape1.len() == 1, shape2.len() == 1);
        let a = if row {
            a.with_layout(a.layout.insert_axis(0))
        } else {
            a
        };
        let b = if column {
            b.with_layout(b.layout.insert_axis(1))
        } else {
            b
        };
        let (m, k, n) = (
            a.shape()[a.layout.ndim() - 2],
            a.shape()[a.layout.ndim() - 1],
            b.shape()[b.layout.ndim() - 1],
        );
        let inner = b.shape()[b.layout.ndim() - 2];
        if k != inner {
            let (axis1, axis2) = (shape1.len() - 1, shape2.len().saturating_sub(2));
            let detail = format!(
                "do not fit: axis {axis1} of x1 has length {k}, axis {axis2} of x2 has length {inner}"
            );
            return Err(Error::shape(FUNCTION, &[&shape1, &shape2], detail));
        }
        let stack = broadcast_shapes(
            FUNCTION,
            &[
                &a.shape()[..a.layout.ndim() - 2],
                &b.shape()[..b.layout.ndim() - 2],
            ],
        )?;
        let with = |tail: [usize; 2]| stack.iter().copied().chain(tail).collect::<Vec<_>>();
        for matrix in [[m, k], [k, n], [m, n]] {
            needed_size(FUNCTION, &[&shape1, &shape2], &with(matrix))?;
        }
        let (shape, dtype) = (with([m, n]), a.dtype);
        let mut out = if k == 0 || size(&shape) == 0 {
            // Sums without terms, or a stack of empty matrices, which may be long.
            self.zeros(shape, dtype)?.into_data()?
        } else {
            let a = a.with_layout(a.layout.broadcast_to(&with([m, k])));
            let b = b.with_layout(b.layout.broadcast_to(&with([k, n])));
            Strided::contiguous(self.backend().matmul(&a, &b)?, &shape, dtype)
        };
        if column {
            out.layout = out.layout.select(out.layout.ndim() - 1, 0);
        }
        if row {
            out.layout = out
                .layout
                .select(out.layout.ndim() - if column { 1 } else { 2 }, 0);
        }
        Ok(Array::new(self.clone(), out))
    }

    /// The transpose of each matrix in a stack, as a view: `(…, m, n) → (…, n, m)`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.matrix_transpose.html>
    ///
    /// # Errors
    /// An array of less than two dimensions.
    pub fn matrix_transpose(&self, x: impl Into<Expr<B>>) -> Result<Array<B>> {
        let x = self.array("matrix_transpose", x)?;
        let ndim = x.layout.ndim();
        if ndim < 2 {
            return Err(Error::shape(
                "matrix_transpose",
                &[x.shape()],
                "has less than two dimensions",
            ));
        }
        let mut axes: Vec<usize> = (0..ndim).collect();
        axes.swap(ndim - 2, ndim - 1);
        Ok(view(self, &x, x.layout.permute(&axes)))
    }

    /// Sum of products over pairs of axes: the result has the other axes of x1, then those of x2.
    ///
    /// Numeric dtypes, promoted; integers wrap. `axes` is a number k (the last k axes of x1 with the first k of x2; 0 is the outer product) or
    /// a list of axes for each argument.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.tensordot.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([[1, 2], [3, 4]])?;
    /// assert_eq!(xp.tensordot(&x, &x, 2)?.item::<i32>()?, 30);
    /// assert_eq!(xp.tensordot(&x, &x, ([0], [0]))?.to_vec::<i32>()?, [10, 14, 14, 20]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Axes that do not exist or are named twice; numbers or lengths of axes that differ; dtypes that do not promote.
    pub fn tensordot(
        &self,
        x1: impl Into<Expr<B>>,
        x2: impl Into<Expr<B>>,
        axes: impl Into<Contraction>,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "tensordot";
        let [a, b] = self.two(FUNCTION, x1.into(), x2.into())?;
        let [over1, over2] = contracted(FUNCTION, &axes.into().0, &a, &b)?;
        let free = |x: &Strided<B::Storage>, over: &[usize]| {
            let axes = (0..x.layout.ndim()).filter(|k| !over.contains(k));
            axes.collect::<Vec<usize>>()
        };
        let (free1, free2) = (free(&a, &over1), free(&b, &over2));
        let length = |x: &Strided<B::Storage>, axes: &[usize]| {
            size(&axes.iter().map(|&k| x.shape()[k]).collect::<Vec<_>>())
        };
        let (m, k, n) = (length(&a, &free1), length(&a, &over1), length(&b, &free2));
        let lengths = free1.iter().map(|&k| a.shape()[k]);
        let shape: Vec<usize> = lengths.chain(free2.iter().map(|&k| b.shape()[k])).collect();
        needed_size(FUNCTION, &[a.shape(), b.shape()], &shape)?;
        let left = view(self, &a, a.layout.permute(&[free1, over1].concat()));
        let right = view(self, &b, b.layout.permute(&[over2, free2].concat()));
        let product = self.matmul(self.reshape(left, [m, k])?, self.reshape(right, [k, n])?)?;
        self.reshape(product, shape)
    }

    /// Sum of products along a common axis, counted from the end: `(…, n), (…, n) → (…)`. x1 is conjugated; the other axes broadcast.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.vecdot.html>
    ///
    /// # Errors
    /// An axis that is not negative or does not exist; lengths that differ; dtypes that do not promote.
    pub fn vecdot(
        &self,
        x1: impl Into<Expr<B>>,
        x2: impl Into<Expr<B>>,
        axis: isize,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "vecdot";
        let [a, b] = self.two(FUNCTION, x1.into(), x2.into())?;
        if axis >= 0 {
            return Err(Error::value(
                FUNCTION,
                "the axis is counted from the end: give a negative one",
            ));
        }
        let lengths =
            [&a, &b].map(|x| resolve_axis(FUNCTION, axis, x.layout.ndim()).map(|k| x.shape()[k]));
        let [n1, n2] = [lengths[0].clone()?, lengths[1].clone()?];
        if n1 != n2 {
            let detail = format!("differ along axis {axis}: {n1} and {n2}");
            return Err(Error::shape(FUNCTION, &[a.shape(), b.shape()], detail));
        }
        let dtype = a.dtype;
        let (a, b) = (Array::new(self.clone(), a), Array::new(self.clone(), b));
        let keep = crate::axis(axis).dtype(dtype);
        self.sum(self.conj(a) * b, keep)
            .map_err(|e| e.told_by(FUNCTION))
    }

    /// Converts both arguments to arrays of one numeric dtype.
    pub(crate) fn two(
        &self,
        function: &'static str,
        x1: Expr<B>,
        x2: Expr<B>,
    ) -> Result<[Strided<B::Storage>; 2]> {
        let (a, b) = (
            self.taking(function, x1, Accepts::Numeric)?,
            self.taking(function, x2, Accepts::Numeric)?,
        );
        let dtype = a
            .dtype()
            .promote(b.dtype())
            .ok_or_else(|| Error::promotion(function, a.dtype(), b.dtype()))?;
        self.check_dtype(dtype)?;
        Ok([a.cast(dtype).evaluate(self)?, b.cast(dtype).evaluate(self)?])
    }
}

/// The axes of both arguments that a contraction sums over, pair by pair.
fn contracted<S>(
    function: &'static str,
    pairs: &Pairs,
    a: &Strided<S>,
    b: &Strided<S>,
) -> Result<[Vec<usize>; 2]> {
    let (ndim1, ndim2) = (a.layout.ndim(), b.layout.ndim());
    let over = match pairs {
        Pairs::Inner(count) if *count > ndim1.min(ndim2) => {
            let detail = format!("have less than {count} axes to sum over");
            return Err(Error::shape(function, &[a.shape(), b.shape()], detail));
        }
        Pairs::Inner(count) => [(ndim1 - count..ndim1).collect(), (0..*count).collect()],
        Pairs::Named(x1, x2) if x1.len() != x2.len() => {
            let (x1, x2) = (x1.len(), x2.len());
            let detail = format!("{x1} axes of x1 do not go with {x2} of x2");
            return Err(Error::value(function, detail));
        }
        Pairs::Named(x1, x2) => {
            let named = |axes: &[isize], ndim| {
                resolve_axes(function, axes, ndim)?;
                axes.iter()
                    .map(|&k| resolve_axis(function, k, ndim))
                    .collect::<Result<Vec<usize>>>()
            };
            [named(x1, ndim1)?, named(x2, ndim2)?]
        }
    };
    for (&k, &l) in over[0].iter().zip(&over[1]) {
        let (n1, n2) = (a.shape()[k], b.shape()[l]);
        if n1 != n2 {
            let detail = format!(
                "do not fit: axis {k} of x1 has length {n1}, axis {l} of x2 has length {n2}"
            );
            return Err(Error::shape(function, &[a.shape(), b.shape()], detail));
        }
    }
    Ok(over)
}
