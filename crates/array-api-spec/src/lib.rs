//! The Python Array API standard, edition 2025.12, in Rust.

pub mod backend;
mod device;
mod dtype;
mod error;
mod host;
pub mod layout;
mod operation;
mod program;
pub mod reference;
mod scalar;

pub use num_complex::Complex;

pub use crate::{
    backend::{Backend, Path},
    device::Device,
    dtype::{DType, Kind},
    error::{Error, ErrorClass, Result, shape_text},
    host::{Element, HostBuffer},
    layout::{Layout, Strided},
    operation::{Accepts, BinaryOp, ReduceOp, Returns, ScanOp, UnaryOp},
    program::{Op, Program, Step},
    scalar::Scalar,
};
