//! `asarray`: arrays of ours and of others, buffers, Python's scalars and nested sequences of all of these.

use array_api_spec::{DType, Error, HostArray, HostBuffer, Result, Scalar, result_type};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PySequence, PyString},
};

use crate::{
    argument::AnyNamespace,
    array::PyArray,
    data_type::{PyDType, converted},
    device::{self, On, on},
    error::{exception, run},
    interchange::foreign,
    outcome::IntoPython,
    scalar::{scalar, scalar_dtype},
};

/// Makes an array of an object that holds values.
///
/// An array that has the dtype and the device already is returned itself, unless `copy=True`. Other values are copied,
/// and are an error with `copy=False`: Python's numbers and booleans, nested sequences of them, and objects that export
/// numbers through DLPack, the buffer protocol, Arrow or NumPy's `__array__`, such as data frames of pandas and polars.
/// Missing values become NaN in floating-point columns and are an error in others.
///
/// See https://data-apis.org/array-api/2025.12/API_specification/generated/array_api.asarray.html
#[pyfunction(signature = (obj, /, *, dtype=None, device=None, copy=None))]
pub(crate) fn asarray<'py>(
    obj: &Bound<'py, PyAny>,
    dtype: Option<PyDType>,
    device: Option<On>,
    copy: Option<bool>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = obj.py();
    let dtype = dtype.map(|d| d.0);
    if let Ok(own) = obj.cast::<PyArray>() {
        let x = &own.get().0;
        let xp = device.map_or_else(|| x.namespace().clone(), |device| device.0);
        let same = *x.namespace() == xp && dtype.is_none_or(|d| d == x.dtype());
        if same && copy != Some(true) {
            return Ok(obj.clone());
        }
        if !same && copy == Some(false) {
            return Err(PyValueError::new_err(
                "asarray: another dtype or device needs a copy, which `copy=False` forbids",
            ));
        }
        let dtype = dtype.unwrap_or(x.dtype());
        return run(py, || converted(&x.get(), dtype, &xp))?.into_python(py);
    }
    if copy == Some(false) {
        return Err(PyValueError::new_err(
            "asarray: arrays hold memory of their own, so this needs a copy, which `copy=False` forbids",
        ));
    }
    let xp = on(device);
    let values = match foreign(obj)? {
        Some(values) => values,
        None => sequence(&xp, obj, dtype)?,
    };
    let own = values.buffer.dtype();
    let dtype = dtype.unwrap_or(own);
    run(py, || {
        if dtype == own {
            xp.asarray(values)
        } else {
            converted(&device::cpu().asarray(values)?, dtype, &xp)
        }
    })?
    .into_python(py)
}

/// The dtype for Python's scalars on a device: the default one of their highest kind.
pub(crate) fn default_dtype(xp: &AnyNamespace, scalars: &[Scalar]) -> DType {
    let defaults = xp.info().default_dtypes();
    let of = |scalar: &Scalar| match scalar {
        Scalar::Bool(_) => DType::Bool,
        Scalar::Int(_) => defaults.integral,
        Scalar::Float(_) => defaults.real_floating,
        Scalar::Complex(_) => defaults.complex_floating,
    };
    let kinds = scalars.iter().map(of);
    kinds
        .max_by_key(|dtype| dtype.kind())
        .unwrap_or(defaults.real_floating)
}

/// How deep sequences may be nested.
pub(crate) const DEEPEST: usize = 64;

/// The values in nested sequences.
#[derive(Default)]
struct Leaves {
    /// All values, in row-major order.
    values: Vec<Scalar>,
    /// The Python scalars among them, which have no dtype of their own.
    weak: Vec<Scalar>,
    /// The dtypes of the NumPy scalars among them.
    typed: Vec<DType>,
    /// The dtypes of the arrays among them.
    dtypes: Vec<DType>,
}

/// Nested sequences, or a scalar.
fn sequence(
    xp: &AnyNamespace,
    object: &Bound<'_, PyAny>,
    dtype: Option<DType>,
) -> PyResult<HostArray> {
    let mut leaves = Leaves::default();
    let shape = leaves.collect(object, 0)?;
    let own = leaves.dtype(xp);
    // Among numbers Python's `True` is 1, as the standard has it.
    if own != Ok(DType::Bool) || dtype.is_some_and(|dtype| dtype != DType::Bool) {
        for value in &mut leaves.values {
            if let Scalar::Bool(truth) = *value {
                *value = Scalar::Int(truth.into());
            }
        }
    }
    let takes = |dtype: &DType| {
        let mut values = leaves.values.iter();
        values.all(|value| value.weak_dtype("asarray", *dtype) == Ok(*dtype))
    };
    // Converts directly to the wanted dtype where nothing is lost, so that integers are checked against its range.
    let dtype = match dtype.filter(takes) {
        Some(dtype) => dtype,
        None => own.map_err(|e| exception(&e))?,
    };
    let values = leaves.values.iter();
    let values = values.map(|value| value.to_dtype("asarray", dtype));
    let buffer = HostBuffer::from_scalars(dtype, values).map_err(|e| exception(&e))?;
    Ok(HostArray { buffer, shape })
}

impl Leaves {
    /// The dtype of all: that of arrays and scalars with a dtype, else the default one.
    fn dtype(&self, xp: &AnyNamespace) -> Result<DType> {
        let all = [&self.dtypes[..], &self.typed].concat();
        // NumPy's `float64` and `complex128` are subclasses of Python's types, and count as these.
        let python = |dtype: &DType| [DType::Float64, DType::Complex128].contains(dtype);
        let own = result_type(&all, &self.weak);
        if !self.dtypes.is_empty() {
            return own;
        }
        // Scalars of different kinds may be mixed, as in Python, and never need a dtype that the device lacks.
        match own {
            Ok(dtype) if !all.iter().all(python) && xp.info().dtypes().contains(&dtype) => {
                Ok(dtype)
            }
            _ => Ok(default_dtype(xp, &self.values)),
        }
    }

    /// Adds the values of an object, and returns its shape.
    fn collect(&mut self, object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Vec<usize>> {
        if depth > DEEPEST {
            return Err(PyValueError::new_err(format!(
                "asarray: sequences are nested more than {DEEPEST} deep; does one hold itself?"
            )));
        }
        if let Some(value) = scalar(object)? {
            self.values.push(value);
            match scalar_dtype(object) {
                Some(dtype) => self.typed.push(dtype),
                None => self.weak.push(value),
            }
            return Ok(Vec::new());
        }
        let array = match object.cast::<PyArray>() {
            Ok(own) => {
                let x = own.get().get();
                let buffer = run(object.py(), || x.to_host())?;
                let shape = x.shape().to_vec();
                Some(HostArray { buffer, shape })
            }
            Err(_) => foreign(object)?,
        };
        if let Some(HostArray { buffer, shape }) = array {
            self.dtypes.push(buffer.dtype());
            self.values
                .extend((0..buffer.len()).filter_map(|i| buffer.get(i)));
            return Ok(shape);
        }
        // A string is a sequence of strings, without end.
        if object.is_instance_of::<PyString>() || object.cast::<PySequence>().is_err() {
            return Err(refused(object));
        }
        let (mut shape, mut length) = (None, 0);
        for item in object.try_iter()? {
            let own = self.collect(&item?, depth + 1)?;
            length += 1;
            match &shape {
                None => shape = Some(own),
                Some(first) if *first == own => {}
                Some(first) => {
                    let shapes = [first.as_slice(), own.as_slice()];
                    let detail = "differ: the parts of a sequence need one shape";
                    return Err(exception(&Error::shape("asarray", &shapes, detail)));
                }
            }
        }
        let mut whole = vec![length];
        whole.extend(shape.unwrap_or_default());
        Ok(whole)
    }
}

/// The error of an object that no values can be read from.
fn refused(object: &Bound<'_, PyAny>) -> PyErr {
    let kind = object.get_type();
    let why = if object.cast::<PyString>().is_ok() {
        "arrays hold numbers and booleans alone"
    } else if object.hasattr("toarray").unwrap_or(false) {
        "it is sparse; `toarray` makes it dense"
    } else if object.hasattr("__iter__").unwrap_or(false) {
        "it is no sequence; make a list of its values first"
    } else {
        "it is no number, no sequence of numbers and no array of a library that hands out its values through DLPack, the buffer protocol, Arrow or `__array__`"
    };
    PyTypeError::new_err(format!("asarray: cannot make an array of {kind}: {why}"))
}

/// Adds the function to a module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(asarray, module)?)
}
