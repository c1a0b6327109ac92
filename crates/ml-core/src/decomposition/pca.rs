//! Principal component analysis: the orthogonal directions along which samples vary most.

use array_api_spec::{HostArray, Moments, Scatter, Spread, SvdMode, axis, ix};
use serde::{Deserialize, Serialize};

use super::{minka, randomized};
use crate::{
    HostMatrix, Parts, Statistics, frame::statistics, host, parameter_by_serde, prelude::*,
};

/// How [`Pca`] is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PcaSolver {
    /// As the shape suggests, by scikit-learn's rule: `covariance_eigh` for at most 1,000 features and ten times as many samples, `randomized` for few
    /// components of large data, else `full`.
    Auto,
    /// By singular values of the samples: the most exact way.
    Full,
    /// By eigenvectors of the covariance matrix: the fastest way for many samples.
    CovarianceEigh,
    /// By singular values of the samples, as `full`: scikit-learn has a way of its own for it, with the same result.
    Arpack,
    /// By products with random matrices: the fastest way for few components of large data.
    Randomized,
}

/// How many components [`Pca`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    expecting = "it is a whole number, a share of the variance between 0 and 1, or `mle`"
)]
pub enum Components {
    /// As many as the evidence of the data says (Minka, 2000).
    Mle,
    /// So many.
    #[serde(untagged)]
    Number(usize),
    /// As many as it takes to explain more than this share of the variance.
    #[serde(untagged)]
    Share(f64),
}

parameter_by_serde!(PcaSolver, Components);

impl IntoParameter<Option<Components>> for usize {
    fn into_parameter(self) -> Option<Components> {
        Some(Components::Number(self))
    }
}

impl IntoParameter<Option<Components>> for f64 {
    fn into_parameter(self) -> Option<Components> {
        Some(Components::Share(self))
    }
}

parameters! {
    /// Principal component analysis: the orthogonal directions along which the samples vary most.
    ///
    /// Parameters, defaults, attributes and formulas are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.decomposition.PCA.html).
    ///
    /// ```
    /// use ml_core::{Pca, datasets};
    ///
    /// let cpu = array_api_compat::cpu();
    /// let (x, _) = datasets::load_iris(&cpu)?;
    /// let pca = Pca::default().n_components(2_usize).fit(&x)?;
    /// assert_eq!(pca.transform(&x)?.shape(), [150, 2]);
    /// assert!(pca.explained_variance_ratio_.to_vec::<f64>()?[0] > 0.92);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub struct Pca as "PCA" {
        /// How many components are kept. `None`: all, `min(n, p)`.
        pub n_components: Option<Components> = None,
        /// Whether `transform` gives columns of variance 1.
        pub whiten: bool = false,
        /// The way of computing.
        pub svd_solver: PcaSolver = PcaSolver::Auto,
        /// How often `randomized` improves its directions. `None`: 7 times for less than a tenth of the components, else 4 times.
        pub iterated_power: Option<usize> = None,
        /// How many directions `randomized` tries beyond those that are wanted.
        pub n_oversamples: usize = 10,
        /// The seed of `randomized`. The same seed gives the same numbers on every device.
        pub random_state: u64 = 0,
    }
}

attributes! {
    /// What the fit of [`Pca`] computes. k is the number of components, p that of features.
    pub struct PcaAttributes<B> {
        /// `(k, p)`: the directions in rows, by descending variance. In each row the entry of largest magnitude is positive.
        pub components_: Array<B> as "kp",
        /// `(k,)`: the variance along each direction, with divisor n - 1.
        pub explained_variance_: Array<B> as "k",
        /// `(k,)`: its share in the variance of all directions.
        pub explained_variance_ratio_: Array<B> as "k",
        /// `(k,)`: the singular values of the centred samples.
        pub singular_values_: Array<B> as "k",
        /// `(p,)`: the mean of each feature.
        pub mean_: Array<B> as "p",
        /// k.
        pub n_components_: usize,
        /// n.
        pub n_samples_: usize,
        /// The mean variance along the directions that were left out.
        pub noise_variance_: f64,
    }
}

estimator! { unsupervised Pca incremental { Transform, InverseTransform, ScoreSamples } score }

/// What [`Pca`] keeps of samples: their mean and their scatter about it.
#[derive(Clone, Debug)]
pub struct PcaStatistics(Moments);

impl Statistics for PcaStatistics {
    fn is_finite(&self) -> bool {
        statistics::is_finite(&self.0)
    }

    fn merge(&self, other: &Self) -> Result<Self> {
        self.0.merge(&other.0).map(Self)
    }

    fn store(&self, parts: &mut Parts<HostArray>) -> Result<()> {
        statistics::store(&self.0, "", parts);
        Ok(())
    }

    fn take(parts: &mut Parts<HostArray>) -> Result<Self> {
        let moments = statistics::take("", parts)?;
        if moments.features != parts.n_features_in_
            || moments.weights.len() != 1
            || matches!(moments.scatter, Scatter::Diagonal(_))
        {
            return Err(
                parts.mistake("the statistics are not those of all features together".to_owned())
            );
        }
        Ok(Self(moments))
    }
}

impl Estimator for Pca {
    type Attributes<B: Backend> = PcaAttributes<B>;
    const MIN_SAMPLES: usize = 2;

    fn check(&self) -> Result<()> {
        let refused = |detail: String| Err(Error::value(Self::NAME, detail));
        match self.n_components {
            Some(Components::Number(0)) => {
                refused("n_components = 0 must be at least 1".to_owned())
            }
            Some(Components::Share(share)) if !(share > 0.0 && share < 1.0) => refused(format!(
                "n_components = {share} must be a whole number, or a share of the variance between 0 and 1"
            )),
            Some(Components::Share(_) | Components::Mle)
                if matches!(self.svd_solver, PcaSolver::Randomized | PcaSolver::Arpack) =>
            {
                refused(
                    "the solvers `randomized` and `arpack` take a number of components only"
                        .to_owned(),
                )
            }
            _ => Ok(()),
        }
    }

    fn learn<B: Backend>(&self, data: &Data<B>, log: &mut Log<'_>) -> Result<PcaAttributes<B>> {
        let (n, p) = (data.n_samples(), data.n_features());
        let spread = match self.resolved(n, p)? {
            PcaSolver::Randomized => return self.by_products(data),
            PcaSolver::CovarianceEigh => Spread::Gram,
            _ => Spread::Factor,
        };
        let moments = data.namespace().moments(&data.x, None, None, spread)?;
        self.conclude(&PcaStatistics(moments), &Place::of(data), log)
    }

    fn validate<B: Backend>(&self, a: &PcaAttributes<B>) -> Result<()> {
        if a.n_components_ == a.components_.shape()[0]
            && a.noise_variance_ >= 0.0
            && a.n_samples_ > 1
        {
            return Ok(());
        }
        Err(Error::value(
            Self::NAME,
            "the number of components, of samples or the noise does not fit the arrays",
        ))
    }
}

impl Incremental for Pca {
    type Statistics = PcaStatistics;

    /// A factor, which loses no direction, unless the solver asks for the covariance matrix: how many samples there will be is known at the end only.
    fn statistics<B: Backend>(&self, data: &Data<B>, _: &mut Log<'_>) -> Result<PcaStatistics> {
        let spread = match self.svd_solver {
            PcaSolver::CovarianceEigh => Spread::Gram,
            _ => Spread::Factor,
        };
        data.namespace()
            .moments(&data.x, None, None, spread)
            .map(PcaStatistics)
    }

    /// From the scatter `Z = V S² Vᵀ`: variances `S² / (n - 1)` along the rows of Vᵀ.
    fn conclude<B: Backend>(
        &self,
        PcaStatistics(seen): &PcaStatistics,
        place: &Place<B>,
        _: &mut Log<'_>,
    ) -> Result<PcaAttributes<B>> {
        let (n, p) = (seen.rows, place.n_features);
        let xp = host();
        let scatter = host::scatter(seen)?;
        let is_gram = matches!(seen.scatter, Scatter::Gram { .. });
        let (squares, directions) = if is_gram {
            let eigen = xp.linalg().eigh(&scatter)?;
            let squares = xp.flip(&eigen.eigenvalues, 0)?;
            (
                xp.maximum(squares, 0.0).eval()?,
                xp.flip(eigen.eigenvectors.T()?, 0)?,
            )
        } else {
            let svd = xp.linalg().svd(&scatter, SvdMode::Reduced)?;
            (xp.square(&svd.S).eval()?, svd.Vh)
        };
        // A covariance matrix has p variances, whatever n is; samples have min(n, p).
        let all = if is_gram { p } else { n.min(p) };
        let squares = squares.get(ix![..all as isize])?;
        let variances: Vec<f64> = (squares / (n as f64 - 1.0)).eval()?.to_vec()?;
        let k = self.resolve_components(&variances, n, p)?;
        let total: f64 = variances.iter().sum();
        let left_out: f64 = variances[k..].iter().sum();
        let noise = if k < n.min(p) {
            left_out / (variances.len() - k) as f64
        } else {
            0.0
        };
        attributes(
            place,
            Found {
                variances: &variances[..k],
                directions: &directions.get(ix![..k as isize])?,
                total,
                noise,
                n,
                mean: &seen.means,
            },
        )
    }
}

/// What the solvers find.
struct Found<'a> {
    variances: &'a [f64],
    /// `(k, p)`.
    directions: &'a HostMatrix,
    /// The variance along all directions.
    total: f64,
    noise: f64,
    n: usize,
    mean: &'a [f64],
}

fn attributes<B: Backend>(place: &Place<B>, found: Found<'_>) -> Result<PcaAttributes<B>> {
    let k = found.variances.len();
    let shares: Vec<f64> = found
        .variances
        .iter()
        .map(|v| {
            if found.total == 0.0 {
                0.0
            } else {
                v / found.total
            }
        })
        .collect();
    let singular: Vec<f64> = found
        .variances
        .iter()
        .map(|v| (v * (found.n as f64 - 1.0)).sqrt())
        .collect();
    Ok(PcaAttributes {
        components_: host::send(&signed(found.directions)?, &place.xp, place.dtype)?,
        explained_variance_: place.array(found.variances, &[k])?,
        explained_variance_ratio_: place.array(&shares, &[k])?,
        singular_values_: place.array(&singular, &[k])?,
        mean_: place.array(found.mean, &[place.n_features])?,
        n_components_: k,
        n_samples_: found.n,
        noise_variance_: found.noise,
    })
}

/// Rows whose entry of largest magnitude, the first of several, is positive.
fn signed(rows: &HostMatrix) -> Result<HostMatrix> {
    let xp = host();
    if rows.size() == 0 {
        return Ok(rows.clone());
    }
    let largest = xp.argmax(xp.abs(rows), axis(1).keepdims())?;
    let signs = xp.sign(xp.take_along_axis(rows, &largest, 1)?);
    (rows * signs).eval()
}

impl Pca {
    /// The solver for n samples of p features.
    ///
    /// # Errors
    /// More components than there can be.
    fn resolved(&self, n: usize, p: usize) -> Result<PcaSolver> {
        let least = n.min(p);
        let number = match self.n_components {
            Some(Components::Number(k)) => Some(k),
            Some(Components::Share(_) | Components::Mle) => None,
            None if self.svd_solver == PcaSolver::Arpack => Some(least - 1),
            None => Some(least),
        };
        Ok(match self.svd_solver {
            PcaSolver::Auto if p <= 1000 && n >= 10 * p => PcaSolver::CovarianceEigh,
            PcaSolver::Auto if n.max(p) <= 500 || self.n_components == Some(Components::Mle) => {
                PcaSolver::Full
            }
            PcaSolver::Auto if number.is_some_and(|k| (k as f64) < 0.8 * least as f64) => {
                PcaSolver::Randomized
            }
            PcaSolver::Auto => PcaSolver::Full,
            other => other,
        })
    }

    /// k, the number of components, of variances in descending order.
    ///
    /// # Errors
    /// More than there can be.
    fn resolve_components(&self, variances: &[f64], n: usize, p: usize) -> Result<usize> {
        let most = n.min(p);
        let arpack = self.svd_solver == PcaSolver::Arpack;
        match self.n_components {
            None if arpack => Ok(most.saturating_sub(1)),
            None => Ok(most),
            Some(Components::Number(k)) if k > most || (arpack && k == most) => {
                let detail = format!(
                    "n_components = {k} must be at most {}, for {n} samples of {p} features",
                    most - usize::from(arpack)
                );
                Err(Error::value("fit", detail))
            }
            Some(Components::Number(k)) => Ok(k),
            Some(Components::Mle) if n < p => Err(Error::value(
                "fit",
                format!(
                    "n_components = `mle` needs at least as many samples as features; there are {n} and {p}"
                ),
            )),
            Some(Components::Mle) => Ok(minka::n_components(variances, n as f64)),
            Some(Components::Share(share)) => {
                // As many as it takes for the sum of their shares to exceed the one that is asked for.
                let total: f64 = variances.iter().sum();
                let sums = variances.iter().scan(0.0, |sum, v| {
                    *sum += v / total;
                    Some(*sum)
                });
                Ok((sums.take_while(|sum| *sum <= share).count() + 1).min(most))
            }
        }
    }

    /// The solver `randomized`.
    fn by_products<B: Backend>(&self, data: &Data<B>) -> Result<PcaAttributes<B>> {
        let (xp, n, p) = (data.namespace(), data.n_samples(), data.n_features());
        let k = self.resolve_components(&[], n, p)?;
        let seen = xp.moments(&data.x, None, None, Spread::Diagonal)?;
        let place = Place::of(data);
        let centred = (&data.x - place.array(&seen.means, &[p])?).eval()?;
        let few = (k as f64) < 0.1 * n.min(p) as f64;
        let search = randomized::Search {
            wanted: k,
            oversamples: self.n_oversamples,
            iterations: self.iterated_power.unwrap_or(if few { 7 } else { 4 }),
            seed: self.random_state,
        };
        let (singular, directions) = randomized::svd(&centred, search)?;
        let degrees = n as f64 - 1.0;
        let variances: Vec<f64> = singular
            .to_vec::<f64>()?
            .iter()
            .map(|s| s * s / degrees)
            .collect();
        let Scatter::Diagonal(squares) = &seen.scatter else {
            unreachable!("only the diagonal is asked for")
        };
        let total = squares.iter().sum::<f64>() / degrees;
        let noise = match n.min(p) - k {
            0 => 0.0,
            rest => ((total - variances.iter().sum::<f64>()) / rest as f64).max(0.0),
        };
        let directions = host::matrix(&directions.to_vec::<f64>()?, &[k, p])?;
        attributes(
            &place,
            Found {
                variances: &variances,
                directions: &directions,
                total,
                noise,
                n,
                mean: &seen.means,
            },
        )
    }
}

/// What columns of components are divided by if they are whitened: their standard deviations, ε at least.
fn deviations<B: Backend>(model: &Fitted<Pca, B>) -> Result<Array<B>> {
    let xp = model.namespace();
    let eps = array_api_spec::finfo(model.explained_variance_.dtype())?.eps;
    xp.maximum(xp.sqrt(&model.explained_variance_), eps).eval()
}

impl Transform for Pca {
    /// `(x - mean) componentsᵀ`, whitened if that is asked for.
    fn transform<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let z = x
            .namespace()
            .matmul(x - &model.mean_, model.components_.T()?)?;
        if model.parameters().whiten {
            (z / deviations(model)?).eval()
        } else {
            Ok(z)
        }
    }
}

impl InverseTransform for Pca {
    /// `z components + mean`.
    fn inverse_transform<B: Backend>(model: &Fitted<Self, B>, z: &Array<B>) -> Result<Array<B>> {
        if z.shape()[1] != model.n_components_ {
            let detail = format!(
                "was given for z: the model has {} components",
                model.n_components_
            );
            return Err(Error::shape("inverse_transform", &[z.shape()], detail));
        }
        let z = if model.parameters().whiten {
            (z * deviations(model)?).eval()?
        } else {
            z.clone()
        };
        (z.namespace().matmul(&z, &model.components_)? + &model.mean_).eval()
    }
}

impl ScoreSamples for Pca {
    /// The log-likelihood under the model of probabilistic PCA, a normal distribution of covariance `C = Vᵀ (Λ - σ² I) V + σ² I`:
    /// `-½ (p log 2π + log |C| + zᵀ C⁻¹ z)`, with `zᵀ C⁻¹ z = |z|² / σ² + Σ (1/λ - 1/σ²) (V z)²`.
    ///
    /// Source: M. Tipping, C. Bishop, "Probabilistic principal component analysis" (1999).
    fn score_samples<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let xp = x.namespace();
        let (p, k) = (model.n_features_in_(), model.n_components_);
        let mut variances: Vec<f64> = model.explained_variance_.to_vec()?;
        let noise = model.noise_variance_;
        if model.parameters().whiten {
            // scikit-learn's covariance then has directions of length √λ: λ (λ - σ²) + σ² along each.
            variances
                .iter_mut()
                .for_each(|v| *v = *v * (*v - noise) + noise);
        }
        if (noise == 0.0 && k < p) || variances.iter().any(|v| *v <= 0.0) {
            let detail = "the covariance is singular: samples have no density where they do not vary; keep fewer components";
            return Err(Error::linear_algebra("score_samples", detail));
        }
        let centred = (x - &model.mean_).eval()?;
        let along = xp.matmul(&centred, model.components_.T()?)?;
        let log_det: f64 = variances.iter().map(|v| v.ln()).sum::<f64>()
            + if k < p {
                (p - k) as f64 * noise.ln()
            } else {
                0.0
            };
        let beyond = if k < p { 1.0 / noise } else { 0.0 };
        let inverse: Vec<f64> = variances.iter().map(|v| 1.0 / v - beyond).collect();
        let inverse = xp.asarray_as(inverse, x.dtype())?;
        let distance =
            xp.sum(xp.square(&along) * inverse, 1)? + xp.sum(xp.square(&centred), 1)? * beyond;
        ((distance + (p as f64 * std::f64::consts::TAU.ln() + log_det)) * -0.5).eval()
    }
}

impl Score for Pca {
    /// The mean log-likelihood of the samples.
    fn score<B: Backend>(
        model: &Fitted<Self, B>,
        x: &Array<B>,
        _: Option<&Array<B>>,
        _: Option<&Array<B>>,
    ) -> Result<f64> {
        let scores = model.score_samples(x)?;
        scores.namespace().mean(&scores, ..)?.item()
    }
}
