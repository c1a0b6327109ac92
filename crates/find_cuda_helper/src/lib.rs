//! The build helper of `cust` and `cust_raw`, without the search for a toolkit.
//!
//! The published crate panics on a machine without CUDA, and else tells the linker `-lcuda`, so that the program starts
//! only where a driver is installed. Neither is needed: `cust_raw` has its bindings in its source, and `cuda-shim`
//! defines the symbols. `[patch.crates-io]` in the workspace's manifest puts this crate in the published one's place.
//!
//! The published crate also finds the toolkit's, OptiX's and NVVM's folders; no build script here asks for them.

/// Called by the build scripts of `cust` and `cust_raw`; links nothing.
pub fn include_cuda() {
    // A build script that says nothing is run again after any change in its package.
    println!("cargo::rerun-if-changed=build.rs");
}
