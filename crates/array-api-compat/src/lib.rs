//! Backends of the array API standard: `ndarray` on the CPU, any GPU through `wgpu`, NVIDIA's GPUs through CUDA, and
//! [`AnyBackend`], whose type is known at run time only.
//!
//! ```
//! let xp = array_api_compat::cpu();
//! let x = xp.asarray([[1.0, 2.0], [3.0, 6.0]])?;
//! assert_eq!(xp.mean(&x, 0)?.to_vec::<f64>()?, [2.0, 4.0]);
//! # Ok::<(), array_api_spec::Error>(())
//! ```

mod any;
mod composed;
mod device;
mod methods;

#[cfg(feature = "cuda")]
pub use array_api_cuda::{self as cuda, Cuda, cuda};
pub use array_api_extra as extra;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
pub use array_api_gpu as gpu;
pub use array_api_ndarray::{self as ndarray, NdArray, cpu, dlpack};
#[cfg(feature = "wgpu")]
pub use array_api_wgpu::{self as wgpu, Wgpu, wgpu};

pub use self::{
    any::{AnyBackend, AnyStorage},
    composed::Composed,
    device::{DeviceEntry, device, devices, register},
};

/// The README's example is tested with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
