//! The arguments of a kernel (buffers, parameters, shared memory) and the thread's position in the grid.

use super::node::{Builtin, Memory, Node, Param, Space, Ty};
use super::record::{STATE, node};
use super::value::{Mem, Val};

/// A value that is passed to a kernel at launch.
pub trait ParamValue {
    /// Its type in the kernel.
    const TY: Ty;
    /// Its bits, low word first.
    fn words(self) -> Vec<u32>;
}

macro_rules! param_values {
    ($($t:ty: $ty:ident)*) => { $(
        impl ParamValue for $t {
            const TY: Ty = Ty::$ty;
            fn words(self) -> Vec<u32> {
                bytemuck::bytes_of(&self).chunks(4).map(|w| u32::from_le_bytes(w.try_into().expect("4 bytes"))).collect()
            }
        }
    )* };
}
param_values! { i32: I32 u32: U32 i64: I64 u64: U64 f32: F32 f64: F64 }

/// Declares a kernel's arguments. It holds nothing, so it may be copied and passed on freely.
#[derive(Clone, Copy, Debug)]
pub struct Builder(pub(super) ());

impl Builder {
    fn memory(self, name: &str, ty: Ty, space: Space) -> Mem {
        STATE.with_borrow_mut(|s| {
            s.memories.push(Memory {
                name: name.to_owned(),
                ty,
                space,
            });
            Mem {
                id: s.memories.len() - 1,
                ty,
            }
        })
    }

    /// A buffer that is only read.
    #[must_use]
    pub fn input(self, name: &str, ty: Ty) -> Mem {
        self.memory(name, ty, Space::Input)
    }

    /// A buffer that is written, and may be read.
    #[must_use]
    pub fn output(self, name: &str, ty: Ty) -> Mem {
        self.memory(name, ty, Space::Output)
    }

    /// A buffer of `U32` for [`Mem::atomic`].
    #[must_use]
    pub fn atomic(self, name: &str) -> Mem {
        self.memory(name, Ty::U32, Space::Atomic)
    }

    /// An array that the work-group's threads share; its content is undefined at first.
    #[must_use]
    pub fn shared(self, name: &str, ty: Ty, length: usize) -> Mem {
        self.memory(name, ty, Space::Shared(length))
    }

    /// A parameter with its value for this launch.
    #[must_use]
    pub fn param<T: ParamValue>(self, name: &str, value: T) -> Val {
        STATE.with_borrow_mut(|s| {
            let word = s
                .params
                .last()
                .map_or(1, |p| p.word + p.ty.bits() as usize / 32);
            let words = value.words();
            s.words.resize((word + words.len()).next_multiple_of(4), 0);
            s.words[word..word + words.len()].copy_from_slice(&words);
            s.params.push(Param {
                name: name.to_owned(),
                ty: T::TY,
                word,
            });
            let number = s.params.len() - 1;
            s.node(Node::Param(number), T::TY)
        })
    }

    /// A `U32` parameter: a length, an offset, or a stride (negative ones work, because arithmetic wraps). If a value
    /// does not fit 32 bits, the kernel is [beyond reach](super::Kernel::is_beyond_reach).
    #[must_use]
    pub fn size(self, name: &str, value: isize) -> Val {
        let word = u32::try_from(value).or_else(|_| i32::try_from(value).map(|v| v as u32));
        if word.is_err() {
            self.refuse();
        }
        self.param(name, word.unwrap_or_default())
    }

    /// Marks the kernel as [beyond reach](super::Kernel::is_beyond_reach): its positions of 32 bits do not reach all
    /// elements.
    pub fn refuse(self) {
        STATE.with_borrow_mut(|s| s.beyond = true);
    }

    /// The thread's number in its work-group.
    #[must_use]
    pub fn local(self) -> Val {
        node(Node::Builtin(Builtin::Local), Ty::U32)
    }

    /// The work-group's number. A grid of more than 65535 groups has two dimensions; this counts through both.
    #[must_use]
    pub fn group(self) -> Val {
        let builtin = |b| node(Node::Builtin(b), Ty::U32);
        builtin(Builtin::GroupY) * builtin(Builtin::GroupsX) + builtin(Builtin::GroupX)
    }

    /// The thread's number in the whole grid.
    #[must_use]
    pub fn thread(self) -> Val {
        let workgroup = STATE.with_borrow(|s| s.workgroup);
        self.group() * workgroup + self.local()
    }
}
