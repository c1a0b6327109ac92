//! Methods beyond the standard that Python's users expect: lists, scalars, formats, `in`.

use array_api_spec::{HostBuffer, Scalar};
use pyo3::{
    IntoPyObjectExt,
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyList, PyListMethods, PySlice},
};

use crate::{argument::Operand, array::PyArray, asarray::DEEPEST, error::run, scalar::to_python};

#[pymethods]
impl PyArray {
    /// How many bytes the elements have.
    #[getter]
    fn nbytes(&self) -> usize {
        let x = self.get();
        x.size() * x.dtype().size()
    }

    /// The only element as a Python scalar.
    fn item<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let x = self.get();
        to_python(py, run(py, || x.scalar())?)
    }

    /// The elements as Python scalars in nested lists; for an array without axes, the scalar itself.
    fn tolist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let x = self.get();
        if x.ndim() > DEEPEST {
            return Err(PyValueError::new_err(format!(
                "tolist: lists are nested at most {DEEPEST} deep, and this array has {} axes",
                x.ndim()
            )));
        }
        let values = run(py, || x.to_host())?;
        nested(py, &values, x.shape(), 0)
    }

    /// Formats the element of an array without axes as a Python number: `f"{x:.2f}"`. Other arrays accept an empty
    /// format only.
    fn __format__(slf: &Bound<'_, Self>, specification: &str) -> PyResult<String> {
        let (py, x) = (slf.py(), slf.get().get());
        if x.ndim() == 0 {
            let value = to_python(py, run(py, || x.scalar())?)?;
            return value
                .call_method1("__format__", (specification,))?
                .extract();
        }
        if specification.is_empty() {
            return slf.str()?.extract();
        }
        Err(PyTypeError::new_err(format!(
            "a format such as `{specification}` is for one number: for an array without axes, not for one of the shape {}",
            array_api_spec::shape_text(x.shape())
        )))
    }

    /// Iterates over the first axis in reverse order.
    fn __reversed__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        // Raises the error for an array without axes, which cannot be iterated over.
        slf.len()?;
        let py = slf.py();
        let backwards = py.get_type::<PySlice>().call1((py.None(), py.None(), -1))?;
        Ok(slf.get_item(backwards)?.try_iter()?.into_any())
    }

    /// Whether some element equals the value.
    fn __contains__(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        // As in Python's own sequences, an object that is not a number or an array equals no element.
        let Ok(value) = value.extract::<Operand>() else {
            return Ok(false);
        };
        let x = self.get();
        let xp = x.namespace();
        let found = run(py, || xp.any(xp.equal(x, value), ..)?.scalar())?;
        Ok(found == Scalar::Bool(true))
    }
}

/// The elements from `start` on in lists of the shape's lengths.
fn nested<'py>(
    py: Python<'py>,
    values: &HostBuffer,
    shape: &[usize],
    start: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let Some((&n, rest)) = shape.split_first() else {
        return values.get(start).map_or_else(
            || py.None().into_bound_py_any(py),
            |value| to_python(py, value),
        );
    };
    let step: usize = rest.iter().product();
    // Python allocates the memory of the whole list here, or raises an error.
    let list = PyList::new(py, [py.None()])?.call_method1("__mul__", (n,))?;
    let list = list.cast_into::<PyList>()?;
    for i in 0..n {
        if i % (1 << 16) == 0 {
            py.check_signals()?;
        }
        list.set_item(i, nested(py, values, rest, start + i * step)?)?;
    }
    Ok(list.into_any())
}
