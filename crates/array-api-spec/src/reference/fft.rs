//! The Fourier transform by its definition.

use std::f64::consts::TAU;

use super::{Memory, Reference};
use crate::{
    Complex, DType, Layout, Result, Strided,
    backend::{Direction, FftBackend},
};

impl FftBackend for Reference {
    fn fft(&self, x: &Strided<Memory>, axis: usize, direction: Direction) -> Result<Memory> {
        let n = x.shape()[axis];
        assert!(n > 0, "a transform of length 0");
        let single = x.dtype == DType::Complex64;
        let values: Vec<Complex<f64>> = if single {
            let values = self.read::<Complex<f32>>(x)?.into_iter();
            values
                .map(|z| Complex::new(z.re.into(), z.im.into()))
                .collect()
        } else {
            self.read(x)?
        };
        let sign = match direction {
            Direction::Forward => -1.0,
            Direction::Inverse => 1.0,
        };
        let turns: Vec<Complex<f64>> = (0..n)
            .map(|k| Complex::cis(sign * TAU * k as f64 / n as f64))
            .collect();
        let layout = Layout::contiguous(x.shape());
        let stride = layout.strides()[axis] as usize;
        let mut out = values.clone();
        for start in layout.select(axis, 0).positions() {
            for k in 0..n {
                out[start + k * stride] = (0..n)
                    .map(|j| values[start + j * stride] * turns[j * k % n])
                    .sum();
            }
        }
        Ok(if single {
            let narrow = |z: Complex<f64>| Complex::new(z.re as f32, z.im as f32);
            self.store(out.into_iter().map(narrow).collect())
        } else {
            self.store(out)
        })
    }
}
