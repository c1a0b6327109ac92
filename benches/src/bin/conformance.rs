//! `cargo xtask conformance`

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::conformance::main()
}
