//! All estimators by name.

use std::{fmt::Debug, path::Path};

use array_api_spec::{Backend, Error, HostArray, Namespace, Result};

use crate::{
    AnyEstimator, AnyFitted, AnySeen, GridSearchCV, Parameters, Parts, Pipeline,
    frame::{AnyParameters, SEEN},
    persistence,
};

/// A list of estimators that are found by name, for every backend: what [`Pipeline`], [`GridSearchCV`] and files of any kind know.
///
/// [`registry!`](crate::registry) makes one of your own estimators, and of all that this crate has.
pub trait Registry: Clone + Copy + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The names of the estimators that this list adds to those of the crate.
    const OWN: &'static [&'static str];

    /// The default parameters of an estimator that this list adds.
    fn own_parameters(name: &str) -> Option<Box<dyn AnyParameters>>;

    /// An estimator that this list adds, with its default parameters.
    fn own_estimator<B: Backend>(name: &str) -> Option<Box<dyn AnyEstimator<B>>>;

    /// The default parameters of an estimator by its name.
    ///
    /// # Errors
    /// A name that no estimator has.
    fn parameters_by_name(name: &str) -> Result<Box<dyn AnyParameters>> {
        match name {
            _ if name == Pipeline::<Self>::NAME => Ok(Box::new(Pipeline::<Self>::default())),
            _ if name == GridSearchCV::<Self>::NAME => {
                Ok(Box::new(GridSearchCV::<Self>::default()))
            }
            _ => Self::own_parameters(name)
                .or_else(|| Builtin::own_parameters(name))
                .ok_or_else(|| unknown::<Self>(name)),
        }
    }

    /// An estimator by its name, with its default parameters.
    ///
    /// # Errors
    /// A name that no estimator has.
    fn estimator_by_name<B: Backend>(name: &str) -> Result<Box<dyn AnyEstimator<B>>> {
        match name {
            _ if name == Pipeline::<Self>::NAME => Ok(Box::new(Pipeline::<Self>::default())),
            _ if name == GridSearchCV::<Self>::NAME => {
                Ok(Box::new(GridSearchCV::<Self>::default()))
            }
            _ => Self::own_estimator(name)
                .or_else(|| Builtin::own_estimator(name))
                .ok_or_else(|| unknown::<Self>(name)),
        }
    }

    /// Reads a model of any of the estimators, which [`Fitted::save`](crate::Fitted::save) wrote, onto a device.
    ///
    /// # Errors
    /// As [`Fitted::load`](crate::Fitted::load); an estimator that is not in the list.
    fn load_any<B: Backend>(
        path: impl AsRef<Path>,
        xp: &Namespace<B>,
    ) -> Result<Box<dyn AnyFitted<B>>> {
        let path = path.as_ref();
        let parts = persistence::load(path, None)?;
        let estimator = Self::estimator_by_name::<B>(&parts.estimator);
        let model =
            estimator.and_then(|estimator| estimator.model(parts.send("load_any", xp)?, xp));
        model.map_err(|e| {
            persistence::located(path, &format!("the file's parts make no model: {e}"))
        })
    }
}

fn unknown<R: Registry>(name: &str) -> Error {
    let mut names = R::OWN.to_vec();
    names.extend(ESTIMATORS.iter().filter(|known| !R::OWN.contains(known)));
    let detail = format!(
        "there is no estimator {name:?}; there are {}, {} and {}; `registry!` makes a list with estimators of your own",
        names.join(", "),
        Pipeline::<R>::NAME,
        GridSearchCV::<R>::NAME,
    );
    Error::value("estimator_by_name", detail)
}

/// Makes a [`Registry`]: a list of your own estimators and all that this crate has, for pipelines, grids and files.
///
/// ```
/// # use array_api_spec::{Array, Backend, Result};
/// # use ml_core::{Data, Estimator, Fitted, Log, Transform, attributes, estimator, parameters};
/// # parameters! {
/// #     /// Doubles.
/// #     pub struct Doubler {}
/// # }
/// # attributes! { pub struct DoublerAttributes<B> { pub two_: Array<B> as "" } }
/// # estimator! { unsupervised Doubler { Transform } }
/// # impl Estimator for Doubler {
/// #     type Attributes<B: Backend> = DoublerAttributes<B>;
/// #     fn learn<B: Backend>(&self, data: &Data<B>, _: &mut Log<'_>) -> Result<DoublerAttributes<B>> {
/// #         Ok(DoublerAttributes { two_: data.namespace().asarray_as(2.0, data.x.dtype())? })
/// #     }
/// # }
/// # impl Transform for Doubler {
/// #     fn transform<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> { (x * &model.two_).eval() }
/// # }
/// use ml_core::{Pipeline, Registry, Ridge, registry};
///
/// registry! {
///     /// `Doubler`, and all estimators of ml-core.
///     pub struct Mine { Doubler }
/// }
///
/// let cpu = array_api_compat::cpu();
/// let (x, y) = (cpu.asarray([[0.0], [1.0], [2.0]])?, cpu.asarray([0.0, 2.0, 4.0])?);
/// let pipe = Pipeline::of(Mine).step("double", Doubler::default()).step("ridge", Ridge::default().alpha(0.0));
/// let path = std::env::temp_dir().join("ml-core-doc-registry.safetensors");
/// pipe.fit(&x, &y)?.save(&path)?;
/// let model = Mine::load_any(&path, &cpu)?;
/// assert_eq!(model.name(), "Pipeline");
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[macro_export]
macro_rules! registry {
    ($(#[$attribute:meta])* $public:vis struct $Name:ident { $($Type:ty),* $(,)? }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        $public struct $Name;

        impl $crate::Registry for $Name {
            const OWN: &'static [&'static str] = &[$(<$Type as $crate::Parameters>::NAME),*];

            fn own_parameters(name: &str) -> Option<Box<dyn $crate::frame::AnyParameters>> {
                $(if name == <$Type as $crate::Parameters>::NAME {
                    return Some(Box::new(<$Type>::default()));
                })*
                None
            }

            fn own_estimator<B: array_api_spec::Backend>(name: &str) -> Option<Box<dyn $crate::AnyEstimator<B>>> {
                $(if name == <$Type as $crate::Parameters>::NAME {
                    return Some(Box::new(<$Type>::default()));
                })*
                None
            }
        }
    };
}

registry! {
    /// The estimators of this crate.
    pub struct Builtin {
        crate::cluster::KMeans,
        crate::decomposition::Pca,
        crate::discriminant_analysis::LinearDiscriminantAnalysis,
        crate::linear_model::LinearRegression,
        crate::linear_model::LogisticRegression,
        crate::linear_model::Ridge,
        crate::naive_bayes::GaussianNB,
        crate::preprocessing::StandardScaler,
    }
}

/// The names of all estimators of this crate that are none of others, as scikit-learn has them. `Pipeline` and `GridSearchCV` are known by name, too.
pub const ESTIMATORS: &[&str] = Builtin::OWN;

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
    Builtin::estimator_by_name(name)
}

/// Reads a model of any estimator of this crate, which [`Fitted::save`](crate::Fitted::save) wrote, onto a device.
///
/// # Errors
/// As [`Fitted::load`](crate::Fitted::load); an estimator that this crate does not have.
pub fn load_any<B: Backend>(
    path: impl AsRef<Path>,
    xp: &Namespace<B>,
) -> Result<Box<dyn AnyFitted<B>>> {
    Builtin::load_any(path, xp)
}

/// Reads a model of any estimator of this crate from bytes that [`to_bytes`](AnyFitted#method.to_bytes) gave, onto a device.
///
/// # Errors
/// As [`load_any`].
pub fn model_from_bytes<B: Backend>(
    bytes: &[u8],
    xp: &Namespace<B>,
) -> Result<Box<dyn AnyFitted<B>>> {
    model_of(persistence::from_bytes(bytes)?, xp)
}

/// Reads what any estimator of this crate has seen from bytes that [`to_bytes`](AnySeen#method.to_bytes) gave, for a model on a device.
///
/// # Errors
/// As [`Seen::load`](crate::Seen::load).
pub fn seen_from_bytes<B: Backend>(bytes: &[u8], xp: &Namespace<B>) -> Result<Box<dyn AnySeen<B>>> {
    let parts = persistence::from_bytes(bytes)?;
    let name = parts.estimator.strip_prefix(SEEN).unwrap_or_default();
    estimator_by_name::<B>(name)?.seen(parts, xp)
}

fn model_of<B: Backend>(
    parts: Parts<HostArray>,
    xp: &Namespace<B>,
) -> Result<Box<dyn AnyFitted<B>>> {
    let estimator = estimator_by_name::<B>(&parts.estimator)?;
    estimator.model(parts.send("load_any", xp)?, xp)
}
