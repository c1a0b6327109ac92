//! Estimators and models whose type is known at run time only: for other languages, and for files of any kind.

use std::{any::Any, fmt::Debug};

use array_api_spec::{Array, Backend, Error, Namespace, Result};

use super::{
    data::With,
    estimator::{Estimator, Method, Methods},
    fitted::Fitted,
    parameters::{Parameters, Value},
    parts::Parts,
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

/// An estimator whose type is known at run time only.
pub trait AnyEstimator<B: Backend>: Debug + Send + Sync {
    /// Its name, as scikit-learn has it.
    fn name(&self) -> &'static str;

    /// Its parameters by name, in the order of their definition.
    fn get_params(&self) -> Vec<(String, Value)>;

    /// Sets one parameter.
    ///
    /// # Errors
    /// A name that is not there; a value of another type.
    fn set_param(&mut self, name: &str, value: &Value) -> Result<()>;

    /// Whether a fit needs y.
    fn is_supervised(&self) -> bool;

    /// Whether y are labels of classes.
    fn is_classifier(&self) -> bool;

    /// The methods of its fitted models.
    fn methods(&self) -> &'static [Method];

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

    /// A model of its parts, which [`AnyFitted::parts`] gave.
    ///
    /// # Errors
    /// Parts that are missing, too many, or do not fit each other.
    fn model(&self, parts: Parts<Array<B>>, xp: &Namespace<B>) -> Result<Box<dyn AnyFitted<B>>>;
}

impl<B: Backend, E: Estimator> AnyEstimator<B> for E {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn get_params(&self) -> Vec<(String, Value)> {
        Parameters::get_params(self)
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

    fn fit(
        &self,
        x: &Array<B>,
        y: Option<&Array<B>>,
        with: With<'_, B>,
    ) -> Result<Box<dyn AnyFitted<B>>> {
        Ok(Box::new(Fitted::fit(self, x, y, with)?))
    }

    fn model(&self, parts: Parts<Array<B>>, xp: &Namespace<B>) -> Result<Box<dyn AnyFitted<B>>> {
        Ok(Box::new(Fitted::<E, B>::from_parts(parts, xp)?))
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
}
