//! The factorisations against the equations that define them, and against `nalgebra`.

use array_api_spec::{Complex, Error, ErrorKind, Layout, QrMode, SvdMode};
use nalgebra::DMatrix;
use proptest::prelude::*;

use super::{Floating, cholesky, eig, eigh, eigvals, eigvalsh, lu, qr, solve, svd, svdvals};

type C64 = Complex<f64>;

/// What the tests need of an element beside [`Floating`].
pub(super) trait Sample: Floating {
    const EPSILON: f64;
    fn from_parts(re: f64, im: f64) -> Self;
    fn real(value: Self::Real) -> f64;
    fn complex(value: Self::Complex) -> C64;
}
impl Sample for f32 {
    const EPSILON: f64 = f32::EPSILON as f64;
    fn from_parts(re: f64, _: f64) -> Self {
        re as f32
    }
    fn real(value: f32) -> f64 {
        value.into()
    }
    fn complex(value: Complex<f32>) -> C64 {
        C64::new(value.re.into(), value.im.into())
    }
}
impl Sample for f64 {
    const EPSILON: f64 = f64::EPSILON;
    fn from_parts(re: f64, _: f64) -> Self {
        re
    }
    fn real(value: f64) -> f64 {
        value
    }
    fn complex(value: C64) -> C64 {
        value
    }
}
impl Sample for Complex<f32> {
    const EPSILON: f64 = f32::EPSILON as f64;
    fn from_parts(re: f64, im: f64) -> Self {
        Self::new(re as f32, im as f32)
    }
    fn real(value: f32) -> f64 {
        value.into()
    }
    fn complex(value: Complex<f32>) -> C64 {
        C64::new(value.re.into(), value.im.into())
    }
}
impl Sample for C64 {
    const EPSILON: f64 = f64::EPSILON;
    fn from_parts(re: f64, im: f64) -> Self {
        Self::new(re, im)
    }
    fn real(value: f64) -> f64 {
        value
    }
    fn complex(value: C64) -> C64 {
        value
    }
}

/// A full complex matrix in double precision, times 2^-scale, from row-major values.
pub(super) fn wide<T: Sample>(rows: usize, columns: usize, values: &[T], scale: f64) -> DMatrix<C64>
where
    T::Wide: Into<C64>,
{
    assert_eq!(values.len(), rows * columns);
    DMatrix::from_row_iterator(
        rows,
        columns,
        values.iter().map(|v| v.widen().into() * scale),
    )
}

pub(super) fn largest(m: &DMatrix<C64>) -> f64 {
    m.iter().map(|z| z.norm()).fold(0.0, f64::max)
}

#[track_caller]
fn assert_near(a: &DMatrix<C64>, b: &DMatrix<C64>, tolerance: f64) {
    let error = largest(&(a - b));
    assert!(
        error <= tolerance,
        "differs by {error:e}, allowed {tolerance:e}"
    );
}

#[track_caller]
fn assert_orthonormal_columns(q: &DMatrix<C64>, tolerance: f64) {
    assert_near(
        &(q.adjoint() * q),
        &DMatrix::identity(q.ncols(), q.ncols()),
        tolerance,
    );
}

/// Pseudo-random values in (-1, 1), the same every time.
pub(super) fn sample<T: Sample>(count: usize, seed: u64, scale: f64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count)
        .map(|_| T::from_parts(next() * scale, next() * scale))
        .collect()
}

fn check_svd<T: Sample>(m: usize, n: usize, values: &[T], scale: f64)
where
    T::Wide: Into<C64>,
{
    let k = m.min(n);
    let x = wide(m, n, values, 1.0 / scale);
    let tolerance = 30.0 * T::EPSILON * (m.max(n).max(1) as f64);
    let mut oracle: Vec<f64> = if k == 0 {
        Vec::new()
    } else {
        x.singular_values().iter().copied().collect()
    };
    oracle.sort_by(|a, b| b.total_cmp(a));
    for mode in [SvdMode::Reduced, SvdMode::Full] {
        let (left, right) = mode.sizes(m, n);
        let (u, s, vh) = svd(values, &Layout::contiguous(&[m, n]), mode).expect("converges");
        let (u, vh) = (wide(m, left, &u, 1.0), wide(right, n, &vh, 1.0));
        let s: Vec<f64> = s.into_iter().map(|s| T::real(s) / scale).collect();
        assert_orthonormal_columns(&u, tolerance);
        assert_orthonormal_columns(&vh.adjoint(), tolerance);
        let mut us = DMatrix::<C64>::zeros(m, right);
        for (j, &s) in s.iter().enumerate() {
            us.set_column(j, &(u.column(j) * C64::from(s)));
        }
        let norm = s.first().copied().unwrap_or(0.0);
        assert_near(&(us * vh), &x, tolerance * norm);
        assert!(s.windows(2).all(|w| w[0] >= w[1]), "{s:?}");
        let only = svdvals(values, &Layout::contiguous(&[m, n])).expect("converges");
        let only: Vec<f64> = only.into_iter().map(|s| T::real(s) / scale).collect();
        assert_eq!((s.len(), only.len()), (k, k));
        assert!(only.windows(2).all(|w| w[0] >= w[1]), "{only:?}");
        for (ours, theirs) in s.iter().chain(&only).zip(oracle.iter().chain(&oracle)) {
            assert!((ours - theirs).abs() <= tolerance * norm, "{ours} {theirs}");
        }
    }
}

/// The Hermitian matrix with the lower triangle of `values`.
fn hermitian<T: Sample>(n: usize, values: &[T]) -> Vec<T>
where
    T::Wide: Into<C64>,
{
    (0..n * n)
        .map(|position| {
            let (i, j) = (position / n, position % n);
            let z: C64 = values[i.max(j) * n + i.min(j)].widen().into();
            T::from_parts(
                z.re,
                if i == j {
                    0.0
                } else if i > j {
                    z.im
                } else {
                    -z.im
                },
            )
        })
        .collect()
}

fn check_eigh<T: Sample>(n: usize, values: &[T], scale: f64)
where
    T::Wide: Into<C64>,
{
    let x = hermitian(n, values);
    // The upper triangle and the imaginary part of the diagonal are not read.
    let (w, v) = eigh(values, &Layout::contiguous(&[n, n])).expect("converges");
    let x = wide(n, n, &x, 1.0 / scale);
    let v = wide(n, n, &v, 1.0);
    let w: Vec<f64> = w.into_iter().map(|w| T::real(w) / scale).collect();
    let tolerance = 30.0 * T::EPSILON * (n.max(1) as f64);
    let norm = w.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    assert_orthonormal_columns(&v, tolerance);
    let d = DMatrix::from_fn(n, n, |i, j| {
        if i == j {
            C64::from(w[i])
        } else {
            C64::new(0.0, 0.0)
        }
    });
    assert_near(&(&v * d * v.adjoint()), &x, tolerance * norm);
    assert!(w.windows(2).all(|p| p[0] <= p[1]), "{w:?}");
    if n > 0 {
        let mut oracle: Vec<f64> = x.symmetric_eigenvalues().iter().copied().collect();
        oracle.sort_by(f64::total_cmp);
        let only = eigvalsh(values, &Layout::contiguous(&[n, n])).expect("converges");
        let only: Vec<f64> = only.into_iter().map(|w| T::real(w) / scale).collect();
        assert!(only.windows(2).all(|p| p[0] <= p[1]), "{only:?}");
        assert_eq!((w.len(), only.len()), (n, n));
        for (ours, theirs) in w.iter().chain(&only).zip(oracle.iter().chain(&oracle)) {
            assert!((ours - theirs).abs() <= tolerance * norm, "{ours} {theirs}");
        }
    }
}

fn check_cholesky<T: Sample>(n: usize, values: &[T], scale: f64)
where
    T::Wide: Into<C64>,
{
    // z zᴴ + scale² is positive definite; its square root's scale is that of the factor.
    let z = wide(n, n, values, 1.0 / scale);
    let gram = &z * z.adjoint() + DMatrix::identity(n, n);
    let x: Vec<T> = gram
        .transpose()
        .iter()
        .map(|g| T::from_parts(g.re * scale, g.im * scale))
        .collect();
    let mut lower_only = x.clone();
    for i in 0..n {
        for j in i + 1..n {
            lower_only[i * n + j] = T::from_parts(f64::NAN, f64::NAN);
        }
    }
    let l = cholesky(&lower_only, &Layout::contiguous(&[n, n])).expect("positive definite");
    let l = wide(n, n, &l, 1.0 / scale.sqrt());
    let x = wide(n, n, &x, 1.0 / scale);
    let tolerance = 10.0 * T::EPSILON * (n.max(1) as f64) * largest(&x);
    for i in 0..n {
        assert!(l[(i, i)].re > 0.0 && l[(i, i)].im == 0.0, "{}", l[(i, i)]);
        assert!((i + 1..n).all(|j| l[(i, j)] == C64::new(0.0, 0.0)));
    }
    assert_near(&(&l * l.adjoint()), &x, tolerance);
    if n > 0 {
        assert_near(&l, &x.cholesky().expect("positive definite").l(), tolerance);
    }
}

fn check_solve<T: Sample>(n: usize, k: usize, a: &[T], b: &[T], scale: f64)
where
    T::Wide: Into<C64>,
{
    let x = solve(
        a,
        &Layout::contiguous(&[n, n]),
        b,
        &Layout::contiguous(&[n, k]),
    )
    .expect("not singular");
    let (a, b, x) = (
        wide(n, n, a, 1.0 / scale),
        wide(n, k, b, 1.0 / scale),
        wide(n, k, &x, 1.0),
    );
    let tolerance = 20.0 * T::EPSILON * (n.max(1) as f64);
    assert_near(
        &(&a * &x),
        &b,
        tolerance * (largest(&a) * largest(&x) * n as f64 + largest(&b)),
    );
    if n > 0 && k > 0 {
        let oracle = a.clone().lu().solve(&b).expect("not singular");
        let condition = {
            let s = a.singular_values();
            s[0] / s[n - 1]
        };
        assert_near(&x, &oracle, tolerance * condition * largest(&oracle));
    }
}

macro_rules! for_all_types {
    ($(#[$meta:meta])* $name:ident, $check:expr) => {
        $(#[$meta])*
        #[test]
        fn $name() {
            fn run<T: Sample>(scales: &[f64]) where T::Wide: Into<C64> {
                #[allow(clippy::redundant_closure_call, reason = "the closure stands for a generic function")]
                for (seed, &scale) in scales.iter().enumerate() {
                    $check(std::marker::PhantomData::<T>, seed as u64 + 1, scale);
                }
            }
            run::<f64>(&[1.0, 1e150, 1e-150, 1e290, 1e-290]);
            run::<C64>(&[1.0, 1e150, 1e-150]);
            run::<f32>(&[1.0, 1e18, 1e-18, 1e35, 1e-35]);
            run::<Complex<f32>>(&[1.0, 1e18, 1e-18]);
        }
    };
}

fn svds<T: Sample>(_: std::marker::PhantomData<T>, seed: u64, scale: f64)
where
    T::Wide: Into<C64>,
{
    for (m, n) in [
        (0, 0),
        (0, 3),
        (3, 0),
        (1, 1),
        (1, 5),
        (5, 1),
        (4, 4),
        (3, 7),
        (7, 3),
        (40, 25),
        (25, 40),
        (90, 6),
    ] {
        check_svd::<T>(m, n, &sample(m * n, seed, scale), scale);
    }
    check_svd::<T>(4, 3, &[T::from_parts(0.0, 0.0); 12], scale);
    // Rank 2 of 6.
    let (a, b): (Vec<f64>, Vec<f64>) = (sample(12, seed, 1.0), sample(10, seed + 9, 1.0));
    let low: Vec<T> = (DMatrix::from_row_slice(6, 2, &a) * DMatrix::from_row_slice(2, 5, &b))
        .transpose()
        .iter()
        .map(|v| T::from_parts(v * scale, 0.0))
        .collect();
    check_svd::<T>(6, 5, &low, scale);
}
for_all_types!(svd_is_a_factorisation_at_every_scale, svds::<T>);

fn eighs<T: Sample>(_: std::marker::PhantomData<T>, seed: u64, scale: f64)
where
    T::Wide: Into<C64>,
{
    for n in [0, 1, 2, 3, 8, 33, 70] {
        check_eigh::<T>(n, &sample(n * n, seed, scale), scale);
    }
    check_eigh::<T>(5, &[T::from_parts(0.0, 0.0); 25], scale);
    check_eigh::<T>(5, &[T::from_parts(scale, 0.0); 25], scale);
}
for_all_types!(eigh_is_a_factorisation_at_every_scale, eighs::<T>);

fn check_qr<T: Sample>(m: usize, n: usize, values: &[T], scale: f64)
where
    T::Wide: Into<C64>,
{
    let x = wide(m, n, values, 1.0 / scale);
    let tolerance = 30.0 * T::EPSILON * (m.max(n).max(1) as f64);
    for mode in [QrMode::Reduced, QrMode::Complete] {
        let k = mode.size(m, n);
        let (q, r) = qr(values, &Layout::contiguous(&[m, n]), mode).expect("a factorisation");
        let (q, r) = (wide(m, k, &q, 1.0), wide(k, n, &r, 1.0 / scale));
        assert_orthonormal_columns(&q, tolerance);
        assert_near(&(q * &r), &x, tolerance * largest(&x));
        let below = |i: usize, j: usize| i <= j || r[(i, j)] == C64::new(0.0, 0.0);
        assert!((0..k).all(|i| (0..n).all(|j| below(i, j))), "{r}");
    }
}

fn check_lu<T: Sample>(n: usize, values: &[T], scale: f64)
where
    T::Wide: Into<C64>,
{
    let (packed, exchanged) = lu(values, &Layout::contiguous(&[n, n])).expect("a factorisation");
    let at = |i: usize, j: usize| -> C64 { packed[i * n + j].widen().into() };
    let zero = C64::new(0.0, 0.0);
    let lower = DMatrix::from_fn(n, n, |i, j| match i.cmp(&j) {
        std::cmp::Ordering::Less => zero,
        std::cmp::Ordering::Equal => C64::new(1.0, 0.0),
        std::cmp::Ordering::Greater => at(i, j),
    });
    let upper = DMatrix::from_fn(n, n, |i, j| if i <= j { at(i, j) / scale } else { zero });
    let mut x = wide(n, n, values, 1.0 / scale);
    for (i, from) in exchanged.into_iter().enumerate() {
        x.swap_rows(i, from);
    }
    assert!(largest(&lower) <= 1.5, "pivots are the largest: {lower}");
    let tolerance = 30.0 * T::EPSILON * (n.max(1) as f64);
    assert_near(&(lower * upper), &x, tolerance * largest(&x));
}

pub(super) fn check_eig<T: Sample>(n: usize, values: &[T], scale: f64)
where
    T::Wide: Into<C64>,
{
    let (w, v) = eig(values, &Layout::contiguous(&[n, n])).expect("converges");
    let w: Vec<C64> = w.into_iter().map(|w| T::complex(w) / scale).collect();
    let only = eigvals(values, &Layout::contiguous(&[n, n])).expect("converges");
    let only: Vec<C64> = only.into_iter().map(|w| T::complex(w) / scale).collect();
    if n <= 75 {
        // Francis' algorithm makes the same steps with and without vectors.
        assert_eq!(only, w);
    }
    let v = DMatrix::from_row_iterator(n, n, v.into_iter().map(T::complex));
    let x = wide(n, n, values, 1.0 / scale);
    let tolerance = 60.0 * T::EPSILON * (n.max(1) as f64) * largest(&x).max(1.0);
    let scaled = DMatrix::from_fn(n, n, |i, j| v[(i, j)] * w[j]);
    assert_near(&(&x * &v), &scaled, tolerance * n as f64);
    for column in v.column_iter() {
        let rounding = (4.0 + (n as f64).sqrt()) * T::EPSILON;
        assert!((column.norm() - 1.0).abs() < rounding, "{column}");
    }
    let trace: C64 = (0..n).map(|i| x[(i, i)]).sum();
    for w in [w, only] {
        assert_eq!(w.len(), n);
        assert!((w.iter().sum::<C64>() - trace).norm() <= tolerance * n as f64);
    }
}

fn others<T: Sample>(_: std::marker::PhantomData<T>, seed: u64, scale: f64)
where
    T::Wide: Into<C64>,
{
    for (m, n) in [
        (0, 0),
        (0, 3),
        (3, 0),
        (1, 1),
        (5, 1),
        (1, 5),
        (4, 4),
        (3, 7),
        (40, 25),
        (90, 6),
    ] {
        check_qr::<T>(m, n, &sample(m * n, seed, scale), scale);
    }
    for n in [0, 1, 2, 3, 8, 33, 70] {
        check_lu::<T>(n, &sample(n * n, seed, scale), scale);
        check_eig::<T>(n, &sample(n * n, seed, scale), scale);
    }
    // Zeros, equal elements, a column without a pivot.
    let zeros = [T::from_parts(0.0, 0.0); 25];
    let equal = [T::from_parts(scale, 0.0); 25];
    let mut gap: Vec<T> = sample(25, seed, scale);
    (0..5).for_each(|i| gap[i * 5 + 1] = T::from_parts(0.0, 0.0));
    for values in [&zeros[..], &equal, &gap] {
        check_qr::<T>(5, 5, values, scale);
        check_lu::<T>(5, values, scale);
        check_eig::<T>(5, values, scale);
    }
}
for_all_types!(qr_lu_and_eig_are_factorisations_at_every_scale, others::<T>);

fn choleskys<T: Sample>(_: std::marker::PhantomData<T>, seed: u64, scale: f64)
where
    T::Wide: Into<C64>,
{
    for n in [0, 1, 2, 7, 40, 65] {
        check_cholesky::<T>(n, &sample(n * n, seed, scale), scale);
    }
}
for_all_types!(cholesky_is_a_factorisation_at_every_scale, choleskys::<T>);

fn solves<T: Sample>(_: std::marker::PhantomData<T>, seed: u64, scale: f64)
where
    T::Wide: Into<C64>,
{
    for (n, k) in [(0, 0), (0, 2), (1, 1), (2, 0), (3, 2), (9, 1), (40, 7)] {
        check_solve::<T>(
            n,
            k,
            &sample(n * n, seed, scale),
            &sample(n * k, seed + 5, scale),
            scale,
        );
    }
}
for_all_types!(solve_solves_at_every_scale, solves::<T>);

/// Orders from which on `faer` uses all threads, and divide and conquer.
#[test]
fn large_matrices() {
    let n = 410;
    let x: Vec<f64> = sample(n * n, 3, 1.0);
    check_eigh::<f64>(n, &x, 1.0);
    check_svd::<f64>(n, n + 5, &sample(n * (n + 5), 4, 1.0), 1.0);
    check_solve::<f64>(n, 3, &x, &sample(n * 3, 6, 1.0), 1.0);
    check_cholesky::<f64>(n, &x, 1.0);
}

/// Magnitudes so far apart that no single scale would keep them all.
#[test]
fn rows_and_columns_of_different_magnitude() {
    let x: [f64; 4] = [1e300, 0.0, 0.0, 1e-300];
    let l = cholesky(&x, &Layout::contiguous(&[2, 2])).expect("positive definite");
    for (&l, expected) in l.iter().zip([1e150_f64, 0.0, 0.0, 1e-150]) {
        assert!((l - expected).abs() <= 1e-15 * expected);
    }
    let s = solve(
        &x,
        &Layout::contiguous(&[2, 2]),
        &[1e300, 1e-300],
        &Layout::contiguous(&[2, 1]),
    )
    .expect("regular");
    assert!(s.iter().all(|s: &f64| (s - 1.0).abs() <= 1e-15), "{s:?}");
    let columns = [1e300, 1e-300, 1e300, 2e-300];
    let s = solve(
        &columns,
        &Layout::contiguous(&[2, 2]),
        &[1e300, 1e300],
        &Layout::contiguous(&[2, 1]),
    );
    assert_eq!(s.expect("regular"), [1.0, 0.0]);
    let subnormal = [5e-324, 0.0, 0.0, 5e-324];
    let s = solve(
        &subnormal,
        &Layout::contiguous(&[2, 2]),
        &[5e-324, 1e-323],
        &Layout::contiguous(&[2, 1]),
    );
    assert_eq!(s.expect("regular"), [1.0, 2.0]);
    assert_eq!(
        eigh(&subnormal, &Layout::contiguous(&[2, 2]))
            .expect("converges")
            .0,
        [5e-324; 2]
    );
}

#[test]
fn singular_and_indefinite_matrices_are_errors() {
    let square = Layout::contiguous(&[2, 2]);
    let column = Layout::contiguous(&[2, 1]);
    for a in [
        [1.0, 2.0, 2.0, 4.0],
        [0.0; 4],
        [1.0, 0.0, 3.0, 0.0],
        [0.0, 0.0, 1.0, 2.0],
    ] {
        let error = solve(&a, &square, &[1.0, 1.0], &column).expect_err("singular");
        assert_eq!(
            error,
            Error::linear_algebra("solve", "the matrix is singular")
        );
    }
    for x in [
        [1.0, 0.0, 2.0, 1.0],
        [-1.0, 0.0, 0.0, 1.0],
        [0.0; 4],
        [1.0, 0.0, 1e300, 1.0],
        [1e-300, 0.0, 1e300, 1e-300],
    ] {
        let error = cholesky(&x, &square).expect_err("not positive definite");
        assert!(
            matches!(error.kind(), ErrorKind::LinearAlgebra { .. }),
            "{x:?}"
        );
    }
    let stack = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, -1.0];
    let error = cholesky(&stack, &Layout::contiguous(&[2, 2, 2])).expect_err("indefinite");
    assert_eq!(
        error.to_string(),
        "cholesky: matrix 1 of the stack is not positive definite: its leading block of order 2 is not"
    );
}

#[test]
fn nan_and_infinity_spread_and_never_hang() {
    let layout = Layout::contiguous(&[2, 3, 3]);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut x: Vec<f64> = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0].repeat(2);
        x[3] = bad;
        let good = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let (u, s, vh) = svd(&x, &layout, SvdMode::Reduced).expect("no error");
        assert!(
            u[..9]
                .iter()
                .chain(&s[..3])
                .chain(&vh[..9])
                .all(|v| v.is_nan())
        );
        assert_eq!(s[3..], [1.0; 3]);
        let (w, v) = eigh(&x, &layout).expect("no error");
        assert!(w[..3].iter().chain(&v[..9]).all(|v| v.is_nan()));
        assert_eq!(w[3..], [1.0; 3]);
        let s = svdvals(&x, &layout).expect("no error");
        let w = eigvalsh(&x, &layout).expect("no error");
        for values in [s, w] {
            assert!(values[..3].iter().all(|v| v.is_nan()));
            assert_eq!(values[3..], [1.0; 3]);
        }
        let w = eigvals(&x, &layout).expect("no error");
        assert!(w[..3].iter().all(|w| w.re.is_nan() && w.im.is_nan()));
        assert_eq!(w[3..], [C64::new(1.0, 0.0); 3]);
        let l = cholesky(&x, &layout).expect("no error");
        assert!((0..3).all(|i| (0..3).all(|j| l[i * 3 + j].is_nan() == (i >= j))));
        assert_eq!(l[9..], good);
        let solved = solve(&x, &layout, &good.repeat(2), &layout).expect("no error");
        assert!(solved[..9].iter().all(|v| v.is_nan()));
        assert_eq!(solved[9..], good);
        let solved = solve(
            &good,
            &Layout::contiguous(&[3, 3]),
            &x[..9],
            &Layout::contiguous(&[3, 3]),
        )
        .expect("ok");
        assert!(solved.iter().all(|v| v.is_nan()));
    }
}

/// Batches that are transposed, flipped or broadcast give the same as each matrix by itself.
#[test]
fn stacks_of_strided_matrices() {
    let values: Vec<f64> = sample(200 * 20, 7, 1.0);
    let stack = Layout::contiguous(&[200, 5, 4]);
    for layout in [
        stack.clone(),
        stack.permute(&[0, 2, 1]),
        stack.flip(0).flip(2),
        stack.slice(0, 1, 60, 3),
        stack.select(0, 3).broadcast_to(&[2, 3, 5, 4]),
        stack.slice(0, 0, 0, 1),
    ] {
        let batch = layout.ndim() - 2;
        let (u, s, vh) = svd(&values, &layout, SvdMode::Reduced).expect("converges");
        let flat: Vec<usize> = layout.positions().collect();
        let (m, n) = (layout.shape()[batch], layout.shape()[batch + 1]);
        let (only, mut expected_only) = (svdvals(&values, &layout).expect("converges"), Vec::new());
        let mut expected = (Vec::new(), Vec::new(), Vec::new());
        for matrix in flat.chunks(m * n) {
            let matrix: Vec<f64> = matrix.iter().map(|&p| values[p]).collect();
            let one =
                svd(&matrix, &Layout::contiguous(&[m, n]), SvdMode::Reduced).expect("converges");
            expected.0.extend(one.0);
            expected.1.extend(one.1);
            expected.2.extend(one.2);
            expected_only
                .extend(svdvals(&matrix, &Layout::contiguous(&[m, n])).expect("converges"));
        }
        assert_eq!((u, s, vh), expected);
        assert_eq!(only, expected_only);
    }
    let a = Layout::contiguous(&[250, 4, 4]).permute(&[0, 2, 1]);
    let b = Layout::contiguous(&[4, 2]).broadcast_to(&[250, 4, 2]);
    let x = solve(&values, &a, &values[7..], &b).expect("regular");
    for (i, x) in x.chunks(8).enumerate() {
        assert_eq!(
            solve(&values, &a.select(0, i), &values[7..], &b.select(0, i)).expect("regular"),
            x
        );
    }
}

/// Columns whose difference single precision can just represent; `faer`'s single-precision QR takes them for equal.
#[test]
fn nearly_dependent_columns_in_single_precision() {
    let m = 20_000;
    let noise: Vec<f32> = sample(2 * m, 11, 1.0);
    let x: Vec<f32> = (0..m)
        .flat_map(|i| [noise[i], noise[i] + 1e-3 * noise[m + i]])
        .collect();
    let (_, s, _) = svd(&x, &Layout::contiguous(&[m, 2]), SvdMode::Reduced).expect("converges");
    let oracle =
        DMatrix::from_row_iterator(m, 2, x.iter().map(|&v| f64::from(v))).singular_values();
    assert!(
        (f64::from(s[1]) / oracle[1] - 1.0).abs() < 1e-6,
        "{} {}",
        s[1],
        oracle[1]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn svd_of_anything_finite(
        (m, n, values) in (0_usize..7, 0_usize..7).prop_flat_map(|(m, n)| {
            let values = proptest::collection::vec(prop_oneof![Just(0.0), -1.0..1.0, Just(1.0), Just(1e-9)], m * n);
            (Just(m), Just(n), values)
        }),
        exponent in -290..290_i32,
    ) {
        let scale = 10_f64.powi(exponent);
        let values: Vec<f64> = values.into_iter().map(|v: f64| v * scale).collect();
        check_svd::<f64>(m, n, &values, scale);
        if m == n {
            check_eigh::<f64>(n, &values, scale);
        }
    }
}
