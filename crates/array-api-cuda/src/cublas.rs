//! cuBLAS, NVIDIA's matrix products. Not yet run on hardware.

use std::{
    ffi::{c_int, c_longlong, c_void},
    path::Path,
    ptr,
    sync::{Mutex, PoisonError},
};

use array_api_spec::DType;
use libloading::Library;

use super::{
    dynamic::{Wanted, functions},
    vendor::{Address, data_type},
};
use array_api_gpu::vendor::{Gemm, GemmOperand};

const CUBLAS: Wanted = Wanted {
    name: "cuBLAS",
    variable: "CUBLAS",
    wheel: "cublas",
    prefixes: ["libcublas.so", "cublas64_"],
    names: if cfg!(windows) {
        &["cublas64_13.dll", "cublas64_12.dll", "cublas64_11.dll"]
    } else {
        &[
            "libcublas.so.13",
            "libcublas.so.12",
            "libcublas.so.11",
            "libcublas.so",
        ]
    },
};

type Handle = *mut c_void;

functions! {
    create: "cublasCreate_v2" = fn(*mut Handle);
    destroy: "cublasDestroy_v2" = fn(Handle);
    set_stream: "cublasSetStream_v2" = fn(Handle, *mut c_void);
    multiply: "cublasGemmStridedBatchedEx" = fn(
        Handle, c_int, c_int, c_int, c_int, c_int, *const c_void,
        *const c_void, c_int, c_int, c_longlong,
        *const c_void, c_int, c_int, c_longlong,
        *const c_void, *mut c_void, c_int, c_int, c_longlong,
        c_int, c_int, c_int
    );
}

/// `CUBLAS_COMPUTE_32F_PEDANTIC` and `CUBLAS_COMPUTE_64F_PEDANTIC`: every product and sum is computed in the elements'
/// precision, never in TF32.
const PEDANTIC: [c_int; 2] = [69, 71];
/// `CUBLAS_GEMM_DEFAULT`: the library chooses the algorithm.
const ANY_ALGORITHM: c_int = -1;

/// The library.
pub(super) struct Cublas {
    functions: Functions,
    /// Keeps the functions loaded.
    _library: Library,
}

impl Cublas {
    /// Looks for the library by the rules of [`Wanted::find`].
    ///
    /// # Errors
    /// What was looked for.
    pub(super) fn find() -> Result<Self, String> {
        CUBLAS.find(|path: &Path| {
            // SAFETY: NVIDIA's library does nothing when it is loaded.
            let library = unsafe { Library::new(path) }.map_err(|e| e.to_string())?;
            let functions = Functions::load(&library).map_err(|e| e.to_string())?;
            Ok(Self {
                functions,
                _library: library,
            })
        })
    }

    /// Creates a handle of the library, which works in a stream of the current context.
    ///
    /// # Errors
    /// The library's status.
    pub(super) fn bind(self, stream: *mut c_void) -> Result<Blas, String> {
        let mut handle = ptr::null_mut();
        // SAFETY: the pointer is that of a living variable.
        let status = unsafe { (self.functions.create)(&raw mut handle) };
        if status != 0 {
            return Err(format!("cublasCreate failed with status {status}"));
        }
        let blas = Blas {
            handle: Mutex::new(Owned(handle)),
            library: self,
        };
        // SAFETY: the handle was created, and the stream belongs to the context that it was created in.
        match unsafe { (blas.library.functions.set_stream)(handle, stream) } {
            0 => Ok(blas),
            status => Err(format!("cublasSetStream failed with status {status}")),
        }
    }
}

/// A handle of the library, bound to a stream.
pub(super) struct Blas {
    handle: Mutex<Owned>,
    library: Cublas,
}

struct Owned(Handle);

// SAFETY: the library takes a handle on any thread, one at a time, which the mutex around it sees to.
unsafe impl Send for Owned {}

impl Blas {
    /// Starts a batch of products, and returns the library's status. The context must be current, and both operands
    /// must have the dtype.
    pub(super) fn multiply(
        &self,
        gemm: &Gemm,
        dtype: DType,
        left: Address,
        right: Address,
        out: Address,
    ) -> Option<c_int> {
        let kind = data_type(dtype)?;
        let (single, double) = ([[1.0_f32, 0.0], [0.0; 2]], [[1.0_f64, 0.0], [0.0; 2]]);
        let (compute, [one, zero]): (c_int, [*const c_void; 2]) = if dtype.real() == DType::Float32
        {
            (
                PEDANTIC[0],
                [0, 1].map(|i: usize| single[i].as_ptr().cast()),
            )
        } else {
            (
                PEDANTIC[1],
                [0, 1].map(|i: usize| double[i].as_ptr().cast()),
            )
        };
        let transposition = |x: &GemmOperand| c_int::from(x.transposed);
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the handle is alive; the factors are read before the call returns, as the handle's pointer mode has it by default; the
        // caller has checked that all elements lie within memory that is freed in the stream's order.
        let status = unsafe {
            (self.library.functions.multiply)(
                handle.0,
                transposition(&gemm.left),
                transposition(&gemm.right),
                gemm.rows,
                gemm.columns,
                gemm.inner,
                one,
                left.pointer(),
                kind,
                gemm.left.leading,
                gemm.left.stride,
                right.pointer(),
                kind,
                gemm.right.leading,
                gemm.right.stride,
                zero,
                out.pointer(),
                kind,
                gemm.rows,
                gemm.stride(),
                gemm.batches,
                compute,
                ANY_ALGORITHM,
            )
        };
        Some(status)
    }
}

impl Drop for Blas {
    fn drop(&mut self) {
        let handle = self
            .handle
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the handle was created and is not used afterwards.
        unsafe { (self.library.functions.destroy)(handle.0) };
    }
}
