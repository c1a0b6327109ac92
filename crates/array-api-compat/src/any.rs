//! A backend whose type is known at run time only, so that a device can be a command-line argument.
//!
//! Open to backends of other crates: whatever implements [`Backend`] can be wrapped.

use std::{any::Any, fmt, sync::Arc};

use array_api_spec::{
    DType, Device, Error, HostBuffer, Layout, Moments, Namespace, NearestSums, Path, Program,
    QrMode, ReduceOp, Result, ScanOp, Strided, SvdMode,
    backend::{
        ArrayObjectBackend, Backend, Direction, ElementwiseBackend, ExtraBackend, FftBackend,
        FusionLimit, IndexingBackend, Initial, LinalgBackend, ManipulationBackend, MomentsPlan,
        Operation, Order, SortingBackend, StatisticalBackend,
    },
};

use crate::methods::{argument, backend_methods, returned};

/// Any backend, with its type erased.
///
/// ```
/// use array_api_compat::{AnyBackend, ndarray::NdArray};
/// use array_api_spec::Namespace;
///
/// let xp = Namespace::new(AnyBackend::new(NdArray));
/// let x = xp.asarray([1.0, 2.0])?;
/// assert_eq!((&x + 1).eval()?.to_vec::<f64>()?, [2.0, 3.0]);
/// assert!(xp.backend().downcast_ref::<NdArray>().is_some());
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[derive(Clone)]
pub struct AnyBackend(Arc<dyn Erased<Storage = AnyStorage>>);

impl AnyBackend {
    /// Wraps a backend.
    pub fn new<B: Backend>(backend: B) -> Self {
        Self(Arc::new(Known(backend)))
    }

    /// The namespace of the same device with its backend's type erased. Arrays of the two namespaces do not mix.
    pub fn erase<B: Backend>(xp: &Namespace<B>) -> Namespace<Self> {
        Namespace::new(Self::new(xp.backend().clone()))
    }

    /// The wrapped backend, if it is of type `B`.
    #[must_use]
    pub fn downcast_ref<B: Backend>(&self) -> Option<&B> {
        let known: &Known<B> = (&*self.0 as &dyn Any).downcast_ref()?;
        Some(&known.0)
    }
}

impl fmt::Debug for AnyBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for AnyBackend {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&*other.0 as &dyn Any)
    }
}

/// Memory of any backend.
pub struct AnyStorage(Box<dyn ErasedStorage>);

impl Clone for AnyStorage {
    fn clone(&self) -> Self {
        Self(self.0.copy())
    }
}

impl fmt::Debug for AnyStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for AnyStorage {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&*other.0)
    }
}

impl AnyStorage {
    /// The wrapped storage, if it is of type `S`.
    #[must_use]
    pub fn downcast_ref<S: 'static>(&self) -> Option<&S> {
        (&*self.0 as &dyn Any).downcast_ref()
    }
}

trait ErasedStorage: Any + fmt::Debug + Send + Sync {
    fn copy(&self) -> Box<dyn ErasedStorage>;
    fn same(&self, other: &dyn ErasedStorage) -> bool;
}

impl<S: Clone + fmt::Debug + PartialEq + Send + Sync + 'static> ErasedStorage for S {
    fn copy(&self) -> Box<dyn ErasedStorage> {
        Box::new(self.clone())
    }

    fn same(&self, other: &dyn ErasedStorage) -> bool {
        (other as &dyn Any)
            .downcast_ref::<S>()
            .is_some_and(|other| self == other)
    }
}

fn wrap<S: Clone + fmt::Debug + PartialEq + Send + Sync + 'static>(storage: S) -> AnyStorage {
    AnyStorage(Box::new(storage))
}

fn unwrap<S: 'static>(storage: &AnyStorage) -> Result<&S> {
    (&*storage.0 as &dyn Any).downcast_ref().ok_or_else(foreign)
}

/// The error for a storage of another backend. `Namespace` refuses such arrays before, so only a storage that was made
/// by hand gets here.
fn foreign() -> Error {
    Error::value(
        "AnyBackend",
        "the array's storage belongs to another backend; use `to_device`",
    )
}

fn arrays<S: Clone + 'static>(x: &[Strided<AnyStorage>]) -> Result<Vec<Strided<S>>> {
    x.iter().map(array).collect()
}

fn array<S: Clone + 'static>(x: &Strided<AnyStorage>) -> Result<Strided<S>> {
    Ok(Strided {
        storage: unwrap::<S>(&x.storage)?.clone(),
        layout: x.layout.clone(),
        dtype: x.dtype,
    })
}

fn program<S: Clone + PartialEq + 'static>(x: &Program<AnyStorage>) -> Result<Program<S>> {
    x.try_map(|storage| unwrap::<S>(storage).cloned())
}

/// A backend of a known type, behind [`AnyBackend`].
#[derive(Debug)]
struct Known<B>(B);

/// Unwraps an argument for a known backend's method.
macro_rules! known {
    (program $x:ident) => {
        &program($x)?
    };
    (array $x:ident) => {
        &array($x)?
    };
    (arrays $x:ident) => {
        &arrays($x)?
    };
    (optional $x:ident) => {
        $x.map(array).transpose()?.as_ref()
    };
    (value $x:ident) => {
        $x
    };
}

/// Wraps the storages of a known backend's result.
macro_rules! erased {
    (storage $value:expr) => {
        $value.map(wrap)
    };
    (counted $value:expr) => {
        $value.map(|(storage, count)| (wrap(storage), count))
    };
    (pair $value:expr) => {
        $value.map(|parts| parts.map(wrap))
    };
    (triple $value:expr) => {
        $value.map(|parts| parts.map(wrap))
    };
    (moments $value:expr) => {
        $value
    };
    (summed $value:expr) => {
        $value.map(|(storage, sums)| (wrap(storage), sums))
    };
}

/// Calls a known backend's method. A storage that cannot be unwrapped is an error, and not `None`, which would mean
/// "compose it".
macro_rules! call {
    (required $kind:ident, $call:expr) => { (|| erased!($kind $call))() };
    (provided $kind:ident, $call:expr) => {{
        let offered: Result<Option<Result<_>>> = (|| Ok($call))();
        match offered {
            Ok(offered) => offered.map(|result| erased!($kind result)),
            Err(error) => Some(Err(error)),
        }
    }};
}

macro_rules! erase {
    ($($backend:ident { $(
        $need:ident $name:ident($($form:ident $x:ident $(: $t:ty)?),*) -> $kind:ident;
    )* })*) => {
        /// The methods of [`Backend`] as an object-safe trait.
        trait Erased: Any + fmt::Debug + Send + Sync {
            type Storage;
            fn same(&self, other: &dyn Any) -> bool;
            fn device(&self) -> Device;
            fn dtypes(&self) -> Vec<DType>;
            fn upload(&self, values: HostBuffer) -> Result<Self::Storage>;
            fn download(&self, x: &Strided<Self::Storage>) -> Result<HostBuffer>;
            fn download_all(&self, x: &[Strided<Self::Storage>]) -> Result<Vec<HostBuffer>>;
            fn known(&self, x: &Strided<Self::Storage>) -> Option<HostBuffer>;
            fn assign(
                &self,
                target: &mut Strided<Self::Storage>,
                region: &Layout,
                value: &Program<Self::Storage>,
            ) -> Result<()>;
            fn synchronize(&self) -> Result<()>;
            fn is_host(&self) -> bool;
            fn path(&self, function: &str) -> Path;
            fn downloaded_bytes(&self) -> Option<u64>;
            fn fusion_limit(&self) -> FusionLimit;
            fn supports(&self, operation: Operation, dtype: DType) -> Result<(), &'static str>;
            $($( fn $name(&self, $($x: argument!($form $($t)?)),*) -> returned!($need $kind); )*)*
        }

        impl<B: Backend> Erased for Known<B> {
            type Storage = AnyStorage;

            fn same(&self, other: &dyn Any) -> bool {
                other.downcast_ref::<Self>().is_some_and(|other| self.0 == other.0)
            }

            fn device(&self) -> Device {
                self.0.device()
            }

            fn dtypes(&self) -> Vec<DType> {
                self.0.dtypes()
            }

            fn upload(&self, values: HostBuffer) -> Result<AnyStorage> {
                self.0.upload(values).map(wrap)
            }

            fn download(&self, x: &Strided<AnyStorage>) -> Result<HostBuffer> {
                self.0.download(&array(x)?)
            }

            fn download_all(&self, x: &[Strided<AnyStorage>]) -> Result<Vec<HostBuffer>> {
                self.0.download_all(&arrays(x)?)
            }

            fn known(&self, x: &Strided<AnyStorage>) -> Option<HostBuffer> {
                self.0.known(&array(x).ok()?)
            }

            fn assign(
                &self,
                target: &mut Strided<AnyStorage>,
                region: &Layout,
                value: &Program<AnyStorage>,
            ) -> Result<()> {
                assign(&self.0, target, region, &program(value)?)
            }

            fn synchronize(&self) -> Result<()> {
                self.0.synchronize()
            }

            fn is_host(&self) -> bool {
                self.0.is_host()
            }

            fn path(&self, function: &str) -> Path {
                self.0.path(function)
            }

            fn downloaded_bytes(&self) -> Option<u64> {
                self.0.downloaded_bytes()
            }

            fn fusion_limit(&self) -> FusionLimit {
                self.0.fusion_limit()
            }

            fn supports(&self, operation: Operation, dtype: DType) -> Result<(), &'static str> {
                self.0.supports(operation, dtype)
            }

            $($( fn $name(&self, $($x: argument!($form $($t)?)),*) -> returned!($need $kind) {
                call!($need $kind, $backend::$name(&self.0, $(known!($form $x)),*))
            } )*)*
        }

        $( erase!(@forward $backend { $( $need $name($($form $x $(: $t)?),*) -> $kind; )* }); )*
    };
    (@forward $backend:ident { $(
        $need:ident $name:ident($($form:ident $x:ident $(: $t:ty)?),*) -> $kind:ident;
    )* }) => {
        impl $backend for AnyBackend {
            $( fn $name(&self, $($x: argument!($form $($t)?)),*) -> returned!($need $kind) {
                self.0.$name($($x),*)
            } )*
            erase!(@beside $backend);
        }
    };
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
backend_methods!(erase);

/// Writes through an erased storage. The storage is moved out and back, so that the backend gets the only handle and
/// can write in place; meanwhile an empty upload takes its place.
fn assign<B: Backend>(
    backend: &B,
    target: &mut Strided<AnyStorage>,
    region: &Layout,
    value: &Program<B::Storage>,
) -> Result<()> {
    let storage = (&mut *target.storage.0 as &mut dyn Any)
        .downcast_mut::<B::Storage>()
        .ok_or_else(foreign)?;
    let empty = backend.upload(HostBuffer::UInt8(Vec::new()))?;
    let own = std::mem::replace(storage, empty);
    let mut inner = Strided {
        storage: own,
        layout: target.layout.clone(),
        dtype: target.dtype,
    };
    let result = backend.assign(&mut inner, region, value);
    *storage = inner.storage;
    target.layout = inner.layout;
    result
}

impl ArrayObjectBackend for AnyBackend {
    type Storage = AnyStorage;

    fn device(&self) -> Device {
        self.0.device()
    }

    fn dtypes(&self) -> Vec<DType> {
        self.0.dtypes()
    }

    fn upload(&self, values: HostBuffer) -> Result<AnyStorage> {
        self.0.upload(values)
    }

    fn download(&self, x: &Strided<AnyStorage>) -> Result<HostBuffer> {
        self.0.download(x)
    }

    fn download_all(&self, x: &[Strided<AnyStorage>]) -> Result<Vec<HostBuffer>> {
        self.0.download_all(x)
    }

    fn known(&self, x: &Strided<AnyStorage>) -> Option<HostBuffer> {
        self.0.known(x)
    }

    fn assign(
        &self,
        target: &mut Strided<AnyStorage>,
        region: &Layout,
        value: &Program<AnyStorage>,
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
        self.0.path(function)
    }

    fn downloaded_bytes(&self) -> Option<u64> {
        self.0.downloaded_bytes()
    }
}
