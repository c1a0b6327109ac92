//! The driver's codes: which of them `cust` knows, and what they say.

use crate::{driver, generated::Symbol};
use cust_raw::CUresult;
use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_int, c_void},
    fmt, mem,
    ptr::{self, NonNull},
};

thread_local! {
    static LAST: Cell<Option<Folded>> = const { Cell::new(None) };
}

/// A code that `cust` does not know and got as `CUDA_ERROR_UNKNOWN`.
///
/// Its `Display` asks the driver for the code's name and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The function that returned it.
    pub symbol: &'static str,
    /// The driver's code.
    pub code: c_int,
}

impl fmt::Display for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} returned {}", self.symbol, self.code)?;
        if let Some(name) = ask(Symbol::cuGetErrorName, self.code) {
            write!(f, " ({name})")?;
        }
        if let Some(text) = ask(Symbol::cuGetErrorString, self.code) {
            write!(f, ": {text}")?;
        }
        Ok(())
    }
}

/// What the last call that failed on this thread returned, if `cust` got `CUDA_ERROR_UNKNOWN` in its place.
///
/// A driver newer than CUDA 11.4 has codes that `cust` lacks, and to hand one on would be undefined behaviour. Ask this
/// where `cust` reports `UnknownError`; a call that fails with a code that `cust` knows makes it `None` again.
pub fn last_folded() -> Option<Folded> {
    LAST.get()
}

/// The code that `cust` gets.
pub(crate) fn fold(symbol: &'static str, code: c_int) -> c_int {
    if code == CUresult::CUDA_SUCCESS as c_int {
        return code;
    }
    let known = known(code).is_some();
    // A thread that ends drops its buffers and streams when its thread-locals may be gone.
    let _ = LAST.try_with(|last| last.set((!known).then_some(Folded { symbol, code })));
    if known {
        code
    } else {
        CUresult::CUDA_ERROR_UNKNOWN as c_int
    }
}

/// The driver's own words for a code, where it has some.
fn ask(symbol: Symbol, code: c_int) -> Option<String> {
    let address = driver::address(symbol).ok()?;
    // SAFETY: `cuGetErrorName` and `cuGetErrorString`, the only symbols asked for, have this prototype. The code is a number
    // here, because it may be one that `CUresult` lacks.
    let function = unsafe {
        mem::transmute::<NonNull<c_void>, unsafe extern "C" fn(c_int, *mut *const c_char) -> c_int>(
            address,
        )
    };
    let mut text = ptr::null();
    // SAFETY: every code is a valid argument, and `text` is a place for a pointer.
    if unsafe { function(code, &mut text) } != 0 || text.is_null() {
        return None;
    }
    // SAFETY: the driver's texts are constants that end with a zero.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}

/// `cuGetErrorName` where the driver has no answer.
///
/// # Safety
///
/// `place` is null or valid for a write.
#[allow(non_snake_case)]
pub(crate) unsafe fn cuGetErrorName(error: CUresult, place: *mut *const c_char) -> c_int {
    let text = known(error as c_int).map_or(c"unrecognized error code", |(name, _)| name);
    // SAFETY: the caller's promise.
    unsafe { put(text, place) }
}

/// `cuGetErrorString` where the driver has no answer. It always has one: `cust` panics if its `Display` gets none.
///
/// # Safety
///
/// `place` is null or valid for a write.
#[allow(non_snake_case)]
pub(crate) unsafe fn cuGetErrorString(error: CUresult, place: *mut *const c_char) -> c_int {
    let text = match error {
        CUresult::CUDA_ERROR_NO_DEVICE if driver::absent() => c"no CUDA driver was found",
        _ => known(error as c_int).map_or(c"unrecognized error code", |(_, text)| text),
    };
    // SAFETY: the caller's promise.
    unsafe { put(text, place) }
}

/// # Safety
///
/// `place` is null or valid for a write.
unsafe fn put(text: &'static CStr, place: *mut *const c_char) -> c_int {
    if place.is_null() {
        return CUresult::CUDA_ERROR_INVALID_VALUE as c_int;
    }
    // SAFETY: not null, and else the caller's promise.
    unsafe { place.write(text.as_ptr()) };
    CUresult::CUDA_SUCCESS as c_int
}

/// Defines `known`, the name and text of each code of `CUresult`.
macro_rules! codes {
    ($($name:ident: $text:literal,)*) => {
        fn known(code: c_int) -> Option<(&'static CStr, &'static CStr)> {
            $(const $name: c_int = CUresult::$name as c_int;)*
            // A code that a new `cust_raw` adds is an error here until it has a text.
            const _: fn(CUresult) = |code| match code {
                $(CUresult::$name => (),)*
            };
            match code {
                $($name => Some((
                    const {
                        match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                            Ok(name) => name,
                            Err(_) => unreachable!(),
                        }
                    },
                    $text,
                )),)*
                _ => None,
            }
        }
    };
}

codes! {
    CUDA_SUCCESS: c"no error",
    CUDA_ERROR_INVALID_VALUE: c"invalid argument",
    CUDA_ERROR_OUT_OF_MEMORY: c"out of memory",
    CUDA_ERROR_NOT_INITIALIZED: c"the driver is not initialized",
    CUDA_ERROR_DEINITIALIZED: c"the driver is shutting down",
    CUDA_ERROR_PROFILER_DISABLED: c"the profiler is disabled",
    CUDA_ERROR_PROFILER_NOT_INITIALIZED: c"the profiler is not initialized",
    CUDA_ERROR_PROFILER_ALREADY_STARTED: c"the profiler is started already",
    CUDA_ERROR_PROFILER_ALREADY_STOPPED: c"the profiler is stopped already",
    CUDA_ERROR_STUB_LIBRARY: c"the loaded libcuda is a toolkit's stub, not a driver",
    CUDA_ERROR_NO_DEVICE: c"no CUDA-capable device is detected",
    CUDA_ERROR_INVALID_DEVICE: c"invalid device ordinal",
    CUDA_ERROR_DEVICE_NOT_LICENSED: c"the device has no valid Grid license",
    CUDA_ERROR_INVALID_IMAGE: c"invalid kernel image",
    CUDA_ERROR_INVALID_CONTEXT: c"invalid device context",
    CUDA_ERROR_CONTEXT_ALREADY_CURRENT: c"the context is current already",
    CUDA_ERROR_MAP_FAILED: c"mapping of a resource failed",
    CUDA_ERROR_UNMAP_FAILED: c"unmapping of a resource failed",
    CUDA_ERROR_ARRAY_IS_MAPPED: c"the array is mapped",
    CUDA_ERROR_ALREADY_MAPPED: c"the resource is mapped already",
    CUDA_ERROR_NO_BINARY_FOR_GPU: c"no kernel image is available for the device",
    CUDA_ERROR_ALREADY_ACQUIRED: c"the resource is acquired already",
    CUDA_ERROR_NOT_MAPPED: c"the resource is not mapped",
    CUDA_ERROR_NOT_MAPPED_AS_ARRAY: c"the resource is not mapped as an array",
    CUDA_ERROR_NOT_MAPPED_AS_POINTER: c"the resource is not mapped as a pointer",
    CUDA_ERROR_ECC_UNCORRECTABLE: c"uncorrectable ECC error",
    CUDA_ERROR_UNSUPPORTED_LIMIT: c"the device does not support the limit",
    CUDA_ERROR_CONTEXT_ALREADY_IN_USE: c"another thread uses the context",
    CUDA_ERROR_PEER_ACCESS_UNSUPPORTED: c"the two devices cannot access each other",
    CUDA_ERROR_INVALID_PTX: c"compilation of the PTX failed",
    CUDA_ERROR_INVALID_GRAPHICS_CONTEXT: c"invalid OpenGL or DirectX context",
    CUDA_ERROR_NVLINK_UNCORRECTABLE: c"uncorrectable NVLink error",
    CUDA_ERROR_JIT_COMPILER_NOT_FOUND: c"the PTX compiler library was not found",
    CUDA_ERROR_UNSUPPORTED_PTX_VERSION: c"the PTX is of a newer version than the driver",
    CUDA_ERROR_JIT_COMPILATION_DISABLED: c"compilation of PTX is disabled",
    CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY: c"the device does not support the execution affinity",
    CUDA_ERROR_INVALID_SOURCE: c"invalid kernel source",
    CUDA_ERROR_FILE_NOT_FOUND: c"file not found",
    CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND: c"a symbol of a shared object was not found",
    CUDA_ERROR_SHARED_OBJECT_INIT_FAILED: c"initialization of a shared object failed",
    CUDA_ERROR_OPERATING_SYSTEM: c"a call to the operating system failed",
    CUDA_ERROR_INVALID_HANDLE: c"invalid resource handle",
    CUDA_ERROR_ILLEGAL_STATE: c"a resource is not in a state to do this",
    CUDA_ERROR_NOT_FOUND: c"named symbol not found",
    CUDA_ERROR_NOT_READY: c"the device has not finished",
    CUDA_ERROR_ILLEGAL_ADDRESS: c"a kernel accessed an illegal address",
    CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: c"the launch needs more resources than the device has",
    CUDA_ERROR_LAUNCH_TIMEOUT: c"a kernel was stopped because it took too long",
    CUDA_ERROR_LAUNCH_INCOMPATIBLE_TEXTURING: c"the launch uses an incompatible texturing mode",
    CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED: c"peer access is enabled already",
    CUDA_ERROR_PEER_ACCESS_NOT_ENABLED: c"peer access is not enabled",
    CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE: c"the primary context is in use and keeps its flags",
    CUDA_ERROR_CONTEXT_IS_DESTROYED: c"the context is destroyed",
    CUDA_ERROR_ASSERT: c"an assertion in a kernel failed",
    CUDA_ERROR_TOO_MANY_PEERS: c"peer access is enabled for too many devices",
    CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED: c"the host memory is registered already",
    CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED: c"the host memory is not registered",
    CUDA_ERROR_HARDWARE_STACK_ERROR: c"a kernel corrupted its stack or exceeded it",
    CUDA_ERROR_ILLEGAL_INSTRUCTION: c"a kernel executed an illegal instruction",
    CUDA_ERROR_MISALIGNED_ADDRESS: c"a kernel accessed a misaligned address",
    CUDA_ERROR_INVALID_ADDRESS_SPACE: c"a kernel accessed an address of the wrong memory space",
    CUDA_ERROR_INVALID_PC: c"a kernel jumped to an invalid address",
    CUDA_ERROR_LAUNCH_FAILED: c"a kernel failed for an unspecified reason",
    CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE: c"too many blocks for a cooperative launch",
    CUDA_ERROR_NOT_PERMITTED: c"operation not permitted",
    CUDA_ERROR_NOT_SUPPORTED: c"operation not supported",
    CUDA_ERROR_SYSTEM_NOT_READY: c"the system is not ready for CUDA",
    CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: c"the versions of the display driver and the CUDA driver differ",
    CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE: c"the device does not support forward compatibility",
    CUDA_ERROR_MPS_CONNECTION_FAILED: c"no connection to the MPS server",
    CUDA_ERROR_MPS_RPC_FAILURE: c"a call to the MPS server failed",
    CUDA_ERROR_MPS_SERVER_NOT_READY: c"the MPS server is not ready",
    CUDA_ERROR_MPS_MAX_CLIENTS_REACHED: c"the MPS server has no place for another client",
    CUDA_ERROR_MPS_MAX_CONNECTIONS_REACHED: c"the MPS server has no place for another connection",
    CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED: c"operation not permitted while a stream is captured",
    CUDA_ERROR_STREAM_CAPTURE_INVALIDATED: c"an earlier error invalidated the capture",
    CUDA_ERROR_STREAM_CAPTURE_MERGE: c"the operation would merge two captures",
    CUDA_ERROR_STREAM_CAPTURE_UNMATCHED: c"the capture did not start in this stream",
    CUDA_ERROR_STREAM_CAPTURE_UNJOINED: c"the capture has work that is not joined to its stream",
    CUDA_ERROR_STREAM_CAPTURE_ISOLATION: c"a dependency would cross the border of the capture",
    CUDA_ERROR_STREAM_CAPTURE_IMPLICIT: c"the operation depends on the legacy stream, which is not captured",
    CUDA_ERROR_CAPTURED_EVENT: c"the event was last recorded in a captured stream",
    CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD: c"another thread started the capture",
    CUDA_ERROR_TIMEOUT: c"the time for the operation is over",
    CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE: c"the graph cannot be updated without being instantiated again",
    CUDA_ERROR_EXTERNAL_DEVICE: c"an error in a device other than the GPU",
    CUDA_ERROR_UNKNOWN: c"unknown error",
}
