//! Gathering and searching.

use array_api_spec::{
    DType, Program,
    backend::{ArrayObjectBackend, ExtraBackend, IndexingBackend},
};

use super::{layouts, on_each, values};

#[test]
fn gathers_and_takes() {
    on_each(|pair| {
        let indices: Vec<i64> = (0..30).map(|i| i * 7 % 12 - 6).collect();
        for dtype in pair.gpu.dtypes() {
            for (axis, layout) in layouts().into_iter().enumerate().map(|(i, l)| (i % 2, l)) {
                let x = pair.twins(values(dtype, 200, true), layout);
                let n = x.gpu.shape()[axis] as i64;
                let local: Vec<i64> = indices.iter().map(|i| i.rem_euclid(2 * n) - n).collect();
                let i = pair.contiguous(pair.integers(local), &[6, 5]);
                let a = pair.gpu.gather(&x.gpu, &i.gpu, axis).expect("gathers");
                let b = pair
                    .truth
                    .gather(&x.truth, &i.truth, axis)
                    .expect("gathers");
                pair.agree(&a, &b, &[6, 5], dtype, 0.0, "gather");
            }
        }
        let x = pair.contiguous(values(DType::Int16, 40, true), &[4, 5, 2]);
        let i = pair.contiguous(pair.integers(vec![-1, 0, 0, 4, -5, 2, 1]), &[7]);
        let taken = pair
            .gpu
            .take(&x.gpu, &i.gpu, 1)
            .expect("native")
            .expect("takes");
        let spread = i
            .truth
            .layout
            .reshape(&[1, 7, 1])
            .expect("a view")
            .broadcast_to(&[4, 7, 2]);
        let truth = pair
            .truth
            .gather(&x.truth, &i.truth.with_layout(spread), 1)
            .expect("gathers");
        pair.agree(&taken, &truth, &[4, 7, 2], DType::Int16, 0.0, "take");
    });
}

#[test]
fn nonzero_counts_and_places() {
    on_each(|pair| {
        for shape in [vec![0], vec![7], vec![60, 50], vec![100_000]] {
            let x = pair.contiguous(values(DType::Bool, shape.iter().product(), false), &shape);
            let (a, n) = pair.gpu.nonzero(&Program::input(x.gpu)).expect("finds");
            let (b, m) = pair.truth.nonzero(&Program::input(x.truth)).expect("finds");
            assert_eq!(n, m);
            pair.agree(&a, &b, &[n], pair.index_dtype(), 0.0, "nonzero");
        }
    });
}
