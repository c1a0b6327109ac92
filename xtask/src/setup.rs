//! Sets up what the tests need and a machine may lack. If it cannot, it prints the one line that would.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{root, test::Outcome};

/// The folders where the Vulkan loader finds drivers.
const DRIVERS: [&str; 3] = [
    "/usr/share/vulkan/icd.d",
    "/etc/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
];
const LOADERS: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
];

/// Makes sure that there is an adapter to test on: a software one if there is no GPU.
pub(crate) fn vulkan() -> Outcome {
    if !cfg!(target_os = "linux") || has_vulkan() {
        return Outcome::Passed;
    }
    const PACKAGES: &str = "mesa-vulkan-drivers libvulkan1";
    if !Path::new("/etc/debian_version").exists() {
        return Outcome::Skipped(
            "no Vulkan driver; install Mesa's (it holds the software adapter lavapipe) to test wgpu".into(),
        );
    }
    if !is_root() {
        return Outcome::Skipped(format!(
            "no Vulkan driver; `sudo apt-get install {PACKAGES}` adds a software adapter"
        ));
    }
    let apt = |arguments: &[&str]| {
        quiet(
            Command::new("apt-get")
                .args(["-qq"])
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(PACKAGES.split(' '));
    // A fresh image has no package lists, so nothing can be installed before an update.
    if apt(&install) || (apt(&["update"]) && apt(&install)) {
        Outcome::Passed
    } else {
        Outcome::Skipped(format!(
            "no Vulkan driver, and `apt-get install {PACKAGES}` failed"
        ))
    }
}

pub(crate) fn has_vulkan() -> bool {
    let holds = |folder: &str, test: fn(&str) -> bool| {
        fs::read_dir(folder).is_ok_and(|entries| {
            entries
                .flatten()
                .any(|e| test(&e.file_name().to_string_lossy()))
        })
    };
    std::env::var_os("VK_ICD_FILENAMES").is_some()
        || (DRIVERS
            .iter()
            .any(|d| holds(d, |name| name.ends_with(".json")))
            && LOADERS
                .iter()
                .any(|d| holds(d, |name| name.starts_with("libvulkan.so"))))
}

/// Runs a command without its output and says whether it succeeded.
pub(crate) fn quiet(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|o| o.stdout.trim_ascii() == b"0")
}

/// The environment variable by which the CUDA backend finds NVIDIA's compiler library.
const NVRTC_VARIABLE: &str = "NVRTC";

/// The compiler, and the assembler `ptxas`.
const PACKAGES: [&str; 2] = [
    "nvidia-cuda-nvrtc-cu12==12.9.86",
    "nvidia-cuda-nvcc-cu12==12.9.86",
];

/// Sets the compiler's path in a command's environment.
pub(crate) fn name_nvrtc(command: &mut Command) {
    if let Some(library) = nvrtc_library() {
        command.env(NVRTC_VARIABLE, library);
    }
}

/// Makes sure that the kernels' CUDA C can be compiled and assembled, which needs no NVIDIA GPU: installs NVRTC and
/// `ptxas` from PyPI, in a virtual environment of their own.
pub(crate) fn nvrtc() -> Outcome {
    if nvrtc_library().is_some_and(|library| assembler(&library).is_some()) {
        return Outcome::Passed;
    }
    let folder = nvrtc_folder();
    if !quiet(Command::new("python3").args(["-m", "venv"]).arg(&folder)) {
        return Outcome::Skipped(
            "CUDA C is not compiled: no `python3 -m venv` to fetch NVRTC with".into(),
        );
    }
    let pip = folder.join("bin/pip");
    let install = quiet(
        Command::new(pip)
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(PACKAGES),
    );
    match nvrtc_library().and_then(|library| assembler(&library)) {
        Some(assembler) if install => {
            // The wheel makes `ptxas` executable for its owner only.
            quiet(Command::new("chmod").arg("+x").arg(assembler));
            Outcome::Passed
        }
        _ => Outcome::Skipped(format!(
            "CUDA C is not compiled or assembled: pip could not install {}",
            PACKAGES.join(" and ")
        )),
    }
}

/// `ptxas`, beside the compiler's library in the wheels' folder.
fn assembler(library: &Path) -> Option<PathBuf> {
    let file = library.ancestors().nth(3)?.join("cuda_nvcc/bin/ptxas");
    file.exists().then_some(file)
}

/// The library, if it is there.
fn nvrtc_library() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(NVRTC_VARIABLE) {
        return Some(path.into());
    }
    let python = fs::read_dir(nvrtc_folder().join("lib"))
        .ok()?
        .flatten()
        .next()?;
    let library = python
        .path()
        .join("site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12");
    library.exists().then_some(library)
}

fn nvrtc_folder() -> PathBuf {
    target().join("nvrtc")
}

/// Makes a Cargo home like that of a fresh machine, which has only the packages that `cargo test` fetches for this
/// platform. Tests run with it ([`with_fresh_home`]), so that a test which needs more fails here, and not only on a
/// newcomer's machine.
pub(crate) fn fresh_home() -> Outcome {
    let home = fresh_home_folder();
    let skipped = |reason: &str| {
        Outcome::Skipped(format!(
            "tests see this machine's own Cargo home, not a fresh one: {reason}"
        ))
    };
    let Some(platform) = platform() else {
        return skipped("`cargo -vV` names no platform");
    };
    // If the machine's Cargo configuration names another registry, the fresh home uses it, too.
    let own = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let own = own.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let config = own.map(|own| own.join("config.toml"));
    let copied =
        fs::create_dir_all(&home).and_then(|()| match config.filter(|file| file.exists()) {
            Some(file) => fs::copy(file, home.join("config.toml")).map(drop),
            None => Ok(()),
        });
    if let Err(error) = copied {
        return skipped(&format!("{}: {error}", home.display()));
    }
    let fetched = quiet(
        crate::command(&["fetch", "--locked", "--target", &platform]).env("CARGO_HOME", &home),
    );
    if fetched {
        Outcome::Passed
    } else {
        // An older one may lack packages of the current Cargo.lock.
        let _ = fs::remove_dir_all(&home);
        skipped("`cargo fetch` failed, as it does without a network")
    }
}

/// Gives the fresh Cargo home, if there is one, to the programs that `cargo test` starts, but not to cargo itself.
pub(crate) fn with_fresh_home(cargo: &mut Command) {
    let home = fresh_home_folder();
    if cfg!(unix) && home.exists() {
        let runner = format!(
            "target.'cfg(all())'.runner = ['env', {:?}]",
            format!("CARGO_HOME={}", home.display())
        );
        cargo.args(["--config", &runner]);
    }
}

fn fresh_home_folder() -> PathBuf {
    target().join("cargo-home")
}

/// This machine's target triple, such as `x86_64-unknown-linux-gnu`.
fn platform() -> Option<String> {
    let output = crate::command(&["-vV"]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "))?;
    Some(host.to_owned())
}

/// Tells the tests what this machine has. A test that needs one of these and does not find it fails. A test that needs
/// something else prints that it is skipped.
pub(crate) fn require(command: &mut Command) {
    let nvrtc = nvrtc_library().filter(|library| library.exists());
    let has_assembler = nvrtc.as_deref().and_then(assembler).is_some();
    let there = [
        ("wgpu", cfg!(target_os = "linux") && has_vulkan()),
        ("nvrtc", nvrtc.is_some()),
        ("ptxas", has_assembler),
        // `cargo test` builds it, unless targets are selected.
        ("stand_in_driver", true),
    ];
    let names: Vec<&str> = there
        .iter()
        .filter(|(_, there)| *there)
        .map(|(name, _)| *name)
        .collect();
    command.env("ARRAY_API_REQUIRE", names.join(","));
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
