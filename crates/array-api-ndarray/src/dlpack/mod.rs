//! DLPack: exchanges arrays in host memory with other libraries, without a copy.
//!
//! ```
//! use array_api_ndarray::dlpack::{DLManagedTensorVersioned, from_dlpack, to_dlpack};
//!
//! let xp = array_api_ndarray::cpu();
//! let x = xp.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])?;
//! // What goes to the other library, which frees it by calling its `deleter`:
//! let tensor = to_dlpack::<DLManagedTensorVersioned>(x.T()?)?;
//! assert_eq!(tensor.shape()?, [3, 2]);
//! // What comes from one:
//! let y = from_dlpack(tensor, Some(false))?;
//! assert_eq!(xp.sum(&y, 0)?.to_vec::<f64>()?, [6.0, 15.0]);
//! # Ok::<(), array_api_spec::Error>(())
//! ```
//!
//! Source: <https://dmlc.github.io/dlpack/latest/c_api.html>

mod abi;
mod tensor;

use array_api_spec::{Array, Error, Result};

pub use self::{
    abi::{
        CPU, CUDA, CUDA_HOST, DLDataType, DLDevice, DLManagedTensor, DLManagedTensorVersioned,
        DLPackVersion, DLTensor, Deleter, IS_COPIED, Managed, READ_ONLY, VERSION, VULKAN,
    },
    tensor::ManagedTensor,
};
use crate::{NdArray, cpu};

/// Exports an array of any shape and dtype, with its memory and its strides, without a copy.
///
/// If no other array uses this memory and no two elements share a position, the receiver may write: the flag is
/// [`IS_COPIED`]. Else it is [`READ_ONLY`]. The structure without a version has no flags, and its receiver must not
/// write.
///
/// # Errors
/// An error that an earlier in-place operator left in the array: see [`Array`].
pub fn to_dlpack<M: Managed>(x: Array<NdArray>) -> Result<ManagedTensor<M>> {
    let mut data = x.data()?.clone();
    // The array itself is a handle to the memory, so it is dropped first.
    drop(x);
    let flags = if !data.layout.is_overlapping() && data.storage.unique().is_some() {
        IS_COPIED
    } else {
        READ_ONLY
    };
    Ok(ManagedTensor::new(data, flags))
}

/// An array over another library's memory, on the CPU, with the same shape and dtype.
///
/// `copy` is the standard's: `Some(true)` always copies, `Some(false)` never, and `None` copies only what cannot be
/// shared. That is memory that is not aligned for its elements, and `bool` with other bytes than 0 and 1. The array
/// never writes to shared memory: it copies it before the first write.
///
/// See the [standard](https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.from_dlpack.html).
///
/// # Errors
/// Memory that is not on the host; a dtype that the standard does not have; another major version of DLPack; a shape
/// that is too large; no memory for a copy; with `Some(false)`, memory that cannot be shared.
pub fn from_dlpack<M: Managed>(
    tensor: ManagedTensor<M>,
    copy: Option<bool>,
) -> Result<Array<NdArray>> {
    let data = tensor.data()?;
    let shareable = data.is_shareable();
    match copy {
        Some(false) if !shareable => Err(Error::value(
            "from_dlpack",
            "the memory cannot be shared, because it is not aligned to its elements or holds a `bool` that is neither 0 nor 1; \
             allow a copy by `copy=None`",
        )),
        Some(true) | None if copy == Some(true) || !shareable => cpu().asarray(tensor.values()?),
        _ => {
            // SAFETY: the memory is aligned and its values are valid (just checked); the storage keeps the tensor alive.
            let shared = unsafe { data.share(tensor) };
            Ok(Array::new(cpu(), shared))
        }
    }
}

#[cfg(test)]
mod tests;
