//! The extension `linalg`.

use crate::{
    argument::{Operand, xp_of},
    data_type::PyDType,
    functions,
    outcome::Named,
};

functions! { "extensions/generated/array_api.linalg."
    cholesky [x, /, *, upper=false] (x: Operand, upper: bool) => x.xp().linalg().cholesky(x, upper);
    diagonal [x, /, *, offset=0] (x: Operand, offset: isize) => x.xp().linalg().diagonal(x, offset);
    eigh [x, /] (x: Operand) => x.xp().linalg().eigh(x).map(|e| Named("eigh_result", [
        ("eigenvalues", e.eigenvalues), ("eigenvectors", e.eigenvectors),
    ]));
    inv [x, /] (x: Operand) => x.xp().linalg().inv(x);
    outer [x1, x2, /] (x1: Operand, x2: Operand) => xp_of(&x1, &x2).linalg().outer(x1, x2);
    solve [x1, x2, /] (x1: Operand, x2: Operand) => xp_of(&x1, &x2).linalg().solve(x1, x2);
    svd [x, /, *, full_matrices=true] (x: Operand, full_matrices: bool) => x.xp().linalg().svd(x, full_matrices).map(|s| {
        Named("svd_result", [("U", s.U), ("S", s.S), ("Vh", s.Vh)])
    });
    trace [x, /, *, offset=0, dtype=None] (x: Operand, offset: isize, dtype: Option<PyDType>) => match dtype {
        Some(dtype) => {
            let xp = x.xp();
            xp.linalg().trace(xp.astype(x, dtype.0), offset)
        }
        None => x.xp().linalg().trace(x, offset),
    };
}
