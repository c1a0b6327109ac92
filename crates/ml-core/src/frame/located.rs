//! Errors with the place among estimators where they happened.

use array_api_spec::{Error, ErrorKind};

/// An error with the place among estimators where it happened. What a program decides by, such as no room on a device, stays.
pub(crate) fn located(place: &str, error: &Error) -> Error {
    let told = match error.kind() {
        ErrorKind::OutOfMemory {
            device,
            bytes,
            detail,
            ..
        } => Error::out_of_memory(device.clone(), *bytes, format!("{place}: {detail}")),
        ErrorKind::Driver {
            device,
            function,
            detail,
            ..
        } => {
            let detail = format!("{place}: {detail}");
            Error::driver(device.clone(), function.clone(), detail)
        }
        ErrorKind::Unsupported {
            function,
            device,
            detail,
            ..
        } => Error::unsupported(function, device.clone(), format!("{place}: {detail}")),
        ErrorKind::LinearAlgebra {
            function, detail, ..
        } => Error::linear_algebra(function, format!("{place}: {detail}")),
        ErrorKind::Value { function, .. }
        | ErrorKind::Shape { function, .. }
        | ErrorKind::DType { function, .. }
        | ErrorKind::Device { function, .. } => {
            let sentence = error.to_string();
            let detail = sentence.strip_prefix(&format!("{function}: "));
            Error::value(
                function,
                format!("{place}: {}", detail.unwrap_or(&sentence)),
            )
        }
        _ => Error::other(format!("{place}: {error}")),
    };
    told.caused_by(error.clone())
}
