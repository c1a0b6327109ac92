//! NVIDIA's GPUs, through `cust` and the CUDA driver.
//!
//! A program needs the driver only, and only when it opens a GPU: it builds and starts on machines without a toolkit
//! and without a driver (see the crate `cuda_shim`). Kernels are CUDA C++, printed by the [kernel
//! language](array_api_kernel) like those of other GPUs.
//! - Where [`Nvrtc`] is found, each expression is compiled at run time, as one kernel, to machine code for the device.
//!   The code is kept in memory and on disk, in the folder `array-api/cuda` of the user's cache, or in the folder that
//!   the variable `ARRAY_API_CACHE` names. If the variable is empty, nothing is kept on disk.
//! - Where it is not found, expressions run operation by operation, with kernels that are part of the program as PTX.
//!
//! Matrix products are kernels, too, and factorisations are computed on the host. [`with_vendor_libraries`] uses cuBLAS
//! and cuSOLVER for both; this has not yet run on hardware.
//!
//! Volta (`sm_70`) and later are supported, with a driver from CUDA 10.1 on.

mod cache;
mod cublas;
mod cusolver;
mod dynamic;
pub mod library;
mod nvrtc;
mod runtime;
mod vendor;

use std::sync::{Mutex, OnceLock, PoisonError};

use array_api_spec::{Device, Error, Namespace, Result};
use cuda_shim::Driver;

use self::vendor::Found;
pub use self::{
    nvrtc::{Nvrtc, Target},
    runtime::CudaRuntime,
};
use array_api_gpu::Gpu;
use array_api_host::process::Starter;

/// The backend of NVIDIA's GPUs.
pub type Cuda = Gpu<CudaRuntime>;

/// Where a backend gets its kernels from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kernels {
    /// NVRTC where it is found, else the kernels that are part of the program.
    #[default]
    Any,
    /// Only the kernels that are part of the program.
    Embedded,
}

/// The namespace of GPU `index`, such as `cuda:0`.
///
/// ```
/// use array_api_cuda as cuda;
/// match cuda::cuda(0) {
///     Ok(xp) => assert_eq!(xp.sum(xp.asarray([1.0, 2.0])?, ..)?.item::<f64>()?, 3.0),
///     Err(error) => assert!(error.to_string().contains("cuda:0")),
/// }
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::NoDevice`](array_api_spec::ErrorKind::NoDevice) if there is no driver, no such GPU, or one that is too old.
pub fn cuda(index: usize) -> Result<Namespace<Cuda>> {
    backend(index, Kernels::Any).map(Namespace::new)
}

/// The namespace of GPU `index` with cuBLAS and cuSOLVER for matrix products and factorisations. **They have not yet
/// run on hardware**, and only this function switches them on.
///
/// cuBLAS computes `matmul` of floating-point dtypes in the precision of the dtype, never in TF32. Kernels compute
/// integers, and views whose strides BLAS cannot express (gaps along both axes, negative strides). cuSOLVER computes
/// `cholesky`, `solve`, `eigh` and `svd`, and what is composed of them, in the precision of the dtype; without the
/// libraries all work is done in `float64`. A factorisation that fails or is not finite is computed again on the host,
/// so errors are the same.
///
/// Both libraries are looked for at the paths in the variables `CUBLAS` and `CUSOLVER`, then where [`Nvrtc::find`]
/// looks. The same index gives the same backend, and its arrays do not mix with those of [`cuda()`](cuda()).
///
/// ```
/// use array_api_cuda as cuda;
/// match cuda::with_vendor_libraries(0) {
///     Ok(xp) => assert_eq!(xp.matmul(xp.asarray([1.0, 2.0])?, xp.asarray([3.0, 4.0])?)?.item::<f64>()?, 11.0),
///     Err(error) => assert!(error.to_string().contains("cuda:0")),
/// }
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Those of [`cuda()`](cuda()), and [`ErrorKind::NoDevice`](array_api_spec::ErrorKind::NoDevice) with the name of the library that is missing or does not start.
pub fn with_vendor_libraries(index: usize) -> Result<Namespace<Cuda>> {
    shared(index, Kernels::Any, Libraries::Vendor).map(Namespace::new)
}

/// Whether the vendor's libraries compute products and factorisations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Libraries {
    None,
    Vendor,
}

/// The backend on GPU `index`. The same index and kernels give the same backend, so arrays can meet.
///
/// # Errors
/// Those of [`cuda()`](cuda()).
pub fn backend(index: usize, kernels: Kernels) -> Result<Cuda> {
    shared(index, kernels, Libraries::None)
}

fn shared(index: usize, kernels: Kernels, libraries: Libraries) -> Result<Cuda> {
    type Key = (usize, Kernels, Libraries);
    static OPEN: Mutex<Vec<(Key, Cuda)>> = Mutex::new(Vec::new());
    let key = (index, kernels, libraries);
    // This comes before the lock: in a forked child, a thread of the parent may have held that for ever.
    STARTER
        .claim()
        .map_err(|detail| Error::no_device(name(index), detail))?;
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, gpu)) = open.iter().find(|(other, _)| *other == key) {
        return Ok(gpu.clone());
    }
    let gpu = fresh(index, kernels, libraries)?;
    open.push((key, gpu.clone()));
    Ok(gpu)
}

/// The backend on GPU `index` with a stream, a memory pool and [counters](array_api_gpu::runtime::Counters) of its own. Its arrays do not
/// mix with those of other backends, not even on the same GPU.
///
/// # Errors
/// Those of [`cuda()`](cuda()).
pub fn fresh_backend(index: usize, kernels: Kernels) -> Result<Cuda> {
    fresh(index, kernels, Libraries::None)
}

fn fresh(index: usize, kernels: Kernels, libraries: Libraries) -> Result<Cuda> {
    let name = name(index);
    let count = count().map_err(|detail| Error::no_device(&name, detail))?;
    if index >= count {
        let all: Vec<String> = (0..count).map(self::name).collect();
        let detail = format!("the devices are {}", all.join(", "));
        return Err(Error::no_device(&name, detail));
    }
    let libraries = match libraries {
        Libraries::None => None,
        Libraries::Vendor => {
            Some(found_libraries().map_err(|detail| Error::no_device(&name, detail))?)
        }
    };
    let compiler = match kernels {
        Kernels::Any => nvrtc(),
        Kernels::Embedded => None,
    };
    CudaRuntime::open(index, Device::new(&name), compiler, libraries).map(Gpu::new)
}

fn found_libraries() -> Result<Found, String> {
    let found = Found::find()?;
    // With a simulated driver they must not run: they would take its memory for a GPU's.
    if let Driver::Installed(_) = cuda_shim::driver() {
        return Err("cuBLAS and cuSOLVER need NVIDIA's driver, and a simulated one is installed in its place".into());
    }
    Ok(found)
}

/// The process that starts the driver.
static STARTER: Starter = Starter::new();

/// How many GPUs there are.
///
/// # Errors
/// What is missing, as a sentence.
pub fn count() -> Result<usize, String> {
    STARTER.claim()?;
    let count = runtime::count();
    if count.is_err() {
        STARTER.give_up();
    }
    match count {
        Ok(0) => Err("NVIDIA's driver has no GPU".into()),
        Ok(count) => Ok(count),
        Err(error) => Err(match cuda_shim::driver() {
            Driver::Absent { looked_for, reason } => format!(
                "no NVIDIA driver was found, looked for as {} ({reason}); it comes with the GPU's driver package, and no CUDA toolkit is needed",
                looked_for.join(" and ")
            ),
            driver => format!("{driver} does not start: {error}"),
        }),
    }
}

/// The name of device `index`: `cuda:N`, or `cuda-sim` if the driver is a simulated one, which is never called a GPU.
#[must_use]
pub fn name(index: usize) -> String {
    match (cuda_shim::driver(), index) {
        (Driver::Installed(_), 0) => "cuda-sim".into(),
        (Driver::Installed(_), _) => format!("cuda-sim:{index}"),
        _ => format!("cuda:{index}"),
    }
}

/// The machine's NVRTC, which is looked for once in a process.
fn nvrtc() -> Option<&'static Nvrtc> {
    static FOUND: OnceLock<Option<Nvrtc>> = OnceLock::new();
    FOUND.get_or_init(Nvrtc::find).as_ref()
}
