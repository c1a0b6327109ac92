//! A shared library with a few of the driver's functions, for `library.rs`. It does not link the shim.

#![allow(non_snake_case)]

use std::ffi::{c_char, c_int, c_uint};

#[unsafe(no_mangle)]
extern "C" fn cuInit(_flags: c_uint) -> c_int {
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetCount(count: *mut c_int) -> c_int {
    // SAFETY: the caller passes a place for the number.
    unsafe { count.write(3) };
    0
}

/// `CUDA_ERROR_CONTAINED`, of CUDA 12.
#[unsafe(no_mangle)]
extern "C" fn cuCtxSynchronize() -> c_int {
    226
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuGetErrorString(error: c_int, text: *mut *const c_char) -> c_int {
    let answer = match error {
        0 => c"stand-in: fine",
        226 => c"stand-in: contained",
        _ => return 1,
    };
    // SAFETY: the caller passes a place for the pointer.
    unsafe { text.write(answer.as_ptr()) };
    0
}
