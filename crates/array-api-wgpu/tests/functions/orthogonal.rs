//! The laws of QR factors by kernels, for matrices of every shape, rank and scale.

use array_api_spec::{Complex, DType, Layout, QrMode, backend::LinalgBackend};
use array_api_wgpu::Wgpu;

use super::factorisations::{Matrix, View, down, on_each_dtype, one, up};

/// Rounding errors that a result may have, in units of `unit · √n`; `unit` is twice the unit roundoff.
pub(super) const ALLOWED: f64 = 10.0;

/// Shapes around the widths and heights of panels, blocks and tiles.
const SHAPES: [[usize; 2]; 17] = [
    [1, 1],
    [2, 2],
    [1, 5],
    [5, 1],
    [31, 31],
    [32, 32],
    [33, 33],
    [64, 64],
    [65, 65],
    [100, 100],
    [129, 129],
    [300, 7],
    [130, 33],
    [64, 65],
    [7, 70],
    [40, 100],
    [520, 16],
];

/// Q and R of each matrix of a stack.
fn factors(gpu: &Wgpu, x: &View, mode: QrMode) -> Vec<[Matrix; 2]> {
    let &[ref batch @ .., m, n] = x.shape() else {
        panic!("a matrix")
    };
    let (count, k) = (batch.iter().product::<usize>(), mode.size(m, n));
    let [q, r] = gpu.qr(x, mode).expect("factors");
    let (q, r) = (
        down(gpu, q, &[count * m, k], x.dtype),
        down(gpu, r, &[count * k, n], x.dtype),
    );
    let part = |all: &Matrix, rows: usize, number: usize| {
        Matrix::new(rows, all.columns, |i, j| all.at(number * rows + i, j))
    };
    (0..count)
        .map(|number| [part(&q, m, number), part(&r, k, number)])
        .collect()
}

/// The largest element of `QᴴQ - I`.
pub(super) fn skewness(q: &Matrix) -> f64 {
    let unit = Matrix::new(q.columns, q.columns, |i, j| f64::from(i == j).into());
    let product = q.adjoint().times(q);
    let differences = product.values.iter().zip(&unit.values);
    differences.map(|(a, b)| (a - b).norm()).fold(0.0, f64::max)
}

/// Q is orthonormal, R a triangle, and their product is the matrix, each column up to rounding errors of its own length.
fn check(a: &Matrix, [q, r]: &[Matrix; 2], unit: f64, what: &str) {
    let allowed = ALLOWED * unit * (a.rows.max(a.columns) as f64).sqrt();
    let skewness = skewness(q);
    assert!(skewness <= allowed, "{what}: not orthonormal, {skewness:e}");
    for i in 0..r.rows {
        for j in 0..i.min(r.columns) {
            assert_eq!(r.at(i, j), Complex::default(), "{what}: R at ({i}, {j})");
        }
    }
    let product = q.times(r);
    for j in 0..a.columns {
        let column = |x: &Matrix| Matrix::new(x.rows, 1, |i, _| x.at(i, j));
        let (ours, given) = (column(&product), column(a));
        let error = ours.distance(&given);
        let allowed = allowed * given.norm();
        assert!(error <= allowed, "{what}: column {j}, {error:e}");
    }
}

fn check_one(gpu: &Wgpu, a: &Matrix, dtype: DType, unit: f64, what: &str) {
    let view = one(gpu, a, dtype);
    for mode in [QrMode::Reduced, QrMode::Complete] {
        let [found] = &factors(gpu, &view, mode)[..] else {
            panic!("one matrix")
        };
        let (m, n) = (a.rows, a.columns);
        check(
            a,
            found,
            unit,
            &format!("{dtype} {what} ({m}, {n}) {mode:?}"),
        );
    }
}

#[test]
fn qr_factors_multiply_to_the_matrix() {
    on_each_dtype(|_, gpu, dtype, unit| {
        for [m, n] in SHAPES {
            check_one(gpu, &Matrix::random(dtype, m, n), dtype, unit, "random");
        }
        // Sums of several parts, and a tree of several levels.
        let tall = Matrix::random(dtype, 3000, 40);
        let found = factors(gpu, &one(gpu, &tall, dtype), QrMode::Reduced);
        check(&tall, &found[0], unit, &format!("{dtype} tall"));
    });
}

/// Without full rank Q is still orthonormal, and columns of very different lengths keep their own accuracy.
#[test]
fn qr_needs_no_rank_and_no_common_scale() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let (m, n) = (150, 40);
        let a = Matrix::random(dtype, m, n);
        let with = |at: &dyn Fn(usize, usize) -> Complex<f64>| Matrix::new(m, n, at).rounded(dtype);
        let far = if dtype.real() == DType::Float32 {
            100
        } else {
            900
        };
        let power = |by: i32| Complex::from(2.0_f64.powi(by));
        for (what, matrix) in [
            ("zeros", with(&|_, _| 0.0.into())),
            (
                "zero columns",
                with(&|i, j| if j % 3 == 0 { 0.0.into() } else { a.at(i, j) }),
            ),
            ("equal columns", with(&|i, j| a.at(i, j / 4))),
            (
                "zero rows",
                with(&|i, j| if i < 70 { 0.0.into() } else { a.at(i, j) }),
            ),
            ("rank 1", with(&|i, j| a.at(i, 0) * a.at(1, j))),
            (
                "graded",
                with(&|i, j| a.at(i, j) * 10.0_f64.powf(-12.0 * j as f64 / 39.0)),
            ),
            ("huge", with(&|i, j| a.at(i, j) * power(far))),
            ("tiny", with(&|i, j| a.at(i, j) * power(-far))),
            (
                "mixed",
                with(&|i, j| a.at(i, j) * power(if j % 2 == 0 { far } else { -far })),
            ),
        ] {
            check_one(gpu, &matrix, dtype, unit, what);
        }
    });
}

/// Stacks of views: transposed, flipped, with gaps, and one matrix for all.
#[test]
fn every_layout_of_a_stack_is_read() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let (m, n) = (70, 35);
        let all = [0, 1, 2].map(|k| {
            let a = Matrix::random(dtype, m, n);
            Matrix::new(m, n, |i, j| a.at((i + 5 * k) % m, (j + k) % n))
        });
        let stack = up(gpu, &all, dtype);
        let layout = &stack.layout;
        let every_second = layout.slice(1, 0, m.div_ceil(2), 2);
        let views = [
            (layout.clone(), [0, 1, 2]),
            (layout.permute(&[0, 2, 1]), [0, 1, 2]),
            (layout.flip(0).flip(2), [2, 1, 0]),
            (every_second, [0, 1, 2]),
            (
                Layout::contiguous(&[m, n]).broadcast_to(&[3, m, n]),
                [0, 0, 0],
            ),
        ];
        for (number, (layout, order)) in views.into_iter().enumerate() {
            let view = stack.with_layout(layout);
            let &[_, rows, columns] = view.shape() else {
                panic!("a stack")
            };
            let given = |which: usize| {
                Matrix::new(rows, columns, |i, j| {
                    let a = &all[which];
                    match number {
                        1 => a.at(j, i),
                        2 => a.at(i, n - 1 - j),
                        3 => a.at(2 * i, j),
                        _ => a.at(i, j),
                    }
                })
            };
            for mode in [QrMode::Reduced, QrMode::Complete] {
                for (found, which) in factors(gpu, &view, mode).iter().zip(order) {
                    check(
                        &given(which),
                        found,
                        unit,
                        &format!("{dtype} view {number}"),
                    );
                }
            }
        }
    });
}

#[test]
fn what_is_not_finite_stays_in_its_factors() {
    on_each_dtype(|_, gpu, dtype, unit| {
        let good = Matrix::random(dtype, 40, 34);
        for odd in [f64::NAN, f64::INFINITY] {
            let mut bad = good.clone();
            bad.values[20 * 34 + 33] = odd.into();
            let stack = up(gpu, &[good.clone(), bad, good.clone()], dtype);
            let found = factors(gpu, &stack, QrMode::Reduced);
            let [first, second, third] = &found[..] else {
                panic!("three matrices")
            };
            check(&good, first, unit, "before");
            check(&good, third, unit, "after");
            for part in second {
                assert!(part.values.iter().all(|x| x.re.is_nan()), "{dtype} {odd}");
            }
        }
    });
}
