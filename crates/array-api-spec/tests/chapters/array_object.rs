//! <https://data-apis.org/array-api/2025.12/API_specification/array_object.html>

use array_api_spec::{Complex, DType, ErrorClass};

use super::{Result, class, narrow, xp};

#[test]
fn attributes() -> Result {
    let x = xp().zeros([2, 0, 3], DType::Int16)?;
    assert_eq!(
        (x.dtype(), x.shape(), x.ndim(), x.size()),
        (DType::Int16, [2, 0, 3].as_slice(), 3, 0)
    );
    assert_eq!(
        (x.device().to_string(), x.namespace() == xp()),
        ("reference:0".to_owned(), true)
    );
    assert_eq!(format!("{x:?}"), "Array(int16 (2, 0, 3) on reference:0)");
    Ok(())
}

#[test]
fn typed_exits_lose_no_kind() -> Result {
    let x = xp().asarray(3_u8)?;
    assert_eq!(
        (
            x.item::<i64>()?,
            x.item::<f32>()?,
            x.item::<Complex<f64>>()?
        ),
        (3, 3.0, Complex::new(3.0, 0.0))
    );
    assert_eq!(
        class(xp().asarray(-1)?.item::<u8>()),
        ErrorClass::OverflowError
    );
    assert_eq!(
        class(xp().asarray(1.0)?.item::<i32>()),
        ErrorClass::TypeError
    );
    assert_eq!(
        class(xp().asarray(true)?.item::<i32>()),
        ErrorClass::TypeError
    );
    assert_eq!(
        class(xp().asarray(1)?.item::<bool>()),
        ErrorClass::TypeError
    );
    assert_eq!(
        class(xp().asarray([1, 2])?.item::<i32>()),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().asarray([0; 0])?.item::<i32>()),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn to_device_keeps_shape_values_and_dtype_or_refuses() -> Result {
    let x = xp().asarray([[1.5_f32, -0.0], [f32::NAN, 2.0]])?;
    let there = xp().matrix_transpose(&x)?.to_device(&narrow())?;
    assert_eq!(
        (there.device().name(), there.dtype(), there.shape()),
        ("reference:1", DType::Float32, [2, 2].as_slice())
    );
    let back = there.mT()?.to_device(&xp())?;
    assert_eq!(back.to_host()?.as_bytes(), x.to_host()?.as_bytes());
    // To where it is already: the same memory.
    assert_eq!(x.to_device(&xp())?.data()?.storage, x.data()?.storage);
    assert_eq!(
        class(xp().asarray([1.5_f64])?.to_device(&narrow())),
        ErrorClass::TypeError
    );
    Ok(())
}
