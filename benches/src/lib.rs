//! The programs behind `cargo xtask bench` and `cargo xtask conformance`.
//!
//! A crate with a backend of its own links it into them: its `main` registers the backend and calls one of these.
//! `examples/own-backend-programs` does so.

pub mod bench;
pub mod conformance;

/// The example of the project's README is tested with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
