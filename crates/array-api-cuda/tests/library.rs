//! Every kernel behind the standard's functions is accepted by the compilers: the functions are called on runtimes that compile
//! what they are given and compute nothing. The results are judged elsewhere, on real devices.
//!
//! The kernels of a runtime without a compiler are a fixed set, found in the same way. They are part of the program as PTX:
//! `cargo xtask cuda-kernels` makes it anew.

mod compiler;
mod nvrtc;

use std::collections::BTreeSet;

use array_api_cuda::{Target, library};
use array_api_gpu::runtime::{KernelText, Language};
use compiler::{Compiler, call_everything, fixed_set};
use rayon::prelude::*;

#[test]
fn naga_accepts_every_library_kernel() {
    for wide in [true, false] {
        call_everything(Compiler::new(Language::Wgsl, wide, None));
    }
}

#[test]
fn nvrtc_compiles_every_library_kernel() {
    let Some(nvrtc) = nvrtc::find() else {
        return;
    };
    call_everything(Compiler::new(Language::Cuda, true, Some(nvrtc)));
}

const ARCHIVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/kernels.ptx.zst");
const REMAKE: &str =
    "the CUDA kernels have changed; `cargo xtask cuda-kernels` makes the archive anew";

#[test]
fn the_archive_is_what_nvrtc_makes_of_the_fixed_set() {
    let set = fixed_set();
    let remake = std::env::var_os("REMAKE_CUDA_KERNELS").is_some();
    if !remake {
        let stored: BTreeSet<u64> = library::kernels().keys().copied().collect();
        let wanted: BTreeSet<u64> = set.keys().copied().collect();
        let (more, fewer) = (stored.difference(&wanted), wanted.difference(&stored));
        assert!(
            stored == wanted,
            "{} kernels are too many, {} are missing: {REMAKE}",
            more.count(),
            fewer.count()
        );
    }
    let Some(nvrtc) = nvrtc::find() else {
        assert!(!remake, "there is no NVRTC to make the archive with");
        return;
    };
    if nvrtc.version() != (12, 9) {
        assert!(!remake, "the archive is made by NVRTC 12.9, not {nvrtc:?}");
        eprintln!("not compared: the archive is made by NVRTC 12.9, not {nvrtc:?}");
        return;
    }
    let compile = |source: &KernelText| {
        let ptx = nvrtc
            .compile(&source.text, Target::Portable)
            .expect("compiles");
        String::from_utf8(ptx).expect("text")
    };
    let made: Vec<(u64, String)> = set
        .par_iter()
        .map(|(key, source)| (*key, compile(source)))
        .collect();
    let text = library::archive(made.iter().map(|(key, ptx)| (*key, ptx.as_str())));
    if remake {
        let packed = zstd::encode_all(text.as_bytes(), 19).expect("compresses");
        std::fs::write(ARCHIVE, packed).expect("writes");
        return;
    }
    let stored = library::archive(
        library::kernels()
            .iter()
            .map(|(key, ptx)| (*key, ptx.as_str())),
    );
    assert!(text == stored, "{REMAKE}");
}
