//! One pass of a transform: rows that fit the memory of a work-group, in Stockham's order.
//!
//! A stage with radix r takes r elements of a row that lie n/r apart, turns them by roots of unity, and writes their
//! transform where the next stage finds it, so that the last stage leaves the elements in order. A long row of n = a b
//! elements is transformed as a table of b columns: pass 1 transforms its columns and turns element k of column j by
//! `exp(-2πi jk / n)`; pass 2 transforms its rows, whose element j of row k is element k + a j of the result. (D. H.
//! Bailey, FFTs in External or Hierarchical Memory, 1990, who calls this the four-step algorithm.)

use array_api_spec::{DType, Result, backend::Direction};

use super::{
    Place,
    butterflies::butterfly,
    plan::{RADICES, packed_radices},
    rows::{Flipped, Rows, Walk},
    tables::{LOW, Table},
};
use crate::{
    Gpu,
    kernel::{
        element::{Value, register},
        ir::{Builder, Mem, Ty, Val, barrier, for_, if_, lit, select, var},
    },
    kernels::KernelBody,
    memory::Memory,
    reduction::Slot,
    runtime::Runtime,
};

/// Threads of a work-group, and most rows that it transforms.
const THREADS: u32 = 256;

impl<R: Runtime> Gpu<R> {
    /// Most elements of a row that one pass transforms: what 16 KiB hold, or half as much where the positions of rows do
    /// not fit beside them.
    pub(super) fn points(&self, dtype: DType) -> usize {
        let shared = self.properties().shared_bytes as usize;
        let places = 3 * THREADS as usize * size_of::<u32>();
        let most = (16 << 10) / dtype.size();
        let fits = |points: &usize| points * dtype.size() + places <= shared;
        [most, most / 2].into_iter().find(fits).unwrap_or(most / 4)
    }

    /// Transforms rows in passes.
    pub(super) fn passes(
        &self,
        dtype: DType,
        factors: &[usize],
        from: Place<'_, R>,
        to: Place<'_, R>,
        direction: Direction,
    ) -> Result<()> {
        let (count, n) = (from.rows.count(), factors.iter().product::<usize>());
        let spare = if factors.len() > 1 {
            Some(self.allocate(count * n, dtype)?)
        } else {
            None
        };
        let (mut source, mut whole) = (from, n);
        for (number, &factor) in factors.iter().enumerate() {
            let columns = whole / factor;
            // Passes write to the spare memory and to the result in turn, and the last one to the result.
            let is_spare = (factors.len() - number).is_multiple_of(2);
            let memory = spare.as_ref().filter(|_| is_spare).unwrap_or(to.memory);
            let is_last = number + 1 == factors.len();
            let rows = if is_last {
                let earlier = factors[..number].iter();
                earlier.fold(to.rows.clone(), |rows, &factor| rows.columns(factor))
            } else {
                Rows::contiguous(count * n / whole, whole).columns(columns)
            };
            let read = Place {
                memory: source.memory,
                rows: source.rows.columns(columns),
            };
            let turns = (!is_last).then_some((whole, columns));
            self.pass(
                dtype,
                factor,
                read,
                Place { memory, rows },
                turns,
                direction,
            )?;
            let rows = Rows::contiguous(count * n / columns, columns);
            (source, whole) = (Place { memory, rows }, columns);
        }
        Ok(())
    }

    /// Transforms rows of n elements. Rows that are the columns of a table are then turned if `turns` tells the table's
    /// elements and columns.
    fn pass(
        &self,
        dtype: DType,
        n: usize,
        from: Place<'_, R>,
        to: Place<'_, R>,
        turns: Option<(usize, usize)>,
        direction: Direction,
    ) -> Result<()> {
        let points = self.points(dtype);
        let count = from.rows.count();
        let together = (points / n).clamp(1, THREADS as usize).min(count);
        let roots = self.table(Table::Roots(n), dtype)?;
        let table = |(whole, _)| self.table(Table::Turns(whole), dtype);
        let table: Option<Memory<R>> = turns.map(table).transpose()?;
        let (radices, stages) = packed_radices(n);
        let kernel = FftPass {
            dtype,
            points,
            is_turned: turns.is_some(),
        };
        let threads = count.div_ceil(together) * THREADS as usize;
        self.run(kernel, threads, |args| {
            args.buffer("x", from.memory).buffer("roots", &roots);
            if let (Some(table), Some((_, columns))) = (&table, turns) {
                args.buffer("turns", table).size("columns", columns);
            }
            args.buffer("out", to.memory)
                .walk("from", &from.rows)
                .walk("to", &to.rows)
                .size("n", n)
                .size("count", count)
                .size("together", together)
                .value("radices", radices)
                .size("stages", stages)
                .value("flip", u32::from(direction == Direction::Inverse));
        })
    }
}

/// Transforms rows in shared memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FftPass {
    dtype: DType,
    /// Elements that the work-group holds.
    points: usize,
    /// Whether the rows are turned after the transform.
    is_turned: bool,
}

/// The rows of a work-group in shared memory.
struct Held {
    re: Mem,
    im: Mem,
    /// Elements of a row.
    n: Val,
    /// Rows.
    rows: Val,
    /// The n-th roots of unity.
    roots: Mem,
}

impl Held {
    fn load(&self, at: Val) -> Value {
        Value::Complex(self.re.load(at), self.im.load(at))
    }

    fn store(&self, at: Val, value: Value) {
        let (re, im) = value.complex();
        self.re.store(at, re);
        self.im.store(at, im);
    }

    /// Calls `body` with each row and each place in it. Neighbouring threads take what lies side by side in memory: along
    /// the row, or across the rows where its elements lie `step` apart.
    fn each(&self, t: Val, step: Val, body: impl FnOnce(Val, Val)) {
        let across = step.ne(1);
        let divisor = select(across, self.rows, self.n);
        for_(t, self.rows * self.n, THREADS, |e| {
            let (quotient, rest) = (e / divisor, e % divisor);
            let row = select(across, rest, quotient);
            let i = select(across, quotient, rest);
            body(row, i);
        });
    }
}

fn u(x: u32) -> Val {
    lit(Ty::U32, x)
}

/// Entry `at` of a table.
fn entry(table: Mem, at: Val) -> Value {
    Value::Complex(table.load(at * 2), table.load(at * 2 + 1))
}

impl KernelBody for FftPass {
    fn name(&self) -> &'static str {
        "fft_pass"
    }

    fn workgroup(&self) -> u32 {
        THREADS
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let real = register(self.dtype.real());
        let (x, roots) = (k.input("x", real), k.input("roots", real));
        let turns = self
            .is_turned
            .then(|| (k.input("turns", real), k.size("columns")));
        let out = k.output("out", real);
        let (from, to) = (Walk::new(k, "from"), Walk::new(k, "to"));
        let [n, count, together, radices, stages, flip] =
            ["n", "count", "together", "radices", "stages", "flip"].map(|name| k.size(name));
        let [re, im] = ["re", "im"].map(|name| k.shared(name, real, self.points));
        let [sources, targets, numbers] =
            ["sources", "targets", "numbers"].map(|name| k.shared(name, Ty::U32, THREADS as usize));
        let (x, out) = (Flipped { mem: x, flip }, Flipped { mem: out, flip });
        let (t, first) = (k.local(), k.group() * together);
        // All threads of the work-group decide alike, as barriers want it.
        if_(first.lt(count), || {
            let rows = together.min(count - first);
            let held = Held {
                re,
                im,
                n,
                rows,
                roots,
            };
            if_(t.lt(rows), || {
                sources.store(t, from.start(first + t));
                targets.store(t, to.start(first + t));
                if let Some((_, columns)) = turns {
                    numbers.store(t, (first + t) % columns);
                }
            });
            barrier();
            held.each(t, from.step, |row, i| {
                let value = x.load(sources.load(row) + i * from.step);
                held.store(row * n + i, value);
            });
            barrier();
            self.stages(&held, t, (radices, stages));
            held.each(t, to.step, |row, i| {
                let mut value = held.load(row * n + i);
                if let Some((turns, _)) = turns {
                    let j = numbers.load(row) * i;
                    let (low, high) = (j % LOW, j / LOW + LOW);
                    value = value * (entry(turns, low) * entry(turns, high));
                }
                out.store(targets.load(row) + i * to.step, value);
            });
        });
    }
}

impl FftPass {
    /// Transforms the rows in place.
    fn stages(&self, held: &Held, t: Val, (radices, stages): (Val, Val)) {
        // The product of the radices of the stages before.
        let done = var(u(1));
        for_(u(0), stages, 1, |stage| {
            let radix = (radices >> (stage * 4)) & 15;
            for r in RADICES {
                if_(radix.eq(r), || {
                    self.stage(held, t, r, done.get());
                    done.set(done.get() * r);
                });
            }
        });
    }

    /// One stage. A thread keeps its butterflies in registers until all have read.
    fn stage(&self, held: &Held, t: Val, radix: u32, done: Val) {
        let n = held.n;
        let each = n / radix;
        let count = held.rows * each;
        let turn = n / (done * radix);
        let rounds = (self.points as u32).div_ceil(radix * THREADS);
        let butterflies: Vec<(Val, Val, Vec<Value>)> = (0..rounds)
            .map(|round| {
                let number = t + round * THREADS;
                // A thread without a butterfly computes the last one, too.
                let (row, b) = (number.min(count - 1) / each, number.min(count - 1) % each);
                let (start, p) = (row * n, b % done);
                let x: Vec<Slot> = (0..radix)
                    .map(|q| Slot::new(held.load(start + b + each * q)))
                    .collect();
                // All roots of the first stage are 1, and products with 1 would turn ∞ into NaN.
                if_(done.gt(1), || {
                    for (q, x) in (1..).zip(&x[1..]) {
                        x.set(x.get() * entry(held.roots, p * q * turn));
                    }
                });
                let x: Vec<Value> = x.into_iter().map(Slot::get).collect();
                (number, start + (b - p) * radix + p, butterfly(&x))
            })
            .collect();
        barrier();
        for (number, start, y) in butterflies {
            if_(number.lt(count), || {
                for (q, y) in (0..).zip(y) {
                    held.store(start + done * q, y);
                }
            });
        }
        barrier();
    }
}
