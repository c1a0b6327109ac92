//! Evaluates a few PTX instructions on given operands, one thread for each set.

use ptx_sim::{Geometry, Machine, Settings};

/// The kernel around a body: operands in the registers of every type, the result in one of them.
fn kernel(result: &str, body: &str) -> String {
    let store = match result {
        "%h0" => "cvt.u64.u16 %d0, %h0;",
        "%r0" => "cvt.u64.u32 %d0, %r0;",
        "%f0" => "mov.b32 %r0, %f0; cvt.u64.u32 %d0, %r0;",
        "%g0" => "mov.b64 %d0, %g0;",
        "%p0" => "selp.u64 %d0, 1, 0, %p0;",
        _ => "",
    };
    format!(
        ".version 6.4
.target sm_70
.address_size 64
.visible .entry evaluate(.param .u64 input, .param .u64 output)
{{
    .reg .pred %p<4>;
    .reg .b16 %h<4>;
    .reg .b32 %r<4>;
    .reg .b64 %d<8>;
    .reg .f32 %f<4>;
    .reg .f64 %g<4>;
    ld.param.u64 %d4, [input];
    ld.param.u64 %d5, [output];
    mov.u32 %r0, %tid.x;
    mul.wide.u32 %d6, %r0, 24;
    add.u64 %d4, %d4, %d6;
    mul.wide.u32 %d6, %r0, 8;
    add.u64 %d5, %d5, %d6;
    ld.global.u64 %d1, [%d4];
    ld.global.u64 %d2, [%d4+8];
    ld.global.u64 %d3, [%d4+16];
    cvt.u16.u64 %h1, %d1; cvt.u16.u64 %h2, %d2; cvt.u16.u64 %h3, %d3;
    cvt.u32.u64 %r1, %d1; cvt.u32.u64 %r2, %d2; cvt.u32.u64 %r3, %d3;
    mov.b32 %f1, %r1; mov.b32 %f2, %r2; mov.b32 %f3, %r3;
    mov.b64 %g1, %d1; mov.b64 %g2, %d2; mov.b64 %g3, %d3;
    setp.ne.u64 %p1, %d1, 0; setp.ne.u64 %p2, %d2, 0; setp.ne.u64 %p3, %d3, 0;
    {body}
    {store}
    st.global.u64 [%d5], %d0;
    ret;
}}
"
    )
}

/// The results in `result`, with and without the host's vector instructions.
pub(crate) fn evaluate(result: &str, body: &str, operands: &[[u64; 3]]) -> Vec<u64> {
    let run = |vectors| {
        let mut machine = Machine::new(Settings {
            vectors,
            ..Settings::default()
        });
        let module = machine.load(&kernel(result, body)).expect(body);
        let input = machine
            .upload(operands.as_flattened())
            .expect("there is memory");
        let output = machine
            .allocate(8 * operands.len())
            .expect("there is memory");
        let threads = Geometry::linear(1, operands.len() as u32);
        let arguments = [input.into(), output.into()];
        machine
            .launch(&module, "evaluate", threads, &arguments)
            .unwrap_or_else(|error| panic!("{body}: {error}"));
        machine
            .download(output, operands.len())
            .expect("it is allocated")
    };
    let results = run(true);
    assert_eq!(results, run(false), "{body} on lanes and on vectors");
    results
}

/// Checks an instruction of up to three operands against its results.
#[allow(dead_code, reason = "warps are compared as a whole")]
pub(crate) fn check(result: &str, body: &str, cases: &[(&[u64], u64)]) {
    let operands: Vec<[u64; 3]> = cases
        .iter()
        .map(|(given, _)| std::array::from_fn(|at| given.get(at).copied().unwrap_or(0)))
        .collect();
    for ((given, expected), found) in cases.iter().zip(evaluate(result, body, &operands)) {
        assert_eq!(
            found, *expected,
            "{body} of {given:#x?} is {found:#x} instead of {expected:#x}"
        );
    }
}

/// The bits of a single.
#[allow(dead_code, reason = "not every test has floats")]
pub(crate) fn s(value: f32) -> u64 {
    u64::from(value.to_bits())
}

/// The bits of a double.
#[allow(dead_code, reason = "not every test has floats")]
pub(crate) fn d(value: f64) -> u64 {
    value.to_bits()
}
