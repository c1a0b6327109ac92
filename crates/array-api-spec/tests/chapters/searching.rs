//! <https://data-apis.org/array-api/2025.12/API_specification/searching_functions.html>

use array_api_spec::{DType, ErrorClass, axis, constants::NAN};

use super::{Result, class, narrow, xp};

#[test]
fn the_first_extreme_wins_and_nan_wins_over_all() -> Result {
    let x = xp().asarray([[1.0, 7.0, 7.0], [0.0, NAN, NAN]])?;
    assert_eq!(xp().argmax(&x, 1)?.to_vec::<i64>()?, [1, 1]);
    assert_eq!(xp().argmin(&x, 1)?.to_vec::<i64>()?, [0, 1]);
    assert_eq!(xp().argmax(&x, 0)?.to_vec::<i64>()?, [0, 1, 1]);
    assert_eq!(xp().argmin(xp().flip(&x, ..), ..)?.item::<i64>()?, 0);
    let kept = xp().argmax(&x, axis(1).keepdims())?;
    assert_eq!(
        (kept.shape(), kept.dtype()),
        ([2, 1].as_slice(), DType::Int64)
    );
    assert_eq!(
        narrow().argmax(narrow().asarray([1_i32, 2])?, 0)?.dtype(),
        DType::Int32
    );
    assert_eq!(class(xp().argmax(&x, [0, 1])), ErrorClass::ValueError);
    Ok(())
}

#[test]
fn nonzero_gives_one_array_an_axis() -> Result {
    let x = xp().asarray([[0.0, NAN, -0.0], [2.0, 0.0, 1.0]])?;
    let [rows, columns] = xp().nonzero(&x)?.try_into().expect("two axes");
    assert_eq!(
        (rows.to_vec::<i64>()?, columns.to_vec::<i64>()?),
        (vec![0, 1, 1], vec![1, 0, 2])
    );
    assert_eq!(xp().count_nonzero(&x, 0)?.to_vec::<i64>()?, [1, 1, 1]);
    assert_eq!(xp().nonzero(xp().zeros([0, 3], DType::Bool)?)?.len(), 2);
    assert_eq!(
        class(xp().nonzero(xp().asarray(1)?)),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn where_chooses_and_does_not_mix() -> Result {
    let c = xp().asarray([[true], [false]])?;
    let chosen = xp().where_(&c, xp().asarray([1.0, 2.0])?, NAN).eval()?;
    assert_eq!(chosen.shape(), [2, 2]);
    assert_eq!(chosen.to_vec::<f64>()?[..2], [1.0, 2.0]);
    assert!(chosen.to_vec::<f64>()?[2..].iter().all(|x| x.is_nan()));
    assert_eq!(
        class(xp().where_(xp().asarray([1])?, &chosen, 0).eval()),
        ErrorClass::TypeError
    );
    Ok(())
}
