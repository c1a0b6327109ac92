//! Named tuples, the results of functions that return several values.

use array_api_spec::Result;
use pyo3::{
    prelude::*,
    types::{IntoPyDict, PyTuple},
};

use crate::{argument::AnyArray, array::PyArray, outcome::IntoPython};

/// The name and the fields of each class. The classes are in the module, where pickle finds them.
const CLASSES: &[(&str, &[&str])] = &[
    ("eig_result", &["eigenvalues", "eigenvectors"]),
    ("eigh_result", &["eigenvalues", "eigenvectors"]),
    ("qr_result", &["Q", "R"]),
    ("slogdet_result", &["sign", "logabsdet"]),
    ("svd_result", &["U", "S", "Vh"]),
    (
        "unique_all_result",
        &["values", "indices", "inverse_indices", "counts"],
    ),
    ("unique_counts_result", &["values", "counts"]),
    ("unique_inverse_result", &["values", "inverse_indices"]),
];

/// A named tuple: the name of its class, and the values of its fields.
pub(crate) struct Named<const N: usize>(pub(crate) &'static str, pub(crate) [AnyArray; N]);

impl<const N: usize> IntoPython for Named<N> {
    fn writable(self) -> Result<Self> {
        let Self(name, mut values) = self;
        for array in &mut values {
            if array.layout().is_overlapping() {
                *array = array.copy()?;
            }
        }
        Ok(Self(name, values))
    }

    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let class = py.import("array_api_rust")?.getattr(self.0)?;
        class.call1(PyTuple::new(py, self.1.map(PyArray::from))?)
    }
}

/// Puts the classes into a module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let namedtuple = py.import("collections")?.getattr("namedtuple")?;
    let home = [("module", "array_api_rust")].into_py_dict(py)?;
    for (name, fields) in CLASSES {
        let class = namedtuple.call((*name, fields.to_vec()), Some(&home))?;
        module.add(*name, class)?;
    }
    Ok(())
}
