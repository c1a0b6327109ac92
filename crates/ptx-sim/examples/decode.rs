//! Says of PTX files whether the interpreter understands them: `decode FILE…`.

use std::process::ExitCode;

use ptx_sim::{Machine, Settings};

fn main() -> ExitCode {
    let mut machine = Machine::new(Settings::default());
    let (mut kernels, mut refused) = (0, 0);
    for path in std::env::args().skip(1) {
        let loaded = std::fs::read_to_string(&path)
            .map_err(|error| error.to_string())
            .and_then(|text| machine.load(&text).map_err(|error| error.to_string()));
        match loaded {
            Ok(module) => kernels += module.kernels().count(),
            Err(error) => {
                refused += 1;
                println!("{path}: {error}");
            }
        }
    }
    println!("{kernels} kernels understood, {refused} files refused");
    if refused > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
