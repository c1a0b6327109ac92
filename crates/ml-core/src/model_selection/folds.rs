//! Which samples are trained on and which are held out.

use array_api_spec::{Array, Backend, DType, Error, Namespace, Result, ix};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::{Parameters, Warning, labels::Labels, parameters};

/// A part of the samples that is held out, and the others.
#[derive(Clone, Debug)]
pub struct Fold<B: Backend> {
    /// The positions of the samples that are trained on, ascending, in the index dtype.
    pub train: Array<B>,
    /// The positions of those that are held out, ascending.
    pub test: Array<B>,
}

/// Folds: each sample is held out in exactly one of them.
#[derive(Clone, Debug)]
pub struct Folds<B: Backend> {
    /// The folds in order.
    pub folds: Vec<Fold<B>>,
    /// What was odd about the samples.
    pub warnings: Vec<Warning>,
}

impl<B: Backend> IntoIterator for Folds<B> {
    type Item = Fold<B>;
    type IntoIter = std::vec::IntoIter<Fold<B>>;

    fn into_iter(self) -> Self::IntoIter {
        self.folds.into_iter()
    }
}

parameters! {
    /// Parts of equal size, one after the other; the first ones have one sample more where the number of samples leaves a rest.
    ///
    /// Without `shuffle`, the folds are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.model_selection.KFold.html). With it, the samples are shuffled by ChaCha8,
    /// so that a seed gives other folds than in NumPy.
    ///
    /// ```
    /// use ml_core::KFold;
    /// let cpu = array_api_compat::cpu();
    /// let x = cpu.asarray([[0.0], [1.0], [2.0], [3.0], [4.0]])?;
    /// let folds = KFold::default().n_splits(2_usize).split(&x)?.folds;
    /// assert_eq!(folds[0].test.to_vec::<i64>()?, [0, 1, 2]);
    /// assert_eq!(folds[1].train.to_vec::<i64>()?, [0, 1, 2]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub struct KFold {
        /// How many folds, at least 2.
        pub n_splits: usize = 5,
        /// Whether samples are shuffled first; else they keep their order.
        pub shuffle: bool = false,
        /// The seed for `shuffle`, 0 if there is none; without `shuffle`, a seed is refused.
        pub random_state: Option<u64> = None,
    }
}

parameters! {
    /// Parts in which each class has its share, as far as whole samples allow.
    ///
    /// Without `shuffle`, the folds are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.model_selection.StratifiedKFold.html). With it, the samples of each class
    /// are shuffled by ChaCha8, so that a seed gives other folds than in NumPy.
    ///
    /// ```
    /// use ml_core::StratifiedKFold;
    /// let cpu = array_api_compat::cpu();
    /// let y = cpu.asarray([0, 0, 0, 0, 1, 1])?;
    /// let folds = StratifiedKFold::default().n_splits(2_usize).split(&y)?.folds;
    /// assert_eq!(folds[0].test.to_vec::<i64>()?, [0, 1, 4]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub struct StratifiedKFold {
        /// How many folds, at least 2.
        pub n_splits: usize = 5,
        /// Whether the samples of a class are shuffled first; else they keep their order.
        pub shuffle: bool = false,
        /// The seed for `shuffle`, 0 if there is none; without `shuffle`, a seed is refused.
        pub random_state: Option<u64> = None,
    }
}

impl KFold {
    /// The folds of the samples `x (n, …)`, on x's device.
    ///
    /// # Errors
    /// Fewer than two folds; more folds than samples; a seed without `shuffle`.
    pub fn split<B: Backend>(&self, x: &Array<B>) -> Result<Folds<B>> {
        let n = length(x)?;
        check(Self::NAME, self.n_splits, n)?;
        let generator = generator(Self::NAME, self.shuffle, self.random_state)?;
        let mut order: Vec<usize> = (0..n).collect();
        if let Some(mut generator) = generator {
            order.shuffle(&mut generator);
        }
        let (share, rest) = (n / self.n_splits, n % self.n_splits);
        let sizes = (0..self.n_splits).map(|fold| share + usize::from(fold < rest));
        let xp = x.namespace();
        Ok(Folds {
            folds: cut(&positions(&xp, &order)?, sizes)?,
            warnings: Vec::new(),
        })
    }
}

impl StratifiedKFold {
    /// The folds of samples with the labels `y (n,)`, on y's device.
    ///
    /// # Errors
    /// Fewer than two folds; more folds than samples, or than any class has members; labels that are no classes; a seed without `shuffle`.
    pub fn split<B: Backend>(&self, y: &Array<B>) -> Result<Folds<B>> {
        let (n, k) = (length(y)?, self.n_splits);
        check(Self::NAME, k, n)?;
        let generator = generator(Self::NAME, self.shuffle, self.random_state)?;
        let mut warnings = Vec::new();
        let labels = Labels::new("split", y, y, &mut warnings)?;
        let (least, most) = (labels.counts.iter().min(), labels.counts.iter().max());
        if most.is_none_or(|&most| most < k) {
            let detail = format!(
                "n_splits = {k} is more than the number of samples of each class; take fewer folds"
            );
            return Err(Error::value(Self::NAME, detail));
        }
        if let Some(&n_members) = least
            && n_members < k
        {
            warnings.push(Warning::SmallClass {
                n_members,
                n_splits: k,
            });
        }
        let xp = y.namespace();
        let by_class = xp.argsort(&labels.groups, 0)?;
        let shares = shares(
            &labels.counts,
            &first_members(&by_class, &labels.counts)?,
            k,
        );
        let fold_of_row = {
            let folds = positions(&xp, &folds_by_class(&shares, generator))?;
            // by_class⁻¹: where each sample is among those in the order of their classes.
            xp.take_clipped(folds, xp.argsort(by_class, 0)?, Some(0))?
        };
        let sizes = (0..k).map(|fold| shares.iter().map(|of_class| of_class[fold]).sum());
        Ok(Folds {
            folds: cut(&xp.argsort(fold_of_row, 0)?, sizes)?,
            warnings,
        })
    }
}

/// The first sample of each class: `(n,) → K`. `by_class` are the samples in the order of their classes.
fn first_members<B: Backend>(by_class: &Array<B>, counts: &[usize]) -> Result<Vec<usize>> {
    let starts = counts.iter().scan(0, |next, count| {
        let start = *next;
        *next += count;
        Some(start)
    });
    let xp = by_class.namespace();
    let starts = positions(&xp, &starts.collect::<Vec<usize>>())?;
    let firsts: Vec<i64> = xp.take_clipped(by_class, starts, Some(0))?.to_vec()?;
    Ok(firsts.into_iter().map(|first| first as usize).collect())
}

/// How many samples of each class go into each of k folds.
///
/// The labels, sorted by the first sample of their class, are dealt out like cards: of a class that holds the places s to e, fold f gets those places i
/// with `i mod k = f`.
fn shares(counts: &[usize], firsts: &[usize], k: usize) -> Vec<Vec<usize>> {
    let mut classes: Vec<usize> = (0..counts.len()).collect();
    classes.sort_by_key(|&class| firsts[class]);
    let mut shares = vec![Vec::new(); counts.len()];
    let mut start = 0;
    for class in classes {
        let end = start + counts[class];
        let before = |place: usize, fold: usize| (place + k - 1 - fold) / k;
        shares[class] = (0..k)
            .map(|fold| before(end, fold) - before(start, fold))
            .collect();
        start = end;
    }
    shares
}

/// The fold of each sample, in the order of the classes: of each class, the first samples go into the first fold, and so on; or any, if they are shuffled.
fn folds_by_class(shares: &[Vec<usize>], mut generator: Option<ChaCha8Rng>) -> Vec<usize> {
    let mut all = Vec::new();
    for of_class in shares {
        let start = all.len();
        for (fold, &share) in of_class.iter().enumerate() {
            all.resize(all.len() + share, fold);
        }
        if let Some(generator) = &mut generator {
            all[start..].shuffle(generator);
        }
    }
    all
}

/// How many samples there are.
fn length<B: Backend>(samples: &Array<B>) -> Result<usize> {
    samples.shape().first().copied().ok_or_else(|| {
        let detail = "was given, which has no axis of samples";
        Error::shape("split", &[samples.shape()], detail)
    })
}

fn check(splitter: &'static str, k: usize, n: usize) -> Result<()> {
    if k < 2 {
        let detail = format!(
            "n_splits = {k} leaves nothing to train on or nothing to hold out; it must be at least 2"
        );
        return Err(Error::value(splitter, detail));
    }
    if k > n {
        let detail = format!("n_splits = {k} is more than the number of samples, {n}");
        return Err(Error::value(splitter, detail));
    }
    Ok(())
}

/// What samples are shuffled by, if they are.
fn generator(
    splitter: &'static str,
    shuffle: bool,
    seed: Option<u64>,
) -> Result<Option<ChaCha8Rng>> {
    if let (false, Some(seed)) = (shuffle, seed) {
        let detail = format!(
            "random_state = {seed} has no effect without shuffle; set shuffle, or leave the seed out"
        );
        return Err(Error::value(splitter, detail));
    }
    Ok(shuffle.then(|| ChaCha8Rng::seed_from_u64(seed.unwrap_or(0))))
}

/// Positions as an array of a device.
fn positions<B: Backend>(xp: &Namespace<B>, values: &[usize]) -> Result<Array<B>> {
    let values: Vec<i64> = values.iter().map(|&i| i as i64).collect();
    let index: DType = xp.info().default_dtypes().indexing;
    xp.asarray_as(values, index)
}

/// Cuts samples in the order of their folds.
fn cut<B: Backend>(
    by_fold: &Array<B>,
    sizes: impl IntoIterator<Item = usize>,
) -> Result<Vec<Fold<B>>> {
    let xp = by_fold.namespace();
    let mut start = 0_isize;
    let folds = sizes.into_iter().map(|size| {
        let end = start + size as isize;
        let rest = [by_fold.get(ix![..start])?, by_fold.get(ix![end..])?];
        let fold = Fold {
            train: xp.sort(xp.concat(&[&rest[0], &rest[1]], Some(0))?, 0)?,
            test: xp.sort(by_fold.get(ix![start..end])?, 0)?,
        };
        start = end;
        Ok(fold)
    });
    folds.collect()
}
