//! Calls of every chapter, among them all that are spread over threads where there is enough to do.

use array_api_compat::cpu;
use array_api_spec::{
    Array, Backend, DType, Error, Groups, Namespace, Norm, QrMode, Spread, SvdMode, Triangle, axis,
    ix,
};

type Numbers = Result<Vec<f64>, Error>;

/// What a call gets: the namespace and a matrix of `(n, n)`.
type Call<B> = fn(&Namespace<B>, &Array<B>) -> Numbers;

/// The calls with their names.
pub(crate) fn calls<B: Backend>() -> Vec<(&'static str, Call<B>)> {
    let mut calls = elements();
    calls.extend(linear_algebra());
    calls
}

/// A matrix of `(n, n)` without order, in the largest floating-point dtype of the device.
pub(crate) fn matrix<B: Backend>(xp: &Namespace<B>, n: usize) -> Result<Array<B>, Error> {
    let mut state = 12345_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 20) as f32 / 1024.0 - 2.0
    };
    let values: Vec<f32> = (0..n * n).map(|_| next()).collect();
    let x = xp.reshape(xp.asarray(values)?, [n, n])?;
    if xp.backend().dtypes().contains(&DType::Float64) {
        return xp.astype(&x, DType::Float64).eval();
    }
    Ok(x)
}

/// All numbers of an array, of complex ones both parts.
pub(crate) fn numbers<B: Backend>(x: &Array<B>) -> Numbers {
    let host = cpu();
    let x = x.to_device(&host)?;
    let real = |x| host.astype(x, DType::Float64).eval()?.to_vec::<f64>();
    if x.dtype().is_complex() {
        let mut parts = real(host.real(&x).eval()?)?;
        parts.extend(real(host.imag(&x).eval()?)?);
        return Ok(parts);
    }
    real(x)
}

fn flat<B: Backend>(xp: &Namespace<B>, m: &Array<B>) -> Result<Array<B>, Error> {
    xp.reshape(m, [m.size()])
}

fn elements<B: Backend>() -> Vec<(&'static str, Call<B>)> {
    let calls: [(&'static str, Call<B>); 14] = [
        ("exp", |xp, m| numbers(&(xp.exp(m) * 2.0 + m).eval()?)),
        ("transposed sum", |_, m| numbers(&(m + m.mT()?).eval()?)),
        ("sum", |xp, m| numbers(&xp.sum(m, ..)?)),
        ("sum of columns", |xp, m| numbers(&xp.sum(m, 0)?)),
        ("sum of rows", |xp, m| numbers(&xp.sum(m * m, 1)?)),
        ("argmax", |xp, m| numbers(&xp.argmax(m, 0)?)),
        ("cumulative_sum", |xp, m| numbers(&xp.cumulative_sum(m, 1)?)),
        ("sort", |xp, m| numbers(&xp.sort(&flat(xp, m)?, -1)?)),
        ("sort of rows", |xp, m| {
            numbers(&xp.sort(m, axis(1).descending())?)
        }),
        ("argsort", |xp, m| numbers(&xp.argsort(&flat(xp, m)?, 0)?)),
        ("nonzero", |xp, m| {
            let positions = xp.nonzero(xp.greater(m, 0.5))?;
            numbers(&positions[1])
        }),
        ("take", |xp, m| {
            let order = xp.argsort(xp.sum(m, 1)?, 0)?;
            numbers(&xp.take(m, &order, Some(0))?)
        }),
        ("take_along_axis", |xp, m| {
            let order = xp.argsort(m, 0)?;
            numbers(&xp.take_along_axis(m, &order, 0)?)
        }),
        ("fft", |xp, m| {
            let x = (m * xp.asarray(array_api_spec::Complex::new(1.0_f32, 0.0))?).eval()?;
            numbers(&xp.fft().fft(&x, None, -1, Norm::Backward)?)
        }),
    ];
    calls.into()
}

fn linear_algebra<B: Backend>() -> Vec<(&'static str, Call<B>)> {
    /// Positive definite, with eigenvalues from 1 on.
    fn definite<B: Backend>(xp: &Namespace<B>, m: &Array<B>) -> Result<Array<B>, Error> {
        let n = m.shape()[0];
        let gram = xp.matmul(m, m.mT()?)? * (1.0 / n as f64);
        (gram + xp.eye(n, n, 0, m.dtype())?).eval()
    }
    let calls: [(&'static str, Call<B>); 15] = [
        ("matmul", |xp, m| numbers(&xp.matmul(m, m)?)),
        ("matmul with the transpose", |xp, m| {
            numbers(&xp.matmul(m.mT()?, m)?)
        }),
        ("matmul of a stack", |xp, m| {
            let (n, part) = (m.shape()[0], m.shape()[1] / 10);
            let stack = xp.reshape(m, [10, part, n])?;
            numbers(&xp.matmul(&stack, stack.mT()?)?)
        }),
        ("matmul of integers", |xp, m| {
            let x = xp.astype(m * 16.0, DType::Int32).eval()?;
            numbers(&xp.matmul(&x, &x)?)
        }),
        ("cholesky", |xp, m| {
            numbers(&xp.linalg().cholesky(&definite(xp, m)?, Triangle::Lower)?)
        }),
        ("solve", |xp, m| {
            numbers(&xp.linalg().solve(&definite(xp, m)?, m)?)
        }),
        ("solve of a stack", |xp, m| {
            let n = m.shape()[0];
            let stack = xp.broadcast_to(&definite(xp, m)?, [2, n, n])?;
            numbers(&xp.linalg().solve(&stack, m)?)
        }),
        ("det", |xp, m| numbers(&xp.linalg().slogdet(m)?.logabsdet)),
        ("inv", |xp, m| numbers(&xp.linalg().inv(&definite(xp, m)?)?)),
        ("qr", |xp, m| {
            numbers(&xp.linalg().qr(m, QrMode::Reduced)?.R)
        }),
        ("eigh", |xp, m| {
            numbers(&xp.linalg().eigh(&definite(xp, m)?)?.eigenvalues)
        }),
        ("svd", |xp, m| {
            numbers(&xp.linalg().svd(m, SvdMode::Full)?.S)
        }),
        ("moments", |xp, m| {
            let n = m.shape()[0];
            // Many rows of few columns.
            let x = xp.reshape(m, [n * n / 5, 5])?;
            let groups: Vec<i32> = (0..n * n / 5).map(|k| k as i32 % 2).collect();
            let groups = xp.asarray(groups)?;
            let groups = Groups::pooled(&groups, 2);
            let spreads = [Spread::Diagonal, Spread::Gram, Spread::Factor];
            let found = spreads.map(|spread| xp.moments(&x, Some(groups), None, spread));
            let mut all = Vec::new();
            for moments in found {
                all.extend(moments?.deviations());
            }
            Ok(all)
        }),
        ("squared_distances", |xp, m| {
            let n = m.shape()[0];
            let x = xp.reshape(m, [n * n / 5, 5])?;
            let centers = x.get(ix![..4])?;
            numbers(&xp.squared_distances(&x, &centers, Some(&centers))?)
        }),
        ("nearest", |xp, m| {
            let n = m.shape()[0];
            let x = xp.reshape(m, [n * n / 5, 5])?;
            let found = xp.nearest(&x, &x.get(ix![..4])?, &xp.zeros([5], x.dtype())?, None)?;
            Ok([found.sums.sums, numbers(&found.labels)?].concat())
        }),
    ];
    calls.into()
}
