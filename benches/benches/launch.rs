//! What a launch costs before a driver is asked: small functions over a runtime that does nothing.
//!
//! `cargo bench -p benches --bench launch`

use std::sync::Arc;

use array_api_compat::gpu::{
    Gpu, Memory,
    runtime::{Counters, DeviceProperties, KernelText, Language, Runtime},
};
use array_api_spec::{
    BinaryOp, DType, Device, HostBuffer, Op, Program, ReduceOp, Result, Strided,
    backend::{ArrayObjectBackend, ElementwiseBackend, LinalgBackend, StatisticalBackend},
};

/// A GPU without memory, compiler or work.
#[derive(Debug)]
struct Nothing(DeviceProperties);

impl Nothing {
    fn gpu() -> Gpu<Self> {
        Gpu::new(Self(DeviceProperties {
            device: Device::new("nothing:0"),
            language: Language::Wgsl,
            compiles: true,
            float64: true,
            int64: true,
            max_bytes: 1 << 30,
            max_buffers: 8,
            max_group_size: 256,
            shared_bytes: 48 << 10,
            is_cpu: false,
        }))
    }
}

impl Runtime for Nothing {
    type Buffer = ();
    type Kernel = ();

    fn properties(&self) -> &DeviceProperties {
        &self.0
    }

    fn allocate(&self, _: u64) -> Result<()> {
        Ok(())
    }

    fn free(&self, (): ()) {}

    fn upload(&self, (): &(), _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn download(&self, (): &(), _: u64, bytes: u64, read: &mut dyn FnMut(&[u8])) -> Result<()> {
        read(&vec![0; bytes as usize]);
        Ok(())
    }

    fn copy(&self, _: (&(), u64), _: (&(), u64), _: u64) -> Result<()> {
        Ok(())
    }

    fn compile(&self, _: &KernelText) -> Result<Arc<()>> {
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

fn matrix(gpu: &Gpu<Nothing>, n: usize) -> Strided<Memory<Nothing>> {
    let values = HostBuffer::Float32(vec![0.0; n * n]);
    let storage = gpu.upload(values).expect("room");
    Strided::contiguous(storage, &[n, n], DType::Float32)
}

fn main() {
    divan::main();
}

/// `x + x`, from the program on.
#[divan::bench]
fn addition(bencher: divan::Bencher<'_, '_>) {
    let gpu = Nothing::gpu();
    let mut program = Program::input(matrix(&gpu, 10));
    program.push(Op::Binary(BinaryOp::Add, 0, 0), DType::Float32);
    bencher.bench_local(|| gpu.evaluate(&program));
}

/// A sum along the rows of a transposed matrix.
#[divan::bench]
fn sum(bencher: divan::Bencher<'_, '_>) {
    let gpu = Nothing::gpu();
    let x = matrix(&gpu, 10);
    let program = Program::input(x.with_layout(x.layout.permute(&[1, 0])));
    bencher.bench_local(|| gpu.reduce(ReduceOp::Sum, &program, &[1], DType::Float32));
}

/// A product of matrices.
#[divan::bench]
fn matmul(bencher: divan::Bencher<'_, '_>) {
    let gpu = Nothing::gpu();
    let (a, b) = (matrix(&gpu, 10), matrix(&gpu, 10));
    bencher.bench_local(|| gpu.matmul(&a, &b));
}

/// The solution of a system of order 10: eleven launches.
#[divan::bench]
fn solve(bencher: divan::Bencher<'_, '_>) {
    let gpu = Nothing::gpu();
    let (a, b) = (matrix(&gpu, 10), matrix(&gpu, 10));
    bencher.bench_local(|| gpu.solve(&a, &b));
}
