//! Sorting functions. All are stable; -0 equals +0; NaN comes last, ascending and descending (the standard leaves both open).
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/sorting_functions.html>

use crate::{
    Accepts, Array, Axes, Backend, Expr, Namespace, Result, Strided, axes::Keyword, backend::Order,
};

impl<B: Backend> Namespace<B> {
    /// Positions that sort the elements along an axis, in the default index dtype. Ties keep their order, in descending order too.
    ///
    /// Real dtypes. Takes [`descending`](Axes::descending); only a 1-dimensional array may leave the axis open (`..`). The standard's default is the last axis, -1.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.argsort.html>
    ///
    /// ```
    /// use array_api_spec::{axis, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([2, 7, 2, 9])?;
    /// assert_eq!(xp.argsort(&x, -1)?.to_vec::<i64>()?, [0, 2, 1, 3]);
    /// assert_eq!(xp.argsort(&x, axis(-1).descending())?.to_vec::<i64>()?, [3, 1, 0, 2]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist.
    pub fn argsort(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        let (x, axis, order) = self.sortable("argsort", x.into(), &axis.into())?;
        if x.layout.size() == 0 {
            return self.zeros(x.shape(), self.index_dtype());
        }
        let storage = self.backend().argsort(&x, axis, order)?;
        Ok(self.wrap(storage, x.shape(), self.index_dtype()))
    }

    /// The elements sorted along an axis. Real dtypes; the axis as in [`argsort`](Self::argsort).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.sort.html>
    ///
    /// ```
    /// use array_api_spec::{axis, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([[3, 1], [2, 4]])?;
    /// assert_eq!(xp.sort(&x, -1)?.to_vec::<i32>()?, [1, 3, 2, 4]);
    /// assert_eq!(xp.sort(&x, axis(0).descending())?.to_vec::<i32>()?, [3, 4, 2, 1]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Another dtype; an axis that does not exist.
    pub fn sort(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        let (x, axis, order) = self.sortable("sort", x.into(), &axis.into())?;
        if x.layout.size() == 0 {
            return self.zeros(x.shape(), x.dtype);
        }
        if let Some(storage) = self.backend().sort(&x, axis, order) {
            return Ok(self.wrap(storage?, x.shape(), x.dtype));
        }
        let positions = self.backend().argsort(&x, axis, order)?;
        let positions = self
            .wrap(positions, x.shape(), self.index_dtype())
            .into_data()?;
        self.gather(&x, &positions, axis)
    }

    fn sortable(
        &self,
        function: &'static str,
        x: Expr<B>,
        axis: &Axes,
    ) -> Result<(Strided<B::Storage>, usize, Order)> {
        let x = self.taking(function, x, Accepts::Real)?;
        let axes = axis.resolve(function, &[Keyword::Descending], x.ndim())?;
        let axis = axes.needed(function, x.ndim())?;
        Ok((x.evaluate(self)?, axis, axes.order))
    }
}
