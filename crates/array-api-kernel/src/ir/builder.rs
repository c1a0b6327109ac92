//! The arguments of a kernel (buffers, parameters, shared memory) and the thread's position in the grid.

use super::node::{Builtin, Memory, Node, Param, Space, Ty};
use super::record::{STATE, node};
use super::value::{Mem, Val};

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

    /// A parameter: a value that each launch sets.
    ///
    /// # Panics
    /// If it is a `Bool`.
    #[must_use]
    pub fn param(self, name: &str, ty: Ty) -> Val {
        assert_ne!(ty, Ty::Bool, "no parameter is a boolean");
        STATE.with_borrow_mut(|s| {
            let word = s
                .params
                .last()
                .map_or(1, |p| p.word + p.ty.bits() as usize / 32);
            s.params.push(Param {
                name: name.to_owned(),
                ty,
                word,
            });
            let number = s.params.len() - 1;
            s.node(Node::Param(number), ty)
        })
    }

    /// A `U32` parameter: a length, an offset, or a stride.
    #[must_use]
    pub fn size(self, name: &str) -> Val {
        self.param(name, Ty::U32)
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
