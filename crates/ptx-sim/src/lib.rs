//! A checked PTX interpreter.

mod decode;
pub mod driver;
mod execute;
mod install;
mod instruction;
mod machine;
mod memory;
mod parse;
mod stream;

pub use driver::{clear_error, configure, last_error, reset, statistics};
pub use execute::{Fault, FaultKind};
pub use install::install;
pub use machine::{
    Argument, Error, Geometry, Machine, Module, Number, Pointer, Settings, Statistics,
};
pub use parse::Error as PtxError;
