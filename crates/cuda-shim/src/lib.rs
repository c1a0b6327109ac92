//! The CUDA driver's symbols, found at run time, for programs that use [`cust`](https://docs.rs/cust).
//!
//! `cust` declares the functions of the driver and leaves them to the linker, which takes them from `libcuda`. A program
//! that is linked so builds only where a CUDA toolkit is installed and starts only where a driver is. This crate defines
//! the same symbols. Each hands its call on to one of three places, chosen at the first call of the process:
//!
//! 1. functions that [`install`] was given, such as an interpreter's in tests,
//! 2. the driver of the machine: `libcuda.so.1` or `libcuda.so`, `nvcuda.dll` on Windows, or the library that the
//!    environment variable `CUDA_SHIM_DRIVER` names (if it is set and empty: none),
//! 3. nothing. Every function, `cuInit` too, then returns `CUDA_ERROR_NO_DEVICE`, an error like any other.
//!
//! A function that an older driver or an installed one lacks returns `CUDA_ERROR_NOT_SUPPORTED`.
//!
//! # Use
//!
//! A crate that uses `cust` depends on this one and says so in its source. The import is what links it; without it the
//! linker finds no `cuInit`.
//!
//! ```
//! use cuda_shim as _;
//! use cust::{CudaFlags, error::CudaError};
//!
//! match cust::init(CudaFlags::empty()) {
//!     Ok(()) => println!("{}", cuda_shim::driver()),
//!     Err(CudaError::NoDevice) => println!("no GPU today: {}", cuda_shim::driver()),
//!     Err(error) => println!("{error}"),
//! }
//! ```
//!
//! # Outside this workspace
//!
//! The build scripts of `cust` and `cust_raw` look for a toolkit and fail without one. The workspace that is built replaces their helper by a `[patch]`,
//! which the README of this crate gives; or it is built where a toolkit is installed (`CUDA_LIBRARY_PATH` may name it). The symbols here come first
//! in that case too.
//!
//! # What `cust` 0.3.2 needs beyond the symbols
//!
//! * Its result type is an enum of CUDA 11.4, and newer drivers return codes that it lacks: undefined behaviour. Such a
//!   code becomes `CUDA_ERROR_UNKNOWN` on the way; [`last_folded`] tells what it was.
//! * Its `Display` asks `cuGetErrorString` and panics if that fails. Where the driver has no text, the shim has one.
//!
//! # Shared libraries
//!
//! On Linux the symbols are hidden: a shared library that contains them, such as a Python extension, does not export them,
//! and so no other library of the process calls the shim in the driver's place.
//!
//! # Not tried
//!
//! Windows, macOS, and Linux on aarch64. The symbols are hidden on Linux only.

mod driver;
mod errors;
#[allow(non_snake_case, clippy::too_many_arguments)]
mod generated;
mod symbols;

pub use self::{
    driver::{Driver, InUse, driver, install},
    errors::{Folded, last_folded},
    generated::SYMBOLS,
};
