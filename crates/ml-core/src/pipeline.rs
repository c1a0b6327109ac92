//! Steps one after the other, each fitted to what the one before it makes of the samples.
//!
//! A step is kept as an estimator without a backend: its name and its parameters. At a fit, a [`Registry`] makes the estimator of that name for the
//! backend of the samples. So one pipeline fits on every backend; its models move between backends and go through files that [`load_any`](crate::load_any)
//! reads; steps are replaced by name; and other languages see the same pipeline. A list of steps in the type would need no registry, but then a program
//! would have to name that type to load a model, and a step could not be replaced at run time. What a registry costs is one line for estimators of
//! another crate: [`registry!`](crate::registry), and [`Pipeline::of`] in place of [`Pipeline::new`].

use std::collections::BTreeSet;

use array_api_spec::{Array, Backend, Error, Namespace, Result};

use crate::{
    Attributes, Builtin, Data, Estimator, Fitted, Log, Method, Named, Parameter, Parameters, Parts,
    Registry, Value, Warning, With,
    frame::{Attribute, FittedNamed, Forward, Rule, forward, located},
};

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
    /// The steps with their names, in order. `None` is a step that hands its samples on as they are.
    pub steps: Vec<(String, Option<Named<R>>)>,
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

/// A step's value: an estimator's, or `"passthrough"`.
fn step_value<R: Registry>(step: &Option<Named<R>>) -> Value {
    step.as_ref().map_or(PASSTHROUGH.into(), Parameter::value)
}

/// The step that a value stands for.
///
/// # Errors
/// What the value is, and what it should be.
fn read_step<R: Registry>(value: &Value) -> Result<Option<Named<R>>, String> {
    match value.as_str() {
        Some(PASSTHROUGH) => Ok(None),
        _ => Option::read(value),
    }
}

/// The steps that a value stands for: a list of pairs, a name and an estimator.
///
/// # Errors
/// What the value is, and what it should be.
fn read_steps<R: Registry>(value: &Value) -> Result<Vec<(String, Option<Named<R>>)>, String> {
    let pairs = Vec::<Vec<Value>>::read(value)?;
    let step = |pair: Vec<Value>| match &pair[..] {
        [Value::String(name), step] => Ok((name.clone(), read_step(step)?)),
        _ => Err("a step is a pair of a name and an estimator".to_owned()),
    };
    pairs.into_iter().map(step).collect()
}

impl<R: Registry> Parameters for Pipeline<R> {
    const NAME: &'static str = "Pipeline";

    fn own_params(&self) -> Vec<(String, Value)> {
        let steps = self
            .steps
            .iter()
            .map(|(name, step)| Value::Array(vec![name.clone().into(), step_value(step)]));
        vec![
            (STEPS.to_owned(), steps.collect()),
            (WEIGHTED.to_owned(), self.weighted.value()),
        ]
    }

    fn get_params(&self) -> Vec<(String, Value)> {
        let mut all = self.own_params();
        for (name, step) in &self.steps {
            all.push((name.clone(), step_value(step)));
            let inner = step.as_ref().map(|step| step.get_params());
            let inner = inner.unwrap_or_default().into_iter();
            all.extend(inner.map(|(parameter, value)| (format!("{name}__{parameter}"), value)));
        }
        all
    }

    fn set_param(&mut self, name: &str, value: &Value) -> Result<()> {
        let refused = |detail: String| {
            Error::value(
                Self::NAME,
                format!("the parameter {name} cannot be {value}: {detail}"),
            )
        };
        match name {
            STEPS => self.steps = read_steps(value).map_err(refused)?,
            WEIGHTED => self.weighted = Option::read(value).map_err(refused)?,
            _ => {
                for (known, step) in &mut self.steps {
                    let Some(rest) = name.strip_prefix(known.as_str()) else {
                        continue;
                    };
                    if rest.is_empty() {
                        *step = read_step(value).map_err(refused)?;
                        return Ok(());
                    }
                    if let (Some(rest), Some(step)) = (rest.strip_prefix("__"), step) {
                        let set = step.set_param(rest, value);
                        return set.map_err(|e| located(&format!("step {known:?}"), &e));
                    }
                }
                return Err(crate::frame::parameters::unknown(self, name));
            }
        }
        Ok(())
    }
}

const STEPS: &str = "steps";
const WEIGHTED: &str = "weighted";

/// What the fit of a [`Pipeline`] makes.
#[derive(Clone, Debug)]
pub struct PipelineAttributes<R: Registry, B: Backend> {
    /// The fitted steps with their names, in order; `None` for those that hand samples on as they are.
    pub steps: Vec<(String, Option<FittedNamed<R, B>>)>,
}

impl<R: Registry, B: Backend> PipelineAttributes<R, B> {
    /// A fitted step by its name; `None` if there is none, or it is no `E`.
    #[must_use]
    pub fn step<E: Estimator>(&self, name: &str) -> Option<&Fitted<E, B>> {
        let mut steps = self.steps.iter();
        let (_, step) = steps.find(|(known, _)| known == name)?;
        step.as_ref()?.downcast_ref()
    }
}

impl<R: Registry, B: Backend> Attributes<B> for PipelineAttributes<R, B> {
    const RULES: &'static [Rule] = &[];

    fn store(&self, parts: &mut Parts<Array<B>>) {
        let names: Vec<String> = self.steps.iter().map(|(name, _)| name.clone()).collect();
        parts.values.insert(STEPS.to_owned(), names.value());
        for (name, step) in &self.steps {
            step.store(name, parts);
        }
    }

    fn take(parts: &mut Parts<Array<B>>, xp: &Namespace<B>) -> Result<Self> {
        let names: Vec<String> = parts.take_value(STEPS)?;
        let steps = names.into_iter().map(|name| {
            let step = Attribute::take(&name, parts, xp);
            let step = step.map_err(|e| located(&format!("step {name:?}"), &e))?;
            Ok((name, step))
        });
        Ok(Self {
            steps: steps.collect::<Result<_>>()?,
        })
    }

    fn arrays(&self) -> Vec<(&'static Rule, &Array<B>)> {
        Vec::new()
    }
}

impl<R: Registry> Estimator for Pipeline<R> {
    type Attributes<B: Backend> = PipelineAttributes<R, B>;
    const SAMPLE_WEIGHT: bool = true;
    // The steps judge: a scaler lets NaN pass, and a later step may refuse it.
    const NAN_IS_MISSING: bool = true;

    fn check(&self) -> Result<()> {
        let refused = |detail: String| Err(Error::value(Self::NAME, detail));
        let Some(((last, _), transformers)) = self.steps.split_last() else {
            return refused("there are no steps; add some by `step`".to_owned());
        };
        let mut known = BTreeSet::from([STEPS, WEIGHTED]);
        for (name, _) in &self.steps {
            if name.is_empty() || name.contains("__") {
                return refused(format!(
                    "the name {name:?} of a step must not be empty or hold \"__\", which stands before the parameters of a step"
                ));
            }
            if !known.insert(name) {
                return refused(format!(
                    "the name {name:?} of a step is another step's or a parameter's"
                ));
            }
        }
        for (name, step) in transformers {
            if let Some(step) = step
                && !step.methods().contains(&Method::Transform)
            {
                return refused(format!(
                    "step {name:?}: {} has no transform, and only the last step, {last:?}, may be without",
                    step.name()
                ));
            }
        }
        let mut weighted = self.weighted.iter().flatten();
        match weighted.find(|name| self.steps.iter().all(|(known, _)| known != *name)) {
            Some(name) => refused(format!(
                "the step {name:?}, which is to be given weights, is not there"
            )),
            None => Ok(()),
        }
    }

    fn learn<B: Backend>(
        &self,
        data: &Data<B>,
        log: &mut Log<'_>,
    ) -> Result<PipelineAttributes<R, B>> {
        let mut x = data.x.clone();
        let mut steps = Vec::with_capacity(self.steps.len());
        for (place, (name, step)) in self.steps.iter().enumerate() {
            let weights = data
                .sample_weight
                .as_ref()
                .filter(|_| self.is_weighted(name));
            let Some(estimator) = step else {
                if weights.is_some() {
                    let detail = format!(
                        "step {name:?} is {PASSTHROUGH:?} and takes no sample_weight; `weighted` names the steps that do"
                    );
                    return Err(Error::value("fit", detail));
                }
                steps.push((name.clone(), None));
                continue;
            };
            let located = |e| located(&format!("step {name:?} ({})", estimator.name()), &e);
            let y = data.y.as_ref().filter(|_| estimator.is_supervised());
            let is_last = place + 1 == self.steps.len();
            let model = fit_step(estimator, &x, y, weights, is_last.then_some(&mut *log));
            let model = model.map_err(located)?;
            let warnings = model.warnings().iter().map(|warning| Warning::InStep {
                step: name.clone(),
                warning: Box::new(warning.clone()),
            });
            log.warnings.extend(warnings);
            if !is_last {
                x = model.call(Method::Transform, &x).map_err(located)?;
            }
            steps.push((name.clone(), Some(model)));
        }
        Ok(PipelineAttributes { steps })
    }

    fn validate<B: Backend>(&self, attributes: &PipelineAttributes<R, B>) -> Result<()> {
        let fits =
            self.steps.len() == attributes.steps.len()
                && self.steps.iter().zip(&attributes.steps).all(
                    |((name, step), (of_model, model))| {
                        name == of_model
                            && match (step, model) {
                                (Some(step), Some(model)) => step.made(model),
                                (None, None) => true,
                                _ => false,
                            }
                    },
                );
        if fits {
            return Ok(());
        }
        Err(Error::value(
            Self::NAME,
            "the fitted steps are not those that the parameters name",
        ))
    }
}

/// Fits one step; the last one tells how far it has come.
fn fit_step<R: Registry, B: Backend>(
    estimator: &Named<R>,
    x: &Array<B>,
    y: Option<&Array<B>>,
    weights: Option<&Array<B>>,
    log: Option<&mut Log<'_>>,
) -> Result<FittedNamed<R, B>> {
    let mut with = With::default();
    if let Some(weights) = weights {
        with = with.weights(weights);
    }
    if let Some(log) = log {
        with = with.progress(|now| log.progress(now.iteration, now.max_iter, now.loss));
    }
    estimator.fit(x, y, with)
}

impl<R: Registry> Forward for Pipeline<R> {
    fn needs_y(&self) -> bool {
        let mut steps = self.steps.iter().flat_map(|(_, step)| step);
        steps.any(|step| step.is_supervised())
    }

    fn takes_classes(&self) -> bool {
        let last = self.steps.last().and_then(|(_, step)| step.as_ref());
        last.is_some_and(|step| step.is_classifier())
    }

    fn offers(&self) -> &'static [Method] {
        let has = |method| {
            move |(_, step): &(String, Option<Named<R>>)| {
                step.as_ref()
                    .is_none_or(|step| step.methods().contains(&method))
            }
        };
        Method::those(|method| match (method, self.steps.last()) {
            (_, None) => false,
            (Method::InverseTransform, _) => self.steps.iter().all(has(method)),
            (Method::Transform, Some(last)) => has(method)(last),
            (_, Some((_, last))) => last
                .as_ref()
                .is_some_and(|last| last.methods().contains(&method)),
        })
    }

    fn forward<B: Backend>(
        model: &Fitted<Self, B>,
        method: Method,
        x: &Array<B>,
    ) -> Result<Array<B>> {
        let place = |name: &str, e: &Error| located(&format!("step {name:?}"), e);
        if method == Method::InverseTransform {
            return model
                .steps
                .iter()
                .rev()
                .try_fold(x.clone(), |z, step| match step {
                    (name, Some(step)) => step.call(method, &z).map_err(|e| place(name, &e)),
                    (_, None) => Ok(z),
                });
        }
        let x = transformed(model, x)?;
        match model.steps.last() {
            Some((name, Some(last))) => last.call(method, &x).map_err(|e| place(name, &e)),
            Some((_, None)) if method == Method::Transform => Ok(x),
            _ => Err(without(method.name())),
        }
    }

    fn forward_score<B: Backend>(
        model: &Fitted<Self, B>,
        x: &Array<B>,
        y: Option<&Array<B>>,
        sample_weight: Option<&Array<B>>,
    ) -> Result<f64> {
        let Some((name, Some(last))) = model.steps.last() else {
            return Err(without("score"));
        };
        let score = last.score(&transformed(model, x)?, y, sample_weight);
        score.map_err(|e| located(&format!("step {name:?}"), &e))
    }
}

/// The samples as the last step gets them.
fn transformed<R: Registry, B: Backend>(
    model: &Fitted<Pipeline<R>, B>,
    x: &Array<B>,
) -> Result<Array<B>> {
    let before_last = model.steps.len().saturating_sub(1);
    let mut x = x.clone();
    for (name, step) in &model.steps[..before_last] {
        if let Some(step) = step {
            let z = step.call(Method::Transform, &x);
            x = z.map_err(|e| located(&format!("step {name:?}"), &e))?;
        }
    }
    Ok(x)
}

fn without(method: &'static str) -> Error {
    let detail = format!("the last step is {PASSTHROUGH:?}, which has transform only");
    Error::value(method, detail)
}

forward!(Pipeline);
