//! Class labels: what `y` may be, and the classes in it.

use array_api_spec::{Array, Backend, Error, HostArray, HostBuffer, Namespace, Result, shape_text};

use crate::{HostMatrix, Parts, Warning, host};

/// The classes of a `y`.
pub(crate) struct Labels<B: Backend> {
    /// `(K,)`: the classes, ascending, in y's dtype.
    pub(crate) classes: Array<B>,
    /// `(n,)`: the position of each sample's class in `classes`, in the index dtype.
    pub(crate) groups: Array<B>,
    /// How many samples each class has.
    pub(crate) counts: Vec<usize>,
}

impl<B: Backend> Labels<B> {
    /// Finds the classes in the labels `y (n,)` or `(n, 1)` of the samples `x (n, p)`.
    ///
    /// # Errors
    /// Another device, length or rank; complex, fractional or non-finite labels.
    pub(crate) fn new(
        function: &'static str,
        x: &Array<B>,
        y: &Array<B>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self> {
        let xp = x.namespace();
        y.namespace().check_same(function, &xp)?;
        let n = x.shape()[0];
        let y = match *y.shape() {
            [_] => y.clone(),
            [m, 1] => {
                warnings.push(Warning::ColumnLabels {
                    shape: y.shape().to_vec(),
                });
                xp.reshape(y, [m])?
            }
            _ => {
                let detail =
                    "was given for y, which must be one-dimensional: one label for each sample";
                return Err(Error::shape(function, &[y.shape()], detail));
            }
        };
        if y.shape()[0] != n {
            let detail = format!(
                "were given for x and y: x has {n} samples, y has {} labels",
                y.shape()[0]
            );
            return Err(Error::shape(function, &[x.shape(), y.shape()], detail));
        }
        if y.dtype().is_complex() {
            return Err(Error::dtype(
                function,
                &[y.dtype()],
                "labels of bool, integer or whole floating-point values for y",
            ));
        }
        let unique = xp.unique_all(&y)?;
        let whole;
        let mut wanted = vec![&unique.counts];
        if y.dtype().is_real_floating() {
            let values = &unique.values;
            let are_whole = xp.isfinite(values) & xp.equal(values, xp.trunc(values));
            whole = xp.all(are_whole, ..)?;
            wanted.push(&whole);
        }
        let mut wanted = xp.to_host_all(&wanted)?.into_iter();
        let counts = wanted.next().unwrap_or(HostBuffer::Int64(Vec::new()));
        let counts: Vec<i64> = counts.into_vec(function)?;
        if wanted.any(|whole| whole != HostBuffer::Bool(vec![true])) {
            let shape = shape_text(y.shape());
            let detail = format!(
                "y of shape {shape} holds values that are not whole numbers; a classifier takes labels, not the continuous target of a regression"
            );
            return Err(Error::value(function, detail));
        }
        if n > 20 && counts.len() < n && counts.len() > n / 2 {
            warnings.push(Warning::ManyClasses {
                n_classes: counts.len(),
                n_samples: n,
            });
        }
        Ok(Self {
            classes: unique.values,
            groups: unique.inverse_indices,
            counts: counts.into_iter().map(|c| c as usize).collect(),
        })
    }

    /// K, the number of classes.
    pub(crate) fn n_classes(&self) -> usize {
        self.counts.len()
    }
}

/// Classes in host memory: what is kept of labels that were seen.
#[derive(Clone, Debug)]
pub(crate) struct ClassList(HostMatrix);

impl ClassList {
    /// The classes `(K,)`, ascending.
    ///
    /// # Errors
    /// A driver's failure.
    pub(crate) fn new<B: Backend>(classes: &Array<B>) -> Result<Self> {
        classes.to_device(&host()).map(Self)
    }

    /// K, the number of classes.
    pub(crate) fn len(&self) -> usize {
        self.0.size()
    }

    /// The classes of both, and where those of each are among them.
    ///
    /// # Errors
    /// Labels of another dtype.
    pub(crate) fn union(&self, other: &Self) -> Result<(Self, [Vec<usize>; 2])> {
        let xp = host();
        if self.0.dtype() != other.0.dtype() {
            let found = [self.0.dtype(), other.0.dtype()];
            return Err(Error::dtype(
                "merge",
                &found,
                "labels of one dtype in all parts",
            ));
        }
        let all = xp.unique_values(xp.concat(&[&self.0, &other.0], Some(0))?)?;
        let places = |classes: &HostMatrix| -> Result<Vec<usize>> {
            let same = xp.equal(xp.expand_dims(classes, 1)?, &all).eval()?;
            let places: Vec<i64> = xp
                .argmax(xp.astype(same, array_api_spec::DType::UInt8), 1)?
                .to_vec()?;
            Ok(places.into_iter().map(|place| place as usize).collect())
        };
        let of_both = [places(&self.0)?, places(&other.0)?];
        Ok((Self(all), of_both))
    }

    /// The classes on a device; integers in a type that it has.
    ///
    /// # Errors
    /// Classes that no integer type of the device holds.
    pub(crate) fn send<B: Backend>(&self, xp: &Namespace<B>) -> Result<Array<B>> {
        let array = HostArray {
            buffer: self.0.to_host()?,
            shape: self.0.shape().to_vec(),
        };
        crate::frame::send("conclude", array, xp)
    }

    /// Adds the classes to parts.
    pub(crate) fn store(&self, parts: &mut Parts<HostArray>) -> Result<()> {
        parts.arrays.push((
            "classes".to_owned(),
            HostArray {
                buffer: self.0.to_host()?,
                shape: self.0.shape().to_vec(),
            },
        ));
        Ok(())
    }

    /// Takes the classes out of parts.
    ///
    /// # Errors
    /// There are none; they do not ascend.
    pub(crate) fn take(parts: &mut Parts<HostArray>) -> Result<Self> {
        let classes = host().asarray(parts.take_array("classes")?)?;
        if classes.ndim() == 1 && crate::frame::is_ascending(&classes)? {
            return Ok(Self(classes));
        }
        Err(parts.mistake("the classes do not ascend".to_owned()))
    }
}
