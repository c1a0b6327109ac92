//! The parts of a recorded kernel: types, operations, nodes, statements.

use super::signature::Signature;

/// The type of a value in a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Ty {
    Bool,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl Ty {
    /// `f32`, `u64` …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I32 => "i32",
            Self::U32 => "u32",
            Self::I64 => "i64",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// `F32` or `F64`.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// A signed or unsigned integer.
    #[must_use]
    pub const fn is_int(self) -> bool {
        matches!(self, Self::I32 | Self::U32 | Self::I64 | Self::U64)
    }

    /// `I32` or `I64`.
    #[must_use]
    pub const fn is_signed_int(self) -> bool {
        matches!(self, Self::I32 | Self::I64)
    }

    /// Width in bits; 1 for `Bool`.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bool => 1,
            Self::I32 | Self::U32 | Self::F32 => 32,
            Self::I64 | Self::U64 | Self::F64 => 64,
        }
    }

    /// The unsigned integer of the same width.
    #[must_use]
    pub const fn unsigned(self) -> Self {
        match self.bits() {
            64 => Self::U64,
            32 => Self::U32,
            _ => self,
        }
    }

    /// The signed integer of the same width.
    #[must_use]
    pub const fn signed(self) -> Self {
        match self.bits() {
            64 => Self::I64,
            32 => Self::I32,
            _ => self,
        }
    }
}

/// A constant in a kernel's source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Literal {
    /// Of type `Bool`.
    Bool(bool),
    /// Of any integer type.
    Int(i128),
    /// Of any floating-point type.
    Float(f64),
}

/// The built-in values that tell a thread its position. All are `U32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// The thread's position in its work-group.
    Local,
    /// The work-group's position along the grid's first dimension.
    GroupX,
    /// The work-group's position along the grid's second dimension.
    GroupY,
    /// Work-groups along the grid's first dimension.
    GroupsX,
}

/// Operations on one value; the result has its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-x`.
    Neg,
    /// `!x`: bits, or the logical complement.
    Not,
    /// |x| of a floating-point value.
    Abs,
    /// Correctly rounded √x.
    Sqrt,
    /// ⌊x⌋.
    Floor,
    /// ⌈x⌉.
    Ceil,
    /// Towards 0.
    Trunc,
    /// To the nearest integer, halves to even. The sign of a zero result is unspecified.
    Round,
    /// See [`Val::pin`](super::Val::pin).
    Pin,
}

/// Operations on two values of one type, except that the amount of a shift is always `U32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Min,
    Max,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
}

impl Binary {
    /// Whether the result is a `Bool`.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Lt | Self::Le | Self::Gt | Self::Ge | Self::Eq | Self::Ne
        )
    }
}

/// Read-modify-write operations on `U32` memory, which yield the old value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Atomic {
    Add,
    Max,
    Or,
}

/// How a value is computed. The numbers are indices of other nodes of the same function.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Literal(Literal),
    Argument(usize),
    Param(usize),
    Builtin(Builtin),
    Counter(usize),
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
    Select(usize, usize, usize),
    MulAdd(usize, usize, usize),
    Cast(usize),
    Bitcast(usize),
    Load(usize, usize),
    Atomic(Atomic, usize, usize, usize),
    Get(usize),
    /// A call of a function with arguments. If it returns two values, `Field` takes them apart.
    Call(usize, Vec<usize>),
    Field(usize, usize),
}

impl Node {
    pub(crate) fn arguments(&self) -> Vec<usize> {
        match self {
            Self::Literal(_)
            | Self::Argument(_)
            | Self::Param(_)
            | Self::Builtin(_)
            | Self::Counter(_)
            | Self::Get(_) => vec![],
            Self::Unary(_, a)
            | Self::Cast(a)
            | Self::Bitcast(a)
            | Self::Load(_, a)
            | Self::Field(a, _) => vec![*a],
            Self::Binary(_, a, b) | Self::Atomic(_, _, a, b) => vec![*a, *b],
            Self::Select(a, b, c) | Self::MulAdd(a, b, c) => vec![*a, *b, *c],
            Self::Call(_, arguments) => arguments.clone(),
        }
    }
}

pub(crate) type Block = Vec<Stmt>;

#[derive(Clone, Debug)]
pub(crate) enum Stmt {
    Let(usize),
    Var(usize, usize),
    Set(usize, usize),
    Store(usize, usize, usize),
    If(usize, Block, Block),
    Loop(Block),
    /// Counter, first, end (exclusive), step, body.
    For(usize, usize, usize, usize, Block),
    Break,
    Continue,
    Barrier,
    Return(Vec<usize>),
}

/// A function, or a kernel's own body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) arguments: Vec<Ty>,
    pub(crate) results: Vec<Ty>,
    pub(crate) nodes: Vec<(Node, Ty)>,
    pub(crate) vars: Vec<Ty>,
    pub(crate) counters: usize,
    pub(crate) body: Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Input,
    Output,
    Atomic,
    Shared(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) space: Space,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    /// Index of its first word.
    pub(crate) word: usize,
}

/// A recorded kernel, ready to be printed.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub(crate) name: String,
    pub(crate) workgroup: u32,
    pub(crate) memories: Vec<Memory>,
    pub(crate) params: Vec<Param>,
    pub(crate) functions: Vec<Function>,
    pub(crate) body: Function,
}

impl Kernel {
    /// The entry point's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Threads in a work-group.
    #[must_use]
    pub const fn workgroup(&self) -> u32 {
        self.workgroup
    }

    /// How it is called.
    #[must_use]
    pub fn signature(&self) -> Signature {
        Signature::of(self)
    }

    /// How many words of parameters it takes: a word that is always 0, then the parameters. The number is a multiple of
    /// four.
    #[must_use]
    pub fn parameter_words(&self) -> usize {
        let end = |p: &Param| p.word + p.ty.bits() as usize / 32;
        self.params.last().map_or(1, end).next_multiple_of(4)
    }

    /// The source in the WebGPU Shading Language.
    #[must_use]
    pub fn wgsl(&self) -> String {
        super::super::wgsl::print(self)
    }

    /// The source in CUDA C++, for NVRTC with `--fmad=false`.
    #[must_use]
    pub fn cuda(&self) -> String {
        super::super::cuda::print(self)
    }
}
