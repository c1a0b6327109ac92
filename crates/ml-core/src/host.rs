//! Small matrices on the host: what follows from statistics is computed there, in `float64`, whatever the device of the samples.

use array_api_ndarray::NdArray;
use array_api_spec::{Array, Backend, DType, HostBuffer, Moments, Namespace, Result, Scatter};

/// A matrix or vector of the size of features, classes or targets, in host memory.
pub(crate) type HostMatrix = Array<NdArray>;

/// The namespace of host memory.
pub(crate) fn host() -> Namespace<NdArray> {
    array_api_ndarray::cpu()
}

/// Values of the host as a matrix.
pub(crate) fn matrix(values: &[f64], shape: &[usize]) -> Result<HostMatrix> {
    host().asarray((values.to_vec(), shape))
}

/// The same values on the device of `xp`, in `dtype`.
pub(crate) fn send<B: Backend>(
    x: &HostMatrix,
    xp: &Namespace<B>,
    dtype: DType,
) -> Result<Array<B>> {
    xp.asarray_as((x.to_vec::<f64>()?, x.shape()), dtype)
}

/// The means of the groups: `(k, p)`.
pub(crate) fn means(moments: &Moments) -> Result<HostMatrix> {
    matrix(&moments.means, &[moments.weights.len(), moments.features])
}

/// The scatter of all groups together as a Gram matrix `(p, p)`, or as a factor `(r, p)`, whichever it is.
pub(crate) fn scatter(moments: &Moments) -> Result<HostMatrix> {
    let p = moments.features;
    match &moments.scatter {
        Scatter::Gram { values, .. } => matrix(values, &[p, p]),
        Scatter::Factor(factors) => matrix(&factors[0], &[factors[0].len() / p, p]),
        Scatter::Diagonal(squares) => matrix(squares, &[squares.len() / p, p]),
    }
}

/// The values of as many buffers of real numbers.
///
/// # Errors
/// Complex values.
pub(crate) fn values<const N: usize>(buffers: Vec<HostBuffer>) -> Result<[Vec<f64>; N]> {
    let values = buffers.into_iter().map(|buffer| buffer.into_vec("fit"));
    let values: Vec<Vec<f64>> = values.collect::<Result<_>>()?;
    Ok(values
        .try_into()
        .unwrap_or_else(|_| unreachable!("as many as were asked for")))
}
