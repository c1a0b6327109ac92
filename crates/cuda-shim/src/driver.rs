//! Which driver answers. Decided once, at the first call.

use crate::generated::{SYMBOLS, Symbol};
use cust_raw::CUresult;
use libloading::Library;
use std::{
    env,
    error::Error,
    ffi::{OsStr, OsString, c_int, c_void},
    fmt,
    ptr::NonNull,
    sync::OnceLock,
};

/// Names the driver's library in place of [`NAMES`].
const VARIABLE: &str = "CUDA_SHIM_DRIVER";

/// The driver brings the name with the version; the one without may be a toolkit's link to it.
const NAMES: &[&str] = if cfg!(windows) {
    &["nvcuda.dll"]
} else {
    &["libcuda.so.1", "libcuda.so"]
};

static TABLE: OnceLock<Table> = OnceLock::new();

/// Who answers the driver's functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driver {
    /// What [`install`] was given, under this name.
    Installed(&'static str),
    /// The library of this name or path.
    Library(String),
    /// Nobody: every function returns `CUDA_ERROR_NO_DEVICE`.
    Absent {
        /// The libraries that were tried.
        looked_for: Vec<String>,
        /// Why each of them could not be had.
        reason: String,
    },
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed(name) => write!(f, "CUDA driver {name:?}, installed by the program"),
            Self::Library(name) => write!(f, "CUDA driver {name}"),
            Self::Absent { reason, .. } => write!(f, "no CUDA driver: {reason}"),
        }
    }
}

/// [`install`] came too late: this driver answers already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse(pub Driver);

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the process has chosen its CUDA driver ({}); install one before the first CUDA call",
            self.0
        )
    }
}

impl Error for InUse {}

/// Who answers the driver's functions. Decides it, as a first call does, if nobody has.
pub fn driver() -> Driver {
    table().driver.clone()
}

/// Makes the functions that `lookup` finds the driver of this process.
///
/// `lookup` is called at once with each of [`SYMBOLS`]. A function that it does not find returns
/// `CUDA_ERROR_NOT_SUPPORTED`; `cuGetErrorName` and `cuGetErrorString` then have the shim's own texts.
///
/// # Errors
///
/// [`InUse`] if a function of the driver or [`driver`] was called before, or `install` itself.
///
/// # Safety
///
/// What `lookup` returns for a name is a function with the prototype that `cust_raw` 0.11.3 declares for it, except that it
/// may return any number as its code. It can be called from every thread, does what the driver's documentation promises,
/// and stays where it is until the process ends.
///
/// ```standalone_crate
/// use cust::{CudaFlags, device::Device, error::CudaError};
/// use std::{
///     ffi::{c_int, c_uint, c_void},
///     ptr::NonNull,
/// };
///
/// unsafe extern "C" fn init(_flags: c_uint) -> c_int {
///     0
/// }
///
/// fn lookup(symbol: &str) -> Option<NonNull<c_void>> {
///     match symbol {
///         "cuInit" => NonNull::new(init as *mut c_void),
///         _ => None,
///     }
/// }
///
/// // SAFETY: `init` has the prototype of `cuInit`, and there is nothing to initialise.
/// unsafe { cuda_shim::install("example", lookup) }?;
/// cust::init(CudaFlags::empty())?;
/// assert_eq!(Device::num_devices(), Err(CudaError::NotSupported));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub unsafe fn install(
    name: &'static str,
    lookup: fn(&str) -> Option<NonNull<c_void>>,
) -> Result<(), InUse> {
    let table = Table {
        driver: Driver::Installed(name),
        addresses: SYMBOLS
            .iter()
            .map(|symbol| lookup(symbol).map(Address))
            .collect(),
        _library: None,
    };
    TABLE.set(table).map_err(|_| InUse(driver()))
}

/// The address of a function, or the code to return in its place.
pub(crate) fn address(symbol: Symbol) -> Result<NonNull<c_void>, c_int> {
    let table = table();
    match &table.addresses[symbol as usize] {
        Some(Address(address)) => Ok(*address),
        None if table.absent() => Err(CUresult::CUDA_ERROR_NO_DEVICE as c_int),
        None => Err(CUresult::CUDA_ERROR_NOT_SUPPORTED as c_int),
    }
}

pub(crate) fn absent() -> bool {
    table().absent()
}

fn table() -> &'static Table {
    TABLE.get_or_init(Table::load)
}

struct Address(NonNull<c_void>);

// SAFETY: it is the address of a function that can be called from every thread.
unsafe impl Send for Address {}
// SAFETY: as above.
unsafe impl Sync for Address {}

struct Table {
    driver: Driver,
    /// One for each of [`SYMBOLS`].
    addresses: Vec<Option<Address>>,
    /// The addresses are good for as long as it is loaded. Being in a static, it is never unloaded.
    _library: Option<Library>,
}

impl Table {
    fn load() -> Self {
        let candidates: Vec<OsString> = match env::var_os(VARIABLE) {
            Some(path) if path.is_empty() => Vec::new(),
            Some(path) => vec![path],
            None => NAMES.iter().map(OsString::from).collect(),
        };
        let mut reasons = Vec::new();
        for name in &candidates {
            match Self::open(name) {
                Ok(table) => return table,
                Err(reason) => reasons.push(reason),
            }
        }
        if candidates.is_empty() {
            reasons.push(format!("{VARIABLE} is empty"));
        }
        Self {
            driver: Driver::Absent {
                looked_for: candidates.iter().map(|name| text(name)).collect(),
                reason: reasons.join("; "),
            },
            addresses: SYMBOLS.iter().map(|_| None).collect(),
            _library: None,
        }
    }

    fn open(name: &OsStr) -> Result<Self, String> {
        // SAFETY: the library is the machine's driver or one that its user named as such. Loading it runs its initialisers,
        // as linking it would have done.
        let library = unsafe { Library::new(name) }.map_err(|error| {
            let name = text(name);
            // libloading's own text is "dlopen failed"; the system's is the source, and glibc's names the library.
            match error.source().map(ToString::to_string) {
                Some(reason) if reason.contains(&name) => reason,
                Some(reason) => format!("{name}: {reason}"),
                None => format!("{name}: {error}"),
            }
        })?;
        let addresses: Vec<_> = SYMBOLS
            .iter()
            .map(|symbol| {
                // SAFETY: only the address is taken; `call!` gives it the prototype of the symbol.
                let function = unsafe { library.get::<unsafe extern "C" fn()>(*symbol) }.ok()?;
                NonNull::new(*function as *mut c_void).map(Address)
            })
            .collect();
        if addresses[Symbol::cuInit as usize].is_none() {
            return Err(format!("{} has no cuInit", text(name)));
        }
        Ok(Self {
            driver: Driver::Library(text(name)),
            addresses,
            _library: Some(library),
        })
    }

    fn absent(&self) -> bool {
        matches!(self.driver, Driver::Absent { .. })
    }
}

fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}
