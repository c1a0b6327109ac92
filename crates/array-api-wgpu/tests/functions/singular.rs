//! The laws of singular value decompositions by kernels.

use array_api_spec::backend::LinalgBackend;
use array_api_spec::{Complex, DType, HostBuffer, Strided, SvdMode, backend::ArrayObjectBackend};
use array_api_wgpu::Wgpu;

use super::{
    factorisations::{Matrix, View, down, on_each_dtype, one, up},
    orthogonal::{ALLOWED, skewness},
};

/// U, S and Vᴴ of one matrix.
struct Parts {
    u: Matrix,
    s: Vec<f64>,
    vh: Matrix,
}

fn reals(
    gpu: &Wgpu,
    storage: <Wgpu as ArrayObjectBackend>::Storage,
    n: usize,
    dtype: DType,
) -> Vec<f64> {
    let view = Strided::contiguous(storage, &[n], dtype.real());
    match gpu.download(&view).expect("downloads") {
        HostBuffer::Float32(x) => x.into_iter().map(f64::from).collect(),
        HostBuffer::Float64(x) => x,
        _ => panic!("real numbers"),
    }
}

/// The parts of each matrix of a stack, whose values are those that are computed without vectors, too.
fn parts(gpu: &Wgpu, x: &View, mode: SvdMode, unit: f64) -> Vec<Parts> {
    let &[ref batch @ .., m, n] = x.shape() else {
        panic!("a matrix")
    };
    let (count, k) = (batch.iter().product::<usize>(), m.min(n));
    let (left, right) = mode.sizes(m, n);
    let [u, s, vh] = gpu.svd(x, mode).expect("decomposes");
    let u = down(gpu, u, &[count * m, left], x.dtype);
    let s = reals(gpu, s, count * k, x.dtype);
    let vh = down(gpu, vh, &[count * right, n], x.dtype);
    let values = gpu.svdvals(x).expect("is there").expect("decomposes");
    let values = reals(gpu, values, count * k, x.dtype);
    for (line, alone) in s.chunks(k).zip(values.chunks(k)) {
        let close = |(a, b): (&f64, &f64)| {
            a.is_nan() && b.is_nan() || (a - b).abs() <= 10.0 * unit * line[0]
        };
        assert!(line.iter().zip(alone).all(close), "{line:?} {alone:?}");
    }
    let part = |all: &Matrix, rows: usize, number: usize| {
        Matrix::new(rows, all.columns, |i, j| all.at(number * rows + i, j))
    };
    (0..count)
        .map(|number| Parts {
            u: part(&u, m, number),
            s: s[number * k..(number + 1) * k].to_vec(),
            vh: part(&vh, right, number),
        })
        .collect()
}

fn check(a: &Matrix, parts: &Parts, unit: f64, what: &str) {
    let Parts { u, s, vh } = parts;
    let allowed = ALLOWED * unit * (a.rows.max(a.columns) as f64).sqrt();
    for (name, x) in [("U", u), ("V", &vh.adjoint())] {
        let skewness = skewness(x);
        assert!(
            skewness <= allowed,
            "{what}: {name} is not orthonormal, {skewness:e}"
        );
    }
    assert!(s.iter().all(|&x| x >= 0.0), "{what}: {s:?}");
    assert!(s.windows(2).all(|pair| pair[0] >= pair[1]), "{what}: {s:?}");
    let scaled = Matrix::new(a.rows, s.len(), |i, j| u.at(i, j) * s[j]);
    let first = Matrix::new(s.len(), a.columns, |i, j| vh.at(i, j));
    let error = scaled.times(&first).distance(a);
    assert!(
        error <= allowed * a.norm(),
        "{what}: {error:e} of {:e}",
        a.norm()
    );
}

fn check_one(gpu: &Wgpu, a: &Matrix, dtype: DType, unit: f64, what: &str) {
    let view = one(gpu, a, dtype);
    for mode in [SvdMode::Reduced, SvdMode::Full] {
        let what = format!("{dtype} {what} ({}, {}) {mode:?}", a.rows, a.columns);
        check(a, &parts(gpu, &view, mode, unit)[0], unit, &what);
    }
}

#[test]
fn singular_parts_multiply_to_the_matrix() {
    on_each_dtype(|_, gpu, dtype, unit| {
        for [m, n] in [
            [1, 1],
            [2, 2],
            [1, 4],
            [4, 1],
            [5, 3],
            [16, 16],
            [17, 17],
            [20, 33],
            [40, 34],
        ] {
            check_one(gpu, &Matrix::random(dtype, m, n), dtype, unit, "random");
        }
    });
}

/// Columns of several blocks, which meet in rounds.
#[test]
fn singular_parts_of_many_blocks_multiply_to_the_matrix() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let a = Matrix::random(dtype, 80, 70);
        let parts = parts(gpu, &one(gpu, &a, dtype), SvdMode::Reduced, unit);
        check(&a, &parts[0], unit, &format!("{dtype} many blocks"));
    });
}

#[test]
fn singular_parts_need_no_rank_and_no_scale() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let (m, n) = (24, 19);
        let a = Matrix::random(dtype, m, n);
        let with = |at: &dyn Fn(usize, usize) -> Complex<f64>| Matrix::new(m, n, at).rounded(dtype);
        let power = 2.0_f64.powi(if dtype.real() == DType::Float32 {
            100
        } else {
            900
        });
        for (what, matrix) in [
            ("zeros", with(&|_, _| 0.0.into())),
            ("an identity", with(&|i, j| f64::from(i == j).into())),
            (
                "zero columns",
                with(&|i, j| if j % 3 == 0 { 0.0.into() } else { a.at(i, j) }),
            ),
            ("equal columns", with(&|i, j| a.at(i, j / 4))),
            ("rank 1", with(&|i, j| a.at(i, 0) * a.at(1, j))),
            (
                "graded",
                with(&|i, j| a.at(i, j) * 10.0_f64.powf(-12.0 * j as f64 / 18.0)),
            ),
            ("huge", with(&|i, j| a.at(i, j) * power)),
            ("tiny", with(&|i, j| a.at(i, j) / power)),
        ] {
            check_one(gpu, &matrix, dtype, unit, what);
        }
    });
}

/// Stacks of views, of which one matrix may have no decomposition.
#[test]
fn each_matrix_of_a_stack_has_its_own_parts() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let (m, n) = (21, 18);
        let good = Matrix::random(dtype, m, n);
        let zeros = Matrix::new(m, n, |_, _| 0.0.into());
        for odd in [f64::NAN, f64::INFINITY] {
            let mut bad = good.clone();
            bad.values[n + 2] = odd.into();
            let stack = up(gpu, &[good.clone(), bad, zeros.clone()], dtype);
            let turned = stack.with_layout(stack.layout.flip(0).permute(&[0, 2, 1]));
            for (view, order) in [(stack, [0, 1, 2]), (turned, [2, 1, 0])] {
                let found = parts(gpu, &view, SvdMode::Reduced, unit);
                let given = |x: &Matrix| {
                    let is_turned = view.shape()[1] == n;
                    if is_turned {
                        Matrix::new(n, m, |i, j| x.at(j, i))
                    } else {
                        x.clone()
                    }
                };
                check(&given(&good), &found[order[0]], unit, "good");
                check(&given(&zeros), &found[order[2]], unit, "zeros");
                let Parts { u, s, vh } = &found[1];
                assert!(s.iter().all(|x| x.is_nan()), "{dtype} {odd}");
                for part in [u, vh] {
                    assert!(part.values.iter().all(|x| x.re.is_nan()), "{dtype} {odd}");
                }
            }
        }
    });
}
