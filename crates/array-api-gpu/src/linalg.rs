//! Matrix products on the device, and factorisations on the host. A runtime that has its vendor's libraries tries them
//! first.

use array_api_spec::{
    DType, Element, Error, HostBuffer, Layout, Op, Program, QrMode, Result, Scalar, Strided,
    SvdMode,
    backend::{ArrayObjectBackend, ElementwiseBackend, LinalgBackend},
    shape::size,
};

use super::{
    GROUP, Gpu,
    kernel::{
        element::{Value, register},
        ir::{Kernel, Ty, Val, Var, for_, if_, lit, var},
    },
    memory::Memory,
    packing::{Elements, Positions, wide},
    runtime::Runtime,
};
use array_api_host::{dispatch_floating, linalg};

/// Why factorisations are computed on the host.
pub(super) const HOST: &str = "there is no kernel for factorisations yet; matrices of every size are factorised in f64 on the host";

/// One thread computes `TILE × TILE` elements of the result.
const TILE: usize = 4;
/// A thread adds up blocks of this many products, then the sums of the blocks.
const BLOCK: u32 = 128;

impl<R: Runtime> LinalgBackend for Gpu<R> {
    fn matmul(&self, a: &Strided<Memory<R>>, b: &Strided<Memory<R>>) -> Result<Memory<R>> {
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
            let product = self.matmul(&a?, &b?)?;
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
        // A complex accumulator takes two registers.
        let tile = if dtype.is_complex() { TILE / 2 } else { TILE };
        let (tile_rows, tile_columns) = (m.div_ceil(tile), n.div_ceil(tile));
        let threads = batches * tile_rows * tile_columns;
        let kernel = Kernel::build("matmul", GROUP, |k| {
            let [a_in, b_in] = ["a", "b"].map(|name| Elements::input(k, name, dtype));
            let out = Elements::output(k, "out", dtype);
            let a_batch = Positions::new(k, "a_batch", &batch_layout(&a.layout));
            let b_batch = Positions::new(k, "b_batch", &batch_layout(&b.layout));
            let [a_row, a_column] = matrix_strides(&a.layout);
            let [b_row, b_column] = matrix_strides(&b.layout);
            let (a_row, a_column) = (k.size("a_row", a_row), k.size("a_column", a_column));
            let (b_row, b_column) = (k.size("b_row", b_row), k.size("b_column", b_column));
            let [m, n, inner] =
                [("m", m), ("n", n), ("inner", inner)].map(|(name, x)| k.size(name, x as isize));
            let rows = k.size("tile_rows", tile_rows as isize);
            let columns = k.size("tile_columns", tile_columns as isize);
            let threads = k.size("threads", threads as isize);
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
                let totals = accumulators(dtype, tile);
                let product = |sums: &[Accumulator], kk: Val| {
                    let a: Vec<Value> = a_at
                        .iter()
                        .map(|&at| a_in.load(at + kk * a_column))
                        .collect();
                    let b: Vec<Value> = b_at.iter().map(|&at| b_in.load(at + kk * b_row)).collect();
                    for (number, sum) in sums.iter().enumerate() {
                        sum.add_product(a[number / tile], b[number % tile]);
                    }
                };
                if dtype.is_floating() {
                    // Rounding errors grow with the number of terms. So each block is summed by itself, and then the
                    // blocks' sums.
                    for_(lit(Ty::U32, 0), inner, BLOCK, |block| {
                        let sums = accumulators(dtype, tile);
                        for_(block, (block + BLOCK).min(inner), 1, |kk| {
                            product(&sums, kk);
                        });
                        for (total, sum) in totals.iter().zip(&sums) {
                            total.add(sum);
                        }
                    });
                } else {
                    for_(lit(Ty::U32, 0), inner, 1, |kk| product(&totals, kk));
                }
                for i in 0..tile as u32 {
                    for j in 0..tile as u32 {
                        let total = &totals[i as usize * tile + j as usize];
                        if_((row + i).lt(m) & (column + j).lt(n), || {
                            out.store((batch * m + row + i) * n + column + j, total.value());
                        });
                    }
                }
            });
        });
        self.launch(&kernel, &[&a.storage, &b.storage, &out], threads)?;
        Ok(out)
    }

    fn cholesky(&self, x: &Strided<Memory<R>>) -> Result<Memory<R>> {
        if let Some(factor) = self.assisted_cholesky(x)? {
            return Ok(factor);
        }
        let layout = Layout::contiguous(x.shape());
        let l = dispatch_floating!("cholesky", x.dtype, T => {
            Ok(T::into_buffer(linalg::cholesky(&self.values::<T>(x)?, &layout)?))
        })?;
        self.upload(l)
    }

    fn solve(&self, a: &Strided<Memory<R>>, b: &Strided<Memory<R>>) -> Result<Memory<R>> {
        if let Some(solution) = self.assisted_solve(a, b)? {
            return Ok(solution);
        }
        let layouts = [a, b].map(|x| Layout::contiguous(x.shape()));
        let x = dispatch_floating!("solve", a.dtype, T => {
            let [a, b] = self.values_of([a, b])?;
            Ok(T::into_buffer(linalg::solve(&a, &layouts[0], &b, &layouts[1])?))
        })?;
        self.upload(x)
    }

    fn eigh(&self, x: &Strided<Memory<R>>) -> Result<[Memory<R>; 2]> {
        if let Some(parts) = self.assisted_eigh(x)? {
            return Ok(parts);
        }
        let layout = Layout::contiguous(x.shape());
        let [values, vectors] = dispatch_floating!("eigh", x.dtype, T => {
            let (values, vectors) = linalg::eigh(&self.values::<T>(x)?, &layout)?;
            Ok([Element::into_buffer(values), T::into_buffer(vectors)])
        })?;
        Ok([self.upload(values)?, self.upload(vectors)?])
    }

    fn eig(&self, x: &Strided<Memory<R>>) -> Result<[Memory<R>; 2]> {
        let layout = Layout::contiguous(x.shape());
        let [values, vectors] = dispatch_floating!("eig", x.dtype, T => {
            let (values, vectors) = linalg::eig(&self.values::<T>(x)?, &layout)?;
            Ok([values, vectors].map(Element::into_buffer))
        })?;
        Ok([self.upload(values)?, self.upload(vectors)?])
    }

    fn lu(&self, x: &Strided<Memory<R>>) -> Result<[Memory<R>; 2]> {
        let layout = Layout::contiguous(x.shape());
        let (factors, rows) = dispatch_floating!("lu", x.dtype, T => {
            let (factors, rows) = linalg::lu(&self.values::<T>(x)?, &layout)?;
            Ok((T::into_buffer(factors), rows))
        })?;
        let rows: Vec<i64> = rows.into_iter().map(|row| row as i64).collect();
        let rows = HostBuffer::Int64(rows).to_dtype("lu", self.index_dtype())?;
        Ok([self.upload(factors)?, self.upload(rows)?])
    }

    fn qr(&self, x: &Strided<Memory<R>>, mode: QrMode) -> Result<[Memory<R>; 2]> {
        let layout = Layout::contiguous(x.shape());
        let [q, r] = dispatch_floating!("qr", x.dtype, T => {
            let (q, r) = linalg::qr(&self.values::<T>(x)?, &layout, mode)?;
            Ok([q, r].map(T::into_buffer))
        })?;
        Ok([self.upload(q)?, self.upload(r)?])
    }

    fn svd(&self, x: &Strided<Memory<R>>, mode: SvdMode) -> Result<[Memory<R>; 3]> {
        if let Some(parts) = self.assisted_svd(x, mode)? {
            return Ok(parts);
        }
        let layout = Layout::contiguous(x.shape());
        let [u, s, vh] = dispatch_floating!("svd", x.dtype, T => {
            let (u, s, vh) = linalg::svd(&self.values::<T>(x)?, &layout, mode)?;
            Ok([T::into_buffer(u), Element::into_buffer(s), T::into_buffer(vh)])
        })?;
        Ok([self.upload(u)?, self.upload(s)?, self.upload(vh)?])
    }

    fn eigvalsh(&self, x: &Strided<Memory<R>>) -> Option<Result<Memory<R>>> {
        let values = || {
            if let Some([values, _]) = self.assisted_eigh(x)? {
                return Ok(values);
            }
            let layout = Layout::contiguous(x.shape());
            self.upload(dispatch_floating!("eigvalsh", x.dtype, T => {
                Ok(Element::into_buffer(linalg::eigvalsh(&self.values::<T>(x)?, &layout)?))
            })?)
        };
        Some(values())
    }

    fn eigvals(&self, x: &Strided<Memory<R>>) -> Option<Result<Memory<R>>> {
        let values = || {
            let layout = Layout::contiguous(x.shape());
            self.upload(dispatch_floating!("eigvals", x.dtype, T => {
                Ok(Element::into_buffer(linalg::eigvals(&self.values::<T>(x)?, &layout)?))
            })?)
        };
        Some(values())
    }

    fn svdvals(&self, x: &Strided<Memory<R>>) -> Option<Result<Memory<R>>> {
        let values = || {
            if let Some([_, values, _]) = self.assisted_svd(x, SvdMode::Reduced)? {
                return Ok(values);
            }
            let layout = Layout::contiguous(x.shape());
            self.upload(dispatch_floating!("svdvals", x.dtype, T => {
                Ok(Element::into_buffer(linalg::svdvals(&self.values::<T>(x)?, &layout)?))
            })?)
        };
        Some(values())
    }
}

impl<R: Runtime> Gpu<R> {
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

    /// The values of a view, on the host, in row-major order.
    pub(super) fn values<T: Element>(&self, x: &Strided<Memory<R>>) -> Result<Vec<T>> {
        unwrapped(self.download(x)?)
    }

    /// The values of two views, by one download.
    fn values_of<T: Element>(&self, x: [&Strided<Memory<R>>; 2]) -> Result<[Vec<T>; 2]> {
        let mut buffers = self.download_all(&x.map(Clone::clone))?.into_iter();
        let mut next = || unwrapped(buffers.next().unwrap_or_else(|| T::into_buffer(Vec::new())));
        Ok([next()?, next()?])
    }
}

fn unwrapped<T: Element>(buffer: HostBuffer) -> Result<Vec<T>> {
    let dtype = buffer.dtype();
    T::from_buffer(buffer).map_err(|_| Error::dtype("download", &[dtype], T::DTYPE.name()))
}

/// Shape of the batch and of its matrices.
fn stack(layout: &Layout) -> (Vec<usize>, [usize; 2]) {
    let (batch, matrix) = layout.shape().split_at(layout.ndim() - 2);
    (batch.to_vec(), [matrix[0], matrix[1]])
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

/// A sum of products.
enum Accumulator {
    Real(Var),
    Complex(Var, Var),
}

fn accumulators(dtype: DType, tile: usize) -> Vec<Accumulator> {
    let zero = || var(lit(register(dtype), 0));
    (0..tile * tile)
        .map(|_| {
            if dtype.is_complex() {
                Accumulator::Complex(zero(), zero())
            } else {
                Accumulator::Real(zero())
            }
        })
        .collect()
}

impl Accumulator {
    fn add_product(&self, a: Value, b: Value) {
        match self {
            Self::Real(sum) => sum.set(sum.get() + a.real() * b.real()),
            Self::Complex(re, im) => {
                let ((ar, ai), (br, bi)) = (a.complex(), b.complex());
                re.set(re.get() + (ar * br - ai * bi));
                im.set(im.get() + (ar * bi + ai * br));
            }
        }
    }

    fn add(&self, other: &Self) {
        match (self, other) {
            (Self::Real(a), Self::Real(b)) => a.set(a.get() + b.get()),
            (Self::Complex(ar, ai), Self::Complex(br, bi)) => {
                ar.set(ar.get() + br.get());
                ai.set(ai.get() + bi.get());
            }
            _ => unreachable!("all sums of a product are of one kind"),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Real(sum) => Value::Real(sum.get()),
            Self::Complex(re, im) => Value::Complex(re.get(), im.get()),
        }
    }
}
