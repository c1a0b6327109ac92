//! Helpers of this backend's tests: views with random layouts, and the reference backend's results for the same
//! programs.

use array_api_spec::{
    Complex, DType, Element, HostBuffer, Layout, Op, Program, Step, Strided,
    backend::{ArrayObjectBackend, ElementwiseBackend},
    dispatch,
    reference::{self, Memory, Reference},
};
use proptest::prelude::*;

use super::{NdArray, Storage};

/// The same program on the reference backend.
pub(super) fn on_reference(program: &Program<Storage>) -> Program<Memory> {
    let upload = |storage: &Storage| {
        let whole = Strided::contiguous(storage.clone(), &[storage.len()], storage.dtype());
        reference_backend().upload(NdArray.download(&whole)?)
    };
    program
        .try_map(upload)
        .expect("the reference has all dtypes")
}

pub(super) fn reference_backend() -> Reference {
    *reference::namespace().backend()
}

/// The elements of a storage of the reference backend.
pub(super) fn reference_values(storage: Memory, shape: &[usize], dtype: DType) -> HostBuffer {
    let x = Strided::contiguous(storage, shape, dtype);
    reference_backend().download(&x).expect("on the host")
}

/// The elements of a storage of this backend.
pub(super) fn values(storage: &Storage) -> HostBuffer {
    let x = Strided::contiguous(storage.clone(), &[storage.len()], storage.dtype());
    NdArray.download(&x).expect("on the host")
}

/// Asserts that both backends compute the same bits; any NaN equals any other.
pub(super) fn assert_same_evaluation(program: &Program<Storage>) {
    let ours = NdArray.evaluate(program).expect("room");
    let theirs = reference_backend()
        .evaluate(&on_reference(program))
        .expect("room");
    let theirs = reference_values(theirs, &program.shape, program.dtype());
    assert_eq!(
        format!("{:?}", values(&ours)),
        format!("{theirs:?}"),
        "{program:?}"
    );
}

/// `len` values of a dtype that differ from their neighbours; real ones are fractions of small integers, so that sums of a few are exact.
pub(super) fn ramp(dtype: DType, len: usize) -> Storage {
    let value = |k: usize| (k * 7 + 3) % 101;
    fn all<T: Element>(len: usize, of: impl Fn(usize) -> T) -> Storage {
        (0..len).map(of).collect::<Vec<T>>().into()
    }
    match dtype {
        DType::Bool => all(len, |k| value(k) % 3 == 0),
        DType::Complex64 => all(len, |k| {
            Complex::new(value(k) as f32 / 4.0 - 9.0, value(k + 1) as f32)
        }),
        DType::Complex128 => all(len, |k| {
            Complex::new(value(k) as f64 / 4.0 - 9.0, value(k + 1) as f64)
        }),
        DType::Float32 => all(len, |k| value(k) as f32 / 4.0 - 9.0),
        DType::Float64 => all(len, |k| value(k) as f64 / 4.0 - 9.0),
        _ => {
            dispatch!(dtype, T => all::<T>(len, |k| reference::math::cast((value(k) as i64) - 20)))
        }
    }
}

/// Random layouts of a shape: broadcast, flipped, strided and transposed axes, over a storage that is returned with them.
pub(crate) fn view(shape: Vec<usize>, dtype: DType) -> impl Strategy<Value = Strided<Storage>> {
    let n = shape.len();
    let order = Just((0..n).collect::<Vec<usize>>()).prop_shuffle();
    (
        order,
        prop::collection::vec((0..4_u8, 1..3_usize), n),
        0..5_usize,
    )
        .prop_map(move |(order, kinds, gap)| {
            let mut strides = vec![0; n];
            let (mut step, mut offset) = (1_isize, gap);
            for &axis in &order {
                let (kind, spread) = kinds[axis];
                if kind == 0 {
                    continue;
                }
                let stride = step * spread as isize;
                step = stride * shape[axis].max(1) as isize;
                if kind == 1 {
                    offset += stride as usize * shape[axis].saturating_sub(1);
                    strides[axis] = -stride;
                } else {
                    strides[axis] = stride;
                }
            }
            Strided {
                storage: ramp(dtype, step as usize + gap),
                layout: Layout::new(&shape, &strides, offset),
                dtype,
            }
        })
}

/// Random shapes of up to four axes and at most some thousand elements, some of them empty or without axes.
pub(crate) fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        1 => prop::collection::vec(0..4_usize, 0..4),
        3 => prop::collection::vec(1..9_usize, 0..5),
        2 => prop::collection::vec(1..70_usize, 2),
        1 => (1000..5000_usize).prop_map(|n| vec![n]),
        1 => (1..4_usize, 1000..2000_usize).prop_map(|(m, n)| vec![m, n]),
    ]
}

/// A program that yields the first input minus the second.
pub(super) fn difference(x: Strided<Storage>, y: Strided<Storage>) -> Program<Storage> {
    let dtype = x.dtype;
    let mut program = Program::input(x);
    let y = program.push_input(y);
    program.push(Op::Binary(array_api_spec::BinaryOp::Subtract, 0, y), dtype);
    program
}

/// A program of given steps over inputs of one shape.
pub(super) fn program(
    shape: &[usize],
    inputs: Vec<Strided<Storage>>,
    steps: &[(Op, DType)],
) -> Program<Storage> {
    Program {
        shape: shape.to_vec(),
        inputs,
        steps: steps
            .iter()
            .map(|&(op, dtype)| Step { op, dtype })
            .collect(),
    }
}
