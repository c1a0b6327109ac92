//! The array object.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/array_object.html>

use std::fmt;

use crate::{
    Backend, DType, Device, Element, Error, Expr, HostBuffer, Layout, Namespace, Result, Scalar,
    Strided, shape_text,
};

/// An array on one device: a shape, a dtype and a view of the device's memory.
///
/// An array is a value: cloning is cheap, and writing to one array never changes another. It has the attributes and
/// methods that the standard gives the array object; the functions are on its [`Namespace`].
///
/// ```
/// use array_api_spec::{DType, reference};
/// let xp = reference::namespace();
/// let x = xp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])?;
/// assert_eq!((x.shape(), x.dtype(), x.ndim()), ([2, 3].as_slice(), DType::Float64, 2));
/// let mut y = (2 * x.T()? + 1).eval()?;
/// y += 0.5;
/// assert_eq!(y.to_vec::<f64>()?, [3.5, 9.5, 5.5, 11.5, 7.5, 13.5]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone)]
pub struct Array<B: Backend> {
    xp: Namespace<B>,
    data: Strided<B::Storage>,
    /// The error of a failed in-place operator, which the next `?` returns.
    failed: Option<Error>,
}

impl<B: Backend> Array<B> {
    /// An array over a storage that `xp`'s backend made.
    #[must_use]
    pub const fn new(xp: Namespace<B>, data: Strided<B::Storage>) -> Self {
        Self {
            xp,
            data,
            failed: None,
        }
    }

    /// The namespace of the array's device: all functions. The standard's `__array_namespace__`.
    #[must_use]
    pub fn namespace(&self) -> Namespace<B> {
        self.xp.clone()
    }

    /// The data type of the elements.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        self.data.dtype
    }

    /// The device that holds the array.
    #[must_use]
    pub fn device(&self) -> Device {
        self.xp.device()
    }

    /// Lengths of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.data.shape()
    }

    /// Number of axes.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.data.layout.ndim()
    }

    /// Number of elements.
    #[must_use]
    pub fn size(&self) -> usize {
        self.data.layout.size()
    }

    /// The transpose of a matrix, as a view: `(m, n) → (n, m)`.
    ///
    /// # Errors
    /// An array that is not two-dimensional (see [`mT`](Self::mT) and `permute_dims`).
    #[allow(non_snake_case, reason = "the standard's name")]
    pub fn T(&self) -> Result<Self> {
        if self.ndim() != 2 {
            return Err(Error::shape(
                "T",
                &[self.shape()],
                "is not two-dimensional; use `mT` or `permute_dims`",
            ));
        }
        self.mT()
    }

    /// The transpose of each matrix in a stack, as a view: `(…, m, n) → (…, n, m)`.
    ///
    /// # Errors
    /// An array of less than two dimensions.
    #[allow(non_snake_case, reason = "the standard's name")]
    pub fn mT(&self) -> Result<Self> {
        self.xp.matrix_transpose(self)
    }

    /// The storage and layout, for backends and their conversions.
    ///
    /// # Errors
    /// The error of an earlier in-place operator.
    pub fn data(&self) -> Result<&Strided<B::Storage>> {
        match &self.failed {
            None => Ok(&self.data),
            Some(error) => Err(error.clone()),
        }
    }

    /// Shape, strides and offset of the elements in the array's memory.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.data.layout
    }

    /// A view: the array's memory through another layout. The caller must make sure that all elements of the layout are
    /// inside the memory, as they are if the layout is that of a view of this array.
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([[1, 2, 3], [4, 5, 6]])?;
    /// let column = x.with_layout(x.layout().select(1, 2));
    /// assert_eq!(column.to_vec::<i32>()?, [3, 6]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    #[must_use]
    pub fn with_layout(&self, layout: Layout) -> Self {
        Self {
            xp: self.xp.clone(),
            data: self.data.with_layout(layout),
            failed: self.failed.clone(),
        }
    }

    /// A copy of the elements in new memory, with the same shape and dtype.
    ///
    /// A clone is cheaper, but shares the whole memory that the array is a view of. It keeps that memory alive, and the
    /// first write to either copies all of it.
    ///
    /// ```
    /// let xp = array_api_spec::reference::namespace();
    /// let x = xp.asarray([[1, 2, 3], [4, 5, 6]])?;
    /// let row = x.get(array_api_spec::ix![1])?.copy()?;
    /// assert_eq!(row.to_vec::<i32>()?, [4, 5, 6]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of an earlier in-place operator; no memory on the device; a driver's failure.
    pub fn copy(&self) -> Result<Self> {
        let data = self.xp.copy(self.data()?)?;
        Ok(Self::new(self.xp.clone(), data))
    }

    /// The array on another device, or itself if it is there already, with the same shape and dtype.
    ///
    /// Source: <https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.array.to_device.html>
    ///
    /// # Errors
    /// A dtype that the other device does not have: convert with `astype` first. No memory there; a driver's failure.
    pub fn to_device<C: Backend>(&self, xp: &Namespace<C>) -> Result<Array<C>> {
        let same: Option<&Namespace<C>> = (&self.xp as &dyn std::any::Any).downcast_ref();
        if same == Some(xp)
            && let Some(array) = (self as &dyn std::any::Any).downcast_ref::<Array<C>>()
        {
            return Ok(array.clone());
        }
        xp.check_dtype(self.dtype())?;
        xp.asarray(HostArray {
            buffer: self.to_host()?,
            shape: self.shape().to_vec(),
        })
    }

    /// The elements on the host, in row-major order.
    ///
    /// # Errors
    /// A driver's failure, which may stem from earlier work.
    pub fn to_host(&self) -> Result<HostBuffer> {
        self.xp.backend().download(self.data()?)
    }

    /// The elements as Rust values, in row-major order. Numbers are converted if `T` can represent their kind: integers
    /// to floating-point, real to complex, one precision to another.
    ///
    /// # Errors
    /// A kind that does not fit `T`; an integer out of T's range; a driver's failure.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        self.to_host()?.into_vec("to_vec")
    }

    /// The one element of an array of size 1, as `float(x)` gives it in Python. Conversions as in [`to_vec`](Self::to_vec).
    ///
    /// # Errors
    /// Another size than 1; a kind that does not fit `T`; a driver's failure.
    pub fn item<T: Element>(&self) -> Result<T> {
        if self.size() != 1 {
            return Err(Error::shape(
                "item",
                &[self.shape()],
                "has not exactly one element; use `to_vec`",
            ));
        }
        Ok(self.to_host()?.into_vec("item")?[0])
    }

    /// The one element of an array of size 1 as a scalar of its own kind.
    ///
    /// # Errors
    /// Another size than 1; a driver's failure.
    pub fn scalar(&self) -> Result<Scalar> {
        let host = (self.size() == 1).then(|| self.to_host()).transpose()?;
        host.and_then(|values| values.get(0))
            .ok_or_else(|| Error::shape("scalar", &[self.shape()], "has not exactly one element"))
    }

    /// Replaces the values by those of an expression; keeps the error if it does not fit.
    pub(crate) fn update(&mut self, value: Expr<B>) {
        let new = || {
            let value = value.eval()?;
            if value.dtype() != self.dtype() {
                let dtypes = [self.dtype(), value.dtype()];
                return Err(Error::dtype(
                    "in-place operator",
                    &dtypes,
                    "a value that keeps the array's dtype",
                ));
            }
            if value.shape() != self.shape() {
                let shapes = [self.shape(), value.shape()];
                return Err(Error::shape(
                    "in-place operator",
                    &shapes,
                    "differ: the result must keep the array's shape",
                ));
            }
            Ok(value)
        };
        match new() {
            Ok(value) => *self = value,
            Err(error) => self.failed = Some(error),
        }
    }

    pub(crate) const fn data_mut(&mut self) -> &mut Strided<B::Storage> {
        &mut self.data
    }

    pub(crate) fn replace_data(&mut self, data: Strided<B::Storage>) {
        self.data = data;
    }

    pub(crate) fn into_data(self) -> Result<Strided<B::Storage>> {
        match self.failed {
            None => Ok(self.data),
            Some(error) => Err(error),
        }
    }
}

impl<B: Backend> fmt::Debug for Array<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Array({} {} on {}",
            self.dtype(),
            shape_text(self.shape()),
            self.device()
        )?;
        match &self.failed {
            None => f.write_str(")"),
            Some(error) => write!(f, ", failed: {error})"),
        }
    }
}

/// Values on the host with a shape: the argument of [`Namespace::asarray`].
#[derive(Clone, Debug, PartialEq)]
pub struct HostArray {
    /// The values, in row-major order.
    pub buffer: HostBuffer,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
}

/// Types that convert to a [`HostArray`]: Rust scalars, `Vec`s, slices, nested arrays, nested `Vec`s of equal lengths,
/// and host buffers with a shape.
pub trait IntoHostArray {
    /// The values with their shape.
    ///
    /// # Errors
    /// Nested `Vec`s of unequal lengths.
    fn into_host_array(self) -> Result<HostArray>;
}

impl IntoHostArray for HostArray {
    fn into_host_array(self) -> Result<HostArray> {
        Ok(self)
    }
}

/// Values and a shape: `(vec, [2, 3])`.
impl<T: Element, const N: usize> IntoHostArray for (Vec<T>, [usize; N]) {
    fn into_host_array(self) -> Result<HostArray> {
        Ok(HostArray {
            buffer: T::into_buffer(self.0),
            shape: self.1.to_vec(),
        })
    }
}

impl<T: Element> IntoHostArray for (Vec<T>, &[usize]) {
    fn into_host_array(self) -> Result<HostArray> {
        Ok(HostArray {
            buffer: T::into_buffer(self.0),
            shape: self.1.to_vec(),
        })
    }
}

impl<T: Element> IntoHostArray for T {
    fn into_host_array(self) -> Result<HostArray> {
        Ok(HostArray {
            buffer: T::into_buffer(vec![self]),
            shape: Vec::new(),
        })
    }
}

impl<T: Element> IntoHostArray for Vec<T> {
    fn into_host_array(self) -> Result<HostArray> {
        let shape = vec![self.len()];
        Ok(HostArray {
            buffer: T::into_buffer(self),
            shape,
        })
    }
}

impl<T: Element> IntoHostArray for &[T] {
    fn into_host_array(self) -> Result<HostArray> {
        self.to_vec().into_host_array()
    }
}

impl<T: Element> IntoHostArray for &Vec<T> {
    fn into_host_array(self) -> Result<HostArray> {
        self.clone().into_host_array()
    }
}

impl<T: Element, const N: usize> IntoHostArray for [T; N] {
    fn into_host_array(self) -> Result<HostArray> {
        self.to_vec().into_host_array()
    }
}

impl<T: Element, const M: usize, const N: usize> IntoHostArray for [[T; N]; M] {
    fn into_host_array(self) -> Result<HostArray> {
        Ok(HostArray {
            buffer: T::into_buffer(self.as_flattened().to_vec()),
            shape: vec![M, N],
        })
    }
}

impl<T: Element, const L: usize, const M: usize, const N: usize> IntoHostArray
    for [[[T; N]; M]; L]
{
    fn into_host_array(self) -> Result<HostArray> {
        Ok(HostArray {
            buffer: T::into_buffer(self.as_flattened().as_flattened().to_vec()),
            shape: vec![L, M, N],
        })
    }
}

impl<T: Element> IntoHostArray for Vec<Vec<T>> {
    fn into_host_array(self) -> Result<HostArray> {
        let columns = self.first().map_or(0, Vec::len);
        if let Some((row, other)) = self.iter().enumerate().find(|(_, r)| r.len() != columns) {
            let detail = format!(
                "row 0 has {columns} values and row {row} has {}; all rows need one length",
                other.len()
            );
            return Err(Error::value("asarray", detail));
        }
        let shape = vec![self.len(), columns];
        Ok(HostArray {
            buffer: T::into_buffer(self.concat()),
            shape,
        })
    }
}

impl HostBuffer {
    /// The values as Rust values of type `T`, converted as [`Array::to_vec`] does.
    ///
    /// # Errors
    /// A kind that does not fit `T`; an integer out of T's range.
    pub fn into_vec<T: Element>(self, function: &'static str) -> Result<Vec<T>> {
        let other = match T::from_buffer(self) {
            Ok(values) => return Ok(values),
            Err(other) => other,
        };
        let (from, to) = (other.dtype(), T::DTYPE);
        if from.kind() <= to.kind() || (from.is_integer() && to.is_integer()) {
            return other.to_dtype(function, T::DTYPE)?.into_vec(function);
        }
        Err(Error::dtype(
            function,
            &[other.dtype()],
            "values that the asked Rust type can hold without loss of kind",
        ))
    }

    /// Converts the values to another dtype by the rules for scalars: a kind may become a higher one only, and integers
    /// must be in range.
    ///
    /// # Errors
    /// A kind that does not fit; an integer out of range.
    pub fn to_dtype(&self, function: &'static str, dtype: DType) -> Result<Self> {
        if self.dtype() == dtype {
            return Ok(self.clone());
        }
        let values = (0..self.len()).map(|i| {
            let value = self.get(i).expect("an index within the length");
            value.to_dtype(function, dtype)
        });
        Self::from_scalars(dtype, values)
    }

    /// Values of `dtype` from scalars (see [`Scalar::to_dtype`]).
    ///
    /// # Errors
    /// The first error among the scalars.
    pub fn from_scalars(
        dtype: DType,
        values: impl Iterator<Item = Result<Scalar>>,
    ) -> Result<Self> {
        crate::dispatch!(dtype, T => {
            let values: Result<Vec<T>> = values.map(|v| v.map(T::stored)).collect();
            Ok(T::into_buffer(values?))
        })
    }
}
