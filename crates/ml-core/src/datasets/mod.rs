//! Small data sets, generated ones, and tables from CSV files.

mod csv;
mod make_classification;

use array_api_spec::{Array, Backend, DType, Error, Namespace, Result};

pub use self::{
    csv::load_csv,
    make_classification::{MakeClassification, make_classification},
};

/// Samples and their labels in host memory, ready for any device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// `(n_samples, n_features)` values, row by row.
    pub data: Vec<f64>,
    /// How many values a sample has.
    pub n_features: usize,
    /// One label for each sample.
    pub target: Vec<i64>,
    /// The columns' names; empty for generated data.
    pub feature_names: Vec<String>,
    /// The name of label `i` at position `i`; empty if the labels are numbers.
    pub target_names: Vec<String>,
}

impl Dataset {
    /// How many samples there are.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.target.len()
    }

    /// Sends the data to a device: `x (n, p)` of `dtype`, and `y (n,)` of the device's default integer type.
    ///
    /// Takes the data set by value, so that the host needs no second copy of a large one.
    ///
    /// ```
    /// use array_api_spec::DType;
    /// use ml_core::datasets;
    ///
    /// let cpu = array_api_compat::cpu();
    /// let (x, y) = datasets::iris().into_arrays(&cpu, DType::Float32)?;
    /// assert_eq!((x.shape(), y.shape()), (&[150, 4][..], &[150][..]));
    /// # Ok::<(), array_api_spec::Error>(())
    /// ```
    ///
    /// # Errors
    /// A dtype that is not real floating-point or that the device lacks; no room on the device.
    pub fn into_arrays<B: Backend>(
        self,
        xp: &Namespace<B>,
        dtype: DType,
    ) -> Result<(Array<B>, Array<B>)> {
        let shape = [self.n_samples(), self.n_features];
        let y = xp.asarray_as(self.target, xp.info().default_dtypes().integral)?;
        if !dtype.is_real_floating() {
            return Err(Error::dtype("into_arrays", &[dtype], "float32 or float64"));
        }
        Ok((xp.asarray_as((self.data, shape), dtype)?, y))
    }

    /// Two data sets: the samples for whose position `is_test` is false, and the others, each in their order.
    #[must_use]
    pub fn split(&self, is_test: impl Fn(usize) -> bool) -> (Self, Self) {
        let part = |test: bool| {
            let rows = || (0..self.n_samples()).filter(|&i| is_test(i) == test);
            let row = |i: usize| &self.data[i * self.n_features..(i + 1) * self.n_features];
            Self {
                data: rows().flat_map(row).copied().collect(),
                n_features: self.n_features,
                target: rows().map(|i| self.target[i]).collect(),
                feature_names: self.feature_names.clone(),
                target_names: self.target_names.clone(),
            }
        };
        (part(false), part(true))
    }
}

/// Fisher's iris flowers: 150 samples of 4 lengths in centimetres, 3 species.
///
/// Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems" (1936), as scikit-learn has it.
#[must_use]
pub fn iris() -> Dataset {
    embedded(include_bytes!("../../data/iris.csv"), "iris.csv")
}

/// Handwritten digits: 1797 samples of 8 × 8 pixels, valued 0 to 16; the labels are 0 to 9.
///
/// Source: the test set of <https://archive.ics.uci.edu/dataset/80/>, as scikit-learn has it.
#[must_use]
pub fn digits() -> Dataset {
    embedded(include_bytes!("../../data/digits.csv"), "digits.csv")
}

fn embedded(bytes: &[u8], name: &str) -> Dataset {
    csv::read(bytes, name, "target").expect("the files in the crate are well formed")
}

/// [`iris`] on a device, in its default floating-point type: `x (150, 4)`, `y (150,)`.
///
/// # Errors
/// A driver's failure.
pub fn load_iris<B: Backend>(xp: &Namespace<B>) -> Result<(Array<B>, Array<B>)> {
    iris().into_arrays(xp, xp.info().default_dtypes().real_floating)
}

/// [`digits`] on a device, in its default floating-point type: `x (1797, 64)`, `y (1797,)`.
///
/// # Errors
/// A driver's failure.
pub fn load_digits<B: Backend>(xp: &Namespace<B>) -> Result<(Array<B>, Array<B>)> {
    digits().into_arrays(xp, xp.info().default_dtypes().real_floating)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_files_are_whole() {
        let iris = iris();
        assert_eq!((iris.n_samples(), iris.n_features), (150, 4));
        assert_eq!(iris.data[..4], [5.1, 3.5, 1.4, 0.2]);
        assert_eq!(iris.feature_names[3], "petal width (cm)");
        let digits = digits();
        assert_eq!((digits.n_samples(), digits.n_features), (1797, 64));
        assert!(digits.target.iter().all(|t| (0..10).contains(t)));
        assert_eq!(digits.data.iter().sum::<f64>(), 561_718.0);
    }

    #[test]
    fn split_keeps_order_and_loses_nothing() {
        let all = iris();
        let (train, test) = all.split(|i| i % 4 == 3);
        assert_eq!((train.n_samples(), test.n_samples()), (113, 37));
        assert_eq!(test.data[..4], all.data[12..16]);
        assert_eq!(train.data.len() + test.data.len(), all.data.len());
    }
}
