//! Capsules of our memory.

use std::ffi::c_void;

use array_api_compat::{NdArray, cpu, ndarray::Storage};
use array_api_spec::{Array, Strided, dispatch};
use pyo3::{exceptions::PyBufferError, ffi, prelude::*, types::PyCapsule};

use super::layout::{
    CPU, DataType, Device, IS_COPIED, Managed, READ_ONLY, Tensor, Unversioned, Versioned,
};
use crate::{
    argument::AnyArray,
    error::{exception, run},
};

/// What lives as long as a capsule or its taker needs the memory.
struct Owner {
    array: Array<NdArray>,
    shape: Vec<i64>,
    strides: Vec<i64>,
}

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
    let flags = if copied { IS_COPIED } else { READ_ONLY };
    if versioned {
        wrap::<Versioned>(py, array, flags)
    } else {
        wrap::<Unversioned>(py, array, flags)
    }
}

/// An array of the CPU by its own type, with the same memory.
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

fn wrap<M: Managed>(
    py: Python<'_>,
    array: Array<NdArray>,
    flags: u64,
) -> PyResult<Bound<'_, PyCapsule>> {
    let (data, strides) = dispatch!(array.dtype(), T => {
        let view = NdArray::view::<T>(&array).map_err(|e| exception(&e))?;
        let strides: Vec<i64> = view.strides().iter().map(|&s| s as i64).collect();
        (view.as_ptr().cast_mut().cast::<c_void>(), strides)
    });
    let shape = array.shape().iter().map(|&n| n as i64).collect();
    let mut owner = Box::new(Owner {
        array,
        shape,
        strides,
    });
    let tensor = Tensor {
        data,
        device: Device {
            kind: CPU,
            number: 0,
        },
        ndim: owner.array.ndim() as i32,
        dtype: DataType::from(owner.array.dtype()),
        shape: owner.shape.as_mut_ptr(),
        strides: owner.strides.as_mut_ptr(),
        byte_offset: 0,
    };
    let owner = Box::into_raw(owner).cast::<c_void>();
    let managed = Box::into_raw(Box::new(M::new(tensor, owner, delete::<M>, flags)));
    // SAFETY: the pointer is not null, and the name lives for ever.
    let capsule = unsafe {
        let capsule = ffi::PyCapsule_New(managed.cast(), M::NAME.as_ptr(), Some(destroy::<M>));
        Bound::from_owned_ptr_or_err(py, capsule)
    };
    match capsule {
        Ok(capsule) => Ok(capsule.cast_into::<PyCapsule>()?),
        Err(error) => {
            // SAFETY: no capsule was made, so nothing else refers to it.
            unsafe { delete(managed) };
            Err(error)
        }
    }
}

/// Frees the memory's owner, which the memory's taker asks for when it is done, from whatever thread.
///
/// # Safety
/// `managed` comes from [`wrap`], and is used no more.
unsafe extern "C" fn delete<M: Managed>(managed: *mut M) {
    // SAFETY: both were boxes there, and this is the one call that ends them.
    unsafe {
        let managed = Box::from_raw(managed);
        drop(Box::from_raw(managed.owner().cast::<Owner>()));
    }
}

/// Frees what a capsule holds if nobody has taken it.
///
/// # Safety
/// `capsule` is a capsule that [`wrap`] has made; Python calls this when it ends.
unsafe extern "C" fn destroy<M: Managed>(capsule: *mut ffi::PyObject) {
    // SAFETY: a capsule that still has its first name holds what `wrap` put into it; a taker would have given it another.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, M::NAME.as_ptr()) == 1 {
            delete(ffi::PyCapsule_GetPointer(capsule, M::NAME.as_ptr()).cast::<M>());
        }
    }
}
