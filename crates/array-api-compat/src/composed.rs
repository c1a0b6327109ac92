//! A backend with only the required functions of another one: everything else is composed of them by `array-api-spec`.

use array_api_spec::{
    DType, Device, HostBuffer, Layout, Path, Program, QrMode, ReduceOp, Result, ScanOp, Strided,
    SvdMode,
    backend::{
        ArrayObjectBackend, Backend, Direction, ElementwiseBackend, ExtraBackend, FftBackend,
        FusionLimit, IndexingBackend, Initial, LinalgBackend, ManipulationBackend, Operation,
        Order, SortingBackend, StatisticalBackend, is_required,
    },
};

use crate::methods::{argument, backend_methods, returned};

/// Wraps a backend and forwards its required functions only. So every optional function is composed of the standard's
/// functions.
///
/// Tests compare it with a backend's own optional functions, and the bench measures what these gain.
///
/// ```
/// use array_api_compat::{Composed, cpu};
/// use array_api_spec::Namespace;
///
/// let xp = Namespace::new(Composed::new(cpu().backend().clone()));
/// let x = xp.asarray([1.0, f64::NAN, 3.0])?;
/// assert_eq!(xp.nansum(&x, ..)?.item::<f64>()?, 4.0);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Composed<B>(B);

impl<B: Backend> Composed<B> {
    /// Wraps a backend. Arrays do not mix with those of the original.
    pub const fn new(backend: B) -> Self {
        Self(backend)
    }
}

impl<B: Backend> ArrayObjectBackend for Composed<B> {
    type Storage = B::Storage;

    fn device(&self) -> Device {
        Device::new(&format!("{} (composed)", self.0.device()))
    }

    fn dtypes(&self) -> Vec<DType> {
        self.0.dtypes()
    }

    fn upload(&self, values: HostBuffer) -> Result<B::Storage> {
        self.0.upload(values)
    }

    fn download(&self, x: &Strided<B::Storage>) -> Result<HostBuffer> {
        self.0.download(x)
    }

    fn assign(
        &self,
        target: &mut Strided<B::Storage>,
        region: &Layout,
        value: &Program<B::Storage>,
    ) -> Result<()> {
        self.0.assign(target, region, value)
    }

    fn synchronize(&self) -> Result<()> {
        self.0.synchronize()
    }

    fn is_host(&self) -> bool {
        self.0.is_host()
    }

    fn path(&self, function: &str) -> Path {
        match self.0.path(function) {
            Path::Native if !is_required(function) => Path::Composed,
            path => path,
        }
    }

    fn downloaded_bytes(&self) -> Option<u64> {
        self.0.downloaded_bytes()
    }
}

macro_rules! forward {
    ($($backend:ident { $(
        $need:ident $name:ident($($form:ident $x:ident $(: $t:ty)?),*) -> $kind:ident;
    )* })*) => {
        $( impl<B: Backend> $backend for Composed<B> {
            $( forward!(@$need $name($($form $x $(: $t)?),*) -> $kind); )*
            forward!(@beside $backend);
        } )*
    };
    (@required $name:ident($($form:ident $x:ident $(: $t:ty)?),*) -> $kind:ident) => {
        fn $name(&self, $($x: argument!($form $($t)?)),*) -> returned!(required $kind) {
            self.0.$name($($x),*)
        }
    };
    // Nothing: the trait's default returns `None`, "compose it".
    (@provided $($method:tt)*) => {};
    (@beside ElementwiseBackend) => {
        fn fusion_limit(&self) -> FusionLimit {
            self.0.fusion_limit()
        }

        fn supports(&self, operation: Operation, dtype: DType) -> Result<(), &'static str> {
            self.0.supports(operation, dtype)
        }
    };
    (@beside $other:ident) => {};
}
backend_methods!(forward);
