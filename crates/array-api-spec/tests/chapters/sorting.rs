//! <https://data-apis.org/array-api/2025.12/API_specification/sorting_functions.html>

use array_api_spec::{DType, ErrorClass, axis, constants::NAN};

use super::{Result, class, narrow, xp};

#[test]
fn ties_keep_their_order_both_ways() -> Result {
    let x = xp().asarray([2, 1, 2, 1])?;
    assert_eq!(xp().argsort(&x, 0)?.to_vec::<i64>()?, [1, 3, 0, 2]);
    assert_eq!(
        xp().argsort(&x, axis(0).descending())?.to_vec::<i64>()?,
        [0, 2, 1, 3]
    );
    let zeros = xp().asarray([0.0, -0.0])?;
    assert_eq!(xp().argsort(&zeros, 0)?.to_vec::<i64>()?, [0, 1]);
    assert_eq!(
        narrow().argsort(narrow().asarray([2_i32, 1])?, 0)?.dtype(),
        DType::Int32
    );
    Ok(())
}

#[test]
fn nan_comes_last_both_ways() -> Result {
    let x = xp().asarray([NAN, 1.0, f64::INFINITY, 2.0])?;
    assert_eq!(
        xp().sort(&x, -1)?.to_vec::<f64>()?[..3],
        [1.0, 2.0, f64::INFINITY]
    );
    assert_eq!(
        xp().sort(&x, axis(-1).descending())?.to_vec::<f64>()?[..3],
        [f64::INFINITY, 2.0, 1.0]
    );
    Ok(())
}

#[test]
fn one_axis_is_sorted() -> Result {
    let x = xp().asarray([[3_u8, 1], [2, 255]])?;
    assert_eq!(xp().sort(&x, 0)?.to_vec::<u8>()?, [2, 1, 3, 255]);
    assert_eq!(
        xp().sort(&x, axis(1).descending())?.to_vec::<u8>()?,
        [3, 1, 255, 2]
    );
    assert_eq!(
        xp().sort(xp().zeros([3, 0], DType::Int8)?, 1)?.shape(),
        [3, 0]
    );
    assert_eq!(class(xp().sort(&x, 2)), ErrorClass::ValueError);
    assert_eq!(
        class(xp().sort(xp().asarray(1)?, 0)),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().sort(xp().asarray([true])?, 0)),
        ErrorClass::TypeError
    );
    Ok(())
}
