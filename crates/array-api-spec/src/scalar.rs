//! Scalars that take an array's dtype, as Python's scalars do.

use num_complex::Complex;

use crate::{DType, Error, Result};

/// A Rust value as an operand beside an array. It is *weak*: it takes the array's dtype and never widens it.
///
/// Source: <https://data-apis.org/array-api/2025.12/API_specification/type_promotion.html#mixing-arrays-with-python-scalars>
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// For `bool` arrays only.
    Bool(bool),
    /// For every numeric array whose dtype can represent it. It is `i128`, so that `uint64` fits.
    Int(i128),
    /// For real and complex floating-point arrays.
    Float(f64),
    /// For complex arrays, and for real floating-point arrays, which become complex arrays of the same precision.
    Complex(Complex<f64>),
}

impl Scalar {
    /// Zero, or `false`, as a scalar for arrays of a dtype.
    pub(crate) const fn zero(dtype: DType) -> Self {
        match dtype {
            DType::Bool => Self::Bool(false),
            _ => Self::Int(0),
        }
    }

    /// The dtype of an expression of an array of type `dtype` and this scalar.
    ///
    /// # Errors
    /// A scalar of a higher kind than the array's dtype, such as a float beside integers.
    pub fn weak_dtype(self, function: &'static str, dtype: DType) -> Result<DType> {
        let fits = match self {
            Self::Bool(_) => dtype == DType::Bool,
            Self::Int(_) => dtype.is_numeric(),
            Self::Float(_) => dtype.is_floating(),
            Self::Complex(_) if dtype.is_floating() => return Ok(dtype.complex()),
            Self::Complex(_) => false,
        };
        if fits {
            Ok(dtype)
        } else {
            Err(Error::scalar(function, self, dtype))
        }
    }

    /// The same value in the form that `dtype` stores: `Int` for integers, `Float` for real floating-point (rounded
    /// to `float32` where that is asked), `Complex`, `Bool`.
    ///
    /// # Errors
    /// A kind that does not fit, or an integer out of the dtype's range.
    pub fn to_dtype(self, function: &'static str, dtype: DType) -> Result<Self> {
        let round = |x: f64| {
            if dtype.real() == DType::Float32 {
                f64::from(x as f32)
            } else {
                x
            }
        };
        let complex = |z: Complex<f64>| Self::Complex(Complex::new(round(z.re), round(z.im)));
        Ok(match (self, dtype) {
            (Self::Bool(_), DType::Bool) => self,
            (Self::Int(i), d) if d.is_integer() => {
                let (low, high) = d.integer_range().expect("an integer type has a range");
                if i < low || i > high {
                    return Err(Error::scalar(function, self, dtype));
                }
                self
            }
            (Self::Int(i), d) if d.is_real_floating() => Self::Float(round(i as f64)),
            (Self::Int(i), d) if d.is_complex() => complex(Complex::new(i as f64, 0.0)),
            (Self::Float(x), d) if d.is_real_floating() => Self::Float(round(x)),
            (Self::Float(x), d) if d.is_complex() => complex(Complex::new(x, 0.0)),
            (Self::Complex(z), d) if d.is_complex() => complex(z),
            _ => return Err(Error::scalar(function, self, dtype)),
        })
    }

    /// The kind's name in an error message: `bool`, `int`, `float`, `complex`.
    #[must_use]
    pub const fn kind_name(self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Complex(_) => "complex",
        }
    }
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(i) => write!(f, "{i}"),
            Self::Float(x) => write!(f, "{x:?}"),
            Self::Complex(z) => write!(f, "{:?}{:+?}i", z.re, z.im),
        }
    }
}

macro_rules! from_rust {
    ($($variant:ident: $($t:ty),*;)*) => { $($(
        impl From<$t> for Scalar {
            fn from(value: $t) -> Self {
                Self::$variant(value.into())
            }
        }
    )*)* };
}
from_rust! {
    Bool: bool;
    Int: i8, i16, i32, i64, i128, u8, u16, u32, u64;
    Float: f32, f64;
    Complex: Complex<f64>;
}

impl From<usize> for Scalar {
    fn from(value: usize) -> Self {
        Self::Int(value as i128)
    }
}
impl From<isize> for Scalar {
    fn from(value: isize) -> Self {
        Self::Int(value as i128)
    }
}
impl From<Complex<f32>> for Scalar {
    fn from(value: Complex<f32>) -> Self {
        Self::Complex(Complex::new(value.re.into(), value.im.into()))
    }
}
