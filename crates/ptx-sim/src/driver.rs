//! The CUDA driver API over a [`Machine`]: a table of functions for a shim to forward to.

#![allow(
    non_snake_case,
    reason = "the functions have the names that cuda.h gives them"
)]

mod context;
mod device;
mod error;
mod memory;
mod module;
mod stream;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::execute::Fault;
use crate::machine::{Error, Machine, Module, Settings, Statistics};
use crate::memory::Refusal;
use crate::stream::Streams;
use error::Code;

/// What a driver function gives: nothing, or why not.
type Status = Result<(), Code>;

thread_local! {
    /// The contexts that this thread has pushed, the current one last.
    static CURRENT: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    /// Whether a host function runs on this thread, which may not call the driver.
    static IN_CALLBACK: RefCell<bool> = const { RefCell::new(false) };
}

/// A context: the primary one, which is counted, or one that the program made.
#[derive(Clone, Copy, Debug)]
struct Context {
    primary: bool,
    flags: u32,
}

/// A loaded module and the context that owns it.
#[derive(Debug)]
struct Loaded {
    module: Module,
    context: u64,
}

/// A kernel that the program has asked for.
#[derive(Clone, Copy, Debug)]
struct Function {
    module: u64,
    kernel: usize,
}

/// The state of the driver.
#[derive(Debug)]
struct Driver {
    settings: Settings,
    machine: Machine,
    streams: Streams,
    initialised: bool,
    contexts: BTreeMap<u64, Context>,
    /// The primary context and how often it is retained.
    primary: Option<(u64, u32)>,
    primary_flags: u32,
    modules: BTreeMap<u64, Loaded>,
    functions: BTreeMap<u64, Function>,
    /// Pinned host memory: start and size, and whether we have allocated it.
    pinned: BTreeMap<usize, (usize, bool)>,
    /// Handles are never used twice.
    handle: u64,
    sticky: Option<Code>,
    last_error: Option<String>,
}

// SAFETY: the raw pointers in queued work belong to the driver's callers, who promise that any
// thread may use them.
unsafe impl Send for Driver {}

static DRIVER: Mutex<Option<Driver>> = Mutex::new(None);

impl Driver {
    fn new(settings: Settings, handle: u64) -> Self {
        Self {
            settings,
            machine: Machine::new(settings),
            streams: Streams::new(settings.seed),
            initialised: false,
            contexts: BTreeMap::new(),
            primary: None,
            primary_flags: 0,
            modules: BTreeMap::new(),
            functions: BTreeMap::new(),
            pinned: BTreeMap::new(),
            handle,
            sticky: None,
            last_error: None,
        }
    }

    /// A handle that looks like a pointer.
    fn new_handle(&mut self) -> u64 {
        self.handle += 64;
        self.handle
    }

    /// Notes a fault; everything that is queued is lost.
    fn fail(&mut self, fault: &Fault) -> Code {
        let code = Code::from(fault.kind);
        self.sticky = Some(code);
        self.last_error = Some(fault.message.clone());
        self.streams.abandon();
        code
    }

    fn note(&mut self, result: Result<(), Fault>) -> Status {
        result.map_err(|fault| self.fail(&fault))
    }

    fn synchronise(&mut self, stream: u64) -> Status {
        let result = self.streams.synchronise(&mut self.machine, stream);
        self.note(result)
    }

    fn drain(&mut self) -> Status {
        let result = self.streams.drain(&mut self.machine);
        self.note(result)
    }

    /// Refuses a call, with a text.
    fn refuse<T>(&mut self, code: Code, what: impl Into<String>) -> Result<T, Code> {
        self.last_error = Some(what.into());
        Err(code)
    }
}

fn lock() -> MutexGuard<'static, Option<Driver>> {
    DRIVER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `f` on the driver, whatever its state.
fn with<T>(f: impl FnOnce(&mut Driver) -> T) -> T {
    f(lock().get_or_insert_with(|| Driver::new(Settings::default(), 0x1000)))
}

fn status(result: Status) -> c_int {
    match result {
        Ok(()) => 0,
        Err(Code(code)) => code,
    }
}

/// A call that needs `cuInit` only.
fn initialised(f: impl FnOnce(&mut Driver) -> Status) -> c_int {
    if IN_CALLBACK.with_borrow(|running| *running) {
        return error::NOT_PERMITTED.0;
    }
    status(with(|driver| match driver.initialised {
        true => f(driver),
        false => Err(error::NOT_INITIALIZED),
    }))
}

/// A call that needs a current context without a fault.
fn current(f: impl FnOnce(&mut Driver, u64) -> Status) -> c_int {
    initialised(|driver| {
        let Some(context) = CURRENT.with_borrow(|stack| stack.last().copied()) else {
            return driver.refuse(
                error::INVALID_CONTEXT,
                "no context is current on this thread",
            );
        };
        if !driver.contexts.contains_key(&context) {
            let what = "the context that is current on this thread is destroyed";
            return driver.refuse(error::CONTEXT_IS_DESTROYED, what);
        }
        match driver.sticky {
            Some(code) => Err(code),
            None => f(driver, context),
        }
    })
}

/// Writes a result of a call.
///
/// # Safety
///
/// `to` is null or valid for writing.
unsafe fn put<T>(to: *mut T, value: T) -> Status {
    if to.is_null() {
        return Err(error::INVALID_VALUE);
    }
    // SAFETY: the caller promises that a pointer that is not null is valid.
    unsafe { to.write(value) };
    Ok(())
}

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OutOfMemory => error::OUT_OF_MEMORY,
            Refusal::Invalid => error::INVALID_VALUE,
        }
    }
}

impl From<&Error> for Code {
    fn from(error: &Error) -> Self {
        match error {
            Error::Ptx(_) => error::INVALID_PTX,
            Error::OutOfMemory => error::OUT_OF_MEMORY,
            Error::Fault(fault) => Self::from(fault.kind),
            Error::Invalid(_) => error::INVALID_VALUE,
        }
    }
}

/// Starts anew with other settings: every handle and every context becomes invalid.
pub fn configure(settings: Settings) {
    let mut driver = lock();
    let handle = driver.as_ref().map_or(0x1000, |d| d.handle);
    *driver = Some(Driver::new(settings, handle));
}

/// Starts anew with the same settings.
pub fn reset() {
    let settings = with(|driver| driver.settings);
    configure(settings);
}

/// Makes the contexts usable again after a fault; memory stays as the kernel has left it.
pub fn clear_error() {
    with(|driver| {
        driver.sticky = None;
        driver.last_error = None;
    });
}

/// What the device has done since it was configured.
pub fn statistics() -> Statistics {
    with(|driver| driver.machine.statistics())
}

/// The text of the last fault or refusal.
pub fn last_error() -> Option<String> {
    with(|driver| driver.last_error.clone())
}

/// The function of the driver API with that name, if it is one that the interpreter has.
///
/// The pointer is to an `extern "C"` function with the parameters that `cuda.h` gives it.
pub fn lookup(name: &str) -> Option<NonNull<c_void>> {
    let tables = [
        device::FUNCTIONS,
        context::FUNCTIONS,
        memory::FUNCTIONS,
        stream::FUNCTIONS,
        module::FUNCTIONS,
        error::FUNCTIONS,
    ];
    let mut functions = tables.into_iter().flatten();
    functions
        .find(|f| f.name == name)
        .and_then(|f| NonNull::new(f.address.cast_mut()))
}

/// An entry of the table.
struct Entry {
    name: &'static str,
    address: *const c_void,
}

// SAFETY: the pointers are to functions.
unsafe impl Sync for Entry {}

/// A table of functions by their names.
macro_rules! table {
    ($($name:ident),* $(,)?) => {
        pub(super) static FUNCTIONS: &[super::Entry] = &[
            $(super::Entry {
                name: stringify!($name),
                address: $name as *const std::ffi::c_void,
            }),*
        ];
    };
}
use table;
