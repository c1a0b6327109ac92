//! Every backend against the standard's test vectors, with its type erased, so that the erasure is judged too.

use array_api_compat::{
    AnyBackend,
    wgpu::{Types, adapters, backend},
};
use array_api_conformance::{Selection, known_gaps, run, stale};
use array_api_spec::Namespace;

/// Fails with the failing vectors in full. `least` keeps a run that skips everything from passing.
fn judge(xp: &Namespace<AnyBackend>, least: usize) {
    let report = run(xp, &Selection::default(), known_gaps());
    assert!(report.is_success(), "{report}");
    assert!(
        report.passed() > least,
        "{}: only {} vectors ran",
        report.device,
        report.passed()
    );
    // The document is about one machine's adapter; others hold other dtypes.
    let documented = !report.device.name().starts_with("wgpu")
        || (report.device.name() == "wgpu:0" && adapters()[0].name.contains("llvmpipe"));
    if documented {
        let differences = stale(DOCUMENT, &report);
        assert!(
            differences.is_empty(),
            "docs/conformance.md is out of date, `cargo xtask conformance --table` makes it anew: {differences:#?}"
        );
    }
}

const DOCUMENT: &str = include_str!("../../../docs/conformance.md");

#[test]
fn ndarray() {
    judge(&AnyBackend::erase(&array_api_compat::cpu()), 80_000);
}

/// The adapter as it is: on lavapipe with `float64` and `int64`.
#[test]
fn wgpu() {
    judge_adapter(Types::All);
}

/// The adapter without 64-bit types, as Apple's and Intel's GPUs and browsers have it.
#[test]
fn wgpu_without_64_bit_types() {
    judge_adapter(Types::Masked);
}

fn judge_adapter(types: Types) {
    if adapters().is_empty() {
        array_api_conformance::skip(
            "wgpu",
            "`apt-get install mesa-vulkan-drivers` adds an adapter in software",
        );
        return;
    }
    let gpu = backend(0, types).expect("the adapter opens");
    judge(&AnyBackend::erase(&Namespace::new(gpu)), 45_000);
}
