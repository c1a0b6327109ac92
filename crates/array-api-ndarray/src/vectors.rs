//! The vector instructions of the processor. Loops are compiled for each set, and one is chosen when they are looked
//! up.

/// A set of vector instructions, each with all of the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Vectors {
    /// The instructions of every processor of the platform.
    Platform,
    /// AVX2 and FMA; NEON on AArch64, where it is part of the platform.
    Fused,
    /// AVX-512: the foundation, and the extensions that every processor with 512-bit vectors for integers and
    /// floating-point numbers has.
    Wide,
}

impl Vectors {
    /// The largest set that this processor has.
    pub(super) fn available() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let fused = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw");
            match (fused, wide) {
                (true, true) => Self::Wide,
                (true, false) => Self::Fused,
                (false, _) => Self::Platform,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            if cfg!(target_arch = "aarch64") {
                Self::Fused
            } else {
                Self::Platform
            }
        }
    }

    /// All sets that this processor has.
    #[cfg(test)]
    pub(super) fn all() -> impl Iterator<Item = Self> {
        [Self::Platform, Self::Fused, Self::Wide]
            .into_iter()
            .filter(|&vectors| vectors <= Self::available())
    }
}
