//! Fourier transforms by `array-api-host`.

use array_api_host::fft::{Transformed, transformed};
use array_api_spec::{
    Complex, DType, Element, Result, Strided,
    backend::{Direction, FftBackend},
};

use crate::{Memory, Mine, from_lines, lines};

impl FftBackend for Mine {
    fn fft(&self, x: &Strided<Memory>, axis: usize, direction: Direction) -> Result<Memory> {
        if x.dtype == DType::Complex64 {
            transform::<f32>(x, axis, direction)
        } else {
            transform::<f64>(x, axis, direction)
        }
    }
}

fn transform<T: Transformed>(
    x: &Strided<Memory>,
    axis: usize,
    direction: Direction,
) -> Result<Memory>
where
    Complex<T>: Element,
{
    let values: Vec<Complex<T>> = lines(x, axis)?;
    from_lines(
        transformed(&values, x.shape()[axis], direction)?,
        axis,
        x.shape(),
    )
}
