//! What all fitted models share: one list of parameters and arrays that drives `to_device`, `save`, `load` and `Debug`.

use std::{collections::BTreeMap, fmt};

use array_api_spec::{Array, Backend, DType, Error, HostArray, Namespace, Result, shape_text};

/// A fitted model that can be taken apart into its parameters and arrays, and put together again on any device.
pub trait FittedModel<B: Backend>: Sized {
    /// The name of the estimator that it was fitted by, as scikit-learn has it.
    const ESTIMATOR: &'static str;

    /// The estimator's parameters by name, as text that [`from_parts`](Self::from_parts) reads back exactly.
    fn parameter_texts(&self) -> BTreeMap<String, String>;

    /// The arrays that the fit computed, under scikit-learn's names.
    fn arrays(&self) -> Vec<(&'static str, &Array<B>)>;

    /// Puts a model together.
    ///
    /// # Errors
    /// Missing, unknown or unreadable parts, and shapes or dtypes that do not fit each other.
    fn from_parts(parts: Parts<B>) -> Result<Self>;
}

/// The parts of a fitted model on a device.
#[derive(Clone, Debug)]
pub struct Parts<B: Backend> {
    /// Parameters by name.
    pub parameters: BTreeMap<String, String>,
    /// Arrays by name.
    pub arrays: BTreeMap<String, Array<B>>,
}

/// The parts of a fitted model on the host, on the way to a device or a file.
#[derive(Clone, Debug)]
pub(crate) struct HostParts {
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) arrays: BTreeMap<String, HostArray>,
}

impl HostParts {
    pub(crate) fn of<B: Backend, M: FittedModel<B>>(model: &M) -> Result<Self> {
        let (names, arrays): (Vec<_>, Vec<_>) = model.arrays().into_iter().unzip();
        let buffers = match arrays.first() {
            Some(first) => first.namespace().to_host_all(&arrays)?,
            None => Vec::new(),
        };
        let parts = names.into_iter().zip(arrays).zip(buffers);
        let named = parts.map(|((name, array), buffer)| {
            let shape = array.shape().to_vec();
            (name.to_owned(), HostArray { buffer, shape })
        });
        Ok(Self {
            parameters: model.parameter_texts(),
            arrays: named.collect(),
        })
    }

    /// Sends the parts to a device. What it cannot hold is converted: `float64` to `float32`, integers to a type of the device that holds their values.
    pub(crate) fn send<B: Backend>(
        self,
        function: &'static str,
        xp: &Namespace<B>,
    ) -> Result<Parts<B>> {
        let available = xp.backend().dtypes();
        let upload = |(name, HostArray { buffer, shape }): (String, HostArray)| {
            let buffer = match held_as(buffer.dtype(), &available) {
                Some(dtype) if dtype == buffer.dtype() => buffer,
                Some(dtype) => buffer.to_dtype(function, dtype)?,
                None => {
                    return Err(Error::UnsupportedDType {
                        device: xp.device(),
                        dtype: buffer.dtype(),
                        available: available.clone(),
                    });
                }
            };
            Ok((name, xp.asarray(HostArray { buffer, shape })?))
        };
        Ok(Parts {
            parameters: self.parameters,
            arrays: self.arrays.into_iter().map(upload).collect::<Result<_>>()?,
        })
    }
}

/// The dtype under which a device with these dtypes takes an array of another, `None` if it has nothing close.
fn held_as(dtype: DType, available: &[DType]) -> Option<DType> {
    let substitutes: &[DType] = match dtype {
        DType::Float64 => &[DType::Float32],
        _ if dtype.is_integer() => &[DType::Int64, DType::Int32],
        _ => &[],
    };
    [&[dtype], substitutes]
        .concat()
        .into_iter()
        .find(|d| available.contains(d))
}

/// `Debug` of a fitted model: device, parameters, and each array's shape and dtype.
pub(crate) fn debug<B: Backend, M: FittedModel<B>>(
    model: &M,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let arrays = model.arrays();
    let mut out = f.debug_struct(&format!("Fitted{}", M::ESTIMATOR));
    if let Some((_, first)) = arrays.first() {
        out.field("device", &format_args!("{}", first.device()));
    }
    for (name, value) in model.parameter_texts() {
        out.field(&name, &format_args!("{value}"));
    }
    for (name, array) in arrays {
        out.field(
            name,
            &format_args!("{} {}", array.dtype(), shape_text(array.shape())),
        );
    }
    out.finish()
}
