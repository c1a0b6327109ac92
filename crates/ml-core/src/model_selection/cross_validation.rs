//! Scores of an estimator on samples that it was not fitted to.

use array_api_spec::{Array, Backend, Error, Result};

use super::{
    cv::{Cv, DEFAULT},
    scoring::Part,
};
use crate::{
    Data, Estimator, Fitted, IntoParameter, Log, Method, With,
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
    each_fold(estimator, &data, cv.into_parameter(), |model, _, test| {
        AnyFitted::score(model, &test.x, test.y.as_ref(), None)
    })
}

/// What a method gives for each sample, by the model that is fitted to the samples outside of its fold: `x (n, p)`, `y (n,)` or `(n, t)` → as the method, `(n, …)`.
///
/// `cv` is that of [`cross_val_score`]. Where the samples outside of a fold lack a class, probabilities and scores of classes are refused; scikit-learn
/// puts 0 or the lowest number into its column.
///
/// Source: <https://scikit-learn.org/1.9/modules/generated/sklearn.model_selection.cross_val_predict.html>
///
/// ```
/// use ml_core::{LinearDiscriminantAnalysis, Method, datasets, metrics::accuracy_score, model_selection::cross_val_predict};
/// let cpu = array_api_compat::cpu();
/// let (x, y) = datasets::load_iris(&cpu)?;
/// let predicted = cross_val_predict(&LinearDiscriminantAnalysis::default(), &x, &y, 3, Method::Predict)?;
/// assert_eq!(accuracy_score(&y, &predicted)?, 0.98);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// As [`cross_val_score`]; a method that the models do not have, or that gives another number of columns for another fold.
pub fn cross_val_predict<'a, E: Estimator, B: Backend>(
    estimator: &E,
    x: &Array<B>,
    y: impl Into<Option<&'a Array<B>>>,
    cv: impl IntoParameter<Option<Cv>>,
    method: Method,
) -> Result<Array<B>> {
    const FUNCTION: &str = "cross_val_predict";
    let data = Data::new(estimator, FUNCTION, x, y.into(), None)?;
    let columns = columns(estimator, &data, method)?;
    let folds = each_fold(
        estimator,
        &data,
        cv.into_parameter(),
        |model, rows, test| {
            let found = AnyFitted::call(model, method, &test.x)?;
            match &columns {
                Some(expected) if found.shape()[1..] != expected[..] => {
                    let detail = "a class is missing among the samples outside of the fold; take other folds, such as those of StratifiedKFold";
                    Err(Error::value(FUNCTION, detail))
                }
                _ => Ok((found, rows.clone())),
            }
        },
    )?;
    let (found, rows): (Vec<&Array<B>>, Vec<&Array<B>>) =
        folds.iter().map(|(found, rows)| (found, rows)).unzip();
    let xp = data.namespace();
    let (found, rows) = (xp.concat(&found, Some(0))?, xp.concat(&rows, Some(0))?);
    xp.take_clipped(found, xp.argsort(rows, 0)?, Some(0))
}

/// The axes behind the first that a method by class must give; `None` for other methods.
///
/// # Errors
/// Labels that are no classes.
fn columns<E: Estimator, B: Backend>(
    estimator: &E,
    data: &Data<B>,
    method: Method,
) -> Result<Option<Vec<usize>>> {
    let by_class = [
        Method::PredictProba,
        Method::PredictLogProba,
        Method::DecisionFunction,
    ];
    if !Methods::is_classifier(estimator) || !by_class.contains(&method) {
        return Ok(None);
    }
    let k = data.labels(&mut Log::default())?.n_classes();
    let is_one = method == Method::DecisionFunction && k == 2;
    Ok(Some(if is_one { Vec::new() } else { vec![k] }))
}

/// What `judge` makes of each fold: of the model, and of the rows and samples that are held out.
///
/// # Errors
/// Samples that cannot be cut into such folds; what fails in a fold, with its number.
fn each_fold<E: Estimator, B: Backend, T>(
    estimator: &E,
    data: &Data<B>,
    cv: Option<Cv>,
    judge: impl Fn(&Fitted<E, B>, &Array<B>, &Part<B>) -> Result<T>,
) -> Result<Vec<T>> {
    let is_classifier = Methods::is_classifier(estimator);
    let folds = cv
        .unwrap_or(DEFAULT)
        .split(is_classifier, &data.x, data.y.as_ref())?;
    let judged = folds.into_iter().enumerate().map(|(number, fold)| {
        let (train, test) = (Part::of(data, &fold.train)?, Part::of(data, &fold.test)?);
        let model = Fitted::fit(estimator, &train.x, train.y.as_ref(), With::default());
        let judged = model.and_then(|model| judge(&model, &fold.test, &test));
        judged.map_err(|e| located(&format!("fold {number}"), &e))
    });
    judged.collect()
}
