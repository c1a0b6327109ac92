//! Files of the first format, which held this estimator only, its parameters as text.

use std::collections::HashMap;

use array_api_spec::HostArray;
use serde_json::Map;

use super::LinearDiscriminantAnalysis;
use crate::{Parameters, Parts, Value};

/// The parts in a file of the first format.
///
/// # Errors
/// Another estimator; parameters that are missing or unreadable.
pub(crate) fn parts_of_format_1(
    metadata: HashMap<String, String>,
    arrays: Vec<(String, HostArray)>,
) -> Result<Parts<HostArray>, String> {
    let estimator = metadata
        .get("ml-core.estimator")
        .cloned()
        .unwrap_or_default();
    if estimator != LinearDiscriminantAnalysis::NAME {
        return Err(format!(
            "holds the estimator {estimator:?}, which the first format of files did not know"
        ));
    }
    let parameters = metadata
        .iter()
        .filter(|(name, _)| !name.starts_with("ml-core."));
    let parameters: Map<String, Value> = parameters
        .map(|(name, text)| (name.clone(), value(name, text)))
        .collect();
    let means = arrays.iter().find(|(name, _)| name == "means_");
    let n_features_in_ = means
        .and_then(|(_, means)| means.shape.get(1))
        .copied()
        .unwrap_or(0);
    Ok(Parts {
        estimator,
        parameters,
        n_features_in_,
        values: Map::new(),
        models: Default::default(),
        arrays,
    })
}

/// What a parameter's text stood for: nothing, a number or truth value, several numbers, or a word.
fn value(name: &str, text: &str) -> Value {
    let word = || Value::String(text.to_owned());
    match name {
        _ if text == "none" => Value::Null,
        "priors" => serde_json::from_str(&format!("[{text}]")).unwrap_or_else(|_| word()),
        _ => serde_json::from_str(text).unwrap_or_else(|_| word()),
    }
}
