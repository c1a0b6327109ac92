//! Counts, means and scatter of rows. Estimators are computed from these statistics, and statistics of two sets of rows
//! can be merged.

mod compose;
mod merge;

use crate::{
    Array, Backend, Error, Namespace, Result, Strided, backend::MomentsPlan, memory, shape::size,
};

/// The group of each row, for [`Namespace::moments`].
#[derive(Debug)]
pub struct Groups<'a, B: Backend> {
    codes: &'a Array<B>,
    count: usize,
    pooled: bool,
}

impl<B: Backend> Copy for Groups<'_, B> {}

impl<B: Backend> Clone for Groups<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, B: Backend> Groups<'a, B> {
    /// One scatter for all rows together, each about the mean of its own group. `codes (n,)` holds integers from 0 to `count - 1`.
    #[must_use]
    pub const fn pooled(codes: &'a Array<B>, count: usize) -> Self {
        Self {
            codes,
            count,
            pooled: true,
        }
    }

    /// A scatter for each group. `codes (n,)` holds integers from 0 to `count - 1`.
    #[must_use]
    pub const fn each(codes: &'a Array<B>, count: usize) -> Self {
        Self {
            codes,
            count,
            pooled: false,
        }
    }
}

/// How much of the scatter is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spread {
    /// The sum of squares of each column, which variances need.
    Diagonal,
    /// The matrix of all columns' products. It squares the condition number: directions that vary by less than √ε of
    /// the others are lost in rounding errors.
    Gram,
    /// A triangular factor of that matrix, computed without it. It keeps every direction, and costs about four times as
    /// much.
    Factor,
}

/// The scatter about the means: Σ w z zᵀ over the rows, where w is the row's weight and z is the row minus the mean of
/// its group.
#[derive(Clone, Debug, PartialEq)]
pub enum Scatter {
    /// `(p,)`, or `(k, p)` for each group: the diagonal of the scatter.
    Diagonal(Vec<f64>),
    /// `(p, p)`, or `(k, p, p)` for each group: the symmetric matrix.
    Gram {
        /// The elements in row-major order.
        values: Vec<f64>,
        /// The largest error of an element, relative to √(dᵢ dⱼ), where dᵢ and dⱼ are the diagonal elements in its row
        /// and its column.
        error: f64,
    },
    /// `(r, p)`, once, or once for each group: F with `Fᵀ F` equal to the scatter, and r at most p.
    Factor(Vec<Vec<f64>>),
}

/// Counts, means and scatter of rows `x (n, p)` in k groups, in double precision on the host; [`Namespace::moments`] computes them.
///
/// [`merge`](Self::merge) combines those of two sets of rows into those of all rows. All arrays are in row-major order.
///
/// ```
/// use array_api_spec::{Scatter, Spread, reference};
///
/// let xp = reference::namespace();
/// let (first, second) = (xp.asarray([[1.0], [2.0]])?, xp.asarray([[6.0]])?);
/// let seen = xp.moments(&first, None, None, Spread::Diagonal)?;
/// let seen = seen.merge(&xp.moments(&second, None, None, Spread::Diagonal)?)?;
/// assert_eq!((seen.rows, &seen.means[..]), (3, &[3.0][..]));
/// assert_eq!(seen.scatter, Scatter::Diagonal(vec![14.0]));
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// n, the number of rows.
    pub rows: usize,
    /// p, the number of columns.
    pub features: usize,
    /// `(k,)`: the sum of the weights of each group's rows; without weights, their number.
    pub weights: Vec<f64>,
    /// `(k, p)`: the mean of each group; NaN for a group whose weight is 0.
    pub means: Vec<f64>,
    /// True if `scatter` is one for all groups together, false if it is one for each.
    pub pooled: bool,
    /// The scatter of the rows about the means of their groups.
    pub scatter: Scatter,
}

impl Moments {
    /// The moments of no rows. Merging them with others changes nothing.
    #[must_use]
    pub fn none(features: usize, plan: MomentsPlan) -> Self {
        let (k, p) = (plan.groups, features);
        let matrices = if plan.pooled { 1 } else { k };
        Self {
            rows: 0,
            features,
            weights: vec![0.0; k],
            means: vec![f64::NAN; k * p],
            pooled: plan.pooled,
            scatter: match plan.spread {
                Spread::Diagonal => Scatter::Diagonal(vec![0.0; matrices * p]),
                Spread::Gram => Scatter::Gram {
                    values: vec![0.0; matrices * p * p],
                    error: 0.0,
                },
                Spread::Factor => Scatter::Factor(vec![Vec::new(); matrices]),
            },
        }
    }

    /// The weight of each scatter: that of all rows, or `(k,)` that of each group.
    fn scatter_weights(&self) -> Vec<f64> {
        if self.pooled {
            vec![self.weights.iter().sum()]
        } else {
            self.weights.clone()
        }
    }

    /// The population standard deviation of each column about the means, √(dᵢ / Σw): `(p,)`, or `(k, p)` for a scatter
    /// of each group. NaN if the weight is 0.
    #[must_use]
    pub fn deviations(&self) -> Vec<f64> {
        let p = self.features;
        let norms: Vec<f64> = match &self.scatter {
            Scatter::Diagonal(squares) => squares.iter().map(|s| s.sqrt()).collect(),
            Scatter::Gram { values, .. } => values
                .chunks_exact(p * p)
                .flat_map(|gram| gram.iter().step_by(p + 1))
                .map(|s| s.sqrt())
                .collect(),
            Scatter::Factor(factors) => factors
                .iter()
                .flat_map(|factor| merge::column_norms(factor, p))
                .collect(),
        };
        let roots: Vec<f64> = self.scatter_weights().iter().map(|w| w.sqrt()).collect();
        let norms = norms.into_iter().enumerate();
        norms.map(|(at, norm)| norm / roots[at / p]).collect()
    }

    /// The numbers that columns are divided by to give them variance 1: the [`deviations`](Self::deviations), but 1 for
    /// a constant column.
    #[must_use]
    pub fn divisors(&self) -> Vec<f64> {
        let one_for_none = |s: f64| if s == 0.0 { 1.0 } else { s };
        self.deviations().into_iter().map(one_for_none).collect()
    }
}

impl<B: Backend> Namespace<B> {
    /// Counts, means and scatter of the rows of `x (n, p)`, for all rows or by group, with weights or without.
    ///
    /// x is real floating-point. `weights (n,)` are real numbers of at least 0; a weight of 2 counts as two equal rows,
    /// one of 0 as none. The result is in double precision on the host, where it can be [merged](Moments::merge) with
    /// that of other rows; x stays on its device unless [`path`](Self::path) says otherwise. NaN or infinite values in
    /// a column, or a negative weight, give results that are not finite.
    ///
    /// ```
    /// use array_api_spec::{Groups, Scatter, Spread, reference};
    ///
    /// let xp = reference::namespace();
    /// let x = xp.asarray([[1.0, 0.0], [3.0, 2.0], [5.0, 7.0]])?;
    /// let moments = xp.moments(&x, Some(Groups::pooled(&xp.asarray([0, 0, 1])?, 2)), None, Spread::Gram)?;
    /// assert_eq!(moments.weights, [2.0, 1.0]);
    /// assert_eq!(moments.means, [2.0, 1.0, 5.0, 7.0]);
    /// assert!(matches!(moments.scatter, Scatter::Gram { values, .. } if values == [2.0; 4]));
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// Source: T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample variance" (1983).
    ///
    /// # Errors
    /// Shapes or dtypes that do not fit; no columns; groups outside of their range; another device; no memory on the
    /// host for means and scatter.
    pub fn moments(
        &self,
        x: &Array<B>,
        groups: Option<Groups<'_, B>>,
        weights: Option<&Array<B>>,
        spread: Spread,
    ) -> Result<Moments> {
        self.moments_of(&[x], groups, weights, spread)
    }

    /// As [`moments`](Self::moments), of the rows of several tables `(n, pᵢ)` of one dtype, whose columns stand side by side. The CPU reads them where they are; on other
    /// devices, one table is made of them.
    ///
    /// ```
    /// use array_api_spec::{Spread, reference};
    ///
    /// let xp = reference::namespace();
    /// let (x, y) = (xp.asarray([[1.0], [3.0]])?, xp.asarray([[2.0], [8.0]])?);
    /// assert_eq!(xp.moments_of(&[&x, &y], None, None, Spread::Gram)?.means, [2.0, 5.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`moments`](Self::moments); no tables, or tables that do not fit each other.
    pub fn moments_of(
        &self,
        tables: &[&Array<B>],
        groups: Option<Groups<'_, B>>,
        weights: Option<&Array<B>>,
        spread: Spread,
    ) -> Result<Moments> {
        let plan = MomentsPlan {
            groups: groups.map_or(1, |g| g.count),
            pooled: groups.is_none_or(|g| g.pooled),
            spread,
        };
        let (n, p) = check(tables, groups, weights, plan)?;
        if n == 0 {
            return Ok(Moments::none(p, plan));
        }
        let as_given = |array: &Array<B>, dtype| -> Result<Strided<B::Storage>> {
            self.astype(array, dtype).on(FUNCTION, self)?.evaluate(self)
        };
        let dtype = tables[0].dtype();
        let rows = tables.iter().map(|table| as_given(table, dtype));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let codes = groups
            .map(|g| as_given(g.codes, self.index_dtype()))
            .transpose()?;
        let weights = weights.map(|w| as_given(w, dtype)).transpose()?;
        let offered = self
            .backend()
            .moments(&rows, codes.as_ref(), weights.as_ref(), plan);
        let array = |x: Strided<B::Storage>| Array::new(self.clone(), x);
        let moments = match (offered, tables) {
            (Some(moments), _) => moments?,
            (None, [_]) => {
                let table = rows.into_iter().next().map(array);
                let x = table.ok_or_else(|| Error::value(FUNCTION, "there is no table"))?;
                compose::moments(&x, codes.map(array), weights.map(array), plan)?
            }
            (None, _) => {
                let one = self.concat(tables, Some(1))?;
                let weights = weights.map(array);
                return self.moments_of(&[&one], groups, weights.as_ref(), spread);
            }
        };
        if moments.rows == n {
            return Ok(moments);
        }
        let detail = format!(
            "{} of the {n} rows have a group outside of 0 to {}; there {} {}",
            n - moments.rows,
            plan.groups - 1,
            if plan.groups == 1 { "is" } else { "are" },
            if plan.groups == 1 {
                "1 group".to_owned()
            } else {
                format!("{} groups", plan.groups)
            },
        );
        Err(Error::value(FUNCTION, detail))
    }
}

const FUNCTION: &str = "moments";

/// n and p, the numbers of rows and of all columns.
///
/// # Errors
/// Shapes and dtypes that do not fit, no columns, no groups, no memory for the result.
fn check<B: Backend>(
    tables: &[&Array<B>],
    groups: Option<Groups<'_, B>>,
    weights: Option<&Array<B>>,
    plan: MomentsPlan,
) -> Result<(usize, usize)> {
    let shapes: Vec<&[usize]> = tables.iter().map(|table| table.shape()).collect();
    let (Some(x), Some(&&[n, _])) = (tables.first(), shapes.first()) else {
        return Err(Error::shape(
            FUNCTION,
            &shapes,
            "is not (n, p): one row for each sample, one column for each feature",
        ));
    };
    let mut p = 0_usize;
    for table in tables {
        let &[rows, columns] = table.shape() else {
            return Err(Error::shape(
                FUNCTION,
                &[table.shape()],
                "is not (n, p): one row for each sample, one column for each feature",
            ));
        };
        if rows != n {
            let detail = "do not fit: tables side by side have as many rows";
            return Err(Error::shape(FUNCTION, &shapes, detail));
        }
        if columns == 0 {
            return Err(Error::shape(FUNCTION, &[table.shape()], "has no columns"));
        }
        if !table.dtype().is_real_floating() || table.dtype() != x.dtype() {
            return Err(Error::dtype(
                FUNCTION,
                &tables.iter().map(|table| table.dtype()).collect::<Vec<_>>(),
                "real floating-point dtypes for x",
            ));
        }
        p = p.saturating_add(columns);
    }
    if let Some(groups) = groups {
        let codes = groups.codes;
        if *codes.shape() != [n] {
            let detail = "do not fit: there must be one group for each row, (n, p) and (n,)";
            return Err(Error::shape(FUNCTION, &[x.shape(), codes.shape()], detail));
        }
        if !codes.dtype().is_integer() {
            return Err(Error::dtype(
                FUNCTION,
                &[codes.dtype()],
                "integer dtypes for the groups",
            ));
        }
        if groups.count == 0 {
            return Err(Error::value(FUNCTION, "there must be at least 1 group"));
        }
    }
    if let Some(weights) = weights {
        if *weights.shape() != [n] {
            let detail = "do not fit: there must be one weight for each row, (n, p) and (n,)";
            return Err(Error::shape(
                FUNCTION,
                &[x.shape(), weights.shape()],
                detail,
            ));
        }
        if !(weights.dtype().is_real_floating() || weights.dtype().is_integer()) {
            return Err(Error::dtype(
                FUNCTION,
                &[weights.dtype()],
                "real dtypes for the weights",
            ));
        }
    }
    let matrices = if plan.pooled { 1 } else { plan.groups };
    let scatter = match plan.spread {
        Spread::Diagonal => size(&[matrices, p]),
        Spread::Gram => size(&[matrices, p, p]),
        Spread::Factor => size(&[matrices, n.min(p), p]),
    };
    let numbers = size(&[plan.groups, p]).saturating_add(scatter);
    memory::room(numbers.saturating_mul(size_of::<f64>()))?;
    Ok((n, p))
}
