//! The traits that a backend implements, one per chapter of the standard.
//!
//! The caller has checked the arguments: dtypes are supported by the device and promoted, shapes are broadcast, axes
//! are in range, sorted and distinct, and all storages are this backend's own. A backend only computes. It returns an
//! error only for what the device alone can know (memory, a singular matrix).
//!
//! A backend must write the required methods, about twenty. The provided ones return `None`, which means "compose it
//! from the others"; a backend overrides those that it can do better. Every returned storage holds its elements
//! contiguous, in row-major order, from its start.

use std::fmt::Debug;

use crate::{
    BinaryOp, DType, Device, HostBuffer, Layout, Moments, NearestSums, Program, QrMode, ReduceOp,
    Result, ScanOp, Spread, Strided, SvdMode, UnaryOp,
};

/// A device and its memory. Two backends are equal if they are the same device and can share arrays.
pub trait ArrayObjectBackend: Clone + Debug + PartialEq + Send + Sync + Sized + 'static {
    /// A handle to memory on the device, cheap to clone. Two are equal if they are the same memory.
    type Storage: Clone + Debug + PartialEq + Send + Sync + 'static;

    /// The device's name.
    fn device(&self) -> Device;

    /// The dtypes that the device has, in the order of [`DType::ALL`]. `bool`, `int32` and `float32` are always among
    /// them.
    fn dtypes(&self) -> Vec<DType>;

    /// Moves values from the host to the device.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn upload(&self, values: HostBuffer) -> Result<Self::Storage>;

    /// Brings the elements of a view to the host, in row-major order. Waits for all work that they depend on.
    ///
    /// # Errors
    /// A driver's failure, which may stem from earlier work.
    fn download(&self, x: &Strided<Self::Storage>) -> Result<HostBuffer>;

    /// Brings the elements of several views to the host, each as [`download`](Self::download) does, with one wait for
    /// the device.
    ///
    /// # Errors
    /// A driver's failure, which may stem from earlier work.
    fn download_all(&self, x: &[Strided<Self::Storage>]) -> Result<Vec<HostBuffer>> {
        x.iter().map(|x| self.download(x)).collect()
    }

    /// The elements of a view in row-major order, if the host has a copy of them, as of a small upload; else `None`.
    /// Never waits.
    fn known(&self, x: &Strided<Self::Storage>) -> Option<HostBuffer> {
        let _ = x;
        None
    }

    /// Writes a program's elements into the region of `target` that the layout `region` describes. `region` has the
    /// program's shape, and the program has the target's dtype. If the memory has other handles, it is copied first,
    /// and `target` becomes the copy. The program itself may hold such a handle: it reads the old values. After an
    /// error the target is unchanged.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn assign(
        &self,
        target: &mut Strided<Self::Storage>,
        region: &Layout,
        value: &Program<Self::Storage>,
    ) -> Result<()>;

    /// Waits until all work on the device is done.
    ///
    /// # Errors
    /// A driver's failure, which may stem from earlier work.
    fn synchronize(&self) -> Result<()> {
        Ok(())
    }

    /// Whether the memory is the host's own, so that `download` needs no wait. Functions may then read small results to
    /// decide whether a simple computation was good enough.
    fn is_host(&self) -> bool {
        false
    }

    /// How this backend computes a function. It must be true: conformance compares it with
    /// [`downloaded_bytes`](Self::downloaded_bytes).
    fn path(&self, function: &str) -> Path {
        if is_required(function) {
            Path::Native
        } else {
            Path::Composed
        }
    }

    /// How many bytes this backend has brought to the host so far; `None` if it does not count, as a backend whose
    /// memory is the host's own.
    fn downloaded_bytes(&self) -> Option<u64> {
        None
    }
}

/// Whether a required method computes this function of the standard, so that every backend has code of its own for it.
///
/// ```
/// use array_api_spec::backend::is_required;
/// assert!(is_required("sin") && is_required("cumulative_sum") && is_required("matmul"));
/// assert!(!is_required("mean")); // a sum and a quotient
/// ```
#[must_use]
pub fn is_required(function: &str) -> bool {
    const OTHERS: [&str; 16] = [
        "argsort",
        "astype",
        "cholesky",
        "cumulative_prod",
        "cumulative_sum",
        "eig",
        "eigh",
        "fft",
        "lu",
        "matmul",
        "nonzero",
        "qr",
        "solve",
        "svd",
        "take_along_axis",
        "where",
    ];
    UnaryOp::ALL.iter().any(|op| op.name() == function)
        || BinaryOp::ALL.iter().any(|op| op.name() == function)
        || ReduceOp::ALL.iter().any(|op| op.name() == function)
        || OTHERS.contains(&function)
}

/// How a backend computes a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// By code of its own for this function.
    Native,
    /// Composed of other functions, on the device.
    Composed,
    /// On the host: the data travels there and back, for the reason given.
    Host(&'static str),
}

/// The limits of a program that a backend can compute at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FusionLimit {
    /// Most steps.
    pub steps: usize,
    /// Most arrays that are read.
    pub inputs: usize,
}

/// Elementwise functions, and through them creation functions, conversions and `where`.
pub trait ElementwiseBackend: ArrayObjectBackend {
    /// Computes a program.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn evaluate(&self, program: &Program<Self::Storage>) -> Result<Self::Storage>;

    /// The largest program. A larger expression is computed in parts.
    fn fusion_limit(&self) -> FusionLimit {
        FusionLimit {
            steps: 64,
            inputs: 7,
        }
    }

    /// Whether an operation works for a dtype. It is called before a program is built.
    ///
    /// # Errors
    /// The reason why it does not, in a few words.
    fn supports(&self, operation: Operation, dtype: DType) -> Result<(), &'static str> {
        let _ = (operation, dtype);
        Ok(())
    }
}

/// An elementwise operation of one or two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Of one argument.
    Unary(UnaryOp),
    /// Of two arguments.
    Binary(BinaryOp),
}

/// Statistical and utility functions.
pub trait StatisticalBackend: ElementwiseBackend {
    /// Reduces a program over axes (an empty list: every element by itself). The result has the shape of the other
    /// axes, and the dtype `dtype`: for `Argmax` and `Argmin` the default index dtype, else the program's own.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn reduce(
        &self,
        op: ReduceOp,
        x: &Program<Self::Storage>,
        axes: &[usize],
        dtype: DType,
    ) -> Result<Self::Storage>;

    /// Running reduction along an axis, in the program's dtype. With the [initial](Initial) value the result starts with 0 (1 for products) and is one longer.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn scan(
        &self,
        op: ScanOp,
        x: &Program<Self::Storage>,
        axis: usize,
        initial: Initial,
    ) -> Result<Self::Storage>;

    /// Variance of real floating-point values over axes, with the divisor `count - correction` (NaN if that is not positive).
    fn variance(
        &self,
        x: &Program<Self::Storage>,
        axes: &[usize],
        correction: f64,
    ) -> Option<Result<Self::Storage>> {
        let _ = (x, axes, correction);
        None
    }
}

/// Whether a running reduction starts with the value of no elements: the standard's `include_initial`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Initial {
    /// Starts with the first element.
    #[default]
    Omitted,
    /// Starts with 0 (1 for products), and has one element more.
    Included,
}

impl Initial {
    /// How many elements the initial value adds: 0 or 1.
    #[must_use]
    pub const fn length(self) -> usize {
        self as usize
    }
}

/// Indexing and searching.
pub trait IndexingBackend: ArrayObjectBackend {
    /// `out[i…] = x[i… with indices[i…] on axis]`. `indices` has the device's index dtype and values in `-n..n`;
    /// negative ones count from the end. `indices` and the result have x's rank, and x's lengths on all other axes.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn gather(
        &self,
        x: &Strided<Self::Storage>,
        indices: &Strided<Self::Storage>,
        axis: usize,
    ) -> Result<Self::Storage>;

    /// Row-major positions of the true elements of a `bool` program, in the default index dtype, and how many there are.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn nonzero(&self, x: &Program<Self::Storage>) -> Result<(Self::Storage, usize)>;
}

/// Joining arrays.
pub trait ManipulationBackend: ArrayObjectBackend {
    /// Arrays of one dtype and rank joined along an axis.
    fn concat(
        &self,
        arrays: &[Strided<Self::Storage>],
        axis: usize,
    ) -> Option<Result<Self::Storage>> {
        let _ = (arrays, axis);
        None
    }
}

/// The order that sorting makes: the standard's `descending`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// Sorting and sets.
pub trait SortingBackend: ArrayObjectBackend {
    /// Positions along the axis that sort real values, in the default index dtype. Always stable: ties keep their order, in
    /// descending order too. -0 equals +0; NaN comes last, ascending and descending.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn argsort(
        &self,
        x: &Strided<Self::Storage>,
        axis: usize,
        order: Order,
    ) -> Result<Self::Storage>;

    /// Real values sorted along the axis, NaN last.
    fn sort(
        &self,
        x: &Strided<Self::Storage>,
        axis: usize,
        order: Order,
    ) -> Option<Result<Self::Storage>> {
        let _ = (x, axis, order);
        None
    }
}

/// Products and factorisations. All arguments may be stacks of matrices: the last two axes are the matrix, and the axes
/// before are the same in all arguments.
pub trait LinalgBackend: ArrayObjectBackend {
    /// `(…, m, k), (…, k, n) → (…, m, n)`, any numeric dtype. Integers wrap.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn matmul(
        &self,
        a: &Strided<Self::Storage>,
        b: &Strided<Self::Storage>,
    ) -> Result<Self::Storage>;

    /// The lower triangle L of `x = L Lᴴ`, zeros above: `(…, n, n) → (…, n, n)`. Reads the lower triangle only.
    ///
    /// # Errors
    /// A matrix that is not positive definite.
    fn cholesky(&self, x: &Strided<Self::Storage>) -> Result<Self::Storage>;

    /// X of `a X = b`: `(…, n, n), (…, n, k) → (…, n, k)`, by LU with partial pivoting.
    ///
    /// # Errors
    /// A singular matrix.
    fn solve(
        &self,
        a: &Strided<Self::Storage>,
        b: &Strided<Self::Storage>,
    ) -> Result<Self::Storage>;

    /// Eigenvalues `(…, n)`, ascending and real, and eigenvectors `(…, n, n)` in columns, of a Hermitian matrix, of which the lower triangle is read.
    /// NaN or ∞ in the input gives NaN in the output.
    ///
    /// # Errors
    /// No convergence.
    fn eigh(&self, x: &Strided<Self::Storage>) -> Result<[Self::Storage; 2]>;

    /// Eigenvalues `(…, n)` and eigenvectors `(…, n, n)` of length 1 in columns of square matrices, both of the complex dtype of the same precision, in any
    /// order. NaN or ∞ in the input gives NaN in the output.
    ///
    /// # Errors
    /// No convergence.
    fn eig(&self, x: &Strided<Self::Storage>) -> Result<[Self::Storage; 2]>;

    /// LU factorisation of square matrices with partial pivoting, in the format of LAPACK's `getrf`. `(…, n, n)` holds
    /// L below the diagonal (L's diagonal is 1) and U on and above it. `(…, n)`, of the default index dtype, says which
    /// row, counted from 0, was exchanged with row i at step i. A pivot of 0 is no error. NaN or ∞ in the input gives
    /// NaN in the output.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn lu(&self, x: &Strided<Self::Storage>) -> Result<[Self::Storage; 2]>;

    /// `x = Q R`: `(…, m, n) → Q (…, m, k), R (…, k, n)` with `k = min(m, n)`, or [complete](QrMode::Complete) Q `(…, m, m)`, R `(…, m, n)`. Q has orthonormal
    /// columns, R zeros below the diagonal. NaN or ∞ in the input gives NaN in the output.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn qr(&self, x: &Strided<Self::Storage>, mode: QrMode) -> Result<[Self::Storage; 2]>;

    /// `(…, m, n) → U (…, m, k), S (…, k) descending, Vh (…, k, n)` with `k = min(m, n)`, or [full](SvdMode::Full) U `(…, m, m)`
    /// and Vh `(…, n, n)`. NaN or ∞ in the input gives NaN in the output.
    ///
    /// # Errors
    /// No convergence.
    fn svd(&self, x: &Strided<Self::Storage>, mode: SvdMode) -> Result<[Self::Storage; 3]>;

    /// [`eigh`](Self::eigh)'s eigenvalues, without the vectors.
    fn eigvalsh(&self, x: &Strided<Self::Storage>) -> Option<Result<Self::Storage>> {
        let _ = x;
        None
    }

    /// [`eig`](Self::eig)'s eigenvalues, without the vectors.
    fn eigvals(&self, x: &Strided<Self::Storage>) -> Option<Result<Self::Storage>> {
        let _ = x;
        None
    }

    /// [`svd`](Self::svd)'s singular values, without the vectors.
    fn svdvals(&self, x: &Strided<Self::Storage>) -> Option<Result<Self::Storage>> {
        let _ = x;
        None
    }
}

/// The direction of a Fourier transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// With `exp(-2πi jk / n)`.
    Forward,
    /// With `exp(2πi jk / n)`.
    Inverse,
}

/// Fourier transforms.
pub trait FftBackend: ArrayObjectBackend {
    /// `y[k] = Σ x[j] exp(∓2πi jk / n)` along an axis of complex numbers, without a factor. The axis is not empty. The
    /// result has x's shape and dtype.
    ///
    /// # Errors
    /// No memory on the device; a driver's failure.
    fn fft(
        &self,
        x: &Strided<Self::Storage>,
        axis: usize,
        direction: Direction,
    ) -> Result<Self::Storage>;
}

/// Functions that the standard lacks, and that a backend may do better than a composition.
pub trait ExtraBackend: StatisticalBackend {
    /// `Sum`, `Max` or `Min` over axes of real floating-point values, skipping NaN. If all are NaN, the sum is 0, and
    /// the others are NaN.
    fn nan_reduce(
        &self,
        op: ReduceOp,
        x: &Program<Self::Storage>,
        axes: &[usize],
    ) -> Option<Result<Self::Storage>> {
        let _ = (op, x, axes);
        None
    }

    /// `x[indices, …]` along an axis: `indices` 1-D, of the default index dtype, values in `-n..n`.
    fn take(
        &self,
        x: &Strided<Self::Storage>,
        indices: &Strided<Self::Storage>,
        axis: usize,
    ) -> Option<Result<Self::Storage>> {
        let _ = (x, indices, axis);
        None
    }

    /// Counts, means and scatter of the rows of x; see [`Namespace::moments`](crate::Namespace::moments). There is at
    /// least one row and one column. `groups (n,)` has the default index dtype; rows whose group is not in
    /// `0..plan.groups` are left out, and not counted in the result's `rows`. `weights (n,)` has x's dtype; a negative
    /// weight makes the result not finite. The columns of the tables `(n, pᵢ)`
    /// stand side by side; `None` for several says that one table shall be made of them.
    fn moments(
        &self,
        tables: &[Strided<Self::Storage>],
        groups: Option<&Strided<Self::Storage>>,
        weights: Option<&Strided<Self::Storage>>,
        plan: MomentsPlan,
    ) -> Option<Result<Moments>> {
        let _ = (tables, groups, weights, plan);
        None
    }

    /// `Σ_j w_kj (x_ij - c_kj)²`, `(n, k)`; see [`Namespace::squared_distances`](crate::Namespace::squared_distances). There is at least one row, column and centre; all
    /// arrays are of one real floating-point dtype.
    fn squared_distances(
        &self,
        x: &Strided<Self::Storage>,
        centers: &Strided<Self::Storage>,
        weights: Option<&Strided<Self::Storage>>,
    ) -> Option<Result<Self::Storage>> {
        let _ = (x, centers, weights);
        None
    }

    /// The nearest centre of each row, `(n,)` of the default index dtype, and what the rows of each sum up to; see
    /// [`Namespace::nearest`](crate::Namespace::nearest). There is at least one row, column and centre; all arrays are of one real floating-point dtype.
    fn nearest(
        &self,
        x: &Strided<Self::Storage>,
        centers: &Strided<Self::Storage>,
        origin: &Strided<Self::Storage>,
        weights: Option<&Strided<Self::Storage>>,
    ) -> Option<Result<(Self::Storage, NearestSums)>> {
        let _ = (x, centers, origin, weights);
        None
    }
}

/// What [`ExtraBackend::moments`] must compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MomentsPlan {
    /// k, the number of groups; 1 if none are given.
    pub groups: usize,
    /// True for one scatter of all groups together, false for one of each group.
    pub pooled: bool,
    /// Which form of the scatter is wanted.
    pub spread: Spread,
}

/// A whole backend: all chapters together.
pub trait Backend:
    StatisticalBackend
    + IndexingBackend
    + ManipulationBackend
    + SortingBackend
    + LinalgBackend
    + FftBackend
    + ExtraBackend
{
}

impl<T> Backend for T where
    T: StatisticalBackend
        + IndexingBackend
        + ManipulationBackend
        + SortingBackend
        + LinalgBackend
        + FftBackend
        + ExtraBackend
{
}
