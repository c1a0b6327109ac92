//! The test vectors of the Python Array API standard and a runner that is generic over the backend.
//!
//! [`run`] takes a namespace, calls every function that has vectors, and returns a [`Report`]. The crate knows
//! `array-api-spec` only: the caller chooses the backend, and the list of known gaps ([`Gap`]).
#![forbid(unsafe_code)]

mod arrangement;
mod call;
mod calls;
mod compare;
mod expectation;
mod grid;
mod mutant;
mod report;
mod run;
mod skip;
mod special;
mod standard;
mod table;
mod traffic;
mod vectors;

pub use crate::{
    arrangement::Arrangement,
    compare::{ORACLE_ULP, TRANSCENDENTAL_ULP, Tolerance, agrees},
    mutant::Mutation,
    report::{Failure, FunctionReport, Gap, Report, Selection, Status, known_gaps},
    run::run,
    skip::skip,
    standard::{Chapter, chapters},
    table::{stale, table},
    vectors::{
        Corpus, DecodeError, GridVector, SpecialCase, Value, Want, decode_grid,
        decode_special_cases, functions as function_vectors, grid as grid_vectors, special_cases,
    },
};

/// The README's example is tested with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
