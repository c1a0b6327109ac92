//! Columns scaled to magnitudes of at most 1.

use ml_core::prelude::*;

// 1. The parameters: a struct with defaults, a setter for each, and access by name.
parameters! {
    /// Divides each column by its largest magnitude.
    pub struct MaxAbsScaler {
        /// What the largest magnitude becomes; positive.
        pub limit: f64 = 1.0,
    }
}

// 2. What a fit computes: a struct, and the one list of its fields with their axes. p is the number of features.
attributes! {
    /// What the fit of [`MaxAbsScaler`] computes.
    pub struct MaxAbsScalerAttributes<B> {
        /// `(p,)`: what each column is divided by; 1 for columns of zeros.
        pub scale_: Array<B> as "p",
    }
}

// 3. How it is fitted, `fit(&x)`, and which methods its models have.
estimator! { unsupervised MaxAbsScaler { Transform, InverseTransform } }

// 4. The mathematics. x is checked; that it is finite is seen from `scale_`.
impl Estimator for MaxAbsScaler {
    type Attributes<B: Backend> = MaxAbsScalerAttributes<B>;

    fn check(&self) -> Result<()> {
        if self.limit > 0.0 && self.limit.is_finite() {
            return Ok(());
        }
        Err(Error::value(
            Self::NAME,
            format!("limit = {} must be positive and finite", self.limit),
        ))
    }

    /// `scale = max |x| / limit`
    fn learn<B: Backend>(&self, data: &Data<B>, _: &mut Log<'_>) -> Result<MaxAbsScalerAttributes<B>> {
        let xp = data.namespace();
        let largest = xp.max(xp.abs(&data.x), 0)?;
        let largest = xp.where_(xp.equal(&largest, 0.0), self.limit, &largest);
        Ok(MaxAbsScalerAttributes { scale_: (largest / self.limit).eval()? })
    }
}

// 5. The methods. Their samples are checked, too.
impl Transform for MaxAbsScaler {
    fn transform<B: Backend>(model: &Fitted<Self, B>, x: &Array<B>) -> Result<Array<B>> {
        (x / &model.scale_).eval()
    }
}

impl InverseTransform for MaxAbsScaler {
    fn inverse_transform<B: Backend>(model: &Fitted<Self, B>, z: &Array<B>) -> Result<Array<B>> {
        (z * &model.scale_).eval()
    }
}
