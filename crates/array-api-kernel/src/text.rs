//! What a runtime compiles: a kernel's text and how it is called.

use crate::ir::Kernel;

/// The language that a runtime compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// The WebGPU shading language.
    Wgsl,
    /// CUDA's C++.
    Cuda,
}

/// How a kernel uses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// It reads. Several read-only arguments of a launch may be the same buffer.
    Read,
    /// It writes, and may read. The buffer is no other argument of the launch.
    ReadWrite,
}

/// A kernel's text and its calling convention: `parameters` words of `u32`, then the buffers in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KernelText {
    /// The entry point's name.
    pub entry: String,
    /// The program text in the runtime's [`Language`]. Kernels are cached by it.
    pub text: String,
    /// Number of `u32` words of parameters.
    pub parameters: usize,
    /// How each buffer is used.
    pub access: Vec<Access>,
    /// Threads in a work-group.
    pub group_size: u32,
}

impl KernelText {
    /// Prints a kernel in a language.
    #[must_use]
    pub fn new(kernel: &Kernel, language: Language) -> Self {
        Self {
            entry: kernel.name().to_owned(),
            text: match language {
                Language::Wgsl => kernel.wgsl(),
                Language::Cuda => kernel.cuda(),
            },
            parameters: kernel.parameter_words(),
            access: kernel
                .signature()
                .buffers()
                .map(|(_, written)| {
                    if written {
                        Access::ReadWrite
                    } else {
                        Access::Read
                    }
                })
                .collect(),
            group_size: kernel.workgroup(),
        }
    }
}
