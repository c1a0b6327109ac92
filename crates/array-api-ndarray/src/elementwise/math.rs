//! Mathematical functions on single values, without branches, so that the loops around them become vector instructions.
//!
//! No instruction is named here. These functions are inlined into a loop in a function with `#[target_feature(enable =
//! "avx2,fma")]`, which the compiler vectorises, selects included. Therefore every function here is
//! `#[inline(always)]`, and uses `mul_add` freely: it runs only where a fused multiply-add is one instruction.
//!
//! Each function states a bound of its error, and the arguments for which it holds. For blocks with other arguments the
//! caller uses the standard library's function. The tests check a bound of 4 ulp for all of them; the tighter bounds
//! given here are estimates.

#![allow(
    clippy::excessive_precision,
    reason = "coefficients stand as their sources print them"
)]

pub(super) mod double;
pub(super) mod single;
