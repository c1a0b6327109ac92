//! A backend without its own ways: what the standard's compositions make of another backend's required functions.

use array_api_spec::{
    DType, Device, HostBuffer, Layout, Path, Program, QrMode, ReduceOp, Result, ScanOp, Strided,
    SvdMode,
    backend::{
        ArrayObjectBackend, Backend, Direction, ElementwiseBackend, ExtraBackend, FftBackend,
        FusionLimit, IndexingBackend, Initial, LinalgBackend, ManipulationBackend, Operation,
        Order, SortingBackend, StatisticalBackend,
    },
};

use crate::methods::{argument, backend_methods, returned};

/// Wraps a backend and forwards its required functions only, so that everything else is composed of the standard's functions.
///
/// Tests compare a backend's own ways with it; the bench measures what they are worth.
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
    /// The backend without its own ways. It shares no arrays with the original.
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

    fn path(&self, _function: &str) -> Path {
        Path::Composed
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
    // The trait's own: "compose it".
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
