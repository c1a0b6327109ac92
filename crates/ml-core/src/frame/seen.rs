//! What is kept of samples that were seen: `partial_fit`, data larger than memory, fits on many machines.

use std::path::Path;

use array_api_spec::{Array, Backend, DType, Error, HostArray, Namespace, Result};

use super::{
    data::{Data, Log, With},
    estimator::Incremental,
    fitted::Fitted,
    parts::Parts,
    statistics::{Place, Statistics},
};
use crate::persistence;

/// What an estimator keeps of the samples that it has seen. Made by `observe`.
///
/// ```
/// use ml_core::{StandardScaler, datasets};
/// use array_api_spec::ix;
///
/// let cpu = array_api_compat::cpu();
/// let (x, _) = datasets::load_iris(&cpu)?;
/// let scaler = StandardScaler::default();
/// let mut seen = scaler.observe(&x.get(ix![..50])?)?;
/// seen.merge(&scaler.observe(&x.get(ix![50..])?)?)?;
/// let model = seen.conclude()?;
/// assert_eq!(model.n_samples_seen_, [150.0]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Seen<E: Incremental, B: Backend> {
    estimator: E,
    statistics: E::Statistics,
    place: Place<B>,
}

impl<E: Incremental, B: Backend> Seen<E, B> {
    /// What is to be kept of some samples. Estimators offer it as `observe`.
    ///
    /// # Errors
    /// As the estimator's `fit`.
    pub fn observe(
        estimator: &E,
        x: &Array<B>,
        y: Option<&Array<B>>,
        with: With<'_, B>,
    ) -> Result<Self> {
        let data = Data::new(estimator, "observe", x, y, with.sample_weight)?;
        let observed = estimator.statistics(&data, &mut Log::default());
        let statistics = data.judge::<E, _>("observe", observed, |statistics| {
            Ok((!statistics.is_finite()).then_some("a statistic"))
        })?;
        Ok(Self {
            estimator: estimator.clone(),
            statistics,
            place: Place::of(&data),
        })
    }

    /// Adds what was kept of other samples, on whatever device they were. If that fails, nothing is changed.
    ///
    /// # Errors
    /// Another number of features; other parameters.
    pub fn merge<C: Backend>(&mut self, other: &Seen<E, C>) -> Result<()> {
        let refused = |detail: String| Err(Error::value("merge", detail));
        if self.place.n_features != other.place.n_features {
            return refused(format!(
                "samples of {} and of {} features were seen",
                self.place.n_features, other.place.n_features
            ));
        }
        if self.estimator != other.estimator {
            return refused(format!(
                "the parameters differ: {:?} and {:?}",
                self.estimator, other.estimator
            ));
        }
        self.statistics = self.statistics.merge(&other.statistics)?;
        Ok(())
    }

    /// The model of all samples seen, on the device and in the dtype of the first.
    ///
    /// # Errors
    /// Too little was seen; values too large for the dtype.
    pub fn conclude(&self) -> Result<Fitted<E, B>> {
        Fitted::of_statistics(&self.estimator, &self.statistics, &self.place)
    }

    /// The statistics.
    #[must_use]
    pub const fn statistics(&self) -> &E::Statistics {
        &self.statistics
    }

    /// The same for a model on another device, of any backend. The dtype stays, unless the device lacks it.
    #[must_use]
    pub fn to_device<C: Backend>(&self, xp: &Namespace<C>) -> Seen<E, C> {
        let has_dtype = xp.backend().dtypes().contains(&self.place.dtype);
        Seen {
            estimator: self.estimator.clone(),
            statistics: self.statistics.clone(),
            place: Place {
                xp: xp.clone(),
                dtype: if has_dtype {
                    self.place.dtype
                } else {
                    DType::Float32
                },
                n_features: self.place.n_features,
            },
        }
    }

    /// Writes what was seen to a safetensors file.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        persistence::save(self.parts()?, path.as_ref())
    }

    /// All that it is made of.
    ///
    /// # Errors
    /// No room.
    pub fn parts(&self) -> Result<Parts<HostArray>> {
        let mut parts = Parts {
            estimator: Self::kind(),
            parameters: self.estimator.own_params().into_iter().collect(),
            n_features_in_: self.place.n_features,
            values: Default::default(),
            models: Default::default(),
            arrays: Vec::new(),
        };
        parts
            .values
            .insert(DTYPE.into(), self.place.dtype.to_string().into());
        self.statistics.store(&mut parts)?;
        Ok(parts)
    }

    /// Reads what [`save`](Self::save) wrote, for a model on a device.
    ///
    /// # Errors
    /// A file that cannot be read, is cut off or altered, holds something else, or whose parts do not fit each other.
    pub fn load(path: impl AsRef<Path>, xp: &Namespace<B>) -> Result<Self> {
        let path = path.as_ref();
        let parts = persistence::load(path, Some(&Self::kind()))?;
        Self::from_parts(parts, xp).map_err(|e| persistence::located(path, &e.to_string()))
    }

    /// The name under which a file holds it.
    fn kind() -> String {
        format!("{KIND}{}", E::NAME)
    }

    /// What was seen from its parts, with every check that a stranger's file needs.
    ///
    /// # Errors
    /// Parts that are missing, too many, or do not fit each other.
    pub fn from_parts(mut parts: Parts<HostArray>, xp: &Namespace<B>) -> Result<Self> {
        let estimator = parts.take_estimator()?;
        let dtype = match parts.take_value::<String>(DTYPE)?.as_str() {
            "float64" if xp.backend().dtypes().contains(&DType::Float64) => DType::Float64,
            "float64" | "float32" => DType::Float32,
            other => return Err(parts.mistake(format!("{other:?} is no dtype of samples"))),
        };
        let statistics = E::Statistics::take(&mut parts)?;
        parts.refuse_rest()?;
        let n_features = parts.n_features_in_;
        Ok(Self {
            estimator,
            statistics,
            place: Place {
                xp: xp.clone(),
                dtype,
                n_features,
            },
        })
    }
}

/// What stands before the estimator's name in a file of what was seen.
pub(crate) const KIND: &str = "Seen";

/// The name of the samples' dtype in a file.
const DTYPE: &str = "dtype";
