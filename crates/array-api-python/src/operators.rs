//! Operators of the array class: each with its reflected and its in-place form.

use pyo3::prelude::*;

use crate::{
    argument::{Operand, Work, xp_of},
    array::PyArray,
    error::{run, run_here},
    outcome::{Outcome, call, call_here},
};

impl PyArray {
    /// Calls an operator on this array and another array or scalar.
    fn operate<'py, O: Outcome>(
        &self,
        py: Python<'py>,
        other: Operand,
        operator: impl FnOnce(Operand, Operand) -> O + Send,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (x1, x2) = (Operand::Array(self.get()), other);
        if x1.is_little() && x2.is_little() {
            call_here(py, move || operator(x1, x2))
        } else {
            call(py, move || operator(x1, x2))
        }
    }
}

macro_rules! operators {
    (
        unary { $($unary:ident $apply:ident;)* }
        comparison { $($comparison:ident $compare:ident;)* }
        binary { $($operator:ident $reflected:ident $in_place:ident $function:ident;)* }
    ) => {
        #[pymethods]
        impl PyArray {
            $(
                fn $unary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                    let x = self.get();
                    let little = x.is_little();
                    let operator = move || x.namespace().$apply(x);
                    if little { call_here(py, operator) } else { call(py, operator) }
                }
            )*
            $(
                fn $comparison<'py>(&self, py: Python<'py>, other: Operand) -> PyResult<Bound<'py, PyAny>> {
                    self.operate(py, other, |x1, x2| xp_of(&x1, &x2).$compare(x1, x2))
                }
            )*
            $(
                fn $operator<'py>(&self, py: Python<'py>, other: Operand) -> PyResult<Bound<'py, PyAny>> {
                    self.operate(py, other, |x1, x2| xp_of(&x1, &x2).$function(x1, x2))
                }

                fn $reflected<'py>(&self, py: Python<'py>, other: Operand) -> PyResult<Bound<'py, PyAny>> {
                    self.operate(py, other, |x2, x1| xp_of(&x1, &x2).$function(x1, x2))
                }

                fn $in_place(&self, py: Python<'_>, other: Operand) -> PyResult<()> {
                    let little = self.0.is_little() && other.is_little();
                    let update = || self.0.update(|own| own.xp().$function(own, other));
                    if little { run_here(update) } else { run(py, update) }
                }
            )*

            // Python's `pow` passes a third argument, which arrays do not take.
            fn __pow__<'py>(
                &self,
                py: Python<'py>,
                other: Operand,
                modulo: Option<Modulo>,
            ) -> PyResult<Bound<'py, PyAny>> {
                let None = modulo;
                self.operate(py, other, |x1, x2| xp_of(&x1, &x2).pow(x1, x2))
            }

            fn __rpow__<'py>(
                &self,
                py: Python<'py>,
                other: Operand,
                modulo: Option<Modulo>,
            ) -> PyResult<Bound<'py, PyAny>> {
                let None = modulo;
                self.operate(py, other, |x2, x1| xp_of(&x1, &x2).pow(x1, x2))
            }

            fn __ipow__(&self, py: Python<'_>, other: Operand, modulo: Option<Modulo>) -> PyResult<()> {
                let None = modulo;
                run(py, || self.0.update(|own| own.xp().pow(own, other)))
            }
        }
    };
}

/// No value: `pow(x, y, z)` is not defined for arrays.
enum Modulo {}

impl FromPyObject<'_, '_> for Modulo {
    type Error = PyErr;

    fn extract(_: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Err(pyo3::exceptions::PyTypeError::new_err(
            "arrays take no modulus",
        ))
    }
}

operators! {
    unary {
        __abs__ abs;
        __neg__ negative;
        __pos__ positive;
        __invert__ bitwise_invert;
    }
    comparison {
        __eq__ equal;
        __ne__ not_equal;
        __lt__ less;
        __le__ less_equal;
        __gt__ greater;
        __ge__ greater_equal;
    }
    binary {
        __add__ __radd__ __iadd__ add;
        __sub__ __rsub__ __isub__ subtract;
        __mul__ __rmul__ __imul__ multiply;
        __truediv__ __rtruediv__ __itruediv__ divide;
        __floordiv__ __rfloordiv__ __ifloordiv__ floor_divide;
        __mod__ __rmod__ __imod__ remainder;
        __matmul__ __rmatmul__ __imatmul__ matmul;
        __and__ __rand__ __iand__ bitwise_and;
        __or__ __ror__ __ior__ bitwise_or;
        __xor__ __rxor__ __ixor__ bitwise_xor;
        __lshift__ __rlshift__ __ilshift__ bitwise_left_shift;
        __rshift__ __rrshift__ __irshift__ bitwise_right_shift;
    }
}
