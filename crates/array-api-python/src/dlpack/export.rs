//! Exports our memory in capsules.

use array_api_compat::{
    NdArray, cpu,
    dlpack::{DLManagedTensor, DLManagedTensorVersioned, to_dlpack},
    ndarray::Storage,
};
use array_api_spec::{Array, Strided};
use pyo3::{exceptions::PyBufferError, prelude::*, types::PyCapsule};

use super::capsule::{Carried, wrap};
use crate::{
    argument::AnyArray,
    error::{exception, run},
};

/// A capsule of an array's memory, or of a copy of it on the CPU.
///
/// # Errors
/// No memory for the copy; a driver's failure.
pub(super) fn capsule<'py>(
    py: Python<'py>,
    x: &AnyArray,
    copied: bool,
    versioned: bool,
) -> PyResult<Bound<'py, PyCapsule>> {
    let array = if copied {
        run(py, || x.to_device(&cpu()))?
    } else {
        shared(x)?
    };
    if versioned {
        handed_out::<DLManagedTensorVersioned>(py, array)
    } else {
        handed_out::<DLManagedTensor>(py, array)
    }
}

fn handed_out<M: Carried>(py: Python<'_>, array: Array<NdArray>) -> PyResult<Bound<'_, PyCapsule>> {
    wrap::<M>(py, to_dlpack(array).map_err(|e| exception(&e))?)
}

/// The same array with the CPU backend's own type.
fn shared(x: &AnyArray) -> PyResult<Array<NdArray>> {
    let data = x.data().map_err(|e| exception(&e))?;
    let storage: Option<&Storage> = data.storage.downcast_ref();
    let storage = storage.ok_or_else(|| PyBufferError::new_err("the memory is not the CPU's"))?;
    let data = Strided {
        storage: storage.clone(),
        layout: data.layout.clone(),
        dtype: data.dtype,
    };
    Ok(Array::new(cpu(), data))
}
