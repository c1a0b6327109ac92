//! Steps one after the other, each fitted to what the one before it makes of the samples.
//!
//! A step is kept as an estimator without a backend: its name and its parameters. At a fit, a [`Registry`] makes the estimator of that name for the
//! backend of the samples. So one pipeline fits on every backend; its models move between backends and go through files that [`load_any`](crate::load_any)
//! reads; steps are replaced by name; and other languages see the same pipeline. A list of steps in the type would need no registry, but then a program
//! would have to name that type to load a model, and a step could not be replaced at run time. What a registry costs is one line for estimators of
//! another crate: [`registry!`](crate::registry), and [`Pipeline::of`] in place of [`Pipeline::new`].

mod fit;
mod model;
mod parameters;

pub use self::model::PipelineAttributes;
use crate::{Builtin, Estimator, Named, Registry, frame::forward};

/// A step with its name; `None` hands its samples on as they are.
pub type Step<R = Builtin> = (String, Option<Named<R>>);

/// What a step is when it hands its samples on as they are.
const PASSTHROUGH: &str = "passthrough";

/// Transformers one after the other, and an estimator of any kind at the end.
///
/// Names, order and results are those of
/// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.pipeline.Pipeline.html).
/// Parameters of steps have the step's name in front, as `ridge__alpha`; a parameter with the step's name is the step itself, which may be `"passthrough"` or `null`.
///
/// The weights of [`fit_with`](Self::fit_with) go to the last step, unless [`weighted`](Self::weighted) names others. A method of a model goes through all
/// steps: they transform, and the last has the method.
///
/// ```
/// use ml_core::{Parameters, Pipeline, Ridge, StandardScaler};
///
/// let cpu = array_api_compat::cpu();
/// let (x, y) = (cpu.asarray([[0.0, 1.0], [1.0, 3.0], [2.0, 8.0]])?, cpu.asarray([0.0, 1.0, 2.0])?);
/// let mut pipe = Pipeline::new().step("scale", StandardScaler::default()).step("ridge", Ridge::default());
/// pipe.set_param("ridge__alpha", &0.5.into())?;
/// let model = pipe.fit(&x, &y)?;
/// assert_eq!(model.predict(&x)?.shape(), [3]);
/// let ridge = model.step::<Ridge>("ridge").expect("a step");
/// assert_eq!(ridge.coef_.shape(), [2]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pipeline<R: Registry = Builtin> {
    /// The steps in order.
    pub steps: Vec<Step<R>>,
    /// The steps that are given the weights of the samples. `None`: the last one.
    pub weighted: Option<Vec<String>>,
}

impl Pipeline {
    /// A pipeline without steps, for estimators of this crate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<R: Registry> Pipeline<R> {
    /// A pipeline without steps, for the estimators of a registry.
    #[must_use]
    pub fn of(_: R) -> Self {
        Self::default()
    }

    /// Adds a step.
    #[must_use]
    pub fn step<E: Estimator>(mut self, name: impl Into<String>, estimator: E) -> Self {
        self.steps.push((name.into(), Some(Named::new(estimator))));
        self
    }

    /// Adds a step that hands its samples on as they are, until another takes its place by name.
    #[must_use]
    pub fn passthrough(mut self, name: impl Into<String>) -> Self {
        self.steps.push((name.into(), None));
        self
    }

    /// Names the steps that are given the weights of the samples.
    #[must_use]
    pub fn weighted(mut self, steps: impl IntoIterator<Item: Into<String>>) -> Self {
        self.weighted = Some(steps.into_iter().map(Into::into).collect());
        self
    }

    /// Whether a step is given the weights.
    fn is_weighted(&self, name: &str) -> bool {
        match &self.weighted {
            Some(names) => names.iter().any(|known| known == name),
            None => self.steps.last().is_some_and(|(last, _)| last == name),
        }
    }
}

const STEPS: &str = "steps";
const WEIGHTED: &str = "weighted";

forward!(Pipeline);
