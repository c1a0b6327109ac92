//! Squared distances of samples from what a model holds.

use array_api_spec::{Array, Backend, Result};

/// `Σ_j w_kj (x_ij - c_kj)²`, `(n, p), (k, p) → (n, k)`, in the wider dtype of samples and model.
///
/// # Errors
/// No room.
pub(crate) fn squared_distances<B: Backend>(
    x: &Array<B>,
    centers: &Array<B>,
    weights: Option<&Array<B>>,
) -> Result<Array<B>> {
    let xp = x.namespace();
    let dtype = xp.result_type(&[x, centers])?;
    let cast = |array: &Array<B>| xp.astype(array, dtype).eval();
    let weights = weights.map(cast).transpose()?;
    xp.squared_distances(&cast(x)?, &cast(centers)?, weights.as_ref())
}
