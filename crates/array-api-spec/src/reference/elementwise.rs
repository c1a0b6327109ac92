//! Computes programs one step at a time.

use super::{
    Memory, Reference, contract,
    math::{Arithmetic, BinaryFunction, UnaryFunction},
};
use crate::{
    BinaryOp, DType, Element, HostBuffer, Layout, Op, Program, Result, Scalar, Strided, UnaryOp,
    backend::ElementwiseBackend, dispatch,
};

impl ElementwiseBackend for Reference {
    fn evaluate(&self, program: &Program<Memory>) -> Result<Memory> {
        contract::program(*self, program);
        self.room(&program.shape, program.dtype())?;
        program.stepwise(|step, arguments| {
            Ok(self.store_buffer(match step.op {
                Op::Input(_) => unreachable!("inputs are not applied"),
                Op::Scalar(value) => dispatch!(step.dtype, T => {
                    T::into_buffer(vec![<T as Arithmetic>::cast(value); program.size()])
                }),
                Op::Index(axis) => convert(&indices(&program.shape, axis), step.dtype),
                Op::Unary(op, _) => self.unary(op, arguments[0])?,
                Op::Binary(op, ..) => self.binary(op, arguments[0], arguments[1])?,
                Op::Select(..) => {
                    let conditions: Vec<bool> = self.read(arguments[0])?;
                    dispatch!(step.dtype, T => {
                        let branches = self.read::<T>(arguments[1])?.into_iter().zip(self.read::<T>(arguments[2])?);
                        let chosen = conditions.iter().zip(branches).map(|(&c, (a, b))| if c { a } else { b });
                        T::into_buffer(chosen.collect())
                    })
                }
                Op::Cast(_) => dispatch!(arguments[0].dtype, T => {
                    let values: Vec<Scalar> = self.read::<T>(arguments[0])?.into_iter().map(Into::into).collect();
                    convert(&values, step.dtype)
                }),
            }))
        })
    }
}

impl Reference {
    fn unary(self, op: UnaryOp, x: &Strided<Memory>) -> Result<HostBuffer> {
        dispatch!(x.dtype, T => {
            let x: Vec<T> = self.read(x)?;
            Ok(match T::unary(op).expect("the dtype was checked") {
                UnaryFunction::Same(f) => T::into_buffer(x.into_iter().map(f).collect()),
                UnaryFunction::Real(f) => <T as Arithmetic>::Real::into_buffer(x.into_iter().map(f).collect()),
                UnaryFunction::Bool(f) => HostBuffer::Bool(x.into_iter().map(f).collect()),
            })
        })
    }

    fn binary(self, op: BinaryOp, x: &Strided<Memory>, y: &Strided<Memory>) -> Result<HostBuffer> {
        dispatch!(x.dtype, T => {
            let pairs = self.read::<T>(x)?.into_iter().zip(self.read::<T>(y)?);
            Ok(match T::binary(op).expect("the dtype was checked") {
                BinaryFunction::Same(f) => T::into_buffer(pairs.map(|(x, y)| f(x, y)).collect()),
                BinaryFunction::Bool(f) => HostBuffer::Bool(pairs.map(|(x, y)| f(x, y)).collect()),
            })
        })
    }
}

fn convert(values: &[Scalar], dtype: DType) -> HostBuffer {
    dispatch!(dtype, T => T::into_buffer(values.iter().map(|&v| T::cast(v)).collect()))
}

/// Every element's index along an axis.
fn indices(shape: &[usize], axis: usize) -> Vec<Scalar> {
    let mut strides = vec![0; shape.len()];
    strides[axis] = 1;
    Layout::new(shape, &strides, 0)
        .positions()
        .map(Into::into)
        .collect()
}
