//! A fitted pipeline.

use array_api_spec::{Array, Backend, Error, Namespace, Result};

use super::{PASSTHROUGH, Pipeline, STEPS, Step};
use crate::{
    Attributes, Estimator, Fitted, Method, Parameter, Parts, Registry,
    frame::{Attribute, FittedNamed, Forward, Rule, located},
};

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
            move |(_, step): &Step<R>| {
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
