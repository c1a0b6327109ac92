//! The conformance runner with one device more, `mine`.

use std::process::ExitCode;

fn main() -> ExitCode {
    own_backend::register().expect("the name is free");
    benches::conformance::main()
}
