//! A gate on what becomes of the CUDA kernels: NVIDIA's assembler turns every kernel of the fixed set, and a sample of fused ones, into
//! machine code for each generation of GPUs, without a GPU, and tells what each needs.
//!
//! No kernel may spill registers to memory, but for those that [`SPILLS`] lists. Elementwise kernels may use 64 registers, so that a multiprocessor is filled with
//! threads; others 128. `cargo xtask cuda-kernels` writes the table in `docs/cuda-kernels.md`, and this test compares it.

mod compiler;
mod nvrtc;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use array_api_cuda::{Target, library};
use array_api_gpu::{Gpu, runtime::Language};
use array_api_spec::DType;
use compiler::{Compiler, array, fused};
use rayon::prelude::*;

/// The generations of GPUs, as far as the assembler knows them: Volta, Ampere, Hopper and both Blackwells.
const GENERATIONS: [u32; 5] = [70, 80, 90, 100, 120];
/// Shared memory that every GPU has for a block.
const SHARED_BYTES: u32 = 48 << 10;
/// Kernels that some generations keep a few values of in memory, with the most bytes that they store and load there. Other
/// ways to write them moved these bytes to other dtypes or generations.
const SPILLS: [(&str, u32); 2] = [("svd_update", 24), ("update", 16)];
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cuda-kernels.md");

/// What one kernel needs on one generation.
#[derive(Clone, Copy, Debug, Default)]
struct Needs {
    registers: u32,
    spilled_bytes: u32,
    shared_bytes: u32,
}

/// `ptxas`, from the variable `PTXAS`, from PyPI's wheel beside that of NVRTC, or from the path.
fn assembler() -> Option<PathBuf> {
    let nvrtc = std::env::var_os("NVRTC").map(PathBuf::from);
    let beside = nvrtc
        .as_deref()
        .and_then(|path| path.ancestors().nth(3))
        .map(|nvidia| nvidia.join("cuda_nvcc/bin/ptxas"));
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/nvrtc/lib");
    let wheels = std::fs::read_dir(lib)
        .into_iter()
        .flatten()
        .flatten()
        .map(|python| {
            python
                .path()
                .join("site-packages/nvidia/cuda_nvcc/bin/ptxas")
        });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path)
        .map(|p| p.join("ptxas"))
        .collect();
    let named = std::env::var_os("PTXAS").map(PathBuf::from);
    named
        .into_iter()
        .chain(beside)
        .chain(wheels)
        .chain(on_path)
        .find(|path| path.is_file())
}

/// The PTX of all kernels by a name of their own, such as `matmul_0123456789abcdef`.
fn kernels() -> BTreeMap<String, String> {
    let mut kernels = BTreeMap::new();
    let mut add = |key: u64, ptx: &str, kind: &str| {
        let Some((before, rest)) = ptx.split_once(".entry ") else {
            panic!("{key:016x} has no entry");
        };
        let (name, rest) = rest.split_once('(').expect("parameters");
        let name = format!("{name}{kind}_{key:016x}");
        kernels.insert(name.clone(), format!("{before}.entry {name}({rest}"));
    };
    for (key, ptx) in library::kernels() {
        add(*key, ptx, "");
    }
    if let Some(nvrtc) = nvrtc::find() {
        let compiler = Compiler::new(Language::Cuda, true, None);
        let seen = std::sync::Arc::clone(&compiler.seen);
        let gpu = Gpu::new(compiler);
        for dtype in DType::ALL {
            fused(&gpu, &array(&gpu, dtype, &[6, 5]), dtype);
        }
        for source in seen.lock().expect("no panic before").iter() {
            let ptx = nvrtc
                .compile(&source.text, Target::Portable)
                .expect("compiles");
            add(
                library::key(&source.text),
                &String::from_utf8_lossy(&ptx),
                "_fused",
            );
        }
    }
    kernels
}

/// Assembles all kernels for a generation; `None` if the assembler does not know it.
fn assemble(assembler: &Path, folder: &Path, generation: u32) -> Option<BTreeMap<String, Needs>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of the kernels")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let output = Command::new(assembler)
        .args(["-v", &format!("-arch=sm_{generation}"), "-o", "/dev/null"])
        .args(&files)
        .output()
        .expect("the assembler starts");
    let log = String::from_utf8_lossy(&output.stderr);
    if log.contains("is not defined for option 'gpu-name'") {
        return None;
    }
    assert!(output.status.success(), "sm_{generation}: {log}");
    let mut all = BTreeMap::new();
    let mut name = String::new();
    let mut needs = Needs::default();
    for line in log.lines() {
        let number = |unit: &str| {
            let before = line.split(unit).next().filter(|b| b.len() < line.len())?;
            before
                .split_whitespace()
                .last()?
                .trim_start_matches(',')
                .parse()
                .ok()
        };
        if let Some((_, rest)) = line.split_once("Compiling entry function '") {
            name = rest.split('\'').next().unwrap_or_default().to_owned();
            needs = Needs::default();
        } else if line.contains("bytes stack frame") {
            needs.spilled_bytes = number(" bytes spill stores").unwrap_or(0)
                + number(" bytes spill loads").unwrap_or(0);
        } else if line.contains("Used ") {
            needs.registers = number(" registers").unwrap_or(0);
            needs.shared_bytes = number(" bytes smem").unwrap_or(0);
            all.insert(std::mem::take(&mut name), needs);
        }
    }
    Some(all)
}

#[test]
fn no_kernel_spills_and_all_leave_room_for_threads() {
    let remake = std::env::var_os("REMAKE_CUDA_KERNELS").is_some();
    let Some(assembler) = assembler() else {
        assert!(!remake, "there is no ptxas to judge the kernels with");
        array_api_conformance::skip(
            "ptxas",
            "`pip install nvidia-cuda-nvcc-cu12==12.9.86` brings it, no GPU needed",
        );
        return;
    };
    let kernels = kernels();
    let folder = tempfile::tempdir().expect("room");
    for (name, ptx) in &kernels {
        std::fs::write(folder.path().join(format!("{name}.ptx")), ptx).expect("room");
    }
    let results: Vec<(u32, BTreeMap<String, Needs>)> = GENERATIONS
        .into_par_iter()
        .filter_map(|g| Some((g, assemble(&assembler, folder.path(), g)?)))
        .collect();
    assert!(
        !results.is_empty(),
        "{} knows none of {GENERATIONS:?}",
        assembler.display()
    );
    let mut greedy = Vec::new();
    for (generation, needs) in &results {
        assert_eq!(needs.len(), kernels.len(), "sm_{generation}");
        for (name, needs) in needs {
            let most = if name.starts_with("evaluate") {
                64
            } else {
                128
            };
            let fits = needs.spilled_bytes <= spills(name)
                && needs.registers <= most
                && needs.shared_bytes <= SHARED_BYTES;
            if !fits {
                greedy.push(format!("sm_{generation} {name}: {needs:?}"));
            }
        }
    }
    assert!(greedy.is_empty(), "{}", greedy.join("\n"));
    let most = |kernel| {
        let needs = results.iter().flat_map(|(_, needs)| needs);
        let spilled = needs.filter(|(name, _)| is(name, kernel));
        spilled.map(|(_, needs)| needs.spilled_bytes).max()
    };
    let found = SPILLS.map(|(kernel, _)| (kernel, most(kernel).unwrap_or(0)));
    assert_eq!(found, SPILLS, "the list of what is spilled is out of date");
    let version = version(&assembler);
    let table = table(&results, &version);
    if remake {
        std::fs::write(TABLE, table).expect("writes");
        return;
    }
    let stored = std::fs::read_to_string(TABLE).expect("docs/cuda-kernels.md");
    if stored.contains(&version) && results.len() == GENERATIONS.len() && nvrtc::find().is_some() {
        assert!(
            stored == table,
            "docs/cuda-kernels.md is of other kernels; `cargo xtask cuda-kernels` writes it anew"
        );
    }
}

/// Whether this is the name of an entry of the kernel, which ends with the key of its text.
fn is(name: &str, kernel: &str) -> bool {
    name.rsplit_once('_')
        .is_some_and(|(before, _)| before == kernel)
}

/// The bytes that a kernel may spill.
fn spills(name: &str) -> u32 {
    let listed = SPILLS.iter().find(|(kernel, _)| is(name, kernel));
    listed.map_or(0, |(_, bytes)| *bytes)
}

/// The assembler's release, such as `V12.9.86`.
fn version(assembler: &Path) -> String {
    let output = Command::new(assembler)
        .arg("--version")
        .output()
        .expect("the assembler starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().find(|word| word.starts_with('V'));
    version.unwrap_or("V?").to_owned()
}

/// A row for each kind of kernel: how many there are and the most that one of them needs.
fn table(results: &[(u32, BTreeMap<String, Needs>)], version: &str) -> String {
    let spilling = SPILLS.map(|(kernel, bytes)| format!("`{kernel}` ({bytes} bytes at most)"));
    let mut out = format!(
        "# The CUDA kernels as machine code\n\n\
         Made by `cargo xtask cuda-kernels` with `ptxas` {version} and compared by `cargo xtask test`. No GPU was used: the assembler tells \
         what code needs, not how fast it runs.\n\n\
         For each kind of kernel: how many there are (one for each dtype and function), and the most registers that a thread of any of \
         them uses on each generation. Values are spilled to memory by {spilling} alone. A work-group shares 48 KiB of memory at most. The gate allows \
         64 registers for elementwise kernels (`evaluate`) and 128 for others; `_fused` marks a sample of the kernels that NVRTC makes \
         at run time.\n\n\
         | kernel | kernels |",
        spilling = spilling.join(", ")
    );
    for (generation, _) in results {
        let _ = write!(out, " sm_{generation} |");
    }
    out += "\n|---|---:|";
    out += &"---:|".repeat(results.len());
    out.push('\n');
    let kind = |name: &str| {
        name.rsplit_once('_')
            .map_or_else(String::new, |(kind, _)| kind.to_owned())
    };
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for name in results.iter().take(1).flat_map(|(_, needs)| needs.keys()) {
        *kinds.entry(kind(name)).or_default() += 1;
    }
    for (name, count) in kinds {
        let _ = write!(out, "| `{name}` | {count} |");
        let of_kind = |needs: &BTreeMap<String, Needs>, what: fn(&Needs) -> u32| {
            let all = needs.iter().filter(|(n, _)| kind(n) == name);
            all.map(|(_, needs)| what(needs)).max().unwrap_or(0)
        };
        for (_, needs) in results {
            let _ = write!(out, " {} |", of_kind(needs, |n| n.registers));
        }
        out.push('\n');
    }
    out
}
