//! Functions that the program installs as its driver.

use cuda_shim::{Driver, Folded, InUse, driver, last_folded};
use cust::{
    CudaApiVersion, CudaFlags,
    context::CurrentContext,
    device::Device,
    error::CudaError,
    memory::{CopyDestination, DeviceBuffer},
};
use std::{
    ffi::{c_char, c_int, c_uint, c_void},
    ptr::NonNull,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// `CUDA_ERROR_CONTAINED`, of CUDA 12.
const NEWER: c_int = 226;

static INITIALISED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn init(_flags: c_uint) -> c_int {
    INITIALISED.fetch_add(1, Ordering::Relaxed);
    0
}

unsafe extern "C" fn version(version: *mut c_int) -> c_int {
    // SAFETY: `cust` passes a place for the number.
    unsafe { version.write(12_090) };
    0
}

unsafe extern "C" fn count(_count: *mut c_int) -> c_int {
    NEWER
}

unsafe extern "C" fn synchronize() -> c_int {
    700
}

unsafe extern "C" fn name(error: c_int, name: *mut *const c_char) -> c_int {
    if error != NEWER {
        return 1;
    }
    // SAFETY: the caller passes a place for the pointer.
    unsafe { name.write(c"CUDA_ERROR_CONTAINED".as_ptr()) };
    0
}

// Memory of the host, in the place of the device's.

unsafe extern "C" fn allocate(address: *mut u64, bytes: usize) -> c_int {
    let memory = vec![0_u64; bytes.div_ceil(8)];
    // SAFETY: `cust` passes a place for the address.
    unsafe { address.write(memory.leak().as_mut_ptr() as u64) };
    0
}

unsafe extern "C" fn free(_address: u64) -> c_int {
    0
}

unsafe extern "C" fn upload(to: u64, from: *const u8, bytes: usize) -> c_int {
    // SAFETY: `to` is `allocate`'s and holds as many bytes; the rest is the driver's contract.
    unsafe { from.copy_to(to as *mut u8, bytes) };
    0
}

unsafe extern "C" fn download(to: *mut u8, from: u64, bytes: usize) -> c_int {
    // SAFETY: as in `upload`.
    unsafe { to.copy_from(from as *const u8, bytes) };
    0
}

fn lookup(symbol: &str) -> Option<NonNull<c_void>> {
    NonNull::new(match symbol {
        "cuInit" => init as *mut c_void,
        "cuDriverGetVersion" => version as *mut c_void,
        "cuDeviceGetCount" => count as *mut c_void,
        "cuCtxSynchronize" => synchronize as *mut c_void,
        "cuGetErrorName" => name as *mut c_void,
        "cuMemAlloc_v2" => allocate as *mut c_void,
        "cuMemFree_v2" => free as *mut c_void,
        "cuMemcpyHtoD_v2" => upload as *mut c_void,
        "cuMemcpyDtoH_v2" => download as *mut c_void,
        _ => return None,
    })
}

fn installed() -> Result<(), InUse> {
    static RESULT: LazyLock<Result<(), InUse>> = LazyLock::new(|| {
        // SAFETY: the functions above have the prototypes of `cust_raw` and keep no state that threads could break.
        unsafe { cuda_shim::install("test", lookup) }
    });
    RESULT.clone()
}

#[test]
fn calls_arrive() -> Result<(), Box<dyn std::error::Error>> {
    installed()?;
    let before = INITIALISED.load(Ordering::Relaxed);
    cust::init(CudaFlags::empty())?;
    assert!(INITIALISED.load(Ordering::Relaxed) > before);
    assert_eq!(CudaApiVersion::get()?.major(), 12);

    let data = [1.5_f32, -2.0, 4.0];
    let mut back = [0.0; 3];
    DeviceBuffer::from_slice(&data)?.copy_to(&mut back)?;
    assert_eq!(back, data);
    Ok(())
}

#[test]
fn a_second_driver_is_refused() -> Result<(), InUse> {
    installed()?;
    assert_eq!(driver(), Driver::Installed("test"));
    // SAFETY: it finds no function at all.
    let second = unsafe { cuda_shim::install("second", |_| None) };
    let error = second.unwrap_err();
    assert_eq!(error, InUse(Driver::Installed("test")));
    assert!(error.to_string().contains(r#"CUDA driver "test""#));
    Ok(())
}

#[test]
fn what_is_not_installed_is_not_supported() -> Result<(), InUse> {
    installed()?;
    assert_eq!(Device::get_device(0).err(), Some(CudaError::NotSupported));
    assert_eq!(
        CudaError::NotSupported.to_string(),
        r#""operation not supported""#
    );
    Ok(())
}

#[test]
fn codes_that_cust_lacks_are_folded_and_kept() -> Result<(), InUse> {
    installed()?;
    assert_eq!(last_folded(), None);
    assert_eq!(Device::num_devices(), Err(CudaError::UnknownError));
    let folded = last_folded().unwrap();
    assert_eq!(
        folded,
        Folded {
            symbol: "cuDeviceGetCount",
            code: NEWER
        }
    );
    assert_eq!(
        folded.to_string(),
        "cuDeviceGetCount returned 226 (CUDA_ERROR_CONTAINED)"
    );

    // A call that succeeds leaves it, one that fails otherwise ends it.
    cust::init(CudaFlags::empty()).unwrap();
    assert_eq!(last_folded(), Some(folded));
    assert_eq!(
        CurrentContext::synchronize(),
        Err(CudaError::IllegalAddress)
    );
    assert_eq!(last_folded(), None);
    Ok(())
}
