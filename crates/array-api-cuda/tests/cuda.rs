//! The CUDA runtime's promises about memory, threads and errors.
//!
//! Everything here is executed by a PTX interpreter, `ptx-sim`, in place of NVIDIA's driver, and never says anything about a GPU.
//! With the variable `ARRAY_API_CUDA` set to `gpu` it runs on `cuda:0` instead.

use array_api_cuda::{self as cuda, Cuda, Kernels, Nvrtc};
use array_api_gpu::runtime::{Access, KernelText, Runtime as _};
use array_api_spec::{Backend, DType, Error, ErrorKind, Namespace, Norm};

fn on_gpu() -> bool {
    std::env::var_os("ARRAY_API_CUDA").is_some_and(|v| v == "gpu")
}

/// A backend with counters and memory of its own.
fn fresh(kernels: Kernels) -> Namespace<Cuda> {
    if !on_gpu() {
        ptx_sim::install().expect("no call of the driver comes before");
    }
    Namespace::new(cuda::fresh_backend(0, kernels).expect("a device"))
}

#[test]
fn an_expression_is_one_launch_and_one_buffer() -> Result<(), Error> {
    if Nvrtc::find().is_none() {
        array_api_conformance::skip("nvrtc", "expressions are fused with it");
        return Ok(());
    }
    let xp = fresh(Kernels::Any);
    let x = xp.asarray([[1.0, 2.0, 4.0], [3.0, 6.0, 8.0]])?;
    let (mean, std) = (xp.mean(&x, 0)?, xp.std(&x, 0)?);
    let before = xp.backend().counters();
    let scaled = ((&x - &mean) / &std).eval()?;
    let after = xp.backend().counters();
    assert_eq!(after.launches - before.launches, 1);
    assert_eq!(after.allocations - before.allocations, 1);
    assert_eq!(scaled.to_vec::<f64>()?, [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]);
    let total = xp.sum(&x * &x, ..)?;
    assert_eq!(total.item::<f64>()?, 130.0);
    Ok(())
}

#[test]
fn both_kinds_of_kernels_agree_with_the_cpu() -> Result<(), Error> {
    let wanted = chain(&array_api_ndarray::cpu())?;
    for kernels in [Kernels::Embedded, Kernels::Any] {
        let got = chain(&fresh(kernels))?;
        for (got, wanted) in got.iter().zip(&wanted) {
            let close = (got - wanted).abs() <= 1e-12 * wanted.abs().max(1.0);
            assert!(close, "{kernels:?}: {got} is not {wanted}");
        }
        assert_eq!(got.len(), wanted.len());
    }
    Ok(())
}

/// A little of every chapter: 60 numbers, in order.
fn chain<B: Backend>(xp: &Namespace<B>) -> Result<Vec<f64>, Error> {
    let values: Vec<f64> = (0..6000).map(|k| f64::from(k % 97) / 7.0 - 5.0).collect();
    let x = xp
        .asarray(values.as_slice())
        .and_then(|x| xp.reshape(&x, [60, 100]))?;
    let row = xp.mean(&x, 0)?;
    let y = xp
        .where_(xp.greater(&x, 0.0), xp.exp(-&x) + &row, xp.sin(&x) * 2.0)
        .eval()?;
    let total = xp.sum(&y, 1)?;
    let product = xp.matmul(&y, &y.mT()?)?;
    let diagonal = xp.sum(&product, 0)?;
    xp.sort(&total + &diagonal, -1)?.to_vec()
}

/// Of a matrix that takes several tiles, and so sweeps, updates and the polish.
#[test]
fn eigenvalues_and_vectors_come_from_the_kernels() -> Result<(), Error> {
    let (xp, host) = (fresh(Kernels::Embedded), array_api_ndarray::cpu());
    let n = 33;
    let element = |k: usize| (((k / n) * (k % n) * 13 + (k / n + k % n) * 3) % 29) as f64 / 8.0;
    let values: Vec<f64> = (0..n * n).map(|k| element(k) - 1.5).collect();
    let a = xp.reshape(xp.asarray(values)?, [n, n])?;
    let found = xp.linalg().eigh(&a)?;
    let alone = xp.linalg().eigvalsh(&a)?.to_device(&host)?;
    let a = a.to_device(&host)?;
    let (values, vectors) = (
        found.eigenvalues.to_device(&host)?,
        found.eigenvectors.to_device(&host)?,
    );
    let truth = host.linalg().eigvalsh(&a)?;
    let residual = (host.matmul(&a, &vectors)? - &vectors * &values).eval()?;
    let gram = host.matmul(vectors.mT()?, &vectors)?;
    let defect = (gram - host.eye(n, n, 0, DType::Float64)?).eval()?;
    for (what, difference) in [
        ("residual", residual),
        ("defect", defect),
        ("values", (values - &truth).eval()?),
        ("values alone", (alone - truth).eval()?),
    ] {
        let largest = host.max(host.abs(difference), ..)?.item::<f64>()?;
        assert!(largest < 1e-13, "{what}: {largest:e}");
    }
    if !on_gpu() {
        assert_eq!(
            ptx_sim::statistics().errors,
            0,
            "{:?}",
            ptx_sim::last_error()
        );
    }
    Ok(())
}

/// In one pass, as a convolution of padded rows, and in two passes.
#[test]
fn transforms_agree_with_the_cpu() -> Result<(), Error> {
    let (cpu, xp) = (array_api_ndarray::cpu(), fresh(Kernels::Embedded));
    for (dtype, tolerance) in [(DType::Float32, 1e-6), (DType::Float64, 1e-14)] {
        for n in [210, 499, 4096] {
            let (got, wanted) = (spectrum(&xp, n, dtype)?, spectrum(&cpu, n, dtype)?);
            let squares = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>();
            let differences = squares(&mut got.iter().zip(&wanted).map(|(a, b)| a - b));
            let error = (differences / squares(&mut wanted.iter().copied())).sqrt();
            assert!(error < tolerance, "{dtype} {n}: {error:e}");
        }
    }
    Ok(())
}

/// Both parts of the transforms of three columns.
fn spectrum<B: Backend>(xp: &Namespace<B>, n: usize, dtype: DType) -> Result<Vec<f64>, Error> {
    let values: Vec<f64> = (0..3 * n)
        .map(|k| (k * k % 97) as f64 / 7.0 - 5.0)
        .collect();
    let x = xp.astype(xp.reshape(xp.asarray(values)?, [n, 3])?, dtype);
    let y = xp.fft().fft(x, None, 0, Norm::Backward)?;
    let wide = |x| xp.astype(x, DType::Float64).eval()?.to_vec::<f64>();
    let mut parts = wide(xp.real(&y))?;
    parts.extend(wide(xp.imag(&y))?);
    Ok(parts)
}

#[test]
fn transfers_of_every_length_come_back() -> Result<(), Error> {
    let xp = fresh(Kernels::Embedded);
    for n in [0, 1, 3, 4, 5, 1 << 17, (1 << 20) - 1, (9 << 20) + 5] {
        let values: Vec<u8> = (0..n).map(|k| (k * 7 + k / 251) as u8).collect();
        let x = xp.asarray(values.as_slice())?;
        assert!(x.to_vec::<u8>()? == values, "{n} bytes");
    }
    Ok(())
}

#[test]
fn arrays_are_used_and_dropped_on_any_thread() -> Result<(), Error> {
    let xp = fresh(Kernels::Embedded);
    let threads: Vec<_> = (0..4)
        .map(|k| {
            let xp = xp.clone();
            std::thread::spawn(move || {
                let x = xp.full([1000], f64::from(k), DType::Float64).expect("room");
                (&x + 1.0).eval().expect("computes")
            })
        })
        .collect();
    for (k, thread) in threads.into_iter().enumerate() {
        let x = thread.join().expect("no panic");
        assert_eq!(xp.sum(&x, ..)?.item::<f64>()?, 1000.0 * (k as f64 + 1.0));
    }
    Ok(())
}

#[test]
fn memory_is_recycled_and_running_out_of_it_is_an_error() -> Result<(), Error> {
    let xp = fresh(Kernels::Embedded);
    for _ in 0..5 {
        let x = xp.zeros([1 << 16], DType::Float32)?;
        drop((x + 1.0).eval()?);
    }
    let counters = xp.backend().counters();
    assert!(
        counters.fresh_allocations <= 4 && counters.allocations >= 10,
        "{counters:?}"
    );
    let most = xp.backend().properties().max_bytes as usize;
    let error = xp
        .zeros([most / 4, 5], DType::Float32)
        .expect_err("too large");
    assert!(
        matches!(error.kind(), ErrorKind::OutOfMemory { .. }),
        "{error}"
    );
    assert_eq!(xp.sum(xp.asarray([1.0, 2.0])?, ..)?.item::<f64>()?, 3.0);
    Ok(())
}

#[test]
fn arguments_that_do_not_fit_the_kernel_are_refused() -> Result<(), Error> {
    let xp = fresh(Kernels::Any);
    let source = |text: &str, parameters| KernelText {
        entry: "kernel".into(),
        text: text.into(),
        parameters,
        access: vec![Access::ReadWrite],
        group_size: 1,
    };
    let runtime = xp.backend().runtime();
    let too_many = runtime
        .compile(&source("", 1025))
        .expect_err("4100 bytes")
        .to_string();
    assert!(too_many.contains("4108 bytes of parameters"), "{too_many}");
    if Nvrtc::find().is_none() {
        let none = runtime
            .compile(&source("new", 1))
            .expect_err("unknown")
            .to_string();
        assert!(none.contains("NVRTC"), "{none}");
        return Ok(());
    }
    let wrong = runtime
        .compile(&source("kernel {", 1))
        .expect_err("no CUDA C")
        .to_string();
    assert!(wrong.contains("error"), "{wrong}");
    let text = "struct Params { unsigned word[1]; };
        extern \"C\" __global__ void kernel(const Params p, unsigned* x) { x[0] = p.word[0]; }";
    let kernel = runtime.compile(&source(text, 1))?;
    let buffer = runtime.allocate(4)?;
    for (buffers, words) in [
        (vec![], vec![1]),
        (vec![&buffer], vec![]),
        (vec![&buffer; 2], vec![1]),
    ] {
        let error = runtime
            .launch(&kernel, &buffers, &words, 1)
            .expect_err("counted")
            .to_string();
        assert!(
            error.contains("it takes 1 words of parameters and 1 buffers"),
            "{error}"
        );
    }
    runtime.launch(&kernel, &[&buffer], &[7], 1)?;
    let mut seen = Vec::new();
    runtime.download(&buffer, 0, 4, &mut |bytes| seen.extend_from_slice(bytes))?;
    assert_eq!(seen, 7_u32.to_le_bytes());
    let error = runtime
        .download(&buffer, 4096, 4, &mut |_| {})
        .expect_err("beyond")
        .to_string();
    assert!(error.contains("not within a buffer"), "{error}");
    Ok(())
}
