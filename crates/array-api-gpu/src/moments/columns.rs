//! How the kernels divide rows among threads, and read them.

use array_api_spec::{DType, Result};

use super::Rows;
use crate::{
    Gpu,
    kernel::{
        element::register,
        ir::{Builder, Ty, Val, for_, if_, lit, var},
    },
    kernels::{Bindings, KernelBody},
    memory::Memory,
    packing::{Axes, Elements, Positions},
    runtime::Runtime,
};

/// Most bytes of partial results, which the parts of the rows contribute.
const PARTIAL_BYTES: usize = 16 << 20;
/// Most parts that the rows are divided into: one thread adds up the partial results of all.
const PARTS: usize = 1 << 11;
/// Most rows in a block, which is centred as a whole.
const BLOCK_ROWS: usize = 1 << 14;
/// Most bytes of a block of centred rows.
const BLOCK_BYTES: usize = 64 << 20;

impl<R: Runtime> Gpu<R> {
    /// How many parts the rows are divided into by a kernel with one thread per column and part, each of which writes
    /// `bytes_each` bytes.
    pub(crate) fn row_parts(&self, columns: usize, rows: usize, bytes_each: usize) -> usize {
        let threads = if self.runtime.properties().is_cpu {
            1 << 10
        } else {
            1 << 16
        };
        let room = PARTIAL_BYTES / (bytes_each * columns).max(1);
        (threads / columns)
            .min(room)
            .min(rows.div_ceil(16))
            .clamp(1, PARTS)
    }

    /// Adds the lower triangles of `parts (parts, p, p, words)` to `gram (p, p, words)`, in the order of the parts.
    pub(super) fn add_lower_triangles(
        &self,
        parts: &Memory<R>,
        gram: &Memory<R>,
        (n, p, words): (usize, usize, usize),
        dtype: DType,
    ) -> Result<()> {
        let kernel = GramOfParts {
            ty: register(dtype),
        };
        self.run(kernel, p * p * words, |args| {
            args.buffer("of_parts", parts).buffer("gram", gram);
            args.size("parts", n).size("p", p).size("words", words);
        })
    }
}

/// Adds the lower triangles of parts to that of a Gram matrix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GramOfParts {
    ty: Ty,
}

impl KernelBody for GramOfParts {
    fn name(&self) -> &'static str {
        "gram_of_parts"
    }

    fn record(&self, b: Builder) {
        let (parts, gram) = (b.input("of_parts", self.ty), b.output("gram", self.ty));
        let n = b.size("parts");
        let (p, words) = (b.size("p"), b.size("words"));
        let (at, all) = (b.thread(), p * p * words);
        let (row, column) = (at / (p * words), at / words % p);
        if_(at.lt(all) & column.le(row), || {
            let total = var(gram.load(at));
            for_(lit(Ty::U32, 0), n, 1, |part| {
                total.set(total.get() + parts.load(part * all + at));
            });
            gram.store(at, total.get());
        });
    }
}

/// Rows in a block whose elements have `size` bytes.
pub(super) fn block_rows(p: usize, size: usize) -> usize {
    (BLOCK_BYTES / (p * size)).clamp(1, BLOCK_ROWS)
}

/// The kernel type of a floating-point dtype.
pub(super) const fn float(work: DType) -> Ty {
    if matches!(work, DType::Float64) {
        Ty::F64
    } else {
        Ty::F32
    }
}

/// The indices of a tile. Those beyond the edge are replaced by the last one.
fn edge<const TILE: usize>(tile: Val, p: Val) -> [Val; TILE] {
    std::array::from_fn(|i| (tile * TILE as u32 + i as u32).min(p - 1))
}

/// What of rows in groups the text of a kernel depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RowsText {
    pub(crate) x: (DType, Axes),
    pub(crate) groups: (DType, Axes),
}

impl RowsText {
    pub(crate) fn of<R: Runtime>(rows: &Rows<'_, R>) -> Self {
        Self {
            x: (rows.x.dtype, Axes::of(&rows.x.layout)),
            groups: (rows.groups.dtype, Axes::of(&rows.groups.layout)),
        }
    }
}

impl RowsText {
    /// Declares the rows alone.
    pub(crate) fn declare_x(self, k: Builder) -> (Elements, Positions) {
        let (dtype, axes) = self.x;
        (Elements::input(k, "x", dtype), Positions::new(k, "x", axes))
    }
}

impl<'m, R: Runtime> Bindings<'_, 'm, R> {
    /// Rows in groups: what [`RowsInput`] declares.
    pub(super) fn rows(&mut self, rows: &Rows<'m, R>) -> &mut Self {
        self.buffer("x", &rows.x.storage)
            .buffer("codes", &rows.groups.storage)
            .layout("x", &rows.x.layout)
            .layout("codes", &rows.groups.layout)
            .size("k", rows.k)
    }

    /// Which rows are divided among threads: what [`ThreadColumns`] declares.
    pub(super) fn thread_columns(
        &mut self,
        (p, parts): (usize, usize),
        (first, end): (usize, usize),
    ) -> &mut Self {
        self.size("p", p)
            .size("parts", parts)
            .size("first", first)
            .size("end", end)
    }
}

/// The rows and their groups as inputs of a kernel.
pub(super) struct RowsInput {
    x: Elements,
    groups: Elements,
    x_at: Positions,
    groups_at: Positions,
    k: Val,
}

impl RowsInput {
    pub(super) fn new(b: Builder, rows: RowsText) -> Self {
        Self {
            x: Elements::input(b, "x", rows.x.0),
            groups: Elements::input(b, "codes", rows.groups.0),
            x_at: Positions::new(b, "x", rows.x.1),
            groups_at: Positions::new(b, "codes", rows.groups.1),
            k: b.size("k"),
        }
    }

    pub(super) fn x(&self, row: Val, column: Val, p: Val) -> Val {
        self.x.load(self.x_at.at(row * p + column)).real()
    }

    /// The group of a row. A group number that does not exist gives the last group, so that nothing is written out of
    /// bounds.
    pub(super) fn group(&self, row: Val) -> Val {
        let code = self.groups.load(self.groups_at.at(row)).real();
        code.to(Ty::U32).min(self.k - 1)
    }

    /// k: how many groups there are.
    pub(super) const fn k(&self) -> Val {
        self.k
    }
}

/// One thread for each column and part: part i is every `parts`-th row of `first..end`, from row `first + i` on.
#[derive(Clone, Copy)]
pub(super) struct ThreadColumns {
    pub(super) p: Val,
    parts: Val,
    pub(super) first: Val,
    end: Val,
}

impl ThreadColumns {
    pub(super) fn new(b: Builder) -> Self {
        Self {
            p: b.size("p"),
            parts: b.size("parts"),
            first: b.size("first"),
            end: b.size("end"),
        }
    }

    /// Calls `body` with the thread's part, its column, and a loop over its rows.
    pub(super) fn each(self, b: Builder, body: impl FnOnce(Val, Val, &dyn Fn(&dyn Fn(Val)))) {
        let thread = b.thread();
        let (part, column) = (thread / self.p, thread % self.p);
        if_(part.lt(self.parts), || {
            body(part, column, &|row| {
                for_(self.first + part, self.end, self.parts, row);
            });
        });
    }
}

/// One thread for each part of the rows and each tile of the lower triangle of a `(p, p)` matrix. `body` gets the part,
/// p, and the tile's rows and columns.
pub(super) fn lower_tiles<const TILE: usize>(
    b: Builder,
    parts: Val,
    body: impl FnOnce(Val, Val, [Val; TILE], [Val; TILE]),
) {
    let (p, tiles) = (b.size("p"), b.size("tiles"));
    let (part, tile) = (b.thread() / (tiles * tiles), b.thread() % (tiles * tiles));
    let (row_tile, column_tile) = (tile / tiles, tile % tiles);
    if_(part.lt(parts) & column_tile.le(row_tile), || {
        let (i, j) = (edge::<TILE>(row_tile, p), edge::<TILE>(column_tile, p));
        body(part, p, i, j);
    });
}

/// An accumulator's start, 0.
pub(super) fn zero(ty: Ty) -> Val {
    lit(ty, 0)
}
