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
    let hits: i64 = xp.count_nonzero(equal, ..)?.item()?;
    Ok(hits as f64 / y_pred.size() as f64)
}
