//! How good predictions are.

use array_api_spec::{Array, Backend, Error, Result};

/// The share of predictions that equal the truth: `(n,), (n,) → [0, 1]`.
///
/// ```
/// use ml_core::metrics::accuracy_score;
/// let cpu = array_api_compat::cpu();
/// let accuracy = accuracy_score(&cpu.asarray([0, 1, 2, 3])?, &cpu.asarray([0, 2, 2, 3])?)?;
/// assert_eq!(accuracy, 0.75);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Arrays that are not one-dimensional, of unequal lengths, empty, or on different devices.
pub fn accuracy_score<B: Backend>(y_true: &Array<B>, y_pred: &Array<B>) -> Result<f64> {
    accuracy_of(y_pred, Some(y_true), None)
}

/// The accuracy of a classifier's predictions; samples count as much as their weights say.
///
/// # Errors
/// As [`accuracy_score`]; no truth.
#[doc(hidden)]
pub fn accuracy_of<B: Backend>(
    y_pred: &Array<B>,
    y_true: Option<&Array<B>>,
    sample_weight: Option<&Array<B>>,
) -> Result<f64> {
    let y_true =
        y_true.ok_or_else(|| Error::value("score", "needs labels for the samples: give y"))?;
    let xp = y_pred.namespace();
    y_true.namespace().check_same("accuracy_score", &xp)?;
    let shapes = [y_true.shape(), y_pred.shape()];
    if y_true.ndim() != 1 || y_true.shape() != y_pred.shape() || y_true.size() == 0 {
        return Err(Error::shape(
            "accuracy_score",
            &shapes,
            "were given for y_true and y_pred, which must be one-dimensional, not empty, and of one length",
        ));
    }
    // Labels of different kinds, 1 and 1.0 say, are compared as numbers.
    let comparable = |y: &Array<B>| {
        if y_true.dtype().promote(y_pred.dtype()).is_some() {
            y.into()
        } else {
            xp.astype(y, xp.info().default_dtypes().real_floating)
        }
    };
    let equal = xp.equal(comparable(y_true), comparable(y_pred));
    if let Some(weights) = sample_weight {
        let hits: f64 = xp.sum(xp.where_(equal, weights, 0.0), ..)?.item()?;
        return Ok(hits / xp.sum(weights, ..)?.item::<f64>()?);
    }
    let hits: i64 = xp.count_nonzero(equal, ..)?.item()?;
    Ok(hits as f64 / y_pred.size() as f64)
}

/// The coefficient of determination, `R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)²`; of several targets the mean of theirs: `(n,), (n,) → (-∞, 1]`, or `(n, t), (n, t)`.
///
/// Where y does not vary, R² is 1 for predictions without error, else 0, as in scikit-learn.
///
/// ```
/// use ml_core::metrics::r2_score;
/// let cpu = array_api_compat::cpu();
/// let r2 = r2_score(&cpu.asarray([3.0, -0.5, 2.0, 7.0])?, &cpu.asarray([2.5, 0.0, 2.0, 8.0])?)?;
/// assert!((r2 - 0.948_608).abs() < 1e-6);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Arrays of unequal shapes, with more than two axes, with fewer than two rows, or on different devices; complex values.
pub fn r2_score<B: Backend>(y_true: &Array<B>, y_pred: &Array<B>) -> Result<f64> {
    r2_of(y_pred, Some(y_true), None)
}

/// R² of predictions; samples count as much as their weights say.
///
/// # Errors
/// As [`r2_score`]; no truth.
#[doc(hidden)]
pub fn r2_of<B: Backend>(
    y_pred: &Array<B>,
    y_true: Option<&Array<B>>,
    sample_weight: Option<&Array<B>>,
) -> Result<f64> {
    let y_true =
        y_true.ok_or_else(|| Error::value("score", "needs targets for the samples: give y"))?;
    let xp = y_pred.namespace();
    let (y, predicted) = columns("r2_score", y_true, y_pred)?;
    if y.shape()[0] < 2 {
        let detail = "were given for y_true and y_pred, which must have at least two rows";
        return Err(Error::shape(
            "r2_score",
            &[y_true.shape(), y_pred.shape()],
            detail,
        ));
    }
    let weights = match sample_weight {
        Some(weights) => xp.expand_dims(xp.astype(weights, y.dtype()).eval()?, 1)?,
        None => xp.ones([y.shape()[0], 1], y.dtype())?,
    };
    let mean = (xp.sum(&weights * &y, 0)? / xp.sum(&weights, ..)?).eval()?;
    let residual: Vec<f64> = xp.sum(&weights * xp.square(&y - predicted), 0)?.to_vec()?;
    let total: Vec<f64> = xp.sum(&weights * xp.square(&y - mean), 0)?.to_vec()?;
    let scores = residual
        .iter()
        .zip(&total)
        .map(|(&residual, &total)| match (residual, total) {
            (0.0, 0.0) => 1.0,
            (_, 0.0) => 0.0,
            _ => 1.0 - residual / total,
        });
    Ok(scores.sum::<f64>() / total.len() as f64)
}

/// The mean of the squared errors, `Σ (y - ŷ)² / n`; of several targets the mean of theirs: `(n,), (n,) → [0, ∞)`, or `(n, t), (n, t)`.
///
/// ```
/// use ml_core::metrics::mean_squared_error;
/// let cpu = array_api_compat::cpu();
/// let error = mean_squared_error(&cpu.asarray([3.0, -0.5, 2.0, 7.0])?, &cpu.asarray([2.5, 0.0, 2.0, 8.0])?)?;
/// assert_eq!(error, 0.375);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Arrays of unequal shapes, with more than two axes, empty, or on different devices; complex values.
pub fn mean_squared_error<B: Backend>(y_true: &Array<B>, y_pred: &Array<B>) -> Result<f64> {
    let (y, predicted) = columns("mean_squared_error", y_true, y_pred)?;
    let xp = y.namespace();
    xp.mean(xp.square(y - predicted), ..)?.item()
}

/// Targets and predictions in one dtype, a column for each target: `(n,)` or `(n, t) → (n, t)`.
///
/// # Errors
/// Arrays of unequal shapes, with more than two axes, empty, or on different devices.
fn columns<B: Backend>(
    function: &'static str,
    y_true: &Array<B>,
    y_pred: &Array<B>,
) -> Result<(Array<B>, Array<B>)> {
    let xp = y_pred.namespace();
    y_true.namespace().check_same(function, &xp)?;
    // One target for each sample may be given as a column.
    let y = match (y_true.shape(), y_pred.ndim()) {
        ([n, 1], 1) => xp.reshape(y_true, [*n])?,
        _ => y_true.clone(),
    };
    if y.shape() != y_pred.shape() || !(1..=2).contains(&y.ndim()) || y.size() == 0 {
        let detail = "were given for y_true and y_pred, which must have one shape, (n,) or (n, t), and not be empty";
        return Err(Error::shape(
            function,
            &[y_true.shape(), y_pred.shape()],
            detail,
        ));
    }
    let column = |y: &Array<B>| match y.ndim() {
        1 => xp.expand_dims(y, 1),
        _ => Ok(y.clone()),
    };
    Ok((
        xp.astype(column(&y)?, y_pred.dtype()).eval()?,
        column(y_pred)?,
    ))
}
