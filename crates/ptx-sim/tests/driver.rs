//! The driver table: what a program sees of contexts, memory, streams, modules and errors.

#[path = "support/cuda.rs"]
mod cuda;

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr::null;

use cuda::{Program, cu};
use ptx_sim::Settings;

const PTX: &str = include_str!("../kernels/speed.ptx");

#[test]
fn work_is_done_when_it_is_waited_for() {
    let program = Program::start(Settings::default());
    let add = program.function(PTX, "vec_add");
    let n = 1000;
    let (input, output) = (program.pinned(n), program.pinned(n));
    let (x, y) = (program.allocate(4 * n), program.allocate(4 * n));
    input.fill(1.5);
    output.fill(0.0);
    assert_eq!(program.upload(x, input), 0);
    assert_eq!(program.launch(add, 4, 256, &[x, x, y, n as u64]), 0);
    assert_eq!(program.download(output, y), 0);
    assert!(output.iter().all(|&v| v == 0.0), "nothing has waited");
    assert_eq!(ptx_sim::statistics().launches, 0);
    assert_eq!(program.wait(), 0);
    assert!(output.iter().all(|&v| v == 3.0));
    assert_eq!(ptx_sim::statistics().launches, 1);
    assert_eq!(ptx_sim::statistics().live_allocations, 2);
    assert_eq!(cu!(cuMemFree_v2(x => u64)), 0);
    assert_eq!(cu!(cuMemFree_v2(x => u64)), 1, "freed twice");
    assert!(ptx_sim::last_error().unwrap().contains("freed"));
}

#[test]
fn pageable_copies_need_no_wait() {
    let program = Program::start(Settings::default());
    let mut host = vec![2.5f32; 10];
    let x = program.allocate(40);
    assert_eq!(program.upload(x, &host), 0);
    host.fill(0.0);
    assert_eq!(program.download(&mut host, x), 0);
    assert_eq!(host, [2.5; 10]);
}

#[test]
fn empty_copies_and_fills_are_nothing() {
    let program = Program::start(Settings::default());
    assert_eq!(program.upload(0, &[]), 0);
    assert_eq!(program.download(&mut [], 0), 0);
    assert_eq!(cu!(cuMemsetD32_v2(0 => u64, 1 => u32, 0 => usize)), 0);
    assert_eq!(cu!(cuMemsetD32_v2(0 => u64, 1 => u32, 1 => usize)), 1);
}

#[test]
fn events_order_streams() {
    for seed in 0..8 {
        let program = Program::start(Settings {
            seed,
            ..Settings::default()
        });
        let add = program.function(PTX, "vec_add");
        let (x, y) = (program.allocate(400), program.allocate(400));
        let source = program.pinned(100);
        source.fill(1.0);
        let (mut other, mut event) = (0, 0);
        assert_eq!(cu!(cuStreamCreate(&mut other => *mut u64, 1 => c_uint)), 0);
        assert_eq!(cu!(cuEventCreate(&mut event => *mut u64, 0 => c_uint)), 0);
        let size = size_of_val(source);
        assert_eq!(
            cu!(cuMemcpyHtoDAsync_v2(
                x => u64,
                source.as_ptr() => *const f32,
                size => usize,
                other => u64,
            )),
            0
        );
        assert_eq!(cu!(cuEventRecord(event => u64, other => u64)), 0);
        assert_eq!(cu!(cuEventQuery(event => u64)), 600);
        assert_eq!(
            cu!(cuStreamWaitEvent(program.stream => u64, event => u64, 0 => c_uint)),
            0
        );
        assert_eq!(program.launch(add, 1, 128, &[x, x, y, 100]), 0);
        let mut result = [0.0; 100];
        assert_eq!(program.download(&mut result, y), 0);
        assert_eq!(result, [2.0; 100]);
        assert_eq!(cu!(cuEventQuery(event => u64)), 0);
        let mut milliseconds = -1f32;
        let elapsed = cu!(cuEventElapsedTime(
            &mut milliseconds => *mut f32,
            event => u64,
            event => u64,
        ));
        assert_eq!((elapsed, milliseconds), (0, 0.0));
    }
}

#[test]
fn the_default_stream_waits_for_blocking_streams() {
    let program = Program::start(Settings::default());
    let mut blocking = 0;
    assert_eq!(
        cu!(cuStreamCreate(&mut blocking => *mut u64, 0 => c_uint)),
        0
    );
    let x = program.allocate(8);
    assert_eq!(
        cu!(cuMemsetD32Async(x => u64, 7 => u32, 2 => usize, blocking => u64)),
        0
    );
    let mut host = [0u32; 2];
    let copied = cu!(cuMemcpyDtoH_v2(host.as_mut_ptr() => *mut u32, x => u64, 8 => usize));
    assert_eq!((copied, host), (0, [7, 7]));
}

#[test]
fn faults_are_sticky_and_late() {
    let program = Program::start(Settings::default());
    let add = program.function(PTX, "vec_add");
    let (x, y) = (program.allocate(400), program.allocate(400));
    assert_eq!(program.upload(x, &[1.0; 100]), 0);
    assert_eq!(
        program.launch(add, 1, 128, &[x, x, y, 101]),
        0,
        "a launch does not wait"
    );
    assert_eq!(program.wait(), 700);
    let text = ptx_sim::last_error().unwrap();
    for part in [
        "vec_add",
        "PTX line",
        "ld.global",
        "block [0, 0, 0]",
        "lane 4",
        "past the end",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(program.launch(add, 1, 128, &[x, x, y, 100]), 700);
    assert_eq!(cu!(cuMemFree_v2(x => u64)), 700);
    ptx_sim::clear_error();
    assert_eq!(program.launch(add, 1, 128, &[x, x, y, 100]), 0);
    assert_eq!(program.wait(), 0);
    assert_eq!(ptx_sim::statistics().errors, 1);
}

#[test]
fn a_context_is_needed() {
    let program = Program::start(Settings::default());
    let x = program.allocate(4);
    let other = std::thread::spawn(move || cu!(cuMemFree_v2(x => u64)));
    assert_eq!(other.join().unwrap(), 201, "no context is current there");
    let mut popped = 0u64;
    assert_eq!(cu!(cuCtxPopCurrent_v2(&mut popped => *mut u64)), 0);
    assert_eq!(popped, program.context);
    assert_eq!(cu!(cuCtxSynchronize()), 201);
    assert_eq!(cu!(cuCtxPushCurrent_v2(popped => u64)), 0);
    assert_eq!(cu!(cuDevicePrimaryCtxRelease_v2(0 => c_int)), 0);
    assert_eq!(cu!(cuCtxSynchronize()), 709);
    assert_eq!(ptx_sim::statistics().live_bytes, 0);
}

#[test]
fn launches_have_a_gpus_limits() {
    let program = Program::start(Settings::default());
    let add = program.function(PTX, "vec_add");
    let x = program.allocate(400);
    for (blocks, threads) in [(0, 1), (1, 0), (1, 1025), (1 << 31, 1)] {
        assert_eq!(program.launch(add, blocks, threads, &[x, x, x, 1]), 1);
    }
}

#[test]
fn memory_ends() {
    let program = Program::start(Settings {
        memory: 1000,
        ..Settings::default()
    });
    let x = program.allocate(600);
    let mut y = 0;
    assert_eq!(cu!(cuMemAlloc_v2(&mut y => *mut u64, 600 => usize)), 2);
    assert_eq!(cu!(cuMemFreeAsync(x => u64, program.stream => u64)), 0);
    assert_eq!(
        cu!(cuMemAlloc_v2(&mut y => *mut u64, 600 => usize)),
        2,
        "not free yet"
    );
    assert_eq!(program.wait(), 0);
    assert_eq!(cu!(cuMemAlloc_v2(&mut y => *mut u64, 600 => usize)), 0);
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let program = Program::start(Settings::default());
    let load = |text: &CStr| {
        let mut module = 0u64;
        cu!(cuModuleLoadData(&mut module => *mut u64, text.as_ptr() => *const c_char))
    };
    assert_eq!(load(c"\x7fELF\x02"), 209);
    assert_eq!(load(c"hello"), 218);
    let unknown = PTX.replacen("add.rn.f32", "add.rn.f16x2", 1);
    assert_eq!(load(&CString::new(unknown).unwrap()), 218);
    let text = ptx_sim::last_error().unwrap();
    assert!(text.contains("f16x2") && text.contains("vec_add"), "{text}");
    drop(program);
}

extern "C" fn count(data: *mut c_void) {
    assert_eq!(
        cu!(cuCtxSynchronize()),
        800,
        "a host function may not call the driver"
    );
    // SAFETY: the test passes a pointer to its counter.
    unsafe { *data.cast::<u32>() += 1 };
}

#[test]
fn host_functions_run_in_their_stream() {
    let program = Program::start(Settings::default());
    let mut calls = 0u32;
    let launched = cu!(cuLaunchHostFunc(
        program.stream => u64,
        count => extern "C" fn(*mut c_void),
        (&raw mut calls).cast() => *mut c_void,
    ));
    assert_eq!(launched, 0);
    assert_eq!(cu!(cuStreamQuery(program.stream => u64)), 0);
    assert_eq!(calls, 1);
}

#[test]
fn the_device_says_what_it_is() {
    let _program = Program::start(Settings::default());
    let mut name = [0 as c_char; 64];
    assert_eq!(
        cu!(cuDeviceGetName(name.as_mut_ptr() => *mut c_char, 64 => c_int, 0 => c_int)),
        0
    );
    // SAFETY: the driver ends the name with a zero.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    assert_eq!(name, c"PTX interpreter (no GPU)");
    let mut text = null();
    assert_eq!(
        cu!(cuGetErrorName(700 => c_int, &mut text => *mut *const c_char)),
        0
    );
    // SAFETY: the driver gives a text of its own.
    let text = unsafe { CStr::from_ptr(text) };
    assert_eq!(text, c"CUDA_ERROR_ILLEGAL_ADDRESS");
    assert!(ptx_sim::driver::lookup("cuArrayCreate_v2").is_none());
}
