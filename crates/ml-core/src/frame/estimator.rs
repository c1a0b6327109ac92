//! What an estimator writes, and what it gets for it.

use std::sync::LazyLock;

use array_api_spec::{Array, Backend, HostArray, Namespace, Result};

use super::{
    any::AnySeen,
    data::{Data, Log, With},
    fitted::Fitted,
    parameters::Parameters,
    parts::{Attributes, Parts},
    statistics::{Place, Statistics},
};

/// Something that learns attributes from samples.
///
/// An estimator is written in four parts: its parameters ([`parameters!`](crate::parameters)), what a fit computes ([`attributes!`](crate::attributes)), this trait with
/// the mathematics of the fit, and a trait for each method of the fitted model, named in [`estimator!`](crate::estimator), which adds `fit`. All else
/// comes from [`Fitted`]: moving, saving, loading, printing, checks of samples, use by name.
///
/// ```
/// use array_api_spec::{Array, Backend, HostArray, Namespace, Result};
/// use ml_core::{Data, Estimator, Fitted, Log, Transform, attributes, estimator, parameters};
///
/// parameters! {
///     /// Subtracts the mean of each column.
///     pub struct Centerer {}
/// }
///
/// attributes! {
///     /// What the fit of [`Centerer`] computes.
///     pub struct CentererAttributes<B> {
///         /// `(p,)`: the mean of each column.
///         pub mean_: Array<B> as "p",
///     }
/// }
///
/// estimator! { unsupervised Centerer { Transform } }
///
/// impl Estimator for Centerer {
///     type Attributes<B: Backend> = CentererAttributes<B>;
///
///     fn learn<B: Backend>(&self, data: &Data<B>, _: &mut Log<'_>) -> Result<CentererAttributes<B>> {
///         Ok(CentererAttributes { mean_: data.namespace().mean(&data.x, 0)? })
///     }
/// }
///
/// impl Transform for Centerer {
///     fn transform<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
///         (x - &model.mean_).eval()
///     }
/// }
///
/// let cpu = array_api_compat::cpu();
/// let x = cpu.asarray([[1.0, 5.0], [3.0, 9.0]])?;
/// let model = Centerer::default().fit(&x)?;
/// assert_eq!(model.mean_.to_vec::<f64>()?, [2.0, 7.0]);
/// assert_eq!(model.transform(&x)?.to_vec::<f64>()?, [-1.0, -2.0, 1.0, 2.0]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
pub trait Estimator: Parameters + Methods {
    /// What the fit computes, under scikit-learn's names.
    type Attributes<B: Backend>: Attributes<B>;

    /// The fewest samples that can be fitted.
    const MIN_SAMPLES: usize = 1;

    /// Whether samples may have weights.
    const SAMPLE_WEIGHT: bool = false;

    /// Whether NaN in the samples is a missing value, which the estimator leaves out.
    const NAN_IS_MISSING: bool = false;

    /// Whether the methods refuse NaN and infinity among their samples by [`Fitted::checked`], because their results need not show them.
    const CHECKS_SAMPLES: bool = false;

    /// Checks the parameters, as far as that is possible without data.
    ///
    /// # Errors
    /// Parameters out of range or in conflict.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Fits. Parameters and data are checked; that values are finite is not: the frame looks at the attributes, in which what is not finite shows.
    ///
    /// # Errors
    /// Data that cannot be fitted.
    fn learn<B: Backend>(&self, data: &Data<B>, log: &mut Log<'_>) -> Result<Self::Attributes<B>>;

    /// Refuses attributes that do not fit the parameters. They may come from a stranger's file; names, axes and dtypes are checked already.
    ///
    /// # Errors
    /// What does not fit.
    fn validate<B: Backend>(&self, attributes: &Self::Attributes<B>) -> Result<()> {
        let _ = attributes;
        Ok(())
    }
}

/// An estimator whose fit is a function of statistics that add up: those of parts of the samples, merged, are those of all. That is
/// `partial_fit`, data larger than memory, and fits on many machines.
///
/// Its `learn` is one line: `self.conclude(&self.statistics(data, log)?, &Place::of(data), log)`.
pub trait Incremental: Estimator {
    /// What is kept of the samples seen, in host memory.
    type Statistics: Statistics;

    /// The statistics of some samples.
    ///
    /// # Errors
    /// Data that cannot be fitted.
    fn statistics<B: Backend>(&self, data: &Data<B>, log: &mut Log<'_>)
    -> Result<Self::Statistics>;

    /// The attributes that follow.
    ///
    /// # Errors
    /// Too little was seen.
    fn conclude<B: Backend>(
        &self,
        seen: &Self::Statistics,
        place: &Place<B>,
        log: &mut Log<'_>,
    ) -> Result<Self::Attributes<B>>;
}

/// The methods of fitted models, each a row: its trait, its name, and what it does.
macro_rules! methods {
    ($($(#[doc = $doc:literal])* $Trait:ident $method:ident;)*) => {
        /// A method of fitted models that takes samples and gives an array.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Method {
            $($(#[doc = $doc])* $Trait,)*
            /// Samples in their first form again: `(n, q) → (n, p)`.
            InverseTransform,
        }

        impl Method {
            /// Those methods for which `wanted` is true.
            pub(crate) fn those(wanted: impl Fn(Self) -> bool) -> &'static [Self] {
                static SETS: LazyLock<Vec<Vec<Method>>> = LazyLock::new(|| {
                    let set = |bits: usize| Method::ALL.iter().copied().filter(move |m| bits >> *m as usize & 1 == 1);
                    (0..1 << Method::ALL.len()).map(|bits| set(bits).collect()).collect()
                });
                let bits = Self::ALL.iter().filter(|m| wanted(**m)).map(|m| 1 << *m as usize).sum::<usize>();
                &SETS[bits]
            }

            /// All methods.
            pub const ALL: &'static [Self] = &[$(Self::$Trait,)* Self::InverseTransform];

            /// Its name, as scikit-learn has it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Trait => stringify!($method),)* Self::InverseTransform => "inverse_transform" }
            }
        }

        $(
            $(#[doc = $doc])*
            ///
            /// Implemented by estimators; users call the method of [`Fitted`], which checks the samples first.
            pub trait $Trait: Estimator {
                $(#[doc = $doc])*
                ///
                /// x is real floating-point, has the model's features and is on the model's device. NaN and infinity must show in the result, or
                /// be refused by [`Fitted::checked`].
                ///
                /// # Errors
                /// Samples that do not fit the model.
                fn $method<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>>;
            }

            impl<E: $Trait, B: Backend> Fitted<E, B> {
                $(#[doc = $doc])*
                ///
                /// # Errors
                /// Another device than the model's (move it with [`to_device`](Self::to_device)), number of features or rank; NaN or infinity in x.
                pub fn $method(&self, x: &Array<B>) -> Result<Array<B>> {
                    self.apply(Method::$Trait, x, |x| E::$method(self, x))
                }
            }
        )*
    };
}

methods! {
    /// A prediction for each sample: `(n, p) → (n,)`, or `(n, t)` for t targets.
    Predict predict;
    /// The probability of each class: `(n, p) → (n, K)`.
    PredictProba predict_proba;
    /// The log of the probability of each class: `(n, p) → (n, K)`.
    PredictLogProba predict_log_proba;
    /// The log of the probability of each sample together with each class: `(n, p) → (n, K)`.
    PredictJointLogProba predict_joint_log_proba;
    /// How much speaks for each class: `(n, p) → (n, K)`; for two classes what speaks for the second, `(n,)`.
    DecisionFunction decision_function;
    /// The samples in another form: `(n, p) → (n, q)`.
    Transform transform;
    /// The log-likelihood of each sample: `(n, p) → (n,)`.
    ScoreSamples score_samples;
}

/// Samples in their first form again.
pub trait InverseTransform: Transform {
    /// The samples that `z (n, q)` was [transformed](Transform::transform) from, as far as it holds them: `(n, q) → (n, p)`.
    ///
    /// # Errors
    /// What does not fit the model.
    fn inverse_transform<B: Backend>(model: &Fitted<Self, B>, z: &Array<B>) -> Result<Array<B>>;
}

/// How good a fitted model is.
pub trait Score: Estimator {
    /// scikit-learn's `score` of samples x and their targets y, if the estimator takes some.
    ///
    /// # Errors
    /// Data that do not fit the model.
    fn score<B: Backend>(
        model: &Fitted<Self, B>,
        x: &Array<B>,
        y: Option<&Array<B>>,
        sample_weight: Option<&Array<B>>,
    ) -> Result<f64>;
}

/// The methods that an estimator's fitted models have. Made by [`estimator!`](crate::estimator).
pub trait Methods: Sized {
    /// Whether a fit needs y.
    const SUPERVISED: bool;

    /// The methods that there are.
    const METHODS: &'static [Method];

    /// Whether there is a [`Score`].
    const HAS_SCORE: bool = false;

    /// Whether it is [`Incremental`].
    const INCREMENTAL: bool = false;

    /// Whether a fit of this estimator needs y.
    fn is_supervised(&self) -> bool {
        Self::SUPERVISED
    }

    /// The methods that fitted models of this estimator have.
    fn methods(&self) -> &'static [Method] {
        Self::METHODS
    }

    /// Whether y are labels of classes: what is fitted to y and gives probabilities or scores of classes.
    fn is_classifier(&self) -> bool {
        let by_class = [Method::PredictProba, Method::DecisionFunction];
        self.is_supervised() && self.methods().iter().any(|m| by_class.contains(m))
    }

    /// Calls a method by its name; `None` if there is no such method.
    fn call<B: Backend>(
        model: &Fitted<Self, B>,
        method: Method,
        x: &Array<B>,
    ) -> Option<Result<Array<B>>>
    where
        Self: Estimator;

    /// [`Score::score`], if there is one.
    fn score_by_name<B: Backend>(
        model: &Fitted<Self, B>,
        x: &Array<B>,
        y: Option<&Array<B>>,
        sample_weight: Option<&Array<B>>,
    ) -> Option<Result<f64>>
    where
        Self: Estimator,
    {
        let _ = (model, x, y, sample_weight);
        None
    }

    /// [`Seen::observe`](crate::Seen::observe), if the estimator is [`Incremental`].
    fn observe_by_name<B: Backend>(
        &self,
        x: &Array<B>,
        y: Option<&Array<B>>,
        with: With<'_, B>,
    ) -> Option<Result<Box<dyn AnySeen<B>>>>
    where
        Self: Estimator,
    {
        let _ = (x, y, with);
        None
    }

    /// [`Seen::from_parts`](crate::Seen::from_parts), if the estimator is [`Incremental`].
    fn seen_by_name<B: Backend>(
        parts: Parts<HostArray>,
        xp: &Namespace<B>,
    ) -> Option<Result<Box<dyn AnySeen<B>>>>
    where
        Self: Estimator,
    {
        let _ = (parts, xp);
        None
    }
}

/// Gives an estimator `fit`, and says which methods its fitted models have: `estimator! { supervised Ridge { Predict } }`.
///
/// `supervised` estimators are fitted to samples and targets, `fit(&x, &y)`, `unsupervised` ones to samples alone, `fit(&x)`. `incremental` behind the name adds `observe`; `score` at the end says that there is a [`Score`](crate::Score); `score accuracy` and `score r2` make it of `predict`.
#[macro_export]
macro_rules! estimator {
    ($kind:ident $Type:ident $($incremental:ident)? { $($Method:ident),* $(,)? } $($score:ident $($metric:ident)?)?) => {
        impl $crate::frame::Methods for $Type {
            const SUPERVISED: bool = $crate::estimator!(@supervised $kind);
            const METHODS: &'static [$crate::Method] = &[$($crate::Method::$Method),*];

            fn call<B: array_api_spec::Backend>(
                model: &$crate::Fitted<Self, B>,
                method: $crate::Method,
                x: &array_api_spec::Array<B>,
            ) -> Option<array_api_spec::Result<array_api_spec::Array<B>>> {
                match method {
                    $($crate::Method::$Method => Some($crate::estimator!(@call $Method model x)),)*
                    _ => None,
                }
            }

            $($crate::estimator! { @$score })?
            $($crate::estimator! { @$incremental })?
        }
        $crate::estimator! { @fit $kind $Type }
        $($crate::estimator! { @$incremental $kind $Type })?
        $($($crate::estimator! { @metric $metric $Type })?)?
    };
    (@supervised supervised) => { true };
    (@supervised unsupervised) => { false };
    (@call Predict $model:ident $x:ident) => { $model.predict($x) };
    (@call PredictProba $model:ident $x:ident) => { $model.predict_proba($x) };
    (@call PredictLogProba $model:ident $x:ident) => { $model.predict_log_proba($x) };
    (@call PredictJointLogProba $model:ident $x:ident) => { $model.predict_joint_log_proba($x) };
    (@call DecisionFunction $model:ident $x:ident) => { $model.decision_function($x) };
    (@call Transform $model:ident $x:ident) => { $model.transform($x) };
    (@call ScoreSamples $model:ident $x:ident) => { $model.score_samples($x) };
    (@call InverseTransform $model:ident $x:ident) => { $model.inverse_transform($x) };
    (@score) => {
        const HAS_SCORE: bool = true;

        fn score_by_name<B: array_api_spec::Backend>(
            model: &$crate::Fitted<Self, B>,
            x: &array_api_spec::Array<B>,
            y: Option<&array_api_spec::Array<B>>,
            sample_weight: Option<&array_api_spec::Array<B>>,
        ) -> Option<array_api_spec::Result<f64>> {
            Some($crate::Score::score(model, x, y, sample_weight))
        }
    };
    (@metric accuracy $Type:ident) => { $crate::estimator! { @metric_of accuracy_of $Type } };
    (@metric r2 $Type:ident) => { $crate::estimator! { @metric_of r2_of $Type } };
    (@metric_of $metric:ident $Type:ident) => {
        impl $crate::Score for $Type {
            fn score<B: array_api_spec::Backend>(
                model: &$crate::Fitted<Self, B>,
                x: &array_api_spec::Array<B>,
                y: Option<&array_api_spec::Array<B>>,
                sample_weight: Option<&array_api_spec::Array<B>>,
            ) -> array_api_spec::Result<f64> {
                $crate::metrics::$metric(&model.predict(x)?, y, sample_weight)
            }
        }
    };
    (@incremental) => {
        const INCREMENTAL: bool = true;

        fn observe_by_name<B: array_api_spec::Backend>(
            &self,
            x: &array_api_spec::Array<B>,
            y: Option<&array_api_spec::Array<B>>,
            with: $crate::With<'_, B>,
        ) -> Option<array_api_spec::Result<Box<dyn $crate::AnySeen<B>>>> {
            let seen = $crate::Seen::observe(self, x, y, with);
            Some(seen.map(|seen| Box::new(seen) as Box<dyn $crate::AnySeen<B>>))
        }

        fn seen_by_name<B: array_api_spec::Backend>(
            parts: $crate::Parts<array_api_spec::HostArray>,
            xp: &array_api_spec::Namespace<B>,
        ) -> Option<array_api_spec::Result<Box<dyn $crate::AnySeen<B>>>> {
            let seen = $crate::Seen::<Self, B>::from_parts(parts, xp);
            Some(seen.map(|seen| Box::new(seen) as Box<dyn $crate::AnySeen<B>>))
        }
    };
    (@fit supervised $Type:ident) => {
        impl $Type {
            /// Fits the estimator to the samples `x (n, p)` and their `y (n,)`, on x's device.
            ///
            /// x is real floating-point; integers and `bool` become the device's default floating-point type.
            ///
            /// # Errors
            /// Parameters out of range or in conflict; shapes, dtypes or devices that do not fit; NaN or infinity in x or y.
            pub fn fit<B: array_api_spec::Backend>(
                &self,
                x: &array_api_spec::Array<B>,
                y: &array_api_spec::Array<B>,
            ) -> array_api_spec::Result<$crate::Fitted<Self, B>> {
                self.fit_with(x, y, $crate::With::default())
            }

            /// [`fit`](Self::fit) with more: [`weights`]($crate::weights), [`progress`]($crate::progress).
            ///
            /// # Errors
            /// As [`fit`](Self::fit); weights that are negative, not finite, all 0, or not taken by the estimator.
            pub fn fit_with<B: array_api_spec::Backend>(
                &self,
                x: &array_api_spec::Array<B>,
                y: &array_api_spec::Array<B>,
                with: $crate::With<'_, B>,
            ) -> array_api_spec::Result<$crate::Fitted<Self, B>> {
                $crate::Fitted::fit(self, x, Some(y), with)
            }
        }
    };
    (@fit unsupervised $Type:ident) => {
        impl $Type {
            /// Fits the estimator to the samples `x (n, p)`, on x's device.
            ///
            /// x is real floating-point; integers and `bool` become the device's default floating-point type.
            ///
            /// # Errors
            /// Parameters out of range or in conflict; shapes or dtypes that do not fit; NaN or infinity in x.
            pub fn fit<B: array_api_spec::Backend>(
                &self,
                x: &array_api_spec::Array<B>,
            ) -> array_api_spec::Result<$crate::Fitted<Self, B>> {
                self.fit_with(x, $crate::With::default())
            }

            /// [`fit`](Self::fit) with more: [`weights`]($crate::weights), [`progress`]($crate::progress).
            ///
            /// # Errors
            /// As [`fit`](Self::fit); weights that are negative, not finite, all 0, or not taken by the estimator.
            pub fn fit_with<B: array_api_spec::Backend>(
                &self,
                x: &array_api_spec::Array<B>,
                with: $crate::With<'_, B>,
            ) -> array_api_spec::Result<$crate::Fitted<Self, B>> {
                $crate::Fitted::fit(self, x, None, with)
            }
        }
    };
    (@incremental supervised $Type:ident) => {
        impl $Type {
            /// What is to be kept of the samples `x (n, p)` and their `y (n,)`, which [`Seen::merge`]($crate::Seen::merge) puts together with what is
            /// kept of others, and [`Seen::conclude`]($crate::Seen::conclude) makes a model of.
            ///
            /// # Errors
            /// As [`fit`](Self::fit).
            pub fn observe<B: array_api_spec::Backend>(
                &self,
                x: &array_api_spec::Array<B>,
                y: &array_api_spec::Array<B>,
            ) -> array_api_spec::Result<$crate::Seen<Self, B>> {
                $crate::Seen::observe(self, x, Some(y), $crate::With::default())
            }
        }
    };
    (@incremental unsupervised $Type:ident) => {
        impl $Type {
            /// What is to be kept of the samples `x (n, p)`, which [`Seen::merge`]($crate::Seen::merge) puts together with what is kept of
            /// others, and [`Seen::conclude`]($crate::Seen::conclude) makes a model of.
            ///
            /// # Errors
            /// As [`fit`](Self::fit).
            pub fn observe<B: array_api_spec::Backend>(
                &self,
                x: &array_api_spec::Array<B>,
            ) -> array_api_spec::Result<$crate::Seen<Self, B>> {
                $crate::Seen::observe(self, x, None, $crate::With::default())
            }
        }
    };
}
