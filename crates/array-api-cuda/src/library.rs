//! The fixed set of kernels, as PTX that is part of the program, so that a machine needs no more than NVIDIA's driver.
//!
//! `kernels.ptx.zst` is compressed text: for each kernel a line `//@` with the [`key`] of its CUDA C, then its PTX as
//! NVRTC 12.9 writes it. `cargo xtask cuda-kernels` writes it, and the tests compare it with NVRTC's output for today's
//! kernels.

use std::{collections::HashMap, sync::OnceLock};

/// Starts the line before a kernel.
const MARK: &str = "//@ ";

static ARCHIVE: &[u8] = include_bytes!("kernels.ptx.zst");

/// The key of a kernel: the FNV-1a hash of its CUDA C.
#[must_use]
pub fn key(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// All kernels by key.
pub fn kernels() -> &'static HashMap<u64, String> {
    static KERNELS: OnceLock<HashMap<u64, String>> = OnceLock::new();
    KERNELS.get_or_init(|| {
        let text = zstd::decode_all(ARCHIVE).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let kernel = |part: &str| {
            let (key, ptx) = part.split_once('\n')?;
            Some((u64::from_str_radix(key.trim(), 16).ok()?, ptx.to_owned()))
        };
        text.split(MARK).skip(1).filter_map(kernel).collect()
    })
}

/// The text of an archive with these kernels, each with its key.
pub fn archive<'a>(kernels: impl Iterator<Item = (u64, &'a str)>) -> String {
    let mut kernels: Vec<(u64, &str)> = kernels.collect();
    kernels.sort_unstable();
    kernels
        .iter()
        .map(|(key, ptx)| format!("{MARK}{key:016x}\n{}\n", ptx.trim_end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_of_the_archive_is_ptx_of_its_own() {
        assert!(kernels().len() > 500, "{}", kernels().len());
        for (key, ptx) in kernels() {
            assert_eq!(ptx.matches(".entry ").count(), 1, "{key:016x}");
            assert!(ptx.contains(".version 6.4\n.target sm_70\n"), "{key:016x}");
        }
    }
}
