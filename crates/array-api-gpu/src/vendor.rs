//! The interface to a vendor's own libraries: products and factorisations of column-major matrices.
//!
//! A runtime that has such libraries offers them by [`Runtime::vendor`](super::runtime::Runtime::vendor). What a
//! library declines or fails to compute is computed as on every other runtime.

use array_api_spec::{DType, Result};

pub use super::gemm::{Gemm, GemmOperand};

/// A contiguous column-major matrix in a buffer.
#[derive(Debug)]
pub struct Matrix<'a, B> {
    /// The memory, which may hold other matrices, too.
    pub buffer: &'a B,
    /// The type of its elements.
    pub dtype: DType,
    /// Elements of that type before the matrix's first one.
    pub offset: usize,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

/// A library's answer to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The work is done, or queued in order with the runtime's other work.
    Started,
    /// The library does not compute this. The arguments' content is undefined now.
    Declined,
}

/// The libraries of a runtime's vendor.
///
/// Matrices have real or complex floating-point dtypes and at least one element. Each factorisation writes its status
/// to `info`, one `int32`: 0 for success, any other number for a failure.
pub trait Vendor {
    /// The runtime's memory.
    type Buffer;

    /// Writes a batch of products to `out`, contiguous from its start.
    ///
    /// # Errors
    /// A driver's failure.
    fn matmul(
        &self,
        gemm: &Gemm,
        dtype: DType,
        left: &Self::Buffer,
        right: &Self::Buffer,
        out: &Self::Buffer,
    ) -> Result<Attempt>;

    /// Replaces the lower triangle of `x` by L of `x = L Lᴴ`. The upper triangle is not read; its content afterwards is
    /// undefined.
    ///
    /// # Errors
    /// A driver's failure.
    fn cholesky(
        &self,
        x: &Matrix<'_, Self::Buffer>,
        info: &Matrix<'_, Self::Buffer>,
    ) -> Result<Attempt>;

    /// Replaces `b` by X of `a X = b`. The content of `a` afterwards is undefined.
    ///
    /// # Errors
    /// A driver's failure.
    fn solve(
        &self,
        a: &Matrix<'_, Self::Buffer>,
        b: &Matrix<'_, Self::Buffer>,
        info: &Matrix<'_, Self::Buffer>,
    ) -> Result<Attempt>;

    /// Writes the ascending eigenvalues of a Hermitian `x`, whose lower triangle alone is read, and replaces `x` by its
    /// eigenvectors, as columns.
    ///
    /// # Errors
    /// A driver's failure.
    fn eigh(
        &self,
        x: &Matrix<'_, Self::Buffer>,
        values: &Matrix<'_, Self::Buffer>,
        info: &Matrix<'_, Self::Buffer>,
    ) -> Result<Attempt>;

    /// Writes U `(m, n)` or `(m, m)`, the descending singular values `(n,)` and Vᴴ `(n, n)` of `x (m, n)` with `m ≥ n`.
    /// The content of `x` afterwards is undefined.
    ///
    /// # Errors
    /// A driver's failure.
    fn svd(
        &self,
        x: &Matrix<'_, Self::Buffer>,
        parts: [&Matrix<'_, Self::Buffer>; 3],
        info: &Matrix<'_, Self::Buffer>,
    ) -> Result<Attempt>;
}
