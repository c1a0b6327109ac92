//! Indexing and searching.

use array_api_spec::{
    DType, HostBuffer, Layout, Op, Program, Result, ScanOp, Strided,
    backend::{
        ArrayObjectBackend, ElementwiseBackend, IndexingBackend, Initial, StatisticalBackend,
    },
    shape::size,
};

use super::{
    Gpu,
    kernel::{
        element::{Value, register},
        ir::{Builder, Ty, Val, if_, lit, select, var, while_},
    },
    kernels::KernelBody,
    memory::{Memory, words},
    packing::{Axes, Elements, Positions},
    prebuilt::bits,
    runtime::Runtime,
};

/// `nonzero` downloads up to this many positions together with their count.
const FEW: usize = 511;

impl<R: Runtime> IndexingBackend for Gpu<R> {
    fn gather(
        &self,
        x: &Strided<Memory<R>>,
        indices: &Strided<Memory<R>>,
        axis: usize,
    ) -> Result<Memory<R>> {
        self.gather_as("gather", x, &self.as_index(indices)?, axis)
    }

    fn nonzero(&self, x: &Program<Memory<R>>) -> Result<(Memory<R>, usize)> {
        let n = x.size();
        let dtype = self.index_dtype();
        if n == 0 {
            return Ok((self.allocate(0, dtype)?, 0));
        }
        // A running sum: how many elements before each one are true, and how many in all.
        let mut ones = x.clone();
        let last = ones.steps.len() - 1;
        ones.push(Op::Cast(last), DType::UInt32);
        let before = self.scan_all(ScanOp::Sum, &ones)?;
        let (few, total) = self.first_positions(&before, n)?;
        if total <= FEW {
            return Ok((few, total));
        }
        let out = self.allocate(total, dtype)?;
        self.run(Nonzero { dtype }, n, |args| {
            args.buffer("before", &before).buffer("out", &out);
            args.size("n", n);
        })?;
        Ok((out, total))
    }
}

impl<R: Runtime> Gpu<R> {
    /// The dtype of indices: `int64` where the device has it.
    pub(super) fn index_dtype(&self) -> DType {
        if self.runtime.properties().int64 {
            DType::Int64
        } else {
            DType::Int32
        }
    }

    /// A scan over all elements in row-major order, which starts with 0.
    fn scan_all(&self, op: ScanOp, x: &Program<Memory<R>>) -> Result<Memory<R>> {
        let n = x.size();
        let one_axis = |layout: Layout| match layout.ndim() {
            0 => Some(layout.insert_axis(0)),
            1 => Some(layout),
            _ => None,
        };
        // A scan reads one axis. A program whose axes cannot be merged into one is materialized first.
        let merged: Option<Vec<Layout>> = x.collapsed_layouts().into_iter().map(one_axis).collect();
        let indexed = x.steps.iter().any(|s| matches!(s.op, Op::Index(_)));
        let flat = match merged {
            Some(layouts) if !indexed || x.shape.len() == 1 => Program {
                shape: vec![n],
                inputs: x
                    .inputs
                    .iter()
                    .zip(layouts)
                    .map(|(i, l)| i.with_layout(l))
                    .collect(),
                steps: x.steps.clone(),
            },
            _ => Program::input(Strided::contiguous(self.evaluate(x)?, &[n], x.dtype())),
        };
        self.scan(op, &flat, 0, Initial::Included)
    }

    /// The positions of the first true elements, and the count of all. `before` holds, for each of `n` elements, how
    /// many true ones precede it, and then the count. Positions and count come in one download, so the host knows both.
    fn first_positions(&self, before: &Memory<R>, n: usize) -> Result<(Memory<R>, usize)> {
        let (dtype, few) = (self.index_dtype(), n.min(FEW));
        let out = self.allocate(few + 1, dtype)?;
        self.run(FirstNonzero { dtype }, few + 1, |args| {
            args.buffer("before", before).buffer("out", &out);
            args.size("n", n).size("few", few);
        })?;
        let mut found = Strided::contiguous(out, &[few + 1], dtype);
        let mut positions: Vec<i64> = self.download(&found)?.into_vec("nonzero")?;
        let total = positions.pop().unwrap_or(0) as usize;
        positions.truncate(total);
        let positions = HostBuffer::Int64(positions).to_dtype("nonzero", dtype)?;
        found.storage.learn(positions.as_bytes());
        Ok((found.storage, total))
    }

    /// `out[i…] = x[i… with indices[…] on axis]`; the indices have the result's shape.
    fn gather_as(
        &self,
        name: &'static str,
        x: &Strided<Memory<R>>,
        indices: &Strided<Memory<R>>,
        axis: usize,
    ) -> Result<Memory<R>> {
        let shape = indices.shape();
        let n = indices.layout.size();
        if n == 0 {
            return self.allocate(0, x.dtype);
        }
        self.check_size(n)?;
        self.check_reach(&x.layout, x.dtype.size())?;
        if self.compiles() {
            // The other axes' share of the position comes from `base`, a layout with stride 0 along `axis`.
            let mut strides = x.layout.strides().to_vec();
            let stride = std::mem::take(&mut strides[axis]);
            let base = Layout::new(shape, &strides, x.layout.offset());
            return self.gather_at(name, x, indices, &base, (x.shape()[axis], stride));
        }
        // The fixed kernels take three axes: those before `axis`, `axis`, and those after it. Indices that vary along
        // `axis` only need no copy.
        let inner = size(&shape[axis + 1..]);
        let merged = [n / shape[axis] / inner, shape[axis], inner];
        let is_spread = |(a, &s): (usize, &isize)| a == axis || s == 0;
        let indices = if indices.layout.strides().iter().enumerate().all(is_spread) {
            let strides = [0, indices.layout.strides()[axis], 0];
            indices.with_layout(Layout::new(&merged, &strides, indices.layout.offset()))
        } else {
            let contiguous = self.contiguous(indices)?;
            contiguous.with_layout(Layout::contiguous(&merged))
        };
        let length = x.shape()[axis];
        let base = Layout::new(&merged, &[(length * inner) as isize, 0, 1], 0);
        let x = Strided {
            dtype: bits(x.dtype),
            ..self.contiguous(x)?
        };
        self.gather_at(name, &x, &indices, &base, (length, inner as isize))
    }

    /// `out[i…] = x[base[i…] + indices[i…] · stride]`, with indices of an axis of this length.
    fn gather_at(
        &self,
        name: &'static str,
        x: &Strided<Memory<R>>,
        indices: &Strided<Memory<R>>,
        base: &Layout,
        (length, stride): (usize, isize),
    ) -> Result<Memory<R>> {
        let (n, dtype) = (indices.layout.size(), x.dtype);
        let out = self.allocate(n, dtype)?;
        let kernel = Gather {
            name,
            dtype,
            index: indices.dtype,
            indices: Axes::of(&indices.layout),
            base: Axes::of(base),
        };
        self.run(kernel, words(n, dtype), |args| {
            args.buffer("x", &x.storage)
                .buffer("indices", &indices.storage)
                .buffer("out", &out);
            args.layout("index", &indices.layout)
                .layout("base", base)
                .size("length", length)
                .stride("stride", stride)
                .size("n", n);
        })?;
        Ok(out)
    }

    /// Indices in the index dtype, the only one that the fixed kernels take.
    fn as_index(&self, indices: &Strided<Memory<R>>) -> Result<Strided<Memory<R>>> {
        let dtype = self.index_dtype();
        if self.compiles() || indices.dtype == dtype {
            return Ok(indices.clone());
        }
        let mut program = Program::input(indices.clone());
        program.push(Op::Cast(0), dtype);
        let values = self.evaluate(&program)?;
        Ok(Strided::contiguous(values, indices.shape(), dtype))
    }

    /// `x[…, indices, …]` along an axis.
    pub(super) fn take_axis(
        &self,
        x: &Strided<Memory<R>>,
        indices: &Strided<Memory<R>>,
        axis: usize,
    ) -> Result<Memory<R>> {
        let indices = self.as_index(indices)?;
        let mut shape = x.shape().to_vec();
        shape[axis] = indices.layout.size();
        let mut strides = vec![0; shape.len()];
        strides[axis] = indices.layout.strides()[0];
        let spread = Layout::new(&shape, &strides, indices.layout.offset());
        self.gather_as("take", x, &indices.with_layout(spread), axis)
    }
}

/// The positions of all true elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Nonzero {
    dtype: DType,
}

impl KernelBody for Nonzero {
    fn name(&self) -> &'static str {
        "nonzero"
    }

    fn record(&self, k: Builder) {
        let before = Elements::input(k, "before", DType::UInt32);
        let out = Elements::output(k, "out", self.dtype);
        let n = k.size("n");
        let i = k.thread();
        if_(i.lt(n), || {
            let (here, next) = (before.load(i).real(), before.load(i + 1).real());
            if_(here.ne(next), || {
                out.store(here, Value::Real(i.to(register(self.dtype))));
            });
        });
    }
}

/// The positions of the first true elements, then the count of all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FirstNonzero {
    dtype: DType,
}

impl KernelBody for FirstNonzero {
    fn name(&self) -> &'static str {
        "first_nonzero"
    }

    fn record(&self, k: Builder) {
        let before = Elements::input(k, "before", DType::UInt32);
        let out = Elements::output(k, "out", self.dtype);
        let (n, few) = (k.size("n"), k.size("few"));
        let i = k.thread();
        let put = |x: Val| out.store(i, Value::Real(x.to(register(self.dtype))));
        if_(i.lt(few), || {
            // A binary search for the first element up to which more than i are true.
            let (low, high) = (var(lit(Ty::U32, 0)), var(n));
            while_(
                || low.get().lt(high.get()),
                || {
                    let middle = (low.get() + high.get()) / 2;
                    let is_behind = before.load(middle + 1).real().gt(i);
                    high.set(select(is_behind, middle, high.get()));
                    low.set(select(is_behind, low.get(), middle + 1));
                },
            );
            put(low.get());
        });
        if_(i.eq(few), || put(before.load(n).real()));
    }
}

/// `out[i…] = x[base[i…] + indices[i…] · stride]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Gather {
    name: &'static str,
    dtype: DType,
    /// The dtype of the indices.
    index: DType,
    indices: Axes,
    base: Axes,
}

impl KernelBody for Gather {
    fn name(&self) -> &'static str {
        self.name
    }

    fn record(&self, k: Builder) {
        let source = Elements::input(k, "x", self.dtype);
        let index = Elements::input(k, "indices", self.index);
        let target = Elements::output(k, "out", self.dtype);
        let (from, base) = (
            Positions::new(k, "index", self.indices),
            Positions::new(k, "base", self.base),
        );
        let (length, stride) = (k.size("length"), k.size("stride"));
        let n = k.size("n");
        target.fill(k, n, |i| {
            let at = from_the_end(index.load(from.at(i)).real(), length);
            source.load(base.at(i) + at * stride)
        });
    }
}

/// The position in 0..n for an index in -n..n.
fn from_the_end(index: Val, length: Val) -> Val {
    let at = index.to(Ty::U32);
    let negative = index.lt(lit(index.ty(), 0));
    select(negative, at + length, at)
}
