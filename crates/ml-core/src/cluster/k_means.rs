//! Samples in k groups, each about its mean.

use array_api_spec::{Scatter, Spread};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{
    lloyd::{Lloyd, Run},
    start,
};
use crate::{Warning, frame::statistics, parameter_by_serde, prelude::*, validation};

/// Where the clusters of [`KMeans`] start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    expecting = "it is `k-means++`, `random`, or a list of k centers, each a list of p numbers"
)]
pub enum Init {
    /// At samples that are drawn one after the other, far from those that are drawn already.
    #[serde(rename = "k-means++")]
    KMeansPlusPlus,
    /// At samples that are drawn at random.
    #[serde(rename = "random")]
    Random,
    /// At these centers, `(k, p)`.
    #[serde(untagged)]
    Centers(Vec<Vec<f64>>),
}

/// How often [`KMeans`] runs, each time from another start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    expecting = "it is `auto` or a whole number"
)]
pub enum Runs {
    /// 10 times for `random`, else once.
    Auto,
    /// So often.
    #[serde(untagged)]
    Times(usize),
}

/// How [`KMeans`] is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KMeansAlgorithm {
    /// By turns: each sample to its nearest center, each center to the mean of its samples.
    Lloyd,
}

parameter_by_serde!(Init, Runs);

impl Parameter for KMeansAlgorithm {
    fn value(&self) -> Value {
        "lloyd".into()
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some("lloyd") => Ok(Self::Lloyd),
            Some("elkan") => Err(
                "the algorithm `elkan` is not there; `lloyd` finds the same clusters".to_owned(),
            ),
            _ => Err("it is `lloyd`".to_owned()),
        }
    }
}

impl IntoParameter<Runs> for usize {
    fn into_parameter(self) -> Runs {
        Runs::Times(self)
    }
}

impl<const K: usize, const P: usize> IntoParameter<Init> for [[f64; P]; K] {
    fn into_parameter(self) -> Init {
        Init::Centers(self.iter().map(|center| center.to_vec()).collect())
    }
}

parameters! {
    /// Samples in k clusters: the centers c that minimise `Σ w |x - c|²`, each sample counted with its nearest center.
    ///
    /// Parameters, defaults, attributes and formulas are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.cluster.KMeans.html). Random numbers are not NumPy's: clusters come in another
    /// order, and where several solutions are about equally good, another one may be found.
    ///
    /// ```
    /// use ml_core::cluster::KMeans;
    ///
    /// let cpu = array_api_compat::cpu();
    /// let x = cpu.asarray([[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]])?;
    /// let model = KMeans::default().n_clusters(2_usize).fit(&x)?;
    /// assert_eq!(model.inertia_, 16.0);
    /// let labels = model.predict(&cpu.asarray([[0.0, 0.0], [2.0, 3.0], [12.0, 3.0]])?)?.to_vec::<i64>()?;
    /// assert!(labels[0] == labels[1] && labels[0] != labels[2]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub struct KMeans {
        /// k, the number of clusters.
        pub n_clusters: usize = 8,
        /// Where the clusters start.
        pub init: Init = Init::KMeansPlusPlus,
        /// How often the clusters start anew; the best run is kept.
        pub n_init: Runs = Runs::Auto,
        /// The most iterations of a run.
        pub max_iter: usize = 300,
        /// A run ends when the squared distances that the centers move sum up to no more than this share of the features' mean variance.
        pub tol: f64 = 1e-4,
        /// The seed of the random numbers.
        pub random_state: u64 = 0,
        /// The way of computing.
        pub algorithm: KMeansAlgorithm = KMeansAlgorithm::Lloyd,
    }
}

attributes! {
    /// What the fit of [`KMeans`] computes. k is the number of clusters, p that of features.
    pub struct KMeansAttributes<B> {
        /// `(k, p)`: the centers.
        pub cluster_centers_: Array<B> as "kp",
        /// `(n,)`: the cluster of each sample, from 0 to k - 1, in the index dtype.
        pub labels_: Array<B> as "n" Integers,
        /// `Σ w |x - c|²`: the squared distances of the samples from their centers.
        pub inertia_: f64,
        /// How many iterations the best run took.
        pub n_iter_: usize,
    }
}

estimator! { unsupervised KMeans { Predict, Transform } score }

impl Estimator for KMeans {
    type Attributes<B: Backend> = KMeansAttributes<B>;
    const SAMPLE_WEIGHT: bool = true;

    fn check(&self) -> Result<()> {
        let refused = |detail: String| Err(Error::value(Self::NAME, detail));
        let numbers = [
            ("n_clusters", self.n_clusters),
            ("max_iter", self.max_iter),
            ("n_init", self.runs()),
        ];
        if let Some((name, _)) = numbers.iter().find(|(_, number)| *number == 0) {
            return refused(format!("{name} = 0 must be at least 1"));
        }
        validation::not_negative(Self::NAME, "tol", self.tol)?;
        if let Init::Centers(centers) = &self.init {
            if centers.len() != self.n_clusters {
                return refused(format!(
                    "{} centers were given for {} clusters; give one for each",
                    centers.len(),
                    self.n_clusters
                ));
            }
            if centers.iter().flatten().any(|c| !c.is_finite()) {
                return refused("the centers of init contain NaN or infinity".to_owned());
            }
        }
        Ok(())
    }

    fn learn<B: Backend>(&self, data: &Data<B>, log: &mut Log<'_>) -> Result<KMeansAttributes<B>> {
        self.check_size(data)?;
        let (xp, place) = (data.namespace(), Place::of(data));
        let moments = xp.moments(&data.x, None, None, Spread::Diagonal)?;
        if !statistics::is_finite(&moments) {
            return Err(validation::too_large("the variance", place.dtype));
        }
        let Scatter::Diagonal(squares) = &moments.scatter else {
            unreachable!("only the diagonal is asked for")
        };
        // Of the samples as they are counted once each: Σ_j var(x_j) / p.
        let variance = squares.iter().sum::<f64>() / (squares.len() * moments.rows) as f64;
        let lloyd = Lloyd::new(data, &moments.means, self.tol * variance, self.max_iter)?;
        let best = self.best(&lloyd, log)?;
        let found = lloyd.distinct(&best)?;
        if found < self.n_clusters {
            log.warn(Warning::FewerClusters {
                found,
                wanted: self.n_clusters,
            });
        }
        Ok(KMeansAttributes {
            cluster_centers_: lloyd.absolute(&best.centers)?,
            labels_: best.labels,
            inertia_: best.inertia,
            n_iter_: best.iterations,
        })
    }
}

impl KMeans {
    /// # Errors
    /// Fewer samples than clusters; centers of other features.
    fn check_size<B: Backend>(&self, data: &Data<B>) -> Result<()> {
        if data.n_samples() < self.n_clusters {
            let detail = format!(
                "was given for x: {} clusters need at least as many samples; ask for fewer by n_clusters",
                self.n_clusters
            );
            return Err(Error::shape("fit", &[data.x.shape()], detail));
        }
        let p = data.n_features();
        if let Init::Centers(centers) = &self.init
            && let Some(other) = centers.iter().find(|center| center.len() != p)
        {
            let detail = format!(
                "was given for x, but the centers of init have {} features; they need {p}",
                other.len()
            );
            return Err(Error::shape("fit", &[data.x.shape()], detail));
        }
        Ok(())
    }

    /// How often the clusters start anew. Centers that are given have one run: it would always be the same.
    fn runs(&self) -> usize {
        match (&self.init, self.n_init) {
            (_, Runs::Times(0)) => 0,
            (Init::Centers(_), _) | (Init::KMeansPlusPlus, Runs::Auto) => 1,
            (Init::Random, Runs::Auto) => 10,
            (_, Runs::Times(times)) => times,
        }
    }

    /// The run that ends with the smallest inertia.
    fn best<B: Backend>(&self, lloyd: &Lloyd<'_, B>, log: &mut Log<'_>) -> Result<Run<B>> {
        let mut random = ChaCha8Rng::seed_from_u64(self.random_state);
        let (runs, k) = (self.runs(), self.n_clusters);
        if let (Init::Centers(_), Runs::Times(asked @ 2..)) = (&self.init, self.n_init) {
            log.warn(Warning::OneRun { asked });
        }
        let mut best: Option<Run<B>> = None;
        for run in 0..runs {
            let start = match &self.init {
                Init::Centers(centers) => lloyd.relative(&centers.concat())?,
                Init::KMeansPlusPlus => start::plus_plus(lloyd, k, &mut random)?,
                Init::Random => start::random(lloyd, k, &mut random)?,
            };
            let flow = &mut |iteration: usize, loss: f64| {
                log.progress(run * self.max_iter + iteration, runs * self.max_iter, loss)
            };
            let (found, ended) = lloyd.run(start, flow)?;
            let is_better = match &best {
                None => true,
                Some(best) => found.inertia < best.inertia && !found.is_same(best)?,
            };
            if is_better {
                best = Some(found);
            }
            if ended.is_break() {
                break;
            }
        }
        best.ok_or_else(|| Error::value(Self::NAME, "n_init = 0 must be at least 1"))
    }
}

/// Each sample's nearest center, and `Σ w |x - c|²`. NaN and infinity in x show in the sums.
fn nearest<B: Backend>(
    function: &'static str,
    model: &Fitted<KMeans, B>,
    x: &Array<B>,
    weights: Option<&Array<B>>,
) -> Result<(Array<B>, f64)> {
    let xp = x.namespace();
    let centers = xp.astype(&model.cluster_centers_, x.dtype()).eval()?;
    let origin = xp.mean(&centers, 0)?;
    let found = xp.nearest(x, &(&centers - &origin).eval()?, &origin, weights)?;
    if !found.sums.sums.iter().all(|sum| sum.is_finite()) {
        validation::refuse_non_finite(function, "x", x, false)?;
    }
    Ok((found.labels, found.sums.distance))
}

/// The cluster of each sample: `(n, p) → (n,)`.
impl Predict for KMeans {
    fn predict<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        nearest("predict", model, x, None).map(|(labels, _)| labels)
    }
}

/// The distances from all centers, `√Σ_j (x_j - c_j)²`: `(n, p) → (n, k)`.
impl Transform for KMeans {
    fn transform<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let xp = x.namespace();
        xp.sqrt(xp.squared_distances(x, &model.cluster_centers_, None)?)
            .eval()
    }
}

/// Minus `Σ w |x - c|²`.
impl Score for KMeans {
    fn score<B: Backend>(
        model: &Fitted<Self, B>,
        x: &Array<B>,
        _: Option<&Array<B>>,
        sample_weight: Option<&Array<B>>,
    ) -> Result<f64> {
        let x = validation::samples_like("score", x, &model.namespace(), model.n_features_in_())?;
        let weights = sample_weight
            .map(|weights| validation::weights("score", weights, &x))
            .transpose()?;
        nearest("score", model, &x, weights.as_ref()).map(|(_, inertia)| -inertia)
    }
}
