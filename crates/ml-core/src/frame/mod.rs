//! What all estimators share: everything but their parameters, their attributes and their mathematics.

mod any;
mod data;
mod estimator;
mod fitted;
mod forward;
mod located;
mod named;
#[doc(hidden)]
pub mod parameters;
mod parts;
mod rules;
mod seen;
pub(crate) mod statistics;

pub use self::{
    any::{About, AnyEstimator, AnyFitted, AnyParameters, AnySeen},
    data::{Data, Log, Progress, With, progress, weights},
    estimator::{
        DecisionFunction, Estimator, Incremental, InverseTransform, Method, Methods, Predict,
        PredictJointLogProba, PredictLogProba, PredictProba, Score, ScoreSamples, Transform,
    },
    fitted::Fitted,
    named::{FittedNamed, Named},
    parameters::{AboutParameter, IntoParameter, Parameter, Parameters, Value},
    parts::{Attribute, Attributes, Parts, Rule, Values},
    seen::Seen,
    statistics::{Place, Statistics},
};
pub(crate) use self::{
    forward::{Forward, forward},
    located::located,
    parts::send,
    rules::is_ascending,
    seen::KIND as SEEN,
};
