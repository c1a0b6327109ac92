//! The kernel language: kernels are written once and printed as WGSL and as CUDA C.
