//! `cuInit` and what the one device says of itself.

use std::ffi::{c_char, c_int, c_uint};

use super::{error, initialised, put, status, table, with};
use crate::machine::SHARED_LIMIT;

table!(
    cuInit,
    cuDriverGetVersion,
    cuDeviceGet,
    cuDeviceGetCount,
    cuDeviceGetName,
    cuDeviceGetUuid,
    cuDeviceGetUuid_v2,
    cuDeviceTotalMem_v2,
    cuDeviceGetAttribute,
    cuDeviceComputeCapability,
    cuDeviceGetDefaultMemPool,
    cuDeviceGetMemPool,
);

const NAME: &[u8] = b"PTX interpreter (no GPU)\0";

/// The handle of the one memory pool.
pub(super) const POOL: u64 = 0x20;

/// Multiprocessors, as `cuDeviceGetAttribute` and occupancy have it.
pub(super) const PROCESSORS: c_int = 4;

unsafe extern "C" fn cuInit(flags: c_uint) -> c_int {
    if flags != 0 {
        return error::INVALID_VALUE.0;
    }
    with(|driver| driver.initialised = true);
    0
}

unsafe extern "C" fn cuDriverGetVersion(to: *mut c_int) -> c_int {
    // SAFETY: the caller gives a valid pointer or null.
    status(unsafe { put(to, 12090) })
}

fn check(device: c_int) -> super::Status {
    match device {
        0 => Ok(()),
        _ => Err(error::INVALID_DEVICE),
    }
}

unsafe extern "C" fn cuDeviceGet(to: *mut c_int, ordinal: c_int) -> c_int {
    initialised(|_| {
        check(ordinal)?;
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, 0) }
    })
}

unsafe extern "C" fn cuDeviceGetCount(to: *mut c_int) -> c_int {
    // SAFETY: the caller gives a valid pointer or null.
    initialised(|_| unsafe { put(to, 1) })
}

unsafe extern "C" fn cuDeviceGetName(to: *mut c_char, length: c_int, device: c_int) -> c_int {
    initialised(|_| {
        check(device)?;
        let length = usize::try_from(length).map_err(|_| error::INVALID_VALUE)?;
        if to.is_null() || length == 0 {
            return Err(error::INVALID_VALUE);
        }
        let text = &NAME[..NAME.len().min(length)];
        // SAFETY: the caller gives room for `length` characters.
        unsafe {
            to.copy_from_nonoverlapping(text.as_ptr().cast(), text.len());
            to.add(text.len() - 1).write(0);
        }
        Ok(())
    })
}

unsafe extern "C" fn cuDeviceGetUuid(to: *mut [u8; 16], device: c_int) -> c_int {
    initialised(|_| {
        check(device)?;
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, *b"PTX interpreter ") }
    })
}

unsafe extern "C" fn cuDeviceGetUuid_v2(to: *mut [u8; 16], device: c_int) -> c_int {
    // SAFETY: forwarded from the caller.
    unsafe { cuDeviceGetUuid(to, device) }
}

unsafe extern "C" fn cuDeviceTotalMem_v2(to: *mut usize, device: c_int) -> c_int {
    initialised(|driver| {
        check(device)?;
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, driver.machine.memory.limit() as usize) }
    })
}

/// The attributes of a small device of compute capability 7.0; zero for what it does not have.
fn attribute(attribute: c_int) -> c_int {
    match attribute {
        1 | 2 => 1024,                        // threads per block, along x
        3 => 1024,                            // along y
        4 => 64,                              // along z
        5 => c_int::MAX,                      // grid along x
        6 | 7 => 65535,                       // along y and z
        8 | 81 | 97 => SHARED_LIMIT as c_int, // shared memory per block, processor, opt-in
        9 => 65536,                           // constant memory
        10 => 32,                             // warp size
        11 => c_int::MAX,                     // pitch
        12 | 82 => 65536,                     // registers per block, processor
        13 | 36 => 1_000_000,                 // clock rates in kHz
        14 => 512,                            // texture alignment
        16 => PROCESSORS,
        75 => 7,       // compute capability, major; minor is zero
        31 | 41 => 1,  // concurrent kernels, unified addressing
        37 => 256,     // memory bus width
        38 => 4 << 20, // second-level cache
        39 => 1024,    // threads per processor
        40 => 2,       // copy engines
        78 => 1,       // stream priorities
        106 => 32,     // blocks per processor
        115 => 1,      // memory pools
        _ => 0,
    }
}

unsafe extern "C" fn cuDeviceGetAttribute(to: *mut c_int, which: c_int, device: c_int) -> c_int {
    initialised(|_| {
        check(device)?;
        // SAFETY: the caller gives a valid pointer or null.
        unsafe { put(to, attribute(which)) }
    })
}

unsafe extern "C" fn cuDeviceComputeCapability(
    major: *mut c_int,
    minor: *mut c_int,
    device: c_int,
) -> c_int {
    initialised(|_| {
        check(device)?;
        // SAFETY: the caller gives valid pointers or null.
        unsafe {
            put(major, attribute(75))?;
            put(minor, attribute(76))
        }
    })
}

unsafe extern "C" fn cuDeviceGetDefaultMemPool(to: *mut u64, device: c_int) -> c_int {
    initialised(|_| {
        check(device)?;
        // SAFETY: the caller gives a valid pointer or null; a handle is a pointer's size.
        unsafe { put(to, POOL) }
    })
}

unsafe extern "C" fn cuDeviceGetMemPool(to: *mut u64, device: c_int) -> c_int {
    // SAFETY: forwarded from the caller.
    unsafe { cuDeviceGetDefaultMemPool(to, device) }
}
