//! Fourier transforms of host memory by `rustfft`, for the CPU backend and for devices that bring their data here.

use std::sync::{Arc, Mutex, PoisonError};

use array_api_spec::{Complex, backend::Direction};
use rayon::prelude::*;
use rustfft::{Fft, FftDirection, FftNum, FftPlanner};

/// Fewer elements than this are transformed before a second thread has woken up.
const PARALLEL: usize = 1 << 14;

/// The planner keeps the tables of every length that it has planned. Beyond this many elements it starts afresh.
const PLANNED: usize = 1 << 22;

/// Plans that have been made, with the sum of their lengths.
pub(crate) struct Plans<T: FftNum> {
    planner: Option<FftPlanner<T>>,
    planned: usize,
}

/// A real number whose complex ones can be transformed.
pub(crate) trait Transformed: FftNum {
    fn plans() -> &'static Mutex<Plans<Self>>;
}

macro_rules! transformed {
    ($($t:ty)*) => { $(
        impl Transformed for $t {
            fn plans() -> &'static Mutex<Plans<Self>> {
                static PLANS: Mutex<Plans<$t>> = Mutex::new(Plans { planner: None, planned: 0 });
                &PLANS
            }
        }
    )* };
}
transformed!(f32 f64);

fn plan<T: Transformed>(n: usize, direction: Direction) -> Arc<dyn Fft<T>> {
    let mut plans = T::plans().lock().unwrap_or_else(PoisonError::into_inner);
    if plans.planned > PLANNED {
        plans.planner = None;
        plans.planned = 0;
    }
    plans.planned += n;
    let direction = match direction {
        Direction::Forward => FftDirection::Forward,
        Direction::Inverse => FftDirection::Inverse,
    };
    plans
        .planner
        .get_or_insert_with(FftPlanner::new)
        .plan_fft(n, direction)
}

/// Transforms each run of `n` elements (not 0) in place, without a factor. See
/// [`FftBackend::fft`](array_api_spec::backend::FftBackend::fft).
pub(crate) fn transform<T: Transformed>(values: &mut [Complex<T>], n: usize, direction: Direction) {
    let plan = plan::<T>(n, direction);
    let run = |values: &mut [Complex<T>]| {
        let mut scratch = vec![Complex::new(T::zero(), T::zero()); plan.get_inplace_scratch_len()];
        plan.process_with_scratch(values, &mut scratch);
    };
    if values.len() < PARALLEL || values.len() == n {
        run(values);
    } else {
        let rows = values.len() / n;
        let each = rows.div_ceil(4 * rayon::current_num_threads()).max(1);
        values.par_chunks_mut(each * n).for_each(run);
    }
}
