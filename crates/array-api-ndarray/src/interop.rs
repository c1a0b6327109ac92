//! Conversions from and to arrays of the `ndarray` crate, without a copy.

use array_api_spec::{
    Array, Element, Error, Layout, Namespace, Result, Strided, backend::ArrayObjectBackend,
};
use ndarray::{ArrayBase, ArrayD, ArrayViewD, Axis, DataOwned, Dimension, IxDyn, ShapeBuilder};

use super::{NdArray, Storage, check_bounds};

impl NdArray {
    /// Converts an `ndarray` array to an array of this backend. It keeps its memory and its memory order. An owned
    /// array is not copied; a shared one is.
    ///
    /// ```
    /// use array_api_ndarray::NdArray;
    /// let table = ndarray::array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
    /// let x = NdArray::from_ndarray(table.reversed_axes()); // 2 × 3, by columns
    /// let xp = x.namespace();
    /// assert_eq!(xp.sum(&x, 1)?.to_vec::<f64>()?, [9.0, 12.0]);
    /// assert_eq!(NdArray::view::<f64>(&x)?[[1, 2]], 6.0);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    #[must_use]
    pub fn from_ndarray<S, D>(x: ArrayBase<S, D>) -> Array<Self>
    where
        S: DataOwned<Elem: Element>,
        D: Dimension,
    {
        let x = x.into_owned();
        let (shape, strides) = (x.shape().to_vec(), x.strides().to_vec());
        let (values, offset) = x.into_raw_vec_and_offset();
        let data = Strided {
            storage: values.into(),
            layout: Layout::new(&shape, &strides, offset.unwrap_or(0)),
            dtype: <S::Elem as Element>::DTYPE,
        };
        Array::new(Namespace::new(Self), data)
    }

    /// A view of an array for `ndarray`, without a copy.
    ///
    /// # Errors
    /// An array of another dtype than T's.
    pub fn view<T: Element>(x: &Array<Self>) -> Result<ArrayViewD<'_, T>> {
        let data = x.data()?;
        if data.dtype != T::DTYPE {
            return Err(Error::dtype("view", &[data.dtype], T::DTYPE.name()));
        }
        Ok(view(data))
    }

    /// Converts an array to an owned `ndarray` array in row-major order. It is not copied if it is contiguous already,
    /// if its memory came from a `Vec` or an `ndarray` array, and if nothing else shares that memory.
    ///
    /// # Errors
    /// An array of another dtype than T's; no memory for a copy.
    pub fn into_ndarray<T: Element>(x: Array<Self>) -> Result<ArrayD<T>> {
        let data = x.data()?.clone();
        if data.dtype != T::DTYPE {
            return Err(Error::dtype("into_ndarray", &[data.dtype], T::DTYPE.name()));
        }
        // The array itself is a handle to the memory, so it is dropped first.
        drop(x);
        if data.layout.is_contiguous() && data.layout.size() == data.storage.len() {
            let shape = IxDyn(data.shape());
            return Ok(ArrayD::from_shape_vec(shape, data.storage.into_vec())
                .expect("as many elements as the shape has"));
        }
        let buffer = Self.download(&data)?;
        let values = T::from_buffer(buffer)
            .map_err(|_| Error::dtype("into_ndarray", &[data.dtype], T::DTYPE.name()))?;
        Ok(ArrayD::from_shape_vec(IxDyn(data.shape()), values)
            .expect("as many elements as the shape has"))
    }
}

/// A view of a storage for `ndarray`.
///
/// # Panics
/// If the elements are not of type `T`, which is a mistake of the caller.
pub(crate) fn view<T: Element>(x: &Strided<Storage>) -> ArrayViewD<'_, T> {
    let all = x.storage.slice::<T>();
    check_bounds(x);
    let Some((low, _)) = x.layout.bounds() else {
        return ArrayViewD::from_shape(IxDyn(x.shape()), &[]).expect("no elements");
    };
    // `ndarray` makes views with non-negative strides only, so axes with negative strides are inverted afterwards.
    let strides: Vec<usize> = x
        .layout
        .strides()
        .iter()
        .map(|s| s.unsigned_abs())
        .collect();
    // SAFETY: the view lies inside its storage (just checked), from its lowest element on, and lives no longer than the
    // borrow of it.
    let mut view = unsafe {
        let shape = IxDyn(x.shape()).strides(IxDyn(&strides));
        ArrayViewD::from_shape_ptr(shape, all.as_ptr().add(low))
    };
    for (axis, &stride) in x.layout.strides().iter().enumerate() {
        if stride < 0 {
            view.invert_axis(Axis(axis));
        }
    }
    view
}

#[cfg(test)]
mod tests {
    use array_api_spec::DType;
    use ndarray::{Array2, arr0, s};

    use super::*;

    #[test]
    fn arrays_come_and_go_without_a_copy() -> Result<()> {
        let mut a = Array2::from_shape_fn((3, 4), |(i, j)| (4 * i + j) as f32);
        a.invert_axis(Axis(0));
        let a = a.reversed_axes();
        let (expected, address) = (a.clone(), a.as_ptr());
        let x = NdArray::from_ndarray(a);
        assert_eq!(x.shape(), [4, 3]);
        let view = NdArray::view::<f32>(&x)?;
        assert_eq!(view.as_ptr(), address);
        assert_eq!(view, expected.clone().into_dyn());
        assert_eq!(NdArray::into_ndarray::<f32>(x)?, expected.into_dyn());

        let rows = Array2::<i64>::ones((2, 2));
        let address = rows.as_ptr();
        assert_eq!(
            NdArray::into_ndarray::<i64>(NdArray::from_ndarray(rows))?.as_ptr(),
            address
        );
        assert_eq!(NdArray::from_ndarray(arr0(2.5)).item::<f64>()?, 2.5);
        assert_eq!(
            NdArray::from_ndarray(Array2::<u8>::zeros((0, 3))).shape(),
            [0, 3]
        );
        Ok(())
    }

    #[test]
    fn another_dtype_is_an_error() {
        let x = NdArray::from_ndarray(arr0(true));
        let message = NdArray::view::<f64>(&x)
            .expect_err("bool is not float64")
            .to_string();
        assert_eq!(message, "view: takes float64, not bool");
        assert!(NdArray::into_ndarray::<u8>(x).is_err());
    }

    #[test]
    fn views_of_views_are_ndarray_s_own() {
        let values: Vec<f64> = (0..12).map(f64::from).collect();
        let x = Strided::contiguous(Storage::from(values), &[3, 4], DType::Float64);
        let part = x.with_layout(x.layout.slice(1, 3, 2, -2).flip(0));
        let expected = view::<f64>(&x)
            .slice_move(s![..;-1, 1..;2])
            .slice_move(s![.., ..;-1])
            .into_dyn();
        assert_eq!(view::<f64>(&part), expected);
        let row = x.with_layout(x.layout.select(0, 1).broadcast_to(&[2, 4]));
        assert_eq!(
            view::<f64>(&row),
            ndarray::arr2(&[[4.0, 5.0, 6.0, 7.0]; 2]).into_dyn()
        );
    }
}
