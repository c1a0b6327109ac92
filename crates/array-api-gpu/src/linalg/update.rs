//! `C -= A B` and sums of products `Aᴴ B` on parts of matrices, through tiles in shared memory.

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

/// Rows of `Aᴴ B` whose products are one part of the sum: rounding errors grow with the number of terms, and one
/// work-group for all rows would keep the others idle.
pub(super) const PART: usize = 512;

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

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// `C -= A B`.
    Minus,
    /// `C -= A Bᴴ`, of which only tiles on and below the diagonal are computed.
    Hermitian,
    /// `C = Aᴴ B`, a C for every [`PART`] rows.
    Parts,
}

/// Products on parts of matrices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Update {
    dtype: DType,
    form: Form,
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
        lengths: [usize; 3],
        batches: usize,
        places: [Place<'_, R>; 3],
        hermitian: bool,
    ) -> Result<()> {
        let form = if hermitian {
            Form::Hermitian
        } else {
            Form::Minus
        };
        self.products(dtype, form, lengths, batches, 1, places)
    }

    /// `C (⌈k / PART⌉, m, n) = Aᴴ B` for each matrix of a batch, with A `(k, m)` and B `(k, n)`: the sums over [`PART`]
    /// rows each. C is contiguous.
    pub(super) fn products_in_parts(
        &self,
        dtype: DType,
        [m, n, k]: [usize; 3],
        batches: usize,
        places: [Place<'_, R>; 3],
    ) -> Result<()> {
        let parts = k.div_ceil(PART);
        self.products(dtype, Form::Parts, [m, n, k], batches, parts, places)
    }

    fn products(
        &self,
        dtype: DType,
        form: Form,
        [m, n, k]: [usize; 3],
        batches: usize,
        parts: usize,
        [c, a, b]: [Place<'_, R>; 3],
    ) -> Result<()> {
        let kernel = Update {
            dtype,
            form,
            a_is_c: a.memory == c.memory,
            b_is_c: b.memory == c.memory,
        };
        let [tile_rows, tile_columns] = kernel.tile().map(|length| length as usize);
        let (rows, columns) = (m.div_ceil(tile_rows), n.div_ceil(tile_columns));
        let threads = batches * parts * rows * columns * THREADS as usize;
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
            if form == Form::Parts {
                args.size("parts", parts);
            }
        })
    }
}

impl Update {
    /// Rows and columns of C that a thread computes. C of [`Form::Parts`] has 32 rows at most.
    const fn each(&self) -> [u32; 2] {
        match (self.dtype.is_complex(), self.form) {
            (true, _) => [2, 2],
            (false, Form::Parts) => [2, 4],
            (false, _) => [4, 4],
        }
    }

    /// Rows and columns of C that a work-group computes.
    const fn tile(&self) -> [u32; 2] {
        let [rows, columns] = self.each();
        [SIDE * rows, SIDE * columns]
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

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let (dtype, form, deep) = (self.dtype, self.form, self.depth());
        let [each_row, each_column] = self.each();
        let [tile_rows, tile_columns] = self.tile();
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
        let parts = (form == Form::Parts).then(|| k.size("parts"));
        let (t, group) = (k.local(), k.group());
        let (column_tile, rest) = (group % columns, group / columns);
        let (row_tile, part) = (rest % rows, rest / rows);
        let (row0, column0) = (row_tile * tile_rows, column_tile * tile_columns);
        // The matrix, and the products of this part.
        let (batch, start, end) = match parts {
            None => (part, u(0), depth),
            Some(parts) => {
                let start = part % parts * PART as u32;
                (part / parts, start, (start + PART as u32).min(depth))
            }
        };
        let tile = |name, size: u32, each, first, end, by_depth| {
            let length = (size + 1) * deep;
            Tile {
                elements: Elements::shared(k, name, dtype, length as usize),
                dtype,
                size,
                each,
                deep,
                first,
                end,
                by_depth,
            }
        };
        let a_by_depth = form != Form::Parts;
        let a_tile = tile("a_tile", tile_rows, each_row, row0, m, a_by_depth);
        let b_by_depth = form == Form::Hermitian;
        let b_tile = tile("b_tile", tile_columns, each_column, column0, n, b_by_depth);
        let body = || {
            let zero = |_| Slot::new(Value::whole(dtype, 0));
            let sums: Vec<Slot> = (0..each_row * each_column).map(zero).collect();
            let (ti, tj) = (t / SIDE, t % SIDE);
            for_(start, end, deep, |k0| {
                a_tile.fill(t, k0, end, |i, kk| {
                    let at = ao + batch * a_s;
                    match form {
                        Form::Parts => a_mem.load(at + kk * al + i).conj(),
                        Form::Minus | Form::Hermitian => a_mem.load(at + i * al + kk),
                    }
                });
                b_tile.fill(t, k0, end, |j, kk| {
                    let at = bo + batch * bs;
                    match form {
                        Form::Hermitian => b_mem.load(at + j * bl + kk).conj(),
                        Form::Minus | Form::Parts => b_mem.load(at + kk * bl + j),
                    }
                });
                barrier();
                for_(u(0), u(deep), 1, |kk| {
                    let (a, b) = (a_tile.own(kk, ti), b_tile.own(kk, tj));
                    for (at, sum) in sums.iter().enumerate() {
                        let each = each_column as usize;
                        sum.set(a[at / each].mul_add(b[at % each], sum.get()));
                    }
                });
                barrier();
            });
            for (at, sum) in sums.iter().enumerate() {
                let at = at as u32;
                let i = row0 + ti + at / each_column * SIDE;
                let j = column0 + tj + at % each_column * SIDE;
                if_(i.lt(m) & j.lt(n), || {
                    let at = co + part * cs + i * cl + j;
                    let value = match form {
                        Form::Parts => sum.get(),
                        Form::Minus | Form::Hermitian => c_mem.load(at) - sum.get(),
                    };
                    c_mem.store(at, value);
                });
            }
        };
        if form == Form::Hermitian {
            // All threads of the work-group decide alike, as barriers want it.
            if_(column0.lt(row0 + tile_rows), body);
        } else {
            body();
        }
    }
}

/// A part of an operand in shared memory: `size` rows of A, or columns of B, and `deep` products of each.
struct Tile {
    elements: Elements,
    dtype: DType,
    size: u32,
    /// Rows or columns of a thread.
    each: u32,
    deep: u32,
    /// The first row or column, and the end of all.
    first: Val,
    end: Val,
    /// Whether the products of a row or column lie beside each other in memory.
    by_depth: bool,
}

impl Tile {
    /// An odd distance of rows keeps threads on different banks.
    const fn pitch(&self) -> u32 {
        self.size + 1
    }

    /// Reads the elements of products `k0` to `k_end`; neighbouring threads read along memory's rows.
    fn fill(&self, t: Val, k0: Val, k_end: Val, at: impl Fn(Val, Val) -> Value) {
        for round in 0..self.size * self.deep / THREADS {
            let e = t + round * THREADS;
            let (i, kk) = if self.by_depth {
                (e / self.deep, e % self.deep)
            } else {
                (e % self.size, e / self.size)
            };
            let inside = (self.first + i).lt(self.end) & (k0 + kk).lt(k_end);
            let zero = Value::whole(self.dtype, 0);
            let x = where_(inside, zero, || at(self.first + i, k0 + kk));
            self.elements.store(kk * self.pitch() + i, x);
        }
    }

    /// A thread's elements of one product.
    fn own(&self, kk: Val, first: Val) -> Vec<Value> {
        let at = |r| self.elements.load(kk * self.pitch() + first + r * SIDE);
        (0..self.each).map(at).collect()
    }
}
