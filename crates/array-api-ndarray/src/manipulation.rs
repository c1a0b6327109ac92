//! Joining arrays.

use array_api_spec::{
    Element, Result, Strided, backend::ManipulationBackend, dispatch, shape::size,
};
use ndarray::{ArrayViewMutD, Axis, IxDyn, Slice};

use super::{NdArray, Storage, interop};

impl ManipulationBackend for NdArray {
    fn concat(&self, arrays: &[Strided<Storage>], axis: usize) -> Option<Result<Storage>> {
        let first = arrays.first()?;
        Some(dispatch!(first.dtype, T => join::<T>(arrays, axis)))
    }
}

fn join<T: Element>(arrays: &[Strided<Storage>], axis: usize) -> Result<Storage> {
    let mut shape = arrays[0].shape().to_vec();
    // `array-api-spec` has checked that the sum does not overflow.
    shape[axis] = arrays.iter().map(|x| x.shape()[axis]).sum();
    Storage::build::<T>(size(&shape), |out| {
        let mut out = ArrayViewMutD::from_shape(IxDyn(&shape), out)
            .expect("as many elements as the shape has");
        let mut start = 0;
        for x in arrays {
            let end = start + x.shape()[axis];
            out.slice_axis_mut(Axis(axis), Slice::from(start..end))
                .assign(&interop::view::<T>(x));
            start = end;
        }
    })
}

#[cfg(test)]
mod tests {
    use array_api_spec::{DType, HostBuffer};
    use proptest::prelude::*;

    use super::{
        super::testing::{shape, values, view},
        *,
    };

    proptest! {
        #[test]
        fn parts_lie_one_behind_the_other(
            (arrays, axis) in (shape(), prop::sample::select(DType::ALL.to_vec()), any::<prop::sample::Index>())
                .prop_filter("an axis", |(shape, ..)| !shape.is_empty())
                .prop_flat_map(|(shape, dtype, axis)| {
                    let axis = axis.index(shape.len());
                    let part = (0..4_usize).prop_flat_map(move |n| {
                        let mut shape = shape.clone();
                        shape[axis] = n;
                        view(shape, dtype)
                    });
                    (prop::collection::vec(part, 1..4), Just(axis))
                }),
        ) {
            let joined = NdArray.concat(&arrays, axis).expect("has its own").expect("room");
            let mut shape = arrays[0].shape().to_vec();
            shape[axis] = arrays.iter().map(|x| x.shape()[axis]).sum();
            let joined = Strided::contiguous(joined, &shape, arrays[0].dtype);
            prop_assert_eq!(joined.storage.len(), joined.layout.size());
            let mut start = 0;
            for x in &arrays {
                let part = joined.with_layout(joined.layout.slice(axis, start, x.shape()[axis], 1));
                start += x.shape()[axis];
                prop_assert_eq!(dispatched(&part), dispatched(x));
            }
        }
    }

    fn dispatched(x: &Strided<Storage>) -> HostBuffer {
        dispatch!(x.dtype, T => values(&super::super::elements::<T>(x).expect("room").into_owned().into()))
    }
}
