//! What backends do in ways of their own equals what the standard's functions compose, on every device of this machine.

use array_api_compat::{AnyBackend, Composed, cpu, wgpu};
use array_api_spec::{
    Array, Axes, Backend, DType, Error, Namespace, Num, Result, axis, num, reference,
};

/// Runs a check on every backend: as it is, with its type erased, and against the reference.
macro_rules! on_every_backend {
    ($check:ident) => {{
        $check(&cpu());
        $check(&AnyBackend::erase(&cpu()));
        $check(&reference::namespace());
        if wgpu::adapters().is_empty() {
            array_api_conformance::skip(
                "wgpu",
                "`apt-get install mesa-vulkan-drivers` adds an adapter in software",
            );
        } else {
            $check(&wgpu::wgpu(0).expect("opens"));
            $check(&wgpu::with_masked_types(0).expect("opens"));
        }
    }};
}

fn composed<B: Backend>(xp: &Namespace<B>) -> Namespace<Composed<B>> {
    Namespace::new(Composed::new(xp.backend().clone()))
}

/// The device's real floating-point dtypes and what their results may differ by.
fn precisions<B: Backend>(xp: &Namespace<B>) -> Vec<(DType, f64)> {
    let all = [(DType::Float32, 1e-5), (DType::Float64, 1e-13)];
    all.into_iter()
        .filter(|(dtype, _)| xp.backend().dtypes().contains(dtype))
        .collect()
}

#[track_caller]
fn assert_close<B: Backend, C: Backend>(
    a: Result<Array<B>>,
    b: Result<Array<C>>,
    tolerance: f64,
    what: &str,
) {
    let (a, b) = match (a, b) {
        (Ok(a), Ok(b)) => (a, b),
        (a, b) => {
            let (a, b) = (a.map(|_| ()), b.map(|_| ()));
            assert!(a.is_err() && a == b, "{what}: {a:?} {b:?}");
            return;
        }
    };
    assert_eq!((a.shape(), a.dtype()), (b.shape(), b.dtype()), "{what}");
    let (a, b) = (
        a.to_vec::<f64>().expect("real"),
        b.to_vec::<f64>().expect("real"),
    );
    for (k, (a, b)) in a.iter().zip(&b).enumerate() {
        let same =
            a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * (1.0 + b.abs());
        assert!(same, "{what} at {k}: {a} {b}");
    }
}

/// A matrix with an all-NaN row and column, scattered NaN, infinities and both zeros.
fn holes(rows: usize, columns: usize) -> Vec<f64> {
    let value = |i: usize, j: usize| match (i * 31 + j * 17) % 13 {
        _ if i == 2 || j == 3 => f64::NAN,
        0 | 5 => f64::NAN,
        1 if i > 4 => f64::INFINITY,
        2 if i > 5 => f64::NEG_INFINITY,
        3 => -0.0,
        k => k as f64 - 6.25,
    };
    (0..rows * columns)
        .map(|k| value(k / columns, k % columns))
        .collect()
}

fn check_nan_functions<B: Backend>(xp: &Namespace<B>) {
    let (other, truth) = (composed(xp), reference::namespace());
    for (dtype, tolerance) in precisions(xp) {
        for (rows, columns) in [(7, 9), (1, 1), (0, 3), (300, 70)] {
            let values = || (holes(rows, columns), [rows, columns]);
            let x = xp.asarray_as(values(), dtype).expect("room");
            let y = other.asarray_as(values(), dtype).expect("room");
            let z = truth.asarray_as(values(), dtype).expect("room");
            let all: [(&str, Axes); 5] = [
                ("0", 0.into()),
                ("1", 1.into()),
                ("-1, keepdims", axis(-1).keepdims()),
                ("all", (..).into()),
                ("2", 2.into()),
            ];
            for (name, axes) in all {
                macro_rules! same {
                    ($function:ident) => {{
                        let what = format!(
                            "{} {dtype} ({rows}, {columns}) axis {name}: {}",
                            stringify!($function),
                            xp.device()
                        );
                        assert_close(
                            xp.$function(&x, axes.clone()),
                            other.$function(&y, axes.clone()),
                            tolerance,
                            &what,
                        );
                        assert_close(
                            xp.$function(&x, axes.clone()),
                            truth.$function(&z, axes.clone()),
                            tolerance,
                            &what,
                        );
                        // An expression, and a view that runs backwards.
                        let (x, z) = (
                            -xp.flip(&x, ..).expect("a view"),
                            -truth.flip(&z, ..).expect("a view"),
                        );
                        assert_close(
                            xp.$function(x, axes.clone()),
                            truth.$function(z, axes.clone()),
                            tolerance,
                            &what,
                        );
                    }};
                }
                same!(nansum);
                same!(nanmax);
                same!(nanmin);
                same!(nanmean);
            }
        }
    }
    let integers = xp.asarray([1_i32, 2]).expect("room");
    assert!(matches!(
        xp.nansum(&integers, ..),
        Err(Error::DType {
            function: "nansum",
            ..
        })
    ));
    assert!(matches!(
        xp.nanmax(&integers, ..),
        Err(Error::DType {
            function: "nanmax",
            ..
        })
    ));
}

#[test]
fn nan_functions_agree() {
    on_every_backend!(check_nan_functions);
}

#[test]
fn nan_functions_of_nothing_but_nan() {
    fn check<B: Backend>(xp: &Namespace<B>) {
        let x = xp.asarray([f32::NAN, f32::NAN]).expect("room");
        let item = |x: Result<Array<B>>| x.and_then(|x| x.item::<f32>()).expect("one");
        assert_eq!(item(xp.nansum(&x, ..)), 0.0);
        assert!(
            item(xp.nanmax(&x, ..)).is_nan()
                && item(xp.nanmin(&x, ..)).is_nan()
                && item(xp.nanmean(&x, ..)).is_nan()
        );
        let x = xp.asarray([f32::NAN, f32::NEG_INFINITY]).expect("room");
        assert_eq!(item(xp.nanmax(&x, ..)), f32::NEG_INFINITY);
    }
    on_every_backend!(check);
}

fn check_take<B: Backend>(xp: &Namespace<B>) {
    let (other, truth) = (composed(xp), reference::namespace());
    let values = || {
        (
            (0..3 * 40 * 5).map(|k| k as f32).collect::<Vec<f32>>(),
            [3, 40, 5],
        )
    };
    let (x, y, z) = (
        xp.asarray(values()),
        other.asarray(values()),
        truth.asarray(values()),
    );
    let (x, y, z) = (x.expect("room"), y.expect("room"), z.expect("room"));
    for (axis, indices) in [
        (0, vec![2, -1, 0, -3]),
        (1, vec![39, -40, 7, 7]),
        (-1, vec![4, 0]),
        (2, vec![]),
        (0, vec![3]),
        (1, vec![-41]),
    ] {
        let indices: Vec<i32> = indices;
        macro_rules! taken {
            ($xp:expr, $x:expr) => {
                $xp.take($x, $xp.asarray(&indices).expect("room"), Some(axis))
            };
        }
        let what = format!("take {indices:?} on axis {axis}: {}", xp.device());
        assert_close(taken!(xp, &x), taken!(other, &y), 0.0, &what);
        assert_close(taken!(xp, &x), taken!(truth, &z), 0.0, &what);
        let (x, z) = (
            xp.permute_dims(&x, &[2, 0, 1]),
            truth.permute_dims(&z, &[2, 0, 1]),
        );
        assert_close(
            taken!(xp, x.expect("a view")),
            taken!(truth, z.expect("a view")),
            0.0,
            &what,
        );
    }
}

#[test]
fn take_agrees() {
    on_every_backend!(check_take);
}

fn check_group_scatter<B: Backend>(xp: &Namespace<B>) {
    let other = composed(xp);
    let (n, p, k) = (600, 5, 4);
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 23) - 1.0
    };
    let groups: Vec<i32> = (0..n).map(|i| (i * 5 + i / 9) % 7 % k).collect();
    let counts: Vec<usize> = (0..k)
        .map(|g| groups.iter().filter(|&&h| h == g).count())
        .collect();
    // Column 3 is constant within groups, column 4 the sum of two others.
    let mut values = Vec::new();
    for &g in &groups {
        let row = [noise() + f64::from(g), 3.0 * noise(), noise() - 2.0];
        values.extend([row[0], row[1], row[2], f64::from(g * g), row[0] + row[1]]);
    }
    for (dtype, tolerance) in precisions(xp) {
        let table = || (values.clone(), [n as usize, p]);
        let ours = xp.group_scatter(
            &xp.asarray_as(table(), dtype).expect("room"),
            &xp.asarray(&groups).expect("room"),
            &counts,
            1e-4,
        );
        let theirs = other.group_scatter(
            &other.asarray_as(table(), dtype).expect("room"),
            &other.asarray(&groups).expect("room"),
            &counts,
            1e-4,
        );
        let (ours, theirs) = (ours.expect("converges"), theirs.expect("converges"));
        let what = |part: &str| format!("group_scatter in {dtype}, {part}: {}", xp.device());
        assert_close(Ok(ours.means), Ok(theirs.means), tolerance, &what("means"));
        assert_close(Ok(ours.std), Ok(theirs.std), tolerance, &what("std"));
        // Signs, and vectors of equal singular values, are free: VᵀS²V is not. Values below the tolerance may be inexact.
        let gram = |s: Vec<f64>, v: Vec<f64>| -> (Vec<f64>, Vec<f64>) {
            let kept: Vec<f64> = s.iter().copied().filter(|&s| s > 1e-4).collect();
            let entry = |i: usize, j: usize| {
                kept.iter()
                    .enumerate()
                    .map(|(r, s)| s * s * v[r * p + i] * v[r * p + j])
                    .sum()
            };
            let gram = (0..p * p).map(|e| entry(e / p, e % p)).collect();
            (kept, gram)
        };
        let ours = gram(
            ours.singular_values.to_vec().expect("real"),
            ours.right_vectors.to_vec().expect("real"),
        );
        let theirs = gram(
            theirs.singular_values.to_vec().expect("real"),
            theirs.right_vectors.to_vec().expect("real"),
        );
        assert_eq!(ours.0.len(), 3, "{:?}", ours.0);
        assert_eq!(theirs.0.len(), 3, "{:?}", theirs.0);
        for (a, b) in ours
            .0
            .iter()
            .zip(&theirs.0)
            .chain(ours.1.iter().zip(&theirs.1))
        {
            assert!(
                (a - b).abs() <= 10.0 * tolerance,
                "{}: {a} {b}",
                what("spectrum")
            );
        }
    }
}

#[test]
fn group_scatter_agrees() {
    on_every_backend!(check_group_scatter);
}

/// The steps between -max and max, and between tiny numbers that a device must not take for 0.
fn steps_at_the_ends_of_the_range_on<B: Backend>(xp: &Namespace<B>) {
    for (dtype, _) in precisions(xp) {
        let info = array_api_spec::finfo(dtype).expect("floating-point");
        let max = info.max;
        let line = |start: f64, stop: f64, n: Num| {
            let line = xp.linspace_as(start, stop, n, dtype);
            line.and_then(|x| x.to_vec::<f64>()).expect("a line")
        };
        let halves = [-max, -max / 2.0, 0.0, max / 2.0, max];
        assert_eq!(line(-max, max, num(5)), halves, "{dtype}");
        assert_eq!(
            line(-max, max, num(4).without_endpoint()),
            halves[..4],
            "{dtype}"
        );
        assert_eq!(line(max, -max, num(2)), [max, -max], "{dtype}");
        // Each step is subnormal, and the numbers are not.
        let tiny = info.smallest_normal;
        let n = 1 << 12;
        for (k, x) in line(tiny, 2.0 * tiny, num(n + 1)).into_iter().enumerate() {
            let want = tiny * (1.0 + k as f64 / n as f64);
            let off = (x - want).abs() / want;
            assert!(off <= 2.0 * info.eps, "{dtype} {k}: {x:e}, not {want:e}");
        }
        let unit = 1.0 / tiny;
        let x = xp
            .arange_as(-3.0 * unit, 3.5 * unit, unit, dtype)
            .expect("numbers");
        let x: Vec<f64> = x.to_vec::<f64>().expect("real");
        assert_eq!(x, [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0].map(|k| k * unit));
    }
}

#[test]
fn steps_at_the_ends_of_the_range() {
    on_every_backend!(steps_at_the_ends_of_the_range_on);
}

fn everything_but_zero_is_true_on<B: Backend>(xp: &Namespace<B>) {
    let least = f32::from_bits(1);
    let x = vec![0.0, -0.0, least, -least, 1e-30, f32::NAN];
    let want = vec![false, false, true, true, true, true];
    let as_bool = |x: Result<Array<B>>| {
        let x = xp.astype(x.expect("room"), DType::Bool).eval();
        x.and_then(|x| x.to_vec::<bool>()).expect("bool")
    };
    assert_eq!(as_bool(xp.asarray(x.clone())), want);
    let z = |re, im| array_api_spec::Complex::new(re, im);
    let real: Vec<_> = x.iter().map(|&x| z(x, 0.0)).collect();
    let imaginary: Vec<_> = x.iter().map(|&x| z(-0.0, x)).collect();
    assert_eq!(as_bool(xp.asarray(real)), want);
    assert_eq!(as_bool(xp.asarray(imaginary)), want);
}

#[test]
fn everything_but_zero_is_true() {
    on_every_backend!(everything_but_zero_is_true_on);
}

fn means_without_nan_are_finite_on<B: Backend>(xp: &Namespace<B>) {
    for (dtype, tolerance) in precisions(xp) {
        let large = array_api_spec::finfo(dtype).expect("floating-point").max * 0.875;
        let x = [
            [large, f64::NAN, large],
            [1.0, 2.0, f64::NAN],
            [f64::NAN; 3],
        ];
        let x = xp.asarray_as(x, dtype).expect("room");
        let mean = xp.nanmean(&x, 1).and_then(|m| m.to_vec::<f64>());
        let mean = mean.expect("a mean");
        assert!(
            (mean[0] / large - 1.0).abs() <= tolerance,
            "{dtype}: {mean:?}"
        );
        assert!(mean[1] == 1.5 && mean[2].is_nan(), "{dtype}: {mean:?}");
    }
}

#[test]
fn means_without_nan_are_finite() {
    on_every_backend!(means_without_nan_are_finite_on);
}
