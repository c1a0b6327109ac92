//! cuSOLVER, NVIDIA's factorisations, by its 64-bit functions. Not yet run on hardware.

use std::{
    ffi::{c_int, c_schar, c_void},
    path::Path,
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use libloading::Library;

use super::{
    dynamic::{Wanted, functions},
    vendor::{Place, Workspace},
};

const CUSOLVER: Wanted = Wanted {
    name: "cuSOLVER",
    variable: "CUSOLVER",
    wheel: "cusolver",
    prefixes: ["libcusolver.so", "cusolver64_"],
    names: if cfg!(windows) {
        &["cusolver64_12.dll", "cusolver64_11.dll"]
    } else {
        // The library's number is not the toolkit's: CUDA 11 and 12 have number 11, CUDA 13 has 12.
        &["libcusolver.so.12", "libcusolver.so.11", "libcusolver.so"]
    },
};

type Handle = *mut c_void;
type Parameters = *mut c_void;
type Memory = *mut c_void;
type Info = *mut c_int;
type Size = *mut usize;

functions! {
    create: "cusolverDnCreate" = fn(*mut Handle);
    destroy: "cusolverDnDestroy" = fn(Handle);
    set_stream: "cusolverDnSetStream" = fn(Handle, *mut c_void);
    create_parameters: "cusolverDnCreateParams" = fn(*mut Parameters);
    destroy_parameters: "cusolverDnDestroyParams" = fn(Parameters);
    cholesky_size: "cusolverDnXpotrf_bufferSize"
        = fn(Handle, Parameters, c_int, i64, c_int, Memory, i64, c_int, Size, Size);
    cholesky: "cusolverDnXpotrf"
        = fn(Handle, Parameters, c_int, i64, c_int, Memory, i64, c_int, Memory, usize, Memory, usize, Info);
    lu_size: "cusolverDnXgetrf_bufferSize"
        = fn(Handle, Parameters, i64, i64, c_int, Memory, i64, c_int, Size, Size);
    lu: "cusolverDnXgetrf"
        = fn(Handle, Parameters, i64, i64, c_int, Memory, i64, *mut i64, c_int, Memory, usize, Memory, usize, Info);
    lu_solve: "cusolverDnXgetrs"
        = fn(Handle, Parameters, c_int, i64, i64, c_int, Memory, i64, *mut i64, c_int, Memory, i64, Info);
    eigh_size: "cusolverDnXsyevd_bufferSize"
        = fn(Handle, Parameters, c_int, c_int, i64, c_int, Memory, i64, c_int, Memory, c_int, Size, Size);
    eigh: "cusolverDnXsyevd"
        = fn(Handle, Parameters, c_int, c_int, i64, c_int, Memory, i64, c_int, Memory, c_int, Memory, usize, Memory, usize, Info);
    svd_size: "cusolverDnXgesvd_bufferSize"
        = fn(
            Handle, Parameters, c_schar, c_schar, i64, i64, c_int, Memory, i64, c_int, Memory, c_int, Memory, i64,
            c_int, Memory, i64, c_int, Size, Size
        );
    svd: "cusolverDnXgesvd"
        = fn(
            Handle, Parameters, c_schar, c_schar, i64, i64, c_int, Memory, i64, c_int, Memory, c_int, Memory, i64,
            c_int, Memory, i64, c_int, Memory, usize, Memory, usize, Info
        );
}

/// `CUBLAS_FILL_MODE_LOWER`.
const LOWER: c_int = 0;
/// `CUBLAS_OP_N`.
const AS_IS: c_int = 0;
/// `CUSOLVER_EIG_MODE_VECTOR`.
const VECTORS: c_int = 1;

/// The library.
pub(super) struct Cusolver {
    functions: Functions,
    /// Keeps the functions loaded.
    _library: Library,
}

impl Cusolver {
    /// Looks for the library by the rules of [`Wanted::find`].
    ///
    /// # Errors
    /// What was looked for.
    pub(super) fn find() -> Result<Self, String> {
        CUSOLVER.find(|path: &Path| {
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
    pub(super) fn bind(self, stream: *mut c_void) -> Result<Solver, String> {
        let mut solver = Solver {
            owned: Mutex::new(Owned(ptr::null_mut(), ptr::null_mut())),
            library: self,
        };
        let functions = &solver.library.functions;
        let owned = solver.owned.get_mut();
        let Owned(handle, parameters) = owned.unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the pointers are those of living variables.
        let steps: [(&str, c_int); 2] = unsafe {
            [
                ("cusolverDnCreate", (functions.create)(&raw mut *handle)),
                (
                    "cusolverDnCreateParams",
                    (functions.create_parameters)(&raw mut *parameters),
                ),
            ]
        };
        if let Some((name, status)) = steps.into_iter().find(|&(_, status)| status != 0) {
            return Err(format!("{name} failed with status {status}"));
        }
        // SAFETY: the handle was created, and the stream belongs to the context that it was created in.
        match unsafe { (functions.set_stream)(*handle, stream) } {
            0 => Ok(solver),
            status => Err(format!("cusolverDnSetStream failed with status {status}")),
        }
    }
}

/// A handle of the library, bound to a stream. Every function returns the library's status, and needs the context to be
/// current.
pub(super) struct Solver {
    owned: Mutex<Owned>,
    library: Cusolver,
}

/// A handle, and parameters with their default values.
struct Owned(Handle, Parameters);

// SAFETY: the library takes a handle on any thread, one at a time, which the mutex around it sees to.
unsafe impl Send for Owned {}

impl Solver {
    fn owned(&self) -> MutexGuard<'_, Owned> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn cholesky(&self, x: &Place, info: &Place, work: &Workspace<'_>) -> c_int {
        let (f, owned) = (&self.library.functions, self.owned());
        let Owned(h, p) = *owned;
        let (n, kind, a) = (x.rows, x.kind, x.pointer());
        work.run(
            // SAFETY: the handle is alive; nothing is read but the arguments, and the sizes are written to living variables.
            |device, host| unsafe {
                (f.cholesky_size)(h, p, LOWER, n, kind, a, n, kind, device, host)
            },
            // SAFETY: the places hold what the library is told, the work space has the sizes that it asked for.
            |[device, host]| unsafe {
                let ((d, d_bytes), (m, m_bytes)) = (device, host);
                (f.cholesky)(
                    h,
                    p,
                    LOWER,
                    n,
                    kind,
                    a,
                    n,
                    kind,
                    d,
                    d_bytes,
                    m,
                    m_bytes,
                    info.pointer().cast(),
                )
            },
        )
    }

    /// `pivots` has room for a 64-bit integer for every row.
    pub(super) fn solve(
        &self,
        a: &Place,
        b: &Place,
        pivots: &Place,
        infos: [&Place; 2],
        work: &Workspace<'_>,
    ) -> c_int {
        let (f, owned) = (&self.library.functions, self.owned());
        let Owned(h, p) = *owned;
        let (n, kind, lu) = (a.rows, a.kind, a.pointer());
        let pivots = pivots.pointer().cast::<i64>();
        let [first, second] = infos.map(|info| info.pointer().cast());
        let status = work.run(
            // SAFETY: the handle is alive; nothing is read but the arguments, and the sizes are written to living variables.
            |device, host| unsafe { (f.lu_size)(h, p, n, n, kind, lu, n, kind, device, host) },
            // SAFETY: the places hold what the library is told, the work space has the sizes that it asked for.
            |[device, host]| unsafe {
                let ((d, d_bytes), (m, m_bytes)) = (device, host);
                (f.lu)(
                    h, p, n, n, kind, lu, n, pivots, kind, d, d_bytes, m, m_bytes, first,
                )
            },
        );
        if status != 0 {
            return status;
        }
        let (columns, x) = (b.columns, b.pointer());
        // SAFETY: as above; after a factorisation that fails the pivots are still row numbers.
        unsafe {
            (f.lu_solve)(
                h, p, AS_IS, n, columns, kind, lu, n, pivots, kind, x, n, second,
            )
        }
    }

    pub(super) fn eigh(
        &self,
        x: &Place,
        values: &Place,
        info: &Place,
        work: &Workspace<'_>,
    ) -> c_int {
        let (f, owned) = (&self.library.functions, self.owned());
        let Owned(h, p) = *owned;
        let (n, kind, a) = (x.rows, x.kind, x.pointer());
        let (real, w) = (values.kind, values.pointer());
        work.run(
            // SAFETY: the handle is alive; nothing is read but the arguments, and the sizes are written to living variables.
            |device, host| unsafe {
                (f.eigh_size)(
                    h, p, VECTORS, LOWER, n, kind, a, n, real, w, kind, device, host,
                )
            },
            // SAFETY: the places hold what the library is told, the work space has the sizes that it asked for.
            |[device, host]| unsafe {
                let ((d, d_bytes), (m, m_bytes)) = (device, host);
                let info = info.pointer().cast();
                (f.eigh)(
                    h, p, VECTORS, LOWER, n, kind, a, n, real, w, kind, d, d_bytes, m, m_bytes,
                    info,
                )
            },
        )
    }

    pub(super) fn svd(
        &self,
        x: &Place,
        [u, s, vh]: [&Place; 3],
        info: &Place,
        work: &Workspace<'_>,
    ) -> c_int {
        let (f, owned) = (&self.library.functions, self.owned());
        let Owned(h, p) = *owned;
        let job = if u.columns == u.rows { b'A' } else { b'S' } as c_schar;
        let (m, n, kind, a) = (x.rows, x.columns, x.kind, x.pointer());
        let (real, s, u, vh) = (s.kind, s.pointer(), u.pointer(), vh.pointer());
        work.run(
            // SAFETY: the handle is alive; nothing is read but the arguments, and the sizes are written to living variables.
            |device, host| unsafe {
                (f.svd_size)(
                    h, p, job, job, m, n, kind, a, m, real, s, kind, u, m, kind, vh, n, kind,
                    device, host,
                )
            },
            // SAFETY: the places hold what the library is told, the work space has the sizes that it asked for.
            |[device, host]| unsafe {
                let ((d, d_bytes), (w, w_bytes)) = (device, host);
                let info = info.pointer().cast();
                (f.svd)(
                    h, p, job, job, m, n, kind, a, m, real, s, kind, u, m, kind, vh, n, kind, d,
                    d_bytes, w, w_bytes, info,
                )
            },
        )
    }
}

impl Drop for Solver {
    fn drop(&mut self) {
        let f = &self.library.functions;
        let owned = self.owned.get_mut();
        let Owned(handle, parameters) = owned.unwrap_or_else(PoisonError::into_inner);
        // SAFETY: what is not null was created, and is not used afterwards.
        unsafe {
            if !parameters.is_null() {
                (f.destroy_parameters)(*parameters);
            }
            if !handle.is_null() {
                (f.destroy)(*handle);
            }
        }
    }
}
