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
