//! Checks of samples, as scikit-learn's `check_array` makes them.

use array_api_spec::{Array, Backend, Error, Namespace, Result, shape_text};

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
    same_device(function, x, xp)?;
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

/// # Errors
/// An array of another device than `xp`'s.
pub(crate) fn same_device<B: Backend>(
    function: &'static str,
    x: &Array<B>,
    xp: &Namespace<B>,
) -> Result<()> {
    if x.namespace() == *xp {
        Ok(())
    } else {
        Err(Error::Device {
            function,
            devices: (x.device(), xp.device()),
        })
    }
}

/// Whether no value is NaN or infinite.
pub(crate) fn all_finite<B: Backend>(x: &Array<B>) -> Result<bool> {
    x.namespace().all_finite(&[x])
}

/// Refuses samples with NaN or infinite values.
///
/// A pass over x costs as much as a prediction. Such values always reach the results that are computed from x, so callers look at those, which are
/// small, and call this only when they are not finite.
///
/// # Errors
/// NaN or infinity in x.
pub(crate) fn refuse_non_finite<B: Backend>(function: &'static str, x: &Array<B>) -> Result<()> {
    if all_finite(x)? {
        return Ok(());
    }
    let xp = x.namespace();
    let kind = if xp.any(xp.isnan(x), ..)?.item()? {
        "NaN"
    } else {
        "infinity"
    };
    Err(Error::value(
        function,
        format!(
            "x of shape {} contains {kind}; remove or fill in those samples first",
            shape_text(x.shape())
        ),
    ))
}
