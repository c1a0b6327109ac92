//! Sweeps of rotations over pairs of blocks of rows: one-sided block Jacobi.
//!
//! In a round each block is paired with another one. A work-group computes the Gram matrix of a pair's rows, and rotates it
//! towards a diagonal matrix, each two rows once; then others apply these rotations to the rows themselves. Gram matrices
//! give only angles, never values, and are made anew in each round, so that they do not square the condition.

use array_api_spec::{
    DType, Result, Strided,
    backend::{Order, SortingBackend},
};

use super::{Identity, Rotated, SWEEPS, SvdLengths};
use crate::{
    Gpu,
    kernel::{
        element::{Value, register},
        ir::{Builder, Mem, Ty, Val, barrier, for_, if_, lit, select, var},
    },
    kernels::KernelBody,
    linalg::{
        matrix::{lifted, u, unit, where_},
        qr::Factored,
        rotation::{rotated, rotation, tournament},
    },
    memory::Memory,
    packing::Elements,
    reduction::Slot,
    runtime::Runtime,
};

/// The rows that a work-group rotates: two blocks of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tile {
    half: u32,
}

impl Tile {
    /// For vectors of length n. The smaller tile takes 9 KiB of complex numbers in double precision.
    pub(super) const fn of(dtype: DType, n: usize, shared_bytes: u32) -> Self {
        let large = Self { half: 16 };
        let elements = 2 * large.side() * large.pitch() + 2 * large.side();
        if n > 16 && elements * dtype.size() as u32 <= shared_bytes {
            large
        } else {
            Self { half: 8 }
        }
    }

    pub(super) const fn side(self) -> u32 {
        2 * self.half
    }

    const fn pitch(self) -> u32 {
        self.side() + 1
    }

    /// Threads of a work-group: each rotates four elements at a time.
    const fn threads(self) -> u32 {
        self.half * self.half
    }

    /// The elements of a thread: their rows, the column that all share, and the distance to the next one in memory.
    fn own(self, t: Val) -> (Vec<Val>, Val) {
        let distance = self.threads() / self.side();
        let rows = (0..self.side() / distance).map(|e| t / self.side() + e * distance);
        (rows.collect(), t % self.side())
    }
}

/// What a round works on.
#[derive(Clone, Copy)]
struct Round {
    dtype: DType,
    tile: Tile,
    batches: usize,
    n: usize,
    padded: usize,
    number: usize,
}

impl Round {
    const fn pairs(&self) -> usize {
        self.padded / self.tile.side() as usize
    }

    const fn rounds(&self) -> usize {
        2 * self.pairs() - 1
    }
}

impl<R: Runtime> Gpu<R> {
    /// Rotates the rows of R until they are orthogonal.
    pub(super) fn rotate(&self, factored: &Factored<R>, vectors: bool) -> Result<Rotated<R>> {
        let (batches, dtype) = (factored.batches(), factored.work());
        let [_, n] = factored.shape();
        let tile = self.tile(dtype, n);
        let padded = n.next_multiple_of(tile.side() as usize);
        // Rows beyond the last are 0, which no rotation changes.
        let g = self.triangle(factored, padded)?;
        let z = if vectors {
            let elements = batches * padded * padded;
            let z = self.allocate(elements, dtype)?;
            self.run(Identity { dtype }, elements, |args| {
                args.buffer("out", &z).entries([padded, padded], elements);
            })?;
            Some(z)
        } else {
            None
        };
        let rows = Strided::contiguous(g.clone(), &[batches, padded * n], dtype);
        let largest = self.largest_parts(&rows, &[1])?;
        let round = |number| Round {
            dtype,
            tile,
            batches,
            n,
            padded,
            number,
        };
        let (pairs, rounds) = (round(0).pairs(), round(0).rounds());
        let w = self.allocate(
            batches * pairs * (tile.side() * tile.side()) as usize,
            dtype,
        )?;
        let off = self.allocate(batches * rounds * pairs, dtype.real())?;
        let moved = self.allocate(batches * pairs, DType::UInt32)?;
        for _ in 0..SWEEPS {
            for number in 0..rounds {
                let round = round(number);
                self.solve_pairs(round, [&g, &largest, &w, &off, &moved])?;
                self.rotate_pairs(round, [&w, &moved, &g], z.as_ref())?;
            }
            if self.worst(&off, batches * rounds * pairs, dtype.real())? == 0.0 {
                break;
            }
        }
        let lengths = self.allocate(batches * padded, dtype.real())?;
        self.run(SvdLengths { dtype }, batches * padded, |args| {
            args.buffer("g", &g)
                .buffer("lengths", &lengths)
                .size("n", n)
                .size("threads", batches * padded);
        })?;
        let rows = Strided::contiguous(lengths.clone(), &[batches, padded], dtype.real());
        let order = self.argsort(&rows, 1, Order::Descending)?;
        Ok(Rotated {
            g,
            z,
            lengths,
            order,
            batches,
            n,
            padded,
            dtype,
        })
    }

    fn solve_pairs(
        &self,
        round: Round,
        [g, largest, w, off, moved]: [&Memory<R>; 5],
    ) -> Result<()> {
        let Round { dtype, tile, .. } = round;
        let threads = round.batches * round.pairs() * tile.threads() as usize;
        self.run(SvdSolve { dtype, tile }, threads, |args| {
            args.buffer("g", g)
                .buffer("largest", largest)
                .buffer("w", w)
                .buffer("off", off)
                .buffer("moved", moved);
            args.size("n", round.n)
                .size("padded", round.padded)
                .size("pairs", round.pairs())
                .size("round", round.number);
        })
    }

    fn rotate_pairs(
        &self,
        round: Round,
        [w, moved, g]: [&Memory<R>; 3],
        z: Option<&Memory<R>>,
    ) -> Result<()> {
        let Round { dtype, tile, .. } = round;
        let side = tile.side() as usize;
        let of_g = round.n.div_ceil(side);
        let chunks = of_g + z.map_or(0, |_| round.padded / side);
        let kernel = SvdUpdate {
            dtype,
            tile,
            vectors: z.is_some(),
        };
        let threads = round.batches * round.pairs() * chunks * tile.threads() as usize;
        self.run(kernel, threads, |args| {
            args.buffer("w", w).buffer("moved", moved).buffer("g", g);
            if let Some(z) = z {
                args.buffer("z", z);
            }
            args.size("n", round.n)
                .size("padded", round.padded)
                .size("pairs", round.pairs())
                .size("round", round.number)
                .size("of_g", of_g)
                .size("chunks", chunks);
        })
    }
}

/// The rotations of each pair of blocks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SvdSolve {
    dtype: DType,
    tile: Tile,
}

impl KernelBody for SvdSolve {
    fn name(&self) -> &'static str {
        "svd_solve"
    }

    fn workgroup(&self) -> u32 {
        self.tile.threads()
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let Self { dtype, tile } = *self;
        let (side, pitch) = (tile.side(), tile.pitch());
        let real = register(dtype.real());
        let g = Elements::input(k, "g", dtype);
        let largest = k.input("largest", real);
        let w = Elements::output(k, "w", dtype);
        let (off, moved) = (k.output("off", real), k.output("moved", Ty::U32));
        let [n, padded, pairs, round] = ["n", "padded", "pairs", "round"].map(|name| k.size(name));
        let [m, z] =
            ["m", "z"].map(|name| Elements::shared(k, name, dtype, (side * pitch) as usize));
        let angles = Elements::shared(k, "angles", dtype, side as usize);
        let cosines = k.shared("cosines", real, side as usize);
        let (t, group) = (k.local(), k.group());
        let (matrix, pair) = (group / pairs, group % pairs);
        let line = row_of(tile, pairs, round, pair);
        let rows = |i: Val| (matrix * padded + line(i)) * n;
        let (own, j) = tile.own(t);

        // Until the rotations begin, z holds a chunk of the rows.
        let zero = Value::whole(dtype, 0);
        let sums: Vec<Slot> = own.iter().map(|_| Slot::new(zero)).collect();
        for_(u(0), n, side, |k0| {
            for &i in &own {
                let x = where_((k0 + j).lt(n), zero, || g.load(rows(i) + k0 + j));
                z.store(i * pitch + j, x);
            }
            barrier();
            let parts: Vec<Slot> = own.iter().map(|_| Slot::new(zero)).collect();
            for_(u(0), u(side), 1, |l| {
                let other = z.load(j * pitch + l).conj();
                for (&i, part) in own.iter().zip(&parts) {
                    part.set(z.load(i * pitch + l).mul_add(other, part.get()));
                }
            });
            for (sum, part) in sums.iter().zip(&parts) {
                sum.set(sum.get() + part.get());
            }
            barrier();
        });
        for (&i, sum) in own.iter().zip(&sums) {
            m.store(i * pitch + j, sum.get());
            z.store(i * pitch + j, unit(dtype, i.eq(j)));
        }
        barrier();
        let limits = Limits::new(n, largest.load(matrix));
        let worst = self.largest_cosine(m, &limits, t, cosines);
        self.sweep([m, z, angles], &limits, t);
        for &i in &own {
            let at = group * (side * side) + i * side + j;
            w.store(at, z.load(i * pitch + j));
        }
        if_(t.eq(0), || {
            let rounds = pairs * 2 - 1;
            off.store((matrix * rounds + round) * pairs + pair, worst);
            moved.store(group, worst.gt(0.0).to(Ty::U32));
        });
    }
}

impl SvdSolve {
    /// The largest cosine between two rows that is beyond their limit, else 0.
    fn largest_cosine(&self, m: Elements, limits: &Limits, t: Val, cosines: Mem) -> Val {
        let (side, pitch) = (self.tile.side(), self.tile.pitch());
        let square = |i: Val| m.load(i * pitch + i).real_part();
        if_(t.lt(side), || {
            let worst = var(lit(cosines.ty(), 0));
            for_(u(0), u(side), 1, |j| {
                let [length, limit] = limits.of(square(t), square(j));
                let product = m.load(t * pitch + j).magnitude();
                if_(j.ne(t) & product.gt(limit), || {
                    let cosine = product / select(length.gt(0.0), length, 1.0);
                    if_(cosine.gt(worst.get()), || worst.set(cosine));
                });
            });
            cosines.store(t, worst.get());
        });
        barrier();
        let worst = var(lit(cosines.ty(), 0));
        for_(u(0), u(side), 1, |i| {
            let x = cosines.load(i);
            if_(x.gt(worst.get()), || worst.set(x));
        });
        worst.get()
    }

    /// Rotates each two rows of the pair once: `m = Jᴴ m J` and `z = z J`.
    fn sweep(&self, [m, z, angles]: [Elements; 3], limits: &Limits, t: Val) {
        let (half, side, pitch) = (self.tile.half, self.tile.side(), self.tile.pitch());
        let at = |i: Val, j: Val| i * pitch + j;
        for_(u(0), u(side - 1), 1, |round| {
            if_(t.lt(half), || {
                let (p, q) = tournament(u(side), round, t);
                let (a, d) = (m.load(at(p, p)).real_part(), m.load(at(q, q)).real_part());
                let [_, limit] = limits.of(a, d);
                let (s, v) = rotation(a, m.load(at(p, q)), d, limit * 0.25);
                angles.store(t * 2, s);
                angles.store(t * 2 + 1, lifted(self.dtype, v));
            });
            barrier();
            let (x, y) = (t / half, t % half);
            let (p, q) = tournament(u(side), round, x);
            let (f, h) = tournament(u(side), round, y);
            let angle = |i: Val| (angles.load(i * 2), angles.load(i * 2 + 1).real_part());
            let row = angle(x);
            let (s, v) = angle(y);
            let column = (s.conj(), v);
            let (pf, qf) = rotated(m.load(at(p, f)), m.load(at(q, f)), row);
            let (ph, qh) = rotated(m.load(at(p, h)), m.load(at(q, h)), row);
            for (i, [left, right]) in [(p, [pf, ph]), (q, [qf, qh])] {
                let (left, right) = rotated(left, right, column);
                m.store(at(i, f), left);
                m.store(at(i, h), right);
            }
            for i in [x, x + half] {
                let (left, right) = rotated(z.load(at(i, f)), z.load(at(i, h)), column);
                z.store(at(i, f), left);
                z.store(at(i, h), right);
            }
            barrier();
        });
    }
}

/// Which products of rows count as 0.
struct Limits {
    /// A cosine.
    tolerance: Val,
    /// A product: rows shorter than the rounding errors of the whole matrix need not be orthogonal.
    floor: Val,
}

impl Limits {
    fn new(n: Val, largest: Val) -> Self {
        let ty = largest.ty();
        let roundoff = if ty == Ty::F64 {
            f64::EPSILON / 2.0
        } else {
            f64::from(f32::EPSILON) / 2.0
        };
        let root = n.to(ty).sqrt();
        let length = largest * root * (4.0 * roundoff);
        Self {
            tolerance: select(root.gt(4.0), root, 4.0) * roundoff,
            floor: length * length,
        }
    }

    /// Of rows whose lengths have these squares: the product of the lengths, and the product that counts as 0.
    fn of(&self, a: Val, d: Val) -> [Val; 2] {
        let positive = |x: Val| select(x.gt(0.0), x, 0.0).sqrt();
        let length = positive(a) * positive(d);
        let small = length * self.tolerance;
        [length, select(small.lt(self.floor), self.floor, small)]
    }
}

/// Where the rows of a pair lie in their matrix.
fn row_of(tile: Tile, pairs: Val, round: Val, pair: Val) -> impl Fn(Val) -> Val {
    let half = tile.half;
    let (first, second) = tournament(pairs * 2, round, pair);
    move |i| select(i.lt(half), first * half + i, second * half + (i - half))
}

/// Applies the rotations to the rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SvdUpdate {
    dtype: DType,
    tile: Tile,
    /// Whether the rotations are gathered, too.
    vectors: bool,
}

impl KernelBody for SvdUpdate {
    fn name(&self) -> &'static str {
        "svd_update"
    }

    fn workgroup(&self) -> u32 {
        self.tile.threads()
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let Self { dtype, tile, .. } = *self;
        let (side, pitch) = (tile.side(), tile.pitch());
        let w = Elements::input(k, "w", dtype);
        let moved = k.input("moved", Ty::U32);
        let g = Elements::output(k, "g", dtype);
        let z = self.vectors.then(|| Elements::output(k, "z", dtype));
        let [n, padded, pairs, round] = ["n", "padded", "pairs", "round"].map(|name| k.size(name));
        let (of_g, chunks) = (k.size("of_g"), k.size("chunks"));
        let [turn, rows] =
            ["turn", "rows"].map(|name| Elements::shared(k, name, dtype, (side * pitch) as usize));
        let (t, group) = (k.local(), k.group());
        let (number, chunk) = (group / chunks, group % chunks);
        let (matrix, pair) = (number / pairs, number % pairs);
        let line = row_of(tile, pairs, round, pair);
        let in_g = chunk.lt(of_g);
        let (own, j) = tile.own(t);
        let column = select(in_g, chunk, chunk - of_g) * side + j;
        let length = select(in_g, n, padded);
        let inside = column.lt(length);
        let at = |i: Val| (matrix * padded + line(i)) * length + column;
        let zero = Value::whole(dtype, 0);
        // All threads of the work-group decide alike, as barriers want it.
        if_(moved.load(number).ne(0), || {
            for &i in &own {
                turn.store(i * pitch + j, w.load((number * side + i) * side + j));
                let mut x = where_(inside & in_g, zero, || g.load(at(i)));
                if let Some(z) = z {
                    x = where_(!in_g, x, || z.load(at(i)));
                }
                rows.store(i * pitch + j, x);
            }
            barrier();
            let sums: Vec<Slot> = own.iter().map(|_| Slot::new(zero)).collect();
            for_(u(0), u(side), 1, |l| {
                let x = rows.load(l * pitch + j);
                for (&i, sum) in own.iter().zip(&sums) {
                    let factor = turn.load(l * pitch + i).conj();
                    sum.set(factor.mul_add(x, sum.get()));
                }
            });
            for (&i, sum) in own.iter().zip(&sums) {
                if_(inside & in_g, || g.store(at(i), sum.get()));
                if let Some(z) = z {
                    if_(!in_g, || z.store(at(i), sum.get()));
                }
            }
        });
    }
}
