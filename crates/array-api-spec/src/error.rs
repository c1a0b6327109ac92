//! The project's one error type.

mod sentence;

use std::{error::Error as Cause, fmt, sync::Arc};

use crate::{DType, Device, Scalar};

pub use self::sentence::shape_text;

/// `Result` with the project's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. `Display` is a sentence that a user can act on, with the shapes, dtypes or devices at fault.
/// [`kind`](Self::kind) gives a program the same information. [`source`](Cause::source) is the underlying error, such
/// as the driver's or the file system's.
///
/// An error is one pointer and cheap to clone, because an [`Expr`](crate::Expr) may hold it until the next `?`. Two
/// errors are equal if their kinds are.
///
/// ```
/// use array_api_spec::{ErrorClass, ErrorKind, reference};
/// let xp = reference::namespace();
/// let error = xp.sum(xp.asarray([1.0, 2.0])?, 1).unwrap_err();
/// assert!(matches!(error.kind(), ErrorKind::Axis { axis: 1, ndim: 1, .. }));
/// assert_eq!(error.class(), ErrorClass::AxisError);
/// assert_eq!(error.to_string(), "sum: axis 1 does not exist: a 1-dimensional array has axes -1 to 0");
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    cause: Option<Arc<dyn Cause + Send + Sync>>,
}

/// What went wrong, for programs: see [`Error::kind`]. Later versions may add kinds and fields.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Shapes that do not fit each other or the function.
    #[non_exhaustive]
    Shape {
        /// The function's standard name.
        function: &'static str,
        /// The shapes of the arguments.
        shapes: Vec<Vec<usize>>,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// An axis that the array does not have, or that is named twice.
    #[non_exhaustive]
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
    #[non_exhaustive]
    DType {
        /// The function's standard name.
        function: &'static str,
        /// The dtypes that were given.
        dtypes: Vec<DType>,
        /// The dtypes that the function takes, in words.
        expected: &'static str,
    },
    /// Two dtypes that do not promote: the standard leaves their mixture open.
    #[non_exhaustive]
    Promotion {
        /// The function's standard name.
        function: &'static str,
        /// Both dtypes.
        dtypes: (DType, DType),
    },
    /// A Rust scalar that does not fit the array's dtype.
    #[non_exhaustive]
    Scalar {
        /// The function's standard name.
        function: &'static str,
        /// The value.
        scalar: Scalar,
        /// The array's dtype.
        dtype: DType,
    },
    /// Arrays on different devices.
    #[non_exhaustive]
    Device {
        /// The function's standard name.
        function: &'static str,
        /// Both devices.
        devices: (Device, Device),
    },
    /// A dtype that the device does not have.
    #[non_exhaustive]
    UnsupportedDType {
        /// The device.
        device: Device,
        /// The dtype asked for.
        dtype: DType,
        /// The dtypes that the device has.
        available: Vec<DType>,
    },
    /// An index or key that does not fit the array.
    #[non_exhaustive]
    Index {
        /// The function's standard name.
        function: &'static str,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// An argument whose value is wrong.
    #[non_exhaustive]
    Value {
        /// The function's standard name.
        function: &'static str,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// A matrix that the factorisation cannot handle: singular, not positive definite, no convergence.
    #[non_exhaustive]
    LinearAlgebra {
        /// The function's standard name.
        function: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The device has not enough memory.
    #[non_exhaustive]
    OutOfMemory {
        /// The device.
        device: Device,
        /// The size asked for, in bytes.
        bytes: usize,
        /// The limit that was exceeded.
        detail: String,
    },
    /// No such device on this machine.
    #[non_exhaustive]
    NoDevice {
        /// The name asked for.
        name: String,
        /// What was looked for, and how to get it.
        detail: String,
    },
    /// The driver or the device failed.
    #[non_exhaustive]
    Driver {
        /// The device.
        device: Device,
        /// The function or kernel that was running.
        function: String,
        /// The driver's message.
        detail: String,
    },
    /// The device cannot do this, for the reason given.
    #[non_exhaustive]
    Unsupported {
        /// The function's standard name.
        function: &'static str,
        /// The device.
        device: Device,
        /// Why, and what to do instead.
        detail: String,
    },
    /// An error of a layer above, such as an estimator's.
    #[non_exhaustive]
    Other {
        /// The whole sentence.
        detail: String,
    },
}

/// The exception class that Python's users would expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "Python's own names")]
pub enum ErrorClass {
    TypeError,
    ValueError,
    IndexError,
    /// NumPy's `AxisError`, which is both a `ValueError` and an `IndexError`.
    AxisError,
    OverflowError,
    MemoryError,
    LinAlgError,
    RuntimeError,
}

impl Error {
    /// This is a function and no `From`: with a second conversion into `Error`, closures that use `?` would have to
    /// name their error type.
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Arc::new(Inner { kind, cause: None }))
    }

    /// What went wrong, for programs.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The same error with an underlying error, which [`source`](Cause::source) returns. The sentence does not change.
    ///
    /// ```
    /// use std::error::Error as _;
    /// use array_api_spec::Error;
    /// let cause = std::fs::read("/no/such/file").unwrap_err();
    /// let error = Error::value("load", format!("the file cannot be read: {cause}")).caused_by(cause);
    /// assert!(error.source().is_some_and(|cause| cause.is::<std::io::Error>()));
    /// ```
    #[must_use]
    pub fn caused_by(mut self, cause: impl Cause + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).cause = Some(Arc::new(cause));
        self
    }

    /// A wrong argument value.
    #[must_use]
    pub fn value(function: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(ErrorKind::Value { function, detail })
    }

    /// Shapes that do not fit.
    #[must_use]
    pub fn shape(function: &'static str, shapes: &[&[usize]], detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Shape {
            function,
            shapes: shapes.iter().map(|s| s.to_vec()).collect(),
            detail: detail.into(),
        })
    }

    /// A wrong index or key.
    #[must_use]
    pub fn index(function: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(ErrorKind::Index { function, detail })
    }

    /// A dtype that a function does not take.
    #[must_use]
    pub fn dtype(function: &'static str, dtypes: &[DType], expected: &'static str) -> Self {
        Self::new(ErrorKind::DType {
            function,
            dtypes: dtypes.to_vec(),
            expected,
        })
    }

    /// Two dtypes whose mixture the standard leaves open.
    #[must_use]
    pub fn promotion(function: &'static str, one: DType, other: DType) -> Self {
        Self::new(ErrorKind::Promotion {
            function,
            dtypes: (one, other),
        })
    }

    /// A scalar that does not fit a dtype.
    #[must_use]
    pub fn scalar(function: &'static str, scalar: Scalar, dtype: DType) -> Self {
        Self::new(ErrorKind::Scalar {
            function,
            scalar,
            dtype,
        })
    }

    /// Arrays on two devices.
    #[must_use]
    pub fn device(function: &'static str, one: Device, other: Device) -> Self {
        Self::new(ErrorKind::Device {
            function,
            devices: (one, other),
        })
    }

    /// A dtype that a device does not have, and those that it has.
    #[must_use]
    pub fn unsupported_dtype(device: Device, dtype: DType, available: Vec<DType>) -> Self {
        Self::new(ErrorKind::UnsupportedDType {
            device,
            dtype,
            available,
        })
    }

    /// A matrix that a factorisation cannot handle.
    #[must_use]
    pub fn linear_algebra(function: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(ErrorKind::LinearAlgebra { function, detail })
    }

    /// Not enough memory for `bytes` bytes, and the limit that was exceeded.
    #[must_use]
    pub fn out_of_memory(device: Device, bytes: usize, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::OutOfMemory {
            device,
            bytes,
            detail: detail.into(),
        })
    }

    /// No such device, and how to get one.
    #[must_use]
    pub fn no_device(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::NoDevice {
            name: name.into(),
            detail: detail.into(),
        })
    }

    /// A failure of the driver or the device while a function or kernel was running.
    #[must_use]
    pub fn driver(device: Device, function: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Driver {
            device,
            function: function.into(),
            detail: detail.into(),
        })
    }

    /// Something that a device cannot do, and the reason.
    #[must_use]
    pub fn unsupported(function: &'static str, device: Device, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported {
            function,
            device,
            detail: detail.into(),
        })
    }

    /// An error of a layer above, as a whole sentence.
    #[must_use]
    pub fn other(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(ErrorKind::Other { detail })
    }

    /// The same error with the name of the function that the user called.
    #[must_use]
    pub(crate) fn told_by(mut self, name: &'static str) -> Self {
        match &mut Arc::make_mut(&mut self.0).kind {
            ErrorKind::Shape { function, .. }
            | ErrorKind::Axis { function, .. }
            | ErrorKind::DType { function, .. }
            | ErrorKind::Promotion { function, .. }
            | ErrorKind::Scalar { function, .. }
            | ErrorKind::Device { function, .. }
            | ErrorKind::Index { function, .. }
            | ErrorKind::Value { function, .. }
            | ErrorKind::LinearAlgebra { function, .. }
            | ErrorKind::Unsupported { function, .. } => *function = name,
            ErrorKind::UnsupportedDType { .. }
            | ErrorKind::OutOfMemory { .. }
            | ErrorKind::NoDevice { .. }
            | ErrorKind::Driver { .. }
            | ErrorKind::Other { .. } => {}
        }
        self
    }

    /// The exception class that Python's users would expect.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self.kind() {
            ErrorKind::DType { .. }
            | ErrorKind::Promotion { .. }
            | ErrorKind::UnsupportedDType { .. } => ErrorClass::TypeError,
            ErrorKind::Scalar {
                scalar: Scalar::Int(_),
                dtype,
                ..
            } if dtype.is_integer() => ErrorClass::OverflowError,
            ErrorKind::Scalar { .. } => ErrorClass::TypeError,
            ErrorKind::Axis { .. } => ErrorClass::AxisError,
            ErrorKind::Shape { .. }
            | ErrorKind::Value { .. }
            | ErrorKind::Device { .. }
            | ErrorKind::NoDevice { .. } => ErrorClass::ValueError,
            ErrorKind::Index { .. } => ErrorClass::IndexError,
            ErrorKind::LinearAlgebra { .. } => ErrorClass::LinAlgError,
            ErrorKind::OutOfMemory { .. } => ErrorClass::MemoryError,
            ErrorKind::Driver { .. } | ErrorKind::Unsupported { .. } | ErrorKind::Other { .. } => {
                ErrorClass::RuntimeError
            }
        }
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.kind(), f)?;
        match &self.0.cause {
            Some(cause) => write!(f, ", caused by {cause:?}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.kind(), f)
    }
}

impl Cause for Error {
    fn source(&self) -> Option<&(dyn Cause + 'static)> {
        let cause = self.0.cause.as_deref()?;
        Some(cause)
    }
}
