//! The parameters that a search tries.

use std::collections::BTreeMap;

use array_api_spec::{Error, Result};

use crate::{Parameter, Value};

/// Values of parameters by name, in the order of the names.
pub(super) type Grid = BTreeMap<String, Vec<Value>>;

/// What a grid takes as a parameter's value: a [`Parameter`], or a word.
pub trait IntoValue {
    /// The value.
    fn into_value(self) -> Value;
}

impl<T: Parameter> IntoValue for T {
    fn into_value(self) -> Value {
        self.value()
    }
}

impl IntoValue for &str {
    fn into_value(self) -> Value {
        self.into()
    }
}

/// All choices of one value for each name: one grid after the other, names in their order, those of the last name varying fastest.
///
/// # Errors
/// A name without values.
pub(super) fn candidates(grids: &[Grid]) -> Result<Vec<BTreeMap<String, Value>>> {
    let mut all = Vec::new();
    for grid in grids {
        let mut chosen = vec![BTreeMap::new()];
        for (name, values) in grid {
            if values.is_empty() {
                let detail = format!("there are no values for the parameter {name:?}");
                return Err(Error::value("GridSearchCV", detail));
            }
            let with = |others: BTreeMap<String, Value>| {
                values.iter().map(move |value| {
                    let mut more = others.clone();
                    more.insert(name.clone(), value.clone());
                    more
                })
            };
            chosen = chosen.into_iter().flat_map(with).collect();
        }
        all.append(&mut chosen);
    }
    if all.is_empty() {
        return Err(Error::value(
            "GridSearchCV",
            "there is nothing to choose from; name parameters and their values by `grid`",
        ));
    }
    Ok(all)
}
