//! Utility functions.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/utility_functions.html>

use crate::{Array, Axes, Backend, DType, Expr, Namespace, ReduceOp, Result, axes::Keyword};

impl<B: Backend> Namespace<B> {
    /// Whether all elements along axes are true (not zero; NaN is not zero); true for none. Any dtype → `bool`. Takes `keepdims`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.all.html>
    ///
    /// # Errors
    /// An axis that is not there.
    pub fn all(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.truth("all", ReduceOp::All, x.into(), &axis.into())
    }

    /// Whether any element along axes is true (not zero; NaN is not zero); false for none. Any dtype → `bool`. Takes `keepdims`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.any.html>
    ///
    /// # Errors
    /// An axis that is not there.
    pub fn any(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        self.truth("any", ReduceOp::Any, x.into(), &axis.into())
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
