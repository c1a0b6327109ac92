//! What a device can do at best, measured on it in the same run: the floor under every time in the table, as long as the machine is not faster later.

use anyhow::Result;
use array_api_spec::{Backend, DType, Namespace};

use crate::{data::Case, measure::shortest};

/// Rates of a device in one dtype.
pub(crate) struct Limits {
    /// Multiply-adds a second in a square matrix product.
    multiply_adds: f64,
    /// Bytes a second that a sum over a large array reads.
    bytes: f64,
    item: usize,
}

/// Length of the summed array, and side of the multiplied matrices on a fast and on a slow device.
const LENGTH: usize = 4 << 20;
const SIDE: usize = 1024;
const SLOW_SIDE: usize = 256;

/// Runs of which the shortest counts.
const RUNS: u32 = 7;

impl Limits {
    /// Measures the device.
    pub(crate) fn of<B: Backend>(xp: &Namespace<B>, dtype: DType) -> Result<Self> {
        let x = xp.ones(LENGTH, dtype)?;
        let read = shortest(RUNS, || Ok(xp.sum(&x, ..)?.item::<f64>()?))?;
        let product = |side: usize| {
            let a = xp.ones([side, side], dtype)?;
            let time = shortest(RUNS, || {
                let product = xp.matmul(&a, &a)?;
                xp.synchronize()?;
                Ok(product)
            })?;
            anyhow::Ok((side as f64).powi(3) / time)
        };
        let slow = product(SLOW_SIDE)?;
        // A device that needs more than a second for the large product tells as much by the small one.
        let fast = if (SIDE as f64).powi(3) / slow < 1.0 {
            product(SIDE)?
        } else {
            slow
        };
        Ok(Self {
            multiply_adds: slow.max(fast),
            bytes: (LENGTH * dtype.size()) as f64 / read,
            item: dtype.size(),
        })
    }

    /// The shortest time of a fit: n·p²/2 multiply-adds for the symmetric scatter, or one pass over the data.
    pub(crate) fn fit(&self, case: &Case) -> f64 {
        let (n, p) = (case.train.n_samples() as f64, case.train.n_features as f64);
        (n * p * p / 2.0 / self.multiply_adds).max(self.read(n * p))
    }

    /// The shortest time of a prediction: one pass over the data.
    pub(crate) fn predict(&self, case: &Case) -> f64 {
        self.read(case.train.n_samples() as f64 * case.train.n_features as f64)
    }

    /// The time of so many bytes.
    pub(crate) fn bytes(&self, count: f64) -> f64 {
        count / self.bytes
    }

    /// The time of so many multiplications with an addition each.
    pub(crate) fn multiply_adds(&self, count: f64) -> f64 {
        count / self.multiply_adds
    }

    fn read(&self, elements: f64) -> f64 {
        elements * self.item as f64 / self.bytes
    }
}
