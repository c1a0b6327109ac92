//! Fourier transforms by kernels: one launch for short rows, two or three for longer ones, and Bluestein's algorithm for
//! lengths with a prime factor beyond 7. Rows are read and written where they lie, along any axis.
//!
//! Numbers are transformed in their own dtype, as on the host. The tables of roots of unity are computed in `float64` and
//! rounded once, so the error of `complex64` grows with log n like that of every such transform: a few units of rounding,
//! relative to the norm of the row. Only that norm counts, so a row is not scaled; each row is transformed by itself.

mod bluestein;
mod butterflies;
mod pass;
mod plan;
mod rows;
mod tables;

use array_api_spec::{
    Complex, DType, Element, Error, Layout, Program, Result, Strided,
    backend::{ArrayObjectBackend, Direction, ElementwiseBackend, FftBackend},
};

pub(super) use self::{bluestein::ChirpProduct, pass::FftPass, tables::Tables};
use self::{plan::Plan, rows::Rows};
use super::{Gpu, memory::Memory, runtime::Runtime};
use array_api_host::fft::{Transformed, transformed};

/// On an adapter that is the processor itself, arrays of this many elements and more, padding included, are transformed on
/// the host: the kernels take 15 to 220 times as long there.
const HOST_FROM: usize = 1 << 11;

impl<R: Runtime> FftBackend for Gpu<R> {
    fn fft(&self, x: &Strided<Memory<R>>, axis: usize, direction: Direction) -> Result<Memory<R>> {
        if !x.dtype.is_complex() {
            return Err(Error::dtype("fft", &[x.dtype], "complex dtypes"));
        }
        match self.transform_plan(x, axis) {
            Some(plan) => self.transform(x, axis, direction, &plan),
            None => self.transform_on_host(x, axis, direction),
        }
    }
}

/// Rows in memory.
#[derive(Debug)]
struct Place<'m, R: Runtime> {
    memory: &'m Memory<R>,
    rows: Rows,
}

impl<R: Runtime> Gpu<R> {
    /// How kernels transform along an axis; `None` if the host does it: rows that three passes cannot transform, more
    /// elements than kernels can count, and large arrays where the GPU is the processor itself.
    fn transform_plan(&self, x: &Strided<Memory<R>>, axis: usize) -> Option<Plan> {
        let n = x.shape()[axis];
        let plan = Plan::of(n, self.points(x.dtype))?;
        let elements = (x.layout.size() / n).saturating_mul(plan.padded(n));
        // `host_from` has a value where the host is faster.
        let by_kernels = self.host_from == usize::MAX || elements < HOST_FROM;
        (by_kernels && self.check_size(elements).is_ok()).then_some(plan)
    }

    /// Transforms by kernels.
    fn transform(
        &self,
        x: &Strided<Memory<R>>,
        axis: usize,
        direction: Direction,
        plan: &Plan,
    ) -> Result<Memory<R>> {
        let (n, size) = (x.shape()[axis], x.layout.size());
        let out = self.allocate(size, x.dtype)?;
        if size == 0 {
            return Ok(out);
        }
        self.check_reach(&x.layout, x.dtype.size())?;
        let copy;
        let from = match Rows::along(&x.layout, axis) {
            Some(rows) => Place {
                memory: &x.storage,
                rows,
            },
            None => {
                copy = self.evaluate(&Program::input(x.clone()))?;
                Place {
                    memory: &copy,
                    rows: Rows::of_contiguous(x.shape(), axis),
                }
            }
        };
        let to = Place {
            memory: &out,
            rows: Rows::of_contiguous(x.shape(), axis),
        };
        match plan {
            Plan::Passes(factors) => self.passes(x.dtype, factors, from, to, direction)?,
            Plan::Chirp { padded, factors } => {
                self.bluestein(x.dtype, n, (*padded, factors), from, to, direction)?;
            }
        }
        Ok(out)
    }

    fn transform_on_host(
        &self,
        x: &Strided<Memory<R>>,
        axis: usize,
        direction: Direction,
    ) -> Result<Memory<R>> {
        let last = x.layout.ndim() - 1;
        let mut axes: Vec<usize> = (0..=last).collect();
        axes.swap(axis, last);
        let rows = x.with_layout(x.layout.permute(&axes));
        let transformed = match x.dtype {
            DType::Complex64 => self.host_fft::<f32>(&rows, direction),
            _ => self.host_fft::<f64>(&rows, direction),
        }?;
        if axis == last {
            return Ok(transformed);
        }
        self.evaluate(&Program::input(Strided {
            storage: transformed,
            layout: Layout::contiguous(rows.shape()).permute(&axes),
            dtype: x.dtype,
        }))
    }

    /// Transforms along the last axis.
    fn host_fft<T: Transformed>(
        &self,
        rows: &Strided<Memory<R>>,
        direction: Direction,
    ) -> Result<Memory<R>>
    where
        Complex<T>: Element,
    {
        let values = self.values::<Complex<T>>(rows)?;
        let n = rows.shape()[rows.layout.ndim() - 1];
        self.upload(Element::into_buffer(transformed(&values, n, direction)?))
    }
}
