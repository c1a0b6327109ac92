//! The standard's test vectors, over 90,000.

use array_api_conformance::{Gap, Selection, run};
use array_api_spec::Namespace;
use own_backend::Mine;

/// What the device cannot do, each with the reason. A gap that closes unnoticed fails the test.
const GAPS: &[Gap] = &[];

#[test]
fn the_standard_holds() {
    let report = run(&Namespace::new(Mine), &Selection::default(), GAPS);
    assert!(report.is_success(), "{report}");
    assert!(
        report.passed() > 80_000,
        "only {} vectors ran",
        report.passed()
    );
}
