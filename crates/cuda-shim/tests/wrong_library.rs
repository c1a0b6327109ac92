//! A library that is no driver.

use cuda_shim::{Driver, driver};
use std::env;

#[test]
fn a_library_that_cannot_be_had_is_named() {
    let path = "/nowhere/libcuda.so.1";
    // SAFETY: this is the only test of the process, and no thread of it reads the environment but through `std`.
    unsafe { env::set_var("CUDA_SHIM_DRIVER", path) };
    let Driver::Absent { looked_for, reason } = driver() else {
        panic!("{path} is a driver");
    };
    assert_eq!(looked_for, [path]);
    assert!(reason.contains(path), "{reason}");
}
