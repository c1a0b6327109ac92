//! A Hermitian tile in shared memory, which rotations make diagonal.

use array_api_spec::DType;

use super::super::{
    matrix::{u, unit, without_imaginary},
    rotation::{rotated, rotation, tournament},
};
use crate::{
    kernel::{
        arithmetic,
        element::{Value, register},
        ir::{Builder, Mem, Val, barrier, for_, if_, lit, select, var},
    },
    packing::Elements,
};

/// What of the method the text of a kernel depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Jacobi {
    pub(super) dtype: DType,
    /// Rows of a block. Two blocks make a tile, and each thread of a work-group turns a 2 × 2 part of it.
    block: u32,
}

impl Jacobi {
    /// With the largest blocks whose tiles fit into shared memory.
    pub(super) fn new(dtype: DType, shared_bytes: u32) -> Self {
        let of = |block| Self { dtype, block };
        let bytes = |jacobi: Self| {
            let elements = 2 * jacobi.rows() * jacobi.pitch() + 3 * jacobi.block + 2;
            elements * dtype.size() as u32 + 8 * jacobi.rows()
        };
        [16, 8]
            .map(of)
            .into_iter()
            .find(|&jacobi| bytes(jacobi) <= shared_bytes)
            .unwrap_or(of(4))
    }

    /// The distance of 1 and the next number.
    pub(super) fn epsilon(self) -> f64 {
        match self.dtype.real() {
            DType::Float32 => f64::from(f32::EPSILON),
            _ => f64::EPSILON,
        }
    }

    /// Rows of a block.
    pub(super) const fn block(self) -> u32 {
        self.block
    }

    /// Rows of a tile.
    pub(super) const fn rows(self) -> u32 {
        2 * self.block
    }

    /// Threads of a work-group.
    pub(super) const fn threads(self) -> u32 {
        self.block * self.block
    }

    /// Elements from one row of a tile to the next in shared memory; odd, so that threads use different banks.
    pub(super) const fn pitch(self) -> u32 {
        self.rows() + 1
    }

    /// The rows and columns of the tile's elements that a thread cares for, 2 × 2 of them.
    pub(super) fn own(self, t: Val) -> [(Val, Val); 4] {
        let (i, j) = (t / self.block, t % self.block);
        [(0, 0), (0, 1), (1, 0), (1, 1)]
            .map(|(down, right): (u32, u32)| (i + down * self.block, j + right * self.block))
    }
}

/// A tile M, and a unitary Z. Rotations change both: `Zᴴ M₀ Z = M`, with `M₀` what the tile was at first.
pub(super) struct Tile {
    pub(super) jacobi: Jacobi,
    pub(super) m: Elements,
    pub(super) z: Elements,
    s: Elements,
    v: Mem,
    tiny: Mem,
    /// The largest element off the diagonal that each thread has met before it was rotated away.
    met: Mem,
    t: Val,
}

impl Tile {
    pub(super) fn declare(k: Builder, jacobi: Jacobi) -> Self {
        let shared = |name, length: u32| Elements::shared(k, name, jacobi.dtype, length as usize);
        let elements = jacobi.rows() * jacobi.pitch();
        Self {
            jacobi,
            m: shared("m", elements),
            z: shared("z", elements),
            s: shared("s", jacobi.block),
            v: k.shared("v", register(jacobi.dtype), jacobi.block as usize),
            tiny: k.shared("tiny", register(jacobi.dtype), 1),
            met: k.shared("met", register(jacobi.dtype), jacobi.block as usize),
            t: k.local(),
        }
    }

    pub(super) fn at(&self, i: Val, j: Val) -> Val {
        i * self.jacobi.pitch() + j
    }

    /// A diagonal element of M.
    pub(super) fn diagonal(&self, i: Val) -> Val {
        self.m.load(self.at(i, i)).real_part()
    }

    /// M with these elements, and Z = I. A barrier must follow.
    pub(super) fn fill(&self, element: impl Fn(Val, Val) -> Value) {
        for (i, j) in self.jacobi.own(self.t) {
            self.m.store(self.at(i, j), element(i, j));
            let one = unit(self.jacobi.dtype, i.eq(j));
            self.z.store(self.at(i, j), one);
        }
    }

    /// Rotates each pair of the first `order` rows once; `order` is even. `pairs` is half of it, or 0 if nothing is to be
    /// done, and then the threads still meet at the barriers. Elements up to a quarter of [`tiny`](Self::tiny) are left.
    pub(super) fn sweep(&self, order: Val, pairs: Val) {
        let zero = lit(register(self.jacobi.dtype), 0);
        if_(self.t.lt(self.jacobi.block), || {
            self.met.store(self.t, zero);
        });
        for_(u(0), order - 1, 1, |round| {
            if_(self.t.lt(pairs), || {
                let (p, q) = tournament(order, round, self.t);
                let b = self.m.load(self.at(p, q));
                let (s, v) = rotation(self.diagonal(p), b, self.diagonal(q), self.tiny() * 0.25);
                self.s.store(self.t, s);
                self.v.store(self.t, v);
                let size = b.magnitude();
                if_(size.gt(self.met.load(self.t)), || {
                    self.met.store(self.t, size);
                });
            });
            barrier();
            let (x, y) = (self.t / self.jacobi.block, self.t % self.jacobi.block);
            if_(x.lt(pairs) & y.lt(pairs), || self.turn(order, round, x, y));
            barrier();
        });
    }

    /// What an element off the diagonal may be; kept in shared memory, because registers are short.
    pub(super) fn tiny(&self) -> Val {
        self.tiny.load(0)
    }

    /// Sets [`tiny`](Self::tiny). One thread does, and a barrier must follow.
    pub(super) fn set_tiny(&self, tiny: Val) {
        self.tiny.store(0, tiny);
    }

    /// The largest element off the diagonal that the last sweep has met.
    pub(super) fn largest_met(&self) -> Val {
        largest(self.jacobi.dtype, u(self.jacobi.block), |i| {
            self.met.load(i)
        })
    }

    /// The largest magnitude of the first `order` elements on the diagonal.
    pub(super) fn largest_on_diagonal(&self, order: Val) -> Val {
        largest(self.jacobi.dtype, order, |i| self.diagonal(i).abs())
    }

    /// Turns the rows of pair x and the columns of pair y.
    fn turn(&self, order: Val, round: Val, x: Val, y: Val) {
        let (p, q) = tournament(order, round, x);
        let (f, g) = tournament(order, round, y);
        let row = (self.s.load(x), self.v.load(x));
        let column = (self.s.load(y).conj(), self.v.load(y));
        let m = |i, j| self.m.load(self.at(i, j));
        let (pf, qf) = rotated(m(p, f), m(q, f), row);
        let (pg, qg) = rotated(m(p, g), m(q, g), row);
        let (pf, pg) = rotated(pf, pg, column);
        let (qf, qg) = rotated(qf, qg, column);
        let same = x.eq(y);
        let gone = same & row.0.magnitude().gt(0.0);
        let zero = Value::whole(self.jacobi.dtype, 0);
        for (i, j, value) in [
            (p, f, without_imaginary(same, pf)),
            (p, g, arithmetic::select(gone, zero, pg)),
            (q, f, arithmetic::select(gone, zero, qf)),
            (q, g, without_imaginary(same, qg)),
        ] {
            self.m.store(self.at(i, j), value);
        }
        for i in [x, x + order / 2] {
            let (left, right) = (self.at(i, f), self.at(i, g));
            let (zf, zg) = rotated(self.z.load(left), self.z.load(right), column);
            self.z.store(left, zf);
            self.z.store(right, zg);
        }
    }
}

/// The largest of so many numbers that are at least 0.
fn largest(dtype: DType, count: Val, number: impl Fn(Val) -> Val) -> Val {
    let largest = var(lit(register(dtype), 0));
    for_(u(0), count, 1, |i| {
        largest.set(larger(number(i), largest.get()));
    });
    largest.get()
}

/// The larger of two numbers, the second if one is NaN.
pub(super) fn larger(a: Val, b: Val) -> Val {
    select(a.gt(b), a, b)
}
