//! The best that a device can do, measured in the same run. It bounds every time in the table from below, unless the
//! machine becomes faster later.

use anyhow::Result;
use array_api_spec::{Backend, DType, Namespace};

use super::{data::Case, measure::shortest};

/// Rates of a device in one dtype.
pub(crate) struct Limits {
    /// Multiply-adds a second in a square matrix product.
    multiply_adds: f64,
    /// Bytes a second that a sum over an array reads.
    bytes: f64,
    item: usize,
}

/// Least length of the summed array. With a shorter one, the time of the call itself would dominate.
const LENGTH: usize = 1 << 20;
/// Side of the multiplied matrices on a fast and on a slow device.
const SIDE: usize = 1024;
const SLOW_SIDE: usize = 256;

/// The shortest of this many runs counts.
const RUNS: u32 = 7;

impl Limits {
    /// Measures the device. The summed array has `elements` elements, as many as the data whose limit is wanted: a
    /// smaller array could fit a cache that the data does not fit.
    pub(crate) fn of<B: Backend>(xp: &Namespace<B>, dtype: DType, elements: usize) -> Result<Self> {
        let length = elements.max(LENGTH);
        let x = xp.ones(length, dtype)?;
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
        // If the large product would take more than a second, the small one is enough.
        let fast = if (SIDE as f64).powi(3) / slow < 1.0 {
            product(SIDE)?
        } else {
            slow
        };
        Ok(Self {
            multiply_adds: slow.max(fast),
            bytes: (length * dtype.size()) as f64 / read,
            item: dtype.size(),
        })
    }

    /// The shortest time of a fit: n·p²/2 multiply-adds for the symmetric scatter, or one pass over the data, whichever takes longer.
    pub(crate) fn fit(&self, case: &Case) -> f64 {
        let (n, p) = (case.train.n_samples() as f64, case.train.n_features as f64);
        self.longer(n * p * p / 2.0, n * p)
    }

    /// The shortest time of a prediction for k classes: n·p·k multiply-adds, or one pass over the data, whichever takes longer.
    pub(crate) fn predict(&self, case: &Case) -> f64 {
        let (n, p) = (case.train.n_samples() as f64, case.train.n_features as f64);
        self.longer(n * p * case.n_classes() as f64, n * p)
    }

    /// The time to read `count` bytes.
    pub(crate) fn bytes(&self, count: f64) -> f64 {
        count / self.bytes
    }

    /// The time of `count` multiply-adds.
    pub(crate) fn multiply_adds(&self, count: f64) -> f64 {
        count / self.multiply_adds
    }

    fn longer(&self, multiply_adds: f64, elements: f64) -> f64 {
        self.multiply_adds(multiply_adds)
            .max(self.bytes(elements * self.item as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::data::cases;

    #[test]
    fn the_limit_is_the_longer_of_arithmetic_and_memory() -> Result<()> {
        let case = &cases(&[(400, 8)])?[1];
        let (n, p, k) = (300.0, 8.0, 10.0);
        let limits = |multiply_adds, bytes| Limits {
            multiply_adds,
            bytes,
            item: 8,
        };
        let slow_memory = limits(1e12, 100.0);
        assert_eq!(slow_memory.fit(case), n * p * 8.0 / 100.0);
        assert_eq!(slow_memory.predict(case), n * p * 8.0 / 100.0);
        let slow_arithmetic = limits(100.0, 1e12);
        assert_eq!(slow_arithmetic.fit(case), n * p * p / 2.0 / 100.0);
        assert_eq!(slow_arithmetic.predict(case), n * p * k / 100.0);
        Ok(())
    }

    #[test]
    fn a_linear_boundary_tells_the_generated_classes_apart() -> Result<()> {
        let case = &cases(&[(20_000, 100)])?[1];
        let xp = array_api_compat::cpu();
        let labels = crate::bench::measure::reference_labels(case, &xp)?;
        let accuracy = crate::bench::report::share(&labels, &case.test.target);
        assert!((0.95..1.0).contains(&accuracy), "{accuracy}");
        assert!((0.1..0.12).contains(&case.chance()), "{}", case.chance());
        Ok(())
    }
}
