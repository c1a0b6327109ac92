//! Elementwise functions: a program becomes one kernel.

use std::fmt::Display;

use array_api_spec::{
    BinaryOp, Complex, DType, Layout, Op, Program, Result, Scalar, Step, UnaryOp,
    backend::{ElementwiseBackend, FusionLimit},
};

use super::{
    Gpu,
    kernel::{
        arithmetic,
        element::{Value, register},
        ir::{Builder, Ty, Val},
    },
    kernels::{Bindings, KernelBody},
    memory::{Memory, words},
    packing::{Axes, Elements, Positions},
    runtime::Runtime,
};

impl<R: Runtime> ElementwiseBackend for Gpu<R> {
    fn evaluate(&self, program: &Program<Memory<R>>) -> Result<Memory<R>> {
        if self.compiles() {
            self.evaluate_fused(program)
        } else {
            self.evaluate_stepwise(program)
        }
    }

    fn fusion_limit(&self) -> FusionLimit {
        // Two buffers are kept for outputs: a kernel with a fused program writes two arrays at most.
        FusionLimit {
            steps: 64,
            inputs: (self.runtime.properties().max_buffers - 2).min(16),
        }
    }
}

impl<R: Runtime> Gpu<R> {
    /// Computes a program by one launch.
    pub(super) fn evaluate_fused(&self, program: &Program<Memory<R>>) -> Result<Memory<R>> {
        let (n, dtype) = (program.size(), program.dtype());
        let out = self.allocate(n, dtype)?;
        if n == 0 {
            return Ok(out);
        }
        self.check_size(n)?;
        let (fusion, layouts) = Fusion::of(program);
        let kernel = Evaluate { fusion };
        self.run(kernel, words(n, dtype), |args| {
            args.program(program, &layouts)
                .buffer("out", &out)
                .size("n", n);
        })?;
        Ok(out)
    }
}

/// Computes a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Evaluate {
    fusion: Fusion,
}

impl KernelBody for Evaluate {
    fn name(&self) -> &'static str {
        "evaluate"
    }

    fn record(&self, k: Builder) {
        let source = Fused::new(k, &self.fusion);
        let out = Elements::output(k, "out", self.fusion.dtype());
        let n = k.size("n");
        out.fill(k, n, |i| source.at(i));
    }
}

/// What of a program the text of a kernel depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fusion {
    inputs: Vec<(DType, Axes)>,
    steps: Vec<(Part, DType)>,
    /// The number of the program's axes, if a step is an element's index; else 0.
    axes: usize,
}

/// An [`Op`] without the value of a constant, which is a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Input(usize),
    Scalar,
    Index(usize),
    Unary(UnaryOp, usize),
    Binary(BinaryOp, usize, usize),
    Select(usize, usize, usize),
    Cast(usize),
}

impl Fusion {
    /// That of a program, and the layouts with which its inputs are read.
    pub(super) fn of<S: Clone + PartialEq>(program: &Program<S>) -> (Self, Vec<Layout>) {
        let layouts = program.collapsed_layouts();
        let inputs = program.inputs.iter().zip(&layouts);
        let part = |step: &Step| {
            let part = match step.op {
                Op::Input(i) => Part::Input(i),
                Op::Scalar(_) => Part::Scalar,
                Op::Index(axis) => Part::Index(axis),
                Op::Unary(op, a) => Part::Unary(op, a),
                Op::Binary(op, a, b) => Part::Binary(op, a, b),
                Op::Select(c, a, b) => Part::Select(c, a, b),
                Op::Cast(a) => Part::Cast(a),
            };
            (part, step.dtype)
        };
        let uses_index = program.steps.iter().any(|s| matches!(s.op, Op::Index(_)));
        let fusion = Self {
            inputs: inputs
                .map(|(input, layout)| (input.dtype, Axes::of(layout)))
                .collect(),
            steps: program.steps.iter().map(part).collect(),
            axes: if uses_index { program.shape.len() } else { 0 },
        };
        (fusion, layouts)
    }

    /// The dtype of the result.
    pub(super) fn dtype(&self) -> DType {
        self.steps[self.steps.len() - 1].1
    }
}

impl<'m, R: Runtime> Bindings<'_, 'm, R> {
    /// The inputs of a program, read with these layouts, and its constants: what [`Fused`] declares.
    pub(super) fn program(
        &mut self,
        program: &'m Program<Memory<R>>,
        layouts: &[Layout],
    ) -> &mut Self {
        for (i, (input, layout)) in program.inputs.iter().zip(layouts).enumerate() {
            let name = format_args!("x{i}");
            self.buffer(name, &input.storage).layout(name, layout);
        }
        for (i, step) in program.steps.iter().enumerate() {
            if let Op::Scalar(x) = step.op {
                self.constant(format_args!("c{i}"), x, step.dtype);
            }
        }
        if program.steps.iter().any(|s| matches!(s.op, Op::Index(_))) {
            for (axis, &n) in program.shape.iter().enumerate() {
                self.size(format_args!("n{axis}"), n);
            }
        }
        self
    }

    /// A constant of a program.
    fn constant(&mut self, name: impl Display, x: Scalar, dtype: DType) {
        match (x, register(dtype)) {
            (Scalar::Float(x), ty) => self.real(name, x, ty),
            (Scalar::Complex(Complex { re, im }), ty) => {
                self.real(format_args!("{name}_re"), re, ty);
                self.real(format_args!("{name}_im"), im, ty);
            }
            (Scalar::Bool(b), _) => {
                self.value(name, u32::from(b));
            }
            (Scalar::Int(i), Ty::I64) => {
                self.value(name, i as i64);
            }
            (Scalar::Int(i), Ty::U64) => {
                self.value(name, i as u64);
            }
            (Scalar::Int(i), Ty::U32) => {
                self.value(name, i as u32);
            }
            (Scalar::Int(i), _) => {
                self.value(name, i as i32);
            }
        }
    }

    fn real(&mut self, name: impl Display, x: f64, ty: Ty) {
        match ty {
            Ty::F64 => self.value(name, x),
            _ => self.value(name, x as f32),
        };
    }
}

/// A program fused into a kernel: each element is computed where the kernel asks for it.
pub(super) struct Fused<'a> {
    inputs: Vec<(Elements, Positions)>,
    steps: &'a [(Part, DType)],
    scalars: Vec<Option<Value>>,
    /// The program's shape, if a step is an element's index.
    lengths: Vec<Val>,
}

impl<'a> Fused<'a> {
    /// Declares the inputs, in their order, and the constants. The kernel's other arrays come after them.
    pub(super) fn new(k: Builder, fusion: &'a Fusion) -> Self {
        let input = |(i, &(dtype, axes)): (usize, &(DType, Axes))| {
            let name = format!("x{i}");
            (
                Elements::input(k, &name, dtype),
                Positions::new(k, &name, axes),
            )
        };
        let scalar = |(i, &(part, dtype)): (usize, &(Part, DType))| {
            (part == Part::Scalar).then(|| constant(k, &format!("c{i}"), dtype))
        };
        Self {
            inputs: fusion.inputs.iter().enumerate().map(input).collect(),
            scalars: fusion.steps.iter().enumerate().map(scalar).collect(),
            lengths: (0..fusion.axes)
                .map(|axis| k.size(&format!("n{axis}")))
                .collect(),
            steps: &fusion.steps,
        }
    }

    /// The element at row-major position `linear`.
    pub(super) fn at(&self, linear: Val) -> Value {
        let mut done: Vec<Value> = Vec::with_capacity(self.steps.len());
        let dtype_of = |step: usize| self.steps[step].1;
        for (number, &(part, dtype)) in self.steps.iter().enumerate() {
            let value = match part {
                Part::Input(i) => {
                    let (elements, positions) = &self.inputs[i];
                    elements.load(positions.at(linear))
                }
                Part::Scalar => {
                    self.scalars[number].unwrap_or_else(|| unreachable!("declared by `new`"))
                }
                Part::Index(axis) => {
                    let index = self.lengths[axis + 1..]
                        .iter()
                        .rev()
                        .fold(linear, |rest, &n| rest / n);
                    let index = if axis == 0 {
                        index
                    } else {
                        index % self.lengths[axis]
                    };
                    Value::Real(index.to(register(dtype)))
                }
                Part::Unary(op, a) => arithmetic::unary(op, dtype_of(a), done[a]),
                Part::Binary(op, a, b) => arithmetic::binary(op, dtype_of(a), done[a], done[b]),
                Part::Select(c, a, b) => arithmetic::select(done[c].real(), done[a], done[b]),
                Part::Cast(a) => arithmetic::cast(dtype_of(a), dtype, done[a]),
            };
            done.push(value);
        }
        done.pop()
            .unwrap_or_else(|| unreachable!("a program has steps"))
    }
}

/// A constant of a program as a parameter.
fn constant(k: Builder, name: &str, dtype: DType) -> Value {
    let ty = register(dtype);
    if dtype.is_complex() {
        return Value::Complex(
            k.param(&format!("{name}_re"), ty),
            k.param(&format!("{name}_im"), ty),
        );
    }
    Value::Real(match ty {
        Ty::Bool => k.param(name, Ty::U32).ne(0),
        _ => k.param(name, ty),
    })
}
