//! The `wgpu` runtime. One command encoder and one compute pass stay open. They are submitted every [`BATCH`] launches,
//! or when data is downloaded. The launches of a batch keep their parameters in one small buffer.
//!
//! The driver keeps every write and every launch until the device has finished it. To bound that memory, the runtime
//! submits regularly, and waits when the device is too far behind.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
};

use array_api_spec::{Device, Error, Result};

use super::{
    bind_groups::BindGroups,
    shader::{panic_text, strict_spirv},
};
use array_api_gpu::{
    pool::{Pool, size_class},
    runtime::{Access, AtomicCounters, Counters, DeviceProperties, KernelText, Language, Runtime},
};

/// Launches in one submission. More bring no gain, and the device would idle while they are recorded.
const BATCH: usize = 64;
/// Most submissions that the device has not finished. It works on one while the next is recorded; the others keep it
/// busy while the host pauses.
const IN_FLIGHT: usize = 4;
/// Bytes for the parameters of a batch.
const PARAMETER_BYTES: usize = 64 * 1024;
/// Most bytes that the pool keeps for later use.
const POOL_BYTES: u64 = 1 << 30;
/// Bytes of the staging buffer. Larger transfers go through it in parts.
const STAGING_BYTES: u64 = 32 << 20;
/// From this size on, mapping the buffer itself is faster than a staged copy.
const MAPPED_BYTES: u64 = 16 << 10;
/// The usages of every array's buffer.
const USAGE: ::wgpu::BufferUsages = ::wgpu::BufferUsages::STORAGE
    .union(::wgpu::BufferUsages::COPY_SRC)
    .union(::wgpu::BufferUsages::COPY_DST);

/// An open adapter.
pub struct WgpuRuntime {
    device: ::wgpu::Device,
    queue: ::wgpu::Queue,
    properties: DeviceProperties,
    limits: ::wgpu::Limits,
    /// Whether kernels are loaded as strict SPIR-V.
    strict: bool,
    /// Whether arrays can be mapped into the host's memory.
    mappable: bool,
    kernels: Mutex<HashMap<KernelText, Arc<Kernel>>>,
    stream: Mutex<Stream>,
    pool: Mutex<Pool<::wgpu::Buffer>>,
    /// The first failure that has not been returned yet.
    failure: Arc<Mutex<Option<Failure>>>,
    counters: AtomicCounters,
}

/// A compiled kernel.
#[derive(Debug)]
pub struct Kernel {
    pipeline: ::wgpu::ComputePipeline,
    pub(super) layout: ::wgpu::BindGroupLayout,
}

#[derive(Debug)]
struct Failure {
    out_of_memory: bool,
    detail: String,
}

/// Work that is recorded but not yet submitted.
struct Stream {
    /// Stands before the encoder, because it must be dropped first.
    pass: Option<::wgpu::ComputePass<'static>>,
    encoder: Option<::wgpu::CommandEncoder>,
    launches: usize,
    bind_groups: BindGroups,
    /// Uploads since the last submission, of which the driver holds copies, and their bytes.
    writes: usize,
    written_bytes: u64,
    /// Submissions that the device may not have finished.
    in_flight: VecDeque<::wgpu::SubmissionIndex>,
    parameters: Vec<u8>,
    parameter_buffer: ::wgpu::Buffer,
    staging: Option<::wgpu::Buffer>,
}

impl WgpuRuntime {
    /// Opens an adapter. `masked` hides its 64-bit types.
    pub(super) fn open(adapter: &::wgpu::Adapter, name: Device, masked: bool) -> Result<Self> {
        use ::wgpu::Features;
        let (info, available, limits) = (adapter.get_info(), adapter.features(), adapter.limits());
        let unified = matches!(
            info.device_type,
            ::wgpu::DeviceType::Cpu | ::wgpu::DeviceType::IntegratedGpu
        );
        let mut wanted = Features::empty();
        wanted.set(
            Features::PASSTHROUGH_SHADERS,
            info.backend == ::wgpu::Backend::Vulkan,
        );
        wanted.set(Features::SHADER_F64 | Features::SHADER_INT64, !masked);
        wanted.set(Features::MAPPABLE_PRIMARY_BUFFERS, unified);
        let features = available & wanted;
        let descriptor = ::wgpu::DeviceDescriptor {
            label: Some("array-api"),
            required_features: features,
            required_limits: limits.clone(),
            // SAFETY: the one experimental feature is SPIR-V passthrough, which gets only naga's own output for
            // validated kernels, with decorations added.
            experimental_features: unsafe { ::wgpu::ExperimentalFeatures::enabled() },
            // The pool recycles whole buffers itself.
            memory_hints: ::wgpu::MemoryHints::MemoryUsage,
            trace: ::wgpu::Trace::Off,
        };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).map_err(|e| {
                let detail = format!("{} ({}) cannot be opened: {e}", info.name, info.backend);
                Error::no_device(name.name(), detail).caused_by(e)
            })?;
        let failure: Arc<Mutex<Option<Failure>>> = Arc::default();
        let note = |failure: &Arc<Mutex<Option<Failure>>>| {
            let failure = Arc::clone(failure);
            move |out_of_memory, detail| {
                let mut first = failure.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(Failure {
                    out_of_memory,
                    detail,
                });
            }
        };
        let (on_error, on_loss) = (note(&failure), note(&failure));
        device.on_uncaptured_error(Arc::new(move |error: ::wgpu::Error| {
            on_error(
                matches!(error, ::wgpu::Error::OutOfMemory { .. }),
                error.to_string(),
            );
        }));
        device.set_device_lost_callback(move |reason, detail| {
            if reason != ::wgpu::DeviceLostReason::Destroyed {
                on_loss(false, format!("the device was lost: {detail}"));
            }
        });
        let parameter_buffer = device.create_buffer(&::wgpu::BufferDescriptor {
            label: Some("parameters"),
            size: PARAMETER_BYTES as u64,
            usage: ::wgpu::BufferUsages::UNIFORM | ::wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let properties = DeviceProperties {
            device: name,
            language: Language::Wgsl,
            compiles: true,
            float64: features.contains(Features::SHADER_F64),
            int64: features.contains(Features::SHADER_INT64),
            max_bytes: limits
                .max_storage_buffer_binding_size
                .min(limits.max_buffer_size)
                / 4
                * 4,
            max_buffers: limits.max_storage_buffers_per_shader_stage as usize,
            max_group_size: limits
                .max_compute_invocations_per_workgroup
                .min(limits.max_compute_workgroup_size_x),
            shared_bytes: limits.max_compute_workgroup_storage_size,
            is_cpu: info.device_type == ::wgpu::DeviceType::Cpu,
        };
        Ok(Self {
            device,
            queue,
            limits,
            properties,
            strict: features.contains(Features::PASSTHROUGH_SHADERS),
            mappable: features.contains(Features::MAPPABLE_PRIMARY_BUFFERS),
            kernels: Mutex::default(),
            stream: Mutex::new(Stream {
                pass: None,
                encoder: None,
                launches: 0,
                bind_groups: BindGroups::default(),
                writes: 0,
                written_bytes: 0,
                in_flight: VecDeque::with_capacity(IN_FLIGHT + 1),
                parameters: Vec::with_capacity(PARAMETER_BYTES),
                parameter_buffer,
                staging: None,
            }),
            pool: Mutex::new(Pool::new(POOL_BYTES)),
            failure,
            counters: AtomicCounters::default(),
        })
    }

    /// Whether kernels are loaded as strict SPIR-V, and so keep IEEE's rules.
    #[cfg(test)]
    pub(super) const fn is_strict(&self) -> bool {
        self.strict
    }

    fn driver_error(&self, function: &str, detail: impl Into<String>) -> Error {
        Error::driver(self.properties.device.clone(), function, detail)
    }

    fn out_of_memory(&self, bytes: u64, detail: impl Into<String>) -> Error {
        Error::out_of_memory(self.properties.device.clone(), bytes as usize, detail)
    }

    /// An error if the driver has reported one since the last check.
    fn check(&self, function: &str) -> Result<()> {
        let failure = self
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        failure.map_or(Ok(()), |f| Err(self.driver_error(function, f.detail)))
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the open compute pass, and returns the encoder, for copies.
    fn encoder<'a>(&self, stream: &'a mut Stream) -> &'a mut ::wgpu::CommandEncoder {
        stream.pass = None;
        stream.encoder.get_or_insert_with(|| {
            self.device
                .create_command_encoder(&::wgpu::CommandEncoderDescriptor::default())
        })
    }

    /// Submits the recorded work.
    fn flush(&self, stream: &mut Stream) -> Result<()> {
        stream.pass = None;
        let Some(encoder) = stream.encoder.take() else {
            return Ok(());
        };
        if !stream.parameters.is_empty() {
            self.queue
                .write_buffer(&stream.parameter_buffer, 0, &stream.parameters);
            stream.parameters.clear();
        }
        stream.launches = 0;
        stream.bind_groups.clear();
        self.counters.submissions.fetch_add(1, Relaxed);
        self.submit(stream, Some(encoder.finish()))
    }

    /// Submits work and earlier uploads, and waits while the device is too far behind.
    fn submit(&self, stream: &mut Stream, work: Option<::wgpu::CommandBuffer>) -> Result<()> {
        stream.in_flight.push_back(self.queue.submit(work));
        (stream.writes, stream.written_bytes) = (0, 0);
        while stream.in_flight.len() > IN_FLIGHT {
            let oldest = ::wgpu::PollType::Wait {
                submission_index: stream.in_flight.pop_front(),
                timeout: None,
            };
            self.poll("submit", oldest)?;
        }
        Ok(())
    }

    /// Copies bytes into the driver's memory; it writes them to the buffer before the next submission. Their number is
    /// a multiple of 4.
    fn write(
        &self,
        stream: &mut Stream,
        buffer: &::wgpu::Buffer,
        start: u64,
        bytes: &[u8],
    ) -> Result<()> {
        self.queue.write_buffer(buffer, start, bytes);
        stream.writes += 1;
        stream.written_bytes += bytes.len() as u64;
        if stream.writes >= BATCH || stream.written_bytes >= STAGING_BYTES {
            self.submit(stream, None)?;
        }
        Ok(())
    }

    fn wait(&self, function: &str) -> Result<()> {
        self.poll(function, ::wgpu::PollType::wait_indefinitely())?;
        self.check(function)
    }

    fn poll(&self, function: &str, until: ::wgpu::PollType) -> Result<()> {
        self.device
            .poll(until)
            .map(drop)
            .map_err(|e| self.driver_error(function, e.to_string()).caused_by(e))
    }

    /// Waits until `bytes` bytes of a buffer are mapped.
    fn map(
        &self,
        function: &str,
        mode: ::wgpu::MapMode,
        slice: ::wgpu::BufferSlice<'_>,
    ) -> Result<()> {
        let outcome: Arc<Mutex<Option<Result<(), ::wgpu::BufferAsyncError>>>> = Arc::default();
        let report = Arc::clone(&outcome);
        slice.map_async(mode, move |result| {
            *report.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        });
        self.wait(function)?;
        let outcome = outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match outcome {
            Some(Ok(())) => Ok(()),
            Some(Err(e)) => Err(self.driver_error(function, e.to_string())),
            None => Err(self.driver_error(function, "the buffer was never mapped")),
        }
    }

    /// The staging buffer for downloads, of at least `bytes` bytes.
    fn staging(&self, stream: &mut Stream, bytes: u64) -> Result<::wgpu::Buffer> {
        if let Some(buffer) = stream.staging.as_ref().filter(|b| b.size() >= bytes) {
            return Ok(buffer.clone());
        }
        let buffer = self.device.create_buffer(&::wgpu::BufferDescriptor {
            label: Some("staging"),
            size: bytes.next_power_of_two().max(64 << 10),
            usage: ::wgpu::BufferUsages::MAP_READ | ::wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.check("download")?;
        stream.staging = Some(buffer.clone());
        Ok(buffer)
    }

    fn read_mapped(
        &self,
        buffer: &::wgpu::Buffer,
        range: std::ops::Range<u64>,
        read: impl FnOnce(&[u8]),
    ) -> Result<()> {
        let slice = buffer.slice(range);
        self.map("download", ::wgpu::MapMode::Read, slice)?;
        let result = slice
            .get_mapped_range()
            .map(|view| read(&view))
            .map_err(|e| self.driver_error("download", e.to_string()).caused_by(e));
        buffer.unmap();
        result
    }

    fn build(&self, source: &KernelText) -> Result<Kernel> {
        let label = Some(source.entry.as_str());
        let module = if self.strict {
            let words = strict_spirv(source, self.properties.float64, self.properties.int64)
                .map_err(|e| self.driver_error(&source.entry, e))?;
            let descriptor = ::wgpu::ShaderModuleDescriptorPassthrough {
                label,
                entry_points: [::wgpu::PassthroughShaderEntryPoint {
                    name: source.entry.as_str().into(),
                    workgroup_size: (source.group_size, 1, 1),
                }]
                .to_vec()
                .into(),
                spirv: Some(words.into()),
                ..::wgpu::ShaderModuleDescriptorPassthrough::default()
            };
            // SAFETY: the words come from naga's SPIR-V writer, for a module that naga validated.
            unsafe { self.device.create_shader_module_passthrough(descriptor) }
        } else {
            self.device
                .create_shader_module(::wgpu::ShaderModuleDescriptor {
                    label,
                    source: ::wgpu::ShaderSource::Wgsl(source.text.as_str().into()),
                })
        };
        let arrays = source
            .access
            .iter()
            .map(|access| ::wgpu::BufferBindingType::Storage {
                read_only: *access == Access::Read,
            });
        let entries: Vec<::wgpu::BindGroupLayoutEntry> = [::wgpu::BufferBindingType::Uniform]
            .into_iter()
            .chain(arrays)
            .enumerate()
            .map(|(binding, ty)| ::wgpu::BindGroupLayoutEntry {
                binding: binding as u32,
                visibility: ::wgpu::ShaderStages::COMPUTE,
                ty: ::wgpu::BindingType::Buffer {
                    ty,
                    // Each launch has its parameters at another place of one buffer.
                    has_dynamic_offset: ty == ::wgpu::BufferBindingType::Uniform,
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let layout = self
            .device
            .create_bind_group_layout(&::wgpu::BindGroupLayoutDescriptor {
                label,
                entries: &entries,
            });
        let pipeline_layout =
            self.device
                .create_pipeline_layout(&::wgpu::PipelineLayoutDescriptor {
                    label,
                    bind_group_layouts: &[Some(&layout)],
                    immediate_size: 0,
                });
        let pipeline = self
            .device
            .create_compute_pipeline(&::wgpu::ComputePipelineDescriptor {
                label,
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some(&source.entry),
                compilation_options: ::wgpu::PipelineCompilationOptions {
                    constants: &[],
                    // Kernels write shared memory before they read it.
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            });
        self.check(&source.entry)?;
        Ok(Kernel { pipeline, layout })
    }
}

impl Runtime for WgpuRuntime {
    type Buffer = ::wgpu::Buffer;
    type Kernel = Kernel;

    fn properties(&self) -> &DeviceProperties {
        &self.properties
    }

    fn allocate(&self, bytes: u64) -> Result<::wgpu::Buffer> {
        let limit = self.properties.max_bytes;
        if bytes > limit {
            return Err(self.out_of_memory(
                bytes,
                format!("the adapter's largest array has {limit} bytes"),
            ));
        }
        let class = size_class(bytes, limit);
        self.counters.allocations.fetch_add(1, Relaxed);
        self.counters.allocated_bytes.fetch_add(bytes, Relaxed);
        if let Some(buffer) = self
            .pool
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(class)
        {
            return Ok(buffer);
        }
        let mut usage = USAGE;
        if self.mappable {
            usage |= ::wgpu::BufferUsages::MAP_READ | ::wgpu::BufferUsages::MAP_WRITE;
        }
        let create = || {
            self.counters.fresh_allocations.fetch_add(1, Relaxed);
            let buffer = self.device.create_buffer(&::wgpu::BufferDescriptor {
                label: None,
                size: class,
                usage,
                mapped_at_creation: false,
            });
            match self
                .failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
            {
                None => Ok(buffer),
                Some(f) if f.out_of_memory => Err(self.out_of_memory(bytes, f.detail)),
                Some(f) => Err(self.driver_error("allocate", f.detail)),
            }
        };
        create().or_else(|error| {
            // The pool may hold the memory that is missing.
            if !self
                .pool
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clear()
            {
                return Err(error);
            }
            self.synchronize()?;
            create()
        })
    }

    fn free(&self, buffer: ::wgpu::Buffer) {
        self.pool
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(buffer.size(), buffer);
    }

    fn upload(&self, buffer: &::wgpu::Buffer, bytes: &[u8]) -> Result<()> {
        let whole = bytes.len() / 4 * 4;
        let mut tail = [0; 4];
        tail[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
        let mut stream = self.stream();
        // A write takes effect before all work of the next submission. Earlier launches may still use this recycled
        // buffer, so they are submitted first.
        self.flush(&mut stream)?;
        if self.mappable && bytes.len() as u64 >= MAPPED_BYTES {
            let slice = buffer.slice(..(bytes.len() as u64).next_multiple_of(4));
            self.map("upload", ::wgpu::MapMode::Write, slice)?;
            let result = slice
                .get_mapped_range_mut()
                .map(|mut view| view.slice(..bytes.len()).copy_from_slice(bytes))
                .map_err(|e| self.driver_error("upload", e.to_string()).caused_by(e));
            buffer.unmap();
            return result;
        }
        for (part, chunk) in bytes[..whole].chunks(STAGING_BYTES as usize).enumerate() {
            self.write(&mut stream, buffer, part as u64 * STAGING_BYTES, chunk)?;
        }
        if whole < bytes.len() {
            self.write(&mut stream, buffer, whole as u64, &tail)?;
        }
        self.check("upload")
    }

    fn download(
        &self,
        buffer: &::wgpu::Buffer,
        offset: u64,
        bytes: u64,
        read: &mut dyn FnMut(&[u8]),
    ) -> Result<()> {
        self.counters.count_download(bytes);
        // Mapped ranges start at multiples of 8 and end at multiples of 4.
        let start = offset / 8 * 8;
        let end = (offset + bytes).next_multiple_of(4).min(buffer.size());
        let window = (offset - start) as usize..(offset - start + bytes) as usize;
        let mut stream = self.stream();
        if self.mappable && bytes >= MAPPED_BYTES {
            self.flush(&mut stream)?;
            return self.read_mapped(buffer, start..end, |view| read(&view[window]));
        }
        let staging = self.staging(&mut stream, end - start)?;
        self.encoder(&mut stream)
            .copy_buffer_to_buffer(buffer, start, &staging, 0, end - start);
        self.flush(&mut stream)?;
        let result = self.read_mapped(&staging, 0..end - start, |view| read(&view[window]));
        if staging.size() > STAGING_BYTES {
            stream.staging = None;
        }
        result
    }

    fn copy(
        &self,
        (from, start): (&::wgpu::Buffer, u64),
        (to, place): (&::wgpu::Buffer, u64),
        bytes: u64,
    ) -> Result<()> {
        let mut stream = self.stream();
        self.encoder(&mut stream)
            .copy_buffer_to_buffer(from, start, to, place, bytes);
        self.check("copy")
    }

    fn compile(&self, source: &KernelText) -> Result<Arc<Kernel>> {
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kernel) = kernels.get(source) {
            return Ok(Arc::clone(kernel));
        }
        let kernel =
            catch_unwind(AssertUnwindSafe(|| self.build(source))).unwrap_or_else(|panic| {
                let detail = format!("the compiler panicked: {}", panic_text(&*panic));
                Err(self.driver_error(&source.entry, detail))
            })?;
        self.counters.compilations.fetch_add(1, Relaxed);
        let kernel = Arc::new(kernel);
        kernels.insert(source.clone(), Arc::clone(&kernel));
        Ok(kernel)
    }

    fn launch(
        &self,
        kernel: &Kernel,
        buffers: &[&::wgpu::Buffer],
        parameters: &[u32],
        groups: u64,
    ) -> Result<()> {
        if groups == 0 {
            return Ok(());
        }
        let most = u64::from(self.limits.max_compute_workgroups_per_dimension);
        let rows = groups.div_ceil(most);
        let columns = groups.div_ceil(rows);
        if rows > most {
            return Err(self.driver_error(
                "launch",
                format!("{groups} workgroups are more than {most}²"),
            ));
        }
        let words = bytemuck::cast_slice::<u32, u8>(parameters);
        let size = words.len().max(16);
        let most = PARAMETER_BYTES.min(self.limits.max_uniform_buffer_binding_size as usize);
        if size > most {
            let detail = format!("{size} bytes of parameters are more than {most}");
            return Err(self.driver_error("launch", detail));
        }
        let alignment = self.limits.min_uniform_buffer_offset_alignment as usize;
        let mut guard = self.stream();
        let stream = &mut *guard;
        let mut start = stream.parameters.len().next_multiple_of(alignment);
        if start + size > PARAMETER_BYTES {
            self.flush(stream)?;
            start = 0;
        }
        stream.parameters.resize(start, 0);
        stream.parameters.extend_from_slice(words);
        stream.parameters.resize(start + size, 0);

        if stream.pass.is_none() {
            let encoder = self.encoder(stream);
            let pass = encoder.begin_compute_pass(&::wgpu::ComputePassDescriptor::default());
            stream.pass = Some(pass.forget_lifetime());
        }
        let parameters = (&stream.parameter_buffer, size as u64);
        let bind_group = stream
            .bind_groups
            .of(&self.device, kernel, parameters, buffers);
        self.check("launch")?;
        if let Some(pass) = stream.pass.as_mut() {
            pass.set_pipeline(&kernel.pipeline);
            pass.set_bind_group(0, bind_group, &[start as u32]);
            pass.dispatch_workgroups(columns as u32, rows as u32, 1);
        }
        self.counters.launches.fetch_add(1, Relaxed);
        stream.launches += 1;
        if stream.launches >= BATCH {
            self.flush(stream)?;
            return self.check("launch");
        }
        Ok(())
    }

    fn synchronize(&self) -> Result<()> {
        self.flush(&mut self.stream())?;
        self.wait("synchronize")
    }

    fn counters(&self) -> Counters {
        self.counters.read()
    }
}

impl fmt::Debug for WgpuRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WgpuRuntime")
            .field("properties", &self.properties)
            .finish_non_exhaustive()
    }
}
