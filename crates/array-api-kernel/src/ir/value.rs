//! Values, variables and memory, with Rust's operators.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Shl, Shr, Sub};

use super::node::{Atomic, Binary, Literal, Node, Stmt, Ty, Unary};
use super::record::{STATE, node, stmt};

/// A value that the kernel will compute.
#[derive(Clone, Copy, Debug)]
pub struct Val {
    pub(super) id: usize,
    pub(super) ty: Ty,
    pub(super) function: usize,
}

/// A mutable variable.
#[derive(Clone, Copy, Debug)]
pub struct Var {
    pub(super) id: usize,
    pub(super) ty: Ty,
}

/// Memory that is read and written by index: a buffer, or an array that a work-group shares.
#[derive(Clone, Copy, Debug)]
pub struct Mem {
    pub(super) id: usize,
    pub(super) ty: Ty,
}

/// The other operand of a [`Val`]: another `Val`, or a Rust number, which becomes a literal of the `Val`'s type.
pub trait Operand {
    /// Converts the operand to a value of type `ty`.
    fn val(self, ty: Ty) -> Val;
}

impl Operand for Val {
    #[track_caller]
    fn val(self, ty: Ty) -> Val {
        assert_eq!(self.ty, ty, "operands of one type");
        self
    }
}

impl Operand for Var {
    fn val(self, ty: Ty) -> Val {
        self.get().val(ty)
    }
}

macro_rules! literals {
    ($($t:ty: $variant:ident)*) => { $(
        impl Operand for $t {
            #[track_caller]
            fn val(self, ty: Ty) -> Val {
                #[allow(clippy::cast_lossless, reason = "one macro for all types")]
                let literal = match Literal::$variant(self.into()) {
                    Literal::Int(i) if ty.is_float() => Literal::Float(i as f64),
                    other => other,
                };
                let fits = match literal {
                    Literal::Bool(_) => ty == Ty::Bool,
                    Literal::Float(_) => ty.is_float(),
                    Literal::Int(i) => match ty {
                        Ty::I32 => i32::try_from(i).is_ok(),
                        Ty::U32 => u32::try_from(i).is_ok(),
                        Ty::I64 => i64::try_from(i).is_ok(),
                        Ty::U64 => u64::try_from(i).is_ok(),
                        _ => false,
                    },
                };
                assert!(fits, "{literal:?} is no {}", ty.name());
                node(Node::Literal(literal), ty)
            }
        }
    )* };
}
literals! { bool: Bool i32: Int u32: Int i64: Int u64: Int i128: Int f32: Float f64: Float }

/// A literal of a type.
#[track_caller]
pub fn lit(ty: Ty, x: impl Operand) -> Val {
    x.val(ty)
}

/// `then` where `condition` is true, `otherwise` elsewhere. Both are computed.
#[track_caller]
pub fn select(condition: Val, then: Val, otherwise: impl Operand) -> Val {
    let (condition, otherwise) = (condition.val(Ty::Bool), otherwise.val(then.ty));
    node(
        Node::Select(condition.id(), then.id(), otherwise.id()),
        then.ty,
    )
}

macro_rules! operators {
    ($($Trait:ident $method:ident)*) => { $(
        impl<T: Operand> $Trait<T> for Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, other: T) -> Val {
                self.binary(Binary::$Trait, other)
            }
        }
        impl $Trait<Val> for f64 {
            type Output = Val;
            #[track_caller]
            fn $method(self, other: Val) -> Val {
                self.val(other.ty).binary(Binary::$Trait, other)
            }
        }
        impl $Trait<Val> for i32 {
            type Output = Val;
            #[track_caller]
            fn $method(self, other: Val) -> Val {
                self.val(other.ty).binary(Binary::$Trait, other)
            }
        }
    )* };
}
operators! { Add add Sub sub Mul mul Div div Rem rem }

macro_rules! bit_operators {
    ($($Trait:ident $method:ident $Op:ident)*) => { $(
        impl<T: Operand> $Trait<T> for Val {
            type Output = Val;
            #[track_caller]
            fn $method(self, other: T) -> Val {
                self.binary(Binary::$Op, other)
            }
        }
    )* };
}
bit_operators! { BitAnd bitand And BitOr bitor Or BitXor bitxor Xor Shl shl Shl Shr shr Shr }

impl Neg for Val {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        assert!(
            self.ty.is_float() || self.ty.is_signed_int(),
            "only signed values have an opposite"
        );
        self.unary(Unary::Neg)
    }
}

impl Not for Val {
    type Output = Self;
    #[track_caller]
    fn not(self) -> Self {
        assert!(!self.ty.is_float(), "`!` is for integers and booleans");
        self.unary(Unary::Not)
    }
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $method:ident $Op:ident;)*) => { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $method(self, other: impl Operand) -> Self {
            self.binary(Binary::$Op, other)
        }
    )* };
}

macro_rules! float_functions {
    ($($(#[$doc:meta])* $method:ident $Op:ident;)*) => { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $method(self) -> Self {
            assert!(self.ty.is_float(), "{} of a {}", stringify!($method), self.ty.name());
            self.unary(Unary::$Op)
        }
    )* };
}

#[allow(
    clippy::should_implement_trait,
    reason = "comparisons of kernel values yield kernel values"
)]
impl Val {
    /// Its type.
    #[must_use]
    pub const fn ty(self) -> Ty {
        self.ty
    }

    #[track_caller]
    pub(super) fn id(self) -> usize {
        let here = STATE.with_borrow_mut(|s| s.scope().number);
        assert_eq!(self.function, here, "a value of another function or kernel");
        self.id
    }

    fn unary(self, op: Unary) -> Self {
        node(Node::Unary(op, self.id()), self.ty)
    }

    #[track_caller]
    fn binary(self, op: Binary, other: impl Operand) -> Self {
        use Binary::{Add, And, Div, Eq, Max, Min, Mul, Ne, Or, Rem, Shl, Shr, Sub, Xor};
        let other = other.val(if matches!(op, Shl | Shr) {
            Ty::U32
        } else {
            self.ty
        });
        let fits = match op {
            Add | Sub | Mul | Div => self.ty != Ty::Bool,
            Rem | Shl | Shr | Min | Max => self.ty.is_int(),
            And | Or | Xor => !self.ty.is_float(),
            Eq | Ne => true,
            Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => self.ty != Ty::Bool,
        };
        assert!(fits, "{op:?} of {}", self.ty.name());
        let ty = if op.is_comparison() {
            Ty::Bool
        } else {
            self.ty
        };
        node(Node::Binary(op, self.id(), other.id()), ty)
    }

    comparisons! {
        /// self < other.
        lt Lt;
        /// self ≤ other.
        le Le;
        /// self > other.
        gt Gt;
        /// self ≥ other.
        ge Ge;
        /// self = other.
        eq Eq;
        /// self ≠ other.
        ne Ne;
        /// The smaller of two integers. (Use `select` for floating-point values: devices differ in what NaN gives.)
        min Min;
        /// The larger of two integers.
        max Max;
    }

    float_functions! {
        /// |x|, by the sign bit.
        abs Abs;
        /// Correctly rounded √x.
        sqrt Sqrt;
        /// ⌊x⌋.
        floor Floor;
        /// ⌈x⌉.
        ceil Ceil;
        /// Towards 0.
        trunc Trunc;
        /// To the nearest integer, halves to even. The sign of a zero result is unspecified.
        round Round;
        /// The same value, hidden from the compiler's optimizer, which then cannot combine later operations with
        /// earlier ones. Without it some drivers replace `(a + b) - a` by `b`. With it, two-sums and Cody–Waite
        /// reductions are right on every device.
        pin Pin;
    }

    /// `self · b + c` of floating-point values, rounded once where the device has such an instruction, and after the
    /// product, too, where it has none. For long sums of products, whose results need not be the same on all devices.
    #[must_use]
    #[track_caller]
    pub fn mul_add(self, b: impl Operand, c: impl Operand) -> Self {
        assert!(self.ty.is_float(), "mul_add of a {}", self.ty.name());
        let (b, c) = (b.val(self.ty), c.val(self.ty));
        node(Node::MulAdd(self.id(), b.id(), c.id()), self.ty)
    }

    /// Converts to another type: integers wrap, floating-point values round (to integers: towards 0, and they must
    /// fit), `Bool` gives 0 or 1.
    #[must_use]
    #[track_caller]
    pub fn to(self, ty: Ty) -> Self {
        if ty == self.ty {
            return self;
        }
        assert!(ty != Ty::Bool, "ask `ne(0)` instead");
        node(Node::Cast(self.id()), ty)
    }

    /// The same bits as another type of the same width.
    #[must_use]
    #[track_caller]
    pub fn bitcast(self, ty: Ty) -> Self {
        assert_eq!(ty.bits(), self.ty.bits(), "types of one width");
        if ty == self.ty {
            return self;
        }
        node(Node::Bitcast(self.id()), ty)
    }

    /// The bits as an unsigned integer.
    #[must_use]
    pub fn bits(self) -> Self {
        self.bitcast(self.ty.unsigned())
    }

    /// Whether a floating-point value is NaN; tests the bits.
    #[must_use]
    pub fn is_nan(self) -> Self {
        match self.ty {
            Ty::F32 => (self.bits() & 0x7fff_ffff_u32).gt(0x7f80_0000_u32),
            Ty::F64 => (self.bits() & 0x7fff_ffff_ffff_ffff_u64).gt(0x7ff0_0000_0000_0000_u64),
            _ => lit(Ty::Bool, false),
        }
    }
}

impl Var {
    /// Its value at this point of the kernel.
    #[must_use]
    pub fn get(self) -> Val {
        node(Node::Get(self.id), self.ty)
    }

    /// Assigns a value.
    #[track_caller]
    pub fn set(self, x: impl Operand) {
        let x = x.val(self.ty).id();
        stmt(Stmt::Set(self.id, x));
    }
}

impl Mem {
    /// The type of its elements.
    #[must_use]
    pub const fn ty(self) -> Ty {
        self.ty
    }

    /// The element at an index (`U32`). The kernel's author must make sure that the index is in bounds.
    #[must_use]
    #[track_caller]
    pub fn load(self, index: impl Operand) -> Val {
        let index = index.val(Ty::U32).id();
        node(Node::Load(self.id, index), self.ty)
    }

    /// Writes the element at an index (`U32`).
    #[track_caller]
    pub fn store(self, index: impl Operand, x: impl Operand) {
        let (index, x) = (index.val(Ty::U32).id(), x.val(self.ty).id());
        stmt(Stmt::Store(self.id, index, x));
    }

    /// Changes an element of atomic memory in one step, and yields its old value.
    #[track_caller]
    pub fn atomic(self, op: Atomic, index: impl Operand, x: impl Operand) -> Val {
        let (index, x) = (index.val(Ty::U32).id(), x.val(Ty::U32).id());
        node(Node::Atomic(op, self.id, index, x), Ty::U32)
    }
}
