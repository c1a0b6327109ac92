//! Least squares with coefficients that are not negative.

use array_api_spec::{Error, Result};

use super::least_squares::by_cholesky;
use crate::host::{HostMatrix, matrix};

/// The least element on the diagonal of a Cholesky factor of columns of length 1, at which a column counts as one that depends on others.
const DEPENDENT: f64 = 1e-7;

/// Tries for each column, at most. A search takes one or two; rounding errors alone could make it go in circles.
const TRIES: usize = 30;

/// `β ≥ 0 (p,)` that minimises `|A β - b|²`, from `AᵀA (p, p)` and `Aᵀb (p,)`.
///
/// Columns join one after the other, always the one along which the error falls steepest. Those whose coefficients would become negative leave again.
///
/// Source: C. Lawson, R. Hanson, "Solving Least Squares Problems" (1974), chapter 23.
///
/// NaN where a product is not finite, so that this shows.
///
/// # Errors
/// No convergence; no room.
pub(super) fn non_negative(gram: &HostMatrix, right: &[f64]) -> Result<Vec<f64>> {
    let p = right.len();
    let gram: Vec<f64> = gram.to_vec()?;
    if !gram.iter().chain(right).all(|product| product.is_finite()) {
        return Ok(vec![f64::NAN; p]);
    }
    let length = |j: usize| match gram[j * p + j].sqrt() {
        0.0 => 1.0,
        length => length,
    };
    let lengths: Vec<f64> = (0..p).map(length).collect();
    let unit = |(at, product): (usize, &f64)| product / lengths[at / p] / lengths[at % p];
    let mut search = Search {
        gram: gram.iter().enumerate().map(unit).collect(),
        right: right.iter().zip(&lengths).map(|(c, l)| c / l).collect(),
        beta: vec![0.0; p],
        taken: Vec::new(),
        barred: vec![false; p],
    };
    search.run()?;
    Ok(search
        .beta
        .iter()
        .zip(&lengths)
        .map(|(b, l)| b / l)
        .collect())
}

/// A search, for columns of length 1.
struct Search {
    /// `(p, p)`: AᵀA.
    gram: Vec<f64>,
    /// `(p,)`: Aᵀb.
    right: Vec<f64>,
    /// `(p,)`: 0 for columns that are not taken.
    beta: Vec<f64>,
    /// The columns whose coefficients are free.
    taken: Vec<usize>,
    /// `(p,)`: columns that depend on those taken, as far as rounding errors let see.
    barred: Vec<bool>,
}

impl Search {
    fn run(&mut self) -> Result<()> {
        let p = self.right.len();
        let largest = self.right.iter().fold(0.0, |m: f64, c| m.max(c.abs()));
        let flat = 10.0 * f64::EPSILON * p as f64 * largest;
        for _ in 0..TRIES * p {
            let slopes = (0..p)
                .filter(|j| !self.barred[*j] && !self.taken.contains(j))
                .map(|j| (j, self.slope(j)));
            let steepest = slopes.max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((column, _)) = steepest.filter(|(_, slope)| *slope > flat) else {
                return Ok(());
            };
            self.taken.push(column);
            match self.best()? {
                Some(best) if best.last().is_some_and(|b| *b > 0.0) => {
                    self.go_to(best)?;
                    self.barred.fill(false);
                }
                _ => {
                    self.taken.pop();
                    self.barred[column] = true;
                }
            }
        }
        let detail =
            "the search for coefficients that are not negative did not end; scale the features";
        Err(Error::linear_algebra("fit", detail))
    }

    /// Half of how fast the squared error falls with the coefficient of a column: `(Aᵀ (b - A β))_j`.
    fn slope(&self, column: usize) -> f64 {
        let row = &self.gram[column * self.right.len()..];
        let along = self.taken.iter().map(|&k| row[k] * self.beta[k]);
        self.right[column] - along.sum::<f64>()
    }

    /// The coefficients of the columns taken at which the squared error is least; `None` if a column depends on others.
    fn best(&self) -> Result<Option<Vec<f64>>> {
        let (p, k) = (self.right.len(), self.taken.len());
        let pairs = self
            .taken
            .iter()
            .flat_map(|&i| self.taken.iter().map(move |&j| (i, j)));
        let gram: Vec<f64> = pairs.map(|(i, j)| self.gram[i * p + j]).collect();
        let right: Vec<f64> = self.taken.iter().map(|&i| self.right[i]).collect();
        let found = by_cholesky(
            &matrix(&gram, &[k, k])?,
            &matrix(&right, &[k, 1])?,
            DEPENDENT,
        )?;
        found.map(|found| found.to_vec()).transpose()
    }

    /// Goes to the best coefficients; where one would become negative on the way, its column leaves, and the way goes on to the best of the others.
    fn go_to(&mut self, mut best: Vec<f64>) -> Result<()> {
        while best.iter().any(|b| *b <= 0.0) {
            let steps = self
                .taken
                .iter()
                .zip(&best)
                .filter(|(_, best)| **best <= 0.0);
            let steps = steps.map(|(&j, best)| self.beta[j] / (self.beta[j] - best));
            let step = steps.fold(1.0, f64::min);
            let mut stays = Vec::with_capacity(best.len());
            for (&j, best) in self.taken.iter().zip(&best) {
                let moved = self.beta[j] + step * (best - self.beta[j]);
                let stop = *best <= 0.0 && self.beta[j] / (self.beta[j] - best) <= step;
                self.beta[j] = if stop { 0.0 } else { moved.max(0.0) };
                stays.push(!stop);
            }
            let mut stays = stays.into_iter();
            self.taken.retain(|_| stays.next().unwrap_or(true));
            // Fewer columns depend on each other no more than all of them.
            best = self.best()?.unwrap_or_default();
        }
        for (&j, best) in self.taken.iter().zip(&best) {
            self.beta[j] = *best;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The conditions of Karush, Kuhn and Tucker: slopes are 0 where coefficients are positive, and not positive where they are 0.
    #[test]
    fn no_step_makes_the_error_smaller() {
        let (n, p) = (40, 12);
        let number = |i: usize| ((i * 7919 + i * i * 31) % 1009) as f64 / 504.0 - 1.0;
        for seed in 0..50 {
            let a: Vec<f64> = (0..n * p)
                .map(|i| number(i + seed * 997) * 10_f64.powi((i % p) as i32 % 5))
                .collect();
            let b: Vec<f64> = (0..n).map(|i| number(i * 3 + seed)).collect();
            let dot = |i: usize, j: usize| (0..n).map(|r| a[r * p + i] * a[r * p + j]).sum::<f64>();
            let gram: Vec<f64> = (0..p * p).map(|at| dot(at / p, at % p)).collect();
            let right: Vec<f64> = (0..p)
                .map(|j| (0..n).map(|r| a[r * p + j] * b[r]).sum())
                .collect();
            let beta =
                non_negative(&matrix(&gram, &[p, p]).expect("room"), &right).expect("an end");
            assert!(beta.iter().any(|b| *b > 0.0) && beta.contains(&0.0));
            for j in 0..p {
                let slope = right[j] - (0..p).map(|k| gram[j * p + k] * beta[k]).sum::<f64>();
                let scaled = slope / gram[j * p + j].sqrt();
                assert!(beta[j] >= 0.0 && scaled < 1e-9, "{j}: {scaled}");
                assert!(beta[j] == 0.0 || scaled > -1e-9, "{j}: {scaled}");
            }
        }
    }

    #[test]
    fn equal_columns_and_columns_of_zeros_do_no_harm() {
        let gram = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        let beta = non_negative(&matrix(&gram, &[3, 3]).expect("room"), &[2.0, 2.0, 0.0]);
        let beta = beta.expect("an end");
        assert!(
            (beta[0] + beta[1] - 2.0).abs() < 1e-12 && beta[2] == 0.0,
            "{beta:?}"
        );
    }
}
