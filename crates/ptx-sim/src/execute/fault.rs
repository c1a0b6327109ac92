//! What a kernel did wrong.

use std::fmt;

/// The kind of a fault, which decides the code that the driver reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An address outside every allocation, or past a shared or local variable.
    IllegalAddress,
    /// An address that is not a multiple of the access's size.
    Misaligned,
    /// An instruction with operands that it does not allow.
    IllegalInstruction,
    /// More instructions than the budget.
    Timeout,
    /// What a GPU does not notice, or notices as a failed launch: a race, an uninitialised value,
    /// a barrier that not all threads reach.
    LaunchFailed,
}

/// A fault of a kernel: its kind, and a text with the kernel, the PTX line, the block and the lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind.
    pub kind: FaultKind,
    /// The text.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
