//! <https://data-apis.org/array-api/2025.12/API_specification/statistical_functions.html> and
//! <https://data-apis.org/array-api/2025.12/API_specification/utility_functions.html>

use array_api_spec::{Axes, Complex, DType, ErrorClass, axis, constants::NAN};

use super::{Array, Result, class, narrow, xp};

fn cube() -> Result<Array> {
    xp().reshape(
        xp().astype(xp().arange(0, 24, 1), DType::Float64),
        [2, 3, 4],
    )
}

#[test]
fn axes_go_and_keepdims_keeps_them() -> Result {
    let x = cube()?;
    let shape = |axes: Axes| xp().sum(&x, axes).map(|a| a.shape().to_vec());
    assert_eq!(shape(0.into())?, [3, 4]);
    assert_eq!(shape((-1).into())?, [2, 3]);
    assert_eq!(shape([0, -1].into())?, [3]);
    assert_eq!(shape((..).into())?, [0_usize; 0]);
    assert_eq!(shape(axis(1).keepdims())?, [2, 1, 4]);
    assert_eq!(shape(axis(..).keepdims())?, [1, 1, 1]);
    assert_eq!(shape(axis([2, 0]).keepdims())?, [1, 3, 1]);
    // No axes: nothing is reduced.
    assert_eq!(
        xp().sum(&x, Vec::new())?.to_vec::<f64>()?,
        x.to_vec::<f64>()?
    );
    for wrong in [3.into(), (-4).into(), [0, 0].into(), [1, -2].into()] {
        assert_eq!(class(shape(wrong)), ErrorClass::ValueError);
    }
    assert_eq!(xp().sum(xp().asarray(3.0)?, ..)?.item::<f64>()?, 3.0);
    assert_eq!(
        class(xp().sum(xp().asarray(3.0)?, 0)),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn sums_of_narrow_integers_are_wide() -> Result {
    let dtype =
        |ns: array_api_spec::Namespace<_>, d| ns.sum(ns.ones([2], d)?, ..).map(|a| a.dtype());
    use DType::{Float32, Int8, Int16, Int32, Int64, UInt8, UInt32, UInt64};
    for (input, wide) in [
        (Int8, Int64),
        (Int32, Int64),
        (Int64, Int64),
        (UInt8, UInt64),
        (UInt64, UInt64),
        (Float32, Float32),
    ] {
        assert_eq!(dtype(xp(), input)?, wide);
        assert_eq!(
            xp().cumulative_sum(xp().ones([2], input)?, 0)?.dtype(),
            wide
        );
        assert_eq!(xp().prod(xp().ones([2], input)?, 0)?.dtype(), wide);
    }
    for (input, wide) in [
        (Int16, Int32),
        (Int32, Int32),
        (UInt8, UInt32),
        (UInt32, UInt32),
    ] {
        assert_eq!(dtype(narrow(), input)?, wide);
    }
    assert_eq!(
        xp().sum(xp().asarray([200_u8, 100])?, 0)?.item::<u64>()?,
        300
    );
    Ok(())
}

#[test]
fn the_dtype_keyword_converts_before_it_adds() -> Result {
    let x = xp().asarray([200_u8, 100])?;
    assert_eq!(xp().sum(&x, axis(0).dtype(DType::UInt8))?.item::<u8>()?, 44);
    assert_eq!(
        xp().sum(&x, axis(0).dtype(DType::Float32))?.item::<f32>()?,
        300.0
    );
    assert_eq!(
        xp().prod(&x, axis(0).dtype(DType::Int64))?.item::<i64>()?,
        20_000
    );
    assert_eq!(
        class(xp().sum(&x, axis(0).dtype(DType::Bool))),
        ErrorClass::TypeError
    );
    let z = xp().asarray([Complex::<f64>::I])?;
    assert_eq!(
        class(xp().sum(&z, axis(0).dtype(DType::Float64))),
        ErrorClass::TypeError
    );
    Ok(())
}

#[test]
fn keywords_go_only_where_the_standard_has_them() -> Result {
    let x = cube()?;
    assert_eq!(
        class(xp().mean(&x, axis(0).dtype(DType::Float32))),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().sum(&x, axis(0).correction(1.0))),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().max(&x, axis(0).include_initial())),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().cumulative_sum(&x, axis(0).keepdims())),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn sums_of_nothing() -> Result {
    let empty = xp().zeros([2, 0], DType::Float64)?;
    assert_eq!(xp().sum(&empty, 1)?.to_vec::<f64>()?, [0.0; 2]);
    assert_eq!(xp().prod(&empty, ..)?.item::<f64>()?, 1.0);
    assert!(
        xp().mean(&empty, 1)?
            .to_vec::<f64>()?
            .iter()
            .all(|x| x.is_nan())
    );
    assert!(xp().std(&empty, ..)?.item::<f64>()?.is_nan());
    assert_eq!(xp().sum(&empty, 0)?.shape(), [0]);
    assert!(xp().all(&empty, ..)?.item::<bool>()?);
    assert!(!xp().any(&empty, ..)?.item::<bool>()?);
    for none in [
        xp().max(&empty, 1),
        xp().min(&empty, ..),
        xp().argmax(&empty, 1),
    ] {
        assert_eq!(class(none), ErrorClass::ValueError);
    }
    assert_eq!(xp().max(&empty, 0)?.shape(), [0]);
    Ok(())
}

#[test]
fn nan_goes_through() -> Result {
    let x = xp().asarray([[1.0, NAN], [3.0, 2.0]])?;
    for y in [
        xp().max(&x, 1)?,
        xp().min(&x, 1)?,
        xp().sum(&x, 1)?,
        xp().std(&x, 1)?,
    ] {
        let y = y.to_vec::<f64>()?;
        assert!(y[0].is_nan() && !y[1].is_nan());
    }
    Ok(())
}

#[test]
fn variance_subtracts_the_correction() -> Result {
    let x = xp().asarray([1.0, 2.0, 4.0, 5.0])?;
    let var = |c| xp().var(&x, axis(0).correction(c))?.item::<f64>();
    assert_eq!((var(0.0)?, var(1.5)?), (2.5, 4.0));
    // Where no degrees of freedom are left the standard wants NaN, not infinity.
    assert!(var(4.0)?.is_nan() && var(5.0)?.is_nan() && var(NAN)?.is_nan());
    assert_eq!(xp().std(&x, ..)?.item::<f64>()?, 2.5_f64.sqrt());
    assert_eq!(
        xp().var(cube()?, axis([0, 2]).keepdims())?.shape(),
        [1, 3, 1]
    );
    let far = (xp().asarray([1.0, 2.0, 3.0])? + 1e9).eval()?;
    assert_eq!(xp().var(far, 0)?.item::<f64>()?, 2.0 / 3.0);
    Ok(())
}

#[test]
fn functions_take_their_own_dtypes() -> Result {
    let of = |d| xp().ones([2], d);
    for d in DType::ALL {
        let x = of(d)?;
        assert_eq!(xp().sum(&x, 0).is_ok(), d.is_numeric());
        assert_eq!(xp().mean(&x, 0).is_ok(), d.is_floating());
        assert_eq!(xp().var(&x, 0).is_ok(), d.is_real_floating());
        assert_eq!(xp().max(&x, 0).is_ok(), d.is_numeric() && !d.is_complex());
        assert!(xp().all(&x, 0)?.item::<bool>()?);
        assert_eq!(xp().count_nonzero(&x, 0)?.item::<i64>()?, 2);
    }
    Ok(())
}

#[test]
fn equal_elements_near_the_end_of_the_range_have_themselves_as_mean() -> Result {
    for (largest, dtype) in [(3e38, DType::Float32), (1.7e308, DType::Float64)] {
        for value in [largest, -largest] {
            let x = xp().full([3, 7], value, dtype)?;
            let of_all = |x: Array| x.to_vec::<f64>();
            let expected = xp().full([3], value, dtype)?.to_vec::<f64>()?;
            assert_eq!(of_all(xp().mean(&x, 1)?)?, expected);
            assert_eq!(of_all(xp().nanmean(&x, 1)?)?, expected);
            assert_eq!(of_all(xp().std(&x, 1)?)?, [0.0; 3]);
            assert_eq!(of_all(xp().var(&x, 0)?)?, [0.0; 7]);
        }
        let x = xp().full([2, 3], f64::INFINITY, dtype)?;
        assert_eq!(xp().mean(&x, 1)?.to_vec::<f64>()?, [f64::INFINITY; 2]);
    }
    Ok(())
}

#[test]
fn running_sums_may_start_with_their_neutral_element() -> Result {
    let x = xp().asarray([[1, 2, 3], [4, 5, 6]])?;
    let scan = |axes: Axes| xp().cumulative_sum(&x, axes);
    assert_eq!(scan(1.into())?.to_vec::<i64>()?, [1, 3, 6, 4, 9, 15]);
    assert_eq!(scan(0.into())?.to_vec::<i64>()?, [1, 2, 3, 5, 7, 9]);
    let from_zero = scan(axis(1).include_initial())?;
    assert_eq!(
        (from_zero.shape(), from_zero.to_vec::<i64>()?),
        ([2, 4].as_slice(), vec![0, 1, 3, 6, 0, 4, 9, 15])
    );
    let product = xp().cumulative_prod(xp().asarray([2.0, 3.0])?, axis(..).include_initial())?;
    assert_eq!(product.to_vec::<f64>()?, [1.0, 2.0, 6.0]);
    assert_eq!(class(scan((..).into())), ErrorClass::ValueError);
    assert_eq!(class(scan([0, 1].into())), ErrorClass::ValueError);
    let empty = xp().zeros([0], DType::Float32)?;
    assert_eq!(
        xp().cumulative_sum(&empty, axis(0).include_initial())?
            .to_vec::<f32>()?,
        [0.0]
    );
    Ok(())
}

#[test]
fn sums_lose_no_digits() -> Result {
    let x = xp().asarray([1e16, 1.0, -1e16, 1.0])?;
    assert_eq!(xp().sum(&x, 0)?.item::<f64>()?, 2.0);
    assert_eq!(
        xp().sum(xp().full([100_000], 0.1, DType::Float32)?, 0)?
            .item::<f32>()?,
        10_000.0
    );
    assert_eq!(
        xp().sum(xp().asarray([f64::INFINITY, 1.0])?, 0)?
            .item::<f64>()?,
        f64::INFINITY
    );
    Ok(())
}
