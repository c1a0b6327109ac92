//! How an element of each dtype is represented in registers.

use std::ops::{Add, Mul, Neg, Sub};

use array_api_spec::DType;

use super::ir::{Ty, Val, lit};

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

/// Arithmetic of floating-point elements, real or complex; both operands are of one kind.
impl Value {
    /// 0 or another whole number.
    #[must_use]
    pub fn whole(dtype: DType, x: i32) -> Self {
        let ty = register(dtype);
        if dtype.is_complex() {
            Self::Complex(lit(ty, x), lit(ty, 0))
        } else {
            Self::Real(lit(ty, x))
        }
    }

    /// The complex conjugate.
    #[must_use]
    pub fn conj(self) -> Self {
        match self {
            Self::Real(_) => self,
            Self::Complex(re, im) => Self::Complex(re, -im),
        }
    }

    /// The real part.
    #[must_use]
    pub fn real_part(self) -> Val {
        match self {
            Self::Real(x) | Self::Complex(x, _) => x,
        }
    }

    /// Each part by itself through a function.
    #[must_use]
    pub fn map(self, f: impl Fn(Val) -> Val) -> Self {
        match self {
            Self::Real(x) => Self::Real(f(x)),
            Self::Complex(re, im) => Self::Complex(f(re), f(im)),
        }
    }

    /// `self · b + c`; see [`Val::mul_add`].
    ///
    /// # Panics
    /// If the values are not of one kind.
    #[must_use]
    #[track_caller]
    pub fn mul_add(self, b: Self, c: Self) -> Self {
        match (self, b, c) {
            (Self::Real(a), Self::Real(b), Self::Real(c)) => Self::Real(a.mul_add(b, c)),
            (Self::Complex(ar, ai), Self::Complex(br, bi), Self::Complex(cr, ci)) => {
                let re = ar.mul_add(br, (-ai).mul_add(bi, cr));
                let im = ar.mul_add(bi, ai.mul_add(br, ci));
                Self::Complex(re, im)
            }
            _ => panic!("operands of one kind"),
        }
    }

    /// |x|, or |re| + |im|: a magnitude that cannot underflow and costs no root.
    #[must_use]
    pub fn magnitude(self) -> Val {
        match self {
            Self::Real(x) => x.abs(),
            Self::Complex(re, im) => re.abs() + im.abs(),
        }
    }
}

macro_rules! arithmetic {
    ($($Trait:ident $method:ident |$a:ident, $b:ident| $complex:expr;)*) => { $(
        impl $Trait for Value {
            type Output = Self;
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                match (self, other) {
                    (Self::Real(a), Self::Real(b)) => Self::Real(a.$method(b)),
                    (Self::Complex(ar, ai), Self::Complex(br, bi)) => {
                        let ($a, $b) = ((ar, ai), (br, bi));
                        let (re, im) = $complex;
                        Self::Complex(re, im)
                    }
                    _ => panic!("operands of one kind"),
                }
            }
        }
    )* };
}
arithmetic! {
    Add add |a, b| (a.0 + b.0, a.1 + b.1);
    Sub sub |a, b| (a.0 - b.0, a.1 - b.1);
    Mul mul |a, b| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
}

impl Neg for Value {
    type Output = Self;
    fn neg(self) -> Self {
        self.map(|x| -x)
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
