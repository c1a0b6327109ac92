//! How a kernel is called: its buffers and parameters, by name.

use std::fmt::{self, Display, Write as _};

use smallvec::{SmallVec, smallvec};

use super::node::{Kernel, Param, Space, Ty};

/// A value that is passed to a kernel at launch.
pub trait ParamValue {
    /// Its type in the kernel.
    const TY: Ty;
    /// Its bits, low word first; a value of 32 bits has one word.
    fn words(self) -> [u32; 2];
}

macro_rules! param_values {
    ($($t:ty: $ty:ident as $bits:ident)*) => { $(
        impl ParamValue for $t {
            const TY: Ty = Ty::$ty;
            fn words(self) -> [u32; 2] {
                let bits = u64::from(bytemuck::cast::<$t, $bits>(self));
                [bits as u32, (bits >> 32) as u32]
            }
        }
    )* };
}
param_values! { i32: I32 as u32 u32: U32 as u32 i64: I64 as u64 u64: U64 as u64 f32: F32 as u32 f64: F64 as u64 }

/// How a kernel is called. A launch gives it buffers and values by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    entry: String,
    workgroup: u32,
    /// The name of each buffer, and whether it is written.
    buffers: Vec<(String, bool)>,
    params: Vec<Param>,
    words: usize,
}

impl Signature {
    pub(super) fn of(kernel: &Kernel) -> Self {
        let buffers = kernel
            .memories
            .iter()
            .filter(|m| !matches!(m.space, Space::Shared(_)));
        Self {
            entry: kernel.name.clone(),
            workgroup: kernel.workgroup,
            buffers: buffers
                .map(|m| (m.name.clone(), m.space != Space::Input))
                .collect(),
            params: kernel.params.clone(),
            words: kernel.parameter_words(),
        }
    }

    /// The entry point's name.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.entry
    }

    /// Threads in a work-group.
    #[must_use]
    pub const fn workgroup(&self) -> u32 {
        self.workgroup
    }

    /// The name of each buffer, and whether it is written, in the order in which a runtime takes them.
    pub fn buffers(&self) -> impl Iterator<Item = (&str, bool)> {
        self.buffers
            .iter()
            .map(|(name, written)| (name.as_str(), *written))
    }

    /// Where the buffer of this name stands among all.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn place(&self, name: impl Display, near: usize) -> usize {
        let at = found(&self.buffers, near, |(own, _)| reads(&name, own));
        at.unwrap_or_else(|| panic!("{} has no buffer {name}", self.entry))
    }

    /// The values of the parameters for a launch; none is set yet.
    #[must_use]
    pub fn arguments(&self) -> Arguments<'_> {
        Arguments {
            signature: self,
            words: smallvec![0; self.words],
            set: smallvec![false; self.params.len()],
            near: 0,
            beyond: false,
        }
    }
}

/// The values of a kernel's parameters for one launch.
///
/// A parameter that is set twice or not at all, a name that does not exist and a value of another type panic: they are
/// mistakes of the kernel's author.
#[derive(Clone, Debug)]
pub struct Arguments<'k> {
    signature: &'k Signature,
    words: SmallVec<[u32; 32]>,
    set: SmallVec<[bool; 32]>,
    /// Where the next parameter is looked for first.
    near: usize,
    beyond: bool,
}

impl Arguments<'_> {
    /// Sets a parameter.
    ///
    /// # Panics
    /// It does not exist, has another type, or has a value already.
    pub fn set<T: ParamValue>(&mut self, name: impl Display, value: T) {
        let Signature { params, entry, .. } = self.signature;
        let at = found(params, self.near, |param| reads(&name, &param.name))
            .unwrap_or_else(|| panic!("{entry} has no parameter {name}"));
        let param = &params[at];
        assert_eq!(param.ty, T::TY, "the type of {entry}'s parameter {name}");
        assert!(!self.set[at], "{entry}'s parameter {name} has a value");
        self.set[at] = true;
        self.near = at + 1;
        let length = T::TY.bits() as usize / 32;
        self.words[param.word..param.word + length].copy_from_slice(&value.words()[..length]);
    }

    /// Sets a `U32` parameter that is a length, an offset or a stride. (Negative ones work, because arithmetic wraps.)
    /// One that does not fit 32 bits is [beyond reach](Self::is_beyond_reach).
    ///
    /// # Panics
    /// As [`set`](Self::set).
    pub fn size(&mut self, name: impl Display, value: isize) {
        let word = u32::try_from(value).or_else(|_| i32::try_from(value).map(|v| v as u32));
        self.beyond |= word.is_err();
        self.set(name, word.unwrap_or_default());
    }

    /// Notes that the kernel's positions of 32 bits do not reach all elements.
    pub fn refuse(&mut self) {
        self.beyond = true;
    }

    /// Whether the launch would need positions of more than 32 bits, and so must not happen.
    #[must_use]
    pub const fn is_beyond_reach(&self) -> bool {
        self.beyond
    }

    /// The words that are passed: the first is always 0, and their number is a multiple of four. WGSL reads them from a
    /// uniform buffer at binding 0, CUDA C from the first argument, which is passed by value.
    ///
    /// # Panics
    /// A parameter has no value.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        let missing = self.set.iter().position(|set| !set);
        if let Some(at) = missing {
            let Signature { params, entry, .. } = self.signature;
            panic!("{entry}'s parameter {} has no value", params[at].name);
        }
        &self.words
    }
}

/// The position of the element that fits. It is looked for from `near` on, and then before it.
fn found<T>(all: &[T], near: usize, fits: impl Fn(&T) -> bool) -> Option<usize> {
    let near = near.min(all.len());
    (near..all.len()).chain(0..near).find(|&at| fits(&all[at]))
}

/// Whether a text reads like another one. It need not be made for that.
fn reads(text: impl Display, wanted: &str) -> bool {
    struct Rest<'a>(&'a str);
    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(wanted);
    write!(rest, "{text}").is_ok() && rest.0.is_empty()
}
