//! An estimator's parameters: a struct with defaults, a setter for each, and access by name.

use std::{collections::BTreeMap, fmt::Debug};

use array_api_spec::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};

/// A parameter's value as grids, files and other languages hold it: `null` for none, and infinities and NaN as the words `"Infinity"`, `"-Infinity"`, `"NaN"`.
pub use serde_json::Value;

/// A type that a parameter may have.
pub trait Parameter: Sized {
    /// The value that stands for it.
    fn value(&self) -> Value;

    /// The parameter that a value stands for.
    ///
    /// # Errors
    /// What the value is, and what it should be.
    fn read(value: &Value) -> Result<Self, String>;
}

/// Implements [`Parameter`](crate::Parameter) for types that have serde's `Serialize` and `Deserialize`, such as an enum of words.
#[macro_export]
macro_rules! parameter_by_serde {
    ($($Type:ty),* $(,)?) => {
        $(impl $crate::Parameter for $Type {
            fn value(&self) -> $crate::Value {
                $crate::frame::parameters::to_value(self)
            }
            fn read(value: &$crate::Value) -> Result<Self, String> {
                $crate::frame::parameters::from_value(value)
            }
        })*
    };
}

parameter_by_serde!(bool, usize, u64, i64, String);

impl Parameter for f64 {
    fn value(&self) -> Value {
        match self {
            x if x.is_nan() => "NaN".into(),
            x if x.is_infinite() && *x > 0.0 => "Infinity".into(),
            x if x.is_infinite() => "-Infinity".into(),
            x => (*x).into(),
        }
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some("NaN") => Ok(Self::NAN),
            Some("Infinity") => Ok(Self::INFINITY),
            Some("-Infinity") => Ok(Self::NEG_INFINITY),
            _ => from_value(value),
        }
    }
}

/// Any value.
impl Parameter for Value {
    fn value(&self) -> Value {
        self.clone()
    }

    fn read(value: &Value) -> Result<Self, String> {
        Ok(value.clone())
    }
}

/// Values by name.
impl<T: Parameter> Parameter for BTreeMap<String, T> {
    fn value(&self) -> Value {
        let values = self
            .iter()
            .map(|(name, value)| (name.clone(), value.value()));
        Value::Object(values.collect())
    }

    fn read(value: &Value) -> Result<Self, String> {
        let values = value
            .as_object()
            .ok_or_else(|| format!("{value} is not a list of values by name"))?;
        let values = values
            .iter()
            .map(|(name, value)| Ok((name.clone(), T::read(value)?)));
        values.collect()
    }
}

impl<T: Parameter> Parameter for Option<T> {
    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::value)
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value.is_null() {
            return Ok(None);
        }
        T::read(value).map(Some)
    }
}

impl<T: Parameter> Parameter for Vec<T> {
    fn value(&self) -> Value {
        self.iter().map(T::value).collect()
    }

    fn read(value: &Value) -> Result<Self, String> {
        let values = value
            .as_array()
            .ok_or_else(|| format!("{value} is not a list"))?;
        values.iter().map(T::read).collect()
    }
}

/// What a setter takes for a parameter of type `T`.
pub trait IntoParameter<T> {
    /// The parameter.
    fn into_parameter(self) -> T;
}

impl<T> IntoParameter<T> for T {
    fn into_parameter(self) -> T {
        self
    }
}

impl<T> IntoParameter<Option<T>> for T {
    fn into_parameter(self) -> Option<T> {
        Some(self)
    }
}

impl<const N: usize> IntoParameter<Option<Vec<f64>>> for [f64; N] {
    fn into_parameter(self) -> Option<Vec<f64>> {
        Some(self.into())
    }
}

impl<const N: usize> IntoParameter<Vec<f64>> for [f64; N] {
    fn into_parameter(self) -> Vec<f64> {
        self.into()
    }
}

/// What is known of a parameter beforehand.
#[derive(Clone, Copy, Debug)]
pub struct AboutParameter {
    /// Its name.
    pub name: &'static str,
    /// Its type, as the estimator's source has it.
    pub of: &'static str,
    /// The text of its documentation.
    pub doc: &'static str,
}

/// An estimator's parameters by name, as scikit-learn's `get_params` and `set_params` have them.
pub trait Parameters: Clone + Debug + Default + PartialEq + Send + Sync + 'static {
    /// The estimator's name, as scikit-learn has it.
    const NAME: &'static str;

    /// The path of the module that defines it, such as `ml_core::linear_model::ridge`.
    const PATH: &'static str = "";

    /// The text of its documentation.
    const DOC: &'static str = "";

    /// What is known of each parameter beforehand.
    const ABOUT: &'static [AboutParameter] = &[];

    /// Names and values, in the order of their definition. Those of an estimator within this one have its name in front: `ridge__alpha`.
    fn get_params(&self) -> Vec<(String, Value)>;

    /// Those without the parameters of estimators within this one, which the values of its own hold: what a file keeps.
    fn own_params(&self) -> Vec<(String, Value)> {
        self.get_params()
    }

    /// Sets one parameter.
    ///
    /// # Errors
    /// A name that is not there; a value of another type.
    fn set_param(&mut self, name: &str, value: &Value) -> Result<()>;
}

/// Defines an estimator's parameters: the struct, its defaults, a setter for each field, and [`Parameters`](crate::Parameters).
///
/// ```
/// ml_core::parameters! {
///     /// Multiplies.
///     pub struct Multiplier {
///         /// The factor.
///         pub factor: f64 = 2.0,
///         /// Most samples. `None`: any number.
///         pub most: Option<usize> = None,
///     }
/// }
/// use ml_core::Parameters;
/// let mut multiplier = Multiplier::default().most(7_usize);
/// multiplier.set_param("factor", &3.5.into())?;
/// assert_eq!((multiplier.factor, multiplier.most), (3.5, Some(7)));
/// assert!(multiplier.set_param("factor", &"three".into()).is_err());
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// `pub struct Pca as "PCA"` gives an estimator a name that is not the struct's.
#[macro_export]
macro_rules! parameters {
    (@doc doc = $text:literal) => {
        concat!($text, "\n")
    };
    (@doc $($other:tt)*) => {
        ""
    };
    (
        $(#[$($attribute:tt)*])*
        pub struct $Type:ident $(as $named:literal)? {
            $($(#[doc = $doc:literal])* pub $name:ident: $T:ty = $default:expr,)*
        }
    ) => {
        $(#[$($attribute)*])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Type { $($(#[doc = $doc])* pub $name: $T,)* }

        impl Default for $Type {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl $Type {
            $(
                #[doc = concat!("Sets [`", stringify!($name), "`](Self#structfield.", stringify!($name), ").")]
                #[must_use]
                #[allow(non_snake_case, reason = "scikit-learn's names")]
                pub fn $name(mut self, $name: impl $crate::IntoParameter<$T>) -> Self {
                    self.$name = $name.into_parameter();
                    self
                }
            )*
        }

        impl $crate::Parameters for $Type {
            const NAME: &'static str = $crate::frame::parameters::name(stringify!($Type), &[$($named)?]);
            const PATH: &'static str = module_path!();
            const DOC: &'static str = concat!($($crate::parameters!(@doc $($attribute)*)),*);
            const ABOUT: &'static [$crate::frame::AboutParameter] = &[$($crate::frame::AboutParameter {
                name: stringify!($name),
                of: stringify!($T),
                doc: concat!($($doc, "\n"),*),
            }),*];

            fn get_params(&self) -> Vec<(String, $crate::Value)> {
                vec![$((stringify!($name).to_owned(), $crate::Parameter::value(&self.$name))),*]
            }

            fn set_param(&mut self, name: &str, value: &$crate::Value) -> array_api_spec::Result<()> {
                match name {
                    $(stringify!($name) => $crate::frame::parameters::set(&mut self.$name, Self::NAME, name, value),)*
                    _ => Err($crate::frame::parameters::unknown(self, name)),
                }
            }
        }
    };
}

/// The name that was given to an estimator, else its type's. Called by [`parameters!`](crate::parameters).
#[doc(hidden)]
#[must_use]
pub const fn name(of_type: &'static str, given: &[&'static str]) -> &'static str {
    match given {
        [name, ..] => name,
        [] => of_type,
    }
}

/// Sets a field. Called by [`parameters!`](crate::parameters).
#[doc(hidden)]
pub fn set<T: Parameter>(
    field: &mut T,
    estimator: &'static str,
    name: &str,
    value: &Value,
) -> Result<()> {
    *field = T::read(value).map_err(|detail| {
        Error::value(
            estimator,
            format!("the parameter {name} cannot be {value}: {detail}"),
        )
    })?;
    Ok(())
}

/// The error for a name that is no parameter's. Called by [`parameters!`](crate::parameters).
#[doc(hidden)]
pub fn unknown<P: Parameters>(parameters: &P, name: &str) -> Error {
    let names: Vec<String> = parameters
        .get_params()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    Error::value(
        P::NAME,
        format!(
            "there is no parameter {name:?}; the parameters are {}",
            names.join(", ")
        ),
    )
}

/// Called by [`parameter_by_serde!`](crate::parameter_by_serde).
#[doc(hidden)]
pub fn to_value<T: Serialize>(parameter: &T) -> Value {
    serde_json::to_value(parameter).unwrap_or(Value::Null)
}

/// Called by [`parameter_by_serde!`](crate::parameter_by_serde).
#[doc(hidden)]
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|e| in_words(e.to_string()))
}

/// serde's sentence with words in place of Rust's types.
fn in_words(sentence: String) -> String {
    let types = [
        ("u64", "a whole number that is not negative"),
        ("usize", "a whole number that is not negative"),
        ("i64", "a whole number"),
        ("f64", "a number"),
    ];
    types.iter().fold(sentence, |sentence, (name, words)| {
        sentence.replace(&format!("expected {name}"), &format!("expected {words}"))
    })
}
