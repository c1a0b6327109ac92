//! Every backend against the standard's test vectors.

use array_api_conformance::{Selection, known_gaps, run};
use array_api_spec::{Backend, Namespace};

/// Fails with the failing vectors in full. `least` keeps a run that skips everything from passing.
fn judge<B: Backend>(xp: &Namespace<B>, least: usize) {
    let report = run(xp, &Selection::default(), known_gaps());
    assert!(report.is_success(), "{report}");
    assert!(report.passed() > least, "{}: only {} vectors ran", report.device, report.passed());
}

#[test]
fn ndarray() {
    judge(&array_api_compat::cpu(), 90_000);
}
