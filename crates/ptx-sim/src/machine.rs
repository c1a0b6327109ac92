//! A device without a driver: memory, modules and launches, one call after another.

use std::fmt;
use std::sync::Arc;

use crate::decode::{Program, decode};
use crate::execute::{Checks, Count, Fault, Fences, Launch, Random, has_vectors};
use crate::instruction::Kernel;
use crate::memory::{Memory, Refusal};
use crate::parse::{self, parse};

/// How a device behaves and what it checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Decides the order of blocks, of warps and of atomics within a warp.
    pub seed: u64,
    /// How many host threads execute the blocks of a launch.
    pub threads: usize,
    /// The bytes of device memory.
    pub memory: u64,
    /// How many instructions a warp may execute in one block.
    pub instruction_budget: u64,
    /// Whether reading what nothing has written is a fault.
    pub uninitialised: bool,
    /// Whether unordered accesses of several threads to the same place are a fault.
    pub races: bool,
    /// Whether to use the vector instructions of the host, if it has them.
    pub vectors: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            threads: 1,
            memory: 4 << 30,
            instruction_budget: 100_000_000,
            uninitialised: true,
            races: true,
            vectors: true,
        }
    }
}

/// What a device has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Kernels executed to their end.
    pub launches: u64,
    /// Instructions, each counted once for a warp.
    pub warp_instructions: u64,
    /// Instructions, counted once for each active thread.
    pub thread_instructions: u64,
    /// Faults of kernels.
    pub errors: u64,
    /// Allocations that are not freed, without the variables of modules.
    pub live_allocations: usize,
    /// The bytes of all live allocations and variables.
    pub live_bytes: u64,
}

/// A device address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pointer(pub u64);

impl Pointer {
    /// The address that many bytes further.
    pub fn offset(self, bytes: i64) -> Self {
        Self(self.0.wrapping_add_signed(bytes))
    }
}

/// Why the device did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The PTX text is not understood.
    Ptx(parse::Error),
    /// A kernel did something wrong.
    Fault(Fault),
    /// Device memory is used up.
    OutOfMemory,
    /// An argument is wrong, as the text says.
    Invalid(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ptx(error) => error.fmt(f),
            Self::Fault(fault) => fault.fmt(f),
            Self::OutOfMemory => f.write_str("out of device memory"),
            Self::Invalid(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

impl From<parse::Error> for Error {
    fn from(error: parse::Error) -> Self {
        Self::Ptx(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OutOfMemory => Self::OutOfMemory,
            Refusal::Invalid => Self::Invalid("no allocation holds the range".to_owned()),
        }
    }
}

/// The size of a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Blocks along each axis.
    pub grid: [u32; 3],
    /// Threads of a block along each axis.
    pub block: [u32; 3],
    /// Bytes of dynamic shared memory.
    pub shared: usize,
}

impl Geometry {
    /// So many blocks of so many threads along the first axis.
    pub fn linear(grid: u32, block: u32) -> Self {
        Self {
            grid: [grid, 1, 1],
            block: [block, 1, 1],
            shared: 0,
        }
    }
}

/// A kernel's argument: the bytes of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument(pub Vec<u8>);

/// A plain number, which device memory holds in the host's byte order.
pub trait Number: Copy {
    /// Appends the value's bytes.
    fn put(self, bytes: &mut Vec<u8>);
    /// The value of as many bytes as it has.
    fn take(bytes: &[u8]) -> Self;
}

macro_rules! number {
    ($($ty:ty),*) => {$(
        impl Number for $ty {
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_ne_bytes());
            }

            fn take(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$ty>()];
                array.copy_from_slice(bytes);
                Self::from_ne_bytes(array)
            }
        }

        impl From<$ty> for Argument {
            fn from(value: $ty) -> Self {
                Self(value.to_ne_bytes().to_vec())
            }
        }
    )*};
}

number!(u8, i8, u16, i16, u32, i32, u64, i64, f32, f64);

impl From<Pointer> for Argument {
    fn from(pointer: Pointer) -> Self {
        pointer.0.into()
    }
}

impl<T: Number, const N: usize> From<[T; N]> for Argument {
    /// A struct of equal members.
    fn from(members: [T; N]) -> Self {
        let mut bytes = Vec::new();
        members
            .into_iter()
            .for_each(|member| member.put(&mut bytes));
        Self(bytes)
    }
}

/// A loaded module.
#[derive(Clone, Debug)]
pub struct Module {
    program: Arc<Program>,
    text: Arc<str>,
    globals: Arc<[(String, u64)]>,
}

impl Module {
    /// The names of its kernels.
    pub fn kernels(&self) -> impl Iterator<Item = &str> {
        self.program.kernels.iter().map(|k| k.name.as_str())
    }

    pub(crate) fn kernel(&self, name: &str) -> Option<usize> {
        self.program.kernels.iter().position(|k| k.name == name)
    }

    pub(crate) fn kernel_at(&self, index: usize) -> &Kernel {
        &self.program.kernels[index]
    }

    /// The address and the size of a variable.
    pub fn global(&self, name: &str) -> Option<(Pointer, usize)> {
        let (_, address) = self.globals.iter().find(|(n, _)| n == name)?;
        let variable = self.program.globals.iter().find(|g| g.name == name)?;
        Some((Pointer(*address), variable.size))
    }
}

/// A launch with its arguments, ready to execute.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) module: Module,
    pub(crate) kernel: usize,
    pub(crate) geometry: Geometry,
    pub(crate) params: Vec<u8>,
}

/// The shared memory that a block may have.
pub(crate) const SHARED_LIMIT: usize = 48 << 10;

impl Call {
    /// Whether a GPU would take the launch.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Geometry {
            grid,
            block,
            shared,
        } = self.geometry;
        let kernel = self.module.kernel_at(self.kernel);
        let threads: u64 = block.iter().map(|&n| u64::from(n)).product();
        if threads == 0 || threads > 1024 || block[2] > 64 {
            return Err(format!("a block of {block:?} threads"));
        }
        if grid.contains(&0) || grid[0] > i32::MAX as u32 || grid[1..].iter().any(|&n| n > 65535) {
            return Err(format!("a grid of {grid:?} blocks"));
        }
        let used = kernel.static_shared() + shared;
        if used > SHARED_LIMIT {
            return Err(format!(
                "{used} bytes of shared memory, more than {SHARED_LIMIT}"
            ));
        }
        match kernel.max_threads {
            Some(most) if threads > u64::from(most) => Err(format!(
                "{threads} threads in a block, more than its bounds' {most}"
            )),
            _ => Ok(()),
        }
    }
}

/// A device that executes PTX on the host.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    pub(crate) memory: Memory,
    statistics: Statistics,
    /// Launches, completed or not.
    executed: u64,
    random: Random,
}

impl Machine {
    /// A device with empty memory.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            memory: Memory::new(settings.memory),
            statistics: Statistics::default(),
            executed: 0,
            random: Random::new(settings.seed),
        }
    }

    /// What it has done so far.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            live_allocations: self.memory.count(),
            live_bytes: self.memory.used(),
            ..self.statistics
        }
    }

    /// Parses and decodes PTX, and gives its variables memory.
    pub fn load(&mut self, ptx: &str) -> Result<Module, Error> {
        self.load_for(ptx, 0)
    }

    pub(crate) fn load_for(&mut self, ptx: &str, context: u64) -> Result<Module, Error> {
        let program = decode(&parse(ptx)?)?;
        let mut globals = Vec::new();
        for variable in &program.globals {
            let (size, constant) = (variable.size, variable.constant);
            let address = self
                .memory
                .define(size, &variable.init, constant, context)?;
            globals.push((variable.name.clone(), address));
        }
        Ok(Module {
            program: Arc::new(program),
            text: ptx.into(),
            globals: globals.into(),
        })
    }

    pub(crate) fn unload(&mut self, module: &Module) {
        for (_, address) in module.globals.iter() {
            // A context that is destroyed has freed them before.
            let _ = self.memory.free(*address);
        }
    }

    /// Memory that nothing has written.
    pub fn allocate(&mut self, bytes: usize) -> Result<Pointer, Error> {
        Ok(Pointer(self.memory.allocate(bytes as u64, 0)?))
    }

    /// Frees an allocation.
    pub fn free(&mut self, pointer: Pointer) -> Result<(), Error> {
        Ok(self.memory.free(pointer.0)?)
    }

    /// Memory that holds the values.
    pub fn upload<T: Number>(&mut self, values: &[T]) -> Result<Pointer, Error> {
        let pointer = self.allocate(size_of_val(values))?;
        self.write(pointer, values)?;
        Ok(pointer)
    }

    /// Writes the values.
    pub fn write<T: Number>(&mut self, pointer: Pointer, values: &[T]) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(size_of_val(values));
        values.iter().for_each(|value| value.put(&mut bytes));
        Ok(self.memory.write(pointer.0, &bytes)?)
    }

    /// So many values from memory.
    pub fn download<T: Number>(&self, pointer: Pointer, count: usize) -> Result<Vec<T>, Error> {
        let mut bytes = vec![0; count * size_of::<T>()];
        self.memory.read(pointer.0, &mut bytes)?;
        Ok(bytes.chunks_exact(size_of::<T>()).map(T::take).collect())
    }

    /// Executes a kernel to its end.
    pub fn launch(
        &mut self,
        module: &Module,
        kernel: &str,
        geometry: Geometry,
        arguments: &[Argument],
    ) -> Result<(), Error> {
        let Some(index) = module.kernel(kernel) else {
            return Err(Error::Invalid(format!("no kernel `{kernel}`")));
        };
        let mut params = vec![0; module.kernel_at(index).param_bytes];
        let declared = &module.kernel_at(index).params;
        if declared.len() != arguments.len() {
            let (found, expected) = (arguments.len(), declared.len());
            return Err(Error::Invalid(format!(
                "{found} arguments instead of {expected}"
            )));
        }
        for (at, (parameter, argument)) in declared.iter().zip(arguments).enumerate() {
            if parameter.size != argument.0.len() {
                let (found, expected) = (argument.0.len(), parameter.size);
                let what = format!("argument {at} has {found} bytes instead of {expected}");
                return Err(Error::Invalid(what));
            }
            params[parameter.offset..][..parameter.size].copy_from_slice(&argument.0);
        }
        let call = Call {
            module: module.clone(),
            kernel: index,
            geometry,
            params,
        };
        call.check().map_err(Error::Invalid)?;
        Ok(self.execute(&call)?)
    }

    pub(crate) fn execute(&mut self, call: &Call) -> Result<(), Fault> {
        let regions = self.memory.regions();
        let memory = &self.memory;
        let explain = |address| memory.explain(address);
        let blocks = call.geometry.grid.iter().map(|&n| u64::from(n)).product();
        self.executed += 1;
        let fences = Fences::new(self.executed, blocks);
        let launch = Launch {
            kernel: call.module.kernel_at(call.kernel),
            text: &call.module.text,
            grid: call.geometry.grid,
            block: call.geometry.block,
            dynamic_shared: call.geometry.shared,
            params: &call.params,
            globals: &call.module.globals,
            regions: &regions,
            explain: &explain,
            checks: Checks {
                uninitialised: self.settings.uninitialised,
                races: self.settings.races,
            },
            fences: &fences,
            seed: self.random.next(),
            budget: self.settings.instruction_budget,
            vectors: self.settings.vectors && has_vectors(),
        };
        match launch.run(self.settings.threads) {
            Ok(Count {
                warp_instructions,
                thread_instructions,
            }) => {
                self.statistics.launches += 1;
                self.statistics.warp_instructions += warp_instructions;
                self.statistics.thread_instructions += thread_instructions;
                Ok(())
            }
            Err(fault) => {
                self.statistics.errors += 1;
                Err(fault)
            }
        }
    }
}
