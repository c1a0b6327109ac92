//! DLPack's structures and constants, as its header `dlpack.h` (version 1) lays them out and names them.

use std::ffi::c_void;

use array_api_spec::{DType, Kind};

/// `kDLCPU`: the memory of the host.
pub const CPU: i32 = 1;
/// `kDLCUDA`: the memory of an NVIDIA GPU.
pub const CUDA: i32 = 2;
/// `kDLCUDAHost`: pinned memory of the host.
pub const CUDA_HOST: i32 = 3;
/// `kDLVulkan`: the memory of a GPU that Vulkan drives.
pub const VULKAN: i32 = 7;

/// `DLPACK_FLAG_BITMASK_READ_ONLY`: others may hold the memory too, so its taker must not write.
pub const READ_ONLY: u64 = 1;
/// `DLPACK_FLAG_BITMASK_IS_COPIED`: the memory is its taker's alone, who may write.
pub const IS_COPIED: u64 = 2;

/// The version of DLPack that is spoken here.
pub const VERSION: DLPackVersion = DLPackVersion { major: 1, minor: 0 };

/// A device: its kind and its number among those.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the header's own names")]
pub struct DLDevice {
    pub device_type: i32,
    pub device_id: i32,
}

/// The type of an element: `lanes` values of `bits` bits of a kind.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the header's own names")]
pub struct DLDataType {
    pub code: u8,
    pub bits: u8,
    pub lanes: u16,
}

impl From<DType> for DLDataType {
    fn from(dtype: DType) -> Self {
        Self {
            code: match dtype.kind() {
                Kind::SignedInteger => 0,
                Kind::UnsignedInteger => 1,
                Kind::RealFloating => 2,
                Kind::ComplexFloating => 5,
                Kind::Bool => 6,
            },
            bits: 8 * dtype.size() as u8,
            lanes: 1,
        }
    }
}

/// Memory and where its elements lie. Strides count elements; without strides they lie in row-major order.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "the header's own names")]
pub struct DLTensor {
    pub data: *mut c_void,
    pub device: DLDevice,
    pub ndim: i32,
    pub dtype: DLDataType,
    pub shape: *mut i64,
    pub strides: *mut i64,
    pub byte_offset: u64,
}

/// A version of DLPack. Another major version lays out other structures.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the header's own names")]
pub struct DLPackVersion {
    pub major: u32,
    pub minor: u32,
}

/// Frees a managed tensor and what it keeps alive.
pub type Deleter<M> = unsafe extern "C" fn(*mut M);

/// A tensor with what keeps its memory alive, as before version 1.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "the header's own names")]
pub struct DLManagedTensor {
    pub dl_tensor: DLTensor,
    pub manager_ctx: *mut c_void,
    pub deleter: Option<Deleter<Self>>,
}

/// A tensor with what keeps its memory alive, as since version 1.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "the header's own names")]
pub struct DLManagedTensorVersioned {
    pub version: DLPackVersion,
    pub manager_ctx: *mut c_void,
    pub deleter: Option<Deleter<Self>>,
    pub flags: u64,
    pub dl_tensor: DLTensor,
}

mod sealed {
    /// The memory's life depends on what the structures say, so nobody else makes one.
    pub trait Sealed {}
    impl Sealed for super::DLManagedTensor {}
    impl Sealed for super::DLManagedTensorVersioned {}
}

/// Either structure that hands a tensor from library to library.
pub trait Managed: sealed::Sealed + Sized + 'static {
    /// Puts a tensor into the structure; the one without a version has no place for flags.
    fn new(tensor: DLTensor, context: *mut c_void, deleter: Deleter<Self>, flags: u64) -> Self;
    /// The version that the structure says it has.
    fn version(&self) -> Option<DLPackVersion>;
    /// The tensor.
    fn tensor(&self) -> &DLTensor;
    /// What keeps the memory alive.
    fn context(&self) -> *mut c_void;
    /// What frees it all; none if nothing needs to be freed.
    fn deleter(&self) -> Option<Deleter<Self>>;
}

impl Managed for DLManagedTensor {
    fn new(tensor: DLTensor, context: *mut c_void, deleter: Deleter<Self>, _: u64) -> Self {
        Self {
            dl_tensor: tensor,
            manager_ctx: context,
            deleter: Some(deleter),
        }
    }

    fn version(&self) -> Option<DLPackVersion> {
        None
    }

    fn tensor(&self) -> &DLTensor {
        &self.dl_tensor
    }

    fn context(&self) -> *mut c_void {
        self.manager_ctx
    }

    fn deleter(&self) -> Option<Deleter<Self>> {
        self.deleter
    }
}

impl Managed for DLManagedTensorVersioned {
    fn new(tensor: DLTensor, context: *mut c_void, deleter: Deleter<Self>, flags: u64) -> Self {
        Self {
            version: VERSION,
            manager_ctx: context,
            deleter: Some(deleter),
            flags,
            dl_tensor: tensor,
        }
    }

    fn version(&self) -> Option<DLPackVersion> {
        Some(self.version)
    }

    fn tensor(&self) -> &DLTensor {
        &self.dl_tensor
    }

    fn context(&self) -> *mut c_void {
        self.manager_ctx
    }

    fn deleter(&self) -> Option<Deleter<Self>> {
        self.deleter
    }
}
