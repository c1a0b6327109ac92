//! The CUDA runtime: the device's primary context, one stream, pooled memory, page-locked staging buffers. No other
//! file uses `cust`.
//!
//! The stream orders all work, so freed memory can be handed out again at once. Every call makes the context current
//! first, because a backend may be used, and its arrays dropped, on any thread.

use std::{
    collections::{HashMap, VecDeque},
    ffi::c_void,
    fmt,
    mem::{self, ManuallyDrop},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use array_api_spec::{Device, Error, Result};
use cuda_shim as _;
use cust::{
    CudaFlags,
    context::{Context, CurrentContext},
    device::DeviceAttribute,
    error::{CudaError, CudaResult},
    event::{Event, EventFlags},
    function::{BlockSize, Function, GridSize},
    memory::{AsyncCopyDestination as _, DeviceBuffer, DeviceSlice, LockedBuffer},
    module::Module,
    stream::{Stream, StreamFlags},
    sys,
};

use super::{
    cache::Cache,
    library,
    nvrtc::{Nvrtc, Target},
    vendor::{Address, Found, Libraries},
};
use array_api_gpu::{
    pool::{Pool, size_class},
    runtime::{AtomicCounters, Counters, DeviceProperties, KernelText, Language, Runtime},
    vendor::Vendor,
};

/// Bytes of a staging buffer.
const STAGING_BYTES: usize = 1 << 20;
/// Number of staging buffers: most transfers that are under way at a time.
const STAGING_BUFFERS: usize = 8;
/// Bytes of parameters that a kernel may have on every GPU.
const PARAMETER_BYTES: usize = 4096;
/// Most blocks along a grid's first and second axis.
const GRID: [u64; 2] = [i32::MAX as u64, 65_535];
/// The oldest generation that the kernels are made for: Volta.
const GENERATION: u32 = 70;

/// A GPU with its context and stream.
struct Session {
    // The stream must be dropped before its context.
    stream: Stream,
    context: Context,
    device: Device,
    /// Whether memory is allocated and freed in the stream's order, so that freeing does not wait for the GPU.
    ordered_memory: bool,
}

impl Session {
    /// Makes the context current on this thread; the driver's calls need that.
    fn enter(&self) -> CudaResult<()> {
        CurrentContext::set_current(&self.context)
    }

    fn error(&self, function: &str, error: CudaError) -> Error {
        Error::driver(self.device.clone(), function, error.to_string()).caused_by(error)
    }

    /// A failure of earlier work, which shows only when the host waits for the GPU.
    fn late_error(&self, function: &str, error: CudaError) -> Error {
        let detail = format!(
            "{error} (it may stem from earlier work; with CUDA_LAUNCH_BLOCKING=1 the driver tells at once)"
        );
        Error::driver(self.device.clone(), function, detail).caused_by(error)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // If this fails, the context is dead, and its memory is freed already.
        let _ = self.enter();
    }
}

/// Memory on the GPU.
pub struct Buffer {
    memory: ManuallyDrop<DeviceBuffer<u8>>,
    session: Arc<Session>,
}

impl Buffer {
    /// The bytes `start..start + length`.
    fn part(&self, start: u64, length: usize) -> Result<DeviceSlice<u8>> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.memory.len() as u64) {
            let detail = format!(
                "{length} bytes from {start} on are not within a buffer of {}",
                self.memory.len()
            );
            return Err(Error::driver(self.session.device.clone(), "copy", detail));
        }
        // SAFETY: the bytes lie within the buffer, which outlives its use in the stream: it is freed in the stream's order.
        Ok(unsafe {
            DeviceSlice::from_raw_parts(self.memory.as_device_ptr().add(start as usize), length)
        })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the memory is not used after this.
        let memory = unsafe { ManuallyDrop::take(&mut self.memory) };
        // If this fails, the context is dead, and its memory is freed already.
        if self.session.enter().is_ok() && self.session.ordered_memory {
            let _ = memory.drop_async(&self.session.stream);
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.memory.len())
    }
}

/// A compiled kernel.
pub struct Kernel {
    function: Function<'static>,
    /// The function's code.
    _module: Module,
    name: String,
    parameters: usize,
    buffers: usize,
    group_size: u32,
    session: Arc<Session>,
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ = self.session.enter();
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kernel({})", self.name)
    }
}

/// Page-locked staging buffers for transfers between the host and the GPU, used in turn.
#[derive(Default)]
struct Staging {
    slots: Vec<Slot>,
    next: usize,
}

struct Slot {
    memory: LockedBuffer<u8>,
    /// An event after the last copy from or to the memory.
    done: Event,
}

impl Staging {
    /// Waits for the copy of the slot that was used longest ago, and returns its number.
    fn next(&mut self) -> CudaResult<usize> {
        if self.slots.len() < STAGING_BUFFERS {
            self.slots.push(Slot {
                memory: LockedBuffer::new(&0, STAGING_BYTES)?,
                done: Event::new(EventFlags::DISABLE_TIMING)?,
            });
            return Ok(self.slots.len() - 1);
        }
        let number = self.next;
        self.next = (number + 1) % STAGING_BUFFERS;
        self.slots[number].done.synchronize()?;
        Ok(number)
    }
}

/// An open GPU.
pub struct CudaRuntime {
    kernels: Mutex<HashMap<KernelText, Arc<Kernel>>>,
    pool: Mutex<Pool<Buffer>>,
    staging: Mutex<Staging>,
    properties: DeviceProperties,
    compiler: Option<&'static Nvrtc>,
    cache: Cache,
    generation: u32,
    /// Whether the driver has not refused machine code so far.
    takes_machine_code: AtomicBool,
    /// cuBLAS and cuSOLVER, if they were asked for.
    libraries: Option<Libraries>,
    counters: AtomicCounters,
    /// The last field, because it is dropped last: all others live in its context.
    session: Arc<Session>,
}

/// How many GPUs the driver has.
pub(super) fn count() -> CudaResult<usize> {
    cust::init(CudaFlags::empty())?;
    Ok(cust::device::Device::num_devices()? as usize)
}

impl CudaRuntime {
    /// Opens a GPU. `libraries` are NVIDIA's, if the backend is to use them.
    pub(super) fn open(
        index: usize,
        device: Device,
        compiler: Option<&'static Nvrtc>,
        libraries: Option<Found>,
    ) -> Result<Self> {
        let no_device = |detail: String| Error::no_device(device.name(), detail);
        let open = || -> CudaResult<_> {
            let card = cust::device::Device::get_device(index as u32)?;
            let attribute = |a| card.get_attribute(a).map(i32::unsigned_abs);
            let generation = attribute(DeviceAttribute::ComputeCapabilityMajor)? * 10
                + attribute(DeviceAttribute::ComputeCapabilityMinor)?;
            let group = attribute(DeviceAttribute::MaxThreadsPerBlock)?;
            let shared = attribute(DeviceAttribute::MaxSharedMemoryPerBlock)?;
            let (memory, name) = (card.total_memory()?, card.name()?);
            let context = Context::new(card)?;
            CurrentContext::set_current(&context)?;
            let stream = Stream::new(StreamFlags::DEFAULT, None)?;
            let ordered = has_ordered_memory(card);
            Ok((
                context, stream, ordered, generation, group, shared, memory, name,
            ))
        };
        let (
            context,
            stream,
            ordered_memory,
            generation,
            max_group_size,
            shared_bytes,
            memory,
            card,
        ) = open().map_err(|e| no_device(format!("the GPU cannot be opened: {e}")).caused_by(e))?;
        if generation < GENERATION {
            return Err(no_device(format!(
                "{card} is of generation sm_{generation}; sm_{GENERATION} (Volta) is the oldest that the kernels are made for"
            )));
        }
        let libraries = libraries
            .map(|found| found.bind(stream.as_inner().cast()))
            .transpose()
            .map_err(no_device)?;
        let properties = DeviceProperties {
            device: device.clone(),
            language: Language::Cuda,
            compiles: compiler.is_some(),
            float64: true,
            int64: true,
            max_bytes: memory as u64 / 4 * 4,
            max_buffers: 32,
            max_group_size,
            shared_bytes,
            is_cpu: false,
        };
        Ok(Self {
            kernels: Mutex::default(),
            // The pool keeps at most half, because other programs need memory, too. It is emptied before an allocation
            // fails.
            pool: Mutex::new(Pool::new(memory as u64 / 2)),
            staging: Mutex::default(),
            properties,
            compiler,
            cache: Cache::of_user(),
            generation,
            takes_machine_code: AtomicBool::new(true),
            libraries,
            counters: AtomicCounters::default(),
            session: Arc::new(Session {
                stream,
                context,
                device,
                ordered_memory,
            }),
        })
    }

    pub(super) fn libraries(&self) -> Option<&Libraries> {
        self.libraries.as_ref()
    }

    /// Makes the context current on this thread, for a call of a library.
    pub(super) fn enter(&self, function: &str) -> Result<()> {
        let failure = |error| self.session.error(function, error);
        self.session.enter().map_err(failure)
    }

    /// The address of `length` bytes in a buffer; an error if they are not all within it.
    pub(super) fn address(&self, buffer: &Buffer, start: u64, length: usize) -> Result<Address> {
        let part = buffer.part(start, length)?;
        Ok(Address(part.as_device_ptr().as_raw()))
    }

    pub(super) fn count_library_call(&self) {
        self.counters.library_calls.fetch_add(1, Relaxed);
    }

    fn out_of_memory(&self, bytes: u64, detail: String) -> Error {
        Error::out_of_memory(self.properties.device.clone(), bytes as usize, detail)
    }

    fn fresh_buffer(&self, bytes: u64) -> CudaResult<Buffer> {
        self.counters.fresh_allocations.fetch_add(1, Relaxed);
        let size = bytes as usize;
        // SAFETY: kernels and copies write memory before they read it.
        let memory = unsafe {
            if self.session.ordered_memory {
                DeviceBuffer::uninitialized_async(size, &self.session.stream)?
            } else {
                DeviceBuffer::uninitialized(size)?
            }
        };
        Ok(Buffer {
            memory: ManuallyDrop::new(memory),
            session: Arc::clone(&self.session),
        })
    }

    /// Loads a kernel from the program's own set, from the cache on disk, or from the compiler.
    fn build(&self, source: &KernelText) -> Result<Kernel> {
        let name = &source.entry;
        let bytes = source.parameters * 4 + source.access.len() * 8;
        if bytes > PARAMETER_BYTES {
            let detail = format!("{bytes} bytes of parameters are more than {PARAMETER_BYTES}");
            return Err(Error::driver(self.properties.device.clone(), name, detail));
        }
        let module = match library::kernels().get(&library::key(&source.text)) {
            Some(ptx) => Module::from_ptx(ptx, &[]).map_err(|e| self.session.error(name, e))?,
            None => self.compiled(source)?,
        };
        let function = module
            .get_function(name)
            .map_err(|e| self.session.error(name, e))?;
        // SAFETY: the function's code belongs to the module, which is dropped with it.
        let function = unsafe { mem::transmute::<Function<'_>, Function<'static>>(function) };
        Ok(Kernel {
            function,
            _module: module,
            name: name.clone(),
            parameters: source.parameters,
            buffers: source.access.len(),
            group_size: source.group_size,
            session: Arc::clone(&self.session),
        })
    }

    fn compiled(&self, source: &KernelText) -> Result<Module> {
        let failure =
            |detail: String| Error::driver(self.properties.device.clone(), &source.entry, detail);
        let Some(nvrtc) = self.compiler else {
            return Err(failure(
                "the program has no such kernel and the machine no NVRTC to compile one".into(),
            ));
        };
        let code = |target: Target| {
            let (version, text) = (nvrtc.version(), &source.text);
            let key = format!("NVRTC {version:?} {target:?}\n{text}");
            self.cache.get(&key).map_or_else(
                || {
                    let code = nvrtc.compile(text, target)?;
                    self.counters.compilations.fetch_add(1, Relaxed);
                    self.cache.put(&key, &code);
                    Ok(code)
                },
                Ok,
            )
        };
        if nvrtc.knows(self.generation) && self.takes_machine_code.load(Relaxed) {
            let code = code(Target::Machine(self.generation)).map_err(failure)?;
            match Module::from_cubin(code, &[]) {
                Ok(module) => return Ok(module),
                // A driver much older than NVRTC does not know its machine code's format. Such a driver gets PTX, and
                // compiles it itself.
                Err(_) => self.takes_machine_code.store(false, Relaxed),
            }
        }
        let ptx = code(Target::Portable).map_err(failure)?;
        Module::from_ptx(String::from_utf8_lossy(&ptx), &[])
            .map_err(|e| self.session.error(&source.entry, e))
    }
}

/// Whether the driver has `cuMemAllocAsync` for this GPU. `cust` has the call, but cannot ask this.
fn has_ordered_memory(card: cust::device::Device) -> bool {
    let attribute = sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED;
    let mut value = 0;
    // SAFETY: the device exists and the pointer is that of a living variable.
    let status = unsafe { sys::cuDeviceGetAttribute(&raw mut value, attribute, card.as_raw()) };
    status == sys::cudaError_enum::CUDA_SUCCESS && value == 1
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Runtime for CudaRuntime {
    type Buffer = Buffer;
    type Kernel = Kernel;

    fn properties(&self) -> &DeviceProperties {
        &self.properties
    }

    fn allocate(&self, bytes: u64) -> Result<Buffer> {
        let limit = self.properties.max_bytes;
        if bytes > limit {
            let detail = format!("the GPU has {limit} bytes in all");
            return Err(self.out_of_memory(bytes, detail));
        }
        let class = size_class(bytes, limit);
        self.counters.allocations.fetch_add(1, Relaxed);
        self.counters.allocated_bytes.fetch_add(bytes, Relaxed);
        if let Some(buffer) = locked(&self.pool).take(class) {
            return Ok(buffer);
        }
        let failure = |error| match error {
            CudaError::OutOfMemory => self
                .out_of_memory(bytes, error.to_string())
                .caused_by(error),
            error => self.session.error("allocate", error),
        };
        self.session.enter().map_err(failure)?;
        match self.fresh_buffer(class) {
            // The pool may hold the memory that is missing.
            Err(CudaError::OutOfMemory) if locked(&self.pool).clear() => {
                self.synchronize()?;
                self.fresh_buffer(class).map_err(failure)
            }
            result => result.map_err(failure),
        }
    }

    fn free(&self, buffer: Buffer) {
        let class = buffer.memory.len() as u64;
        locked(&self.pool).put(class, buffer);
    }

    fn upload(&self, buffer: &Buffer, bytes: &[u8]) -> Result<()> {
        let failure = |error| self.session.late_error("upload", error);
        self.session.enter().map_err(failure)?;
        let mut staging = locked(&self.staging);
        for (number, chunk) in bytes.chunks(STAGING_BYTES).enumerate() {
            // Kernels read whole words.
            let length = chunk.len().next_multiple_of(4);
            let mut target = buffer.part((number * STAGING_BYTES) as u64, length)?;
            let number = staging.next().map_err(failure)?;
            let Slot { memory, done } = &mut staging.slots[number];
            let memory = &mut memory[..length];
            memory[..chunk.len()].copy_from_slice(chunk);
            memory[chunk.len()..].fill(0);
            // SAFETY: the slot's memory is page-locked and is not touched before `done`.
            unsafe { target.async_copy_from(&*memory, &self.session.stream) }
                .and_then(|()| done.record(&self.session.stream))
                .map_err(failure)?;
        }
        Ok(())
    }

    fn download(
        &self,
        buffer: &Buffer,
        offset: u64,
        bytes: u64,
        read: &mut dyn FnMut(&[u8]),
    ) -> Result<()> {
        let failure = |error| self.session.late_error("download", error);
        self.counters.count_download(bytes);
        self.session.enter().map_err(failure)?;
        let mut staging = locked(&self.staging);
        let mut under_way = VecDeque::new();
        let mut whole = Vec::new();
        let (mut start, end) = (offset, offset.saturating_add(bytes));
        while start < end || !under_way.is_empty() {
            if start < end && under_way.len() < STAGING_BUFFERS {
                let length = ((end - start) as usize).min(STAGING_BYTES);
                let source = buffer.part(start, length)?;
                let number = staging.next().map_err(failure)?;
                let Slot { memory, done } = &mut staging.slots[number];
                // SAFETY: the slot's memory is page-locked and is not touched before `done`.
                unsafe { source.async_copy_to(&mut memory[..length], &self.session.stream) }
                    .and_then(|()| done.record(&self.session.stream))
                    .map_err(failure)?;
                under_way.push_back((number, length));
                start += length as u64;
                continue;
            }
            let Some((number, length)) = under_way.pop_front() else {
                break;
            };
            let Slot { memory, done } = &staging.slots[number];
            done.synchronize().map_err(failure)?;
            if length as u64 == bytes {
                read(&memory[..length]);
                return Ok(());
            }
            whole.extend_from_slice(&memory[..length]);
        }
        read(&whole);
        Ok(())
    }

    fn copy(
        &self,
        (from, start): (&Buffer, u64),
        (to, place): (&Buffer, u64),
        bytes: u64,
    ) -> Result<()> {
        let failure = |error| self.session.late_error("copy", error);
        let length = bytes as usize;
        let (source, mut target) = (from.part(start, length)?, to.part(place, length)?);
        self.session.enter().map_err(failure)?;
        // SAFETY: both buffers are freed in the stream's order, so they outlive the copy.
        unsafe { target.async_copy_from(&source, &self.session.stream) }.map_err(failure)
    }

    fn compile(&self, source: &KernelText) -> Result<Arc<Kernel>> {
        let mut kernels = locked(&self.kernels);
        if let Some(kernel) = kernels.get(source) {
            return Ok(Arc::clone(kernel));
        }
        let enter = self.session.enter();
        enter.map_err(|e| self.session.error(&source.entry, e))?;
        let kernel = Arc::new(self.build(source)?);
        kernels.insert(source.clone(), Arc::clone(&kernel));
        Ok(kernel)
    }

    fn launch(
        &self,
        kernel: &Kernel,
        buffers: &[&Buffer],
        parameters: &[u32],
        groups: u64,
    ) -> Result<()> {
        if groups == 0 {
            return Ok(());
        }
        let name = &kernel.name;
        let refuse = |detail: String| Error::driver(self.properties.device.clone(), name, detail);
        if (parameters.len(), buffers.len()) != (kernel.parameters, kernel.buffers) {
            return Err(refuse(format!(
                "it takes {} words of parameters and {} buffers, not {} and {}",
                kernel.parameters,
                kernel.buffers,
                parameters.len(),
                buffers.len()
            )));
        }
        let rows = groups.div_ceil(GRID[0]);
        if rows > GRID[1] {
            return Err(refuse(format!("{groups} blocks are more than a grid has")));
        }
        let mut pointers: Vec<u64> = buffers
            .iter()
            .map(|b| b.memory.as_device_ptr().as_raw())
            .collect();
        // The driver copies the arguments before it returns, and does not write them.
        let mut arguments: Vec<*mut c_void> = vec![parameters.as_ptr().cast_mut().cast()];
        arguments.extend(pointers.iter_mut().map(|p| (&raw mut *p).cast::<c_void>()));
        let grid = GridSize::xy(groups.div_ceil(rows) as u32, rows as u32);
        let failure = |e| self.session.late_error(name, e);
        self.session.enter().map_err(failure)?;
        // SAFETY: the kernel takes its parameters by value as so many words, then so many pointers, which both were counted; the
        // buffers outlive the launch, because they are freed in the stream's order.
        unsafe {
            self.session.stream.launch(
                &kernel.function,
                grid,
                BlockSize::x(kernel.group_size),
                0,
                &arguments,
            )
        }
        .map_err(failure)?;
        self.counters.launches.fetch_add(1, Relaxed);
        self.counters.submissions.fetch_add(1, Relaxed);
        Ok(())
    }

    fn synchronize(&self) -> Result<()> {
        let failure = |error| self.session.late_error("synchronize", error);
        self.session.enter().map_err(failure)?;
        self.session.stream.synchronize().map_err(failure)
    }

    fn counters(&self) -> Counters {
        self.counters.read()
    }

    fn vendor(&self) -> Option<&dyn Vendor<Buffer = Buffer>> {
        self.libraries.as_ref().map(|_| self as _)
    }
}

impl Drop for CudaRuntime {
    fn drop(&mut self) {
        // The GPU may still use page-locked memory and code, so they must not be freed before it is done. After a
        // failure it uses nothing.
        let _ = self
            .session
            .enter()
            .and_then(|()| self.session.stream.synchronize());
    }
}

impl fmt::Debug for CudaRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CudaRuntime")
            .field("properties", &self.properties)
            .finish_non_exhaustive()
    }
}
