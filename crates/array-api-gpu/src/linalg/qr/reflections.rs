//! The reflections of a panel together, `I - Y T Yᴴ`, found from its Q, and applied to other columns.

use array_api_spec::{DType, Result};

use super::{
    Panel,
    tree::{Block, SLAB, THREADS},
};
use crate::{
    Gpu,
    kernel::{
        arithmetic,
        element::{Value, register},
        ir::{Builder, Val, barrier, for_, if_, lit, select},
    },
    kernels::KernelBody,
    linalg::{
        matrix::{lifted, over, reciprocal, u, unit, where_},
        update::{PART, Place},
    },
    memory::Memory,
    packing::Elements,
    reduction::Slot,
    runtime::Runtime,
};

/// Parts of a sum that are added up before they are added to the others.
const RUN: u32 = 64;

/// The unitary matrices `I - Y T Yᴴ` of panels.
pub(super) struct Reflections<R: Runtime> {
    /// `(rows, columns)`, with a lower triangle at the top whose diagonal is 1.
    y: Memory<R>,
    /// `(columns, columns)`, an upper triangle.
    t: Memory<R>,
    panel: Panel,
}

impl<R: Runtime> Reflections<R> {
    /// Rows that they work on, the last ones.
    pub(super) const fn rows(&self) -> usize {
        self.panel.rows
    }
}

impl<R: Runtime> Gpu<R> {
    /// Finds Y and T with `Q = (I - Y T Yᴴ) [S; 0]`, where S is a diagonal of signs, and stores S R at a place.
    pub(super) fn reconstruct(
        &self,
        panel: Panel,
        [q, r]: &[Memory<R>; 2],
        at: Place<'_, R>,
    ) -> Result<Reflections<R>> {
        let Panel {
            dtype,
            block,
            batches,
            rows,
            columns,
        } = panel;
        let y = self.allocate(batches * rows * columns, dtype)?;
        let [t, upper] = [(); 2].map(|()| self.allocate(batches * columns * columns, dtype));
        let (t, upper) = (t?, upper?);
        let kernel = QrReconstruct { dtype, block };
        self.run(kernel, batches * THREADS as usize, |args| {
            args.buffer("q", q)
                .buffer("r", r)
                .buffer("y", &y)
                .buffer("t", &t)
                .buffer("upper", &upper)
                .buffer("a", at.memory);
            args.size("offset", at.offset)
                .size("leading", at.leading)
                .size("stride", at.stride)
                .size("rows", rows)
                .size("columns", columns);
        })?;
        let slabs = (rows - columns).div_ceil(SLAB as usize);
        let threads = batches * slabs * SLAB as usize;
        self.run(QrVectors { dtype, block }, threads, |args| {
            args.buffer("q", q).buffer("upper", &upper).buffer("y", &y);
            args.size("rows", rows)
                .size("columns", columns)
                .size("slabs", slabs);
        })?;
        Ok(Reflections { y, t, panel })
    }

    /// `C = (I - Y T Yᴴ) C`, or with the adjoint matrix: columns at a place, from the panel's top on.
    pub(super) fn reflect(
        &self,
        own: &Reflections<R>,
        c: Place<'_, R>,
        columns: usize,
        adjoint: bool,
    ) -> Result<()> {
        let Panel {
            dtype,
            block,
            batches,
            rows,
            columns: depth,
        } = own.panel;
        let parts = rows.div_ceil(PART);
        let y = Place::from(&own.y, (rows, depth), (0, 0));
        let sums = self.allocate(batches * parts * depth * columns, dtype)?;
        let to = Place::from(&sums, (depth, columns), (0, 0));
        self.products_in_parts(dtype, [depth, columns, rows], batches, [to, y, c])?;
        let w = self.allocate(batches * depth * columns, dtype)?;
        let chunks = columns.div_ceil(block.share() as usize);
        let kernel = QrTurn {
            dtype,
            block,
            adjoint,
        };
        self.run(kernel, batches * chunks * THREADS as usize, |args| {
            args.buffer("sums", &sums)
                .buffer("t", &own.t)
                .buffer("w", &w);
            args.size("parts", parts)
                .size("depth", depth)
                .size("columns", columns)
                .size("chunks", chunks);
        })?;
        let w = Place::from(&w, (depth, columns), (0, 0));
        self.update(dtype, [rows, columns, depth], batches, [c, y, w], false)
    }
}

/// The top of Y, and T, by an LU factorisation of Q's top without exchanges (Ballard, Demmel, Grigori, Jacquelin, Nguyen,
/// Solomonik, "Reconstructing Householder vectors from tall-skinny QR", 2014; LAPACK's `orhr_col`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QrReconstruct {
    dtype: DType,
    block: Block,
}

impl KernelBody for QrReconstruct {
    fn name(&self) -> &'static str {
        "qr_reconstruct"
    }

    fn workgroup(&self) -> u32 {
        THREADS
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let Self { dtype, block } = *self;
        let (width, pitch, share) = (block.width, block.pitch(), block.share());
        let [q, r] = ["q", "r"].map(|name| Elements::input(k, name, dtype));
        let outputs = ["y", "t", "upper", "a"];
        let [y, t_out, upper, a] = outputs.map(|name| Elements::output(k, name, dtype));
        let [offset, leading, stride] = ["offset", "leading", "stride"].map(|name| k.size(name));
        let (rows, columns) = (k.size("rows"), k.size("columns"));
        let [d, z] =
            ["d", "z"].map(|name| Elements::shared(k, name, dtype, (width * pitch) as usize));
        let inverses = Elements::shared(k, "inverses", dtype, width as usize);
        let signs = k.shared("signs", register(dtype.real()), width as usize);
        let (t, matrix) = (k.local(), k.group());
        let (j, part) = (t % width, t / width);
        let own_rows = |body: &dyn Fn(Val)| {
            if_(j.lt(columns), || for_(part, columns, share, body));
        };
        own_rows(&|i| {
            d.store(i * pitch + j, q.load((matrix * rows + i) * columns + j));
        });
        barrier();
        // Q - [S; 0] = Y U. With the sign against that of what is left of the diagonal, each pivot is 1 or more.
        for_(u(0), columns, 1, |c| {
            let head = d.load(c * pitch + c);
            let one = lit(register(dtype.real()), 1);
            let sign = select(head.real_part().ge(0.0), -one, one);
            let inverse = reciprocal(head - lifted(dtype, sign));
            if_(j.gt(c), || {
                own_rows(&|i| {
                    if_(i.gt(c), || {
                        let at = i * pitch + j;
                        let l = d.load(i * pitch + c) * inverse;
                        d.store(at, d.load(at) - l * d.load(c * pitch + j));
                    });
                });
            });
            if_(t.eq(0), || {
                signs.store(c, sign);
                inverses.store(c, inverse);
            });
            barrier();
        });
        let lower = |i: Val, j: Val| d.load(i * pitch + j) * inverses.load(j);
        let signed = |x: Value, i: Val| over(x, signs.load(i));
        // Q = (I - Y T Yᴴ) [S; 0] gives T Lᴴ = -U S with Y's top L: a row of T a thread.
        if_(t.lt(columns), || {
            for_(t, columns, 1, |c| {
                let sign = select(c.eq(t), signs.load(c), lit(signs.ty(), 0));
                let entry = d.load(t * pitch + c) - lifted(dtype, sign);
                let sum = Slot::new(-signed(entry, c));
                for_(t, c, 1, |i| {
                    let l = lower(c, i).conj();
                    sum.set(sum.get() - z.load(t * pitch + i) * l);
                });
                z.store(t * pitch + c, sum.get());
            });
        });
        barrier();
        let zero = Value::whole(dtype, 0);
        own_rows(&|i| {
            let (at, place) = (i * pitch + j, (matrix * columns + i) * columns + j);
            let is_upper = i.le(j);
            t_out.store(place, where_(is_upper, zero, || z.load(at)));
            // The diagonal of U has the reciprocals, by which rows of Y are multiplied.
            let entry = arithmetic::select(i.eq(j), inverses.load(j), d.load(at));
            upper.store(place, entry);
            let below = where_(i.gt(j), unit(dtype, i.eq(j)), || lower(i, j));
            y.store((matrix * rows + i) * columns + j, below);
            let value = where_(is_upper, zero, || signed(r.load(place), i));
            a.store(offset + matrix * stride + i * leading + j, value);
        });
    }
}

/// The rest of Y, `Y U = Q`: a row a thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QrVectors {
    dtype: DType,
    block: Block,
}

impl KernelBody for QrVectors {
    fn name(&self) -> &'static str {
        "qr_vectors"
    }

    fn workgroup(&self) -> u32 {
        SLAB
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let Self { dtype, block } = *self;
        let (width, pitch) = (block.width, block.pitch());
        let [q, upper] = ["q", "upper"].map(|name| Elements::input(k, name, dtype));
        let y = Elements::output(k, "y", dtype);
        let [rows, columns, slabs] = ["rows", "columns", "slabs"].map(|name| k.size(name));
        let d = Elements::shared(k, "d", dtype, (width * pitch) as usize);
        let x = Elements::shared(k, "x", dtype, (SLAB * pitch) as usize);
        let (t, group) = (k.local(), k.group());
        let (matrix, row0) = (group / slabs, columns + group % slabs * SLAB);
        let count = (rows - row0).min(SLAB);
        // The threads go through so many rows together.
        let each = |rows: Val, body: &dyn Fn(Val, Val)| {
            for_(t, rows * columns, SLAB, |e| body(e / columns, e % columns));
        };
        each(columns, &|i, j| {
            let at = (matrix * columns + i) * columns + j;
            d.store(i * pitch + j, upper.load(at));
        });
        each(count, &|i, j| {
            let at = (matrix * rows + row0 + i) * columns + j;
            x.store(i * pitch + j, q.load(at));
        });
        barrier();
        if_(t.lt(count), || {
            let own = |c: Val| t * pitch + c;
            for_(u(0), columns, 1, |c| {
                let sum = Slot::new(x.load(own(c)));
                for_(u(0), c, 1, |i| {
                    sum.set(sum.get() - x.load(own(i)) * d.load(i * pitch + c));
                });
                x.store(own(c), sum.get() * d.load(c * pitch + c));
            });
        });
        barrier();
        each(count, &|i, j| {
            let at = (matrix * rows + row0 + i) * columns + j;
            y.store(at, x.load(i * pitch + j));
        });
    }
}

/// Adds up the parts of `Yᴴ C`, and multiplies the sum by T or its adjoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QrTurn {
    dtype: DType,
    block: Block,
    adjoint: bool,
}

impl KernelBody for QrTurn {
    fn name(&self) -> &'static str {
        "qr_turn"
    }

    fn workgroup(&self) -> u32 {
        THREADS
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let Self {
            dtype,
            block,
            adjoint,
        } = *self;
        // Columns of a work-group: neighbouring threads read along memory's rows.
        let share = block.share();
        let [sums, t_in] = ["sums", "t"].map(|name| Elements::input(k, name, dtype));
        let w = Elements::output(k, "w", dtype);
        let [parts, depth, columns, chunks] =
            ["parts", "depth", "columns", "chunks"].map(|name| k.size(name));
        let tile = Elements::shared(k, "tile", dtype, THREADS as usize);
        let (t, group) = (k.local(), k.group());
        let (matrix, chunk) = (group / chunks, group % chunks);
        let (i, own) = (t / share, t % share);
        let j = chunk * share + own;
        let used = i.lt(depth) & j.lt(columns);
        let zero = Value::whole(dtype, 0);
        let total = Slot::new(zero);
        if_(used, || {
            for_(u(0), parts, RUN, |first| {
                let sum = Slot::new(zero);
                for_(first, (first + RUN).min(parts), 1, |part| {
                    let line = (matrix * parts + part) * depth + i;
                    sum.set(sum.get() + sums.load(line * columns + j));
                });
                total.set(total.get() + sum.get());
            });
        });
        tile.store(t, total.get());
        barrier();
        if_(used, || {
            let at = |i: Val, l: Val| t_in.load((matrix * depth + i) * depth + l);
            let sum = Slot::new(zero);
            let (first, end) = if adjoint { (u(0), i + 1) } else { (i, depth) };
            for_(first, end, 1, |l| {
                let factor = if adjoint { at(l, i).conj() } else { at(i, l) };
                sum.set(factor.mul_add(tile.load(l * share + own), sum.get()));
            });
            w.store((matrix * depth + i) * columns + j, sum.get());
        });
    }
}
