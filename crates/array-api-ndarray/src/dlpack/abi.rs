//! DLPack's structures and constants, with the layout and the names of its header `dlpack.h` (version 1).

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

/// `DLPACK_FLAG_BITMASK_READ_ONLY`: others may use the memory, so the receiver must not write.
pub const READ_ONLY: u64 = 1;
/// `DLPACK_FLAG_BITMASK_IS_COPIED`: only the receiver uses the memory, and it may write.
pub const IS_COPIED: u64 = 2;

/// The version of DLPack that this crate implements.
pub const VERSION: DLPackVersion = DLPackVersion { major: 1, minor: 0 };

/// A device: its kind, and its number among devices of this kind.
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

/// Memory with a shape and strides. Strides count elements; without strides the elements are in row-major order.
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

/// A version of DLPack. Structures of different major versions differ.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the header's own names")]
pub struct DLPackVersion {
    pub major: u32,
    pub minor: u32,
}

/// Frees a managed tensor and the memory that it keeps alive.
pub type Deleter<M> = unsafe extern "C" fn(*mut M);

/// A tensor and the owner of its memory: the structure before version 1.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "the header's own names")]
pub struct DLManagedTensor {
    pub dl_tensor: DLTensor,
    pub manager_ctx: *mut c_void,
    pub deleter: Option<Deleter<Self>>,
}

/// A tensor and the owner of its memory: the structure since version 1.
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
    /// Seals [`Managed`](super::Managed): memory safety depends on what the structures say.
    pub trait Sealed {}
    impl Sealed for super::DLManagedTensor {}
    impl Sealed for super::DLManagedTensorVersioned {}
}

/// One of the two structures by which libraries exchange a tensor.
pub trait Managed: sealed::Sealed + Sized + 'static {
    /// Makes the structure. The one without a version has no flags.
    fn new(tensor: DLTensor, context: *mut c_void, deleter: Deleter<Self>, flags: u64) -> Self;
    /// The structure's version, if it has one.
    fn version(&self) -> Option<DLPackVersion>;
    /// The tensor.
    fn tensor(&self) -> &DLTensor;
    /// The owner of the memory, as a pointer for the deleter.
    fn context(&self) -> *mut c_void;
    /// The function that frees everything; `None` if nothing needs to be freed.
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
