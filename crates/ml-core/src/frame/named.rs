//! An estimator within an estimator, and its model within a model: by name, for every backend.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use array_api_spec::{Array, Backend, Namespace, Result};
use serde_json::Map;

use super::{
    any::{AnyEstimator, AnyFitted, AnyParameters},
    data::With,
    estimator::Estimator,
    parameters::{Parameter, Value},
    parts::{Attribute, Parts},
};
use crate::{Builtin, Registry};

/// An estimator whose type is known at run time only, and which a [`Registry`] finds by its name for the backend that it is fitted on.
///
/// It has the methods of [`AnyParameters`]. Its value, as files and other languages hold it, is `{"estimator": "Ridge", "parameters": {"alpha": 1.0, …}}`;
/// parameters that are left out are the defaults.
pub struct Named<R: Registry = Builtin> {
    estimator: Box<dyn AnyParameters>,
    registry: PhantomData<R>,
}

impl<R: Registry> Named<R> {
    /// That of an estimator.
    #[must_use]
    pub fn new<E: Estimator>(estimator: E) -> Self {
        Self {
            estimator: Box::new(estimator),
            registry: PhantomData,
        }
    }

    /// Fits; a supervised estimator is given y.
    ///
    /// # Errors
    /// As the estimator's own `fit`; an estimator that the registry does not have.
    pub fn fit<B: Backend>(
        &self,
        x: &Array<B>,
        y: Option<&Array<B>>,
        with: With<'_, B>,
    ) -> Result<FittedNamed<R, B>> {
        let mut estimator: Box<dyn AnyEstimator<B>> = R::estimator_by_name(self.name())?;
        for (name, value) in self.own_params() {
            estimator.set_param(&name, &value)?;
        }
        Ok(FittedNamed {
            model: estimator.fit(x, y, with)?.into(),
            registry: PhantomData,
        })
    }

    /// Whether a model is one of this estimator with these parameters.
    pub(crate) fn made<B: Backend>(&self, model: &FittedNamed<R, B>) -> bool {
        let parts = model.parts();
        parts.estimator == self.name()
            && parts.parameters == self.own_params().into_iter().collect()
    }
}

impl<R: Registry> Deref for Named<R> {
    type Target = dyn AnyParameters;

    fn deref(&self) -> &Self::Target {
        &*self.estimator
    }
}

impl<R: Registry> DerefMut for Named<R> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.estimator
    }
}

impl<R: Registry> Clone for Named<R> {
    fn clone(&self) -> Self {
        Self {
            estimator: self.boxed(),
            registry: PhantomData,
        }
    }
}

impl<R: Registry> fmt::Debug for Named<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.estimator.fmt(f)
    }
}

impl<R: Registry> PartialEq for Named<R> {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.own_params() == other.own_params()
    }
}

impl<R: Registry> Parameter for Named<R> {
    fn value(&self) -> Value {
        let parameters: Map<String, Value> = self.own_params().into_iter().collect();
        serde_json::json!({ESTIMATOR: self.name(), PARAMETERS: parameters})
    }

    fn read(value: &Value) -> Result<Self, String> {
        let expected =
            || format!("it is an estimator, {{\"{ESTIMATOR}\": name, \"{PARAMETERS}\": {{…}}}}");
        let fields = value.as_object().ok_or_else(expected)?;
        let name = fields.get(ESTIMATOR).and_then(Value::as_str);
        let mut estimator =
            R::parameters_by_name(name.ok_or_else(expected)?).map_err(|e| e.to_string())?;
        let given = match fields.get(PARAMETERS) {
            Some(given) => given.as_object().ok_or_else(expected)?,
            None => &Map::new(),
        };
        if fields.len() > 1 + usize::from(fields.contains_key(PARAMETERS)) {
            return Err(expected());
        }
        for (name, value) in given {
            estimator
                .set_param(name, value)
                .map_err(|e| e.to_string())?;
        }
        Ok(Self {
            estimator,
            registry: PhantomData,
        })
    }
}

const ESTIMATOR: &str = "estimator";
const PARAMETERS: &str = "parameters";

/// A fitted model whose type is known at run time only, within a model of another estimator. It has the methods of [`AnyFitted`].
pub struct FittedNamed<R: Registry, B: Backend> {
    model: Arc<dyn AnyFitted<B>>,
    registry: PhantomData<R>,
}

impl<R: Registry, B: Backend> Deref for FittedNamed<R, B> {
    type Target = dyn AnyFitted<B>;

    fn deref(&self) -> &Self::Target {
        &*self.model
    }
}

impl<R: Registry, B: Backend> Clone for FittedNamed<R, B> {
    fn clone(&self) -> Self {
        Self {
            model: Arc::clone(&self.model),
            registry: PhantomData,
        }
    }
}

impl<R: Registry, B: Backend> fmt::Debug for FittedNamed<R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.model.fmt(f)
    }
}

impl<R: Registry, B: Backend> Attribute<B> for FittedNamed<R, B> {
    fn store(&self, name: &str, parts: &mut Parts<Array<B>>) {
        parts.models.insert(name.to_owned(), self.parts());
    }

    fn take(name: &str, parts: &mut Parts<Array<B>>, xp: &Namespace<B>) -> Result<Self> {
        let inner = parts.take_model(name)?;
        let estimator: Box<dyn AnyEstimator<B>> = R::estimator_by_name(&inner.estimator)?;
        Ok(Self {
            model: estimator.model(inner, xp)?.into(),
            registry: PhantomData,
        })
    }
}

/// A model that not every fit makes.
impl<R: Registry, B: Backend> Attribute<B> for Option<FittedNamed<R, B>> {
    fn store(&self, name: &str, parts: &mut Parts<Array<B>>) {
        if let Some(model) = self {
            model.store(name, parts);
        }
    }

    fn take(name: &str, parts: &mut Parts<Array<B>>, xp: &Namespace<B>) -> Result<Self> {
        let is_there = parts.models.contains_key(name);
        is_there
            .then(|| FittedNamed::take(name, parts, xp))
            .transpose()
    }
}
