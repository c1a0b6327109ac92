//! Products and factorisations.

use array_api_spec::{
    DType, HostBuffer, Layout, Strided, SvdMode,
    backend::{ArrayObjectBackend, LinalgBackend},
};

use super::{on_each, values};

#[test]
fn products_of_every_dtype_stack_and_layout() {
    on_each(|pair| {
        for dtype in pair.gpu.dtypes().into_iter().filter(|d| d.is_numeric()) {
            let a = pair.contiguous(values(dtype, 2 * 9 * 5, false), &[2, 9, 5]);
            let b = pair.contiguous(values(dtype, 7 * 5, false), &[7, 5]);
            let layout = b.gpu.layout.permute(&[1, 0]).broadcast_to(&[2, 5, 7]);
            let (x, y) = (
                b.gpu.with_layout(layout.clone()),
                b.truth.with_layout(layout),
            );
            let gpu = pair.gpu.matmul(&a.gpu, &x).expect("multiplies");
            let truth = pair.truth.matmul(&a.truth, &y).expect("multiplies");
            let tolerance = if dtype.real() == DType::Float32 {
                1e-6
            } else {
                1e-14
            };
            pair.agree(
                &gpu,
                &truth,
                &[2, 9, 7],
                dtype,
                tolerance,
                &format!("matmul of {dtype}"),
            );
        }
        let empty = pair.contiguous(HostBuffer::Float32(vec![]), &[3, 0]);
        let flat = empty.gpu.with_layout(Layout::contiguous(&[0, 2]));
        let zeros = pair.gpu.matmul(&empty.gpu, &flat).expect("multiplies");
        let zeros = pair
            .gpu
            .download(&Strided::contiguous(zeros, &[3, 2], DType::Float32))
            .expect("downloads");
        assert_eq!(zeros, HostBuffer::Float32(vec![0.0; 6]));
    });
}

#[test]
fn small_factorisations_are_those_of_the_reference() {
    on_each(|pair| {
        let a = pair.contiguous(HostBuffer::Float32(vec![4.0, 2.0, 2.0, 5.0]), &[2, 2]);
        let b = pair.contiguous(HostBuffer::Float32(vec![2.0, 1.0]), &[2, 1]);
        let (l, truth) = (pair.gpu.cholesky(&a.gpu), pair.truth.cholesky(&a.truth));
        pair.agree(
            &l.expect("factors"),
            &truth.expect("factors"),
            &[2, 2],
            DType::Float32,
            1e-6,
            "cholesky",
        );
        let (x, truth) = (
            pair.gpu.solve(&a.gpu, &b.gpu),
            pair.truth.solve(&a.truth, &b.truth),
        );
        pair.agree(
            &x.expect("solves"),
            &truth.expect("solves"),
            &[2, 1],
            DType::Float32,
            1e-6,
            "solve",
        );
        let ([s, _], [truth, _]) = (
            pair.gpu.eigh(&a.gpu).expect("decomposes"),
            pair.truth.eigh(&a.truth).expect("decomposes"),
        );
        pair.agree(&s, &truth, &[2], DType::Float32, 1e-6, "eigh");
        let ([_, s, _], [_, truth, _]) = (
            pair.gpu.svd(&a.gpu, SvdMode::Reduced).expect("decomposes"),
            pair.truth
                .svd(&a.truth, SvdMode::Reduced)
                .expect("decomposes"),
        );
        pair.agree(&s, &truth, &[2], DType::Float32, 1e-6, "svd");
    });
}
