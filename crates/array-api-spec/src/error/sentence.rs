//! The sentences of errors.

use std::fmt;

use super::ErrorKind;
use crate::{DType, Scalar};

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape {
                function,
                shapes,
                detail,
            } => {
                let many = if shapes.len() == 1 { "shape" } else { "shapes" };
                let shapes: Vec<String> = shapes.iter().map(|s| shape_text(s)).collect();
                write!(f, "{function}: {many} {} {detail}", shapes.join(" and "))
            }
            Self::Axis {
                function,
                axis,
                ndim,
                detail,
            } => {
                write!(f, "{function}: axis {axis} ")?;
                match detail {
                    Some(detail) => f.write_str(detail),
                    None => no_such_axis(f, *ndim),
                }
            }
            Self::DType {
                function,
                dtypes,
                expected,
            } => {
                let dtypes: Vec<&str> = dtypes.iter().map(|d| d.name()).collect();
                write!(
                    f,
                    "{function}: takes {expected}, not {}",
                    dtypes.join(" and ")
                )
            }
            Self::Promotion {
                function,
                dtypes: (a, b),
            } => write!(
                f,
                "{function}: the standard does not say what {a} and {b} promote to; convert one of them with `astype`"
            ),
            Self::Scalar {
                function,
                scalar,
                dtype,
            } => {
                write!(f, "{function}: ")?;
                does_not_fit(f, *scalar, *dtype)
            }
            Self::Device {
                function,
                devices: (a, b),
            } => write!(
                f,
                "{function}: one array is on {a}, another on {b}; bring one to the other's device with `to_device`"
            ),
            Self::UnsupportedDType {
                device,
                dtype,
                available,
            } => {
                let names: Vec<&str> = available.iter().map(|d| d.name()).collect();
                write!(
                    f,
                    "{device} cannot hold {dtype}; it has {}",
                    names.join(", ")
                )
            }
            Self::Index { function, detail }
            | Self::Value { function, detail }
            | Self::LinearAlgebra { function, detail } => {
                write!(f, "{function}: {detail}")
            }
            Self::OutOfMemory {
                device,
                bytes,
                detail,
            } => write!(f, "{device}: no room for {bytes} bytes: {detail}"),
            Self::NoDevice { name, detail } => write!(f, "no device `{name}`: {detail}"),
            Self::Driver {
                device,
                function,
                detail,
            } => write!(f, "{device}: {function} failed: {detail}"),
            Self::Unsupported {
                function,
                device,
                detail,
            } => write!(f, "{function}: not on {device}: {detail}"),
            Self::Other { detail } => f.write_str(detail),
        }
    }
}

fn no_such_axis(f: &mut fmt::Formatter<'_>, ndim: usize) -> fmt::Result {
    match ndim.checked_sub(1) {
        None => f.write_str("does not exist: the array is 0-dimensional and has no axes"),
        Some(last) => write!(
            f,
            "does not exist: a {ndim}-dimensional array has axes -{ndim} to {last}"
        ),
    }
}

fn does_not_fit(f: &mut fmt::Formatter<'_>, scalar: Scalar, dtype: DType) -> fmt::Result {
    match (scalar, dtype.integer_range()) {
        (Scalar::Int(i), Some((low, high))) => write!(
            f,
            "{i} is out of range for {dtype}, which holds {low} to {high}"
        ),
        _ => write!(
            f,
            "the {} scalar {scalar} does not go with an array of {dtype}; convert the array with `astype`",
            scalar.kind_name()
        ),
    }
}

/// A shape as Python writes it: `()`, `(3,)`, `(3, 4)`.
#[must_use]
pub fn shape_text(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!(
            "({})",
            shape
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}
