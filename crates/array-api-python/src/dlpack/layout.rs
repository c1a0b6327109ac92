//! DLPack's structures, as its header `dlpack.h` (version 1) lays them out.

use std::ffi::c_void;

use array_api_spec::{DType, Kind};

/// `kDLCPU`
pub(super) const CPU: i32 = 1;
/// `kDLCUDA`
pub(super) const CUDA: i32 = 2;
/// `kDLCUDAHost`
pub(super) const CUDA_HOST: i32 = 3;
/// `kDLVulkan`
pub(super) const VULKAN: i32 = 7;

/// `DLPACK_FLAG_BITMASK_READ_ONLY`
pub(super) const READ_ONLY: u64 = 1;
/// `DLPACK_FLAG_BITMASK_IS_COPIED`
pub(super) const IS_COPIED: u64 = 2;

/// The version of DLPack that is spoken here.
pub(super) const VERSION: Version = Version { major: 1, minor: 0 };

/// `DLDevice`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Device {
    pub(super) kind: i32,
    pub(super) number: i32,
}

/// `DLDataType`
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct DataType {
    pub(super) code: u8,
    pub(super) bits: u8,
    pub(super) lanes: u16,
}

impl From<DType> for DataType {
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

/// `DLTensor`
#[repr(C)]
pub(super) struct Tensor {
    pub(super) data: *mut c_void,
    pub(super) device: Device,
    pub(super) ndim: i32,
    pub(super) dtype: DataType,
    pub(super) shape: *mut i64,
    pub(super) strides: *mut i64,
    pub(super) byte_offset: u64,
}

/// `DLPackVersion`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Version {
    pub(super) major: u32,
    pub(super) minor: u32,
}

/// What a capsule holds.
pub(super) trait Managed: Sized {
    /// The capsule's name, with its 0 at the end.
    const NAME: &'static std::ffi::CStr;
    /// Its name once its memory has been taken.
    const USED: &'static std::ffi::CStr;

    fn new(tensor: Tensor, owner: *mut c_void, delete: Delete<Self>, flags: u64) -> Self;
    fn tensor(&self) -> &Tensor;
    fn owner(&self) -> *mut c_void;
    fn deleter(&self) -> Option<Delete<Self>>;
}

/// Frees what a capsule holds.
pub(super) type Delete<M> = unsafe extern "C" fn(*mut M);

/// `DLManagedTensor`: the form without a version.
#[repr(C)]
pub(super) struct Unversioned {
    tensor: Tensor,
    owner: *mut c_void,
    deleter: Option<Delete<Self>>,
}

/// `DLManagedTensorVersioned`
#[repr(C)]
pub(super) struct Versioned {
    pub(super) version: Version,
    owner: *mut c_void,
    deleter: Option<Delete<Self>>,
    flags: u64,
    tensor: Tensor,
}

impl Managed for Unversioned {
    const NAME: &'static std::ffi::CStr = c"dltensor";
    const USED: &'static std::ffi::CStr = c"used_dltensor";

    fn new(tensor: Tensor, owner: *mut c_void, delete: Delete<Self>, _: u64) -> Self {
        Self {
            tensor,
            owner,
            deleter: Some(delete),
        }
    }

    fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    fn owner(&self) -> *mut c_void {
        self.owner
    }

    fn deleter(&self) -> Option<Delete<Self>> {
        self.deleter
    }
}

impl Managed for Versioned {
    const NAME: &'static std::ffi::CStr = c"dltensor_versioned";
    const USED: &'static std::ffi::CStr = c"used_dltensor_versioned";

    fn new(tensor: Tensor, owner: *mut c_void, delete: Delete<Self>, flags: u64) -> Self {
        Self {
            version: VERSION,
            owner,
            deleter: Some(delete),
            flags,
            tensor,
        }
    }

    fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    fn owner(&self) -> *mut c_void {
        self.owner
    }

    fn deleter(&self) -> Option<Delete<Self>> {
        self.deleter
    }
}
