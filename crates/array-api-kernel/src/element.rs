//! How an element of each dtype is represented in registers.

use array_api_spec::DType;

use super::ir::{Ty, Val};

/// An element in registers. `bool` is a `Bool`. Integers of up to 32 bits are an `I32` or a `U32` whose value is in the
/// dtype's range. A complex number is two floating-point values. Every other dtype has a type of its own.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// An element of any dtype that is not complex.
    Real(Val),
    /// Real and imaginary part.
    Complex(Val, Val),
}

impl Value {
    /// The value of a dtype that is not complex.
    ///
    /// # Panics
    /// If it is complex.
    #[must_use]
    #[track_caller]
    pub fn real(self) -> Val {
        match self {
            Self::Real(x) => x,
            Self::Complex(..) => panic!("a real value"),
        }
    }

    /// Real and imaginary part of a complex value.
    ///
    /// # Panics
    /// If it is not complex.
    #[must_use]
    #[track_caller]
    pub fn complex(self) -> (Val, Val) {
        match self {
            Self::Complex(re, im) => (re, im),
            Self::Real(_) => panic!("a complex value"),
        }
    }
}

/// The register type of an element, or of each part if it is complex.
#[must_use]
pub const fn register(dtype: DType) -> Ty {
    match dtype {
        DType::Bool => Ty::Bool,
        DType::Int8 | DType::Int16 | DType::Int32 => Ty::I32,
        DType::UInt8 | DType::UInt16 | DType::UInt32 => Ty::U32,
        DType::Int64 => Ty::I64,
        DType::UInt64 => Ty::U64,
        DType::Float32 | DType::Complex64 => Ty::F32,
        DType::Float64 | DType::Complex128 => Ty::F64,
    }
}

/// Wraps an integer in a register to its dtype's range.
#[must_use]
pub fn wrap(x: Val, dtype: DType) -> Val {
    match dtype.size() {
        size @ (1 | 2) => {
            let spare = 32 - 8 * size as u32;
            (x << spare) >> spare
        }
        _ => x,
    }
}
