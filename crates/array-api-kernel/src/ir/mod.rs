//! The kernel language: types, values, statements, functions, kernels.
//!
//! A kernel is written as Rust code that runs once and records the kernel. A [`Val`] is a handle to a value that the
//! kernel will compute. Operators on it record nodes, and closures record blocks. A Rust `for` is unrolled:
//!
//! ```
//! use array_api_kernel::ir::*;
//!
//! let kernel = Kernel::build("scale", 64, |k| {
//!     let (x, out) = (k.input("x", Ty::F32), k.output("out", Ty::F32));
//!     let n = k.size("n");
//!     let i = k.thread();
//!     if_(i.lt(n), || out.store(i, hypot1(x.load(i)) * 2.0));
//! });
//!
//! /// √(1 + x²), emitted once per argument type, and only into kernels that call it.
//! fn hypot1(x: Val) -> Val {
//!     call("hypot1", [x], |[x]| (x * x + 1.0).sqrt())
//! }
//! assert!(kernel.wgsl().contains("fn hypot1_f32(x: f32) -> f32"));
//! assert!(kernel.cuda().contains("float hypot1_f32(float x)"));
//!
//! let signature = kernel.signature();
//! let mut arguments = signature.arguments();
//! arguments.size("n", 1000);
//! assert_eq!(arguments.words(), [0, 1000, 0, 0]);
//! ```
//!
//! - Types are checked while the kernel is built. A mistake panics, since it is a mistake of the kernel's author.
//! - A Rust number beside a `Val` is a literal of its type: `x * 2.0`, `1 + i`.
//! - A value is computed once, where it is created. So a load sees what was stored before it, and not what is stored
//!   later.
//! - Integers wrap. Division of integers by zero, shifts by the width or more and conversions of floating-point values that
//!   do not fit are unspecified: the author guards them.
//! - Floating-point + - × ÷ and `sqrt` are IEEE's. Zeros, infinities and NaN may be written as literals: the printers
//!   prevent compilers from folding them. Test for NaN by [`Val::is_nan`], never by `x.ne(x)`. See [`Val::pin`] for
//!   error-free transformations.
//! - What varies from launch to launch (lengths, strides, constants) is a [parameter](Builder::param), never a literal.
//!   So one compiled kernel serves all launches, which set the parameters by [name](Signature).
mod builder;
pub(super) mod node;
mod record;
mod signature;
mod statement;
mod value;

pub use builder::Builder;
pub use node::{Atomic, Binary, Builtin, Kernel, Literal, Ty, Unary};
pub use signature::{Arguments, ParamValue, Signature};
pub use statement::{
    Results, barrier, break_, call, continue_, for_, if_, if_else, loop_, return_, return_value,
    var, while_,
};
pub use value::{Mem, Operand, Val, Var, lit, select};
