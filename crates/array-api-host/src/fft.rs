//! Fourier transforms in host memory by `rustfft`, for the CPU backend and for devices that bring their data to the
//! host.

use std::sync::{Arc, Mutex, PoisonError};

use array_api_spec::{Complex, Result, backend::Direction};
use bytemuck::Pod;
use rayon::prelude::*;
use rustfft::{Fft, FftDirection, FftNum, FftPlanner};

use array_api_spec::memory;

use crate::{process::PerProcess, threads};

/// Fewer elements than this are transformed by one thread: they are done before a second one has woken up.
const PARALLEL: usize = 1 << 14;

/// The planner keeps the tables of every length that it has planned. When these have more elements than this, a new
/// planner replaces it.
const PLANNED: usize = 1 << 22;

/// A planner with its cached plans, and the sum of their lengths.
pub struct Plans<T: FftNum> {
    planner: Option<FftPlanner<T>>,
    planned: usize,
}

impl<T: FftNum> Default for Plans<T> {
    fn default() -> Self {
        Self {
            planner: None,
            planned: 0,
        }
    }
}

/// A real type (`f32`, `f64`) whose complex numbers can be transformed.
pub trait Transformed: FftNum + Pod {
    /// The plans of this process.
    fn plans() -> &'static Mutex<Plans<Self>>;
}

macro_rules! transformed {
    ($($t:ty)*) => { $(
        impl Transformed for $t {
            fn plans() -> &'static Mutex<Plans<Self>> {
                static PLANS: PerProcess<Mutex<Plans<$t>>> = PerProcess::new();
                PLANS.get()
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
    plans.planned = plans.planned.saturating_add(n);
    let direction = match direction {
        Direction::Forward => FftDirection::Forward,
        Direction::Inverse => FftDirection::Inverse,
    };
    plans
        .planner
        .get_or_insert_with(FftPlanner::new)
        .plan_fft(n, direction)
}

/// The transforms of each run of `n` elements (not 0), without a factor. See
/// [`FftBackend::fft`](array_api_spec::backend::FftBackend::fft).
pub struct Transforms<T: Transformed> {
    plan: Arc<dyn Fft<T>>,
    /// Elements that a thread takes at once.
    each: usize,
    tasks: usize,
}

/// About how many numbers the tables of a transform hold. A length with a large prime factor needs a transform whose
/// length is a power of two, up to four times as long.
const fn tables(n: usize) -> usize {
    let mut rest = n;
    let mut factor = 2;
    while factor <= 31 {
        while rest > 1 && rest.is_multiple_of(factor) {
            rest /= factor;
        }
        factor += 1;
    }
    n.saturating_mul(if rest == 1 { 2 } else { 10 })
}

impl<T: Transformed> Transforms<T> {
    /// The transforms of `size` elements in all, in runs of `n`.
    ///
    /// # Errors
    /// No memory for the tables.
    pub fn new(size: usize, n: usize, direction: Direction) -> Result<Self> {
        memory::room(tables(n).saturating_mul(size_of::<Complex<T>>()))?;
        let rows = size / n;
        let tasks = if size >= PARALLEL {
            4 * threads::count()
        } else {
            1
        };
        let rows_each = rows.div_ceil(tasks).max(1);
        Ok(Self {
            plan: plan::<T>(n, direction),
            each: rows_each * n,
            tasks: rows.div_ceil(rows_each),
        })
    }

    /// Length of the work space for [`run`](Self::run).
    pub fn scratch_len(&self) -> usize {
        let each = self.plan.get_immutable_scratch_len();
        each.saturating_mul(self.tasks)
    }

    /// Writes the transforms of `from` to `to`.
    pub fn run(&self, from: &[Complex<T>], to: &mut [Complex<T>], scratch: &mut [Complex<T>]) {
        let own = self.plan.get_immutable_scratch_len();
        let mut scratch = scratch.chunks_mut(own.max(1));
        let parts = from.chunks(self.each).zip(to.chunks_mut(self.each));
        let parts: Vec<_> = parts
            .map(|(from, to)| (from, to, scratch.next().unwrap_or_default()))
            .collect();
        let transform = |(from, to, scratch): (&[_], &mut [_], &mut [_])| {
            self.plan.process_immutable_with_scratch(from, to, scratch);
        };
        if parts.len() == 1 {
            parts.into_iter().for_each(transform);
        } else {
            threads::install(|| parts.into_par_iter().for_each(transform));
        }
    }
}

/// The transforms of each run of `n` elements (not 0), for a device that has brought its values to the host.
///
/// # Errors
/// No memory for the result or for the work.
pub fn transformed<T: Transformed>(
    values: &[Complex<T>],
    n: usize,
    direction: Direction,
) -> Result<Vec<Complex<T>>> {
    let transforms = Transforms::new(values.len(), n, direction)?;
    let zeros = |len| -> Result<Vec<Complex<T>>> {
        let mut zeros = memory::vector(len)?;
        zeros.resize(len, Complex::new(T::zero(), T::zero()));
        Ok(zeros)
    };
    let mut out = zeros(values.len())?;
    transforms.run(values, &mut out, &mut zeros(transforms.scratch_len())?);
    Ok(out)
}
