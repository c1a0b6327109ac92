//! The fitted model: attributes, predictions, projection.

use std::{fmt, path::Path};

use array_api_spec::{Array, Backend, Error, Namespace, Result, axis, finfo, ix};

use super::LinearDiscriminantAnalysis;
use crate::{
    FittedModel, Warning,
    estimator::{self, HostParts},
    metrics::accuracy_score,
    persistence,
    validation::{all_finite, refuse_non_finite, samples_like},
};

/// What [`LinearDiscriminantAnalysis::fit`] returns.
///
/// Attributes have scikit-learn's names, with the underscore; those that a solver does not compute are `None`. K is the number of classes, p that of features.
#[derive(Clone)]
pub struct FittedLinearDiscriminantAnalysis<B: Backend> {
    pub(super) parameters: LinearDiscriminantAnalysis,
    pub(super) warnings: Vec<Warning>,
    pub(super) classes: Array<B>,
    pub(super) priors: Array<B>,
    pub(super) means: Array<B>,
    pub(super) coef: Array<B>,
    pub(super) intercept: Array<B>,
    pub(super) xbar: Option<Array<B>>,
    pub(super) scalings: Option<Array<B>>,
    pub(super) explained_variance_ratio: Option<Array<B>>,
    pub(super) covariance: Option<Array<B>>,
}

/// Attributes.
impl<B: Backend> FittedLinearDiscriminantAnalysis<B> {
    /// The parameters that the model was fitted with.
    #[must_use]
    pub fn parameters(&self) -> &LinearDiscriminantAnalysis {
        &self.parameters
    }

    /// What the fit noticed that is no error. Not kept in files.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// `(K,)`: the classes, ascending, in y's dtype.
    #[must_use]
    pub fn classes_(&self) -> &Array<B> {
        &self.classes
    }

    /// `(K,)`: the classes' probabilities; they sum to 1.
    #[must_use]
    pub fn priors_(&self) -> &Array<B> {
        &self.priors
    }

    /// `(K, p)`: the classes' means.
    #[must_use]
    pub fn means_(&self) -> &Array<B> {
        &self.means
    }

    /// `(K, p)`, or `(1, p)` for two classes: the decision functions' coefficients.
    #[must_use]
    pub fn coef_(&self) -> &Array<B> {
        &self.coef
    }

    /// `(K,)`, or `(1,)` for two classes: the decision functions' constants.
    #[must_use]
    pub fn intercept_(&self) -> &Array<B> {
        &self.intercept
    }

    /// `(p,)`: the mean of the class means, weighted by the priors. Solver `svd`.
    #[must_use]
    pub fn xbar_(&self) -> Option<&Array<B>> {
        self.xbar.as_ref()
    }

    /// `(p, rank)` or `(p, p)`: the directions that [`transform`](Self::transform) projects on, in columns, each of either sign.
    /// Solvers `svd` and `eigen`.
    #[must_use]
    pub fn scalings_(&self) -> Option<&Array<B>> {
        self.scalings.as_ref()
    }

    /// `(n_components,)`: the share of the variance between classes along each direction. Solvers `svd` and `eigen`.
    #[must_use]
    pub fn explained_variance_ratio_(&self) -> Option<&Array<B>> {
        self.explained_variance_ratio.as_ref()
    }

    /// `(p, p)`: covariance within classes, weighted by the priors. Solvers `lsqr` and `eigen`; `svd` with `store_covariance`.
    #[must_use]
    pub fn covariance_(&self) -> Option<&Array<B>> {
        self.covariance.as_ref()
    }

    /// p, the number of features.
    #[must_use]
    pub fn n_features_in_(&self) -> usize {
        self.means.shape()[1]
    }

    /// The namespace of the device that the model is on.
    #[must_use]
    pub fn namespace(&self) -> Namespace<B> {
        self.coef.namespace()
    }

    fn n_classes(&self) -> usize {
        self.classes.size()
    }

    /// How many components [`transform`](Self::transform) returns at most.
    fn max_components(&self) -> usize {
        self.parameters
            .n_components
            .unwrap_or_else(|| self.n_features_in_().min(self.n_classes() - 1))
    }
}

/// Predictions. Each takes samples `x (n, p)` on the model's device and reads them once.
impl<B: Backend> FittedLinearDiscriminantAnalysis<B> {
    /// The log of each class's posterior probability but for a term that all classes share: `(n, p) → (n, K)`; for two
    /// classes the second's minus the first's, `(n, p) → (n,)`.
    ///
    /// # Errors
    /// Another device than the model's (move it with [`to_device`](Self::to_device)), number of features or rank; NaN or infinity in x.
    pub fn decision_function(&self, x: &Array<B>) -> Result<Array<B>> {
        let scores = self.scores("decision_function", x)?;
        if scores.shape()[1] == 1 {
            scores.namespace().squeeze(&scores, 1)
        } else {
            Ok(scores)
        }
    }

    /// The most probable class of each sample, in y's dtype: `(n, p) → (n,)`.
    ///
    /// # Errors
    /// As [`decision_function`](Self::decision_function).
    pub fn predict(&self, x: &Array<B>) -> Result<Array<B>> {
        let scores = self.scores("predict", x)?;
        let xp = scores.namespace();
        let position = if self.n_classes() == 2 {
            let second = xp.squeeze(xp.greater(scores, 0.0).eval()?, 1)?;
            xp.astype(second, xp.info().default_dtypes().indexing)
                .eval()?
        } else {
            xp.argmax(&scores, 1)?
        };
        xp.take_clipped(&self.classes, &position, Some(0))
    }

    /// The posterior probability of each class: `(n, p) → (n, K)`.
    ///
    /// # Errors
    /// As [`decision_function`](Self::decision_function).
    pub fn predict_proba(&self, x: &Array<B>) -> Result<Array<B>> {
        self.probabilities("predict_proba", x)
    }

    /// The log of [`predict_proba`](Self::predict_proba), that of 0 taken as that of the smallest normal number: `(n, p) → (n, K)`.
    ///
    /// # Errors
    /// As [`decision_function`](Self::decision_function).
    pub fn predict_log_proba(&self, x: &Array<B>) -> Result<Array<B>> {
        let p = self.probabilities("predict_log_proba", x)?;
        let xp = p.namespace();
        let tiny = finfo(p.dtype())?.smallest_normal;
        xp.log(xp.where_(xp.equal(&p, 0.0), tiny, &p)).eval()
    }

    /// The samples projected on the directions that separate the classes most: `(n, p) → (n, n_components)`.
    ///
    /// # Errors
    /// A model of the solver `lsqr`, which has no directions; else as [`decision_function`](Self::decision_function).
    pub fn transform(&self, x: &Array<B>) -> Result<Array<B>> {
        let Some(scalings) = &self.scalings else {
            let detail =
                "the solver `lsqr` finds no directions to project on; fit with `svd` or `eigen`";
            return Err(Error::value("transform", detail));
        };
        let x = samples_like("transform", x, &self.namespace(), self.n_features_in_())?;
        let xp = x.namespace();
        let used = self.max_components().min(scalings.shape()[1]);
        let scalings = scalings.get(ix![.., ..used])?;
        let projected = match &self.xbar {
            Some(xbar) => xp.matmul(&x - xbar, scalings)?,
            None => xp.matmul(&x, scalings)?,
        };
        // No component, no result in which a bad value would show.
        if used == 0 || !all_finite(&projected)? {
            refuse_non_finite("transform", &x)?;
        }
        Ok(projected)
    }

    /// The share of the samples `x (n, p)` whose predicted class is that of `y (n,)`.
    ///
    /// # Errors
    /// As [`decision_function`](Self::decision_function) and [`accuracy_score`].
    pub fn score(&self, x: &Array<B>, y: &Array<B>) -> Result<f64> {
        accuracy_score(y, &self.predict(x)?)
    }

    /// `x @ coef_.T + intercept_`: `(n, p) → (n, K)`, or `(n, 1)` for two classes.
    fn scores(&self, function: &'static str, x: &Array<B>) -> Result<Array<B>> {
        let x = samples_like(function, x, &self.namespace(), self.n_features_in_())?;
        let xp = x.namespace();
        let scores = (xp.matmul(&x, self.coef.T()?)? + &self.intercept).eval()?;
        if !all_finite(&scores)? {
            refuse_non_finite(function, &x)?;
        }
        Ok(scores)
    }

    fn probabilities(&self, function: &'static str, x: &Array<B>) -> Result<Array<B>> {
        let scores = self.scores(function, x)?;
        let xp = scores.namespace();
        if self.n_classes() == 2 {
            let second = (1.0 / (1.0 + xp.exp(-&scores))).eval()?;
            return xp.concat(&[&(1.0 - &second).eval()?, &second], Some(1));
        }
        let e = xp
            .exp(&scores - xp.max(&scores, axis(1).keepdims())?)
            .eval()?;
        (&e / xp.sum(&e, axis(1).keepdims())?).eval()
    }
}

/// Devices and files.
impl<B: Backend> FittedLinearDiscriminantAnalysis<B> {
    /// The same model on another device, of any backend.
    ///
    /// Dtypes stay, unless the device lacks them: `float64` then becomes `float32`, and classes become integers of
    /// a type that it has.
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
    /// Classes that no integer type of the device holds; no room there; a driver's failure.
    pub fn to_device<C: Backend>(
        &self,
        xp: &Namespace<C>,
    ) -> Result<FittedLinearDiscriminantAnalysis<C>> {
        let parts = HostParts::of(self)?.send("to_device", xp)?;
        let model = FittedLinearDiscriminantAnalysis::from_parts(parts)?;
        Ok(FittedLinearDiscriminantAnalysis {
            warnings: self.warnings.clone(),
            ..model
        })
    }

    /// Writes the model to a safetensors file.
    ///
    /// ```
    /// use ml_core::{FittedLinearDiscriminantAnalysis, LinearDiscriminantAnalysis, datasets};
    /// let cpu = array_api_compat::cpu();
    /// let (x, y) = datasets::load_iris(&cpu)?;
    /// let path = std::env::temp_dir().join("ml-core-doc-iris.safetensors");
    /// LinearDiscriminantAnalysis::default().fit(&x, &y)?.save(&path)?;
    /// let model = FittedLinearDiscriminantAnalysis::load(&path, &cpu)?;
    /// assert_eq!(model.score(&x, &y)?, 0.98);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// A file that cannot be written; a driver's failure.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        persistence::save(self, path.as_ref())
    }

    /// Reads a model that [`save`](Self::save) wrote, onto a device; dtypes as in [`to_device`](Self::to_device).
    ///
    /// # Errors
    /// A file that cannot be read, is cut off or altered, holds another estimator, or whose arrays do not fit each other.
    pub fn load(path: impl AsRef<Path>, xp: &Namespace<B>) -> Result<Self> {
        persistence::load(path.as_ref(), xp)
    }
}

impl<B: Backend> fmt::Debug for FittedLinearDiscriminantAnalysis<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        estimator::debug(self, f)
    }
}
