//! What the file of an estimator names: `use ml_core::prelude::*;`.

pub use array_api_spec::{Array, Backend, Error, Result};

pub use crate::{
    Data, DecisionFunction, Estimator, Fitted, Incremental, IntoParameter, InverseTransform, Log,
    Parameter, Parameters, Place, Predict, PredictJointLogProba, PredictLogProba, PredictProba,
    Score, ScoreSamples, Transform, Value, attributes, estimator, parameters,
};
