//! Machines without CUDA, which are most: everything builds and starts, and the error is clear.

use array_api_compat::{cuda, device, devices};
use cuda_shim::Driver;

#[test]
fn without_a_driver_the_error_says_what_was_looked_for() {
    let Driver::Absent { looked_for, .. } = cuda_shim::driver() else {
        println!("skipped: this machine has a {}", cuda_shim::driver());
        return;
    };
    let error = device("cuda:0").expect_err("no driver").to_string();
    for name in ["cuda:0".to_owned(), "no NVIDIA driver was found".into()]
        .into_iter()
        .chain(looked_for)
    {
        assert!(error.contains(&name), "{error}");
    }
    let entry = devices().into_iter().find(|d| d.name == "cuda:0");
    let reason = entry.expect("a line").namespace.expect_err("no driver");
    assert_eq!(reason, error);
    let with_libraries = cuda::with_vendor_libraries(0).expect_err("no driver");
    assert_eq!(with_libraries.to_string(), error);
    let error = device("cuda-sim").expect_err("not installed").to_string();
    assert!(error.contains("simulated driver"), "{error}");
}
