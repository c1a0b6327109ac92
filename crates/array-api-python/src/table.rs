//! Joins the columns of data frames to one array.

use array_api_spec::{DType, Error, HostArray, Kind, Result, result_type};
use pyo3::{exceptions::PyTypeError, prelude::*};

use crate::{
    argument::AnyArray,
    device,
    error::{exception, run},
};

/// A column and its name.
pub(crate) struct Labelled {
    pub(crate) name: String,
    pub(crate) values: HostArray,
}

/// The error of a column that cannot be part of an array. `why` follows "the column".
pub(crate) fn refused(name: &str, why: &str) -> PyErr {
    let what = if name.is_empty() {
        "the object".to_owned()
    } else {
        format!("the column `{name}`")
    };
    PyTypeError::new_err(format!("asarray: {what} {why}"))
}

/// The error of a column that does not hold numbers. `what` says what it holds, after "the column".
pub(crate) fn no_numbers(name: &str, what: &str) -> PyErr {
    refused(
        name,
        &format!("{what}; arrays hold numbers and booleans alone"),
    )
}

/// Columns of equal lengths as the columns of one matrix, in a common dtype.
///
/// # Errors
/// Dtypes without a common one.
pub(crate) fn side_by_side(py: Python<'_>, columns: Vec<Labelled>) -> PyResult<HostArray> {
    let dtype = common(&columns)?;
    run(py, || {
        let xp = device::cpu();
        let columns: Result<Vec<AnyArray>> = columns
            .into_iter()
            .map(|column| xp.astype(xp.asarray(column.values)?, dtype).eval())
            .collect();
        let columns = columns?;
        let columns: Vec<&AnyArray> = columns.iter().collect();
        let whole = xp.stack(&columns, 1)?;
        Ok(HostArray {
            buffer: whole.to_host()?,
            shape: whole.shape().to_vec(),
        })
    })
}

/// The common dtype of all columns. Unlike arrays, columns of one table may mix integers and floating-point numbers:
/// the result is then floating-point, as in NumPy and the dataframe libraries.
fn common(columns: &[Labelled]) -> PyResult<DType> {
    let dtypes = || columns.iter().map(|column| column.values.buffer.dtype());
    let all: Vec<DType> = dtypes().collect();
    let Some(&first) = all.first() else {
        return Ok(DType::Float64);
    };
    if let Ok(dtype) = result_type(&all, &[]) {
        return Ok(dtype);
    }
    let whole: Vec<DType> = dtypes().filter(|dtype| dtype.is_integer()).collect();
    let mut others: Vec<DType> = dtypes().filter(|dtype| !dtype.is_integer()).collect();
    if !others.is_empty() && others.iter().all(|dtype| dtype.kind() != Kind::Bool) {
        if whole.iter().any(|dtype| dtype.size() > 2) {
            others.push(DType::Float64);
        }
        return result_type(&others, &[]).map_err(|e| exception(&e));
    }
    let differs =
        |column: &&Labelled| result_type(&[first, column.values.buffer.dtype()], &[]).is_err();
    let other = columns.iter().find(differs).unwrap_or(&columns[0]);
    let error = Error::promotion("asarray", first, other.values.buffer.dtype());
    Err(PyTypeError::new_err(format!(
        "{error} (the columns `{}` and `{}`)",
        columns[0].name, other.name
    )))
}
