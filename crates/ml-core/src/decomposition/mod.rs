//! Samples in fewer dimensions.

mod minka;
mod pca;
mod randomized;

pub use self::pca::{Components, Pca, PcaAttributes, PcaSolver};
