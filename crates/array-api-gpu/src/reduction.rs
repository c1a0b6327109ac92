//! Reductions inside kernels: the start value, and how two partial results are combined.

use array_api_spec::{DType, ReduceOp};

use super::kernel::{
    element::{Value, register, wrap},
    ir::{Ty, Val, Var, lit, select, var},
};

/// How two partial results are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reduction {
    Sum,
    Prod,
    Max,
    Min,
    All,
    Any,
    Argmax,
    Argmin,
    /// The sum, in which NaN counts as 0.
    NanSum,
    /// The largest element that is not NaN; NaN if there is none.
    NanMax,
    /// The smallest element that is not NaN; NaN if there is none.
    NanMin,
}

impl From<ReduceOp> for Reduction {
    fn from(op: ReduceOp) -> Self {
        match op {
            ReduceOp::Sum => Self::Sum,
            ReduceOp::Prod => Self::Prod,
            ReduceOp::Max => Self::Max,
            ReduceOp::Min => Self::Min,
            ReduceOp::All => Self::All,
            ReduceOp::Any => Self::Any,
            ReduceOp::Argmax => Self::Argmax,
            ReduceOp::Argmin => Self::Argmin,
        }
    }
}

impl Reduction {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sum => "reduce_sum",
            Self::Prod => "reduce_prod",
            Self::Max => "reduce_max",
            Self::Min => "reduce_min",
            Self::All => "reduce_all",
            Self::Any => "reduce_any",
            Self::Argmax => "reduce_argmax",
            Self::Argmin => "reduce_argmin",
            Self::NanSum => "reduce_nansum",
            Self::NanMax => "reduce_nanmax",
            Self::NanMin => "reduce_nanmin",
        }
    }

    pub(super) const fn is_position(self) -> bool {
        matches!(self, Self::Argmax | Self::Argmin)
    }

    /// The start value of a sum, a product, `all` and `any`; `None` for the others, which start with their first
    /// element.
    pub(super) fn start(self, dtype: DType) -> Option<Value> {
        let number = |x: i32| {
            let ty = register(dtype);
            if dtype.is_complex() {
                Value::Complex(lit(ty, x), lit(ty, 0))
            } else {
                Value::Real(lit(ty, x))
            }
        };
        match self {
            Self::Sum | Self::NanSum => Some(number(0)),
            Self::Prod => Some(number(1)),
            Self::All | Self::Any => Some(Value::Real(lit(Ty::Bool, self == Self::All))),
            _ => None,
        }
    }

    pub(super) fn combine(self, dtype: DType, a: Value, b: Value) -> Value {
        match (self, a, b) {
            (Self::Sum | Self::NanSum, Value::Complex(ar, ai), Value::Complex(br, bi)) => {
                Value::Complex(ar + br, ai + bi)
            }
            (Self::Prod, Value::Complex(ar, ai), Value::Complex(br, bi)) => {
                Value::Complex(ar * br - ai * bi, ar * bi + ai * br)
            }
            _ => {
                let (a, b) = (a.real(), b.real());
                Value::Real(match self {
                    Self::Sum | Self::NanSum => wrap(a + b, dtype),
                    Self::Prod => wrap(a * b, dtype),
                    Self::All => a & b,
                    Self::Any => a | b,
                    _ => select(self.prefers(b, a), b, a),
                })
            }
        }
    }

    /// Whether `b` replaces `a` as the extreme value.
    pub(super) fn prefers(self, b: Val, a: Val) -> Val {
        let beyond = match self {
            Self::Max | Self::NanMax | Self::Argmax => b.gt(a),
            _ => b.lt(a),
        };
        if !a.ty().is_float() {
            return beyond;
        }
        match self {
            Self::NanMax | Self::NanMin => beyond | a.is_nan(),
            _ => beyond | (b.is_nan() & !a.is_nan()),
        }
    }
}

/// A mutable [`Value`].
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Real(Var),
    Complex(Var, Var),
}

impl Slot {
    pub(super) fn new(value: Value) -> Self {
        match value {
            Value::Real(x) => Self::Real(var(x)),
            Value::Complex(re, im) => Self::Complex(var(re), var(im)),
        }
    }

    pub(super) fn get(self) -> Value {
        match self {
            Self::Real(x) => Value::Real(x.get()),
            Self::Complex(re, im) => Value::Complex(re.get(), im.get()),
        }
    }

    pub(super) fn set(self, value: Value) {
        match (self, value) {
            (Self::Real(x), Value::Real(value)) => x.set(value),
            (Self::Complex(re, im), Value::Complex(a, b)) => {
                re.set(a);
                im.set(b);
            }
            _ => unreachable!("a slot keeps its kind"),
        }
    }
}
