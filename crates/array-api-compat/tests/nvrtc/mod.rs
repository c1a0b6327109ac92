//! NVIDIA's run-time compiler, when the machine has it. It needs neither a GPU nor a driver.
//!
//! `pip install nvidia-cuda-nvrtc-cu12==12.9.86` into the Python on the path, or into a virtual environment at
//! `target/nvrtc`, is enough; the variable `NVRTC` may name the library's file instead.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;

use libloading::Library;

/// The compiler.
pub(crate) struct Nvrtc(Library);

type Program = *mut c_void;

impl Nvrtc {
    /// Finds and loads the library.
    pub(crate) fn find() -> Option<Self> {
        let path = candidates().into_iter().find(|p| p.is_file())?;
        // SAFETY: NVIDIA's library runs no code of consequence when it is loaded.
        let library =
            unsafe { Library::new(&path) }.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Some(Self(library))
    }

    /// Compiles CUDA C++ to PTX as the CUDA runtime does; an error is the compiler's log.
    pub(crate) fn ptx(&self, source: &str) -> Result<String, String> {
        let source = CString::new(source).expect("no NUL in a source");
        let options = [
            c"--gpu-architecture=compute_75",
            c"--fmad=false",
            c"--std=c++17",
        ];
        let options = options.map(CStr::as_ptr);
        let mut program: Program = std::ptr::null_mut();
        // SAFETY: the signatures are those of nvrtc.h; all pointers live through the calls; the program is used between its creation and
        // its destruction only; each buffer has the size that the library asked for.
        unsafe {
            let create: Create = *self.0.get(b"nvrtcCreateProgram\0").expect("nvrtc.h");
            let compile: Compile = *self.0.get(b"nvrtcCompileProgram\0").expect("nvrtc.h");
            let destroy: Destroy = *self.0.get(b"nvrtcDestroyProgram\0").expect("nvrtc.h");
            let none = std::ptr::null();
            let status = create(
                &raw mut program,
                source.as_ptr(),
                c"kernel.cu".as_ptr(),
                0,
                none,
                none,
            );
            assert_eq!(status, 0, "nvrtcCreateProgram");
            let status = compile(program, options.len() as c_int, options.as_ptr());
            let text = if status == 0 {
                Ok(self.text(program, "nvrtcGetPTXSize\0", "nvrtcGetPTX\0"))
            } else {
                Err(self.text(program, "nvrtcGetProgramLogSize\0", "nvrtcGetProgramLog\0"))
            };
            destroy(&raw mut program);
            text
        }
    }

    /// # Safety
    /// `program` is one that was compiled.
    unsafe fn text(&self, program: Program, size: &str, get: &str) -> String {
        // SAFETY: the signatures are those of nvrtc.h, the buffer has the size that the library asks for.
        unsafe {
            let size: Size = *self.0.get(size.as_bytes()).expect("nvrtc.h");
            let get: Get = *self.0.get(get.as_bytes()).expect("nvrtc.h");
            let mut bytes = 0;
            assert_eq!(size(program, &raw mut bytes), 0);
            let mut text = vec![0_u8; bytes];
            assert_eq!(get(program, text.as_mut_ptr().cast()), 0);
            CStr::from_bytes_until_nul(&text)
                .expect("NUL at the end")
                .to_string_lossy()
                .into_owned()
        }
    }
}

type Strings = *const *const c_char;
type Create = unsafe extern "C" fn(
    *mut Program,
    *const c_char,
    *const c_char,
    c_int,
    Strings,
    Strings,
) -> c_int;
type Compile = unsafe extern "C" fn(Program, c_int, Strings) -> c_int;
type Destroy = unsafe extern "C" fn(*mut Program) -> c_int;
type Size = unsafe extern "C" fn(Program, *mut usize) -> c_int;
type Get = unsafe extern "C" fn(Program, *mut c_char) -> c_int;

fn candidates() -> Vec<PathBuf> {
    if let Some(path) = std::env::var_os("NVRTC") {
        return vec![path.into()];
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/nvrtc");
    let mut packages: Vec<PathBuf> = children(&target.join("lib"))
        .map(|p| p.join("site-packages"))
        .collect();
    let script =
        "import site; print('\\n'.join(site.getsitepackages() + [site.getusersitepackages()]))";
    if let Ok(output) = Command::new("python3").args(["-c", script]).output() {
        packages.extend(
            String::from_utf8_lossy(&output.stdout)
                .lines()
                .map(PathBuf::from),
        );
    }
    let wheels = packages
        .iter()
        .flat_map(|p| [p.join("nvidia/cuda_nvrtc/lib"), p.join("nvidia/cu13/lib")]);
    let toolkits = ["/usr/local/cuda/lib64", "/opt/cuda/lib64"].map(PathBuf::from);
    let folders: Vec<PathBuf> = wheels.chain(toolkits).collect();
    folders
        .iter()
        .flat_map(|f| children(f))
        .filter(|p| {
            let name = p.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libnvrtc.so")
        })
        .collect()
}

fn children(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
}
