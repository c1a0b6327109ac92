//! Elementwise functions: a program becomes one kernel.

use array_api_spec::{
    Complex, DType, Op, Program, Result, Scalar, Step,
    backend::{ElementwiseBackend, FusionLimit},
};

use super::{
    GROUP, Gpu,
    kernel::{
        arithmetic,
        element::{Value, register},
        ir::{Builder, Kernel, Ty, Val},
    },
    memory::{Memory, words},
    packing::{Elements, Positions},
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
        let kernel = Kernel::build("evaluate", GROUP, |k| {
            let source = Fused::new(k, program);
            let out = Elements::output(k, "out", dtype);
            let n = k.size("n", n as isize);
            out.fill(k, n, |i| source.at(i));
        });
        let mut buffers: Vec<&Memory<R>> = program.inputs.iter().map(|i| &i.storage).collect();
        buffers.push(&out);
        self.launch(&kernel, &buffers, words(n, dtype))?;
        Ok(out)
    }
}

/// A program fused into a kernel: each element is computed where the kernel asks for it.
pub(super) struct Fused {
    inputs: Vec<(Elements, Positions)>,
    steps: Vec<Step>,
    scalars: Vec<Option<Value>>,
    /// The program's shape, if a step is an element's index.
    lengths: Vec<Val>,
}

impl Fused {
    /// Declares the inputs, in their order, and the constants. The kernel's other arrays come after them.
    pub(super) fn new<S: Clone + PartialEq>(k: Builder, program: &Program<S>) -> Self {
        let layouts = program.collapsed_layouts();
        let inputs = program
            .inputs
            .iter()
            .zip(&layouts)
            .enumerate()
            .map(|(i, (input, layout))| {
                let name = format!("x{i}");
                (
                    Elements::input(k, &name, input.dtype),
                    Positions::new(k, &name, layout),
                )
            });
        let uses_index = program.steps.iter().any(|s| matches!(s.op, Op::Index(_)));
        let lengths = program.shape.iter().enumerate().filter(|_| uses_index);
        let scalars = program
            .steps
            .iter()
            .enumerate()
            .map(|(i, step)| match step.op {
                Op::Scalar(x) => Some(parameter(k, &format!("c{i}"), x, step.dtype)),
                _ => None,
            });
        Self {
            inputs: inputs.collect(),
            scalars: scalars.collect(),
            lengths: lengths
                .map(|(axis, &n)| k.size(&format!("n{axis}"), n as isize))
                .collect(),
            steps: program.steps.clone(),
        }
    }

    /// The element at row-major position `linear`.
    pub(super) fn at(&self, linear: Val) -> Value {
        let mut done: Vec<Value> = Vec::with_capacity(self.steps.len());
        for (number, step) in self.steps.iter().enumerate() {
            let value = match step.op {
                Op::Input(i) => {
                    let (elements, positions) = &self.inputs[i];
                    elements.load(positions.at(linear))
                }
                Op::Scalar(_) => {
                    self.scalars[number].unwrap_or_else(|| unreachable!("declared by `new`"))
                }
                Op::Index(axis) => {
                    let index = self.lengths[axis + 1..]
                        .iter()
                        .rev()
                        .fold(linear, |rest, &n| rest / n);
                    let index = if axis == 0 {
                        index
                    } else {
                        index % self.lengths[axis]
                    };
                    Value::Real(index.to(register(step.dtype)))
                }
                Op::Unary(op, a) => arithmetic::unary(op, self.steps[a].dtype, done[a]),
                Op::Binary(op, a, b) => {
                    arithmetic::binary(op, self.steps[a].dtype, done[a], done[b])
                }
                Op::Select(c, a, b) => arithmetic::select(done[c].real(), done[a], done[b]),
                Op::Cast(a) => arithmetic::cast(self.steps[a].dtype, step.dtype, done[a]),
            };
            done.push(value);
        }
        done.pop()
            .unwrap_or_else(|| unreachable!("a program has steps"))
    }
}

fn parameter(k: Builder, name: &str, x: Scalar, dtype: DType) -> Value {
    let real = |name: &str, x: f64| match register(dtype) {
        Ty::F64 => k.param(name, x),
        _ => k.param(name, x as f32),
    };
    match x {
        Scalar::Bool(b) => Value::Real(k.param(name, u32::from(b)).ne(0)),
        Scalar::Int(i) => Value::Real(match register(dtype) {
            Ty::I64 => k.param(name, i as i64),
            Ty::U64 => k.param(name, i as u64),
            Ty::U32 => k.param(name, i as u32),
            _ => k.param(name, i as i32),
        }),
        Scalar::Float(x) => Value::Real(real(name, x)),
        Scalar::Complex(Complex { re, im }) => Value::Complex(
            real(&format!("{name}_re"), re),
            real(&format!("{name}_im"), im),
        ),
    }
}
