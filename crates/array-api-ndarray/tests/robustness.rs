//! A user's mistake never panics on the CPU either: the calls are those of `array-api-spec`'s test.
#![allow(missing_docs, reason = "tests")]

#[path = "../../array-api-spec/tests/chapters/robustness.rs"]
mod robustness;

use array_api_ndarray::{NdArray, cpu};
use array_api_spec::{Error, Namespace};

type Device = NdArray;
type Array = array_api_spec::Array<Device>;
type Expr = array_api_spec::Expr<Device>;
type Result<T = (), E = Error> = std::result::Result<T, E>;

fn xp() -> Namespace<Device> {
    cpu()
}

/// The CPU has all dtypes; what the narrow device shows is tested in `array-api-spec`.
fn narrow() -> Namespace<Device> {
    cpu()
}
