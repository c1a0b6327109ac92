//! What classifiers share: from a score for each class to labels and probabilities.

use array_api_spec::{Array, Backend, Result, axis};

/// The scores of a linear classifier, `x coefᵀ + intercept`: `(n, p) → (n, K)`, or `(n, 1)` for two classes.
pub(crate) fn linear_scores<B: Backend>(
    x: &Array<B>,
    coef: &Array<B>,
    intercept: &Array<B>,
) -> Result<Array<B>> {
    (x.namespace().matmul(x, coef.T()?)? + intercept).eval()
}

/// The methods of classifiers whose scores are linear, of the attributes `classes_`, `coef_ (K, p)` and `intercept_ (K,)`: `linear_classifier!(LogisticRegression)`.
macro_rules! linear_classifier {
    ($Type:ident) => {
        impl $Type {
            /// What speaks for each class: `(n, p) → (n, K)`, or `(n, 1)` for two classes.
            fn scores<B: $crate::prelude::Backend>(
                function: &'static str,
                model: &$crate::Fitted<Self, B>,
                x: &$crate::prelude::Array<B>,
            ) -> $crate::prelude::Result<$crate::prelude::Array<B>> {
                let scores = $crate::classifier::linear_scores(x, &model.coef_, &model.intercept_)?;
                model.checked(function, x, scores)
            }
        }

        impl $crate::DecisionFunction for $Type {
            fn decision_function<B: $crate::prelude::Backend>(
                model: &$crate::Fitted<Self, B>,
                x: &$crate::prelude::Array<B>,
            ) -> $crate::prelude::Result<$crate::prelude::Array<B>> {
                $crate::classifier::decision_function(Self::scores("decision_function", model, x)?)
            }
        }

        impl $crate::Predict for $Type {
            fn predict<B: $crate::prelude::Backend>(
                model: &$crate::Fitted<Self, B>,
                x: &$crate::prelude::Array<B>,
            ) -> $crate::prelude::Result<$crate::prelude::Array<B>> {
                $crate::classifier::predict(&model.classes_, &Self::scores("predict", model, x)?)
            }
        }

        impl $crate::PredictProba for $Type {
            fn predict_proba<B: $crate::prelude::Backend>(
                model: &$crate::Fitted<Self, B>,
                x: &$crate::prelude::Array<B>,
            ) -> $crate::prelude::Result<$crate::prelude::Array<B>> {
                let scores = Self::scores("predict_proba", model, x)?;
                $crate::classifier::softmax(model.classes_.size(), &scores)
            }
        }
    };
}
pub(crate) use linear_classifier;

/// Scores as `decision_function` returns them: those of two classes without the second axis.
pub(crate) fn decision_function<B: Backend>(scores: Array<B>) -> Result<Array<B>> {
    if scores.shape()[1] == 1 {
        scores.namespace().squeeze(&scores, 1)
    } else {
        Ok(scores)
    }
}

/// The class with the highest score, the first of several: `(n, K) → (n,)`; from the score of the second of two classes, `(n, 1)`, the second where
/// it is positive.
pub(crate) fn predict<B: Backend>(classes: &Array<B>, scores: &Array<B>) -> Result<Array<B>> {
    let xp = scores.namespace();
    let position = if scores.shape()[1] == 1 && classes.size() == 2 {
        let second = xp.squeeze(xp.greater(scores, 0.0).eval()?, 1)?;
        xp.astype(second, xp.info().default_dtypes().indexing)
            .eval()?
    } else {
        xp.argmax(scores, 1)?
    };
    xp.take_clipped(classes, &position, Some(0))
}

/// Probabilities from scores that are their logs up to a term for each sample: `(n, K) → (n, K)`, and for two classes `(n, 1) → (n, 2)`.
///
/// `exp(s_k) / Σ_j exp(s_j)`, each sample's largest score subtracted first; of two classes with the difference d of their scores, `1 / (1 + exp(-d))`.
pub(crate) fn softmax<B: Backend>(n_classes: usize, scores: &Array<B>) -> Result<Array<B>> {
    let xp = scores.namespace();
    if n_classes == 2 && scores.shape()[1] == 1 {
        let second = (1.0 / (1.0 + xp.exp(-scores))).eval()?;
        return xp.concat(&[&(1.0 - &second).eval()?, &second], Some(1));
    }
    let e = xp
        .exp(scores - xp.max(scores, axis(1).keepdims())?)
        .eval()?;
    (&e / xp.sum(&e, axis(1).keepdims())?).eval()
}
