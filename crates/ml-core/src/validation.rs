//! Checks of samples, as scikit-learn's `check_array` makes them.

use array_api_spec::{Array, Backend, DType, Error, Namespace, Result, shape_text};

/// Refuses a parameter that is not finite or negative.
pub(crate) fn not_negative(owner: &'static str, name: &str, value: f64) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    let detail = format!("{name} = {value} must be finite and not negative");
    Err(Error::value(owner, detail))
}

/// Samples as real floating-point values: `(n, p) → (n, p)`. Integers and `bool` become the device's default
/// floating-point type.
///
/// # Errors
/// Complex values; another rank than 2; fewer than `min_samples` rows; no columns.
pub(crate) fn samples<B: Backend>(
    function: &'static str,
    x: &Array<B>,
    min_samples: usize,
) -> Result<Array<B>> {
    let shape = |detail: &str| Err(Error::shape(function, &[x.shape()], detail));
    let &[n, p] = x.shape() else {
        return shape(
            "was given for x, which must be two-dimensional: one row for each sample, one column for each feature; use `reshape`",
        );
    };
    if n < min_samples {
        let detail = format!(
            "was given for x: at least {min_samples} sample{} needed",
            if min_samples == 1 { " is" } else { "s are" }
        );
        return shape(&detail);
    }
    if p == 0 {
        return shape("was given for x: at least 1 feature is needed");
    }
    let xp = x.namespace();
    match x.dtype() {
        d if d.is_real_floating() => Ok(x.clone()),
        d if d.is_complex() => Err(Error::dtype(function, &[d], "real values for x")),
        _ => xp
            .astype(x, xp.info().default_dtypes().real_floating)
            .eval(),
    }
}

/// Samples for a model that was fitted on `n_features` columns on the device of `xp`.
///
/// # Errors
/// As [`samples`]; another device; another number of features.
pub(crate) fn samples_like<B: Backend>(
    function: &'static str,
    x: &Array<B>,
    xp: &Namespace<B>,
    n_features: usize,
) -> Result<Array<B>> {
    x.namespace().check_same(function, xp)?;
    let x = samples(function, x, 1)?;
    if x.shape()[1] != n_features {
        let detail = format!(
            "was given for x: the model was fitted on {n_features} features, x has {}",
            x.shape()[1]
        );
        return Err(Error::shape(function, &[x.shape()], detail));
    }
    Ok(x)
}

/// Whether no value is NaN or infinite.
pub(crate) fn all_finite<B: Backend>(x: &Array<B>) -> Result<bool> {
    x.namespace().all_finite(&[x])
}

/// Whether a value is NaN.
pub(crate) fn has_nan<B: Backend>(x: &Array<B>) -> Result<bool> {
    let xp = x.namespace();
    xp.any(xp.isnan(x), ..)?.item()
}

/// Refuses an array with NaN or infinite values; NaN may pass where it `is_missing`.
///
/// A pass over x costs as much as a prediction. Such values always reach the results that are computed from x, so callers look at those, which are
/// small, and call this only when they are not finite.
///
/// # Errors
/// NaN or infinity in x.
pub(crate) fn refuse_non_finite<B: Backend>(
    function: &'static str,
    name: &str,
    x: &Array<B>,
    nan_is_missing: bool,
) -> Result<()> {
    if all_finite(x)? {
        return Ok(());
    }
    let kind = if has_nan(x)? { "NaN" } else { "infinity" };
    if nan_is_missing {
        let xp = x.namespace();
        if !xp.any(xp.isinf(x), ..)?.item::<bool>()? {
            return Ok(());
        }
    }
    let detail = format!(
        "{name} of shape {} contains {kind}; remove or fill in those samples first",
        shape_text(x.shape())
    );
    Err(Error::value(function, detail))
}

/// The weights of the samples `x (n, p)`, in x's dtype: `(n,) → (n,)`.
///
/// # Errors
/// Another device, shape or kind of dtype; weights that are negative, not finite, or all 0.
pub(crate) fn weights<B: Backend>(
    function: &'static str,
    weights: &Array<B>,
    x: &Array<B>,
) -> Result<Array<B>> {
    let xp = x.namespace();
    weights.namespace().check_same(function, &xp)?;
    if weights.shape() != [x.shape()[0]] {
        let detail = "were given for x and sample_weight, which must have one weight for each sample, shape (n,)";
        return Err(Error::shape(
            function,
            &[x.shape(), weights.shape()],
            detail,
        ));
    }
    if weights.dtype().is_complex() {
        return Err(Error::dtype(
            function,
            &[weights.dtype()],
            "real values for sample_weight",
        ));
    }
    let weights = xp.astype(weights, x.dtype()).eval()?;
    let (least, most): (f64, f64) = (xp.min(&weights, ..)?.item()?, xp.max(&weights, ..)?.item()?);
    let refused = |detail: String| Err(Error::value(function, format!("sample_weight {detail}")));
    if !(least.is_finite() && most.is_finite()) {
        return refused("contains NaN or infinity".to_owned());
    }
    if least < 0.0 {
        return refused(format!("contains {least}; weights must not be negative"));
    }
    if most == 0.0 {
        return refused("is 0 for all samples, so that none of them counts".to_owned());
    }
    Ok(weights)
}

/// The error for good samples from which `what` could not be computed.
pub(crate) fn too_large(what: &str, dtype: DType) -> Error {
    let detail = format!(
        "{what} is not finite: the values of x are too large for sums of their squares in {dtype}; scale them"
    );
    Error::value("fit", detail)
}
