//! What becomes of a kernel that does what it must not. In a process of its own, because the device is lost after it.

use array_api_cuda::{Kernels, Nvrtc, fresh_backend};
use array_api_gpu::runtime::{Access, KernelText, Runtime as _};
use array_api_spec::{ErrorKind, Namespace};

#[test]
fn a_fault_is_an_error_at_the_next_wait_and_ever_after() {
    if Nvrtc::find().is_none() {
        array_api_conformance::skip("nvrtc", "a faulty kernel is compiled with it");
        return;
    }
    ptx_sim::install().expect("no call of the driver comes before");
    let gpu = fresh_backend(0, Kernels::Any).expect("a device");
    let xp = Namespace::new(gpu.clone());
    // Computed on the device: of small uploads the host keeps a copy.
    let x = (xp.asarray([0.0, 1.0]).expect("room") + 1.0)
        .eval()
        .expect("a sum");
    let runtime = gpu.runtime();
    let source = KernelText {
        entry: "beyond".into(),
        text: "struct Params { unsigned word[1]; };
            extern \"C\" __global__ void beyond(const Params p, unsigned* x) { x[p.word[0]] = 1; }"
            .into(),
        parameters: 1,
        access: vec![Access::ReadWrite],
        group_size: 1,
    };
    let kernel = runtime.compile(&source).expect("compiles");
    let buffer = runtime.allocate(4).expect("room");
    let launched = runtime.launch(&kernel, &[&buffer], &[1 << 20], 1);
    launched.expect("a fault shows later");

    let error = x.to_vec::<f64>().expect_err("the device is lost");
    assert!(matches!(error.kind(), ErrorKind::Driver { .. }), "{error}");
    assert!(error.to_string().contains("earlier work"), "{error}");
    assert!((&x + 1.0).eval().and_then(|y| y.to_vec::<f64>()).is_err());
    assert!(runtime.synchronize().is_err());
    let found = ptx_sim::last_error().expect("the interpreter's words");
    assert!(found.contains("beyond"), "{found}");
    // Memory of a lost device is let go of without a panic.
    drop((x, buffer, kernel, xp, gpu));
}
