//! Matrix products and factorisations. Each function has up to three ways: by the vendor's library where the runtime has
//! one, by kernels, and on the host.

mod cholesky;
mod eigh;
mod lu;
mod matmul;
mod matrix;
mod qr;
mod rotation;
mod solve;
mod svd;
mod update;

use array_api_spec::{
    Element, Error, HostBuffer, Layout, QrMode, Result, Strided, SvdMode,
    backend::{ArrayObjectBackend, LinalgBackend},
};

pub(super) use self::matrix::HOST_FROM;
pub(super) use self::{
    cholesky::{CholeskyFinish, CholeskyPanel, CholeskyScale},
    eigh::{
        EighScale, EighSmall, EighStart, EighValues, EighVectors, JacobiJudge, JacobiSolve,
        JacobiUpdate, PolishAdd, PolishDefect,
    },
    lu::{LuFinish, LuPanel, LuRows},
    matmul::Matmul,
    matrix::ScaleMatrix,
    qr::{
        Identity, QrFinish, QrLeaves, QrReconstruct, QrScale, QrTriangle, QrTurn, QrUnfold,
        QrVectors,
    },
    solve::{SolveBack, SolveColumns, SolveFinish, SolveRows, SolveScale},
    svd::{SvdLeft, SvdLengths, SvdPick, SvdPolish, SvdRight, SvdSolve, SvdUpdate, SvdValues},
    update::Update,
};
use super::{Gpu, memory::Memory, runtime::Runtime};
use array_api_host::{dispatch_floating, linalg};

/// Why eigenvalues of general matrices are computed on the host.
pub(super) const HOST: &str = "the QR iteration of a general matrix is a chain of small steps, which a GPU is slow at; it is done in f64 on the host";

impl<R: Runtime> LinalgBackend for Gpu<R> {
    fn matmul(&self, a: &Strided<Memory<R>>, b: &Strided<Memory<R>>) -> Result<Memory<R>> {
        self.matrix_product(a, b)
    }

    fn cholesky(&self, x: &Strided<Memory<R>>) -> Result<Memory<R>> {
        self.cholesky_factor(x)
    }

    fn solve(&self, a: &Strided<Memory<R>>, b: &Strided<Memory<R>>) -> Result<Memory<R>> {
        self.solution(a, b)
    }

    fn eigh(&self, x: &Strided<Memory<R>>) -> Result<[Memory<R>; 2]> {
        self.eigen(x)
    }

    fn eig(&self, x: &Strided<Memory<R>>) -> Result<[Memory<R>; 2]> {
        let layout = Layout::contiguous(x.shape());
        let [values, vectors] = dispatch_floating!("eig", x.dtype, T => {
            let (values, vectors) = linalg::eig(&self.values::<T>(x)?, &layout)?;
            Ok([values, vectors].map(Element::into_buffer))
        })?;
        Ok([self.upload(values)?, self.upload(vectors)?])
    }

    fn lu(&self, x: &Strided<Memory<R>>) -> Result<[Memory<R>; 2]> {
        self.lu_factors(x)
    }

    fn qr(&self, x: &Strided<Memory<R>>, mode: QrMode) -> Result<[Memory<R>; 2]> {
        self.qr_factors(x, mode)
    }

    fn svd(&self, x: &Strided<Memory<R>>, mode: SvdMode) -> Result<[Memory<R>; 3]> {
        self.singular_parts(x, mode)
    }

    fn eigvalsh(&self, x: &Strided<Memory<R>>) -> Option<Result<Memory<R>>> {
        Some(self.eigenvalues(x))
    }

    fn eigvals(&self, x: &Strided<Memory<R>>) -> Option<Result<Memory<R>>> {
        let values = || {
            let layout = Layout::contiguous(x.shape());
            self.upload(dispatch_floating!("eigvals", x.dtype, T => {
                Ok(Element::into_buffer(linalg::eigvals(&self.values::<T>(x)?, &layout)?))
            })?)
        };
        Some(values())
    }

    fn svdvals(&self, x: &Strided<Memory<R>>) -> Option<Result<Memory<R>>> {
        Some(self.singular_values(x))
    }
}

impl<R: Runtime> Gpu<R> {
    /// The values of a view, on the host, in row-major order.
    pub(super) fn values<T: Element>(&self, x: &Strided<Memory<R>>) -> Result<Vec<T>> {
        unwrapped(self.download(x)?)
    }

    /// The values of two views, by one download.
    pub(super) fn values_of<T: Element>(&self, x: [&Strided<Memory<R>>; 2]) -> Result<[Vec<T>; 2]> {
        let mut buffers = self.download_all(&x.map(Clone::clone))?.into_iter();
        let mut next = || unwrapped(buffers.next().unwrap_or_else(|| T::into_buffer(Vec::new())));
        Ok([next()?, next()?])
    }
}

fn unwrapped<T: Element>(buffer: HostBuffer) -> Result<Vec<T>> {
    let dtype = buffer.dtype();
    T::from_buffer(buffer).map_err(|_| Error::dtype("download", &[dtype], T::DTYPE.name()))
}
