//! Eigenvalues and eigenvectors of Hermitian matrices by Jacobi's method with blocks, two launches for every round of
//! pairs of blocks. (As in XLA and rocSOLVER, which use it on GPUs, too: unlike a tridiagonal form it needs no launch for
//! every column.)
//!
//! The matrix is scaled by a power of two, so that nothing overflows. Rotations by at most 45° exchange no columns, so
//! rows of padding never mix with others: they are 0, and rotations that would do nothing are left out.

mod ends;
mod polish;
mod small;
mod sweep;
mod tile;

use array_api_host::{dispatch_floating, linalg};
use array_api_spec::{
    Element, ErrorKind, Layout, Result, Strided, backend::ArrayObjectBackend, shape::size,
};

pub(crate) use self::{
    ends::{EighScale, EighStart, EighValues, EighVectors},
    polish::{PolishAdd, PolishDefect},
    small::EighSmall,
    sweep::{JacobiJudge, JacobiSolve, JacobiUpdate},
};
use self::{sweep::Progress, tile::Jacobi};
use super::matrix::{Source, stack};
use crate::{Gpu, memory::Memory, runtime::Runtime};

/// Larger matrices are left to the host: a sweep takes 12n³ operations, and there are some ten sweeps.
const LARGEST: usize = 2048;
/// Most sweeps; ten are usual, and sixteen if half of the eigenvalues are 0.
const SWEEPS: usize = 20;
/// Sweeps after the polish.
const LAST_SWEEPS: usize = 2;
/// Of how many rounding errors an element off the diagonal may be before the polish. The errors of the updates themselves
/// are not much smaller.
const COARSE: f64 = 32.0;

impl<R: Runtime> Gpu<R> {
    /// Eigenvalues and eigenvectors.
    pub(super) fn eigen(&self, x: &Strided<Memory<R>>) -> Result<[Memory<R>; 2]> {
        if let Some(parts) = self.assisted_eigh(x)? {
            return Ok(parts);
        }
        if let Some(parts) = self.eigen_by_kernels(x, true)? {
            return Ok(parts);
        }
        let layout = Layout::contiguous(x.shape());
        let [values, vectors] = dispatch_floating!("eigh", x.dtype, T => {
            let (values, vectors) = linalg::eigh(&self.values::<T>(x)?, &layout)?;
            Ok([Element::into_buffer(values), T::into_buffer(vectors)])
        })?;
        Ok([self.upload(values)?, self.upload(vectors)?])
    }

    /// Eigenvalues.
    pub(super) fn eigenvalues(&self, x: &Strided<Memory<R>>) -> Result<Memory<R>> {
        if let Some([values, _]) = self.assisted_eigh(x)? {
            return Ok(values);
        }
        if let Some([values, _]) = self.eigen_by_kernels(x, false)? {
            return Ok(values);
        }
        let layout = Layout::contiguous(x.shape());
        self.upload(dispatch_floating!("eigvalsh", x.dtype, T => {
            Ok(Element::into_buffer(linalg::eigvalsh(&self.values::<T>(x)?, &layout)?))
        })?)
    }

    /// Eigenvalues, and vectors if they are wanted. `None` if there are no kernels for such a stack, or they have not come
    /// to an end.
    fn eigen_by_kernels(
        &self,
        x: &Strided<Memory<R>>,
        vectors: bool,
    ) -> Result<Option<[Memory<R>; 2]>> {
        if !self.factorises(x) {
            return Ok(None);
        }
        let (batch, [n, _]) = stack(&x.layout);
        let batches = size(&batch);
        // What the kernels of a fixed set are made for.
        let shared_bytes = self.runtime.properties().shared_bytes.min(48 << 10);
        let jacobi = Jacobi::new(self.work_dtype(x.dtype), shared_bytes);
        if n <= jacobi.rows() as usize {
            let x = self.readable(x)?;
            let parts = self.eigen_of_small(&x, jacobi, (batches, n), vectors)?;
            return Ok(Some(parts));
        }
        if n > LARGEST {
            return Ok(None);
        }
        // The host may have room where the device has none.
        match self.eigen_of_blocks(&self.readable(x)?, jacobi, (batches, n), vectors) {
            Err(error) if matches!(error.kind(), ErrorKind::OutOfMemory { .. }) => Ok(None),
            parts => parts,
        }
    }

    fn eigen_of_blocks(
        &self,
        x: &Strided<Memory<R>>,
        jacobi: Jacobi,
        (batches, n): (usize, usize),
        vectors: bool,
    ) -> Result<Option<[Memory<R>; 2]>> {
        let size = n.next_multiple_of(jacobi.rows() as usize);
        let stride = if vectors {
            2 * size * size
        } else {
            size * size
        };
        let elements = batches.saturating_mul(stride);
        // A complex number counts as two positions.
        self.check_size(elements.saturating_mul(2))?;
        let work = Work {
            gpu: self,
            jacobi,
            n,
            size,
            batches,
            vectors,
            stride,
            memory: self.allocate(elements, jacobi.dtype)?,
        };
        work.eigen(x)
    }
}

/// A stack of matrices in work.
struct Work<'g, R: Runtime> {
    gpu: &'g Gpu<R>,
    jacobi: Jacobi,
    /// Order of the matrices, and of the padded ones.
    n: usize,
    size: usize,
    batches: usize,
    /// Whether eigenvectors are wanted.
    vectors: bool,
    /// For each matrix A, `(size, size)`, and below it V, if vectors are wanted.
    memory: Memory<R>,
    /// Elements from one matrix's A to the next.
    stride: usize,
}

impl<R: Runtime> Work<'_, R> {
    fn eigen(&self, x: &Strided<Memory<R>>) -> Result<Option<[Memory<R>; 2]>> {
        let source = Source::of(x, self.jacobi.dtype);
        let word = self
            .gpu
            .words_of_matrices(x, &source, self.n, self.batches)?;
        self.fill(x, &source, &word, true)?;
        let progress = Progress::new(self.gpu, self.batches, SWEEPS)?;
        let is_diagonal = self.sweeps(&progress, COARSE)?;
        // Results in a narrower dtype have no digits for it.
        if self.vectors && source.dtype() == source.work {
            self.polish(x, &source, &word)?;
            let progress = Progress::new(self.gpu, self.batches, LAST_SWEEPS)?;
            self.sweeps(&progress, 1.0)?;
        }
        let parts = self.results(&source, &word)?;
        Ok(is_diagonal.then_some(parts))
    }
}
