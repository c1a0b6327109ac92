//! Manipulation functions. Those that only move axes are views: they copy nothing.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/manipulation_functions.html>

use crate::{
    Array, Axes, Backend, Error, Expr, IntoShape, Layout, Namespace, Program, Result, Strided,
    expr::{Valid, view},
    shape::{broadcast_shapes, checked_size, resolve_axes, resolve_axis},
};

impl<B: Backend> Namespace<B> {
    /// The array seen in a larger shape, as a view.
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
        checked_size(FUNCTION, &shape)?;
        Ok(view(self, &x, x.layout.broadcast_to(&shape)))
    }

    /// Arrays seen in the shape that they broadcast to together, as views.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.broadcast_arrays.html>
    ///
    /// # Errors
    /// Shapes that do not broadcast together.
    pub fn broadcast_arrays(&self, arrays: &[&Array<B>]) -> Result<Vec<Array<B>>> {
        let shapes: Vec<&[usize]> = arrays.iter().map(|a| a.shape()).collect();
        let shape = broadcast_shapes("broadcast_arrays", &shapes)?;
        arrays
            .iter()
            .map(|a| self.broadcast_to(*a, shape.as_slice()))
            .collect()
    }

    /// Arrays joined along an axis that they have: `(…, n₁, …), (…, n₂, …) → (…, n₁ + n₂, …)`. Dtypes promote.
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
    /// No arrays; ranks or lengths of other axes that differ; an axis that is not there. With no axis (`None`) arrays are flattened first.
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
            d.promote(a.dtype()).ok_or(Error::Promotion {
                function: FUNCTION,
                dtypes: (d, a.dtype()),
            })
        })?;
        let axis = resolve_axis(FUNCTION, axis, first.ndim())?;
        let mut shape = first.shape().to_vec();
        shape[axis] = 0;
        let mut parts = Vec::with_capacity(arrays.len());
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
            shape[axis] += array.shape()[axis];
            parts.push(
                self.astype(*array, dtype)
                    .on(FUNCTION, self)?
                    .evaluate(self)?,
            );
        }
        checked_size(FUNCTION, &shape)?;
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

    /// A new axis of length 1 at each position, as a view.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.expand_dims.html>
    ///
    /// # Errors
    /// A position beyond the rank of the result, or one named twice.
    pub fn expand_dims(&self, x: impl Into<Expr<B>>, axis: isize) -> Result<Array<B>> {
        let x = self.array("expand_dims", x)?;
        let axis = resolve_axis("expand_dims", axis, x.layout.ndim() + 1)?;
        Ok(view(self, &x, x.layout.insert_axis(axis)))
    }

    /// The order of elements along axes reversed, as a view.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.flip.html>
    ///
    /// # Errors
    /// An axis that is not there; keyword arguments.
    pub fn flip(&self, x: impl Into<Expr<B>>, axis: impl Into<Axes>) -> Result<Array<B>> {
        let x = self.array("flip", x)?;
        let axes = axis.into().resolve("flip", &[], x.layout.ndim())?;
        let layout = axes
            .axes
            .iter()
            .fold(x.layout.clone(), |layout, &axis| layout.flip(axis));
        Ok(view(self, &x, layout))
    }

    /// Axes moved to other places, the others in order, as a view.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.moveaxis.html>
    ///
    /// # Errors
    /// An axis that is not there.
    pub fn moveaxis(
        &self,
        x: impl Into<Expr<B>>,
        source: isize,
        destination: isize,
    ) -> Result<Array<B>> {
        let x = self.array("moveaxis", x)?;
        let ndim = x.layout.ndim();
        let (source, destination) = (
            resolve_axis("moveaxis", source, ndim)?,
            resolve_axis("moveaxis", destination, ndim)?,
        );
        let mut axes: Vec<usize> = (0..ndim).filter(|&a| a != source).collect();
        axes.insert(destination, source);
        Ok(view(self, &x, x.layout.permute(&axes)))
    }

    /// Axes in a new order, as a view: axis k of the result is axis `axes[k]` of x.
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

    /// The elements in row-major order under another shape, as a view where the layout allows it. Use [`reshape_infer`](Self::reshape_infer) to leave a length open.
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

    /// Axes of length 1 removed, as a view.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.squeeze.html>
    ///
    /// # Errors
    /// An axis that is not there or whose length is not 1; keyword arguments.
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

    /// Arrays of one shape joined along a new axis: k arrays `(…) → (…, k, …)`. Dtypes promote.
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
