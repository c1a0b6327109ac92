//! What is asked of every model's attributes: their axes, dtypes and values.

use std::{collections::BTreeMap, fmt};

use array_api_spec::{Array, Backend, DType, Result, shape_text};

use super::parts::{Attributes, Parts, Rule, Values};
use crate::validation;

/// Holds the arrays against the lengths that their letters stand for, and against the model's floating-point dtype.
///
/// # Errors
/// What does not fit.
pub(super) fn check<A: Attributes<B>, B: Backend>(
    attributes: &A,
    n_features: usize,
) -> Result<(), String> {
    let mut lengths = BTreeMap::from([('p', n_features)]);
    let mut dtype: Option<DType> = None;
    for (rule, array) in attributes.arrays() {
        learn_lengths(rule, array.shape(), &mut lengths)?;
        let own = array.dtype();
        let (name, refused) = (rule.name, |what: &str| {
            Err(format!("{} has the dtype {own}, not {what}", rule.name))
        });
        match rule.values {
            Values::Labels if !is_ascending(array).map_err(|e| format!("{name}: {e}"))? => {
                return Err(format!(
                    "{name} is not in ascending order, or not of a dtype that labels can have"
                ));
            }
            Values::Integers if !own.is_integer() => return refused("an integer one"),
            Values::Labels | Values::Integers => continue,
            _ if !own.is_real_floating() => return refused("a real floating-point one"),
            _ => {}
        }
        if *dtype.get_or_insert(own) != own {
            return Err(format!(
                "{} is {own}, other arrays are {}; all floating-point arrays of a model have one dtype",
                rule.name,
                dtype.unwrap_or(own),
            ));
        }
    }
    Ok(())
}

/// Whether labels ascend.
///
/// # Errors
/// A driver's failure.
pub(crate) fn is_ascending<B: Backend>(labels: &Array<B>) -> Result<bool> {
    Ok(match labels.dtype() {
        DType::Bool => labels.to_vec::<bool>()?.is_sorted_by(|a, b| a < b),
        DType::UInt64 => labels.to_vec::<u64>()?.is_sorted_by(|a, b| a < b),
        dtype if dtype.is_integer() => labels.to_vec::<i64>()?.is_sorted_by(|a, b| a < b),
        dtype if dtype.is_real_floating() => labels.to_vec::<f64>()?.is_sorted_by(|a, b| a < b),
        _ => false,
    })
}

/// Finds the possibility of `rule.axes` that fits the shape, and keeps the lengths of letters that are new.
fn learn_lengths(
    rule: &Rule,
    shape: &[usize],
    lengths: &mut BTreeMap<char, usize>,
) -> Result<(), String> {
    let fits = |axes: &&str| {
        axes.len() == shape.len()
            && axes
                .chars()
                .zip(shape)
                .all(|(letter, n)| lengths.get(&letter).is_none_or(|known| known == n))
    };
    let Some(axes) = rule.axes.split('|').find(fits) else {
        let known: Vec<String> = lengths
            .iter()
            .map(|(letter, n)| format!("{letter} = {n}"))
            .collect();
        return Err(format!(
            "{} has shape {}; its axes are {} with {}",
            rule.name,
            shape_text(shape),
            rule.axes.replace('|', " or "),
            known.join(", ")
        ));
    };
    lengths.extend(axes.chars().zip(shape.iter().copied()));
    Ok(())
}

/// The name of the first array that holds a value which its rule does not allow.
///
/// # Errors
/// A driver's failure.
pub(super) fn odd_value<A: Attributes<B>, B: Backend>(
    attributes: &A,
) -> Result<Option<&'static str>> {
    let mut judged = Vec::new();
    for (rule, array) in attributes.arrays() {
        match rule.values {
            Values::Finite => judged.push((rule.name, array.clone())),
            Values::Infinite => {
                let xp = array.namespace();
                judged.push((rule.name, xp.where_(xp.isinf(array), 0.0, array).eval()?));
            }
            Values::Any | Values::Labels | Values::Integers => {}
        }
    }
    // Asked once for all arrays: the device is waited for once.
    let all: Vec<&Array<B>> = judged.iter().map(|(_, array)| array).collect();
    let Some(first) = all.first() else {
        return Ok(None);
    };
    if first.namespace().all_finite(&all)? {
        return Ok(None);
    }
    for (name, array) in &judged {
        if !validation::all_finite(array)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Prints what a model holds beside its parameters: values, and each array's dtype and shape.
pub(super) fn debug<B: Backend>(parts: &Parts<Array<B>>, out: &mut fmt::DebugStruct<'_, '_>) {
    for (name, value) in &parts.values {
        out.field(name, &format_args!("{value}"));
    }
    for (name, array) in &parts.arrays {
        out.field(
            name,
            &format_args!("{} {}", array.dtype(), shape_text(array.shape())),
        );
    }
    for (name, model) in &parts.models {
        out.field(name, &format_args!("a fitted {}", model.estimator));
    }
}
