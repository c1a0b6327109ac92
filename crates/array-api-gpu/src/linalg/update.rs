//! `C -= A B` on parts of matrices, in place, through tiles in shared memory.

use array_api_spec::{DType, Result};

use super::matrix::{u, where_};
use crate::{
    Gpu,
    kernel::{
        element::Value,
        ir::{Builder, Val, barrier, for_, if_},
    },
    kernels::KernelBody,
    memory::Memory,
    packing::Elements,
    reduction::Slot,
    runtime::Runtime,
};

/// Threads of a work-group, a square of them.
const THREADS: u32 = SIDE * SIDE;
const SIDE: u32 = 16;

/// A part of each row-major matrix of a batch.
#[derive(Debug)]
pub(super) struct Place<'m, R: Runtime> {
    pub(super) memory: &'m Memory<R>,
    /// Where the part starts in the first matrix.
    pub(super) offset: usize,
    /// Elements from one row to the next.
    pub(super) leading: usize,
    /// Elements from one matrix to the next.
    pub(super) stride: usize,
}

impl<R: Runtime> Clone for Place<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: Runtime> Copy for Place<'_, R> {}

impl<'m, R: Runtime> Place<'m, R> {
    /// The part of matrices `(rows, columns)` from element (i, j) on.
    pub(super) const fn from(
        memory: &'m Memory<R>,
        (rows, columns): (usize, usize),
        (i, j): (usize, usize),
    ) -> Self {
        Self {
            memory,
            offset: i * columns + j,
            leading: columns,
            stride: rows * columns,
        }
    }
}

/// Subtracts a product from a part of matrices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Update {
    dtype: DType,
    /// Whether B is the conjugate transpose of what is stored, and only tiles on and below the diagonal are computed.
    hermitian: bool,
    /// Whether A and B lie in C's memory, in parts that are not written.
    a_is_c: bool,
    b_is_c: bool,
}

impl<R: Runtime> Gpu<R> {
    /// `C (m, n) -= A (m, k) B (k, n)` for each matrix of a batch. If `hermitian`, B is stored as `(n, k)`, its conjugate
    /// transpose is taken, and only the lower triangle of C is meant; elements above it become anything.
    pub(super) fn update(
        &self,
        dtype: DType,
        [m, n, k]: [usize; 3],
        batches: usize,
        [c, a, b]: [Place<'_, R>; 3],
        hermitian: bool,
    ) -> Result<()> {
        let kernel = Update {
            dtype,
            hermitian,
            a_is_c: a.memory == c.memory,
            b_is_c: b.memory == c.memory,
        };
        let tile = kernel.tile() as usize;
        let (rows, columns) = (m.div_ceil(tile), n.div_ceil(tile));
        let threads = batches * rows * columns * THREADS as usize;
        let (a_is_c, b_is_c) = (kernel.a_is_c, kernel.b_is_c);
        self.run(kernel, threads, |args| {
            args.buffer("c", c.memory);
            if !a_is_c {
                args.buffer("a", a.memory);
            }
            if !b_is_c {
                args.buffer("b", b.memory);
            }
            for (name, place) in [("c", c), ("a", a), ("b", b)] {
                args.size(format_args!("{name}_offset"), place.offset)
                    .size(format_args!("{name}_leading"), place.leading)
                    .size(format_args!("{name}_stride"), place.stride);
            }
            args.size("m", m)
                .size("n", n)
                .size("depth", k)
                .size("rows", rows)
                .size("columns", columns);
        })
    }
}

impl Update {
    /// Rows, and columns, of C that a thread computes.
    const fn each(&self) -> u32 {
        if self.dtype.is_complex() { 2 } else { 4 }
    }

    /// Rows, and columns, of C that a work-group computes.
    const fn tile(&self) -> u32 {
        SIDE * self.each()
    }

    /// Products that go through shared memory at a time, so that both tiles take 8.5 KiB.
    const fn depth(&self) -> u32 {
        match self.dtype {
            DType::Float64 | DType::Complex128 => 8,
            _ => 16,
        }
    }
}

impl KernelBody for Update {
    fn name(&self) -> &'static str {
        "update"
    }

    fn workgroup(&self) -> u32 {
        THREADS
    }

    fn record(&self, k: Builder) {
        let (dtype, each, tile, deep) = (self.dtype, self.each(), self.tile(), self.depth());
        let c_mem = Elements::output(k, "c", dtype);
        let operand = |is_c: bool, name| {
            if is_c {
                c_mem
            } else {
                Elements::input(k, name, dtype)
            }
        };
        let (a_mem, b_mem) = (operand(self.a_is_c, "a"), operand(self.b_is_c, "b"));
        let place = |name: &str| {
            ["offset", "leading", "stride"].map(|part| k.size(&format!("{name}_{part}")))
        };
        let ([co, cl, cs], [ao, al, a_s], [bo, bl, bs]) = (place("c"), place("a"), place("b"));
        let [m, n, depth, rows, columns] =
            ["m", "n", "depth", "rows", "columns"].map(|name| k.size(name));
        // An odd distance of rows keeps threads on different banks.
        let pitch = tile + 1;
        let shared = |name| Elements::shared(k, name, dtype, (pitch * deep) as usize);
        let (a_tile, b_tile) = (shared("a_tile"), shared("b_tile"));

        let (t, group) = (k.local(), k.group());
        let (column_tile, rest) = (group % columns, group / columns);
        let (row_tile, batch) = (rest % rows, rest / rows);
        let (row0, column0) = (row_tile * tile, column_tile * tile);
        let zero = || Value::whole(dtype, 0);
        // Reads `tile × deep` elements; neighbouring threads read along memory's rows.
        let load = |into: Elements,
                    first: Val,
                    end: Val,
                    k0: Val,
                    by_depth: bool,
                    at: &dyn Fn(Val, Val) -> Value| {
            for round in 0..tile * deep / THREADS {
                let e = t + round * THREADS;
                let (i, kk) = if by_depth {
                    (e / deep, e % deep)
                } else {
                    (e % tile, e / tile)
                };
                let inside = (first + i).lt(end) & (k0 + kk).lt(depth);
                let x = where_(inside, zero(), || at(first + i, k0 + kk));
                into.store(kk * pitch + i, x);
            }
        };
        let body = || {
            let sums: Vec<Slot> = (0..each * each).map(|_| Slot::new(zero())).collect();
            let (ti, tj) = (t / SIDE, t % SIDE);
            for_(u(0), depth, deep, |k0| {
                load(a_tile, row0, m, k0, true, &|i, kk| {
                    a_mem.load(ao + batch * a_s + i * al + kk)
                });
                load(b_tile, column0, n, k0, self.hermitian, &|j, kk| {
                    let at = bo + batch * bs;
                    if self.hermitian {
                        b_mem.load(at + j * bl + kk).conj()
                    } else {
                        b_mem.load(at + kk * bl + j)
                    }
                });
                barrier();
                for_(u(0), u(deep), 1, |kk| {
                    let of = |tile: Elements, first: Val| -> Vec<Value> {
                        let at = |r| tile.load(kk * pitch + first + r * SIDE);
                        (0..each).map(at).collect()
                    };
                    let (a, b) = (of(a_tile, ti), of(b_tile, tj));
                    for (at, sum) in sums.iter().enumerate() {
                        let each = each as usize;
                        sum.set(a[at / each].mul_add(b[at % each], sum.get()));
                    }
                });
                barrier();
            });
            for (at, sum) in sums.iter().enumerate() {
                let at = at as u32;
                let i = row0 + ti + at / each * SIDE;
                let j = column0 + tj + at % each * SIDE;
                if_(i.lt(m) & j.lt(n), || {
                    let at = co + batch * cs + i * cl + j;
                    c_mem.store(at, c_mem.load(at) - sum.get());
                });
            }
        };
        if self.hermitian {
            // All threads of the work-group decide alike, as barriers want it.
            if_(column0.lt(row0 + tile), body);
        } else {
            body();
        }
    }
}
