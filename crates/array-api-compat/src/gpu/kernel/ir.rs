//! The kernel language: types, values, statements, functions, kernels.
//!
//! Rust code that runs while a kernel is built *is* the kernel's source. A [`Val`] is a handle to a value that the
//! kernel will compute; operators on it record nodes, closures give blocks, and a Rust `for` unrolls:
//!
//! ```
//! use array_api_compat::gpu::kernel::ir::*;
//!
//! let kernel = Kernel::build("scale", 64, |k| {
//!     let (x, out) = (k.input("x", Ty::F32), k.output("out", Ty::F32));
//!     let n = k.param("n", 1000_u32);
//!     let i = k.thread();
//!     if_(i.lt(n), || out.store(i, hypot1(x.load(i)) * 2.0));
//! });
//!
//! /// √(1 + x²), emitted once per argument type, and only into kernels that call it.
//! fn hypot1(x: Val) -> Val {
//!     call("hypot1", [x], |[x]| (x * x + 1.0).sqrt())
//! }
//! assert!(kernel.wgsl().contains("fn hypot1_f32(x0: f32) -> f32"));
//! assert!(kernel.cuda().contains("float hypot1_f32(float x0)"));
//! ```
//!
//! - Types are checked while the kernel is built; a mistake panics, since it is one of the kernel's author.
//! - A Rust number beside a `Val` is a literal of its type: `x * 2.0`, `1 + i`.
//! - A value is computed where it is created, once: reads see what was stored before and not what is stored later.
//! - Integers wrap. Division of integers by zero, shifts by the width or more and conversions of floating-point values that
//!   do not fit are unspecified: the author guards them.
//! - Floating-point + - × ÷ and `sqrt` are IEEE's. Zeros, infinities and NaN may be written as literals; the printers take care that
//!   no compiler folds them. Ask [`Val::is_nan`], never `x.ne(x)`. See [`Val::pin`] for error-free transformations.
//! - What varies from launch to launch (lengths, strides, constants) is a [parameter](Builder::param), never a literal:
//!   the printed source is the key under which a compiled kernel is kept.

use std::cell::RefCell;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Shl, Shr, Sub};

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

/// A value that the kernel will compute.
#[derive(Clone, Copy, Debug)]
pub struct Val {
    pub(super) id: usize,
    ty: Ty,
    function: usize,
}

/// A mutable variable.
#[derive(Clone, Copy, Debug)]
pub struct Var {
    id: usize,
    ty: Ty,
}

/// Memory that is read and written by index: a buffer, or an array that a workgroup shares.
#[derive(Clone, Copy, Debug)]
pub struct Mem {
    id: usize,
    ty: Ty,
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

/// What a thread knows about its place. All are `U32`, along the first dimension or, for groups, also the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// Place in the workgroup.
    Local,
    /// The workgroup's place in the grid's row.
    GroupX,
    /// The workgroup's row.
    GroupY,
    /// Workgroups in a row.
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
    /// See [`Val::pin`].
    Pin,
}

/// Operations on two values of one type (but for the shifts, whose amount is `U32`).
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
        matches!(self, Self::Lt | Self::Le | Self::Gt | Self::Ge | Self::Eq | Self::Ne)
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

/// How a value comes about. Numbers are those of other nodes of the function.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Literal(Literal),
    Argument(usize),
    Param(usize),
    Builtin(Builtin),
    Counter(usize),
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
    Select(usize, usize, usize),
    Cast(usize),
    Bitcast(usize),
    Load(usize, usize),
    Atomic(Atomic, usize, usize, usize),
    Get(usize),
    /// A call whose results are taken apart by `Field`, unless there is one.
    Call(usize, Vec<usize>),
    Field(usize, usize),
}

impl Node {
    pub(super) fn arguments(&self) -> Vec<usize> {
        match self {
            Self::Literal(_)
            | Self::Argument(_)
            | Self::Param(_)
            | Self::Builtin(_)
            | Self::Counter(_)
            | Self::Get(_) => vec![],
            Self::Unary(_, a) | Self::Cast(a) | Self::Bitcast(a) | Self::Load(_, a) | Self::Field(a, _) => vec![*a],
            Self::Binary(_, a, b) | Self::Atomic(_, _, a, b) => vec![*a, *b],
            Self::Select(c, a, b) => vec![*c, *a, *b],
            Self::Call(_, arguments) => arguments.clone(),
        }
    }
}

pub(super) type Block = Vec<Stmt>;

#[derive(Clone, Debug)]
pub(super) enum Stmt {
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
pub(super) struct Function {
    pub(super) name: String,
    pub(super) arguments: Vec<Ty>,
    pub(super) results: Vec<Ty>,
    pub(super) nodes: Vec<(Node, Ty)>,
    pub(super) vars: Vec<Ty>,
    pub(super) counters: usize,
    pub(super) body: Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Input,
    Output,
    Atomic,
    Shared(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) name: String,
    pub(super) ty: Ty,
    pub(super) space: Space,
}

#[derive(Clone, Debug)]
pub(super) struct Param {
    pub(super) name: String,
    pub(super) ty: Ty,
    /// Number of its first word.
    pub(super) word: usize,
}

/// A kernel and the values of its parameters, ready to be printed, compiled and launched.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub(super) name: String,
    pub(super) workgroup: u32,
    pub(super) memories: Vec<Memory>,
    pub(super) params: Vec<Param>,
    pub(super) functions: Vec<Function>,
    pub(super) body: Function,
    words: Vec<u32>,
}

impl Kernel {
    /// Runs `body` once, which records the kernel. `workgroup` is the number of threads in a group, at most 256.
    pub fn build(name: &str, workgroup: u32, body: impl FnOnce(Builder)) -> Self {
        let outer = STATE.with_borrow_mut(|s| std::mem::replace(s, State::new(name, workgroup)));
        body(Builder(()));
        let mut state = STATE.with_borrow_mut(|s| std::mem::replace(s, outer));
        let mut scope = state.scopes.pop().expect("the kernel's own scope");
        scope.function.body = scope.blocks.pop().expect("its body");
        Self {
            name: name.to_owned(),
            workgroup,
            memories: state.memories,
            params: state.params,
            functions: state.functions,
            body: scope.function,
            words: state.words,
        }
    }

    /// The entry point's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Threads in a workgroup.
    #[must_use]
    pub const fn workgroup(&self) -> u32 {
        self.workgroup
    }

    /// The values of the parameters, as the printed source reads them; the first is always 0. WGSL reads them from a uniform buffer at binding
    /// 0, CUDA C from the first argument, by value. Always a multiple of four.
    #[must_use]
    pub fn params(&self) -> &[u32] {
        &self.words
    }

    /// Whether each buffer is written, in the order in which they were declared: bindings 1, 2 … in WGSL, the arguments after the first in CUDA C.
    pub fn buffers(&self) -> impl Iterator<Item = bool> + '_ {
        self.memories
            .iter()
            .filter(|m| !matches!(m.space, Space::Shared(_)))
            .map(|m| m.space != Space::Input)
    }

    /// The source in the WebGPU Shading Language.
    #[must_use]
    pub fn wgsl(&self) -> String {
        super::wgsl::print(self)
    }

    /// The source in CUDA C++, for NVRTC with `--fmad=false`.
    #[must_use]
    pub fn cuda(&self) -> String {
        super::cuda::print(self)
    }
}

struct Scope {
    function: Function,
    blocks: Vec<Block>,
    number: usize,
}

/// The kernel under construction. It is the thread's own, which is what lets `Val` be `Copy` and `a * b` be an expression.
struct State {
    workgroup: u32,
    memories: Vec<Memory>,
    params: Vec<Param>,
    words: Vec<u32>,
    functions: Vec<Function>,
    scopes: Vec<Scope>,
    scopes_ever: usize,
}

impl State {
    fn new(name: &str, workgroup: u32) -> Self {
        let mut state = Self {
            workgroup,
            memories: Vec::new(),
            params: Vec::new(),
            words: vec![0; 4],
            functions: Vec::new(),
            scopes: Vec::new(),
            scopes_ever: 0,
        };
        state.enter(name.to_owned(), Vec::new());
        state
    }

    fn enter(&mut self, name: String, arguments: Vec<Ty>) {
        let function = Function {
            name,
            arguments,
            ..Function::default()
        };
        self.scopes_ever += 1;
        self.scopes.push(Scope {
            function,
            blocks: vec![Block::new()],
            number: self.scopes_ever,
        });
    }

    fn scope(&mut self) -> &mut Scope {
        self.scopes
            .last_mut()
            .expect("kernel code runs inside `Kernel::build` only")
    }

    fn stmt(&mut self, stmt: Stmt) {
        self.scope()
            .blocks
            .last_mut()
            .expect("a function has a block")
            .push(stmt);
    }

    fn node(&mut self, node: Node, ty: Ty) -> Val {
        let is_name = matches!(
            node,
            Node::Literal(_) | Node::Argument(_) | Node::Param(_) | Node::Builtin(_) | Node::Counter(_)
        );
        let scope = self.scope();
        scope.function.nodes.push((node, ty));
        let (id, function) = (scope.function.nodes.len() - 1, scope.number);
        if !is_name {
            self.stmt(Stmt::Let(id));
        }
        Val { id, ty, function }
    }
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State {
        workgroup: 0,
        memories: Vec::new(),
        params: Vec::new(),
        words: Vec::new(),
        functions: Vec::new(),
        scopes: Vec::new(),
        scopes_ever: 0,
    });
}

fn node(node: Node, ty: Ty) -> Val {
    STATE.with_borrow_mut(|s| s.node(node, ty))
}

fn stmt(stmt: Stmt) {
    STATE.with_borrow_mut(|s| s.stmt(stmt));
}

fn block(body: impl FnOnce()) -> Block {
    STATE.with_borrow_mut(|s| s.scope().blocks.push(Block::new()));
    body();
    STATE.with_borrow_mut(|s| s.scope().blocks.pop().expect("pushed above"))
}

/// What may stand beside a [`Val`]: another one, or a Rust number, which is a literal of the `Val`'s type.
pub trait Operand {
    /// As a value of type `ty`.
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
    node(Node::Select(condition.id(), then.id(), otherwise.id()), then.ty)
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
    fn id(self) -> usize {
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
        let other = other.val(if matches!(op, Shl | Shr) { Ty::U32 } else { self.ty });
        let fits = match op {
            Add | Sub | Mul | Div => self.ty != Ty::Bool,
            Rem | Shl | Shr | Min | Max => self.ty.is_int(),
            And | Or | Xor => !self.ty.is_float(),
            Eq | Ne => true,
            Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => self.ty != Ty::Bool,
        };
        assert!(fits, "{op:?} of {}", self.ty.name());
        let ty = if op.is_comparison() { Ty::Bool } else { self.ty };
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
        /// The smaller of two integers. (What NaN does differs too much between devices: floating-point values take `select`.)
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
        /// The value itself, in a form that no compiler sees through: what follows is not merged with what came before. Without it some drivers
        /// take `(a + b) - a` for `b`; with it two-sums and Cody–Waite reductions hold everywhere.
        pin Pin;
    }

    /// In another type: integers wrap, floating-point values round (to integers: towards 0, and they must fit), `Bool` gives 0 or 1.
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

    /// Whether a floating-point value is NaN, by its bits.
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
    /// The value that it has now.
    #[must_use]
    pub fn get(self) -> Val {
        node(Node::Get(self.id), self.ty)
    }

    /// Gives it a value.
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

    /// The element at an index (`U32`). The author answers for its being inside.
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

    /// Changes an element of atomic memory at once, and yields its old value.
    #[track_caller]
    pub fn atomic(self, op: Atomic, index: impl Operand, x: impl Operand) -> Val {
        let (index, x) = (index.val(Ty::U32).id(), x.val(Ty::U32).id());
        node(Node::Atomic(op, self.id, index, x), Ty::U32)
    }
}

/// A new variable.
pub fn var(init: Val) -> Var {
    let init_id = init.id();
    STATE.with_borrow_mut(|s| {
        let vars = &mut s.scope().function.vars;
        vars.push(init.ty);
        let id = vars.len() - 1;
        s.stmt(Stmt::Var(id, init_id));
        Var { id, ty: init.ty }
    })
}

/// Runs `then` where the condition holds.
pub fn if_(condition: Val, then: impl FnOnce()) {
    if_else(condition, then, || {});
}

/// Runs `then` where the condition holds, `otherwise` elsewhere.
pub fn if_else(condition: Val, then: impl FnOnce(), otherwise: impl FnOnce()) {
    let condition = condition.val(Ty::Bool).id();
    let (then, otherwise) = (block(then), block(otherwise));
    stmt(Stmt::If(condition, then, otherwise));
}

/// Repeats `body` until a [`break_`].
pub fn loop_(body: impl FnOnce()) {
    let body = block(body);
    stmt(Stmt::Loop(body));
}

/// Repeats `body` as long as the condition, computed anew each time, holds.
pub fn while_(condition: impl FnOnce() -> Val, body: impl FnOnce()) {
    loop_(|| {
        if_(!condition(), break_);
        body();
    });
}

/// Counts from `first` up to `end` (exclusive) in steps of `step`, all integers of `first`'s type.
#[track_caller]
pub fn for_(first: Val, end: impl Operand, step: impl Operand, body: impl FnOnce(Val)) {
    let (end, step) = (end.val(first.ty), step.val(first.ty));
    let id = STATE.with_borrow_mut(|s| {
        let function = &mut s.scope().function;
        function.counters += 1;
        function.counters - 1
    });
    let counter = node(Node::Counter(id), first.ty);
    let body = block(|| body(counter));
    stmt(Stmt::For(id, first.id(), end.id(), step.id(), body));
}

/// Leaves the innermost loop.
pub fn break_() {
    stmt(Stmt::Break);
}

/// Goes on with the innermost loop's next round.
pub fn continue_() {
    stmt(Stmt::Continue);
}

/// Waits until every thread of the workgroup is here and their writes are seen. Every thread must come here.
pub fn barrier() {
    stmt(Stmt::Barrier);
}

/// What a function may return: one value, or two of one or two types.
pub trait Results: Copy {
    #[doc(hidden)]
    fn values(self) -> Vec<Val>;
    #[doc(hidden)]
    fn from_values(values: &[Val]) -> Self;
}

impl Results for Val {
    fn values(self) -> Vec<Val> {
        vec![self]
    }
    fn from_values(values: &[Val]) -> Self {
        values[0]
    }
}

impl Results for (Val, Val) {
    fn values(self) -> Vec<Val> {
        vec![self.0, self.1]
    }
    fn from_values(values: &[Val]) -> Self {
        (values[0], values[1])
    }
}

/// Returns early from a function; see [`return_`] for leaving a kernel.
pub fn return_value(result: impl Results) {
    let ids = result.values().into_iter().map(Val::id).collect();
    stmt(Stmt::Return(ids));
}

/// Ends the thread's part of the kernel. Not before a [`barrier`].
pub fn return_() {
    stmt(Stmt::Return(Vec::new()));
}

/// Calls a function of the kernel. The first call with arguments of these types records `body`, which sees the
/// arguments and nothing else; the printed name ends in the types. Two functions must not share a name.
#[track_caller]
pub fn call<const N: usize, R: Results>(name: &str, arguments: [Val; N], body: impl FnOnce([Val; N]) -> R) -> R {
    let types: Vec<Ty> = arguments.iter().map(|a| a.ty).collect();
    // Runs of one type are named once: `atan2_f32`, not `atan2_f32_f32`.
    let mut suffixes: Vec<&str> = types.iter().map(|t| t.name()).collect();
    suffixes.dedup();
    let name = format!("{name}_{}", suffixes.join("_"));
    let known = STATE.with_borrow(|s| s.functions.iter().position(|f| f.name == name));
    let number = known.unwrap_or_else(|| {
        STATE.with_borrow_mut(|s| s.enter(name, types.clone()));
        let inner = std::array::from_fn(|i| node(Node::Argument(i), types[i]));
        let results = body(inner).values();
        return_ids(&results);
        STATE.with_borrow_mut(|s| {
            let mut scope = s.scopes.pop().expect("entered above");
            scope.function.body = scope.blocks.pop().expect("entered with one");
            scope.function.results = results.iter().map(|r| r.ty).collect();
            s.functions.push(scope.function);
            s.functions.len() - 1
        })
    });
    let results = STATE.with_borrow(|s| s.functions[number].results.clone());
    let ids = arguments.into_iter().map(Val::id).collect();
    let whole = node(Node::Call(number, ids), results[0]);
    if results.len() == 1 {
        return R::from_values(&[whole]);
    }
    let fields: Vec<Val> = (0..results.len())
        .map(|i| node(Node::Field(whole.id, i), results[i]))
        .collect();
    R::from_values(&fields)
}

fn return_ids(results: &[Val]) {
    let ids = results.iter().map(|r| r.id()).collect();
    stmt(Stmt::Return(ids));
}

/// A launch-time value that a kernel may take as a parameter.
pub trait ParamValue {
    /// Its type in the kernel.
    const TY: Ty;
    /// Its bits, low word first.
    fn words(self) -> Vec<u32>;
}

macro_rules! param_values {
    ($($t:ty: $ty:ident)*) => { $(
        impl ParamValue for $t {
            const TY: Ty = Ty::$ty;
            fn words(self) -> Vec<u32> {
                bytemuck::bytes_of(&self).chunks(4).map(|w| u32::from_le_bytes(w.try_into().expect("4 bytes"))).collect()
            }
        }
    )* };
}
param_values! { i32: I32 u32: U32 i64: I64 u64: U64 f32: F32 f64: F64 }

/// Declares what a kernel works on. A token: it may be copied and passed on freely.
#[derive(Clone, Copy, Debug)]
pub struct Builder(());

impl Builder {
    fn memory(self, name: &str, ty: Ty, space: Space) -> Mem {
        STATE.with_borrow_mut(|s| {
            s.memories.push(Memory {
                name: name.to_owned(),
                ty,
                space,
            });
            Mem {
                id: s.memories.len() - 1,
                ty,
            }
        })
    }

    /// A buffer that is only read.
    #[must_use]
    pub fn input(self, name: &str, ty: Ty) -> Mem {
        self.memory(name, ty, Space::Input)
    }

    /// A buffer that is written, and may be read.
    #[must_use]
    pub fn output(self, name: &str, ty: Ty) -> Mem {
        self.memory(name, ty, Space::Output)
    }

    /// A buffer of `U32` for [`Mem::atomic`].
    #[must_use]
    pub fn atomic(self, name: &str) -> Mem {
        self.memory(name, Ty::U32, Space::Atomic)
    }

    /// An array that the workgroup's threads share; its content is undefined at first.
    #[must_use]
    pub fn shared(self, name: &str, ty: Ty, length: usize) -> Mem {
        self.memory(name, ty, Space::Shared(length))
    }

    /// A parameter with its value for this launch.
    #[must_use]
    pub fn param<T: ParamValue>(self, name: &str, value: T) -> Val {
        STATE.with_borrow_mut(|s| {
            let word = s.params.last().map_or(1, |p| p.word + p.ty.bits() as usize / 32);
            let words = value.words();
            s.words.resize((word + words.len()).next_multiple_of(4), 0);
            s.words[word..word + words.len()].copy_from_slice(&words);
            s.params.push(Param {
                name: name.to_owned(),
                ty: T::TY,
                word,
            });
            let number = s.params.len() - 1;
            s.node(Node::Param(number), T::TY)
        })
    }

    /// A `U32` parameter: a length, a stride (wrapping arithmetic makes negative ones work), an offset.
    ///
    /// # Panics
    /// If the value has more than 32 bits. Launchers refuse such arrays before.
    #[must_use]
    pub fn size(self, name: &str, value: isize) -> Val {
        let word = u32::try_from(value).or_else(|_| i32::try_from(value).map(|v| v as u32));
        self.param(name, word.expect("positions on a device have 32 bits"))
    }

    /// The thread's number in its workgroup.
    #[must_use]
    pub fn local(self) -> Val {
        node(Node::Builtin(Builtin::Local), Ty::U32)
    }

    /// The workgroup's number. Grids of more than 65535 groups have a second dimension; this counts through both.
    #[must_use]
    pub fn group(self) -> Val {
        let builtin = |b| node(Node::Builtin(b), Ty::U32);
        builtin(Builtin::GroupY) * builtin(Builtin::GroupsX) + builtin(Builtin::GroupX)
    }

    /// The thread's number in the whole grid.
    #[must_use]
    pub fn thread(self) -> Val {
        let workgroup = STATE.with_borrow(|s| s.workgroup);
        self.group() * workgroup + self.local()
    }
}
