//! The fit of a pipeline.

use std::collections::BTreeSet;

use array_api_spec::{Array, Backend, Error, Result};

use super::{PASSTHROUGH, Pipeline, PipelineAttributes, STEPS, WEIGHTED};
use crate::{
    Data, Estimator, Log, Method, Named, Parameters, Registry, Warning, With,
    frame::{FittedNamed, located},
};

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
