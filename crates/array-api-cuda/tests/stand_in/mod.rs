//! A stand-in for a vendor's libraries: the CUDA runtime, with a vendor that computes on the host and behaves as it is told. What it
//! is asked comes by the way that cuBLAS and cuSOLVER are asked; that these answer alike, it cannot tell.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use array_api_cuda::{Cuda, CudaRuntime};
use array_api_gpu::{
    runtime::{Counters, DeviceProperties, KernelText, Runtime},
    vendor::{Attempt, Gemm, Matrix, Vendor},
};
use array_api_ndarray::NdArray;
use array_api_spec::{
    DType, Error, ErrorKind, HostBuffer, Layout, Result, Strided, SvdMode,
    backend::{ArrayObjectBackend, LinalgBackend},
};

type Buffer = <CudaRuntime as Runtime>::Buffer;
type HostArray = Strided<<NdArray as ArrayObjectBackend>::Storage>;

/// How the libraries behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mood {
    /// They do what is asked.
    Works,
    /// They do nothing.
    Declines,
    /// They leave numbers that are wrong and say so.
    Reports(i32),
    /// They leave numbers that are wrong and never report.
    Silent,
    /// They claim success and leave NaN.
    NotFinite,
    /// They find no room for their work.
    ShortOfRoom,
    /// The driver fails under them.
    Fails,
}

/// The runtime.
#[derive(Debug)]
pub(crate) struct StandIn {
    gpu: Cuda,
    mood: Mutex<Mood>,
    calls: AtomicUsize,
}

impl StandIn {
    pub(crate) fn new(gpu: Cuda) -> Self {
        Self {
            gpu,
            mood: Mutex::new(Mood::Works),
            calls: AtomicUsize::new(0),
        }
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        *self.mood.lock().expect("no panic") = mood;
    }

    /// How often the libraries were asked since the last time that this was.
    pub(crate) fn calls(&self) -> usize {
        self.calls.swap(0, Relaxed)
    }

    fn inner(&self) -> &CudaRuntime {
        self.gpu.runtime()
    }

    fn bytes(&self, buffer: &Buffer, length: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if length > 0 {
            let mut read = |part: &[u8]| bytes.extend_from_slice(part);
            self.inner().download(buffer, 0, length as u64, &mut read)?;
        }
        Ok(bytes)
    }

    /// The first `n` elements of a buffer through a layout.
    fn host(&self, buffer: &Buffer, dtype: DType, n: usize, layout: Layout) -> Result<HostArray> {
        let bytes = self.bytes(buffer, n * dtype.size())?;
        Ok(Strided {
            storage: NdArray.upload(HostBuffer::from_bytes(dtype, &bytes)?)?,
            layout,
            dtype,
        })
    }

    fn read(&self, x: &Matrix<'_, Buffer>) -> Result<HostArray> {
        let (end, strides) = (x.offset + x.rows * x.columns, [1, x.rows as isize]);
        let layout = Layout::new(&[x.rows, x.columns], &strides, x.offset);
        self.host(x.buffer, x.dtype, end, layout)
    }

    /// Writes a row-major result by columns.
    fn write(
        &self,
        x: &Matrix<'_, Buffer>,
        values: <NdArray as ArrayObjectBackend>::Storage,
    ) -> Result<()> {
        let by_rows = Layout::contiguous(&[x.rows, x.columns]);
        let by_columns = NdArray.download(&Strided {
            storage: values,
            layout: by_rows.permute(&[1, 0]),
            dtype: x.dtype,
        })?;
        self.write_bytes(x, by_columns.as_bytes())
    }

    fn write_bytes(&self, x: &Matrix<'_, Buffer>, values: &[u8]) -> Result<()> {
        let mut bytes = self.bytes(x.buffer, x.offset * x.dtype.size())?;
        bytes.extend_from_slice(values);
        self.inner().upload(x.buffer, &bytes)
    }

    fn fill(&self, x: &Matrix<'_, Buffer>, byte: u8) -> Result<()> {
        self.write_bytes(x, &vec![byte; x.rows * x.columns * x.dtype.size()])
    }

    /// Asks the host, unless the mood is another. `results` are the matrices that a library writes.
    fn factorise(
        &self,
        results: &[&Matrix<'_, Buffer>],
        info: &Matrix<'_, Buffer>,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<Attempt> {
        self.calls.fetch_add(1, Relaxed);
        let mood = *self.mood.lock().expect("no panic");
        let (filling, report) = match mood {
            Mood::Works => {
                let report = match work() {
                    Err(error) if matches!(error.kind(), ErrorKind::LinearAlgebra { .. }) => 2,
                    done => done.map(|()| 0)?,
                };
                (None, Some(report))
            }
            Mood::Declines => return Ok(Attempt::Declined),
            Mood::Reports(report) => (Some(WRONG), Some(report)),
            Mood::Silent => (Some(WRONG), None),
            Mood::NotFinite => (Some(NAN), Some(0)),
            Mood::ShortOfRoom | Mood::Fails => return Err(self.error(mood)),
        };
        for result in results {
            filling.map_or(Ok(()), |byte| self.fill(result, byte))?;
        }
        if let Some(report) = report {
            self.write_bytes(info, &i32::to_le_bytes(report))?;
        }
        Ok(Attempt::Started)
    }

    fn error(&self, mood: Mood) -> Error {
        let device = self.properties().device.clone();
        match mood {
            Mood::ShortOfRoom => Error::out_of_memory(device, 1, "the stand-in has none"),
            _ => Error::driver(device, "a library", "the stand-in fails"),
        }
    }
}

/// Every byte so makes a finite number of every dtype.
const WRONG: u8 = 0x40;
/// Every byte so makes NaN of every floating-point dtype.
const NAN: u8 = 0xff;

impl Vendor for StandIn {
    type Buffer = Buffer;

    fn matmul(
        &self,
        gemm: &Gemm,
        dtype: DType,
        left: &Buffer,
        right: &Buffer,
        out: &Buffer,
    ) -> Result<Attempt> {
        self.calls.fetch_add(1, Relaxed);
        match *self.mood.lock().expect("no panic") {
            Mood::Declines => return Ok(Attempt::Declined),
            mood @ (Mood::ShortOfRoom | Mood::Fails) => return Err(self.error(mood)),
            _ => {}
        }
        let [rows, columns, inner, batches] =
            [gemm.rows, gemm.columns, gemm.inner, gemm.batches].map(|n| n as usize);
        let operand = |x: &array_api_gpu::vendor::GemmOperand, buffer, shape: [usize; 2]| {
            let (leading, stride) = (x.leading as isize, x.stride as isize);
            let [row, column] = if x.transposed {
                [leading, 1]
            } else {
                [1, leading]
            };
            let shape = [batches, shape[0], shape[1]];
            let layout = Layout::new(&shape, &[stride, row, column], x.offset);
            let n = layout.bounds().map_or(0, |(_, last)| last + 1);
            self.host(buffer, dtype, n, layout)
        };
        let left = operand(&gemm.left, left, [rows, inner])?;
        let right = operand(&gemm.right, right, [inner, columns])?;
        let by_rows = Layout::contiguous(&[batches, rows, columns]);
        let by_columns = NdArray.download(&Strided {
            storage: NdArray.matmul(&left, &right)?,
            layout: by_rows.permute(&[0, 2, 1]),
            dtype,
        })?;
        self.inner().upload(out, by_columns.as_bytes())?;
        Ok(Attempt::Started)
    }

    fn cholesky(&self, x: &Matrix<'_, Buffer>, info: &Matrix<'_, Buffer>) -> Result<Attempt> {
        self.factorise(&[x], info, || {
            let a = self.read(x)?;
            let l = Strided::contiguous(NdArray.cholesky(&a)?, &[x.rows, x.columns], x.dtype);
            // Above the diagonal libraries leave what was there.
            let (l, a) = (NdArray.download(&l)?, NdArray.download(&a)?);
            let size = x.dtype.size();
            let mut bytes = a.as_bytes().to_vec();
            for row in 0..x.rows {
                let lower = row * x.rows * size..(row * x.rows + row + 1) * size;
                bytes[lower.clone()].copy_from_slice(&l.as_bytes()[lower]);
            }
            let values = NdArray.upload(HostBuffer::from_bytes(x.dtype, &bytes)?)?;
            self.write(x, values)
        })
    }

    fn solve(
        &self,
        a: &Matrix<'_, Buffer>,
        b: &Matrix<'_, Buffer>,
        info: &Matrix<'_, Buffer>,
    ) -> Result<Attempt> {
        self.factorise(&[a, b], info, || {
            let x = NdArray.solve(&self.read(a)?, &self.read(b)?)?;
            self.fill(a, WRONG)?;
            self.write(b, x)
        })
    }

    fn eigh(
        &self,
        x: &Matrix<'_, Buffer>,
        values: &Matrix<'_, Buffer>,
        info: &Matrix<'_, Buffer>,
    ) -> Result<Attempt> {
        self.factorise(&[x, values], info, || {
            let [w, v] = NdArray.eigh(&self.read(x)?)?;
            self.write(values, w)?;
            self.write(x, v)
        })
    }

    fn svd(
        &self,
        x: &Matrix<'_, Buffer>,
        parts: [&Matrix<'_, Buffer>; 3],
        info: &Matrix<'_, Buffer>,
    ) -> Result<Attempt> {
        let [u, s, vh] = parts;
        self.factorise(&[x, u, s, vh], info, || {
            assert!(x.rows >= x.columns, "cuSOLVER takes no other");
            let mode = match u.columns == u.rows {
                true => SvdMode::Full,
                false => SvdMode::Reduced,
            };
            let values = NdArray.svd(&self.read(x)?, mode)?;
            self.fill(x, WRONG)?;
            for (part, values) in parts.into_iter().zip(values) {
                self.write(part, values)?;
            }
            Ok(())
        })
    }
}

impl Runtime for StandIn {
    type Buffer = Buffer;
    type Kernel = <CudaRuntime as Runtime>::Kernel;

    fn properties(&self) -> &DeviceProperties {
        self.inner().properties()
    }
    fn allocate(&self, bytes: u64) -> Result<Buffer> {
        self.inner().allocate(bytes)
    }
    fn free(&self, buffer: Buffer) {
        self.inner().free(buffer);
    }
    fn upload(&self, buffer: &Buffer, bytes: &[u8]) -> Result<()> {
        self.inner().upload(buffer, bytes)
    }
    fn download(
        &self,
        buffer: &Buffer,
        offset: u64,
        bytes: u64,
        read: &mut dyn FnMut(&[u8]),
    ) -> Result<()> {
        self.inner().download(buffer, offset, bytes, read)
    }
    fn copy(&self, from: (&Buffer, u64), to: (&Buffer, u64), bytes: u64) -> Result<()> {
        self.inner().copy(from, to, bytes)
    }
    fn compile(&self, source: &KernelText) -> Result<Arc<Self::Kernel>> {
        self.inner().compile(source)
    }
    fn launch(
        &self,
        kernel: &Self::Kernel,
        buffers: &[&Buffer],
        parameters: &[u32],
        groups: u64,
    ) -> Result<()> {
        self.inner().launch(kernel, buffers, parameters, groups)
    }
    fn synchronize(&self) -> Result<()> {
        self.inner().synchronize()
    }
    fn counters(&self) -> Counters {
        self.inner().counters()
    }
    fn vendor(&self) -> Option<&dyn Vendor<Buffer = Buffer>> {
        Some(self)
    }
}
