//! A batch of matrix products as arguments of BLAS, whose matrices are column-major.

use array_api_spec::{Layout, shape::size};

/// A batch of column-major matrices on one side of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmOperand {
    /// Whether the product uses the transpose of the stored matrix.
    pub transposed: bool,
    /// The leading dimension: elements from one column to the next.
    pub leading: i32,
    /// Elements from one matrix of the batch to the next; 0 if one matrix is broadcast over the batch.
    pub stride: i64,
    /// Elements before the first.
    pub offset: usize,
}

/// `C = left · right` for every matrix of a batch. All are column-major, and C is contiguous.
///
/// A row-major matrix, read as column-major, is its own transpose. So the row-major product `A B` is the column-major
/// product `Bᵀ Aᵀ`: the left operand is B, the right one is A, and C has as many rows as B has columns.
///
/// ```
/// use array_api_gpu::vendor::Gemm;
/// use array_api_spec::Layout;
///
/// let gemm = Gemm::new(&Layout::contiguous(&[2, 3]), &Layout::contiguous(&[3, 4])).expect("no gaps");
/// assert_eq!((gemm.rows, gemm.inner, gemm.columns), (4, 3, 2));
/// assert_eq!((gemm.left.leading, gemm.right.leading), (4, 3));
/// assert!(!gemm.left.transposed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gemm {
    /// Rows of the left operand and of C, and C's leading dimension.
    pub rows: i32,
    /// Columns of the right operand and of C.
    pub columns: i32,
    /// Terms in each sum: columns of the left operand, rows of the right one.
    pub inner: i32,
    /// B of the row-major product.
    pub left: GemmOperand,
    /// A of the row-major product.
    pub right: GemmOperand,
    /// Matrices in the batch.
    pub batches: i32,
}

impl Gemm {
    /// The product of `a (…, m, k)` and `b (…, k, n)`, whose batch axes are the same. No length is 0.
    ///
    /// `None` if BLAS cannot express the strides: those of a matrix with gaps along both axes or with a negative
    /// stride, of a batch whose matrices are not equally spaced, or a length beyond 2³¹.
    #[must_use]
    pub fn new(a: &Layout, b: &Layout) -> Option<Self> {
        let ([m, inner], [_, n]) = (matrix(a.shape())?, matrix(b.shape())?);
        let stack = &a.shape()[..a.ndim() - 2];
        Some(Self {
            rows: n.try_into().ok()?,
            columns: m.try_into().ok()?,
            inner: inner.try_into().ok()?,
            left: GemmOperand::new(b)?,
            right: GemmOperand::new(a)?,
            batches: size(stack).try_into().ok()?,
        })
    }

    /// Elements from one C of the batch to the next.
    #[must_use]
    pub fn stride(&self) -> i64 {
        i64::from(self.rows) * i64::from(self.columns)
    }
}

impl GemmOperand {
    /// The operand whose column-major matrices are the transposes of `x`'s; `None` if BLAS cannot express it.
    fn new(x: &Layout) -> Option<Self> {
        let [rows, columns] = matrix(x.shape())?;
        let [row, column] = matrix(x.strides())?;
        // The stride of an axis of length 1 is never used, so it may have any value.
        let by_rows = (columns == 1 || column == 1) && (rows == 1 || row >= columns as isize);
        let by_columns = (rows == 1 || row == 1) && (columns == 1 || column >= rows as isize);
        let (transposed, leading) = match (by_rows, by_columns) {
            (true, _) if rows == 1 => (false, columns as isize),
            (true, _) => (false, row),
            (_, true) if columns == 1 => (true, rows as isize),
            (_, true) => (true, column),
            _ => return None,
        };
        Some(Self {
            transposed,
            leading: leading.try_into().ok()?,
            stride: stack_stride(x)?,
            offset: x.offset(),
        })
    }
}

fn matrix<T: Copy>(axes: &[T]) -> Option<[T; 2]> {
    axes.last_chunk().copied()
}

/// The distance from each matrix of the batch to the next, in row-major order, if it is always the same; 0 for a single
/// matrix.
fn stack_stride(x: &Layout) -> Option<i64> {
    let stack = x.ndim() - 2;
    let mut axes = x.shape()[..stack]
        .iter()
        .zip(&x.strides()[..stack])
        .rev()
        .filter(|&(&n, _)| n != 1);
    let Some((&length, &stride)) = axes.next() else {
        return Some(0);
    };
    let mut next = stride.checked_mul(length.try_into().ok()?)?;
    for (&length, &outer) in axes {
        if outer != next {
            return None;
        }
        next = next.checked_mul(length.try_into().ok()?)?;
    }
    (stride >= 0).then_some(stride as i64)
}

#[cfg(test)]
mod tests;
