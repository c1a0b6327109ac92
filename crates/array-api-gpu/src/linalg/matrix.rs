//! What factorisations share: where they are carried out and in which dtype, elements with their scale, and status words.

use array_api_spec::{
    BinaryOp, DType, Layout, Op, Program, ReduceOp, Result, Strided, UnaryOp,
    backend::StatisticalBackend, shape::size,
};

use crate::{
    Gpu,
    kernel::{
        arithmetic,
        element::{Value, register},
        ir::{Builder, Ty, Val, if_, lit, select, var},
        math,
    },
    kernels::{Bindings, KernelBody},
    memory::Memory,
    packing::{Axes, Elements, Positions},
    runtime::Runtime,
};

/// On an adapter that is the processor itself, matrices of this order and more are factorised on the host: the kernels
/// take 20 to 600 times as long there.
pub(crate) const HOST_FROM: usize = 65;

/// A status word's bit: the matrix has an element that is NaN or infinite.
pub(super) const NOT_FINITE: u32 = 1;
/// A status word's bit: the matrix is singular.
pub(super) const SINGULAR: u32 = 2;

/// Shape of the batch and of its matrices.
pub(super) fn stack(layout: &Layout) -> (Vec<usize>, [usize; 2]) {
    let (batch, matrix) = layout.shape().split_at(layout.ndim() - 2);
    (batch.to_vec(), [matrix[0], matrix[1]])
}

/// How an error names a matrix: as the host's factorisations do.
pub(super) fn matrix_name(layout: &Layout, number: usize) -> String {
    if layout.ndim() == 2 {
        "the matrix".to_owned()
    } else {
        format!("matrix {number} of the stack")
    }
}

impl<R: Runtime> Gpu<R> {
    /// Whether kernels factorise matrices of this shape, of which there is at least one with elements.
    pub(super) fn factorises(&self, x: &Strided<Memory<R>>) -> bool {
        let (batch, [m, n]) = stack(&x.layout);
        let elements = x.layout.size();
        let countable = self.check_size(elements.saturating_mul(2)).is_ok();
        elements > 0 && size(&batch) > 0 && countable && m.max(n) < self.host_from
    }

    /// The largest part of all elements along some axes, by magnitude; NaN if one is NaN.
    pub(super) fn largest_parts(
        &self,
        x: &Strided<Memory<R>>,
        axes: &[usize],
    ) -> Result<Memory<R>> {
        let real = x.dtype.real();
        let mut program = Program::input(x.clone());
        if x.dtype.is_complex() {
            let parts = [UnaryOp::Real, UnaryOp::Imag].map(|part| {
                let part = program.push(Op::Unary(part, 0), real);
                program.push(Op::Unary(UnaryOp::Abs, part), real)
            });
            program.push(Op::Binary(BinaryOp::Maximum, parts[0], parts[1]), real);
        } else {
            program.push(Op::Unary(UnaryOp::Abs, 0), real);
        }
        self.reduce(ReduceOp::Max, &program, axes, real)
    }

    /// The dtype in which matrices of a dtype are factorised and rows are compared with centres: double precision where
    /// the device has it, so that results are those of the host.
    pub(crate) fn work_dtype(&self, dtype: DType) -> DType {
        match dtype {
            DType::Float32 if self.runtime.properties().float64 => DType::Float64,
            DType::Complex64 if self.runtime.properties().float64 => DType::Complex128,
            other => other,
        }
    }

    /// Matrices whose largest parts are near 1, in the dtype of the work, and those parts as they were. Matrices that are not
    /// finite become 0.
    pub(super) fn scaled(&self, x: &Strided<Memory<R>>, source: &Source) -> Result<[Memory<R>; 2]> {
        let (_, lengths) = stack(&x.layout);
        let (last, elements) = (x.layout.ndim() - 1, x.layout.size());
        let largest = self.largest_parts(x, &[last - 1, last])?;
        let a = self.allocate(elements, source.work)?;
        self.run(ScaleMatrix(source.clone()), elements, |args| {
            args.buffer("x", &x.storage)
                .layout("x", &x.layout)
                .buffer("largest", &largest)
                .buffer("a", &a);
            args.entries(lengths, elements);
        })?;
        Ok([a, largest])
    }

    /// The matrices, with a layout that a kernel of a fixed set takes.
    pub(crate) fn readable(&self, x: &Strided<Memory<R>>) -> Result<Strided<Memory<R>>> {
        if self.compiles() {
            self.check_reach(&x.layout, x.dtype.size())?;
            Ok(x.clone())
        } else {
            self.contiguous(x)
        }
    }
}

/// Matrices that a kernel reads in their dtype and layout, and widens to the dtype that it works in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    dtype: DType,
    axes: Axes,
    pub(super) work: DType,
}

impl Source {
    pub(super) fn of<R: Runtime>(x: &Strided<Memory<R>>, work: DType) -> Self {
        Self {
            dtype: x.dtype,
            axes: Axes::of(&x.layout),
            work,
        }
    }

    /// The dtype of the elements in memory.
    pub(super) const fn dtype(&self) -> DType {
        self.dtype
    }

    /// Declares the buffer and its positions under a name.
    pub(super) fn declare(&self, k: Builder, name: &str) -> Input {
        Input {
            elements: Elements::input(k, name, self.dtype),
            positions: Positions::new(k, name, self.axes),
            dtype: self.dtype,
            work: self.work,
        }
    }

    /// Declares the buffer of a result in the same dtype.
    pub(super) fn output(&self, k: Builder, name: &str) -> Output {
        Output::declare(k, name, self.dtype, self.work)
    }

    /// Declares the buffer of a result in the dtype of the elements' parts.
    pub(super) fn real_output(&self, k: Builder, name: &str) -> Output {
        Output::declare(k, name, self.dtype.real(), self.work.real())
    }
}

/// A declared [`Source`].
pub(super) struct Input {
    elements: Elements,
    positions: Positions,
    dtype: DType,
    work: DType,
}

impl Input {
    /// The element at a row-major position, in the dtype of the work.
    pub(super) fn load(&self, linear: Val) -> Value {
        let value = self.elements.load(self.positions.at(linear));
        arithmetic::cast(self.dtype, self.work, value)
    }
}

/// The results, in the dtype of the input.
pub(super) struct Output {
    elements: Elements,
    dtype: DType,
    work: DType,
}

impl Output {
    fn declare(k: Builder, name: &str, dtype: DType, work: DType) -> Self {
        Self {
            elements: Elements::output(k, name, dtype),
            dtype,
            work,
        }
    }

    pub(super) fn store(&self, linear: Val, value: Value) {
        let narrow = arithmetic::cast(self.work, self.dtype, value);
        self.elements.store(linear, narrow);
    }

    /// NaN, as the input's dtype has it.
    pub(super) fn store_nan(&self, linear: Val) {
        let nan = Value::whole(self.work, 0).map(|zero| lit(zero.ty(), f64::NAN));
        self.store(linear, nan);
    }
}

impl<R: Runtime> Bindings<'_, '_, R> {
    /// The order of square matrices, and how many elements they have together: what [`each_element`] declares.
    pub(super) fn elements(&mut self, n: usize, elements: usize) -> &mut Self {
        self.size("n", n).size("elements", elements)
    }
}

/// One thread for each element of square matrices: calls `body` with n, the element's position, and its matrix, row and
/// column.
pub(super) fn each_element(k: Builder, body: impl FnOnce(Val, Val, [Val; 3])) {
    let (n, elements) = (k.size("n"), k.size("elements"));
    let t = k.thread();
    if_(t.lt(elements), || {
        body(n, t, [t / (n * n), t / n % n, t % n]);
    });
}

impl<R: Runtime> Bindings<'_, '_, R> {
    /// The shape of matrices, and how many elements they have together: what [`each_entry`] declares.
    pub(super) fn entries(&mut self, [rows, columns]: [usize; 2], elements: usize) -> &mut Self {
        self.size("rows", rows)
            .size("columns", columns)
            .size("elements", elements)
    }
}

/// One thread for each element of matrices of any shape: calls `body` with the shape, the element's position, and its
/// matrix, row and column.
pub(super) fn each_entry(k: Builder, body: impl FnOnce([Val; 2], Val, [Val; 3])) {
    let [rows, columns, elements] = ["rows", "columns", "elements"].map(|name| k.size(name));
    let t = k.thread();
    if_(t.lt(elements), || {
        let line = t / columns;
        body([rows, columns], t, [line / rows, line % rows, t % columns]);
    });
}

/// The exponent of a largest part, or 0 if that is 0 or not finite; and whether it is finite.
pub(super) fn scale_of(largest: Val) -> (Val, Val) {
    let finite = math::is_finite(largest);
    let e = math::exponent(largest, largest);
    (select(finite & largest.gt(0.0), e, lit(Ty::I32, 0)), finite)
}

/// Scales matrices by powers of two so that their largest parts are near 1; matrices that are not finite become 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ScaleMatrix(Source);

impl KernelBody for ScaleMatrix {
    fn name(&self) -> &'static str {
        "scale_matrix"
    }

    fn record(&self, k: Builder) {
        let x = self.0.declare(k, "x");
        let largest = k.input("largest", register(self.0.dtype().real()));
        let a = Elements::output(k, "a", self.0.work);
        each_entry(k, |_, t, [matrix, ..]| {
            let (e, finite) = scale_of(largest.load(matrix));
            let zero = Value::whole(self.0.work, 0);
            a.store(t, where_(finite, zero, || ldexp(x.load(t), -e)));
        });
    }
}

/// A `u32`.
pub(super) fn u(x: u32) -> Val {
    lit(Ty::U32, x)
}

/// Each part times 2ᵏ, k an `I32`.
pub(super) fn ldexp(x: Value, k: Val) -> Value {
    x.map(|part| math::scale(part, k))
}

/// Whether all parts are finite.
pub(super) fn is_finite(x: Value) -> Val {
    match x {
        Value::Real(x) => math::is_finite(x),
        Value::Complex(re, im) => math::is_finite(re) & math::is_finite(im),
    }
}

/// The largest part by magnitude.
pub(super) fn largest_part(x: Value) -> Val {
    match x {
        Value::Real(x) => x.abs(),
        Value::Complex(re, im) => {
            let (a, b) = (re.abs(), im.abs());
            select(a.gt(b), a, b)
        }
    }
}

/// The value, or its real part where the condition holds.
pub(super) fn without_imaginary(condition: Val, x: Value) -> Value {
    match x {
        Value::Complex(re, im) => Value::Complex(re, select(condition, lit(im.ty(), 0), im)),
        real @ Value::Real(_) => real,
    }
}

/// The quotient of each part and a real number.
pub(super) fn over(x: Value, divisor: Val) -> Value {
    x.map(|part| part / divisor)
}

/// A value that is `otherwise` unless the condition holds; what `then` reads is read only there.
pub(super) fn where_(condition: Val, otherwise: Value, then: impl FnOnce() -> Value) -> Value {
    match otherwise {
        Value::Real(x) => {
            let x = var(x);
            if_(condition, || x.set(then().real()));
            Value::Real(x.get())
        }
        Value::Complex(re, im) => {
            let (re, im) = (var(re), var(im));
            if_(condition, || {
                let (a, b) = then().complex();
                re.set(a);
                im.set(b);
            });
            Value::Complex(re.get(), im.get())
        }
    }
}

/// A real number as a value of a dtype.
pub(super) fn lifted(dtype: DType, x: Val) -> Value {
    if dtype.is_complex() {
        Value::Complex(x, lit(x.ty(), 0))
    } else {
        Value::Real(x)
    }
}

/// 1 where the condition holds, else 0.
pub(super) fn unit(dtype: DType, condition: Val) -> Value {
    let ty = register(dtype);
    lifted(dtype, select(condition, lit(ty, 1), lit(ty, 0)))
}

/// |x|².
pub(super) fn square(x: Value) -> Val {
    match x {
        Value::Real(x) => x * x,
        Value::Complex(re, im) => re * re + im * im,
    }
}

/// 1/x, for x whose square neither overflows nor underflows.
pub(super) fn reciprocal(x: Value) -> Value {
    match x {
        Value::Real(x) => Value::Real(1.0 / x),
        Value::Complex(..) => over(x.conj(), square(x)),
    }
}
