//! Converts Python's arguments to the types that the namespace takes.

use array_api_compat::AnyBackend;
use array_api_spec::{
    Array, Axes, Bound as ClipBound, Error, Expr, Namespace, Result, Scalar, Unbounded,
    backend::ArrayObjectBackend, shape,
};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
};

use crate::{
    array::PyArray,
    data_type::PyDType,
    device::{self, On},
    linear_algebra,
    scalar::scalar,
    view::View,
};

/// Work on this many elements, or on their square if two arrays broadcast, takes microseconds.
const SMALL: usize = 256;

/// Arrays of a device that is known at run time only.
pub(crate) type AnyArray = Array<AnyBackend>;

/// The namespace of such a device.
pub(crate) type AnyNamespace = Namespace<AnyBackend>;

/// An array or a Python scalar.
pub(crate) enum Operand {
    Array(AnyArray),
    Scalar(Scalar),
}

/// Estimates from an argument how long a call takes.
pub(crate) trait Work {
    /// Whether, judged by this argument, the call takes less time than it takes to release and reacquire Python's
    /// interpreter lock.
    fn is_little(&self) -> bool;
}

impl Work for AnyArray {
    fn is_little(&self) -> bool {
        is_little(self.shape(), &self.namespace())
    }
}

/// Whether an array of this shape has few elements, in the host's own memory.
fn is_little(shape: &[usize], xp: &AnyNamespace) -> bool {
    shape::size(shape) <= SMALL && xp.backend().is_host()
}

impl Work for Operand {
    fn is_little(&self) -> bool {
        match self {
            Self::Array(x) => x.is_little(),
            Self::Scalar(_) => true,
        }
    }
}

impl Work for ArrayOnly {
    fn is_little(&self) -> bool {
        self.0.is_little()
    }
}

impl Work for View {
    fn is_little(&self) -> bool {
        is_little(self.shape(), self.namespace())
    }
}

impl<T: Work> Work for Option<T> {
    fn is_little(&self) -> bool {
        self.as_ref().is_none_or(T::is_little)
    }
}

/// Arguments for which the answer does not depend on the value.
macro_rules! work {
    ($little:literal: $($Type:ty),*) => {
        $(impl Work for $Type {
            fn is_little(&self) -> bool {
                $little
            }
        })*
    };
}

// These select what is computed, not how much.
work!(true: bool, isize, i64, f64, &str, Vec<isize>, linear_algebra::Axes, Integers, PyDType);
// These may mean a result that is much larger than the arguments, or a device that the host must wait for.
work!(false: usize, Shape, ScalarOnly, Vec<ArrayOnly>, Vec<View>, On);

impl Operand {
    /// The namespace of the array; of the default device for a scalar.
    pub(crate) fn xp(&self) -> AnyNamespace {
        match self {
            Self::Array(x) => x.namespace(),
            Self::Scalar(_) => device::default(),
        }
    }
}

/// The namespace of the first array among two arguments.
pub(crate) fn xp_of(x1: &Operand, x2: &Operand) -> AnyNamespace {
    match x1 {
        Operand::Array(_) => x1.xp(),
        Operand::Scalar(_) => x2.xp(),
    }
}

impl<'py> FromPyObject<'_, 'py> for Operand {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyArray>() {
            Ok(x) => Ok(Self::Array(x.get().get())),
            Err(_) => scalar_of(object).map(Self::Scalar),
        }
    }
}

/// An array or a Python scalar whose values are not read yet.
pub(crate) enum Source {
    View(View),
    Scalar(Scalar),
}

impl<'py> FromPyObject<'_, 'py> for Source {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(x) = object.cast::<PyArray>() {
            return Ok(Self::View(x.get().0.clone()));
        }
        scalar_of(object).map(Self::Scalar)
    }
}

fn scalar_of(object: Borrowed<'_, '_, PyAny>) -> PyResult<Scalar> {
    scalar(&object)?.ok_or_else(|| {
        let kind = object.get_type();
        PyTypeError::new_err(format!(
            "takes an array or a Python scalar, not {kind}; make an array of it with `asarray`"
        ))
    })
}

impl From<Operand> for Expr<AnyBackend> {
    fn from(operand: Operand) -> Self {
        match operand {
            Operand::Array(x) => x.into(),
            Operand::Scalar(value) => value.into(),
        }
    }
}

/// An array; a scalar is an error.
pub(crate) struct ArrayOnly(pub(crate) AnyArray);

impl<'py> FromPyObject<'_, 'py> for ArrayOnly {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        object.extract().map(|x: View| Self(x.get()))
    }
}

/// An array whose memory the result may share.
impl<'py> FromPyObject<'_, 'py> for View {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyArray>() {
            Ok(x) => Ok(x.get().0.clone()),
            Err(_) => Err(PyTypeError::new_err(format!(
                "takes an array, not {}",
                object.get_type()
            ))),
        }
    }
}

/// A scalar; an array is an error.
pub(crate) struct ScalarOnly(pub(crate) Scalar);

impl<'py> FromPyObject<'_, 'py> for ScalarOnly {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        scalar(&object)?.map(Self).ok_or_else(|| {
            PyTypeError::new_err(format!("takes a Python scalar, not {}", object.get_type()))
        })
    }
}

/// An integer or several: axes, or a shape that leaves a length open.
pub(crate) struct Integers(pub(crate) Vec<isize>);

impl<'py> FromPyObject<'_, 'py> for Integers {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<isize>() {
            Ok(one) => Ok(Self(vec![one])),
            Err(_) => object.extract().map(Self),
        }
    }
}

/// An integer of any size. One that does not fit `isize` is clamped: it is beyond the end of every axis.
pub(crate) fn saturated(object: &Bound<'_, PyAny>) -> PyResult<isize> {
    let index = object.call_method0("__index__")?;
    let limit = if index.lt(0)? { isize::MIN } else { isize::MAX };
    Ok(index.extract().unwrap_or(limit))
}

/// The lengths of axes: an integer or several.
pub(crate) struct Shape(pub(crate) Vec<usize>);

impl<'py> FromPyObject<'_, 'py> for Shape {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let lengths = object.extract::<Integers>()?.0;
        let lengths: Result<Vec<usize>, _> = lengths.into_iter().map(usize::try_from).collect();
        lengths
            .map(Self)
            .map_err(|_| PyValueError::new_err("the length of an axis must not be negative"))
    }
}

/// The argument `axis` with the keyword arguments that go with it.
pub(crate) trait Keywords {
    /// `None` means all axes.
    fn axes(self) -> Axes;
}

impl Keywords for Option<Integers> {
    fn axes(self) -> Axes {
        self.map_or_else(Axes::default, |axes| axes.0.into())
    }
}

/// The methods of [`Axes`], for arguments that may be absent.
pub(crate) trait AxesKeywords {
    fn keep(self, keepdims: bool) -> Self;
    fn typed(self, dtype: Option<PyDType>) -> Self;
    fn initial(self, include: bool) -> Self;
    fn ordered(self, descending: bool) -> Self;
}

impl AxesKeywords for Axes {
    fn keep(self, keepdims: bool) -> Self {
        if keepdims { self.keepdims() } else { self }
    }

    fn typed(self, dtype: Option<PyDType>) -> Self {
        match dtype {
            Some(PyDType(dtype)) => self.dtype(dtype),
            None => self,
        }
    }

    fn initial(self, include: bool) -> Self {
        if include {
            self.include_initial()
        } else {
            self
        }
    }

    fn ordered(self, descending: bool) -> Self {
        if descending { self.descending() } else { self }
    }
}

/// A bound of `clip`.
pub(crate) fn clip_bound(bound: Option<Operand>) -> ClipBound<AnyBackend> {
    match bound {
        Some(bound) => bound.into(),
        None => Unbounded.into(),
    }
}

/// The meaning of a word, one of a few allowed ones.
///
/// # Errors
/// Another word.
pub(crate) fn word<T: Copy>(argument: &'static str, given: &str, all: &[(&str, T)]) -> Result<T> {
    let found = all.iter().find(|(word, _)| *word == given);
    found.map(|&(_, meaning)| meaning).ok_or_else(|| {
        let words: Vec<String> = all.iter().map(|(word, _)| format!("`{word}`")).collect();
        let detail = format!("`{given}` is none of {}", words.join(", "));
        Error::value(argument, detail)
    })
}

/// The namespace of the first array; that of the default device if there is none, and the function then reports the
/// error.
pub(crate) fn first(arrays: &[ArrayOnly]) -> AnyNamespace {
    arrays
        .first()
        .map_or_else(device::default, |x| x.0.namespace())
}

/// The arrays as the namespace takes them.
pub(crate) fn borrowed(arrays: &[ArrayOnly]) -> Vec<&AnyArray> {
    arrays.iter().map(|x| &x.0).collect()
}
