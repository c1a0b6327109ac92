//! What a search has found.

use std::collections::BTreeMap;

use serde_json::Map;

use crate::{Parameter, Value};

/// scikit-learn's `cv_results_` without the times. Each list has one element for each candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct CvResults {
    /// The candidates: the parameters that were tried.
    pub params: Vec<BTreeMap<String, Value>>,
    /// The scores for the samples that were held out: a list for each fold, scikit-learn's `split0_test_score`, `split1_test_score` …
    pub split_test_score: Vec<Vec<f64>>,
    /// Their means over the folds.
    pub mean_test_score: Vec<f64>,
    /// Their standard deviations over the folds.
    pub std_test_score: Vec<f64>,
    /// The candidates' ranks by `mean_test_score`: 1 is best, equal means have the same rank, NaN is last.
    pub rank_test_score: Vec<usize>,
    /// The scores for the samples that were trained on, if `return_train_score` asks for them; else empty.
    pub split_train_score: Vec<Vec<f64>>,
    /// Their means over the folds.
    pub mean_train_score: Vec<f64>,
    /// Their standard deviations over the folds.
    pub std_train_score: Vec<f64>,
}

impl CvResults {
    /// The results of candidates whose scores are given fold by fold.
    pub(super) fn new(
        params: Vec<BTreeMap<String, Value>>,
        split_test_score: Vec<Vec<f64>>,
        split_train_score: Vec<Vec<f64>>,
    ) -> Self {
        let (mean_test_score, std_test_score) = moments(&split_test_score);
        let (mean_train_score, std_train_score) = moments(&split_train_score);
        Self {
            rank_test_score: ranks(&mean_test_score),
            params,
            split_test_score,
            mean_test_score,
            std_test_score,
            split_train_score,
            mean_train_score,
            std_train_score,
        }
    }

    /// Whether there is one element for each candidate everywhere.
    pub(super) fn is_whole(&self) -> bool {
        let tests = [&self.mean_test_score, &self.std_test_score];
        let trains = [&self.mean_train_score, &self.std_train_score];
        let is_whole = |list: &Vec<f64>| list.len() == self.params.len();
        let mut trained = self.split_train_score.iter().chain(trains);
        self.split_test_score.iter().chain(tests).all(is_whole)
            && self.rank_test_score.len() == self.params.len()
            && (trained.clone().all(Vec::is_empty)
                || self.split_train_score.len() == self.split_test_score.len()
                    && trained.all(is_whole))
    }
}

/// For each candidate the mean of its scores over the folds, and `√(Σ (s - mean)² / folds)`.
fn moments(splits: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let (k, candidates) = (splits.len() as f64, splits.first().map_or(0, Vec::len));
    let of = |candidate: usize| {
        let scores = || splits.iter().map(move |scores| scores[candidate]);
        let mean = scores().sum::<f64>() / k;
        let variance = scores().map(|score| (score - mean).powi(2)).sum::<f64>() / k;
        (mean, variance.sqrt())
    };
    (0..candidates).map(of).unzip()
}

/// For each score 1 and how many are better; all numbers are better than NaN.
fn ranks(scores: &[f64]) -> Vec<usize> {
    let better = |a: f64, b: f64| a > b || b.is_nan() && !a.is_nan();
    let rank = |&score: &f64| 1 + scores.iter().filter(|&&other| better(other, score)).count();
    scores.iter().map(rank).collect()
}

fn split_name(fold: usize, part: &str) -> String {
    format!("split{fold}_{part}_score")
}

impl Parameter for CvResults {
    fn value(&self) -> Value {
        let mut all = Map::new();
        all.insert("params".to_owned(), self.params.value());
        all.insert("rank_test_score".to_owned(), self.rank_test_score.value());
        for (part, splits, mean, std) in [
            (
                "test",
                &self.split_test_score,
                &self.mean_test_score,
                &self.std_test_score,
            ),
            (
                "train",
                &self.split_train_score,
                &self.mean_train_score,
                &self.std_train_score,
            ),
        ] {
            if splits.is_empty() {
                continue;
            }
            for (fold, scores) in splits.iter().enumerate() {
                all.insert(split_name(fold, part), scores.value());
            }
            all.insert(format!("mean_{part}_score"), mean.value());
            all.insert(format!("std_{part}_score"), std.value());
        }
        Value::Object(all)
    }

    fn read(value: &Value) -> Result<Self, String> {
        let mut all = value.as_object().ok_or("it is no table")?.clone();
        let mut scores = |name: &str| all.remove(name).map(|value| Vec::read(&value)).transpose();
        let mut splits = |part: &str| -> Result<Vec<Vec<f64>>, String> {
            let mut splits = Vec::new();
            while let Some(split) = scores(&split_name(splits.len(), part))? {
                splits.push(split);
            }
            Ok(splits)
        };
        let (split_test_score, split_train_score) = (splits("test")?, splits("train")?);
        let mut list = |name: &str| Ok::<_, String>(scores(name)?.unwrap_or_default());
        let results = Self {
            split_test_score,
            mean_test_score: list("mean_test_score")?,
            std_test_score: list("std_test_score")?,
            split_train_score,
            mean_train_score: list("mean_train_score")?,
            std_train_score: list("std_train_score")?,
            params: Vec::read(&all.remove("params").unwrap_or_default())?,
            rank_test_score: Vec::read(&all.remove("rank_test_score").unwrap_or_default())?,
        };
        match all.keys().next() {
            Some(name) => Err(format!("there is no {name:?}")),
            None => Ok(results),
        }
    }
}
