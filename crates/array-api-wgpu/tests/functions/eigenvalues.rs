//! The laws of eigenvalues and eigenvectors by kernels: they diagonalise the matrix, vectors are orthonormal, values are in
//! order and those of the host.

use array_api_host::linalg::eigvalsh;
use array_api_spec::{
    Complex, DType, Layout, Strided,
    backend::{ArrayObjectBackend, LinalgBackend},
};
use array_api_wgpu::Wgpu;

use super::factorisations::{Matrix, View, down, on_each_dtype, one, up};

/// Whether matrices of a dtype are worked on in it, so that results show all errors of the work.
fn is_work_dtype(gpu: &Wgpu, dtype: DType) -> bool {
    gpu.dtypes().contains(&DType::Float64) == (dtype.real() == DType::Float64)
}

/// A Hermitian matrix of random numbers.
fn hermitian(dtype: DType, n: usize) -> Matrix {
    let b = Matrix::random(dtype, n, n);
    Matrix::new(n, n, |i, j| (b.at(i, j) + b.at(j, i).conj()) / 2.0).rounded(dtype)
}

/// `Q diag(values) Qᴴ`, with Q a product of two reflections at random vectors.
fn with_spectrum(dtype: DType, n: usize, value: impl Fn(usize) -> f64) -> Matrix {
    let mut a = Matrix::new(n, n, |i, j| if i == j { value(i) } else { 0.0 }.into());
    for seed in [2, 3] {
        let v = Matrix::random(dtype, n, seed);
        let v = Matrix::new(n, 1, |i, _| v.at(i, seed - 1));
        let square = v.norm().powi(2);
        let reflection = Matrix::new(n, n, |i, j| {
            let one = if i == j { 1.0 } else { 0.0 };
            Complex::from(one) - v.at(i, 0) * v.at(j, 0).conj() * (2.0 / square)
        });
        a = reflection.times(&a).times(&reflection);
    }
    let adjoint = a.adjoint();
    Matrix::new(n, n, |i, j| (a.at(i, j) + adjoint.at(i, j)) / 2.0).rounded(dtype)
}

/// What `eigh` and `eigvalsh` find.
struct Found {
    values: Vec<f64>,
    vectors: Matrix,
    values_alone: Vec<f64>,
}

fn decompose(gpu: &Wgpu, x: &View, count: usize) -> Vec<Found> {
    let n = x.shape()[x.layout.ndim() - 1];
    let real = x.dtype.real();
    let [values, vectors] = gpu.eigh(x).expect("decomposes");
    let alone = gpu.eigvalsh(x).expect("has code of its own");
    let reals = |storage| down(gpu, storage, &[count, n], real);
    let (values, alone) = (reals(values), reals(alone.expect("decomposes")));
    let vectors = down(gpu, vectors, &[count, n, n], x.dtype);
    let of = |number: usize| Found {
        values: (0..n).map(|j| values.at(number, j).re).collect(),
        vectors: Matrix::new(n, n, |i, j| vectors.at(number * n + i, j)),
        values_alone: (0..n).map(|j| alone.at(number, j).re).collect(),
    };
    (0..count).map(of).collect()
}

/// Checks all laws. `a` is the matrix as the device has it, and Hermitian.
fn check(found: &Found, a: &Matrix, unit: f64, what: &str) {
    let n = a.rows;
    let norm = a.norm();
    let v = &found.vectors;
    let image = a.times(v);
    let scaled = Matrix::new(n, n, |i, j| v.at(i, j) * found.values[j]);
    let residual = image.distance(&scaled) / norm.max(f64::MIN_POSITIVE);
    let one = Matrix::new(n, n, |i, j| if i == j { 1.0 } else { 0.0 }.into());
    let defect = v.adjoint().times(v).distance(&one);
    let layout = Layout::contiguous(&[n, n]);
    let truth = eigvalsh(&a.values, &layout).expect("converges");
    let off = |values: &[f64]| {
        assert!(values.is_sorted(), "{what}: {values:?}");
        let distances = values.iter().zip(&truth).map(|(x, y)| (x - y).abs());
        distances.fold(0.0, f64::max) / norm.max(f64::MIN_POSITIVE)
    };
    let (error, error_alone) = (off(&found.values), off(&found.values_alone));
    let bound = unit * (n as f64).sqrt();
    assert!(residual < RESIDUAL * bound, "{what}: residual {residual:e}");
    let of_defect = if n <= 32 { DEFECT_OF_TILE } else { DEFECT };
    assert!(defect < of_defect * bound, "{what}: defect {defect:e}");
    assert!(error < VALUES * bound, "{what}: values {error:e}");
    assert!(
        error_alone < VALUES * bound,
        "{what}: alone {error_alone:e}"
    );
}

/// Bounds, in distances of neighbouring numbers times √n, relative to the norm; about twice what was found.
const RESIDUAL: f64 = 2.5;
const VALUES: f64 = 6.0;
/// Of orthonormality, after the polish and, in a single tile, without it.
const DEFECT: f64 = 6.0;
const DEFECT_OF_TILE: f64 = 10.0;

#[test]
fn every_order_is_made_diagonal() {
    on_each_dtype(|_, gpu, dtype, unit| {
        for n in [1, 2, 3, 31, 32, 33, 64, 65, 100] {
            if n > 33 && !is_work_dtype(gpu, dtype) {
                continue;
            }
            let a = hermitian(dtype, n);
            let found = decompose(gpu, &one(gpu, &a, dtype), 1);
            check(&found[0], &a, unit, &format!("{dtype} {n}"));
        }
    });
}

/// Equal eigenvalues, pairs of opposite sign, zeros, and matrices that are diagonal already, in one tile and in several.
#[test]
fn hard_spectra_are_found() {
    on_each_dtype(|_, gpu, dtype, unit| {
        if !is_work_dtype(gpu, dtype) {
            return;
        }
        for n in [12, 40] {
            let half = n / 2;
            let block = Matrix::random(dtype, half, half);
            let block = |i: usize, j: usize| match (i < half, j < half) {
                (true, false) => block.at(i, j - half),
                (false, true) => block.at(j, i - half).conj(),
                _ => 0.0.into(),
            };
            let diagonal = |value: &dyn Fn(usize) -> f64| {
                Matrix::new(n, n, |i, j| if i == j { value(i) } else { 0.0 }.into())
            };
            let wilkinson = |i: usize, j: usize| match i.abs_diff(j) {
                0 => (i as f64 - (n - 1) as f64 / 2.0).abs(),
                1 => 1.0,
                _ => 0.0,
            };
            let power = |i: usize| 2.0_f64.powi(-(i as i32));
            let random = hermitian(dtype, n);
            let few = |i: usize| if i < half { 1.0 } else { 1.0 + 1e-3 * i as f64 };
            let rank = |i: usize| if i < half { 0.0 } else { i as f64 };
            let cases = [
                ("cluster", with_spectrum(dtype, n, few)),
                ("half zero", with_spectrum(dtype, n, rank)),
                ("pairs", Matrix::new(n, n, block)),
                ("identity", diagonal(&|_| 1.0)),
                ("zero", diagonal(&|_| 0.0)),
                ("diagonal", diagonal(&|i| 7.0 - i as f64)),
                ("ones", Matrix::new(n, n, |_, _| 1.0.into())),
                (
                    "blocks of ones",
                    Matrix::new(n, n, |i, j| f64::from(u8::from(i % 2 == j % 2)).into()),
                ),
                (
                    "wilkinson",
                    Matrix::new(n, n, |i, j| wilkinson(i, j).into()),
                ),
                (
                    "graded",
                    Matrix::new(n, n, |i, j| random.at(i, j) * power(i) * power(j)),
                ),
            ];
            for (name, a) in cases {
                let a = a.rounded(dtype);
                let found = decompose(gpu, &one(gpu, &a, dtype), 1);
                check(&found[0], &a, unit, &format!("{name}, {dtype} {n}"));
            }
        }
    });
}

/// Numbers near the ends of the range neither overflow nor vanish.
#[test]
fn huge_and_tiny_matrices_are_scaled() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let power = if dtype.real() == DType::Float32 {
            100
        } else {
            900
        };
        for n in [9, 36] {
            let a = hermitian(dtype, n);
            for factor in [2.0_f64.powi(power), 2.0_f64.powi(-power)] {
                let scaled = Matrix::new(n, n, |i, j| a.at(i, j) * factor);
                let mut found = decompose(gpu, &one(gpu, &scaled, dtype), 1).remove(0);
                for values in [&mut found.values, &mut found.values_alone] {
                    values.iter_mut().for_each(|x| *x /= factor);
                }
                check(&found, &a, unit, &format!("{dtype} {n} · {factor:e}"));
            }
        }
    });
}

/// The upper triangle and the imaginary parts of the diagonal are not read; NaN and ∞ spread over their own matrix alone.
#[test]
fn each_matrix_of_a_stack_is_alone() {
    on_each_dtype(|_, gpu, dtype, unit| {
        for n in [10, 40] {
            let good = hermitian(dtype, n);
            let garbage = Matrix::new(n, n, |i, j| match i.cmp(&j) {
                std::cmp::Ordering::Less => f64::NAN.into(),
                std::cmp::Ordering::Equal => good.at(i, j) + Complex::new(0.0, 3.0),
                std::cmp::Ordering::Greater => good.at(i, j),
            });
            for odd in [f64::NAN, f64::INFINITY] {
                let mut bad = good.clone();
                bad.values[(n - 1) * n + 2] = odd.into();
                let stack = up(gpu, &[garbage.clone(), bad, good.clone()], dtype);
                let found = decompose(gpu, &stack, 3);
                for number in [0, 2] {
                    check(&found[number], &good, unit, &format!("{dtype} {n}"));
                }
                let numbers = found[1].values.iter().chain(&found[1].values_alone);
                assert!(numbers.copied().all(f64::is_nan), "{dtype} {n}");
                let parts = found[1].vectors.values.iter();
                assert!(
                    parts
                        .clone()
                        .all(|z| z.re.is_nan() && (!dtype.is_complex() || z.im.is_nan())),
                    "{dtype} {n}"
                );
            }
        }
    });
}

/// Stacks of views: transposed, flipped, and one matrix for all; and stacks of nothing.
#[test]
fn every_layout_of_a_stack_is_read_right() {
    on_each_dtype(|_, gpu, dtype, unit| {
        for n in [6, 37] {
            if n == 37 && !is_work_dtype(gpu, dtype) {
                continue;
            }
            let a = hermitian(dtype, n);
            let all = [0, 1, 2].map(|k| {
                Matrix::new(n, n, |i, j| {
                    a.at(i, j) + if i == j { k as f64 } else { 0.0 }
                })
                .rounded(dtype)
            });
            let stack = up(gpu, &all, dtype);
            let transposed = stack.with_layout(stack.layout.permute(&[0, 2, 1]));
            let flipped = stack.with_layout(stack.layout.flip(0));
            let one = stack.with_layout(Layout::contiguous(&[n, n]).broadcast_to(&[3, n, n]));
            for (name, view, order) in [
                ("plain", &stack, [0, 1, 2]),
                ("transposed", &transposed, [0, 1, 2]),
                ("flipped", &flipped, [2, 1, 0]),
                ("broadcast", &one, [0, 0, 0]),
            ] {
                let found = decompose(gpu, view, 3);
                for (found, &which) in found.iter().zip(&order) {
                    let a = &all[which];
                    let a = if name == "transposed" {
                        Matrix::new(n, n, |i, j| a.at(j, i))
                    } else {
                        a.clone()
                    };
                    check(found, &a, unit, &format!("{name}, {dtype} {n}"));
                }
            }
        }
        for shape in [[0, 3, 3], [2, 0, 0]] {
            let nothing = gpu.upload(Matrix::new(0, 0, |_, _| 0.0.into()).buffer(dtype));
            let view = Strided::contiguous(nothing.expect("no room needed"), &shape, dtype);
            let [values, _] = gpu.eigh(&view).expect("decomposes");
            let values = Strided::contiguous(values, &[0], dtype.real());
            assert_eq!(gpu.download(&values).expect("downloads").len(), 0);
            assert!(gpu.eigvalsh(&view).expect("has code of its own").is_ok());
        }
    });
}

/// Matrices of a tile are one launch and bring nothing to the host; larger ones bring a word for each sweep.
#[test]
fn launches_and_downloads_are_few() {
    on_each_dtype(|_, gpu, dtype, _| {
        if !is_work_dtype(gpu, dtype) {
            return;
        }
        let count = |n: usize| {
            let a = hermitian(dtype, n);
            let stack = up(gpu, &[a.clone(), a], dtype);
            let before = gpu.counters();
            gpu.eigh(&stack).expect("decomposes");
            let after = gpu.counters();
            (
                after.launches - before.launches,
                after.downloads - before.downloads,
                after.downloaded_bytes - before.downloaded_bytes,
            )
        };
        assert_eq!(count(16), (1, 0, 0), "{dtype}");
        let (_, sweeps, bytes) = count(40);
        assert!(
            sweeps <= 12 && bytes == 4 * sweeps,
            "{dtype}: {sweeps} sweeps"
        );
    });
}
