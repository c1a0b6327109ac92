//! Mathematical functions on single values, without branches, so that the loops around them become vector instructions.
//!
//! No instruction is named here: a loop in a function with `#[target_feature(enable = "avx2,fma")]` into which these are
//! inlined is vectorised by the compiler, selects included. That is also why every function here is `#[inline(always)]`, and
//! why they use `mul_add` freely: they run only where a fused multiply-add is one instruction.
//!
//! Each function says its bound on the error and where it holds; its caller uses the plain library's function for blocks that
//! hold other values. The tests hold all of them to 4 ulp, of which the tighter bounds given here are estimates.

#![allow(
    clippy::excessive_precision,
    reason = "coefficients stand as their sources print them"
)]

pub(super) mod double;
pub(super) mod single;
