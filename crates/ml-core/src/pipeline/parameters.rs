//! A pipeline's parameters: its own, its steps, and those of its steps.

use array_api_spec::{Error, Result};

use super::{PASSTHROUGH, Pipeline, STEPS, Step, WEIGHTED};
use crate::{
    Named, Parameter, Parameters, Registry, Value,
    frame::{located, parameters},
};

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
fn read_steps<R: Registry>(value: &Value) -> Result<Vec<Step<R>>, String> {
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
                return Err(parameters::unknown(self, name));
            }
        }
        Ok(())
    }
}
