//! Expressions: elementwise work that has not been computed yet.
//!
//! An [`Expr`] is a small tree of checked operations whose shape and dtype are known. It becomes a [`Program`] when a
//! function needs its values, or at [`Expr::eval`].

use std::{fmt, sync::Arc};

use crate::{
    Array, Backend, BinaryOp, DType, Error, HostBuffer, Layout, Namespace, Op, Program, Result,
    Scalar, Strided, UnaryOp,
    backend::Operation,
    layout::Dims,
    shape::{broadcast_shapes, size},
    shape_text,
};

/// Elementwise work that has not been computed yet: the argument of every function, and the result of the elementwise
/// ones.
///
/// An expression is made from an array, from a Rust scalar (which takes the dtype of the array beside it), or from the
/// `Result` of another function. [`eval`](Self::eval), or a function such as `sum`, computes it in one pass. If
/// something in it failed, the expression holds the error, which is returned there; so operators never panic.
///
/// ```
/// use array_api_spec::reference;
/// let xp = reference::namespace();
/// let x = xp.asarray([[1.0, 2.0], [3.0, 6.0]])?;
/// let centred = (&x - xp.mean(&x, 0)).eval()?;
/// assert_eq!(centred.to_vec::<f64>()?, [-1.0, -2.0, 1.0, 2.0]);
/// assert!((&x + xp.ones([3], x.dtype())).eval().is_err());
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[must_use = "an expression computes nothing until `eval`"]
#[derive(Clone)]
pub struct Expr<B: Backend>(Operand<B>);

#[derive(Clone)]
enum Operand<B: Backend> {
    Scalar(Scalar),
    Array(Namespace<B>, Valid<B>),
    Failed(Error),
}

/// A checked expression: its shape and dtype are known, and so are its numbers of steps and inputs.
#[derive(Clone)]
pub(crate) struct Valid<B: Backend> {
    node: Node<B>,
    shape: Dims<usize>,
    dtype: DType,
    steps: usize,
    inputs: usize,
}

#[derive(Clone)]
enum Node<B: Backend> {
    Leaf(Strided<B::Storage>),
    Scalar(Scalar),
    Index(usize),
    Unary(UnaryOp, Arc<Valid<B>>),
    Binary(BinaryOp, Arc<[Valid<B>; 2]>),
    Select(Arc<[Valid<B>; 3]>),
    Cast(Arc<Valid<B>>),
}

/// A part of an expression that has this many times fewer elements than the whole is computed beforehand, once.
const HOIST_RATIO: usize = 8;
/// For expressions with fewer elements than this, computing the part repeatedly is cheaper than a separate pass.
const HOIST_SIZE: usize = 16 * 1024;

impl<B: Backend> Expr<B> {
    /// Computes the expression in one pass.
    ///
    /// # Errors
    /// The first error in the expression; no memory on the device; a driver's failure.
    pub fn eval(self) -> Result<Array<B>> {
        let (xp, valid) = self.checked("eval")?;
        let data = valid.evaluate(&xp)?;
        Ok(Array::new(xp, data))
    }

    pub(crate) const fn failed(error: Error) -> Self {
        Self(Operand::Failed(error))
    }

    pub(crate) const fn valid(xp: Namespace<B>, valid: Valid<B>) -> Self {
        Self(Operand::Array(xp, valid))
    }

    /// The checked expression with its namespace; an error for a bare scalar.
    pub(crate) fn checked(self, function: &'static str) -> Result<(Namespace<B>, Valid<B>)> {
        match self.0 {
            Operand::Array(xp, valid) => Ok((xp, valid)),
            Operand::Failed(error) => Err(error),
            Operand::Scalar(s) => Err(Error::value(
                function,
                format!(
                    "needs an array, not only the scalar {s}; make one with `asarray` or `full`"
                ),
            )),
        }
    }

    /// The checked expression for a function of `xp`, which must be the namespace of the arrays inside.
    pub(crate) fn on(self, function: &'static str, xp: &Namespace<B>) -> Result<Valid<B>> {
        let (own, valid) = self.checked(function)?;
        own.check_same(function, xp)?;
        Ok(valid)
    }

    /// The expression if it may be used with `xp`: a scalar, or arrays of that namespace.
    pub(crate) fn checked_on(self, function: &'static str, xp: &Namespace<B>) -> Self {
        match &self.0 {
            Operand::Array(own, _) => match own.check_same(function, xp) {
                Ok(()) => self,
                Err(error) => Self::failed(error),
            },
            Operand::Scalar(_) | Operand::Failed(_) => self,
        }
    }

    /// Like [`on`](Self::on), but also accepts a scalar.
    pub(crate) fn scalar_or_valid(
        self,
        function: &'static str,
        xp: &Namespace<B>,
    ) -> Result<Result<Valid<B>, Scalar>> {
        match self.0 {
            Operand::Scalar(s) => Ok(Err(s)),
            other => Self(other).on(function, xp).map(Ok),
        }
    }

    pub(crate) fn unary(op: UnaryOp, x: Self) -> Self {
        let apply = || {
            let (xp, x) = x.checked(op.name())?;
            let x = x.apply(&xp, op)?;
            Ok((xp, x))
        };
        apply().into()
    }

    pub(crate) fn binary(op: BinaryOp, a: Self, b: Self) -> Self {
        let apply = || {
            let function = op.name();
            let (xp, a, b) = promote(function, a, b)?;
            if !op.accepts().contains(a.dtype) {
                return Err(Error::dtype(function, &[a.dtype], op.accepts().words()));
            }
            xp.check_operation(Operation::Binary(op), a.dtype)?;
            let shape = broadcast_shapes(function, &[&a.shape, &b.shape])?;
            let dtype = op.returns().dtype(a.dtype);
            let [a, b] = bounded(&xp, [a, b])?;
            Ok((
                xp,
                Valid::operation(shape, dtype, |args| Node::Binary(op, args), [a, b]),
            ))
        };
        apply().into()
    }

    pub(crate) fn select(function: &'static str, condition: Self, a: Self, b: Self) -> Self {
        let apply = || {
            let (xp, a, b) = promote(function, a, b)?;
            let condition = condition.on(function, &xp)?;
            if condition.dtype != DType::Bool {
                return Err(Error::dtype(
                    function,
                    &[condition.dtype],
                    "a condition of the boolean dtype",
                ));
            }
            let shape = broadcast_shapes(function, &[&condition.shape, &a.shape, &b.shape])?;
            let dtype = a.dtype;
            let arguments = bounded(&xp, [condition, a, b])?;
            Ok((xp, Valid::operation(shape, dtype, Node::Select, arguments)))
        };
        apply().into()
    }

    /// Converts the value to another dtype.
    pub(crate) fn cast(function: &'static str, x: Self, dtype: DType) -> Self {
        let apply = || {
            let (xp, x) = x.checked(function)?;
            xp.check_dtype(dtype)?;
            if x.dtype.is_complex() && !dtype.is_complex() && dtype != DType::Bool {
                return Err(Error::dtype(
                    function,
                    &[x.dtype, dtype],
                    "complex numbers to complex dtypes and `bool` only (`real` and `imag` give the parts)",
                ));
            }
            let [x] = bounded(&xp, [x])?;
            Ok((xp, x.cast(dtype)))
        };
        apply().into()
    }
}

/// Converts both arguments to expressions of one namespace and one dtype.
pub(crate) fn promote<B: Backend>(
    function: &'static str,
    a: Expr<B>,
    b: Expr<B>,
) -> Result<(Namespace<B>, Valid<B>, Valid<B>)> {
    match (a.0, b.0) {
        (Operand::Failed(error), _) | (_, Operand::Failed(error)) => Err(error),
        (Operand::Array(xp, a), Operand::Array(other, b)) => {
            xp.check_same(function, &other)?;
            let both = a
                .dtype
                .promote(b.dtype)
                .ok_or_else(|| Error::promotion(function, a.dtype, b.dtype))?;
            if both != a.dtype && both != b.dtype {
                xp.check_dtype(both)?;
            }
            Ok((xp, a.cast(both), b.cast(both)))
        }
        (Operand::Array(xp, a), Operand::Scalar(s)) => {
            let (a, s) = beside_scalar(function, &xp, a, s)?;
            Ok((xp, a, s))
        }
        (Operand::Scalar(s), Operand::Array(xp, b)) => {
            let (b, s) = beside_scalar(function, &xp, b, s)?;
            Ok((xp, s, b))
        }
        (Operand::Scalar(a), Operand::Scalar(b)) => Err(Error::value(
            function,
            format!("needs an array among its arguments, not only the scalars {a} and {b}"),
        )),
    }
}

fn beside_scalar<B: Backend>(
    function: &'static str,
    xp: &Namespace<B>,
    x: Valid<B>,
    scalar: Scalar,
) -> Result<(Valid<B>, Valid<B>)> {
    let dtype = scalar.weak_dtype(function, x.dtype)?;
    if dtype != x.dtype {
        xp.check_dtype(dtype)?;
    }
    let scalar = Valid::scalar(scalar.to_dtype(function, dtype)?, dtype);
    Ok((x.cast(dtype), scalar))
}

/// While the arguments together exceed the backend's fusion limit, computes the largest one beforehand.
fn bounded<B: Backend, const N: usize>(
    xp: &Namespace<B>,
    mut arguments: [Valid<B>; N],
) -> Result<[Valid<B>; N]> {
    let limit = xp.backend().fusion_limit();
    loop {
        let (steps, inputs) = arguments
            .iter()
            .fold((1, 0), |(s, i), a| (s + a.steps, i + a.inputs));
        let largest = arguments
            .iter_mut()
            .max_by_key(|a| a.steps)
            .expect("an operation has arguments");
        if (steps <= limit.steps && inputs <= limit.inputs) || largest.steps <= 1 {
            return Ok(arguments);
        }
        *largest = Valid::leaf(largest.evaluate(xp)?);
    }
}

impl<B: Backend> Valid<B> {
    pub(crate) fn leaf(data: Strided<B::Storage>) -> Self {
        Self {
            shape: Dims::from_slice(data.shape()),
            dtype: data.dtype,
            node: Node::Leaf(data),
            steps: 1,
            inputs: 1,
        }
    }

    pub(crate) fn scalar(value: Scalar, dtype: DType) -> Self {
        Self {
            node: Node::Scalar(value),
            shape: Dims::new(),
            dtype,
            steps: 1,
            inputs: 0,
        }
    }

    /// The index along an axis of an array of this shape.
    pub(crate) fn index(shape: &[usize], axis: usize, dtype: DType) -> Self {
        Self {
            node: Node::Index(axis),
            shape: shape.into(),
            dtype,
            steps: 1,
            inputs: 0,
        }
    }

    fn operation<const N: usize>(
        shape: Dims<usize>,
        dtype: DType,
        node: impl FnOnce(Arc<[Self; N]>) -> Node<B>,
        arguments: [Self; N],
    ) -> Self {
        let (steps, inputs) = arguments
            .iter()
            .fold((1, 0), |(s, i), a| (s + a.steps, i + a.inputs));
        Self {
            node: node(Arc::new(arguments)),
            shape,
            dtype,
            steps,
            inputs,
        }
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(crate) fn ndim(&self) -> usize {
        self.shape.len()
    }

    pub(crate) fn size(&self) -> usize {
        size(&self.shape)
    }

    pub(crate) const fn dtype(&self) -> DType {
        self.dtype
    }

    /// Converts the values to another dtype; adds no step if it is the same.
    pub(crate) fn cast(self, dtype: DType) -> Self {
        if dtype == self.dtype {
            return self;
        }
        if let Node::Scalar(s) = self.node
            && let Ok(value) = s.to_dtype("astype", dtype)
        {
            return Self::scalar(value, dtype);
        }
        let (shape, steps, inputs) = (self.shape.clone(), self.steps + 1, self.inputs);
        Self {
            node: Node::Cast(Arc::new(self)),
            shape,
            dtype,
            steps,
            inputs,
        }
    }

    /// Applies an operation of one argument, or nothing where it would change nothing.
    pub(crate) fn apply(self, xp: &Namespace<B>, op: UnaryOp) -> Result<Self> {
        use UnaryOp as U;
        if !op.accepts().contains(self.dtype) {
            return Err(Error::dtype(op.name(), &[self.dtype], op.accepts().words()));
        }
        let changes_nothing = match op {
            U::Positive => true,
            U::Conj | U::Real => !self.dtype.is_complex(),
            U::Ceil | U::Floor | U::Trunc | U::Round => self.dtype.is_integer(),
            _ => false,
        };
        if changes_nothing {
            return Ok(self);
        }
        xp.check_operation(Operation::Unary(op), self.dtype)?;
        let dtype = op.returns().dtype(self.dtype);
        let [x] = bounded(xp, [self])?;
        let (shape, steps, inputs) = (x.shape.clone(), x.steps + 1, x.inputs);
        Ok(Self {
            node: Node::Unary(op, Arc::new(x)),
            shape,
            dtype,
            steps,
            inputs,
        })
    }

    /// The array itself if the expression is one; else computes it, in one pass.
    pub(crate) fn evaluate(&self, xp: &Namespace<B>) -> Result<Strided<B::Storage>> {
        if let Node::Leaf(data) = &self.node {
            return Ok(data.clone());
        }
        let program = self.program(xp)?;
        let storage = xp.backend().evaluate(&program)?;
        Ok(Strided::contiguous(storage, &self.shape, self.dtype))
    }

    /// The values, if the expression is an array of which the host has a copy. Never waits.
    pub(crate) fn known(&self, xp: &Namespace<B>) -> Option<HostBuffer> {
        match &self.node {
            Node::Leaf(data) => xp.backend().known(data),
            _ => None,
        }
    }

    /// Like [`evaluate`](Self::evaluate), in row-major order from the start of its storage.
    pub(crate) fn evaluate_contiguous(&self, xp: &Namespace<B>) -> Result<Strided<B::Storage>> {
        match &self.node {
            Node::Leaf(data) if data.layout.is_contiguous() && data.layout.offset() == 0 => {
                Ok(data.clone())
            }
            _ => {
                let storage = xp.backend().evaluate(&self.program(xp)?)?;
                Ok(Strided::contiguous(storage, &self.shape, self.dtype))
            }
        }
    }

    /// The expression as a list of steps.
    pub(crate) fn program(&self, xp: &Namespace<B>) -> Result<Program<B::Storage>> {
        let shape = self.shape.to_vec();
        self.program_of_shape(xp, shape)
    }

    /// The expression as a list of steps, broadcast to `shape`, which the caller has checked.
    pub(crate) fn program_of_shape(
        &self,
        xp: &Namespace<B>,
        shape: Vec<usize>,
    ) -> Result<Program<B::Storage>> {
        let mut program = Program {
            shape,
            inputs: Vec::with_capacity(self.inputs),
            steps: Vec::with_capacity(self.steps),
        };
        let last = self.lower(xp, &mut program)?;
        // An expression is never a part of itself, so the last step is always a new one.
        debug_assert_eq!(last + 1, program.steps.len());
        Ok(program)
    }

    fn lower(&self, xp: &Namespace<B>, program: &mut Program<B::Storage>) -> Result<usize> {
        let is_operation = self.steps > 1 && self.inputs > 0;
        let whole = program.size();
        if is_operation && whole >= HOIST_SIZE && self.size() <= whole / HOIST_RATIO {
            return Self::leaf(self.evaluate(xp)?).lower(xp, program);
        }
        let op = match &self.node {
            Node::Leaf(data) => {
                let layout = data.layout.broadcast_to(&program.shape);
                return Ok(program.push_input(data.with_layout(layout)));
            }
            Node::Scalar(value) => Op::Scalar(*value),
            Node::Index(axis) => Op::Index(axis + program.shape.len() - self.shape.len()),
            Node::Unary(op, x) => Op::Unary(*op, x.lower(xp, program)?),
            Node::Binary(op, args) => Op::Binary(
                *op,
                args[0].lower(xp, program)?,
                args[1].lower(xp, program)?,
            ),
            Node::Select(args) => {
                let [c, a, b] = [&args[0], &args[1], &args[2]];
                Op::Select(
                    c.lower(xp, program)?,
                    a.lower(xp, program)?,
                    b.lower(xp, program)?,
                )
            }
            Node::Cast(x) => Op::Cast(x.lower(xp, program)?),
        };
        Ok(program.push(op, self.dtype))
    }
}

/// Shows the functions and scalars of the expression, and each array as its dtype and shape.
impl<B: Backend> fmt::Debug for Expr<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Operand::Scalar(s) => write!(f, "Expr({s})"),
            Operand::Failed(error) => write!(f, "Expr(failed: {error})"),
            Operand::Array(xp, x) => {
                let (dtype, shape) = (x.dtype, shape_text(&x.shape));
                write!(f, "Expr({x:?} → {dtype} {shape} on {})", xp.device())
            }
        }
    }
}

impl<B: Backend> fmt::Debug for Valid<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Leaf(data) => write!(f, "{} {}", data.dtype, shape_text(data.shape())),
            Node::Scalar(s) => write!(f, "{s}"),
            Node::Index(axis) => write!(f, "index({axis})"),
            Node::Unary(op, x) => write!(f, "{}({x:?})", op.name()),
            Node::Binary(op, args) => write!(f, "{}({:?}, {:?})", op.name(), args[0], args[1]),
            Node::Select(args) => write!(f, "where({:?}, {:?}, {:?})", args[0], args[1], args[2]),
            Node::Cast(x) => write!(f, "astype({x:?}, {})", self.dtype),
        }
    }
}

impl<B: Backend> From<Result<(Namespace<B>, Valid<B>)>> for Expr<B> {
    fn from(result: Result<(Namespace<B>, Valid<B>)>) -> Self {
        match result {
            Ok((xp, valid)) => Self::valid(xp, valid),
            Err(error) => Self::failed(error),
        }
    }
}

impl<B: Backend> From<&Array<B>> for Expr<B> {
    fn from(x: &Array<B>) -> Self {
        match x.data() {
            Ok(data) => Self::valid(x.namespace(), Valid::leaf(data.clone())),
            Err(error) => Self::failed(error),
        }
    }
}

impl<B: Backend> From<Array<B>> for Expr<B> {
    fn from(x: Array<B>) -> Self {
        (&x).into()
    }
}

impl<B: Backend> From<&Self> for Expr<B> {
    fn from(x: &Self) -> Self {
        x.clone()
    }
}

impl<B: Backend> From<Result<Array<B>>> for Expr<B> {
    fn from(x: Result<Array<B>>) -> Self {
        x.map_or_else(Self::failed, Into::into)
    }
}

impl<B: Backend> From<Scalar> for Expr<B> {
    fn from(value: Scalar) -> Self {
        Self(Operand::Scalar(value))
    }
}

macro_rules! from_scalar {
    ($($t:ty),*) => { $(
        impl<B: Backend> From<$t> for Expr<B> {
            fn from(value: $t) -> Self {
                Scalar::from(value).into()
            }
        }
    )* };
}
from_scalar!(
    bool, i8, i16, i32, i64, u8, u16, u32, u64, usize, isize, f32, f64
);
from_scalar!(crate::Complex<f32>, crate::Complex<f64>);

/// Makes a view with another layout of the same storage, for functions that move no elements.
pub(crate) fn view<B: Backend>(
    xp: &Namespace<B>,
    data: &Strided<B::Storage>,
    layout: Layout,
) -> Array<B> {
    Array::new(xp.clone(), data.with_layout(layout))
}
