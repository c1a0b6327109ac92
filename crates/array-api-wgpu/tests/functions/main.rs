//! Every function against the reference backend, on adapter 0 as it is and without its 64-bit types.

mod array_object;
mod eigenvalues;
mod elementwise;
mod extra;
mod factorisations;
mod indexing;
mod linalg;
mod orthogonal;
mod singular;
mod sorting;
mod statistical;
mod transforms;

use array_api_spec::{
    Complex, DType, HostBuffer, Layout, Strided,
    backend::ArrayObjectBackend,
    reference::{self, Reference},
};

use array_api_wgpu::{Types, Wgpu, adapters, fresh_backend};

/// A device and the truth about it.
struct Pair {
    gpu: Wgpu,
    truth: Reference,
}

/// One view on both devices.
struct Twins {
    gpu: Strided<<Wgpu as ArrayObjectBackend>::Storage>,
    truth: Strided<<Reference as ArrayObjectBackend>::Storage>,
}

/// Runs a test on the adapter as it is and with its 64-bit types masked.
fn on_each(test: impl Fn(&Pair)) {
    if adapters().is_empty() {
        array_api_conformance::skip(
            "wgpu",
            "`apt-get install mesa-vulkan-drivers` adds an adapter in software",
        );
        return;
    }
    for types in [Types::All, Types::Masked] {
        let gpu = fresh_backend(0, types).expect("opens");
        let wide = gpu.dtypes().contains(&DType::Float64);
        let truth = if wide {
            reference::namespace()
        } else {
            reference::narrow_namespace()
        };
        let truth = *truth.backend();
        let pair = Pair { gpu, truth };
        if types == Types::Masked {
            assert_eq!(
                pair.gpu.dtypes(),
                reference::narrow_namespace().backend().dtypes()
            );
        }
        test(&pair);
    }
}

/// Values of a dtype without order, some of them equal, floating-point ones with NaN, zeros of both signs and ∞ if `special`.
fn values(dtype: DType, n: usize, special: bool) -> HostBuffer {
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ n as u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    };
    let mut real = || match next() % 16 {
        0 if special => f64::NAN,
        1 if special => -0.0,
        2 if special => f64::NEG_INFINITY,
        3 => 0.0,
        4 => 7.0,
        _ => (next() % 2001) as f64 / 64.0 - 15.0,
    };
    macro_rules! collect {
        ($variant:ident, $x:ident => $value:expr) => {
            HostBuffer::$variant(
                (0..n)
                    .map(|_| {
                        let $x = real();
                        $value
                    })
                    .collect(),
            )
        };
    }
    match dtype {
        DType::Bool => collect!(Bool, x => x > 3.0),
        DType::Int8 => collect!(Int8, x => (x * 9.0) as i64 as i8),
        DType::Int16 => collect!(Int16, x => (x * 2000.0) as i64 as i16),
        DType::Int32 => collect!(Int32, x => (x * 1e8) as i64 as i32),
        DType::Int64 => collect!(Int64, x => (x * 1e17) as i64),
        DType::UInt8 => collect!(UInt8, x => (x * 9.0) as i64 as u8),
        DType::UInt16 => collect!(UInt16, x => (x * 2000.0) as i64 as u16),
        DType::UInt32 => collect!(UInt32, x => (x * 1e8) as i64 as u32),
        DType::UInt64 => collect!(UInt64, x => (x * 1e17) as i64 as u64),
        DType::Float32 => collect!(Float32, x => x as f32),
        DType::Float64 => collect!(Float64, x => x),
        DType::Complex64 => HostBuffer::Complex64(
            (0..n)
                .map(|_| Complex::new(real() as f32, real() as f32))
                .collect(),
        ),
        DType::Complex128 => {
            HostBuffer::Complex128((0..n).map(|_| Complex::new(real(), real())).collect())
        }
    }
}

impl Pair {
    fn twins(&self, buffer: HostBuffer, layout: Layout) -> Twins {
        let dtype = buffer.dtype();
        Twins {
            gpu: Strided {
                storage: self.gpu.upload(buffer.clone()).expect("room"),
                layout: layout.clone(),
                dtype,
            },
            truth: Strided {
                storage: self.truth.upload(buffer).expect("room"),
                layout,
                dtype,
            },
        }
    }

    fn contiguous(&self, buffer: HostBuffer, shape: &[usize]) -> Twins {
        self.twins(buffer, Layout::contiguous(shape))
    }

    /// What a storage of each holds, which must be the same up to `tolerance`, relative to the largest value.
    fn agree(
        &self,
        gpu: &<Wgpu as ArrayObjectBackend>::Storage,
        truth: &<Reference as ArrayObjectBackend>::Storage,
        shape: &[usize],
        dtype: DType,
        tolerance: f64,
        what: &str,
    ) {
        let gpu = self
            .gpu
            .download(&Strided::contiguous(gpu.clone(), shape, dtype))
            .expect("downloads");
        let truth = self
            .truth
            .download(&Strided::contiguous(truth.clone(), shape, dtype))
            .expect("downloads");
        assert_close(
            &gpu,
            &truth,
            tolerance,
            &format!("{what} on {}", self.gpu.device()),
        );
    }

    fn integers(&self, x: Vec<i64>) -> HostBuffer {
        if self.gpu.dtypes().contains(&DType::Int64) {
            HostBuffer::Int64(x)
        } else {
            HostBuffer::Int32(x.into_iter().map(|x| x as i32).collect())
        }
    }

    fn index_dtype(&self) -> DType {
        self.integers(vec![]).dtype()
    }
}

fn parts(buffer: &HostBuffer) -> Option<Vec<f64>> {
    Some(match buffer {
        HostBuffer::Float32(x) => x.iter().map(|&x| x.into()).collect(),
        HostBuffer::Float64(x) => x.clone(),
        HostBuffer::Complex64(x) => x.iter().flat_map(|z| [z.re.into(), z.im.into()]).collect(),
        HostBuffer::Complex128(x) => x.iter().flat_map(|z| [z.re, z.im]).collect(),
        _ => return None,
    })
}

fn assert_close(gpu: &HostBuffer, truth: &HostBuffer, tolerance: f64, what: &str) {
    let (Some(a), Some(b)) = (parts(gpu), parts(truth)) else {
        assert_eq!(gpu, truth, "{what}");
        return;
    };
    assert_eq!(a.len(), b.len(), "{what}");
    let largest = b
        .iter()
        .copied()
        .filter(|x| x.is_finite())
        .fold(0.0, |m: f64, x| m.max(x.abs()));
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        let same = a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * largest;
        assert!(same, "{what}: element {i} is {a}, not {b}");
    }
}

/// Layouts of shape (6, 5) in a storage of 200 elements: plain, transposed, strided, flipped, broadcast.
fn layouts() -> [Layout; 5] {
    let whole = Layout::contiguous(&[10, 20]);
    [
        Layout::contiguous(&[6, 5]),
        Layout::contiguous(&[5, 6]).permute(&[1, 0]),
        whole.slice(0, 1, 6, 1).slice(1, 2, 5, 3),
        whole.slice(0, 2, 6, 1).slice(1, 19, 5, -4).flip(0),
        Layout::contiguous(&[5]).broadcast_to(&[6, 5]),
    ]
}
