//! Backends of the array API standard: `ndarray` on the CPU, any GPU through `wgpu`, NVIDIA's through CUDA, and one that erases the
//! type.
//!
//! ```
//! let xp = array_api_compat::cpu();
//! let x = xp.asarray([[1.0, 2.0], [3.0, 6.0]])?;
//! assert_eq!(xp.mean(&x, 0)?.to_vec::<f64>()?, [2.0, 4.0]);
//! # Ok::<(), array_api_spec::Error>(())
//! ```

mod any;
mod composed;
pub mod cuda;
mod device;
pub mod dlpack;
pub mod extra;
pub mod gpu;
mod host;
pub mod ndarray;
mod process;
mod threads;
pub mod wgpu;

pub use self::{
    any::{AnyBackend, AnyStorage},
    composed::Composed,
    cuda::{Cuda, cuda},
    device::{DeviceEntry, cpu, device, devices},
    ndarray::NdArray,
    wgpu::{Wgpu, wgpu},
};
