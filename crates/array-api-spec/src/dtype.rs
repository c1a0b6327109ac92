//! Data types and their promotion.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/data_types.html> and
//! <https://data-apis.org/array-api/2025.12/API_specification/type_promotion.html>.

use std::{fmt, str::FromStr};

use crate::Error;

/// The thirteen data types of the standard.
///
/// ```
/// use array_api_spec::DType;
/// assert_eq!(DType::Int8.promote(DType::UInt8), Some(DType::Int16));
/// assert_eq!(DType::Int64.promote(DType::Float32), None); // mixed kinds: the standard leaves it open, we refuse
/// assert_eq!("float32".parse(), Ok(DType::Float32));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum DType {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
    Complex64,
    Complex128,
}

/// The disjoint kinds of data types, with the standard's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Kind {
    Bool,
    SignedInteger,
    UnsignedInteger,
    RealFloating,
    ComplexFloating,
}

use DType::{
    Bool, Complex64, Complex128, Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16,
    UInt32, UInt64,
};

impl DType {
    /// Every data type, in the order in which the standard lists them.
    pub const ALL: [Self; 13] = [
        Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float32, Float64,
        Complex64, Complex128,
    ];

    /// The standard's name, such as `"float32"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Bool => "bool",
            Int8 => "int8",
            Int16 => "int16",
            Int32 => "int32",
            Int64 => "int64",
            UInt8 => "uint8",
            UInt16 => "uint16",
            UInt32 => "uint32",
            UInt64 => "uint64",
            Float32 => "float32",
            Float64 => "float64",
            Complex64 => "complex64",
            Complex128 => "complex128",
        }
    }

    /// Size of one element in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Bool | Int8 | UInt8 => 1,
            Int16 | UInt16 => 2,
            Int32 | UInt32 | Float32 => 4,
            Int64 | UInt64 | Float64 | Complex64 => 8,
            Complex128 => 16,
        }
    }

    /// The kind that the data type is of.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Bool => Kind::Bool,
            Int8 | Int16 | Int32 | Int64 => Kind::SignedInteger,
            UInt8 | UInt16 | UInt32 | UInt64 => Kind::UnsignedInteger,
            Float32 | Float64 => Kind::RealFloating,
            Complex64 | Complex128 => Kind::ComplexFloating,
        }
    }

    /// Signed or unsigned integer.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(self.kind(), Kind::SignedInteger | Kind::UnsignedInteger)
    }

    /// Real or complex floating-point.
    #[must_use]
    pub const fn is_floating(self) -> bool {
        matches!(self.kind(), Kind::RealFloating | Kind::ComplexFloating)
    }

    /// Real floating-point.
    #[must_use]
    pub const fn is_real_floating(self) -> bool {
        matches!(self.kind(), Kind::RealFloating)
    }

    /// Complex floating-point.
    #[must_use]
    pub const fn is_complex(self) -> bool {
        matches!(self.kind(), Kind::ComplexFloating)
    }

    /// Anything but `bool`.
    #[must_use]
    pub const fn is_numeric(self) -> bool {
        !matches!(self, Bool)
    }

    /// The type of the real part: `complex64 → float32`, `complex128 → float64`, others unchanged.
    #[must_use]
    pub const fn real(self) -> Self {
        match self {
            Complex64 => Float32,
            Complex128 => Float64,
            other => other,
        }
    }

    /// The complex type of the same precision: `float32 → complex64`, `float64 → complex128`, others unchanged.
    #[must_use]
    pub const fn complex(self) -> Self {
        match self {
            Float32 => Complex64,
            Float64 => Complex128,
            other => other,
        }
    }

    /// The smallest and the largest value of an integer type, `None` for others.
    #[must_use]
    pub const fn integer_range(self) -> Option<(i128, i128)> {
        Some(match self {
            Int8 => (i8::MIN as i128, i8::MAX as i128),
            Int16 => (i16::MIN as i128, i16::MAX as i128),
            Int32 => (i32::MIN as i128, i32::MAX as i128),
            Int64 => (i64::MIN as i128, i64::MAX as i128),
            UInt8 => (0, u8::MAX as i128),
            UInt16 => (0, u16::MAX as i128),
            UInt32 => (0, u32::MAX as i128),
            UInt64 => (0, u64::MAX as i128),
            _ => return None,
        })
    }

    /// The type that both promote to, or `None` where the standard leaves the mixture open
    /// (bool with numbers, integers with floating-point, `uint64` with signed integers).
    #[must_use]
    pub fn promote(self, other: Self) -> Option<Self> {
        use Kind::{
            ComplexFloating as C, RealFloating as R, SignedInteger as S, UnsignedInteger as U,
        };
        let wider = |a: Self, b: Self| if a.size() >= b.size() { a } else { b };
        match (self.kind(), other.kind()) {
            (a, b) if a == b => Some(wider(self, other)),
            (S, U) => signed_with_unsigned(self, other),
            (U, S) => signed_with_unsigned(other, self),
            (R, C) => Some(wider(self.complex(), other)),
            (C, R) => Some(wider(self, other.complex())),
            _ => None,
        }
    }
}

/// The smallest signed type that can represent both; `None` for `uint64`.
fn signed_with_unsigned(signed: DType, unsigned: DType) -> Option<DType> {
    let bytes = signed.size().max(2 * unsigned.size());
    [Int8, Int16, Int32, Int64]
        .into_iter()
        .find(|d| d.size() == bytes)
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for DType {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|d| d.name() == name).ok_or_else(|| {
            Error::value(
                "dtype",
                format!("`{name}` is no dtype of the standard; the names are `bool`, `int8` … `complex128`"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotion_is_commutative_and_keeps_the_wider() {
        for a in DType::ALL {
            assert_eq!(a.promote(a), Some(a));
            for b in DType::ALL {
                let both = a.promote(b);
                assert_eq!(both, b.promote(a), "{a} {b}");
                if let Some(d) = both {
                    assert_eq!(d.promote(a), Some(d));
                    assert!(d.size() >= a.size().max(b.size()));
                }
            }
        }
    }

    #[test]
    fn the_standard_s_mixed_table() {
        for (a, b, c) in [
            (Int8, UInt8, Some(Int16)),
            (Int8, UInt16, Some(Int32)),
            (Int32, UInt8, Some(Int32)),
            (Int8, UInt32, Some(Int64)),
            (Int64, UInt64, None),
            (Float32, Complex64, Some(Complex64)),
            (Float64, Complex64, Some(Complex128)),
            (Float32, Complex128, Some(Complex128)),
            (Bool, Int8, None),
            (Int8, Float32, None),
        ] {
            assert_eq!(a.promote(b), c, "{a} {b}");
        }
    }
}
