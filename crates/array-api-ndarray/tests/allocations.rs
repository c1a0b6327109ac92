//! How much memory the CPU backend asks for. One test in a process of its own, for the counters are the process's.

use array_api_ndarray::{NdArray, Storage, statistics};
use array_api_spec::{
    BinaryOp, DType, Layout, Op, Program, ReduceOp, ScanOp, Strided,
    backend::{ElementwiseBackend, Initial, StatisticalBackend},
};

const SHAPE: [usize; 2] = [3000, 300];
const SIZE: usize = SHAPE[0] * SHAPE[1];

/// `(x - m) / s` with m and s broadcast.
fn standardised(x: &Storage, m: &Storage, s: &Storage) -> Program<Storage> {
    let f = DType::Float64;
    let row = |storage: &Storage| Strided {
        storage: storage.clone(),
        layout: Layout::contiguous(&SHAPE[1..]).broadcast_to(&SHAPE),
        dtype: f,
    };
    let mut program = Program::input(Strided::contiguous(x.clone(), &SHAPE, f));
    let m = program.push_input(row(m));
    let difference = program.push(Op::Binary(BinaryOp::Subtract, 0, m), f);
    let s = program.push_input(row(s));
    program.push(Op::Binary(BinaryOp::Divide, difference, s), f);
    program
}

/// Buffers and bytes that `work` asks for.
fn asked(work: impl FnOnce() -> Storage) -> (u64, u64) {
    let before = statistics();
    drop(work());
    let after = statistics();
    (after.buffers - before.buffers, after.bytes - before.bytes)
}

#[test]
fn programs_need_their_result_and_nothing_more() {
    let x: Storage = (0..SIZE).map(|k| k as f64).collect::<Vec<_>>().into();
    let m: Storage = vec![2.0; SHAPE[1]].into();
    let s: Storage = vec![4.0; SHAPE[1]].into();
    let program = standardised(&x, &m, &s);
    let whole = 8 * SIZE as u64;

    assert_eq!(
        asked(|| NdArray.evaluate(&program).expect("room")),
        (1, whole)
    );
    for (axes, results) in [(&[0][..], SHAPE[1]), (&[1], SHAPE[0]), (&[0, 1], 1)] {
        for op in [ReduceOp::Sum, ReduceOp::Max, ReduceOp::Argmin] {
            let dtype = if op == ReduceOp::Argmin {
                DType::Int64
            } else {
                DType::Float64
            };
            let reduce = || NdArray.reduce(op, &program, axes, dtype).expect("room");
            assert_eq!(asked(reduce), (1, 8 * results as u64), "{op:?} {axes:?}");
        }
        let variance = || {
            NdArray
                .variance(&program, axes, 1.0)
                .expect("there")
                .expect("room")
        };
        assert_eq!(
            asked(variance),
            (1, 8 * results as u64),
            "variance {axes:?}"
        );
    }
    for axis in [0, 1] {
        let scan = || {
            NdArray
                .scan(ScanOp::Sum, &program, axis, Initial::Omitted)
                .expect("room")
        };
        assert_eq!(asked(scan), (1, whole));
    }

    // A result of the same size comes from memory that was used before.
    drop(NdArray.evaluate(&program).expect("room"));
    let kept = statistics().kept;
    let again = NdArray.evaluate(&program).expect("room");
    assert!(kept >= whole && statistics().kept <= kept - whole);
    drop(again);
}
