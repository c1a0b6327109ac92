//! What the standard lacks.

use array_api_spec::{DType, ErrorClass, axis, constants::NAN};

use super::{Result, class, xp};

#[test]
fn nan_functions_skip_nan() -> Result {
    let x = xp().asarray([[1.0, NAN, 3.0], [NAN, NAN, NAN]])?;
    assert_eq!(xp().nansum(&x, 1)?.to_vec::<f64>()?, [4.0, 0.0]);
    for (y, wanted) in [
        (xp().nanmax(&x, 1)?, 3.0),
        (xp().nanmin(&x, 1)?, 1.0),
        (xp().nanmean(&x, 1)?, 2.0),
    ] {
        let y = y.to_vec::<f64>()?;
        assert!(y[0] == wanted && y[1].is_nan());
    }
    assert_eq!(xp().nanmax(&x, axis(0).keepdims())?.shape(), [1, 3]);
    assert_eq!(
        xp().nanmax(xp().asarray([NAN, f64::NEG_INFINITY])?, 0)?
            .item::<f64>()?,
        f64::NEG_INFINITY
    );
    let empty = xp().zeros([0], DType::Float64)?;
    assert_eq!(xp().nansum(&empty, 0)?.item::<f64>()?, 0.0);
    assert_eq!(class(xp().nanmin(&empty, 0)), ErrorClass::ValueError);
    assert_eq!(
        class(xp().nansum(xp().asarray([1])?, 0)),
        ErrorClass::TypeError
    );
    Ok(())
}

#[test]
fn group_scatter_is_what_it_says() -> Result {
    let x = xp().asarray([
        [1.0, 10.0, 5.0],
        [3.0, 14.0, 5.0],
        [0.0, 2.0, 7.0],
        [4.0, 4.0, 7.0],
        [2.0, 0.0, 7.0],
    ])?;
    let groups = xp().asarray([0_u8, 0, 1, 1, 1])?;
    let parts = xp().group_scatter(&x, &groups, &[2, 3], 1e-4)?;
    assert_eq!(
        parts.means.to_vec::<f64>()?,
        [2.0, 12.0, 5.0, 2.0, 2.0, 7.0]
    );
    let centred = (&x - xp().take(&parts.means, &groups, Some(0))).eval()?;
    let std = xp().std(&centred, 0)?.to_vec::<f64>()?;
    assert_eq!(parts.std.to_vec::<f64>()?, [std[0], std[1], 1.0]);
    let scaled = (centred / &parts.std / 5.0_f64.sqrt()).eval()?;
    let scatter = xp().matmul(scaled.mT()?, &scaled)?;
    let v = &parts.right_vectors * xp().expand_dims(&parts.singular_values, 1);
    let back = xp().matmul(xp().matrix_transpose(v.clone()), v)?;
    assert!(
        xp().all(xp().less(xp().abs(back - scatter), 1e-14), ..)?
            .item::<bool>()?
    );
    for counts in [vec![2, 2], vec![5, 0], vec![]] {
        assert_eq!(
            class(xp().group_scatter(&x, &groups, &counts, 1e-4)),
            ErrorClass::ValueError
        );
    }
    Ok(())
}
