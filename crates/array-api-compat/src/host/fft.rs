//! Fourier transforms of host memory by `rustfft`, for the CPU backend and for devices that bring their data here.

use std::sync::{Arc, Mutex, PoisonError};

use array_api_spec::{Complex, backend::Direction};
use bytemuck::Pod;
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
pub(crate) trait Transformed: FftNum + Pod {
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

/// The transforms of some values, in place and without a factor: each run of `n` elements (not 0). See
/// [`FftBackend::fft`](array_api_spec::backend::FftBackend::fft).
pub(crate) struct Transforms<T: Transformed> {
    plan: Arc<dyn Fft<T>>,
    /// Elements that a thread takes at once.
    each: usize,
    tasks: usize,
}

impl<T: Transformed> Transforms<T> {
    pub(crate) fn new(size: usize, n: usize, direction: Direction) -> Self {
        let rows = size / n;
        let parallel = size >= PARALLEL && rows > 1;
        let tasks = if parallel {
            4 * rayon::current_num_threads()
        } else {
            1
        };
        let each = rows.div_ceil(tasks).max(1);
        Self {
            plan: plan::<T>(n, direction),
            each: each * n,
            tasks: rows.div_ceil(each),
        }
    }

    /// Elements of work space that [`run`](Self::run) needs.
    pub(crate) fn scratch_len(&self) -> usize {
        self.plan.get_inplace_scratch_len() * self.tasks
    }

    /// Transforms the values.
    pub(crate) fn run(&self, values: &mut [Complex<T>], scratch: &mut [Complex<T>]) {
        let own = self.plan.get_inplace_scratch_len();
        if self.tasks == 1 {
            self.plan.process_with_scratch(values, scratch);
        } else if own == 0 {
            let parts = values.par_chunks_mut(self.each);
            parts.for_each(|values| self.plan.process_with_scratch(values, &mut []));
        } else {
            let parts = values
                .par_chunks_mut(self.each)
                .zip(scratch.par_chunks_mut(own));
            parts.for_each(|(values, scratch)| self.plan.process_with_scratch(values, scratch));
        }
    }
}

/// Transforms each run of `n` elements (not 0) in place, with work space of its own.
pub(crate) fn transform<T: Transformed>(values: &mut [Complex<T>], n: usize, direction: Direction) {
    let transforms = Transforms::new(values.len(), n, direction);
    let mut scratch = vec![Complex::new(T::zero(), T::zero()); transforms.scratch_len()];
    transforms.run(values, &mut scratch);
}
