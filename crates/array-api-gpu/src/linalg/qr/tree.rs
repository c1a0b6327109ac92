//! QR factors of a panel of few columns by a tree (Demmel, Grigori, Hoemmen, Langou, "Communication-optimal parallel and
//! sequential QR and LU factorizations", 2012).

use array_api_spec::{DType, Result};

use super::Panel;
use crate::{
    Gpu,
    kernel::{
        arithmetic,
        element::Value,
        ir::{Builder, Ty, Val, barrier, for_, if_, lit, select},
    },
    kernels::KernelBody,
    linalg::{
        matrix::{lifted, reciprocal, square, u, unit, where_},
        update::Place,
    },
    memory::Memory,
    packing::Elements,
    reduction::Slot,
    runtime::Runtime,
};

/// Threads of a work-group.
pub(super) const THREADS: u32 = 256;
/// Rows of the work-group that solves for reflections.
pub(super) const SLAB: u32 = 64;

/// How much of a panel a work-group holds in shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Block {
    /// Columns of a panel.
    pub(super) width: u32,
    /// Rows of a block of the tree: two triangles or more.
    pub(super) height: u32,
}

impl Block {
    /// The largest that fits. The last one takes 15 KiB of complex numbers in double precision: WebGPU promises 16 KiB.
    pub(super) fn of(dtype: DType, shared_bytes: u32) -> Self {
        let fits = |block: &Self| {
            let pitch = block.width + 1;
            let tree = block.height * pitch + 2 * THREADS;
            let vectors = (block.width + SLAB) * pitch;
            tree.max(vectors) * dtype.size() as u32 <= shared_bytes
        };
        let all = [(32, 128), (32, 64), (16, 64), (8, 32)];
        let mut blocks = all
            .map(|(width, height)| Self { width, height })
            .into_iter();
        blocks.find(fits).unwrap_or(Self {
            width: 8,
            height: 32,
        })
    }

    /// Elements from one row of a block to the next in shared memory: an odd number keeps threads on different banks.
    pub(super) const fn pitch(self) -> u32 {
        self.width + 1
    }

    /// Threads that share a column, and so the distance of a thread's rows.
    pub(super) const fn share(self) -> u32 {
        THREADS / self.width
    }
}

/// A level of the tree: blocks of rows, each with its reflections and its triangle.
struct Level<R: Runtime> {
    /// The reflections' vectors, `(rows, columns)`.
    v: Memory<R>,
    /// Their factors τ, `(blocks, columns)`.
    tau: Memory<R>,
    /// `(blocks, columns, columns)`, which are the rows of the next level.
    r: Memory<R>,
    rows: usize,
    blocks: usize,
}

impl<R: Runtime> Gpu<R> {
    /// Q `(rows, columns)` and R `(columns, columns)` of a panel, which lies at a place.
    pub(super) fn panel_factors(&self, panel: Panel, at: Place<'_, R>) -> Result<[Memory<R>; 2]> {
        let columns = panel.columns;
        let root = self.leaves(panel, at, panel.rows)?;
        let mut levels = vec![root];
        while let Some(below) = levels.last().filter(|level| level.blocks > 1) {
            let rows = below.blocks * columns;
            let triangles = Place::from(&below.r, (rows, columns), (0, 0));
            let next = self.leaves(panel, triangles, rows)?;
            levels.push(next);
        }
        // From the root down: each block's part of Q.
        let mut q = None;
        for level in levels.iter().rev() {
            q = Some(self.unfold(panel, level, q.as_ref())?);
        }
        match (q, levels.pop()) {
            (Some(q), Some(root)) => Ok([q, root.r]),
            _ => unreachable!("the tree has a root"),
        }
    }

    fn leaves(&self, panel: Panel, at: Place<'_, R>, rows: usize) -> Result<Level<R>> {
        let Panel {
            dtype,
            block,
            batches,
            columns,
            ..
        } = panel;
        let blocks = rows.div_ceil(block.height as usize);
        let v = self.allocate(batches * rows * columns, dtype)?;
        let tau = self.allocate(batches * blocks * columns, dtype)?;
        let r = self.allocate(batches * blocks * columns * columns, dtype)?;
        let threads = batches * blocks * THREADS as usize;
        self.run(QrLeaves { dtype, block }, threads, |args| {
            args.buffer("a", at.memory)
                .buffer("v", &v)
                .buffer("tau", &tau)
                .buffer("r", &r);
            args.size("offset", at.offset)
                .size("leading", at.leading)
                .size("stride", at.stride)
                .size("rows", rows)
                .size("columns", columns)
                .size("blocks", blocks);
        })?;
        Ok(Level {
            v,
            tau,
            r,
            rows,
            blocks,
        })
    }

    /// Each block's reflections applied to its part of the Q above, at the root of the identity, with zeros below it.
    fn unfold(
        &self,
        panel: Panel,
        level: &Level<R>,
        above: Option<&Memory<R>>,
    ) -> Result<Memory<R>> {
        let Panel {
            dtype,
            block,
            batches,
            columns,
            ..
        } = panel;
        let q = self.allocate(batches * level.rows * columns, dtype)?;
        let kernel = QrUnfold {
            dtype,
            block,
            is_root: above.is_none(),
        };
        let threads = batches * level.blocks * THREADS as usize;
        self.run(kernel, threads, |args| {
            args.buffer("v", &level.v).buffer("tau", &level.tau);
            if let Some(above) = above {
                args.buffer("above", above);
            }
            args.buffer("q", &q)
                .size("rows", level.rows)
                .size("columns", columns)
                .size("blocks", level.blocks);
        })?;
        Ok(q)
    }
}

/// The head after the reflection of a column with this head, whose tail has a length of this square; the reflection's
/// factor τ; and the factor of the tail in the reflection's vector, whose head is 1 (LAPACK's `larfg`). The reflection
/// is `(I - τ v vᴴ)ᴴ`.
///
/// A tail far below the rounding errors of a column of length 1 counts as 0, and is not reflected.
fn reflector(dtype: DType, head: Value, tail: Val) -> [Value; 3] {
    let ty = tail.ty();
    let flat = tail.lt(if ty == Ty::F64 { 1e-280 } else { 1e-30 });
    let length = (square(head) + tail).sqrt();
    let beta = select(head.real_part().gt(0.0), -length, length);
    let beta = lifted(dtype, select(flat, lit(ty, 1), beta));
    let difference = head - beta;
    let (tau, scale) = (-difference * reciprocal(beta), reciprocal(difference));
    let zero = Value::whole(dtype, 0);
    [(head, beta), (zero, tau), (zero, scale)]
        .map(|(if_flat, value)| arithmetic::select(flat, if_flat, value))
}

/// Factorises blocks of rows, each by a work-group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QrLeaves {
    dtype: DType,
    block: Block,
}

impl KernelBody for QrLeaves {
    fn name(&self) -> &'static str {
        "qr_leaves"
    }

    fn workgroup(&self) -> u32 {
        THREADS
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let Self { dtype, block } = *self;
        let Block { width, height } = block;
        let (pitch, share) = (block.pitch(), block.share());
        let a = Elements::input(k, "a", dtype);
        let [v, tau, r] = ["v", "tau", "r"].map(|name| Elements::output(k, name, dtype));
        let [offset, leading, stride] = ["offset", "leading", "stride"].map(|name| k.size(name));
        let [rows, columns, blocks] = ["rows", "columns", "blocks"].map(|name| k.size(name));
        let tile = Elements::shared(k, "tile", dtype, (height * pitch) as usize);
        let sums = Elements::shared(k, "sums", dtype, THREADS as usize);
        let scales = Elements::shared(k, "scales", dtype, width as usize);
        let (t, group) = (k.local(), k.group());
        let (matrix, row0) = (group / blocks, group % blocks * height);
        let count = (rows - row0).min(height);
        // A thread's column, and which of its rows are the thread's. Zeros make a block of few rows square.
        let (j, part) = (t % width, t / width);
        let used = j.lt(columns);
        let own_rows = |condition: Val, body: &dyn Fn(Val)| {
            if_(condition, || {
                for_(part, count.max(columns), share, body);
            });
        };
        let zero = Value::whole(dtype, 0);
        own_rows(used, &|i| {
            let x = where_(i.lt(count), zero, || {
                a.load(offset + matrix * stride + (row0 + i) * leading + j)
            });
            tile.store(i * pitch + j, x);
        });
        barrier();
        for_(u(0), columns, 1, |c| {
            // The column stays as it is, with its scale beside it, so that nobody waits for it.
            let column = |i: Val| tile.load(i * pitch + c);
            let top = c * pitch + j;
            let (head, own) = (column(c), where_(used, zero, || tile.load(top)));
            let product = Slot::new(zero);
            own_rows(used & j.ge(c), &|i| {
                if_(i.gt(c), || {
                    let x = tile.load(i * pitch + j);
                    product.set(column(i).conj().mul_add(x, product.get()));
                });
            });
            sums.store(t, product.get());
            barrier();
            let total = |j: Val| {
                let of = |part: u32| sums.load(j + part * width);
                (1..share).fold(of(0), |sum, part| sum + of(part))
            };
            let [beta, factor, scale] = reflector(dtype, head, total(c).real_part());
            let w = factor.conj() * (own + scale.conj() * total(j));
            own_rows(used & j.gt(c), &|i| {
                if_(i.gt(c), || {
                    let at = i * pitch + j;
                    tile.store(at, tile.load(at) - column(i) * (scale * w));
                });
                if_(i.eq(c), || tile.store(top, own - w));
            });
            if_(t.eq(0), || {
                let at = group * columns + c;
                tau.store(at, factor);
                scales.store(c, scale);
                r.store(at * columns + c, beta);
            });
            barrier();
        });
        own_rows(used, &|i| {
            let x = tile.load(i * pitch + j);
            if_(i.lt(count), || {
                let below = where_(i.gt(j), unit(dtype, i.eq(j)), || x * scales.load(j));
                v.store((matrix * rows + row0 + i) * columns + j, below);
            });
            if_(i.lt(columns) & i.ne(j), || {
                let above = arithmetic::select(i.lt(j), x, zero);
                r.store((group * columns + i) * columns + j, above);
            });
        });
    }
}

/// A level's Q, from that of the level above.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QrUnfold {
    dtype: DType,
    block: Block,
    /// Whether there is no level above.
    is_root: bool,
}

impl KernelBody for QrUnfold {
    fn name(&self) -> &'static str {
        "qr_unfold"
    }

    fn workgroup(&self) -> u32 {
        THREADS
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let Self { dtype, block, .. } = *self;
        let Block { width, height } = block;
        let (pitch, share) = (block.pitch(), block.share());
        let [v, tau] = ["v", "tau"].map(|name| Elements::input(k, name, dtype));
        let above = (!self.is_root).then(|| Elements::input(k, "above", dtype));
        let q = Elements::output(k, "q", dtype);
        let [rows, columns, blocks] = ["rows", "columns", "blocks"].map(|name| k.size(name));
        let tile = Elements::shared(k, "tile", dtype, (height * pitch) as usize);
        // Two halves, so that one barrier a step is enough.
        let sums = Elements::shared(k, "sums", dtype, 2 * THREADS as usize);
        let (t, group) = (k.local(), k.group());
        let (matrix, row0) = (group / blocks, group % blocks * height);
        let count = (rows - row0).min(height);
        let (j, part) = (t % width, t / width);
        let used = j.lt(columns);
        let at = |i: Val| (matrix * rows + row0 + i) * columns + j;
        let zero = Value::whole(dtype, 0);
        let own: Vec<(Val, Slot)> = (0..height / share)
            .map(|number| {
                let i = part + number * share;
                if_(used, || {
                    tile.store(i * pitch + j, where_(i.lt(count), zero, || v.load(at(i))));
                });
                let start = where_(used & i.lt(columns), zero, || match above {
                    Some(above) => above.load((group * columns + i) * columns + j),
                    None => unit(dtype, i.eq(j)),
                });
                (i, Slot::new(start))
            })
            .collect();
        barrier();
        for_(u(0), columns, 1, |step| {
            let c = columns - 1 - step;
            let half = step % 2 * THREADS;
            let column = |i: Val| tile.load(i * pitch + c);
            let product = Slot::new(zero);
            for &(i, x) in &own {
                product.set(column(i).conj().mul_add(x.get(), product.get()));
            }
            sums.store(half + t, product.get());
            barrier();
            let of = |part: u32| sums.load(half + j + part * width);
            let total = (1..share).fold(of(0), |sum, part| sum + of(part));
            let w = tau.load(group * columns + c) * total;
            for &(i, x) in &own {
                x.set(x.get() - column(i) * w);
            }
        });
        for &(i, x) in &own {
            if_(used & i.lt(count), || q.store(at(i), x.get()));
        }
    }
}
