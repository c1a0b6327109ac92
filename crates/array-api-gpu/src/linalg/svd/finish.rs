//! From rotated rows to singular values and vectors: in order, orthonormal, and in the dtype and scale of the input.

use array_api_spec::{DType, Result, Strided};

use super::Rotated;
use crate::{
    Gpu,
    kernel::{
        arithmetic,
        element::{Value, register},
        ir::{Builder, Ty, Val, for_, if_, lit, select, var},
        math,
    },
    kernels::KernelBody,
    linalg::matrix::{
        Source, each_entry, largest_part, lifted, over, scale_of, square, u, unit, where_,
    },
    memory::Memory,
    packing::Elements,
    runtime::Runtime,
};

/// Squares that are added up before they are added to the others.
const RUN: u32 = 64;

impl<R: Runtime> Gpu<R> {
    /// The singular values, in order, of matrices with these largest parts.
    pub(super) fn values_of_rows(
        &self,
        rotated: &Rotated<R>,
        largest: &Memory<R>,
        dtype: DType,
    ) -> Result<Memory<R>> {
        let elements = rotated.batches * rotated.n;
        let out = self.allocate(elements, dtype.real())?;
        let kernel = SvdValues {
            dtype: dtype.real(),
            work: rotated.dtype.real(),
            index: self.index_dtype(),
        };
        self.run(kernel, elements, |args| {
            args.buffer("largest", largest)
                .buffer("lengths", &rotated.lengths)
                .buffer("order", &rotated.order)
                .buffer("out", &out);
            args.size("n", rotated.n)
                .size("padded", rotated.padded)
                .size("elements", elements);
        })?;
        Ok(out)
    }

    /// The conjugate transpose `(n, n)` of the first n elements of rows, in order.
    pub(super) fn picked(
        &self,
        rotated: &Rotated<R>,
        rows: &Memory<R>,
        length: usize,
    ) -> Result<Memory<R>> {
        let n = rotated.n;
        let elements = rotated.batches * n * n;
        let out = self.allocate(elements, rotated.dtype)?;
        let kernel = SvdPick {
            dtype: rotated.dtype,
            index: self.index_dtype(),
        };
        self.run(kernel, elements, |args| {
            args.buffer("x", rows)
                .buffer("order", &rotated.order)
                .buffer("out", &out);
            args.size("padded", rotated.padded)
                .size("length", length)
                .entries([n, n], elements);
        })?;
        Ok(out)
    }

    /// `(3 I - gram) / 2`.
    pub(super) fn polishing(&self, gram: &Memory<R>, z: &Strided<Memory<R>>) -> Result<Memory<R>> {
        let (n, elements) = (z.shape()[z.layout.ndim() - 1], z.layout.size());
        let out = self.allocate(elements, z.dtype)?;
        self.run(SvdPolish { dtype: z.dtype }, elements, |args| {
            args.buffer("gram", gram)
                .buffer("out", &out)
                .entries([n, n], elements);
        })?;
        Ok(out)
    }

    /// U `(m, k)`, or its transpose: the first n columns are those of u, the others those of q.
    pub(super) fn finish_left(
        &self,
        source: &Source,
        [largest, u, q]: [&Memory<R>; 3],
        [batches, m, n, k]: [usize; 4],
        transposed: bool,
    ) -> Result<Memory<R>> {
        let elements = batches * m * k;
        let out = self.allocate(elements, source.dtype())?;
        let kernel = SvdLeft {
            source: source.clone(),
            transposed,
        };
        self.run(kernel, elements, |args| {
            args.buffer("largest", largest)
                .buffer("u", u)
                .buffer("q", q)
                .buffer("out", &out);
            args.size("n", n)
                .entries(if transposed { [k, m] } else { [m, k] }, elements);
        })?;
        Ok(out)
    }

    /// Vᴴ `(n, n)`, or its transpose, from the QR factors of V S.
    pub(super) fn finish_right(
        &self,
        source: &Source,
        [largest, v, r]: [&Memory<R>; 3],
        [batches, n]: [usize; 2],
        transposed: bool,
    ) -> Result<Memory<R>> {
        let elements = batches * n * n;
        let out = self.allocate(elements, source.dtype())?;
        let kernel = SvdRight {
            source: source.clone(),
            transposed,
        };
        self.run(kernel, elements, |args| {
            args.buffer("largest", largest)
                .buffer("v", v)
                .buffer("r", r)
                .buffer("out", &out)
                .entries([n, n], elements);
        })?;
        Ok(out)
    }
}

/// The lengths of rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SvdLengths {
    pub(super) dtype: DType,
}

impl KernelBody for SvdLengths {
    fn name(&self) -> &'static str {
        "svd_lengths"
    }

    fn record(&self, k: Builder) {
        let real = register(self.dtype.real());
        let g = Elements::input(k, "g", self.dtype);
        let lengths = k.output("lengths", real);
        let (n, threads) = (k.size("n"), k.size("threads"));
        let t = k.thread();
        if_(t.lt(threads), || {
            let total = var(lit(real, 0));
            for_(u(0), n, RUN, |first| {
                let sum = var(lit(real, 0));
                for_(first, (first + RUN).min(n), 1, |j| {
                    sum.set(sum.get() + square(g.load(t * n + j)));
                });
                total.set(total.get() + sum.get());
            });
            lengths.store(t, total.get().sqrt());
        });
    }
}

/// The singular values in order, scaled back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SvdValues {
    /// Real dtypes of the input and of the work.
    dtype: DType,
    work: DType,
    index: DType,
}

impl KernelBody for SvdValues {
    fn name(&self) -> &'static str {
        "svd_values"
    }

    fn record(&self, k: Builder) {
        let largest = k.input("largest", register(self.dtype));
        let lengths = k.input("lengths", register(self.work));
        let order = k.input("order", register(self.index));
        let out = k.output("out", register(self.dtype));
        let [n, padded, elements] = ["n", "padded", "elements"].map(|name| k.size(name));
        let t = k.thread();
        if_(t.lt(elements), || {
            let (matrix, i) = (t / n, t % n);
            let (e, finite) = scale_of(largest.load(matrix));
            let row = order.load(matrix * padded + i).to(Ty::U32);
            let value = math::scale(lengths.load(matrix * padded + row), e);
            let value = select(finite, value, f64::NAN);
            let narrow = arithmetic::cast(self.work, self.dtype, Value::Real(value));
            out.store(t, narrow.real());
        });
    }
}

/// Rows in order, as conjugate columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SvdPick {
    dtype: DType,
    index: DType,
}

impl KernelBody for SvdPick {
    fn name(&self) -> &'static str {
        "svd_pick"
    }

    fn record(&self, k: Builder) {
        let x = Elements::input(k, "x", self.dtype);
        let order = k.input("order", register(self.index));
        let out = Elements::output(k, "out", self.dtype);
        let (padded, length) = (k.size("padded"), k.size("length"));
        each_entry(k, |_, t, [matrix, i, j]| {
            let row = order.load(matrix * padded + j).to(Ty::U32);
            out.store(t, x.load((matrix * padded + row) * length + i).conj());
        });
    }
}

/// `(3 I - gram) / 2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SvdPolish {
    dtype: DType,
}

impl KernelBody for SvdPolish {
    fn name(&self) -> &'static str {
        "svd_polish"
    }

    fn record(&self, k: Builder) {
        let gram = Elements::input(k, "gram", self.dtype);
        let out = Elements::output(k, "out", self.dtype);
        each_entry(k, |_, t, [_, i, j]| {
            let three = unit(self.dtype, i.eq(j)).map(|x| x * 3.0);
            out.store(t, (three - gram.load(t)).map(|x| x * 0.5));
        });
    }
}

/// The left vectors in the dtype of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SvdLeft {
    source: Source,
    transposed: bool,
}

impl KernelBody for SvdLeft {
    fn name(&self) -> &'static str {
        "svd_left"
    }

    fn record(&self, k: Builder) {
        let work = self.source.work;
        let largest = k.input("largest", register(self.source.dtype().real()));
        let [u, q] = ["u", "q"].map(|name| Elements::input(k, name, work));
        let out = self.source.output(k, "out");
        let n = k.size("n");
        each_entry(k, |[rows, columns], t, [matrix, row, column]| {
            let (m, width, i, j) = if self.transposed {
                (columns, rows, column, row)
            } else {
                (rows, columns, row, column)
            };
            let (_, finite) = scale_of(largest.load(matrix));
            let line = matrix * m + i;
            let zero = Value::whole(work, 0);
            let beyond = where_(j.ge(n), zero, || q.load(line * width + j));
            out.store(t, where_(j.lt(n), beyond, || u.load(line * n + j)));
            if_(!finite, || out.store_nan(t));
        });
    }
}

/// The right vectors in the dtype of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SvdRight {
    source: Source,
    transposed: bool,
}

impl KernelBody for SvdRight {
    fn name(&self) -> &'static str {
        "svd_right"
    }

    fn record(&self, k: Builder) {
        let work = self.source.work;
        let largest = k.input("largest", register(self.source.dtype().real()));
        let [v, r] = ["v", "r"].map(|name| Elements::input(k, name, work));
        let out = self.source.output(k, "out");
        each_entry(k, |[n, _], t, [matrix, row, column]| {
            let (i, j) = if self.transposed {
                (row, column)
            } else {
                (column, row)
            };
            let (_, finite) = scale_of(largest.load(matrix));
            let line = |i: Val| (matrix * n + i) * n + j;
            // V S = Q R, and S is not negative: V is Q times the phases of R's diagonal.
            let value = v.load(line(i)) * phase(work, r.load(line(j)));
            out.store(t, value.conj());
            if_(!finite, || out.store_nan(t));
        });
    }
}

/// x / |x|, or 1 for x that is 0 or nearly.
fn phase(dtype: DType, x: Value) -> Value {
    let size = largest_part(x);
    let tiny = if size.ty() == Ty::F64 { 1e-300 } else { 1e-37 };
    let none = !size.gt(tiny);
    let one = lifted(dtype, lit(size.ty(), 1));
    let near = over(
        arithmetic::select(none, one, x),
        select(none, lit(size.ty(), 1), size),
    );
    over(near, square(near).sqrt())
}
