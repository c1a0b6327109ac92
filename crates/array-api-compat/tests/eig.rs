//! The laws of eigenvalues and eigenvectors for matrices on which algorithms have failed, on every device of this machine.
#![allow(missing_docs, reason = "tests")]

use array_api_compat::{AnyBackend, cpu, wgpu};
use array_api_spec::{Array, Backend, Complex, DType, Namespace, Result, reference};
use proptest::prelude::*;

type C = Complex<f64>;

/// A square matrix by rows.
#[derive(Clone, Debug)]
struct Square {
    n: usize,
    values: Vec<C>,
}

impl Square {
    fn from_fn(n: usize, f: impl Fn(usize, usize) -> C) -> Self {
        let values = (0..n * n).map(|k| f(k / n, k % n)).collect();
        Self { n, values }
    }

    fn real(n: usize, f: impl Fn(usize, usize) -> f64) -> Self {
        Self::from_fn(n, |i, j| f(i, j).into())
    }

    fn at(&self, i: usize, j: usize) -> C {
        self.values[i * self.n + j]
    }

    fn map(&self, f: impl Fn(usize, usize, C) -> C) -> Self {
        Self::from_fn(self.n, |i, j| f(i, j, self.at(i, j)))
    }

    /// `D A D⁻¹` with powers of two in D.
    fn scaled(&self, exponents: &[i32]) -> Self {
        self.map(|i, j, z| z * 2.0_f64.powi(exponents[i] - exponents[j]))
    }

    /// Rows and columns in another order.
    fn permuted(&self) -> Self {
        let (n, step) = (self.n, if self.n.is_multiple_of(3) { 5 } else { 3 });
        self.map(|i, j, _| self.at(i * step % n, j * step % n))
    }

    fn is_real(&self) -> bool {
        self.values.iter().all(|z| z.im == 0.0)
    }

    fn largest(&self) -> f64 {
        self.values
            .iter()
            .map(|z| z.re.abs().max(z.im.abs()))
            .fold(0.0, f64::max)
    }

    /// As a device of this dtype holds it.
    fn rounded(&self, dtype: DType) -> Self {
        let single = dtype.real() == DType::Float32;
        let round = |x: f64| if single { f64::from(x as f32) } else { x };
        self.map(|_, _, z| C::new(round(z.re), round(z.im)))
    }

    fn on<B: Backend>(&self, xp: &Namespace<B>, dtype: DType) -> Result<Array<B>> {
        let x = if dtype.is_complex() {
            xp.asarray_as(self.values.clone(), dtype)
        } else {
            xp.asarray_as(
                self.values.iter().map(|z| z.re).collect::<Vec<f64>>(),
                dtype,
            )
        };
        xp.reshape(x?, [self.n, self.n])
    }
}

/// Numbers without order in (-1, 1).
fn noise(i: usize, j: usize, seed: usize) -> f64 {
    let mut x = (i * 1009 + j * 9176 + seed * 65537 + 1) as u64;
    for _ in 0..3 {
        x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    }
    (x >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

fn jordan(n: usize, value: f64, above: f64) -> Square {
    Square::real(n, |i, j| {
        if i == j {
            value
        } else if j == i + 1 {
            above
        } else {
            0.0
        }
    })
}

/// The matrix of a public report, with ±i twice.
fn reported() -> Square {
    let x = [[1, -2, 2, -2], [1, -1, 1, -2], [0, 0, 1, -2], [0, 0, 1, -1]];
    Square::real(4, |i, j| f64::from(x[i][j]))
}

fn random(n: usize, seed: usize) -> Square {
    Square::real(n, |i, j| noise(i, j, seed))
}

fn complex(n: usize, seed: usize) -> Square {
    Square::from_fn(n, |i, j| C::new(noise(i, j, seed), noise(j, i, seed + 7)))
}

fn cases() -> Vec<(String, Square)> {
    let mut out = vec![("reported".to_owned(), reported())];
    let mut add = |name: &str, x: Square| out.push((format!("{name} {}", x.n), x));
    for n in [1, 2, 5] {
        add("zero", Square::real(n, |_, _| 0.0));
        add("one", Square::real(n, |i, j| f64::from(u8::from(i == j))));
    }
    for n in [2, 7, 28, 60] {
        for value in [0.0, 1.0, -2.5] {
            add("Jordan", jordan(n, value, 1.0));
            add(
                "Jordan, lower",
                jordan(n, value, 1.0).map(|i, j, _| jordan(n, value, 3.0).at(j, i)),
            );
            add(
                "Jordan, complex",
                jordan(n, value, 2.0).map(|_, _, z| z * C::new(0.6, 0.8)),
            );
        }
    }
    add("random", random(12, 1));
    add("random, complex", complex(12, 1));
    add(
        "nilpotent",
        Square::real(9, |i, j| f64::from(u8::from(j > i))).permuted(),
    );
    add(
        "triangular, permuted",
        random(11, 2)
            .map(|i, j, z| if j < i { C::ZERO } else { z })
            .permuted(),
    );
    add(
        "companion",
        Square::real(8, |i, j| {
            if j == 7 {
                [-1.0, 3.0, 0.0, -2.0, 2.0, 1.0, -5.0, 8.0][i]
            } else {
                f64::from(u8::from(i == j + 1))
            }
        }),
    );
    add(
        "cyclic",
        Square::real(8, |i, j| f64::from(u8::from(i == (j + 1) % 8))),
    );
    add(
        "rank 1",
        Square::real(7, |i, j| (i as f64 - 3.0) * (j as f64 + 1.0)),
    );
    add(
        "graded",
        random(10, 3).map(|i, j, z| z * 2.0_f64.powi(-3 * (i + j) as i32)),
    );
    add(
        "graded, complex",
        complex(10, 3).map(|i, j, z| z * 2.0_f64.powi(-3 * (i + j) as i32)),
    );
    add(
        "Grcar",
        Square::real(30, |i, j| {
            if i == j + 1 {
                -1.0
            } else {
                f64::from(u8::from(j >= i && j <= i + 3))
            }
        }),
    );
    out.extend(scales());
    out
}

/// Matrices whose parts differ much in size.
fn scales() -> Vec<(String, Square)> {
    let mut out = Vec::new();
    let mut add = |name: &str, x: Square| out.push((format!("{name} {}", x.n), x));
    for exponents in [[0, 9, -7, 12, 3, -11], [40, -38, 0, 55, -60, 21]] {
        add("scaled", random(6, 4).scaled(&exponents));
        add("scaled, complex", complex(6, 4).scaled(&exponents));
    }
    // Complex pairs that repeat, coupled, and pairs that are tiny beside the norm.
    for (omega, coupling) in [
        (1.0, 1.0),
        (1e-3, 1.0),
        (1e-9, 1.0),
        (1e-18, 1.0),
        (1e-9, 1e-9),
    ] {
        add(
            "pairs",
            Square::real(8, |i, j| match (i / 2, j / 2) {
                (p, q) if p == q => [[0.0, omega], [-omega, 0.0]][i % 2][j % 2],
                (p, q) if p < q => coupling * (1 + (i + 2 * j) % 3) as f64,
                _ => 0.0,
            }),
        );
    }
    add(
        "tiny pair",
        Square::real(4, |i, j| {
            [
                [1e6, 3e5, 2.0, 1.0],
                [0.0, -1e6, 5.0, 1e5],
                [0.0, 0.0, 1e-6, 1e-7],
                [0.0, 0.0, -1e-7, 1e-6],
            ][i][j]
        })
        .permuted(),
    );
    out
}

fn assert_laws<B: Backend>(xp: &Namespace<B>, name: &str, x: &Square, dtype: DType) -> Result<()> {
    let x = x.rounded(dtype);
    let (n, real) = (x.n, x.is_real() && !dtype.is_complex());
    let array = x.on(xp, dtype)?;
    let eig = xp.linalg().eig(&array)?;
    let told = format!("{name} {dtype} on {}", xp.device());
    let complex = dtype.complex();
    assert_eq!(
        (eig.eigenvalues.dtype(), eig.eigenvectors.dtype()),
        (complex, complex)
    );
    let read = |x: &Array<B>| xp.astype(x, complex).eval().and_then(|x| wide(&x));
    let (values, vectors) = (read(&eig.eigenvalues)?, read(&eig.eigenvectors)?);
    assert_eq!(
        values,
        read(&xp.linalg().eigvals(&array)?)?,
        "{told}: eigvals"
    );
    assert!(
        values.iter().chain(&vectors).all(|z| z.is_finite()),
        "{told}: {values:?} {vectors:?}"
    );
    let epsilon = if complex == DType::Complex64 {
        f64::from(f32::EPSILON)
    } else {
        f64::EPSILON
    };
    let scale = if x.largest() > 0.0 { x.largest() } else { 1.0 };
    let norm = x
        .values
        .iter()
        .map(|z| (z / scale).norm_sqr())
        .sum::<f64>()
        .sqrt();
    for j in 0..n {
        let v = |i: usize| vectors[i * n + j];
        let length = (0..n).map(|i| v(i).norm_sqr()).sum::<f64>().sqrt();
        assert!(
            (length - 1.0).abs() <= 4.0 * epsilon,
            "{told}: length {length} of vector {j}"
        );
        let row = |i: usize| {
            (0..n).map(|k| x.at(i, k) / scale * v(k)).sum::<C>() - values[j] / scale * v(i)
        };
        let residual = (0..n).map(|i| row(i).norm_sqr()).sum::<f64>().sqrt();
        assert!(
            residual <= 20.0 * (n as f64).sqrt() * epsilon * norm,
            "{told}: residual {residual:e} of {j}"
        );
    }
    let trace: C = (0..n).map(|i| x.at(i, i) / scale).sum();
    let sum: C = values.iter().map(|z| z / scale).sum();
    assert!(
        (sum - trace).norm() <= 20.0 * n as f64 * epsilon * norm,
        "{told}: {sum} for the trace {trace}"
    );
    // The reference backend computes in complex numbers and keeps this to rounding errors.
    if real && !xp.device().to_string().contains("reference") {
        assert_conjugate(&values, &vectors, &told);
    }
    Ok(())
}

/// A real matrix's complex eigenvalues come in pairs, the one with positive imaginary part first; others have real vectors.
fn assert_conjugate(values: &[C], vectors: &[C], told: &str) {
    let n = values.len();
    let mut j = 0;
    while j < n {
        let column = |j: usize| (0..n).map(move |i| vectors[i * n + j]);
        if values[j].im == 0.0 {
            assert!(column(j).all(|z| z.im == 0.0), "{told}: vector {j}");
            j += 1;
            continue;
        }
        assert!(
            values[j].im > 0.0 && values.get(j + 1) == Some(&values[j].conj()),
            "{told}: {values:?}"
        );
        assert!(
            column(j).map(|z| z.conj()).eq(column(j + 1)),
            "{told}: vectors {j} and {}",
            j + 1
        );
        j += 2;
    }
}

fn wide<B: Backend>(x: &Array<B>) -> Result<Vec<C>> {
    if x.dtype() == DType::Complex128 {
        return x.to_vec();
    }
    let single: Vec<Complex<f32>> = x.to_vec()?;
    Ok(single
        .into_iter()
        .map(|z| C::new(z.re.into(), z.im.into()))
        .collect())
}

/// The device's floating-point dtypes that can hold the matrix.
fn dtypes<B: Backend>(xp: &Namespace<B>, x: &Square) -> Vec<DType> {
    let all = [
        DType::Float32,
        DType::Float64,
        DType::Complex64,
        DType::Complex128,
    ];
    let known = xp.backend().dtypes();
    let fits = |d: &DType| (d.is_complex() || x.is_real()) && known.contains(d);
    let range = |d: &DType| {
        d.real() == DType::Float64
            || x.values
                .iter()
                .all(|z| z.re == 0.0 || (1e-37..1e37).contains(&z.re.abs()))
    };
    all.into_iter().filter(|d| fits(d) && range(d)).collect()
}

fn structured<B: Backend>(xp: &Namespace<B>) -> Result<()> {
    for (name, x) in cases() {
        for dtype in dtypes(xp, &x) {
            assert_laws(xp, &name, &x, dtype)?;
        }
    }
    Ok(())
}

/// The report's own numbers, and values that other numbers of the same matrix must not disturb.
fn known_values<B: Backend>(xp: &Namespace<B>) -> Result<()> {
    let values = |x: &Square| -> Result<Vec<C>> {
        let dtype = xp.info().default_dtypes().real_floating;
        wide(&xp.linalg().eigvals(x.on(xp, dtype)?)?)
    };
    let exact = xp.info().default_dtypes().real_floating == DType::Float64;
    let tolerance = if exact { 1e-12 } else { 1e-3 };
    assert_same(
        &values(&reported())?,
        &[-C::I, -C::I, C::I, C::I],
        tolerance,
    );
    // Triangular after an exchange of rows and columns: the diagonal, to the bit.
    let mut diagonal: Vec<f64> = (0..11).map(|i| f64::from(noise(i, i, 2) as f32)).collect();
    diagonal.sort_by(f64::total_cmp);
    let triangular = Square::real(11, |i, j| {
        if j < i {
            0.0
        } else {
            f64::from(noise(i, j, 2) as f32)
        }
    });
    let got = values(&triangular.permuted())?;
    assert!(got.iter().all(|z| z.im == 0.0), "{got:?}");
    let mut got: Vec<f64> = got.iter().map(|z| z.re).collect();
    got.sort_by(f64::total_cmp);
    assert_eq!(got, diagonal);
    // A similarity by powers of two changes nothing, and a factor that is one scales exactly.
    let x = Square::real(6, |i, j| f64::from(noise(i, j, 9) as f32));
    let plain = values(&x)?;
    let similar = values(&x.scaled(&[0, 30, -25, 31, 8, -29]))?;
    let size = plain.iter().map(|z| z.norm()).fold(0.0, f64::max);
    assert_same(&plain, &similar, if exact { 1e-13 } else { 1e-5 } * size);
    for exponent in [-60, 60] {
        let factor = 2.0_f64.powi(exponent);
        let scaled: Vec<C> = plain.iter().map(|z| z * factor).collect();
        assert_eq!(values(&x.map(|_, _, z| z * factor))?, scaled);
    }
    Ok(())
}

/// The same numbers in any order.
#[track_caller]
fn assert_same(a: &[C], b: &[C], tolerance: f64) {
    let mut rest = b.to_vec();
    for z in a {
        let distance = |w: &C| (z - w).norm();
        let nearest =
            (0..rest.len()).min_by(|&i, &j| distance(&rest[i]).total_cmp(&distance(&rest[j])));
        let nearest = rest.swap_remove(nearest.expect("as many"));
        assert!(distance(&nearest) <= tolerance, "{a:?} {b:?}");
    }
    assert!(rest.is_empty(), "{a:?} {b:?}");
}

/// Runs a check on every backend.
macro_rules! on_every_backend {
    ($($check:ident)*) => { $(
        #[test]
        fn $check() -> Result<()> {
            super::$check(&cpu())?;
            super::$check(&AnyBackend::erase(&cpu()))?;
            super::$check(&reference::namespace())?;
            super::$check(&reference::narrow_namespace())?;
            if wgpu::adapters().is_empty() {
                array_api_conformance::skip("wgpu", "`apt-get install mesa-vulkan-drivers` adds an adapter");
            } else {
                super::$check(&wgpu::wgpu(0)?)?;
                super::$check(&wgpu::with_masked_types(0)?)?;
            }
            Ok(())
        }
    )* };
}
mod on_every_backend {
    use super::*;
    on_every_backend! { structured known_values }
}

/// Magnitudes from one end of the exponents to the other.
#[test]
fn elements_of_any_magnitude() -> Result<()> {
    for exponents in [[0, 400, -400, 300, -350, 10], [-500, 500, 0, 1, 2, 3]] {
        for seed in 0..4 {
            let x = Square::real(6, |i, j| noise(i, j, seed)).scaled(&exponents);
            assert_laws(&cpu(), "scaled", &x, DType::Float64)?;
            assert_laws(&reference::namespace(), "scaled", &x, DType::Complex128)?;
        }
    }
    for exponent in [-1000, 1000] {
        let x = Square::real(9, |i, j| noise(i, j, 5)).map(|_, _, z| z * 2.0_f64.powi(exponent));
        assert_laws(&cpu(), "far", &x, DType::Float64)?;
        assert_laws(&reference::namespace(), "far", &x, DType::Float64)?;
    }
    Ok(())
}

fn integers() -> impl Strategy<Value = Square> {
    (1_usize..9, any::<bool>(), any::<bool>()).prop_flat_map(|(n, hessenberg, complex)| {
        proptest::collection::vec((-2..3_i32, -2..3_i32), n * n).prop_map(move |values| {
            Square::from_fn(n, |i, j| {
                let (re, im) = values[i * n + j];
                let keep = f64::from(u8::from(!hessenberg || i <= j + 1));
                C::new(f64::from(re), if complex { f64::from(im) } else { 0.0 }) * keep
            })
        })
    })
}

proptest! {
    #[test]
    fn matrices_of_small_integers(
        x in integers(),
        exponents in proptest::collection::vec(-20..20_i32, 9),
    ) {
        for x in [x.clone(), x.permuted(), x.scaled(&exponents)] {
            for dtype in dtypes(&cpu(), &x) {
                assert_laws(&cpu(), "integers", &x, dtype).expect("converges");
            }
            assert_laws(&reference::namespace(), "integers", &x, DType::Complex128).expect("converges");
        }
    }
}
