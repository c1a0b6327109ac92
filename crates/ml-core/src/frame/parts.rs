//! A fitted model as a list of what it is made of: what `to_device`, `save`, `load` and `Debug` work on.

use std::collections::BTreeMap;

use array_api_spec::{Array, Backend, DType, Error, HostArray, HostBuffer, Namespace, Result};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::{
    estimator::Estimator,
    parameters::{Parameter, Value},
};

/// The parts of a fitted model; `A` is an array of a device, [`Array<B>`], or of the host, [`HostArray`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct Parts<A> {
    /// The name of the estimator, as scikit-learn has it.
    pub estimator: String,
    /// The estimator's parameters by name.
    pub parameters: Map<String, Value>,
    /// p, the number of features of the samples that the model was fitted on.
    pub n_features_in_: usize,
    /// Attributes that are no arrays.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
    /// Models within the model.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, Self>,
    /// Attributes that are arrays, in the order of their definition.
    #[serde(skip, default = "Vec::new")]
    pub arrays: Vec<(String, A)>,
}

impl<A> Parts<A> {
    /// The same parts with arrays of another kind.
    ///
    /// # Errors
    /// Those of the conversion.
    pub(crate) fn try_map<T>(self, convert: &mut impl FnMut(A) -> Result<T>) -> Result<Parts<T>> {
        let arrays = self
            .arrays
            .into_iter()
            .map(|(name, array)| Ok((name, convert(array)?)));
        let arrays = arrays.collect::<Result<_>>()?;
        let models = self
            .models
            .into_iter()
            .map(|(name, parts)| Ok((name, parts.try_map(convert)?)));
        Ok(Parts {
            estimator: self.estimator,
            parameters: self.parameters,
            n_features_in_: self.n_features_in_,
            values: self.values,
            models: models.collect::<Result<_>>()?,
            arrays,
        })
    }

    /// All arrays, in the order in which [`try_map`](Self::try_map) converts them.
    fn collect<'a>(&'a self, arrays: &mut Vec<&'a A>) {
        arrays.extend(self.arrays.iter().map(|(_, array)| array));
        self.models.values().for_each(|inner| inner.collect(arrays));
    }

    /// Removes an array.
    ///
    /// # Errors
    /// There is none of the name.
    pub(crate) fn take_array(&mut self, name: &str) -> Result<A> {
        let place = self.arrays.iter().position(|(known, _)| known == name);
        place
            .map(|place| self.arrays.remove(place).1)
            .ok_or_else(|| self.mistake(format!("the array {name:?} is missing")))
    }

    /// Removes an attribute that is no array.
    ///
    /// # Errors
    /// There is none of the name, or it is of another type.
    pub(crate) fn take_value<T: Parameter>(&mut self, name: &str) -> Result<T> {
        let value = self.values.remove(name);
        let value =
            value.ok_or_else(|| self.mistake(format!("the attribute {name:?} is missing")))?;
        T::read(&value)
            .map_err(|detail| self.mistake(format!("{name:?} cannot be {value}: {detail}")))
    }

    /// Removes a model within the model.
    ///
    /// # Errors
    /// There is none of the name.
    pub(crate) fn take_model(&mut self, name: &str) -> Result<Self> {
        let model = self.models.remove(name);
        model.ok_or_else(|| self.mistake(format!("the model {name:?} is missing")))
    }

    /// Takes the estimator with its parameters out of the parts. They may come from a stranger's file.
    ///
    /// # Errors
    /// Parameters that are missing, too many, of another type, out of range or in conflict.
    pub(crate) fn take_estimator<E: Estimator>(&mut self) -> Result<E> {
        let mut estimator = E::default();
        for (name, _) in estimator.own_params() {
            let value = self.parameters.remove(&name);
            let value =
                value.ok_or_else(|| self.mistake(format!("the parameter {name:?} is missing")))?;
            estimator.set_param(&name, &value)?;
        }
        if let Some(name) = self.parameters.keys().next() {
            return Err(self.mistake(format!("there is no parameter {name:?}")));
        }
        estimator.check()?;
        Ok(estimator)
    }

    /// An error about these parts.
    pub(crate) fn mistake(&self, detail: String) -> Error {
        Error::value("load", format!("{}: {detail}", self.estimator))
    }

    /// Refuses what is left after all attributes were taken.
    ///
    /// # Errors
    /// Something is left.
    pub(crate) fn refuse_rest(&self) -> Result<()> {
        let array = self.arrays.first().map(|(name, _)| name);
        let rest = array
            .or(self.values.keys().next())
            .or(self.models.keys().next());
        match rest {
            Some(name) => Err(self.mistake(format!(
                "there is a part {name:?}, which such a model does not have"
            ))),
            None => Ok(()),
        }
    }
}

impl<B: Backend> Parts<Array<B>> {
    /// Brings all arrays to the host.
    ///
    /// # Errors
    /// A driver's failure.
    pub(crate) fn to_host(&self) -> Result<Parts<HostArray>> {
        let mut arrays = Vec::new();
        self.collect(&mut arrays);
        // The device is waited for once.
        let buffers = match arrays.first() {
            Some(first) => first.namespace().to_host_all(&arrays)?,
            None => Vec::new(),
        };
        let mut buffers = buffers.into_iter();
        self.clone().try_map(&mut |array: Array<B>| {
            let buffer = buffers
                .next()
                .ok_or_else(|| Error::value("to_host", "an array is missing"))?;
            Ok(HostArray {
                buffer,
                shape: array.shape().to_vec(),
            })
        })
    }
}

impl Parts<HostArray> {
    /// Removes a vector of `float64`.
    ///
    /// # Errors
    /// There is none of the name.
    pub(crate) fn take_numbers(&mut self, name: &str) -> Result<Vec<f64>> {
        match self.take_array(name)? {
            HostArray {
                buffer: HostBuffer::Float64(values),
                shape,
            } if shape.len() == 1 => Ok(values),
            _ => Err(self.mistake(format!("{name:?} is not a vector of float64"))),
        }
    }

    /// Sends the parts to a device. What it cannot hold is converted: `float64` to `float32`, integers to a type of the device that holds their values.
    ///
    /// # Errors
    /// Values that no type of the device holds; no room there; a driver's failure.
    pub(crate) fn send<B: Backend>(
        self,
        function: &'static str,
        xp: &Namespace<B>,
    ) -> Result<Parts<Array<B>>> {
        self.try_map(&mut |array| send(function, array, xp))
    }
}

/// An array on a device. What it cannot hold is converted: `float64` to `float32`, integers to a type of the device that holds their values.
///
/// # Errors
/// Values that no type of the device holds; no room there; a driver's failure.
pub(crate) fn send<B: Backend>(
    function: &'static str,
    HostArray { buffer, shape }: HostArray,
    xp: &Namespace<B>,
) -> Result<Array<B>> {
    let available = xp.backend().dtypes();
    let buffer = match held_as(buffer.dtype(), &available) {
        Some(dtype) if dtype == buffer.dtype() => buffer,
        Some(dtype) => buffer.to_dtype(function, dtype)?,
        None => {
            return Err(Error::unsupported_dtype(
                xp.device(),
                buffer.dtype(),
                available,
            ));
        }
    };
    xp.asarray(HostArray { buffer, shape })
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

/// A type that an attribute of a fitted model may have.
pub trait Attribute<B: Backend>: Clone {
    /// Adds the attribute to the parts.
    fn store(&self, name: &str, parts: &mut Parts<Array<B>>);

    /// Takes the attribute out of the parts, which are on the device of `xp`.
    ///
    /// # Errors
    /// It is not there, or of another type.
    fn take(name: &str, parts: &mut Parts<Array<B>>, xp: &Namespace<B>) -> Result<Self>;

    /// The array, if the attribute is one: for what all arrays are asked.
    fn array(&self) -> Option<&Array<B>> {
        None
    }
}

impl<B: Backend> Attribute<B> for Array<B> {
    fn store(&self, name: &str, parts: &mut Parts<Array<B>>) {
        parts.arrays.push((name.to_owned(), self.clone()));
    }

    fn take(name: &str, parts: &mut Parts<Array<B>>, _: &Namespace<B>) -> Result<Self> {
        parts.take_array(name)
    }

    fn array(&self) -> Option<&Array<B>> {
        Some(self)
    }
}

/// An array that not every fit computes.
impl<B: Backend> Attribute<B> for Option<Array<B>> {
    fn store(&self, name: &str, parts: &mut Parts<Array<B>>) {
        if let Some(array) = self {
            array.store(name, parts);
        }
    }

    fn take(name: &str, parts: &mut Parts<Array<B>>, _: &Namespace<B>) -> Result<Self> {
        Ok(parts.take_array(name).ok())
    }

    fn array(&self) -> Option<&Array<B>> {
        self.as_ref()
    }
}

/// Attributes that are no arrays.
macro_rules! value_attributes {
    ($($T:ty),*) => {
        $(impl<B: Backend> Attribute<B> for $T {
            fn store(&self, name: &str, parts: &mut Parts<Array<B>>) {
                parts.values.insert(name.to_owned(), self.value());
            }

            fn take(name: &str, parts: &mut Parts<Array<B>>, _: &Namespace<B>) -> Result<Self> {
                parts.take_value(name)
            }
        })*
    };
}

value_attributes!(
    usize,
    f64,
    bool,
    String,
    Option<usize>,
    Option<f64>,
    Vec<usize>,
    Vec<f64>
);

/// What an array's values may be; real floating-point ones, unless something else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Neither infinite nor NaN.
    Finite,
    /// Not NaN.
    Infinite,
    /// Any.
    Any,
    /// The labels of classes, ascending; of any real dtype.
    Labels,
    /// Integers.
    Integers,
}

/// What is known of an attribute beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// The text of its documentation.
    pub doc: &'static str,
    /// Its axes, a letter for each: letters that are alike stand for lengths that are alike, `p` for the number of features. Several possibilities are
    /// separated by `|`. Empty if the attribute is no array.
    pub axes: &'static str,
    /// What its values may be.
    pub values: Values,
}

/// What a fit computes: a struct of attributes, made by [`attributes!`](crate::attributes).
pub trait Attributes<B: Backend>: Clone + Send + Sync {
    /// What is known of each attribute.
    const RULES: &'static [Rule];

    /// Adds all attributes to the parts.
    fn store(&self, parts: &mut Parts<Array<B>>);

    /// Takes all attributes out of the parts, which are on the device of `xp`.
    ///
    /// # Errors
    /// One is not there, or of another type.
    fn take(parts: &mut Parts<Array<B>>, xp: &Namespace<B>) -> Result<Self>;

    /// The arrays with their rules.
    fn arrays(&self) -> Vec<(&'static Rule, &Array<B>)>;
}

/// What a fit computes: the struct, and the one list of its fields. An array is followed by its axes, a letter for each.
///
/// ```
/// use array_api_spec::Array;
///
/// ml_core::attributes! {
///     /// What a fit computes.
///     pub struct ExampleAttributes<B> {
///         /// `(p,)` or `(t, p)`.
///         pub coef_: Array<B> as "p|tp",
///         /// `(t,)`, -∞ where there is nothing to say.
///         pub log_: Array<B> as "t" Infinite,
///         /// How many iterations there were.
///         pub n_iter_: usize,
///     }
/// }
/// ```
#[macro_export]
macro_rules! attributes {
    (
        $(#[$attribute:meta])*
        pub struct $Type:ident<$B:ident> {
            $($(#[doc = $doc:literal])* pub $name:ident: $T:ty $(as $axes:literal $($values:ident)?)?),* $(,)?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone)]
        pub struct $Type<$B: array_api_spec::Backend> { $($(#[doc = $doc])* pub $name: $T,)* }

        impl<$B: array_api_spec::Backend> $crate::frame::Attributes<$B> for $Type<$B> {
            const RULES: &'static [$crate::frame::Rule] = &[$($crate::frame::Rule {
                name: stringify!($name),
                doc: concat!($($doc, "\n"),*),
                axes: concat!("" $(, $axes)?),
                values: $crate::attributes!(@values $($($values)?)?),
            }),*];

            fn store(&self, parts: &mut $crate::Parts<array_api_spec::Array<$B>>) {
                $($crate::frame::Attribute::store(&self.$name, stringify!($name), parts);)*
            }

            fn take(
                parts: &mut $crate::Parts<array_api_spec::Array<$B>>,
                xp: &array_api_spec::Namespace<$B>,
            ) -> array_api_spec::Result<Self> {
                Ok(Self { $($name: $crate::frame::Attribute::take(stringify!($name), parts, xp)?),* })
            }

            fn arrays(&self) -> Vec<(&'static $crate::frame::Rule, &array_api_spec::Array<$B>)> {
                let arrays = [$($crate::frame::Attribute::array(&self.$name)),*];
                <Self as $crate::frame::Attributes<$B>>::RULES
                    .iter()
                    .zip(arrays)
                    .filter_map(|(rule, array)| Some((rule, array?)))
                    .collect()
            }
        }
    };
    (@values) => { $crate::frame::Values::Finite };
    (@values $values:ident) => { $crate::frame::Values::$values };
}
