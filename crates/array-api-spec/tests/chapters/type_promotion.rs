//! <https://data-apis.org/array-api/2025.12/API_specification/type_promotion.html>

use array_api_spec::{Complex, DType, ErrorClass, Scalar, can_cast, result_type};

use super::{Array, Result, class, narrow, xp};

const NAMES: [(&str, DType); 13] = [
    ("b", DType::Bool),
    ("i1", DType::Int8),
    ("i2", DType::Int16),
    ("i4", DType::Int32),
    ("i8", DType::Int64),
    ("u1", DType::UInt8),
    ("u2", DType::UInt16),
    ("u4", DType::UInt32),
    ("u8", DType::UInt64),
    ("f4", DType::Float32),
    ("f8", DType::Float64),
    ("c8", DType::Complex64),
    ("c16", DType::Complex128),
];

/// The standard's tables as it prints them, one row a line; `-` where it says nothing.
const TABLE: &str = "
b   b  -  -  -  -  -  -  -  -  -  -  -  -
i1  -  i1 i2 i4 i8 i2 i4 i8 -  -  -  -  -
i2  -  i2 i2 i4 i8 i2 i4 i8 -  -  -  -  -
i4  -  i4 i4 i4 i8 i4 i4 i8 -  -  -  -  -
i8  -  i8 i8 i8 i8 i8 i8 i8 -  -  -  -  -
u1  -  i2 i2 i4 i8 u1 u2 u4 u8 -  -  -  -
u2  -  i4 i4 i4 i8 u2 u2 u4 u8 -  -  -  -
u4  -  i8 i8 i8 i8 u4 u4 u4 u8 -  -  -  -
u8  -  -  -  -  -  u8 u8 u8 u8 -  -  -  -
f4  -  -  -  -  -  -  -  -  -  f4 f8 c8 c16
f8  -  -  -  -  -  -  -  -  -  f8 f8 c16 c16
c8  -  -  -  -  -  -  -  -  -  c8 c16 c8 c16
c16 -  -  -  -  -  -  -  -  -  c16 c16 c16 c16
";

fn named(name: &str) -> Option<DType> {
    NAMES.iter().find(|n| n.0 == name).map(|n| n.1)
}

fn array(dtype: DType) -> Result<Array> {
    xp().ones([2], dtype)
}

#[test]
fn arrays_promote_by_the_standard_s_tables() -> Result {
    let mut open = 0;
    for row in TABLE.trim().lines() {
        let mut cells = row.split_whitespace();
        let a = named(cells.next().expect("a row has a name")).expect("a dtype");
        for (cell, (_, b)) in cells.zip(NAMES) {
            let both = xp()
                .where_(&array(DType::Bool)?, &array(a)?, &array(b)?)
                .eval();
            match named(cell) {
                Some(want) => {
                    assert_eq!(both?.dtype(), want, "{a} {b}");
                    assert_eq!(result_type(&[a, b], &[])?, want);
                    assert_eq!(
                        xp().concat(&[&array(a)?, &array(b)?], Some(0))?.dtype(),
                        want
                    );
                }
                None => {
                    open += 1;
                    assert_eq!(class(both), ErrorClass::TypeError, "{a} {b}");
                }
            }
            assert_eq!(can_cast(a, b), named(cell) == Some(b), "{a} {b}");
        }
    }
    assert_eq!(open, 13 * 13 - 1 - 8 * 8 + 8 - 16);
    Ok(())
}

#[test]
fn no_value_changes_what_arrays_promote_to() -> Result {
    let zero_dimensional = xp().asarray(1_i64)?;
    assert_eq!(
        (array(DType::Int8)? + zero_dimensional).eval()?.dtype(),
        DType::Int64
    );
    Ok(())
}

#[test]
fn scalars_are_weak() -> Result {
    let kinds = [
        Scalar::Bool(true),
        Scalar::Int(1),
        Scalar::Float(1.0),
        Scalar::Complex(Complex::ONE),
    ];
    for (_, dtype) in NAMES {
        let fits = [
            dtype == DType::Bool,
            dtype.is_numeric(),
            dtype.is_floating(),
            dtype.is_floating(),
        ];
        for (scalar, fits) in kinds.into_iter().zip(fits) {
            let wanted = if matches!(scalar, Scalar::Complex(_)) {
                dtype.complex()
            } else {
                dtype
            };
            let x = array(dtype)?;
            let condition = array(DType::Bool)?;
            for both in [
                xp().where_(&condition, &x, scalar).eval(),
                xp().where_(&condition, scalar, &x).eval(),
            ] {
                if fits {
                    assert_eq!(both?.dtype(), wanted, "{scalar} {dtype}");
                } else {
                    assert_eq!(class(both), ErrorClass::TypeError, "{scalar} {dtype}");
                }
            }
            assert_eq!(
                result_type(&[dtype], &[scalar]).ok(),
                fits.then_some(wanted)
            );
        }
    }
    Ok(())
}

#[test]
fn integers_beside_integer_arrays_must_be_in_range() -> Result {
    for (dtype, value) in [
        (DType::UInt8, -1_i128),
        (DType::Int8, 128),
        (DType::UInt64, i128::from(u64::MAX) + 1),
    ] {
        assert_eq!(
            class((array(dtype)? + Scalar::Int(value)).eval()),
            ErrorClass::OverflowError
        );
        assert_eq!(
            class(xp().full([1], Scalar::Int(value), dtype)),
            ErrorClass::OverflowError
        );
    }
    assert_eq!(
        (array(DType::UInt64)? * u64::MAX).eval()?.to_vec::<u64>()?,
        [u64::MAX; 2]
    );
    assert_eq!(
        (array(DType::Float32)? * Scalar::Int(1 << 100))
            .eval()?
            .to_vec::<f64>()?,
        [2.0_f64.powi(100); 2]
    );
    Ok(())
}

#[test]
fn scalars_are_rounded_to_the_array_s_precision() -> Result {
    let x = xp().asarray([0.1_f32])?;
    assert!(xp().equal(&x, 0.1).eval()?.item::<bool>()?);
    assert_eq!((x + 1e300).eval()?.item::<f32>()?, f32::INFINITY);
    Ok(())
}

#[test]
fn scalars_alone_have_no_dtype() {
    assert_eq!(class(xp().add(1, 2).eval()), ErrorClass::ValueError);
    assert_eq!(
        class(xp().where_(array(DType::Bool), 1, 2).eval()),
        ErrorClass::ValueError
    );
    assert_eq!(class(xp().sin(1.0).eval()), ErrorClass::ValueError);
    assert_eq!(class(result_type(&[], &[1.into()])), ErrorClass::ValueError);
}

#[test]
fn a_device_refuses_what_it_would_have_to_promote_to() -> Result {
    let (a, b) = (
        narrow().ones([1], DType::Int32)?,
        narrow().ones([1], DType::UInt32)?,
    );
    assert_eq!(class((&a + b).eval()), ErrorClass::TypeError);
    assert_eq!(
        class(narrow().sum(&a, axis_as(DType::Int64))),
        ErrorClass::TypeError
    );
    let f = narrow().ones([1], DType::Float32)?;
    assert_eq!((f * Complex::<f64>::I).eval()?.dtype(), DType::Complex64);
    Ok(())
}

fn axis_as(dtype: DType) -> array_api_spec::Axes {
    array_api_spec::axis(..).dtype(dtype)
}
