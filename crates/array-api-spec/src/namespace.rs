//! The namespace `xp`: every function of the standard, bound to one device.
//!
//! Each chapter of the standard has a file with its functions; this file has what they share.

use std::fmt;

use crate::{
    Array, Backend, DType, Device, Error, Path, ReduceOp, Result, Strided, axes::Resolved,
    backend::Operation, expr::Valid,
};

/// Every function of the standard under its own name (`where_`, because `where` is a keyword), bound to one device:
/// arrays are created there.
///
/// ```
/// use array_api_spec::{Array, Backend, Result, reference};
///
/// /// Scales each column to mean 0 and variance 1.  x: (n, p) real floating → (n, p)
/// fn standardize<B: Backend>(x: &Array<B>) -> Result<Array<B>> {
///     let xp = x.namespace();
///     let std = xp.std(x, 0)?;
///     let std = xp.where_(xp.equal(&std, 0.0), 1.0, &std);
///     ((x - xp.mean(x, 0)) / std).eval()
/// }
///
/// let x = reference::namespace().asarray([[1.0, 5.0], [3.0, 5.0]])?;
/// assert_eq!(standardize(&x)?.to_vec::<f64>()?, [-1.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Namespace<B: Backend> {
    backend: B,
}

impl<B: Backend> Namespace<B> {
    /// The namespace of a backend's device.
    pub const fn new(backend: B) -> Self {
        Self { backend }
    }

    /// The backend that does the arithmetic.
    pub const fn backend(&self) -> &B {
        &self.backend
    }

    /// The device that arrays of this namespace are on.
    #[must_use]
    pub fn device(&self) -> Device {
        self.backend.device()
    }

    /// How a function is computed on this device: natively, composed of others, or on the host.
    #[must_use]
    pub fn path(&self, function: &str) -> Path {
        self.backend.path(function)
    }

    /// Waits until all work on the device is done. Timings need it; results do not.
    ///
    /// # Errors
    /// A driver's failure, which may stem from earlier work.
    pub fn synchronize(&self) -> Result<()> {
        self.backend.synchronize()
    }

    /// An error, with the name of `function`, unless arrays of this namespace and of another can be used together.
    ///
    /// # Errors
    /// Different devices.
    pub fn check_same(&self, function: &'static str, other: &Self) -> Result<()> {
        if self == other {
            Ok(())
        } else {
            Err(Error::device(function, self.device(), other.device()))
        }
    }

    /// An error unless the device has a dtype.
    pub(crate) fn check_dtype(&self, dtype: DType) -> Result<()> {
        let available = self.backend.dtypes();
        if available.contains(&dtype) {
            Ok(())
        } else {
            Err(Error::unsupported_dtype(self.device(), dtype, available))
        }
    }

    pub(crate) fn check_operation(&self, operation: Operation, dtype: DType) -> Result<()> {
        self.backend.supports(operation, dtype).map_err(|reason| {
            let function = match operation {
                Operation::Unary(op) => op.name(),
                Operation::Binary(op) => op.name(),
            };
            Error::unsupported(function, self.device(), format!("for {dtype}: {reason}"))
        })
    }

    /// A contiguous storage as an array.
    pub(crate) fn wrap(&self, storage: B::Storage, shape: &[usize], dtype: DType) -> Array<B> {
        Array::new(self.clone(), Strided::contiguous(storage, shape, dtype))
    }

    /// Reduces a checked expression.
    pub(crate) fn reduce(
        &self,
        op: ReduceOp,
        x: &Valid<B>,
        axes: &Resolved,
        dtype: DType,
    ) -> Result<Array<B>> {
        let program = x.program(self)?;
        let storage = self.backend.reduce(op, &program, &axes.axes, dtype)?;
        Ok(self.wrap(storage, &axes.reduced(x.shape()), dtype))
    }
}

impl<B: Backend> fmt::Debug for Namespace<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({})", self.device())
    }
}
