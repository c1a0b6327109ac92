//! The merge sort.

use array_api_spec::{
    DType,
    backend::{ArrayObjectBackend, Order, SortingBackend},
};

use super::{layouts, on_each, values};

#[test]
fn sorting_is_stable_and_nan_is_last() {
    on_each(|pair| {
        for dtype in pair
            .gpu
            .dtypes()
            .into_iter()
            .filter(|d| !d.is_complex() && *d != DType::Bool)
        {
            for (shape, axis) in [
                (vec![37], 0),
                (vec![5, 40], 1),
                (vec![40, 5], 0),
                (vec![3, 0], 1),
                (vec![3, 1], 1),
            ] {
                let x = pair.contiguous(values(dtype, shape.iter().product(), true), &shape);
                for order in [Order::Ascending, Order::Descending] {
                    let what = format!("argsort of {dtype} {shape:?}, {order:?}");
                    let a = pair.gpu.argsort(&x.gpu, axis, order).expect(&what);
                    let b = pair.truth.argsort(&x.truth, axis, order).expect(&what);
                    pair.agree(&a, &b, &shape, pair.index_dtype(), 0.0, &what);
                }
            }
        }
        let long = pair.contiguous(values(DType::Float32, 20_000, true), &[20_000]);
        let a = pair
            .gpu
            .argsort(&long.gpu, 0, Order::Descending)
            .expect("sorts");
        let b = pair
            .truth
            .argsort(&long.truth, 0, Order::Descending)
            .expect("sorts");
        pair.agree(&a, &b, &[20_000], pair.index_dtype(), 0.0, "a long argsort");
        let strided = pair.twins(values(DType::Int8, 200, true), layouts()[3].clone());
        let a = pair
            .gpu
            .argsort(&strided.gpu, 0, Order::Ascending)
            .expect("sorts");
        let b = pair
            .truth
            .argsort(&strided.truth, 0, Order::Ascending)
            .expect("sorts");
        pair.agree(
            &a,
            &b,
            &[6, 5],
            pair.index_dtype(),
            0.0,
            "a strided argsort",
        );
    });
}
