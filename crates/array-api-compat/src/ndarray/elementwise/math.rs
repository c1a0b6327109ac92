//! Mathematical functions on single values, without branches, so that the loops around them become vector instructions.
//!
//! No instruction is named here: a loop in a function with `#[target_feature(enable = "avx2,fma")]` into which these are
//! inlined is vectorised by the compiler, selects included. That is also why every function here is `#[inline(always)]`, and
//! why they use `mul_add` freely: they run only where a fused multiply-add is one instruction.
//!
//! The bounds on the error are measured (see the tests) over the range in which a function is used; each says where it
//! holds and its caller uses the plain library's function for blocks that hold other values.

pub(super) mod double;
pub(super) mod single;
