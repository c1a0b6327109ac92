//! What a vendor's own libraries may do for a runtime: products and factorisations, on matrices stored by columns.
//!
//! A runtime that has such libraries says so by [`Runtime::vendor`](super::runtime::Runtime::vendor). They are an offer: whatever one
//! declines, or does badly, is done as on every other runtime.

use array_api_spec::{DType, Result};

pub use super::gemm::{Gemm, GemmOperand};

/// A matrix in a buffer, by columns and without gaps.
#[derive(Debug)]
pub struct Matrix<'a, B> {
    /// The memory, which holds other matrices too.
    pub buffer: &'a B,
    /// The type of its elements.
    pub dtype: DType,
    /// Elements of that type before the first.
    pub offset: usize,
    /// Elements of a column.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

/// What became of a request to a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The work is done, or is under way in the order of the runtime's other work.
    Started,
    /// The library does not do this. The arguments may have any content now.
    Declined,
}

/// The libraries of a runtime's vendor.
///
/// Matrices are of real or complex floating-point dtypes and have elements. `info` is one `int32` for every factorisation: the library writes 0
/// there if it succeeded, else a number of its own choice.
pub trait Vendor {
    /// The runtime's memory.
    type Buffer;

    /// Writes a stack of products to `out`, from its start and without gaps.
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

    /// Replaces the lower triangle of `x` by L of `x = L Lᴴ`. What is above it is neither read nor given a meaning.
    ///
    /// # Errors
    /// A driver's failure.
    fn cholesky(
        &self,
        x: &Matrix<'_, Self::Buffer>,
        info: &Matrix<'_, Self::Buffer>,
    ) -> Result<Attempt>;

    /// Replaces `b` by X of `a X = b`, and `a` by anything.
    ///
    /// # Errors
    /// A driver's failure.
    fn solve(
        &self,
        a: &Matrix<'_, Self::Buffer>,
        b: &Matrix<'_, Self::Buffer>,
        info: &Matrix<'_, Self::Buffer>,
    ) -> Result<Attempt>;

    /// Writes the ascending eigenvalues of a Hermitian `x`, of which the lower triangle is read, and replaces `x` by its eigenvectors, in columns.
    ///
    /// # Errors
    /// A driver's failure.
    fn eigh(
        &self,
        x: &Matrix<'_, Self::Buffer>,
        values: &Matrix<'_, Self::Buffer>,
        info: &Matrix<'_, Self::Buffer>,
    ) -> Result<Attempt>;

    /// Writes U `(m, k)` or `(m, m)`, the descending singular values `(n)` and Vᴴ `(n, n)` of `x (m, n)` with `m ≥ n`, and replaces `x` by anything.
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
