//! Result codes and their names.

use std::ffi::{CStr, c_char, c_int};

use super::table;
use crate::execute::FaultKind;

/// A `CUresult` other than success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(pub(super) c_int);

macro_rules! codes {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        $(pub(super) const $name: Code = Code($code);)*

        /// The name and the text of a code.
        fn describe(code: c_int) -> Option<(&'static CStr, &'static CStr)> {
            Some(match code {
                0 => (c"CUDA_SUCCESS", c"no error"),
                $($code => (
                    match CStr::from_bytes_with_nul(
                        concat!("CUDA_ERROR_", stringify!($name), "\0").as_bytes(),
                    ) {
                        Ok(name) => name,
                        Err(_) => c"",
                    },
                    $text,
                ),)*
                _ => return None,
            })
        }
    };
}

codes! {
    INVALID_VALUE = 1, c"invalid argument";
    OUT_OF_MEMORY = 2, c"out of memory";
    NOT_INITIALIZED = 3, c"initialization error";
    INVALID_DEVICE = 101, c"invalid device ordinal";
    INVALID_CONTEXT = 201, c"invalid device context";
    NO_BINARY_FOR_GPU = 209, c"no kernel image is available for execution on the device";
    INVALID_PTX = 218, c"a PTX JIT compilation failed";
    FILE_NOT_FOUND = 301, c"file not found";
    INVALID_HANDLE = 400, c"invalid resource handle";
    NOT_FOUND = 500, c"named symbol not found";
    NOT_READY = 600, c"device not ready";
    ILLEGAL_ADDRESS = 700, c"an illegal memory access was encountered";
    LAUNCH_TIMEOUT = 702, c"the launch timed out and was terminated";
    CONTEXT_IS_DESTROYED = 709, c"context is destroyed";
    ILLEGAL_INSTRUCTION = 715, c"an illegal instruction was encountered";
    MISALIGNED_ADDRESS = 716, c"misaligned address";
    LAUNCH_FAILED = 719, c"unspecified launch failure";
    NOT_PERMITTED = 800, c"operation not permitted";
    NOT_SUPPORTED = 801, c"operation not supported";
}

impl From<FaultKind> for Code {
    fn from(kind: FaultKind) -> Self {
        match kind {
            FaultKind::IllegalAddress => ILLEGAL_ADDRESS,
            FaultKind::Misaligned => MISALIGNED_ADDRESS,
            FaultKind::IllegalInstruction => ILLEGAL_INSTRUCTION,
            FaultKind::Timeout => LAUNCH_TIMEOUT,
            FaultKind::LaunchFailed => LAUNCH_FAILED,
        }
    }
}

table!(cuGetErrorString, cuGetErrorName);

unsafe fn text(code: c_int, to: *mut *const c_char, name: bool) -> c_int {
    let described = describe(code);
    let text = described.map(|(n, t)| if name { n } else { t });
    // SAFETY: the caller of the driver gives a valid pointer or null.
    let written = unsafe { super::put(to, text.map_or(std::ptr::null(), CStr::as_ptr)) };
    match text {
        Some(_) => super::status(written),
        None => INVALID_VALUE.0,
    }
}

unsafe extern "C" fn cuGetErrorString(code: c_int, to: *mut *const c_char) -> c_int {
    // SAFETY: forwarded from the caller.
    unsafe { text(code, to, false) }
}

unsafe extern "C" fn cuGetErrorName(code: c_int, to: *mut *const c_char) -> c_int {
    // SAFETY: forwarded from the caller.
    unsafe { text(code, to, true) }
}
