//! The reference backend against all vectors: it is the oracle of other tests, so this is where the oracle is judged.

use array_api_conformance::{Selection, known_gaps, run};
use array_api_spec::reference;

#[test]
fn the_reference_backend_passes() {
    let report = run(&reference::namespace(), &Selection::default(), known_gaps());
    assert!(report.is_success(), "{report}");
    assert!(
        report.passed() > 80_000,
        "only {} vectors ran",
        report.passed()
    );
}

/// Without 64-bit dtypes, as on many graphics adapters: default dtypes follow, and no call asks for what the device lacks.
#[test]
fn the_reference_backend_without_64_bit_dtypes_passes() {
    let report = run(
        &reference::narrow_namespace(),
        &Selection::default(),
        known_gaps(),
    );
    assert!(report.is_success(), "{report}");
    assert!(
        report.passed() > 45_000,
        "only {} vectors ran",
        report.passed()
    );
}
