//! Linear algebra functions of the main namespace.

use array_api_spec::Contraction;
use pyo3::prelude::*;

use crate::{
    argument::{Operand, xp_of},
    functions,
    view::View,
};

functions! { "API_specification/generated/array_api."
    matmul [x1, x2, /] (x1: Operand, x2: Operand) => xp_of(&x1, &x2).matmul(x1, x2);
    matrix_transpose [x, /] (x: View) => x.view(|x| x.namespace().matrix_transpose(x));
    #[pyo3(text_signature = "(x1, x2, /, *, axes=2)")]
    tensordot [x1, x2, /, *, axes=Axes::Last(2)] (x1: Operand, x2: Operand, axes: Axes) =>
        xp_of(&x1, &x2).tensordot(x1, x2, axes.contraction());
    vecdot [x1, x2, /, *, axis=-1] (x1: Operand, x2: Operand, axis: isize) => xp_of(&x1, &x2).vecdot(x1, x2, axis);
}

/// Which axes `tensordot` sums over.
#[derive(FromPyObject)]
pub(crate) enum Axes {
    Last(usize),
    Named(Vec<isize>, Vec<isize>),
}

impl Axes {
    fn contraction(&self) -> Contraction {
        match self {
            Self::Last(count) => (*count).into(),
            Self::Named(first, second) => (first.as_slice(), second.as_slice()).into(),
        }
    }
}
