//! A checked PTX interpreter.

mod decode;
mod execute;
mod instruction;
mod machine;
mod memory;
mod parse;

pub use execute::{Fault, FaultKind};
pub use machine::{Argument, Error, Geometry, Machine, Module, Number, Pointer, Settings, Statistics};
pub use parse::Error as PtxError;
