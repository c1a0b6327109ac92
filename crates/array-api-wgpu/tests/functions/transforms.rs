//! Fourier transforms by kernels against those of the host in `float64`, at lengths for each of their ways, and their laws.

use array_api_host::fft::transformed;
use array_api_spec::{
    Complex, DType, HostBuffer, Layout, Strided,
    backend::{ArrayObjectBackend, Direction, FftBackend},
};
use array_api_wgpu::{Types, Wgpu, fresh_backend};

use super::{Pair, on_each, parts, values};

type View = Strided<<Wgpu as ArrayObjectBackend>::Storage>;
type Numbers = Vec<Complex<f64>>;

const DIRECTIONS: [Direction; 2] = [Direction::Forward, Direction::Inverse];

/// One pass with each radix and with several, padded rows in one pass and in more, two passes.
const LENGTHS: [usize; 25] = [
    1, 2, 3, 4, 5, 7, 8, 11, 16, 30, 49, 64, 97, 100, 128, 210, 1000, 1009, 1024, 2048, 2187, 4096,
    6000, 10_007, 65_536,
];

/// Runs a test on each device with kernels for every size, for each complex dtype. It gets the unit of rounding errors.
fn on_each_dtype(test: impl Fn(&Wgpu, DType, f64)) {
    on_each(|pair: &Pair| {
        let gpu = pair.gpu.clone().always_by_kernels();
        for dtype in gpu.dtypes().into_iter().filter(|d| d.is_complex()) {
            let single = dtype == DType::Complex64;
            let unit = if single {
                f32::EPSILON.into()
            } else {
                f64::EPSILON
            };
            test(&gpu, dtype, unit);
        }
    });
}

fn numbers(buffer: &HostBuffer) -> Numbers {
    let parts = parts(buffer).expect("floating-point");
    let pairs = parts.chunks(2);
    pairs.map(|z| Complex::new(z[0], z[1])).collect()
}

fn buffer(dtype: DType, x: &[Complex<f64>]) -> HostBuffer {
    match dtype {
        DType::Complex64 => {
            let narrow = |z: &Complex<f64>| Complex::new(z.re as f32, z.im as f32);
            HostBuffer::Complex64(x.iter().map(narrow).collect())
        }
        _ => HostBuffer::Complex128(x.to_vec()),
    }
}

fn up(gpu: &Wgpu, dtype: DType, x: &[Complex<f64>], shape: &[usize]) -> View {
    let storage = gpu.upload(buffer(dtype, x)).expect("room");
    Strided::contiguous(storage, shape, dtype)
}

fn down(gpu: &Wgpu, x: &View) -> Numbers {
    numbers(&gpu.download(x).expect("downloads"))
}

/// The transform on the device.
fn fft(gpu: &Wgpu, x: &View, axis: usize, direction: Direction) -> Numbers {
    let storage = gpu.fft(x, axis, direction).expect("transforms");
    down(gpu, &Strided::contiguous(storage, x.shape(), x.dtype))
}

/// The transforms of runs of n numbers, on the host.
fn truth(x: &[Complex<f64>], n: usize, direction: Direction) -> Numbers {
    transformed(x, n, direction).expect("room")
}

/// ‖a - b‖ / ‖b‖ of the worst run of n numbers.
fn error(a: &[Complex<f64>], b: &[Complex<f64>], n: usize) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |x: &mut dyn Iterator<Item = Complex<f64>>| -> f64 {
        let x: Numbers = x.collect();
        let largest = x.iter().map(|z| z.re.abs().max(z.im.abs()));
        let largest = largest.fold(0.0, f64::max);
        let sum: f64 = x.iter().map(|z| (z / largest).norm_sqr()).sum();
        if largest == 0.0 {
            0.0
        } else {
            largest * sum.sqrt()
        }
    };
    let runs = a.chunks(n).zip(b.chunks(n)).map(|(a, b)| {
        let difference = norm(&mut a.iter().zip(b).map(|(a, b)| a - b));
        let whole = norm(&mut b.iter().copied());
        if difference == 0.0 {
            0.0
        } else {
            difference / whole
        }
    });
    let errors: Vec<f64> = runs.collect();
    assert!(errors.iter().all(|e| !e.is_nan()));
    errors.into_iter().fold(0.0, f64::max)
}

/// What rounding may do to a row of n numbers, here and on the host.
fn bound(unit: f64, n: usize) -> f64 {
    unit * (2.0 + (n as f64).log2() / 2.0)
}

#[test]
fn transforms_of_every_length_are_those_of_the_host() {
    on_each_dtype(|gpu, dtype, unit| {
        for n in LENGTHS {
            let rows = if n < 3000 { 3 } else { 1 };
            let x = numbers(&values(dtype, rows * n, false));
            let view = up(gpu, dtype, &x, &[rows, n]);
            for direction in DIRECTIONS {
                let y = fft(gpu, &view, 1, direction);
                let error = error(&y, &truth(&x, n, direction), n);
                assert!(
                    error < bound(unit, n),
                    "{dtype} {n} {direction:?}: {error:e}"
                );
            }
        }
    });
}

/// 823543 = 7⁷ and 352947 = 3 · 7⁶ have no two factors that fit one pass each.
#[test]
fn three_passes_transform_what_two_cannot() {
    let Ok(gpu) = fresh_backend(0, Types::All) else {
        return;
    };
    let gpu = gpu.always_by_kernels();
    let dtype = DType::Complex64;
    let n = 823_543;
    let x = numbers(&values(dtype, n, false));
    let view = up(&gpu, dtype, &x, &[n]);
    let before = gpu.counters().launches;
    let y = fft(&gpu, &view, 0, Direction::Inverse);
    assert_eq!(gpu.counters().launches - before, 3);
    let error = error(&y, &truth(&x, n, Direction::Inverse), n);
    assert!(error < bound(f32::EPSILON.into(), n), "{error:e}");
}

/// The other direction leads back, and keeps the sum of squares.
#[test]
fn transforms_can_be_undone() {
    on_each_dtype(|gpu, dtype, unit| {
        for n in [6, 11, 360, 1021, 2500, 4099] {
            let x = numbers(&values(dtype, 2 * n, false));
            let there = gpu
                .fft(&up(gpu, dtype, &x, &[2, n]), 1, Direction::Forward)
                .expect("transforms");
            let there = Strided::contiguous(there, &[2, n], dtype);
            let squares = |x: &[Complex<f64>]| x.iter().map(|z| z.norm_sqr()).sum::<f64>();
            let (inside, outside) = (squares(&down(gpu, &there)), squares(&x) * n as f64);
            let parseval = (inside / outside - 1.0).abs();
            assert!(parseval < 4.0 * bound(unit, n), "{dtype} {n}: {parseval:e}");
            let back = fft(gpu, &there, 1, Direction::Inverse);
            let back: Numbers = back.into_iter().map(|z| z / n as f64).collect();
            let error = error(&back, &x, n);
            assert!(error < 2.0 * bound(unit, n), "{dtype} {n}: {error:e}");
        }
    });
}

/// Moves an axis to the end: the numbers of a shape in another order, as rows.
fn rows_along(x: &[Complex<f64>], shape: &[usize], axis: usize) -> Numbers {
    let mut axes: Vec<usize> = (0..shape.len()).filter(|&a| a != axis).collect();
    axes.push(axis);
    let layout = Layout::contiguous(shape).permute(&axes);
    layout.positions().map(|at| x[at]).collect()
}

/// Along each axis of plain, strided, reversed, broadcast and many-dimensional views, for each way of transforming.
#[test]
fn every_axis_of_every_layout_is_transformed_in_place() {
    on_each_dtype(|gpu, dtype, unit| {
        let check = |view: &View, what: &str| {
            let x = down(gpu, view);
            for axis in 0..view.layout.ndim() {
                let n = view.shape()[axis];
                for direction in DIRECTIONS {
                    let y = rows_along(&fft(gpu, view, axis, direction), view.shape(), axis);
                    let wanted = truth(&rows_along(&x, view.shape(), axis), n, direction);
                    let error = error(&y, &wanted, n);
                    let bound = bound(unit, n);
                    assert!(error < bound, "{dtype} {what} axis {axis}: {error:e}");
                }
            }
        };
        for shape in [
            [3, 4, 5],
            [11, 12, 13],
            [1, 300, 1],
            [2, 4096, 3],
            [2, 1031, 2],
        ] {
            let x = numbers(&values(dtype, shape.iter().product(), false));
            let view = up(gpu, dtype, &x, &shape);
            check(&view, "plain");
            let transposed = view.with_layout(view.layout.permute(&[2, 0, 1]));
            check(&transposed, "transposed");
            let flipped = view.with_layout(view.layout.flip(1).flip(2));
            check(&flipped, "reversed");
            let half = shape.map(|n: usize| n.div_ceil(2));
            let strided = view.layout.slice(1, shape[1] - 1, half[1], -2);
            check(
                &view.with_layout(strided.slice(0, 0, half[0], 2)),
                "strided",
            );
        }
        let row = up(gpu, dtype, &numbers(&values(dtype, 30, false)), &[30]);
        check(
            &row.with_layout(row.layout.broadcast_to(&[4, 30])),
            "broadcast",
        );
        let single = row.with_layout(row.layout.slice(0, 7, 1, 3));
        check(
            &single.with_layout(single.layout.broadcast_to(&[2, 12])),
            "one number",
        );
        // More axes than a row's number has digits, none of which can be merged.
        let shape = [2, 3, 2, 3, 2, 6];
        let x = numbers(&values(dtype, 432, false));
        let many = up(gpu, dtype, &x, &shape);
        let every_second = many.layout.permute(&[4, 2, 0, 3, 1, 5]).slice(5, 0, 3, 2);
        check(&many.with_layout(every_second), "six axes");
    });
}

/// Each row is transformed by itself, whatever its size and its neighbours are.
#[test]
fn rows_do_not_know_each_other() {
    on_each_dtype(|gpu, dtype, unit| {
        for n in [12, 13, 1000, 1031, 4100] {
            let plain = numbers(&values(dtype, n, false));
            let powers = if dtype == DType::Complex64 { 90 } else { 800 };
            let scales = [0, powers, -powers, 0].map(|power| 2.0_f64.powi(power));
            let scaled = |scale: &f64| plain.iter().map(|z| z * *scale).collect::<Numbers>();
            let x: Numbers = scales.iter().flat_map(scaled).collect();
            let y = fft(gpu, &up(gpu, dtype, &x, &[4, n]), 1, Direction::Forward);
            let error = error(&y, &truth(&x, n, Direction::Forward), n);
            assert!(error < bound(unit, n), "{dtype} {n}: {error:e}");
            for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut x = x.clone();
                x[n + n / 2].im = odd;
                let z = fft(gpu, &up(gpu, dtype, &x, &[4, n]), 1, Direction::Forward);
                for (i, (y, z)) in y.iter().zip(&z).enumerate() {
                    if i / n == 1 {
                        assert!(!z.is_finite(), "{dtype} {n} {i}: {z}");
                        assert!(odd.is_infinite() || z.is_nan(), "{dtype} {n} {i}: {z}");
                    } else {
                        assert_eq!(y, z, "{dtype} {n} {i}");
                    }
                }
            }
        }
        // Sums and differences of two and four numbers are no products, and leave ∞ as it is.
        for n in [2, 4] {
            let mut x = vec![Complex::new(1.0, 2.0); n];
            x[1].re = f64::INFINITY;
            let y = fft(gpu, &up(gpu, dtype, &x, &[n]), 0, Direction::Forward);
            assert!(y.iter().all(|z| !z.is_nan() && !z.is_finite()), "{y:?}");
        }
    });
}

#[test]
fn empty_batches_have_empty_transforms() {
    on_each_dtype(|gpu, dtype, _| {
        for (shape, axis) in [([0, 8], 1), ([8, 0], 0), ([0, 11], 1), ([0, 5000], 1)] {
            let x = up(gpu, dtype, &[], &shape);
            assert!(fft(gpu, &x, axis, Direction::Forward).is_empty());
        }
    });
}

/// Nothing is uploaded again for a length that was transformed before, and nothing comes down to the host.
#[test]
fn tables_are_kept_on_the_device() {
    on_each_dtype(|gpu, dtype, _| {
        for (n, launches, allocations) in [(1000, 1, 1), (8192, 2, 2), (499, 5, 3)] {
            let x = up(gpu, dtype, &numbers(&values(dtype, n, false)), &[n]);
            let transform = |direction| {
                let before = gpu.counters();
                gpu.fft(&x, 0, direction).expect("transforms");
                let after = gpu.counters();
                assert_eq!(after.downloads, before.downloads);
                let launched = after.launches - before.launches;
                (launched, after.allocations - before.allocations)
            };
            assert_eq!(transform(Direction::Forward).0, launches, "{dtype} {n}");
            let again = DIRECTIONS.map(transform);
            assert_eq!(again, [(launches, allocations); 2], "{dtype} {n}");
        }
    });
}
