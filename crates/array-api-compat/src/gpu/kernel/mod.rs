//! The kernel language: kernels are written once and printed as WGSL and as CUDA C.

mod cuda;
pub mod element;
pub mod ir;
pub mod math;
mod print;
mod schedule;
mod wgsl;
