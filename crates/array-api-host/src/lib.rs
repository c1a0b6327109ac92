//! Factorisations, Fourier transforms and statistics in host memory, for backends of the array API standard.
//!
//! A backend whose device cannot factorise a matrix brings it here. A stack of matrices is a slice of its storage and a
//! [`Layout`](array_api_spec::Layout); what comes back is in row-major order.
//!
//! ```
//! use array_api_spec::Layout;
//!
//! let x = [4.0, 2.0, 2.0, 5.0];
//! let l = array_api_host::linalg::cholesky(&x, &Layout::contiguous(&[2, 2]))?;
//! assert_eq!(l, [2.0, 0.0, 1.0, 2.0]);
//! # Ok::<(), array_api_spec::Error>(())
//! ```

pub mod fft;
pub mod linalg;
pub mod moments;
pub mod nearest;
pub mod process;
pub mod threads;
