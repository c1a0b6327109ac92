//! The fitted model: what all of them can do.

use std::{fmt, ops::Deref, path::Path};

use array_api_spec::{Array, Backend, Namespace, Result};

use super::{
    data::{Data, Log, With},
    estimator::{Estimator, Incremental, InverseTransform, Method, Score},
    parts::{Attribute, Attributes, Parts},
    rules,
    statistics::Place,
};
use crate::{Warning, persistence, validation};

/// What an estimator's fit returns: its parameters and what it computed.
///
/// Attributes are read as fields under scikit-learn's names: `model.coef_`. They are documented at the estimator's struct of attributes.
#[derive(Clone)]
pub struct Fitted<E: Estimator, B: Backend> {
    parameters: E,
    attributes: E::Attributes<B>,
    n_features_in: usize,
    xp: Namespace<B>,
    warnings: Vec<Warning>,
}

impl<E: Estimator, B: Backend> Deref for Fitted<E, B> {
    type Target = E::Attributes<B>;

    fn deref(&self) -> &E::Attributes<B> {
        &self.attributes
    }
}

impl<E: Estimator, B: Backend> Fitted<E, B> {
    /// Fits an estimator. Estimators offer it as `fit` and `fit_with`.
    ///
    /// # Errors
    /// See there.
    pub fn fit(
        estimator: &E,
        x: &Array<B>,
        y: Option<&Array<B>>,
        with: With<'_, B>,
    ) -> Result<Self> {
        let data = Data::new(estimator, "fit", x, y, with.sample_weight)?;
        let mut log = with.log;
        let learned = estimator.learn(&data, &mut log);
        let attributes = data.judge::<E, _>("fit", learned, rules::odd_value)?;
        Ok(Self {
            parameters: estimator.clone(),
            attributes,
            n_features_in: data.n_features(),
            xp: data.namespace(),
            warnings: log.warnings,
        })
    }

    /// The parameters that the model was fitted with.
    #[must_use]
    pub const fn parameters(&self) -> &E {
        &self.parameters
    }

    /// What the fit has put right or found odd. A model from a file has none.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// p, the number of features.
    #[must_use]
    pub const fn n_features_in_(&self) -> usize {
        self.n_features_in
    }

    /// The namespace of the device that the model is on.
    #[must_use]
    pub fn namespace(&self) -> Namespace<B> {
        self.xp.clone()
    }

    /// Applies a method to samples, once they are checked.
    pub(super) fn apply(
        &self,
        method: Method,
        x: &Array<B>,
        function: impl FnOnce(&Array<B>) -> Result<Array<B>>,
    ) -> Result<Array<B>> {
        let x = validation::samples_like(method.name(), x, &self.xp, self.n_features_in)?;
        let result = function(&x)?;
        if E::NAN_IS_MISSING || E::CHECKS_SAMPLES || !result.dtype().is_real_floating() {
            return Ok(result);
        }
        self.checked(method.name(), &x, result)
    }

    /// A result of samples in which NaN and infinity among them would show. The samples are looked at only if they do.
    ///
    /// # Errors
    /// NaN or infinity in x.
    pub fn checked(
        &self,
        function: &'static str,
        x: &Array<B>,
        result: Array<B>,
    ) -> Result<Array<B>> {
        // Without results there is nothing in which a bad value would show.
        if result.size() == 0 || !validation::all_finite(&result)? {
            validation::refuse_non_finite(function, "x", x, E::NAN_IS_MISSING)?;
        }
        Ok(result)
    }
}

/// What is predicted of samples, in scikit-learn's words.
impl<E: InverseTransform, B: Backend> Fitted<E, B> {
    /// The samples that `z (n, q)` was [transformed](Self::transform) from, as far as it holds them: `(n, q) → (n, p)`.
    ///
    /// # Errors
    /// Another device than the model's, number of columns or rank.
    pub fn inverse_transform(&self, z: &Array<B>) -> Result<Array<B>> {
        z.namespace().check_same("inverse_transform", &self.xp)?;
        let z = validation::samples("inverse_transform", z, 1)?;
        E::inverse_transform(self, &z)
    }
}

impl<E: Score, B: Backend> Fitted<E, B> {
    /// How good the model is for the samples `x (n, p)` and their `y`: for classifiers the share of right predictions, for regressions R².
    ///
    /// # Errors
    /// Data that do not fit the model or each other.
    pub fn score(&self, x: &Array<B>, y: &Array<B>) -> Result<f64> {
        E::score(self, x, Some(y), None)
    }

    /// [`score`](Self::score) of samples that count as much as `sample_weight (n,)` says.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn score_weighted(
        &self,
        x: &Array<B>,
        y: &Array<B>,
        sample_weight: &Array<B>,
    ) -> Result<f64> {
        E::score(self, x, Some(y), Some(sample_weight))
    }
}

/// Devices and files.
impl<E: Estimator, B: Backend> Fitted<E, B> {
    /// The same model on another device, of any backend.
    ///
    /// Dtypes stay, unless the device lacks them: `float64` then becomes `float32`, and integers become integers of a type that it has.
    ///
    /// ```
    /// use ml_core::{LinearDiscriminantAnalysis, datasets};
    /// let (gpu, cpu) = (array_api_compat::cpu(), array_api_compat::cpu()); // `array_api_compat::wgpu(0)?` where there is one
    /// let (x, y) = datasets::load_digits(&gpu)?;
    /// let model = LinearDiscriminantAnalysis::default().fit(&x, &y)?;
    /// let (x, y) = datasets::load_digits(&cpu)?;
    /// assert!(model.to_device(&cpu)?.score(&x, &y)? > 0.96);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// Integers that no type of the device holds; no room there; a driver's failure.
    pub fn to_device<C: Backend>(&self, xp: &Namespace<C>) -> Result<Fitted<E, C>> {
        let parts = self.parts().to_host()?.send("to_device", xp)?;
        let model = Fitted::from_parts(parts, xp)?;
        Ok(Fitted {
            warnings: self.warnings.clone(),
            ..model
        })
    }

    /// Writes the model to a safetensors file.
    ///
    /// ```
    /// use ml_core::{Fitted, LinearDiscriminantAnalysis, datasets};
    /// let cpu = array_api_compat::cpu();
    /// let (x, y) = datasets::load_iris(&cpu)?;
    /// let path = std::env::temp_dir().join("ml-core-doc-iris.safetensors");
    /// LinearDiscriminantAnalysis::default().fit(&x, &y)?.save(&path)?;
    /// let model = Fitted::<LinearDiscriminantAnalysis, _>::load(&path, &cpu)?;
    /// assert_eq!(model.score(&x, &y)?, 0.98);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// A file that cannot be written; a driver's failure.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        persistence::save(self.parts().to_host()?, path.as_ref())
    }

    /// Reads a model that [`save`](Self::save) wrote, onto a device; dtypes as in [`to_device`](Self::to_device).
    ///
    /// # Errors
    /// A file that cannot be read, is cut off or altered, holds another estimator, or whose parts do not fit each other.
    pub fn load(path: impl AsRef<Path>, xp: &Namespace<B>) -> Result<Self> {
        let path = path.as_ref();
        let parts = persistence::load(path, Some(E::NAME))?.send("load", xp)?;
        Self::from_parts(parts, xp).map_err(|e| {
            persistence::located(path, &format!("the file's parts make no model: {e}"))
        })
    }

    /// All that the model is made of.
    #[must_use]
    pub fn parts(&self) -> Parts<Array<B>> {
        let mut parts = Parts {
            estimator: E::NAME.to_owned(),
            parameters: self.parameters.own_params().into_iter().collect(),
            n_features_in_: self.n_features_in,
            values: Default::default(),
            models: Default::default(),
            arrays: Vec::new(),
        };
        self.attributes.store(&mut parts);
        parts
    }

    /// A model of its parts, with every check that a stranger's file needs.
    ///
    /// # Errors
    /// Parts that are missing, too many, or do not fit each other.
    pub fn from_parts(mut parts: Parts<Array<B>>, xp: &Namespace<B>) -> Result<Self> {
        if parts.estimator != E::NAME {
            return Err(parts.mistake(format!("a model of {} was expected", E::NAME)));
        }
        let parameters: E = parts.take_estimator()?;
        let attributes = E::Attributes::take(&mut parts, xp)?;
        parts.refuse_rest()?;
        rules::check(&attributes, parts.n_features_in_).map_err(|detail| parts.mistake(detail))?;
        if let Some(name) = rules::odd_value(&attributes)? {
            return Err(parts.mistake(format!("array {name:?} holds NaN or infinity")));
        }
        parameters.validate(&attributes)?;
        Ok(Self {
            parameters,
            attributes,
            n_features_in: parts.n_features_in_,
            xp: xp.clone(),
            warnings: Vec::new(),
        })
    }
}

/// A model within a model.
impl<E: Estimator, B: Backend> Attribute<B> for Fitted<E, B> {
    fn store(&self, name: &str, parts: &mut Parts<Array<B>>) {
        parts.models.insert(name.to_owned(), self.parts());
    }

    fn take(name: &str, parts: &mut Parts<Array<B>>, xp: &Namespace<B>) -> Result<Self> {
        Self::from_parts(parts.take_model(name)?, xp)
    }
}

impl<E: Incremental, B: Backend> Fitted<E, B> {
    /// The model that follows of statistics.
    ///
    /// # Errors
    /// Too little was seen; values too large for the dtype.
    pub(super) fn of_statistics(
        estimator: &E,
        seen: &E::Statistics,
        place: &Place<B>,
    ) -> Result<Self> {
        let mut log = Log::default();
        let attributes = estimator.conclude(seen, place, &mut log)?;
        if let Some(name) = rules::odd_value(&attributes)? {
            return Err(validation::too_large(name, place.dtype));
        }
        Ok(Self {
            parameters: estimator.clone(),
            attributes,
            n_features_in: place.n_features,
            xp: place.xp.clone(),
            warnings: log.warnings,
        })
    }
}

impl<E: Estimator, B: Backend> fmt::Debug for Fitted<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(&format!("Fitted{}", E::NAME));
        out.field("device", &format_args!("{}", self.xp.device()));
        for (name, value) in self.parameters.own_params() {
            out.field(&name, &format_args!("{value}"));
        }
        rules::debug(&self.parts(), &mut out);
        out.finish()
    }
}
