//! The kernel language: kernels are written once and printed as WGSL and as CUDA C.
//!
//! - [`ir`] is the language: typed values with Rust's operators, statements as closures, functions, buffers, parameters.
//! - [`element`] says how an element of each dtype is represented in registers.
//! - [`arithmetic`] has every elementwise operation of the standard for every dtype. It does integers and conversions
//!   itself; floating-point and complex functions come from [`math`].
//! - `print` walks over the statements for both printers, and `schedule` decides which values get a name. `wgsl` and
//!   `cuda` know each language's spelling, and what it needs to keep IEEE's rules.
//!
//! Tests without a GPU compile every kernel, by naga and, where it is installed, by NVIDIA's NVRTC.

pub mod arithmetic;
mod cuda;
pub mod element;
mod integer;
pub mod ir;
pub mod math;
mod print;
mod schedule;
pub mod text;
mod wgsl;

/// The README's example is tested with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
