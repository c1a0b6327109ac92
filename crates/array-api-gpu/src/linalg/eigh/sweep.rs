//! A sweep: every pair of blocks meets once, in rounds of pairs that have no block in common. In a round, each pair's tile
//! is made nearly diagonal by a unitary W; then all other tiles follow, `A ← Wᴴ A W` and `V ← V W`.

use array_api_spec::{DType, Layout, Result, Strided};

use super::{
    super::{matrix::u, rotation::tournament},
    Work,
    tile::{Jacobi, Tile, larger},
};
use crate::{
    GROUP, Gpu,
    kernel::{
        element::{Value, register},
        ir::{Atomic, Builder, Ty, Val, barrier, for_, if_, if_else, lit, select, var},
    },
    kernels::{Bindings, KernelBody},
    memory::Memory,
    packing::Elements,
    reduction::Slot,
    runtime::Runtime,
};

/// What the device knows of each matrix in the course of the sweeps.
pub(super) struct Progress<R: Runtime> {
    /// Bits of `float32` numbers, two for each matrix: the largest element off the diagonal that this sweep has met, and
    /// the largest on the diagonal that any has.
    found: Memory<R>,
    /// For each matrix, the element off the diagonal that is small enough, `float32`; less than 0 if the matrix is done.
    tolerance: Memory<R>,
    /// For each sweep, whether there was a matrix left after it.
    left: Memory<R>,
    sweeps: usize,
}

impl<R: Runtime> Progress<R> {
    /// For at most so many sweeps.
    pub(super) fn new(gpu: &Gpu<R>, batches: usize, sweeps: usize) -> Result<Self> {
        Ok(Self {
            found: gpu.zeros(2 * batches, DType::UInt32)?,
            tolerance: gpu.allocate(batches, DType::Float32)?,
            left: gpu.zeros(sweeps, DType::UInt32)?,
            sweeps,
        })
    }
}

impl<R: Runtime> Work<'_, R> {
    /// Sweeps until no sweep meets an element off the diagonal of more than so many rounding errors of the largest on it.
    /// Whether it came to that.
    pub(super) fn sweeps(&self, progress: &Progress<R>, errors: f64) -> Result<bool> {
        let factor = (errors * self.jacobi.epsilon() / 2.0) as f32;
        self.judge(progress, factor, None)?;
        for sweep in 0..progress.sweeps {
            self.sweep(progress)?;
            self.judge(progress, factor, Some(sweep))?;
            let left = Strided {
                storage: progress.left.clone(),
                layout: Layout::new(&[1], &[1], sweep),
                dtype: DType::UInt32,
            };
            if self.gpu.values::<u32>(&left)? == [0] {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn sweep(&self, progress: &Progress<R>) -> Result<()> {
        let jacobi = self.jacobi;
        let (rows, threads) = (jacobi.rows() as usize, jacobi.threads() as usize);
        let pairs = self.size / rows;
        let w = self
            .gpu
            .allocate(self.batches * pairs * rows * rows, jacobi.dtype)?;
        let moved = self.gpu.allocate(self.batches * pairs, DType::UInt32)?;
        // The pairs of tiles above or below the diagonal by 1, 2 … pairs / 2, counted round the edge.
        let tiles = pairs * (pairs / 2);
        let each = tiles + if self.vectors { pairs * pairs } else { 0 };
        for round in 0..2 * pairs - 1 {
            let place = |args: &mut Bindings<'_, '_, R>| {
                args.size("matrices", self.batches)
                    .size("size", self.size)
                    .size("stride", self.stride)
                    .size("pairs", pairs)
                    .size("round", round);
            };
            self.gpu.run(
                JacobiSolve(jacobi),
                self.batches * pairs * threads,
                |args| {
                    args.buffer("a", &self.memory)
                        .buffer("w", &w)
                        .buffer("moved", &moved)
                        .buffer("tolerance", &progress.tolerance)
                        .buffer("found", &progress.found);
                    place(args);
                },
            )?;
            let threads = self.batches * each * threads;
            self.gpu.run(JacobiUpdate(jacobi), threads, |args| {
                args.buffer("w", &w)
                    .buffer("moved", &moved)
                    .buffer("a", &self.memory);
                place(args);
                args.size("tiles", tiles).size("each", each);
            })?;
        }
        Ok(())
    }

    /// Decides which matrices take part in the next sweep: all if there was none yet.
    fn judge(&self, progress: &Progress<R>, factor: f32, sweep: Option<usize>) -> Result<()> {
        self.gpu.run(JacobiJudge, self.batches, |args| {
            args.buffer("found", &progress.found)
                .buffer("tolerance", &progress.tolerance)
                .buffer("left", &progress.left);
            args.size("matrices", self.batches)
                .size("sweep", sweep.unwrap_or(0))
                .size("anew", usize::from(sweep.is_none()))
                .value("factor", factor);
        })
    }
}

/// The row of the matrix that is row i of a pair's tile.
fn place(jacobi: Jacobi, (first, second): (Val, Val), i: Val) -> Val {
    let block = jacobi.block();
    select(i.lt(block), first * block + i, second * block + (i - block))
}

/// Makes the tile of each pair of a round nearly diagonal; a work-group for each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JacobiSolve(Jacobi);

impl KernelBody for JacobiSolve {
    fn name(&self) -> &'static str {
        "jacobi_solve"
    }

    fn workgroup(&self) -> u32 {
        self.0.threads()
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let jacobi = self.0;
        let real = register(jacobi.dtype);
        let a = Elements::output(k, "a", jacobi.dtype);
        let w = Elements::output(k, "w", jacobi.dtype);
        let moved = k.output("moved", Ty::U32);
        let tolerance = k.input("tolerance", Ty::F32);
        let found = k.atomic("found");
        let [matrices, size, stride, pairs, round] =
            ["matrices", "size", "stride", "pairs", "round"].map(|name| k.size(name));
        let tile = Tile::declare(k, jacobi);
        let (t, group) = (k.local(), k.group());
        let (matrix, pair) = (group / pairs, group % pairs);
        let blocks = tournament(pairs * 2, round, pair);
        let position = |i: Val, j: Val| {
            matrix * stride + place(jacobi, blocks, i) * size + place(jacobi, blocks, j)
        };
        let solve = |limit: Val| {
            tile.fill(|i, j| a.load(position(i, j)));
            if_(t.eq(0), || tile.set_tiny(limit.to(real)));
            barrier();
            tile.sweep(u(jacobi.rows()), u(jacobi.block()));
            for (i, j) in jacobi.own(t) {
                a.store(position(i, j), tile.m.load(tile.at(i, j)));
                let at = (group * jacobi.rows() + i) * jacobi.rows() + j;
                w.store(at, tile.z.load(tile.at(i, j)));
            }
            if_(t.eq(0), || {
                let largest = tile.largest_met();
                let on_diagonal = tile.largest_on_diagonal(u(jacobi.rows()));
                // Bits of numbers that are not negative are in the numbers' order.
                for (word, x) in [(0, largest), (1, on_diagonal)] {
                    let _ = found.atomic(Atomic::Max, matrix * 2 + word, x.to(Ty::F32).bits());
                }
                let is_moved = largest.gt(tile.tiny() * 0.25);
                moved.store(group, is_moved.to(Ty::U32));
            });
        };
        // A grid may have more work-groups than there are pairs.
        if_(matrix.lt(matrices), || {
            let limit = tolerance.load(matrix);
            if_else(
                limit.ge(0.0),
                || solve(limit),
                || if_(t.eq(0), || moved.store(group, 0)),
            );
        });
    }
}

/// Applies the unitary matrices of a round to the other tiles of A, and to V; a work-group for each tile.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JacobiUpdate(Jacobi);

impl KernelBody for JacobiUpdate {
    fn name(&self) -> &'static str {
        "jacobi_update"
    }

    fn workgroup(&self) -> u32 {
        self.0.threads()
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let jacobi = self.0;
        let (dtype, rows) = (jacobi.dtype, jacobi.rows());
        let w = Elements::input(k, "w", dtype);
        let moved = k.input("moved", Ty::U32);
        let a = Elements::output(k, "a", dtype);
        let [matrices, size, stride, pairs, round, tiles, each] = [
            "matrices", "size", "stride", "pairs", "round", "tiles", "each",
        ]
        .map(|name| k.size(name));
        let shared = |name| Elements::shared(k, name, dtype, (rows * jacobi.pitch()) as usize);
        let (tile, factor) = (shared("tile"), shared("factor"));
        let (t, group) = (k.local(), k.group());
        let (matrix, part) = (group / each, group % each);
        let of_a = part.lt(tiles);
        let rest = part - tiles;
        let y = select(of_a, part % pairs, rest % pairs);
        let x = select(of_a, (y + part / pairs + 1) % pairs, rest / pairs);
        // Opposite tiles of an even number would be met from both sides.
        let twice = of_a & ((x + pairs - y) % pairs * 2).eq(pairs) & y.gt(x);
        let is_moved = |pair: Val| moved.load(matrix * pairs + pair).ne(0);
        let (row_blocks, column_blocks) = (
            tournament(pairs * 2, round, x),
            tournament(pairs * 2, round, y),
        );
        // V lies below A.
        let row = |i: Val| select(of_a, place(jacobi, row_blocks, i), size + x * rows + i);
        let column = |j: Val| place(jacobi, column_blocks, j);
        let position = |i: Val, j: Val| matrix * stride + i * size + j;
        let w_at =
            |pair: Val, i: Val, j: Val| w.load(((matrix * pairs + pair) * rows + i) * rows + j);
        let at = |i: Val, j: Val| i * jacobi.pitch() + j;
        let own = jacobi.own(t);
        let product = |left: &dyn Fn(Val, Val) -> Value, right: &dyn Fn(Val, Val) -> Value| {
            let sums = own.map(|_| Slot::new(Value::whole(dtype, 0)));
            let [(i0, j0), _, _, (i1, j1)] = own;
            for_(u(0), u(rows), 1, |l| {
                let (x0, x1, y0, y1) = (left(i0, l), left(i1, l), right(l, j0), right(l, j1));
                let factors = [(x0, y0), (x0, y1), (x1, y0), (x1, y1)];
                for (sum, (x, y)) in sums.iter().zip(factors) {
                    sum.set(x.mul_add(y, sum.get()));
                }
            });
            sums.map(Slot::get)
        };
        let work = || {
            for (i, j) in own {
                tile.store(at(i, j), a.load(position(row(i), column(j))));
                factor.store(at(i, j), w_at(y, i, j));
            }
            barrier();
            let once = product(&|i, l| tile.load(at(i, l)), &|l, j| factor.load(at(l, j)));
            let vectors = || {
                for ((i, j), value) in own.into_iter().zip(once) {
                    a.store(position(row(i), column(j)), value);
                }
            };
            let both_sides = || {
                barrier();
                for ((i, j), value) in own.into_iter().zip(once) {
                    tile.store(at(i, j), value);
                    factor.store(at(i, j), w_at(x, i, j));
                }
                barrier();
                let twice = product(&|i, l| factor.load(at(l, i)).conj(), &|l, j| {
                    tile.load(at(l, j))
                });
                for ((i, j), value) in own.into_iter().zip(twice) {
                    let (i, j) = (row(i), column(j));
                    a.store(position(i, j), value);
                    a.store(position(j, i), value.conj());
                }
            };
            if_else(of_a, both_sides, vectors);
        };
        // A grid may have more work-groups than there are tiles.
        if_(matrix.lt(matrices) & !twice, || {
            if_(is_moved(y) | (of_a & is_moved(x)), work);
        });
    }
}

/// Compares each matrix's elements off the diagonal with its tolerance; a thread for each matrix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JacobiJudge;

impl KernelBody for JacobiJudge {
    fn name(&self) -> &'static str {
        "jacobi_judge"
    }

    fn workgroup(&self) -> u32 {
        GROUP
    }

    fn record(&self, k: Builder) {
        let found = k.output("found", Ty::U32);
        let tolerance = k.output("tolerance", Ty::F32);
        let left = k.atomic("left");
        let [matrices, sweep, anew] = ["matrices", "sweep", "anew"].map(|name| k.size(name));
        let factor = k.param("factor", Ty::F32);
        let t = k.thread();
        if_(t.lt(matrices), || {
            let word = |word: u32| found.load(t * 2 + word).bitcast(Ty::F32);
            // Scaled matrices have an element near 1.
            let limit = factor * larger(word(1), lit(Ty::F32, 1));
            let goes_on = var(anew.ne(0));
            if_(anew.eq(0), || {
                goes_on.set(tolerance.load(t).ge(0.0) & word(0).gt(limit));
                if_(goes_on.get(), || {
                    let _ = left.atomic(Atomic::Max, sweep, u(1));
                });
            });
            tolerance.store(t, select(goes_on.get(), limit, lit(Ty::F32, -1)));
            found.store(t * 2, 0);
        });
    }
}
