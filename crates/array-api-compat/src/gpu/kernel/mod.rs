//! The kernel language: kernels are written once and printed as WGSL and as CUDA C.

pub mod arithmetic;
mod cuda;
pub mod element;
mod integer;
pub mod ir;
pub mod math;
mod print;
mod schedule;
mod wgsl;
