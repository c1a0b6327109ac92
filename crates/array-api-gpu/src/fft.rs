//! Fourier transforms, which are computed on the host.

use array_api_spec::{
    Complex, DType, Element, Error, Layout, Program, Result, Strided,
    backend::{ArrayObjectBackend, Direction, ElementwiseBackend, FftBackend},
};

use super::{Gpu, memory::Memory, runtime::Runtime};
use array_api_host::fft::{Transformed, transformed};

/// Why transforms are computed on the host.
pub(super) const HOST: &str = "the device has no kernel for Fourier transforms yet";

impl<R: Runtime> FftBackend for Gpu<R> {
    fn fft(&self, x: &Strided<Memory<R>>, axis: usize, direction: Direction) -> Result<Memory<R>> {
        let last = x.layout.ndim() - 1;
        let mut axes: Vec<usize> = (0..=last).collect();
        axes.swap(axis, last);
        let rows = x.with_layout(x.layout.permute(&axes));
        let transformed = match x.dtype {
            DType::Complex64 => self.host_fft::<f32>(&rows, direction),
            DType::Complex128 => self.host_fft::<f64>(&rows, direction),
            other => Err(Error::dtype("fft", &[other], "complex dtypes")),
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
}

impl<R: Runtime> Gpu<R> {
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
