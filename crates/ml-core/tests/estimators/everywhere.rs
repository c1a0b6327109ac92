//! A check on every device.

use array_api_spec::{Backend, DType, Namespace, reference};

use super::common::{adapters, cuda_devices, floating_types};

/// Something to check on a device, in a real floating-point dtype.
pub(crate) trait Check {
    fn on<B: Backend>(&self, xp: &Namespace<B>, dtype: DType);
}

/// On the reference backend, with and without `float64`, and on the CPU.
pub(crate) fn on_the_host(check: &impl Check) {
    check.on(&reference::namespace(), DType::Float64);
    check.on(&reference::narrow_namespace(), DType::Float32);
    check.on(&array_api_compat::cpu(), DType::Float64);
    check.on(&array_api_compat::cpu(), DType::Float32);
}

/// On the first graphics adapter, with and without 64-bit types.
pub(crate) fn on_wgpu(check: &impl Check) {
    for gpu in adapters() {
        for dtype in floating_types(&gpu) {
            check.on(&gpu, dtype);
        }
    }
}

/// Executed by a PTX interpreter, unless there is a GPU and it is asked for.
pub(crate) fn on_cuda(check: &impl Check) {
    for gpu in cuda_devices() {
        for dtype in floating_types(&gpu) {
            check.on(&gpu, dtype);
        }
    }
}

/// Tests of a [`Check`] of results on each kind of device, so that they run side by side.
macro_rules! tests_of_results {
    ($check:expr) => {
        #[test]
        fn results_on_the_host() {
            crate::everywhere::on_the_host(&$check);
        }

        #[test]
        fn results_on_wgpu() {
            crate::everywhere::on_wgpu(&$check);
        }

        #[test]
        fn results_on_cuda() {
            crate::everywhere::on_cuda(&$check);
        }
    };
}
pub(crate) use tests_of_results;
