//! Products of matrices.

use array_api_spec::{
    DType, Layout, Op, Program, Result, Scalar, Strided, backend::ElementwiseBackend, shape::size,
};

use super::matrix::stack;
use crate::{
    Gpu,
    kernel::{
        element::Value,
        ir::{Builder, Ty, Val, for_, if_, lit},
    },
    kernels::KernelBody,
    memory::Memory,
    packing::{Axes, Elements, Positions, wide},
    reduction::Slot,
    runtime::Runtime,
};

/// One thread computes `TILE × TILE` elements of the result.
const TILE: usize = 4;
/// A thread adds up blocks of this many products, then the sums of the blocks.
const BLOCK: u32 = 128;

impl<R: Runtime> Gpu<R> {
    /// The product of two batches of matrices.
    pub(super) fn matrix_product(
        &self,
        a: &Strided<Memory<R>>,
        b: &Strided<Memory<R>>,
    ) -> Result<Memory<R>> {
        let dtype = a.dtype;
        let wide = wide(dtype);
        let (batch, [m, inner]) = stack(&a.layout);
        let (_, [_, n]) = stack(&b.layout);
        let shape: Vec<usize> = batch.iter().copied().chain([m, n]).collect();
        let elements = size(&shape);
        self.check_size(elements)?;
        if elements == 0 || inner == 0 {
            let zero = Scalar::Int(0).to_dtype("matmul", dtype)?;
            return self.evaluate(&Program::scalar(&shape, zero, dtype));
        }
        if let Some(product) = self.assisted_matmul(a, b, elements)? {
            return Ok(product);
        }
        for x in [a, b] {
            self.check_reach(&x.layout, x.dtype.size())?;
        }
        if wide != dtype {
            // 8- and 16-bit integers share a word, so they are computed in 32 bits, which wrap to the same result.
            let [a, b] = [a, b].map(|x| {
                let mut program = Program::input(x.clone());
                program.push(Op::Cast(0), wide);
                self.evaluate(&program)
                    .map(|values| Strided::contiguous(values, x.shape(), wide))
            });
            let product = self.matrix_product(&a?, &b?)?;
            let mut back = Program::input(Strided::contiguous(product, &shape, wide));
            back.push(Op::Cast(0), dtype);
            return self.evaluate(&back);
        }
        let out = self.allocate(elements, dtype)?;
        let batches = size(&batch);
        let copies;
        let (a, b) = if self.compiles() {
            (a, b)
        } else {
            copies = (self.merged_stack(a)?, self.merged_stack(b)?);
            (&copies.0, &copies.1)
        };
        let tile = tile(dtype);
        let (tile_rows, tile_columns) = (m.div_ceil(tile), n.div_ceil(tile));
        let threads = batches * tile_rows * tile_columns;
        let batches_of = [a, b].map(|x| batch_layout(&x.layout));
        let kernel = Matmul {
            dtype,
            batches: [Axes::of(&batches_of[0]), Axes::of(&batches_of[1])],
        };
        self.run(kernel, threads, |args| {
            args.buffer("a", &a.storage)
                .buffer("b", &b.storage)
                .buffer("out", &out);
            args.layout("a_batch", &batches_of[0])
                .layout("b_batch", &batches_of[1]);
            for (x, row, column) in [(a, "a_row", "a_column"), (b, "b_row", "b_column")] {
                let [along_row, along_column] = matrix_strides(&x.layout);
                args.stride(row, along_row).stride(column, along_column);
            }
            args.size("m", m)
                .size("n", n)
                .size("inner", inner)
                .size("tile_rows", tile_rows)
                .size("tile_columns", tile_columns)
                .size("threads", threads);
        })?;
        Ok(out)
    }

    /// The batch with its batch axes merged into one. A matrix broadcast over the batch is not copied; others are
    /// copied unless they are contiguous.
    fn merged_stack(&self, x: &Strided<Memory<R>>) -> Result<Strided<Memory<R>>> {
        let (batch, [rows, columns]) = stack(&x.layout);
        let batches = size(&batch);
        let [row, column] = matrix_strides(&x.layout);
        if x.layout.strides()[..batch.len()].iter().all(|&s| s == 0) || batches == 1 {
            let layout = Layout::new(
                &[batches, rows, columns],
                &[0, row, column],
                x.layout.offset(),
            );
            return Ok(x.with_layout(layout));
        }
        let contiguous = self.contiguous(x)?;
        Ok(contiguous.with_layout(Layout::contiguous(&[batches, rows, columns])))
    }
}

/// A layout of the batch axes: the position of each matrix's first element.
fn batch_layout(layout: &Layout) -> Layout {
    let batch = layout.ndim() - 2;
    Layout::new(
        &layout.shape()[..batch],
        &layout.strides()[..batch],
        layout.offset(),
    )
}

fn matrix_strides(layout: &Layout) -> [isize; 2] {
    let strides = &layout.strides()[layout.ndim() - 2..];
    [strides[0], strides[1]]
}

/// The length of the sides of the tile that a thread computes.
const fn tile(dtype: DType) -> usize {
    // A complex accumulator takes two registers.
    if dtype.is_complex() { TILE / 2 } else { TILE }
}

/// Products of matrices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Matmul {
    dtype: DType,
    /// Of the batch axes of both.
    batches: [Axes; 2],
}

impl KernelBody for Matmul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn record(&self, k: Builder) {
        let (dtype, tile) = (self.dtype, tile(self.dtype));
        let [a_in, b_in] = ["a", "b"].map(|name| Elements::input(k, name, dtype));
        let out = Elements::output(k, "out", dtype);
        let a_batch = Positions::new(k, "a_batch", self.batches[0]);
        let b_batch = Positions::new(k, "b_batch", self.batches[1]);
        let (a_row, a_column) = (k.size("a_row"), k.size("a_column"));
        let (b_row, b_column) = (k.size("b_row"), k.size("b_column"));
        let [m, n, inner] = ["m", "n", "inner"].map(|name| k.size(name));
        let [rows, columns, threads] =
            ["tile_rows", "tile_columns", "threads"].map(|name| k.size(name));
        let thread = k.thread();
        if_(thread.lt(threads), || {
            let (column, rest) = (thread % columns, thread / columns);
            let (row, batch) = ((rest % rows) * tile as u32, rest / rows);
            let column = column * tile as u32;
            // A tile may reach beyond the edge. There it reads the last row or column again, and stores nothing.
            let clamp = |x: Val, n: Val| x.min(n - 1);
            let a_at: Vec<Val> = (0..tile as u32)
                .map(|i| a_batch.at(batch) + clamp(row + i, m) * a_row)
                .collect();
            let b_at: Vec<Val> = (0..tile as u32)
                .map(|j| b_batch.at(batch) + clamp(column + j, n) * b_column)
                .collect();
            let sums = || -> Vec<Slot> {
                let zero = |_| Slot::new(Value::whole(dtype, 0));
                (0..tile * tile).map(zero).collect()
            };
            let totals = sums();
            let product = |sums: &[Slot], kk: Val| {
                let a: Vec<Value> = a_at
                    .iter()
                    .map(|&at| a_in.load(at + kk * a_column))
                    .collect();
                let b: Vec<Value> = b_at.iter().map(|&at| b_in.load(at + kk * b_row)).collect();
                for (number, sum) in sums.iter().enumerate() {
                    let (a, b) = (a[number / tile], b[number % tile]);
                    sum.set(if dtype.is_floating() {
                        a.mul_add(b, sum.get())
                    } else {
                        sum.get() + a * b
                    });
                }
            };
            if dtype.is_floating() {
                // Rounding errors grow with the number of terms. So each block is summed by itself, and then the
                // blocks' sums.
                for_(lit(Ty::U32, 0), inner, BLOCK, |block| {
                    let sums = sums();
                    for_(block, (block + BLOCK).min(inner), 1, |kk| {
                        product(&sums, kk);
                    });
                    for (total, sum) in totals.iter().zip(&sums) {
                        total.set(total.get() + sum.get());
                    }
                });
            } else {
                for_(lit(Ty::U32, 0), inner, 1, |kk| product(&totals, kk));
            }
            for i in 0..tile as u32 {
                for j in 0..tile as u32 {
                    let total = &totals[i as usize * tile + j as usize];
                    if_((row + i).lt(m) & (column + j).lt(n), || {
                        out.store((batch * m + row + i) * n + column + j, total.get());
                    });
                }
            }
        });
    }
}
