//! Elementwise functions: a program, one step after the other. `array-api-spec` has the arithmetic of single values.

use array_api_spec::{
    BinaryOp, Element, Layout, Op, Program, Result, Scalar, Step, Strided, UnaryOp,
    backend::ElementwiseBackend,
    dispatch,
    reference::math::{Arithmetic, BinaryFunction, UnaryFunction},
};

use crate::{Memory, Mine, read, stored};

impl ElementwiseBackend for Mine {
    fn evaluate(&self, program: &Program<Memory>) -> Result<Memory> {
        program.stepwise(|step, arguments| apply(step, arguments, &program.shape))
    }
}

/// One step, whose arguments have the program's shape.
fn apply(step: &Step, arguments: &[&Strided<Memory>], shape: &[usize]) -> Result<Memory> {
    match step.op {
        Op::Input(_) => unreachable!("`stepwise` hands inputs over as arguments"),
        Op::Scalar(value) => dispatch!(step.dtype, T => {
            let one = Strided::contiguous(stored(vec![T::stored(value)]), &[], step.dtype);
            let all = one.with_layout(one.layout.broadcast_to(shape));
            read::<T>(&all).map(stored)
        }),
        Op::Index(axis) => {
            let mut strides = vec![0; shape.len()];
            strides[axis] = 1;
            let layout = Layout::new(shape, &strides, 0);
            converted(&mut layout.positions().map(Scalar::from), step)
        }
        Op::Cast(_) => dispatch!(arguments[0].dtype, T => {
            converted(&mut read::<T>(arguments[0])?.into_iter().map(Into::into), step)
        }),
        Op::Unary(op, _) => unary(op, arguments[0]),
        Op::Binary(op, ..) => binary(op, arguments[0], arguments[1]),
        Op::Select(..) => dispatch!(step.dtype, T => {
            let (a, b): (Vec<T>, Vec<T>) = (read(arguments[1])?, read(arguments[2])?);
            let conditions = read::<bool>(arguments[0])?.into_iter();
            let chosen = conditions.zip(a.into_iter().zip(b));
            Ok(stored(chosen.map(|(c, (a, b))| if c { a } else { b }).collect()))
        }),
    }
}

/// Values in a step's dtype.
fn converted(values: &mut dyn Iterator<Item = Scalar>, step: &Step) -> Result<Memory> {
    dispatch!(step.dtype, T => Ok(stored(values.map(T::cast).collect())))
}

fn unary(op: UnaryOp, x: &Strided<Memory>) -> Result<Memory> {
    dispatch!(x.dtype, T => {
        let x = read::<T>(x)?.into_iter();
        Ok(match T::unary(op).expect("the dtype was checked") {
            UnaryFunction::Same(f) => stored(x.map(f).collect()),
            UnaryFunction::Real(f) => stored(x.map(f).collect()),
            UnaryFunction::Bool(f) => stored(x.map(f).collect()),
        })
    })
}

fn binary(op: BinaryOp, x: &Strided<Memory>, y: &Strided<Memory>) -> Result<Memory> {
    dispatch!(x.dtype, T => {
        let pairs = read::<T>(x)?.into_iter().zip(read::<T>(y)?);
        Ok(match T::binary(op).expect("the dtype was checked") {
            BinaryFunction::Same(f) => stored(pairs.map(|(x, y)| f(x, y)).collect()),
            BinaryFunction::Bool(f) => stored(pairs.map(|(x, y)| f(x, y)).collect()),
        })
    })
}
