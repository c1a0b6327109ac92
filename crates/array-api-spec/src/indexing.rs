//! Indexing: `get`, `set`, `take`, `take_along_axis`.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/indexing.html> and
//! <https://data-apis.org/array-api/2025.12/API_specification/indexing_functions.html>

mod places;
mod take;

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use self::{places::Places, take::broadcast_along};
use crate::{
    Array, Backend, DType, Error, Expr, Layout, Namespace, Program, Result, Strided,
    expr::{Valid, view},
    shape::{broadcast_shapes, size},
};

/// A list of [`Index`]es for [`Array::get`] and [`Array::set`]: `ix![0, 1..3, .., -1, Ellipsis, NewAxis]`, `ix![&mask]`, `ix![&rows, &columns]`.
///
/// `..` takes a whole axis (Python's `:`), [`Ellipsis`] all remaining axes (Python's `...`), `(0..9).step(2)` every
/// second element.
#[macro_export]
macro_rules! ix {
    ($($index:expr),* $(,)?) => { [$($crate::Index::from($index)),*] };
}

/// One entry of an index.
#[derive(Clone, Debug)]
pub enum Index<B: Backend> {
    /// One element of an axis; the axis is removed. Negative numbers count from the end.
    Integer(isize),
    /// A range of an axis.
    Slice(Slice),
    /// All axes that the other entries leave.
    Ellipsis,
    /// A new axis of length 1.
    NewAxis,
    /// An array of integers: positions along an axis. Or a mask, a `bool` array with the shape of the axes that it
    /// indexes: the elements where it is true.
    Array(Array<B>),
}

/// All axes that the other entries of an index leave. Python's `...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ellipsis;

/// A new axis of length 1. The standard's `newaxis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAxis;

/// Python's `start:stop:step`. Negative bounds count from the end; bounds beyond the ends are cut, as in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// First position; `None`: the first one in the direction of the step.
    pub start: Option<isize>,
    /// Position before which to stop; `None`: after the last one in the direction of the step.
    pub stop: Option<isize>,
    /// Distance between positions, not 0.
    pub step: isize,
}

impl Slice {
    /// Start, length and step along an axis of length `n`.
    fn resolve(self, function: &'static str, n: usize) -> Result<(usize, usize, isize)> {
        let (n, step) = (n as isize, self.step);
        if step == 0 {
            return Err(Error::index(function, "a slice's step must not be 0"));
        }
        let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
        let clip = |bound: isize| {
            (if bound < 0 {
                bound.saturating_add(n)
            } else {
                bound
            })
            .clamp(low, high)
        };
        let start = self.start.map_or(if step > 0 { low } else { high }, clip);
        let stop = self.stop.map_or(if step > 0 { high } else { low }, clip);
        let span = if step > 0 { stop - start } else { start - stop };
        let length = if span <= 0 {
            0
        } else {
            (span - 1) / step.unsigned_abs().min(isize::MAX as usize) as isize + 1
        };
        // With at most one element the step is not used, and it may be too large to multiply by a stride.
        let step = if length <= 1 { 1 } else { step };
        Ok((
            if length == 0 { 0 } else { start as usize },
            length as usize,
            step,
        ))
    }
}

/// Adds a step to a range: `(0..9).step(2)`, `(..).step(-1)`.
pub trait StepBy {
    /// The range with this distance between its positions.
    fn step(self, step: isize) -> Slice;
}
impl<R: Into<Slice>> StepBy for R {
    fn step(self, step: isize) -> Slice {
        Slice {
            step,
            ..self.into()
        }
    }
}

impl From<RangeFull> for Slice {
    fn from(_: RangeFull) -> Self {
        Self {
            start: None,
            stop: None,
            step: 1,
        }
    }
}
impl<B: Backend> From<RangeFull> for Index<B> {
    fn from(range: RangeFull) -> Self {
        Self::Slice(range.into())
    }
}
impl<B: Backend> From<Slice> for Index<B> {
    fn from(slice: Slice) -> Self {
        Self::Slice(slice)
    }
}
impl<B: Backend> From<Ellipsis> for Index<B> {
    fn from(_: Ellipsis) -> Self {
        Self::Ellipsis
    }
}
impl<B: Backend> From<NewAxis> for Index<B> {
    fn from(_: NewAxis) -> Self {
        Self::NewAxis
    }
}
impl<B: Backend> From<&Array<B>> for Index<B> {
    fn from(array: &Array<B>) -> Self {
        Self::Array(array.clone())
    }
}
impl<B: Backend> From<Array<B>> for Index<B> {
    fn from(array: Array<B>) -> Self {
        Self::Array(array)
    }
}

macro_rules! from_ranges {
    ($($t:ty),*) => { $(
        impl<B: Backend> From<$t> for Index<B> {
            fn from(index: $t) -> Self {
                Self::Integer(bound(index))
            }
        }
        from_ranges!(@range $t, range, Range<$t>, Some(bound(range.start)), Some(bound(range.end)));
        from_ranges!(@range $t, range, RangeFrom<$t>, Some(bound(range.start)), None);
        from_ranges!(@range $t, range, RangeTo<$t>, None, Some(bound(range.end)));
        from_ranges!(@range $t, range, RangeInclusive<$t>, Some(bound(*range.start())), after(bound(*range.end())));
        from_ranges!(@range $t, range, RangeToInclusive<$t>, None, after(bound(range.end)));
    )* };
    (@range $t:ty, $range:ident, $Range:ty, $start:expr, $stop:expr) => {
        impl From<$Range> for Slice {
            fn from($range: $Range) -> Self {
                Self { start: $start, stop: $stop, step: 1 }
            }
        }
        impl<B: Backend> From<$Range> for Index<B> {
            fn from(range: $Range) -> Self {
                Self::Slice(range.into())
            }
        }
    };
}
from_ranges!(i32, isize, usize);

fn bound<I: TryInto<isize>>(index: I) -> isize {
    // A number that does not fit is beyond the end of every axis.
    index.try_into().unwrap_or(isize::MAX)
}

/// The position after an inclusive end; `None`, the end of the axis, after -1.
fn after(end: isize) -> Option<isize> {
    if end == -1 {
        None
    } else {
        Some(end.saturating_add(1))
    }
}

impl<B: Backend> Array<B> {
    /// The elements at an index (see [`ix!`](crate::ix)): a view, unless the index contains arrays. Axes without an
    /// entry are taken whole.
    ///
    /// Arrays of integers are broadcast with each other and with single integers, and each of their elements selects
    /// one element. Their axes in the result are at the position of the arrays in the index, or first if other entries
    /// are between the arrays, as in NumPy. A mask beside other entries is replaced by the arrays that `nonzero`
    /// returns for it.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/indexing.html>
    ///
    /// ```
    /// use array_api_spec::{Ellipsis, NewAxis, StepBy, ix, reference};
    /// let xp = reference::namespace();
    /// let x = xp.asarray([[0, 1, 2], [3, 4, 5]])?;
    /// assert_eq!(x.get(ix![.., -1])?.to_vec::<i32>()?, [2, 5]);
    /// assert_eq!(x.get(ix![0, (..).step(-1)])?.to_vec::<i32>()?, [2, 1, 0]);
    /// assert_eq!(x.get(ix![NewAxis, Ellipsis, 1..3])?.shape(), [1, 2, 2]);
    /// assert_eq!(x.get(ix![xp.greater(&x, 2).eval()?])?.to_vec::<i32>()?, [3, 4, 5]);
    /// assert_eq!(x.get(ix![xp.asarray([0, 1])?, xp.asarray([2, -3])?])?.to_vec::<i32>()?, [2, 3]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// More entries than axes; an integer out of range; a step of 0; a mask of another shape; arrays of other dtypes or that do not broadcast.
    pub fn get(&self, index: impl AsRef<[Index<B>]>) -> Result<Self> {
        const FUNCTION: &str = "get";
        let (xp, data) = (self.namespace(), self.data()?);
        match index.as_ref() {
            [Index::Array(mask)] if mask.dtype() == DType::Bool => return xp.masked(self, mask),
            index if index.iter().any(|i| matches!(i, Index::Array(_))) => {
                let places = Places::new(FUNCTION, self, index)?;
                let flat = xp.reshape(&places.view, &*places.flat_shape())?;
                let found = xp.take_known(FUNCTION, flat.data()?, places.positions.data()?, 0)?;
                return places.in_place(&xp.reshape(found, &*places.found_shape())?);
            }
            _ => {}
        }
        Ok(view(
            &xp,
            data,
            region(FUNCTION, &data.layout, index.as_ref())?,
        ))
    }

    /// Writes a value, broadcast to the region's shape, to the elements at an index. Other arrays that share the memory keep their values.
    ///
    /// The value's dtype must promote to the array's. With a mask the value is a scalar, a 0-dimensional array, or one
    /// value for each true element. If arrays of integers select an element several times, the last value is stored.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.array.__setitem__.html>
    ///
    /// ```
    /// use array_api_spec::{ix, reference};
    /// let xp = reference::namespace();
    /// let mut x = xp.zeros([2, 3], array_api_spec::DType::Float64)?;
    /// x.set(ix![0, 1..], 7)?;
    /// x.set(ix![.., 0], &xp.asarray([1.0, 2.0])?)?;
    /// assert_eq!(x.to_vec::<f64>()?, [1.0, 7.0, 7.0, 2.0, 0.0, 0.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`get`](Self::get); a value whose dtype or shape does not fit. The array is then unchanged.
    pub fn set(&mut self, index: impl AsRef<[Index<B>]>, value: impl Into<Expr<B>>) -> Result<()> {
        const FUNCTION: &str = "set";
        let xp = self.namespace();
        match index.as_ref() {
            [Index::Array(mask)] if mask.dtype() == DType::Bool => {
                *self = xp.with_masked(self, mask, value.into())?;
                return Ok(());
            }
            index if index.iter().any(|i| matches!(i, Index::Array(_))) => {
                return self.scatter(index, value.into());
            }
            _ => {}
        }
        let region = region(FUNCTION, &self.data()?.layout, index.as_ref())?;
        let program = xp.value_for(FUNCTION, self.dtype(), region.shape(), value.into())?;
        let own = self.data()?;
        // Elements of a broadcast view share memory, and a write to one must not change the others.
        if own.layout.is_overlapping() {
            let mut copy = xp.copy(own)?;
            let region = self::region(FUNCTION, &copy.layout, index.as_ref())?;
            xp.backend().assign(&mut copy, &region, &program)?;
            self.replace_data(copy);
            return Ok(());
        }
        xp.backend().assign(self.data_mut(), &region, &program)
    }

    /// Writes a value, broadcast to the region's shape, to the positions of a layout in the array's memory. The layout
    /// may be that of any view of the array, so that a view can be written through to its array. Other arrays that
    /// share the memory keep their values.
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let mut x = xp.zeros([2, 3], array_api_spec::DType::Float64)?;
    /// let column = x.get(array_api_spec::ix![.., 1])?.layout().clone();
    /// x.assign(&column, &xp.asarray([1.0, 2.0])?)?;
    /// assert_eq!(x.to_vec::<f64>()?, [0.0, 1.0, 0.0, 0.0, 2.0, 0.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// A value whose dtype or shape does not fit; a region in which several elements share a position, as in a
    /// broadcast view; a region that reaches beyond the array's first or last element in memory; no memory on the
    /// device; a driver's failure. The array is then unchanged.
    pub fn assign(&mut self, region: &Layout, value: impl Into<Expr<B>>) -> Result<()> {
        const FUNCTION: &str = "set";
        let xp = self.namespace();
        let program = xp.value_for(FUNCTION, self.dtype(), region.shape(), value.into())?;
        let own = self.data()?;
        if region.is_overlapping() {
            let detail = "is that of a broadcast view, in which several elements have one place in memory, so it cannot be written to; \
                          write to a copy, or to the array that was broadcast";
            return Err(Error::shape(FUNCTION, &[region.shape()], detail));
        }
        let Some((low, high)) = region.bounds() else {
            return Ok(());
        };
        if !own
            .layout
            .bounds()
            .is_some_and(|(first, last)| first <= low && high <= last)
        {
            let detail = "belongs to a region that reaches beyond the array";
            return Err(Error::shape(FUNCTION, &[region.shape()], detail));
        }
        xp.backend().assign(self.data_mut(), region, &program)
    }
}

/// The part of a layout that an index without arrays selects.
fn region<B: Backend>(
    function: &'static str,
    layout: &Layout,
    index: &[Index<B>],
) -> Result<Layout> {
    let named = index
        .iter()
        .filter(|i| matches!(i, Index::Integer(_) | Index::Slice(_)))
        .count();
    let ellipses = index
        .iter()
        .filter(|i| matches!(i, Index::Ellipsis))
        .count();
    let ndim = layout.ndim();
    if named > ndim {
        return Err(Error::index(
            function,
            format!("{named} indices are too many for an array of {ndim} dimensions"),
        ));
    }
    if ellipses > 1 {
        return Err(Error::index(
            function,
            "an index may hold one Ellipsis (`..` takes one axis)",
        ));
    }
    let mut out = layout.clone();
    let mut axis = 0;
    for entry in index {
        match entry {
            Index::Integer(i) => {
                let n = out.shape()[axis];
                let position = if *i < 0 {
                    i.saturating_add(n as isize)
                } else {
                    *i
                };
                if !(0..n as isize).contains(&position) {
                    return Err(Error::index(
                        function,
                        format!("index {i} is out of range for an axis of length {n}"),
                    ));
                }
                out = out.select(axis, position as usize);
            }
            Index::Slice(slice) => {
                let (start, length, step) = slice.resolve(function, out.shape()[axis])?;
                out = out.slice(axis, start, length, step);
                axis += 1;
            }
            Index::Ellipsis => axis += ndim - named,
            Index::NewAxis => {
                out = out.insert_axis(axis);
                axis += 1;
            }
            Index::Array(_) => unreachable!("arrays are handled before"),
        }
    }
    Ok(out)
}

impl<B: Backend> Namespace<B> {
    /// `x[mask]`: the true elements in row-major order, followed by the axes that the mask does not cover.
    fn masked(&self, x: &Array<B>, mask: &Array<B>) -> Result<Array<B>> {
        mask.namespace().check_same("get", self)?;
        let covered = mask_fits("get", x.shape(), mask.shape())?;
        let rest = &x.shape()[mask.ndim()..];
        let positions = self.flat_nonzero(&Expr::from(mask).on("get", self)?)?;
        let flat_shape: Vec<usize> = [covered].iter().chain(rest).copied().collect();
        let flat = self.reshape(x, flat_shape)?.into_data()?;
        let shape: Vec<usize> = [positions.size()].iter().chain(rest).copied().collect();
        self.gather(&flat, &broadcast_along(positions.data()?, &shape, 0), 0)
    }

    /// x with a value where the mask is true.
    fn with_masked(&self, x: &Array<B>, mask: &Array<B>, value: Expr<B>) -> Result<Array<B>> {
        const FUNCTION: &str = "set";
        mask.namespace().check_same(FUNCTION, self)?;
        mask_fits(FUNCTION, x.shape(), mask.shape())?;
        if mask.size() == 0 || x.size() == 0 {
            return Ok(x.clone());
        }
        let mut mask_shape = mask.shape().to_vec();
        mask_shape.resize(x.ndim(), 1);
        let wide = self.broadcast_to(self.reshape(mask, mask_shape)?, x.shape())?;
        let value = match value.scalar_or_valid(FUNCTION, self)? {
            Err(scalar) => Expr::from(scalar),
            Ok(value) if value.ndim() == 0 => Expr::valid(self.clone(), value),
            Ok(value) => self.spread(x, mask, value)?,
        };
        let out = self.where_(&wide, value, x).eval()?;
        if out.dtype() == x.dtype() {
            Ok(out)
        } else {
            Err(Error::dtype(
                FUNCTION,
                &[x.dtype(), out.dtype()],
                "a value that promotes to the array's dtype",
            ))
        }
    }

    /// Spreads one value for each true element to the positions where the mask is true. The other positions hold any of
    /// the values.
    fn spread(&self, x: &Array<B>, mask: &Array<B>, value: Valid<B>) -> Result<Expr<B>> {
        let count = self.count_nonzero(mask, ..)?.item::<i64>()? as usize;
        let rest = &x.shape()[mask.ndim()..];
        let wanted: Vec<usize> = [count].iter().chain(rest).copied().collect();
        if broadcast_shapes("set", &[value.shape(), &wanted])?.as_slice() != wanted {
            let detail =
                format!("of the value does not broadcast to {count} true elements of the mask");
            return Err(Error::shape("set", &[value.shape()], detail));
        }
        if count == 0 {
            return Ok(x.into());
        }
        let value = value.evaluate(self)?;
        let value = value.with_layout(value.layout.broadcast_to(&wanted));
        let flat = self.reshape(mask, [mask.size()])?;
        // Before the first true element this is -1, which is a valid index.
        let rank = (self.cumulative_sum(self.astype(&flat, self.index_dtype()), 0)? - 1).eval()?;
        let shape: Vec<usize> = [mask.size()].iter().chain(rest).copied().collect();
        let spread = self.gather(&value, &broadcast_along(rank.data()?, &shape, 0), 0)?;
        Ok(self.reshape(spread, x.shape())?.into())
    }

    /// A value as a program of the region's shape and the array's dtype.
    fn value_for(
        &self,
        function: &'static str,
        dtype: DType,
        shape: &[usize],
        value: Expr<B>,
    ) -> Result<Program<B::Storage>> {
        let value = match value.scalar_or_valid(function, self)? {
            Err(scalar) => Valid::scalar(scalar.to_dtype(function, dtype)?, dtype),
            Ok(value) if value.dtype().promote(dtype) == Some(dtype) => value.cast(dtype),
            Ok(value) => {
                return Err(Error::dtype(
                    function,
                    &[dtype, value.dtype()],
                    "a value that promotes to the array's dtype",
                ));
            }
        };
        if broadcast_shapes(function, &[value.shape(), shape])?.as_slice() != shape {
            return Err(Error::shape(
                function,
                &[value.shape(), shape],
                "differ: the value must broadcast to the region",
            ));
        }
        value.program_of_shape(self, shape.to_vec())
    }

    /// A copy of the elements, in new memory.
    pub(crate) fn copy(&self, x: &Strided<B::Storage>) -> Result<Strided<B::Storage>> {
        let storage = self.backend().evaluate(&Program::input(x.clone()))?;
        Ok(Strided::contiguous(storage, x.shape(), x.dtype))
    }
}

/// The number of elements of the axes that a mask covers; an error if its lengths differ from theirs. A mask axis of
/// length 0 fits any length.
fn mask_fits(function: &'static str, shape: &[usize], mask: &[usize]) -> Result<usize> {
    let fits = mask.len() <= shape.len() && mask.iter().zip(shape).all(|(&m, &n)| m == n || m == 0);
    if fits {
        Ok(size(&shape[..mask.len()]))
    } else {
        let (mask, shape) = (crate::shape_text(mask), crate::shape_text(shape));
        Err(Error::index(
            function,
            format!("a mask of shape {mask} does not fit an array of shape {shape}"),
        ))
    }
}
