//! Fitted models in files: safetensors, with the parameters in its metadata.
//!
//! The format holds numbers and text only, so that reading a stranger's file runs no code.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs, io,
    path::Path,
};

use array_api_spec::{Backend, DType, Error, HostArray, HostBuffer, Namespace, Result};
use safetensors::{Dtype, SafeTensors, View, tensor};

use crate::estimator::{FittedModel, HostParts};

/// Raised by one whenever older programs would misread newer files.
const FORMAT_VERSION: &str = "1";
const FORMAT_KEY: &str = "ml-core.format_version";
const ESTIMATOR_KEY: &str = "ml-core.estimator";

pub(crate) fn save<B: Backend, M: FittedModel<B>>(model: &M, path: &Path) -> Result<()> {
    let HostParts { parameters, arrays } = HostParts::of(model)?;
    let mut metadata: HashMap<String, String> = parameters.into_iter().collect();
    metadata.insert(FORMAT_KEY.to_owned(), FORMAT_VERSION.to_owned());
    metadata.insert(ESTIMATOR_KEY.to_owned(), M::ESTIMATOR.to_owned());
    let tensors: Vec<(String, Tensor)> = arrays
        .into_iter()
        .map(|(name, array)| {
            Ok((
                name,
                Tensor {
                    dtype: stored_as(array.buffer.dtype())?,
                    array,
                },
            ))
        })
        .collect::<Result<_>>()?;
    let bytes = tensor::serialize(tensors, Some(metadata))
        .map_err(|e| Error::value("save", e.to_string()))?;
    fs::write(path, bytes)
        .map_err(|e| Error::value("save", format!("{}: {e}", path.display())).caused_by(e))
}

pub(crate) fn load<B: Backend, M: FittedModel<B>>(path: &Path, xp: &Namespace<B>) -> Result<M> {
    let located = |detail: String| Error::value("load", format!("{}: {detail}", path.display()));
    let bytes = read_file(path).map_err(|e| located(e.to_string()).caused_by(e))?;
    let parts = parse(&bytes, M::ESTIMATOR).map_err(located)?;
    M::from_parts(parts.send("load", xp)?)
        .map_err(|e| located(format!("the file's parts make no model: {e}")))
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    fs::read(path)
}

/// A file's parts, checked as far as that is possible without knowing the estimator.
fn parse(bytes: &[u8], estimator: &str) -> Result<HostParts, String> {
    let broken = |e| format!("not a whole safetensors file: {e}");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(broken)?;
    let mut parameters: BTreeMap<String, String> = header
        .metadata()
        .iter()
        .flatten()
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();

    let version = parameters
        .remove(FORMAT_KEY)
        .ok_or("a safetensors file, but not a model saved by ml-core")?;
    if version != FORMAT_VERSION {
        return Err(format!(
            "format version {version:?}; this program reads version {FORMAT_VERSION:?}"
        ));
    }
    let found = parameters.remove(ESTIMATOR_KEY).unwrap_or_default();
    if found != estimator {
        return Err(format!("holds the estimator {found:?}, not {estimator:?}"));
    }

    let read = |(name, view): (&str, tensor::TensorView<'_>)| {
        let dtype = read_as(view.dtype()).ok_or_else(|| {
            format!(
                "array {name:?} has the dtype {:?}, which no model has",
                view.dtype()
            )
        })?;
        let buffer = HostBuffer::from_bytes(dtype, view.data())
            .map_err(|e| format!("array {name:?}: {e}"))?;
        if has_nan(&buffer) {
            return Err(format!("array {name:?} holds NaN"));
        }
        Ok((
            name.to_owned(),
            HostArray {
                buffer,
                shape: view.shape().to_vec(),
            },
        ))
    };
    let arrays = tensors.iter().map(read).collect::<Result<_, _>>()?;
    Ok(HostParts { parameters, arrays })
}

fn has_nan(buffer: &HostBuffer) -> bool {
    match buffer {
        HostBuffer::Float32(v) => v.iter().any(|x| x.is_nan()),
        HostBuffer::Float64(v) => v.iter().any(|x| x.is_nan()),
        _ => false,
    }
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
