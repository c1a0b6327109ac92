//! <https://data-apis.org/array-api/2025.12/API_specification/manipulation_functions.html>

use array_api_spec::{DType, ErrorClass, axis};

use super::{Array, Result, class, xp};

fn cube() -> Result<Array> {
    xp().reshape(xp().arange(0, 24, 1), [2, 3, 4])
}

#[test]
fn views_share_memory() -> Result {
    let x = cube()?;
    let views = [
        xp().permute_dims(&x, &[2, 0, 1])?,
        xp().flip(&x, ..)?,
        xp().moveaxis(&x, 0, -1)?,
        xp().reshape(&x, [4, 6])?,
        xp().expand_dims(&x, 1)?,
        xp().broadcast_to(&x, [5, 2, 3, 4])?,
        xp().matrix_transpose(&x)?,
        x.get([0.into()])?,
    ];
    for view in views {
        assert_eq!(view.data()?.storage, x.data()?.storage);
    }
    Ok(())
}

#[test]
fn axes_move_as_named() -> Result {
    let x = cube()?;
    assert_eq!(xp().permute_dims(&x, &[2, 0, 1])?.shape(), [4, 2, 3]);
    assert_eq!(
        xp().permute_dims(&x, &[-1, -3, -2])?.to_vec::<i64>()?[..3],
        [0, 4, 8]
    );
    assert_eq!(xp().moveaxis(&x, 0, 2)?.shape(), [3, 4, 2]);
    assert_eq!(xp().moveaxis(&x, -1, 0)?.shape(), [4, 2, 3]);
    assert_eq!(xp().expand_dims(&x, -1)?.shape(), [2, 3, 4, 1]);
    assert_eq!(xp().squeeze(xp().expand_dims(&x, 2), 2)?.shape(), [2, 3, 4]);
    assert_eq!(
        xp().squeeze(xp().zeros([1, 2, 1], DType::Int8)?, ..)?
            .shape(),
        [2]
    );
    for wrong in [
        xp().permute_dims(&x, &[0, 1]),
        xp().permute_dims(&x, &[0, 1, 1]),
        xp().expand_dims(&x, 4),
    ] {
        assert_eq!(class(wrong), ErrorClass::ValueError);
    }
    assert_eq!(class(xp().squeeze(&x, 0)), ErrorClass::ValueError);
    assert_eq!(
        class(xp().flip(&x, axis(0).keepdims())),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn reshape_keeps_row_major_order() -> Result {
    let x = cube()?;
    let transposed = xp().permute_dims(&x, &[2, 1, 0])?;
    assert_eq!(
        xp().reshape(&transposed, [24])?.to_vec::<i64>()?,
        transposed.to_vec::<i64>()?
    );
    assert_eq!(
        xp().reshape(xp().flip(&x, 2), [24])?.to_vec::<i64>()?[..4],
        [3, 2, 1, 0]
    );
    assert_eq!(xp().reshape_infer(&x, &[-1, 8])?.shape(), [3, 8]);
    assert_eq!(
        xp().reshape(xp().zeros([2, 0], DType::Int8)?, [0, 7])?
            .shape(),
        [0, 7]
    );
    assert_eq!(
        xp().reshape(xp().ones([1, 1], DType::Int8)?, vec![])?
            .ndim(),
        0
    );
    for wrong in [vec![5, -1], vec![-1, -1], vec![-2, 12], vec![0, -1]] {
        assert_eq!(
            class(xp().reshape_infer(&x, &wrong)),
            ErrorClass::ValueError
        );
    }
    assert_eq!(class(xp().reshape(&x, [5, 5])), ErrorClass::ValueError);
    let deep = vec![1; 32];
    assert_eq!(xp().reshape(xp().asarray([7])?, &deep)?.ndim(), 32);
    Ok(())
}

#[test]
fn joining_promotes_and_checks_lengths() -> Result {
    let (a, b) = (xp().asarray([[1_i8, 2]])?, xp().asarray([[3_i16, 4]])?);
    let joined = xp().concat(&[&a, &b, &a], Some(-2))?;
    assert_eq!(
        (joined.dtype(), joined.shape()),
        (DType::Int16, [3, 2].as_slice())
    );
    assert_eq!(joined.to_vec::<i16>()?, [1, 2, 3, 4, 1, 2]);
    assert_eq!(
        xp().concat(&[&a, &xp().asarray(9_i8)?], None)?
            .to_vec::<i8>()?,
        [1, 2, 9]
    );
    let stacked = xp().stack(&[&a, &b], -1)?;
    assert_eq!(
        (stacked.shape(), stacked.to_vec::<i16>()?),
        ([1, 2, 2].as_slice(), vec![1, 3, 2, 4])
    );
    let empty = xp().zeros([0, 2], DType::Int8)?;
    assert_eq!(xp().concat(&[&empty, &a], Some(0))?.shape(), [1, 2]);
    for wrong in [
        xp().concat(&[&a, &joined], Some(1)),
        xp().concat(&[], Some(0)),
        xp().stack(&[&a, &joined], 0),
    ] {
        assert_eq!(class(wrong), ErrorClass::ValueError);
    }
    assert_eq!(
        class(xp().concat(&[&a, &xp().asarray([[1.0]])?], Some(0))),
        ErrorClass::TypeError
    );
    Ok(())
}
