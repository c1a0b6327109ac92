//! `cargo xtask bench`

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::bench::main()
}
