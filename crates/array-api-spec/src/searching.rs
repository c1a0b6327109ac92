//! Searching functions.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/searching_functions.html>

use crate::{
    Accepts, Array, Axes, Backend, DType, Error, Expr, Layout, Namespace, ReduceOp, Result,
    Strided, axes::Keyword, expr::Valid, statistical::some_to_choose,
};

impl<B: Backend> Namespace<B> {
    /// Position of the first largest element along an axis, or in row-major order with `..`. The first NaN counts as largest.
    ///
    /// Real dtypes → the default index dtype. Takes `keepdims`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.argmax.html>
    ///
    /// # Errors
    /// Another dtype; an axis that is not there, or several; no elements to choose from.
    pub fn argmax(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.argument("argmax", ReduceOp::Argmax, x.into(), &axis.into())
    }

    /// Position of the first smallest element, otherwise as [`argmax`](Self::argmax). The first NaN counts as smallest.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.argmin.html>
    ///
    /// # Errors
    /// Another dtype; an axis that is not there, or several; no elements to choose from.
    pub fn argmin(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.argument("argmin", ReduceOp::Argmin, x.into(), &axis.into())
    }

    fn argument(
        &self,
        function: &'static str,
        op: ReduceOp,
        x: Expr<B>,
        axis: &Axes,
    ) -> Result<Array<B>> {
        let x = self.taking(function, x, Accepts::Real)?;
        let axes = axis.resolve(function, &[Keyword::Keepdims], x.ndim())?;
        axes.single(function)?;
        some_to_choose(function, &x, &axes)?;
        self.reduce(op, &x, &axes, self.index_dtype())
    }

    /// How many elements along axes are not zero (or true), in the default index dtype. NaN is not zero. Takes `keepdims`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.count_nonzero.html>
    ///
    /// # Errors
    /// An axis that is not there.
    pub fn count_nonzero(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        let x = x.into().on("count_nonzero", self)?;
        let axes = axis
            .into()
            .resolve("count_nonzero", &[Keyword::Keepdims], x.ndim())?;
        let dtype = self.index_dtype();
        self.reduce(
            ReduceOp::Sum,
            &x.cast(DType::Bool).cast(dtype),
            &axes,
            dtype,
        )
    }

    /// The indices of the elements that are not zero: one array `(count,)` an axis, in row-major order, of the default index dtype.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.nonzero.html>
    ///
    /// # Errors
    /// A 0-dimensional array.
    pub fn nonzero(&self, x: impl Into<Expr<B>>) -> Result<Vec<Array<B>>> {
        let x = x.into().on("nonzero", self)?;
        if x.ndim() == 0 {
            return Err(Error::shape(
                "nonzero",
                &[x.shape()],
                "has no axes to give indices for; reshape it to (1,)",
            ));
        }
        let positions = self.flat_nonzero(&x)?;
        let mut stride = x.size();
        let mut indices = Vec::with_capacity(x.ndim());
        for &n in x.shape() {
            stride /= n.max(1);
            // The lengths of a zero-size array may exceed the index dtype's range, and there is nothing to divide.
            indices.push(if positions.size() == 0 {
                positions.clone()
            } else {
                self.remainder(self.floor_divide(&positions, stride), n)
                    .eval()?
            });
        }
        Ok(indices)
    }

    /// Row-major positions of the elements that are not zero.
    pub(crate) fn flat_nonzero(&self, x: &Valid<B>) -> Result<Array<B>> {
        let program = x.clone().cast(DType::Bool).program(self)?;
        let (storage, count) = self.backend().nonzero(&program)?;
        let data = Strided {
            storage,
            layout: Layout::contiguous(&[count]),
            dtype: self.index_dtype(),
        };
        Ok(Array::new(self.clone(), data))
    }

    /// `x1` where the condition is true, `x2` elsewhere, as an expression. All three broadcast; one of the two may be a scalar.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.where.html>
    ///
    /// # Errors
    /// At the next `?`: a condition that is not `bool`; dtypes that do not promote; shapes that do not broadcast; two scalars.
    pub fn where_(
        &self,
        condition: impl Into<Expr<B>>,
        x1: impl Into<Expr<B>>,
        x2: impl Into<Expr<B>>,
    ) -> Expr<B> {
        let own = |x: Expr<B>| x.checked_on("where", self);
        Expr::select(
            "where",
            own(condition.into()),
            own(x1.into()),
            own(x2.into()),
        )
    }
}
