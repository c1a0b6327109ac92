//! <https://data-apis.org/array-api/2025.12/API_specification/data_type_functions.html>

use array_api_spec::{Complex, DType, ErrorClass, finfo, iinfo, isdtype};

use super::{Result, class, narrow, xp};

#[test]
fn astype_truncates_saturates_wraps_and_asks() -> Result {
    let x = xp().asarray([-1.9, 300.0, f64::NAN, f64::INFINITY])?;
    assert_eq!(
        xp().astype(&x, DType::Int8).eval()?.to_vec::<i32>()?,
        [-1, 127, 0, 127]
    );
    assert_eq!(
        xp().astype(&x, DType::Bool).eval()?.to_vec::<bool>()?,
        [true; 4]
    );
    assert_eq!(
        xp().astype(xp().asarray([-1_i64, 256])?, DType::UInt8)
            .eval()?
            .to_vec::<u8>()?,
        [255, 0]
    );
    assert_eq!(
        xp().astype(xp().asarray([true, false])?, DType::Float32)
            .eval()?
            .to_vec::<f32>()?,
        [1.0, 0.0]
    );
    let z = xp()
        .astype(xp().asarray([-0.5_f32])?, DType::Complex128)
        .eval()?;
    assert_eq!(z.item::<Complex<f64>>()?, Complex::new(-0.5, 0.0));
    assert_eq!(
        class(xp().astype(&z, DType::Float64).eval()),
        ErrorClass::TypeError
    );
    let (zero, least) = (Complex::ZERO, Complex::new(0.0, -f64::from_bits(1)));
    let x = xp().asarray([zero, -zero, least, Complex::I, Complex::new(f64::NAN, 0.0)])?;
    assert_eq!(
        xp().astype(x, DType::Bool).eval()?.to_vec::<bool>()?,
        [false, false, true, true, true]
    );
    assert_eq!(
        class(
            narrow()
                .astype(narrow().asarray([1_i32])?, DType::Int64)
                .eval()
        ),
        ErrorClass::TypeError
    );
    Ok(())
}

#[test]
fn every_dtype_has_the_kinds_of_its_own() -> Result {
    let kinds = [
        "bool",
        "signed integer",
        "unsigned integer",
        "integral",
        "real floating",
        "complex floating",
        "numeric",
    ];
    let count = |kind| {
        DType::ALL
            .into_iter()
            .filter(|&d| isdtype(d, kind) == Ok(true))
            .count()
    };
    assert_eq!(kinds.map(count), [1, 4, 4, 8, 2, 2, 12]);
    for d in DType::ALL {
        assert!(isdtype(d, d.name())?);
    }
    assert_eq!(
        class(isdtype(DType::Bool, "floating")),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn machine_limits() -> Result {
    let f = finfo(DType::Complex64)?;
    assert_eq!(
        (f.bits, f.eps, f.dtype),
        (32, f64::from(f32::EPSILON), DType::Float32)
    );
    assert_eq!(finfo(DType::Float64)?.smallest_normal, f64::MIN_POSITIVE);
    let i = iinfo(DType::UInt16)?;
    assert_eq!(
        (i.bits, i.min, i.max, i.dtype),
        (16, 0, 65535, DType::UInt16)
    );
    assert_eq!(class(finfo(DType::Int8)), ErrorClass::TypeError);
    assert_eq!(class(iinfo(DType::Bool)), ErrorClass::TypeError);
    Ok(())
}
