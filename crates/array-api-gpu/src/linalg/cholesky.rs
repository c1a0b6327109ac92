//! Cholesky factors: right-looking, two launches for every panel of columns.
//!
//! The matrix is scaled to `S x S` with `S = diag(2^-e)`, so that its diagonal lies within [1/4, 1]: powers of two round
//! nothing, and nothing overflows. Each work-group of a panel factorises the diagonal block for itself, in the form
//! `L D Lᴴ` with unscaled columns, which needs one barrier a column, and then solves for rows of its own below it.

use array_api_host::{dispatch_floating, linalg};
use array_api_spec::{
    DType, Element, Error, Layout, Result, Strided, backend::ArrayObjectBackend, shape::size,
};

use super::{
    matrix::{
        Source, each_element, is_finite, ldexp, lifted, matrix_name, over, stack, u, unit, where_,
        without_imaginary,
    },
    update::Place,
};
use crate::{
    GROUP, Gpu,
    kernel::{
        element::Value,
        ir::{Atomic, Builder, Ty, Val, barrier, break_, for_, if_, lit, loop_, select, var},
        math,
    },
    kernels::KernelBody,
    memory::Memory,
    packing::Elements,
    reduction::Slot,
    runtime::Runtime,
};

/// The status word of a matrix with an element that is not finite. A leading block of order i + 1 that is not positive
/// definite has the word `ODD_WORD - 1 - i`: the smallest order is the largest word.
const ODD_WORD: u32 = u32::MAX;

impl<R: Runtime> Gpu<R> {
    /// L of `x = L Lᴴ`.
    pub(super) fn cholesky_factor(&self, x: &Strided<Memory<R>>) -> Result<Memory<R>> {
        if let Some(factor) = self.assisted_cholesky(x)? {
            return Ok(factor);
        }
        if self.factorises(x) {
            return self.cholesky_by_kernels(&self.readable(x)?);
        }
        let layout = Layout::contiguous(x.shape());
        let l = dispatch_floating!("cholesky", x.dtype, T => {
            Ok(T::into_buffer(linalg::cholesky(&self.values::<T>(x)?, &layout)?))
        })?;
        self.upload(l)
    }

    fn cholesky_by_kernels(&self, x: &Strided<Memory<R>>) -> Result<Memory<R>> {
        let (batch, [n, _]) = stack(&x.layout);
        let (batches, elements) = (size(&batch), x.layout.size());
        let dtype = self.work_dtype(x.dtype);
        let source = Source::of(x, dtype);
        // What is left of the scaled matrix, its factor, and a status word for each matrix.
        let rest = self.allocate(elements, dtype)?;
        let l = self.allocate(elements, dtype)?;
        let status = self.zeros(batches, DType::UInt32)?;
        self.run(CholeskyScale(source.clone()), elements, |args| {
            args.buffer("x", &x.storage)
                .layout("x", &x.layout)
                .buffer("rest", &rest)
                .buffer("status", &status);
            args.elements(n, elements);
        })?;
        let width = panel_width(dtype, self.runtime.properties().shared_bytes.min(48 << 10));
        for first in (0..n).step_by(width as usize) {
            let next = first + width as usize;
            // At least one work-group, which stores the diagonal block.
            let slabs = n.saturating_sub(next).div_ceil(GROUP as usize).max(1);
            let threads = batches * slabs * GROUP as usize;
            self.run(CholeskyPanel { dtype, width }, threads, |args| {
                args.buffer("rest", &rest)
                    .buffer("l", &l)
                    .buffer("status", &status);
                args.size("n", n).size("first", first).size("slabs", slabs);
            })?;
            if next < n {
                let below = Place::from(&l, (n, n), (next, first));
                let c = Place::from(&rest, (n, n), (next, next));
                let lengths = [n - next, n - next, width as usize];
                self.update(dtype, lengths, batches, [c, below, below], true)?;
            }
        }
        let out = self.allocate(elements, x.dtype)?;
        self.run(CholeskyFinish(source), elements, |args| {
            args.buffer("x", &x.storage)
                .layout("x", &x.layout)
                .buffer("l", &l)
                .buffer("status", &status)
                .buffer("out", &out);
            args.elements(n, elements);
        })?;
        let status = self.values::<u32>(&Strided::contiguous(status, &[batches], DType::UInt32))?;
        let failed = |word: &u32| *word != 0 && *word != ODD_WORD;
        match status.iter().position(failed) {
            None => Ok(out),
            Some(number) => {
                let name = matrix_name(&x.layout, number);
                let order = ODD_WORD - status[number];
                let detail = format!(
                    "{name} is not positive definite: its leading block of order {order} is not"
                );
                Err(Error::linear_algebra("cholesky", detail))
            }
        }
    }
}

/// Columns of a panel: as many as leave room in shared memory for the diagonal block and the rows of a work-group.
fn panel_width(dtype: DType, shared_bytes: u32) -> u32 {
    let bytes = |width: u32| ((width + GROUP) * (width + 1) + width) * dtype.size() as u32;
    [32, 16, 8]
        .into_iter()
        .find(|&width| bytes(width) <= shared_bytes)
        .unwrap_or(8)
}

/// ⌈exponent / 2⌉ of the diagonal element's real part if it is positive, else 0.
fn half_exponent(diagonal: Value) -> Val {
    let x = diagonal.real_part();
    let e = (math::exponent(x, x) + 2) >> 1;
    select(x.gt(0.0) & math::is_finite(x), e, lit(Ty::I32, 0))
}

/// Scales the lower triangles, and notes which are not finite.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CholeskyScale(Source);

impl KernelBody for CholeskyScale {
    fn name(&self) -> &'static str {
        "cholesky_scale"
    }

    fn record(&self, k: Builder) {
        let x = self.0.declare(k, "x");
        let rest = Elements::output(k, "rest", self.0.work);
        let status = k.atomic("status");
        each_element(k, |n, t, [matrix, i, j]| {
            let value = where_(j.le(i), Value::whole(self.0.work, 0), || {
                let value = x.load(t);
                if_(!is_finite(value), || {
                    let _ = status.atomic(Atomic::Max, matrix, u(ODD_WORD));
                });
                // A diagonal element is real.
                let value = without_imaginary(i.eq(j), value);
                let e = |i: Val| half_exponent(x.load(matrix * n * n + i * n + i));
                ldexp(ldexp(value, -e(i)), -e(j))
            });
            rest.store(t, value);
        });
    }
}

/// Factorises a panel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CholeskyPanel {
    dtype: DType,
    /// Columns of the panel.
    width: u32,
}

impl KernelBody for CholeskyPanel {
    fn name(&self) -> &'static str {
        "cholesky_panel"
    }

    fn by_groups(&self) -> bool {
        true
    }

    fn record(&self, k: Builder) {
        let (dtype, width) = (self.dtype, self.width);
        let pitch = width + 1;
        let rest = Elements::input(k, "rest", dtype);
        let l = Elements::output(k, "l", dtype);
        let status = k.atomic("status");
        let (n, first, slabs) = (k.size("n"), k.size("first"), k.size("slabs"));
        // The diagonal block, the rows of this work-group, and the roots of the pivots.
        let d = Elements::shared(k, "d", dtype, (width * pitch) as usize);
        let x = Elements::shared(k, "x", dtype, (GROUP * pitch) as usize);
        let root = Elements::shared(k, "root", dtype.real(), width as usize);
        let (t, group) = (k.local(), k.group());
        let (matrix, slab) = (group / slabs, group % slabs);
        let base = matrix * n * n;
        let row0 = first + width + slab * GROUP;
        let zero = || Value::whole(dtype, 0);
        // The threads go through so many rows of a panel together.
        let rows = |count: u32, body: &dyn Fn(Val, Val)| {
            for_(t, u(count * width), GROUP, |e| body(e / width, e % width));
        };
        // Beyond the edge the block goes on as an identity.
        rows(width, &|i, j| {
            let inside = (first + i).lt(n) & (first + j).lt(n);
            let value = where_(inside, unit(dtype, i.eq(j)), || {
                rest.load(base + (first + i) * n + first + j)
            });
            d.store(i * pitch + j, value);
        });
        rows(GROUP, &|i, j| {
            let value = where_((row0 + i).lt(n), zero(), || {
                rest.load(base + (row0 + i) * n + first + j)
            });
            x.store(i * pitch + j, value);
        });
        barrier();
        self.factorise_block(d, t);
        if_(t.lt(width), || {
            let pivot = d.load(t * pitch + t).real_part();
            root.store(t, Value::Real(pivot.sqrt()));
        });
        barrier();
        let root_of = |j: Val| root.load(j).real();
        rows(width, &|i, j| {
            if_(j.lt(i), || {
                d.store(i * pitch + j, over(d.load(i * pitch + j), root_of(j)));
            });
        });
        if_(slab.eq(0) & t.eq(0), || {
            self.note_bad_pivot(d, |c| {
                let word = lit(Ty::U32, ODD_WORD - 1) - (first + c);
                let _ = status.atomic(Atomic::Max, matrix, word);
            });
        });
        barrier();
        if_(slab.eq(0), || {
            rows(width, &|i, j| {
                if_(j.le(i) & (first + i).lt(n), || {
                    let value =
                        where_(j.lt(i), lifted(dtype, root_of(j)), || d.load(i * pitch + j));
                    l.store(base + (first + i) * n + first + j, value);
                });
            });
        });
        // Each thread solves for a row: x ← x L⁻ᴴ.
        let own = t * pitch;
        for_(u(0), u(width), 1, |c| {
            let sum = Slot::new(x.load(own + c));
            for_(u(0), c, 1, |j| {
                sum.set(sum.get() - x.load(own + j) * d.load(c * pitch + j).conj());
            });
            x.store(own + c, over(sum.get(), root_of(c)));
        });
        barrier();
        rows(GROUP, &|i, j| {
            if_((row0 + i).lt(n), || {
                l.store(base + (row0 + i) * n + first + j, x.load(i * pitch + j));
            });
        });
    }
}

impl CholeskyPanel {
    /// The diagonal block becomes `L D Lᴴ` with the columns of L unscaled and D on the diagonal: one barrier a column.
    fn factorise_block(&self, d: Elements, t: Val) {
        let (width, pitch) = (self.width, self.width + 1);
        let (i, j0) = (t % width, t / width);
        for_(u(0), u(width), 1, |c| {
            let pivot = d.load(c * pitch + c).real_part();
            let column = over(d.load(i * pitch + c), pivot);
            for_(c + 1 + j0, u(width), GROUP / width, |j| {
                if_(j.le(i), || {
                    let at = i * pitch + j;
                    let product = column * d.load(j * pitch + c).conj();
                    d.store(at, d.load(at) - product);
                });
            });
            barrier();
        });
    }

    /// Calls `note` with the first pivot that is not positive.
    fn note_bad_pivot(&self, d: Elements, note: impl FnOnce(Val)) {
        let (width, pitch) = (self.width, self.width + 1);
        let c = var(u(0));
        loop_(|| {
            if_(c.get().ge(width), break_);
            let pivot = d.load(c.get() * pitch + c.get()).real_part();
            if_(!pivot.gt(0.0), || {
                note(c.get());
                break_();
            });
            c.set(c.get() + 1);
        });
    }
}

/// Scales the factors back, with zeros above their diagonals.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CholeskyFinish(Source);

impl KernelBody for CholeskyFinish {
    fn name(&self) -> &'static str {
        "cholesky_finish"
    }

    fn record(&self, k: Builder) {
        let x = self.0.declare(k, "x");
        let l = Elements::input(k, "l", self.0.work);
        let status = k.input("status", Ty::U32);
        let out = self.0.output(k, "out");
        each_element(k, |n, t, [matrix, i, j]| {
            let value = where_(j.le(i), Value::whole(self.0.work, 0), || {
                ldexp(l.load(t), half_exponent(x.load(matrix * n * n + i * n + i)))
            });
            out.store(t, value);
            if_(j.le(i) & status.load(matrix).eq(ODD_WORD), || {
                out.store_nan(t);
            });
        });
    }
}
