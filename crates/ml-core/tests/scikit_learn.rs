//! All parameters on iris and digits, against scikit-learn 1.9.1's results.

mod common;

use array_api_spec::{Backend, DType, Namespace, reference};
use common::{adapters, check_all, cuda_devices, digits_reference, floating_types, iris_reference};
use ml_core::datasets;

#[test]
fn iris_on_the_reference_backend() {
    check_all(
        &iris_reference(),
        &datasets::iris(),
        &reference::namespace(),
        DType::Float64,
        1e-8,
    );
    check_all(
        &iris_reference(),
        &datasets::iris(),
        &reference::namespace(),
        DType::Float32,
        1e-3,
    );
}

#[test]
fn iris_on_a_device_without_float64() {
    check_all(
        &iris_reference(),
        &datasets::iris(),
        &reference::narrow_namespace(),
        DType::Float32,
        1e-3,
    );
}

#[test]
fn digits_on_the_reference_backend() {
    check_all(
        &digits_reference(),
        &datasets::digits(),
        &reference::namespace(),
        DType::Float64,
        1e-8,
    );
}

#[test]
fn iris_and_digits_on_the_cpu() {
    let cpu = array_api_compat::cpu();
    check_all(
        &iris_reference(),
        &datasets::iris(),
        &cpu,
        DType::Float64,
        1e-8,
    );
    check_all(
        &digits_reference(),
        &datasets::digits(),
        &cpu,
        DType::Float64,
        1e-8,
    );
    check_all(
        &iris_reference(),
        &datasets::iris(),
        &cpu,
        DType::Float32,
        1e-3,
    );
    check_all(
        &digits_reference(),
        &datasets::digits(),
        &cpu,
        DType::Float32,
        1e-3,
    );
}

#[test]
fn iris_and_digits_on_wgpu() {
    adapters().iter().for_each(iris_and_digits);
}

/// Executed by a PTX interpreter, unless there is a GPU and it is asked for.
#[test]
fn iris_and_digits_on_cuda() {
    cuda_devices().iter().for_each(iris_and_digits);
}

fn iris_and_digits<B: Backend>(xp: &Namespace<B>) {
    for dtype in floating_types(xp) {
        let tolerance = if dtype == DType::Float64 { 1e-6 } else { 1e-3 };
        check_all(&iris_reference(), &datasets::iris(), xp, dtype, tolerance);
        let digits = datasets::digits();
        check_all(&digits_reference(), &digits, xp, dtype, tolerance);
    }
}
