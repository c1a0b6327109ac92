//! The project's one error type.

use std::{fmt, sync::Arc};

use crate::{DType, Device, Scalar};

/// `Result` with the project's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with the shapes, dtypes or devices at fault. `Display` is a sentence that a user can act on.
///
/// Cheap to clone, because an error may wait inside an [`Expr`](crate::Expr) for its `?`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// Shapes that do not fit each other or the function.
    Shape {
        /// The function's standard name.
        function: &'static str,
        /// The shapes that were given.
        shapes: Vec<Vec<usize>>,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// An axis that the array does not have, or that is named twice.
    Axis {
        /// The function's standard name.
        function: &'static str,
        /// The axis as given.
        axis: isize,
        /// The array's rank.
        ndim: usize,
        /// What is wrong, if it is not that the axis is out of range.
        detail: Option<&'static str>,
    },
    /// A dtype that the function does not take.
    DType {
        /// The function's standard name.
        function: &'static str,
        /// The dtypes that were given.
        dtypes: Vec<DType>,
        /// What it takes.
        expected: &'static str,
    },
    /// Dtypes whose mixture the standard leaves open.
    Promotion {
        /// The function's standard name.
        function: &'static str,
        /// Both dtypes.
        dtypes: (DType, DType),
    },
    /// A Rust scalar that does not fit the array's dtype.
    Scalar {
        /// The function's standard name.
        function: &'static str,
        /// The value.
        scalar: Scalar,
        /// The array's dtype.
        dtype: DType,
    },
    /// Arrays on different devices.
    Device {
        /// The function's standard name.
        function: &'static str,
        /// Both devices.
        devices: (Device, Device),
    },
    /// A dtype that the device cannot hold.
    UnsupportedDType {
        /// The device.
        device: Device,
        /// The dtype asked for.
        dtype: DType,
        /// What the device has.
        available: Vec<DType>,
    },
    /// An index or key that does not fit the array.
    Index {
        /// The function's standard name.
        function: &'static str,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// An argument whose value is wrong.
    Value {
        /// The function's standard name.
        function: &'static str,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// A matrix that the factorisation cannot handle: singular, not positive definite, no convergence.
    LinearAlgebra {
        /// The function's standard name.
        function: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The device has no room for an array.
    OutOfMemory {
        /// The device.
        device: Device,
        /// The size asked for, in bytes.
        bytes: usize,
        /// The limit that was met.
        detail: String,
    },
    /// No such device on this machine.
    NoDevice {
        /// The name asked for.
        name: String,
        /// What was looked for and how to get it.
        detail: String,
    },
    /// The driver or the device failed.
    Driver {
        /// The device.
        device: Device,
        /// The function or kernel that was running.
        function: String,
        /// The driver's own words.
        detail: String,
    },
    /// The device cannot do this, for the reason given.
    Unsupported {
        /// The function's standard name.
        function: &'static str,
        /// The device.
        device: Device,
        /// Why, and what to do instead.
        detail: String,
    },
    /// An error of a layer above, such as an estimator's.
    Other(Arc<str>),
}

/// The exception class that Python's users would expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "Python's own names")]
pub enum ErrorClass {
    TypeError,
    ValueError,
    IndexError,
    /// NumPy's: both a `ValueError` and an `IndexError`.
    AxisError,
    OverflowError,
    MemoryError,
    LinAlgError,
    RuntimeError,
}

impl Error {
    /// A wrong argument value.
    #[must_use]
    pub fn value(function: &'static str, detail: impl Into<String>) -> Self {
        Self::Value {
            function,
            detail: detail.into(),
        }
    }

    /// Shapes that do not fit.
    #[must_use]
    pub fn shape(function: &'static str, shapes: &[&[usize]], detail: impl Into<String>) -> Self {
        Self::Shape {
            function,
            shapes: shapes.iter().map(|s| s.to_vec()).collect(),
            detail: detail.into(),
        }
    }

    /// A wrong index or key.
    #[must_use]
    pub fn index(function: &'static str, detail: impl Into<String>) -> Self {
        Self::Index {
            function,
            detail: detail.into(),
        }
    }

    /// A dtype that a function does not take.
    #[must_use]
    pub fn dtype(function: &'static str, dtypes: &[DType], expected: &'static str) -> Self {
        Self::DType {
            function,
            dtypes: dtypes.to_vec(),
            expected,
        }
    }

    /// A scalar that does not fit a dtype.
    #[must_use]
    pub const fn scalar(function: &'static str, scalar: Scalar, dtype: DType) -> Self {
        Self::Scalar {
            function,
            scalar,
            dtype,
        }
    }

    /// A matrix that a factorisation cannot handle.
    #[must_use]
    pub fn linear_algebra(function: &'static str, detail: impl Into<String>) -> Self {
        Self::LinearAlgebra {
            function,
            detail: detail.into(),
        }
    }

    /// The same mistake, as told by the function that the user called.
    #[must_use]
    pub(crate) fn told_by(mut self, name: &'static str) -> Self {
        match &mut self {
            Self::Shape { function, .. }
            | Self::Axis { function, .. }
            | Self::DType { function, .. }
            | Self::Promotion { function, .. }
            | Self::Scalar { function, .. }
            | Self::Device { function, .. }
            | Self::Index { function, .. }
            | Self::Value { function, .. }
            | Self::LinearAlgebra { function, .. }
            | Self::Unsupported { function, .. } => *function = name,
            Self::UnsupportedDType { .. }
            | Self::OutOfMemory { .. }
            | Self::NoDevice { .. }
            | Self::Driver { .. }
            | Self::Other(_) => {}
        }
        self
    }

    /// The exception class that Python's users would expect.
    #[must_use]
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::DType { .. } | Self::Promotion { .. } | Self::UnsupportedDType { .. } => {
                ErrorClass::TypeError
            }
            Self::Scalar {
                scalar: Scalar::Int(_),
                dtype,
                ..
            } if dtype.is_integer() => ErrorClass::OverflowError,
            Self::Scalar { .. } => ErrorClass::TypeError,
            Self::Axis { .. } => ErrorClass::AxisError,
            Self::Shape { .. }
            | Self::Value { .. }
            | Self::Device { .. }
            | Self::NoDevice { .. } => ErrorClass::ValueError,
            Self::Index { .. } => ErrorClass::IndexError,
            Self::LinearAlgebra { .. } => ErrorClass::LinAlgError,
            Self::OutOfMemory { .. } => ErrorClass::MemoryError,
            Self::Driver { .. } | Self::Unsupported { .. } | Self::Other(_) => {
                ErrorClass::RuntimeError
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape {
                function,
                shapes,
                detail,
            } => {
                let many = if shapes.len() == 1 { "shape" } else { "shapes" };
                let shapes: Vec<String> = shapes.iter().map(|s| shape_text(s)).collect();
                write!(f, "{function}: {many} {} {detail}", shapes.join(" and "))
            }
            Self::Axis {
                function,
                axis,
                detail: Some(detail),
                ..
            } => write!(f, "{function}: axis {axis} {detail}"),
            Self::Axis {
                function,
                axis,
                ndim: 0,
                ..
            } => {
                write!(
                    f,
                    "{function}: axis {axis} does not exist: the array is 0-dimensional and has no axes"
                )
            }
            Self::Axis {
                function,
                axis,
                ndim,
                ..
            } => {
                write!(
                    f,
                    "{function}: axis {axis} does not exist: a {ndim}-dimensional array has axes -{ndim} to {}",
                    ndim - 1
                )
            }
            Self::DType {
                function,
                dtypes,
                expected,
            } => {
                let dtypes: Vec<&str> = dtypes.iter().map(|d| d.name()).collect();
                write!(
                    f,
                    "{function}: takes {expected}, not {}",
                    dtypes.join(" and ")
                )
            }
            Self::Promotion {
                function,
                dtypes: (a, b),
            } => write!(
                f,
                "{function}: the standard does not say what {a} and {b} promote to; convert one of them with `astype`"
            ),
            Self::Scalar {
                function,
                scalar: Scalar::Int(i),
                dtype,
            } if dtype.is_integer() => {
                let (low, high) = dtype.integer_range().unwrap_or_default();
                write!(
                    f,
                    "{function}: {i} is out of range for {dtype}, which holds {low} to {high}"
                )
            }
            Self::Scalar {
                function,
                scalar,
                dtype,
            } => write!(
                f,
                "{function}: the {} scalar {scalar} does not go with an array of {dtype}; convert the array with `astype`",
                scalar.kind_name()
            ),
            Self::Device {
                function,
                devices: (a, b),
            } => write!(
                f,
                "{function}: one array is on {a}, another on {b}; bring one to the other's device with `to_device`"
            ),
            Self::UnsupportedDType {
                device,
                dtype,
                available,
            } => {
                let names: Vec<&str> = available.iter().map(|d| d.name()).collect();
                write!(
                    f,
                    "{device} cannot hold {dtype}; it has {}",
                    names.join(", ")
                )
            }
            Self::Index { function, detail }
            | Self::Value { function, detail }
            | Self::LinearAlgebra { function, detail } => {
                write!(f, "{function}: {detail}")
            }
            Self::OutOfMemory {
                device,
                bytes,
                detail,
            } => write!(f, "{device}: no room for {bytes} bytes: {detail}"),
            Self::NoDevice { name, detail } => write!(f, "no device `{name}`: {detail}"),
            Self::Driver {
                device,
                function,
                detail,
            } => write!(f, "{device}: {function} failed: {detail}"),
            Self::Unsupported {
                function,
                device,
                detail,
            } => write!(f, "{function}: not on {device}: {detail}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// A shape as Python writes it: `()`, `(3,)`, `(3, 4)`.
#[must_use]
pub fn shape_text(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!(
            "({})",
            shape
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}
