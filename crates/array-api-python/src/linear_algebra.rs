//! Linear algebra functions of the main namespace.

use crate::{
    argument::{Operand, xp_of},
    functions,
};

functions! { "API_specification/generated/array_api."
    matmul [x1, x2, /] (x1: Operand, x2: Operand) => xp_of(&x1, &x2).matmul(x1, x2);
    matrix_transpose [x, /] (x: Operand) => x.xp().matrix_transpose(x);
    vecdot [x1, x2, /, *, axis=-1] (x1: Operand, x2: Operand, axis: isize) => xp_of(&x1, &x2).vecdot(x1, x2, axis);
}
