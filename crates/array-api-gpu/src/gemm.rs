//! A stack of matrix products in the terms of BLAS, whose matrices are stored by columns.

use array_api_spec::{Layout, shape::size};

/// A matrix of the product, stored by columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmOperand {
    /// Whether the product takes the transpose of what is stored.
    pub transposed: bool,
    /// Elements from one column to the next (the "leading dimension").
    pub leading: i32,
    /// Elements from one matrix of the stack to the next; 0 if there is one for all.
    pub stride: i64,
    /// Elements before the first.
    pub offset: usize,
}

/// `C = left · right` for every matrix of a stack, all stored by columns and C without gaps.
///
/// A row-major matrix, read by columns, is its own transpose. So the row-major product `A B` is the column-major `Bᵀ Aᵀ`: the left
/// operand is B, the right one A, and C has the rows of Bᵀ, which are the columns of B.
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
    /// Rows of the left operand and of C, by columns; C's leading dimension too.
    pub rows: i32,
    /// Columns of the right operand and of C.
    pub columns: i32,
    /// Products in each sum.
    pub inner: i32,
    /// B of the row-major product.
    pub left: GemmOperand,
    /// A of the row-major product.
    pub right: GemmOperand,
    /// Matrices in the stack.
    pub batches: i32,
}

impl Gemm {
    /// The product of `a (…, m, k)` and `b (…, k, n)`, stacks of one shape, none of whose lengths is 0.
    ///
    /// `None` if BLAS has no words for the layouts: a matrix with gaps along both axes or a negative stride, a stack whose matrices are not
    /// equally spaced, or a length beyond 2³¹.
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

    /// Elements from one C of the stack to the next.
    #[must_use]
    pub fn stride(&self) -> i64 {
        i64::from(self.rows) * i64::from(self.columns)
    }
}

impl GemmOperand {
    /// The transposes of a stack of matrices.
    fn new(x: &Layout) -> Option<Self> {
        let [rows, columns] = matrix(x.shape())?;
        let [row, column] = matrix(x.strides())?;
        // Along an axis of length 1 nothing is ever a stride away.
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

/// The one distance between neighbours of a stack, in row-major order; 0 for a single matrix.
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
