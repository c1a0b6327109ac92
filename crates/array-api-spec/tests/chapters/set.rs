//! <https://data-apis.org/array-api/2025.12/API_specification/set_functions.html>

use array_api_spec::{Complex, DType, constants::NAN};

use super::{Result, xp};

#[test]
fn unique_values_with_where_and_how_often() -> Result {
    let x = xp().asarray([[3, 1, 3], [2, 1, 3]])?;
    let all = xp().unique_all(&x)?;
    assert_eq!(all.values.to_vec::<i32>()?, [1, 2, 3]);
    assert_eq!(all.indices.to_vec::<i64>()?, [1, 3, 0]);
    assert_eq!(
        (
            all.inverse_indices.shape(),
            all.inverse_indices.to_vec::<i64>()?
        ),
        ([2, 3].as_slice(), vec![2, 0, 2, 1, 0, 2])
    );
    assert_eq!(all.counts.to_vec::<i64>()?, [2, 1, 3]);
    assert_eq!(xp().unique_counts(&x)?.1.to_vec::<i64>()?, [2, 1, 3]);
    assert_eq!(
        xp().unique_inverse(&x)?.1.to_vec::<i64>()?,
        [2, 0, 2, 1, 0, 2]
    );
    Ok(())
}

#[test]
fn zeros_are_one_value_and_nans_are_many() -> Result {
    let all = xp().unique_all(xp().asarray([NAN, -0.0, 0.0, NAN])?)?;
    assert_eq!(all.counts.to_vec::<i64>()?, [2, 1, 1]);
    assert_eq!(all.indices.to_vec::<i64>()?, [1, 0, 3]);
    Ok(())
}

#[test]
fn edges() -> Result {
    assert_eq!(
        xp().unique_values(xp().asarray([true, false, true])?)?
            .to_vec::<bool>()?,
        [false, true]
    );
    let none = xp().unique_all(xp().zeros([2, 0], DType::UInt8)?)?;
    assert_eq!(
        (none.values.shape(), none.inverse_indices.shape()),
        ([0].as_slice(), [2, 0].as_slice())
    );
    let one = xp().unique_all(xp().asarray(5)?)?;
    assert_eq!(
        (one.values.shape(), one.inverse_indices.shape()),
        ([1].as_slice(), [0_usize; 0].as_slice())
    );
    Ok(())
}

#[test]
fn complex_numbers_are_ordered_by_their_parts() -> Result {
    let z = |re, im| Complex::<f64>::new(re, im);
    let x = xp().asarray([
        z(2.0, 1.0),
        z(NAN, 0.0),
        z(1.0, NAN),
        z(2.0, -1.0),
        z(1.0, 9.0),
        z(2.0, 1.0),
    ])?;
    let all = xp().unique_all(&x)?;
    assert_eq!(all.indices.to_vec::<i64>()?, [4, 3, 0, 2, 1]);
    assert_eq!(all.counts.to_vec::<i64>()?, [1, 1, 2, 1, 1]);
    assert_eq!(all.inverse_indices.to_vec::<i64>()?, [2, 4, 3, 1, 0, 2]);
    Ok(())
}
