//! Statistics of samples: what is kept of them, in host memory, whatever device they were on.

use std::fmt::Debug;

use array_api_spec::{
    Array, Backend, DType, HostArray, HostBuffer, Moments, Namespace, Result, Scatter,
};

use super::{data::Data, parameters::Parameter, parts::Parts};

/// Where a model goes that is made of statistics: the device and dtype of the samples that they are of.
#[derive(Clone, Debug)]
pub struct Place<B: Backend> {
    /// The namespace of the device.
    pub xp: Namespace<B>,
    /// The dtype of the samples.
    pub dtype: DType,
    /// p, the number of features.
    pub n_features: usize,
}

impl<B: Backend> Place<B> {
    /// That of samples.
    #[must_use]
    pub fn of(data: &Data<B>) -> Self {
        Self {
            xp: data.namespace(),
            dtype: data.x.dtype(),
            n_features: data.n_features(),
        }
    }

    /// Values of the host as an array there.
    ///
    /// # Errors
    /// No room there.
    pub fn array(&self, values: &[f64], shape: &[usize]) -> Result<Array<B>> {
        self.xp.asarray_as((values.to_vec(), shape), self.dtype)
    }
}

/// What an incremental estimator keeps of samples.
pub trait Statistics: Clone + Debug + Send + Sync {
    /// Whether no value is NaN or infinite: such values among the samples show here.
    fn is_finite(&self) -> bool;

    /// The statistics of both.
    ///
    /// # Errors
    /// Statistics that do not belong together.
    fn merge(&self, other: &Self) -> Result<Self>;

    /// Adds the statistics to parts.
    ///
    /// # Errors
    /// No room.
    fn store(&self, parts: &mut Parts<HostArray>) -> Result<()>;

    /// Takes the statistics out of parts. They may come from a stranger's file.
    ///
    /// # Errors
    /// Parts that are missing or do not fit each other.
    fn take(parts: &mut Parts<HostArray>) -> Result<Self>;
}

/// Whether no moment is NaN or infinite, but for the mean of a group without weight.
pub(crate) fn is_finite(moments: &Moments) -> bool {
    let means = moments
        .means
        .chunks_exact(moments.features)
        .zip(&moments.weights);
    means
        .filter(|(_, weight)| **weight != 0.0)
        .all(|(mean, _)| mean.iter().all(|m| m.is_finite()))
        && moments.weights.iter().all(|w| w.is_finite())
        && numbers(&moments.scatter).iter().all(|s| s.is_finite())
}

/// Adds moments to parts, each name with `prefix` in front.
pub(crate) fn store(moments: &Moments, prefix: &str, parts: &mut Parts<HostArray>) {
    let kind = match moments.scatter {
        Scatter::Diagonal(_) => "diagonal",
        Scatter::Gram { .. } => "gram",
        Scatter::Factor(_) => "factor",
    };
    let mut value = |name: &str, value| parts.values.insert(format!("{prefix}{name}"), value);
    value("rows", moments.rows.value());
    value("features", moments.features.value());
    value("pooled", moments.pooled.value());
    value("kind", kind.into());
    match &moments.scatter {
        Scatter::Diagonal(_) => {}
        Scatter::Gram { error, .. } => drop(value("error", error.value())),
        Scatter::Factor(factors) => drop(value(
            "lengths",
            factors.iter().map(Vec::len).collect::<Vec<_>>().value(),
        )),
    }
    for (name, values) in [
        ("weights", &moments.weights),
        ("means", &moments.means),
        ("scatter", &numbers(&moments.scatter)),
    ] {
        let array = HostArray {
            shape: vec![values.len()],
            buffer: HostBuffer::Float64(values.clone()),
        };
        parts.arrays.push((format!("{prefix}{name}"), array));
    }
}

/// Takes moments out of parts.
///
/// # Errors
/// Parts that are missing or do not fit each other.
pub(crate) fn take(prefix: &str, parts: &mut Parts<HostArray>) -> Result<Moments> {
    let name = |name: &str| format!("{prefix}{name}");
    let kind: String = parts.take_value(&name("kind"))?;
    let numbers = parts.take_numbers(&name("scatter"))?;
    let scatter = match kind.as_str() {
        "diagonal" => Scatter::Diagonal(numbers),
        "gram" => Scatter::Gram {
            values: numbers,
            error: parts.take_value(&name("error"))?,
        },
        "factor" => {
            let lengths: Vec<usize> = parts.take_value(&name("lengths"))?;
            Scatter::Factor(split(&numbers, &lengths).ok_or_else(|| misfit(parts))?)
        }
        _ => return Err(misfit(parts)),
    };
    let moments = Moments {
        rows: parts.take_value(&name("rows"))?,
        features: parts.take_value(&name("features"))?,
        weights: parts.take_numbers(&name("weights"))?,
        means: parts.take_numbers(&name("means"))?,
        pooled: parts.take_value(&name("pooled"))?,
        scatter,
    };
    if moments.features == 0 || !fits(&moments) {
        return Err(misfit(parts));
    }
    Ok(moments)
}

fn misfit(parts: &Parts<HostArray>) -> array_api_spec::Error {
    parts.mistake("the statistics do not fit each other".to_owned())
}

/// Whether lengths are those that features and groups ask for.
fn fits(moments: &Moments) -> bool {
    let (k, p) = (moments.weights.len(), moments.features);
    let matrices = if moments.pooled { 1 } else { k };
    let expected = |sizes: &[usize]| sizes.iter().try_fold(1_usize, |all, n| all.checked_mul(*n));
    let scatter = match &moments.scatter {
        Scatter::Diagonal(squares) => Some(squares.len()) == expected(&[matrices, p]),
        Scatter::Gram { values, .. } => Some(values.len()) == expected(&[matrices, p, p]),
        Scatter::Factor(factors) => {
            factors.len() == matrices
                && factors.iter().all(|f| f.len() % p == 0 && f.len() / p <= p)
        }
    };
    k > 0 && scatter && Some(moments.means.len()) == expected(&[k, p])
}

/// The numbers of all factors, one after the other, or those of the matrix.
fn numbers(scatter: &Scatter) -> Vec<f64> {
    match scatter {
        Scatter::Diagonal(values) | Scatter::Gram { values, .. } => values.clone(),
        Scatter::Factor(factors) => factors.concat(),
    }
}

/// Numbers in pieces of these lengths; `None` if there are more or fewer.
fn split(mut numbers: &[f64], lengths: &[usize]) -> Option<Vec<Vec<f64>>> {
    let pieces = lengths.iter().map(|&length| {
        let (piece, rest) = numbers.split_at_checked(length)?;
        numbers = rest;
        Some(piece.to_vec())
    });
    let pieces: Vec<Vec<f64>> = pieces.collect::<Option<_>>()?;
    numbers.is_empty().then_some(pieces)
}
