//! A stable merge sort of (key, position) pairs. Keys are unsigned integers in the order of the values.

use array_api_spec::{
    DType, Layout, Op, Program, Result, Strided,
    backend::{ElementwiseBackend, Order, SortingBackend},
};

use super::{
    Gpu,
    kernel::{
        element::Value,
        ir::{Builder, Ty, Val, break_, for_, if_, if_else, lit, loop_, select, var, while_},
    },
    kernels::KernelBody,
    memory::Memory,
    packing::{Axes, Elements, Positions},
    runtime::Runtime,
};

/// One thread sorts this many elements by insertion, and in each merge writes this many.
const RUN: usize = 16;

impl<R: Runtime> SortingBackend for Gpu<R> {
    fn argsort(&self, x: &Strided<Memory<R>>, axis: usize, order: Order) -> Result<Memory<R>> {
        let (n, size) = (x.shape()[axis], x.layout.size());
        let dtype = self.index_dtype();
        if size == 0 {
            return self.allocate(0, dtype);
        }
        self.check_size(size)?;
        let last: Vec<usize> = (0..x.shape().len())
            .filter(|&a| a != axis)
            .chain([axis])
            .collect();
        let rows = x.layout.permute(&last);
        let by_rows = x.with_layout(rows.clone());
        let by_rows = if self.compiles() {
            by_rows
        } else {
            self.contiguous(&by_rows)?
        };
        let mut sorted = self.sorted_runs(&by_rows, n, order)?;
        let key_dtype = key_dtype(x.dtype);
        let mut width = RUN;
        while width < n {
            sorted = self.merge(&sorted, key_dtype, size, n, width)?;
            width *= 2;
        }
        // Moves the axis back to its place, and converts to the index dtype.
        let place = |a: usize| last.iter().position(|&o| o == a).unwrap_or(a);
        let back: Vec<usize> = (0..last.len()).map(place).collect();
        let positions = Strided {
            storage: sorted.1,
            layout: Layout::contiguous(rows.shape()).permute(&back),
            dtype: DType::UInt32,
        };
        let mut program = Program::input(positions);
        program.push(Op::Cast(0), dtype);
        self.evaluate(&program)
    }
}

fn key_dtype(dtype: DType) -> DType {
    if dtype.size() == 8 {
        DType::UInt64
    } else {
        DType::UInt32
    }
}

/// The key of a value: ascending with the values, equal for -0 and 0, largest for NaN.
fn key(x: Val, order: Order) -> Val {
    let unsigned = x.ty().unsigned();
    let sign = lit(Ty::U32, 1).to(unsigned) << (unsigned.bits() - 1);
    let up = match x.ty() {
        Ty::F32 | Ty::F64 => {
            let bits = select(x.eq(lit(x.ty(), 0)), lit(unsigned, 0), x.bits());
            select((bits & sign).ne(lit(unsigned, 0)), !bits, bits | sign)
        }
        Ty::I32 | Ty::I64 => x.bits() ^ sign,
        _ => x,
    };
    let directed = match order {
        Order::Ascending => up,
        Order::Descending => !up,
    };
    if x.ty().is_float() {
        select(x.is_nan(), !lit(unsigned, 0), directed)
    } else {
        directed
    }
}

impl<R: Runtime> Gpu<R> {
    /// Keys and positions of rows of length `n`, sorted in runs of [`RUN`].
    fn sorted_runs(
        &self,
        x: &Strided<Memory<R>>,
        n: usize,
        order: Order,
    ) -> Result<(Memory<R>, Memory<R>)> {
        let size = x.layout.size();
        let key_dtype = key_dtype(x.dtype);
        let (keys, positions) = (
            self.allocate(size, key_dtype)?,
            self.allocate(size, DType::UInt32)?,
        );
        let (rows, runs) = (size / n, n.div_ceil(RUN));
        let kernel = SortRuns {
            dtype: x.dtype,
            from: Axes::of(&x.layout),
            order,
        };
        let threads = rows * runs;
        self.run(kernel, threads, |args| {
            args.buffer("x", &x.storage)
                .buffer("keys", &keys)
                .buffer("positions", &positions);
            args.layout("x", &x.layout)
                .size("threads", threads)
                .size("n", n)
                .size("runs", runs);
        })?;
        Ok((keys, positions))
    }

    /// Merges neighbouring sorted runs of `width` elements. Every thread writes [`RUN`] elements; a binary search finds
    /// where they start in both runs.
    fn merge(
        &self,
        sorted: &(Memory<R>, Memory<R>),
        key_dtype: DType,
        size: usize,
        n: usize,
        width: usize,
    ) -> Result<(Memory<R>, Memory<R>)> {
        let (keys, positions) = (
            self.allocate(size, key_dtype)?,
            self.allocate(size, DType::UInt32)?,
        );
        let (rows, blocks) = (size / n, n.div_ceil(RUN));
        let threads = rows * blocks;
        self.run(SortMerge { key_dtype }, threads, |args| {
            args.buffer("old_keys", &sorted.0)
                .buffer("old_positions", &sorted.1)
                .buffer("keys", &keys)
                .buffer("positions", &positions);
            args.size("n", n)
                .size("width", width)
                .size("threads", threads)
                .size("blocks", blocks);
        })?;
        Ok((keys, positions))
    }
}

/// Keys and positions of rows, sorted in runs by insertion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SortRuns {
    dtype: DType,
    from: Axes,
    order: Order,
}

impl KernelBody for SortRuns {
    fn name(&self) -> &'static str {
        "sort_runs"
    }

    fn record(&self, k: Builder) {
        let source = Elements::input(k, "x", self.dtype);
        let keys = Elements::output(k, "keys", key_dtype(self.dtype));
        let positions = Elements::output(k, "positions", DType::UInt32);
        let from = Positions::new(k, "x", self.from);
        let threads = k.size("threads");
        let (n, runs) = (k.size("n"), k.size("runs"));
        let thread = k.thread();
        if_(thread.lt(threads), || {
            let (row, first) = ((thread / runs) * n, (thread % runs) * RUN as u32);
            for_(first, (first + RUN as u32).min(n), 1, |i| {
                let x = source.load(from.at(row + i)).real();
                let x = if x.ty() == Ty::Bool { x.to(Ty::U32) } else { x };
                let key = key(x, self.order);
                // Larger keys before the element move up. Equal ones stay, which makes the sort stable.
                let hole = var(i);
                loop_(|| {
                    if_(hole.get().le(first), break_);
                    let before = row + hole.get() - 1;
                    let other = keys.load(before).real();
                    if_(other.le(key), break_);
                    keys.store(before + 1, Value::Real(other));
                    positions.store(before + 1, positions.load(before));
                    hole.set(hole.get() - 1);
                });
                keys.store(row + hole.get(), Value::Real(key));
                positions.store(row + hole.get(), Value::Real(i));
            });
        });
    }
}

/// Merges neighbouring sorted runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SortMerge {
    key_dtype: DType,
}

impl KernelBody for SortMerge {
    fn name(&self) -> &'static str {
        "sort_merge"
    }

    fn record(&self, k: Builder) {
        let old_keys = Elements::input(k, "old_keys", self.key_dtype);
        let old_positions = Elements::input(k, "old_positions", DType::UInt32);
        let keys = Elements::output(k, "keys", self.key_dtype);
        let positions = Elements::output(k, "positions", DType::UInt32);
        let (n, width) = (k.size("n"), k.size("width"));
        let (threads, blocks) = (k.size("threads"), k.size("blocks"));
        let thread = k.thread();
        if_(thread.lt(threads), || {
            let (row, first) = ((thread / blocks) * n, (thread % blocks) * RUN as u32);
            // The left run is a..b, the right one b..c. This thread writes their merged elements from number `skip`
            // on.
            let a = first - first % (width * 2);
            let b = (a + width).min(n);
            let c = (b + width).min(n);
            let skip = first - a;
            let key = |at: Val| old_keys.load(row + at).real();
            // Searches how many of the first `skip` merged elements come from the left run.
            let low = var(select(skip.gt(c - b), skip - (c - b), lit(Ty::U32, 0)));
            let high = var(skip.min(b - a));
            while_(
                || low.get().lt(high.get()),
                || {
                    let middle = (low.get() + high.get()) / 2;
                    let right_first = key(b + skip - middle - 1).lt(key(a + middle));
                    if_else(right_first, || high.set(middle), || low.set(middle + 1));
                },
            );
            let left = var(a + low.get());
            let right = var(b + skip - low.get());
            for_(first, (first + RUN as u32).min(c), 1, |i| {
                let take_left = var(left.get().lt(b));
                if_(take_left.get() & right.get().lt(c), || {
                    take_left.set(key(left.get()).le(key(right.get())));
                });
                let at = select(take_left.get(), left.get(), right.get());
                keys.store(row + i, old_keys.load(row + at));
                positions.store(row + i, old_positions.load(row + at));
                if_else(
                    take_left.get(),
                    || left.set(left.get() + 1),
                    || right.set(right.get() + 1),
                );
            });
        });
    }
}
