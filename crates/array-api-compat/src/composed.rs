//! A backend without its own ways: what the standard's compositions make of another backend's required functions.

use array_api_spec::{
    DType, Device, HostBuffer, Layout, Path, Program, ReduceOp, Result, ScanOp, Strided,
    backend::{
        ArrayObjectBackend, Backend, Direction, ElementwiseBackend, ExtraBackend, FftBackend,
        FusionLimit, IndexingBackend, LinalgBackend, ManipulationBackend, Operation,
        SortingBackend, StatisticalBackend,
    },
};

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

    fn path(&self, _function: &str) -> Path {
        Path::Composed
    }
}

impl<B: Backend> ElementwiseBackend for Composed<B> {
    fn evaluate(&self, program: &Program<B::Storage>) -> Result<B::Storage> {
        self.0.evaluate(program)
    }

    fn fusion_limit(&self) -> FusionLimit {
        self.0.fusion_limit()
    }

    fn supports(&self, operation: Operation, dtype: DType) -> Result<(), &'static str> {
        self.0.supports(operation, dtype)
    }
}

impl<B: Backend> StatisticalBackend for Composed<B> {
    fn reduce(
        &self,
        op: ReduceOp,
        x: &Program<B::Storage>,
        axes: &[usize],
        dtype: DType,
    ) -> Result<B::Storage> {
        self.0.reduce(op, x, axes, dtype)
    }

    fn scan(
        &self,
        op: ScanOp,
        x: &Program<B::Storage>,
        axis: usize,
        include_initial: bool,
    ) -> Result<B::Storage> {
        self.0.scan(op, x, axis, include_initial)
    }
}

impl<B: Backend> IndexingBackend for Composed<B> {
    fn gather(
        &self,
        x: &Strided<B::Storage>,
        indices: &Strided<B::Storage>,
        axis: usize,
    ) -> Result<B::Storage> {
        self.0.gather(x, indices, axis)
    }

    fn nonzero(&self, x: &Program<B::Storage>) -> Result<(B::Storage, usize)> {
        self.0.nonzero(x)
    }
}

impl<B: Backend> ManipulationBackend for Composed<B> {}

impl<B: Backend> SortingBackend for Composed<B> {
    fn argsort(
        &self,
        x: &Strided<B::Storage>,
        axis: usize,
        descending: bool,
    ) -> Result<B::Storage> {
        self.0.argsort(x, axis, descending)
    }
}

impl<B: Backend> LinalgBackend for Composed<B> {
    fn matmul(&self, a: &Strided<B::Storage>, b: &Strided<B::Storage>) -> Result<B::Storage> {
        self.0.matmul(a, b)
    }

    fn cholesky(&self, x: &Strided<B::Storage>) -> Result<B::Storage> {
        self.0.cholesky(x)
    }

    fn solve(&self, a: &Strided<B::Storage>, b: &Strided<B::Storage>) -> Result<B::Storage> {
        self.0.solve(a, b)
    }

    fn eigh(&self, x: &Strided<B::Storage>) -> Result<[B::Storage; 2]> {
        self.0.eigh(x)
    }

    fn eig(&self, x: &Strided<B::Storage>) -> Result<[B::Storage; 2]> {
        self.0.eig(x)
    }

    fn lu(&self, x: &Strided<B::Storage>) -> Result<[B::Storage; 2]> {
        self.0.lu(x)
    }

    fn qr(&self, x: &Strided<B::Storage>, complete: bool) -> Result<[B::Storage; 2]> {
        self.0.qr(x, complete)
    }

    fn svd(&self, x: &Strided<B::Storage>, full_matrices: bool) -> Result<[B::Storage; 3]> {
        self.0.svd(x, full_matrices)
    }
}

impl<B: Backend> FftBackend for Composed<B> {
    fn fft(
        &self,
        x: &Strided<B::Storage>,
        axis: usize,
        direction: Direction,
    ) -> Result<B::Storage> {
        self.0.fft(x, axis, direction)
    }
}

impl<B: Backend> ExtraBackend for Composed<B> {}
