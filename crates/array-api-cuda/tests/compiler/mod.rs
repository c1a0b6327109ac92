//! A runtime that compiles what it is given and computes nothing, and calls that lead through every kernel of the library.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use array_api_cuda::{Nvrtc, Target, library};
use array_api_gpu::{
    Gpu, Memory,
    runtime::{Access, Counters, DeviceProperties, KernelText, Language, Runtime},
};
use array_api_spec::{
    BinaryOp, DType, Device, HostBuffer, Layout, Op, Program, QrMode, ReduceOp, Result, Scalar,
    ScanOp, Spread, Strided, SvdMode, UnaryOp,
    backend::{
        ArrayObjectBackend, Direction, ElementwiseBackend, ExtraBackend, FftBackend,
        IndexingBackend, Initial, LinalgBackend, MomentsPlan, Order, SortingBackend,
        StatisticalBackend,
    },
};
use naga::valid::{Capabilities as Features, ValidationFlags, Validator};

/// A device that compiles.
pub(crate) struct Compiler {
    properties: DeviceProperties,
    nvrtc: Option<Nvrtc>,
    pub(crate) seen: Arc<Mutex<HashSet<KernelText>>>,
}

impl Compiler {
    pub(crate) fn new(language: Language, wide: bool, nvrtc: Option<Nvrtc>) -> Self {
        let properties = DeviceProperties {
            device: Device::new("compiler:0"),
            language,
            compiles: true,
            float64: wide,
            int64: wide,
            max_bytes: 1 << 30,
            max_buffers: 8,
            max_group_size: 256,
            shared_bytes: 1 << 14,
            is_cpu: false,
        };
        Self {
            properties,
            nvrtc,
            seen: Arc::default(),
        }
    }

    /// One that compiles nothing and so is asked for the fixed set alone.
    fn without_compiler() -> Self {
        let mut compiler = Self::new(Language::Cuda, true, None);
        compiler.properties.compiles = false;
        // As every GPU of NVIDIA's has it for a block.
        compiler.properties.shared_bytes = 48 << 10;
        compiler
    }

    fn check(&self, source: &KernelText) -> Result<(), String> {
        if let Some(nvrtc) = &self.nvrtc {
            let ptx = nvrtc.compile(&source.text, Target::Portable)?;
            let ptx = String::from_utf8_lossy(&ptx);
            return if ptx.contains(&format!(".entry {}(", source.entry)) {
                Ok(())
            } else {
                Err("no entry point".into())
            };
        }
        if self.properties.language == Language::Cuda {
            return Ok(());
        }
        let module = naga::front::wgsl::parse_str(&source.text)
            .map_err(|e| e.emit_to_string(&source.text))?;
        let mut features = Features::empty();
        features.set(Features::FLOAT64, self.properties.float64);
        features.set(Features::SHADER_INT64, self.properties.int64);
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

    fn properties(&self) -> &DeviceProperties {
        &self.properties
    }

    fn allocate(&self, _: u64) -> Result<()> {
        Ok(())
    }

    fn free(&self, (): ()) {}

    fn upload(&self, (): &(), _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn download(&self, (): &(), _: u64, bytes: u64, read: &mut dyn FnMut(&[u8])) -> Result<()> {
        // 1,024 in every index: counts that are not small lead to the kernels that come after a count.
        let index: &[u8] = if self.properties.int64 {
            &[0, 4, 0, 0, 0, 0, 0, 0]
        } else {
            &[0, 4, 0, 0]
        };
        read(&index.repeat(bytes as usize / index.len() + 1)[..bytes as usize]);
        Ok(())
    }

    fn copy(&self, _: (&(), u64), _: (&(), u64), _: u64) -> Result<()> {
        Ok(())
    }

    fn compile(&self, source: &KernelText) -> Result<Arc<()>> {
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

pub(crate) type Array = Strided<Memory<Compiler>>;

pub(crate) fn array(gpu: &Gpu<Compiler>, dtype: DType, shape: &[usize]) -> Array {
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
pub(crate) fn call_everything(compiler: Compiler) {
    let seen = Arc::clone(&compiler.seen);
    let gpu = &Gpu::new(compiler);
    let index = if gpu.properties().int64 {
        DType::Int64
    } else {
        DType::Int32
    };
    for dtype in gpu.dtypes() {
        let real = dtype.is_integer() || dtype.is_real_floating();
        for shape in [[6, 5], [3, 70_000], [70_000, 3], [5, 1]] {
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
                if dtype.is_numeric() {
                    let empty = Program::input(array(gpu, dtype, &[3, 0]));
                    gpu.scan(op, &empty, 1, Initial::Included).expect("scans");
                }
                for (axis, initial) in [
                    (0, Initial::Included),
                    (1, Initial::Omitted),
                    (1, Initial::Included),
                ] {
                    if dtype.is_numeric() {
                        gpu.scan(op, &program, axis, initial).expect("scans");
                    }
                }
            }
            for (axis, order) in [(0, Order::Ascending), (1, Order::Descending)] {
                if real {
                    gpu.argsort(&x, axis, order).expect("sorts");
                    gpu.sort(&x, axis, order).map(|r| r.expect("sorts"));
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
        every_gather(gpu, dtype, index);
        if dtype == DType::Bool {
            gpu.nonzero(&Program::input(flipped)).expect("finds");
            gpu.nonzero(&Program::input(array(gpu, dtype, &[70_000])))
                .expect("finds");
        } else {
            let last = x.with_layout(x.layout.flip(0).permute(&[1, 0]));
            let plain = array(gpu, dtype, &[5, 6]);
            for (a, b) in [
                (&x, &plain),
                (&x, &last),
                (&last, &x),
                (&last, &flipped.with_layout(x.layout.flip(0))),
            ] {
                gpu.matmul(a, b).expect("multiplies");
            }
            gpu.matmul(
                &array(gpu, dtype, &[3, 70, 80]),
                &array(gpu, dtype, &[3, 80, 90]),
            )
            .expect("multiplies");
        }
        every_factorisation(gpu, dtype);
        every_transform(gpu, dtype);
        if dtype.is_real_floating() {
            every_moment(gpu, dtype, index);
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

/// Factorisations of matrices of all orders that kernels differ for.
fn every_factorisation(gpu: &Gpu<Compiler>, dtype: DType) {
    if !dtype.is_floating() {
        return;
    }
    for n in [5, 100, 300, 600, 1100, 2100] {
        let x = array(gpu, dtype, &[n, n]);
        let b = array(gpu, dtype, &[n, 3]);
        // What the device "computed" makes no sense to the host; only the kernels matter here.
        let _ = gpu.cholesky(&x);
        let _ = gpu.solve(&x, &b);
        let transposed = x.with_layout(x.layout.permute(&[1, 0]));
        let _ = gpu.cholesky(&transposed);
        let _ = gpu.solve(&transposed, &b.with_layout(b.layout.flip(0)));
        gpu.qr(&x, QrMode::Reduced).expect("factorises");
        gpu.qr(&transposed, QrMode::Complete).expect("factorises");
        if n <= 100 {
            for matrix in [&x, &b, &array(gpu, dtype, &[3, n])] {
                gpu.svd(matrix, SvdMode::Full).expect("decomposes");
                let values = gpu.svdvals(matrix);
                values.expect("is there").expect("decomposes");
            }
        }
        // Beyond what a panel holds, the host would factorise zeros.
        if n <= 512 {
            gpu.lu(&x).expect("factorises");
            gpu.lu(&transposed).expect("factorises");
            for x in [&x, &transposed] {
                let _ = gpu.eigh(x);
                let _ = gpu.eigvalsh(x);
            }
        }
    }
}

/// Transforms in one pass, in two, and of padded rows.
fn every_transform(gpu: &Gpu<Compiler>, dtype: DType) {
    if !dtype.is_complex() {
        return;
    }
    for n in [8, 11, 4096] {
        let x = array(gpu, dtype, &[2, n]);
        for direction in [Direction::Forward, Direction::Inverse] {
            gpu.fft(&x, 1, direction).expect("transforms");
        }
    }
}

/// Sums over rows that are few and many.
fn every_moment(gpu: &Gpu<Compiler>, dtype: DType, index: DType) {
    for (n, p) in [(400, 7), (40_000, 30)] {
        let (x, groups) = (array(gpu, dtype, &[n, p]), array(gpu, index, &[n]));
        // What the device "computed" makes no sense to the host; only the kernels matter here.
        let plan = MomentsPlan {
            groups: 2,
            pooled: true,
            spread: Spread::Gram,
        };
        let _ = gpu.moments(std::slice::from_ref(&x), Some(&groups), None, plan);
        let (centers, origin) = (array(gpu, dtype, &[3, p]), array(gpu, dtype, &[p]));
        let weights = array(gpu, dtype, &[n]);
        for weights in [None, Some(&weights)] {
            let found = gpu.nearest(&x, &centers, &origin, weights);
            found.expect("is there").expect("finds");
        }
    }
}

fn zero(dtype: DType) -> Scalar {
    let zero = if dtype == DType::Bool {
        Scalar::Bool(false)
    } else {
        Scalar::Int(0)
    };
    zero.to_dtype("test", dtype).expect("fits")
}

/// Every step of a program for every dtype, with constants where a step takes them, and copies of every number of axes.
fn every_step(gpu: &Gpu<Compiler>) {
    let evaluate = |inputs: &[&Array], constant: Option<usize>, op: Op, dtype: DType| {
        let mut program = Program {
            shape: vec![30],
            inputs: Vec::new(),
            steps: Vec::new(),
        };
        for (number, &input) in inputs.iter().enumerate() {
            if constant == Some(number) {
                program.push(Op::Scalar(zero(input.dtype)), input.dtype);
            } else {
                program.inputs.push(input.clone());
                program.push(Op::Input(program.inputs.len() - 1), input.dtype);
            }
        }
        program.push(op, dtype);
        gpu.evaluate(&program).expect("computes");
    };
    for dtype in gpu.dtypes() {
        let [x, y] = [(); 2].map(|()| array(gpu, dtype, &[30]));
        let condition = array(gpu, DType::Bool, &[30]);
        for &op in UnaryOp::ALL
            .iter()
            .filter(|op| op.accepts().contains(dtype))
        {
            evaluate(&[&x], None, Op::Unary(op, 0), op.returns().dtype(dtype));
        }
        for &op in BinaryOp::ALL
            .iter()
            .filter(|op| op.accepts().contains(dtype))
        {
            for constant in [None, Some(0), Some(1)] {
                let returns = op.returns().dtype(dtype);
                evaluate(&[&x, &y], constant, Op::Binary(op, 0, 1), returns);
            }
        }
        for constant in [None, Some(1), Some(2)] {
            let arguments: [&Array; 3] = [&condition, &x, &y];
            evaluate(&arguments, constant, Op::Select(0, 1, 2), dtype);
        }
        for to in gpu.dtypes() {
            if !dtype.is_complex() || to.is_complex() || to == DType::Bool {
                evaluate(&[&x], None, Op::Cast(0), to);
            }
        }
        let constant = Program::scalar(&[30], zero(dtype), dtype);
        gpu.evaluate(&constant).expect("fills");
        if dtype.is_integer() || dtype.is_real_floating() {
            let mut index = constant.clone();
            index.steps.clear();
            index.push(Op::Index(0), dtype);
            gpu.evaluate(&index).expect("counts");
        }
        for ndim in [1, 2, 5, 17] {
            let twos = vec![2; ndim];
            let x = array(gpu, dtype, &vec![3; ndim.min(2)]);
            let strides = vec![-1; ndim];
            let view = x.with_layout(Layout::new(&twos, &strides, ndim));
            gpu.evaluate(&Program::input(view)).expect("copies");
            let mut target = array(gpu, dtype, &[3, 3]);
            let region = Layout::new(&twos, &strides, ndim);
            let value = Program::input(array(gpu, dtype, &twos));
            gpu.assign(&mut target, &region, &value).expect("assigns");
        }
    }
}

/// Gathers whose indices and positions have gaps or not.
fn every_gather(gpu: &Gpu<Compiler>, dtype: DType, index: DType) {
    for shape in [[1, 5, 1], [4, 5, 3], [4, 1, 3], [1, 1, 1]] {
        let x = array(gpu, dtype, &shape);
        for n in [1, 2] {
            let indices = array(gpu, index, &[n]);
            gpu.take(&x, &indices, 1).map(|r| r.expect("takes"));
            let shape = [shape[0], n, shape[2]];
            let all = array(gpu, index, &shape);
            gpu.gather(&x, &all, 1).expect("gathers");
            let column = Layout::new(&shape, &[0, 1, 0], 0);
            gpu.gather(&x, &indices.with_layout(column), 1)
                .expect("gathers");
        }
    }
}

/// A program with every kind of step, and a reduction of it.
pub(crate) fn fused(gpu: &Gpu<Compiler>, x: &Array, dtype: DType) {
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

/// The sources of the fixed set by key.
pub(crate) fn fixed_set() -> BTreeMap<u64, KernelText> {
    let compiler = Compiler::without_compiler();
    let seen = Arc::clone(&compiler.seen);
    every_step(&Gpu::new(compiler));
    let mut compiler = Compiler::without_compiler();
    compiler.seen = Arc::clone(&seen);
    call_everything(compiler);
    let seen = seen.lock().expect("no panic before");
    let set: BTreeMap<u64, KernelText> = seen
        .iter()
        .map(|source| (library::key(&source.text), source.clone()))
        .collect();
    assert_eq!(set.len(), seen.len(), "two kernels share a key");
    set
}
