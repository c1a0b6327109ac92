//! Singular values and vectors: QR factors, then Jacobi's rotations of the rows of R, then QR factors of what they become.
//!
//! From `A = Q R`, rotations Z make the rows of `G = Z R` orthogonal. Their lengths are the singular values S, and `U = Q Zᴴ`.
//! `Gᴴ = V S` has QR factors whose Q is V up to phases, and is orthonormal also where singular values vanish. Rotations of
//! R's rows need fewer sweeps than those of its columns (Drmač, Veselić, "New fast and accurate Jacobi SVD algorithm", 2008).

mod finish;
mod sweep;

use array_api_host::{dispatch_floating, linalg};
use array_api_spec::{
    DType, Element, HostBuffer, Layout, Op, Program, QrMode, ReduceOp, Result, Strided, SvdMode,
    UnaryOp,
    backend::{ArrayObjectBackend, ElementwiseBackend, StatisticalBackend},
    shape::size,
};

use self::sweep::Tile;
use super::{
    matrix::{Source, stack},
    qr::Identity,
};
use crate::{Gpu, columns::transposed, memory::Memory, runtime::Runtime};

pub(crate) use self::{
    finish::{SvdLeft, SvdLengths, SvdPick, SvdPolish, SvdRight, SvdValues},
    sweep::{SvdSolve, SvdUpdate},
};

/// Columns of the largest matrix, or rows of a wide one; larger ones go to the host.
const LARGEST: usize = 2048;
/// Elements of all rotations Z of a stack. More matrices go to the host, because those of small ones are padded.
const ROOM: usize = 1 << 26;
/// Most sweeps. Few are needed, 7 to 12; what is left after these is below the rounding errors of the largest values.
const SWEEPS: usize = 20;

/// The rows of R after the sweeps, and what they need to become singular vectors.
struct Rotated<R: Runtime> {
    /// `(batches, tile's multiple, n)`.
    g: Memory<R>,
    /// The rotations together, `(batches, tile's multiple, tile's multiple)`, if they are wanted.
    z: Option<Memory<R>>,
    /// Lengths of the rows of g, `(batches, tile's multiple)`, and their order.
    lengths: Memory<R>,
    order: Memory<R>,
    batches: usize,
    n: usize,
    padded: usize,
    dtype: DType,
}

impl<R: Runtime> Gpu<R> {
    /// U, S and Vᴴ.
    pub(super) fn singular_parts(
        &self,
        x: &Strided<Memory<R>>,
        mode: SvdMode,
    ) -> Result<[Memory<R>; 3]> {
        if let Some(parts) = self.assisted_svd(x, mode)? {
            return Ok(parts);
        }
        if let Some(tall) = self.tall(x, mode)? {
            return self.svd_by_kernels(&tall, mode, is_wide(x));
        }
        let layout = Layout::contiguous(x.shape());
        let [u, s, vh] = dispatch_floating!("svd", x.dtype, T => {
            let (u, s, vh) = linalg::svd(&self.values::<T>(x)?, &layout, mode)?;
            Ok([T::into_buffer(u), Element::into_buffer(s), T::into_buffer(vh)])
        })?;
        Ok([self.upload(u)?, self.upload(s)?, self.upload(vh)?])
    }

    /// S alone.
    pub(super) fn singular_values(&self, x: &Strided<Memory<R>>) -> Result<Memory<R>> {
        if let Some([_, values, _]) = self.assisted_svd(x, SvdMode::Reduced)? {
            return Ok(values);
        }
        if let Some(tall) = self.tall(x, SvdMode::Reduced)? {
            let source = Source::of(&tall, self.work_dtype(x.dtype));
            let [a, largest] = self.scaled(&tall, &source)?;
            let a = Strided::contiguous(a, tall.shape(), source.work);
            let rotated = self.rotate(&self.factorise_columns(&a)?, false)?;
            return self.values_of_rows(&rotated, &largest, x.dtype);
        }
        let layout = Layout::contiguous(x.shape());
        self.upload(dispatch_floating!("svdvals", x.dtype, T => {
            Ok(Element::into_buffer(linalg::svdvals(&self.values::<T>(x)?, &layout)?))
        })?)
    }

    /// The matrices or their transposes, with at least as many rows as columns, if kernels decompose them.
    fn tall(&self, x: &Strided<Memory<R>>, mode: SvdMode) -> Result<Option<Strided<Memory<R>>>> {
        let tall = if is_wide(x) {
            x.with_layout(transposed(&x.layout))
        } else {
            x.clone()
        };
        let (batch, [_, n]) = stack(&tall.layout);
        let tile = self.tile(self.work_dtype(x.dtype), n);
        let padded = n.next_multiple_of(tile.side() as usize);
        let room = size(&[size(&batch), padded, padded]);
        let fits = n <= LARGEST && room <= ROOM && self.reflects(&tall, of_q(mode));
        if fits {
            self.readable(&tall).map(Some)
        } else {
            Ok(None)
        }
    }

    fn tile(&self, work: DType, n: usize) -> Tile {
        Tile::of(
            work,
            n,
            self.runtime.properties().shared_bytes.min(48 << 10),
        )
    }

    /// The parts of matrices with at least as many rows as columns, or of their transposes.
    fn svd_by_kernels(
        &self,
        x: &Strided<Memory<R>>,
        mode: SvdMode,
        is_wide: bool,
    ) -> Result<[Memory<R>; 3]> {
        let source = Source::of(x, self.work_dtype(x.dtype));
        let dtype = source.work;
        let [a, largest] = self.scaled(x, &source)?;
        let factored = self.factorise_columns(&Strided::contiguous(a, x.shape(), dtype))?;
        let [m, n] = factored.shape();
        let rotated = self.rotate(&factored, true)?;
        let batches = rotated.batches;
        let (k, square) = (of_q(mode).size(m, n), [batches, n, n]);
        let q = self.orthonormal(&factored, k)?;
        let s = self.values_of_rows(&rotated, &largest, x.dtype)?;

        let v = Strided::contiguous(self.picked(&rotated, &rotated.g, n)?, &square, dtype);
        let right = self.qr_by_kernels(&v, QrMode::Reduced)?;
        let vh = self.finish_right(
            &source,
            [&largest, &right[0], &right[1]],
            [batches, n],
            is_wide,
        )?;

        let z = match &rotated.z {
            Some(z) => self.picked(&rotated, z, rotated.padded)?,
            None => unreachable!("the vectors are wanted"),
        };
        let z = self.polished(&Strided::contiguous(z, &square, dtype))?;
        let first = Layout::new(&[batches, m, n], &[(m * k) as isize, k as isize, 1], 0);
        let first = Strided {
            storage: q.clone(),
            layout: first,
            dtype,
        };
        let u = self.matrix_product(&first, &z)?;
        let u = self.finish_left(&source, [&largest, &u, &q], [batches, m, n, k], is_wide)?;
        // From xᵀ = U S Vᴴ follows x = (Vᴴ)ᵀ S Uᵀ.
        Ok(if is_wide { [vh, s, u] } else { [u, s, vh] })
    }

    /// Columns that are orthonormal up to rounding errors of many rotations, with those errors squared away:
    /// `Z + Z (I - Zᴴ Z) / 2` (Newton and Schulz).
    fn polished(&self, z: &Strided<Memory<R>>) -> Result<Strided<Memory<R>>> {
        let mut adjoint = z.with_layout(transposed(&z.layout));
        if z.dtype.is_complex() {
            let mut program = Program::input(adjoint.clone());
            program.push(Op::Unary(UnaryOp::Conj, 0), z.dtype);
            let conjugate = self.evaluate(&program)?;
            adjoint = Strided::contiguous(conjugate, z.shape(), z.dtype);
        }
        let gram = self.matrix_product(&adjoint, z)?;
        let step = self.polishing(&gram, z)?;
        let step = Strided::contiguous(step, z.shape(), z.dtype);
        let product = self.matrix_product(z, &step)?;
        Ok(Strided::contiguous(product, z.shape(), z.dtype))
    }

    /// The largest of the cosines that a sweep met. The host waits for it.
    fn worst(&self, off: &Memory<R>, count: usize, real: DType) -> Result<f64> {
        let all = Program::input(Strided::contiguous(off.clone(), &[count], real));
        let worst = self.reduce(ReduceOp::Max, &all, &[0], real)?;
        let worst = self.download(&Strided::contiguous(worst, &[1], real))?;
        Ok(match worst {
            HostBuffer::Float32(worst) => f64::from(worst[0]),
            HostBuffer::Float64(worst) => worst[0],
            _ => unreachable!("a real number"),
        })
    }
}

fn is_wide<R: Runtime>(x: &Strided<Memory<R>>) -> bool {
    let (_, [m, n]) = stack(&x.layout);
    m < n
}

/// The mode in which the left vectors of matrices with at least as many rows as columns come from Q.
const fn of_q(mode: SvdMode) -> QrMode {
    match mode {
        SvdMode::Reduced => QrMode::Reduced,
        SvdMode::Full => QrMode::Complete,
    }
}
