//! NVIDIA's GPUs through the CUDA driver, by way of `cust`.
//!
//! Nothing but the driver is needed, and that only to run: a program with this backend builds and starts on machines that have
//! neither (see the crate `cuda_shim`). Kernels are CUDA C++, printed by [`gpu::kernel`](array_api_kernel) like those of other GPUs.
//! - Where [`Nvrtc`] is found, expressions are compiled at run time, each as one kernel, to machine code for the device at hand. The
//!   code is kept in memory and on disk, in the folder `array-api/cuda` of the user's cache (or of the one that the variable `ARRAY_API_CACHE` names;
//!   empty means nowhere).
//! - Elsewhere expressions run operation by operation, with kernels that are part of the program as PTX.
//!
//! Matrix products are kernels too, and factorisations are done on the host. [`with_vendor_libraries`] leaves both to cuBLAS and cuSOLVER,
//! which has not yet run on hardware.
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

/// Where kernels come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kernels {
    /// From NVRTC where it is found, else from the program.
    #[default]
    Any,
    /// From the program alone.
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

/// The namespace of GPU `index` with cuBLAS and cuSOLVER for matrix products and factorisations. **Not yet run on hardware**; nothing
/// but this function switches it on.
///
/// `matmul` of floating-point dtypes is cuBLAS's, in the precision of the dtype, never TF32; integers and arrays that BLAS has no words for
/// (gaps along both axes, negative strides) keep to the kernels. `cholesky`, `solve`, `eigh` and `svd`, and what is made of them, are cuSOLVER's, also
/// in the precision of the dtype: without the libraries all work is done in `float64`. A factorisation that fails or is not finite is done again on
/// the host, so errors are the same.
///
/// Both libraries are looked for at the paths in the variables `CUBLAS` and `CUSOLVER`, and where [`Nvrtc::find`] looks. Arrays do not mix
/// with those of [`cuda()`](cuda()); the same index gives the same backend.
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

/// Who multiplies and factorises.
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
    // Before the lock, which a thread of the parent may have held at the fork.
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
    // They would take the simulated driver's memory for the GPU's.
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
/// What is missing, in words.
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

/// What device `index` is called. One that no NVIDIA driver stands behind never bears the name of a GPU.
#[must_use]
pub fn name(index: usize) -> String {
    match (cuda_shim::driver(), index) {
        (Driver::Installed(_), 0) => "cuda-sim".into(),
        (Driver::Installed(_), _) => format!("cuda-sim:{index}"),
        _ => format!("cuda:{index}"),
    }
}

/// The machine's compiler, looked for once in a process.
fn nvrtc() -> Option<&'static Nvrtc> {
    static FOUND: OnceLock<Option<Nvrtc>> = OnceLock::new();
    FOUND.get_or_init(Nvrtc::find).as_ref()
}
