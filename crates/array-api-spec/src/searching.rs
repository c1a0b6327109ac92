//! Searching functions.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/searching_functions.html>

use crate::{
    Accepts, Array, Axes, Backend, DType, Error, Expr, Layout, Namespace, ReduceOp, Result,
    Strided, Unbounded,
    axes::Keyword,
    expr::{Valid, promote},
    statistical::some_to_choose,
};

/// Where [`Namespace::searchsorted`] puts a value among equal ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Before them.
    #[default]
    Left,
    /// After them.
    Right,
}

impl<B: Backend> Namespace<B> {
    /// Position of the first largest element along an axis, or of all elements in row-major order with `..`. The first
    /// NaN counts as largest.
    ///
    /// Real dtypes → the default index dtype. Takes `keepdims`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.argmax.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist, or several; no elements to choose from.
    pub fn argmax(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.argument("argmax", ReduceOp::Argmax, x.into(), &axis.into())
    }

    /// Position of the first smallest element, otherwise as [`argmax`](Self::argmax). The first NaN counts as smallest.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.argmin.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist, or several; no elements to choose from.
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
    /// An axis that does not exist.
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
        if x.ndim() == 1 {
            return Ok(vec![positions]);
        }
        let mut stride = x.size();
        let mut indices = Vec::with_capacity(x.ndim());
        for &n in x.shape() {
            stride /= n.max(1);
            // The lengths of an array without elements may exceed the index dtype's range, and there are no positions
            // to divide.
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
    /// Where to insert values into a sorted array so that it stays sorted: `x1 (n,), x2 (…) → (…)`, positions in `0..=n` of the default index dtype.
    ///
    /// Real dtypes, promoted; x2 may be a scalar. The order is that of [`sort`](Self::sort): NaN comes last. With a `sorter` x1 need not be sorted:
    /// `take(x1, sorter)` is.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.searchsorted.html>
    ///
    /// ```
    /// use array_api_spec::{Side, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([1, 3, 3, 5])?;
    /// let values = xp.asarray([3, 9])?;
    /// assert_eq!(xp.searchsorted(&x, &values, Side::Left, None)?.to_vec::<i64>()?, [1, 4]);
    /// assert_eq!(xp.searchsorted(&x, &values, Side::Right, None)?.to_vec::<i64>()?, [3, 4]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Other dtypes, or ones that do not promote; x1 or a sorter that is not 1-dimensional; a sorter that does not fit x1.
    pub fn searchsorted(
        &self,
        x1: impl Into<Expr<B>>,
        x2: impl Into<Expr<B>>,
        side: Side,
        sorter: Option<&Array<B>>,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "searchsorted";
        let x1 = self.taking(FUNCTION, x1.into(), Accepts::Real)?;
        let &[n] = x1.shape() else {
            return Err(Error::shape(
                FUNCTION,
                &[x1.shape()],
                "of x1 is not 1-dimensional",
            ));
        };
        let x1 = match sorter {
            None => Expr::valid(self.clone(), x1),
            Some(sorter) if sorter.shape() == [n] => {
                let sorted = self.take(Expr::valid(self.clone(), x1), sorter, Some(0));
                sorted.map_err(|e| e.told_by(FUNCTION))?.into()
            }
            Some(sorter) => {
                return Err(Error::shape(
                    FUNCTION,
                    &[&[n], sorter.shape()],
                    "differ: the sorter needs one position for each element of x1",
                ));
            }
        };
        let (_, x1, x2) = promote(FUNCTION, x1, x2.into().checked_on(FUNCTION, self))?;
        if !Accepts::Real.contains(x2.dtype()) {
            return Err(Error::dtype(FUNCTION, &[x2.dtype()], Accepts::Real.words()));
        }
        let sorted = x1.evaluate(self)?;
        let values = Array::new(self.clone(), x2.evaluate(self)?);
        self.binary_search(&sorted, &values, side)
    }

    /// `searchsorted` for checked arguments.
    ///
    /// All values are searched together: each position `at` advances by ever smaller powers of two, as long as the
    /// elements before it still belong before the value.
    pub(crate) fn binary_search(
        &self,
        sorted: &Strided<B::Storage>,
        values: &Array<B>,
        side: Side,
    ) -> Result<Array<B>> {
        let n = sorted.shape()[0];
        let flat = self.reshape(values, [values.size()])?;
        let mut at = self.zeros([values.size()], self.index_dtype())?;
        if n == 0 {
            return self.reshape(at, values.shape());
        }
        let has_nan = sorted.dtype.is_floating();
        // NaN is larger than everything but NaN.
        let less = |a: &Array<B>, b: &Array<B>| {
            let less = self.less(a, b);
            if has_nan {
                less | (self.isnan(b) & self.logical_not(self.isnan(a)))
            } else {
                less
            }
        };
        let mut step = 1 << n.ilog2();
        while step > 0 {
            let next = &at + step;
            let last = self.clip(&next - 1, Unbounded, n - 1).eval()?.into_data()?;
            let element = self.gather(sorted, &last, 0)?;
            let before = match side {
                Side::Left => less(&element, &flat),
                Side::Right => self.logical_not(less(&flat, &element)),
            };
            let moves = self.less_equal(&next, n) & before;
            at = self.where_(moves, next, &at).eval()?;
            step /= 2;
        }
        self.reshape(at, values.shape())
    }
}
