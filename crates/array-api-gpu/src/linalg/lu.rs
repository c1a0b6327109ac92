//! LU factors with partial pivoting: three launches for every panel of columns.
//!
//! A panel's rows live in the registers of one work-group. They turn round by one place a column, so that one loop body
//! serves all columns.

use array_api_host::{dispatch_floating, linalg};
use array_api_spec::{
    BinaryOp, DType, Element, HostBuffer, Layout, Result, Strided, backend::ArrayObjectBackend,
    shape::size,
};

use super::{
    matrix::{Source, each_element, ldexp, scale_of, stack, u, where_},
    update::Place,
};
use crate::{
    Gpu,
    kernel::{
        arithmetic,
        element::{Value, register},
        ir::{Builder, Mem, Ty, Val, barrier, for_, if_, lit, select, var},
    },
    kernels::KernelBody,
    memory::Memory,
    packing::Elements,
    reduction::Slot,
    runtime::Runtime,
};

/// Threads of the work-group that factorises a panel.
const THREADS: u32 = 256;
/// 32-bit registers in which a thread keeps its rows of the panel.
const REGISTERS: usize = 32;
/// Least columns of a panel.
const NARROWEST: usize = 2;

/// How a panel is divided among threads: rows of each, and columns. It has at most 2048 rows in `float64`, 4096 in
/// `float32`, 512 in `complex128` and 1024 in `complex64`; larger matrices go to the host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    each: usize,
    width: usize,
}

impl Panel {
    /// All panels of matrices of order n, with the first column of each and how many of its columns there are; none if
    /// n rows are too many for one work-group.
    pub(super) fn all(
        dtype: DType,
        n: usize,
    ) -> impl DoubleEndedIterator<Item = (Self, usize, usize)> {
        let mut panels = Vec::new();
        let mut first = 0;
        while first < n
            && let Some(panel) = Self::of(dtype, n - first)
        {
            let used = panel.width.min(n - first);
            panels.push((panel, first, used));
            first += used;
        }
        panels.into_iter()
    }

    /// The panel for so many rows; `None` if they are too many for one work-group.
    pub(super) fn of(dtype: DType, rows: usize) -> Option<Self> {
        let each = rows.div_ceil(THREADS as usize).next_power_of_two();
        // The quotients of complex numbers need registers, too.
        let registers = if dtype.is_complex() {
            REGISTERS / 2
        } else {
            REGISTERS
        };
        let elements = registers * 4 / dtype.size();
        let width = elements / each;
        (width >= NARROWEST).then_some(Self { each, width })
    }
}

impl<R: Runtime> Gpu<R> {
    /// L and U in one, and the exchanged rows.
    pub(super) fn lu_factors(&self, x: &Strided<Memory<R>>) -> Result<[Memory<R>; 2]> {
        let n = x.shape()[x.layout.ndim() - 1];
        if self.factorises(x) && Panel::of(self.work_dtype(x.dtype), n).is_some() {
            return self.lu_by_kernels(&self.readable(x)?);
        }
        let layout = Layout::contiguous(x.shape());
        let (factors, rows) = dispatch_floating!("lu", x.dtype, T => {
            let (factors, rows) = linalg::lu(&self.values::<T>(x)?, &layout)?;
            Ok((T::into_buffer(factors), rows))
        })?;
        let rows: Vec<i64> = rows.into_iter().map(|row| row as i64).collect();
        let rows = HostBuffer::Int64(rows).to_dtype("lu", self.index_dtype())?;
        Ok([self.upload(factors)?, self.upload(rows)?])
    }

    fn lu_by_kernels(&self, x: &Strided<Memory<R>>) -> Result<[Memory<R>; 2]> {
        let (batch, [n, _]) = stack(&x.layout);
        let (batches, elements) = (size(&batch), x.layout.size());
        let source = Source::of(x, self.work_dtype(x.dtype));
        let [a, largest] = self.scaled(x, &source)?;
        let pivots = self.allocate(batches * n, DType::UInt32)?;
        self.factorise_panels(source.work, &a, &pivots, n, batches)?;
        let out = self.allocate(elements, x.dtype)?;
        let index = self.index_dtype();
        let rows = self.allocate(batches * n, index)?;
        self.run(LuFinish { source, index }, elements, |args| {
            args.buffer("largest", &largest)
                .buffer("a", &a)
                .buffer("pivots", &pivots)
                .buffer("out", &out)
                .buffer("rows", &rows);
            args.elements(n, elements);
        })?;
        Ok([out, rows])
    }

    /// Factorises the `(n, n)` matrices of `a` in place. `pivots (batches, n)` become the exchanged rows.
    pub(super) fn factorise_panels(
        &self,
        dtype: DType,
        a: &Memory<R>,
        pivots: &Memory<R>,
        n: usize,
        batches: usize,
    ) -> Result<()> {
        for (Panel { each, width }, first, used) in Panel::all(dtype, n) {
            let kernel = LuPanel { dtype, each, width };
            self.run(kernel, batches * THREADS as usize, |args| {
                args.buffer("a", a).buffer("pivots", pivots);
                args.size("n", n).size("first", first);
            })?;
            let panel = (first, used);
            self.lu_rows(dtype, [a, pivots], &Columns::Beside, n, panel, batches)?;
            let next = first + used;
            if next < n {
                let part = |i, j| Place::from(a, (n, n), (i, j));
                let places = [part(next, next), part(next, first), part(first, next)];
                self.update(dtype, [n - next, n - next, used], batches, places, false)?;
            }
        }
        Ok(())
    }

    /// Works on columns with the pivots and the L of a panel.
    pub(super) fn lu_rows(
        &self,
        dtype: DType,
        [a, pivots]: [&Memory<R>; 2],
        columns: &Columns<'_, R>,
        n: usize,
        (first, width): (usize, usize),
        batches: usize,
    ) -> Result<()> {
        let (task, right, others) = match *columns {
            Columns::Beside => (Task::Both, None, n - width),
            Columns::Exchange(right, count) => (Task::Exchange, Some(right), count),
            Columns::Solve(right, count) => (Task::Solve, Some(right), count),
        };
        self.run(LuRows { dtype, task }, others * batches, |args| {
            if task != Task::Exchange {
                args.buffer("a", a);
            }
            if task != Task::Solve {
                args.buffer("pivots", pivots);
            }
            if let Some(right) = right {
                args.buffer("right", right);
            }
            args.size("n", n)
                .size("first", first)
                .size("width", width)
                .size("others", others)
                .size("threads", others * batches);
        })
    }
}

/// The columns that [`Gpu::lu_rows`] works on.
pub(super) enum Columns<'m, R: Runtime> {
    /// Those beside the panel: rows are exchanged, and those to the right are solved for.
    Beside,
    /// So many right-hand sides, whose rows are exchanged.
    Exchange(&'m Memory<R>, usize),
    /// So many right-hand sides, which are solved for.
    Solve(&'m Memory<R>, usize),
}

/// Factorises a panel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LuPanel {
    dtype: DType,
    /// Rows of a thread.
    each: usize,
    /// Columns of the panel.
    width: usize,
}

impl KernelBody for LuPanel {
    fn name(&self) -> &'static str {
        "lu_panel"
    }

    fn workgroup(&self) -> u32 {
        THREADS
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let Self { dtype, each, width } = *self;
        let real = register(dtype.real());
        let a = Elements::output(k, "a", dtype);
        let pivots = k.output("pivots", Ty::U32);
        let (n, first) = (k.size("n"), k.size("first"));
        let best = k.shared("best", real, THREADS as usize);
        let place = k.shared("place", Ty::U32, THREADS as usize);
        let [upper, lower] = ["upper", "lower"].map(|name| Elements::shared(k, name, dtype, width));
        let (t, group) = (k.local(), k.group());
        let base = group * n * n;
        let columns = u(width as u32).min(n - first);
        let row = |q: usize| first + t + q as u32 * THREADS;
        let zero = || Value::whole(dtype, 0);
        // own[q][i]: at step c, column (c + i) mod width of the thread's q-th row.
        let own: Vec<Vec<Slot>> = (0..each)
            .map(|q| {
                let value = |i: u32| {
                    let inside = row(q).lt(n) & columns.gt(i);
                    where_(inside, zero(), || a.load(base + row(q) * n + first + i))
                };
                (0..width as u32).map(|i| Slot::new(value(i))).collect()
            })
            .collect();
        for_(u(0), u(width as u32), 1, |c| {
            let top = first + c;
            let candidates: Vec<(Val, Val, Val)> = own
                .iter()
                .enumerate()
                .map(|(q, own)| {
                    let may_be = row(q).ge(top) & row(q).lt(n);
                    (may_be, own[0].get().magnitude(), row(q))
                })
                .collect();
            let pivot = pivot_row(&candidates, top, t, [best, place]);
            for (q, own) in own.iter().enumerate() {
                for (wanted, copy) in [(pivot, upper), (top, lower)] {
                    if_(row(q).eq(wanted) & row(q).lt(n), || {
                        for (i, x) in own.iter().enumerate() {
                            copy.store(u(i as u32), x.get());
                        }
                    });
                }
            }
            barrier();
            let head = upper.load(u(0));
            let none = head.magnitude().eq(0.0);
            let one = Value::whole(dtype, 1);
            // The reciprocal of a tiny pivot would overflow, so both are scaled up.
            let (tiny, up) = if real == Ty::F64 {
                (-900, 500)
            } else {
                (-100, 60)
            };
            let is_tiny = head.magnitude().lt(2.0_f64.powi(tiny));
            let up = select(is_tiny, lit(real, 2.0_f64.powi(up)), lit(real, 1));
            let times = |x: Value, factor: Val| x.map(|part| part * factor);
            let divisor = arithmetic::select(none, one, times(head, up));
            let reciprocal = arithmetic::binary(BinaryOp::Divide, dtype, one, divisor);
            for (q, own) in own.iter().enumerate() {
                let (is_top, is_pivot) = (row(q).eq(top), row(q).eq(pivot));
                let exchanged = |i: usize| {
                    let (above, below) = (upper.load(u(i as u32)), lower.load(u(i as u32)));
                    let kept = arithmetic::select(is_pivot, below, own[i].get());
                    arithmetic::select(is_top, above, kept)
                };
                let old = exchanged(0);
                let is_below = row(q).gt(top);
                let quotient = times(old, up) * reciprocal;
                let l = arithmetic::select(is_below & !none, quotient, old);
                let factor = arithmetic::select(is_below & !none, l, zero());
                for i in 1..width {
                    // Columns already done turn with the others, unchanged.
                    let ahead = (c + i as u32).lt(columns);
                    let x = arithmetic::select(ahead, upper.load(u(i as u32)), zero());
                    own[i - 1].set(exchanged(i) - factor * x);
                }
                own[width - 1].set(l);
            }
            if_(t.eq(0) & c.lt(columns), || {
                pivots.store(group * n + top, pivot);
            });
            barrier();
        });
        for (q, own) in own.iter().enumerate() {
            for (i, x) in own.iter().enumerate() {
                let i = i as u32;
                if_(row(q).lt(n) & columns.gt(i), || {
                    a.store(base + row(q) * n + first + i, x.get());
                });
            }
        }
    }
}

/// The row with the largest magnitude, and of equal ones the first, among `(whether it counts, magnitude, row)` of all
/// threads. `top` if none counts.
fn pivot_row(candidates: &[(Val, Val, Val)], top: Val, t: Val, [best, place]: [Mem; 2]) -> Val {
    const SIDE: u32 = 16; // SIDE² threads
    let (value, at) = (var(lit(best.ty(), -1)), var(top));
    for &(may_be, x, row) in candidates {
        if_(may_be & x.gt(value.get()), || {
            value.set(x);
            at.set(row);
        });
    }
    best.store(t, value.get());
    place.store(t, at.get());
    barrier();
    // Some threads take as many each, then all take those.
    let better = |i: Val| {
        let (x, y) = (best.load(i), place.load(i));
        if_(
            x.gt(value.get()) | (x.eq(value.get()) & y.lt(at.get())),
            || {
                value.set(x);
                at.set(y);
            },
        );
    };
    if_(t.lt(SIDE), || {
        for_(u(1), u(SIDE), 1, |i| better(t + i * SIDE));
    });
    barrier();
    if_(t.lt(SIDE), || {
        best.store(t, value.get());
        place.store(t, at.get());
    });
    barrier();
    value.set(best.load(0));
    at.set(place.load(0));
    for_(u(1), u(SIDE), 1, better);
    at.get()
}

/// See [`Columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Task {
    Both,
    Exchange,
    Solve,
}

/// Exchanges rows of columns, and solves with a panel's L; a thread for each column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LuRows {
    dtype: DType,
    task: Task,
}

impl KernelBody for LuRows {
    fn name(&self) -> &'static str {
        "lu_rows"
    }

    fn record(&self, k: Builder) {
        let factors = match self.task {
            Task::Both => Some(Elements::output(k, "a", self.dtype)),
            Task::Exchange => None,
            Task::Solve => Some(Elements::input(k, "a", self.dtype)),
        };
        let pivots = (self.task != Task::Solve).then(|| k.input("pivots", Ty::U32));
        let is_beside = self.task == Task::Both;
        let target = match factors {
            Some(factors) if is_beside => factors,
            _ => Elements::output(k, "right", self.dtype),
        };
        let [n, first, width, others, threads] =
            ["n", "first", "width", "others", "threads"].map(|name| k.size(name));
        let t = k.thread();
        if_(t.lt(threads), || {
            let (matrix, j) = (t / others, t % others);
            let (j, leading) = if is_beside {
                (select(j.lt(first), j, j + width), n)
            } else {
                (j, others)
            };
            let at = |i: Val| (matrix * n + i) * leading + j;
            if let Some(pivots) = pivots {
                for_(u(0), width, 1, |c| {
                    let (top, pivot) = (first + c, pivots.load(matrix * n + first + c));
                    let (x, y) = (target.load(at(top)), target.load(at(pivot)));
                    target.store(at(top), y);
                    target.store(at(pivot), x);
                });
            }
            let Some(factors) = factors else { return };
            let solve = || {
                for_(u(1), width, 1, |c| {
                    let sum = Slot::new(target.load(at(first + c)));
                    for_(u(0), c, 1, |i| {
                        let l = factors.load((matrix * n + first + c) * n + first + i);
                        sum.set(sum.get() - l * target.load(at(first + i)));
                    });
                    target.store(at(first + c), sum.get());
                });
            };
            if is_beside {
                // The columns to the left are done.
                if_(j.gt(first), solve);
            } else {
                solve();
            }
        });
    }
}

/// Scales U back. A matrix that was not finite becomes NaN, without exchanges.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LuFinish {
    source: Source,
    /// The dtype of the exchanged rows.
    index: DType,
}

impl KernelBody for LuFinish {
    fn name(&self) -> &'static str {
        "lu_finish"
    }

    fn record(&self, k: Builder) {
        let largest = k.input("largest", register(self.source.dtype().real()));
        let a = Elements::input(k, "a", self.source.work);
        let pivots = k.input("pivots", Ty::U32);
        let out = self.source.output(k, "out");
        let rows = k.output("rows", register(self.index));
        each_element(k, |n, t, [matrix, i, j]| {
            let (e, finite) = scale_of(largest.load(matrix));
            let value = a.load(t);
            out.store(t, where_(j.ge(i), value, || ldexp(value, e)));
            if_(!finite, || out.store_nan(t));
            if_(j.eq(0), || {
                let at = matrix * n + i;
                let row = select(finite, pivots.load(at), i);
                rows.store(at, row.to(rows.ty()));
            });
        });
    }
}
