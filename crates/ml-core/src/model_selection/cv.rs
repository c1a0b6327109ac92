//! The choice of folds, as a parameter.

use array_api_spec::{Array, Backend, Error, Result};

use super::folds::{Folds, KFold, StratifiedKFold};
use crate::{IntoParameter, Parameter, Parameters, Value};

/// How samples are cut into folds: scikit-learn's `cv`.
///
/// A number of folds is [`StratifiedKFold`] for classifiers, else [`KFold`]. Its value by name is the number, or `{"KFold": {"n_splits": 5, …}}`.
#[derive(Clone, Debug, PartialEq)]
pub enum Cv {
    /// So many folds, not shuffled.
    Folds(usize),
    /// Parts of equal size.
    KFold(KFold),
    /// Parts in which each class has its share.
    StratifiedKFold(StratifiedKFold),
}

impl Cv {
    /// The folds of samples x and their y.
    pub(super) fn split<B: Backend>(
        &self,
        is_classifier: bool,
        x: &Array<B>,
        y: Option<&Array<B>>,
    ) -> Result<Folds<B>> {
        match (self, y) {
            (Self::Folds(k), Some(y)) if is_classifier => {
                StratifiedKFold::default().n_splits(*k).split(y)
            }
            (Self::Folds(k), _) => KFold::default().n_splits(*k).split(x),
            (Self::KFold(folds), _) => folds.split(x),
            (Self::StratifiedKFold(folds), Some(y)) => folds.split(y),
            (Self::StratifiedKFold(_), None) => Err(Error::value(
                StratifiedKFold::NAME,
                "needs labels for the samples: give y, or take KFold",
            )),
        }
    }
}

impl Parameter for Cv {
    fn value(&self) -> Value {
        let named = |name: &str, parameters: Vec<(String, Value)>| {
            let parameters: Value = Value::Object(parameters.into_iter().collect());
            serde_json::json!({ name: parameters })
        };
        match self {
            Self::Folds(k) => k.value(),
            Self::KFold(folds) => named(KFold::NAME, folds.get_params()),
            Self::StratifiedKFold(folds) => named(StratifiedKFold::NAME, folds.get_params()),
        }
    }

    fn read(value: &Value) -> Result<Self, String> {
        fn of<P: Parameters>(value: &Value) -> Result<P, String> {
            let mut splitter = P::default();
            let parameters = value.as_object();
            for (name, value) in parameters.ok_or("parameters by name are missing")? {
                splitter.set_param(name, value).map_err(|e| e.to_string())?;
            }
            Ok(splitter)
        }
        let expected = "it is a number of folds, {\"KFold\": {…}} or {\"StratifiedKFold\": {…}}";
        let Some(fields) = value.as_object() else {
            return usize::read(value)
                .map(Self::Folds)
                .map_err(|_| expected.to_owned());
        };
        let mut fields = fields.iter();
        match (fields.next(), fields.next()) {
            (Some((name, value)), None) if name == KFold::NAME => of(value).map(Self::KFold),
            (Some((name, value)), None) if name == StratifiedKFold::NAME => {
                of(value).map(Self::StratifiedKFold)
            }
            _ => Err(expected.to_owned()),
        }
    }
}

impl IntoParameter<Option<Cv>> for usize {
    fn into_parameter(self) -> Option<Cv> {
        Some(Cv::Folds(self))
    }
}

impl IntoParameter<Option<Cv>> for KFold {
    fn into_parameter(self) -> Option<Cv> {
        Some(Cv::KFold(self))
    }
}

impl IntoParameter<Option<Cv>> for StratifiedKFold {
    fn into_parameter(self) -> Option<Cv> {
        Some(Cv::StratifiedKFold(self))
    }
}

/// The folds where none are asked for.
pub(super) const DEFAULT: Cv = Cv::Folds(5);
