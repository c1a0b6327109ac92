//! Mutation tests of the vectors: replaces every function by one that returns wrong values of the right shape and
//! dtype, and sees whether a vector fails.

use array_api_spec::{Array, Backend, DType, Namespace, Result, Scalar};

/// The values that a function's result is replaced by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// All zeros (`false`).
    Zeros,
    /// The result times 1.2 plus 0.5; for integers rounded, for `bool` the opposite.
    Drift,
}

impl Mutation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Zeros, Self::Drift];

    /// Whether the mutation changes nothing that matters: the result is zeros, or any values are right.
    #[must_use]
    pub fn spares(self, function: &str) -> bool {
        match function {
            "empty" | "empty_like" => true,
            "zeros" | "zeros_like" => self == Self::Zeros,
            _ => false,
        }
    }

    /// The replaced result of a function.
    pub(crate) fn apply<B: Backend>(self, xp: &Namespace<B>, x: Array<B>) -> Result<Array<B>> {
        let dtype = x.dtype();
        match self {
            Self::Zeros => xp.zeros_like(&x),
            Self::Drift if dtype == DType::Bool => xp.logical_not(&x).eval(),
            // An integer grows by a fifth of itself plus one.
            Self::Drift if dtype.is_integer() => (&x + xp.floor_divide(&x, 5) + 1).eval(),
            Self::Drift => (&x * Scalar::Float(1.2) + Scalar::Float(0.5)).eval(),
        }
    }
}
