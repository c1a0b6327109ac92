//! Statistical functions.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/statistical_functions.html>

pub(crate) mod range;

use crate::{
    Accepts, Array, Axes, Backend, DType, Error, Expr, Kind, Namespace, ReduceOp, Result, ScanOp,
    axes::{Keyword, Resolved},
    expr::Valid,
    shape::needed_size,
};

impl<B: Backend> Namespace<B> {
    /// Sum of the elements along axes; 0 for none. `(…, n, …) → (…)`, or with `keepdims` `(…, 1, …)`.
    ///
    /// Numeric dtypes. Signed integers narrower than the default integer dtype are summed in that, unsigned ones in the
    /// unsigned dtype of the same width. Integers wrap. Floating-point dtypes are kept. Takes `keepdims` and `dtype`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.sum.html>
    ///
    /// ```
    /// use array_api_spec::{axis, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(xp.sum(&x, ..)?.item::<f64>()?, 10.0);
    /// assert_eq!(xp.sum(&x * &x, axis(0).keepdims())?.to_vec::<f64>()?, [10.0, 20.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// `bool`; an axis that does not exist.
    pub fn sum(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.accumulate("sum", ReduceOp::Sum, x.into(), &axis.into())
    }

    /// Product of the elements along axes; 1 for none. Shapes, dtypes and keywords as [`sum`](Self::sum).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.prod.html>
    ///
    /// # Errors
    /// `bool`; an axis that does not exist.
    pub fn prod(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.accumulate("prod", ReduceOp::Prod, x.into(), &axis.into())
    }

    /// Arithmetic mean along axes; NaN for no elements. Floating-point dtypes, kept. Takes `keepdims`.
    ///
    /// The mean of finite numbers is finite, even if their sum overflows.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.mean.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist.
    pub fn mean(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        let x = self.taking("mean", x.into(), Accepts::Floating)?;
        let axes = axis
            .into()
            .resolve("mean", &[Keyword::Keepdims], x.ndim())?;
        self.mean_of(&x, &axes)
    }

    /// Largest element along axes; NaN if there is one. Real dtypes, kept. Takes `keepdims`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.max.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; no elements to choose from.
    pub fn max(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.extreme("max", ReduceOp::Max, x.into(), &axis.into())
    }

    /// Smallest element along axes; NaN if there is one. Real dtypes, kept. Takes `keepdims`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.min.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; no elements to choose from.
    pub fn min(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.extreme("min", ReduceOp::Min, x.into(), &axis.into())
    }

    /// Variance along axes: the sum of squared distances from the mean, divided by `count - correction`; NaN if that is
    /// not positive.
    ///
    /// The result is right even if squares would overflow or underflow on the way.
    ///
    /// Real floating-point dtypes, kept. Takes `keepdims` and `correction` (0, a population, by default).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.var.html>
    ///
    /// ```
    /// use array_api_spec::{axis, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([1.0, 2.0, 3.0])?;
    /// assert_eq!(xp.var(&x, axis(0).correction(1.0))?.item::<f64>()?, 1.0);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist.
    pub fn var(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.variance("var", x.into(), &axis.into(), false)
    }

    /// Standard deviation along axes: the square root of [`var`](Self::var), with the same arguments.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.std.html>
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist.
    pub fn std(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.variance("std", x.into(), &axis.into(), true)
    }

    fn variance(
        &self,
        function: &'static str,
        x: Expr<B>,
        axis: &Axes,
        root: bool,
    ) -> Result<Array<B>> {
        let x = self.taking(function, x, Accepts::RealFloating)?;
        let axes = axis.resolve(
            function,
            &[Keyword::Keepdims, Keyword::Correction],
            x.ndim(),
        )?;
        self.variance_of(function, &x, &axes, root)
    }

    /// Running sum along an axis, which may be left open (`..`) for a 1-dimensional array only. Same shape, or with
    /// `include_initial` one longer, starting with 0.
    ///
    /// Dtypes as [`sum`](Self::sum). Takes `dtype` and `include_initial`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.cumulative_sum.html>
    ///
    /// # Errors
    /// `bool`; an axis that does not exist or, for other ranks than 1, not named.
    pub fn cumulative_sum(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.scan("cumulative_sum", ScanOp::Sum, x.into(), &axis.into())
    }

    /// Running product along an axis; starts with 1 where `include_initial` is given. Otherwise as [`cumulative_sum`](Self::cumulative_sum).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.cumulative_prod.html>
    ///
    /// # Errors
    /// `bool`; an axis that does not exist or, for other ranks than 1, not named.
    pub fn cumulative_prod(
        &self,
        x: impl Into<Expr<B>>,
        axis: impl Into<Axes>,
    ) -> Result<Array<B>> {
        self.scan("cumulative_prod", ScanOp::Prod, x.into(), &axis.into())
    }

    fn scan(
        &self,
        function: &'static str,
        op: ScanOp,
        x: Expr<B>,
        axis: &Axes,
    ) -> Result<Array<B>> {
        let x = self.taking(function, x, Accepts::Numeric)?;
        let axes = axis.resolve(
            function,
            &[Keyword::DType, Keyword::IncludeInitial],
            x.ndim(),
        )?;
        let axis = axes.needed(function, x.ndim())?;
        let dtype = self.accumulator(function, x.dtype(), axes.dtype)?;
        let x = x.cast(dtype);
        let mut shape = x.shape().to_vec();
        shape[axis] = shape[axis].saturating_add(axes.initial.length());
        if needed_size(function, &[x.shape()], &shape)? == 0 {
            return self.zeros(shape, dtype);
        }
        let storage = self
            .backend()
            .scan(op, &x.program(self)?, axis, axes.initial)?;
        Ok(self.wrap(storage, &shape, dtype))
    }

    fn accumulate(
        &self,
        function: &'static str,
        op: ReduceOp,
        x: Expr<B>,
        axis: &Axes,
    ) -> Result<Array<B>> {
        let x = self.taking(function, x, Accepts::Numeric)?;
        let axes = axis.resolve(function, &[Keyword::Keepdims, Keyword::DType], x.ndim())?;
        let dtype = self.accumulator(function, x.dtype(), axes.dtype)?;
        self.reduce(op, &x.cast(dtype), &axes, dtype)
    }

    fn extreme(
        &self,
        function: &'static str,
        op: ReduceOp,
        x: Expr<B>,
        axis: &Axes,
    ) -> Result<Array<B>> {
        let x = self.taking(function, x, Accepts::Real)?;
        let axes = axis.resolve(function, &[Keyword::Keepdims], x.ndim())?;
        some_to_choose(function, &x, &axes)?;
        self.reduce(op, &x, &axes, x.dtype())
    }

    /// The dtype in which `sum` and similar functions compute.
    fn accumulator(
        &self,
        function: &'static str,
        input: DType,
        asked: Option<DType>,
    ) -> Result<DType> {
        if let Some(dtype) = asked {
            if !dtype.is_numeric() || (input.is_complex() && !dtype.is_complex()) {
                return Err(Error::dtype(
                    function,
                    &[input, dtype],
                    "a numeric `dtype` that is complex if x is",
                ));
            }
            self.check_dtype(dtype)?;
            return Ok(dtype);
        }
        let default = self.info().default_dtypes().integral;
        let wider = |wide: DType| {
            if input.size() < wide.size() {
                wide
            } else {
                input
            }
        };
        Ok(match input.kind() {
            Kind::SignedInteger => wider(default),
            Kind::UnsignedInteger => wider(if default == DType::Int64 {
                DType::UInt64
            } else {
                DType::UInt32
            }),
            _ => input,
        })
    }

    /// Checks that the argument is of this namespace and of a dtype that the function takes.
    pub(crate) fn taking(
        &self,
        function: &'static str,
        x: Expr<B>,
        accepts: Accepts,
    ) -> Result<Valid<B>> {
        let x = x.on(function, self)?;
        if accepts.contains(x.dtype()) {
            Ok(x)
        } else {
            Err(Error::dtype(function, &[x.dtype()], accepts.words()))
        }
    }
}

/// An error if there are no elements: `max`, `argmax` and similar functions have no result then.
pub(crate) fn some_to_choose<B: Backend>(
    function: &'static str,
    x: &Valid<B>,
    axes: &Resolved,
) -> Result<()> {
    if axes.count(x.shape()) == 0 {
        return Err(Error::shape(
            function,
            &[x.shape()],
            "has no elements to choose from along the axes asked for",
        ));
    }
    Ok(())
}
