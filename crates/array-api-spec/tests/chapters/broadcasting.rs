//! <https://data-apis.org/array-api/2025.12/API_specification/broadcasting.html>

use array_api_spec::{DType, ErrorClass, shape::broadcast_shapes};

use super::{Result, class, xp};

#[test]
fn the_standard_s_own_examples() {
    let of = |a: &[usize], b: &[usize]| broadcast_shapes("add", &[a, b]).map(|s| s.to_vec()).ok();
    assert_eq!(of(&[8, 1, 6, 1], &[7, 1, 5]), Some(vec![8, 7, 6, 5]));
    assert_eq!(of(&[5, 4], &[1]), Some(vec![5, 4]));
    assert_eq!(of(&[15, 3, 5], &[15, 1, 5]), Some(vec![15, 3, 5]));
    assert_eq!(of(&[15, 3, 5], &[3, 1]), Some(vec![15, 3, 5]));
    assert_eq!(of(&[3], &[4]), None);
    assert_eq!(of(&[2, 1], &[8, 4, 3]), None);
    assert_eq!(of(&[15, 3, 5], &[15, 3]), None);
}

#[test]
fn zero_is_a_length_like_any_other() {
    let of = |shapes: &[&[usize]]| broadcast_shapes("add", shapes).map(|s| s.to_vec()).ok();
    assert_eq!(of(&[&[0], &[1]]), Some(vec![0]));
    assert_eq!(of(&[&[0], &[2]]), None);
    assert_eq!(of(&[&[3, 0], &[3, 1], &[]]), Some(vec![3, 0]));
    assert_eq!(of(&[]), Some(vec![]));
}

#[test]
fn expressions_repeat_along_axes_of_length_one() -> Result {
    let column = xp().asarray([[1], [2]])?;
    let row = xp().asarray([10, 20, 30])?;
    let sum = (&column + &row).eval()?;
    assert_eq!(
        (sum.shape(), sum.to_vec::<i32>()?),
        ([2, 3].as_slice(), vec![11, 21, 31, 12, 22, 32])
    );
    let many = xp().broadcast_arrays(&[&column, &row])?;
    assert!(many.iter().all(|a| a.shape() == [2, 3]));
    assert_eq!(many[0].to_vec::<i32>()?, [1, 1, 1, 2, 2, 2]);
    assert_eq!(
        class((column + xp().zeros([3, 3], DType::Int32)?).eval()),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn broadcast_to_never_shrinks() -> Result {
    let x = xp().zeros([2, 1], DType::Float64)?;
    assert_eq!(xp().broadcast_to(&x, [0, 2, 3])?.shape(), [0, 2, 3]);
    for shape in [vec![2], vec![1, 1], vec![3, 2], vec![]] {
        assert_eq!(class(xp().broadcast_to(&x, shape)), ErrorClass::ValueError);
    }
    assert_eq!(
        class(xp().broadcast_to(&x, [usize::MAX, 2, 2])),
        ErrorClass::ValueError
    );
    Ok(())
}
