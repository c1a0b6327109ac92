//! Every kernel behind the standard's functions is accepted by the compilers: the functions are called on runtimes that compile
//! what they are given and compute nothing. The results are judged elsewhere, on real devices.

mod nvrtc;

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use array_api_compat::gpu::{
    Gpu, Memory,
    runtime::{Access, Capabilities, Counters, Language, Runtime, Source},
};
use array_api_spec::{
    BinaryOp, DType, Device, HostBuffer, Layout, Op, Program, ReduceOp, Result, Scalar, ScanOp,
    Strided,
    backend::{
        ArrayObjectBackend, ElementwiseBackend, ExtraBackend, IndexingBackend, LinalgBackend,
        SortingBackend, StatisticalBackend,
    },
};
use naga::valid::{Capabilities as Features, ValidationFlags, Validator};

/// A device that compiles.
struct Compiler {
    capabilities: Capabilities,
    nvrtc: Option<nvrtc::Nvrtc>,
    seen: Arc<Mutex<HashSet<Source>>>,
}

impl Compiler {
    fn new(language: Language, wide: bool, nvrtc: Option<nvrtc::Nvrtc>) -> Self {
        let capabilities = Capabilities {
            device: Device::new("compiler:0"),
            language,
            float64: wide,
            int64: wide,
            max_bytes: 1 << 30,
            max_buffers: 8,
            max_group_size: 256,
            shared_bytes: 1 << 14,
            is_cpu: false,
        };
        Self {
            capabilities,
            nvrtc,
            seen: Arc::default(),
        }
    }

    fn check(&self, source: &Source) -> Result<(), String> {
        if let Some(nvrtc) = &self.nvrtc {
            let ptx = nvrtc.ptx(&source.text)?;
            return if ptx.contains(&format!(".entry {}(", source.entry)) {
                Ok(())
            } else {
                Err("no entry point".into())
            };
        }
        let module = naga::front::wgsl::parse_str(&source.text)
            .map_err(|e| e.emit_to_string(&source.text))?;
        let mut features = Features::empty();
        features.set(Features::FLOAT64, self.capabilities.float64);
        features.set(Features::SHADER_INT64, self.capabilities.int64);
        let mut validator = Validator::new(ValidationFlags::all(), features);
        validator
            .validate(&module)
            .map_err(|e| e.emit_to_string(&source.text))?;
        let written: Vec<bool> = storage_buffers(&module);
        let declared: Vec<bool> = source
            .access
            .iter()
            .map(|a| *a == Access::ReadWrite)
            .collect();
        if written == declared {
            Ok(())
        } else {
            Err(format!("buffers {written:?} are bound as {declared:?}"))
        }
    }
}

/// Whether each storage buffer of a module is written, by binding.
fn storage_buffers(module: &naga::Module) -> Vec<bool> {
    let mut buffers: Vec<(u32, bool)> = module
        .global_variables
        .iter()
        .filter_map(|(_, variable)| match variable.space {
            naga::AddressSpace::Storage { access } => {
                let binding = variable.binding.expect("a storage buffer is bound").binding;
                Some((binding, access.contains(naga::StorageAccess::STORE)))
            }
            _ => None,
        })
        .collect();
    buffers.sort_unstable();
    buffers.into_iter().map(|(_, written)| written).collect()
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compiler")
    }
}

impl Runtime for Compiler {
    type Buffer = ();
    type Kernel = ();

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn allocate(&self, _: u64) -> Result<()> {
        Ok(())
    }

    fn free(&self, (): ()) {}

    fn upload(&self, (): &(), _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn download(&self, (): &(), _: u64, bytes: u64, read: &mut dyn FnMut(&[u8])) -> Result<()> {
        // Ones in every integer type: counts that are not 0 lead to the kernels that come after a count.
        read(&[1, 0, 0, 0, 0, 0, 0, 0].repeat(bytes.div_ceil(8) as usize)[..bytes as usize]);
        Ok(())
    }

    fn copy(&self, (): &(), (): &(), _: u64) -> Result<()> {
        Ok(())
    }

    fn compile(&self, source: &Source) -> Result<Arc<()>> {
        if self
            .seen
            .lock()
            .expect("no panic before")
            .insert(source.clone())
        {
            self.check(source)
                .unwrap_or_else(|e| panic!("{}: {e}\n{}", source.entry, source.text));
        }
        Ok(Arc::new(()))
    }

    fn launch(&self, (): &(), _: &[&()], _: &[u32], _: u64) -> Result<()> {
        Ok(())
    }

    fn synchronize(&self) -> Result<()> {
        Ok(())
    }

    fn counters(&self) -> Counters {
        Counters::default()
    }
}

type Array = Strided<Memory<Compiler>>;

fn array(gpu: &Gpu<Compiler>, dtype: DType, shape: &[usize]) -> Array {
    let bytes = vec![0; shape.iter().product::<usize>() * dtype.size()];
    let zeros = HostBuffer::from_bytes(dtype, &bytes).expect("whole elements");
    Strided::contiguous(gpu.upload(zeros).expect("room"), shape, dtype)
}

fn reductions(dtype: DType) -> impl Iterator<Item = ReduceOp> {
    ReduceOp::ALL.iter().copied().filter(move |op| match op {
        ReduceOp::All | ReduceOp::Any => dtype == DType::Bool,
        ReduceOp::Sum | ReduceOp::Prod => dtype.is_numeric(),
        _ => dtype.is_integer() || dtype.is_real_floating(),
    })
}

/// Calls every function for every dtype, on shapes that lead through all stages.
fn call_everything(compiler: Compiler) {
    let seen = Arc::clone(&compiler.seen);
    let gpu = &Gpu::new(compiler);
    let index = if gpu.capabilities().int64 {
        DType::Int64
    } else {
        DType::Int32
    };
    for dtype in gpu.dtypes() {
        let real = dtype.is_integer() || dtype.is_real_floating();
        for shape in [[6, 5], [3, 70_000], [70_000, 3]] {
            let x = array(gpu, dtype, &shape);
            let program = Program::input(x.clone());
            for axes in [&[][..], &[0], &[1], &[0, 1]] {
                for op in reductions(dtype) {
                    let out = if matches!(op, ReduceOp::Argmax | ReduceOp::Argmin) {
                        index
                    } else {
                        dtype
                    };
                    gpu.reduce(op, &program, axes, out).expect("reduces");
                }
                for op in [ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min] {
                    if dtype.is_real_floating() {
                        gpu.nan_reduce(op, &program, axes)
                            .map(|r| r.expect("reduces without NaN"));
                    }
                }
            }
            for op in [ScanOp::Sum, ScanOp::Prod] {
                for (axis, include_initial) in [(0, true), (1, false), (1, true)] {
                    if dtype.is_numeric() {
                        gpu.scan(op, &program, axis, include_initial)
                            .expect("scans");
                    }
                }
            }
            for (axis, descending) in [(0, false), (1, true)] {
                if real {
                    gpu.argsort(&x, axis, descending).expect("sorts");
                    gpu.sort(&x, axis, descending).map(|r| r.expect("sorts"));
                }
            }
        }
        let x = array(gpu, dtype, &[6, 5]);
        let flipped = x.with_layout(x.layout.permute(&[1, 0]).flip(0));
        gpu.evaluate(&Program::input(flipped.clone()))
            .expect("copies");
        let mut target = array(gpu, dtype, &[5, 6]);
        let region = Layout::contiguous(&[5, 6]);
        gpu.assign(&mut target, &region, &Program::input(flipped.clone()))
            .expect("assigns");
        let places = array(gpu, index, &[5, 6]);
        gpu.gather(&flipped, &places, 1).expect("gathers");
        gpu.take(&flipped, &array(gpu, index, &[4]), 0)
            .map(|r| r.expect("takes"));
        if dtype == DType::Bool {
            gpu.nonzero(&Program::input(flipped)).expect("finds");
            gpu.nonzero(&Program::input(array(gpu, dtype, &[70_000])))
                .expect("finds");
        } else {
            gpu.matmul(&x, &flipped).expect("multiplies");
            gpu.matmul(
                &array(gpu, dtype, &[3, 70, 80]),
                &array(gpu, dtype, &[3, 80, 90]),
            )
            .expect("multiplies");
        }
        if dtype.is_real_floating() {
            for (n, p) in [(400, 7), (40_000, 30)] {
                let (x, groups) = (array(gpu, dtype, &[n, p]), array(gpu, index, &[n]));
                // What the device "computed" makes no sense to the host; only the kernels matter here.
                let _ = gpu.group_scatter(&x, &groups, &[n / 2, n / 2], 1e-4);
            }
        }
        fused(gpu, &x, dtype);
    }
    let seen = seen.lock().expect("no panic before");
    let names: BTreeSet<&str> = seen.iter().map(|s| s.entry.as_str()).collect();
    println!("{} kernels: {names:?}", seen.len());
    assert!(
        names.len() >= 20,
        "not all functions came this far: {names:?}"
    );
}

/// A program with every kind of step, and a reduction of it.
fn fused(gpu: &Gpu<Compiler>, x: &Array, dtype: DType) {
    let mut program = Program::input(x.clone());
    let one = if dtype == DType::Bool {
        Scalar::Bool(true)
    } else {
        Scalar::Int(1)
    };
    let one = program.push(
        Op::Scalar(one.to_dtype("test", dtype).expect("fits")),
        dtype,
    );
    let row = program.push_input(
        x.with_layout(
            x.layout
                .slice(0, 2, 1, 1)
                .select(0, 0)
                .broadcast_to(&[6, 5]),
        ),
    );
    let differs = program.push(Op::Binary(BinaryOp::NotEqual, row, one), DType::Bool);
    let chosen = program.push(Op::Select(differs, 0, row), dtype);
    let column = program.push(Op::Index(1), DType::Int32);
    let column = program.push(Op::Cast(column), dtype);
    program.push(Op::Binary(BinaryOp::Equal, chosen, column), DType::Bool);
    gpu.evaluate(&program).expect("computes");
    gpu.reduce(ReduceOp::All, &program, &[0], DType::Bool)
        .expect("reduces");
}

#[test]
fn naga_accepts_every_library_kernel() {
    for wide in [true, false] {
        call_everything(Compiler::new(Language::Wgsl, wide, None));
    }
}

#[test]
fn nvrtc_compiles_every_library_kernel() {
    let Some(nvrtc) = nvrtc::Nvrtc::find() else {
        eprintln!(
            "skipped: no NVRTC here; `pip install nvidia-cuda-nvrtc-cu12==12.9.86` brings it, no GPU needed"
        );
        return;
    };
    call_everything(Compiler::new(Language::Cuda, true, Some(nvrtc)));
}
