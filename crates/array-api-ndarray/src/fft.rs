//! Fourier transforms by `rustfft`, along contiguous rows.

use array_api_spec::{
    Complex, DType, Element, Error, Layout, Program, Result, Strided,
    backend::{Direction, ElementwiseBackend, FftBackend},
};

use super::{NdArray, Storage, elements, pool::Scratch};
use array_api_host::fft::{Transformed, Transforms};

impl FftBackend for NdArray {
    fn fft(&self, x: &Strided<Storage>, axis: usize, direction: Direction) -> Result<Storage> {
        let last = x.layout.ndim() - 1;
        let mut axes: Vec<usize> = (0..=last).collect();
        axes.swap(axis, last);
        let rows = x.with_layout(x.layout.permute(&axes));
        let n = x.shape()[axis];
        let transformed = match x.dtype {
            DType::Complex64 => transformed::<f32>(&rows, n, direction),
            DType::Complex128 => transformed::<f64>(&rows, n, direction),
            other => Err(Error::dtype("fft", &[other], "complex dtypes")),
        }?;
        if axis == last {
            return Ok(transformed);
        }
        let layout = Layout::contiguous(rows.shape()).permute(&axes);
        self.evaluate(&Program::input(Strided {
            storage: transformed,
            layout,
            dtype: x.dtype,
        }))
    }
}

/// The transforms of rows of `n` elements.
fn transformed<T: Transformed>(
    rows: &Strided<Storage>,
    n: usize,
    direction: Direction,
) -> Result<Storage>
where
    Complex<T>: Element,
{
    let values = elements::<Complex<T>>(rows)?;
    let transforms = Transforms::<T>::new(values.len(), n, direction)?;
    let mut scratch = Scratch::new(transforms.scratch_len())?;
    Storage::build::<Complex<T>>(values.len(), |out| {
        transforms.run(&values, out, &mut scratch);
    })
}

#[cfg(test)]
mod tests {
    use array_api_spec::{HostBuffer, Scalar};
    use proptest::prelude::*;

    use super::{
        super::testing::{on_reference, ramp, reference_backend, reference_values, values, view},
        *,
    };

    fn complex(values: &HostBuffer) -> Vec<Complex<f64>> {
        let number = |i| match values.get(i) {
            Some(Scalar::Complex(z)) => z,
            other => panic!("{other:?} is not complex"),
        };
        (0..values.len()).map(number).collect()
    }

    /// Relative to the norm of all, as rounding errors of a transform are.
    fn assert_same_transform(x: &Strided<Storage>, axis: usize) {
        for direction in [Direction::Forward, Direction::Inverse] {
            let ours = complex(&values(&NdArray.fft(x, axis, direction).expect("room")));
            let mirrored = on_reference(&Program::input(x.clone())).inputs.remove(0);
            let theirs = reference_backend().fft(&mirrored, axis, direction);
            let theirs = reference_values(theirs.expect("room"), x.shape(), x.dtype);
            let theirs = complex(&theirs);
            let norm = |v: &[Complex<f64>]| v.iter().map(Complex::norm_sqr).sum::<f64>().sqrt();
            let difference: Vec<_> = ours.iter().zip(&theirs).map(|(a, b)| a - b).collect();
            let epsilon = match x.dtype {
                DType::Complex64 => f64::from(f32::EPSILON),
                _ => f64::EPSILON,
            };
            let bound = 8.0 * epsilon * (2.0 + (x.shape()[axis] as f64).log2());
            assert!(
                norm(&difference) <= bound * norm(&theirs),
                "{:?} along {axis}",
                x.layout
            );
        }
    }

    proptest! {
        #[test]
        fn transforms_are_those_of_the_reference(
            (x, axis) in (prop::collection::vec(1..7_usize, 1..4), any::<prop::sample::Index>(), any::<bool>())
                .prop_flat_map(|(shape, axis, single)| {
                    let axis = axis.index(shape.len());
                    (view(shape, if single { DType::Complex64 } else { DType::Complex128 }), Just(axis))
                }),
        ) {
            assert_same_transform(&x, axis);
        }
    }

    #[test]
    fn long_and_many_transforms_too() {
        for (shape, axis) in [([1, 1000], 1), ([211, 83], 0), ([83, 211], 1), ([0, 4], 1)] {
            let x = ramp(DType::Complex128, shape[0] * shape[1]);
            assert_same_transform(&Strided::contiguous(x, &shape, DType::Complex128), axis);
        }
    }
}
