//! The singular values and right singular vectors of standardised rows, from their moments. All devices use this one
//! decision whether a Gram matrix is precise enough.

use array_api_spec::{DType, Error, Layout, Moments, Result, Scatter, SvdMode};

use crate::linalg::{eigh, svd};

/// The result of [`spectrum`].
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// `(p,)`: the population standard deviation of each column about the means, 1 where that is 0.
    pub std: Vec<f64>,
    /// `(r,)`: singular values, descending.
    pub singular_values: Vec<f64>,
    /// `(r, p)`: right singular vectors in rows.
    pub right_vectors: Vec<f64>,
    /// How many singular values are above the tolerance.
    pub rank: usize,
}

/// The singular values and right singular vectors of `Z = (x - means) / std / √Σw`. Its Gram matrix is the matrix of
/// the columns' correlations about the means. `None` if the moments hold a Gram matrix that is too coarse: its errors
/// could decide whether a singular value is above `tolerance`, or change more than the last digits of one that is. A
/// [factor](array_api_spec::Spread::Factor) is never too coarse.
///
/// `dtype` is that of the rows: it says how many digits the result must have. A Gram matrix that is not finite is too
/// coarse, because its squares may have overflowed. A factor that is not finite has a spectrum of NaN.
///
/// ```
/// use array_api_host::moments::spectrum;
/// use array_api_spec::{DType, Moments, Scatter};
///
/// let scatter = Scatter::Gram { values: vec![8.0, 8.0, 8.0, 8.0], error: 1e-15 };
/// let moments = Moments { rows: 2, features: 2, weights: vec![2.0], means: vec![0.0; 2], pooled: true, scatter };
/// let found = spectrum(&moments, DType::Float64, 1e-4)?.expect("precise enough");
/// assert_eq!((found.std, found.rank), (vec![2.0, 2.0], 1));
/// assert!((found.singular_values[0] - 2.0_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// A scatter of each group, or a diagonal only; no convergence.
pub fn spectrum(moments: &Moments, dtype: DType, tolerance: f64) -> Result<Option<Spectrum>> {
    let p = moments.features;
    if !(moments.pooled || moments.weights.len() == 1) {
        return Err(Error::value(
            "spectrum",
            "the scatter is that of each group; one of all groups together is needed",
        ));
    }
    let std = moments.divisors();
    let root = moments.weights.iter().sum::<f64>().sqrt();
    let (singular_values, right_vectors) = match &moments.scatter {
        Scatter::Diagonal(_) => {
            return Err(Error::value(
                "spectrum",
                "the scatter is a diagonal; a Gram matrix or a factor is needed",
            ));
        }
        Scatter::Gram { values, error } => {
            let unit: Vec<f64> = std.iter().map(|s| s * root).collect();
            let Some(found) = decompose(values, &unit, *error, Need { dtype, tolerance })? else {
                return Ok(None);
            };
            found
        }
        Scatter::Factor(factor) => {
            let factor = factor.first().map_or(&[][..], Vec::as_slice);
            let standardised: Vec<f64> = factor
                .iter()
                .enumerate()
                .map(|(at, x)| x / root / std[at % p])
                .collect();
            let layout = Layout::contiguous(&[factor.len() / p, p]);
            let (_, singular_values, right_vectors) =
                svd(&standardised, &layout, SvdMode::Reduced)?;
            (singular_values, right_vectors)
        }
    };
    let rank = singular_values.iter().filter(|&&s| s > tolerance).count();
    Ok(Some(Spectrum {
        std,
        singular_values,
        right_vectors,
        rank,
    }))
}

/// The precision that singular values must have.
#[derive(Clone, Copy)]
struct Need {
    dtype: DType,
    tolerance: f64,
}

impl Need {
    /// Whether eigenvalues with errors up to `error` decide which singular values are above the tolerance, and give
    /// those precisely enough.
    fn is_met(self, eigenvalues: &[f64], error: f64) -> bool {
        // A singular value is the root of an eigenvalue, so it loses half as many digits.
        let digits = if self.dtype == DType::Float32 {
            1e-5
        } else {
            1e-8
        };
        let bound = self.tolerance * self.tolerance;
        eigenvalues
            .iter()
            .all(|&e| (e - bound).abs() > error && (e <= bound || e * digits >= error))
    }
}

/// The roots of the eigenvalues, and the eigenvectors, of the correlations `gramᵢⱼ / (unitᵢ unitⱼ)`; `None` if they are
/// too coarse.
///
/// If each element has an error of up to `error`, an eigenvalue has up to p times as much.
fn decompose(
    gram: &[f64],
    unit: &[f64],
    error: f64,
    need: Need,
) -> Result<Option<(Vec<f64>, Vec<f64>)>> {
    let p = unit.len();
    if !error.is_finite() || !gram.iter().chain(unit).all(|x| x.is_finite()) {
        return Ok(None);
    }
    let correlation = |(at, product): (usize, &f64)| {
        let (i, j) = (at / p, at % p);
        // A constant column has the correlation 0 with itself, not 1.
        if i == j && *product != 0.0 {
            1.0
        } else {
            product / unit[i] / unit[j]
        }
    };
    let correlations: Vec<f64> = gram.iter().enumerate().map(correlation).collect();
    let (eigenvalues, vectors) = eigh(&correlations, &Layout::contiguous(&[p, p]))?;
    if !need.is_met(&eigenvalues, error * p as f64) {
        return Ok(None);
    }
    let descending = || (0..p).rev();
    let singular_values = descending()
        .map(|i| eigenvalues[i].max(0.0).sqrt())
        .collect();
    let right_vectors = descending()
        .flat_map(|i| (0..p).map(move |j| (i, j)))
        .map(|(i, j)| vectors[j * p + i])
        .collect();
    Ok(Some((singular_values, right_vectors)))
}
