//! The CUDA backend against the standard's test vectors.
//!
//! Executed by a PTX interpreter, `ptx-sim`, in place of NVIDIA's driver, which says nothing about a GPU. The kernels are those that are
//! part of the program: what a user has who has nothing but a driver.

use array_api_compat::{
    AnyBackend,
    cuda::{Kernels, fresh_backend},
};
use array_api_conformance::{Selection, known_gaps, run, stale};
use array_api_spec::Namespace;

/// Blocks and warps run in another order with every seed. No order may make a difference, or an error of the interpreter.
#[test]
fn every_order_of_blocks_and_warps_gives_the_standards_results() {
    for seed in 1..=3 {
        ptx_sim::configure(ptx_sim::Settings {
            seed,
            ..ptx_sim::Settings::default()
        });
        ptx_sim::install().expect("no call of the driver comes before");
        let gpu = fresh_backend(0, Kernels::Embedded).expect("a device");
        let xp = AnyBackend::erase(&Namespace::new(gpu));
        let report = run(&xp, &Selection::default(), known_gaps());
        let error = ptx_sim::last_error();
        assert!(report.is_success(), "seed {seed}: {report}\n{error:?}");
        assert!(
            report.passed() > 80_000,
            "only {} vectors ran",
            report.passed()
        );
        assert_eq!(ptx_sim::statistics().errors, 0, "seed {seed}: {error:?}");
        let differences = stale(include_str!("../../../docs/conformance.md"), &report);
        assert!(
            differences.is_empty(),
            "docs/conformance.md is out of date, `cargo xtask conformance --table` makes it anew: {differences:#?}"
        );
        println!(
            "seed {seed}, executed by a PTX interpreter: {} vectors passed",
            report.passed()
        );
    }
}
