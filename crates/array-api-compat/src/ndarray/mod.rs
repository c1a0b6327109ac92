//! The CPU backend: flat typed host buffers, computed by `ndarray`, `gemm`, `faer` and kernels of our own.
