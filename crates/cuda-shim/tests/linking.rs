//! What the linker made of a program that uses `cust`: this one.
#![cfg(target_os = "linux")]

use cuda_shim::{Driver, SYMBOLS, driver};
use std::{env, error::Error, process::Command};

/// What `readelf` prints of this program, or `None` after a word to the reader.
fn readelf(arguments: &[&str]) -> Result<Option<String>, Box<dyn Error>> {
    match Command::new("readelf")
        .args(arguments)
        .arg(env::current_exe()?)
        .env("LC_ALL", "C")
        .output()
    {
        Ok(output) if output.status.success() => Ok(Some(String::from_utf8(output.stdout)?)),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into()),
        Err(error) => {
            println!("skipped: readelf does not start: {error}");
            Ok(None)
        }
    }
}

#[test]
fn the_program_does_not_need_libcuda() -> Result<(), Box<dyn Error>> {
    // Without a call of `cust` the test would hold for any program.
    let _ = cust::quick_init();
    let Some(dynamic) = readelf(&["--dynamic", "--wide"])? else {
        return Ok(());
    };
    assert!(dynamic.contains("NEEDED"), "{dynamic}");
    assert!(!dynamic.contains("libcuda"), "{dynamic}");
    Ok(())
}

/// A shared library exports no hidden symbol, and a program shows what a shared library would have got.
#[test]
fn the_symbols_are_hidden() -> Result<(), Box<dyn Error>> {
    let _ = cust::quick_init();
    let Some(table) = readelf(&["--syms", "--wide"])? else {
        return Ok(());
    };
    let mut seen = 0;
    for line in table.lines() {
        let columns: Vec<_> = line.split_whitespace().collect();
        if let [.., "FUNC", _binding, visibility, _section, name] = columns[..]
            && SYMBOLS.contains(&name)
        {
            assert_eq!(visibility, "HIDDEN", "{name}");
            seen += 1;
        }
    }
    assert_ne!(seen, 0, "no symbol of the driver in the program");
    Ok(())
}

#[test]
fn without_a_choice_the_machine_decides() {
    if env::var_os("CUDA_SHIM_DRIVER").is_some() {
        println!("skipped: CUDA_SHIM_DRIVER has chosen");
        return;
    }
    match driver() {
        Driver::Library(name) => assert!(name.starts_with("libcuda.so"), "{name}"),
        Driver::Absent { looked_for, reason } => {
            assert_eq!(looked_for, ["libcuda.so.1", "libcuda.so"]);
            assert!(reason.contains("libcuda.so.1: "), "{reason}");
        }
        Driver::Installed(name) => panic!("nobody installed {name}"),
    }
}
