//! Programs: the form in which a backend gets elementwise work, a short list of checked steps over arrays of one shape.

use crate::{BinaryOp, DType, Layout, Result, Scalar, Strided, UnaryOp, shape};

/// One step of a [`Program`]. Arguments are the numbers of earlier steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The operation.
    pub op: Op,
    /// The dtype of its result.
    pub dtype: DType,
}

/// The operation of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// Reads an element of `inputs[i]`, of that input's dtype.
    Input(usize),
    /// A constant, already in the form of the step's dtype (see [`Scalar::to_dtype`]).
    Scalar(Scalar),
    /// The element's index along an axis of the program's shape, in the step's dtype, which is real and can represent
    /// the length.
    Index(usize),
    /// An operation on one step.
    Unary(UnaryOp, usize),
    /// An operation on two steps of one dtype.
    Binary(BinaryOp, usize, usize),
    /// The second argument where the first (`bool`) is true, the third elsewhere; both have the step's dtype.
    Select(usize, usize, usize),
    /// Converts to the step's dtype, as [`astype`](crate::Namespace::astype) does: floating-point to integer truncates
    /// (values out of range saturate, NaN gives 0), integer to integer wraps, number to bool is `≠ 0`, bool to number
    /// is 0 or 1, real to complex adds a zero imaginary part. Complex to real never reaches a backend.
    Cast(usize),
}

/// Elementwise work over arrays, checked, promoted and broadcast.
///
/// Every input has the program's shape (a broadcast axis has stride 0). The last step is the result. Equal steps occur
/// only once. There is at least one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Program<S> {
    /// The shape of the result and of every input.
    pub shape: Vec<usize>,
    /// The arrays that it reads.
    pub inputs: Vec<Strided<S>>,
    /// The steps for each element; arguments come before the steps that use them.
    pub steps: Vec<Step>,
}

impl<S: Clone + PartialEq> Program<S> {
    /// The program that yields an array unchanged.
    #[must_use]
    pub fn input(x: Strided<S>) -> Self {
        let step = Step {
            op: Op::Input(0),
            dtype: x.dtype,
        };
        Self {
            shape: x.shape().to_vec(),
            inputs: vec![x],
            steps: vec![step],
        }
    }

    /// The program that yields a constant.
    #[must_use]
    pub fn scalar(shape: &[usize], value: Scalar, dtype: DType) -> Self {
        Self {
            shape: shape.to_vec(),
            inputs: Vec::new(),
            steps: vec![Step {
                op: Op::Scalar(value),
                dtype,
            }],
        }
    }

    /// The dtype of the result.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.steps.last().expect("a program has steps").dtype
    }

    /// Number of elements.
    #[must_use]
    pub fn size(&self) -> usize {
        shape::size(&self.shape)
    }

    /// The array, if the program yields an array unchanged.
    #[must_use]
    pub fn as_input(&self) -> Option<&Strided<S>> {
        match self.steps.as_slice() {
            [
                Step {
                    op: Op::Input(0), ..
                },
            ] => self.inputs.first(),
            _ => None,
        }
    }

    /// Adds a step, unless there is an equal one; returns its number.
    pub fn push(&mut self, op: Op, dtype: DType) -> usize {
        let step = Step { op, dtype };
        // NaN constants are not equal to themselves, so they may occur twice, which does no harm.
        self.steps
            .iter()
            .position(|s| *s == step && !is_zero(op))
            .unwrap_or_else(|| {
                self.steps.push(step);
                self.steps.len() - 1
            })
    }

    /// Adds a step that reads `x`, unless there is one; returns its number.
    pub fn push_input(&mut self, x: Strided<S>) -> usize {
        let dtype = x.dtype;
        let input = self.inputs.iter().position(|i| *i == x).unwrap_or_else(|| {
            self.inputs.push(x);
            self.inputs.len() - 1
        });
        self.push(Op::Input(input), dtype)
    }

    /// The same program over another kind of storage, for backends that wrap others.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn try_map<T, E>(&self, mut f: impl FnMut(&S) -> Result<T, E>) -> Result<Program<T>, E> {
        let inputs = self
            .inputs
            .iter()
            .map(|i| i.clone().try_map(|s| f(&s)))
            .collect::<Result<_, E>>()?;
        Ok(Program {
            shape: self.shape.clone(),
            inputs,
            steps: self.steps.clone(),
        })
    }

    /// The layouts of the inputs and, last, the contiguous one of the result, with axes merged where all layouts allow
    /// it. Not for programs with [`Op::Index`], whose axes must not be merged.
    #[must_use]
    pub fn collapsed_layouts(&self) -> Vec<Layout> {
        let out = Layout::contiguous(&self.shape);
        let all: Vec<&Layout> = self
            .inputs
            .iter()
            .map(|i| &i.layout)
            .chain([&out])
            .collect();
        if self.steps.iter().any(|s| matches!(s.op, Op::Index(_))) {
            all.into_iter().cloned().collect()
        } else {
            crate::layout::collapse(&all)
        }
    }

    /// Computes the program one step at a time, for a backend that does not fuse. `apply` gets a step and its
    /// arguments, which are arrays of the program's shape, and returns a contiguous storage.
    ///
    /// # Errors
    /// Those of `apply`.
    pub fn stepwise(&self, mut apply: impl FnMut(&Step, &[&Strided<S>]) -> Result<S>) -> Result<S> {
        let mut done: Vec<Strided<S>> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let value = match step.op {
                Op::Input(i) => self.inputs[i].clone(),
                op => {
                    let arguments: Vec<&Strided<S>> = op.arguments().map(|i| &done[i]).collect();
                    Strided::contiguous(apply(step, &arguments)?, &self.shape, step.dtype)
                }
            };
            done.push(value);
        }
        let last = done.pop().expect("a program has steps");
        if self.as_input().is_some() {
            let copy = Step {
                op: Op::Unary(UnaryOp::Positive, 0),
                dtype: last.dtype,
            };
            return apply(&copy, &[&last]);
        }
        Ok(last.storage)
    }
}

impl Op {
    /// The numbers of the steps that it uses.
    pub fn arguments(self) -> impl Iterator<Item = usize> {
        let (count, all) = match self {
            Self::Input(_) | Self::Scalar(_) | Self::Index(_) => (0, [0; 3]),
            Self::Unary(_, a) | Self::Cast(a) => (1, [a, 0, 0]),
            Self::Binary(_, a, b) => (2, [a, b, 0]),
            Self::Select(c, a, b) => (3, [c, a, b]),
        };
        all.into_iter().take(count)
    }
}

/// 0.0 equals -0.0, so zeros are never merged.
fn is_zero(op: Op) -> bool {
    match op {
        Op::Scalar(Scalar::Float(x)) => x == 0.0,
        Op::Scalar(Scalar::Complex(z)) => z.re == 0.0 || z.im == 0.0,
        _ => false,
    }
}
