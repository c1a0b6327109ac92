//! Counts, means and scatter of rows on the devices of this machine: the tests are those of `array-api-spec`.
#![allow(missing_docs, reason = "tests")]

use array_api_compat::{
    AnyBackend, Cuda, cpu,
    cuda::{self, Kernels},
    wgpu,
};
use array_api_spec::{ErrorClass, Namespace, Result};

/// Cases of a property that is tried on each device: those that pretend to be a GPU take their time.
const CASES: u32 = 12;

/// Runs a check on the CPU, with its type erased, on an adapter as it is and without its 64-bit types, and on CUDA, executed by a PTX interpreter.
macro_rules! on_each_device {
    ($check:path) => {{
        $check(&cpu());
        $check(&AnyBackend::erase(&cpu()));
        if wgpu::adapters().is_empty() {
            array_api_conformance::skip(
                "wgpu",
                "`apt-get install mesa-vulkan-drivers` adds an adapter",
            );
        } else {
            $check(&wgpu::wgpu(0).expect("opens"));
            $check(&wgpu::with_masked_types(0).expect("opens"));
        }
        $check(&simulated());
    }};
}

fn simulated() -> Namespace<Cuda> {
    ptx_sim::install().expect("no call of the driver comes before");
    Namespace::new(cuda::backend(0, Kernels::Embedded).expect("a device"))
}

#[path = "../../array-api-spec/tests/chapters/moments.rs"]
mod moments;

#[path = "../../array-api-spec/tests/chapters/nearest.rs"]
mod nearest;

/// The class of an error that must be there.
#[track_caller]
fn class<T: std::fmt::Debug>(result: Result<T>) -> ErrorClass {
    result.expect_err("an error").class()
}
