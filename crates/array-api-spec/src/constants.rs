//! Constants.
//!
//! Source: <https://data-apis.org/array-api/2025.12/API_specification/constants.html>. `newaxis` is [`NewAxis`](crate::NewAxis).

/// Euler's number.
pub const E: f64 = std::f64::consts::E;
/// Positive infinity.
pub const INF: f64 = f64::INFINITY;
/// Not a number.
pub const NAN: f64 = f64::NAN;
/// The ratio of a circle's circumference to its diameter.
pub const PI: f64 = std::f64::consts::PI;
/// The edition of the standard.
pub const ARRAY_API_VERSION: &str = "2025.12";
