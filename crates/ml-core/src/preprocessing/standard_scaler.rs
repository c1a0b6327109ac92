//! Columns of mean 0 and variance 1.

use array_api_spec::{DType, Expr, HostArray, Moments, Scatter, Spread};

use crate::{Parts, Statistics, frame::statistics, prelude::*, validation::too_large};

parameters! {
    /// Scales each column to mean 0 and variance 1. NaN is a missing value: it is left out in `fit`, and stays in `transform`.
    ///
    /// Parameters, defaults, attributes and formulas are those of
    /// [scikit-learn 1.9.1](https://scikit-learn.org/1.9/modules/generated/sklearn.preprocessing.StandardScaler.html).
    ///
    /// ```
    /// use ml_core::StandardScaler;
    ///
    /// let cpu = array_api_compat::cpu();
    /// let x = cpu.asarray([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])?;
    /// let scaler = StandardScaler::default().fit(&x)?;
    /// assert_eq!(scaler.mean_.as_ref().expect("with_mean").to_vec::<f64>()?, [0.5, 0.5]);
    /// assert_eq!(scaler.transform(&cpu.asarray([[2.0, 2.0]])?)?.to_vec::<f64>()?, [3.0, 3.0]);
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    pub struct StandardScaler {
        /// Whether the mean is subtracted.
        pub with_mean: bool = true,
        /// Whether columns are divided by their standard deviation.
        pub with_std: bool = true,
    }
}

attributes! {
    /// What the fit of [`StandardScaler`] computes, in `float64` where the device has it.
    pub struct StandardScalerAttributes<B> {
        /// `(p,)`: the mean of each column; `None` if neither mean nor deviation is asked for.
        pub mean_: Option<Array<B>> as "p" Any,
        /// `(p,)`: the population variance of each column, if `with_std`.
        pub var_: Option<Array<B>> as "p" Any,
        /// `(p,)`: what each column is divided by, if `with_std`: the standard deviation, 1 for columns that do not vary.
        pub scale_: Option<Array<B>> as "p" Any,
        /// How many samples were seen, or the sum of their weights: one number, or one for each column where NaN left different ones.
        pub n_samples_seen_: Vec<f64>,
    }
}

estimator! { unsupervised StandardScaler incremental { Transform, InverseTransform } }

/// What [`StandardScaler`] keeps of samples: of each column the count, the mean and the sum of squares about it.
#[derive(Clone, Debug)]
pub struct StandardScalerStatistics {
    /// Each column as a group of its own, whose values are rows of length 1.
    columns: Moments,
}

impl Statistics for StandardScalerStatistics {
    fn is_finite(&self) -> bool {
        statistics::is_finite(&self.columns)
    }

    fn merge(&self, other: &Self) -> Result<Self> {
        let columns = self.columns.merge(&other.columns)?;
        Ok(Self { columns })
    }

    fn store(&self, parts: &mut Parts<HostArray>) -> Result<()> {
        statistics::store(&self.columns, "", parts);
        Ok(())
    }

    fn take(parts: &mut Parts<HostArray>) -> Result<Self> {
        let columns = statistics::take("", parts)?;
        let is_diagonal = matches!(columns.scatter, Scatter::Diagonal(_));
        if columns.features != 1
            || columns.weights.len() != parts.n_features_in_
            || columns.pooled
            || !is_diagonal
        {
            return Err(parts
                .mistake("the statistics are not those of one column after the other".to_owned()));
        }
        Ok(Self { columns })
    }
}

impl Estimator for StandardScaler {
    type Attributes<B: Backend> = StandardScalerAttributes<B>;
    const SAMPLE_WEIGHT: bool = true;
    const NAN_IS_MISSING: bool = true;

    fn learn<B: Backend>(
        &self,
        data: &Data<B>,
        log: &mut Log<'_>,
    ) -> Result<StandardScalerAttributes<B>> {
        let statistics = self.statistics(data, log)?;
        if !statistics.is_finite() {
            data.refuse_non_finite("fit", true)?;
        }
        self.conclude(&statistics, &Place::of(data), log)
    }
}

impl Incremental for StandardScaler {
    type Statistics = StandardScalerStatistics;

    fn statistics<B: Backend>(
        &self,
        data: &Data<B>,
        _: &mut Log<'_>,
    ) -> Result<StandardScalerStatistics> {
        let (xp, p) = (data.namespace(), data.n_features());
        let all = xp.moments(&data.x, None, data.sample_weight.as_ref(), Spread::Diagonal)?;
        if statistics::is_finite(&all) {
            return Ok(by_column(
                all.rows,
                vec![all.weights[0]; p],
                all.means,
                diagonal(all.scatter),
            ));
        }
        // NaN somewhere: counts, means and squares of the values that are there, c = Σ w, m = Σ w x / c, Σ w (x - m)².
        let there = xp.logical_not(xp.isnan(&data.x)).eval()?;
        let weights = match &data.sample_weight {
            Some(weights) => xp.where_(&there, xp.expand_dims(weights, 1)?, 0.0),
            None => xp.astype(&there, data.x.dtype()),
        };
        let weights = weights.eval()?;
        let counts = xp.sum(&weights, 0)?;
        let means = (xp.sum(xp.where_(&there, &weights * &data.x, 0.0), 0)? / &counts).eval()?;
        let squares = xp.sum(
            xp.where_(&there, &weights * xp.square(&data.x - &means), 0.0),
            0,
        )?;
        Ok(by_column(
            data.n_samples(),
            counts.to_vec()?,
            means.to_vec()?,
            squares.to_vec()?,
        ))
    }

    fn conclude<B: Backend>(
        &self,
        StandardScalerStatistics { columns }: &StandardScalerStatistics,
        place: &Place<B>,
        _: &mut Log<'_>,
    ) -> Result<StandardScalerAttributes<B>> {
        let variances: Vec<f64> = diagonal(columns.scatter.clone())
            .iter()
            .zip(&columns.weights)
            .map(|(s, w)| s / w)
            .collect();
        if variances.iter().any(|v| v.is_infinite()) {
            return Err(too_large("the variance", place.dtype));
        }
        let has_float64 = place.xp.backend().dtypes().contains(&DType::Float64);
        let scales = (0..place.n_features).map(|j| {
            scale(
                variances[j],
                columns.means[j],
                columns.weights[j],
                has_float64,
            )
        });
        let wide = if has_float64 {
            DType::Float64
        } else {
            place.dtype
        };
        let array = |wanted: bool, values: &[f64]| {
            wanted
                .then(|| place.xp.asarray_as(values, wide))
                .transpose()
        };
        let same = columns.weights.iter().all(|w| w == &columns.weights[0]);
        Ok(StandardScalerAttributes {
            mean_: array(self.with_mean || self.with_std, &columns.means)?,
            scale_: array(self.with_std, &scales.collect::<Vec<f64>>())?,
            var_: array(self.with_std, &variances)?,
            n_samples_seen_: if same {
                vec![columns.weights[0]]
            } else {
                columns.weights.clone()
            },
        })
    }
}

fn by_column(
    rows: usize,
    weights: Vec<f64>,
    means: Vec<f64>,
    squares: Vec<f64>,
) -> StandardScalerStatistics {
    let pooled = false;
    StandardScalerStatistics {
        columns: Moments {
            rows,
            features: 1,
            weights,
            means,
            pooled,
            scatter: Scatter::Diagonal(squares),
        },
    }
}

fn diagonal(scatter: Scatter) -> Vec<f64> {
    match scatter {
        Scatter::Diagonal(squares) => squares,
        Scatter::Gram { .. } | Scatter::Factor(_) => {
            unreachable!("only the diagonal is asked for, and files are checked")
        }
    }
}

/// What a column is divided by: 1 if its variance is no more than the rounding errors of its mean and of itself.
///
/// Source of the bound, `v ≤ n ε v + (n ε m)²`: scikit-learn's `_is_constant_feature`, after T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample
/// variance" (1983). Where the device has no `float64`, the mean is off by some units of `float32`.
fn scale(variance: f64, mean: f64, count: f64, has_float64: bool) -> f64 {
    let error = if has_float64 {
        count * f64::EPSILON
    } else {
        4.0 * f64::from(f32::EPSILON)
    };
    let bound = count * f64::EPSILON * variance + (mean * error).powi(2);
    if variance <= bound {
        1.0
    } else {
        variance.sqrt()
    }
}

impl Transform for StandardScaler {
    /// `(x - mean) / scale`, computed in the wider dtype of both and returned in x's.
    fn transform<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        let xp = x.namespace();
        let mut z = Expr::from(x);
        if let (true, Some(mean)) = (model.parameters().with_mean, &model.mean_) {
            z = z - mean;
        }
        if let Some(scale) = &model.scale_ {
            z = z / scale;
        }
        xp.astype(z, x.dtype()).eval()
    }
}

impl InverseTransform for StandardScaler {
    /// `z scale + mean`.
    fn inverse_transform<B: Backend>(model: &Fitted<Self, B>, z: &Array<B>) -> Result<Array<B>> {
        let xp = z.namespace();
        if z.shape()[1] != model.n_features_in_() {
            let detail = format!(
                "was given for z: the model was fitted on {} features",
                model.n_features_in_()
            );
            return Err(Error::shape("inverse_transform", &[z.shape()], &detail));
        }
        let mut x = Expr::from(z);
        if let Some(scale) = &model.scale_ {
            x = x * scale;
        }
        if let (true, Some(mean)) = (model.parameters().with_mean, &model.mean_) {
            x = x + mean;
        }
        xp.astype(x, z.dtype()).eval()
    }
}
