//! The programs behind `cargo xtask bench` and `cargo xtask conformance`.
//!
//! A crate with a backend of its own builds these programs with it: its `main` registers the backend and calls one of
//! these. See `examples/own-backend-programs`.

pub mod bench;
pub mod conformance;

/// The example of the project's README is tested with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
