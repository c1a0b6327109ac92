//! NVRTC, NVIDIA's run-time compiler. A machine may lack it. It needs neither a GPU nor a driver.

use std::{
    ffi::{CString, c_char, c_int, c_void},
    fmt,
    path::{Path, PathBuf},
};

use libloading::Library;

use super::dynamic::{Wanted, functions};

const NVRTC: Wanted = Wanted {
    name: "NVRTC",
    variable: "NVRTC",
    wheel: "cuda_nvrtc",
    prefixes: ["libnvrtc.so", "nvrtc64_"],
    names: if cfg!(windows) {
        &[
            "nvrtc64_130_0.dll",
            "nvrtc64_120_0.dll",
            "nvrtc64_112_0.dll",
        ]
    } else {
        &[
            "libnvrtc.so.13",
            "libnvrtc.so.12",
            "libnvrtc.so.11.2",
            "libnvrtc.so",
        ]
    },
};

/// The kind of code that is compiled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Machine code for one generation of GPUs, such as 90 for `sm_90`.
    Machine(u32),
    /// PTX for every GPU from Volta (`sm_70`) on and every driver from CUDA 10.1 on.
    Portable,
}

/// NVRTC, version 11.2 to 13.
///
/// ```
/// use array_api_cuda::{Nvrtc, Target};
///
/// let Some(nvrtc) = Nvrtc::find() else {
///     return; // `pip install nvidia-cuda-nvrtc-cu12` brings it.
/// };
/// let source = "extern \"C\" __global__ void twice(float* x) { x[threadIdx.x] *= 2; }";
/// let ptx = nvrtc.compile(source, Target::Portable).expect("compiles");
/// assert!(String::from_utf8_lossy(&ptx).contains(".entry twice("));
/// ```
pub struct Nvrtc {
    functions: Functions,
    version: (c_int, c_int),
    /// The generations of GPUs that it compiles for, oldest first.
    generations: Vec<u32>,
    path: PathBuf,
    /// Keeps the functions loaded.
    _library: Library,
}

type Program = *mut c_void;
type Strings = *const *const c_char;

functions! {
    version: "nvrtcVersion" = fn(*mut c_int, *mut c_int);
    count_generations: "nvrtcGetNumSupportedArchs" = fn(*mut c_int);
    generations: "nvrtcGetSupportedArchs" = fn(*mut c_int);
    create: "nvrtcCreateProgram" = fn(*mut Program, *const c_char, *const c_char, c_int, Strings, Strings);
    compile: "nvrtcCompileProgram" = fn(Program, c_int, Strings);
    destroy: "nvrtcDestroyProgram" = fn(*mut Program);
    log_size: "nvrtcGetProgramLogSize" = fn(Program, *mut usize);
    log: "nvrtcGetProgramLog" = fn(Program, *mut c_char);
    ptx_size: "nvrtcGetPTXSize" = fn(Program, *mut usize);
    ptx: "nvrtcGetPTX" = fn(Program, *mut c_char);
    cubin_size: "nvrtcGetCUBINSize" = fn(Program, *mut usize);
    cubin: "nvrtcGetCUBIN" = fn(Program, *mut c_char);
}

/// Destroys the program at the end of its scope.
struct Scope<'a>(&'a Functions, Program);

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        // SAFETY: the program was created and is not used afterwards.
        unsafe { (self.0.destroy)(&raw mut self.1) };
    }
}

type Getter<T> = unsafe extern "C" fn(Program, *mut T) -> c_int;

impl Scope<'_> {
    /// One output of the program: its log, PTX or machine code, without the NUL at the end of a text.
    fn output(&self, size: Getter<usize>, get: Getter<c_char>) -> Vec<u8> {
        let mut bytes = 0;
        // SAFETY: the program is alive, and the buffer has the size that the library asks for.
        unsafe {
            if size(self.1, &raw mut bytes) != 0 {
                return Vec::new();
            }
            let mut out = vec![0_u8; bytes];
            if get(self.1, out.as_mut_ptr().cast()) != 0 {
                return Vec::new();
            }
            out
        }
    }

    fn text(&self, size: Getter<usize>, get: Getter<c_char>) -> String {
        let text = self.output(size, get);
        String::from_utf8_lossy(&text)
            .trim_end_matches('\0')
            .to_owned()
    }
}

impl Nvrtc {
    /// Looks for the library, in this order: at the path in the variable `NVRTC`; in the toolkit at `CUDA_PATH` or
    /// `CUDA_HOME`; in PyPI's wheel `nvidia-cuda-nvrtc` in `VIRTUAL_ENV`, `CONDA_PREFIX` and the usual folders; and
    /// where the system's loader looks.
    #[must_use]
    pub fn find() -> Option<Self> {
        NVRTC.find(Self::open).ok()
    }

    /// Loads the library from a file.
    ///
    /// # Errors
    /// The system's message, if the file is no such library.
    pub fn open(path: &Path) -> Result<Self, String> {
        // SAFETY: NVIDIA's library does nothing when it is loaded.
        let library = unsafe { Library::new(path) }.map_err(|e| e.to_string())?;
        let functions = Functions::load(&library).map_err(|e| e.to_string())?;
        let (mut major, mut minor, mut count) = (0, 0, 0);
        // SAFETY: the pointers are those of living variables; the list has room for as many numbers as the library has.
        let generations = unsafe {
            (functions.version)(&raw mut major, &raw mut minor);
            (functions.count_generations)(&raw mut count);
            let mut generations = vec![0; count.max(0) as usize];
            (functions.generations)(generations.as_mut_ptr());
            generations
        };
        let mut generations: Vec<u32> = generations.into_iter().map(|g| g.unsigned_abs()).collect();
        generations.sort_unstable();
        if generations.is_empty() {
            return Err("it compiles for no GPU".into());
        }
        Ok(Self {
            functions,
            version: (major, minor),
            generations,
            path: path.to_owned(),
            _library: library,
        })
    }

    /// Version, such as (12, 9).
    #[must_use]
    pub const fn version(&self) -> (i32, i32) {
        self.version
    }

    /// Whether it compiles to machine code for a generation, such as 90 for `sm_90`.
    #[must_use]
    pub fn knows(&self, generation: u32) -> bool {
        self.generations.contains(&generation)
    }

    /// Compiles CUDA C++ without headers: to PTX (text) or to machine code (an ELF file).
    ///
    /// No multiplication is fused with an addition (`--fmad=false`). The standard requires each to round by itself, and
    /// so results are the same as on other backends.
    ///
    /// # Errors
    /// The compiler's log.
    pub fn compile(&self, source: &str, target: Target) -> Result<Vec<u8>, String> {
        let source = CString::new(source).map_err(|e| e.to_string())?;
        let architecture = match target {
            Target::Machine(generation) => format!("--gpu-architecture=sm_{generation}"),
            Target::Portable => {
                let oldest = self.generations.iter().find(|&&g| g >= 70);
                format!("--gpu-architecture=compute_{}", oldest.unwrap_or(&70))
            }
        };
        let options = [architecture.as_str(), "--fmad=false", "--std=c++17"]
            .map(|option| CString::new(option).map_err(|e| e.to_string()));
        let options: Vec<CString> = options.into_iter().collect::<Result<_, _>>()?;
        let options: Vec<*const c_char> = options.iter().map(|o| o.as_ptr()).collect();
        let mut program: Program = std::ptr::null_mut();
        // SAFETY: all strings outlive the calls, and no headers are named.
        let status = unsafe {
            let none = std::ptr::null();
            let name = c"kernel.cu".as_ptr();
            (self.functions.create)(&raw mut program, source.as_ptr(), name, 0, none, none)
        };
        if status != 0 {
            return Err(format!("nvrtcCreateProgram failed with status {status}"));
        }
        let scope = Scope(&self.functions, program);
        // SAFETY: the program is alive and the options outlive the call.
        let status =
            unsafe { (self.functions.compile)(program, options.len() as c_int, options.as_ptr()) };
        if status != 0 {
            let log = scope.text(self.functions.log_size, self.functions.log);
            return Err(format!("NVRTC failed with status {status}: {log}"));
        }
        let code = match target {
            Target::Machine(_) => scope.output(self.functions.cubin_size, self.functions.cubin),
            Target::Portable => {
                let ptx = scope.text(self.functions.ptx_size, self.functions.ptx);
                lower_version(&ptx).into_bytes()
            }
        };
        if code.is_empty() {
            return Err("NVRTC compiled, but yielded nothing".into());
        }
        Ok(code)
    }
}

impl fmt::Debug for Nvrtc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version;
        write!(f, "NVRTC {major}.{minor} ({})", self.path.display())
    }
}

/// The same PTX with version 6.4 in its header. A driver refuses PTX of a newer version than its own, whatever the text
/// contains. 6.4 has all instructions that the kernels use; the tests check this by `ptxas`.
fn lower_version(ptx: &str) -> String {
    ptx.lines()
        .map(|line| {
            if line.starts_with(".version ") {
                ".version 6.4\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect()
}
