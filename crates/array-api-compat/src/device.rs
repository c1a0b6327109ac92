//! Devices by name.

use array_api_spec::{Error, Namespace, Result};

use crate::{AnyBackend, NdArray, cuda, wgpu};

/// A device of this machine, or one that it could have.
#[derive(Clone, Debug)]
pub struct DeviceEntry {
    /// What [`device`] takes: `cpu`, `wgpu:0`, `cuda:0` …
    pub name: String,
    /// The device; or, if it is absent, the one line that would add it.
    pub namespace: Result<Namespace<AnyBackend>, String>,
}

/// The CPU.
///
/// ```
/// let xp = array_api_compat::cpu();
/// assert_eq!(xp.asarray([1.0, 2.0, 3.0]).and_then(|x| xp.mean(x, 0))?.item::<f64>()?, 2.0);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
#[must_use]
pub const fn cpu() -> Namespace<NdArray> {
    Namespace::new(NdArray)
}

/// A device by its name: `cpu`, `wgpu:0`, `wgpu:1` …, `cuda:0` … (`wgpu` is `wgpu:0`).
///
/// `cuda-sim` is the device of a simulated CUDA driver, where a test has installed one.
///
/// ```
/// let xp = array_api_compat::device("cpu")?;
/// assert_eq!(xp.device().name(), "cpu");
/// let error = array_api_compat::device("abacus").expect_err("there is none").to_string();
/// assert!(error.contains("`cpu`"));
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// A name that is none, or a device that this machine does not have.
pub fn device(name: &str) -> Result<Namespace<AnyBackend>> {
    let none = |detail: &str| Error::NoDevice {
        name: name.into(),
        detail: detail.into(),
    };
    let (kind, number) = name.split_once(':').unwrap_or((name, "0"));
    let number: usize = number
        .parse()
        .map_err(|_| none("the number after the colon is none; the first device is 0"))?;
    match (kind, number) {
        ("cpu", 0) => Ok(AnyBackend::erase(&cpu())),
        ("cpu", _) => Err(none("there is one CPU device, `cpu`")),
        ("wgpu", number) => wgpu::wgpu(number).map(|xp| AnyBackend::erase(&xp)),
        ("cuda" | "cuda-sim", number) => {
            let known = cuda::name(number);
            if known.split(':').next() == Some(kind) {
                cuda::cuda(number).map(|xp| AnyBackend::erase(&xp))
            } else if kind == "cuda" {
                Err(none(
                    "a simulated driver is installed in place of NVIDIA's; its device is `cuda-sim`",
                ))
            } else {
                Err(none(
                    "only tests and `cargo xtask conformance` install a simulated driver",
                ))
            }
        }
        _ => Err(none(
            "the kinds of devices are `cpu`, `wgpu:N` and `cuda:N`",
        )),
    }
}

/// The devices of this machine; those that it lacks with the line that would add them.
#[must_use]
pub fn devices() -> Vec<DeviceEntry> {
    let mut entries = vec![DeviceEntry {
        name: "cpu".into(),
        namespace: Ok(AnyBackend::erase(&cpu())),
    }];
    let adapters = wgpu::adapters().len();
    for number in 0..adapters.max(1) {
        let name = format!("wgpu:{number}");
        let namespace = device(&name).map_err(|error| error.to_string());
        entries.push(DeviceEntry { name, namespace });
    }
    for number in 0..cuda::count().unwrap_or(0).max(1) {
        let name = cuda::name(number);
        let namespace = device(&name).map_err(|error| error.to_string());
        entries.push(DeviceEntry { name, namespace });
    }
    entries
}
