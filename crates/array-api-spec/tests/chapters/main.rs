//! The rules of the standard that `array-api-spec` keeps, each tested once, on the reference backend. One module a chapter.
#![allow(missing_docs, reason = "tests")]

/// Runs a check on both devices of the reference backend.
macro_rules! on_each_device {
    ($check:path) => {{
        $check(&xp());
        $check(&narrow());
    }};
}

mod array_object;
mod broadcasting;
mod creation;
mod data_types;
mod distances;
mod elementwise;
mod error_messages;
mod extra;
mod indexing;
mod inspection;
mod laws;
mod linalg;
mod manipulation;
mod moments;
mod nearest;
mod robustness;
mod searching;
mod set;
mod sizes;
mod sorting;
mod statistical;
mod type_promotion;

use array_api_spec::{
    Error, ErrorClass, Namespace,
    reference::{self, Reference},
};

type Device = Reference;
type Array = array_api_spec::Array<Device>;
type Expr = array_api_spec::Expr<Device>;
type Result<T = (), E = Error> = std::result::Result<T, E>;

const fn xp() -> Namespace<Reference> {
    reference::namespace()
}

/// A device without 64-bit dtypes.
const fn narrow() -> Namespace<Reference> {
    reference::narrow_namespace()
}

/// Cases of a property that is tried on each device.
const CASES: u32 = 64;

/// The class of an error that must be there; an `AxisError` counts as the `ValueError` that it is too.
#[track_caller]
fn class<T: std::fmt::Debug>(result: Result<T>) -> ErrorClass {
    match result.expect_err("an error").class() {
        ErrorClass::AxisError => ErrorClass::ValueError,
        other => other,
    }
}
