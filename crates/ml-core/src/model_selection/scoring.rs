//! How models are judged.

use array_api_spec::{Array, Backend, Error, Result};
use serde::{Deserialize, Serialize};

use crate::{Data, Method, Registry, frame::FittedNamed, metrics, parameter_by_serde};

/// What a search judges models by, if not by their own `score`: more is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// The share of right predictions: [`metrics::accuracy_score`].
    Accuracy,
    /// [`metrics::r2_score`].
    R2,
    /// The negative of [`metrics::mean_squared_error`].
    NegMeanSquaredError,
}

parameter_by_serde!(Scoring);

/// The score of a model for samples; its own `score` if nothing else is asked for. Samples count alike, as in scikit-learn.
///
/// # Errors
/// A model that does not predict or has no score; data that do not fit it.
pub(super) fn score<R: Registry, B: Backend>(
    scoring: Option<Scoring>,
    model: &FittedNamed<R, B>,
    part: &Part<B>,
) -> Result<f64> {
    let y = part.y.as_ref();
    let Some(scoring) = scoring else {
        return model.score(&part.x, y, None);
    };
    let y = y.ok_or_else(|| Error::value("score", "needs y for the samples: give it"))?;
    let predicted = model.call(Method::Predict, &part.x)?;
    match scoring {
        Scoring::Accuracy => metrics::accuracy_score(y, &predicted),
        Scoring::R2 => metrics::r2_score(y, &predicted),
        Scoring::NegMeanSquaredError => Ok(-metrics::mean_squared_error(y, &predicted)?),
    }
}

/// Some of the samples, with what belongs to them.
pub(super) struct Part<B: Backend> {
    pub(super) x: Array<B>,
    pub(super) y: Option<Array<B>>,
    pub(super) sample_weight: Option<Array<B>>,
}

impl<B: Backend> Part<B> {
    /// The samples at `rows`, taken on their device.
    ///
    /// # Errors
    /// No room there.
    pub(super) fn of(data: &Data<B>, rows: &Array<B>) -> Result<Self> {
        let xp = data.namespace();
        let take = |all: &Array<B>| xp.take_clipped(all, rows, Some(0));
        Ok(Self {
            x: take(&data.x)?,
            y: data.y.as_ref().map(take).transpose()?,
            sample_weight: data.sample_weight.as_ref().map(take).transpose()?,
        })
    }
}
