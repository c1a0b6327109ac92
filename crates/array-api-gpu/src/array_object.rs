//! Arrays: data in and out, and writing into regions.

use array_api_spec::{
    DType, Device, HostBuffer, Layout, Path, Program, Result, Strided,
    backend::{ArrayObjectBackend, ElementwiseBackend, is_required},
};

use super::{
    Gpu,
    elementwise::{Fused, Fusion},
    kernel::ir::{Atomic, Builder, Ty, if_, lit},
    kernels::KernelBody,
    linalg::HOST,
    memory::Memory,
    moments::HOST as MOMENTS,
    packing::{Axes, Elements, Positions, lanes, pack},
    prebuilt::{bits, padded},
    runtime::Runtime,
};

impl<R: Runtime> ArrayObjectBackend for Gpu<R> {
    type Storage = Memory<R>;

    fn device(&self) -> Device {
        self.runtime.properties().device.clone()
    }

    fn dtypes(&self) -> Vec<DType> {
        let properties = self.runtime.properties();
        let holds = |dtype: &DType| match dtype {
            DType::Int64 | DType::UInt64 => properties.int64,
            DType::Float64 | DType::Complex128 => properties.float64,
            _ => true,
        };
        DType::ALL.into_iter().filter(holds).collect()
    }

    fn upload(&self, values: HostBuffer) -> Result<Memory<R>> {
        let bytes = values.as_bytes();
        let mut memory = self.allocate_bytes(bytes.len())?;
        if let Some(buffer) = memory.buffer() {
            self.runtime.upload(buffer, bytes)?;
        }
        memory.learn(bytes);
        Ok(memory)
    }

    fn download(&self, x: &Strided<Memory<R>>) -> Result<HostBuffer> {
        let (size, n) = (x.dtype.size(), x.layout.size());
        if n == 0 {
            return HostBuffer::from_bytes(x.dtype, &[]);
        }
        if let Some(values) = self.known(x) {
            return Ok(values);
        }
        if !x.layout.is_contiguous() {
            let copy = self.evaluate(&Program::input(x.clone()))?;
            return self.download(&Strided::contiguous(copy, x.shape(), x.dtype));
        }
        let mut values = HostBuffer::from_bytes(x.dtype, &[]);
        // Asks for room for the downloaded bytes and for the values that are made from them.
        array_api_spec::memory::room(size.saturating_mul(n).saturating_mul(2))?;
        if let Some(buffer) = x.storage.buffer() {
            let offset = (x.layout.offset() * size) as u64;
            self.runtime
                .download(buffer, offset, (n * size) as u64, &mut |bytes| {
                    values = HostBuffer::from_bytes(x.dtype, bytes);
                })?;
        }
        values
    }

    fn download_all(&self, x: &[Strided<Memory<R>>]) -> Result<Vec<HostBuffer>> {
        let mut parts = Vec::with_capacity(x.len());
        for x in x {
            parts.push(Part::new(self, x)?);
        }
        let lengths: Vec<u64> = parts.iter().map(Part::bytes).collect();
        let total = lengths.iter().copied().fold(0, u64::saturating_add);
        if lengths.iter().filter(|&&n| n > 0).count() < 2 || total > JOINED_BYTES {
            return parts.iter().map(|part| self.download(&part.x)).collect();
        }
        let joined = self.allocate_bytes(total as usize)?;
        let Some(target) = joined.buffer() else {
            return Ok(Vec::new());
        };
        let mut place = 0;
        for (part, bytes) in parts.iter().zip(lengths) {
            if let Some(source) = part.x.storage.buffer().filter(|_| bytes > 0) {
                self.runtime
                    .copy((source, part.start), (target, place), bytes)?;
                place += bytes;
            }
        }
        array_api_spec::memory::room((total as usize).saturating_mul(2))?;
        let mut values = Ok(Vec::new());
        self.runtime.download(target, 0, total, &mut |mut bytes| {
            let values_of = |part: &Part<R>| {
                let (own, rest) = bytes.split_at(part.bytes() as usize);
                bytes = rest;
                part.values(own)
            };
            values = parts.iter().map(values_of).collect();
        })?;
        values
    }

    fn known(&self, x: &Strided<Memory<R>>) -> Option<HostBuffer> {
        x.storage.known(&x.layout, x.dtype)
    }

    fn assign(
        &self,
        target: &mut Strided<Memory<R>>,
        region: &Layout,
        value: &Program<Memory<R>>,
    ) -> Result<()> {
        let n = value.size();
        if n == 0 {
            return Ok(());
        }
        self.check_size(n)?;
        // A value that reads the target's memory holds a handle to it. Then the memory may not be written: the kernel
        // writes a copy, and the value reads the old content.
        let storage = if target.storage.may_be_written() {
            target.storage.clone()
        } else {
            self.duplicate(&target.storage, target.storage.bytes() as usize)?
        };
        let (value, region, dtype) = if self.compiles() {
            (value.clone(), region.clone(), target.dtype)
        } else {
            let bits = bits(target.dtype);
            let mut stored = self.materialized(value)?;
            stored.inputs[0].dtype = bits;
            stored.steps[0].dtype = bits;
            (stored, padded(region), bits)
        };
        let (fusion, layouts) = Fusion::of(&value);
        let kernel = Assign {
            fusion,
            to: Axes::of(&region),
            dtype,
        };
        self.run(kernel, n, |args| {
            args.program(&value, &layouts).buffer("out", &storage);
            args.layout("to", &region).size("n", n);
        })?;
        target.storage = storage;
        Ok(())
    }

    fn synchronize(&self) -> Result<()> {
        self.runtime.synchronize()
    }

    fn path(&self, function: &str) -> Path {
        match function {
            "eig" | "eigvals" => Path::Host(HOST),
            "moments" => Path::Host(MOMENTS),
            _ if is_required(function) || NATIVE.contains(&function) => Path::Native,
            _ => Path::Composed,
        }
    }

    fn downloaded_bytes(&self) -> Option<u64> {
        Some(self.counters().downloaded_bytes)
    }
}

/// Writes the elements of a program into a region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Assign {
    fusion: Fusion,
    to: Axes,
    /// That of the elements, which is the program's.
    dtype: DType,
}

impl KernelBody for Assign {
    fn name(&self) -> &'static str {
        "assign"
    }

    fn record(&self, k: Builder) {
        let dtype = self.dtype;
        let source = Fused::new(k, &self.fusion);
        let place = Positions::new(k, "to", self.to);
        let n = k.size("n");
        let i = k.thread();
        if lanes(dtype) == 1 {
            let out = Elements::output(k, "out", dtype);
            if_(i.lt(n), || out.store(place.at(i), source.at(i)));
            return;
        }
        // Several threads write into one word, and none may overwrite another's element. So each thread adds the
        // difference between its new and its old element to the word, atomically. The new value fits the element's
        // bits, so no carry reaches its neighbours.
        let words = k.atomic("out");
        if_(i.lt(n), || {
            let (position, new) = (place.at(i), pack(source.at(i).real(), dtype));
            let (lanes, bits) = (lanes(dtype) as u32, dtype.size() as u32 * 8);
            let (word, shift) = (position / lanes, (position % lanes) * bits);
            let old =
                (words.atomic(Atomic::Add, word, lit(Ty::U32, 0)) >> shift) & ((1_u32 << bits) - 1);
            let _ = words.atomic(Atomic::Add, word, (new - old) << shift);
        });
    }
}

/// Arrays up to this many bytes in all are copied together and brought by one download. For more, that copy would cost
/// more than another wait.
const JOINED_BYTES: u64 = 32 << 20;

/// A view among several that are brought to the host at once.
struct Part<R: Runtime> {
    /// A contiguous view.
    x: Strided<Memory<R>>,
    known: Option<HostBuffer>,
    /// The range of bytes of the words that hold the elements: the first byte, and the one after the last.
    start: u64,
    end: u64,
}

impl<R: Runtime> Part<R> {
    fn new(gpu: &Gpu<R>, x: &Strided<Memory<R>>) -> Result<Self> {
        let known = gpu.known(x);
        let x = if known.is_some() || x.layout.is_contiguous() {
            x.clone()
        } else {
            let copy = gpu.evaluate(&Program::input(x.clone()))?;
            Strided::contiguous(copy, x.shape(), x.dtype)
        };
        let start = (x.layout.offset() * x.dtype.size()) as u64;
        let end = start + (x.layout.size() * x.dtype.size()) as u64;
        Ok(Self {
            x,
            known,
            start: start / 4 * 4,
            end: end.next_multiple_of(4),
        })
    }

    /// How many bytes must be downloaded.
    fn bytes(&self) -> u64 {
        if self.known.is_some() || self.x.layout.size() == 0 {
            0
        } else {
            self.end - self.start
        }
    }

    /// The elements, from those bytes.
    fn values(&self, bytes: &[u8]) -> Result<HostBuffer> {
        if let Some(known) = &self.known {
            return Ok(known.clone());
        }
        let size = self.x.dtype.size();
        let first = self.x.layout.offset() * size - self.start as usize;
        let wanted = bytes.get(first..first + self.x.layout.size() * size);
        HostBuffer::from_bytes(self.x.dtype, wanted.unwrap_or_default())
    }
}

/// Optional functions that have kernels here. (The required ones have kernels, too.)
const NATIVE: [&str; 7] = [
    "eigvalsh", "nanmax", "nanmin", "nansum", "nearest", "svdvals", "take",
];
