//! Collectives, barriers, atomics and memory, by the wording of the PTX manual.

#[path = "support/evaluate.rs"]
mod evaluate;

use evaluate::evaluate;
use ptx_sim::{Argument, Error, FaultKind, Geometry, Machine, Settings};

/// The results of a warp whose lanes have their numbers as first operands.
fn warp(result: &str, body: &str) -> Vec<u64> {
    let lanes: Vec<[u64; 3]> = (0..32).map(|lane| [lane, lane % 3, 0]).collect();
    evaluate(result, body, &lanes)
}

fn expect(result: &str, body: &str, of: impl Fn(u64) -> u64) {
    let expected: Vec<u64> = (0..32).map(of).collect();
    assert_eq!(warp(result, body), expected, "{body}");
}

#[test]
fn shuffles_stay_in_their_segments() {
    let shuffle = |mode: &str, by: u32, clamp: u32| {
        format!("shfl.sync.{mode}.b32 %r0|%p0, %r1, {by}, {clamp}, -1;")
    };
    expect("%r0", &shuffle("down", 4, 31), |l| {
        if l < 28 { l + 4 } else { l }
    });
    expect("%p0", &shuffle("down", 4, 31), |l| u64::from(l < 28));
    expect(
        "%r0",
        &shuffle("up", 4, 0),
        |l| if l >= 4 { l - 4 } else { l },
    );
    expect("%p0", &shuffle("up", 4, 0), |l| u64::from(l >= 4));
    expect("%r0", &shuffle("bfly", 5, 31), |l| l ^ 5);
    expect("%r0", &shuffle("idx", 7, 31), |_| 7);
    // Segments of eight: the mask in bits 8 to 12 is 24.
    let eight = 24 << 8;
    expect("%r0", &shuffle("idx", 3, eight | 31), |l| (l & 24) + 3);
    expect("%r0", &shuffle("down", 3, eight | 31), |l| {
        if l % 8 < 5 { l + 3 } else { l }
    });
    expect("%r0", &shuffle("up", 3, eight), |l| {
        if l % 8 >= 3 { l - 3 } else { l }
    });
    // The clamp alone ends a segment early.
    expect(
        "%r0",
        &shuffle("down", 1, 9),
        |l| if l < 9 { l + 1 } else { l },
    );
}

#[test]
fn votes_count_the_lanes_of_the_mask() {
    let ballot = "setp.lt.u32 %p0, %r1, 5; vote.sync.ballot.b32 %r0, %p0, -1;";
    expect("%r0", ballot, |_| 31);
    expect(
        "%p0",
        "setp.lt.u32 %p3, %r1, 5; vote.sync.any.pred %p0, %p3, -1;",
        |_| 1,
    );
    expect(
        "%p0",
        "setp.lt.u32 %p3, %r1, 5; vote.sync.all.pred %p0, %p3, -1;",
        |_| 0,
    );
    expect(
        "%p0",
        "setp.lt.u32 %p3, %r1, 40; vote.sync.all.pred %p0, %p3, -1;",
        |_| 1,
    );
    expect(
        "%p0",
        "setp.lt.u32 %p3, %r1, 40; vote.sync.uni.pred %p0, !%p3, -1;",
        |_| 1,
    );
    // Each half votes for itself, whichever comes first.
    let halves = "setp.lt.u32 %p3, %r1, 16;
        setp.eq.u32 %p2, %r2, 0;
        mov.u32 %r0, 0;
        @%p3 bra LOW;
        vote.sync.ballot.b32 %r0, %p2, 0xffff0000;
        bra DONE;
        LOW: vote.sync.ballot.b32 %r0, %p2, 0x0000ffff;
        DONE:";
    let thirds = (0..32)
        .filter(|l| l % 3 == 0)
        .fold(0u64, |mask, l| mask | 1 << l);
    expect("%r0", halves, |l| {
        if l < 16 {
            thirds & 0xffff
        } else {
            thirds & 0xffff_0000
        }
    });
}

#[test]
fn matches_name_equal_lanes() {
    let third = |r: u64| {
        (0..32)
            .filter(|l| l % 3 == r)
            .fold(0u64, |mask, l| mask | 1 << l)
    };
    expect("%r0", "match.any.sync.b32 %r0, %r2, -1;", |l| third(l % 3));
    expect("%r0", "match.all.sync.b32 %r0|%p0, %r2, -1;", |_| 0);
    expect("%p0", "match.all.sync.b32 %r0|%p0, %r3, -1;", |_| 1);
    expect("%r0", "match.all.sync.b32 %r0, %r3, -1;", |_| 0xffff_ffff);
}

#[test]
fn lanes_meet_again_after_a_branch() {
    let body = "setp.lt.u32 %p3, %r1, 10;
        mov.u32 %r0, 0;
        @!%p3 bra JOIN;
        LOOP: add.u32 %r0, %r0, 1;
        setp.lt.u32 %p2, %r0, %r1;
        @%p2 bra LOOP;
        JOIN: activemask.b32 %r2;
        popc.b32 %r2, %r2;
        mad.lo.u32 %r0, %r2, 100, %r0;";
    expect("%r0", body, |l| 3200 + if l < 10 { l.max(1) } else { 0 });
}

#[test]
fn special_registers_tell_places() {
    expect("%r0", "mov.u32 %r0, %laneid;", |l| l);
    expect("%r0", "mov.u32 %r0, %lanemask_lt;", |l| (1 << l) - 1);
    expect("%r0", "mov.u32 %r0, %lanemask_ge;", |l| {
        0xffff_ffff & !((1 << l) - 1)
    });
    expect("%r0", "mov.u32 %r0, WARP_SZ;", |_| 32);
    expect("%r0", "mov.u32 %r0, %ntid.x;", |_| 32);
}

/// A kernel of one pointer, with declarations before it and a body.
fn run(declarations: &str, body: &str, threads: u32, words: &[u32]) -> Result<Vec<u32>, Error> {
    run_with(Settings::default(), declarations, body, threads, words)
}

fn run_with(
    settings: Settings,
    declarations: &str,
    body: &str,
    threads: u32,
    words: &[u32],
) -> Result<Vec<u32>, Error> {
    let text = format!(
        ".version 6.4\n.target sm_70\n.address_size 64\n{declarations}
.visible .entry kernel(.param .u64 pointer)
{{
    .reg .pred %p<4>;
    .reg .b16 %h<4>;
    .reg .b32 %r<8>;
    .reg .b64 %d<8>;
    .reg .f32 %f<4>;
    .shared .align 16 .b8 tile[256];
    .local .align 16 .b8 depot[32];
    ld.param.u64 %d1, [pointer];
    mov.u32 %r1, %tid.x;
    mul.wide.u32 %d2, %r1, 4;
    add.u64 %d3, %d1, %d2;
    mov.u64 %d4, tile;
    add.u64 %d4, %d4, %d2;
    mov.u64 %d5, depot;
{body}
    ret;
}}
"
    );
    let mut machine = Machine::new(settings);
    let module = machine.load(&text)?;
    let pointer = machine.upload(words)?;
    let arguments: [Argument; 1] = [pointer.into()];
    machine.launch(&module, "kernel", Geometry::linear(1, threads), &arguments)?;
    machine.download(pointer, words.len())
}

fn fault(declarations: &str, body: &str, threads: u32) -> (FaultKind, String) {
    match run(declarations, body, threads, &[0; 64]) {
        Err(Error::Fault(fault)) => (fault.kind, fault.message),
        other => panic!("no fault but {other:?}"),
    }
}

#[test]
fn atomics_give_the_old_value() {
    let sum = "atom.global.add.u32 %r2, [%d1], 3;";
    assert_eq!(run("", sum, 64, &[10]).unwrap(), [202]);
    for (form, start, expected) in [
        ("min.s32 %r2, [%d1], -5", 7, (-5i32) as u32),
        ("max.u32 %r2, [%d1], -5", 7, (-5i32) as u32),
        ("exch.b32 %r2, [%d1], 9", 7, 9),
        ("cas.b32 %r2, [%d1], 7, 8", 7, 8),
        ("cas.b32 %r2, [%d1], 6, 8", 7, 7),
        ("inc.u32 %r2, [%d1], 7", 7, 0),
        ("inc.u32 %r2, [%d1], 8", 7, 8),
        ("dec.u32 %r2, [%d1], 5", 7, 5),
        ("dec.u32 %r2, [%d1], 5", 0, 5),
        ("and.b32 %r2, [%d1], 6", 5, 4),
        ("or.b32 %r2, [%d1], 6", 5, 7),
        ("xor.b32 %r2, [%d1], 6", 5, 3),
    ] {
        let body = format!("atom.global.{form}; st.global.u32 [%d1+4], %r2;");
        assert_eq!(
            run("", &body, 1, &[start, 0]).unwrap(),
            [expected, start],
            "{form}"
        );
    }
    let floats = "red.global.add.f32 [%d1], 0f3F000000;";
    assert_eq!(run("", floats, 8, &[0]).unwrap(), [4f32.to_bits()]);
    let shared = "st.shared.u32 [tile], 0; bar.sync 0; red.shared.add.u32 [tile], 2; bar.sync 0;
        ld.shared.u32 %r2, [tile]; st.global.u32 [%d3], %r2;";
    assert_eq!(run("", shared, 64, &[0; 64]).unwrap(), [128; 64]);
}

#[test]
fn barriers_reduce() {
    let body = |form: &str, result: &str| {
        format!(
            "setp.lt.u32 %p1, %r1, 40; mov.u32 %r2, 0;
            {form}
            {result}
            st.global.u32 [%d3], %r2;"
        )
    };
    let predicate = "selp.u32 %r2, 1, 0, %p2;";
    let or = body("bar.red.or.pred %p2, 0, %p1;", predicate);
    assert_eq!(run("", &or, 64, &[9; 64]).unwrap(), [1; 64]);
    let and = body("bar.red.and.pred %p2, 0, %p1;", predicate);
    assert_eq!(run("", &and, 64, &[9; 64]).unwrap(), [0; 64]);
    let none = body("bar.red.or.pred %p2, 0, !%p1;", predicate);
    assert_eq!(run("", &none, 32, &[9; 64]).unwrap()[0], 0);
    let count = body("barrier.red.popc.aligned.u32 %r2, 0, %p1;", "");
    assert_eq!(run("", &count, 64, &[9; 64]).unwrap(), [40; 64]);
}

#[test]
fn memory_is_read_in_all_widths() {
    let body = "ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%d1];
        st.local.v4.u32 [depot], {%r5, %r4, %r3, %r2};
        ld.local.s8 %r6, [%d5+3];
        st.global.u32 [%d1], %r6;
        ld.local.u8 %r6, [%d5+3];
        st.global.u32 [%d1+4], %r6;
        ld.local.s16 %r6, [%d5+2];
        st.global.u32 [%d1+8], %r6;
        ld.local.v2.u64 {%d6, %d7}, [depot];
        st.global.u64 [%d1+16], %d7;";
    let words = run("", body, 1, &[1, 2, 3, 0xf2f1_0000, 0, 0]).unwrap();
    assert_eq!(words, [0xffff_fff2, 0xf2, 0xffff_f2f1, 0xf2f1_0000, 2, 1]);
}

#[test]
fn generic_addresses_reach_every_memory() {
    let body = "cvta.shared.u64 %d6, %d4;
        st.u32 [%d6], %r1;
        cvta.local.u64 %d6, %d5;
        st.u32 [%d6+4], 7;
        ld.local.u32 %r2, [depot+4];
        ld.shared.u32 %r3, [%d4];
        add.u32 %r2, %r2, %r3;
        cvta.global.u64 %d6, %d3;
        st.u32 [%d6], %r2;";
    let expected: Vec<u32> = (0..64).map(|t| t + 7).collect();
    assert_eq!(run("", body, 64, &[0; 64]).unwrap(), expected);
}

#[test]
fn variables_have_values() {
    let declarations = ".const .align 4 .b8 table[8] = {1, 2, 3, 4, 5, 6, 7, 255};
        .global .align 4 .u32 counter;
        .extern .shared .align 16 .b8 dynamic[];";
    let body = "mov.u64 %d6, table;
        ld.const.u32 %r2, [table+4];
        ld.const.s8 %r3, [%d6+7];
        ld.global.u32 %r4, [counter];
        st.global.u32 [%d1], %r2;
        st.global.u32 [%d1+4], %r3;
        st.global.u32 [%d1+8], %r4;
        mov.u32 %r5, %dynamic_smem_size;
        st.global.u32 [%d1+12], %r5;";
    let words = run(declarations, body, 1, &[9; 4]).unwrap();
    assert_eq!(words, [0xff07_0605, 0xffff_ffff, 0, 0]);
}

#[test]
fn functions_are_called() {
    let declarations = ".func (.param .b32 out) twice(.param .b32 in)
        { .reg .b32 %r<2>; .reg .pred %p<2>; ld.param.b32 %r0, [in];
          setp.eq.u32 %p0, %r0, 3; add.u32 %r1, %r0, %r0;
          @%p0 bra ODD; st.param.b32 [out+0], %r1; ret;
          ODD: st.param.b32 [out+0], 1000; ret; }";
    let call = "{ .param .b32 a; .param .b32 b; st.param.b32 [a+0], %r1;
          call.uni (b), twice, (a); ld.param.b32 %r2, [b+0]; }
        { .param .b32 a; .param .b32 b; st.param.b32 [a+0], %r2;
          call.uni (b), twice, (a); ld.param.b32 %r2, [b+0]; }
        st.global.u32 [%d3], %r2;";
    assert_eq!(
        run(declarations, call, 5, &[0; 5]).unwrap(),
        [0, 4, 8, 2000, 16]
    );
}

#[test]
fn wrong_accesses_are_faults() {
    use FaultKind::{IllegalAddress, LaunchFailed, Misaligned};
    for (body, kind, part) in [
        (
            "ld.global.u32 %r2, [%d1+256];",
            IllegalAddress,
            "0 bytes past the end",
        ),
        (
            "st.global.u32 [%d1+-4], %r1;",
            IllegalAddress,
            "4 bytes before",
        ),
        ("ld.global.u64 %d6, [%d1+4];", Misaligned, "8-byte access"),
        (
            "st.local.u32 [depot+32], %r1;",
            IllegalAddress,
            "local memory",
        ),
        (
            "st.shared.u32 [tile+256], %r1;",
            IllegalAddress,
            "shared memory",
        ),
        (
            "ld.shared.u32 %r2, [tile];",
            LaunchFailed,
            "no thread of the block has written",
        ),
        (
            "ld.local.u32 %r2, [depot];",
            LaunchFailed,
            "nothing has written",
        ),
        (
            "st.global.u32 [%d1], %r7;",
            LaunchFailed,
            "uninitialised register",
        ),
        ("st.u32 [%d1], %r7;", LaunchFailed, "uninitialised register"),
        (
            "setp.eq.u32 %p1, %r7, 0; @%p1 bra END; END:",
            LaunchFailed,
            "the predicate",
        ),
        ("ld.global.u32 %r2, [%d7];", LaunchFailed, "the address"),
        ("trap;", FaultKind::IllegalInstruction, "trap"),
        (
            "shfl.sync.idx.b32 %r2, %r1, 0, 31, 14;",
            LaunchFailed,
            "leaves out the lane",
        ),
        (
            "setp.gt.u32 %p1, %r1, 0; @%p1 bra B; bar.sync 0; bra E; B: bar.sync 1; E:",
            LaunchFailed,
            "two barriers",
        ),
        (
            "setp.gt.u32 %p1, %r1, 0; @%p1 bra B; bar.warp.sync -1; bra E; B: bar.sync 0; E:",
            LaunchFailed,
            "lanes that wait elsewhere",
        ),
        (
            "st.shared.u32 [tile], %r1;",
            LaunchFailed,
            "a race with thread",
        ),
        (
            "st.global.u32 [%d1], %r1;",
            LaunchFailed,
            "a race with thread",
        ),
    ] {
        let (found, message) = fault("", body, 2);
        assert!(
            found == kind && message.contains(part),
            "{body}: {found:?} {message}"
        );
    }
}

#[test]
fn an_undefined_value_that_is_not_used_is_no_fault() {
    let body = "setp.eq.u32 %p1, %r1, 0; mov.u32 %r2, 5; selp.u32 %r3, %r2, %r7, %p1;
        @%p1 st.global.u32 [%d1], %r3;";
    assert_eq!(run("", body, 2, &[0]).unwrap(), [5]);
}

#[test]
fn gaps_between_shared_variables_are_guarded() {
    let declarations = ".shared .align 4 .b8 other[12];";
    let body = "st.shared.u32 [other], 1; st.shared.u32 [tile+0], 1; st.shared.u32 [tile+260], 1;";
    let (kind, message) = fault(declarations, body, 1);
    assert_eq!(kind, FaultKind::IllegalAddress, "{message}");
}

#[test]
fn endless_loops_end() {
    let settings = Settings {
        instruction_budget: 10_000,
        ..Settings::default()
    };
    let endless = "LOOP: add.u32 %r2, %r1, 1; bra LOOP;";
    match run_with(settings, "", endless, 1, &[0]) {
        Err(Error::Fault(fault)) => assert_eq!(fault.kind, FaultKind::Timeout),
        other => panic!("{other:?}"),
    }
}

#[test]
fn unknown_instructions_are_refused_by_name() {
    for (body, part) in [
        (
            "wmma.load.a.sync.aligned.row.m16n16k16.global.f16 {%r1}, [%d1];",
            "wmma",
        ),
        ("add.bf16 %h1, %h1, %h2;", "bf16"),
        ("ld.global.frob.u32 %r1, [%d1];", "frob"),
        ("mov.u32 %r1, %clock;", "%clock"),
        ("mov.u32 %r1, %r99;", "%r99"),
        ("call.uni nothing;", "nothing"),
        ("bra NOWHERE;", "NOWHERE"),
        ("add.u32 %r1, %r1;", "operands"),
    ] {
        match run("", body, 1, &[0]) {
            Err(Error::Ptx(error)) => {
                assert!(error.to_string().contains(part), "{body}: {error}");
                assert!(error.line > 5, "{error}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn threads_and_seeds_do_not_change_results() {
    for (seed, threads) in [(0, 1), (1, 2), (2, 3)] {
        let settings = Settings {
            seed,
            threads,
            ..Settings::default()
        };
        let mut machine = Machine::new(settings);
        let module = machine.load(include_str!("../kernels/speed.ptx")).unwrap();
        let x: Vec<f32> = (0..5000).map(|i| (i % 13) as f32).collect();
        let (from, to) = (machine.upload(&x).unwrap(), machine.allocate(80).unwrap());
        let arguments = [from.into(), to.into(), 5000u64.into()];
        machine
            .launch(&module, "block_sum", Geometry::linear(20, 256), &arguments)
            .unwrap();
        let sums: Vec<f32> = machine.download(to, 20).unwrap();
        let expected: Vec<f32> = x.chunks(256).map(|block| block.iter().sum()).collect();
        assert_eq!(sums, expected);
    }
}
