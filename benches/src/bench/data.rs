//! The data that the bench fits.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use ml_core::datasets::{self, Dataset, MakeClassification, make_classification};

/// One data set, split: every fourth sample is for testing.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) train: Dataset,
    pub(crate) test: Dataset,
}

impl Case {
    /// How many samples to test with each class has.
    fn class_counts(&self) -> BTreeMap<i64, usize> {
        let mut counts = BTreeMap::new();
        for &class in &self.test.target {
            *counts.entry(class).or_default() += 1;
        }
        counts
    }

    /// How many classes there are.
    pub(crate) fn n_classes(&self) -> usize {
        self.class_counts().len()
    }

    /// The accuracy of always predicting the most frequent class.
    pub(crate) fn chance(&self) -> f64 {
        let most = self.class_counts().into_values().max().unwrap_or(0);
        most as f64 / self.test.n_samples() as f64
    }
}

/// The digits, and a generated data set of each size.
pub(crate) fn cases(sizes: &[(usize, usize)]) -> Result<Vec<Case>> {
    let mut cases = vec![case("digits 1797×64".into(), &datasets::digits())];
    for &(n_samples, n_features) in sizes {
        let parameters = MakeClassification {
            n_samples,
            n_features,
            n_informative: n_features.min(10),
            n_redundant: n_features.saturating_sub(10).min(2),
            n_classes: 10.min(n_samples),
            n_clusters_per_class: 1,
            // A linear boundary separates these classes for 97 to 98 % of the samples, so that a device that computes
            // wrongly is noticed.
            class_sep: 3.0,
            ..Default::default()
        };
        cases.push(case(
            format!("generated {n_samples}×{n_features}"),
            &make_classification(&parameters)?,
        ));
    }
    Ok(cases)
}

fn case(name: String, data: &Dataset) -> Case {
    let (train, test) = data.split(|i| i % 4 == 3);
    Case { name, train, test }
}

/// A size from `SAMPLESxFEATURES`.
pub(crate) fn size(text: &str) -> Result<(usize, usize)> {
    let (n, p) = text
        .split_once(['x', '×'])
        .context("a size is SAMPLESxFEATURES, such as 20000x100")?;
    let size: (usize, usize) = (n.parse()?, p.parse()?);
    if size.0 < 100 || size.1 < 4 {
        bail!("a size has at least 100 samples and 4 features");
    }
    Ok(size)
}
