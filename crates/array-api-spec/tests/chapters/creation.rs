//! <https://data-apis.org/array-api/2025.12/API_specification/creation_functions.html>

use array_api_spec::{Complex, DType, ErrorClass, Scalar, constants::NAN, num};

use super::{Result, class, narrow, xp};

#[test]
fn asarray_takes_the_rust_type_s_dtype() -> Result {
    assert_eq!(xp().asarray(1_u8)?.dtype(), DType::UInt8);
    assert_eq!(xp().asarray(true)?.shape(), [0_usize; 0]);
    assert_eq!(xp().asarray(vec![1.5_f32])?.dtype(), DType::Float32);
    assert_eq!(xp().asarray([[Complex::<f32>::I; 3]; 2])?.shape(), [2, 3]);
    assert_eq!(xp().asarray([[[1_i64; 4]; 3]; 2])?.shape(), [2, 3, 4]);
    assert_eq!(
        xp().asarray(vec![vec![1, 2], vec![3, 4]])?
            .to_vec::<i32>()?,
        [1, 2, 3, 4]
    );
    assert_eq!(xp().asarray(Vec::<f64>::new())?.shape(), [0]);
    assert_eq!(
        class(xp().asarray(vec![vec![1, 2], vec![3]])),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().asarray((vec![1, 2], [3]))),
        ErrorClass::ValueError
    );
    assert_eq!(class(narrow().asarray([1.0_f64])), ErrorClass::TypeError);
    Ok(())
}

#[test]
fn asarray_as_loses_no_kind() -> Result {
    assert_eq!(
        xp().asarray_as([1, 2], DType::Float32)?.dtype(),
        DType::Float32
    );
    assert_eq!(
        class(xp().asarray_as([1.5], DType::Int32)),
        ErrorClass::TypeError
    );
    assert_eq!(
        class(xp().asarray_as([300], DType::UInt8)),
        ErrorClass::OverflowError
    );
    assert_eq!(
        narrow()
            .asarray_as([0.5_f64], DType::Float32)?
            .item::<f32>()?,
        0.5
    );
    Ok(())
}

#[test]
fn arange_stops_before_the_end() -> Result {
    let ints = |start: i64, stop: i64, step: i64| xp().arange(start, stop, step)?.to_vec::<i64>();
    assert_eq!(ints(0, 5, 2)?, [0, 2, 4]);
    assert_eq!(ints(5, 0, -2)?, [5, 3, 1]);
    assert_eq!(ints(0, 5, -1)?, [0; 0]);
    assert_eq!(ints(0, 6, 3)?, [0, 3]);
    assert_eq!(
        xp().arange(0, 1.0, 0.25)?.to_vec::<f64>()?,
        [0.0, 0.25, 0.5, 0.75]
    );
    assert_eq!(xp().arange(1.0, 0.0, -0.5)?.to_vec::<f64>()?, [1.0, 0.5]);
    assert_eq!(
        (
            narrow().arange(0, 2, 1)?.dtype(),
            narrow().arange(0.0, 2, 1)?.dtype()
        ),
        (DType::Int32, DType::Float32)
    );
    for (start, stop, step) in [(0.0, 1.0, 0.0), (NAN, 1.0, 1.0), (0.0, 1e300, 1.0)] {
        assert_eq!(
            class(xp().arange(start, stop, step)),
            ErrorClass::ValueError
        );
    }
    assert_eq!(
        class(xp().arange(Complex::<f64>::I, 1, 1)),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(narrow().arange(1_i64 << 40, (1_i64 << 40) + 2, 1)),
        ErrorClass::OverflowError
    );
    Ok(())
}

#[test]
fn linspace_holds_both_ends_and_halves_agree() -> Result {
    let x = xp().linspace(0.1, 0.7, 7)?.to_vec::<f64>()?;
    assert_eq!((x[0], x[6]), (0.1, 0.7));
    // The standard's own law, bit for bit.
    let open = xp()
        .linspace(0.1, 0.7, num(6).without_endpoint())?
        .to_vec::<f64>()?;
    assert_eq!(open, x[..6]);
    assert_eq!(xp().linspace(3.0, 9.0, 1)?.to_vec::<f64>()?, [3.0]);
    assert_eq!(xp().linspace(3.0, 9.0, 0)?.shape(), [0]);
    assert_eq!(
        xp().linspace(1.0, -1.0, 3)?.to_vec::<f64>()?,
        [1.0, 0.0, -1.0]
    );
    assert_eq!(narrow().linspace(0.0, 1.0, 2)?.dtype(), DType::Float32);
    Ok(())
}

#[test]
fn steps_reach_over_the_whole_range_and_down_to_its_least_numbers() -> Result {
    let max = f64::MAX;
    let x = xp().linspace(-max, max, 5)?.to_vec::<f64>()?;
    assert_eq!(x, [-max, -max / 2.0, 0.0, max / 2.0, max]);
    let open = xp()
        .linspace(max, -max, num(4).without_endpoint())?
        .to_vec::<f64>()?;
    assert_eq!(open, [max, max / 2.0, 0.0, -max / 2.0]);
    assert_eq!(xp().linspace(-max, max, 2)?.to_vec::<f64>()?, [-max, max]);
    let ends = [Complex::new(-max, 1.0), Complex::new(max, 3.0)];
    let z = xp().linspace(ends[0], ends[1], 3)?;
    assert_eq!(
        z.to_vec::<Complex<f64>>()?,
        [ends[0], Complex::new(0.0, 2.0), ends[1]]
    );
    let least = f64::from_bits(1);
    let x = xp().linspace(0.0, 6.0 * least, 5)?.to_vec::<f64>()?;
    assert_eq!(x, [0.0, 1.5, 3.0, 4.5, 6.0].map(|k| k * least));
    // Half of 2⁻¹⁰⁷⁴ is no number, and its multiples are.
    let x = xp().linspace(0.0, least, 3)?.to_vec::<f64>()?;
    assert_eq!((x[0], x[2]), (0.0, least));
    let x = xp().arange(-1.5e308, 1.6e308, 5e307)?.to_vec::<f64>()?;
    assert_eq!(x.len(), 7);
    for (k, x) in x.into_iter().enumerate() {
        assert!((x / 5e307 - (k as f64 - 3.0)).abs() < 1e-15, "{k}: {x}");
    }
    Ok(())
}

#[test]
fn eye_has_ones_on_one_diagonal() -> Result {
    let eye = |k| xp().eye(2, 3, k, DType::Int8)?.to_vec::<i32>();
    assert_eq!(eye(0)?, [1, 0, 0, 0, 1, 0]);
    assert_eq!(eye(2)?, [0, 0, 1, 0, 0, 0]);
    assert_eq!(eye(-1)?, [0, 0, 0, 1, 0, 0]);
    for far in [3, -2, isize::MAX, isize::MIN] {
        assert_eq!(eye(far)?, [0; 6]);
    }
    assert_eq!(xp().eye(1, 1, 0, DType::Bool)?.to_vec::<bool>()?, [true]);
    Ok(())
}

#[test]
fn full_and_its_kin() -> Result {
    for dtype in DType::ALL {
        let (zeros, ones) = (xp().zeros([2, 1], dtype)?, xp().ones(2, dtype)?);
        assert_eq!(
            (zeros.dtype(), zeros.shape(), ones.shape()),
            (dtype, [2, 1].as_slice(), [2].as_slice())
        );
        assert!(!xp().any(&zeros, ..)?.item::<bool>()?);
        assert!(xp().all(&ones, ..)?.item::<bool>()?);
        assert_eq!(xp().zeros_like(&ones)?.dtype(), dtype);
    }
    assert_eq!(xp().full(vec![], 2.5, DType::Float32)?.item::<f32>()?, 2.5);
    assert_eq!(
        xp().full([2], Scalar::Int(7), DType::Complex64)?
            .to_vec::<Complex<f32>>()?,
        [Complex::new(7.0, 0.0); 2]
    );
    assert_eq!(
        class(xp().full([1], 2.5, DType::Int32)),
        ErrorClass::TypeError
    );
    assert_eq!(class(xp().full([1], 1, DType::Bool)), ErrorClass::TypeError);
    assert_eq!(
        class(narrow().zeros([1], DType::Float64)),
        ErrorClass::TypeError
    );
    assert_eq!(
        class(xp().zeros([usize::MAX, 4], DType::Float64)),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().zeros([1 << 40], DType::Float64)),
        ErrorClass::MemoryError
    );
    Ok(())
}
