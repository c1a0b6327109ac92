//! Utility functions.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/utility_functions.html>

use crate::{
    Accepts, Array, Axes, Backend, DType, Expr, Namespace, ReduceOp, Result, axes::Keyword,
    expr::view, shape::resolve_axis,
};

impl<B: Backend> Namespace<B> {
    /// Whether all elements along axes are true (not zero; NaN is not zero); true for none. Any dtype → `bool`. Takes `keepdims`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.all.html>
    ///
    /// # Errors
    /// An axis that does not exist.
    pub fn all(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.truth("all", ReduceOp::All, x.into(), &axis.into())
    }

    /// Whether any element along axes is true (not zero; NaN is not zero); false for none. Any dtype → `bool`. Takes `keepdims`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.any.html>
    ///
    /// # Errors
    /// An axis that does not exist.
    pub fn any(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.truth("any", ReduceOp::Any, x.into(), &axis.into())
    }

    /// The n-th differences of neighbours along an axis: `(…, m, …) → (…, m - n, …)`. Numeric dtypes, kept; integers
    /// wrap.
    ///
    /// `prepend` and `append` are joined to x first; they must have x's lengths on the other axes.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.diff.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([1, 4, 9, 16])?;
    /// assert_eq!(xp.diff(&x, -1, 1, None, None)?.to_vec::<i32>()?, [3, 5, 7]);
    /// assert_eq!(xp.diff(&x, -1, 2, None, None)?.to_vec::<i32>()?, [2, 2]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// `bool`; an axis that does not exist; arrays that cannot be joined.
    pub fn diff(
        &self,
        x: impl Into<Expr<B>>,
        axis: isize,
        n: usize,
        prepend: Option<&Array<B>>,
        append: Option<&Array<B>>,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "diff";
        let x = self.taking(FUNCTION, x.into(), Accepts::Numeric)?;
        let axis = resolve_axis(FUNCTION, axis, x.ndim())?;
        let mut x = Array::new(self.clone(), x.evaluate(self)?);
        if prepend.is_some() || append.is_some() {
            let parts: Vec<&Array<B>> = [prepend, Some(&x), append].into_iter().flatten().collect();
            x = self
                .concat(&parts, Some(axis as isize))
                .map_err(|e| e.told_by(FUNCTION))?;
        }
        if x.size() == 0 {
            // Without elements, both the length and `n` may be huge, so this does not loop.
            let mut shape = x.shape().to_vec();
            shape[axis] = shape[axis].saturating_sub(n);
            return self.zeros(shape, x.dtype());
        }
        for _ in 0..n.min(x.shape()[axis]) {
            let data = x.data()?;
            let length = x.shape()[axis].saturating_sub(1);
            let [first, last] = [0, x.shape()[axis] - length]
                .map(|start| view(self, data, data.layout.slice(axis, start, length, 1)));
            x = (last - first).eval()?;
        }
        Ok(x)
    }

    fn truth(
        &self,
        function: &'static str,
        op: ReduceOp,
        x: Expr<B>,
        axis: &Axes,
    ) -> Result<Array<B>> {
        let x = x.on(function, self)?;
        let axes = axis.resolve(function, &[Keyword::Keepdims], x.ndim())?;
        self.reduce(op, &x.cast(DType::Bool), &axes, DType::Bool)
    }
}
