//! Runs functions on a device, as kernels of one function each.

use array_api_spec::{BinaryOp, DType, UnaryOp};
use bytemuck::Pod;

use array_api_gpu::runtime::{KernelText, Runtime};
use array_api_kernel::element::{Value, register};
use array_api_kernel::ir::{Kernel, Mem, Ty, if_};
use array_api_kernel::math::{binary, unary};
use array_api_wgpu::{Types, Wgpu, adapters, backend};

/// A function of one or two elements.
#[derive(Clone, Copy, Debug)]
pub(super) enum Function {
    Unary(UnaryOp),
    Binary(BinaryOp),
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        let unary = UnaryOp::ALL
            .iter()
            .find(|op| op.name() == name)
            .map(|&op| Self::Unary(op));
        unary.or_else(|| {
            BinaryOp::ALL
                .iter()
                .find(|op| op.name() == name)
                .map(|&op| Self::Binary(op))
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unary(op) => op.name(),
            Self::Binary(op) => op.name(),
        }
    }

    fn returns_bool(self) -> bool {
        let returned = match self {
            Self::Unary(op) => op.returns(),
            Self::Binary(op) => op.returns(),
        };
        returned.dtype(DType::Float32) == DType::Bool
    }

    fn apply(self, dtype: DType, arguments: &[Value]) -> Value {
        match self {
            Self::Unary(op) => unary(op, dtype, arguments[0]),
            Self::Binary(op) => binary(op, dtype, arguments[0], arguments[1]),
        }
    }
}

/// `f32` and `f64`.
pub(super) trait Float: Pod + Into<f64> {
    const TY: Ty;
    const REAL: DType;
    const COMPLEX: DType;
    /// Distance from 1 to the next number.
    const EPSILON: f64;
    fn narrow(x: f64) -> Self;
    /// The number of these bits, as many as it needs.
    fn from_bits(bits: u64) -> Self;
}

impl Float for f32 {
    const TY: Ty = Ty::F32;
    const REAL: DType = DType::Float32;
    const COMPLEX: DType = DType::Complex64;
    const EPSILON: f64 = Self::EPSILON as f64;
    fn narrow(x: f64) -> Self {
        x as Self
    }
    fn from_bits(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }
}

impl Float for f64 {
    const TY: Ty = Ty::F64;
    const REAL: DType = DType::Float64;
    const COMPLEX: DType = DType::Complex128;
    const EPSILON: f64 = Self::EPSILON;
    fn narrow(x: f64) -> Self {
        x
    }
    fn from_bits(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}

/// Runs a test on every adapter that there is.
pub(super) fn on_each(test: impl Fn(&Wgpu)) {
    let adapters = adapters();
    if adapters.is_empty() {
        array_api_conformance::skip(
            "wgpu",
            "`apt-get install mesa-vulkan-drivers` adds an adapter in software",
        );
    }
    for adapter in adapters {
        test(&backend(adapter.index, Types::All).expect("the adapter opens"));
    }
}

/// Whether a device computes with elements of a type.
pub(super) fn has<T: Float>(gpu: &Wgpu) -> bool {
    let can = gpu.properties();
    T::REAL == DType::Float32 || (can.float64 && can.int64)
}

/// A function of real or complex elements; every argument and the result are lists of parts, one for real numbers, two for complex ones.
/// Truth values come back as 0 and 1.
pub(super) fn run<T: Float>(
    gpu: &Wgpu,
    function: Function,
    dtype: DType,
    parts: &[&[T]],
) -> [Vec<T>; 2] {
    let n = parts[0].len();
    let kernel = Kernel::build("evaluate", 64, |k| {
        let inputs: Vec<Mem> = (0..parts.len())
            .map(|i| k.input(&format!("in{i}"), T::TY))
            .collect();
        let outputs = ["re", "im"].map(|name| k.output(name, T::TY));
        let (i, n) = (k.thread(), k.size("n"));
        assert_eq!(register(dtype), T::TY);
        if_(i.lt(n), || {
            let loaded: Vec<_> = inputs.iter().map(|m| m.load(i)).collect();
            let arguments: Vec<Value> = if dtype.is_complex() {
                loaded
                    .chunks(2)
                    .map(|z| Value::Complex(z[0], z[1]))
                    .collect()
            } else {
                loaded.iter().map(|&x| Value::Real(x)).collect()
            };
            match function.apply(dtype, &arguments) {
                Value::Complex(re, im) => {
                    outputs[0].store(i, re);
                    outputs[1].store(i, im);
                }
                Value::Real(x) => {
                    let x = if function.returns_bool() {
                        x.to(Ty::U32).to(T::TY)
                    } else {
                        x
                    };
                    outputs[0].store(i, x);
                    outputs[1].store(i, 0.0);
                }
            }
        });
    });
    let runtime = gpu.runtime();
    let source = KernelText::new(&kernel, gpu.properties().language);
    let bytes = std::mem::size_of_val(parts[0]) as u64;
    let buffer = || runtime.allocate(bytes).expect("room");
    let buffers: Vec<_> = (0..parts.len() + 2).map(|_| buffer()).collect();
    for (part, buffer) in parts.iter().zip(&buffers) {
        runtime
            .upload(buffer, bytemuck::cast_slice(part))
            .expect("written");
    }
    let compiled = runtime
        .compile(&source)
        .unwrap_or_else(|e| panic!("{}: {e}", function.name()));
    let all: Vec<_> = buffers.iter().collect();
    let groups = n.div_ceil(kernel.workgroup() as usize) as u64;
    let signature = kernel.signature();
    let mut arguments = signature.arguments();
    arguments.size("n", n as isize);
    runtime
        .launch(&compiled, &all, arguments.words(), groups)
        .expect("launched");
    let read = |buffer| {
        let mut values = Vec::new();
        let keep = &mut |bytes: &[u8]| values = bytemuck::pod_collect_to_vec(bytes);
        runtime.download(buffer, 0, bytes, keep).expect("read");
        values
    };
    let results = [read(&buffers[parts.len()]), read(&buffers[parts.len() + 1])];
    buffers.into_iter().for_each(|b| runtime.free(b));
    results
}

/// A small generator of random numbers (SplitMix64, by Steele, Lea and Flood), so that failures repeat.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between both, uniformly.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 / (1_u64 << 53) as f64)
    }
}
