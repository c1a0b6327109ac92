//! The extension `linalg`.

use array_api_compat::AnyBackend;
use array_api_spec::{Automatic, MatrixNorm, QrMode, SvdMode, Tolerance, Triangle};
use pyo3::{exceptions::PyValueError, prelude::*};

use crate::{
    argument::{AxesKeywords, Integers, Keywords, Operand, Work, saturated, word, xp_of},
    data_type::PyDType,
    functions,
    results::Named,
    view::View,
};

functions! { "extensions/generated/array_api.linalg."
    cholesky [x, /, *, upper=false] (x: Operand, upper: bool) =>
        x.xp().linalg().cholesky(x, if upper { Triangle::Upper } else { Triangle::Lower });
    cross [x1, x2, /, *, axis=-1] (x1: Operand, x2: Operand, axis: isize) => xp_of(&x1, &x2).linalg().cross(x1, x2, axis);
    det [x, /] (x: Operand) => x.xp().linalg().det(x);
    diagonal [x, /, *, offset=0] (x: View, #[pyo3(from_py_with = saturated)] offset: isize) =>
        x.view(|x| x.namespace().linalg().diagonal(x, offset));
    eig [x, /] (x: Operand) => x.xp().linalg().eig(x).map(|e| Named("eig_result", [e.eigenvalues, e.eigenvectors]));
    eigvals [x, /] (x: Operand) => x.xp().linalg().eigvals(x);
    eigvalsh [x, /] (x: Operand) => x.xp().linalg().eigvalsh(x);
    eigh [x, /] (x: Operand) => x.xp().linalg().eigh(x).map(|e| Named("eigh_result", [e.eigenvalues, e.eigenvectors]));
    inv [x, /] (x: Operand) => x.xp().linalg().inv(x);
    #[pyo3(text_signature = "(x, /, *, keepdims=False, ord='fro')")]
    matrix_norm [x, /, *, keepdims=false, ord=Order(MatrixNorm::Frobenius)] (x: Operand, keepdims: bool, ord: Order) =>
        x.xp().linalg().matrix_norm(x, if keepdims { ord.0.keepdims() } else { ord.0.into() });
    matrix_power [x, n, /] (x: Operand, n: i64) => x.xp().linalg().matrix_power(x, n);
    matrix_rank [x, /, *, rtol=None] (x: Operand, rtol: Option<Operand>) => x.xp().linalg().matrix_rank(x, tolerance(rtol));
    outer [x1, x2, /] (x1: Operand, x2: Operand) => xp_of(&x1, &x2).linalg().outer(x1, x2);
    pinv [x, /, *, rtol=None] (x: Operand, rtol: Option<Operand>) => x.xp().linalg().pinv(x, tolerance(rtol));
    qr [x, /, *, mode="reduced"] (x: Operand, mode: &str) => {
        let mode = word("qr", mode, &[("reduced", QrMode::Reduced), ("complete", QrMode::Complete)])?;
        x.xp().linalg().qr(x, mode).map(|q| Named("qr_result", [q.Q, q.R]))
    };
    slogdet [x, /] (x: Operand) => x.xp().linalg().slogdet(x).map(|s| {
        Named("slogdet_result", [s.sign, s.logabsdet])
    });
    solve [x1, x2, /] (x1: Operand, x2: Operand) => xp_of(&x1, &x2).linalg().solve(x1, x2);
    svd [x, /, *, full_matrices=true] (x: Operand, full_matrices: bool) => {
        let mode = if full_matrices { SvdMode::Full } else { SvdMode::Reduced };
        x.xp().linalg().svd(x, mode).map(|s| Named("svd_result", [s.U, s.S, s.Vh]))
    };
    svdvals [x, /] (x: Operand) => x.xp().linalg().svdvals(x);
    trace [x, /, *, offset=0, dtype=None] (x: Operand, #[pyo3(from_py_with = saturated)] offset: isize, dtype: Option<PyDType>) =>
        x.xp().linalg().trace(x, offset, dtype.map(|d| d.0));
    vector_norm [x, /, *, axis=None, keepdims=false, ord=2.0]
        (x: Operand, axis: Option<Integers>, keepdims: bool, ord: f64) =>
        x.xp().linalg().vector_norm(x, axis.axes().keep(keepdims), ord);
}

fn tolerance(rtol: Option<Operand>) -> Tolerance<AnyBackend> {
    match rtol {
        Some(rtol) => rtol.into(),
        None => Automatic.into(),
    }
}

/// The argument `ord` of `matrix_norm`.
struct Order(MatrixNorm);

impl Work for Order {
    fn is_little(&self) -> bool {
        true
    }
}

impl<'py> FromPyObject<'_, 'py> for Order {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let norm = match (object.extract::<&str>(), object.extract::<f64>()) {
            (Ok("fro"), _) => MatrixNorm::Frobenius,
            (Ok("nuc"), _) => MatrixNorm::Nuclear,
            (_, Ok(1.0)) => MatrixNorm::One,
            (_, Ok(-1.0)) => MatrixNorm::MinusOne,
            (_, Ok(2.0)) => MatrixNorm::Two,
            (_, Ok(-2.0)) => MatrixNorm::MinusTwo,
            (_, Ok(f64::INFINITY)) => MatrixNorm::Infinity,
            (_, Ok(f64::NEG_INFINITY)) => MatrixNorm::MinusInfinity,
            _ => {
                let text = format!(
                    "matrix_norm: {} is no `ord`; 'fro', 'nuc', 1, -1, 2, -2, inf and -inf are",
                    object.repr()?
                );
                return Err(PyValueError::new_err(text));
            }
        };
        Ok(Self(norm))
    }
}
