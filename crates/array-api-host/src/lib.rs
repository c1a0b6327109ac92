//! Factorisations, Fourier transforms and statistics in host memory, for backends of the array API standard.
//!
//! A backend whose device cannot factorise a matrix brings it to the host and calls this crate. The input is a batch of
//! matrices: a slice of storage and a [`Layout`](array_api_spec::Layout). Results are in row-major order.
//!
//! ```
//! use array_api_spec::Layout;
//!
//! let x = [4.0, 2.0, 2.0, 5.0];
//! let l = array_api_host::linalg::cholesky(&x, &Layout::contiguous(&[2, 2]))?;
//! assert_eq!(l, [2.0, 0.0, 1.0, 2.0]);
//! # Ok::<(), array_api_spec::Error>(())
//! ```

pub mod distances;
pub mod fft;
pub mod linalg;
pub mod moments;
pub mod nearest;
pub mod process;
pub mod thin;
pub mod threads;
pub mod vectors;
