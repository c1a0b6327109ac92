//! Finds NVIDIA's libraries and loads them at run time. They are never linked, so a machine need not have them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Declares `Functions`, the table of a library's functions. All return a status; 0 means success.
macro_rules! functions {
    ($($field:ident: $symbol:literal = fn($($argument:ty),* $(,)?);)*) => {
        struct Functions { $($field: unsafe extern "C" fn($($argument),*) -> std::ffi::c_int,)* }

        impl Functions {
            fn load(library: &libloading::Library) -> Result<Self, libloading::Error> {
                // SAFETY: the signatures are those of the library's headers, the same in every version that is looked for.
                unsafe { Ok(Self { $($field: *library.get(concat!($symbol, "\0").as_bytes())?,)* }) }
            }
        }
    };
}
pub(super) use functions;

/// A library, and the names of its files.
pub(super) struct Wanted {
    /// The library's name in messages.
    pub(super) name: &'static str,
    /// The environment variable that may hold its path.
    pub(super) variable: &'static str,
    /// The folder of PyPI's wheel below `nvidia`; from CUDA 13 on all share one.
    pub(super) wheel: &'static str,
    /// The prefixes of its files' names, on Unix and on Windows.
    pub(super) prefixes: [&'static str; 2],
    /// Names for the system's loader, newest first.
    pub(super) names: &'static [&'static str],
}

impl Wanted {
    /// Opens the first candidate that can be opened. Candidates are, in this order: the file that the variable names;
    /// files in the toolkit at `CUDA_PATH` or `CUDA_HOME`; files in PyPI's wheels in `VIRTUAL_ENV`, `CONDA_PREFIX` and
    /// the usual folders; and names for the system's loader.
    ///
    /// # Errors
    /// The names that were looked for, and why the first candidate could not be opened.
    pub(super) fn find<T>(&self, open: impl Fn(&Path) -> Result<T, String>) -> Result<T, String> {
        if let Some(path) = env::var_os(self.variable).map(PathBuf::from) {
            return open(&path).map_err(|reason| {
                let (name, variable) = (self.name, self.variable);
                format!("{name} was not found at the path that the variable `{variable}` holds ({reason})")
            });
        }
        let mut first_reason = None;
        for path in self.candidates() {
            match open(&path) {
                Ok(library) => return Ok(library),
                // Files are tried before names, so this is the reason of a file, if there is one.
                Err(reason) => first_reason.get_or_insert(reason),
            };
        }
        Err(format!(
            "{} was not found, looked for as {} ({})",
            self.name,
            self.names.join(", "),
            first_reason.unwrap_or_default()
        ))
    }

    /// The candidates: files, then names for the system's loader.
    fn candidates(&self) -> Vec<PathBuf> {
        let set = |name: &str| env::var_os(name).map(PathBuf::from);
        let mut folders: Vec<PathBuf> = ["CUDA_PATH", "CUDA_HOME"]
            .iter()
            .filter_map(|name| set(name))
            .chain(["/usr/local/cuda", "/opt/cuda"].map(PathBuf::from))
            .flat_map(|toolkit| [toolkit.join("lib64"), toolkit.join("bin")])
            .collect();
        let prefixes = ["VIRTUAL_ENV", "CONDA_PREFIX"]
            .iter()
            .filter_map(|name| set(name))
            .chain(set("HOME").map(|home| home.join(".local")))
            .chain(["/usr/local", "/usr"].map(PathBuf::from));
        for prefix in prefixes {
            for python in children(&prefix.join("lib")) {
                for packages in ["site-packages", "dist-packages"] {
                    let nvidia = python.join(packages).join("nvidia");
                    folders
                        .extend([self.wheel, "cu13"].map(|wheel| nvidia.join(wheel).join("lib")));
                }
            }
        }
        let mut found: Vec<PathBuf> = folders
            .iter()
            .flat_map(|folder| children(folder))
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                // NVIDIA ships an alternative build of NVRTC beside it, which supports less.
                self.prefixes.iter().any(|prefix| name.starts_with(prefix)) && !name.contains("alt")
            })
            .collect();
        found.extend(self.names.iter().map(PathBuf::from));
        found
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|e| e.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Wanted = Wanted {
        name: "cuNothing",
        variable: "ARRAY_API_TEST_NO_SUCH_VARIABLE",
        wheel: "nothing",
        prefixes: ["libcunothing.so", "cunothing64_"],
        names: &["libcunothing.so.2", "libcunothing.so.1"],
    };

    #[test]
    fn what_is_missing_is_told_by_name_with_the_first_reason() {
        let error = NONE
            .find::<()>(|path| Err(format!("{} is no file", path.display())))
            .expect_err("there is none");
        assert_eq!(
            error,
            "cuNothing was not found, looked for as libcunothing.so.2, libcunothing.so.1 (libcunothing.so.2 is no file)"
        );
    }

    #[test]
    fn the_newest_that_opens_is_taken() {
        let open = |path: &Path| match path.to_str() {
            Some("libcunothing.so.1") => Ok(1),
            _ => Err("too new".to_owned()),
        };
        assert_eq!(NONE.find(open), Ok(1));
    }
}
