//! Estimators whose models call the methods of other models.

use array_api_spec::{Array, Backend, Result};

use super::{
    estimator::{Estimator, Method},
    fitted::Fitted,
};

/// An estimator whose models have the methods of a model within them. [`forward!`] makes the rest of it.
pub(crate) trait Forward: Estimator {
    /// Whether a fit needs y.
    fn needs_y(&self) -> bool;

    /// Whether y are labels of classes.
    fn takes_classes(&self) -> bool;

    /// The methods that the fitted models have.
    fn offers(&self) -> &'static [Method];

    /// Calls the method of the model within.
    ///
    /// # Errors
    /// A method that it does not have; samples that do not fit it.
    fn forward<B: Backend>(
        model: &Fitted<Self, B>,
        method: Method,
        x: &Array<B>,
    ) -> Result<Array<B>>;

    /// The score of the model within.
    ///
    /// # Errors
    /// A model without a score; data that do not fit it.
    fn forward_score<B: Backend>(
        model: &Fitted<Self, B>,
        x: &Array<B>,
        y: Option<&Array<B>>,
        sample_weight: Option<&Array<B>>,
    ) -> Result<f64>;
}

/// `fit` and all methods for a type with a [`Registry`](crate::Registry) that implements [`Forward`].
macro_rules! forward {
    ($Type:ident) => {
        impl<R: $crate::Registry> $crate::frame::Methods for $Type<R> {
            const SUPERVISED: bool = true;
            const METHODS: &'static [$crate::Method] = $crate::Method::ALL;

            fn is_supervised(&self) -> bool {
                $crate::frame::Forward::needs_y(self)
            }

            fn methods(&self) -> &'static [$crate::Method] {
                $crate::frame::Forward::offers(self)
            }

            fn is_classifier(&self) -> bool {
                $crate::frame::Forward::takes_classes(self)
            }

            fn call<B: array_api_spec::Backend>(
                model: &$crate::Fitted<Self, B>,
                method: $crate::Method,
                x: &array_api_spec::Array<B>,
            ) -> Option<array_api_spec::Result<array_api_spec::Array<B>>> {
                Some(match method {
                    $crate::Method::Predict => model.predict(x),
                    $crate::Method::PredictProba => model.predict_proba(x),
                    $crate::Method::PredictLogProba => model.predict_log_proba(x),
                    $crate::Method::PredictJointLogProba => model.predict_joint_log_proba(x),
                    $crate::Method::DecisionFunction => model.decision_function(x),
                    $crate::Method::Transform => model.transform(x),
                    $crate::Method::ScoreSamples => model.score_samples(x),
                    $crate::Method::InverseTransform => model.inverse_transform(x),
                })
            }

            fn score_by_name<B: array_api_spec::Backend>(
                model: &$crate::Fitted<Self, B>,
                x: &array_api_spec::Array<B>,
                y: Option<&array_api_spec::Array<B>>,
                sample_weight: Option<&array_api_spec::Array<B>>,
            ) -> Option<array_api_spec::Result<f64>> {
                Some($crate::Score::score(model, x, y, sample_weight))
            }
        }

        $crate::frame::forward! {
            @methods $Type;
            Predict predict, PredictProba predict_proba, PredictLogProba predict_log_proba,
            PredictJointLogProba predict_joint_log_proba, DecisionFunction decision_function, Transform transform, ScoreSamples score_samples, InverseTransform inverse_transform
        }

        impl<R: $crate::Registry> $crate::Score for $Type<R> {
            fn score<B: array_api_spec::Backend>(
                model: &$crate::Fitted<Self, B>,
                x: &array_api_spec::Array<B>,
                y: Option<&array_api_spec::Array<B>>,
                sample_weight: Option<&array_api_spec::Array<B>>,
            ) -> array_api_spec::Result<f64> {
                $crate::frame::Forward::forward_score(model, x, y, sample_weight)
            }
        }

        impl<R: $crate::Registry> $Type<R> {
            /// Fits to the samples `x (n, p)` and their `y (n,)` or `(n, t)`, on x's device. Where no estimator within needs y, it may be `None`.
            ///
            /// # Errors
            /// As the `fit` of the estimators within, with the place where it happened.
            pub fn fit<'a, B: array_api_spec::Backend>(
                &self,
                x: &array_api_spec::Array<B>,
                y: impl Into<Option<&'a array_api_spec::Array<B>>>,
            ) -> array_api_spec::Result<$crate::Fitted<Self, B>> {
                self.fit_with(x, y, $crate::With::default())
            }

            /// [`fit`](Self::fit) with more: [`weights`](crate::weights), [`progress`](crate::progress).
            ///
            /// # Errors
            /// As [`fit`](Self::fit); weights that are negative, not finite, all 0, or not taken.
            pub fn fit_with<'a, B: array_api_spec::Backend>(
                &self,
                x: &array_api_spec::Array<B>,
                y: impl Into<Option<&'a array_api_spec::Array<B>>>,
                with: $crate::With<'_, B>,
            ) -> array_api_spec::Result<$crate::Fitted<Self, B>> {
                $crate::Fitted::fit(self, x, y.into(), with)
            }
        }
    };
    (@methods $Type:ident; $($Trait:ident $method:ident),*) => {
        $(impl<R: $crate::Registry> $crate::$Trait for $Type<R> {
            fn $method<B: array_api_spec::Backend>(
                model: &$crate::Fitted<Self, B>,
                x: &array_api_spec::Array<B>,
            ) -> array_api_spec::Result<array_api_spec::Array<B>> {
                $crate::frame::Forward::forward(model, $crate::Method::$Trait, x)
            }
        })*
    };
}

pub(crate) use forward;
