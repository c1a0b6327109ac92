//! Data type objects and functions.

use array_api_spec::{DType, Result, can_cast, isdtype, result_type};
use pyo3::{
    IntoPyObjectExt,
    exceptions::PyTypeError,
    prelude::*,
    types::{PyTuple, PyType},
};

use crate::{
    argument::{AnyArray, AnyNamespace},
    array::PyArray,
    device::On,
    error::exception,
    outcome::call,
    scalar::scalar,
};

/// A data type of the standard.
#[pyclass(frozen, eq, hash, name = "DType", module = "array_api_rust")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PyDType(pub(crate) DType);

#[pymethods]
impl PyDType {
    /// The data type of a name, such as `DType("float32")`: the same as `float32`.
    #[new]
    #[pyo3(signature = (name, /))]
    fn new(name: &str) -> PyResult<Self> {
        name.parse().map(Self).map_err(|e| exception(&e))
    }

    /// The standard's name.
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name()
    }

    /// How many bytes an element has.
    #[getter]
    fn itemsize(&self) -> usize {
        self.0.size()
    }

    /// NumPy's data type of this name, for `numpy.dtype`.
    #[getter]
    fn __numpy_dtype__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("numpy")?.call_method1("dtype", (self.0.name(),))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (&'static str,)) {
        (py.get_type::<Self>(), (self.0.name(),))
    }

    fn __repr__(&self) -> String {
        format!("array_api_rust.{}", self.0)
    }

    fn __str__(&self) -> &'static str {
        self.0.name()
    }
}

impl<'py> FromPyObject<'_, 'py> for PyDType {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        object.cast::<Self>().map(|d| *d.get()).map_err(|_| {
            let kind = object.get_type();
            PyTypeError::new_err(format!(
                "takes a dtype of array_api_rust, such as `array_api_rust.float32`, not {kind}"
            ))
        })
    }
}

/// A data type, or the one of an array.
pub(crate) struct Typed(pub(crate) DType);

impl<'py> FromPyObject<'_, 'py> for Typed {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyArray>() {
            Ok(x) => Ok(Self(x.get().0.dtype())),
            Err(_) => object.extract().map(|dtype: PyDType| Self(dtype.0)),
        }
    }
}

/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.can_cast.html
#[pyfunction(name = "can_cast", signature = (from_, to, /))]
fn can_cast_(from_: Typed, to: PyDType) -> bool {
    can_cast(from_.0, to.0)
}

/// A data type or the name of a kind of them.
#[derive(FromPyObject)]
enum Kind {
    DType(PyDType),
    Name(String),
}

/// One kind, or several, of which at least one must match.
#[derive(FromPyObject)]
enum Kinds {
    One(Kind),
    Several(Vec<Kind>),
}

/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.isdtype.html
#[pyfunction(name = "isdtype", signature = (dtype, kind))]
fn isdtype_(dtype: PyDType, kind: Kinds) -> PyResult<bool> {
    let kinds = match kind {
        Kinds::One(kind) => vec![kind],
        Kinds::Several(kinds) => kinds,
    };
    kinds.iter().try_fold(false, |found, kind| {
        let is = match kind {
            Kind::DType(other) => dtype == *other,
            Kind::Name(name) => isdtype(dtype.0, name).map_err(|e| exception(&e))?,
        };
        Ok(found || is)
    })
}

/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.result_type.html
#[pyfunction(name = "result_type", signature = (*arrays_and_dtypes))]
fn result_type_(arrays_and_dtypes: &Bound<'_, PyTuple>) -> PyResult<PyDType> {
    let (mut dtypes, mut scalars) = (Vec::new(), Vec::new());
    for argument in arrays_and_dtypes {
        match scalar(&argument)? {
            Some(value) => scalars.push(value),
            None => dtypes.push(argument.extract::<Typed>()?.0),
        }
    }
    result_type(&dtypes, &scalars)
        .map(PyDType)
        .map_err(|e| exception(&e))
}

/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.astype.html
#[pyfunction(signature = (x, dtype, /, *, copy=true, device=None))]
fn astype<'py>(
    x: &Bound<'py, PyArray>,
    dtype: PyDType,
    copy: bool,
    device: Option<On>,
) -> PyResult<Bound<'py, PyAny>> {
    let own = &x.get().0;
    let xp = device.map_or_else(|| own.namespace().clone(), |device| device.0);
    if !copy && own.dtype() == dtype.0 && *own.namespace() == xp {
        return Ok(x.clone().into_any());
    }
    call(x.py(), || converted(&own.get(), dtype.0, &xp))
}

/// The values in another dtype and on another device, or a copy.
///
/// # Errors
/// A conversion that the standard forbids; a dtype that the device cannot hold.
pub(crate) fn converted(x: &AnyArray, dtype: DType, xp: &AnyNamespace) -> Result<AnyArray> {
    let own = x.namespace();
    if x.dtype() == dtype && own == *xp {
        return x.copy();
    }
    // The present device may lack the new dtype, and the new device the old one.
    if own.info().dtypes().contains(&dtype) {
        own.astype(x, dtype).eval()?.to_device(xp)
    } else {
        xp.astype(x.to_device(xp)?, dtype).eval()
    }
}

/// Puts the data types and their functions into a module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for dtype in DType::ALL {
        let object = PyDType(dtype).into_bound_py_any(module.py())?;
        module.add(dtype.name(), object)?;
    }
    module.add_function(wrap_pyfunction!(can_cast_, module)?)?;
    module.add_function(wrap_pyfunction!(isdtype_, module)?)?;
    module.add_function(wrap_pyfunction!(result_type_, module)?)?;
    module.add_function(wrap_pyfunction!(astype, module)?)?;
    Ok(())
}
