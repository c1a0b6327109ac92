//! Manipulation functions. Those that only move axes are views: they copy nothing.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/manipulation_functions.html>

use crate::{
    Array, Axes, Backend, DType, Error, Expr, IntoShape, Layout, Namespace, Program, Result,
    Scalar, Side, Strided,
    expr::{Valid, view},
    shape::{broadcast_shapes, checked_size, needed_size, resolve_axes, resolve_axis},
};

/// How often [`Namespace::repeat`] repeats: a number for all elements, or an integer array with one for each.
#[derive(Clone, Debug)]
pub struct Repeats<B: Backend>(Count<B>);

#[derive(Clone, Debug)]
enum Count<B: Backend> {
    Same(usize),
    Each(Array<B>),
}

impl<B: Backend> From<usize> for Repeats<B> {
    fn from(count: usize) -> Self {
        Self(Count::Same(count))
    }
}

impl<B: Backend> From<&Array<B>> for Repeats<B> {
    fn from(counts: &Array<B>) -> Self {
        counts.clone().into()
    }
}

impl<B: Backend> From<Array<B>> for Repeats<B> {
    fn from(counts: Array<B>) -> Self {
        Self(Count::Each(counts))
    }
}

impl<B: Backend> Namespace<B> {
    /// The array broadcast to a larger shape, as a view.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.broadcast_to.html>
    ///
    /// # Errors
    /// A shape that the array does not broadcast to.
    pub fn broadcast_to(&self, x: impl Into<Expr<B>>, shape: impl IntoShape) -> Result<Array<B>> {
        const FUNCTION: &str = "broadcast_to";
        let (x, shape) = (self.array(FUNCTION, x)?, shape.into_shape());
        if broadcast_shapes(FUNCTION, &[x.shape(), &shape])?.as_slice() != shape {
            return Err(Error::shape(
                FUNCTION,
                &[x.shape(), &shape],
                "do not fit: the first does not broadcast to the second",
            ));
        }
        Ok(view(self, &x, x.layout.broadcast_to(&shape)))
    }

    /// Arrays broadcast to their common shape, as views.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.broadcast_arrays.html>
    ///
    /// # Errors
    /// Shapes that do not broadcast together, or to more elements than memory holds.
    pub fn broadcast_arrays(&self, arrays: &[&Array<B>]) -> Result<Vec<Array<B>>> {
        let shapes: Vec<&[usize]> = arrays.iter().map(|a| a.shape()).collect();
        let shape = broadcast_shapes("broadcast_arrays", &shapes)?;
        arrays
            .iter()
            .map(|a| self.broadcast_to(*a, shape.as_slice()))
            .collect()
    }

    /// Joins arrays along an existing axis: `(…, n₁, …), (…, n₂, …) → (…, n₁ + n₂, …)`. Dtypes promote.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.concat.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let (a, b) = (xp.asarray([[1, 2]])?, xp.asarray([[3, 4]])?);
    /// assert_eq!(xp.concat(&[&a, &b], Some(0))?.to_vec::<i32>()?, [1, 2, 3, 4]);
    /// assert_eq!(xp.concat(&[&a, &b], Some(1))?.shape(), [1, 4]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// No arrays; ranks or lengths of other axes that differ; an axis that does not exist; more elements than memory
    /// holds. With no axis (`None`) arrays are flattened first.
    pub fn concat(&self, arrays: &[&Array<B>], axis: Option<isize>) -> Result<Array<B>> {
        const FUNCTION: &str = "concat";
        let Some(axis) = axis else {
            let flat = arrays
                .iter()
                .map(|a| self.reshape(*a, [a.size()]))
                .collect::<Result<Vec<_>>>()?;
            return self.concat(&flat.iter().collect::<Vec<_>>(), Some(0));
        };
        let first = arrays
            .first()
            .ok_or_else(|| Error::value(FUNCTION, "needs at least one array"))?;
        let dtype = arrays[1..].iter().try_fold(first.dtype(), |d, a| {
            d.promote(a.dtype())
                .ok_or_else(|| Error::promotion(FUNCTION, d, a.dtype()))
        })?;
        let axis = resolve_axis(FUNCTION, axis, first.ndim())?;
        let mut shape = first.shape().to_vec();
        shape[axis] = 0;
        for array in arrays {
            let same = |k: usize, n: &usize| k == axis || array.shape()[k] == *n;
            if array.ndim() != shape.len() || !shape.iter().enumerate().all(|(k, n)| same(k, n)) {
                let detail =
                    format!("differ elsewhere than along axis {axis}, along which they are joined");
                return Err(Error::shape(
                    FUNCTION,
                    &[first.shape(), array.shape()],
                    detail,
                ));
            }
            // A sum that saturates is refused below, as any other that is too large.
            shape[axis] = shape[axis].saturating_add(array.shape()[axis]);
        }
        let shapes: Vec<&[usize]> = arrays.iter().map(|a| a.shape()).collect();
        let size = needed_size(FUNCTION, &shapes, &shape)?;
        let own = |array: &&Array<B>| {
            self.astype(*array, dtype)
                .on(FUNCTION, self)?
                .evaluate(self)
        };
        let parts = arrays.iter().map(own).collect::<Result<Vec<_>>>()?;
        if size == 0 {
            return self.zeros(shape, dtype);
        }
        if let Some(storage) = self.backend().concat(&parts, axis) {
            return Ok(self.wrap(storage?, &shape, dtype));
        }
        let mut whole = self.empty(shape, dtype)?.into_data()?;
        let mut start = 0;
        for part in parts {
            let length = part.shape()[axis];
            let region = whole.layout.slice(axis, start, length, 1);
            self.backend()
                .assign(&mut whole, &region, &Program::input(part))?;
            start += length;
        }
        Ok(Array::new(self.clone(), whole))
    }

    /// Inserts a new axis of length 1 at each position, as a view.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.expand_dims.html>
    ///
    /// # Errors
    /// A position beyond the rank of the result, one named twice, or none named (`..`); keyword arguments.
    pub fn expand_dims(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        const FUNCTION: &str = "expand_dims";
        let (x, axis) = (self.array(FUNCTION, x)?, axis.into());
        let new = axis
            .named()
            .ok_or_else(|| Error::value(FUNCTION, "needs the positions of the new axes"))?;
        let axes = axis.resolve(FUNCTION, &[], x.layout.ndim() + new)?.axes;
        let layout = axes
            .iter()
            .fold(x.layout.clone(), |layout, &axis| layout.insert_axis(axis));
        Ok(view(self, &x, layout))
    }

    /// Reverses the order of elements along axes, as a view.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.flip.html>
    ///
    /// # Errors
    /// An axis that does not exist; keyword arguments.
    pub fn flip(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        let x = self.array("flip", x)?;
        let axes = axis.into().resolve("flip", &[], x.layout.ndim())?;
        let layout = axes
            .axes
            .iter()
            .fold(x.layout.clone(), |layout, &axis| layout.flip(axis));
        Ok(view(self, &x, layout))
    }

    /// Moves axes to other positions, as a view; the others keep their order. `source` and `destination` name the same
    /// number of axes, pair by pair.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.moveaxis.html>
    ///
    /// # Errors
    /// An axis that does not exist or is named twice; numbers of axes that differ; keyword arguments.
    pub fn moveaxis(
        &self,
        x: impl Into<Expr<B>>,
        source: impl Into<Axes>,
        destination: impl Into<Axes>,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "moveaxis";
        let x = self.array(FUNCTION, x)?;
        let ndim = x.layout.ndim();
        let source = source.into().in_order(FUNCTION, ndim)?;
        let destination = destination.into().in_order(FUNCTION, ndim)?;
        if source.len() != destination.len() {
            let (from, to) = (source.len(), destination.len());
            let detail = format!("{from} axes cannot move to {to} places");
            return Err(Error::value(FUNCTION, detail));
        }
        let mut axes: Vec<usize> = (0..ndim).filter(|a| !source.contains(a)).collect();
        let mut moves: Vec<(usize, usize)> = destination.into_iter().zip(source).collect();
        moves.sort_unstable();
        for (place, axis) in moves {
            axes.insert(place, axis);
        }
        Ok(view(self, &x, x.layout.permute(&axes)))
    }

    /// Permutes the axes, as a view: axis k of the result is axis `axes[k]` of x.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.permute_dims.html>
    ///
    /// # Errors
    /// Axes that are not each of x's axes once.
    pub fn permute_dims(&self, x: impl Into<Expr<B>>, axes: &[isize]) -> Result<Array<B>> {
        let x = self.array("permute_dims", x)?;
        let ndim = x.layout.ndim();
        resolve_axes("permute_dims", axes, ndim)?;
        if axes.len() != ndim {
            let detail = format!(
                "has {ndim} axes, and {} are named; name each once",
                axes.len()
            );
            return Err(Error::shape("permute_dims", &[x.shape()], detail));
        }
        let order = axes
            .iter()
            .map(|&a| resolve_axis("permute_dims", a, ndim))
            .collect::<Result<Vec<_>>>()?;
        Ok(view(self, &x, x.layout.permute(&order)))
    }

    /// Repeats each element along an axis: `(…, n, …) → (…, n · count, …)`, or with a count for each, `(…, Σ counts,
    /// …)`.
    ///
    /// With no axis (`None`) the array is flattened first. Counts for each element are an integer array `(n,)` or `(1,)`.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.repeat.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([[1, 2], [3, 4]])?;
    /// assert_eq!(xp.repeat(&x, 2, None)?.to_vec::<i32>()?, [1, 1, 2, 2, 3, 3, 4, 4]);
    /// let counts = xp.asarray([0, 2])?;
    /// assert_eq!(xp.repeat(&x, &counts, Some(0))?.to_vec::<i32>()?, [3, 4, 3, 4]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An axis that does not exist; counts that are negative, no integers, or of another shape; more elements than
    /// memory holds.
    pub fn repeat(
        &self,
        x: impl Into<Expr<B>>,
        repeats: impl Into<Repeats<B>>,
        axis: Option<isize>,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "repeat";
        let mut x = self.array(FUNCTION, x)?;
        let axis = match axis {
            Some(axis) => resolve_axis(FUNCTION, axis, x.layout.ndim())?,
            None => {
                let size = x.layout.size();
                x = self
                    .reshape(Array::new(self.clone(), x), [size])?
                    .into_data()?;
                0
            }
        };
        let mut shape = x.shape().to_vec();
        let n = shape[axis];
        match repeats.into().0 {
            Count::Same(count) => {
                shape[axis] = n.saturating_mul(count);
                if needed_size(FUNCTION, &[x.shape()], &shape)? == 0 {
                    return self.zeros(shape, x.dtype);
                }
                let apart = x.layout.insert_axis(axis + 1);
                let mut wide = apart.shape().to_vec();
                wide[axis + 1] = count;
                self.reshape(view(self, &x, apart.broadcast_to(&wide)), shape)
            }
            Count::Each(counts) => {
                let positions = self.repeated_positions(&counts, n)?;
                shape[axis] = positions.size();
                needed_size(FUNCTION, &[x.shape()], &shape)?;
                self.take_known(FUNCTION, &x, positions.data()?, axis)
            }
        }
    }

    /// The positions `0..n`, each repeated by its count.
    fn repeated_positions(&self, counts: &Array<B>, n: usize) -> Result<Array<B>> {
        const FUNCTION: &str = "repeat";
        counts.namespace().check_same(FUNCTION, self)?;
        if !counts.dtype().is_integer() {
            return Err(Error::dtype(
                FUNCTION,
                &[counts.dtype()],
                "counts of integer dtypes",
            ));
        }
        if !matches!(counts.shape(), [] | [1]) && counts.shape() != [n] {
            let detail = format!("of the counts is neither (1,) nor ({n},), one for each element");
            return Err(Error::shape(FUNCTION, &[counts.shape()], detail));
        }
        if self.any(self.less(counts, 0), ..)?.item()? {
            return Err(Error::value(FUNCTION, "a count is negative"));
        }
        let index_dtype = self.index_dtype();
        let too_many = || {
            let detail =
                format!("the counts add up to more than an index of {index_dtype} reaches");
            Error::value(FUNCTION, detail)
        };
        let largest = |dtype: DType| dtype.integer_range().map_or(i128::MAX, |(_, high)| high);
        let most = largest(index_dtype);
        if largest(counts.dtype()) > most
            && self
                .any(self.greater(counts, Scalar::Int(most)), ..)?
                .item()?
        {
            return Err(too_many());
        }
        let counts = self.astype(counts, index_dtype);
        let counts = self.broadcast_to(counts, [n])?;
        let ends = self.cumulative_sum(&counts, 0)?;
        // If the sum of two non-negative numbers wraps, it is negative. So the first sum that is too large is found.
        if self.any(self.less(&ends, 0), ..)?.item()? {
            return Err(too_many());
        }
        let total = if n == 0 {
            0
        } else {
            ends.get(crate::ix![-1])?.item::<i64>()?
        };
        let total = usize::try_from(total).map_err(|_| too_many())?;
        checked_size(FUNCTION, &[total])?;
        let index = Valid::index(&[total], 0, index_dtype);
        self.searchsorted(&ends, Expr::valid(self.clone(), index), Side::Right, None)
    }

    /// The elements in row-major order with another shape, as a view if the layout allows it. Use
    /// [`reshape_infer`](Self::reshape_infer) to leave a length open.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.reshape.html>
    ///
    /// # Errors
    /// A shape with another number of elements.
    pub fn reshape(&self, x: impl Into<Expr<B>>, shape: impl IntoShape) -> Result<Array<B>> {
        let (x, shape) = (x.into().on("reshape", self)?, shape.into_shape());
        if checked_size("reshape", &shape)? != x.size() {
            return Err(Error::shape(
                "reshape",
                &[x.shape(), &shape],
                "hold different numbers of elements",
            ));
        }
        let data = x.evaluate(self)?;
        match data.layout.reshape(&shape) {
            Some(layout) => Ok(view(self, &data, layout)),
            None => {
                let copy = Valid::<B>::leaf(data).evaluate_contiguous(self)?;
                Ok(view(self, &copy, Layout::contiguous(&shape)))
            }
        }
    }

    /// [`reshape`](Self::reshape) with one length left open as -1.
    ///
    /// # Errors
    /// Several open lengths; a shape that the elements do not fill.
    pub fn reshape_infer(&self, x: impl Into<Expr<B>>, shape: &[isize]) -> Result<Array<B>> {
        const FUNCTION: &str = "reshape";
        let x = x.into().on(FUNCTION, self)?;
        let known = shape
            .iter()
            .filter(|&&n| n != -1)
            .map(|&n| usize::try_from(n));
        let known = known.collect::<Result<Vec<usize>, _>>();
        let known = known.map_err(|_| {
            Error::value(
                FUNCTION,
                format!("{shape:?}: a length is negative and not -1"),
            )
        })?;
        let open = shape.len() - known.len();
        let rest = checked_size(FUNCTION, &known)?;
        if open > 1 || (open == 1 && (rest == 0 || x.size() % rest != 0)) {
            let detail = format!(
                "cannot take the form {shape:?}: one -1 is allowed, and the other lengths must divide the size"
            );
            return Err(Error::shape(FUNCTION, &[x.shape()], detail));
        }
        let inferred = if open == 1 { x.size() / rest } else { 0 };
        let shape: Vec<usize> = shape
            .iter()
            .map(|&n| if n == -1 { inferred } else { n as usize })
            .collect();
        self.reshape(Expr::valid(self.clone(), x), shape)
    }

    /// Moves elements along axes by `shift` positions; those that leave at one end come in at the other. Same shape.
    ///
    /// There is one shift for all named axes, or one for each. With no axis (`None`) the array is rolled as if
    /// flattened.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.roll.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([1, 2, 3, 4])?;
    /// assert_eq!(xp.roll(&x, &[1], Some(&[0]))?.to_vec::<i32>()?, [4, 1, 2, 3]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// An axis that does not exist; numbers of shifts and axes that differ.
    pub fn roll(
        &self,
        x: impl Into<Expr<B>>,
        shift: &[isize],
        axis: Option<&[isize]>,
    ) -> Result<Array<B>> {
        const FUNCTION: &str = "roll";
        let x = Array::new(self.clone(), self.array(FUNCTION, x)?);
        let Some(axes) = axis else {
            let flat = self.reshape(&x, [x.size()])?;
            let total = shift.iter().fold(0_isize, |sum, &s| sum.wrapping_add(s));
            return self.reshape(self.roll(flat, &[total], Some(&[0]))?, x.shape());
        };
        if shift.len() != axes.len() && shift.len() != 1 {
            let (shifts, axes) = (shift.len(), axes.len());
            return Err(Error::value(
                FUNCTION,
                format!(
                    "{shifts} shifts do not go with {axes} axes: give one for all or one for each"
                ),
            ));
        }
        axes.iter().enumerate().try_fold(x, |x, (k, &axis)| {
            let axis = resolve_axis(FUNCTION, axis, x.ndim())?;
            let n = x.shape()[axis];
            let places = shift[k.min(shift.len() - 1)].rem_euclid(n.max(1) as isize) as usize;
            if places == 0 {
                return Ok(x);
            }
            let data = x.data()?;
            let part = |start, length| view(self, data, data.layout.slice(axis, start, length, 1));
            let (last, first) = (part(n - places, places), part(0, n - places));
            self.concat(&[&last, &first], Some(axis as isize))
        })
    }

    /// Removes axes of length 1, as a view.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.squeeze.html>
    ///
    /// # Errors
    /// An axis that does not exist or whose length is not 1; keyword arguments.
    pub fn squeeze(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        let x = self.array("squeeze", x)?;
        let axes = axis.into().resolve("squeeze", &[], x.layout.ndim())?;
        let axes: Vec<usize> = axes
            .axes
            .iter()
            .copied()
            .filter(|&a| !axes.all || x.shape()[a] == 1)
            .collect();
        if let Some(&axis) = axes.iter().find(|&&a| x.shape()[a] != 1) {
            let detail = format!(
                "has length {} along axis {axis}; only axes of length 1 can be removed",
                x.shape()[axis]
            );
            return Err(Error::shape("squeeze", &[x.shape()], detail));
        }
        let layout = axes
            .iter()
            .rev()
            .fold(x.layout.clone(), |layout, &axis| layout.select(axis, 0));
        Ok(view(self, &x, layout))
    }

    /// Joins arrays of one shape along a new axis: k arrays `(…) → (…, k, …)`. Dtypes promote.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.stack.html>
    ///
    /// # Errors
    /// No arrays; shapes that differ; an axis beyond the rank of the result.
    pub fn stack(&self, arrays: &[&Array<B>], axis: isize) -> Result<Array<B>> {
        let first = arrays
            .first()
            .ok_or_else(|| Error::value("stack", "needs at least one array"))?;
        if let Some(other) = arrays.iter().find(|a| a.shape() != first.shape()) {
            return Err(Error::shape(
                "stack",
                &[first.shape(), other.shape()],
                "differ; all arrays need one shape",
            ));
        }
        let axis = resolve_axis("stack", axis, first.ndim() + 1)? as isize;
        let expanded = arrays
            .iter()
            .map(|a| self.expand_dims(*a, axis))
            .collect::<Result<Vec<_>>>()?;
        self.concat(&expanded.iter().collect::<Vec<_>>(), Some(axis))
            .map_err(|e| e.told_by("stack"))
    }

    /// Repeats the whole array along each axis: `(n₀, n₁, …) → (r₀ · n₀, r₁ · n₁, …)`. The shorter of shape and
    /// repetitions is extended by ones in front.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.tile.html>
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([1, 2])?;
    /// assert_eq!(xp.tile(&x, &[2, 2])?.to_vec::<i32>()?, [1, 2, 1, 2, 1, 2, 1, 2]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// More elements than memory holds.
    pub fn tile(&self, x: impl Into<Expr<B>>, repetitions: &[usize]) -> Result<Array<B>> {
        const FUNCTION: &str = "tile";
        let x = self.array(FUNCTION, x)?;
        let ndim = x.layout.ndim().max(repetitions.len());
        let mut layout = (x.layout.ndim()..ndim).fold(x.layout.clone(), |l, _| l.insert_axis(0));
        let counts = (0..ndim).map(|k| {
            (k + repetitions.len())
                .checked_sub(ndim)
                .map_or(1, |k| repetitions[k])
        });
        let mut shape = layout.shape().to_vec();
        let mut wide = Vec::with_capacity(2 * ndim);
        for (k, count) in counts.enumerate() {
            // An axis for the copies, before that of the elements.
            if count != 1 {
                layout = layout.insert_axis(wide.len());
                wide.push(count);
            }
            wide.push(shape[k]);
            shape[k] = shape[k].saturating_mul(count);
        }
        if needed_size(FUNCTION, &[x.shape()], &shape)? == 0 {
            return self.zeros(shape, x.dtype);
        }
        self.reshape(view(self, &x, layout.broadcast_to(&wide)), shape)
    }

    /// Splits an array along an axis into views: `(…, n, …)` gives n arrays `(…)`. The reverse of
    /// [`stack`](Self::stack).
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.unstack.html>
    ///
    /// # Errors
    /// An axis that does not exist; no memory for a list of so many arrays.
    pub fn unstack(&self, x: impl Into<Expr<B>>, axis: isize) -> Result<Vec<Array<B>>> {
        let x = self.array("unstack", x)?;
        let axis = resolve_axis("unstack", axis, x.layout.ndim())?;
        let part = |k| view(self, &x, x.layout.select(axis, k));
        let count = x.shape()[axis];
        let mut parts = Vec::new();
        // An array without elements may have any number of parts.
        parts.try_reserve_exact(count).map_err(|cause| {
            let bytes = count.saturating_mul(size_of::<Array<B>>());
            let detail = format!("a list of {count} arrays is more than the host's memory holds");
            Error::out_of_memory(self.device(), bytes, detail).caused_by(cause)
        })?;
        parts.extend((0..count).map(part));
        Ok(parts)
    }

    /// The argument as an array of this namespace; an expression is computed.
    pub(crate) fn array(
        &self,
        function: &'static str,
        x: impl Into<Expr<B>>,
    ) -> Result<Strided<B::Storage>> {
        x.into().on(function, self)?.evaluate(self)
    }
}
