//! <https://data-apis.org/array-api/2025.12/API_specification/elementwise_functions.html>. The functions' values are tested with
//! the standard's vectors in `array-api-conformance`.

use array_api_spec::{Accepts, BinaryOp, Complex, DType, ErrorClass, UnaryOp, Unbounded};

use super::{Array, Expr, Result, class, narrow, robustness, xp};

#[test]
fn functions_take_and_return_the_dtypes_of_the_table() -> Result {
    for dtype in DType::ALL {
        let x = xp().ones([2], dtype)?;
        for &op in UnaryOp::ALL {
            match robustness::unary(&xp(), op, (&x).into()).eval() {
                Ok(y) => {
                    assert!(op.accepts().contains(dtype), "{} {dtype}", op.name());
                    assert_eq!(
                        (y.dtype(), y.shape()),
                        (op.returns().dtype(dtype), x.shape()),
                        "{} {dtype}",
                        op.name()
                    );
                }
                Err(error) => {
                    assert!(!op.accepts().contains(dtype), "{error}");
                    assert_eq!(error.class(), ErrorClass::TypeError);
                }
            }
        }
        for &op in BinaryOp::ALL {
            match robustness::binary(&xp(), op, (&x).into(), (&x).into()).eval() {
                Ok(y) => {
                    assert!(op.accepts().contains(dtype), "{} {dtype}", op.name());
                    assert_eq!(
                        y.dtype(),
                        op.returns().dtype(dtype),
                        "{} {dtype}",
                        op.name()
                    );
                }
                Err(error) => {
                    assert!(!op.accepts().contains(dtype), "{error}");
                    assert_eq!(error.class(), ErrorClass::TypeError);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn the_table_holds_what_the_standard_lists() {
    // 67 functions, of which `clip` takes three arguments.
    assert_eq!(UnaryOp::ALL.len() + BinaryOp::ALL.len() + 1, 67);
    let count = |accepts| {
        let unary = UnaryOp::ALL
            .iter()
            .filter(|o| o.accepts() == accepts)
            .count();
        unary
            + BinaryOp::ALL
                .iter()
                .filter(|o| o.accepts() == accepts)
                .count()
    };
    assert_eq!(
        [
            Accepts::Any,
            Accepts::Bool,
            Accepts::Integer,
            Accepts::Complex
        ]
        .map(count),
        [2, 4, 2, 1]
    );
}

#[test]
fn operators_are_functions_in_every_order() -> Result {
    let (a, b) = (xp().asarray([7, -3])?, xp().asarray([2, 5])?);
    let ints = |e: array_api_spec::Expr<_>| e.eval().and_then(|x| x.to_vec::<i32>());
    assert_eq!(ints(&a + &b)?, [9, 2]);
    assert_eq!(ints(&a - b.clone())?, [5, -8]);
    assert_eq!(ints((&a * 1) * &b)?, [14, -15]);
    assert_eq!(ints(&a % (&b + 0))?, [1, 2]);
    assert_eq!(ints(&a & 3)?, [3, 1]);
    assert_eq!(ints(8 | &a)?, [15, -3]);
    assert_eq!(ints(1 ^ (&a + 0))?, [6, -4]);
    assert_eq!(ints(&a << 1_u8)?, [14, -6]);
    assert_eq!(ints(1 << &b)?, [4, 32]);
    assert_eq!(ints(&a >> 1)?, [3, -2]);
    assert_eq!(ints(10 - &a)?, [3, 13]);
    assert_eq!(ints(-&a)?, [-7, 3]);
    assert_eq!(ints(!&a)?, [-8, 2]);
    let x = xp().asarray([1.0, 4.0])?;
    assert_eq!((2.0 / x.clone()).eval()?.to_vec::<f64>()?, [2.0, 0.5]);
    assert_eq!((&x / 2).eval()?.to_vec::<f64>()?, [0.5, 2.0]);
    assert_eq!(
        (Complex::<f64>::I * x).eval()?.to_vec::<Complex<f64>>()?,
        [Complex::I, 4.0 * Complex::I]
    );
    assert_eq!(
        (true & !xp().asarray([true, false])?)
            .eval()?
            .to_vec::<bool>()?,
        [false, true]
    );
    assert_eq!(class((a / 2).eval()), ErrorClass::TypeError);
    Ok(())
}

#[test]
fn in_place_operators_keep_dtype_and_shape() -> Result {
    let mut x = xp().asarray([1.0_f32, 2.0])?;
    let before = x.clone();
    x += 1;
    x *= &before;
    x -= &before + 1;
    x /= 2.0;
    assert_eq!(
        (x.dtype(), x.to_vec::<f32>()?),
        (DType::Float32, vec![0.0, 1.5])
    );
    assert_eq!(before.to_vec::<f32>()?, [1.0, 2.0]);
    let mut i = xp().asarray([6_u8, 9])?;
    i %= 4;
    i <<= 2;
    i |= 1;
    i ^= 3;
    i &= 0x0f;
    i >>= 1;
    assert_eq!(i.to_vec::<u8>()?, [5, 3]);
    Ok(())
}

#[test]
fn a_failed_in_place_operator_waits_for_the_next_question() -> Result {
    let wide = xp().asarray([1.0, 2.0])?;
    let failed = |change: fn(&mut Array, &Array)| {
        let mut x = xp().asarray([1.0_f32, 2.0]).expect("values");
        change(&mut x, &wide);
        assert!(format!("{x:?}").contains("failed"));
        assert_eq!(class((&x + 1).eval()), class(x.to_vec::<f32>()));
        class(x.to_vec::<f32>())
    };
    assert_eq!(failed(|x, wide| *x += wide), ErrorClass::TypeError);
    assert_eq!(
        failed(|x, _| *x += Complex::<f64>::I),
        ErrorClass::TypeError
    );
    assert_eq!(
        failed(|x, _| *x += xp().zeros([2, 2], DType::Float32)),
        ErrorClass::ValueError
    );
    assert_eq!(failed(|x, _| *x &= 1), ErrorClass::TypeError);
    assert_eq!(
        failed(|x, _| *x += narrow().zeros([2], DType::Float32)),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn clip_keeps_x_s_dtype() -> Result {
    let x = xp().asarray([-2.0, f64::NAN, 9.0])?;
    let clipped = |e: array_api_spec::Expr<_>| e.eval().and_then(|x| x.to_vec::<f64>());
    let same = |a: &[f64], b: &[f64]| {
        a.iter()
            .zip(b)
            .all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
    };
    assert!(same(&clipped(xp().clip(&x, 0, 5))?, &[0.0, f64::NAN, 5.0]));
    assert!(same(
        &clipped(xp().clip(&x, Unbounded, 5.5))?,
        &[-2.0, f64::NAN, 5.5]
    ));
    assert!(same(
        &clipped(xp().clip(&x, Unbounded, Unbounded))?,
        &[-2.0, f64::NAN, 9.0]
    ));
    assert!(same(&clipped(xp().clip(&x, f64::NAN, 5))?, &[f64::NAN; 3]));
    assert!(same(
        &clipped(xp().clip(&x, 3, xp().asarray([1.0])?))?,
        &[1.0, f64::NAN, 1.0]
    ));
    let i = xp().asarray([1_u8, 200])?;
    assert_eq!(xp().clip(&i, 2, 100).eval()?.to_vec::<u8>()?, [2, 100]);
    for wrong in [
        xp().clip(&i, -1, 5),
        xp().clip(&i, 0.5, 5),
        xp().clip(&i, xp().asarray([1_i16, 1])?, 5),
    ] {
        assert!(wrong.eval().is_err());
    }
    // Bounds broadcast as other arguments do.
    let bounds = xp().asarray([[0_u8], [150], [3]])?;
    assert_eq!(
        xp().clip(&i, bounds, 180).eval()?.to_vec::<u8>()?,
        [1, 180, 150, 180, 3, 180]
    );
    assert_eq!(
        class(xp().clip(&i, xp().zeros([3], DType::UInt8)?, 5).eval()),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().clip(xp().asarray([Complex::<f64>::I])?, 0, 1).eval()),
        ErrorClass::TypeError
    );
    Ok(())
}

#[test]
fn an_error_inside_waits_and_the_first_one_is_told() -> Result {
    let (a, b) = (
        xp().zeros([2], DType::Float64)?,
        xp().zeros([3], DType::Float64)?,
    );
    let wrong = xp().sqrt((&a + &b) * 2) - xp().asarray([true])?;
    let text = wrong.eval().expect_err("two mistakes").to_string();
    assert!(text.starts_with("add: shapes (2,) and (3,)"), "{text}");
    assert_eq!(
        class(xp().sum(&a + xp().sum(&b, 7), 0)),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn arrays_of_two_devices_do_not_mix() -> Result {
    let (here, there) = (
        xp().zeros([2], DType::Float32)?,
        narrow().zeros([2], DType::Float32)?,
    );
    assert!((&here + &there).eval().is_err());
    assert!(xp().exp(&there).eval().is_err());
    assert!(
        xp().where_(xp().isnan(&here), &here, &there)
            .eval()
            .is_err()
    );
    assert!(xp().sum(&there, 0).is_err());
    let text = xp()
        .concat(&[&here, &there], Some(0))
        .expect_err("two devices")
        .to_string();
    assert!(
        text.contains("reference:0") && text.contains("reference:1") && text.contains("to_device"),
        "{text}"
    );
    assert_eq!(
        (here + there.to_device(&xp())?).eval()?.device().name(),
        "reference:0"
    );
    Ok(())
}

#[test]
fn an_expression_shows_what_it_will_do() -> Result {
    let (x, i) = (
        xp().zeros([2, 3], DType::Float64)?,
        xp().asarray([1_i8, 2, 3])?,
    );
    let shown = |e: Expr| format!("{e:?}");
    assert_eq!(
        shown(xp().where_(xp().isnan(&x), 0, xp().astype(&i, DType::Float64) / &x)),
        "Expr(where(isnan(float64 (2, 3)), 0.0, divide(astype(int8 (3,), float64), float64 (2, 3))) → float64 (2, 3) on reference:0)"
    );
    assert_eq!(shown(2.into()), "Expr(2)");
    assert!(shown(&x + &i).starts_with("Expr(failed: add: the standard does not say"));
    Ok(())
}

#[test]
fn zeros_of_two_signs_are_two_constants() -> Result {
    let x = xp().asarray([1.0])?;
    let apart = 1.0 / (&x * 0.0) + 1.0 / (x * -0.0);
    assert!(apart.eval()?.item::<f64>()?.is_nan());
    Ok(())
}

#[test]
fn an_expression_may_grow_in_a_loop() -> Result {
    let x = xp().asarray([1_i64, 2])?;
    let mut sum: array_api_spec::Expr<_> = (&x).into();
    let mut doubled = sum.clone();
    for _ in 0..5_000 {
        sum = sum + &x;
        doubled = &doubled + &doubled;
    }
    assert_eq!(sum.eval()?.to_vec::<i64>()?, [5_001, 10_002]);
    assert_eq!(doubled.eval()?.to_vec::<i64>()?, [0, 0]);
    Ok(())
}

#[test]
fn a_part_that_is_repeated_often_may_be_computed_once() -> Result {
    let (x, row) = (
        xp().ones([300, 100], DType::Float64)?,
        xp().asarray(vec![2.0; 100])?,
    );
    let y = (x * (xp().sqrt(&row) * &row + 1)).eval()?;
    let wanted = 2.0_f64.sqrt() * 2.0 + 1.0;
    assert!(y.to_vec::<f64>()?.iter().all(|&v| v == wanted));
    Ok(())
}

#[test]
fn zero_dimensional_and_empty_arrays_are_arrays() -> Result {
    let x = xp().asarray(2.0)?;
    let y = (xp().sqrt(&x) * &x + 1).eval()?;
    assert_eq!((y.shape(), y.ndim(), y.size()), ([].as_slice(), 0, 1));
    let empty = (xp().zeros([2, 0], DType::Float64)? + &y).eval()?;
    assert_eq!(
        (empty.shape(), empty.to_vec::<f64>()?.len()),
        ([2, 0].as_slice(), 0)
    );
    Ok(())
}
