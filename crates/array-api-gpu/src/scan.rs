//! Running sums and products of rows. A long row is cut into chunks. A first kernel reduces each chunk; the scan of
//! these totals gives the value that each chunk starts with.

use array_api_spec::{DType, Layout, Program, Result, ScanOp, Strided, backend::Initial};

use super::{
    Gpu,
    elementwise::{Fused, Fusion},
    kernel::ir::{Builder, for_, if_},
    kernels::{Bindings, KernelBody},
    memory::Memory,
    packing::{Axes, Elements, Positions},
    reduction::{Reduction, Slot},
    runtime::Runtime,
};

/// Elements that one thread goes through.
const CHUNK: usize = 512;

/// How rows are divided: threads, chunks of a row, and the lengths of both.
const CHUNKS: [&str; 4] = ["threads", "chunks", "length", "chunk"];

impl<R: Runtime> Bindings<'_, '_, R> {
    /// Values for [`CHUNKS`].
    fn chunks(&mut self, threads: usize, chunks: usize, length: usize) {
        for (name, value) in CHUNKS.iter().zip([threads, chunks, length, CHUNK]) {
            self.size(name, value);
        }
    }
}

impl<R: Runtime> Gpu<R> {
    /// Scans along the last axis of a program, of length `n`. The result is stored through `layout`, whose last axis
    /// may be one longer.
    pub(super) fn scan_rows(
        &self,
        op: ScanOp,
        x: &Program<Memory<R>>,
        n: usize,
        layout: &Layout,
        initial: Initial,
    ) -> Result<Memory<R>> {
        let dtype = x.dtype();
        let out = self.allocate(layout.size(), dtype)?;
        if layout.size() == 0 {
            return Ok(out);
        }
        self.check_size(layout.size())?;
        let rows = layout.size() / (n + initial.length());
        let reduction = match op {
            ScanOp::Sum => Reduction::Sum,
            ScanOp::Prod => Reduction::Prod,
        };
        let chunks = n.div_ceil(CHUNK).max(1);
        let starts = if chunks > 1 {
            // The total of each chunk, then the total of all chunks before each one.
            let totals = self.chunk_totals(reduction, x, n, rows, chunks)?;
            let totals = Program::input(Strided::contiguous(totals, &[rows, chunks], dtype));
            let layout = Layout::contiguous(&[rows, chunks + 1]);
            Some(self.scan_rows(op, &totals, chunks, &layout, Initial::Included)?)
        } else {
            None
        };
        let (fusion, layouts) = Fusion::of(x);
        let kernel = Scan {
            source: (n > 0).then_some(fusion),
            op: reduction,
            dtype,
            has_starts: starts.is_some(),
            to: Axes::of(layout),
            initial,
        };
        let threads = rows * chunks;
        self.run(kernel, threads, |args| {
            if n > 0 {
                args.program(x, &layouts);
            }
            if let Some(starts) = &starts {
                args.buffer("starts", starts);
            }
            args.buffer("out", &out).layout("to", layout);
            args.chunks(threads, chunks, n);
        })?;
        Ok(out)
    }

    /// The sum or product of each chunk of each row.
    fn chunk_totals(
        &self,
        op: Reduction,
        x: &Program<Memory<R>>,
        n: usize,
        rows: usize,
        chunks: usize,
    ) -> Result<Memory<R>> {
        let dtype = x.dtype();
        let out = self.allocate(rows * chunks, dtype)?;
        let (source, layouts) = Fusion::of(x);
        let threads = rows * chunks;
        self.run(ChunkTotals { source, op }, threads, |args| {
            args.program(x, &layouts).buffer("out", &out);
            args.chunks(threads, chunks, n);
        })?;
        Ok(out)
    }
}

/// Running sums or products of the chunks of rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scan {
    /// `None` for rows without elements.
    source: Option<Fusion>,
    op: Reduction,
    dtype: DType,
    /// Whether each chunk starts with a value of its own.
    has_starts: bool,
    to: Axes,
    initial: Initial,
}

impl KernelBody for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn record(&self, k: Builder) {
        let dtype = self.dtype;
        let source = self.source.as_ref().map(|source| Fused::new(k, source));
        let starts = self.has_starts.then(|| Elements::input(k, "starts", dtype));
        let out = Elements::output(k, "out", dtype);
        let place = Positions::new(k, "to", self.to);
        let [threads, chunks, length, chunk] = CHUNKS.map(|name| k.size(name));
        let thread = k.thread();
        if_(thread.lt(threads), || {
            let (row, number) = (thread / chunks, thread % chunks);
            let start = match (starts, self.op.start(dtype)) {
                (Some(starts), _) => starts.load(row * (chunks + 1) + number),
                (None, Some(start)) => start,
                (None, None) => unreachable!("sums and products start with a constant"),
            };
            let running = Slot::new(start);
            let first = number * chunk;
            let row_start = match self.initial {
                Initial::Omitted => row * length,
                Initial::Included => row * (length + 1) + 1,
            };
            if self.initial == Initial::Included {
                if_(number.eq(0), || {
                    out.store(place.at(row * (length + 1)), running.get());
                });
            }
            if let Some(source) = &source {
                for_(first, (first + chunk).min(length), 1, |i| {
                    running.set(
                        self.op
                            .combine(dtype, running.get(), source.at(row * length + i)),
                    );
                    out.store(place.at(row_start + i), running.get());
                });
            }
        });
    }
}

/// The sum or product of each chunk of each row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ChunkTotals {
    source: Fusion,
    op: Reduction,
}

impl KernelBody for ChunkTotals {
    fn name(&self) -> &'static str {
        "chunk_totals"
    }

    fn record(&self, k: Builder) {
        let dtype = self.source.dtype();
        let source = Fused::new(k, &self.source);
        let out = Elements::output(k, "out", dtype);
        let [threads, chunks, length, chunk] = CHUNKS.map(|name| k.size(name));
        let thread = k.thread();
        if_(thread.lt(threads), || {
            let (row, first) = (thread / chunks, (thread % chunks) * chunk);
            let Some(start) = self.op.start(dtype) else {
                return;
            };
            let total = Slot::new(start);
            for_(first, (first + chunk).min(length), 1, |i| {
                total.set(
                    self.op
                        .combine(dtype, total.get(), source.at(row * length + i)),
                );
            });
            out.store(thread, total.get());
        });
    }
}
