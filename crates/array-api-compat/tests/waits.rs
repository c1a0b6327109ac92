//! What the host knows is right, and waits for nothing; several arrays are waited for once.
#![allow(missing_docs, reason = "tests")]

use array_api_compat::{
    cuda::{self, Kernels},
    gpu::{Gpu, runtime::Runtime},
    wgpu::{self, Types},
};
use array_api_spec::{
    Array, Backend, DType, ErrorClass, HostBuffer, Namespace, Result, StepBy, axis, ix,
};

/// Runs a check on every kind of device.
macro_rules! on_every_gpu {
    ($($check:ident)*) => { $(
        mod $check {
            use super::*;

            #[test]
            fn on_wgpu() -> Result<()> {
                if wgpu::adapters().is_empty() {
                    array_api_conformance::skip("wgpu", "`apt-get install mesa-vulkan-drivers` adds an adapter in software");
                    return Ok(());
                }
                for types in [Types::All, Types::Masked] {
                    super::$check(&Namespace::new(wgpu::fresh_backend(0, types)?))?;
                }
                Ok(())
            }

            /// Executed by a PTX interpreter.
            #[test]
            fn on_cuda() -> Result<()> {
                ptx_sim::install().expect("no call of the driver comes before");
                for kernels in [Kernels::Embedded, Kernels::Any] {
                    super::$check(&Namespace::new(cuda::fresh_backend(0, kernels)?))?;
                }
                Ok(())
            }
        }
    )* };
}
on_every_gpu! { small_uploads_are_known what_is_written_is_no_longer_known several_arrays_come_at_once finiteness indices counts }

fn waits<R: Runtime>(xp: &Namespace<Gpu<R>>) -> u64 {
    xp.backend().counters().downloads
}

/// How often the host waits in `work`.
fn during<R: Runtime, T>(
    xp: &Namespace<Gpu<R>>,
    work: impl FnOnce() -> Result<T>,
) -> Result<(u64, T)> {
    let before = waits(xp);
    let result = work()?;
    Ok((waits(xp) - before, result))
}

fn small_uploads_are_known<R: Runtime>(xp: &Namespace<Gpu<R>>) -> Result<()> {
    let values: Vec<i32> = (0..35).collect();
    let x = xp.asarray((values.clone(), [5, 7]))?;
    let (waited, got) = during(xp, || {
        Ok([
            x.to_vec::<i32>()?,
            x.T()?.to_vec()?,
            x.get(ix![1, (..).step(-2)])?.to_vec()?,
            x.get(ix![3..3])?.to_vec()?,
            xp.broadcast_to(x.get(ix![4, 6])?, [3])?.to_vec()?,
        ])
    })?;
    let columns: Vec<i32> = (0..7)
        .flat_map(|j| (0..5).map(move |i| 7 * i + j))
        .collect();
    let expected = [values, columns, vec![13, 11, 9, 7], vec![], vec![34; 3]];
    assert_eq!((waited, got), (0, expected));
    // Odd lengths, and what has no number of bytes that words have.
    for n in [1, 3, 5] {
        let flags: Vec<bool> = (0..n).map(|i| i % 2 == 0).collect();
        let x = xp.asarray(flags.clone())?;
        assert_eq!(during(xp, || x.to_vec::<bool>())?, (0, flags));
    }
    // What is computed, and what is large, is waited for.
    let y = (&x + 1).eval()?;
    assert_eq!(during(xp, || y.get(ix![0, 1])?.item::<i32>())?, (1, 2));
    let large = xp.asarray(vec![1.0_f32; 20_000])?;
    assert_eq!(during(xp, || large.to_vec::<f32>())?.0, 1);
    Ok(())
}

fn what_is_written_is_no_longer_known<R: Runtime>(xp: &Namespace<Gpu<R>>) -> Result<()> {
    let old = xp.asarray([1.0_f32, 2.0, 3.0])?;
    let mut x = xp.asarray([1.0_f32, 2.0, 3.0])?;
    x.set(ix![1], 7)?;
    assert_eq!(x.to_vec::<f32>()?, [1.0, 7.0, 3.0]);
    x.set(ix![2], 8)?;
    assert_eq!(x.to_vec::<f32>()?, [1.0, 7.0, 8.0]);
    let mut y = old.clone();
    y.set(ix![..2], &x.get(ix![1..])?)?;
    assert_eq!(y.to_vec::<f32>()?, [7.0, 8.0, 3.0]);
    assert_eq!(old.to_vec::<f32>()?, [1.0, 2.0, 3.0]);
    let mut flags = xp.asarray([true, true, false])?;
    flags.set(ix![0], false)?;
    assert_eq!(flags.to_vec::<bool>()?, [false, true, false]);
    // The value may be the array itself.
    let mut z = xp.asarray([1, 2, 3, 4])?;
    z.set(ix![..], &z.get(ix![(..).step(-1)])?)?;
    assert_eq!(z.to_vec::<i32>()?, [4, 3, 2, 1]);
    z += 1;
    assert_eq!(z.to_vec::<i32>()?, [5, 4, 3, 2]);
    Ok(())
}

/// Views of computed arrays, so that nobody knows their elements.
fn views<B: Backend>(xp: &Namespace<B>) -> Result<Vec<Array<B>>> {
    let flags = xp
        .greater(xp.asarray([3, -1, 4, 1, -5, 9, -2])?, 0)
        .eval()?;
    let x = xp.astype(xp.arange(0, 30, 1), DType::Float32).eval()?;
    let x = xp.reshape(x, [5, 6])?;
    let bytes = xp.astype(xp.arange(0, 9, 1), DType::UInt8).eval()?;
    Ok(vec![
        flags.clone(),
        flags.get(ix![1..6])?,
        bytes.get(ix![3..])?,
        x.T()?,
        x.get(ix![2..])?,
        x.get(ix![1, 2])?,
        x.get(ix![2..2])?,
        xp.asarray([1.5_f32, 2.5])?,
        bytes.get(ix![8])?,
    ])
}

fn several_arrays_come_at_once<R: Runtime>(xp: &Namespace<Gpu<R>>) -> Result<()> {
    let views = views(xp)?;
    let views: Vec<&Array<_>> = views.iter().collect();
    let alone: Vec<HostBuffer> = views.iter().map(|x| x.to_host()).collect::<Result<_>>()?;
    assert_eq!(during(xp, || xp.to_host_all(&views))?, (1, alone));
    assert_eq!(during(xp, || xp.to_host_all(&[]))?.0, 0);
    let n = 400;
    let (l, b) = (
        xp.eye(n, n, 0, DType::Float32)?,
        xp.ones([n, 1], DType::Float32)?,
    );
    assert_eq!(during(xp, || xp.linalg().solve(&l, &b))?.0, 1);
    Ok(())
}

fn finiteness<R: Runtime>(xp: &Namespace<Gpu<R>>) -> Result<()> {
    let good = xp.ones([40, 3], DType::Float32)?;
    let (known, whole) = (xp.asarray([1.0_f32, -2.0])?, xp.arange(0, 9, 1)?);
    let zero = xp.zeros([2, 2], DType::Float32)?;
    let infinite = (1.0 / &zero).eval()?;
    let missing = (&zero * f64::INFINITY).eval()?;
    let all = |arrays: &[&Array<_>]| during(xp, || xp.all_finite(arrays));
    assert_eq!(all(&[&good, &known, &zero, &whole])?, (1, true));
    assert_eq!(all(&[&good, &infinite, &zero])?, (1, false));
    assert_eq!(all(&[&missing, &good])?, (1, false));
    assert_eq!(all(&[&known, &whole])?, (0, true));
    let bad = xp.asarray([1.0_f32, f32::NAN])?;
    assert_eq!(all(&[&good, &bad])?, (0, false));
    let imaginary = xp.asarray([array_api_spec::Complex::new(0.0_f32, f32::INFINITY)])?;
    assert_eq!(all(&[&imaginary])?, (0, false));
    Ok(())
}

fn indices<R: Runtime>(xp: &Namespace<Gpu<R>>) -> Result<()> {
    let x = (xp.arange(0, 10, 1)? * 10).eval()?;
    let index = xp.info().default_dtypes().indexing;
    let known = xp.asarray_as(vec![3, -1, 0], index)?;
    assert_eq!(during(xp, || xp.take(&x, &known, None))?.0, 0);
    let wrong = during(xp, || Ok(xp.take(&x, xp.asarray([10])?, None).map(drop)))?;
    let error = wrong.1.expect_err("it is out of range");
    assert_eq!((wrong.0, error.class()), (0, ErrorClass::IndexError));
    // Of what is computed only the device knows whether it is right.
    let computed = (&known + 1).eval()?;
    assert_eq!(during(xp, || xp.take(&x, &computed, None))?.0, 1);
    let order = xp.argsort(&x, axis(0).descending())?;
    let (waited, sorted) = during(xp, || xp.take_clipped(&x, &order, None))?;
    assert_eq!((waited, sorted.to_vec::<i64>()?[0]), (0, 90));
    let far = (&computed * 1000).eval()?;
    let (waited, ends) = during(xp, || xp.take_clipped(&x, &far, None))?;
    assert_eq!((waited, ends.to_vec::<i64>()?), (0, vec![90, 0, 90]));
    Ok(())
}

fn counts<R: Runtime>(xp: &Namespace<Gpu<R>>) -> Result<()> {
    for (n, classes) in [(40, 3), (2000, 511), (2000, 512), (600, 600)] {
        let x = xp.remainder(xp.arange(0, n, 1), classes).eval()?;
        let (waited, unique) = during(xp, || xp.unique_all(&x))?;
        assert_eq!((waited, unique.values.size()), (1, classes));
        let (waited, counts) = during(xp, || unique.counts.to_vec::<i64>())?;
        assert_eq!(waited, u64::from(classes > 511));
        let expected = |class: usize| (n - class).div_ceil(classes) as i64;
        assert_eq!(counts, (0..classes).map(expected).collect::<Vec<_>>());
        let every = xp.nonzero(xp.equal(&x, 0))?.remove(0);
        let expected: Vec<i64> = (0..n).step_by(classes).map(|i| i as i64).collect();
        assert_eq!(during(xp, || every.to_vec::<i64>())?, (0, expected));
    }
    let (waited, none) = during(xp, || xp.nonzero(xp.zeros([9], DType::Bool)?))?;
    assert_eq!((waited, none[0].size()), (1, 0));
    Ok(())
}
