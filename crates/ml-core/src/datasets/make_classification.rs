//! Random classification problems of any size.

use array_api_spec::{Device, Error, Result, shape::size};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::Dataset;

/// What [`make_classification`] draws; names and defaults are scikit-learn's.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeClassification {
    /// How many samples.
    pub n_samples: usize,
    /// How many columns: informative, redundant, repeated, and noise for the rest.
    pub n_features: usize,
    /// Columns that tell the classes apart.
    pub n_informative: usize,
    /// Columns that are random linear combinations of the informative ones.
    pub n_redundant: usize,
    /// Columns that repeat an informative or redundant one.
    pub n_repeated: usize,
    /// How many classes.
    pub n_classes: usize,
    /// Clusters that make up a class.
    pub n_clusters_per_class: usize,
    /// The classes' shares of the samples; the last may be left out. `None` for equal shares.
    pub weights: Option<Vec<f64>>,
    /// The share of samples whose label is drawn at random.
    pub flip_y: f64,
    /// Half the side of the hypercube on whose vertices the clusters lie.
    pub class_sep: f64,
    /// Whether samples and columns are shuffled; if not, samples come cluster by cluster, columns in the order above.
    pub shuffle: bool,
    /// The same seed gives the same data, on every machine.
    pub seed: u64,
}

impl Default for MakeClassification {
    fn default() -> Self {
        Self {
            n_samples: 100,
            n_features: 20,
            n_informative: 2,
            n_redundant: 2,
            n_repeated: 0,
            n_classes: 2,
            n_clusters_per_class: 2,
            weights: None,
            flip_y: 0.01,
            class_sep: 1.0,
            shuffle: true,
            seed: 0,
        }
    }
}

/// Draws a classification problem: normal clusters about vertices of a hypercube, each with a covariance of its own.
///
/// The construction is scikit-learn's `make_classification`; the random numbers come from ChaCha8, not from NumPy's
/// generator, so the values differ from scikit-learn's.
///
/// ```
/// use ml_core::datasets::{MakeClassification, make_classification};
///
/// let data = make_classification(&MakeClassification { n_samples: 500, n_classes: 3, n_informative: 4, ..Default::default() })?;
/// assert_eq!((data.n_samples(), data.n_features), (500, 20));
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// Counts that do not fit each other, weights that do not fit the classes, shares outside [0, 1].
///
/// Source: <https://scikit-learn.org/1.9/modules/generated/sklearn.datasets.make_classification.html>, after I. Guyon,
/// "Design of experiments for the NIPS 2003 variable selection benchmark".
pub fn make_classification(parameters: &MakeClassification) -> Result<Dataset> {
    let &MakeClassification {
        n_samples,
        n_features,
        n_informative,
        n_classes,
        ..
    } = parameters;
    let weights = check(parameters)?;
    room(parameters)?;
    let rng = &mut ChaCha8Rng::seed_from_u64(parameters.seed);

    let n_clusters = n_classes * parameters.n_clusters_per_class;
    let clusters: Vec<Cluster> = vertices(n_clusters, n_informative, rng)
        .into_iter()
        .map(|vertex| Cluster {
            centroid: vertex
                .iter()
                .map(|&side| {
                    if side {
                        parameters.class_sep
                    } else {
                        -parameters.class_sep
                    }
                })
                .collect(),
            mixing: uniform(n_informative * n_informative, rng),
        })
        .collect();
    let combinations = uniform(n_informative * parameters.n_redundant, rng);
    let n_useful = n_informative + parameters.n_redundant;
    let repeats: Vec<usize> = (0..parameters.n_repeated)
        .map(|_| rng.random_range(0..n_useful))
        .collect();

    let mut cluster_of_sample = shares(parameters, &weights);
    let mut column: Vec<usize> = (0..n_features).collect();
    if parameters.shuffle {
        cluster_of_sample.shuffle(rng);
        column.shuffle(rng);
    }

    let mut data = vec![0.0; n_samples * n_features];
    let mut target = Vec::with_capacity(n_samples);
    let mut row = vec![0.0; n_features];
    let mut normal = vec![0.0; n_informative];
    for (sample, &k) in data.chunks_exact_mut(n_features).zip(&cluster_of_sample) {
        normal.fill_with(|| rng.sample(StandardNormal));
        let (informative, rest) = row.split_at_mut(n_informative);
        informative.copy_from_slice(&clusters[k].centroid);
        add_product(informative, &normal, &clusters[k].mixing);
        let (redundant, _) = rest.split_at_mut(parameters.n_redundant);
        redundant.fill(0.0);
        add_product(redundant, informative, &combinations);
        for (i, &source) in repeats.iter().enumerate() {
            row[n_useful + i] = row[source];
        }
        row[n_useful + parameters.n_repeated..].fill_with(|| rng.sample(StandardNormal));
        for (&c, &value) in column.iter().zip(&row) {
            sample[c] = value;
        }
        let flipped = rng.random::<f64>() < parameters.flip_y;
        let class = if flipped {
            rng.random_range(0..n_classes)
        } else {
            k % n_classes
        };
        target.push(class as i64);
    }
    Ok(Dataset {
        data,
        n_features,
        target,
        ..Dataset::default()
    })
}

struct Cluster {
    centroid: Vec<f64>,
    /// `(n_informative, n_informative)`: gives the cluster a covariance of its own.
    mixing: Vec<f64>,
}

/// `out += x @ matrix`.
fn add_product(out: &mut [f64], x: &[f64], matrix: &[f64]) {
    if out.is_empty() {
        return;
    }
    for (&x, row) in x.iter().zip(matrix.chunks_exact(out.len())) {
        for (out, &m) in out.iter_mut().zip(row) {
            *out += x * m;
        }
    }
}

fn uniform(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// Distinct vertices of the unit hypercube. Beyond 30 dimensions the first 30 are distinct already.
fn vertices(n: usize, dimensions: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<bool>> {
    let low = dimensions.min(30);
    let numbers = rand::seq::index::sample(rng, 1 << low, n);
    numbers
        .into_iter()
        .map(|v| {
            (0..dimensions)
                .map(|d| {
                    if d < low {
                        (v >> d) & 1 == 1
                    } else {
                        rng.random()
                    }
                })
                .collect()
        })
        .collect()
}

/// Fails if the host has no room for the samples and for what they are drawn with.
fn room(parameters: &MakeClassification) -> Result<()> {
    let (informative, redundant) = (parameters.n_informative, parameters.n_redundant);
    let clusters = size(&[parameters.n_classes, parameters.n_clusters_per_class]);
    let numbers = [
        // The data; each sample's cluster and class; columns and a row of them.
        size(&[parameters.n_samples, parameters.n_features]),
        size(&[parameters.n_samples, 2]),
        size(&[parameters.n_features, 3]),
        // Each cluster's matrix, centroid and vertex; the combinations.
        size(&[clusters, informative, informative]),
        size(&[clusters, informative, 2]),
        size(&[informative, redundant]),
    ];
    let numbers = numbers.into_iter().fold(0, usize::saturating_add);
    Vec::<f64>::new()
        .try_reserve_exact(numbers)
        .map_err(|cause| {
            let bytes = size(&[numbers, size_of::<f64>()]);
            let detail =
                "make_classification needs more than the host has; ask for fewer samples or columns";
            Error::out_of_memory(Device::new("cpu"), bytes, detail).caused_by(cause)
        })
}

/// The cluster of each sample, cluster by cluster: the classes' shares, what rounding leaves spread over the first clusters.
fn shares(parameters: &MakeClassification, weights: &[f64]) -> Vec<usize> {
    let MakeClassification {
        n_samples,
        n_classes,
        n_clusters_per_class,
        ..
    } = *parameters;
    let n_clusters = n_classes * n_clusters_per_class;
    let share = |k: usize| {
        (n_samples as f64 * weights[k % n_classes] / n_clusters_per_class as f64) as usize
    };
    let mut counts: Vec<usize> = (0..n_clusters).map(share).collect();
    // Weights may sum to a little more than 1; no cluster may then take the samples beyond the last.
    let rest = n_samples.saturating_sub(counts.iter().sum());
    (0..rest).for_each(|i| counts[i % n_clusters] += 1);
    counts
        .iter()
        .enumerate()
        .flat_map(|(k, &count)| std::iter::repeat_n(k, count))
        .take(n_samples)
        .collect()
}

/// Checks the parameters and returns the share of every class.
fn check(parameters: &MakeClassification) -> Result<Vec<f64>> {
    let &MakeClassification {
        n_features,
        n_informative,
        n_redundant,
        n_repeated,
        n_classes,
        n_clusters_per_class,
        flip_y,
        class_sep,
        ..
    } = parameters;
    let error = |detail: String| Err(Error::value("make_classification", detail));

    let useful = [n_informative, n_redundant, n_repeated]
        .iter()
        .try_fold(0usize, |sum, &n| sum.checked_add(n));
    if useful.is_none_or(|n| n > n_features) {
        return error(format!(
            "n_informative = {n_informative}, n_redundant = {n_redundant} and n_repeated = {n_repeated} together \
             must not exceed n_features = {n_features}"
        ));
    }
    if n_classes == 0 || n_clusters_per_class == 0 || n_informative == 0 {
        return error(format!(
            "n_classes = {n_classes}, n_clusters_per_class = {n_clusters_per_class} and n_informative = {n_informative} must be at least 1"
        ));
    }
    let vertices = 1usize << n_informative.min(30);
    if n_classes
        .checked_mul(n_clusters_per_class)
        .is_none_or(|n| n > vertices)
    {
        return error(format!(
            "{n_classes} classes of {n_clusters_per_class} clusters need as many vertices of a hypercube, and one of \
             n_informative = {n_informative} dimensions has {vertices}; raise n_informative"
        ));
    }
    if parameters
        .n_samples
        .checked_mul(n_features)
        .is_none_or(|n| n > isize::MAX as usize / size_of::<f64>())
    {
        return error(format!(
            "({}, {n_features}) values do not fit in memory",
            parameters.n_samples
        ));
    }
    if !(0.0..=1.0).contains(&flip_y) {
        return error(format!("flip_y = {flip_y} must lie in [0, 1]"));
    }
    if !class_sep.is_finite() {
        return error(format!("class_sep = {class_sep} must be finite"));
    }

    let Some(weights) = &parameters.weights else {
        return Ok(vec![1.0 / n_classes as f64; n_classes]);
    };
    let sum: f64 = weights.iter().sum();
    if weights.iter().any(|w| !(0.0..=1.0).contains(w)) || sum > 1.0 + 1e-9 {
        return error(format!(
            "weights = {weights:?} must lie in [0, 1] and sum to 1"
        ));
    }
    match n_classes.checked_sub(weights.len()) {
        Some(0) => Ok(weights.clone()),
        Some(1) => Ok([weights.as_slice(), &[1.0 - sum]].concat()),
        _ => error(format!(
            "{} weights for {n_classes} classes; give one for each class, or leave out the last",
            weights.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use array_api_spec::ErrorKind;

    use super::*;

    fn draw(parameters: MakeClassification) -> Dataset {
        make_classification(&parameters).expect("good parameters")
    }

    #[test]
    fn what_does_not_fit_the_memory_is_an_error() {
        let huge = [
            MakeClassification {
                n_samples: 1 << 45,
                ..Default::default()
            },
            MakeClassification {
                n_samples: 1,
                n_features: 1 << 33,
                n_informative: 1 << 33,
                n_redundant: 0,
                ..Default::default()
            },
        ];
        for parameters in huge {
            let error = make_classification(&parameters)
                .map(drop)
                .expect_err("no room");
            assert!(
                matches!(error.kind(), ErrorKind::OutOfMemory { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn a_seed_fixes_the_data() {
        let of_seed = |seed| {
            draw(MakeClassification {
                seed,
                ..Default::default()
            })
        };
        assert_eq!(of_seed(7), of_seed(7));
        assert_ne!(of_seed(7), of_seed(8));
    }

    #[test]
    fn unshuffled_columns_are_what_they_are_called() {
        let parameters = MakeClassification {
            n_samples: 40_000,
            n_features: 8,
            n_informative: 3,
            n_repeated: 1,
            n_classes: 2,
            n_clusters_per_class: 1,
            flip_y: 0.0,
            class_sep: 2.0,
            shuffle: false,
            ..Default::default()
        };
        let data = draw(parameters);
        assert!(
            data.target[..20_000].iter().all(|&y| y == 0)
                && data.target[20_000..].iter().all(|&y| y == 1)
        );
        let half = data.data.chunks_exact(8).take(20_000);
        let mean = |c: usize| half.clone().map(|r| r[c]).sum::<f64>() / 20_000.0;
        for informative in 0..3 {
            assert!(
                (mean(informative).abs() - 2.0).abs() < 0.1,
                "{}",
                mean(informative)
            );
        }
        for noise in 6..8 {
            assert!(mean(noise).abs() < 0.05, "{}", mean(noise));
        }
        // Columns 3 and 4 combine the first three: three samples determine the factors, a fourth checks them.
        let rows: Vec<&[f64]> = data.data.chunks_exact(8).collect();
        let combination = solve3([rows[0], rows[1], rows[2]], 3);
        let predicted: f64 = (0..3).map(|i| combination[i] * rows[30_000][i]).sum();
        assert!((predicted - rows[30_000][3]).abs() < 1e-9);
        assert!((0..5).any(|source| rows.iter().all(|r| r[5] == r[source])));
    }

    fn solve3(rows: [&[f64]; 3], target: usize) -> [f64; 3] {
        let det = |m: [[f64; 3]; 3]| {
            m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
                - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
                + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
        };
        let matrix = |replaced: usize| {
            rows.map(|r| [0, 1, 2].map(|c| if c == replaced { r[target] } else { r[c] }))
        };
        [0, 1, 2].map(|c| det(matrix(c)) / det(matrix(usize::MAX)))
    }

    #[test]
    fn weights_and_flips_set_the_counts() {
        let weights = Some(vec![0.75]);
        let data = draw(MakeClassification {
            n_samples: 1000,
            weights,
            flip_y: 0.0,
            ..Default::default()
        });
        assert_eq!(data.target.iter().filter(|&&y| y == 0).count(), 750);
        let flipped = draw(MakeClassification {
            n_samples: 1000,
            flip_y: 1.0,
            n_clusters_per_class: 1,
            shuffle: false,
            ..Default::default()
        });
        let changed = (0..1000)
            .filter(|&i| flipped.target[i] != i64::from(i >= 500))
            .count();
        assert!((400..600).contains(&changed), "{changed}");
    }

    #[test]
    fn errors_say_what_would_fit() {
        let message = |p: MakeClassification| {
            make_classification(&p)
                .expect_err("bad parameters")
                .to_string()
        };
        insta::assert_snapshot!(message(MakeClassification { n_features: 3, ..Default::default() }),
            @"make_classification: n_informative = 2, n_redundant = 2 and n_repeated = 0 together must not exceed n_features = 3");
        insta::assert_snapshot!(message(MakeClassification { n_classes: 3, ..Default::default() }),
            @"make_classification: 3 classes of 2 clusters need as many vertices of a hypercube, and one of n_informative = 2 dimensions has 4; raise n_informative");
        insta::assert_snapshot!(message(MakeClassification { flip_y: f64::NAN, ..Default::default() }),
            @"make_classification: flip_y = NaN must lie in [0, 1]");
        insta::assert_snapshot!(message(MakeClassification { weights: Some(vec![0.2; 4]), ..Default::default() }),
            @"make_classification: 4 weights for 2 classes; give one for each class, or leave out the last");
        insta::assert_snapshot!(message(MakeClassification { weights: Some(vec![0.7, 0.7]), ..Default::default() }),
            @"make_classification: weights = [0.7, 0.7] must lie in [0, 1] and sum to 1");
        insta::assert_snapshot!(message(MakeClassification { n_samples: usize::MAX, ..Default::default() }),
            @"make_classification: (18446744073709551615, 20) values do not fit in memory");
    }
}
