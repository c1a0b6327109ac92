//! Indices that contain arrays: "advanced" indexing.

use super::{Index, region};
use crate::{
    Array, Backend, DType, Error, ErrorKind, Expr, Namespace, Result, Side, Unbounded,
    expr::{Valid, view},
    shape::{broadcast_shapes, checked_size, size},
};

/// The elements that an index with arrays selects.
pub(super) struct Places<B: Backend> {
    /// The view that the other entries select, with the axes that the arrays index moved to the front.
    pub(super) view: Array<B>,
    /// How many axes the arrays index.
    named: usize,
    /// The shape that the arrays broadcast to.
    shape: Vec<usize>,
    /// `(∏ shape,)`: for each element of that shape, its row-major position in the front axes.
    pub(super) positions: Array<B>,
    /// The position of the arrays' axes in the result.
    destination: usize,
}

impl<B: Backend> Places<B> {
    pub(super) fn new(function: &'static str, x: &Array<B>, index: &[Index<B>]) -> Result<Self> {
        let xp = x.namespace();
        let entries = without_masks(function, &xp, index)?;
        let is_named = |entry: &Index<B>| matches!(entry, Index::Integer(_) | Index::Array(_));
        // Applies the other entries first; axes of arrays and integers are taken whole.
        let rest: Vec<Index<B>> = entries
            .iter()
            .map(|entry| {
                if is_named(entry) {
                    (..).into()
                } else {
                    entry.clone()
                }
            })
            .collect();
        let data = x.data()?;
        let basic = view(&xp, data, region(function, &data.layout, &rest)?);
        let whole = x.ndim() - rest.iter().filter(|i| matches!(i, Index::Slice(_))).count();
        let (mut axis, mut axes, mut arrays) = (0, Vec::new(), Vec::new());
        for entry in &entries {
            match entry {
                Index::Integer(i) => {
                    let position = xp.asarray_as(*i as i64, xp.index_dtype());
                    arrays.push(position.map_err(|_| {
                        Error::index(
                            function,
                            format!("index {i} is out of range for every axis"),
                        )
                    })?);
                    axes.push(axis);
                }
                Index::Array(array) => {
                    arrays.push(array.clone());
                    axes.push(axis);
                }
                Index::Slice(_) | Index::NewAxis | Index::Ellipsis => {}
            }
            axis += if matches!(entry, Index::Ellipsis) {
                whole
            } else {
                1
            };
        }
        // As in NumPy, the arrays' axes keep their place if integers and arrays are neighbours.
        let together = entries
            .iter()
            .skip_while(|e| !is_named(e))
            .skip_while(|e| is_named(e))
            .all(|e| !is_named(e));
        let order = axes
            .iter()
            .copied()
            .chain((0..basic.ndim()).filter(|a| !axes.contains(a)));
        let order: Vec<usize> = order.collect();
        let data = basic.data()?;
        let view = view(&xp, data, data.layout.permute(&order));
        let (shape, positions) = positions(function, &xp, &arrays, &view.shape()[..axes.len()])?;
        Ok(Self {
            view,
            named: axes.len(),
            shape,
            positions,
            destination: if together { axes[0] } else { 0 },
        })
    }

    /// The view's shape with the front axes merged into one.
    pub(super) fn flat_shape(&self) -> Vec<usize> {
        let (front, rest) = self.view.shape().split_at(self.named);
        [&[size(front)], rest].concat()
    }

    /// The shape of the selected elements, with the arrays' axes in front.
    pub(super) fn found_shape(&self) -> Vec<usize> {
        [&self.shape, &self.view.shape()[self.named..]].concat()
    }

    /// Moves the arrays' axes of the selected elements to their position in the result.
    pub(super) fn in_place(&self, found: &Array<B>) -> Result<Array<B>> {
        let (new, ndim) = (self.shape.len(), found.ndim());
        let order: Vec<usize> = (new..new + self.destination)
            .chain(0..new)
            .chain(new + self.destination..ndim)
            .collect();
        let data = found.data()?;
        Ok(view(&found.namespace(), data, data.layout.permute(&order)))
    }

    /// The reverse of [`in_place`](Self::in_place) for a value: moves the arrays' axes to the front.
    fn in_front(&self, value: &Array<B>) -> Result<Array<B>> {
        let (new, ndim) = (self.shape.len(), value.ndim());
        let order: Vec<usize> = (self.destination..self.destination + new)
            .chain(0..self.destination)
            .chain(self.destination + new..ndim)
            .collect();
        let data = value.data()?;
        Ok(view(&value.namespace(), data, data.layout.permute(&order)))
    }
}

impl<B: Backend> Array<B> {
    /// Writes a value to the elements that an index with arrays selects.
    ///
    /// No backend function scatters. Instead the positions are sorted, and every element searches for its own position
    /// among them and takes the last value that was assigned to it.
    pub(super) fn scatter(&mut self, index: &[Index<B>], value: Expr<B>) -> Result<()> {
        const FUNCTION: &str = "set";
        let xp = self.namespace();
        let size = checked_size(FUNCTION, self.shape())?;
        let (index_dtype, shape) = (xp.index_dtype(), self.shape().to_vec());
        // The row-major numbers of the elements of self, indexed in the same way, are the positions that the values go
        // to.
        let numbers = Expr::valid(xp.clone(), Valid::index(&[size], 0, index_dtype));
        let numbers = xp.reshape(numbers, &*shape)?;
        let places = Places::new(FUNCTION, &numbers, index)?;
        let found = xp.reshape(&places.view, &*places.flat_shape())?;
        let found = xp.take_known(FUNCTION, found.data()?, places.positions.data()?, 0)?;
        let targets = xp.reshape(found, &*places.found_shape())?;
        let target_shape = places.in_place(&targets)?.shape().to_vec();
        let program = xp.value_for(FUNCTION, self.dtype(), &target_shape, value)?;
        if targets.size() == 0 {
            return Ok(());
        }
        let value = xp.wrap(
            xp.backend().evaluate(&program)?,
            &target_shape,
            self.dtype(),
        );
        let value = places.in_front(&value)?;
        let count = targets.size();
        let (targets, value) = (xp.reshape(targets, [count])?, xp.reshape(value, [count])?);
        let order = xp.argsort(&targets, 0)?;
        let sorted = xp.gather(targets.data()?, order.data()?, 0)?;
        let own = Expr::valid(xp.clone(), Valid::index(&[size], 0, index_dtype)).eval()?;
        // The sort is stable, so the last of equal positions is the one that was named last.
        let behind = xp.binary_search(sorted.data()?, &own, Side::Right)?;
        let last = xp.clip(&behind - 1, 0, Unbounded).eval()?;
        let named = xp.gather(sorted.data()?, last.data()?, 0)?;
        let source = xp.gather(order.data()?, last.data()?, 0)?;
        let candidate = xp.gather(value.data()?, source.data()?, 0)?;
        let flat = xp.reshape(&*self, [size])?;
        let hit = xp.equal(named, &own);
        let new = xp.where_(hit, candidate, flat).eval()?;
        *self = xp.reshape(new, shape)?;
        Ok(())
    }
}

/// The entries with masks replaced by the positions of their true elements.
fn without_masks<B: Backend>(
    function: &'static str,
    xp: &Namespace<B>,
    index: &[Index<B>],
) -> Result<Vec<Index<B>>> {
    let mut out = Vec::with_capacity(index.len());
    for entry in index {
        match entry {
            Index::Array(array) => {
                array.namespace().check_same(function, xp)?;
                match array.dtype() {
                    DType::Bool if array.ndim() == 0 => {
                        return Err(Error::index(
                            function,
                            "a 0-dimensional mask must be the only entry of an index",
                        ));
                    }
                    DType::Bool => out.extend(xp.nonzero(array)?.into_iter().map(Index::Array)),
                    dtype if dtype.is_integer() => out.push(entry.clone()),
                    dtype => {
                        return Err(Error::index(
                            function,
                            format!(
                                "an array as an index must be of integers or bool, not {dtype}"
                            ),
                        ));
                    }
                }
            }
            other => out.push(other.clone()),
        }
    }
    Ok(out)
}

/// The shape that index arrays broadcast to, and for each element its row-major position in axes of these lengths.
fn positions<B: Backend>(
    function: &'static str,
    xp: &Namespace<B>,
    arrays: &[Array<B>],
    lengths: &[usize],
) -> Result<(Vec<usize>, Array<B>)> {
    let shapes: Vec<&[usize]> = arrays.iter().map(Array::shape).collect();
    let shape = broadcast_shapes(function, &shapes)
        .map_err(|error| {
            let shapes: Vec<String> = shapes.iter().map(|s| crate::shape_text(s)).collect();
            let shapes = shapes.join(" and ");
            let ErrorKind::Shape { detail, .. } = error.kind() else {
                return error;
            };
            Error::index(
                function,
                format!("index arrays of shapes {shapes} {detail}"),
            )
        })?
        .to_vec();
    let dtype = xp.index_dtype();
    let (_, most) = dtype.integer_range().unwrap_or_default();
    let beyond = |n: usize| n as i128 > most;
    if beyond(size(lengths)) || lengths.iter().any(|&n| beyond(n)) {
        let lengths = crate::shape_text(lengths);
        let detail = format!(
            "axes of lengths {lengths} have more positions than an index of {dtype} reaches"
        );
        return Err(Error::index(function, detail));
    }
    let mut at = xp.zeros(&*shape, dtype)?;
    for (array, &n) in arrays.iter().zip(lengths) {
        let checked = xp.checked_indices(function, Expr::from(array).on(function, xp)?, n)?;
        let i = Array::new(xp.clone(), checked);
        let from_start = xp.where_(xp.less(&i, 0), &i + n, &i);
        at = (at * n + from_start).eval()?;
    }
    let count = checked_size(function, &shape)?;
    let flat = xp.reshape(at, [count])?;
    Ok((shape, flat))
}
