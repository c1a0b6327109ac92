//! Batches of column-major matrices, as vendors' libraries take them.

use array_api_spec::{
    BinaryOp, DType, Error, Layout, Op, Program, Result, Strided, UnaryOp,
    backend::ElementwiseBackend, shape::size,
};

use super::{Gpu, memory::Memory, runtime::Runtime, vendor::Matrix};

/// A batch of column-major matrices, in memory of its own.
pub(super) struct Columns<R: Runtime> {
    pub(super) memory: Memory<R>,
    pub(super) dtype: DType,
    /// The batch axes, then rows and columns.
    pub(super) shape: Vec<usize>,
}

impl<R: Runtime> Columns<R> {
    pub(super) fn matrix(&self, number: usize) -> Result<Matrix<'_, R::Buffer>> {
        let (rows, columns) = ends(&self.shape);
        let buffer = self.memory.buffer();
        Ok(Matrix {
            buffer: buffer.ok_or_else(|| Error::value("matrix", "has no elements"))?,
            dtype: self.dtype,
            offset: number * rows * columns,
            rows,
            columns,
        })
    }

    /// The batch as an array.
    pub(super) fn view(&self) -> Strided<Memory<R>> {
        let mut by_columns = self.shape.clone();
        let last = by_columns.len() - 1;
        by_columns.swap(last, last - 1);
        Strided {
            storage: self.memory.clone(),
            layout: transposed(&Layout::contiguous(&by_columns)),
            dtype: self.dtype,
        }
    }

    /// All its elements, in any order.
    pub(super) fn elements(&self) -> Strided<Memory<R>> {
        let n = size(&self.shape);
        Strided::contiguous(self.memory.clone(), &[n], self.dtype)
    }
}

impl<R: Runtime> Gpu<R> {
    /// Memory for a batch of matrices of another shape.
    pub(super) fn room(
        &self,
        x: &Strided<Memory<R>>,
        matrix: [usize; 2],
        dtype: DType,
    ) -> Result<Columns<R>> {
        let stack = &x.shape()[..x.layout.ndim() - 2];
        let shape = [stack, &matrix].concat();
        Ok(Columns {
            memory: self.allocate(size(&shape), dtype)?,
            dtype,
            shape,
        })
    }

    /// A column-major copy, which may be written.
    pub(super) fn columns(&self, x: &Strided<Memory<R>>) -> Result<Columns<R>> {
        let by_columns = x.with_layout(transposed(&x.layout));
        let mut memory = self.evaluate(&Program::input(by_columns))?;
        if !memory.may_be_written() {
            memory = self.duplicate(&memory, x.layout.size() * x.dtype.size())?;
        }
        Ok(Columns {
            memory,
            dtype: x.dtype,
            shape: x.shape().to_vec(),
        })
    }

    /// [`columns`](Self::columns) with a real diagonal. (Libraries differ in whether they read the imaginary part of a
    /// Hermitian matrix's diagonal.)
    pub(super) fn hermitian_columns(&self, x: &Strided<Memory<R>>) -> Result<Columns<R>> {
        if !x.dtype.is_complex() {
            return self.columns(x);
        }
        let mut program = Program::input(x.with_layout(transposed(&x.layout)));
        let real = program.push(Op::Unary(UnaryOp::Real, 0), x.dtype.real());
        let real = program.push(Op::Cast(real), x.dtype);
        let is_diagonal = self.compare_indices(&mut program, BinaryOp::Equal);
        program.push(Op::Select(is_diagonal, real, 0), x.dtype);
        Ok(Columns {
            memory: self.evaluate(&program)?,
            dtype: x.dtype,
            shape: x.shape().to_vec(),
        })
    }

    /// Adds a step that compares the row index with the column index.
    pub(super) fn compare_indices(&self, program: &mut Program<Memory<R>>, op: BinaryOp) -> usize {
        let (dtype, column) = (self.index_dtype(), program.shape.len() - 1);
        let row = program.push(Op::Index(column - 1), dtype);
        let column = program.push(Op::Index(column), dtype);
        program.push(Op::Binary(op, row, column), DType::Bool)
    }
}

/// Rows and columns of the matrices in a batch.
pub(super) fn ends(shape: &[usize]) -> (usize, usize) {
    (shape[shape.len() - 2], shape[shape.len() - 1])
}

/// The transposes of a batch of matrices, as a view.
pub(super) fn transposed(layout: &Layout) -> Layout {
    let mut axes: Vec<usize> = (0..layout.ndim()).collect();
    let last = axes.len() - 1;
    axes.swap(last, last - 1);
    layout.permute(&axes)
}
