//! Every function of integers and booleans, and every conversion, on the GPU against the reference backend: on all pairs of values where
//! rules end, among them zeros to divide by, amounts beyond the width, the smallest value beside -1, NaN, and what is too large to fit.

use array_api_spec::{
    BinaryOp, Complex, DType, HostBuffer, Op, Program, Strided, UnaryOp,
    backend::{ArrayObjectBackend, ElementwiseBackend},
    reference::{self, Reference},
};
use array_api_wgpu::{Types, Wgpu, adapters, backend};

/// Values near 0, near the ends of the range, near the width, and some between.
fn edges(dtype: DType) -> Vec<i128> {
    let (low, high) = dtype.integer_range().unwrap_or((0, 1));
    let width = dtype.size() as i128 * 8;
    let mut all: Vec<i128> = (-4..=4)
        .chain([-7, 7, 13, 64, 100, 1000, -1000, 46_341, 3_037_000_500])
        .collect();
    all.extend([
        low,
        low + 1,
        low / 2,
        high / 2,
        high - 1,
        high,
        width - 1,
        width,
        width + 1,
        -width,
    ]);
    all.retain(|x| (low..=high).contains(x));
    all.sort_unstable();
    all.dedup();
    all
}

fn buffer(dtype: DType, values: &[i128]) -> HostBuffer {
    macro_rules! convert {
        ($($Variant:ident $t:ty),*) => {
            match dtype {
                DType::Bool => HostBuffer::Bool(values.iter().map(|&x| x != 0).collect()),
                $(DType::$Variant => HostBuffer::$Variant(values.iter().map(|&x| x as $t).collect()),)*
                _ => unreachable!("an integer dtype"),
            }
        };
    }
    convert!(Int8 i8, Int16 i16, Int32 i32, Int64 i64, UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64)
}

/// The elements that a backend computes for one operation on two arrays.
fn compute<B: ElementwiseBackend>(
    backend: &B,
    x: &HostBuffer,
    y: &HostBuffer,
    op: Op,
    out: DType,
) -> HostBuffer {
    let upload = |values: &HostBuffer| {
        let storage = backend.upload(values.clone()).expect("room");
        Strided::contiguous(storage, &[values.len()], values.dtype())
    };
    let mut program = Program::input(upload(x));
    let y = upload(y);
    // Both inputs are steps 0 and 1, also where they hold the same.
    program.inputs.push(y);
    program.push(Op::Input(1), x.dtype());
    program.push(op, out);
    let result = backend.evaluate(&program).expect("computes");
    backend
        .download(&Strided::contiguous(result, &[x.len()], out))
        .expect("downloads")
}

fn assert_same(
    ours: &HostBuffer,
    truth: &HostBuffer,
    what: &str,
    argument: impl Fn(usize) -> String,
) {
    if ours == truth {
        return;
    }
    // NaN differs from itself; that is no difference here.
    let size = truth.dtype().size();
    let (ours, truth) = (ours.as_bytes().chunks(size), truth.as_bytes().chunks(size));
    for (i, (ours, truth)) in ours.zip(truth).enumerate() {
        assert!(
            ours == truth,
            "{what} of {}: bytes {ours:?}, not {truth:?}",
            argument(i)
        );
    }
}

/// Runs a test on the adapter as it is and with its 64-bit types masked.
fn on_each(test: impl Fn(&Wgpu, &Reference)) {
    if adapters().is_empty() {
        array_api_conformance::skip(
            "wgpu",
            "`apt-get install mesa-vulkan-drivers` adds an adapter in software",
        );
        return;
    }
    for types in [Types::All, Types::Masked] {
        test(
            &backend(0, types).expect("opens"),
            reference::namespace().backend(),
        );
    }
}

#[test]
fn functions_of_integers_keep_their_rules() {
    on_each(|gpu, reference| {
        for dtype in gpu
            .dtypes()
            .into_iter()
            .filter(|d| d.is_integer() || *d == DType::Bool)
        {
            let edges = edges(dtype);
            let pairs: Vec<(i128, i128)> = edges
                .iter()
                .flat_map(|&x| edges.iter().map(move |&y| (x, y)))
                .collect();
            let (x, y): (Vec<i128>, Vec<i128>) = pairs.iter().copied().unzip();
            let (x, y) = (buffer(dtype, &x), buffer(dtype, &y));
            let unary = UnaryOp::ALL
                .iter()
                .filter(|op| op.accepts().contains(dtype));
            let unary = unary.map(|op| (op.name(), Op::Unary(*op, 0), op.returns().dtype(dtype)));
            let binary = BinaryOp::ALL
                .iter()
                .filter(|op| op.accepts().contains(dtype));
            let binary =
                binary.map(|op| (op.name(), Op::Binary(*op, 0, 1), op.returns().dtype(dtype)));
            for (name, op, out) in unary.chain(binary) {
                let (ours, truth) = (
                    compute(gpu, &x, &y, op, out),
                    compute(reference, &x, &y, op, out),
                );
                assert_same(&ours, &truth, &format!("{name} of {dtype}"), |i| {
                    format!("{:?}", pairs[i])
                });
            }
        }
    });
}

#[test]
fn conversions_wrap_saturate_and_round() {
    on_each(|gpu, reference| {
        for from in gpu.dtypes() {
            let values = numbers(from);
            for to in gpu
                .dtypes()
                .into_iter()
                .filter(|to| !from.is_complex() || to.is_complex() || *to == DType::Bool)
            {
                let convert = Op::Cast(0);
                let (ours, truth) = (
                    compute(gpu, &values, &values, convert, to),
                    compute(reference, &values, &values, convert, to),
                );
                assert_same(&ours, &truth, &format!("{from} to {to}"), |i| {
                    format!("element {i} of {values:?}")
                });
            }
        }
    });
}

/// Values of a dtype at which conversions to some other dtype end.
fn numbers(dtype: DType) -> HostBuffer {
    if dtype.is_integer() || dtype == DType::Bool {
        return buffer(dtype, &edges(dtype));
    }
    let mut all = vec![
        0.0,
        -0.0,
        0.5,
        -0.5,
        0.999,
        -0.999,
        1.5,
        -1.5,
        2.5,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    for bits in [7, 8, 15, 16, 24, 31, 32, 53, 63, 64] {
        let bound = 2_f64.powi(bits);
        all.extend(
            [bound, bound - 1.0, bound - 0.5, bound + 1.0, bound * 1.5]
                .into_iter()
                .flat_map(|x| [x, -x]),
        );
    }
    let single: Vec<f32> = all.iter().map(|&x| x as f32).collect();
    match dtype {
        DType::Float32 => HostBuffer::Float32(single),
        DType::Float64 => HostBuffer::Float64(all),
        DType::Complex64 => {
            HostBuffer::Complex64(single.iter().map(|&x| Complex::new(x, 0.0)).collect())
        }
        _ => HostBuffer::Complex128(all.iter().map(|&x| Complex::new(0.0, x)).collect()),
    }
}
