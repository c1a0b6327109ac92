//! Work on the host that several backends share.

pub(crate) mod fft;
pub(crate) mod linalg;
pub(crate) mod memory;
pub(crate) mod scatter;
