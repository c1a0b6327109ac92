//! The last digits. Hundreds of rotations leave V orthonormal to some ten rounding errors only, and A with the errors of
//! as many updates. One step of Newton and Schulz, `V ← V + V (I - Vᴴ V) / 2`, makes V orthonormal; `Vᴴ A V`, with the
//! original A, is then diagonal but for errors that one or two sweeps remove.

use array_api_spec::{
    DType, Layout, Op, Program, Result, Strided, UnaryOp, backend::ElementwiseBackend,
};

use super::{
    super::matrix::{Source, each_element, unit},
    Work,
};
use crate::{
    kernel::ir::Builder, kernels::KernelBody, memory::Memory, packing::Elements, runtime::Runtime,
};

impl<R: Runtime> Work<'_, R> {
    /// Makes V orthonormal, and A what the original matrices are in its basis.
    pub(super) fn polish(
        &self,
        x: &Strided<Memory<R>>,
        source: &Source,
        word: &Memory<R>,
    ) -> Result<()> {
        let (dtype, gpu) = (self.jacobi.dtype, self.gpu);
        let elements = self.batches * self.n * self.n;
        let v = self.part(self.size * self.size);
        let gram = gpu.matrix_product(&self.adjoint(&v)?, &v)?;
        gpu.run(PolishDefect { dtype }, elements, |args| {
            args.buffer("gram", &gram);
            args.elements(self.n, elements);
        })?;
        let step = gpu.matrix_product(&v, &self.square(gram))?;
        gpu.run(PolishAdd { dtype }, elements, |args| {
            args.buffer("step", &step).buffer("a", &self.memory);
            args.elements(self.n, elements)
                .size("size", self.size)
                .size("stride", self.stride);
        })?;
        // A becomes the original once more, then what it is in V's basis.
        self.fill(x, source, word, false)?;
        let image = gpu.matrix_product(&self.part(0), &v)?;
        let turned = gpu.matrix_product(&self.adjoint(&v)?, &self.square(image))?;
        let turned = self.square(turned);
        let plain = gpu.zeros(self.batches, DType::UInt32)?;
        self.fill(&turned, &Source::of(&turned, dtype), &plain, false)
    }

    /// The matrices of order n that start at an element of each matrix's memory.
    fn part(&self, offset: usize) -> Strided<Memory<R>> {
        let strides = [self.stride as isize, self.size as isize, 1];
        let layout = Layout::new(&[self.batches, self.n, self.n], &strides, offset);
        Strided {
            storage: self.memory.clone(),
            layout,
            dtype: self.jacobi.dtype,
        }
    }

    fn square(&self, matrices: Memory<R>) -> Strided<Memory<R>> {
        let shape = [self.batches, self.n, self.n];
        Strided::contiguous(matrices, &shape, self.jacobi.dtype)
    }

    fn adjoint(&self, v: &Strided<Memory<R>>) -> Result<Strided<Memory<R>>> {
        let v = if v.dtype.is_complex() {
            let mut program = Program::input(v.clone());
            program.push(Op::Unary(UnaryOp::Conj, 0), v.dtype);
            self.square(self.gpu.evaluate(&program)?)
        } else {
            v.clone()
        };
        Ok(v.with_layout(v.layout.permute(&[0, 2, 1])))
    }
}

/// `(I - G) / 2` in place of G.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PolishDefect {
    dtype: DType,
}

impl KernelBody for PolishDefect {
    fn name(&self) -> &'static str {
        "polish_defect"
    }

    fn record(&self, k: Builder) {
        let gram = Elements::output(k, "gram", self.dtype);
        each_element(k, |_, t, [_, i, j]| {
            let defect = unit(self.dtype, i.eq(j)) - gram.load(t);
            gram.store(t, defect.map(|part| part * 0.5));
        });
    }
}

/// Adds a step to V.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PolishAdd {
    dtype: DType,
}

impl KernelBody for PolishAdd {
    fn name(&self) -> &'static str {
        "polish_add"
    }

    fn record(&self, k: Builder) {
        let step = Elements::input(k, "step", self.dtype);
        let a = Elements::output(k, "a", self.dtype);
        let (size, stride) = (k.size("size"), k.size("stride"));
        each_element(k, |_, t, [matrix, i, j]| {
            let at = matrix * stride + (size + i) * size + j;
            a.store(at, a.load(at) + step.load(t));
        });
    }
}
