//! Merges the moments of two sets of rows.
//!
//! Let a and b be the weights of the two sets, w = a + b, and δ the difference of their means. The mean of all rows is
//! `mean_a + δ b / w`, and their scatter is `S_a + S_b + (a b / w) δ δᵀ`. So the scatter gets δ √(a b / w) as one more
//! row.
//!
//! Source: T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979); for the factors, J. Demmel, L. Grigori,
//! M. Hoemmen, J. Langou, "Communication-optimal parallel and sequential QR and LU factorizations" (2012).

use super::{Moments, Scatter};
use crate::{Error, Result};

impl Moments {
    /// The moments of the rows of both, in any order. They equal those of all rows at once, up to rounding.
    ///
    /// # Errors
    /// Another number of columns or groups, or another kind of scatter.
    pub fn merge(&self, other: &Self) -> Result<Self> {
        self.check_alike(other)?;
        let (means, joining) = self.join_means(other);
        let weights = self.weights.iter().zip(&other.weights);
        Ok(Self {
            rows: self.rows + other.rows,
            features: self.features,
            weights: weights.map(|(a, b)| a + b).collect(),
            means,
            pooled: self.pooled,
            scatter: self.join_scatter(other, &joining),
        })
    }

    /// Combines the moments of single groups into the moments of all groups, with a scatter of each.
    ///
    /// # Errors
    /// No moments; other numbers of columns, or other kinds of scatter; a scatter of several groups together.
    pub fn side_by_side(parts: Vec<Self>) -> Result<Self> {
        const FUNCTION: &str = "side_by_side";
        let mut parts = parts.into_iter();
        let Some(mut all) = parts.next() else {
            return Err(Error::value(FUNCTION, "there are no moments"));
        };
        all.pooled &= all.weights.len() > 1;
        for mut part in parts {
            part.pooled &= part.weights.len() > 1;
            all.check_kind(FUNCTION, &part)?;
            all.rows += part.rows;
            all.weights.extend(part.weights);
            all.means.extend(part.means);
            match (&mut all.scatter, part.scatter) {
                (Scatter::Diagonal(all), Scatter::Diagonal(squares)) => all.extend(squares),
                (
                    Scatter::Gram { values, error },
                    Scatter::Gram {
                        values: more,
                        error: other,
                    },
                ) => {
                    values.extend(more);
                    *error = error.max(other);
                }
                (Scatter::Factor(all), Scatter::Factor(factors)) => all.extend(factors),
                _ => unreachable!("both are of one kind"),
            }
        }
        if all.pooled {
            let detail = "a scatter of several groups together is not one of each";
            return Err(Error::value(FUNCTION, detail));
        }
        Ok(all)
    }

    fn check_alike(&self, other: &Self) -> Result<()> {
        let (a, b) = (self.weights.len(), other.weights.len());
        if a != b {
            let detail = format!(
                "the numbers of groups differ, {a} and {b}; only moments of rows of one table merge"
            );
            return Err(Error::value("merge", detail));
        }
        self.check_kind("merge", other)
    }

    /// # Errors
    /// Another number of columns, or another kind of scatter.
    fn check_kind(&self, function: &'static str, other: &Self) -> Result<()> {
        let (a, b) = (self.features, other.features);
        if a != b {
            let detail = format!("the numbers of columns differ: {a} and {b}");
            return Err(Error::value(function, detail));
        }
        let kind = |m: &Self| {
            let kind = match m.scatter {
                Scatter::Diagonal(_) => "Diagonal",
                Scatter::Gram { .. } => "Gram",
                Scatter::Factor(_) => "Factor",
            };
            let whose = if m.pooled {
                "all groups together"
            } else {
                "each group"
            };
            format!("{kind} of {whose}")
        };
        let (a, b) = (kind(self), kind(other));
        if a != b {
            let detail = format!("the kinds of scatter differ: {a}, and {b}");
            return Err(Error::value(function, detail));
        }
        Ok(())
    }

    /// The means of both together, and `(k, p)` the rows `δ √(a b / w)` that are added to the scatter.
    fn join_means(&self, other: &Self) -> (Vec<f64>, Vec<f64>) {
        let p = self.features;
        let mut means = self.means.clone();
        let mut joining = vec![0.0; means.len()];
        for (g, (&a, &b)) in self.weights.iter().zip(&other.weights).enumerate() {
            let rows = g * p..(g + 1) * p;
            let theirs = &other.means[rows.clone()];
            if b == 0.0 {
                continue;
            }
            if a == 0.0 {
                means[rows].copy_from_slice(theirs);
                continue;
            }
            let share = b / (a + b);
            let root = (a * share).sqrt();
            let both = means[rows.clone()].iter_mut().zip(&mut joining[rows]);
            for ((mean, joining), theirs) in both.zip(theirs) {
                let delta = theirs - *mean;
                *mean += delta * share;
                *joining = delta * root;
            }
        }
        (means, joining)
    }

    fn join_scatter(&self, other: &Self, joining: &[f64]) -> Scatter {
        let p = self.features;
        // The rows that are added to each scatter.
        let width = if self.pooled { joining.len() } else { p };
        let mut sum = match (&self.scatter, &other.scatter) {
            (Scatter::Diagonal(a), Scatter::Diagonal(b)) => Scatter::Diagonal(add(a, b)),
            (
                Scatter::Gram { values: a, error },
                Scatter::Gram {
                    values: b,
                    error: other_error,
                },
            ) => Scatter::Gram {
                values: add(a, b),
                // By Cauchy and Schwarz, √(aᵢ aⱼ) + √(bᵢ bⱼ) is at most √((aᵢ + bᵢ)(aⱼ + bⱼ)), so errors relative to
                // these do not grow.
                error: error.max(*other_error).max(4.0 * f64::EPSILON),
            },
            (Scatter::Factor(a), Scatter::Factor(b)) => {
                let stacked = a.iter().zip(b).map(|(a, b)| [&a[..], b].concat());
                Scatter::Factor(stacked.collect())
            }
            _ => unreachable!("both are of one kind"),
        };
        sum.add_rows(joining.chunks_exact(width), p);
        sum
    }

    /// One scatter of all groups together, each about its own mean: that of [`Groups::pooled`](crate::Groups::pooled).
    ///
    /// ```
    /// use array_api_spec::{Groups, Scatter, Spread, reference};
    ///
    /// let xp = reference::namespace();
    /// let (x, codes) = (xp.asarray([[1.0], [3.0], [5.0], [9.0]])?, xp.asarray([0, 0, 1, 1])?);
    /// let each = xp.moments(&x, Some(Groups::each(&codes, 2)), None, Spread::Diagonal)?;
    /// assert_eq!(each.pool().scatter, Scatter::Diagonal(vec![10.0]));
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    #[must_use]
    pub fn pool(mut self) -> Self {
        let p = self.features;
        let sum = |values: &[f64], size: usize| {
            let mut sum = vec![0.0; size];
            for part in values.chunks_exact(size) {
                sum.iter_mut().zip(part).for_each(|(a, b)| *a += b);
            }
            sum
        };
        self.pooled = true;
        self.scatter = match self.scatter {
            Scatter::Diagonal(squares) => Scatter::Diagonal(sum(&squares, p)),
            Scatter::Gram { values, error } => Scatter::Gram {
                values: sum(&values, p * p),
                error,
            },
            Scatter::Factor(factors) => Scatter::Factor(vec![triangle(factors.concat(), p)]),
        };
        self
    }

    /// The moments of all rows together, about the mean of all.
    ///
    /// ```
    /// use array_api_spec::{Groups, Scatter, Spread, reference};
    ///
    /// let xp = reference::namespace();
    /// let (x, codes) = (xp.asarray([[1.0], [3.0], [5.0], [7.0]])?, xp.asarray([0, 0, 1, 1])?);
    /// let all = xp.moments(&x, Some(Groups::each(&codes, 2)), None, Spread::Diagonal)?.together();
    /// assert_eq!((&all.means[..], all.scatter), (&[4.0][..], Scatter::Diagonal(vec![20.0])));
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    #[must_use]
    pub fn together(self) -> Self {
        let p = self.features;
        let mut all = self.pool();
        let (mut weight, mut mean) = (0.0, vec![f64::NAN; p]);
        let mut joining = Vec::with_capacity(all.means.len());
        for (&more, theirs) in all.weights.iter().zip(all.means.chunks_exact(p)) {
            if more == 0.0 {
                continue;
            }
            if weight == 0.0 {
                mean.copy_from_slice(theirs);
            } else {
                let share = more / (weight + more);
                let root = (weight * share).sqrt();
                for (mean, theirs) in mean.iter_mut().zip(theirs) {
                    let delta = theirs - *mean;
                    *mean += delta * share;
                    joining.push(delta * root);
                }
            }
            weight += more;
        }
        all.scatter.add_rows(std::iter::once(&joining[..]), p);
        all.weights = vec![weight];
        all.means = mean;
        all
    }

    /// The same moments among those of `count` groups: group i becomes group `places[i]`, and the others have no rows.
    ///
    /// # Errors
    /// Not one place for each group; two groups in one place; a place behind the last.
    pub fn among(&self, count: usize, places: &[usize]) -> Result<Self> {
        let (k, p) = (self.weights.len(), self.features);
        let mut source = vec![None; count];
        for (group, &place) in places.iter().enumerate() {
            match source.get_mut(place) {
                Some(free @ None) => *free = Some(group),
                _ => return Err(misplaced(k, count)),
            }
        }
        if places.len() != k {
            return Err(misplaced(k, count));
        }
        let placed = |values: &[f64], size: usize, none: f64| -> Vec<f64> {
            let part = |group: &Option<usize>| match group {
                Some(group) => values[group * size..][..size].to_vec(),
                None => vec![none; size],
            };
            source.iter().flat_map(part).collect()
        };
        Ok(Self {
            rows: self.rows,
            features: p,
            weights: placed(&self.weights, 1, 0.0),
            means: placed(&self.means, p, f64::NAN),
            pooled: self.pooled,
            scatter: match &self.scatter {
                scatter if self.pooled => scatter.clone(),
                Scatter::Diagonal(squares) => Scatter::Diagonal(placed(squares, p, 0.0)),
                Scatter::Gram { values, error } => Scatter::Gram {
                    values: placed(values, p * p, 0.0),
                    error: *error,
                },
                Scatter::Factor(factors) => {
                    let factor = |group: &Option<usize>| group.map(|g| factors[g].clone());
                    Scatter::Factor(
                        source
                            .iter()
                            .map(|g| factor(g).unwrap_or_default())
                            .collect(),
                    )
                }
            },
        })
    }
}

fn misplaced(groups: usize, count: usize) -> Error {
    let detail = format!("{groups} groups need {groups} different places among {count}");
    Error::value("among", detail)
}

impl Scatter {
    /// Adds the outer products of rows z, `z zᵀ`: for each matrix some rows `(m, p)`.
    fn add_rows<'a>(&mut self, rows: impl Iterator<Item = &'a [f64]>, p: usize) {
        match self {
            Self::Diagonal(squares) => {
                for (squares, rows) in squares.chunks_exact_mut(p).zip(rows) {
                    for row in rows.chunks_exact(p) {
                        squares.iter_mut().zip(row).for_each(|(s, z)| *s += z * z);
                    }
                }
            }
            Self::Gram { values, .. } => {
                for (gram, rows) in values.chunks_exact_mut(p * p).zip(rows) {
                    for row in rows.chunks_exact(p) {
                        for (line, y) in gram.chunks_exact_mut(p).zip(row) {
                            line.iter_mut().zip(row).for_each(|(s, z)| *s += y * z);
                        }
                    }
                }
            }
            Self::Factor(factors) => {
                for (factor, rows) in factors.iter_mut().zip(rows) {
                    // Rows of zeros change nothing.
                    let rows = rows.chunks_exact(p);
                    rows.filter(|row| row.iter().any(|&z| z != 0.0))
                        .for_each(|row| factor.extend(row));
                    *factor = triangle(std::mem::take(factor), p);
                }
            }
        }
    }
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// At most p rows that have the same Gram matrix as the rows `(m, p)`: these rows themselves, or R of their QR
/// factorisation by Householder reflections.
///
/// A reflection `I - β v vᵀ` makes column j zero below row j. v is that column, with ± its norm ν added to its first
/// element x, and `β = 1 / (ν (ν + |x|))`.
fn triangle(mut rows: Vec<f64>, p: usize) -> Vec<f64> {
    if rows.len() <= p * p {
        return rows;
    }
    // Columns are scaled by powers of two, so that squares neither overflow nor underflow, and nothing is rounded.
    let units: Vec<f64> = largest(&rows, p).into_iter().map(power_of_two).collect();
    let scale = |rows: &mut [f64], by: &dyn Fn(f64, f64) -> f64| {
        for row in rows.chunks_exact_mut(p) {
            row.iter_mut()
                .zip(&units)
                .for_each(|(x, &u)| *x = by(*x, u));
        }
    };
    scale(&mut rows, &|x, unit| x / unit);
    let mut sums = vec![0.0; p];
    for j in 0..p {
        let below = &mut rows[j * p..];
        let norm = below
            .iter()
            .skip(j)
            .step_by(p)
            .map(|x| x * x)
            .sum::<f64>()
            .sqrt();
        if norm == 0.0 {
            continue;
        }
        let first = below[j];
        let beta = 1.0 / (norm * (norm + first.abs()));
        below[j] = first + norm.copysign(first);
        let sums = &mut sums[j + 1..];
        sums.fill(0.0);
        for row in below.chunks_exact(p).filter(|row| row[j] != 0.0) {
            let v = row[j];
            sums.iter_mut()
                .zip(&row[j + 1..])
                .for_each(|(s, x)| *s += v * x);
        }
        for row in below.chunks_exact_mut(p).filter(|row| row[j] != 0.0) {
            let v = row[j] * beta;
            row[j] = 0.0;
            row[j + 1..]
                .iter_mut()
                .zip(&*sums)
                .for_each(|(x, s)| *x -= v * s);
        }
        below[j] = -norm.copysign(first);
    }
    rows.truncate(p * p);
    scale(&mut rows, &|x, unit| x * unit);
    rows
}

/// The largest magnitude of each column of `rows (m, p)`; NaN if there is one.
fn largest(rows: &[f64], p: usize) -> Vec<f64> {
    let mut largest = vec![0.0_f64; p];
    for row in rows.chunks_exact(p) {
        for (most, x) in largest.iter_mut().zip(row) {
            if !most.is_nan() && (x.is_nan() || x.abs() > *most) {
                *most = x.abs();
            }
        }
    }
    largest
}

/// The power of two of a positive number; 1 for others.
fn power_of_two(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff << 52;
    if x == 0.0 || !x.is_finite() {
        return 1.0;
    }
    f64::from_bits(x.to_bits() & EXPONENT).max(f64::MIN_POSITIVE)
}

/// The Euclidean norm of each column of `rows (m, p)`.
pub(super) fn column_norms(rows: &[f64], p: usize) -> Vec<f64> {
    let units: Vec<f64> = largest(rows, p).into_iter().map(power_of_two).collect();
    let mut squares = vec![0.0; p];
    for row in rows.chunks_exact(p) {
        for ((sum, x), unit) in squares.iter_mut().zip(row).zip(&units) {
            *sum += (x / unit) * (x / unit);
        }
    }
    squares
        .iter()
        .zip(&units)
        .map(|(s, unit)| s.sqrt() * unit)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_triangle_has_the_gram_matrix_of_its_rows() {
        for scale in [1.0, 1e-200, 1e200] {
            // Row 2 repeats row 0, and column 1 is 0.
            let rows: Vec<f64> = [
                [3.0, 0.0, 1.0],
                [1.0, 0.0, 5.0],
                [3.0, 0.0, 1.0],
                [0.5, 0.0, 0.0],
            ]
            .concat();
            let scaled = rows.iter().map(|x| x * scale).collect();
            let r = triangle(scaled, 3);
            assert_eq!(r.len(), 9);
            for i in 0..3 {
                assert!((0..i).all(|j| r[i * 3 + j] == 0.0));
                for j in 0..3 {
                    let dot = |rows: &[f64], unit: f64| -> f64 {
                        let rows = rows.chunks_exact(3);
                        rows.map(|row| row[i] / unit * (row[j] / unit)).sum()
                    };
                    assert!((dot(&r, scale) - dot(&rows, 1.0)).abs() < 1e-14);
                }
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        for bad in [f64::NAN, f64::INFINITY] {
            let r = triangle(vec![1.0, 2.0, 3.0, bad, 5.0, 6.0], 2);
            assert!(!r[1].is_finite() && !r[3].is_finite(), "{r:?}");
            assert!(!column_norms(&r, 2)[1].is_finite());
        }
    }

    /// Four rows in three groups, the last of them empty.
    fn grouped(spread: crate::Spread, pooled: bool) -> Moments {
        let xp = crate::reference::namespace();
        let rows = [[1.0, 2.0], [3.0, 1.0], [-4.0, 8.0], [0.5, 7.0]];
        let (x, codes) = (xp.asarray(rows), xp.asarray([1, 0, 1, 0]));
        let codes = codes.expect("room");
        let groups = if pooled {
            crate::Groups::pooled(&codes, 3)
        } else {
            crate::Groups::each(&codes, 3)
        };
        xp.moments(&x.expect("room"), Some(groups), None, spread)
            .expect("they fit")
    }

    /// The scatter as Gram matrices or diagonals.
    fn products(moments: &Moments) -> Vec<f64> {
        let p = moments.features;
        let gram = |factor: &Vec<f64>| {
            let at = |i: usize, j: usize| factor.chunks_exact(p).map(|row| row[i] * row[j]).sum();
            (0..p * p).map(|e| at(e / p, e % p)).collect::<Vec<f64>>()
        };
        match &moments.scatter {
            Scatter::Diagonal(values) | Scatter::Gram { values, .. } => values.clone(),
            Scatter::Factor(factors) => factors.iter().flat_map(gram).collect(),
        }
    }

    fn assert_near(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        assert!(
            a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12),
            "{a:?} {b:?}"
        );
    }

    #[test]
    fn groups_are_pooled_put_together_and_placed() {
        use crate::Spread::{Diagonal, Factor, Gram};
        for spread in [Diagonal, Gram, Factor] {
            let (each, pooled) = (grouped(spread, false), grouped(spread, true));
            let made = each.clone().pool();
            assert!(made.pooled);
            assert_near(&products(&made), &products(&pooled));

            // [1 2], [3 1], [-4 8], [0.5 7] about their mean [0.125 4.5].
            let expected: &[f64] = match spread {
                Diagonal => &[26.1875, 37.0],
                Gram | Factor => &[26.1875, -25.75, -25.75, 37.0],
            };
            for all in [each.clone().together(), pooled.clone().together()] {
                assert_eq!((all.rows, &all.weights[..]), (4, &[4.0][..]));
                assert_near(&all.means, &[0.125, 4.5]);
                assert_near(&products(&all), expected);
            }

            for moments in [&each, &pooled] {
                let placed = moments.among(4, &[3, 0, 1]).expect("they fit");
                assert_eq!(placed.weights, [2.0, 0.0, 0.0, 2.0]);
                assert_near(&placed.means[6..], &moments.means[..2]);
                assert_near(&products(&placed.clone().pool()), &products(&pooled));
                // Merging with the moments of no rows changes nothing: all matrices have their sizes.
                let none = Moments {
                    rows: 0,
                    weights: vec![0.0; 4],
                    ..placed.clone()
                };
                assert!(placed.merge(&none).is_ok());
                for bad in [&[0, 1][..], &[0, 1, 1], &[0, 1, 4]] {
                    assert!(moments.among(4, bad).is_err(), "{bad:?}");
                }
            }
        }
    }

    #[test]
    fn powers_of_two() {
        assert_eq!(power_of_two(5.9), 4.0);
        assert_eq!(power_of_two(f64::from_bits(1)), f64::MIN_POSITIVE);
        assert_eq!([0.0, f64::NAN, f64::INFINITY].map(power_of_two), [1.0; 3]);
    }
}
