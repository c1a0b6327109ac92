//! Fitted models in files: safetensors, with all that is no array as JSON in its metadata.
//!
//! The format holds numbers and text only, so that reading a stranger's file runs no code.

use std::{borrow::Cow, collections::HashMap, fs, io, path::Path};

use array_api_spec::{DType, Error, HostArray, HostBuffer, Result};
use safetensors::{Dtype, SafeTensors, View, tensor};

use crate::{discriminant_analysis, frame::Parts};

/// Raised by one whenever older programs would misread newer files.
const FORMAT_VERSION: &str = "2";
const FORMAT_KEY: &str = "ml-core.format_version";
const MODEL_KEY: &str = "ml-core.model";
/// Between the name of a model within a model and that of its array.
const WITHIN: &str = "__";

/// Writes a model's parts to a file.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn save(parts: Parts<HostArray>, path: &Path) -> Result<()> {
    fs::write(path, to_bytes(parts)?)
        .map_err(|e| Error::value("save", format!("{}: {e}", path.display())).caused_by(e))
}

/// The bytes of a model's file.
///
/// # Errors
/// A dtype that files do not hold.
pub(crate) fn to_bytes(parts: Parts<HostArray>) -> Result<Vec<u8>> {
    let model = serde_json::to_string(&parts).map_err(|e| Error::value("save", e.to_string()))?;
    let metadata = HashMap::from([
        (FORMAT_KEY.to_owned(), FORMAT_VERSION.to_owned()),
        (MODEL_KEY.to_owned(), model),
    ]);
    let mut tensors = Vec::new();
    flatten(parts, "", &mut tensors)?;
    tensor::serialize(tensors, Some(metadata)).map_err(|e| Error::value("save", e.to_string()))
}

/// All arrays, those of models within the model with its name in front.
fn flatten(
    parts: Parts<HostArray>,
    prefix: &str,
    tensors: &mut Vec<(String, Tensor)>,
) -> Result<()> {
    for (name, array) in parts.arrays {
        let dtype = stored_as(array.buffer.dtype())?;
        tensors.push((format!("{prefix}{name}"), Tensor { dtype, array }));
    }
    for (name, inner) in parts.models {
        flatten(inner, &format!("{prefix}{name}{WITHIN}"), tensors)?;
    }
    Ok(())
}

/// Reads a model's parts from a file; of `estimator`, if one is named.
///
/// # Errors
/// A file that cannot be read, is cut off or altered, or holds another estimator.
pub(crate) fn load(path: &Path, estimator: Option<&str>) -> Result<Parts<HostArray>> {
    let bytes = read_file(path).map_err(|e| located(path, &e.to_string()).caused_by(e))?;
    let parts = parse(&bytes).map_err(|e| located(path, &e))?;
    match estimator {
        Some(expected) if expected != parts.estimator => {
            let detail = format!(
                "holds the estimator {:?}, not {expected:?}",
                parts.estimator
            );
            Err(located(path, &detail))
        }
        _ => Ok(parts),
    }
}

/// Reads a model's parts from the bytes of a file.
///
/// # Errors
/// Bytes that are no file of a model, cut off or altered.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Parts<HostArray>> {
    parse(bytes).map_err(|e| Error::value("load", format!("the bytes: {e}")))
}

/// An error about a file.
pub(crate) fn located(path: &Path, detail: &str) -> Error {
    Error::value("load", format!("{}: {detail}", path.display()))
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    fs::read(path)
}

/// A file's parts, checked as far as that is possible without knowing the estimator.
fn parse(bytes: &[u8]) -> Result<Parts<HostArray>, String> {
    let broken = |e| format!("not a whole safetensors file: {e}");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(broken)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let mut arrays = tensors
        .iter()
        .map(|(name, view)| Ok((name.to_owned(), array(name, &view)?)))
        .collect::<Result<Vec<_>, String>>()?;
    match metadata.get(FORMAT_KEY).map(String::as_str) {
        Some(FORMAT_VERSION) => {
            let model = metadata
                .get(MODEL_KEY)
                .ok_or("the model's description is missing")?;
            let mut parts: Parts<HostArray> =
                serde_json::from_str(model).map_err(|e| format!("the model's description: {e}"))?;
            distribute(&mut parts, "", &mut arrays);
            match arrays.first() {
                Some((name, _)) => Err(format!("the array {name:?} belongs to no model")),
                None => Ok(parts),
            }
        }
        Some("1") => discriminant_analysis::parts_of_format_1(metadata, arrays),
        Some(other) => Err(format!(
            "format version {other:?}; this program reads versions \"1\" and {FORMAT_VERSION:?}"
        )),
        None => Err("a safetensors file, but not a model saved by ml-core".to_owned()),
    }
}

/// Gives each model its arrays: those that begin with its name, but for those of models within it.
fn distribute(parts: &mut Parts<HostArray>, prefix: &str, arrays: &mut Vec<(String, HostArray)>) {
    for (name, inner) in &mut parts.models {
        distribute(inner, &format!("{prefix}{name}{WITHIN}"), arrays);
    }
    for (name, array) in std::mem::take(arrays) {
        match name.strip_prefix(prefix) {
            Some(own) => parts.arrays.push((own.to_owned(), array)),
            None => arrays.push((name, array)),
        }
    }
}

fn array(name: &str, view: &tensor::TensorView<'_>) -> Result<HostArray, String> {
    let dtype = read_as(view.dtype()).ok_or_else(|| {
        format!(
            "array {name:?} has the dtype {:?}, which no model has",
            view.dtype()
        )
    })?;
    let buffer =
        HostBuffer::from_bytes(dtype, view.data()).map_err(|e| format!("array {name:?}: {e}"))?;
    Ok(HostArray {
        buffer,
        shape: view.shape().to_vec(),
    })
}

struct Tensor {
    dtype: Dtype,
    array: HostArray,
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.array.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        self.array.buffer.as_bytes().into()
    }
    fn data_len(&self) -> usize {
        self.array.buffer.as_bytes().len()
    }
}

const DTYPES: [(DType, Dtype); 11] = [
    (DType::Bool, Dtype::BOOL),
    (DType::Int8, Dtype::I8),
    (DType::Int16, Dtype::I16),
    (DType::Int32, Dtype::I32),
    (DType::Int64, Dtype::I64),
    (DType::UInt8, Dtype::U8),
    (DType::UInt16, Dtype::U16),
    (DType::UInt32, Dtype::U32),
    (DType::UInt64, Dtype::U64),
    (DType::Float32, Dtype::F32),
    (DType::Float64, Dtype::F64),
];

fn stored_as(dtype: DType) -> Result<Dtype> {
    let pair = DTYPES.iter().find(|(ours, _)| *ours == dtype);
    pair.map(|(_, theirs)| *theirs).ok_or_else(|| {
        Error::dtype(
            "save",
            &[dtype],
            "arrays of bool, integer and real floating-point values",
        )
    })
}

fn read_as(dtype: Dtype) -> Option<DType> {
    DTYPES
        .iter()
        .find(|(_, theirs)| *theirs == dtype)
        .map(|(ours, _)| *ours)
}
