//! Small arguments that ask for a lot, on the backends of this machine: the calls are those of `array-api-spec`'s test, and the functions of `extra`.
#![allow(missing_docs, reason = "tests")]

use array_api_compat::{cpu, extra, ndarray::NdArray, wgpu};
use array_api_spec::{Array, Backend, DType, ErrorClass, ErrorKind, Namespace, Result};

/// Runs a check on the CPU, and on an adapter as it is and without its 64-bit types.
macro_rules! on_each_device {
    ($check:path) => {{
        $check(&cpu());
        if wgpu::adapters().is_empty() {
            array_api_conformance::skip(
                "wgpu",
                "`apt-get install mesa-vulkan-drivers` adds an adapter",
            );
        } else {
            $check(&wgpu::wgpu(0).expect("opens"));
            $check(&wgpu::with_masked_types(0).expect("opens"));
        }
    }};
}

#[path = "../../array-api-spec/tests/chapters/sizes.rs"]
mod sizes;

/// The class of an error that must be there.
#[track_caller]
fn class<T: std::fmt::Debug>(result: Result<T>) -> ErrorClass {
    result.expect_err("an error").class()
}

/// Ones of any shape in the memory of one element.
fn ones<B: Backend>(xp: &Namespace<B>, shape: &[usize]) -> Array<B> {
    let one = xp.ones([], DType::Float32).expect("room for one");
    xp.broadcast_to(one, shape).expect("a shape within bounds")
}

#[test]
fn extra_functions_refuse_what_no_memory_holds() {
    on_each_device!(extras);
}

fn extras<B: Backend>(xp: &Namespace<B>) {
    let n = 1_usize << 32;
    let line = ones(xp, &[n]);
    let few = xp.asarray([1_i32, 2]).expect("room");
    let pad = |width| extra::pad(&few, &[[width, width]], 0);
    for (function, result) in [
        ("kron", extra::kron(&line, &line)),
        ("pad", pad(usize::MAX)),
        ("pad", pad(isize::MAX as usize)),
        ("einsum", extra::einsum("i,j->ij", &[&line, &line])),
        ("create_diagonal", extra::create_diagonal(&line, 0)),
        ("create_diagonal", extra::create_diagonal(&few, isize::MIN)),
        ("one_hot", extra::one_hot(&few, usize::MAX)),
        ("bincount", extra::bincount(&few, None, usize::MAX)),
    ] {
        let error = result.map(|x| x.shape().to_vec()).expect_err(function);
        let is_size = matches!(
            error.kind(),
            ErrorKind::Shape { .. } | ErrorKind::Value { .. } | ErrorKind::Scalar { .. }
        );
        assert!(is_size, "{function}: {error}");
    }
    for count in [usize::MAX, 1 << 50] {
        let indices = extra::diag_indices(xp, 3, count);
        assert_eq!(class(indices), ErrorClass::MemoryError);
        assert_eq!(
            class(extra::atleast_nd(&few, count)),
            ErrorClass::MemoryError
        );
    }
    if xp.backend().dtypes().contains(&DType::Int64) {
        let large = xp.asarray([i64::MAX, 1]).expect("room");
        assert!(extra::bincount(&large, None, 0).is_err());
    }
}

#[test]
fn a_huge_view_is_no_owned_array() {
    let error = NdArray::into_ndarray::<f32>(ones(&cpu(), &[1 << 45])).expect_err("no room");
    assert_eq!(error.class(), ErrorClass::MemoryError, "{error}");
}
