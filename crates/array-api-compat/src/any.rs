//! A backend whose type is known at run time only, so that a device can be a command-line argument.
//!
//! Open to backends of other crates: whatever implements [`Backend`] can be wrapped.

use std::{any::Any, fmt, sync::Arc};

use array_api_spec::{
    DType, Device, Error, HostBuffer, Layout, Namespace, Path, Program, ReduceOp, Result, ScanOp,
    Strided,
    backend::{
        ArrayObjectBackend, Backend, Direction, ElementwiseBackend, ExtraBackend, FftBackend,
        FusionLimit, GroupScatterParts, IndexingBackend, LinalgBackend, ManipulationBackend,
        Operation, SortingBackend, StatisticalBackend,
    },
};

/// Any backend, its type erased.
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
pub struct AnyBackend(Arc<dyn Erased>);

impl AnyBackend {
    /// Erases the type of a backend.
    pub fn new<B: Backend>(backend: B) -> Self {
        Self(Arc::new(backend))
    }

    /// The namespace of a device with its backend's type erased. Arrays of the two do not mix.
    pub fn erase<B: Backend>(xp: &Namespace<B>) -> Namespace<Self> {
        Namespace::new(Self::new(xp.backend().clone()))
    }

    /// The wrapped backend, if it is of type `B`.
    #[must_use]
    pub fn downcast_ref<B: Backend>(&self) -> Option<&B> {
        (&*self.0 as &dyn Any).downcast_ref()
    }
}

impl fmt::Debug for AnyBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for AnyBackend {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&*other.0)
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

/// Only an array that was put together by hand can get here.
fn foreign() -> Error {
    Error::value(
        "AnyBackend",
        "the array's storage belongs to another backend; use `to_device`",
    )
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

/// The methods of [`Backend`] over erased storages.
trait Erased: Any + fmt::Debug + Send + Sync {
    fn same(&self, other: &dyn Erased) -> bool;
    fn device(&self) -> Device;
    fn dtypes(&self) -> Vec<DType>;
    fn upload(&self, values: HostBuffer) -> Result<AnyStorage>;
    fn download(&self, x: &Strided<AnyStorage>) -> Result<HostBuffer>;
    fn assign(
        &self,
        target: &mut Strided<AnyStorage>,
        region: &Layout,
        value: &Program<AnyStorage>,
    ) -> Result<()>;
    fn synchronize(&self) -> Result<()>;
    fn is_host(&self) -> bool;
    fn path(&self, function: &str) -> Path;
    fn evaluate(&self, program: &Program<AnyStorage>) -> Result<AnyStorage>;
    fn fusion_limit(&self) -> FusionLimit;
    fn supports(&self, operation: Operation, dtype: DType) -> Result<(), &'static str>;
    fn reduce(
        &self,
        op: ReduceOp,
        x: &Program<AnyStorage>,
        axes: &[usize],
        dtype: DType,
    ) -> Result<AnyStorage>;
    fn scan(
        &self,
        op: ScanOp,
        x: &Program<AnyStorage>,
        axis: usize,
        include_initial: bool,
    ) -> Result<AnyStorage>;
    fn variance(
        &self,
        x: &Program<AnyStorage>,
        axes: &[usize],
        correction: f64,
    ) -> Option<Result<AnyStorage>>;
    fn gather(
        &self,
        x: &Strided<AnyStorage>,
        indices: &Strided<AnyStorage>,
        axis: usize,
    ) -> Result<AnyStorage>;
    fn nonzero(&self, x: &Program<AnyStorage>) -> Result<(AnyStorage, usize)>;
    fn concat(&self, arrays: &[Strided<AnyStorage>], axis: usize) -> Option<Result<AnyStorage>>;
    fn argsort(&self, x: &Strided<AnyStorage>, axis: usize, descending: bool)
    -> Result<AnyStorage>;
    fn sort(
        &self,
        x: &Strided<AnyStorage>,
        axis: usize,
        descending: bool,
    ) -> Option<Result<AnyStorage>>;
    fn matmul(&self, a: &Strided<AnyStorage>, b: &Strided<AnyStorage>) -> Result<AnyStorage>;
    fn cholesky(&self, x: &Strided<AnyStorage>) -> Result<AnyStorage>;
    fn solve(&self, a: &Strided<AnyStorage>, b: &Strided<AnyStorage>) -> Result<AnyStorage>;
    fn eigh(&self, x: &Strided<AnyStorage>) -> Result<[AnyStorage; 2]>;
    fn eig(&self, x: &Strided<AnyStorage>) -> Result<[AnyStorage; 2]>;
    fn lu(&self, x: &Strided<AnyStorage>) -> Result<[AnyStorage; 2]>;
    fn qr(&self, x: &Strided<AnyStorage>, complete: bool) -> Result<[AnyStorage; 2]>;
    fn svd(&self, x: &Strided<AnyStorage>, full_matrices: bool) -> Result<[AnyStorage; 3]>;
    fn fft(&self, x: &Strided<AnyStorage>, axis: usize, direction: Direction)
    -> Result<AnyStorage>;
    fn nan_reduce(
        &self,
        op: ReduceOp,
        x: &Program<AnyStorage>,
        axes: &[usize],
    ) -> Option<Result<AnyStorage>>;
    fn take(
        &self,
        x: &Strided<AnyStorage>,
        indices: &Strided<AnyStorage>,
        axis: usize,
    ) -> Option<Result<AnyStorage>>;
    fn group_scatter(
        &self,
        x: &Strided<AnyStorage>,
        groups: &Strided<AnyStorage>,
        counts: &[usize],
        tolerance: f64,
    ) -> Option<Result<GroupScatterParts<AnyStorage>>>;
}

/// What an optional method returns for a storage that cannot be unwrapped: the mistake, not "compose it".
macro_rules! try_some {
    ($value:expr) => {
        match $value {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        }
    };
}

impl<B: Backend> Erased for B {
    fn same(&self, other: &dyn Erased) -> bool {
        (other as &dyn Any)
            .downcast_ref::<B>()
            .is_some_and(|other| self == other)
    }

    fn device(&self) -> Device {
        ArrayObjectBackend::device(self)
    }

    fn dtypes(&self) -> Vec<DType> {
        ArrayObjectBackend::dtypes(self)
    }

    fn upload(&self, values: HostBuffer) -> Result<AnyStorage> {
        ArrayObjectBackend::upload(self, values).map(wrap)
    }

    fn download(&self, x: &Strided<AnyStorage>) -> Result<HostBuffer> {
        ArrayObjectBackend::download(self, &array(x)?)
    }

    fn assign(
        &self,
        target: &mut Strided<AnyStorage>,
        region: &Layout,
        value: &Program<AnyStorage>,
    ) -> Result<()> {
        let value = program(value)?;
        let storage = (&mut *target.storage.0 as &mut dyn Any)
            .downcast_mut::<B::Storage>()
            .ok_or_else(foreign)?;
        // The storage is moved out and back, so that the backend sees its only handle; an empty upload holds its place.
        let empty = ArrayObjectBackend::upload(self, HostBuffer::UInt8(Vec::new()))?;
        let own = std::mem::replace(storage, empty);
        let mut inner = Strided {
            storage: own,
            layout: target.layout.clone(),
            dtype: target.dtype,
        };
        let result = ArrayObjectBackend::assign(self, &mut inner, region, &value);
        *storage = inner.storage;
        target.layout = inner.layout;
        result
    }

    fn synchronize(&self) -> Result<()> {
        ArrayObjectBackend::synchronize(self)
    }

    fn is_host(&self) -> bool {
        ArrayObjectBackend::is_host(self)
    }

    fn path(&self, function: &str) -> Path {
        ArrayObjectBackend::path(self, function)
    }

    fn evaluate(&self, x: &Program<AnyStorage>) -> Result<AnyStorage> {
        ElementwiseBackend::evaluate(self, &program(x)?).map(wrap)
    }

    fn fusion_limit(&self) -> FusionLimit {
        ElementwiseBackend::fusion_limit(self)
    }

    fn supports(&self, operation: Operation, dtype: DType) -> Result<(), &'static str> {
        ElementwiseBackend::supports(self, operation, dtype)
    }

    fn reduce(
        &self,
        op: ReduceOp,
        x: &Program<AnyStorage>,
        axes: &[usize],
        dtype: DType,
    ) -> Result<AnyStorage> {
        StatisticalBackend::reduce(self, op, &program(x)?, axes, dtype).map(wrap)
    }

    fn scan(
        &self,
        op: ScanOp,
        x: &Program<AnyStorage>,
        axis: usize,
        include_initial: bool,
    ) -> Result<AnyStorage> {
        StatisticalBackend::scan(self, op, &program(x)?, axis, include_initial).map(wrap)
    }

    fn variance(
        &self,
        x: &Program<AnyStorage>,
        axes: &[usize],
        correction: f64,
    ) -> Option<Result<AnyStorage>> {
        Some(
            StatisticalBackend::variance(self, &try_some!(program(x)), axes, correction)?.map(wrap),
        )
    }

    fn gather(
        &self,
        x: &Strided<AnyStorage>,
        indices: &Strided<AnyStorage>,
        axis: usize,
    ) -> Result<AnyStorage> {
        IndexingBackend::gather(self, &array(x)?, &array(indices)?, axis).map(wrap)
    }

    fn nonzero(&self, x: &Program<AnyStorage>) -> Result<(AnyStorage, usize)> {
        IndexingBackend::nonzero(self, &program(x)?)
            .map(|(positions, count)| (wrap(positions), count))
    }

    fn concat(&self, arrays: &[Strided<AnyStorage>], axis: usize) -> Option<Result<AnyStorage>> {
        let arrays: Result<Vec<_>> = arrays.iter().map(array).collect();
        Some(ManipulationBackend::concat(self, &try_some!(arrays), axis)?.map(wrap))
    }

    fn argsort(
        &self,
        x: &Strided<AnyStorage>,
        axis: usize,
        descending: bool,
    ) -> Result<AnyStorage> {
        SortingBackend::argsort(self, &array(x)?, axis, descending).map(wrap)
    }

    fn sort(
        &self,
        x: &Strided<AnyStorage>,
        axis: usize,
        descending: bool,
    ) -> Option<Result<AnyStorage>> {
        Some(SortingBackend::sort(self, &try_some!(array(x)), axis, descending)?.map(wrap))
    }

    fn matmul(&self, a: &Strided<AnyStorage>, b: &Strided<AnyStorage>) -> Result<AnyStorage> {
        LinalgBackend::matmul(self, &array(a)?, &array(b)?).map(wrap)
    }

    fn cholesky(&self, x: &Strided<AnyStorage>) -> Result<AnyStorage> {
        LinalgBackend::cholesky(self, &array(x)?).map(wrap)
    }

    fn solve(&self, a: &Strided<AnyStorage>, b: &Strided<AnyStorage>) -> Result<AnyStorage> {
        LinalgBackend::solve(self, &array(a)?, &array(b)?).map(wrap)
    }

    fn eigh(&self, x: &Strided<AnyStorage>) -> Result<[AnyStorage; 2]> {
        LinalgBackend::eigh(self, &array(x)?).map(|parts| parts.map(wrap))
    }

    fn eig(&self, x: &Strided<AnyStorage>) -> Result<[AnyStorage; 2]> {
        LinalgBackend::eig(self, &array(x)?).map(|parts| parts.map(wrap))
    }

    fn lu(&self, x: &Strided<AnyStorage>) -> Result<[AnyStorage; 2]> {
        LinalgBackend::lu(self, &array(x)?).map(|parts| parts.map(wrap))
    }

    fn qr(&self, x: &Strided<AnyStorage>, complete: bool) -> Result<[AnyStorage; 2]> {
        LinalgBackend::qr(self, &array(x)?, complete).map(|parts| parts.map(wrap))
    }

    fn fft(
        &self,
        x: &Strided<AnyStorage>,
        axis: usize,
        direction: Direction,
    ) -> Result<AnyStorage> {
        FftBackend::fft(self, &array(x)?, axis, direction).map(wrap)
    }

    fn svd(&self, x: &Strided<AnyStorage>, full_matrices: bool) -> Result<[AnyStorage; 3]> {
        LinalgBackend::svd(self, &array(x)?, full_matrices).map(|parts| parts.map(wrap))
    }

    fn nan_reduce(
        &self,
        op: ReduceOp,
        x: &Program<AnyStorage>,
        axes: &[usize],
    ) -> Option<Result<AnyStorage>> {
        Some(ExtraBackend::nan_reduce(self, op, &try_some!(program(x)), axes)?.map(wrap))
    }

    fn take(
        &self,
        x: &Strided<AnyStorage>,
        indices: &Strided<AnyStorage>,
        axis: usize,
    ) -> Option<Result<AnyStorage>> {
        Some(
            ExtraBackend::take(self, &try_some!(array(x)), &try_some!(array(indices)), axis)?
                .map(wrap),
        )
    }

    fn group_scatter(
        &self,
        x: &Strided<AnyStorage>,
        groups: &Strided<AnyStorage>,
        counts: &[usize],
        tolerance: f64,
    ) -> Option<Result<GroupScatterParts<AnyStorage>>> {
        let (x, groups) = (try_some!(array(x)), try_some!(array(groups)));
        let parts = ExtraBackend::group_scatter(self, &x, &groups, counts, tolerance)?;
        Some(parts.map(|parts| GroupScatterParts {
            means: wrap(parts.means),
            std: wrap(parts.std),
            singular_values: wrap(parts.singular_values),
            right_vectors: wrap(parts.right_vectors),
            rank: parts.rank,
        }))
    }
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
}

impl ElementwiseBackend for AnyBackend {
    fn evaluate(&self, program: &Program<AnyStorage>) -> Result<AnyStorage> {
        self.0.evaluate(program)
    }

    fn fusion_limit(&self) -> FusionLimit {
        self.0.fusion_limit()
    }

    fn supports(&self, operation: Operation, dtype: DType) -> Result<(), &'static str> {
        self.0.supports(operation, dtype)
    }
}

impl StatisticalBackend for AnyBackend {
    fn reduce(
        &self,
        op: ReduceOp,
        x: &Program<AnyStorage>,
        axes: &[usize],
        dtype: DType,
    ) -> Result<AnyStorage> {
        self.0.reduce(op, x, axes, dtype)
    }

    fn scan(
        &self,
        op: ScanOp,
        x: &Program<AnyStorage>,
        axis: usize,
        include_initial: bool,
    ) -> Result<AnyStorage> {
        self.0.scan(op, x, axis, include_initial)
    }

    fn variance(
        &self,
        x: &Program<AnyStorage>,
        axes: &[usize],
        correction: f64,
    ) -> Option<Result<AnyStorage>> {
        self.0.variance(x, axes, correction)
    }
}

impl IndexingBackend for AnyBackend {
    fn gather(
        &self,
        x: &Strided<AnyStorage>,
        indices: &Strided<AnyStorage>,
        axis: usize,
    ) -> Result<AnyStorage> {
        self.0.gather(x, indices, axis)
    }

    fn nonzero(&self, x: &Program<AnyStorage>) -> Result<(AnyStorage, usize)> {
        self.0.nonzero(x)
    }
}

impl ManipulationBackend for AnyBackend {
    fn concat(&self, arrays: &[Strided<AnyStorage>], axis: usize) -> Option<Result<AnyStorage>> {
        self.0.concat(arrays, axis)
    }
}

impl SortingBackend for AnyBackend {
    fn argsort(
        &self,
        x: &Strided<AnyStorage>,
        axis: usize,
        descending: bool,
    ) -> Result<AnyStorage> {
        self.0.argsort(x, axis, descending)
    }

    fn sort(
        &self,
        x: &Strided<AnyStorage>,
        axis: usize,
        descending: bool,
    ) -> Option<Result<AnyStorage>> {
        self.0.sort(x, axis, descending)
    }
}

impl LinalgBackend for AnyBackend {
    fn matmul(&self, a: &Strided<AnyStorage>, b: &Strided<AnyStorage>) -> Result<AnyStorage> {
        self.0.matmul(a, b)
    }

    fn cholesky(&self, x: &Strided<AnyStorage>) -> Result<AnyStorage> {
        self.0.cholesky(x)
    }

    fn solve(&self, a: &Strided<AnyStorage>, b: &Strided<AnyStorage>) -> Result<AnyStorage> {
        self.0.solve(a, b)
    }

    fn eigh(&self, x: &Strided<AnyStorage>) -> Result<[AnyStorage; 2]> {
        self.0.eigh(x)
    }

    fn eig(&self, x: &Strided<AnyStorage>) -> Result<[AnyStorage; 2]> {
        self.0.eig(x)
    }

    fn lu(&self, x: &Strided<AnyStorage>) -> Result<[AnyStorage; 2]> {
        self.0.lu(x)
    }

    fn qr(&self, x: &Strided<AnyStorage>, complete: bool) -> Result<[AnyStorage; 2]> {
        self.0.qr(x, complete)
    }

    fn svd(&self, x: &Strided<AnyStorage>, full_matrices: bool) -> Result<[AnyStorage; 3]> {
        self.0.svd(x, full_matrices)
    }
}

impl FftBackend for AnyBackend {
    fn fft(
        &self,
        x: &Strided<AnyStorage>,
        axis: usize,
        direction: Direction,
    ) -> Result<AnyStorage> {
        self.0.fft(x, axis, direction)
    }
}

impl ExtraBackend for AnyBackend {
    fn nan_reduce(
        &self,
        op: ReduceOp,
        x: &Program<AnyStorage>,
        axes: &[usize],
    ) -> Option<Result<AnyStorage>> {
        self.0.nan_reduce(op, x, axes)
    }

    fn take(
        &self,
        x: &Strided<AnyStorage>,
        indices: &Strided<AnyStorage>,
        axis: usize,
    ) -> Option<Result<AnyStorage>> {
        self.0.take(x, indices, axis)
    }

    fn group_scatter(
        &self,
        x: &Strided<AnyStorage>,
        groups: &Strided<AnyStorage>,
        counts: &[usize],
        tolerance: f64,
    ) -> Option<Result<GroupScatterParts<AnyStorage>>> {
        self.0.group_scatter(x, groups, counts, tolerance)
    }
}
