//! The driver's functions as a program calls them, one program at a time.

use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ptx_sim::Settings;

/// Calls a driver function by its name.
macro_rules! cu {
    ($name:ident($($value:expr => $ty:ty),* $(,)?)) => {{
        let address = ptx_sim::driver::lookup(stringify!($name)).expect(stringify!($name));
        type Function = unsafe extern "C" fn($($ty),*) -> std::ffi::c_int;
        // SAFETY: the types are those of cuda.h.
        let function = unsafe { std::mem::transmute::<*mut std::ffi::c_void, Function>(address.as_ptr()) };
        // SAFETY: each test passes pointers to its own live variables.
        unsafe { function($($value),*) }
    }};
}
pub(crate) use cu;

static TURN: Mutex<()> = Mutex::new(());

/// A program with the primary context and a stream that does not wait for the default one.
pub(crate) struct Program {
    pub(crate) stream: u64,
    #[allow(dead_code, reason = "not every test asks for it")]
    pub(crate) context: u64,
    _turn: MutexGuard<'static, ()>,
}

impl Program {
    pub(crate) fn start(settings: Settings) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        ptx_sim::configure(settings);
        assert_eq!(cu!(cuInit(0 => c_uint)), 0);
        let (mut context, mut stream) = (0, 0);
        assert_eq!(
            cu!(cuDevicePrimaryCtxRetain(&mut context => *mut u64, 0 => c_int)),
            0
        );
        assert_eq!(cu!(cuCtxSetCurrent(context => u64)), 0);
        assert_eq!(cu!(cuStreamCreate(&mut stream => *mut u64, 1 => c_uint)), 0);
        Self {
            stream,
            context,
            _turn: turn,
        }
    }

    pub(crate) fn function(&self, ptx: &str, name: &str) -> u64 {
        let (text, name) = (CString::new(ptx).unwrap(), CString::new(name).unwrap());
        let (mut module, mut function) = (0, 0);
        let loaded = cu!(cuModuleLoadData(
            &mut module => *mut u64,
            text.as_ptr() => *const c_char,
        ));
        assert_eq!(loaded, 0, "{:?}", ptx_sim::last_error());
        let found = cu!(cuModuleGetFunction(
            &mut function => *mut u64,
            module => u64,
            name.as_ptr() => *const c_char,
        ));
        assert_eq!(found, 0);
        function
    }

    pub(crate) fn allocate(&self, bytes: usize) -> u64 {
        let mut pointer = 0;
        assert_eq!(
            cu!(cuMemAlloc_v2(&mut pointer => *mut u64, bytes => usize)),
            0
        );
        pointer
    }

    /// Pinned host memory of so many values.
    pub(crate) fn pinned(&self, count: usize) -> &'static mut [f32] {
        let mut start: *mut c_void = null_mut();
        let bytes = count * 4;
        assert_eq!(
            cu!(cuMemAllocHost_v2(&mut start => *mut *mut c_void, bytes => usize)),
            0
        );
        // SAFETY: the block has that many bytes, is initialised, and these tests do not free it.
        unsafe { std::slice::from_raw_parts_mut(start.cast(), count) }
    }

    /// A launch with pointers and a last argument of 64 bits.
    pub(crate) fn launch(&self, function: u64, blocks: u32, threads: u32, args: &[u64]) -> c_int {
        let pointers: Vec<*const u64> = args.iter().map(std::ptr::from_ref).collect();
        cu!(cuLaunchKernel(
            function => u64,
            blocks => c_uint,
            1 => c_uint,
            1 => c_uint,
            threads => c_uint,
            1 => c_uint,
            1 => c_uint,
            0 => c_uint,
            self.stream => u64,
            pointers.as_ptr() => *const *const u64,
            null() => *const *const u64,
        ))
    }

    pub(crate) fn upload(&self, to: u64, from: &[f32]) -> c_int {
        cu!(cuMemcpyHtoDAsync_v2(
            to => u64,
            from.as_ptr() => *const f32,
            size_of_val(from) => usize,
            self.stream => u64,
        ))
    }

    pub(crate) fn download(&self, to: &mut [f32], from: u64) -> c_int {
        cu!(cuMemcpyDtoHAsync_v2(
            to.as_mut_ptr() => *mut f32,
            from => u64,
            size_of_val(to) => usize,
            self.stream => u64,
        ))
    }

    pub(crate) fn wait(&self) -> c_int {
        cu!(cuStreamSynchronize(self.stream => u64))
    }
}
