//! The interpreter as the CUDA driver of a process.

use std::sync::OnceLock;

use cuda_shim::InUse;

/// Makes the interpreter the CUDA driver of this process. Once is enough; another time does nothing.
///
/// ```
/// ptx_sim::install()?;
/// assert_eq!(cuda_shim::driver().to_string(), "CUDA driver \"ptx-sim\", installed by the program");
/// # Ok::<(), cuda_shim::InUse>(())
/// ```
///
/// # Errors
/// If the process has called another driver before.
pub fn install() -> Result<(), InUse> {
    static INSTALLED: OnceLock<Result<(), InUse>> = OnceLock::new();
    // SAFETY: the functions have the prototypes of `cuda.h`, lock their state, and stay until the process ends.
    let install = || unsafe { cuda_shim::install("ptx-sim", crate::driver::lookup) };
    INSTALLED.get_or_init(install).clone()
}
