//! Arrow: columns of dataframe libraries, in a common memory layout.
//!
//! Objects export the structures of the C data interface in capsules. The values are copied before other Python code
//! runs, as with DLPack. A missing value becomes NaN in a floating-point column. In other columns it is an error,
//! because any number in its place would be wrong.
//!
//! Source: <https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>.

mod abi;
mod column;
mod view;

use std::{
    ffi::{CStr, c_char},
    mem,
};

use array_api_spec::HostArray;
use pyo3::{
    exceptions::{PyRuntimeError, PyTypeError},
    prelude::*,
    types::{PyCapsule, PyCapsuleMethods},
};

use self::{
    abi::{ArrowArray, ArrowArrayStream, ArrowSchema},
    column::Column,
    view::{Data, Field},
};
use crate::table::{self, Labelled};

/// The values of an object that exports Arrow's structures: a vector, or a table as a matrix. `None` if it exports
/// none.
///
/// # Errors
/// `TypeError` for a column that does not hold numbers, and for missing values where there is no NaN; the object's own
/// error.
pub(crate) fn values(object: &Bound<'_, PyAny>) -> PyResult<Option<HostArray>> {
    if object.hasattr("__arrow_c_array__")? {
        let capsules = object.call_method0("__arrow_c_array__")?;
        let (schema, array): (Bound<'_, PyCapsule>, Bound<'_, PyCapsule>) = capsules.extract()?;
        let schema = schema
            .pointer_checked(Some(c"arrow_schema"))?
            .cast::<ArrowSchema>();
        let array = array
            .pointer_checked(Some(c"arrow_array"))?
            .cast::<ArrowArray>();
        // SAFETY: capsules of these names hold these structures, filled, by Arrow's rules. They live until the end of this block, and no
        // other Python code runs before.
        let table = unsafe {
            let mut table = Table::new(Field::new(schema.as_ref()))?;
            table.append(Data::new(array.as_ref()).map_err(PyTypeError::new_err)?)?;
            table
        };
        return table.finish(object.py()).map(Some);
    }
    if object.hasattr("__arrow_c_stream__")? {
        let capsule = object.call_method0("__arrow_c_stream__")?;
        let capsule = capsule.cast::<PyCapsule>()?;
        let stream = capsule.pointer_checked(Some(c"arrow_array_stream"))?;
        // SAFETY: a capsule of this name holds this structure, filled, by Arrow's rules. An empty one in its place says that it has been read.
        let table = unsafe {
            let stream = stream.cast::<ArrowArrayStream>().as_mut();
            read(&mut mem::replace(stream, ArrowArrayStream::empty()))
        }?;
        return table.finish(object.py()).map(Some);
    }
    Ok(None)
}

/// All chunks of a stream.
///
/// # Safety
/// The structure is filled by Arrow's rules.
unsafe fn read(stream: &mut ArrowArrayStream) -> PyResult<Table> {
    let (Some(get_schema), Some(get_next), Some(_)) =
        (stream.get_schema, stream.get_next, stream.release)
    else {
        return Err(PyTypeError::new_err(
            "asarray: this stream of Arrow has been read before",
        ));
    };
    let mut schema = ArrowSchema::empty();
    // SAFETY: functions of a filled stream, called as Arrow's rules have it.
    unsafe {
        if get_schema(stream, &raw mut schema) != 0 {
            return Err(failed(stream));
        }
        let mut table = Table::new(Field::new(&schema))?;
        loop {
            let mut array = ArrowArray::empty();
            if get_next(stream, &raw mut array) != 0 {
                return Err(failed(stream));
            }
            if array.release.is_none() {
                return Ok(table);
            }
            table.append(Data::new(&array).map_err(PyTypeError::new_err)?)?;
        }
    }
}

/// A stream's message about its last failure.
///
/// # Safety
/// The structure is filled by Arrow's rules, and one of its functions has just failed.
unsafe fn failed(stream: &mut ArrowArrayStream) -> PyErr {
    // SAFETY: the text, if there is one, ends with a zero byte and lives until the next call.
    let text = unsafe {
        let text: Option<*const c_char> = stream.get_last_error.map(|last| last(stream));
        let text = text.filter(|text| !text.is_null());
        text.map(|text| CStr::from_ptr(text).to_string_lossy().into_owned())
    };
    let text = text.unwrap_or_else(|| "no reason given".into());
    PyRuntimeError::new_err(format!("asarray: a stream of Arrow failed: {text}"))
}

/// A vector, or columns of equal length.
struct Table {
    columns: Vec<Column>,
    /// Whether the values are the parts of records, as a table's rows are.
    records: bool,
}

impl Table {
    fn new(field: Field<'_>) -> PyResult<Self> {
        let records = field.format() == "+s";
        let fields = if records {
            field.children()
        } else {
            vec![field]
        };
        let columns = fields
            .into_iter()
            .map(|field| Column::new(field).map_err(|why| table::refused(&field.name(), &why)));
        Ok(Self {
            columns: columns.collect::<PyResult<_>>()?,
            records,
        })
    }

    fn append(&mut self, data: Data<'_>) -> PyResult<()> {
        if self.records {
            let whole = column::absent(data, 0, data.length).map_err(PyTypeError::new_err)?;
            if whole.count() > 0 {
                return Err(table::refused("", "lacks whole records"));
            }
        }
        for (number, column) in self.columns.iter_mut().enumerate() {
            let added = if self.records {
                // The table's offset and length apply to its columns.
                let child = data.child(number);
                child.and_then(|child| column.append(child, data.offset, data.length))
            } else {
                column.append(data, 0, data.length)
            };
            added.map_err(|why| table::refused(&column.name, &why))?;
        }
        Ok(())
    }

    fn finish(self, py: Python<'_>) -> PyResult<HostArray> {
        let columns = self.columns.into_iter().map(|column| {
            let name = column.name.clone();
            let values = column.finish().map_err(|why| table::refused(&name, &why))?;
            Ok(Labelled { name, values })
        });
        let mut columns = columns.collect::<PyResult<Vec<_>>>()?;
        match columns.pop() {
            Some(only) if !self.records => Ok(only.values),
            last => {
                columns.extend(last);
                table::side_by_side(py, columns)
            }
        }
    }
}
