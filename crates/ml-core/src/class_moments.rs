//! What classifiers learn of samples by class, in a form that adds up.

use array_api_spec::{Backend, Groups, HostArray, Moments, Result, Spread};

use crate::{
    Data, Parts, Statistics,
    frame::statistics,
    labels::{ClassList, Labels},
};

/// Counts, means and scatter of the samples of each class.
#[derive(Clone, Debug)]
pub struct ClassMoments {
    pub(crate) classes: ClassList,
    /// The moments by class, in the order of the classes: one scatter for each, or one about the means of all.
    pub moments: Moments,
}

impl ClassMoments {
    /// The moments of samples with labels, with one scatter for `each` class or one for all together.
    ///
    /// # Errors
    /// No room.
    pub(crate) fn observe<B: Backend>(
        data: &Data<B>,
        labels: &Labels<B>,
        each: bool,
        spread: Spread,
    ) -> Result<Self> {
        Ok(Self {
            classes: ClassList::new(&labels.classes)?,
            moments: moments(data, labels, each, spread)?,
        })
    }

    /// How many samples each class has, or the sum of their weights.
    pub(crate) fn counts(&self) -> &[f64] {
        &self.moments.weights
    }
}

/// The moments of samples by class: with one scatter for `each`, or one for all together.
///
/// # Errors
/// No room.
pub(crate) fn moments<B: Backend>(
    data: &Data<B>,
    labels: &Labels<B>,
    each: bool,
    spread: Spread,
) -> Result<Moments> {
    let (codes, k) = (&labels.groups, labels.n_classes());
    let groups = if each {
        Groups::each(codes, k)
    } else {
        Groups::pooled(codes, k)
    };
    data.namespace()
        .moments(&data.x, Some(groups), data.sample_weight.as_ref(), spread)
}

impl Statistics for ClassMoments {
    fn is_finite(&self) -> bool {
        statistics::is_finite(&self.moments)
    }

    fn merge(&self, other: &Self) -> Result<Self> {
        let (classes, [mine, theirs]) = self.classes.union(&other.classes)?;
        let k = classes.len();
        let moments = self.moments.among(k, &mine)?;
        Ok(Self {
            classes,
            moments: moments.merge(&other.moments.among(k, &theirs)?)?,
        })
    }

    fn store(&self, parts: &mut Parts<HostArray>) -> Result<()> {
        self.classes.store(parts)?;
        statistics::store(&self.moments, "", parts);
        Ok(())
    }

    fn take(parts: &mut Parts<HostArray>) -> Result<Self> {
        let classes = ClassList::take(parts)?;
        let moments = statistics::take("", parts)?;
        if (moments.weights.len(), moments.features) != (classes.len(), parts.n_features_in_) {
            let detail = "the statistics do not fit the classes and features";
            return Err(parts.mistake(detail.to_owned()));
        }
        Ok(Self { classes, moments })
    }
}
