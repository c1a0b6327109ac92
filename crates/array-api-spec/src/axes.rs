//! The `axis` argument, with the keyword arguments that go with it.

use std::ops::RangeFull;

use crate::{
    DType, Error, Result,
    backend::{Initial, Order},
    layout::Dims,
    shape,
};

/// The axes that a function works along: `0`, `-1`, `[0, 1]`, or `..` for all. Keyword arguments are added as in
/// [`axis`]`(0).keepdims()`.
///
/// ```
/// use array_api_spec::{Axes, DType, axis};
/// let _: Axes = (-1).into();
/// let _ = axis([0, 1]).keepdims().dtype(DType::Float64);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axes {
    axes: Option<Dims<isize>>,
    keepdims: bool,
    dtype: Option<DType>,
    correction: Option<f64>,
    include_initial: bool,
    descending: bool,
}

/// Axes with keyword arguments: `xp.sum(x, axis(0).keepdims())`.
#[must_use]
pub fn axis(axes: impl Into<Axes>) -> Axes {
    axes.into()
}

impl Axes {
    /// Keeps reduced axes with length 1, so that the result broadcasts against the input.
    #[must_use]
    pub const fn keepdims(mut self) -> Self {
        self.keepdims = true;
        self
    }

    /// The dtype that `sum`, `prod` and the cumulative functions compute and return.
    #[must_use]
    pub const fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// The number that `var` and `std` subtract from the number of elements for the divisor: 0 for a population, 1 for
    /// a sample.
    #[must_use]
    pub const fn correction(mut self, correction: f64) -> Self {
        self.correction = Some(correction);
        self
    }

    /// Makes the cumulative functions start with their neutral element, so that they return one element more.
    #[must_use]
    pub const fn include_initial(mut self) -> Self {
        self.include_initial = true;
        self
    }

    /// Makes `sort` and `argsort` put the largest element first.
    #[must_use]
    pub const fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// How many axes are named; `None` for all (`..`).
    pub(crate) fn named(&self) -> Option<usize> {
        self.axes.as_ref().map(|axes| axes.len())
    }

    /// The axes in the order in which they are named, for functions where the order matters. These take no keyword
    /// arguments.
    pub(crate) fn in_order(&self, function: &'static str, ndim: usize) -> Result<Dims<usize>> {
        let sorted = self.resolve(function, &[], ndim)?.axes;
        match &self.axes {
            None => Ok(sorted),
            Some(axes) => {
                let axes = axes.iter();
                axes.map(|&axis| shape::resolve_axis(function, axis, ndim))
                    .collect()
            }
        }
    }

    /// Checks the axes and keyword arguments for a function; `takes` are the keywords that it has.
    pub(crate) fn resolve(
        &self,
        function: &'static str,
        takes: &[Keyword],
        ndim: usize,
    ) -> Result<Resolved> {
        let given = [
            (Keyword::Keepdims, self.keepdims),
            (Keyword::DType, self.dtype.is_some()),
            (Keyword::Correction, self.correction.is_some()),
            (Keyword::IncludeInitial, self.include_initial),
            (Keyword::Descending, self.descending),
        ];
        if let Some((keyword, _)) = given
            .into_iter()
            .find(|(k, given)| *given && !takes.contains(k))
        {
            return Err(Error::value(
                function,
                format!("takes no keyword argument `{}`", keyword.name()),
            ));
        }
        let axes = match &self.axes {
            Some(axes) => shape::resolve_axes(function, axes, ndim)?,
            None => (0..ndim).collect(),
        };
        Ok(Resolved {
            axes,
            all: self.axes.is_none(),
            keepdims: self.keepdims,
            dtype: self.dtype,
            correction: self.correction.unwrap_or(0.0),
            initial: if self.include_initial {
                Initial::Included
            } else {
                Initial::Omitted
            },
            order: if self.descending {
                Order::Descending
            } else {
                Order::Ascending
            },
        })
    }
}

/// A keyword argument that [`Axes`] carries.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Keyword {
    Keepdims,
    DType,
    Correction,
    IncludeInitial,
    Descending,
}

impl Keyword {
    const fn name(self) -> &'static str {
        match self {
            Self::Keepdims => "keepdims",
            Self::DType => "dtype",
            Self::Correction => "correction",
            Self::IncludeInitial => "include_initial",
            Self::Descending => "descending",
        }
    }
}

/// [`Axes`] of an array of known rank.
pub(crate) struct Resolved {
    /// Sorted and distinct.
    pub(crate) axes: Dims<usize>,
    /// All axes (`..`).
    pub(crate) all: bool,
    pub(crate) keepdims: bool,
    pub(crate) dtype: Option<DType>,
    pub(crate) correction: f64,
    pub(crate) initial: Initial,
    pub(crate) order: Order,
}

impl Resolved {
    /// The axis, for a function that works along one; `None` for all.
    pub(crate) fn single(&self, function: &'static str) -> Result<Option<usize>> {
        match (self.all, self.axes.as_slice()) {
            (true, _) => Ok(None),
            (false, [axis]) => Ok(Some(*axis)),
            (false, axes) => Err(Error::value(
                function,
                format!("works along one axis, not along {}", axes.len()),
            )),
        }
    }

    /// The axis, for a function that needs one. It may be left open for a 1-dimensional array.
    pub(crate) fn needed(&self, function: &'static str, ndim: usize) -> Result<usize> {
        match (self.single(function)?, ndim) {
            (Some(axis), _) => Ok(axis),
            (None, 1) => Ok(0),
            (None, ndim) => Err(Error::value(
                function,
                format!("needs an axis for an array of {ndim} dimensions"),
            )),
        }
    }

    /// The same axes, kept with length 1.
    pub(crate) fn keeping(&self) -> Self {
        Self {
            axes: self.axes.clone(),
            keepdims: true,
            ..*self
        }
    }

    /// The shape with the axes removed, or kept with length 1.
    pub(crate) fn reduced(&self, shape: &[usize]) -> Dims<usize> {
        let keep = |(k, &n): (usize, &usize)| match (self.axes.contains(&k), self.keepdims) {
            (false, _) => Some(n),
            (true, true) => Some(1),
            (true, false) => None,
        };
        shape.iter().enumerate().filter_map(keep).collect()
    }

    /// How many elements each element of the result is computed from.
    pub(crate) fn count(&self, shape: &[usize]) -> usize {
        let lengths: Dims<usize> = self.axes.iter().map(|&a| shape[a]).collect();
        shape::size(&lengths)
    }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Self::default()
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Self {
            axes: Some(axes.into()),
            ..Self::default()
        }
    }
}

impl From<Vec<isize>> for Axes {
    fn from(axes: Vec<isize>) -> Self {
        axes.as_slice().into()
    }
}

impl From<Option<isize>> for Axes {
    fn from(axis: Option<isize>) -> Self {
        axis.map_or_else(Self::default, Self::from)
    }
}

macro_rules! from_integer {
    ($($t:ty),*) => { $(
        impl From<$t> for Axes {
            fn from(axis: $t) -> Self {
                // An axis beyond isize is out of range of every array, as is isize::MAX.
                [isize::try_from(axis).unwrap_or(isize::MAX)].as_slice().into()
            }
        }
        impl<const N: usize> From<[$t; N]> for Axes {
            fn from(axes: [$t; N]) -> Self {
                axes.map(|a| isize::try_from(a).unwrap_or(isize::MAX)).as_slice().into()
            }
        }
    )* };
}
from_integer!(i32, isize, usize);
