//! A machine without a driver.

use cuda_shim::{Driver, InUse, driver};
use cust::{CudaApiVersion, CudaFlags, device::Device, error::CudaError};
use cust_raw::CUresult;
use std::{
    env,
    ffi::{CStr, c_char},
    ptr,
    sync::Once,
};

/// Makes it so on a machine that has one, too.
fn no_driver() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: every test starts here, and no thread of this process reads the environment but through `std`.
        unsafe { env::set_var("CUDA_SHIM_DRIVER", "") };
    });
}

#[test]
fn every_call_says_that_there_is_no_device() {
    no_driver();
    assert_eq!(cust::init(CudaFlags::empty()), Err(CudaError::NoDevice));
    assert_eq!(Device::num_devices(), Err(CudaError::NoDevice));
    assert_eq!(CudaApiVersion::get().err(), Some(CudaError::NoDevice));
    assert_eq!(cust::quick_init().err(), Some(CudaError::NoDevice));
}

#[test]
fn errors_have_a_text() {
    no_driver();
    let error = cust::init(CudaFlags::empty()).unwrap_err();
    assert_eq!(error.to_string(), r#""no CUDA driver was found""#);
    assert_eq!(
        CudaError::IllegalAddress.to_string(),
        r#""a kernel accessed an illegal address""#
    );
}

#[test]
fn codes_have_a_name() {
    no_driver();
    let mut name: *const c_char = ptr::null();
    // SAFETY: `name` is a place for a pointer.
    let code = unsafe { cust_raw::cuGetErrorName(CUresult::CUDA_ERROR_INVALID_PTX, &mut name) };
    assert_eq!(code, CUresult::CUDA_SUCCESS);
    // SAFETY: the call gave a constant that ends with a zero.
    assert_eq!(unsafe { CStr::from_ptr(name) }, c"CUDA_ERROR_INVALID_PTX");
    // SAFETY: null is an argument that the driver checks for.
    let code = unsafe { cust_raw::cuGetErrorName(CUresult::CUDA_SUCCESS, ptr::null_mut()) };
    assert_eq!(code, CUresult::CUDA_ERROR_INVALID_VALUE);
}

#[test]
fn the_reason_is_told_and_nothing_can_be_installed_later() {
    no_driver();
    let absent = Driver::Absent {
        looked_for: Vec::new(),
        reason: "CUDA_SHIM_DRIVER is empty".into(),
    };
    assert_eq!(driver(), absent);
    assert_eq!(
        driver().to_string(),
        "no CUDA driver: CUDA_SHIM_DRIVER is empty"
    );
    // SAFETY: it finds no function at all.
    let late = unsafe { cuda_shim::install("late", |_| None) };
    assert_eq!(late, Err(InUse(absent)));
}
