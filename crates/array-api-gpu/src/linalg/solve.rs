//! Systems of linear equations, by the LU factors of the scaled matrix.
//!
//! With `R = diag(2^-row)` and `C = diag(2^-column)`, `(R a C) (C⁻¹ x) = R b`, and every row and column of `R a C` has an
//! element near 1. Powers of two round nothing, so nothing overflows or underflows on the way.

use array_api_host::{dispatch_floating, linalg};
use array_api_spec::{
    BinaryOp, DType, Element, Error, Layout, Result, Strided, backend::ArrayObjectBackend,
    shape::size,
};

use super::{
    lu::{Columns, Panel},
    matrix::{NOT_FINITE, SINGULAR, Source, is_finite, largest_part, ldexp, matrix_name, stack, u},
    update::Place,
};
use crate::{
    Gpu,
    kernel::{
        arithmetic,
        element::Value,
        ir::{Atomic, Builder, Ty, Val, for_, if_, lit, select, var},
        math,
    },
    kernels::KernelBody,
    memory::Memory,
    packing::Elements,
    reduction::Slot,
    runtime::Runtime,
};

/// The exponent of a line of zeros.
const NO_EXPONENT: i32 = i32::MIN / 4;

impl<R: Runtime> Gpu<R> {
    /// X of `a X = b`.
    pub(super) fn solution(
        &self,
        a: &Strided<Memory<R>>,
        b: &Strided<Memory<R>>,
    ) -> Result<Memory<R>> {
        if let Some(solution) = self.assisted_solve(a, b)? {
            return Ok(solution);
        }
        let n = a.shape()[a.layout.ndim() - 1];
        let fits = Panel::of(self.work_dtype(a.dtype), n).is_some();
        if fits && self.factorises(a) && b.layout.size() > 0 {
            return self.solve_by_kernels(&self.readable(a)?, &self.readable(b)?);
        }
        let layouts = [a, b].map(|x| Layout::contiguous(x.shape()));
        let x = dispatch_floating!("solve", a.dtype, T => {
            let [a, b] = self.values_of([a, b])?;
            Ok(T::into_buffer(linalg::solve(&a, &layouts[0], &b, &layouts[1])?))
        })?;
        self.upload(x)
    }

    fn solve_by_kernels(
        &self,
        a: &Strided<Memory<R>>,
        b: &Strided<Memory<R>>,
    ) -> Result<Memory<R>> {
        let (batch, [n, _]) = stack(&a.layout);
        let (batches, columns) = (size(&batch), b.shape()[b.layout.ndim() - 1]);
        let dtype = self.work_dtype(a.dtype);
        let status = self.zeros(batches, DType::UInt32)?;
        let [row, column, right] =
            [n, n, columns].map(|lines| self.allocate(batches * lines, DType::Int32));
        let (row, column, right) = (row?, column?, right?);
        let source = Source::of(a, dtype);
        self.run(SolveRows(source.clone()), batches * n, |args| {
            args.buffer("x", &a.storage)
                .layout("x", &a.layout)
                .buffer("row", &row)
                .buffer("status", &status);
            args.size("n", n).size("threads", batches * n);
        })?;
        let mut scaled = Vec::with_capacity(2);
        for (x, width, exponents, is_matrix) in [(a, n, &column, true), (b, columns, &right, false)]
        {
            let source = Source::of(x, dtype);
            let threads = batches * width;
            let kernel = SolveColumns {
                source: source.clone(),
                is_matrix,
            };
            self.run(kernel, threads, |args| {
                args.buffer("x", &x.storage)
                    .layout("x", &x.layout)
                    .buffer("row", &row)
                    .buffer("column", exponents)
                    .buffer("status", &status);
                args.size("n", n)
                    .size("columns", width)
                    .size("threads", threads);
            })?;
            let elements = batches * n * width;
            let out = self.allocate(elements, dtype)?;
            self.run(SolveScale(source), elements, |args| {
                args.buffer("x", &x.storage)
                    .layout("x", &x.layout)
                    .buffer("row", &row)
                    .buffer("column", exponents)
                    .buffer("status", &status)
                    .buffer("out", &out);
                args.size("n", n)
                    .size("columns", width)
                    .size("elements", elements);
            })?;
            scaled.push(out);
        }
        let [lu, x] = [scaled.swap_remove(0), scaled.swap_remove(0)];
        let pivots = self.allocate(batches * n, DType::UInt32)?;
        self.factorise_panels(dtype, &lu, &pivots, n, batches)?;
        self.substitute(dtype, [&lu, &pivots, &status], (&x, columns), n, batches)?;
        let elements = batches * n * columns;
        let out = self.allocate(elements, a.dtype)?;
        self.run(SolveFinish(source), elements, |args| {
            args.buffer("x", &x)
                .buffer("column", &column)
                .buffer("right", &right)
                .buffer("status", &status)
                .buffer("out", &out);
            args.size("n", n)
                .size("columns", columns)
                .size("elements", elements);
        })?;
        let status = self.values::<u32>(&Strided::contiguous(status, &[batches], DType::UInt32))?;
        match status.iter().position(|&word| word == SINGULAR) {
            None => Ok(out),
            Some(number) => {
                let name = matrix_name(&a.layout, number);
                Err(Error::linear_algebra(
                    "solve",
                    format!("{name} is singular"),
                ))
            }
        }
    }

    /// Solves with L, panel by panel downwards, then with U upwards.
    fn substitute(
        &self,
        dtype: DType,
        [lu, pivots, status]: [&Memory<R>; 3],
        (x, columns): (&Memory<R>, usize),
        n: usize,
        batches: usize,
    ) -> Result<()> {
        let right = |i: usize| Place::from(x, (n, columns), (i, 0));
        let factor = |i: usize, j: usize| Place::from(lu, (n, n), (i, j));
        // All rows are exchanged first, because those of L are where all exchanges have brought them.
        let exchange = Columns::Exchange(x, columns);
        self.lu_rows(dtype, [lu, pivots], &exchange, n, (0, n), batches)?;
        let solve = Columns::Solve(x, columns);
        for (_, first, width) in Panel::all(dtype, n) {
            let panel = (first, width);
            self.lu_rows(dtype, [lu, pivots], &solve, n, panel, batches)?;
            let next = first + width;
            if next < n {
                let places = [right(next), factor(next, first), right(first)];
                self.update(dtype, [n - next, columns, width], batches, places, false)?;
            }
        }
        for (_, first, width) in Panel::all(dtype, n).rev() {
            let threads = batches * columns;
            self.run(SolveBack { dtype }, threads, |args| {
                args.buffer("lu", lu)
                    .buffer("x", x)
                    .buffer("status", status);
                args.size("n", n)
                    .size("columns", columns)
                    .size("first", first)
                    .size("width", width)
                    .size("threads", threads);
            })?;
            if first > 0 {
                let places = [right(0), factor(0, first), right(first)];
                self.update(dtype, [first, columns, width], batches, places, false)?;
            }
        }
        Ok(())
    }
}

/// The exponent of the largest part of a line of elements; notes if one is not finite.
fn exponent_of_line(
    count: Val,
    status: crate::kernel::ir::Mem,
    matrix: Val,
    at: impl Fn(Val) -> (Value, Val),
) -> Val {
    let largest = var(lit(Ty::I32, NO_EXPONENT));
    for_(u(0), count, 1, |i| {
        let (value, shift) = at(i);
        if_(!is_finite(value), || {
            let _ = status.atomic(Atomic::Or, matrix, u(NOT_FINITE));
        });
        let part = largest_part(value);
        let e = math::exponent(part, part) - shift;
        if_(part.gt(0.0) & e.gt(largest.get()), || largest.set(e));
    });
    largest.get()
}

/// The exponent of each row of the matrices; notes rows of zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SolveRows(Source);

impl KernelBody for SolveRows {
    fn name(&self) -> &'static str {
        "solve_rows"
    }

    fn record(&self, k: Builder) {
        let x = self.0.declare(k, "x");
        let row = k.output("row", Ty::I32);
        let status = k.atomic("status");
        let (n, threads) = (k.size("n"), k.size("threads"));
        let t = k.thread();
        if_(t.lt(threads), || {
            let e = exponent_of_line(n, status, t / n, |j| (x.load(t * n + j), lit(Ty::I32, 0)));
            if_(e.eq(NO_EXPONENT), || {
                let _ = status.atomic(Atomic::Or, t / n, u(SINGULAR));
            });
            row.store(t, select(e.eq(NO_EXPONENT), lit(Ty::I32, 0), e));
        });
    }
}

/// The exponent of each column after the rows are scaled; notes columns of zeros in the matrices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SolveColumns {
    source: Source,
    /// Whether it is the matrices, not the right-hand sides.
    is_matrix: bool,
}

impl KernelBody for SolveColumns {
    fn name(&self) -> &'static str {
        "solve_columns"
    }

    fn record(&self, k: Builder) {
        let x = self.source.declare(k, "x");
        let row = k.input("row", Ty::I32);
        let column = k.output("column", Ty::I32);
        let status = k.atomic("status");
        let [n, columns, threads] = ["n", "columns", "threads"].map(|name| k.size(name));
        let t = k.thread();
        if_(t.lt(threads), || {
            let (matrix, j) = (t / columns, t % columns);
            let e = exponent_of_line(n, status, matrix, |i| {
                let at = matrix * n + i;
                (x.load(at * columns + j), row.load(at))
            });
            if self.is_matrix {
                if_(e.eq(NO_EXPONENT), || {
                    let _ = status.atomic(Atomic::Or, matrix, u(SINGULAR));
                });
            }
            column.store(t, select(e.eq(NO_EXPONENT), lit(Ty::I32, 0), e));
        });
    }
}

/// Scales rows and columns; matrices that are not finite become 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SolveScale(Source);

impl KernelBody for SolveScale {
    fn name(&self) -> &'static str {
        "solve_scale"
    }

    fn record(&self, k: Builder) {
        let x = self.0.declare(k, "x");
        let (row, column) = (k.input("row", Ty::I32), k.input("column", Ty::I32));
        let status = k.input("status", Ty::U32);
        let out = Elements::output(k, "out", self.0.work);
        let [n, columns, elements] = ["n", "columns", "elements"].map(|name| k.size(name));
        let t = k.thread();
        if_(t.lt(elements), || {
            let (line, j) = (t / columns, t % columns);
            let matrix = line / n;
            let shift = row.load(line) + column.load(matrix * columns + j);
            let scaled = ldexp(x.load(t), -shift);
            let zero = Value::whole(self.0.work, 0);
            let broken = (status.load(matrix) & NOT_FINITE).ne(0);
            out.store(t, arithmetic::select(broken, zero, scaled));
        });
    }
}

/// Solves with a panel's block of U; a thread for each column. Notes pivots of 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SolveBack {
    dtype: DType,
}

impl KernelBody for SolveBack {
    fn name(&self) -> &'static str {
        "solve_back"
    }

    fn record(&self, k: Builder) {
        let dtype = self.dtype;
        let lu = Elements::input(k, "lu", dtype);
        let x = Elements::output(k, "x", dtype);
        let status = k.atomic("status");
        let [n, columns, first, width, threads] =
            ["n", "columns", "first", "width", "threads"].map(|name| k.size(name));
        let t = k.thread();
        if_(t.lt(threads), || {
            let (matrix, j) = (t / columns, t % columns);
            let at = |i: Val| (matrix * n + first + i) * columns + j;
            let u_at = |i: Val, c: Val| lu.load((matrix * n + first + i) * n + first + c);
            for_(u(0), width, 1, |step| {
                let i = width - 1 - step;
                let sum = Slot::new(x.load(at(i)));
                for_(i + 1, width, 1, |c| {
                    sum.set(sum.get() - u_at(i, c) * x.load(at(c)));
                });
                let pivot = u_at(i, i);
                let bad = pivot.magnitude().eq(0.0) | !is_finite(pivot);
                if_(j.eq(0) & bad, || {
                    let _ = status.atomic(Atomic::Or, matrix, u(SINGULAR));
                });
                let one = Value::whole(dtype, 1);
                let safe = arithmetic::select(bad, one, pivot);
                x.store(
                    at(i),
                    arithmetic::binary(BinaryOp::Divide, dtype, sum.get(), safe),
                );
            });
        });
    }
}

/// Scales the solutions back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SolveFinish(Source);

impl KernelBody for SolveFinish {
    fn name(&self) -> &'static str {
        "solve_finish"
    }

    fn record(&self, k: Builder) {
        let x = Elements::input(k, "x", self.0.work);
        let (column, right) = (k.input("column", Ty::I32), k.input("right", Ty::I32));
        let status = k.input("status", Ty::U32);
        let out = self.0.output(k, "out");
        let [n, columns, elements] = ["n", "columns", "elements"].map(|name| k.size(name));
        let t = k.thread();
        if_(t.lt(elements), || {
            let (line, j) = (t / columns, t % columns);
            let matrix = line / n;
            let shift = right.load(matrix * columns + j) - column.load(line);
            out.store(t, ldexp(x.load(t), shift));
            if_((status.load(matrix) & NOT_FINITE).ne(0), || {
                out.store_nan(t);
            });
        });
    }
}
