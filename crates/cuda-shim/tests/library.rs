//! A driver that is a shared library.

use cuda_shim::{Driver, driver, last_folded};
use cust::{CudaFlags, context::CurrentContext, device::Device, error::CudaError};
use std::{
    env::{
        self,
        consts::{DLL_PREFIX, DLL_SUFFIX},
    },
    error::Error,
};

#[test]
fn the_library_answers() -> Result<(), Box<dyn Error>> {
    let program = env::current_exe()?;
    let profile = program.ancestors().nth(2).ok_or("no target folder")?;
    let library = profile.join(format!("examples/{DLL_PREFIX}stand_in_driver{DLL_SUFFIX}"));
    if !library.exists() {
        array_api_conformance::skip(
            "stand_in_driver",
            "`cargo test` without a choice of targets builds it",
        );
        return Ok(());
    }
    // SAFETY: this is the only test of the process, and no thread of it reads the environment but through `std`.
    unsafe { env::set_var("CUDA_SHIM_DRIVER", &library) };

    cust::init(CudaFlags::empty())?;
    assert_eq!(driver(), Driver::Library(library.to_string_lossy().into()));
    assert_eq!(Device::num_devices()?, 3);
    assert_eq!(Device::get_device(0).err(), Some(CudaError::NotSupported));

    assert_eq!(CurrentContext::synchronize(), Err(CudaError::UnknownError));
    assert_eq!(
        last_folded().ok_or("nothing was folded")?.to_string(),
        "cuCtxSynchronize returned 226: stand-in: contained"
    );
    assert_eq!(
        CudaError::NoDevice.to_string(),
        r#""no CUDA-capable device is detected""#
    );
    Ok(())
}
