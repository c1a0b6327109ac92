//! The kernel language: kernels are written once and printed as WGSL and as CUDA C.
//!
//! - [`ir`] is the language: typed values with Rust's operators, statements as closures, functions, buffers, parameters.
//! - [`element`] says how an element of each dtype looks in registers.
//! - [`arithmetic`] has every elementwise operation of the standard for every dtype; integers and conversions are its own, what is
//!   floating-point or complex comes from [`math`].
//! - The printers share a walk over statements (`print`), which asks `schedule` what gets a name; `wgsl` and `cuda` know the spelling, and what
//!   each language needs to keep IEEE rules.
//!
//! Every kernel is compiled in tests without a GPU, by naga and, where it is installed, by NVIDIA's NVRTC.

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
