//! What logistic regression minimises, with its gradient: computed where the samples are, block by block of rows, and summed up on the host.
//!
//! The search for the minimum goes by coordinates in which features far from 0 cost few iterations: the coefficients times `s = √(h v + λ)`, and for the constant b of each row β of
//! them `√h (b + m·β)`. m is the mean of the samples, v the mean variance of the features, and `h = (1 - 1/K) / K` the curvature of the loss at the start. Without constants, m is 0.
//! All coefficients are scaled alike, so that along features which depend on each other the search stays with the smallest coefficients, which the penalty asks for.

use array_api_spec::{Array, Backend, DType, Error, Expr, Result, Spread, axis, ix};

use crate::{
    Data, Place,
    frame::statistics,
    labels::Labels,
    lbfgs::{Value, largest},
    validation,
};

/// `F = Σ s ℓ / S + λ/2 |coef|²`, with `λ = 1 / (C S)`.
///
/// ℓ is minus the log of the probability of a sample's class. For two classes there is one row of coefficients, `z = x·coef + b`, `ℓ = log(1 + e^z) - y z`, and the gradient
/// is `xᵀ s (σ(z) - y) / S`. For more there is one row for each, `ℓ = log Σ_k e^{z_k} - z_y`, and the gradient is `(s (P - Y))ᵀ x / S` with P the probabilities and Y the
/// classes as rows of 0 and 1.
pub(super) struct Loss<'a, B: Backend> {
    x: &'a Array<B>,
    place: Place<B>,
    /// `(n,)`: the position of each sample's class.
    groups: &'a Array<B>,
    /// `(n,)`: s / S; `None`: 1 / n for all.
    shares: Option<Array<B>>,
    /// λ.
    penalty: f64,
    fit_intercept: bool,
    /// How many rows of coefficients there are.
    rows: usize,
    /// `(p,)`: m, or 0.
    mean: Vec<f64>,
    /// s.
    scale: f64,
    /// √h.
    scale_of_intercept: f64,
}

/// Elements of the largest temporary array that is made of a block of rows.
const BLOCK: usize = 1 << 20;

/// What a block of rows adds, on the device.
struct Part<B: Backend> {
    /// `()`.
    value: Array<B>,
    /// `(r, p)`.
    coef: Array<B>,
    /// `(r,)`.
    intercept: Array<B>,
}

impl<'a, B: Backend> Loss<'a, B> {
    /// `totals (K,)` are the weights of the classes' samples.
    ///
    /// # Errors
    /// Class weights that leave no sample; no room.
    pub(super) fn new(
        data: &'a Data<B>,
        labels: &'a Labels<B>,
        totals: &[f64],
        class_weights: Option<Vec<f64>>,
        c: f64,
        fit_intercept: bool,
    ) -> Result<Self> {
        let (xp, place, k) = (data.namespace(), Place::of(data), totals.len());
        let of_classes = class_weights.clone().unwrap_or_else(|| vec![1.0; k]);
        let all: f64 = totals.iter().zip(&of_classes).map(|(t, c)| t * c).sum();
        if all == 0.0 {
            let detail = "class_weight and sample_weight are 0 for all samples together, so that none of them counts";
            return Err(Error::value("fit", detail));
        }
        let shares = match (&data.sample_weight, &class_weights) {
            (None, None) => None,
            (Some(weights), None) => Some((weights / all).eval()?),
            (weights, Some(_)) => {
                let factors: Vec<f64> = of_classes.iter().map(|c| c / all).collect();
                let factors =
                    xp.take_clipped(&place.array(&factors, &[k])?, &labels.groups, Some(0))?;
                Some(match weights {
                    Some(weights) => (factors * weights).eval()?,
                    None => factors,
                })
            }
        };
        let penalty = 1.0 / (c * all);
        let moments = xp.moments(&data.x, None, data.sample_weight.as_ref(), Spread::Diagonal)?;
        if !statistics::is_finite(&moments) {
            return Err(validation::too_large("the variance", place.dtype));
        }
        let curvature = (1.0 - 1.0 / k as f64) / k as f64;
        let mean = |m: &f64| if fit_intercept { *m } else { 0.0 };
        let squares = moments.deviations().into_iter().zip(&moments.means);
        let squares = squares.map(|(std, m)| std * std + (m - mean(m)) * (m - mean(m)));
        let variance = squares.sum::<f64>() / place.n_features as f64;
        let scale = (curvature * variance + penalty).sqrt();
        Ok(Self {
            scale: if scale > 0.0 { scale } else { 1.0 },
            scale_of_intercept: curvature.sqrt(),
            mean: moments.means.iter().map(mean).collect(),
            x: &data.x,
            place,
            groups: &labels.groups,
            shares,
            penalty,
            fit_intercept,
            rows: if k == 2 { 1 } else { k },
        })
    }

    /// How many rows of coefficients there are: one for two classes, else one for each.
    pub(super) fn n_rows(&self) -> usize {
        self.rows
    }

    pub(super) fn n_parameters(&self) -> usize {
        self.rows * (self.place.n_features + 1)
    }

    /// Coefficients `(r, p)` and constants `(r,)` at coordinates.
    pub(super) fn parameters(&self, at: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let p = self.place.n_features;
        let (coef, intercept) = at.split_at(self.rows * p);
        let coef: Vec<f64> = coef.iter().map(|c| c / self.scale).collect();
        let shifts = coef
            .chunks_exact(p)
            .map(|row| row.iter().zip(&self.mean).map(|(c, m)| c * m).sum::<f64>());
        let intercept = intercept
            .iter()
            .zip(shifts)
            .map(|(b, shift)| b / self.scale_of_intercept - shift);
        let intercept = if self.fit_intercept {
            intercept.collect()
        } else {
            vec![0.0; self.rows]
        };
        (coef, intercept)
    }

    /// F and its gradient at coordinates. The device is waited for once.
    ///
    /// # Errors
    /// No room; a driver's failure.
    pub(super) fn at(&self, at: &[f64]) -> Result<Value> {
        let (xp, n, p, r) = (
            &self.place.xp,
            self.x.shape()[0],
            self.place.n_features,
            self.rows,
        );
        let (coef, intercept) = self.parameters(at);
        let coef_there = self.place.array(&coef, &[r, p])?.T()?;
        let intercept_there = self.place.array(&intercept, &[r])?;
        let step = (BLOCK / p.max(r)).max(1);
        let parts = (0..n).step_by(step).map(|start| {
            let rows = start as isize..(start + step).min(n) as isize;
            let x = self.x.get(ix![rows.clone()])?;
            let groups = self.groups.get(ix![rows.clone()])?;
            let shares = self.shares.as_ref().map(|s| s.get(ix![rows])).transpose()?;
            let z = (xp.matmul(&x, &coef_there)? + &intercept_there).eval()?;
            let (value, residual) = if r == 1 {
                self.two_classes(&z, &groups, shares)?
            } else {
                self.classes(&z, &groups, shares)?
            };
            Ok(Part {
                value,
                coef: xp.matmul(residual.T()?, &x)?,
                intercept: xp.sum(&residual, 0)?,
            })
        });
        let parts = parts.collect::<Result<Vec<Part<B>>>>()?;
        let all =
            |of: fn(&Part<B>) -> &Array<B>| xp.stack(&parts.iter().map(of).collect::<Vec<_>>(), 0);
        let wanted = [
            all(|p| &p.value)?,
            all(|p| &p.coef)?,
            all(|p| &p.intercept)?,
        ];
        let found = xp.to_host_all(&wanted.iter().collect::<Vec<_>>())?;
        let [values, coefs, intercepts] = crate::host::values(found)?;

        let squares: f64 = coef.iter().map(|c| c * c).sum();
        let value = values.iter().sum::<f64>() + 0.5 * self.penalty * squares;
        let mut gradient: Vec<f64> = coef.iter().map(|c| self.penalty * c).collect();
        gradient.resize(self.n_parameters(), 0.0);
        let (of_coef, of_intercept) = gradient.split_at_mut(r * p);
        let add = |to: &mut [f64], parts: &[f64]| {
            for part in parts.chunks_exact(to.len()) {
                to.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
            }
        };
        add(of_coef, &coefs);
        if self.fit_intercept {
            add(of_intercept, &intercepts);
        }
        let steepness = largest(&gradient);
        self.along_coordinates(&mut gradient);
        Ok(Value {
            value,
            gradient,
            steepness,
        })
    }

    /// The gradient by the coefficients and constants becomes that by the coordinates.
    fn along_coordinates(&self, gradient: &mut [f64]) {
        let p = self.place.n_features;
        let (coef, intercept) = gradient.split_at_mut(self.rows * p);
        for (row, constant) in coef.chunks_exact_mut(p).zip(intercept) {
            for (g, mean) in row.iter_mut().zip(&self.mean) {
                *g = (*g - mean * *constant) / self.scale;
            }
            *constant /= self.scale_of_intercept;
        }
    }

    /// `Σ s ℓ / S` and `s (σ(z) - y) / S`, `(n, 1)`, for the scores `z (n, 1)` of the second class.
    fn two_classes(
        &self,
        z: &Array<B>,
        groups: &Array<B>,
        shares: Option<Array<B>>,
    ) -> Result<(Array<B>, Array<B>)> {
        let xp = &self.place.xp;
        let z = xp.squeeze(z, 1)?;
        let y = xp.astype(groups, z.dtype());
        // e^{-|z|} does not overflow: log(1 + e^z) = max(z, 0) + log(1 + e^{-|z|}).
        let e = xp.exp(-xp.abs(&z)).eval()?;
        let losses = xp.maximum(&z, 0.0) + xp.log1p(&e) - &y * &z;
        let second = xp.where_(xp.greater_equal(&z, 0.0), 1.0, &e) / (1.0 + &e);
        let residual = self.shared(second - y, shares.as_ref()).eval()?;
        Ok((
            self.total(losses, shares.as_ref())?,
            xp.expand_dims(&residual, 1)?,
        ))
    }

    /// `Σ s ℓ / S` and `s (P - Y) / S`, `(n, K)`, for the scores `z (n, K)`.
    fn classes(
        &self,
        z: &Array<B>,
        groups: &Array<B>,
        shares: Option<Array<B>>,
    ) -> Result<(Array<B>, Array<B>)> {
        let xp = &self.place.xp;
        let z = (z - xp.max(z, axis(1).keepdims())?).eval()?;
        let e = xp.exp(&z).eval()?;
        let sums = xp.sum(&e, axis(1).keepdims())?;
        let own = xp
            .equal(xp.expand_dims(groups, 1)?, xp.arange(0, self.rows, 1)?)
            .eval()?;
        let own_score = xp.sum(xp.where_(&own, &z, 0.0), 1)?;
        let losses = xp.log(xp.squeeze(&sums, 1)?) - own_score;
        let of_rows = shares.as_ref().map(|s| xp.expand_dims(s, 1)).transpose()?;
        let apart = e / sums - xp.astype(&own, z.dtype());
        let residual = self.shared(apart, of_rows.as_ref()).eval()?;
        Ok((self.total(losses, shares.as_ref())?, residual))
    }

    /// Values times s / S.
    fn shared(&self, values: Expr<B>, shares: Option<&Array<B>>) -> Expr<B> {
        match shares {
            Some(shares) => values * shares,
            None => values * (1.0 / self.x.shape()[0] as f64),
        }
    }

    /// `Σ s ℓ / S`, in `float64` where the device has it: the search for the minimum sees small differences.
    fn total(&self, losses: Expr<B>, shares: Option<&Array<B>>) -> Result<Array<B>> {
        let xp = &self.place.xp;
        let work = if xp.backend().dtypes().contains(&DType::Float64) {
            DType::Float64
        } else {
            self.place.dtype
        };
        xp.sum(xp.astype(self.shared(losses, shares), work), ..)
    }
}
