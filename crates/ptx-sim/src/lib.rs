//! A checked PTX interpreter, alone or behind the functions of the CUDA driver API.
//!
//! It executes the PTX that NVRTC makes of CUDA C, so that kernels and the program around them are
//! executed, not only compiled, on machines without a GPU. Whoever reports results of it says that
//! the kernels were *executed by a PTX interpreter*, never that they were tested on a GPU.
//!
//! # Model
//!
//! A module's text is parsed and decoded when it is loaded; calls are inlined. What the decoder
//! does not know it refuses then, by name. A launch runs block after block in a seeded order, or
//! several at a time on [`Settings::threads`] host threads. The warps of a block take turns of
//! seeded length in seeded order. The 32 lanes of a warp execute together; where they diverge, the
//! lanes at the lowest instruction run first until paths meet. Lanes wait at barriers and at
//! collectives for those that the program names.
//!
//! Arithmetic is that of the PTX manual, bit for bit: fused only where `fma` is written, rounded
//! and flushed as written, with the canonical NaN of single precision. The approximations (`ex2`,
//! `lg2`, `sin`, `cos`, `tanh`, `rcp.approx`, `rsqrt.approx`, `sqrt.approx`, `div.approx`) are
//! computed to more precision than the hardware has, so their last bits differ from a GPU's.
//!
//! Device addresses are not host addresses, and none is used twice. Behind the driver API all work
//! waits in its stream until the host synchronises, and independent streams run in a seeded order.
//! A copy from or to pinned memory happens when it is executed, one from pageable memory reads it
//! at once, as the driver promises.
//!
//! # What is checked
//!
//! * Every access: bounds of its allocation or of shared, local and parameter memory, alignment,
//!   memory that is freed, stores to constants, gaps between shared variables.
//! * Reads of global, shared and local memory that nothing has written, and registers that are
//!   used uninitialised: in an address, a predicate, an atomic or a value stored to global memory.
//! * Races on shared memory between barriers, also between lanes of one warp that no `__syncwarp`
//!   orders, and on words of global memory, between threads and between blocks: there a writer's
//!   `__threadfence` is taken for order. Stores that leave a value as it was are no race.
//! * Barriers: all threads at the same one, no warp with some lanes gone, no deadlock.
//! * Collectives: the mask has the lane itself, masks agree, no lane is read that has exited.
//! * Endless loops, by [`Settings::instruction_budget`].
//! * The host's part: contexts, handles, sizes of launches, double frees, missing waits.
//!
//! A fault names the kernel, the PTX line, the block and the thread ([`last_error`]). The driver
//! reports it when a GPU would: at the next call that waits, and at every call after that.
//!
//! # What is not
//!
//! Real scheduling and the weak memory model (a flag that is polled across blocks never comes: a
//! block runs to its end before the next), whether a driver accepts the PTX, registers and
//! occupancy, time, textures, graphs, managed memory, tensor cores and half-precision arithmetic.
//! Accesses of one or two bytes are not followed for races on global memory. Overruns from one
//! variable to another within a thread's local memory are not seen.
//!
//! # Example
//!
//! ```
//! use ptx_sim::{Error, Geometry, Machine, Settings};
//!
//! let ptx = "
//! .version 6.4
//! .target sm_70
//! .address_size 64
//! .visible .entry double(.param .u64 values, .param .u32 count)
//! {
//!     .reg .pred %p<2>;
//!     .reg .b32 %r<4>;
//!     .reg .f32 %f<2>;
//!     .reg .b64 %rd<3>;
//!     ld.param.u64 %rd0, [values];
//!     ld.param.u32 %r0, [count];
//!     mov.u32 %r1, %tid.x;
//!     setp.ge.u32 %p0, %r1, %r0;
//!     @%p0 bra DONE;
//!     mul.wide.u32 %rd1, %r1, 4;
//!     add.u64 %rd2, %rd0, %rd1;
//!     ld.global.f32 %f0, [%rd2];
//!     add.f32 %f1, %f0, %f0;
//!     st.global.f32 [%rd2], %f1;
//! DONE:
//!     ret;
//! }";
//! let mut machine = Machine::new(Settings::default());
//! let module = machine.load(ptx)?;
//! let values = machine.upload(&[1.0f32, 2.0, 3.0])?;
//!
//! let arguments = [values.into(), 3u32.into()];
//! machine.launch(&module, "double", Geometry::linear(1, 32), &arguments)?;
//! assert_eq!(machine.download::<f32>(values, 3)?, [2.0, 4.0, 6.0]);
//!
//! // Four values do not fit.
//! let arguments = [values.into(), 4u32.into()];
//! let launched = machine.launch(&module, "double", Geometry::linear(1, 32), &arguments);
//! let Err(Error::Fault(fault)) = launched else {
//!     panic!("an access out of bounds was not seen")
//! };
//! assert!(fault.message.contains("kernel double, PTX line 18"));
//! assert!(fault.message.contains("0 bytes past the end of an allocation of 12 bytes"));
//! # Ok::<(), Error>(())
//! ```

mod decode;
pub mod driver;
mod execute;
mod install;
mod instruction;
mod machine;
mod memory;
mod parse;
mod stream;

pub use driver::{clear_error, configure, last_error, reset, statistics};
pub use execute::{Fault, FaultKind};
pub use install::install;
pub use machine::{
    Argument, Error, Geometry, Machine, Module, Number, Pointer, Settings, Statistics,
};
pub use parse::Error as PtxError;
