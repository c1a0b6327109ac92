//! cuBLAS and cuSOLVER for the runtime. This layer checks that all matrices lie within the runtime's memory, and
//! declines what the libraries cannot compute.
//!
//! The libraries have not yet run on hardware. The tests use a stand-in for them.

use std::ffi::{c_int, c_void};

use array_api_spec::{DType, Result};

use super::{
    cublas::{Blas, Cublas},
    cusolver::{Cusolver, Solver},
    runtime::{Buffer, CudaRuntime},
};
use array_api_gpu::{
    runtime::Runtime,
    vendor::{Attempt, Gemm, GemmOperand, Matrix, Vendor},
};

/// Both libraries, found but not yet bound to a stream.
pub(super) struct Found {
    cublas: Cublas,
    cusolver: Cusolver,
}

/// Both libraries, bound to a runtime's stream.
pub(super) struct Libraries {
    blas: Blas,
    solver: Solver,
}

impl Found {
    /// Looks for both.
    ///
    /// # Errors
    /// The one that is missing, and how to get it.
    pub(super) fn find() -> Result<Self, String> {
        let advice = |error| {
            format!("{error}; `pip install nvidia-cublas-cu12 nvidia-cusolver-cu12` brings both")
        };
        Ok(Self {
            cublas: Cublas::find().map_err(advice)?,
            cusolver: Cusolver::find().map_err(advice)?,
        })
    }

    /// Binds them to a stream of the current context.
    ///
    /// # Errors
    /// The function that failed.
    pub(super) fn bind(self, stream: *mut c_void) -> Result<Libraries, String> {
        Ok(Libraries {
            blas: self.cublas.bind(stream)?,
            solver: self.cusolver.bind(stream)?,
        })
    }
}

/// A dtype's number in `cudaDataType`; `None` if the libraries do not compute with it.
pub(super) const fn data_type(dtype: DType) -> Option<c_int> {
    match dtype {
        DType::Float32 => Some(0),
        DType::Float64 => Some(1),
        DType::Complex64 => Some(4),
        DType::Complex128 => Some(5),
        _ => None,
    }
}

/// An address on the GPU.
#[derive(Clone, Copy)]
pub(super) struct Address(pub(super) u64);

impl Address {
    pub(super) fn pointer(self) -> *mut c_void {
        std::ptr::with_exposed_provenance_mut(self.0 as usize)
    }
}

/// A column-major matrix, all of whose elements lie within a buffer.
pub(super) struct Place {
    address: Address,
    /// Its `cudaDataType`; unused for integers.
    pub(super) kind: c_int,
    pub(super) rows: i64,
    pub(super) columns: i64,
}

impl Place {
    fn new(runtime: &CudaRuntime, x: &Matrix<'_, Buffer>) -> Result<Self> {
        let size = x.dtype.size();
        let (start, length) = (x.offset * size, x.rows * x.columns * size);
        Ok(Self {
            address: runtime.address(x.buffer, start as u64, length)?,
            kind: data_type(x.dtype).unwrap_or_default(),
            rows: x.rows as i64,
            columns: x.columns as i64,
        })
    }

    /// A vector of words in a buffer of its own.
    fn words(runtime: &CudaRuntime, buffer: &Buffer, words: usize) -> Result<Self> {
        Self::new(
            runtime,
            &Matrix {
                buffer,
                dtype: DType::Int32,
                offset: 0,
                rows: words,
                columns: 1,
            },
        )
    }

    pub(super) fn pointer(&self) -> *mut c_void {
        self.address.pointer()
    }
}

/// A status of our own: there was no memory for the library's work space.
const NO_ROOM: c_int = -1;

/// Allocates the work space of the libraries' routines.
pub(super) struct Workspace<'a>(&'a CudaRuntime);

impl Workspace<'_> {
    /// Asks the library for the sizes of the work space on the device and on the host, then runs the routine with
    /// memory of these sizes. Returns the first status that is not 0.
    pub(super) fn run(
        &self,
        sizes: impl FnOnce(*mut usize, *mut usize) -> c_int,
        routine: impl FnOnce([(*mut c_void, usize); 2]) -> c_int,
    ) -> c_int {
        let (mut device_bytes, mut host_bytes) = (0, 0);
        let status = sizes(&raw mut device_bytes, &raw mut host_bytes);
        if status != 0 {
            return status;
        }
        let whole_words = device_bytes.max(4).next_multiple_of(4);
        let Ok(buffer) = self.0.allocate(whole_words as u64) else {
            return NO_ROOM;
        };
        let Ok(device) = self.0.address(&buffer, 0, whole_words) else {
            return NO_ROOM;
        };
        // `u128` is aligned for every type that a routine may keep there.
        let mut host = vec![0_u128; host_bytes.div_ceil(size_of::<u128>())];
        let status = routine([
            (device.pointer(), device_bytes),
            (host.as_mut_ptr().cast(), host_bytes),
        ]);
        self.0.free(buffer);
        // The documentation does not say whether the routine may still use the host's memory after it returns, so this
        // waits.
        if host_bytes > 0 && self.0.synchronize().is_err() {
            return NO_ROOM;
        }
        status
    }
}

impl CudaRuntime {
    /// Runs a library's function with the context current on this thread. A status other than 0 means that the call is
    /// declined.
    fn ask(
        &self,
        name: &str,
        run: impl FnOnce(&Libraries, &Workspace<'_>) -> Result<Option<c_int>>,
    ) -> Result<Attempt> {
        let Some(libraries) = self.libraries() else {
            return Ok(Attempt::Declined);
        };
        self.enter(name)?;
        if run(libraries, &Workspace(self))? == Some(0) {
            self.count_library_call();
            Ok(Attempt::Started)
        } else {
            Ok(Attempt::Declined)
        }
    }
}

impl Vendor for CudaRuntime {
    type Buffer = Buffer;

    fn matmul(
        &self,
        gemm: &Gemm,
        dtype: DType,
        left: &Buffer,
        right: &Buffer,
        out: &Buffer,
    ) -> Result<Attempt> {
        let last = |n: i32| (n - 1) as usize;
        let operand = |x: &GemmOperand, buffer: &Buffer, rows: i32, columns: i32| {
            let (rows, columns) = if x.transposed {
                (columns, rows)
            } else {
                (rows, columns)
            };
            let length = last(gemm.batches) * x.stride as usize
                + last(columns) * x.leading as usize
                + rows as usize;
            let size = dtype.size();
            self.address(buffer, (x.offset * size) as u64, length * size)
        };
        self.ask("matmul", |libraries, _| {
            let left = operand(&gemm.left, left, gemm.rows, gemm.inner)?;
            let right = operand(&gemm.right, right, gemm.inner, gemm.columns)?;
            let size = gemm.batches as usize * gemm.stride() as usize * dtype.size();
            let out = self.address(out, 0, size)?;
            Ok(libraries.blas.multiply(gemm, dtype, left, right, out))
        })
    }

    fn cholesky(&self, x: &Matrix<'_, Buffer>, info: &Matrix<'_, Buffer>) -> Result<Attempt> {
        self.ask("cholesky", |libraries, work| {
            let (x, info) = (Place::new(self, x)?, Place::new(self, info)?);
            Ok(Some(libraries.solver.cholesky(&x, &info, work)))
        })
    }

    fn solve(
        &self,
        a: &Matrix<'_, Buffer>,
        b: &Matrix<'_, Buffer>,
        info: &Matrix<'_, Buffer>,
    ) -> Result<Attempt> {
        self.ask("solve", |libraries, work| {
            let (words, n) = (2 * a.rows, a.rows);
            let pivots = self.allocate((n * size_of::<i64>()) as u64)?;
            // The second routine reports wrong arguments only, as its status does. Its report goes elsewhere, so that
            // it does not overwrite the first one's.
            let report = self.allocate(4)?;
            let status = libraries.solver.solve(
                &Place::new(self, a)?,
                &Place::new(self, b)?,
                &Place::words(self, &pivots, words)?,
                [&Place::new(self, info)?, &Place::words(self, &report, 1)?],
                work,
            );
            self.free(pivots);
            self.free(report);
            Ok(Some(status))
        })
    }

    fn eigh(
        &self,
        x: &Matrix<'_, Buffer>,
        values: &Matrix<'_, Buffer>,
        info: &Matrix<'_, Buffer>,
    ) -> Result<Attempt> {
        self.ask("eigh", |libraries, work| {
            let [x, values, info] = [x, values, info].map(|m| Place::new(self, m));
            Ok(Some(libraries.solver.eigh(&x?, &values?, &info?, work)))
        })
    }

    fn svd(
        &self,
        x: &Matrix<'_, Buffer>,
        parts: [&Matrix<'_, Buffer>; 3],
        info: &Matrix<'_, Buffer>,
    ) -> Result<Attempt> {
        self.ask("svd", |libraries, work| {
            let [u, s, vh] = parts.map(|part| Place::new(self, part));
            let (x, info) = (Place::new(self, x)?, Place::new(self, info)?);
            let parts = [&u?, &s?, &vh?];
            Ok(Some(libraries.solver.svd(&x, parts, &info, work)))
        })
    }
}
