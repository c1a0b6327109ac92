//! Sorting functions. All are stable; -0 equals +0; NaN comes last, ascending and descending (the standard leaves both open).
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/sorting_functions.html>

use crate::{Accepts, Array, Backend, Expr, Namespace, Result, shape::resolve_axis};

impl<B: Backend> Namespace<B> {
    /// Positions that sort the elements along an axis, in the default index dtype. Ties keep their order, in descending order too.
    ///
    /// Real dtypes.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.argsort.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([2, 7, 2, 9])?;
    /// assert_eq!(xp.argsort(&x, -1, true)?.to_vec::<i64>()?, [3, 1, 0, 2]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another dtype; an axis that is not there.
    pub fn argsort(
        &self,
        x: impl Into<Expr<B>>,
        axis: isize,
        descending: bool,
    ) -> Result<Array<B>> {
        let x = self
            .taking("argsort", x.into(), Accepts::Real)?
            .evaluate(self)?;
        let axis = resolve_axis("argsort", axis, x.layout.ndim())?;
        if x.layout.size() == 0 {
            return self.zeros(x.shape(), self.index_dtype());
        }
        let storage = self.backend().argsort(&x, axis, descending)?;
        Ok(self.wrap(storage, x.shape(), self.index_dtype()))
    }

    /// The elements sorted along an axis. Real dtypes.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.sort.html>
    ///
    /// # Errors
    /// Another dtype; an axis that is not there.
    pub fn sort(&self, x: impl Into<Expr<B>>, axis: isize, descending: bool) -> Result<Array<B>> {
        let x = self
            .taking("sort", x.into(), Accepts::Real)?
            .evaluate(self)?;
        let axis = resolve_axis("sort", axis, x.layout.ndim())?;
        if x.layout.size() == 0 {
            return self.zeros(x.shape(), x.dtype);
        }
        if let Some(storage) = self.backend().sort(&x, axis, descending) {
            return Ok(self.wrap(storage?, x.shape(), x.dtype));
        }
        let order = self.backend().argsort(&x, axis, descending)?;
        let order = self
            .wrap(order, x.shape(), self.index_dtype())
            .into_data()?;
        self.gather(&x, &order, axis)
    }
}
