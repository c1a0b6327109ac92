//! Running sums and products of rows. A long row is cut into chunks. A first kernel reduces each chunk; the scan of
//! these totals gives the value that each chunk starts with.

use array_api_spec::{Layout, Program, Result, ScanOp, Strided, backend::Initial};

use super::{
    GROUP, Gpu,
    elementwise::Fused,
    kernel::ir::{Kernel, for_, if_},
    memory::Memory,
    packing::{Elements, Positions},
    reduction::{Reduction, Slot},
    runtime::Runtime,
};

/// Elements that one thread goes through.
const CHUNK: usize = 512;

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
        let kernel = Kernel::build("scan", GROUP, |k| {
            let source = (n > 0).then(|| Fused::new(k, x));
            let starts = starts
                .is_some()
                .then(|| Elements::input(k, "starts", dtype));
            let out = Elements::output(k, "out", dtype);
            let place = Positions::new(k, "to", layout);
            let (threads, chunks) = (
                k.size("threads", (rows * chunks) as isize),
                k.size("chunks", chunks as isize),
            );
            let (length, chunk) = (
                k.size("length", n as isize),
                k.size("chunk", CHUNK as isize),
            );
            let thread = k.thread();
            if_(thread.lt(threads), || {
                let (row, number) = (thread / chunks, thread % chunks);
                let start = match (starts, reduction.start(dtype)) {
                    (Some(starts), _) => starts.load(row * (chunks + 1) + number),
                    (None, Some(start)) => start,
                    (None, None) => unreachable!("sums and products start with a constant"),
                };
                let running = Slot::new(start);
                let first = number * chunk;
                let row_start = match initial {
                    Initial::Omitted => row * length,
                    Initial::Included => row * (length + 1) + 1,
                };
                if initial == Initial::Included {
                    if_(number.eq(0), || {
                        out.store(place.at(row * (length + 1)), running.get());
                    });
                }
                if let Some(source) = &source {
                    for_(first, (first + chunk).min(length), 1, |i| {
                        running.set(reduction.combine(
                            dtype,
                            running.get(),
                            source.at(row * length + i),
                        ));
                        out.store(place.at(row_start + i), running.get());
                    });
                }
            });
        });
        let mut buffers: Vec<&Memory<R>> = Vec::new();
        if n > 0 {
            buffers.extend(x.inputs.iter().map(|i| &i.storage));
        }
        buffers.extend(&starts);
        buffers.push(&out);
        self.launch(&kernel, &buffers, rows * chunks)?;
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
        let kernel = Kernel::build("chunk_totals", GROUP, |k| {
            let source = Fused::new(k, x);
            let out = Elements::output(k, "out", dtype);
            let (threads, chunks) = (
                k.size("threads", (rows * chunks) as isize),
                k.size("chunks", chunks as isize),
            );
            let (length, chunk) = (
                k.size("length", n as isize),
                k.size("chunk", CHUNK as isize),
            );
            let thread = k.thread();
            if_(thread.lt(threads), || {
                let (row, first) = (thread / chunks, (thread % chunks) * chunk);
                let Some(start) = op.start(dtype) else { return };
                let total = Slot::new(start);
                for_(first, (first + chunk).min(length), 1, |i| {
                    total.set(op.combine(dtype, total.get(), source.at(row * length + i)));
                });
                out.store(thread, total.get());
            });
        });
        let mut buffers: Vec<&Memory<R>> = x.inputs.iter().map(|i| &i.storage).collect();
        buffers.push(&out);
        self.launch(&kernel, &buffers, rows * chunks)?;
        Ok(out)
    }
}
