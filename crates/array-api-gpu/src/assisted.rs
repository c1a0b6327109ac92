//! Products and factorisations by the vendor's libraries, for runtimes that have them. A library's factorisation is
//! used only if the library reports success and the results are finite. Otherwise the function is computed as on any
//! other runtime, and that computation alone decides what is an error.

use array_api_spec::{
    BinaryOp, DType, ErrorKind, Op, Program, ReduceOp, Result, Scalar, Strided, SvdMode, UnaryOp,
    backend::{ElementwiseBackend, StatisticalBackend},
    shape::size,
};

use super::{
    Gpu,
    columns::{Columns, ends, transposed},
    memory::Memory,
    runtime::Runtime,
    vendor::{Attempt, Gemm, Matrix, Vendor},
};

/// The result of a vendor's library; `None` if the caller must compute it in another way.
type Offer<T> = Result<Option<T>>;

impl<R: Runtime> Gpu<R> {
    /// The product. `None` if there is no library or BLAS cannot express the strides. All dimensions are > 0.
    pub(super) fn assisted_matmul(
        &self,
        a: &Strided<Memory<R>>,
        b: &Strided<Memory<R>>,
        size: usize,
    ) -> Offer<Memory<R>> {
        if !a.dtype.is_floating() {
            return Ok(None);
        }
        self.assisted(a, |vendor| {
            let operands = (b.storage.buffer(), a.storage.buffer());
            let (Some(left), Some(right)) = operands else {
                return Ok(None);
            };
            let Some(gemm) = Gemm::new(&a.layout, &b.layout) else {
                return Ok(None);
            };
            let product = self.allocate(size, a.dtype)?;
            let Some(out) = product.buffer() else {
                return Ok(None);
            };
            let attempt = vendor.matmul(&gemm, a.dtype, left, right, out)?;
            Ok((attempt == Attempt::Started).then_some(product))
        })
    }

    pub(super) fn assisted_cholesky(&self, x: &Strided<Memory<R>>) -> Offer<Memory<R>> {
        self.assisted(x, |vendor| {
            let l = self.hermitian_columns(x)?;
            let infos = self.each(x, |i, info| vendor.cholesky(&l.matrix(i)?, info))?;
            let Some(infos) = infos else {
                return Ok(None);
            };
            let factor = self.lower_triangle(l.view())?;
            let elements = Strided::contiguous(factor.clone(), &[x.layout.size()], x.dtype);
            Ok(self.is_success(&infos, &[elements])?.then_some(factor))
        })
    }

    pub(super) fn assisted_solve(
        &self,
        a: &Strided<Memory<R>>,
        b: &Strided<Memory<R>>,
    ) -> Offer<Memory<R>> {
        if b.layout.size() == 0 {
            return Ok(None);
        }
        self.assisted(a, |vendor| {
            let (lu, x) = (self.columns(a)?, self.columns(b)?);
            let infos = self.each(a, |i, info| {
                vendor.solve(&lu.matrix(i)?, &x.matrix(i)?, info)
            })?;
            let Some(infos) = infos else {
                return Ok(None);
            };
            if !self.is_success(&infos, &[x.elements()])? {
                return Ok(None);
            }
            self.evaluate(&Program::input(x.view())).map(Some)
        })
    }

    pub(super) fn assisted_eigh(&self, x: &Strided<Memory<R>>) -> Offer<[Memory<R>; 2]> {
        self.assisted(x, |vendor| {
            let vectors = self.hermitian_columns(x)?;
            let values = self.room(x, [ends(x.shape()).0, 1], x.dtype.real())?;
            let infos = self.each(x, |i, info| {
                vendor.eigh(&vectors.matrix(i)?, &values.matrix(i)?, info)
            })?;
            let Some(infos) = infos else {
                return Ok(None);
            };
            if !self.is_success(&infos, &[values.elements(), vectors.elements()])? {
                return Ok(None);
            }
            let vectors = self.evaluate(&Program::input(vectors.view()))?;
            Ok(Some([values.memory, vectors]))
        })
    }

    pub(super) fn assisted_svd(
        &self,
        x: &Strided<Memory<R>>,
        mode: SvdMode,
    ) -> Offer<[Memory<R>; 3]> {
        self.assisted(x, |vendor| {
            let (rows, columns) = ends(x.shape());
            // Libraries require at least as many rows as columns. From xᵀ = U S Vᴴ follows x = (Vᴴ)ᵀ S Uᵀ.
            let is_wide = rows < columns;
            let tall = if is_wide {
                self.columns(&x.with_layout(transposed(&x.layout)))?
            } else {
                self.columns(x)?
            };
            let (m, n) = ends(&tall.shape);
            let (left, _) = mode.sizes(m, n);
            let u = self.room(x, [m, left], x.dtype)?;
            let s = self.room(x, [n, 1], x.dtype.real())?;
            let vh = self.room(x, [n, n], x.dtype)?;
            let infos = self.each(x, |i, info| {
                let parts = [&u.matrix(i)?, &s.matrix(i)?, &vh.matrix(i)?];
                vendor.svd(&tall.matrix(i)?, parts, info)
            })?;
            let Some(infos) = infos else {
                return Ok(None);
            };
            if !self.is_success(&infos, &[s.elements(), u.elements(), vh.elements()])? {
                return Ok(None);
            }
            if is_wide {
                // A column-major matrix is its transpose in row-major order, and the transposes are what is needed
                // here.
                return Ok(Some([vh.memory, s.memory, u.memory]));
            }
            let [u, vh] = [u, vh].map(|part| self.evaluate(&Program::input(part.view())));
            Ok(Some([u?, s.memory, vh?]))
        })
    }

    /// Asks the vendor's libraries, if `x` has elements. Where the copies that they need do not fit into memory, the
    /// answer is `None`: the other way may need none.
    fn assisted<T>(
        &self,
        x: &Strided<Memory<R>>,
        ask: impl FnOnce(&dyn Vendor<Buffer = R::Buffer>) -> Offer<T>,
    ) -> Offer<T> {
        match self.runtime.vendor() {
            Some(vendor) if x.layout.size() > 0 => match ask(vendor) {
                Err(error) if matches!(error.kind(), ErrorKind::OutOfMemory { .. }) => Ok(None),
                offer => offer,
            },
            _ => Ok(None),
        }
    }

    /// Runs a factorisation on each matrix of a batch. Returns the status that each reported, or `None` if one was
    /// declined.
    fn each(
        &self,
        x: &Strided<Memory<R>>,
        run: impl Fn(usize, &Matrix<'_, R::Buffer>) -> Result<Attempt>,
    ) -> Offer<Columns<R>> {
        let count = size(&x.shape()[..x.layout.ndim() - 2]);
        let shape = vec![count, 1, 1];
        // Starts with 1, which is not success, for a library that forgets to write its status.
        let failed = Program::scalar(&shape, Scalar::Int(1), DType::Int32);
        let infos = Columns {
            memory: self.evaluate(&failed)?,
            dtype: DType::Int32,
            shape,
        };
        for number in 0..count {
            if run(number, &infos.matrix(number)?)? == Attempt::Declined {
                return Ok(None);
            }
        }
        Ok(Some(infos))
    }

    /// Whether every status is 0 and all results are finite.
    fn is_success(&self, infos: &Columns<R>, results: &[Strided<Memory<R>>]) -> Result<bool> {
        let reports = self.values::<i32>(&infos.elements())?;
        if reports.iter().any(|&info| info != 0) {
            return Ok(false);
        }
        for result in results {
            let mut program = Program::input(result.clone());
            program.push(Op::Unary(UnaryOp::Isfinite, 0), DType::Bool);
            let all = self.reduce(ReduceOp::All, &program, &[0], DType::Bool)?;
            let all = self.values::<bool>(&Strided::contiguous(all, &[], DType::Bool))?;
            if all != [true] {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The lower triangles in row-major order, with zeros above them.
    fn lower_triangle(&self, x: Strided<Memory<R>>) -> Result<Memory<R>> {
        let dtype = x.dtype;
        let mut program = Program::input(x);
        let zero = Scalar::Int(0).to_dtype("cholesky", dtype)?;
        let zero = program.push(Op::Scalar(zero), dtype);
        let is_lower = self.compare_indices(&mut program, BinaryOp::GreaterEqual);
        program.push(Op::Select(is_lower, 0, zero), dtype);
        self.evaluate(&program)
    }
}
