//! QR factors by Householder's reflections, a panel of columns at a time, whatever the matrix's condition or rank.
//!
//! A panel is factorised by a tree ([`tree`]): work-groups bring blocks of its rows to triangles, then blocks of these, until
//! one is left. This gives the panel's Q itself. The columns beside it need Q as reflections, `I - Y T Yᴴ`, which follow from
//! Q by an LU factorisation without exchanges ([`reflections`]), and are applied by products.
//!
//! Each column is scaled by a power of two so that its largest part is near 1: this rounds nothing, and squares neither
//! overflow nor vanish.

mod reflections;
mod tree;

use array_api_host::{dispatch_floating, linalg};
use array_api_spec::{
    DType, Element, Layout, QrMode, Result, Strided, backend::ArrayObjectBackend, shape::size,
};

use self::{reflections::Reflections, tree::Block};
use super::{
    matrix::{Source, each_entry, ldexp, scale_of, stack, unit, where_},
    update::Place,
};
use crate::{
    Gpu,
    kernel::{
        element::{Value, register},
        ir::{Builder, Mem, if_},
    },
    kernels::KernelBody,
    memory::Memory,
    packing::Elements,
    runtime::Runtime,
};

pub(crate) use self::{
    reflections::{QrReconstruct, QrTurn, QrVectors},
    tree::{QrLeaves, QrUnfold},
};

/// Factorised matrices `(m, n)`.
pub(super) struct Factored<R: Runtime> {
    /// The scaled matrices: their R on and above the diagonal.
    a: Memory<R>,
    /// The largest part of each column and of each matrix.
    largest: [Memory<R>; 2],
    /// Q, as the product of these.
    reflections: Vec<Reflections<R>>,
    batches: usize,
    shape: [usize; 2],
    source: Source,
}

/// The columns of a panel and what of them a kernel works on.
#[derive(Clone, Copy, Debug)]
struct Panel {
    dtype: DType,
    block: Block,
    batches: usize,
    /// From the panel's top on.
    rows: usize,
    columns: usize,
}

impl<R: Runtime> Factored<R> {
    pub(super) const fn batches(&self) -> usize {
        self.batches
    }

    pub(super) const fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The dtype of the work.
    pub(super) const fn work(&self) -> DType {
        self.source.work
    }
}

impl<R: Runtime> Gpu<R> {
    /// Q and R.
    pub(super) fn qr_factors(
        &self,
        x: &Strided<Memory<R>>,
        mode: QrMode,
    ) -> Result<[Memory<R>; 2]> {
        if self.reflects(x, mode) {
            return self.qr_by_kernels(&self.readable(x)?, mode);
        }
        let layout = Layout::contiguous(x.shape());
        let [q, r] = dispatch_floating!("qr", x.dtype, T => {
            let (q, r) = linalg::qr(&self.values::<T>(x)?, &layout, mode)?;
            Ok([q, r].map(T::into_buffer))
        })?;
        Ok([self.upload(q)?, self.upload(r)?])
    }

    /// Whether kernels compute the QR factors.
    pub(super) fn reflects(&self, x: &Strided<Memory<R>>, mode: QrMode) -> bool {
        let (batch, [m, n]) = stack(&x.layout);
        let of_q = size(&[size(&batch), m, mode.size(m, n), 2]);
        self.factorises(x) && self.check_size(of_q).is_ok()
    }

    /// Q and R. The matrices have elements.
    pub(super) fn qr_by_kernels(
        &self,
        x: &Strided<Memory<R>>,
        mode: QrMode,
    ) -> Result<[Memory<R>; 2]> {
        let factored = self.factorise_columns(x)?;
        let [m, n] = factored.shape;
        let k = mode.size(m, n);
        Ok([
            self.orthonormal(&factored, k)?,
            self.triangle(&factored, k)?,
        ])
    }

    /// The factors, in the form in which kernels find them. The matrices have elements.
    pub(super) fn factorise_columns(&self, x: &Strided<Memory<R>>) -> Result<Factored<R>> {
        let (batch, [m, n]) = stack(&x.layout);
        let (batches, elements) = (size(&batch), x.layout.size());
        let source = Source::of(x, self.work_dtype(x.dtype));
        let (dtype, real) = (source.work, x.dtype.real());
        let columns = self.largest_parts(x, &[x.layout.ndim() - 2])?;
        let of_columns = Strided::contiguous(columns.clone(), &[batches, n], real);
        let whole = self.largest_parts(&of_columns, &[1])?;
        let a = self.allocate(elements, dtype)?;
        self.run(QrScale(source.clone()), elements, |args| {
            args.buffer("x", &x.storage)
                .layout("x", &x.layout)
                .buffer("largest", &columns)
                .buffer("whole", &whole)
                .buffer("a", &a);
            args.entries([m, n], elements);
        })?;
        let block = Block::of(dtype, self.runtime.properties().shared_bytes.min(48 << 10));
        let mut reflections = Vec::new();
        for first in (0..m.min(n)).step_by(block.width as usize) {
            let panel = Panel {
                dtype,
                block,
                batches,
                rows: m - first,
                columns: (m.min(n) - first).min(block.width as usize),
            };
            let part = |j| Place::from(&a, (m, n), (first, j));
            let explicit = self.panel_factors(panel, part(first))?;
            let own = self.reconstruct(panel, &explicit, part(first))?;
            let next = first + panel.columns;
            if next < n {
                self.reflect(&own, part(next), n - next, true)?;
            }
            reflections.push(own);
        }
        Ok(Factored {
            a,
            largest: [columns, whole],
            reflections,
            batches,
            shape: [m, n],
            source,
        })
    }

    /// The first k columns of Q.
    pub(super) fn orthonormal(&self, factored: &Factored<R>, k: usize) -> Result<Memory<R>> {
        let [m, _] = factored.shape;
        let elements = factored.batches * m * k;
        let dtype = factored.source.work;
        let q = self.allocate(elements, dtype)?;
        self.run(Identity { dtype }, elements, |args| {
            args.buffer("out", &q).entries([m, k], elements);
        })?;
        for own in factored.reflections.iter().rev() {
            // The columns to the left are still those of the identity, with zeros where the reflections work.
            let first = m - own.rows();
            let part = Place::from(&q, (m, k), (first, first));
            self.reflect(own, part, k - first, false)?;
        }
        let out = self.allocate(elements, factored.source.dtype())?;
        self.run(QrFinish(factored.source.clone()), elements, |args| {
            args.buffer("whole", &factored.largest[1])
                .buffer("q", &q)
                .buffer("out", &out);
            args.entries([m, k], elements);
        })?;
        Ok(out)
    }

    /// The first k rows of R, with rows of 0 if it has fewer.
    pub(super) fn triangle(&self, factored: &Factored<R>, k: usize) -> Result<Memory<R>> {
        let [m, n] = factored.shape;
        let elements = factored.batches * k * n;
        let out = self.allocate(elements, factored.source.dtype())?;
        self.run(QrTriangle(factored.source.clone()), elements, |args| {
            args.buffer("largest", &factored.largest[0])
                .buffer("whole", &factored.largest[1])
                .buffer("a", &factored.a)
                .buffer("out", &out);
            args.size("m", m).entries([k, n], elements);
        })?;
        Ok(out)
    }
}

/// Scales the columns; matrices that are not finite become 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QrScale(Source);

impl KernelBody for QrScale {
    fn name(&self) -> &'static str {
        "qr_scale"
    }

    fn record(&self, k: Builder) {
        let x = self.0.declare(k, "x");
        let [largest, whole] = largest_of(k, &self.0, ["largest", "whole"]);
        let a = Elements::output(k, "a", self.0.work);
        each_entry(k, |[_, columns], t, [matrix, _, j]| {
            let (_, finite) = scale_of(whole.load(matrix));
            let zero = Value::whole(self.0.work, 0);
            let scaled = where_(finite, zero, || {
                let (e, _) = scale_of(largest.load(matrix * columns + j));
                ldexp(x.load(t), -e)
            });
            a.store(t, scaled);
        });
    }
}

fn largest_of<const N: usize>(k: Builder, source: &Source, names: [&str; N]) -> [Mem; N] {
    names.map(|name| k.input(name, register(source.dtype().real())))
}

/// Identities of any shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(super) dtype: DType,
}

impl KernelBody for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn record(&self, k: Builder) {
        let out = Elements::output(k, "out", self.dtype);
        each_entry(k, |_, t, [_, i, j]| out.store(t, unit(self.dtype, i.eq(j))));
    }
}

/// Q in the dtype of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QrFinish(Source);

impl KernelBody for QrFinish {
    fn name(&self) -> &'static str {
        "qr_finish"
    }

    fn record(&self, k: Builder) {
        let [whole] = largest_of(k, &self.0, ["whole"]);
        let q = Elements::input(k, "q", self.0.work);
        let out = self.0.output(k, "out");
        each_entry(k, |_, t, [matrix, ..]| {
            let (_, finite) = scale_of(whole.load(matrix));
            out.store(t, q.load(t));
            if_(!finite, || out.store_nan(t));
        });
    }
}

/// R, whose columns are scaled back, with zeros below its diagonal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QrTriangle(Source);

impl KernelBody for QrTriangle {
    fn name(&self) -> &'static str {
        "qr_triangle"
    }

    fn record(&self, k: Builder) {
        let [largest, whole] = largest_of(k, &self.0, ["largest", "whole"]);
        let a = Elements::input(k, "a", self.0.work);
        let out = self.0.output(k, "out");
        let m = k.size("m");
        each_entry(k, |[_, columns], t, [matrix, i, j]| {
            let (_, finite) = scale_of(whole.load(matrix));
            let value = where_(j.ge(i), Value::whole(self.0.work, 0), || {
                let (e, _) = scale_of(largest.load(matrix * columns + j));
                ldexp(a.load((matrix * m + i) * columns + j), e)
            });
            out.store(t, value);
            if_(!finite, || out.store_nan(t));
        });
    }
}
