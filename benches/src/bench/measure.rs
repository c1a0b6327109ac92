//! Timing one data set on one device.

use std::time::Instant;

use anyhow::Result;
use array_api_compat::cpu;
use array_api_spec::{Array, Backend, DType, Namespace};
use ml_core::LinearDiscriminantAnalysis;

use super::data::Case;

/// Median times in seconds, and the predicted labels.
pub(crate) struct Measured {
    /// Time to move the data from the host to the device.
    pub(crate) transfer: f64,
    pub(crate) fit: f64,
    pub(crate) predict: f64,
    /// The labels predicted on the device.
    pub(crate) labels: Vec<i64>,
    /// The labels that the same model predicts after moving to the CPU.
    pub(crate) labels_after_move: Vec<i64>,
}

impl Measured {
    /// Fits and predicts `repeat` times, after one run that is not timed. Every timing includes waiting for the device.
    pub(crate) fn of<B: Backend>(
        case: &Case,
        xp: &Namespace<B>,
        dtype: DType,
        repeat: u32,
    ) -> Result<Self> {
        let lda = LinearDiscriminantAnalysis::default();
        let host = cpu();
        let (host_x, _) = case.train.clone().into_arrays(&host, dtype)?;
        let (test, _) = case.test.clone().into_arrays(xp, dtype)?;
        let (x, y) = case.train.clone().into_arrays(xp, dtype)?;

        let transfer = median(repeat, || {
            let moved = host_x.to_device(xp)?;
            xp.synchronize()?;
            Ok(moved)
        })?;
        let fit = median(repeat, || {
            let model = lda.fit(&x, &y)?;
            xp.synchronize()?;
            Ok(model)
        })?;
        let model = lda.fit(&x, &y)?;
        let predict = median(repeat, || {
            let labels = model.predict(&x)?;
            xp.synchronize()?;
            Ok(labels)
        })?;
        let moved = model.to_device(&host)?;
        Ok(Self {
            transfer,
            fit,
            predict,
            labels: labels(&model.predict(&test)?)?,
            labels_after_move: labels(&moved.predict(&test.to_device(&host)?)?)?,
        })
    }
}

/// The labels that the CPU predicts in float64. Every device is compared with them.
pub(crate) fn reference_labels<B: Backend>(case: &Case, xp: &Namespace<B>) -> Result<Vec<i64>> {
    let (x, y) = case.train.clone().into_arrays(xp, DType::Float64)?;
    let (test, _) = case.test.clone().into_arrays(xp, DType::Float64)?;
    labels(
        &LinearDiscriminantAnalysis::default()
            .fit(&x, &y)?
            .predict(&test)?,
    )
}

fn labels<B: Backend>(y: &Array<B>) -> Result<Vec<i64>> {
    Ok(y.to_vec()?)
}

/// The median time in seconds of `repeat` runs, after one that is not timed.
pub(crate) fn median<T>(repeat: u32, run: impl FnMut() -> Result<T>) -> Result<f64> {
    let times = times(repeat, run)?;
    Ok(times[times.len() / 2])
}

/// Seconds after which a first run is a measurement, and the only one.
pub(crate) const PATIENCE: f64 = 5.0;

/// [`median`] of what may take long: a first run that takes longer than [`PATIENCE`] is the only one.
pub(crate) fn patient_median<T>(repeat: u32, mut run: impl FnMut() -> Result<T>) -> Result<f64> {
    let start = Instant::now();
    drop(run()?);
    let first = start.elapsed().as_secs_f64();
    if first > PATIENCE {
        return Ok(first);
    }
    median(repeat, run)
}

/// The shortest of these times: what the machine can do when nothing disturbs it.
pub(crate) fn shortest<T>(repeat: u32, run: impl FnMut() -> Result<T>) -> Result<f64> {
    Ok(times(repeat, run)?[0])
}

/// The times from the shortest to the longest.
fn times<T>(repeat: u32, mut run: impl FnMut() -> Result<T>) -> Result<Vec<f64>> {
    run()?;
    let mut times = Vec::with_capacity(repeat.max(1) as usize);
    for _ in 0..repeat.max(1) {
        let start = Instant::now();
        let result = run()?;
        times.push(start.elapsed().as_secs_f64());
        drop(result);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}
