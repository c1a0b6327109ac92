//! Scores of an estimator on samples that it was not fitted to.

use array_api_spec::{Array, Backend, Result};

use super::{
    cv::{Cv, DEFAULT},
    scoring::Part,
};
use crate::{
    Data, Estimator, Fitted, IntoParameter, With,
    frame::{AnyFitted, Methods, located},
};

/// The score of an estimator for each fold, fitted to the samples outside of it: `x (n, p)`, `y (n,)` or `(n, t)` → one score for each fold.
///
/// `cv` is a number of folds, [`KFold`](crate::KFold), [`StratifiedKFold`](crate::StratifiedKFold), or `None` for 5 folds. A number stands for
/// stratified folds if the estimator is a classifier. A fit that fails is an error, where scikit-learn puts NaN in the score's place.
///
/// Source: <https://scikit-learn.org/1.9/modules/generated/sklearn.model_selection.cross_val_score.html>
///
/// ```
/// use ml_core::{LinearDiscriminantAnalysis, datasets, model_selection::cross_val_score};
/// let cpu = array_api_compat::cpu();
/// let (x, y) = datasets::load_iris(&cpu)?;
/// let scores = cross_val_score(&LinearDiscriminantAnalysis::default(), &x, &y, 3)?;
/// assert_eq!(scores, [1.0, 0.98, 0.96]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Data that do not fit each other or that cannot be cut into such folds; a fit or a score that fails, with its fold.
pub fn cross_val_score<'a, E: Estimator, B: Backend>(
    estimator: &E,
    x: &Array<B>,
    y: impl Into<Option<&'a Array<B>>>,
    cv: impl IntoParameter<Option<Cv>>,
) -> Result<Vec<f64>> {
    let data = Data::new(estimator, "cross_val_score", x, y.into(), None)?;
    let cv = cv.into_parameter().unwrap_or(DEFAULT);
    let folds = cv.split(Methods::is_classifier(estimator), &data.x, data.y.as_ref())?;
    let scores = folds.into_iter().enumerate().map(|(number, fold)| {
        let (train, test) = (Part::of(&data, &fold.train)?, Part::of(&data, &fold.test)?);
        let model = Fitted::fit(estimator, &train.x, train.y.as_ref(), With::default());
        let score =
            model.and_then(|model| AnyFitted::score(&model, &test.x, test.y.as_ref(), None));
        score.map_err(|e| located(&format!("fold {number}"), &e))
    });
    scores.collect()
}
