//! All estimators by name.

use std::path::Path;

use array_api_spec::{Backend, Error, Namespace, Result};

use crate::{AnyEstimator, AnyFitted, Parameters, persistence};

/// The one list of this crate's estimators.
macro_rules! estimators {
    ($($Type:ty),* $(,)?) => {
        /// The names of all estimators of this crate, as scikit-learn has them.
        pub const ESTIMATORS: &[&str] = &[$(<$Type as Parameters>::NAME),*];

        /// An estimator of this crate by its name, with its default parameters.
        ///
        /// ```
        /// use array_api_spec::reference::Reference;
        /// let mut ridge = ml_core::estimator_by_name::<Reference>("Ridge")?;
        /// ridge.set_param("alpha", &0.5.into())?;
        /// # Ok::<(), array_api_spec::Error>(())
        /// ```
        ///
        /// # Errors
        /// A name that no estimator has.
        pub fn estimator_by_name<B: Backend>(name: &str) -> Result<Box<dyn AnyEstimator<B>>> {
            $(if name == <$Type as Parameters>::NAME {
                return Ok(Box::new(<$Type>::default()));
            })*
            Err(Error::value("estimator_by_name", format!("there is no estimator {name:?}; there are {}", ESTIMATORS.join(", "))))
        }
    };
}

estimators![
    crate::cluster::KMeans,
    crate::decomposition::Pca,
    crate::discriminant_analysis::LinearDiscriminantAnalysis,
    crate::linear_model::LinearRegression,
    crate::linear_model::LogisticRegression,
    crate::linear_model::Ridge,
    crate::naive_bayes::GaussianNB,
    crate::preprocessing::StandardScaler,
];

/// Reads a model of any estimator of this crate, which [`Fitted::save`](crate::Fitted::save) wrote, onto a device.
///
/// # Errors
/// As [`Fitted::load`](crate::Fitted::load); an estimator that this crate does not have.
pub fn load_any<B: Backend>(
    path: impl AsRef<Path>,
    xp: &Namespace<B>,
) -> Result<Box<dyn AnyFitted<B>>> {
    let path = path.as_ref();
    let parts = persistence::load(path, None)?;
    let estimator = estimator_by_name::<B>(&parts.estimator);
    let model = estimator.and_then(|estimator| estimator.model(parts.send("load_any", xp)?, xp));
    model.map_err(|e| persistence::located(path, &format!("the file's parts make no model: {e}")))
}
