//! NVIDIA's run-time compiler, when the machine has it.

use std::path::Path;

use array_api_cuda::Nvrtc;

/// The compiler of the machine, or of `target/nvrtc`, where `cargo xtask test` puts it.
pub(crate) fn find() -> Option<Nvrtc> {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/nvrtc/lib");
    let pythons = std::fs::read_dir(lib).into_iter().flatten().flatten();
    let wheel = "site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12";
    let found = Nvrtc::find().or_else(|| {
        pythons
            .map(|python| python.path().join(wheel))
            .find_map(|path| Nvrtc::open(&path).ok())
    });
    if found.is_none() {
        array_api_conformance::skip(
            "nvrtc",
            "`pip install nvidia-cuda-nvrtc-cu12==12.9.86` brings it, no GPU needed",
        );
    }
    found
}
