//! Capsules: the Python objects in which libraries exchange a managed tensor.

use std::{ffi::CStr, ptr::NonNull};

use array_api_compat::dlpack::{DLManagedTensor, DLManagedTensorVersioned, Managed, ManagedTensor};
use pyo3::{ffi, prelude::*, types::PyCapsule};

/// A structure that capsules hold.
pub(super) trait Carried: Managed {
    /// The capsule's name.
    const NAME: &'static CStr;
    /// Its name after its memory has been taken.
    const USED: &'static CStr;
}

impl Carried for DLManagedTensor {
    const NAME: &'static CStr = c"dltensor";
    const USED: &'static CStr = c"used_dltensor";
}

impl Carried for DLManagedTensorVersioned {
    const NAME: &'static CStr = c"dltensor_versioned";
    const USED: &'static CStr = c"used_dltensor_versioned";
}

/// Puts a tensor into a capsule.
///
/// # Errors
/// Python has no memory for one.
pub(super) fn wrap<M: Carried>(
    py: Python<'_>,
    tensor: ManagedTensor<M>,
) -> PyResult<Bound<'_, PyCapsule>> {
    let managed = tensor.into_raw();
    // SAFETY: the pointer is not null, and the name lives for ever.
    let capsule = unsafe {
        let capsule = ffi::PyCapsule_New(
            managed.as_ptr().cast(),
            M::NAME.as_ptr(),
            Some(destroy::<M>),
        );
        Bound::from_owned_ptr_or_err(py, capsule)
    };
    match capsule {
        Ok(capsule) => Ok(capsule.cast_into::<PyCapsule>()?),
        Err(error) => {
            // SAFETY: no capsule was made, so it is still ours.
            drop(unsafe { ManagedTensor::from_raw(managed) });
            Err(error)
        }
    }
}

/// Frees what a capsule holds if nobody has taken it.
///
/// # Safety
/// `capsule` is a capsule that [`wrap`] has made; Python calls this when it ends.
unsafe extern "C" fn destroy<M: Carried>(capsule: *mut ffi::PyObject) {
    // SAFETY: a capsule that still has its first name holds what `wrap` put into it; a taker would have given it another.
    unsafe {
        if ffi::PyCapsule_IsValid(capsule, M::NAME.as_ptr()) == 1 {
            let managed = ffi::PyCapsule_GetPointer(capsule, M::NAME.as_ptr()).cast::<M>();
            drop(NonNull::new(managed).map(|managed| ManagedTensor::from_raw(managed)));
        }
    }
}

/// Takes the tensor out of a capsule; `None` if the capsule does not hold this structure.
///
/// # Safety
/// Nobody writes to the memory while the tensor lives: it ends before Python goes on.
pub(super) unsafe fn take<M: Carried>(
    capsule: &Bound<'_, PyAny>,
) -> Option<PyResult<ManagedTensor<M>>> {
    let object = capsule.as_ptr();
    // SAFETY: the object is alive. What has this name holds this structure, by DLPack's rules, and renaming it makes it ours.
    unsafe {
        if ffi::PyCapsule_IsValid(object, M::NAME.as_ptr()) == 0 {
            return None;
        }
        let managed = ffi::PyCapsule_GetPointer(object, M::NAME.as_ptr()).cast::<M>();
        let managed = NonNull::new(managed)?;
        if ffi::PyCapsule_SetName(object, M::USED.as_ptr()) != 0 {
            return Some(Err(PyErr::fetch(capsule.py())));
        }
        Some(Ok(ManagedTensor::from_raw(managed)))
    }
}
