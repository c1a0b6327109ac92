//! What an estimator learns from, and what a fit tells while it goes on.

use std::ops::ControlFlow;

use array_api_spec::{Array, Backend, Error, Namespace, Result};

use super::estimator::Estimator;
use crate::{Warning, labels::Labels, validation};

/// Samples with what belongs to them, checked: all on one device, as many targets and weights as samples.
#[derive(Clone, Debug)]
pub struct Data<B: Backend> {
    /// `(n, p)`, real floating-point: the samples.
    pub x: Array<B>,
    /// `(n,)` or `(n, t)`: labels or targets, in the dtype that the user gave.
    pub y: Option<Array<B>>,
    /// `(n,)`, of x's dtype: how much each sample counts; not negative, not all 0. `None`: all alike.
    pub sample_weight: Option<Array<B>>,
}

impl<B: Backend> Data<B> {
    /// Checks an estimator's parameters, and what a user has given to it.
    ///
    /// # Errors
    /// Parameters out of range or in conflict; shapes, dtypes or devices that do not fit; weights that the estimator does not take, or that
    /// are negative or not finite.
    pub(crate) fn new<E: Estimator>(
        estimator: &E,
        function: &'static str,
        x: &Array<B>,
        y: Option<&Array<B>>,
        sample_weight: Option<&Array<B>>,
    ) -> Result<Self> {
        estimator.check()?;
        let x = validation::samples(function, x, E::MIN_SAMPLES)?;
        let xp = x.namespace();
        if let Some(y) = y {
            y.namespace().check_same(function, &xp)?;
            let n = x.shape()[0];
            if let Some(&rows) = y.shape().first()
                && rows != n
            {
                let detail =
                    format!("were given for x and y: x has {n} samples, y has {rows} rows");
                return Err(Error::shape(function, &[x.shape(), y.shape()], detail));
            }
        }
        let sample_weight = match sample_weight {
            Some(_) if !E::SAMPLE_WEIGHT => {
                let detail = "this estimator takes no sample_weight: all samples count alike";
                return Err(Error::value(E::NAME, detail));
            }
            Some(weights) => Some(validation::weights(function, weights, &x)?),
            None => None,
        };
        Ok(Self {
            x,
            y: y.cloned(),
            sample_weight,
        })
    }

    /// The namespace of the device that all is on.
    #[must_use]
    pub fn namespace(&self) -> Namespace<B> {
        self.x.namespace()
    }

    /// n, the number of samples.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.x.shape()[0]
    }

    /// p, the number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.x.shape()[1]
    }

    /// The targets of a regression, `(n,)` or `(n, t)`, in x's dtype.
    ///
    /// # Errors
    /// No targets; complex ones; more than two axes.
    pub fn targets(&self) -> Result<Array<B>> {
        let y = self.given("targets")?;
        if y.dtype().is_complex() {
            return Err(Error::dtype("fit", &[y.dtype()], "real targets for y"));
        }
        if !(1..=2).contains(&y.ndim()) {
            let detail = "was given for y, which must have one target, or one row of targets, for each sample";
            return Err(Error::shape("fit", &[y.shape()], detail));
        }
        y.namespace().astype(y, self.x.dtype()).eval()
    }

    /// The classes of a classifier's labels.
    ///
    /// # Errors
    /// No labels; labels that are no classes.
    pub(crate) fn labels(&self, log: &mut Log<'_>) -> Result<Labels<B>> {
        Labels::new("fit", &self.x, self.given("labels")?, &mut log.warnings)
    }

    fn given(&self, what: &str) -> Result<&Array<B>> {
        self.y
            .as_ref()
            .ok_or_else(|| Error::value("fit", format!("needs {what} for the samples: give y")))
    }

    /// What `E` has learned of these data, unless it or an error came of NaN or infinity among them. `odd_value` names what is not finite in it.
    ///
    /// # Errors
    /// NaN or infinity in the data; values too large for the dtype; the error that is given.
    pub(crate) fn judge<E: Estimator, T>(
        &self,
        function: &'static str,
        learned: Result<T>,
        odd_value: impl FnOnce(&T) -> Result<Option<&'static str>>,
    ) -> Result<T> {
        let odd = match &learned {
            Ok(learned) => odd_value(learned)?,
            Err(_) => Some("an error"),
        };
        if odd.is_some() {
            self.refuse_non_finite(function, E::NAN_IS_MISSING)?;
        }
        match (learned, odd) {
            (Ok(_), Some(name)) => Err(validation::too_large(name, self.x.dtype())),
            (learned, _) => learned,
        }
    }

    /// Refuses NaN and infinity, by the name of the array that holds it.
    ///
    /// # Errors
    /// Such a value.
    pub(crate) fn refuse_non_finite(
        &self,
        function: &'static str,
        nan_is_missing: bool,
    ) -> Result<()> {
        validation::refuse_non_finite(function, "x", &self.x, nan_is_missing)?;
        match &self.y {
            Some(y) if y.dtype().is_real_floating() => {
                validation::refuse_non_finite(function, "y", y, false)
            }
            _ => Ok(()),
        }
    }
}

/// How far an iterative fit has come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// How many iterations are done.
    pub iteration: usize,
    /// How many there are at most.
    pub max_iter: usize,
    /// What the fit minimises, now.
    pub loss: f64,
}

/// Asked after each iteration; `Break` ends the fit with the best that it has.
type OnProgress<'a> = Box<dyn FnMut(Progress) -> ControlFlow<()> + 'a>;

/// What a fit tells: warnings, and how far it has come.
#[derive(Default)]
pub struct Log<'a> {
    /// What the fit has put right or found odd so far.
    pub warnings: Vec<Warning>,
    on_progress: Option<OnProgress<'a>>,
}

impl Log<'_> {
    /// Notes something that is no error.
    pub fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// Tells how far the fit has come. `Break` asks it to end with what it has.
    pub fn progress(&mut self, iteration: usize, max_iter: usize, loss: f64) -> ControlFlow<()> {
        match &mut self.on_progress {
            Some(tell) => tell(Progress {
                iteration,
                max_iter,
                loss,
            }),
            None => ControlFlow::Continue(()),
        }
    }
}

/// What a fit may be given beside samples and targets. Made by [`weights`] and [`progress`].
pub struct With<'a, B: Backend> {
    pub(crate) sample_weight: Option<&'a Array<B>>,
    pub(crate) log: Log<'a>,
}

impl<B: Backend> Default for With<'_, B> {
    fn default() -> Self {
        Self {
            sample_weight: None,
            log: Log::default(),
        }
    }
}

impl<'a, B: Backend> With<'a, B> {
    /// How much each sample counts: `(n,)`.
    #[must_use]
    pub fn weights(mut self, sample_weight: &'a Array<B>) -> Self {
        self.sample_weight = Some(sample_weight);
        self
    }

    /// A function that is told how far an iterative fit has come, after each iteration; it ends the fit by `Break`.
    #[must_use]
    pub fn progress(mut self, tell: impl FnMut(Progress) -> ControlFlow<()> + 'a) -> Self {
        self.log.on_progress = Some(Box::new(tell));
        self
    }
}

/// `fit_with(&x, &y, weights(&w))`: how much each sample counts, `(n,)`; scikit-learn's `sample_weight`.
#[must_use]
pub fn weights<B: Backend>(sample_weight: &Array<B>) -> With<'_, B> {
    With::default().weights(sample_weight)
}

/// `fit_with(&x, &y, progress(|now| …))`: a function that is told how far an iterative fit has come; it ends the fit by `Break`.
#[must_use]
pub fn progress<'a, B: Backend>(tell: impl FnMut(Progress) -> ControlFlow<()> + 'a) -> With<'a, B> {
    With::default().progress(tell)
}
