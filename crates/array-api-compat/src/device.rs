//! Devices by name.

use std::sync::{Arc, Mutex, PoisonError};

use array_api_ndarray::cpu;
use array_api_spec::{Error, Namespace, Result};

use crate::AnyBackend;

/// A device of this machine, or a device that it lacks.
#[derive(Clone, Debug)]
pub struct DeviceEntry {
    /// Its name, for [`device`]: `cpu`, `wgpu:0`, `cuda:0` …
    pub name: String,
    /// The device, or, if it is missing, one line that says how to get it.
    pub namespace: Result<Namespace<AnyBackend>, String>,
}

/// Opens device number `n` of a kind.
type Open = Arc<dyn Fn(usize) -> Result<Namespace<AnyBackend>> + Send + Sync>;

/// The kinds that [`register`] has added, in that order.
static KINDS: Mutex<Vec<(String, Open)>> = Mutex::new(Vec::new());

/// The kinds that this crate knows by itself.
const BUILT_IN: [&str; 4] = ["cpu", "wgpu", "cuda", "cuda-sim"];

/// A device by its name: `cpu`, `wgpu:0`, `wgpu:1` …, `cuda:0` …, or one of a kind that was [registered](register).
/// Without a number it is number 0: `wgpu` is `wgpu:0`.
///
/// `cuda-sim` is the device of a simulated CUDA driver, if a test has installed one.
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
/// An unknown name, a device that this machine does not have, or one whose feature (`wgpu`, `cuda`) this program was
/// built without.
pub fn device(name: &str) -> Result<Namespace<AnyBackend>> {
    let none = |detail: &str| Error::no_device(name, detail);
    let (kind, number) = name.split_once(':').unwrap_or((name, "0"));
    let number: usize = number
        .parse()
        .map_err(|_| none("the number after the colon is none; the first device is 0"))?;
    match (kind, number) {
        ("cpu", 0) => Ok(AnyBackend::erase(&cpu())),
        ("cpu", _) => Err(none("there is one CPU device, `cpu`")),
        ("wgpu", number) => wgpu(number),
        ("cuda" | "cuda-sim", number) => cuda(kind, number),
        _ => match registered(kind) {
            Some(open) => open(number),
            None => Err(Error::no_device(name, known_kinds())),
        },
    }
}

/// Adds a kind of device, such as `mine`: from then on [`device`] opens `mine:0`, `mine:1` …, and `mine`, which is `mine:0`.
///
/// `open` gets the number. Devices are numbered from 0 without gaps: [`devices`] opens one after the other until the
/// first error. `open` should return the same backend for the same number each time, because arrays of different
/// backends do not mix.
///
/// ```
/// use array_api_compat::{AnyBackend, device, register};
/// use array_api_spec::{Error, reference};
///
/// register("oracle", |number| match number {
///     0 => Ok(AnyBackend::erase(&reference::namespace())),
///     _ => Err(Error::no_device(format!("oracle:{number}"), "there is one, `oracle`")),
/// })?;
/// let xp = device("oracle")?;
/// assert_eq!(xp.sum(xp.asarray([1.0, 2.0])?, ..)?.item::<f64>()?, 3.0);
/// # Ok::<(), array_api_spec::Error>(())
/// ```
///
/// # Errors
/// A kind that exists already, or a name that is empty or contains a colon.
pub fn register(
    kind: &str,
    open: impl Fn(usize) -> Result<Namespace<AnyBackend>> + Send + Sync + 'static,
) -> Result<()> {
    let refused = |detail: &str| Error::value("register", format!("`{kind}` {detail}"));
    if kind.is_empty() || kind.contains(':') {
        return Err(refused(
            "is no name for a kind of device: it needs letters, and no colon",
        ));
    }
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    if BUILT_IN.contains(&kind) || kinds.iter().any(|(known, _)| known == kind) {
        return Err(refused("is a kind of device already; choose another name"));
    }
    kinds.push((kind.to_owned(), Arc::new(open)));
    Ok(())
}

/// The devices of this machine, and those that it lacks, each with the line that says how to get it.
#[must_use]
pub fn devices() -> Vec<DeviceEntry> {
    let mut entries = vec![entry("cpu".into())];
    entries.extend((0..adapters().max(1)).map(|number| entry(format!("wgpu:{number}"))));
    entries.extend((0..cuda_count().max(1)).map(|number| entry(cuda_name(number))));
    let kinds: Vec<String> = {
        let kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.iter().map(|(kind, _)| kind.clone()).collect()
    };
    for kind in kinds {
        let numbered = (0..).map(|number| entry(format!("{kind}:{number}")));
        for (number, entry) in numbered.enumerate() {
            let last = entry.namespace.is_err();
            if !last || number == 0 {
                entries.push(entry);
            }
            if last {
                break;
            }
        }
    }
    entries
}

fn entry(name: String) -> DeviceEntry {
    let namespace = device(&name).map_err(|error| error.to_string());
    DeviceEntry { name, namespace }
}

fn registered(kind: &str) -> Option<Open> {
    let kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, open) = kinds.iter().find(|(known, _)| known == kind)?;
    Some(Arc::clone(open))
}

fn known_kinds() -> String {
    let kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    let others: String = kinds
        .iter()
        .map(|(kind, _)| format!(", `{kind}:N`"))
        .collect();
    format!("the kinds of devices are `cpu`, `wgpu:N`, `cuda:N`{others}")
}

#[cfg(feature = "wgpu")]
fn wgpu(number: usize) -> Result<Namespace<AnyBackend>> {
    array_api_wgpu::wgpu(number).map(|xp| AnyBackend::erase(&xp))
}

#[cfg(feature = "wgpu")]
fn adapters() -> usize {
    array_api_wgpu::adapters().len()
}

#[cfg(feature = "cuda")]
fn cuda(kind: &str, number: usize) -> Result<Namespace<AnyBackend>> {
    let detail = match (cuda_name(number).split(':').next(), kind) {
        (Some(known), _) if known == kind => {
            return array_api_cuda::cuda(number).map(|xp| AnyBackend::erase(&xp));
        }
        (_, "cuda") => {
            "a simulated driver is installed in place of NVIDIA's; its device is `cuda-sim`"
        }
        _ => "only tests and `cargo xtask conformance` install a simulated driver",
    };
    Err(Error::no_device(format!("{kind}:{number}"), detail))
}

#[cfg(feature = "cuda")]
fn cuda_count() -> usize {
    array_api_cuda::count().unwrap_or(0)
}

#[cfg(feature = "cuda")]
fn cuda_name(number: usize) -> String {
    array_api_cuda::name(number)
}

/// The error for a device whose feature is off.
#[cfg(not(all(feature = "wgpu", feature = "cuda")))]
fn not_built(name: &str, feature: &str) -> Error {
    let detail = format!(
        "this program was built without it; `array-api-compat = {{ features = [\"{feature}\"] }}` in Cargo.toml adds it"
    );
    Error::no_device(name, detail)
}

#[cfg(not(feature = "wgpu"))]
fn wgpu(number: usize) -> Result<Namespace<AnyBackend>> {
    Err(not_built(&format!("wgpu:{number}"), "wgpu"))
}

#[cfg(not(feature = "wgpu"))]
fn adapters() -> usize {
    0
}

#[cfg(not(feature = "cuda"))]
fn cuda(kind: &str, number: usize) -> Result<Namespace<AnyBackend>> {
    Err(not_built(&format!("{kind}:{number}"), "cuda"))
}

#[cfg(not(feature = "cuda"))]
fn cuda_count() -> usize {
    0
}

#[cfg(not(feature = "cuda"))]
fn cuda_name(number: usize) -> String {
    format!("cuda:{number}")
}
