//! The array class: attributes, conversions to Python, and the methods of a sequence.

use array_api_spec::{Index, Scalar};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyComplex, PyFloat, PyInt, PyTuple, PyType},
};

use crate::{
    argument::{AnyArray, Source, Work},
    data_type::PyDType,
    device::On,
    error::{run, run_here},
    indexing::Key,
    outcome::{call, call_here},
    print,
    scalar::to_python,
    view::View,
};

/// An array on one device. Make one with `asarray`, `zeros`, `arange` …
///
/// An index of integers, slices, `...` and `None` gives a view. A view shares the memory of its array, and each sees
/// what is written to the other. Iteration, `T`, `mT`, and the functions `reshape` (where it need not copy),
/// `permute_dims`, `matrix_transpose`, `moveaxis`, `expand_dims`, `squeeze`, `flip`, `broadcast_to`,
/// `broadcast_arrays`, `unstack` and `linalg.diagonal` also give views. A single element, `x[0]`, is a view without
/// axes, not a scalar; `x[0] + 0` and `float(x[0])` keep its present value. Broadcast views cannot be written to.
///
/// Arrays as indices copy, and so do all other functions, except `asarray`, `from_dlpack`, `astype(…, copy=False)` and
/// `to_device` if nothing has to be converted. A value is read completely before anything is written: `x[1:] = x[:-1]`
/// moves all elements by one.
#[pyclass(frozen, weakref, name = "Array", module = "array_api_rust")]
pub(crate) struct PyArray(pub(crate) View);

impl From<AnyArray> for PyArray {
    fn from(x: AnyArray) -> Self {
        Self(x.into())
    }
}

impl PyArray {
    /// The array as it is now.
    pub(crate) fn get(&self) -> AnyArray {
        self.0.get()
    }

    /// The element of an array of size 1.
    fn scalar(&self, py: Python<'_>) -> PyResult<Scalar> {
        let x = self.get();
        run(py, || x.scalar())
    }

    /// Converts the only element by one of Python's own types, which decides what is allowed.
    fn converted<'py>(&self, kind: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
        let py = kind.py();
        kind.call1((to_python(py, self.scalar(py)?)?,))
    }

    /// The length of the first axis.
    fn length(&self) -> PyResult<usize> {
        self.0.shape().first().copied().ok_or_else(|| {
            PyTypeError::new_err(
                "an array without axes has no length and no elements to go through",
            )
        })
    }
}

#[pymethods]
impl PyArray {
    /// This makes NumPy leave operators between its objects and these arrays to these arrays.
    #[classattr]
    #[pyo3(name = "__array_ufunc__")]
    const ARRAY_UFUNC: Option<bool> = None;

    /// The data type of the elements.
    #[getter]
    fn dtype(&self) -> PyDType {
        PyDType(self.0.dtype())
    }

    /// The name of the device that holds the array.
    #[getter]
    fn device(&self) -> String {
        self.0.namespace().device().name().into()
    }

    /// Number of axes.
    #[getter]
    fn ndim(&self) -> usize {
        self.0.shape().len()
    }

    /// Lengths of the axes.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.shape())
    }

    /// Number of elements.
    #[getter]
    fn size(&self) -> usize {
        self.0.shape().iter().product()
    }

    /// The transpose of a matrix, as a view.
    #[getter(T)]
    fn transpose<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        call(py, || self.0.view(AnyArray::T))
    }

    /// The transpose of each matrix in a stack, as a view.
    #[getter(mT)]
    fn matrix_transpose<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        call(py, || self.0.view(AnyArray::mT))
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
        if *slf.get().0.namespace() == device.0 {
            return Ok(slf.clone().into_any());
        }
        let x = slf.get().get();
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
        if self.0.shape().is_empty() && self.0.dtype().is_integer() {
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
        // Making a view takes less time than releasing the interpreter lock.
        if key.is_basic() {
            call_here(py, || self.0.item(&key.0))
        } else {
            call(py, || self.0.item(&key.0))
        }
    }

    fn __setitem__(&self, py: Python<'_>, key: Key, value: Source) -> PyResult<()> {
        let little = self.0.is_little() && matches!(value, Source::Scalar(_)) && key.is_basic();
        let set = || self.0.set(key.0, value);
        if little { run_here(set) } else { run(py, set) }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        print::text(py, &self.get())
    }
}

/// An iterator over the first axis of an array; its items are views.
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
        let x = &self.array.get().0;
        if x.shape().first().is_none_or(|&n| self.next >= n) {
            return Ok(None);
        }
        let index = Index::Integer(self.next as isize);
        self.next += 1;
        call(py, || x.item(&[index])).map(Some)
    }
}
