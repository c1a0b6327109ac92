//! The array class: attributes, conversions to Python, what the interpreter asks of a sequence.

use std::sync::{PoisonError, RwLock};

use array_api_spec::{Index, Scalar};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyComplex, PyFloat, PyInt, PyTuple, PyType},
};

use crate::{
    argument::{AnyArray, Operand},
    data_type::PyDType,
    device::On,
    error::run,
    indexing::Key,
    outcome::call,
    print,
    scalar::to_python,
};

/// An array on one device. Make one with `asarray`, `zeros`, `arange` …
///
/// It is a value: slices, transposes and other views share its memory until one of them is written to, and writing to one never
/// changes another. A second name for the same object (`y = x`, `asarray(x)`) sees what is written, as always in Python.
#[pyclass(frozen, weakref, name = "Array", module = "array_api_rust")]
pub(crate) struct PyArray(RwLock<AnyArray>);

impl From<AnyArray> for PyArray {
    fn from(x: AnyArray) -> Self {
        Self(RwLock::new(x))
    }
}

impl PyArray {
    /// The array as it is now.
    pub(crate) fn get(&self) -> AnyArray {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes the array in its place.
    ///
    /// # Errors
    /// Those of the change; the array is then as before.
    pub(crate) fn change(
        &self,
        py: Python<'_>,
        change: impl FnOnce(&mut AnyArray) -> array_api_spec::Result<()> + Send,
    ) -> PyResult<()> {
        // The lock is taken by a thread that has let go of the interpreter, so that neither waits for the other.
        run(py, || {
            change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
        })
    }

    /// The one element of an array that has one.
    fn scalar(&self, py: Python<'_>) -> PyResult<Scalar> {
        let x = self.get();
        run(py, || x.scalar())
    }

    /// The one element through one of Python's own conversions, which say what goes and what does not.
    fn converted<'py>(&self, kind: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
        let py = kind.py();
        kind.call1((to_python(py, self.scalar(py)?)?,))
    }

    /// The length of the first axis.
    fn length(&self) -> PyResult<usize> {
        let x = self.get();
        x.shape().first().copied().ok_or_else(|| {
            PyTypeError::new_err(
                "an array without axes has no length and no elements to go through",
            )
        })
    }
}

#[pymethods]
impl PyArray {
    /// NumPy leaves operators between its objects and these arrays to these arrays.
    #[classattr]
    #[pyo3(name = "__array_ufunc__")]
    const ARRAY_UFUNC: Option<bool> = None;

    /// The data type of the elements.
    #[getter]
    fn dtype(&self) -> PyDType {
        PyDType(self.get().dtype())
    }

    /// The name of the device that holds the array.
    #[getter]
    fn device(&self) -> String {
        self.get().device().name().into()
    }

    /// Number of axes.
    #[getter]
    fn ndim(&self) -> usize {
        self.get().ndim()
    }

    /// Lengths of the axes.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.get().shape())
    }

    /// Number of elements.
    #[getter]
    fn size(&self) -> usize {
        self.get().size()
    }

    /// The transpose of a matrix.
    #[getter(T)]
    fn transpose<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let x = self.get();
        call(py, move || x.T())
    }

    /// The transpose of each matrix in a stack.
    #[getter(mT)]
    fn matrix_transpose<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let x = self.get();
        call(py, move || x.mT())
    }

    /// The module that has the functions for this array.
    #[pyo3(signature = (*, api_version=None))]
    fn __array_namespace__<'py>(
        &self,
        py: Python<'py>,
        api_version: Option<&str>,
    ) -> PyResult<Bound<'py, PyModule>> {
        match api_version {
            None => py.import("array_api_rust"),
            Some(edition) if edition == crate::VERSION => py.import("array_api_rust"),
            Some(other) => Err(PyValueError::new_err(format!(
                "this is edition {} of the array API standard, not {other}",
                crate::VERSION
            ))),
        }
    }

    /// The array on another device, or itself if it is there already.
    #[pyo3(signature = (device, /, *, stream=None))]
    fn to_device<'py>(
        slf: &Bound<'py, Self>,
        device: On,
        stream: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if stream.is_some() {
            return Err(PyValueError::new_err(
                "there are no streams to choose from; leave `stream` out",
            ));
        }
        let x = slf.get().get();
        if x.namespace() == device.0 {
            return Ok(slf.clone().into_any());
        }
        call(slf.py(), move || x.to_device(&device.0))
    }

    fn __bool__(&self, py: Python<'_>) -> PyResult<bool> {
        to_python(py, self.scalar(py)?)?.is_truthy()
    }

    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.converted(&py.get_type::<PyInt>())
    }

    fn __float__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.converted(&py.get_type::<PyFloat>())
    }

    fn __complex__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.converted(&py.get_type::<PyComplex>())
    }

    fn __index__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let x = self.get();
        if x.ndim() == 0 && x.dtype().is_integer() {
            return to_python(py, self.scalar(py)?);
        }
        Err(PyTypeError::new_err(
            "only an integer array without axes can be an index of Python's own sequences",
        ))
    }

    fn __len__(&self) -> PyResult<usize> {
        self.length()
    }

    fn __iter__(slf: &Bound<'_, Self>) -> PyResult<ArrayIterator> {
        slf.get().length()?;
        Ok(ArrayIterator {
            array: slf.clone().unbind(),
            next: 0,
        })
    }

    fn __getitem__<'py>(&self, py: Python<'py>, key: Key) -> PyResult<Bound<'py, PyAny>> {
        let x = self.get();
        call(py, move || x.get(key.0))
    }

    fn __setitem__(&self, py: Python<'_>, key: Key, value: Operand) -> PyResult<()> {
        self.change(py, move |x| x.set(key.0, value))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        print::text(py, &self.get())
    }
}

/// Goes through an array along its first axis.
#[pyclass]
struct ArrayIterator {
    array: Py<PyArray>,
    next: usize,
}

#[pymethods]
impl ArrayIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let x = self.array.get().get();
        if x.shape().first().is_none_or(|&n| self.next >= n) {
            return Ok(None);
        }
        let index = Index::Integer(self.next as isize);
        self.next += 1;
        call(py, move || x.get([index])).map(Some)
    }
}
