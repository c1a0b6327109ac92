//! Functions that the standard lacks and estimators need. A backend may implement them; this file composes them for the
//! others.

use crate::{
    Array, Axes, Backend, DType, Expr, HostBuffer, Namespace, ReduceOp, Result, Scalar,
    axes::{Keyword, Resolved},
    expr::Valid,
    statistical::range::Range,
};

impl<B: Backend> Namespace<B> {
    /// Brings the elements of several arrays to the host, as [`Array::to_host`] does for one, with one wait for the
    /// device.
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let (x, y) = (xp.asarray([1.0, 2.0])?, xp.asarray([[true], [false]])?);
    /// let values = xp.to_host_all(&[&x, &y])?;
    /// assert_eq!(values, [x.to_host()?, y.to_host()?]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An array of another device; a driver's failure, which may stem from earlier work.
    pub fn to_host_all(&self, arrays: &[&Array<B>]) -> Result<Vec<HostBuffer>> {
        let mut views = Vec::with_capacity(arrays.len());
        for array in arrays {
            array.namespace().check_same("to_host_all", self)?;
            views.push(array.data()?.clone());
        }
        self.backend().download_all(&views)
    }

    /// Whether no element of any of the arrays is NaN or infinite. Any dtypes and shapes, with one wait for the device.
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let (x, y) = (xp.asarray([[1.0, 2.0]])?, xp.asarray([f64::NAN])?);
    /// assert!(xp.all_finite(&[&x])? && !xp.all_finite(&[&x, &y])?);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An array of another device; a driver's failure, which may stem from earlier work.
    pub fn all_finite(&self, arrays: &[&Array<B>]) -> Result<bool> {
        const FUNCTION: &str = "all_finite";
        let mut flags = Vec::new();
        for array in arrays {
            let x = Expr::from(*array).on(FUNCTION, self)?;
            match x.known(self) {
                Some(values) if !values.all_finite() => return Ok(false),
                Some(_) => {}
                None if !x.dtype().is_floating() => {}
                None => flags.push(self.all(self.isfinite(*array), ..)?),
            }
        }
        let flags = self.to_host_all(&flags.iter().collect::<Vec<_>>())?;
        Ok(flags
            .iter()
            .all(|flag| flag.get(0) == Some(Scalar::Bool(true))))
    }

    /// Sum along axes of the elements that are not NaN; 0 if there are none. Real floating-point dtypes, kept. Takes
    /// `keepdims`.
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist.
    pub fn nansum(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.nan_reduce("nansum", ReduceOp::Sum, x.into(), &axis.into())
    }

    /// Largest along axes of the elements that are not NaN; NaN if all are. Real floating-point dtypes, kept. Takes
    /// `keepdims`.
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; no elements to choose from.
    pub fn nanmax(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.nan_reduce("nanmax", ReduceOp::Max, x.into(), &axis.into())
    }

    /// Smallest along axes of the elements that are not NaN; NaN if all are. Real floating-point dtypes, kept. Takes
    /// `keepdims`.
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist; no elements to choose from.
    pub fn nanmin(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.nan_reduce("nanmin", ReduceOp::Min, x.into(), &axis.into())
    }

    /// Mean along axes of the elements that are not NaN; NaN if all are. Real floating-point dtypes, kept. Takes
    /// `keepdims`.
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist.
    pub fn nanmean(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        const FUNCTION: &str = "nanmean";
        let (x, axis) = (x.into(), axis.into());
        let valid = self.taking(FUNCTION, x.clone(), crate::Accepts::RealFloating)?;
        let axes = axis.resolve(FUNCTION, &[Keyword::Keepdims], valid.ndim())?;
        let missing = self.isnan(&x);
        let filled = self.where_(&missing, 0.0, &x).on("where", self)?;
        let count = self.count_nonzero(!missing, axis.clone())?;
        let count = self.astype(count, valid.dtype()).eval()?;
        let plain = |x: &Valid<B>| {
            let x = Expr::valid(self.clone(), x.clone());
            let sum = self.nan_reduce(FUNCTION, ReduceOp::Sum, x, &axis)?;
            (sum / &count).eval()
        };
        let mended = |x: &Valid<B>| self.mended_mean(x, &axes, plain);
        let range = Range::of_terms(valid.dtype());
        match self.in_range([&valid, &filled], &axes, range, plain, mended)? {
            (mean, None) => Ok(mean),
            (mean, Some(scale)) => self.rescaled_mean(&mean, &scale),
        }
    }

    fn nan_reduce(
        &self,
        function: &'static str,
        op: ReduceOp,
        x: Expr<B>,
        axis: &Axes,
    ) -> Result<Array<B>> {
        let x = self.taking(function, x, crate::Accepts::RealFloating)?;
        let axes = axis.resolve(function, &[Keyword::Keepdims], x.ndim())?;
        if op != ReduceOp::Sum {
            crate::statistical::some_to_choose(function, &x, &axes)?;
        }
        if let Some(storage) = self.backend().nan_reduce(op, &x.program(self)?, &axes.axes) {
            return Ok(self.wrap(storage?, &axes.reduced(x.shape()), x.dtype()));
        }
        self.compose_nan_reduce(op, x, &axes)
    }

    fn compose_nan_reduce(&self, op: ReduceOp, x: Valid<B>, axes: &Resolved) -> Result<Array<B>> {
        let dtype = x.dtype();
        let neutral = match op {
            ReduceOp::Max => f64::NEG_INFINITY,
            ReduceOp::Min => f64::INFINITY,
            _ => 0.0,
        };
        let x = Expr::valid(self.clone(), x);
        let missing = self.isnan(&x);
        let filled = self.where_(&missing, neutral, x).on("where", self)?;
        let reduced = self.reduce(op, &filled, axes, dtype)?;
        if op == ReduceOp::Sum {
            return Ok(reduced);
        }
        let none = self.reduce(
            ReduceOp::All,
            &missing.on("isnan", self)?,
            axes,
            DType::Bool,
        )?;
        self.where_(none, f64::NAN, reduced).eval()
    }
}
