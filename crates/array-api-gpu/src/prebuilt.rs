//! How functions are computed on a runtime without a compiler. Such a runtime has a fixed set of kernels, whose texts
//! depend on dtypes and never on shapes, strides or expressions. So views that are not contiguous are copied first, and
//! a program runs step by step.

use array_api_spec::{
    DType, Layout, Op, Program, Result, Step, Strided, layout::collapse, shape::size,
};

use super::{
    Gpu,
    kernel::ir::Builder,
    kernels::KernelBody,
    memory::{Memory, words},
    packing::{Axes, Elements, Positions},
    runtime::Runtime,
};

/// The numbers of axes for which there are fixed kernels. A layout is padded with axes of length 1 to the next of them.
const AXES: [usize; 4] = [1, 4, 16, 64];

impl<R: Runtime> Gpu<R> {
    /// Whether the runtime compiles any kernel, and not a fixed set only.
    pub(super) fn compiles(&self) -> bool {
        self.runtime.properties().compiles
    }

    /// The elements of a view in row-major order, contiguous from their memory's start: the view itself if it is that
    /// already, else a copy.
    pub(super) fn contiguous(&self, x: &Strided<Memory<R>>) -> Result<Strided<Memory<R>>> {
        if x.layout.offset() == 0 && x.layout.is_contiguous() {
            return Ok(x.clone());
        }
        let n = x.layout.size();
        let copy = self.allocate(n, x.dtype)?;
        if n > 0 {
            self.check_size(n)?;
            let layout = padded(&collapse(&[&x.layout])[0]);
            let kernel = Copy {
                bits: bits(x.dtype),
                from: Axes::of(&layout),
            };
            self.run(kernel, words(n, x.dtype), |args| {
                args.buffer("x", &x.storage).buffer("out", &copy);
                args.layout("x", &layout).size("n", n);
            })?;
        }
        Ok(Strided::contiguous(copy, x.shape(), x.dtype))
    }

    /// Materializes a program: computes it into memory, and returns the program that reads this memory. A program that
    /// only reads a contiguous array is not computed again.
    pub(super) fn materialized(&self, program: &Program<Memory<R>>) -> Result<Program<Memory<R>>> {
        let materialized = match program.as_input() {
            Some(x) => self.contiguous(x)?,
            None => Strided::contiguous(
                self.evaluate_stepwise(program)?,
                &program.shape,
                program.dtype(),
            ),
        };
        Ok(Program::input(materialized))
    }

    /// Computes a program by one launch per step. Constants are part of the steps that use them.
    pub(super) fn evaluate_stepwise(&self, program: &Program<Memory<R>>) -> Result<Memory<R>> {
        let shape = [program.size()];
        let mut last_use = vec![program.steps.len(); program.steps.len()];
        for (number, step) in program.steps.iter().enumerate() {
            for argument in step.op.arguments() {
                last_use[argument] = number;
            }
        }
        let mut done: Vec<Option<Memory<R>>> = Vec::with_capacity(program.steps.len());
        for (number, step) in program.steps.iter().enumerate() {
            let is_result = number + 1 == program.steps.len();
            let value = match step.op {
                Op::Input(i) => Some(self.contiguous(&program.inputs[i])?.storage),
                Op::Scalar(_) if !is_result => None,
                Op::Scalar(value) => {
                    Some(self.evaluate_fused(&Program::scalar(&shape, value, step.dtype))?)
                }
                Op::Index(axis) => Some(self.evaluate_fused(&indices(program, axis, step.dtype))?),
                _ => Some(self.evaluate_fused(&self.single(program, *step, &done)?)?),
            };
            done.push(value);
            for (value, &user) in done.iter_mut().zip(&last_use) {
                if user == number {
                    *value = None;
                }
            }
        }
        match done.pop().flatten() {
            Some(result) => Ok(result),
            None => self.allocate(program.size(), program.dtype()),
        }
    }

    /// One step as a program, whose arguments are materialized. It reads each argument from an array, except for
    /// constants that stand beside an array.
    fn single(
        &self,
        program: &Program<Memory<R>>,
        step: Step,
        done: &[Option<Memory<R>>],
    ) -> Result<Program<Memory<R>>> {
        let shape = [program.size()];
        let mut single = Program {
            shape: shape.to_vec(),
            inputs: Vec::new(),
            steps: Vec::new(),
        };
        let keeps_constants = match step.op {
            Op::Binary(_, a, b) => done[a].is_some() || done[b].is_some(),
            // The set has no kernel that chooses between two constants.
            Op::Select(condition, a, b) => {
                done[condition].is_some() && (done[a].is_some() || done[b].is_some())
            }
            _ => false,
        };
        for (number, argument) in step.op.arguments().enumerate() {
            let Step { op, dtype } = program.steps[argument];
            let storage = match (&done[argument], op) {
                (Some(storage), _) => storage.clone(),
                (None, Op::Scalar(_)) if keeps_constants => {
                    single.steps.push(Step { op, dtype });
                    continue;
                }
                (None, Op::Scalar(value)) => {
                    self.evaluate_fused(&Program::scalar(&shape, value, dtype))?
                }
                (None, _) => unreachable!("argument {number} is computed before its user"),
            };
            single.steps.push(Step {
                op: Op::Input(single.inputs.len()),
                dtype,
            });
            single
                .inputs
                .push(Strided::contiguous(storage, &shape, dtype));
        }
        let op = match step.op {
            Op::Unary(op, _) => Op::Unary(op, 0),
            Op::Binary(op, ..) => Op::Binary(op, 0, 1),
            Op::Select(..) => Op::Select(0, 1, 2),
            Op::Cast(_) => Op::Cast(0),
            other => other,
        };
        single.steps.push(Step {
            op,
            dtype: step.dtype,
        });
        Ok(single)
    }
}

/// The program of indices along an axis, with three axes: those before it merged, the axis, and those after it merged.
fn indices<S: Clone + PartialEq>(program: &Program<S>, axis: usize, dtype: DType) -> Program<S> {
    let (before, rest) = program.shape.split_at(axis);
    Program {
        shape: vec![size(before), rest[0], size(&rest[1..])],
        inputs: Vec::new(),
        steps: vec![Step {
            op: Op::Index(1),
            dtype,
        }],
    }
}

/// Copies elements, which are only moved, into row-major order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Copy {
    bits: DType,
    from: Axes,
}

impl KernelBody for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn record(&self, k: Builder) {
        let source = Elements::input(k, "x", self.bits);
        let out = Elements::output(k, "out", self.bits);
        let from = Positions::new(k, "x", self.from);
        let n = k.size("n");
        out.fill(k, n, |i| source.load(from.at(i)));
    }
}

/// One dtype for each element size, for kernels that only move elements.
pub(super) const fn bits(dtype: DType) -> DType {
    match dtype.size() {
        1 => DType::UInt8,
        2 => DType::UInt16,
        4 => DType::UInt32,
        8 => DType::UInt64,
        _ => DType::Complex128,
    }
}

/// The layout with axes of length 1 in front, up to the next number of [`AXES`].
pub(super) fn padded(layout: &Layout) -> Layout {
    let ndim = layout.ndim();
    let wanted = AXES.into_iter().find(|&n| n >= ndim).unwrap_or(ndim);
    (ndim..wanted).fold(layout.clone(), |layout, _| layout.insert_axis(0))
}
