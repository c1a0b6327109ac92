//! Values of other libraries' capsules.

use std::{ptr, slice};

use array_api_spec::{DType, HostArray, HostBuffer};
use pyo3::{
    exceptions::{PyBufferError, PyMemoryError, PyTypeError},
    ffi,
    prelude::*,
    types::PyDict,
};

use super::layout::{CPU, CUDA_HOST, DataType, Managed, Tensor, Unversioned, VERSION, Versioned};
use crate::error::exception;

/// The values of another library's array.
///
/// # Errors
/// An object without DLPack; a dtype or a device that does not go; what the other library says.
pub(crate) fn values(x: &Bound<'_, PyAny>) -> PyResult<HostArray> {
    let device: (i32, i32) = x.call_method0("__dlpack_device__")?.extract()?;
    let keywords = PyDict::new(x.py());
    keywords.set_item("max_version", (VERSION.major, VERSION.minor))?;
    if device.0 != CPU {
        keywords.set_item("dl_device", (CPU, 0))?;
    }
    let capsule = match x.call_method("__dlpack__", (), Some(&keywords)) {
        // Libraries from before version 1 know no keywords.
        Err(error) if device.0 == CPU && error.is_instance_of::<PyTypeError>(x.py()) => {
            x.call_method0("__dlpack__")?
        }
        other => other?,
    };
    match take::<Versioned>(&capsule) {
        Some(taken) => {
            let taken = taken?;
            // SAFETY: a capsule of this name holds this structure, whose first field stays in every version.
            let major = unsafe { (*taken.0).version.major };
            if major == VERSION.major {
                taken.values()
            } else {
                Err(PyBufferError::new_err(format!(
                    "speaks version {major} of DLPack; version {} was asked for",
                    VERSION.major
                )))
            }
        }
        None => match take::<Unversioned>(&capsule) {
            Some(taken) => taken?.values(),
            None => Err(PyBufferError::new_err(
                "`__dlpack__` gave no capsule of DLPack",
            )),
        },
    }
}

/// What a capsule held, which is ours to free now.
struct Taken<M: Managed>(*mut M);

/// Takes what a capsule holds; `None` if it does not hold this structure.
fn take<M: Managed>(capsule: &Bound<'_, PyAny>) -> Option<PyResult<Taken<M>>> {
    let object = capsule.as_ptr();
    // SAFETY: the object is alive. What has this name holds this structure, by DLPack's rules, and renaming it makes it ours.
    unsafe {
        if ffi::PyCapsule_IsValid(object, M::NAME.as_ptr()) == 0 {
            return None;
        }
        let managed = ffi::PyCapsule_GetPointer(object, M::NAME.as_ptr()).cast::<M>();
        if ffi::PyCapsule_SetName(object, M::USED.as_ptr()) != 0 {
            return Some(Err(PyErr::fetch(capsule.py())));
        }
        Some(Ok(Taken(managed)))
    }
}

impl<M: Managed> Taken<M> {
    fn values(&self) -> PyResult<HostArray> {
        // SAFETY: the structure and what it points to are alive until `drop` below.
        unsafe { copy((*self.0).tensor()) }
    }
}

impl<M: Managed> Drop for Taken<M> {
    fn drop(&mut self) {
        // SAFETY: we have taken it, so it is freed here and nowhere else.
        unsafe {
            if let Some(delete) = (*self.0).deleter() {
                delete(self.0);
            }
        }
    }
}

/// The values of a tensor, in row-major order.
///
/// # Safety
/// The tensor is as its library has made it, and alive.
unsafe fn copy(tensor: &Tensor) -> PyResult<HostArray> {
    let mut dtypes = DType::ALL.into_iter();
    let dtype = dtypes
        .find(|&dtype| DataType::from(dtype) == tensor.dtype)
        .ok_or_else(|| {
            let DataType { code, bits, lanes } = tensor.dtype;
            PyTypeError::new_err(format!(
                "no dtype of the standard is DLPack's {bits}-bit type of code {code} with {lanes} lanes"
            ))
        })?;
    if !matches!(tensor.device.kind, CPU | CUDA_HOST) {
        return Err(PyBufferError::new_err(format!(
            "the memory is on a device of kind {}, not on the CPU",
            tensor.device.kind
        )));
    }
    let ndim = tensor.ndim.max(0) as usize;
    let list = |start: *mut i64| {
        if ndim == 0 || start.is_null() {
            return None;
        }
        // SAFETY: both lists have as many entries as there are axes.
        Some(unsafe { slice::from_raw_parts(start, ndim) }.to_vec())
    };
    let shape: Vec<usize> = list(tensor.shape)
        .unwrap_or_default()
        .into_iter()
        .map(|n| n.max(0) as usize)
        .collect();
    let size = dtype.size();
    let total = shape
        .iter()
        .try_fold(size, |total, &n| total.checked_mul(n));
    let mut bytes: Vec<u8> = Vec::new();
    // A view that repeats its elements may name more of them than there is memory for.
    let room = total.filter(|&total| bytes.try_reserve_exact(total).is_ok());
    let total = room.ok_or_else(|| PyMemoryError::new_err("no room for a copy of the array"))?;
    if total > 0 {
        let strides: Vec<isize> = match list(tensor.strides) {
            Some(strides) => strides
                .into_iter()
                .map(|s| s as isize * size as isize)
                .collect(),
            None => row_major(&shape, size),
        };
        // SAFETY: the library vouches for the memory of every element; the vector has room for all of them, and they are written
        // before its length says so.
        unsafe {
            let start = tensor.data.cast::<u8>().add(tensor.byte_offset as usize);
            gather(start, &shape, &strides, size, &mut bytes.as_mut_ptr());
            bytes.set_len(total);
        }
    }
    let buffer = HostBuffer::from_bytes(dtype, &bytes).map_err(|e| exception(&e))?;
    Ok(HostArray { buffer, shape })
}

/// Strides in bytes of elements that lie side by side.
fn row_major(shape: &[usize], size: usize) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut stride = size as isize;
    for (own, &n) in strides.iter_mut().zip(shape).rev() {
        *own = stride;
        stride *= n as isize;
    }
    strides
}

/// Copies elements, of some bytes each, to where `to` points, and moves it on.
///
/// # Safety
/// Every element that shape and strides (in bytes) name is readable, and there is room for all of them.
unsafe fn gather(
    from: *const u8,
    shape: &[usize],
    strides: &[isize],
    size: usize,
    to: &mut *mut u8,
) {
    // What lies side by side goes in one piece.
    let whole = row_major(shape, size) == strides;
    let bytes = shape.iter().product::<usize>() * size;
    // SAFETY: by the contract above; the parts of an axis are parts of the whole.
    unsafe {
        if whole {
            ptr::copy_nonoverlapping(from, *to, bytes);
            *to = to.add(bytes);
            return;
        }
        for i in 0..shape[0] {
            gather(
                from.offset(i as isize * strides[0]),
                &shape[1..],
                &strides[1..],
                size,
                to,
            );
        }
    }
}
