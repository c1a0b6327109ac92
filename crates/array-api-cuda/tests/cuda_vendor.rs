//! Products and factorisations by a vendor's libraries: what is handed to them, what is believed of what they hand back.
//!
//! A stand-in answers in place of cuBLAS and cuSOLVER, on the PTX interpreter. On a GPU, with the variable `ARRAY_API_CUDA` set to
//! `gpu`, the libraries themselves are compared with the kernels and the host.

mod stand_in;

use array_api_cuda::{self as cuda, Kernels};
use array_api_gpu::Gpu;
use array_api_ndarray::{NdArray, cpu};
use array_api_spec::{
    Array, Backend, DType, ErrorKind, Namespace, Path, Result, SvdMode, Triangle,
};
use stand_in::{Mood, StandIn};

type Xp = Namespace<Gpu<StandIn>>;

const FLOATING: [DType; 4] = [
    DType::Float32,
    DType::Float64,
    DType::Complex64,
    DType::Complex128,
];
const FAILURES: [Mood; 7] = [
    Mood::Declines,
    Mood::Reports(1),
    Mood::Reports(-3),
    Mood::Silent,
    Mood::NotFinite,
    Mood::ShortOfRoom,
    Mood::Works,
];

fn on_gpu() -> bool {
    std::env::var_os("ARRAY_API_CUDA").is_some_and(|v| v == "gpu")
}

fn assisted(kernels: Kernels) -> Xp {
    if !on_gpu() {
        ptx_sim::install().expect("no call of the driver comes before");
    }
    let gpu = cuda::fresh_backend(0, kernels).expect("a device");
    Namespace::new(Gpu::new(StandIn::new(gpu)))
}

/// Matrices without structure, of which those of order 4 are far from singular; complex ones if the dtype is.
fn matrices<B: Backend>(xp: &Namespace<B>, shape: &[usize], dtype: DType) -> Result<Array<B>> {
    let n: usize = shape.iter().product();
    let part = |step: usize| -> Result<Array<B>> {
        let values: Vec<f64> = (0..n)
            .map(|k| ((k * k * step + 3 * k) % 29) as f64 / 8.0 - 1.5)
            .collect();
        xp.reshape(xp.asarray(values)?, shape)
    };
    let (re, im) = (part(13)?, part(6)?);
    if dtype.is_complex() {
        let i = xp.asarray(array_api_spec::Complex::new(0.0, 1.0))?;
        xp.astype(re + im * i, dtype).eval()
    } else {
        xp.astype(re, dtype).eval()
    }
}

/// Hermitian and positive definite, with something else in the upper triangle, which nobody may read.
fn definite<B: Backend>(xp: &Namespace<B>, shape: &[usize], dtype: DType) -> Result<Array<B>> {
    let x = matrices(xp, shape, dtype)?;
    let n = shape[shape.len() - 1];
    let square = xp.matmul(&x, xp.conj(x.mT()?).eval()?)?;
    let noise = triangle(xp, n, dtype, |row, column| row < column)?;
    (square + xp.eye(n, n, 0, dtype)? + noise).eval()
}

/// Ones where a condition on row and column holds.
fn triangle<B: Backend>(
    xp: &Namespace<B>,
    n: usize,
    dtype: DType,
    holds: impl Fn(usize, usize) -> bool,
) -> Result<Array<B>> {
    let ones: Vec<f64> = (0..n * n)
        .map(|k| f64::from(u8::from(holds(k / n, k % n))))
        .collect();
    xp.astype(xp.reshape(xp.asarray(ones)?, [n, n])?, dtype)
        .eval()
}

fn assert_close<B: Backend>(got: &Array<B>, wanted: &Array<NdArray>, case: &str) -> Result<()> {
    let xp = cpu();
    let got = got.to_device(&xp)?;
    assert_eq!(
        (got.shape(), got.dtype()),
        (wanted.shape(), wanted.dtype()),
        "{case}"
    );
    let tolerance = if got.dtype().real() == DType::Float32 {
        2e-4
    } else {
        1e-10
    };
    let error = xp.max(xp.abs(&got - wanted), ..)?;
    let size = xp.max(xp.abs(wanted), ..)?;
    let [error, size] = [error, size].map(|x| {
        xp.astype(x, DType::Float64)
            .eval()
            .and_then(|x| x.item::<f64>())
    });
    let (error, size) = (error?, size?);
    assert!(
        error <= tolerance * size.max(1.0),
        "{case}: {error} of {size}"
    );
    Ok(())
}

/// U diag(S) Vh of the parts that there are as many of.
fn composed<B: Backend>(x: &array_api_spec::Svd<B>) -> Result<Array<NdArray>> {
    let xp = cpu();
    let (u, s, vh) = (
        x.U.to_device(&xp)?,
        x.S.to_device(&xp)?,
        x.Vh.to_device(&xp)?,
    );
    let k = s.shape()[s.ndim() - 1];
    let u = xp.matrix_transpose(&u)?;
    let last = u.ndim() - 2;
    let indices: Vec<i64> = (0..k as i64).collect();
    let indices = xp.asarray(indices)?;
    let u = xp.matrix_transpose(xp.take(u, &indices, Some(last as isize))?)?;
    let vh = xp.take(vh, &indices, Some(last as isize))?;
    let scaled = (u * xp.astype(xp.expand_dims(s, last as isize)?, x.U.dtype())).eval()?;
    xp.matmul(scaled, vh)
}

/// How often [`factorisations_agree`] asks the libraries: for one product, and for three square factorisations and eight of singular values of
/// each matrix.
fn requests(stack: &[usize]) -> usize {
    1 + 11 * stack.iter().product::<usize>()
}

/// Every factorisation of a namespace against the CPU, on matrices of a shape.
fn factorisations_agree<B: Backend>(
    xp: &Namespace<B>,
    stack: &[usize],
    dtype: DType,
    case: &str,
) -> Result<()> {
    let shape = [stack, &[4, 4]].concat();
    let truth = cpu();
    let (a, wanted) = (
        definite(xp, &shape, dtype)?,
        definite(&truth, &shape, dtype)?,
    );
    let case = format!("{case}, {dtype} {shape:?}");
    let l = xp.linalg().cholesky(&a, Triangle::Lower)?;
    assert_close(
        &l,
        &truth.linalg().cholesky(&wanted, Triangle::Lower)?,
        &format!("cholesky, {case}"),
    )?;
    // Columns are a view, and so is the matrix.
    let general = matrices(&truth, &shape, dtype)?.mT()?;
    let right = matrices(&truth, &[stack, &[3, 4]].concat(), dtype)?.mT()?;
    let x = xp.linalg().solve(
        matrices(xp, &shape, dtype)?.mT()?,
        matrices(xp, &[stack, &[3, 4]].concat(), dtype)?.mT()?,
    )?;
    assert_close(
        &x,
        &truth.linalg().solve(general, right)?,
        &format!("solve, {case}"),
    )?;
    let eigh = xp.linalg().eigh(&a)?;
    let values = truth.linalg().eigh(&wanted)?.eigenvalues;
    assert_close(&eigh.eigenvalues, &values, &format!("eigh, {case}"))?;
    let v = eigh.eigenvectors.to_device(&truth)?;
    let spread = (&v * truth.astype(truth.expand_dims(values, -2)?, dtype)).eval()?;
    let again = truth.matmul(spread, truth.conj(v.mT()?).eval()?)?;
    let mask = triangle(&truth, 4, dtype, |row, column| row >= column)?;
    let lower = |x: &Array<NdArray>| (x * &mask).eval();
    assert_close(
        &lower(&again)?,
        &lower(&wanted)?,
        &format!("V W Vᴴ, {case}"),
    )?;
    for (rows, columns) in [(5, 3), (3, 5), (1, 4), (4, 4)] {
        for mode in [SvdMode::Reduced, SvdMode::Full] {
            let shape = [stack, &[rows, columns]].concat();
            let case = format!("svd of {rows}×{columns} {mode:?}, {case}");
            let (x, wanted) = (
                matrices(xp, &shape, dtype)?,
                matrices(&truth, &shape, dtype)?,
            );
            let svd = xp.linalg().svd(&x, mode)?;
            let other = truth.linalg().svd(&wanted, mode)?;
            assert_close(&svd.S, &other.S, &case)?;
            assert_eq!(
                (svd.U.shape(), svd.Vh.shape()),
                (other.U.shape(), other.Vh.shape())
            );
            assert_close(&composed(&svd)?, &wanted, &case)?;
            assert_close(&x, &wanted, &format!("the argument after {case}"))?;
        }
    }
    assert_close(&a, &wanted, &format!("the argument after {case}"))
}

#[test]
fn factorisations_of_every_dtype_and_stack_are_the_libraries() -> Result<()> {
    for kernels in [Kernels::Embedded, Kernels::Any] {
        let xp = assisted(kernels);
        for dtype in FLOATING {
            for stack in [&[][..], &[2, 3]] {
                factorisations_agree(&xp, stack, dtype, &format!("{kernels:?}"))?;
                assert_eq!(xp.backend().runtime().calls(), requests(stack));
            }
        }
    }
    Ok(())
}

#[test]
fn what_fails_or_is_not_finite_is_done_again_on_the_host() -> Result<()> {
    let xp = assisted(Kernels::Embedded);
    for mood in FAILURES {
        xp.backend().runtime().set_mood(mood);
        for stack in [&[][..], &[2]] {
            factorisations_agree(&xp, stack, DType::Float64, &format!("{mood:?}"))?;
            assert!(xp.backend().runtime().calls() >= 11, "{mood:?}");
        }
    }
    xp.backend().runtime().set_mood(Mood::Fails);
    let a = xp.eye(2, 2, 0, DType::Float64)?;
    let error = xp
        .linalg()
        .cholesky(&a, Triangle::Lower)
        .expect_err("the driver's");
    assert!(matches!(error.kind(), ErrorKind::Driver { .. }), "{error}");
    Ok(())
}

#[test]
fn the_host_is_the_judge_of_errors() -> Result<()> {
    let (xp, truth) = (assisted(Kernels::Embedded), cpu());
    let zeros = |n: usize| xp.zeros([2, n, n], DType::Float64);
    let wanted = truth.zeros([2, 3, 3], DType::Float64)?;
    let pairs = [
        (
            xp.linalg().cholesky(zeros(3)?, Triangle::Lower).map(drop),
            truth.linalg().cholesky(&wanted, Triangle::Lower).map(drop),
        ),
        (
            xp.linalg().inv(zeros(3)?).map(drop),
            truth.linalg().inv(&wanted).map(drop),
        ),
    ];
    for (got, wanted) in pairs {
        let (got, wanted) = (got.expect_err("singular"), wanted.expect_err("singular"));
        assert_eq!(got, wanted);
    }
    assert_eq!(xp.backend().runtime().calls(), 4);
    let nan = xp.full([2, 2], f64::NAN, DType::Float64)?;
    for values in [
        xp.linalg().eigh(&nan)?.eigenvalues,
        xp.linalg().svd(&nan, SvdMode::Reduced)?.S,
    ] {
        assert!(values.to_vec::<f64>()?.iter().all(|v| v.is_nan()));
    }
    // Nothing is asked about what has no elements.
    xp.backend().runtime().calls();
    let empty = xp.zeros([0, 3, 3], DType::Float64)?;
    assert_eq!(
        xp.linalg().cholesky(&empty, Triangle::Lower)?.shape(),
        [0, 3, 3]
    );
    let none = xp.zeros([3, 0], DType::Float64)?;
    let identity = xp.eye(3, 3, 0, DType::Float64)?;
    assert_eq!(xp.linalg().solve(identity, none)?.shape(), [3, 0]);
    assert_eq!(xp.backend().runtime().calls(), 0);
    Ok(())
}

/// A product with a view of the right argument, on a namespace.
fn product<B: Backend>(xp: &Namespace<B>, dtype: DType, view: usize) -> Result<Array<B>> {
    let a = matrices(xp, &[2, 5, 3], dtype)?;
    let b = match view {
        0 => matrices(xp, &[2, 3, 4], dtype)?,
        1 => matrices(xp, &[2, 4, 3], dtype)?.mT()?,
        2 => matrices(xp, &[3, 4], dtype)?,
        _ => xp.flip(matrices(xp, &[3, 4], dtype)?, 0)?,
    };
    xp.matmul(a, b)
}

#[test]
fn products_are_the_libraries_where_blas_has_words_for_them() -> Result<()> {
    let (xp, truth) = (assisted(Kernels::Embedded), cpu());
    for mood in [Mood::Works, Mood::Declines] {
        xp.backend().runtime().set_mood(mood);
        for dtype in FLOATING
            .into_iter()
            .chain([DType::Int32, DType::Int64, DType::UInt8])
        {
            for view in 0..4 {
                let case = format!("{mood:?} {dtype} {view}");
                let got = product(&xp, dtype, view)?;
                let asked = xp.backend().runtime().calls();
                let is_for_blas = dtype.is_floating() && view < 3;
                assert_eq!(asked, usize::from(is_for_blas), "{case}");
                let wanted = product(&truth, dtype, view)?;
                let [got, wanted] = [got.to_device(&truth)?, wanted].map(|x| {
                    let wide = if dtype.is_floating() {
                        dtype
                    } else {
                        DType::Float64
                    };
                    truth.astype(x, wide).eval()
                });
                assert_close(&got?, &wanted?, &case)?;
            }
        }
    }
    Ok(())
}

#[test]
fn paths_say_who_does_it() {
    let xp = assisted(Kernels::Embedded);
    let plain = Namespace::new(cuda::fresh_backend(0, Kernels::Embedded).expect("a device"));
    for function in ["cholesky", "solve", "eigh", "svd"] {
        assert_eq!(xp.path(function), Path::Native, "{function}");
    }
    for function in ["cholesky", "solve", "qr", "eigh", "svd", "svdvals"] {
        assert_eq!(plain.path(function), Path::Native, "{function}");
    }
    assert!(matches!(plain.path("eig"), Path::Host(_)));
    assert_eq!(xp.path("pinv"), Path::Composed);
    assert_eq!(plain.path("pinv"), Path::Composed);
    assert_eq!(xp.path("matmul"), Path::Native);
}

#[test]
fn without_the_libraries_or_nvidia_s_driver_the_error_names_what_is_missing() {
    if on_gpu() {
        return;
    }
    ptx_sim::install().expect("no call of the driver comes before");
    let error = cuda::with_vendor_libraries(0)
        .expect_err("no GPU")
        .to_string();
    assert!(error.contains("cuda-sim"), "{error}");
    let missing =
        ["cuBLAS", "cuSOLVER"].map(|name| error.contains(&format!("{name} was not found")));
    if missing.contains(&true) {
        assert!(
            error.contains("looked for as") && error.contains("pip install"),
            "{error}"
        );
    } else {
        assert!(error.contains("need NVIDIA's driver"), "{error}");
    }
    let error = cuda::with_vendor_libraries(99)
        .expect_err("no such GPU")
        .to_string();
    assert!(error.contains("the devices are"), "{error}");
}

/// The libraries themselves. They have not yet run on hardware.
#[test]
fn on_a_gpu_the_libraries_agree_with_kernels_and_host() -> Result<()> {
    if !on_gpu() {
        println!("skipped: no GPU; `cargo xtask cuda-check` runs this on one");
        return Ok(());
    }
    let xp = match cuda::with_vendor_libraries(0) {
        Ok(xp) => xp,
        Err(error) => {
            println!("skipped: {error}");
            return Ok(());
        }
    };
    let kernels = cuda::cuda(0)?;
    let asked = || xp.backend().counters().library_calls;
    let mut before = asked();
    for dtype in FLOATING {
        for view in 0..3 {
            let wanted = product(&kernels, dtype, view)?.to_device(&cpu())?;
            assert_close(
                &product(&xp, dtype, view)?,
                &wanted,
                &format!("{dtype} {view}"),
            )?;
            assert_eq!(asked() - before, 1, "cuBLAS declined {dtype} {view}");
            before = asked();
        }
        let (a, b) = (
            matrices(&xp, &[300, 257], dtype)?,
            matrices(&xp, &[257, 301], dtype)?,
        );
        let wanted = [[300, 257], [257, 301]].map(|shape| matrices(&kernels, &shape, dtype));
        let [c, d] = wanted;
        let wanted = kernels.matmul(c?, d?)?.to_device(&cpu())?;
        assert_close(&xp.matmul(a, b)?, &wanted, &format!("large {dtype}"))?;
        before = asked();
        for stack in [&[][..], &[2, 3]] {
            let downloaded = xp.backend().counters().downloaded_bytes;
            factorisations_agree(&xp, stack, dtype, "cuSOLVER")?;
            let asked_now = (asked() - before) as usize;
            assert_eq!(asked_now, requests(stack), "cuSOLVER declined {dtype}");
            before = asked();
            let bytes = xp.backend().counters().downloaded_bytes - downloaded;
            println!("{dtype} {stack:?}: by cuSOLVER, {bytes} bytes brought to the host");
        }
    }
    println!("cuBLAS and cuSOLVER agree with kernels and host");
    Ok(())
}
