//! <https://data-apis.org/array-api/2025.12/API_specification/inspection.html>

use array_api_spec::{DType, ErrorClass, Path, constants};

use super::{Result, class, narrow, xp};

#[test]
fn a_device_names_its_dtypes_and_defaults() -> Result {
    let (wide, less) = (xp().info(), narrow().info());
    assert_eq!(wide.dtypes(), DType::ALL);
    assert_eq!(
        wide.dtypes_of_kind("signed integer")?,
        [DType::Int8, DType::Int16, DType::Int32, DType::Int64]
    );
    assert_eq!(less.dtypes_of_kind("real floating")?, [DType::Float32]);
    assert_eq!(less.dtypes_of_kind("integral")?.len(), 6);
    assert_eq!(
        class(less.dtypes_of_kind("numbers")),
        ErrorClass::ValueError
    );
    let (a, b) = (wide.default_dtypes(), less.default_dtypes());
    assert_eq!(
        (a.real_floating, a.complex_floating, a.integral, a.indexing),
        (
            DType::Float64,
            DType::Complex128,
            DType::Int64,
            DType::Int64
        )
    );
    assert_eq!(
        (b.real_floating, b.complex_floating, b.integral, b.indexing),
        (DType::Float32, DType::Complex64, DType::Int32, DType::Int32)
    );
    assert_eq!(
        (wide.default_device(), wide.devices().len()),
        (&xp().device(), 1)
    );
    assert!(wide.capabilities().boolean_indexing && wide.capabilities().data_dependent_shapes);
    assert_eq!(wide.capabilities().max_dimensions, None);
    assert_eq!(constants::ARRAY_API_VERSION, "2025.12");
    Ok(())
}

#[test]
fn a_namespace_says_how_it_does_things() {
    assert_eq!(
        (xp().path("sum"), xp().path("unique_all")),
        (Path::Native, Path::Composed)
    );
    assert_eq!(format!("{:?}", xp()), "Namespace(reference:0)");
    assert!(xp() == xp() && xp() != narrow());
    assert!(xp().synchronize().is_ok());
}
