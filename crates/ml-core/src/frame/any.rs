//! Estimators and models whose type is known at run time only: for other languages, and for files of any kind.

use std::{any::Any, fmt::Debug};

use array_api_spec::{Array, Backend, Error, HostArray, Namespace, Result};

use super::{
    data::With,
    estimator::{Estimator, Incremental, Method, Methods},
    fitted::Fitted,
    parameters::{AboutParameter, Parameters, Value},
    parts::{Attributes, Parts, Rule},
    seen::Seen,
};
use crate::{Warning, persistence};

/// An estimator's parameters and kind where its type is known at run time only: what [`AnyEstimator`] has that depends on no backend.
pub trait AnyParameters: Debug + Send + Sync {
    /// The estimator's name, as scikit-learn has it.
    fn name(&self) -> &'static str;

    /// The parameters by name, in the order of their definition, those of estimators within the estimator too.
    fn get_params(&self) -> Vec<(String, Value)>;

    /// The parameters without those of estimators within the estimator, which the values of its own hold.
    fn own_params(&self) -> Vec<(String, Value)>;

    /// Sets one parameter.
    ///
    /// # Errors
    /// A name that is not there; a value of another type.
    fn set_param(&mut self, name: &str, value: &Value) -> Result<()>;

    /// Whether a fit needs y.
    fn is_supervised(&self) -> bool;

    /// Whether y are labels of classes.
    fn is_classifier(&self) -> bool;

    /// The methods of the fitted models.
    fn methods(&self) -> &'static [Method];

    /// The same once more.
    fn boxed(&self) -> Box<dyn AnyParameters>;
}

impl<E: Estimator> AnyParameters for E {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn get_params(&self) -> Vec<(String, Value)> {
        Parameters::get_params(self)
    }

    fn own_params(&self) -> Vec<(String, Value)> {
        Parameters::own_params(self)
    }

    fn set_param(&mut self, name: &str, value: &Value) -> Result<()> {
        Parameters::set_param(self, name, value)
    }

    fn is_supervised(&self) -> bool {
        Methods::is_supervised(self)
    }

    fn is_classifier(&self) -> bool {
        Methods::is_classifier(self)
    }

    fn methods(&self) -> &'static [Method] {
        Methods::methods(self)
    }

    fn boxed(&self) -> Box<dyn AnyParameters> {
        Box::new(self.clone())
    }
}

/// What is known of an estimator beforehand: for other languages, which make classes and documentation of it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct About {
    /// Its name, as scikit-learn has it.
    pub name: &'static str,
    /// The path of the module that defines it. The part after the crate's name is scikit-learn's name of the module.
    pub path: &'static str,
    /// The text of its documentation.
    pub doc: &'static str,
    /// What is known of its parameters.
    pub parameters: &'static [AboutParameter],
    /// What its fits compute.
    pub attributes: &'static [Rule],
    /// The methods of its fitted models.
    pub methods: &'static [Method],
    /// Whether its fitted models have a score.
    pub has_score: bool,
    /// Whether a fit needs y.
    pub is_supervised: bool,
    /// Whether fits go on with more samples.
    pub is_incremental: bool,
    /// Whether samples may have weights.
    pub takes_sample_weight: bool,
    /// Whether NaN among the samples is a missing value.
    pub nan_is_missing: bool,
    /// The fewest samples that can be fitted.
    pub min_samples: usize,
}

/// An estimator whose type is known at run time only.
pub trait AnyEstimator<B: Backend>: AnyParameters {
    /// What is known of it beforehand.
    fn about(&self) -> About;

    /// Checks the parameters, as far as that is possible without data. A fit does so first.
    ///
    /// # Errors
    /// Parameters out of range or in conflict.
    fn check(&self) -> Result<()>;

    /// Fits; a supervised estimator is given y.
    ///
    /// # Errors
    /// As the estimator's own `fit`.
    fn fit(
        &self,
        x: &Array<B>,
        y: Option<&Array<B>>,
        with: With<'_, B>,
    ) -> Result<Box<dyn AnyFitted<B>>>;

    /// What is to be kept of some samples, for a fit that goes on with more.
    ///
    /// # Errors
    /// An estimator that is not incremental; as the estimator's own `observe`.
    fn observe(
        &self,
        x: &Array<B>,
        y: Option<&Array<B>>,
        with: With<'_, B>,
    ) -> Result<Box<dyn AnySeen<B>>>;

    /// What was seen from its parts, which [`AnySeen::parts`] gave.
    ///
    /// # Errors
    /// An estimator that is not incremental; parts that are missing, too many, or do not fit each other.
    fn seen(&self, parts: Parts<HostArray>, xp: &Namespace<B>) -> Result<Box<dyn AnySeen<B>>>;

    /// A model of its parts, which [`AnyFitted::parts`] gave.
    ///
    /// # Errors
    /// Parts that are missing, too many, or do not fit each other.
    fn model(&self, parts: Parts<Array<B>>, xp: &Namespace<B>) -> Result<Box<dyn AnyFitted<B>>>;
}

impl<B: Backend, E: Estimator> AnyEstimator<B> for E {
    fn about(&self) -> About {
        About {
            name: E::NAME,
            path: E::PATH,
            doc: E::DOC,
            parameters: E::ABOUT,
            attributes: <E::Attributes<B> as Attributes<B>>::RULES,
            methods: E::METHODS,
            has_score: E::HAS_SCORE,
            is_supervised: E::SUPERVISED,
            is_incremental: E::INCREMENTAL,
            takes_sample_weight: E::SAMPLE_WEIGHT,
            nan_is_missing: E::NAN_IS_MISSING,
            min_samples: E::MIN_SAMPLES,
        }
    }

    fn check(&self) -> Result<()> {
        Estimator::check(self)
    }

    fn fit(
        &self,
        x: &Array<B>,
        y: Option<&Array<B>>,
        with: With<'_, B>,
    ) -> Result<Box<dyn AnyFitted<B>>> {
        Ok(Box::new(Fitted::fit(self, x, y, with)?))
    }

    fn observe(
        &self,
        x: &Array<B>,
        y: Option<&Array<B>>,
        with: With<'_, B>,
    ) -> Result<Box<dyn AnySeen<B>>> {
        self.observe_by_name(x, y, with)
            .unwrap_or_else(|| Err(not_incremental(E::NAME)))
    }

    fn seen(&self, parts: Parts<HostArray>, xp: &Namespace<B>) -> Result<Box<dyn AnySeen<B>>> {
        E::seen_by_name(parts, xp).unwrap_or_else(|| Err(not_incremental(E::NAME)))
    }

    fn model(&self, parts: Parts<Array<B>>, xp: &Namespace<B>) -> Result<Box<dyn AnyFitted<B>>> {
        Ok(Box::new(Fitted::<E, B>::from_parts(parts, xp)?))
    }
}

fn not_incremental(name: &'static str) -> Error {
    Error::value(
        name,
        "a fit does not go on with more samples; fit to all of them together",
    )
}

/// What an estimator keeps of the samples that it has seen, of a type known at run time only.
pub trait AnySeen<B: Backend>: Debug + Send + Sync {
    /// What was kept of these samples and of others together.
    ///
    /// # Errors
    /// Another estimator; as [`Seen::merge`].
    fn merged(&self, other: &dyn AnySeen<B>) -> Result<Box<dyn AnySeen<B>>>;

    /// The model of all samples seen, on the device and in the dtype of the first.
    ///
    /// # Errors
    /// As [`Seen::conclude`].
    fn conclude(&self) -> Result<Box<dyn AnyFitted<B>>>;

    /// All that it is made of.
    ///
    /// # Errors
    /// No room.
    fn parts(&self) -> Result<Parts<HostArray>>;

    /// Itself, for whoever knows its type.
    fn as_any(&self) -> &dyn Any;
}

impl<E: Incremental, B: Backend> AnySeen<B> for Seen<E, B>
where
    Self: 'static,
{
    fn merged(&self, other: &dyn AnySeen<B>) -> Result<Box<dyn AnySeen<B>>> {
        let other = other
            .as_any()
            .downcast_ref::<Self>()
            .ok_or_else(|| Error::value("merge", "what was seen belongs to another estimator"))?;
        let mut all = self.clone();
        all.merge(other)?;
        Ok(Box::new(all))
    }

    fn conclude(&self) -> Result<Box<dyn AnyFitted<B>>> {
        Ok(Box::new(Self::conclude(self)?))
    }

    fn parts(&self) -> Result<Parts<HostArray>> {
        Self::parts(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<B: Backend> dyn AnySeen<B> {
    /// The bytes of the file that [`Seen::save`] writes. [`seen_from_bytes`](crate::seen_from_bytes) reads them.
    ///
    /// # Errors
    /// No room.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        persistence::to_bytes(self.parts()?)
    }
}

/// A fitted model whose type is known at run time only.
pub trait AnyFitted<B: Backend>: Debug + Send + Sync {
    /// The name of its estimator, as scikit-learn has it.
    fn name(&self) -> &'static str;

    /// All that it is made of: attributes by name, parameters.
    fn parts(&self) -> Parts<Array<B>>;

    /// What the fit has put right or found odd.
    fn warnings(&self) -> &[Warning];

    /// Calls a method of the model.
    ///
    /// # Errors
    /// A method that the model does not have; samples that do not fit it.
    fn call(&self, method: Method, x: &Array<B>) -> Result<Array<B>>;

    /// scikit-learn's `score` of samples and, for supervised estimators, their y.
    ///
    /// # Errors
    /// A model without a score; data that do not fit it.
    fn score(
        &self,
        x: &Array<B>,
        y: Option<&Array<B>>,
        sample_weight: Option<&Array<B>>,
    ) -> Result<f64>;

    /// The model, for [`downcast_ref`](#method.downcast_ref).
    fn as_any(&self) -> &dyn Any;
}

impl<E: Estimator, B: Backend> AnyFitted<B> for Fitted<E, B> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn parts(&self) -> Parts<Array<B>> {
        Fitted::parts(self)
    }

    fn warnings(&self) -> &[Warning] {
        Fitted::warnings(self)
    }

    fn call(&self, method: Method, x: &Array<B>) -> Result<Array<B>> {
        E::call(self, method, x).unwrap_or_else(|| {
            let methods = self.parameters().methods();
            let known: Vec<&str> = methods.iter().map(|method| method.name()).collect();
            let detail = format!(
                "{} has no such method; it has {}",
                E::NAME,
                known.join(", ")
            );
            Err(Error::value(method.name(), detail))
        })
    }

    fn score(
        &self,
        x: &Array<B>,
        y: Option<&Array<B>>,
        sample_weight: Option<&Array<B>>,
    ) -> Result<f64> {
        E::score_by_name(self, x, y, sample_weight)
            .unwrap_or_else(|| Err(Error::value("score", format!("{} has no score", E::NAME))))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<B: Backend> dyn AnyFitted<B> {
    /// Writes the model to a safetensors file, as [`Fitted::save`] does.
    ///
    /// # Errors
    /// A file that cannot be written; a driver's failure.
    pub fn save(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
        persistence::save(self.parts().to_host()?, path.as_ref())
    }

    /// The model with its type; `None` if it is another's.
    #[must_use]
    pub fn downcast_ref<E: Estimator>(&self) -> Option<&Fitted<E, B>> {
        self.as_any().downcast_ref()
    }

    /// The bytes of the file that `save` writes. [`model_from_bytes`](crate::model_from_bytes) reads them.
    ///
    /// # Errors
    /// A driver's failure.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        persistence::to_bytes(self.parts().to_host()?)
    }
}
