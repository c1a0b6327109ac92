//! The moments against a simple computation in two passes, and against `nalgebra`'s eigenvalues.

use array_api_spec::{DType, Layout, Moments, Result, Scatter, Spread, backend::MomentsPlan};
use nalgebra::DMatrix;
use proptest::prelude::*;

use super::{Spectrum, moments, spectrum};
use crate::linalg::Floating;

/// Pseudo-random values in (-1, 1), the same every time.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

struct Table {
    n: usize,
    p: usize,
    x: Vec<f64>,
    groups: Vec<i64>,
    counts: Vec<usize>,
}

impl Table {
    fn new(
        n: usize,
        p: usize,
        k: usize,
        mut element: impl FnMut(usize, usize, usize) -> f64,
    ) -> Self {
        let groups: Vec<i64> = (0..n)
            .map(|i| ((i * i + 3 * i) % (k + 2) % k) as i64)
            .collect();
        let x = (0..n * p)
            .map(|e| element(e / p, e % p, groups[e / p] as usize))
            .collect();
        let counts = (0..k)
            .map(|g| groups.iter().filter(|&&h| h == g as i64).count())
            .collect();
        Self {
            n,
            p,
            x,
            groups,
            counts,
        }
    }

    fn moments(&self, spread: Spread) -> Moments {
        let (shape, line) = (
            Layout::contiguous(&[self.n, self.p]),
            Layout::contiguous(&[self.n]),
        );
        of(
            &self.x,
            &shape,
            (&self.groups, &line),
            self.counts.len(),
            spread,
        )
        .expect("fits")
    }

    fn found(&self, tolerance: f64) -> Found {
        let gram = (self.n >= self.p).then(|| self.gram(tolerance)).flatten();
        gram.unwrap_or_else(|| self.factor(tolerance))
    }

    /// The result from a Gram matrix, if that is precise enough.
    fn gram(&self, tolerance: f64) -> Option<Found> {
        Found::of(self.moments(Spread::Gram), tolerance)
    }

    fn factor(&self, tolerance: f64) -> Found {
        Found::of(self.moments(Spread::Factor), tolerance).expect("never too coarse")
    }

    /// Computed by the definition. Values are first divided by `scale`, so that the oracle itself does not overflow.
    fn oracle(&self, scale: f64) -> Oracle {
        let (n, p, k) = (self.n, self.p, self.counts.len());
        let x: Vec<f64> = self.x.iter().map(|x| x / scale).collect();
        let mut first = vec![None; k];
        let mut sums = vec![0.0; k * p];
        for i in 0..n {
            let g = self.groups[i] as usize;
            let first = *first[g].get_or_insert(i);
            for j in 0..p {
                sums[g * p + j] += x[i * p + j] - x[first * p + j];
            }
        }
        let means: Vec<f64> = (0..k * p)
            .map(|e| {
                first[e / p].map_or(f64::NAN, |f| {
                    x[f * p + e % p] + sums[e] / self.counts[e / p] as f64
                })
            })
            .collect();
        let mut a = DMatrix::from_fn(n, p, |i, j| {
            x[i * p + j] - means[self.groups[i] as usize * p + j]
        });
        let mut std = Vec::new();
        for j in 0..p {
            let s = (a.column(j).norm_squared() / n as f64).sqrt();
            std.push(if s == 0.0 { 1.0 } else { s * scale });
            a.column_mut(j).scale_mut(if s == 0.0 {
                1.0
            } else {
                1.0 / s / (n as f64).sqrt()
            });
        }
        Oracle {
            means: means.iter().map(|m| m * scale).collect(),
            std,
            singular_values: singular_values(&a),
            gram: a.tr_mul(&a),
        }
    }
}

fn of<T: Floating<Wide = f64>>(
    x: &[T],
    layout: &Layout,
    groups: (&[i64], &Layout),
    k: usize,
    spread: Spread,
) -> Result<Moments> {
    let plan = MomentsPlan {
        groups: k,
        pooled: true,
        spread,
    };
    moments(&[(x, layout)], Some(groups), None, plan)
}

/// Means and spectrum.
struct Found {
    means: Vec<f64>,
    spectrum: Spectrum,
}

impl Found {
    fn of(moments: Moments, tolerance: f64) -> Option<Self> {
        let spectrum = spectrum(&moments, DType::Float64, tolerance).expect("converges")?;
        Some(Self {
            means: moments.means,
            spectrum,
        })
    }
}

/// The results by the definition.
struct Oracle {
    means: Vec<f64>,
    std: Vec<f64>,
    singular_values: Vec<f64>,
    gram: DMatrix<f64>,
}

/// The upper half of the eigenvalues of `[[0, Aᵀ], [A, 0]]`, which are ± the singular values of A. `nalgebra`'s own SVD is
/// wrong in the first digits for some matrices of lower rank (dimforge/nalgebra#1172).
fn singular_values(a: &DMatrix<f64>) -> Vec<f64> {
    let a = if a.nrows() > a.ncols() {
        a.clone().qr().r()
    } else {
        a.clone()
    };
    let (n, p) = a.shape();
    if n.min(p) == 0 {
        return Vec::new();
    }
    let mut both = DMatrix::zeros(n + p, n + p);
    both.view_mut((p, 0), (n, p)).copy_from(&a);
    both.view_mut((0, p), (p, n)).copy_from(&a.transpose());
    let mut values: Vec<f64> = both.symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values.truncate(n.min(p));
    values
}

/// `Vᵀ S² V`, which the signs of singular vectors, and their choice where values are equal, do not change.
fn gram_of(spectrum: &Spectrum, p: usize) -> DMatrix<f64> {
    let r = spectrum.singular_values.len();
    let vt = DMatrix::from_row_slice(r, p, &spectrum.right_vectors);
    let s2 = DMatrix::from_fn(r, r, |i, j| {
        if i == j {
            spectrum.singular_values[i].powi(2)
        } else {
            0.0
        }
    });
    vt.transpose() * s2 * vt
}

#[track_caller]
fn assert_same(ours: &Found, oracle: &Oracle, p: usize, tolerance: f64) {
    let close = |a: &[f64], b: &[f64], relative: f64| {
        assert_eq!(a.len(), b.len());
        let largest = b.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        for (i, (a, b)) in a.iter().zip(b).enumerate() {
            assert!(
                (a - b).abs() <= relative * largest || (a.is_nan() && b.is_nan()),
                "{i}: {a:e} {b:e}"
            );
        }
    };
    let spectrum = &ours.spectrum;
    close(&ours.means, &oracle.means, tolerance);
    close(&spectrum.std, &oracle.std, tolerance);
    let values = spectrum.singular_values.iter().zip(&oracle.singular_values);
    for (i, (a, b)) in values.enumerate() {
        // Singular values below √ε may be lost; the caller's tolerance allows it.
        assert!((a - b).abs() <= tolerance * b + 1e-6, "{i}: {a:e} {b:e}");
    }
    let r = oracle.singular_values.len();
    assert_eq!(spectrum.singular_values.len(), r);
    assert!(spectrum.singular_values.windows(2).all(|w| w[0] >= w[1]));
    assert_eq!(spectrum.right_vectors.len(), r * p);
    let error = (gram_of(spectrum, p) - &oracle.gram).amax();
    assert!(error <= tolerance * p as f64, "{error:e}");
    let vt = DMatrix::from_row_slice(r, p, &spectrum.right_vectors);
    let error = (&vt * vt.transpose() - DMatrix::identity(r, r)).abs();
    assert!(error.iter().all(|&e| e <= 1e-12 * p as f64), "{error}");
}

#[test]
fn shapes_groups_and_offsets() {
    for (n, p, k) in [
        (1, 1, 1),
        (4, 3, 4),
        (50, 4, 3),
        (3000, 7, 5),
        (700, 7, 300),
        (9000, 130, 3),
        (20, 40, 3),
    ] {
        for offset in [0.0, 1e6] {
            let mut r = noise(n as u64);
            let table = Table::new(n, p, k, |_, j, g| {
                offset * (j as f64 - 1.0) + (g * j) as f64 + r()
            });
            // With an offset of 10⁶ the input itself has only ten digits.
            let tolerance = if offset == 0.0 { 1e-11 } else { 1e-8 };
            assert_same(&table.found(1e-4), &table.oracle(1.0), p, tolerance);
        }
    }
}

/// The provisional centres are computed from a few rows; here these are far from all others.
#[test]
fn a_sample_that_misleads() {
    for outliers in [1, 70] {
        let mut r = noise(5);
        let table = Table::new(
            20_000,
            3,
            1,
            |i, _, _| if i < outliers { 1e4 + r() } else { r() },
        );
        assert_same(&table.found(1e-4), &table.oracle(1.0), 3, 1e-9);
        let mut r = noise(5);
        let step = 20_000 / 64;
        let table = Table::new(
            20_000,
            3,
            1,
            |i, _, _| if i % step == 0 { 1e9 + r() } else { r() },
        );
        assert_same(&table.found(1e-4), &table.oracle(1.0), 3, 1e-6);
    }
}

#[test]
fn strides_and_types_do_not_matter() {
    let mut r = noise(9);
    let table = Table::new(5000, 6, 4, |_, j, g| (j + g) as f64 + f64::from(r() as f32));
    let expected = table.oracle(1.0);
    let single: Vec<f32> = table.x.iter().map(|&x| x as f32).collect();
    let (n, p) = (table.n, table.p);
    let counts = &table.counts;
    let line = Layout::contiguous(&[n]);
    let wide = Layout::contiguous(&[n, p]);
    let rounded = Table {
        x: single.iter().map(|&x| x.into()).collect(),
        groups: table.groups.clone(),
        counts: counts.clone(),
        n,
        p,
    };
    let found = |moments: Result<Moments>| Found::of(moments.expect("fits"), 1e-4);
    let k = counts.len();
    let ours = found(of(&single, &wide, (&table.groups, &line), k, Spread::Gram));
    assert_same(&ours.expect("precise"), &rounded.oracle(1.0), p, 1e-11);

    let mut columns = vec![0.0; n * p + 1];
    let mut flipped = table.x.clone();
    let mut gaps = vec![f64::NAN; 2 * n * p];
    for i in 0..n {
        for j in 0..p {
            columns[1 + j * n + i] = table.x[i * p + j];
            flipped[(n - 1 - i) * p + (p - 1 - j)] = table.x[i * p + j];
            gaps[2 * (i * p + j) + 1] = table.x[i * p + j];
        }
    }
    for (values, layout) in [
        (&columns, Layout::new(&[n, p], &[1, n as isize], 1)),
        (&flipped, wide.flip(0).flip(1)),
        (&gaps, Layout::new(&[n, p], &[2 * p as isize, 2], 1)),
    ] {
        for spread in [Spread::Gram, Spread::Factor] {
            let ours = found(of(values, &layout, (&table.groups, &line), k, spread));
            assert_same(&ours.expect("precise"), &expected, p, 1e-11);
        }
        let squares = of(values, &layout, (&table.groups, &line), k, Spread::Diagonal);
        let std = squares.expect("fits").divisors();
        for (a, b) in std.iter().zip(&expected.std) {
            assert!((a - b).abs() <= 1e-12 * b, "{a} {b}");
        }
    }
    let reversed: Vec<i64> = table.groups.iter().rev().copied().collect();
    let ours = found(of(
        &table.x,
        &wide,
        (&reversed, &line.flip(0)),
        k,
        Spread::Gram,
    ));
    assert_same(&ours.expect("precise"), &expected, p, 1e-11);
}

/// Columns of one table, cut into two, one of them turned.
#[test]
fn tables_side_by_side_are_one_table() {
    let (n, p) = (3_000, 7);
    let mut next = noise(11);
    let x: Vec<f64> = (0..n * p).map(|_| next()).collect();
    let weights: Vec<f64> = (0..n).map(|i| (i % 3) as f64).collect();
    let (whole, line) = (Layout::contiguous(&[n, p]), Layout::contiguous(&[n]));
    let turned: Vec<f64> = (0..n * 2).map(|e| x[e % n * p + 5 + e / n]).collect();
    let left = whole.slice(1, 0, 5, 1);
    let right = Layout::contiguous(&[2, n]).permute(&[1, 0]);
    for weights in [None, Some((&weights[..], &line))] {
        for spread in [Spread::Diagonal, Spread::Gram, Spread::Factor] {
            let plan = MomentsPlan {
                groups: 1,
                pooled: true,
                spread,
            };
            let of =
                |tables: &[(&[f64], &Layout)]| moments(tables, None, weights, plan).expect("room");
            let (one, two) = (of(&[(&x, &whole)]), of(&[(&x, &left), (&turned, &right)]));
            assert_eq!(
                (one.rows, one.features, &one.weights),
                (two.rows, two.features, &two.weights)
            );
            let pairs = one.means.iter().zip(&two.means);
            assert!(
                pairs.clone().count() == p && pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-12)
            );
            let pairs = one.deviations().into_iter().zip(two.deviations());
            assert!(
                pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-12),
                "{spread:?}"
            );
        }
    }
}

#[test]
fn columns_that_are_constant_within_groups_have_deviation_one() {
    let mut r = noise(2);
    let table = Table::new(4000, 4, 3, |_, j, g| match j {
        0 => 0.1,
        1 => g as f64 * 0.7 + 1e9,
        2 => 1e-300,
        _ => r(),
    });
    let Found { means, spectrum } = table.found(1e-4);
    assert_eq!(spectrum.std[..3], [1.0; 3]);
    assert_eq!(spectrum.singular_values[1..], [0.0; 3]);
    assert!((spectrum.singular_values[0] - 1.0).abs() < 1e-12);
    assert_eq!((means[4], spectrum.rank), (0.1, 1));
}

#[test]
fn magnitudes_whose_squares_overflow_or_vanish() {
    for scale in [1e200, 1e304, 1e-200, 1e-307] {
        let mut r = noise(4);
        let table = Table::new(3000, 3, 2, |_, j, g| (r() + (g * j) as f64) * scale);
        assert_same(&table.found(1e-4), &table.oracle(scale), 3, 1e-9);
    }
    let mut r = noise(4);
    let mixed = Table::new(3000, 2, 2, |_, j, _| r() * [1e-250, 1e250][j]);
    let scatter = mixed.found(1e-4).spectrum;
    assert!(
        (scatter.singular_values[0].powi(2) + scatter.singular_values[1].powi(2) - 2.0).abs()
            < 1e-12
    );
}

/// Column 2 is column 1 plus a part of relative size `part`.
fn nearly_dependent(part: f64) -> Table {
    let mut r = noise(8);
    let mut previous = 0.0;
    Table::new(6000, 3, 2, |_, j, _| {
        previous = match j {
            2 => previous + part * r(),
            _ => r(),
        };
        previous
    })
}

#[test]
fn the_gram_matrix_gives_way_where_it_would_decide() {
    let fast = |table: &Table, tolerance| table.gram(tolerance);
    assert!(fast(&nearly_dependent(1e-1), 1e-4).is_some());
    // A part far below the tolerance may be lost.
    assert!(fast(&nearly_dependent(1e-8), 1e-4).is_some());
    // A part above the tolerance with too few digits; and one near the tolerance.
    assert!(fast(&nearly_dependent(3e-4), 1e-4).is_none());
    assert!(fast(&nearly_dependent(1e-8), 1e-8).is_none());
    assert!(fast(&nearly_dependent(1e-1), 0.0).is_some());

    for (part, tolerance) in [(3e-4, 1e-4), (1e-6, 1e-8), (1e-8, 0.0)] {
        let table = nearly_dependent(part);
        let (ours, oracle) = (table.found(tolerance), table.oracle(1.0));
        let third = ours.spectrum.singular_values[2];
        let relative = (third / oracle.singular_values[2] - 1.0).abs();
        assert!(relative < 1e-14 / part * 10.0, "{part}: {relative:e}");
        assert_same(&ours, &oracle, 3, 1e-11);
    }
}

#[test]
fn both_ways_agree_over_many_blocks() {
    let mut r = noise(3);
    let table = Table::new(40_000, 33, 6, |_, j, g| (g * j) as f64 + r());
    let fast = table.gram(1e-4).expect("well conditioned");
    let careful = table.factor(1e-4);
    let expected = Oracle {
        gram: gram_of(&careful.spectrum, table.p),
        means: careful.means,
        std: careful.spectrum.std,
        singular_values: careful.spectrum.singular_values,
    };
    assert_same(&fast, &expected, table.p, 1e-11);
    let all = [Spread::Diagonal, Spread::Gram, Spread::Factor];
    let here = all.map(|spread| table.moments(spread));
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        let there = pool.install(|| all.map(|spread| table.moments(spread)));
        // As text, because the mean of a group without rows is NaN, which no number equals.
        assert_eq!(format!("{here:?}"), format!("{there:?}"));
    }
}

#[test]
fn nan_and_infinity_neither_panic_nor_hang() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (n, p) in [(500, 3), (2, 3)] {
            let mut r = noise(6);
            let table = Table::new(n, p, 2, |i, j, _| if (i, j) == (1, 2) { bad } else { r() });
            let Found { means, spectrum } = table.found(1e-4);
            let numbers = spectrum.singular_values.iter();
            assert!(numbers.chain(&spectrum.right_vectors).all(|v| v.is_nan()));
            assert_eq!(
                (spectrum.singular_values.len(), spectrum.rank),
                (n.min(p), 0)
            );
            assert!(means[0].is_finite());
        }
    }
}

#[test]
fn rows_of_groups_that_are_not_there_are_left_out() {
    let (shape, line) = (Layout::contiguous(&[2, 1]), Layout::contiguous(&[2]));
    for (groups, rows) in [([0, 2], 1), ([0, -1], 1), ([3, 3], 0), ([1, 0], 2)] {
        for spread in [Spread::Diagonal, Spread::Gram, Spread::Factor] {
            let found = of(&[1.0, 2.0], &shape, (&groups, &line), 2, spread);
            assert_eq!(found.expect("fits").rows, rows, "{groups:?}");
        }
    }
}

#[test]
fn a_scatter_of_each_group_or_of_the_diagonal_has_no_spectrum() {
    let table = Table::new(20, 2, 2, |i, j, _| (i * j) as f64);
    let mut each = table.moments(Spread::Gram);
    each.pooled = false;
    for moments in [each, table.moments(Spread::Diagonal)] {
        let error = spectrum(&moments, DType::Float64, 1e-4).expect_err("no spectrum");
        assert!(error.to_string().contains("is needed"), "{error}");
    }
    assert!(matches!(
        table.moments(Spread::Gram).scatter,
        Scatter::Gram { error, .. } if error < 1e-13
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_small_table(
        (n, p, k, x) in (1_usize..30, 1_usize..6, 1_usize..4).prop_flat_map(|(n, p, k)| {
            let x = proptest::collection::vec(prop_oneof![Just(0.0), Just(1.0), -10.0..10.0], n * p);
            (Just(n), Just(p), Just(k), x)
        }),
    ) {
        let table = Table::new(n, p, k, |i, j, _| x[i * p + j]);
        assert_same(&table.found(1e-4), &table.oracle(1.0), p, 1e-10);
    }
}

#[test]
fn the_oracle_knows_tables_of_rank_one() {
    for (n, p) in [(2, 5), (3, 5), (6, 21), (21, 6), (30, 30)] {
        let values = singular_values(&DMatrix::from_element(n, p, 1.0));
        assert!((values[0] - ((n * p) as f64).sqrt()).abs() < 1e-13 * (n * p) as f64);
        assert!(values[1..].iter().all(|v| v.abs() < 1e-13 * (n * p) as f64));
    }
}
