//! Any GPU, through `wgpu`: Vulkan, Metal and Direct3D 12.

mod bind_groups;
mod runtime;
mod shader;

use std::{
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
};

use array_api_spec::{Device, Error, Namespace, Result};

pub use self::runtime::WgpuRuntime;
use array_api_gpu::Gpu;
use array_api_host::process::Starter;

/// The backend of any GPU that `wgpu` reaches.
pub type Wgpu = Gpu<WgpuRuntime>;

/// Which of an adapter's dtypes are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Types {
    /// All that the adapter has.
    #[default]
    All,
    /// No 64-bit types, as on adapters that have none (Apple's and Intel's GPUs, browsers): no `float64`, `complex128`, `int64`
    /// and `uint64`, and the default dtypes are `float32` and `int32`.
    Masked,
}

/// An adapter of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterInfo {
    /// Its number in `wgpu:N`. The fastest kind comes first: discrete, integrated, virtual, software.
    pub index: usize,
    /// The driver's name for it.
    pub name: String,
    /// `vulkan`, `metal` or `dx12`.
    pub backend: String,
    /// The driver and its version.
    pub driver: String,
    /// Whether it is software on the processor.
    pub is_cpu: bool,
}

impl fmt::Display for AdapterInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "wgpu:{} ({}, {}, {})",
            self.index, self.name, self.backend, self.driver
        )
    }
}

/// The adapters of this machine, in the order of their numbers. They are looked for once in a process. A process that
/// was forked from one that had looked finds none.
pub fn adapters() -> Vec<AdapterInfo> {
    let describe = |(index, adapter): (usize, &::wgpu::Adapter)| {
        let info = adapter.get_info();
        AdapterInfo {
            index,
            name: info.name,
            backend: info.backend.to_str().to_owned(),
            driver: format!("{} {}", info.driver, info.driver_info)
                .trim()
                .to_owned(),
            is_cpu: info.device_type == ::wgpu::DeviceType::Cpu,
        }
    };
    let found = found().unwrap_or_default();
    found.iter().enumerate().map(describe).collect()
}

/// The namespace of adapter `index`, such as `wgpu:0`.
///
/// # Errors
/// [`ErrorKind::NoDevice`](array_api_spec::ErrorKind::NoDevice) if there is no such adapter or it cannot be opened.
pub fn wgpu(index: usize) -> Result<Namespace<Wgpu>> {
    backend(index, Types::All).map(Namespace::new)
}

/// The namespace of adapter `index` without its 64-bit types, to test what adapters without them do: see
/// [`Types::Masked`].
///
/// # Errors
/// Those of [`wgpu()`](wgpu()).
pub fn with_masked_types(index: usize) -> Result<Namespace<Wgpu>> {
    backend(index, Types::Masked).map(Namespace::new)
}

/// The backend on adapter `index`. The same index and types give the same device, so arrays can meet.
///
/// # Errors
/// [`ErrorKind::NoDevice`](array_api_spec::ErrorKind::NoDevice) if there is no such adapter or it cannot be opened.
pub fn backend(index: usize, types: Types) -> Result<Wgpu> {
    static OPEN: Mutex<Vec<((usize, Types), Wgpu)>> = Mutex::new(Vec::new());
    // This comes before the lock: in a forked child, a thread of the parent may have held that for ever.
    STARTER
        .claim()
        .map_err(|detail| Error::no_device(name(index, types), detail))?;
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, gpu)) = open.iter().find(|(key, _)| *key == (index, types)) {
        return Ok(gpu.clone());
    }
    let gpu = fresh_backend(index, types)?;
    open.push(((index, types), gpu.clone()));
    Ok(gpu)
}

/// The backend on adapter `index` with a queue, a memory pool and [counters](array_api_gpu::runtime::Counters) of its own. Its
/// arrays do not mix with those of other backends, not even on the same adapter.
///
/// # Errors
/// Those of [`backend`].
pub fn fresh_backend(index: usize, types: Types) -> Result<Wgpu> {
    let name = name(index, types);
    let found = found().map_err(|detail| Error::no_device(&name, detail))?;
    let adapter = found.get(index).ok_or_else(|| no_adapter(&name))?;
    WgpuRuntime::open(adapter, Device::new(&name), types == Types::Masked).map(Gpu::new)
}

fn name(index: usize, types: Types) -> String {
    match types {
        Types::All => format!("wgpu:{index}"),
        Types::Masked => format!("wgpu:{index} (without f64 and i64)"),
    }
}

fn no_adapter(name: &str) -> Error {
    let detail = match adapters().as_slice() {
        [] => "no Vulkan, Metal or Direct3D 12 adapter was found; on Debian and Ubuntu `apt-get install mesa-vulkan-drivers` \
               adds one that needs no GPU"
            .to_owned(),
        all => {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            format!("the adapters are {}", all.join("; "))
        }
    };
    Error::no_device(name, detail)
}

/// The process that starts the drivers.
static STARTER: Starter = Starter::new();

/// # Errors
/// The drivers were started before this process was forked.
fn found() -> Result<&'static [::wgpu::Adapter], &'static str> {
    static FOUND: OnceLock<Vec<::wgpu::Adapter>> = OnceLock::new();
    STARTER.claim()?;
    Ok(FOUND.get_or_init(|| {
        let backends = ::wgpu::Backends::VULKAN | ::wgpu::Backends::METAL | ::wgpu::Backends::DX12;
        let mut descriptor = ::wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = backends;
        // No validation layers: they are for debugging, and on a machine without a driver they print messages.
        descriptor.flags = ::wgpu::InstanceFlags::empty();
        let instance = ::wgpu::Instance::new(descriptor);
        let mut adapters = pollster::block_on(instance.enumerate_adapters(backends));
        adapters.retain(|a| {
            a.get_downlevel_capabilities()
                .flags
                .contains(::wgpu::DownlevelFlags::COMPUTE_SHADERS)
        });
        adapters.sort_by_key(|a| match a.get_info().device_type {
            ::wgpu::DeviceType::DiscreteGpu => 0,
            ::wgpu::DeviceType::IntegratedGpu => 1,
            ::wgpu::DeviceType::VirtualGpu => 2,
            ::wgpu::DeviceType::Other => 3,
            ::wgpu::DeviceType::Cpu => 4,
        });
        adapters
    }))
}

#[cfg(test)]
mod tests {
    use array_api_spec::ErrorKind;

    use super::*;
    use array_api_gpu::runtime::{Access, KernelText, Runtime};

    /// Runs a test on the adapter as it is and without its 64-bit types, each with counters of its own.
    fn on_each(test: impl Fn(&WgpuRuntime)) {
        if adapters().is_empty() {
            array_api_conformance::skip(
                "wgpu",
                "`apt-get install mesa-vulkan-drivers` adds an adapter in software",
            );
            return;
        }
        for masked in [false, true] {
            let runtime = WgpuRuntime::open(
                &found().expect("not forked")[0],
                Device::new("wgpu:0"),
                masked,
            )
            .expect("opens");
            assert!(!masked || !runtime.properties().float64 && !runtime.properties().int64);
            test(&runtime);
        }
    }

    fn source(text: &str, access: &[Access]) -> KernelText {
        KernelText {
            entry: "kernel".into(),
            text: text.into(),
            parameters: 4,
            access: access.into(),
            group_size: 1,
        }
    }

    const PARAMETERS: &str = "@group(0) @binding(0) var<uniform> p: array<vec4<u32>, 1>;\n";

    #[test]
    fn launches_are_batched_and_ordered() {
        on_each(|runtime| {
            let text = format!(
                "{PARAMETERS}@group(0) @binding(1) var<storage, read_write> x: array<u32>;
                @compute @workgroup_size(1) fn kernel() {{ x[0] = x[0] * 3u + p[0].x; }}"
            );
            let kernel = runtime
                .compile(&source(&text, &[Access::ReadWrite]))
                .expect("compiles");
            let x = runtime.allocate(4).expect("room");
            runtime.upload(&x, &7_u32.to_le_bytes()).expect("written");
            let mut expected = 7_u32;
            for i in 0..1000 {
                runtime.launch(&kernel, &[&x], &[i], 1).expect("launched");
                expected = expected.wrapping_mul(3).wrapping_add(i);
            }
            runtime
                .download(&x, 0, 4, &mut |bytes| {
                    assert_eq!(bytes, expected.to_le_bytes());
                })
                .expect("read");
            let counters = runtime.counters();
            assert_eq!((counters.launches, counters.compilations), (1000, 1));
            assert!(counters.submissions <= 17, "{counters:?}");
        });
    }

    #[test]
    fn transfers_keep_every_byte_and_recycle_buffers() {
        on_each(|runtime| {
            for length in [1, 2, 3, 5, 4096, 70_001, 3 << 20] {
                let bytes: Vec<u8> = (0..length).map(|i| (i * 7 + i / 251) as u8).collect();
                let x = runtime.allocate(length as u64).expect("room");
                runtime.upload(&x, &bytes).expect("written");
                for start in [0, length / 3, length - 1] {
                    runtime
                        .download(&x, start as u64, (length - start) as u64, &mut |read| {
                            assert_eq!(read, &bytes[start..]);
                        })
                        .expect("read");
                }
                runtime.free(x);
                let fresh = runtime.counters().fresh_allocations;
                runtime.free(runtime.allocate(length as u64).expect("room"));
                assert_eq!(runtime.counters().fresh_allocations, fresh);
            }
        });
    }

    #[test]
    fn many_groups_fill_two_dimensions() {
        on_each(|runtime| {
            let text = format!(
                "{PARAMETERS}@group(0) @binding(1) var<storage, read_write> x: array<u32>;
                @compute @workgroup_size(1)
                fn kernel(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>) {{
                    let i = id.x + id.y * n.x;
                    if (i < p[0].x) {{ x[i] = i; }}
                }}"
            );
            let kernel = runtime
                .compile(&source(&text, &[Access::ReadWrite]))
                .expect("compiles");
            let n = 70_001_u32;
            let x = runtime.allocate(u64::from(n) * 4).expect("room");
            runtime
                .launch(&kernel, &[&x], &[n], n.into())
                .expect("launched");
            let check = &mut |bytes: &[u8]| {
                let words: Vec<u32> = bytemuck::allocation::pod_collect_to_vec(bytes);
                assert!(words.iter().copied().eq(0..n));
            };
            runtime
                .download(&x, 0, u64::from(n) * 4, check)
                .expect("read");
        });
    }

    #[test]
    fn ieee_rules_hold() {
        on_each(|runtime| {
            let text = format!(
                "{PARAMETERS}@group(0) @binding(1) var<storage, read_write> x: array<f32>;
                @compute @workgroup_size(1) fn kernel() {{
                    x[2] = select(0.0, 1.0, x[0] != x[0]);
                    x[3] = (x[1] + 1.0) - x[1];
                    x[4] = x[0] - x[0];
                }}"
            );
            let kernel = runtime
                .compile(&source(&text, &[Access::ReadWrite]))
                .expect("compiles");
            let x = runtime.allocate(20).expect("room");
            let values = [f32::NAN, 1e30, -1.0, -1.0, -1.0];
            runtime
                .upload(&x, bytemuck::cast_slice(&values))
                .expect("written");
            runtime.launch(&kernel, &[&x], &[], 1).expect("launched");
            let check = &mut |bytes: &[u8]| {
                let values: Vec<f32> = bytemuck::allocation::pod_collect_to_vec(bytes);
                assert_eq!(values[2..4], [1.0, 0.0]);
                assert!(values[4].is_nan());
            };
            if runtime.is_strict() {
                runtime.download(&x, 0, 20, check).expect("read");
            }
        });
    }

    #[test]
    fn failures_are_errors() {
        on_each(|runtime| {
            let error = runtime.allocate(1 << 40).expect_err("too large");
            assert!(
                matches!(error.kind(), ErrorKind::OutOfMemory { bytes, .. } if *bytes == 1 << 40),
                "{error}"
            );
            for text in [
                "fn kernel( {",
                "@compute @workgroup_size(1) fn kernel() { let x: i32 = 1.5; }",
                "@group(0) @binding(1) var<storage, read_write> x: array<u64>;
                @compute @workgroup_size(1) fn kernel() { x[0] = firstLeadingBit(x[1]); }",
            ] {
                let error = runtime
                    .compile(&source(text, &[Access::ReadWrite]))
                    .expect_err("wrong");
                assert!(
                    matches!(error.kind(), ErrorKind::Driver { function, .. } if function == "kernel"),
                    "{error}"
                );
            }
            runtime.synchronize().expect("the device lives on");
        });
        let error = backend(999, Types::All).expect_err("so many adapters");
        assert!(matches!(error.kind(), ErrorKind::NoDevice { .. }));
    }
}
