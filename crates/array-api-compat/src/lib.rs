//! Backends of the array API standard: `ndarray` on the CPU, any GPU through `wgpu`, and one that erases the type.

pub mod gpu;
mod host;
pub mod ndarray;
