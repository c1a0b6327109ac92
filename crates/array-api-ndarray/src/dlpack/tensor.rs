//! A tensor that is exchanged between libraries.

use std::{ffi::c_void, fmt, ptr::NonNull, slice};

use array_api_spec::{
    DType, Device, Error, HostArray, HostBuffer, Layout, Result, Strided,
    backend::ArrayObjectBackend, dispatch, shape::checked_size,
};

use super::{CPU, CUDA_HOST, DLDataType, DLDevice, DLTensor, Managed, VERSION};
use crate::{NdArray, Storage};

const FUNCTION: &str = "from_dlpack";

/// A managed tensor that we own. It is freed when it is dropped, or given away by [`into_raw`](Self::into_raw).
pub struct ManagedTensor<M: Managed>(NonNull<M>);

// SAFETY: those who make one vouch for that: see `from_raw`.
unsafe impl<M: Managed> Send for ManagedTensor<M> {}
// SAFETY: shared access only reads.
unsafe impl<M: Managed> Sync for ManagedTensor<M> {}

/// What must stay alive as long as the receiver uses our memory.
struct Context {
    #[allow(dead_code, reason = "owned for its `Drop`")]
    storage: Storage,
    shape: Vec<i64>,
    strides: Vec<i64>,
}

impl<M: Managed> ManagedTensor<M> {
    /// Takes ownership of a structure from another library.
    ///
    /// # Safety
    /// The structure is valid as `dlpack.h` defines it, and nobody else frees it. All memory between the first and the
    /// last of its elements is readable. The deleter may be called on any thread. Nobody writes to the memory while
    /// this value, or an array that shares its memory, is alive.
    #[must_use]
    pub const unsafe fn from_raw(managed: NonNull<M>) -> Self {
        Self(managed)
    }

    /// Gives the structure away. The receiver frees it by its `deleter`.
    #[must_use]
    pub fn into_raw(self) -> NonNull<M> {
        let managed = self.0;
        std::mem::forget(self);
        managed
    }

    /// Wraps a view of our memory.
    pub(super) fn new(data: Strided<Storage>, flags: u64) -> Self {
        let size = data.dtype.size();
        let first = data.layout.offset() * size;
        let mut context = Box::new(Context {
            shape: data.shape().iter().map(|&n| n as i64).collect(),
            strides: data.layout.strides().iter().map(|&s| s as i64).collect(),
            storage: data.storage,
        });
        let tensor = DLTensor {
            data: context
                .storage
                .start()
                .wrapping_add(first)
                .cast_mut()
                .cast(),
            device: DLDevice {
                device_type: CPU,
                device_id: 0,
            },
            ndim: context.shape.len() as i32,
            dtype: data.dtype.into(),
            shape: context.shape.as_mut_ptr(),
            strides: context.strides.as_mut_ptr(),
            byte_offset: 0,
        };
        let context = Box::into_raw(context).cast::<c_void>();
        let managed = M::new(tensor, context, delete::<M>, flags);
        Self(NonNull::from(Box::leak(Box::new(managed))))
    }

    /// The structure.
    #[must_use]
    pub const fn get(&self) -> &M {
        // SAFETY: it is alive as long as this value.
        unsafe { self.0.as_ref() }
    }

    /// The tensor, if the structure's major version is the one that this crate knows.
    fn tensor(&self) -> Result<&DLTensor> {
        match self.get().version() {
            Some(version) if version.major != VERSION.major => Err(Error::value(
                FUNCTION,
                format!(
                    "the tensor speaks version {}.{} of DLPack; {}.x is spoken here",
                    version.major, version.minor, VERSION.major
                ),
            )),
            _ => Ok(self.get().tensor()),
        }
    }

    /// The lengths of the axes.
    ///
    /// # Errors
    /// Another major version of DLPack; lengths that are missing or negative.
    pub fn shape(&self) -> Result<Vec<usize>> {
        let tensor = self.tensor()?;
        let wrong = |what: String| Error::value(FUNCTION, format!("the tensor has {what}"));
        let ndim =
            usize::try_from(tensor.ndim).map_err(|_| wrong(format!("{} axes", tensor.ndim)))?;
        if ndim == 0 {
            return Ok(Vec::new());
        }
        let lengths = self
            .list(tensor.shape)?
            .ok_or_else(|| wrong("no shape".to_owned()))?;
        lengths
            .iter()
            .map(|&n| usize::try_from(n).map_err(|_| wrong(format!("an axis of length {n}"))))
            .collect()
    }

    /// A list with one number for each axis; `None` if the pointer is null. There is at least one axis.
    fn list(&self, start: *const i64) -> Result<Option<&[i64]>> {
        let ndim = self.tensor()?.ndim as usize;
        // SAFETY: by the contract of `from_raw` a list that is there has a number for each axis.
        Ok((!start.is_null()).then(|| unsafe { slice::from_raw_parts(start, ndim) }))
    }

    /// A copy of the values, in row-major order.
    ///
    /// # Errors
    /// Those of [`from_dlpack`](super::from_dlpack) with a copy.
    pub fn values(&self) -> Result<HostArray> {
        let data = self.data()?;
        let shape = data.layout.shape().to_vec();
        let buffer = if data.is_shareable() {
            // SAFETY: the memory is aligned and its values are valid (just checked); the view ends before the tensor does.
            NdArray.download(&unsafe { data.share(()) })?
        } else {
            let bytes = data.bytes();
            // SAFETY: any memory is aligned and valid for bytes; the view ends before the tensor does.
            let bytes = NdArray.download(&unsafe { bytes.share(()) })?;
            let bytes = bytes.as_bytes();
            // The conversion below aborts if there is no memory, so this tries first.
            let room = Vec::<u8>::new().try_reserve_exact(bytes.len());
            room.map_err(|error| {
                Error::out_of_memory(Device::new("cpu"), bytes.len(), error.to_string())
                    .caused_by(error)
            })?;
            HostBuffer::from_bytes(data.dtype, bytes)?
        };
        Ok(HostArray { buffer, shape })
    }

    /// The memory of the values, with its layout.
    pub(super) fn data(&self) -> Result<Data> {
        let tensor = self.tensor()?;
        let dtype = dtype(tensor.dtype)?;
        let kind = tensor.device.device_type;
        if !matches!(kind, CPU | CUDA_HOST) {
            let detail = format!(
                "the memory is on a device of kind {kind}; ask its library for memory of kind {CPU}, the CPU"
            );
            return Err(Error::unsupported(FUNCTION, Device::new("cpu"), detail));
        }
        let shape = self.shape()?;
        let size = checked_size(FUNCTION, &shape)?;
        let row_major = Layout::contiguous(&shape);
        if size == 0 {
            return Ok(Data {
                start: NonNull::<u128>::dangling().cast(),
                len: 0,
                layout: row_major,
                dtype,
            });
        }
        let given = if shape.is_empty() {
            None
        } else {
            self.list(tensor.strides)?
        };
        let strides: Vec<isize> = match given {
            // The stride of an axis of length 1 is never used, so any value is accepted.
            Some(strides) => {
                let axes = strides.iter().zip(&shape);
                axes.map(|(&s, &n)| if n == 1 { 0 } else { s as isize })
                    .collect()
            }
            None => row_major.strides().to_vec(),
        };
        let (before, after) = reach(&shape, &strides)
            .filter(|(before, after)| {
                let elements = before.checked_add(*after).and_then(|n| n.checked_add(1));
                let bytes = elements.and_then(|n| n.checked_mul(dtype.size()));
                bytes.is_some_and(|bytes| isize::try_from(bytes).is_ok())
            })
            .ok_or_else(|| {
                let detail = format!("with strides {strides:?} reaches further than memory does");
                Error::shape(FUNCTION, &[&shape], detail)
            })?;
        let lowest = tensor
            .data
            .cast::<u8>()
            .wrapping_add(tensor.byte_offset as usize)
            .wrapping_sub(before * dtype.size());
        let start = NonNull::new(lowest)
            .filter(|_| !tensor.data.is_null())
            .ok_or_else(|| Error::value(FUNCTION, "the tensor has elements but no memory"))?;
        Ok(Data {
            start,
            len: before + 1 + after,
            layout: Layout::new(&shape, &strides, before),
            dtype,
        })
    }
}

/// How many elements the view reaches before and after its first element; `None` if that overflows. No axis is empty.
fn reach(shape: &[usize], strides: &[isize]) -> Option<(usize, usize)> {
    let (mut before, mut after) = (0_usize, 0_usize);
    for (&n, &stride) in shape.iter().zip(strides) {
        let distance = stride.unsigned_abs().checked_mul(n - 1)?;
        let side = if stride < 0 { &mut before } else { &mut after };
        *side = side.checked_add(distance)?;
    }
    Some((before, after))
}

impl<M: Managed> Drop for ManagedTensor<M> {
    fn drop(&mut self) {
        if let Some(deleter) = self.get().deleter() {
            // SAFETY: the structure is ours, and used no more.
            unsafe { deleter(self.0.as_ptr()) };
        }
    }
}

impl<M: Managed> fmt::Debug for ManagedTensor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManagedTensor")
            .field(&self.tensor())
            .finish()
    }
}

/// Frees a structure that [`ManagedTensor::new`] has made. Any thread may call it.
///
/// # Safety
/// `managed` comes from there, and is not used afterwards.
unsafe extern "C" fn delete<M: Managed>(managed: *mut M) {
    // SAFETY: both were boxes there, and this is the one call that ends them.
    unsafe {
        let managed = Box::from_raw(managed);
        drop(Box::from_raw(managed.context().cast::<Context>()));
    }
}

fn dtype(of: DLDataType) -> Result<DType> {
    DType::ALL
        .into_iter()
        .find(|&dtype| DLDataType::from(dtype) == of)
        .ok_or_else(|| {
            let DLDataType { code, bits, lanes } = of;
            Error::value(
                FUNCTION,
                format!(
                    "no dtype of the standard is DLPack's {bits}-bit type of code {code} with {lanes} lanes"
                ),
            )
        })
}

/// Memory of another library: it starts with the lowest element, and `layout` tells where the others are.
pub(super) struct Data {
    start: NonNull<u8>,
    len: usize,
    layout: Layout,
    dtype: DType,
}

impl Data {
    /// Whether Rust may read the memory as elements.
    pub(super) fn is_shareable(&self) -> bool {
        let alignment = dispatch!(self.dtype, T => align_of::<T>());
        let start = self.start.as_ptr();
        // SAFETY: by the contract of `from_raw` everything between the elements is readable.
        let bytes = || unsafe { slice::from_raw_parts(start, self.len) };
        start.align_offset(alignment) == 0
            && (self.dtype != DType::Bool || bytes().iter().all(|&byte| byte <= 1))
    }

    /// The same memory as bytes, with an axis for those of an element at the end.
    fn bytes(&self) -> Self {
        let size = self.dtype.size();
        let (mut shape, layout) = (self.layout.shape().to_vec(), &self.layout);
        shape.push(size);
        let strides = layout.strides().iter().map(|&s| s * size as isize);
        let strides: Vec<isize> = strides.chain([1]).collect();
        Self {
            start: self.start,
            len: self.len * size,
            layout: Layout::new(&shape, &strides, layout.offset() * size),
            dtype: DType::UInt8,
        }
    }

    /// A view of the memory.
    ///
    /// # Safety
    /// [`is_shareable`](Self::is_shareable), and `owner` keeps the memory alive, or the caller does as long as the view lives.
    pub(super) unsafe fn share(&self, owner: impl Send + Sync + 'static) -> Strided<Storage> {
        Strided {
            // SAFETY: by the contract, and that of `from_raw`: the memory is readable, and nobody writes to it.
            storage: unsafe { Storage::foreign(self.dtype, self.len, self.start, owner) },
            layout: self.layout.clone(),
            dtype: self.dtype,
        }
    }
}
