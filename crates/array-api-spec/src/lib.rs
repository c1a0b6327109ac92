//! The Python Array API standard, edition 2025.12, in Rust.
//!
//! A [`Namespace`] (`xp`) has every function of the standard and is bound to one device. An [`Array`] is a value on
//! that device. An [`Expr`] is elementwise work that has not been computed yet. [`backend`] holds the traits that a
//! backend implements, one per chapter of the standard. This crate does checks, promotion, broadcasting and errors;
//! backends do the arithmetic.
//!
//! This crate names no backend except [`reference`](mod@reference), a slow and strict one that is the oracle of tests.
//! It has no `unsafe`.
#![forbid(unsafe_code)]

mod array;
mod axes;
pub mod backend;
pub mod constants;
mod creation;
mod data_type;
mod device;
mod distances;
mod dtype;
mod elementwise;
mod error;
mod expr;
mod extra;
mod fft;
mod host;
mod indexing;
mod inspection;
pub mod layout;
mod linalg;
mod linear_algebra;
mod manipulation;
pub mod memory;
mod moments;
mod namespace;
mod nearest;
mod operation;
mod operators;
mod program;
pub mod reference;
mod scalar;
mod searching;
mod set;
pub mod shape;
mod sorting;
mod statistical;
mod utility;

pub use num_complex::Complex;

pub use crate::{
    array::{Array, HostArray, IntoHostArray},
    axes::{Axes, axis},
    backend::{Backend, Path},
    creation::{Indexing, IntoShape, Num, num},
    data_type::{FloatInfo, IntegerInfo, can_cast, finfo, iinfo, isdtype, result_type},
    device::Device,
    dtype::{DType, Kind},
    elementwise::{Bound, Unbounded},
    error::{Error, ErrorClass, ErrorKind, Result, shape_text},
    expr::Expr,
    fft::{Fft, Norm},
    host::{Element, HostBuffer},
    indexing::{Ellipsis, Index, NewAxis, Slice, StepBy},
    inspection::{Capabilities, DefaultDTypes, Info},
    layout::{Layout, Strided},
    linalg::{
        Automatic, Eig, Eigh, Linalg, MatrixNorm, MatrixOrd, Qr, QrMode, Slogdet, Svd, SvdMode,
        Tolerance, Triangle,
    },
    linear_algebra::Contraction,
    manipulation::Repeats,
    moments::{Groups, Moments, Scatter, Spread},
    namespace::Namespace,
    nearest::{Nearest, NearestSums},
    operation::{Accepts, BinaryOp, ReduceOp, Returns, ScanOp, UnaryOp},
    program::{Op, Program, Step},
    scalar::Scalar,
    searching::Side,
    set::UniqueAll,
};

/// The README's example is tested with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
