//! How matrices become scaled squares of whole tiles, and how eigenvalues and eigenvectors leave them in order.

use array_api_spec::{DType, Result, Strided};

use super::{
    super::matrix::{
        Input, Source, each_element, is_finite, largest_part, ldexp, u, unit, where_,
        without_imaginary,
    },
    Work,
};
use crate::{
    Gpu,
    kernel::{
        arithmetic,
        element::Value,
        ir::{Atomic, Builder, Ty, Val, for_, if_, select, var},
        math,
    },
    kernels::KernelBody,
    memory::Memory,
    packing::Elements,
    runtime::Runtime,
};

/// The word of a matrix with an element that is not finite. Of others it is the exponent of the largest part plus
/// [`OFFSET`], or 0 if all are 0: the largest element's word is the matrix's.
pub(super) const NOT_FINITE: u32 = u32::MAX;
const OFFSET: i32 = 2048;

/// The largest word of a row of a lower triangle.
pub(super) fn word_of_row(x: &Input, n: Val, matrix: Val, i: Val) -> Val {
    let largest = var(u(0));
    for_(u(0), i + 1, 1, |j| {
        let value = x.load((matrix * n + i) * n + j);
        let part = largest_part(without_imaginary(i.eq(j), value));
        let exponent = (math::exponent(part, part) + OFFSET).to(Ty::U32);
        let word = select(part.gt(0.0), exponent, 0);
        let word = select(is_finite(value), word, NOT_FINITE);
        largest.set(largest.get().max(word));
    });
    largest.get()
}

/// The exponent that a matrix with a word is scaled by.
pub(super) fn exponent_of(word: Val) -> Val {
    let is_number = word.ne(0) & word.ne(NOT_FINITE);
    select(is_number, word.to(Ty::I32) - OFFSET, 0)
}

/// Element (i, j) of the scaled Hermitian matrix whose lower triangle is given; 0 beyond its order, and if it is not
/// finite.
pub(super) fn scaled(x: &Input, zero: Value, n: Val, word: Val, [matrix, i, j]: [Val; 3]) -> Value {
    let inside = i.lt(n) & j.lt(n) & word.ne(NOT_FINITE);
    where_(inside, zero, || {
        let value = x.load((matrix * n + i.max(j)) * n + i.min(j));
        let value = without_imaginary(i.eq(j), value);
        let value = arithmetic::select(i.lt(j), value.conj(), value);
        ldexp(value, -exponent_of(word))
    })
}

impl<R: Runtime> Gpu<R> {
    /// The word of each matrix.
    pub(super) fn words_of_matrices(
        &self,
        x: &Strided<Memory<R>>,
        source: &Source,
        n: usize,
        batches: usize,
    ) -> Result<Memory<R>> {
        let word = self.zeros(batches, DType::UInt32)?;
        self.run(EighScale(source.clone()), batches * n, |args| {
            args.buffer("x", &x.storage)
                .layout("x", &x.layout)
                .buffer("word", &word);
            args.size("n", n).size("threads", batches * n);
        })?;
        Ok(word)
    }
}

impl<R: Runtime> Work<'_, R> {
    /// Writes A, and `V = I` if `is_start`.
    pub(super) fn fill(
        &self,
        x: &Strided<Memory<R>>,
        source: &Source,
        word: &Memory<R>,
        is_start: bool,
    ) -> Result<()> {
        let kernel = EighStart {
            source: source.clone(),
            identity: is_start && self.vectors,
        };
        let threads = self.batches * self.size * self.size;
        self.gpu.run(kernel, threads, |args| {
            args.buffer("x", &x.storage)
                .layout("x", &x.layout)
                .buffer("word", word)
                .buffer("a", &self.memory);
            args.size("n", self.n)
                .size("size", self.size)
                .size("stride", self.stride)
                .size("threads", threads);
        })
    }

    /// Eigenvalues in ascending order, and their vectors.
    pub(super) fn results(&self, source: &Source, word: &Memory<R>) -> Result<[Memory<R>; 2]> {
        let (n, lines) = (self.n, self.batches * self.n);
        let values = self.gpu.allocate(lines, source.dtype().real())?;
        let rank = self.gpu.allocate(lines, DType::UInt32)?;
        self.gpu.run(EighValues(source.clone()), lines, |args| {
            args.buffer("word", word)
                .buffer("a", &self.memory)
                .buffer("values", &values)
                .buffer("rank", &rank);
            args.size("n", n)
                .size("size", self.size)
                .size("stride", self.stride)
                .size("threads", lines);
        })?;
        let elements = if self.vectors { lines * n } else { 0 };
        let vectors = self.gpu.allocate(elements, source.dtype())?;
        self.gpu
            .run(EighVectors(source.clone()), elements, |args| {
                args.buffer("word", word)
                    .buffer("a", &self.memory)
                    .buffer("rank", &rank)
                    .buffer("vectors", &vectors);
                args.elements(n, elements)
                    .size("size", self.size)
                    .size("stride", self.stride);
            })?;
        Ok([values, vectors])
    }
}

/// The word of each matrix; a thread for each row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EighScale(Source);

impl KernelBody for EighScale {
    fn name(&self) -> &'static str {
        "eigh_scale"
    }

    fn record(&self, k: Builder) {
        let x = self.0.declare(k, "x");
        let word = k.atomic("word");
        let (n, threads) = (k.size("n"), k.size("threads"));
        let t = k.thread();
        if_(t.lt(threads), || {
            let matrix = t / n;
            let _ = word.atomic(Atomic::Max, matrix, word_of_row(&x, n, matrix, t % n));
        });
    }
}

/// Scales matrices, completes them to Hermitian ones and pads them with zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EighStart {
    source: Source,
    /// Whether V becomes the identity.
    identity: bool,
}

impl KernelBody for EighStart {
    fn name(&self) -> &'static str {
        "eigh_start"
    }

    fn record(&self, k: Builder) {
        let dtype = self.source.work;
        let x = self.source.declare(k, "x");
        let word = k.input("word", Ty::U32);
        let a = Elements::output(k, "a", dtype);
        let [n, size, stride, threads] =
            ["n", "size", "stride", "threads"].map(|name| k.size(name));
        let t = k.thread();
        if_(t.lt(threads), || {
            let (matrix, i, j) = (t / (size * size), t / size % size, t % size);
            let zero = Value::whole(dtype, 0);
            let value = scaled(&x, zero, n, word.load(matrix), [matrix, i, j]);
            a.store(matrix * stride + i * size + j, value);
            if self.identity {
                let one = unit(dtype, i.eq(j));
                a.store(matrix * stride + (size + i) * size + j, one);
            }
        });
    }
}

/// The place of the i-th eigenvalue in ascending order, equal ones in the order of their numbers.
pub(super) fn rank_of(n: Val, i: Val, value: impl Fn(Val) -> Val) -> Val {
    let own = value(i);
    let rank = var(u(0));
    for_(u(0), n, 1, |j| {
        let other = value(j);
        let is_before = other.lt(own) | (other.eq(own) & j.lt(i));
        rank.set(rank.get() + is_before.to(Ty::U32));
    });
    rank.get()
}

/// The diagonals in ascending order, scaled back, and where each element has gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EighValues(Source);

impl KernelBody for EighValues {
    fn name(&self) -> &'static str {
        "eigh_values"
    }

    fn record(&self, k: Builder) {
        let word = k.input("word", Ty::U32);
        let a = Elements::input(k, "a", self.0.work);
        let values = self.0.real_output(k, "values");
        let rank = k.output("rank", Ty::U32);
        let [n, size, stride, threads] =
            ["n", "size", "stride", "threads"].map(|name| k.size(name));
        let t = k.thread();
        if_(t.lt(threads), || {
            let (matrix, i) = (t / n, t % n);
            let value = |i: Val| a.load(matrix * stride + i * (size + 1)).real_part();
            let place = rank_of(n, i, value);
            rank.store(t, place);
            let word = word.load(matrix);
            let at = matrix * n + place;
            values.store(at, ldexp(Value::Real(value(i)), exponent_of(word)));
            if_(word.eq(NOT_FINITE), || values.store_nan(at));
        });
    }
}

/// V's columns in the order of the eigenvalues.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EighVectors(Source);

impl KernelBody for EighVectors {
    fn name(&self) -> &'static str {
        "eigh_vectors"
    }

    fn record(&self, k: Builder) {
        let word = k.input("word", Ty::U32);
        let a = Elements::input(k, "a", self.0.work);
        let rank = k.input("rank", Ty::U32);
        let vectors = self.0.output(k, "vectors");
        let (size, stride) = (k.size("size"), k.size("stride"));
        each_element(k, |n, _, [matrix, i, j]| {
            let at = (matrix * n + i) * n + rank.load(matrix * n + j);
            vectors.store(at, a.load(matrix * stride + (size + i) * size + j));
            if_(word.load(matrix).eq(NOT_FINITE), || vectors.store_nan(at));
        });
    }
}
