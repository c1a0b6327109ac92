//! The functions of `extra`, with values that NumPy, SciPy and array-api-extra give, on every device of this machine.

use array_api_compat::{
    AnyBackend, cpu, extra,
    extra::{Within, within},
    wgpu,
};
use array_api_spec::{Array, Automatic, Backend, DType, ErrorClass, Namespace, Result, reference};

/// Runs a check on every backend; `float32` and `int32`, which all have.
macro_rules! on_every_backend {
    ($($check:ident)*) => { $(
        #[test]
        fn $check() -> Result<()> {
            checks::$check(&cpu())?;
            checks::$check(&AnyBackend::erase(&cpu()))?;
            checks::$check(&reference::namespace())?;
            checks::$check(&reference::narrow_namespace())?;
            if wgpu::adapters().is_empty() {
                array_api_conformance::skip("wgpu", "`apt-get install mesa-vulkan-drivers` adds an adapter in software");
            } else {
                checks::$check(&wgpu::wgpu(0)?)?;
            }
            Ok(())
        }
    )* };
}
on_every_backend! { elementwise statistics counts manipulation writing sets linear_algebra einstein mistakes }

fn floats<B: Backend>(x: &Array<B>) -> Vec<f32> {
    x.to_vec().expect("float32")
}

fn ints<B: Backend>(x: &Array<B>) -> Vec<i64> {
    x.to_vec().expect("integers")
}

#[track_caller]
fn close<B: Backend>(x: Result<Array<B>>, want: &[f32]) {
    let x = x.expect("a result");
    let got = floats(&x);
    let same = |(a, b): (&f32, &f32)| {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 2e-5 * (1.0 + b.abs())
    };
    assert!(
        got.len() == want.len() && got.iter().zip(want).all(same),
        "{got:?} {want:?} on {}",
        x.device()
    );
}

mod checks {
    use super::*;

    const NAN: f32 = f32::NAN;
    const INF: f32 = f32::INFINITY;

    pub(super) fn elementwise<B: Backend>(xp: &Namespace<B>) -> Result<()> {
        let x = xp.asarray([1.0_f32, NAN, INF, -INF])?;
        let y = xp.asarray([1.0_f32 + 1e-6, NAN, INF, INF])?;
        let near = |tolerance| extra::isclose(&x, &y, tolerance)?.to_vec::<bool>();
        assert_eq!(near(within(1e-5, 1e-8))?, [true, false, true, false]);
        assert_eq!(
            near(Within::default().equal_nan())?,
            [true, true, true, false]
        );
        close(extra::nan_to_num(&x, 7.0), &[1.0, 7.0, f32::MAX, f32::MIN]);
        let angles = xp.asarray([0.0_f32, 0.5, 1.0, -180.0])?;
        close(
            extra::sinc(&angles),
            &[1.0, std::f32::consts::FRAC_2_PI, 0.0, 0.0],
        );
        close(
            extra::deg2rad(&angles),
            &[0.0, 0.008_726_646, 0.017_453_293, -std::f32::consts::PI],
        );
        close(
            extra::rad2deg(&extra::deg2rad(&angles)?),
            &[0.0, 0.5, 1.0, -180.0],
        );
        close(
            extra::angle(&angles),
            &[0.0, 0.0, 0.0, std::f32::consts::PI],
        );
        let odds = xp.asarray([-200.0_f32, 0.0, 2.0, 200.0])?;
        close(extra::expit(&odds), &[0.0, 0.5, 0.880_797, 1.0]);
        close(
            extra::logit(&xp.asarray([0.5_f32, 0.880_797])?),
            &[0.0, 2.0],
        );
        let (a, b) = (
            xp.asarray([0.0_f32, 0.0, 2.0])?,
            xp.asarray([0.0_f32, NAN, 3.0])?,
        );
        close(extra::xlogy(&a, &b), &[0.0, NAN, 2.197_224_6]);
        let positive = xp.greater(&angles, 0).eval()?;
        let roots = extra::apply_where(&positive, &angles, |x| xp.sqrt(x).eval(), |x| (-x).eval());
        close(roots, &[0.0, std::f32::consts::FRAC_1_SQRT_2, 1.0, 180.0]);
        Ok(())
    }

    pub(super) fn statistics<B: Backend>(xp: &Namespace<B>) -> Result<()> {
        let x = xp.asarray([[3.0_f32, 1.0, 2.0, 9.0], [5.0, NAN, 4.0, 0.0]])?;
        close(extra::median(&x, 1), &[2.5, NAN]);
        close(extra::median(&x, 0), &[4.0, NAN, 3.0, 4.5]);
        let row = x.get(array_api_spec::ix![0])?;
        close(extra::quantile(&row, 0.1, None), &[1.3]);
        close(extra::quantile(&row, 1.0, -1), &[9.0]);
        // The distance of the two is beyond float32.
        let ends = xp.asarray([-3e38_f32, 3e38])?;
        close(extra::median(&ends, None), &[0.0]);
        close(extra::logsumexp(&row, 0), &[9.003_6]);
        let low = xp.asarray([-INF, -INF])?;
        close(extra::logsumexp(&low, 0), &[-INF]);
        let pairs = xp.asarray([[0.0_f32, 1.0, 2.0], [2.0, 1.0, 0.0]])?;
        close(extra::cov(&pairs, 1.0), &[1.0, -1.0, -1.0, 1.0]);
        let weights = xp.asarray([3.0_f32, 1.0])?;
        let x = xp.asarray([2.0_f32, 6.0])?;
        close(extra::average(&x, Some(&weights), ..), &[3.0]);
        close(extra::average(&x, None, 0), &[4.0]);
        Ok(())
    }

    pub(super) fn counts<B: Backend>(xp: &Namespace<B>) -> Result<()> {
        let x = xp.asarray([1, 4, 1, 0, 4, 4])?;
        assert_eq!(ints(&extra::bincount(&x, None, 0)?), [1, 2, 0, 0, 3]);
        assert_eq!(ints(&extra::bincount(&x, None, 7)?), [1, 2, 0, 0, 3, 0, 0]);
        let weights = xp.asarray([0.5_f32, 1.0, 0.25, 2.0, 1.0, 1.0])?;
        close(
            extra::bincount(&x, Some(&weights), 0),
            &[2.0, 0.75, 0.0, 0.0, 3.0],
        );
        let none = xp.zeros([0], DType::Int32)?;
        assert_eq!(ints(&extra::bincount(&none, None, 2)?), [0, 0]);
        let hot = extra::one_hot(&xp.asarray([2, 0, 5])?, 3)?;
        assert_eq!(floats(&hot), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(extra::nunique(&x)?, 3);
        let sorted = extra::partition(&x, 2, 0)?;
        assert_eq!(ints(&sorted)[2], 1);
        let order = extra::argpartition(&x, 2, 0)?;
        assert_eq!(ints(&xp.take(&x, order, Some(0))?), ints(&sorted));
        Ok(())
    }

    pub(super) fn manipulation<B: Backend>(xp: &Namespace<B>) -> Result<()> {
        let x = xp.asarray([[1, 2], [3, 4]])?;
        assert_eq!(extra::atleast_nd(&x, 4)?.shape(), [1, 1, 2, 2]);
        assert_eq!(extra::atleast_nd(&x, 1)?.shape(), [2, 2]);
        let padded = extra::pad(&x, &[[1, 0], [0, 2]], 9)?;
        assert_eq!(ints(&padded), [9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9]);
        let row = xp.asarray([1, 2])?;
        let up = extra::create_diagonal(&row, 1)?;
        assert_eq!(ints(&up), [0, 1, 0, 0, 0, 2, 0, 0, 0]);
        let down = extra::create_diagonal(&row, -1)?;
        assert_eq!(ints(&down), [0, 0, 0, 1, 0, 0, 0, 2, 0]);
        assert_eq!(extra::create_diagonal(&x, 0)?.shape(), [2, 2, 2]);
        let lower = extra::tril_indices(xp, 2, 0, 3)?;
        assert_eq!(
            (ints(&lower[0]), ints(&lower[1])),
            (vec![0, 1, 1], vec![0, 0, 1])
        );
        let upper = extra::triu_indices(xp, 2, 1, 3)?;
        assert_eq!(
            (ints(&upper[0]), ints(&upper[1])),
            (vec![0, 0, 1], vec![1, 2, 2])
        );
        assert_eq!(ints(&extra::diag_indices(xp, 3, 2)?[1]), [0, 1, 2]);
        let at = extra::unravel_index(&xp.asarray([5, 0, 3])?, &[2, 3])?;
        assert_eq!((ints(&at[0]), ints(&at[1])), (vec![1, 0, 1], vec![2, 0, 0]));
        Ok(())
    }

    pub(super) fn writing<B: Backend>(xp: &Namespace<B>) -> Result<()> {
        let x = xp.asarray([[10, 30, 20], [60, 40, 50]])?;
        let at = xp.asarray([[1], [0]])?;
        let put = extra::put_along_axis(&x, &at, &xp.asarray([[-1], [-2]])?, 1)?;
        assert_eq!(ints(&put), [10, -1, 20, -2, 40, 50]);
        assert_eq!(ints(&x), [10, 30, 20, 60, 40, 50]);
        let filled = extra::fill_diagonal(&x, &xp.asarray(7)?)?;
        assert_eq!(ints(&filled), [7, 30, 20, 60, 7, 50]);
        let filled = extra::fill_diagonal(&xp.matrix_transpose(&x)?, &xp.asarray([1, 2])?)?;
        assert_eq!(ints(&filled), [1, 60, 30, 2, 20, 50]);
        Ok(())
    }

    pub(super) fn sets<B: Backend>(xp: &Namespace<B>) -> Result<()> {
        let (a, b) = (xp.asarray([5, 1, 3, 3])?, xp.asarray([1, 9])?);
        assert_eq!(ints(&extra::setdiff1d(&a, &b)?), [3, 5]);
        assert_eq!(ints(&extra::union1d(&a, &b)?), [1, 3, 5, 9]);
        Ok(())
    }

    pub(super) fn linear_algebra<B: Backend>(xp: &Namespace<B>) -> Result<()> {
        let a = xp.asarray([[1.0_f32, 0.0], [1.0, 1.0], [1.0, 2.0]])?;
        let b = xp.asarray([1.0_f32, 3.0, 5.0])?;
        let line = extra::lstsq(&a, &b, Automatic)?;
        close(Ok(line.x), &[1.0, 2.0]);
        assert_eq!(ints(&line.rank), [2]);
        close(Ok(line.singular_values), &[2.676_243, 0.915_272_6]);
        let flat = xp.asarray([[1, 2]])?;
        let product = extra::kron(&xp.asarray([[1], [10]])?, &flat)?;
        assert_eq!(
            (product.shape(), ints(&product)),
            ([2, 2].as_slice(), vec![1, 2, 10, 20])
        );
        Ok(())
    }

    pub(super) fn einstein<B: Backend>(xp: &Namespace<B>) -> Result<()> {
        let a = xp.reshape(xp.arange(0, 6, 1)?, [2, 3])?;
        let b = xp.reshape(xp.arange(0, 12, 1)?, [3, 4])?;
        let cube = xp.reshape(xp.arange(0, 8, 1)?, [2, 2, 2])?;
        let of = |text: &str, x: &[&Array<B>]| extra::einsum(text, x).map(|y| ints(&y));
        assert_eq!(of("ij,jk->ik", &[&a, &b])?, ints(&xp.matmul(&a, &b)?));
        assert_eq!(of("ij,jk", &[&a, &b])?, ints(&xp.matmul(&a, &b)?));
        assert_eq!(of("ij->ji", &[&a])?, [0, 3, 1, 4, 2, 5]);
        assert_eq!(of("ij->", &[&a])?, [15]);
        assert_eq!(of("iij->j", &[&cube])?, [6, 8]);
        assert_eq!(of("iii->i", &[&cube])?, [0, 7]);
        assert_eq!(of("ij,ij->i", &[&a, &a])?, [5, 50]);
        assert_eq!(
            of("i,j,k->kji", &[&cube.get(array_api_spec::ix![0, 1])?; 3])?.len(),
            8
        );
        assert_eq!(
            of("bij,bjk->bik", &[&cube, &cube])?,
            ints(&xp.matmul(&cube, &cube)?)
        );
        Ok(())
    }

    pub(super) fn mistakes<B: Backend>(xp: &Namespace<B>) -> Result<()> {
        let x = xp.asarray([1.0_f32, 2.0])?;
        let i = xp.asarray([1, -2])?;
        let class = |r: Result<Array<B>>| r.expect_err("a mistake").class();
        assert_eq!(
            class(extra::quantile(&x, 1.5, None)),
            ErrorClass::ValueError
        );
        assert_eq!(class(extra::median(&i, None)), ErrorClass::TypeError);
        assert_eq!(class(extra::bincount(&i, None, 0)), ErrorClass::ValueError);
        assert_eq!(class(extra::pad(&x, &[], 0)), ErrorClass::ValueError);
        assert_eq!(class(extra::partition(&x, 2, 0)), ErrorClass::ValueError);
        for text in ["", "ij", "i,j", "i->j", "i->ii", "1", "i-->i"] {
            assert_eq!(
                class(extra::einsum(text, &[&x])),
                ErrorClass::ValueError,
                "{text}"
            );
        }
        assert_eq!(
            class(extra::einsum("i,i", &[&x, &xp.zeros([3], DType::Float32)?])),
            ErrorClass::ValueError
        );
        Ok(())
    }
}
