//! Elements at positions: `take`, `take_along_axis`, and `take_clipped`, which needs no wait for the device.

use crate::{
    Array, Backend, Error, Expr, HostBuffer, Namespace, Result, Scalar, Strided, can_cast,
    expr::Valid,
    shape::{broadcast_shapes, needed_size, resolve_axis},
};

impl<B: Backend> Namespace<B> {
    /// Elements at integer positions along an axis: `x (…, n, …), indices (m,) → (…, m, …)`. Negative positions count from the end.
    ///
    /// An axis may be left out (`None`) for 1-dimensional x only.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.take.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([10.0, 20.0, 30.0])?;
    /// assert_eq!(xp.take(&x, &xp.asarray([2, 0, -1])?, Some(0))?.to_vec::<f64>()?, [30.0, 10.0, 30.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Indices that are not integers, not 1-dimensional or out of range; an axis that does not exist.
    pub fn take(
        &self,
        x: impl Into<Expr<B>>,
        indices: impl Into<Expr<B>>,
        axis: Option<isize>,
    ) -> Result<Array<B>> {
        self.taken(
            "take",
            x.into(),
            indices.into(),
            axis,
            Self::checked_indices,
        )
    }

    /// [`take`](Self::take), except that a position beyond an end of the axis counts as that end.
    ///
    /// Negative positions count from the end first: along an axis of length 3, -4 counts as 0 and 5 as 2. No position
    /// is out of range, so nothing is checked, and the host does not wait for the device. For positions that are known
    /// to be in range, such as those of `argsort` and `argmax`, this is `take` without the wait.
    ///
    /// Source: `mode="clip"` of <https://numpy.org/doc/2.4/reference/generated/numpy.take.html>, which takes negative positions as 0.
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([10.0, 20.0, 30.0])?;
    /// assert_eq!(xp.take_clipped(&x, &xp.asarray([2, -1, 5, -4])?, Some(0))?.to_vec::<f64>()?, [30.0, 30.0, 30.0, 10.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Indices that are not integers or not 1-dimensional; an axis that does not exist, or one of length 0 that
    /// positions are taken from.
    pub fn take_clipped(
        &self,
        x: impl Into<Expr<B>>,
        indices: impl Into<Expr<B>>,
        axis: Option<isize>,
    ) -> Result<Array<B>> {
        self.taken(
            "take_clipped",
            x.into(),
            indices.into(),
            axis,
            Self::clipped_indices,
        )
    }

    fn taken(
        &self,
        function: &'static str,
        x: Expr<B>,
        indices: Expr<B>,
        axis: Option<isize>,
        within: impl Fn(&Self, &'static str, Valid<B>, usize) -> Result<Strided<B::Storage>>,
    ) -> Result<Array<B>> {
        let x = self.array(function, x)?;
        let axis = match axis {
            Some(axis) => resolve_axis(function, axis, x.layout.ndim())?,
            None if x.layout.ndim() == 1 => 0,
            None => {
                return Err(Error::shape(
                    function,
                    &[x.shape()],
                    "is not 1-dimensional; name an axis",
                ));
            }
        };
        let indices = indices.on(function, self)?;
        if indices.ndim() != 1 {
            return Err(Error::shape(
                function,
                &[indices.shape()],
                "of the indices is not 1-dimensional",
            ));
        }
        if !indices.dtype().is_integer() {
            return Err(Error::dtype(
                function,
                &[indices.dtype()],
                "indices of integer dtypes",
            ));
        }
        taken_size(function, &x, indices.shape(), axis)?;
        let indices = within(self, function, indices, x.shape()[axis])?;
        self.take_known(function, &x, &indices, axis)
    }

    /// `take` for 1-dimensional indices of the index dtype that are known to be in range.
    pub(crate) fn take_known(
        &self,
        function: &'static str,
        x: &Strided<B::Storage>,
        indices: &Strided<B::Storage>,
        axis: usize,
    ) -> Result<Array<B>> {
        let (shape, size) = taken_size(function, x, indices.shape(), axis)?;
        if size == 0 {
            return self.zeros(shape, x.dtype);
        }
        if let Some(storage) = self.backend().take(x, indices, axis) {
            return Ok(self.wrap(storage?, &shape, x.dtype));
        }
        self.gather(x, &broadcast_along(indices, &shape, axis), axis)
    }

    /// Elements at positions along an axis, one position for each result: `x (…, n, …), indices (…, m, …) → (…, m, …)`. The other axes broadcast.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.take_along_axis.html>
    ///
    /// # Errors
    /// Indices that are not integers or out of range; ranks that differ; other axes that do not broadcast; an axis that
    /// does not exist.
    pub fn take_along_axis(
        &self,
        x: impl Into<Expr<B>>,
        indices: impl Into<Expr<B>>,
        axis: isize,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "take_along_axis";
        let x = self.array(FUNCTION, x)?;
        let indices = indices.into().on(FUNCTION, self)?;
        let axis = resolve_axis(FUNCTION, axis, x.layout.ndim())?;
        if indices.ndim() != x.layout.ndim() {
            return Err(Error::shape(
                FUNCTION,
                &[x.shape(), indices.shape()],
                "differ in rank",
            ));
        }
        let with = |shape: &[usize], n: usize| {
            let mut shape = shape.to_vec();
            shape[axis] = n;
            shape
        };
        if !indices.dtype().is_integer() {
            return Err(Error::dtype(
                FUNCTION,
                &[indices.dtype()],
                "indices of integer dtypes",
            ));
        }
        let (n, m) = (x.shape()[axis], indices.shape()[axis]);
        let common = broadcast_shapes(FUNCTION, &[&with(x.shape(), 1), &with(indices.shape(), 1)])?;
        for shape in [with(&common, n), with(&common, m)] {
            needed_size(FUNCTION, &[x.shape(), indices.shape()], &shape)?;
        }
        let indices = self.checked_indices(FUNCTION, indices, n)?;
        let indices = indices.with_layout(indices.layout.broadcast_to(&with(&common, m)));
        let x = x.with_layout(x.layout.broadcast_to(&with(&common, n)));
        self.gather(&x, &indices, axis)
    }

    /// `take_along_axis` for indices that are known to be in range.
    pub(crate) fn gather(
        &self,
        x: &Strided<B::Storage>,
        indices: &Strided<B::Storage>,
        axis: usize,
    ) -> Result<Array<B>> {
        let storage = self.backend().gather(x, indices, axis)?;
        Ok(self.wrap(storage, indices.shape(), x.dtype))
    }

    /// Checks that indices are within `-n..n`, and converts them to the index dtype.
    pub(crate) fn checked_indices(
        &self,
        function: &'static str,
        indices: Valid<B>,
        n: usize,
    ) -> Result<Strided<B::Storage>> {
        let dtype = self.index_dtype();
        let wrong = || {
            let detail = format!("an index is out of range for an axis of length {n}");
            Error::index(function, detail)
        };
        if let Some(values) = indices.known(self) {
            return if are_within(&values, n) {
                indices.cast(dtype).evaluate(self)
            } else {
                Err(wrong())
            };
        }
        // The check is in the indices' own dtype: values that do not fit the index dtype could wrap into the range.
        let own = indices.dtype();
        if !can_cast(own, dtype) {
            let i = Expr::valid(self.clone(), indices.clone());
            if self.any(self.greater_equal(i, n), ..)?.item()? {
                return Err(wrong());
            }
        }
        let indices = indices.cast(dtype).evaluate(self)?;
        // If the index dtype cannot represent the length, none of its values is out of range.
        let (_, most) = dtype.integer_range().unwrap_or_default();
        let i = || Array::new(self.clone(), indices.clone());
        let beyond = || self.less(i(), -(n as isize)) | self.greater_equal(i(), n);
        if n as i128 <= most && self.any(beyond(), ..)?.item()? {
            return Err(wrong());
        }
        Ok(indices)
    }

    /// Clamps indices to the axis, and converts them to the index dtype.
    fn clipped_indices(
        &self,
        function: &'static str,
        indices: Valid<B>,
        n: usize,
    ) -> Result<Strided<B::Storage>> {
        let dtype = self.index_dtype();
        if indices.size() == 0 {
            return indices.cast(dtype).evaluate(self);
        }
        if n == 0 {
            let detail = "an axis of length 0 has no elements to take";
            return Err(Error::index(function, detail));
        }
        // A bound that the indices' own dtype, or the index dtype, cannot represent has no effect.
        let ranges = [indices.dtype(), dtype].map(|d| d.integer_range().unwrap_or_default());
        let (low, high) = ranges.into_iter().fold(
            (-(n as i128), n as i128 - 1),
            |(low, high), (least, most)| (low.max(least), high.min(most)),
        );
        let clipped = self.clip(
            Expr::valid(self.clone(), indices),
            Scalar::Int(low),
            Scalar::Int(high),
        );
        clipped.on(function, self)?.cast(dtype).evaluate(self)
    }
}

/// The shape of the elements taken along an axis, and their number.
fn taken_size<S>(
    function: &'static str,
    x: &Strided<S>,
    indices: &[usize],
    axis: usize,
) -> Result<(Vec<usize>, usize)> {
    let mut shape = x.shape().to_vec();
    shape[axis] = indices[0];
    let size = needed_size(function, &[x.shape(), indices], &shape)?;
    Ok((shape, size))
}

/// Whether all of these integers are in `-n..n`.
fn are_within(values: &HostBuffer, n: usize) -> bool {
    let range = -(n as i128)..n as i128;
    (0..values.len())
        .filter_map(|at| values.get(at))
        .all(|value| matches!(value, Scalar::Int(i) if range.contains(&i)))
}

/// A 1-dimensional array of positions, the same for all other axes of `shape`.
pub(super) fn broadcast_along<S: Clone>(
    positions: &Strided<S>,
    shape: &[usize],
    axis: usize,
) -> Strided<S> {
    let column =
        (axis + 1..shape.len()).fold(positions.layout.clone(), |l, _| l.insert_axis(l.ndim()));
    positions.with_layout(column.broadcast_to(shape))
}
