//! Integer, logic and data movement instructions, by the wording of the PTX manual.

#[path = "support/evaluate.rs"]
mod evaluate;

use evaluate::check;

const M32: u64 = 0xffff_ffff;
const MIN32: u64 = 0x8000_0000;
const MIN64: u64 = 1 << 63;

#[test]
fn addition_wraps_and_saturates() {
    check(
        "%r0",
        "add.s32 %r0, %r1, %r2;",
        &[(&[M32, 1], 0), (&[MIN32, MIN32], 0)],
    );
    check("%h0", "add.u16 %h0, %h1, %h2;", &[(&[0xffff, 2], 1)]);
    check("%d0", "sub.s64 %d0, %d1, %d2;", &[(&[0, 1], u64::MAX)]);
    check(
        "%r0",
        "add.sat.s32 %r0, %r1, %r2;",
        &[
            (&[0x7fff_ffff, 1], 0x7fff_ffff),
            (&[MIN32, M32], MIN32),
            (&[5, 6], 11),
        ],
    );
    check("%r0", "sub.sat.s32 %r0, %r1, %r2;", &[(&[MIN32, 1], MIN32)]);
}

#[test]
fn carries_go_on() {
    // A 128-bit sum and difference.
    check(
        "%d0",
        "add.cc.u64 %d6, %d1, %d2; addc.u64 %d0, %d3, 0;",
        &[(&[u64::MAX, 1, 7], 8), (&[5, 6, 7], 7)],
    );
    check(
        "%d0",
        "sub.cc.u64 %d6, %d1, %d2; subc.u64 %d0, %d3, 0;",
        &[(&[0, 1, 7], 6), (&[6, 5, 7], 7)],
    );
    check(
        "%r0",
        "add.cc.u32 %r0, %r1, %r2; addc.cc.u32 %r0, %r3, %r3; addc.u32 %r0, 0, 0;",
        &[(&[M32, 1, 0x7fff_ffff], 0), (&[M32, 1, MIN32], 1)],
    );
    check(
        "%r0",
        "mad.lo.cc.u32 %r0, %r1, %r2, %r3; madc.hi.u32 %r0, %r1, %r2, 0;",
        &[(&[M32, M32, M32], M32), (&[2, 3, 4], 0)],
    );
}

#[test]
fn products_have_two_halves() {
    check(
        "%r0",
        "mul.lo.s32 %r0, %r1, %r2;",
        &[(&[0x10000, 0x10001], 0x10000)],
    );
    check(
        "%r0",
        "mul.hi.u32 %r0, %r1, %r2;",
        &[(&[M32, M32], 0xffff_fffe)],
    );
    check(
        "%r0",
        "mul.hi.s32 %r0, %r1, %r2;",
        &[(&[M32, M32], 0), (&[MIN32, 2], M32)],
    );
    check(
        "%d0",
        "mul.hi.u64 %d0, %d1, %d2;",
        &[(&[u64::MAX, u64::MAX], u64::MAX - 1)],
    );
    check(
        "%d0",
        "mul.hi.s64 %d0, %d1, %d2;",
        &[(&[u64::MAX, u64::MAX], 0), (&[MIN64, 2], u64::MAX)],
    );
    check(
        "%d0",
        "mul.wide.s32 %d0, %r1, %r2;",
        &[(&[M32, 2], (-2i64) as u64)],
    );
    check(
        "%d0",
        "mul.wide.u32 %d0, %r1, %r2;",
        &[(&[M32, 2], 0x1_ffff_fffe)],
    );
    check(
        "%r0",
        "mul.wide.s16 %r0, %h1, %h2;",
        &[(&[0xffff, 2], 0xffff_fffe)],
    );
    check(
        "%d0",
        "mad.wide.s32 %d0, %r1, %r2, %d3;",
        &[(&[M32, 2, 5], 3)],
    );
    check(
        "%r0",
        "mad.hi.u32 %r0, %r1, %r2, %r3;",
        &[(&[M32, M32, 3], 1)],
    );
    check(
        "%r0",
        "mad.lo.s32 %r0, %r1, %r2, %r3;",
        &[(&[M32, 3, 5], 2)],
    );
    check(
        "%r0",
        "sad.s32 %r0, %r1, %r2, %r3;",
        &[(&[M32, 4, 10], 15), (&[9, 4, 1], 6)],
    );
}

#[test]
fn division_truncates() {
    check(
        "%r0",
        "div.s32 %r0, %r1, %r2;",
        &[
            (&[(-7i32) as u32 as u64, 2], (-3i32) as u32 as u64),
            (&[7, (-2i32) as u32 as u64], (-3i32) as u32 as u64),
            (&[MIN32, M32], MIN32),
        ],
    );
    check(
        "%r0",
        "rem.s32 %r0, %r1, %r2;",
        &[
            (&[(-7i32) as u32 as u64, 2], M32),
            (&[7, (-2i32) as u32 as u64], 1),
            (&[MIN32, M32], 0),
        ],
    );
    check(
        "%d0",
        "div.u64 %d0, %d1, %d2;",
        &[(&[u64::MAX, 10], u64::MAX / 10)],
    );
    check("%h0", "rem.u16 %h0, %h1, %h2;", &[(&[65535, 10], 5)]);
}

#[test]
fn shifts_clamp_at_the_width() {
    check(
        "%r0",
        "shl.b32 %r0, %r1, %r2;",
        &[(&[1, 31], MIN32), (&[1, 32], 0), (&[1, M32], 0)],
    );
    check(
        "%r0",
        "shr.u32 %r0, %r1, %r2;",
        &[(&[MIN32, 31], 1), (&[MIN32, 32], 0)],
    );
    check(
        "%r0",
        "shr.s32 %r0, %r1, %r2;",
        &[(&[MIN32, 31], M32), (&[MIN32, 99], M32), (&[5, 40], 0)],
    );
    check("%d0", "shr.s64 %d0, %d1, %r2;", &[(&[MIN64, 64], u64::MAX)]);
    check(
        "%d0",
        "shl.b64 %d0, %d1, %r2;",
        &[(&[3, 63], MIN64), (&[3, 64], 0)],
    );
    check(
        "%h0",
        "shr.s16 %h0, %h1, %r2;",
        &[(&[0x8000, 20], 0xffff), (&[0x8000, 15], 0xffff)],
    );
    check(
        "%h0",
        "shl.b16 %h0, %h1, %r2;",
        &[(&[0xffff, 8], 0xff00), (&[1, 16], 0)],
    );
}

#[test]
fn funnels_join_two_words() {
    let cases: &[(&[u64], u64)] = &[
        (&[0x8000_0001, 0x1, 4], 0x18),
        (&[0x8000_0001, 0x1, 32], 0x8000_0001),
        (&[0x8000_0001, 0x1, 33], 0x8000_0001),
    ];
    check("%r0", "shf.l.clamp.b32 %r0, %r1, %r2, %r3;", cases);
    check(
        "%r0",
        "shf.l.wrap.b32 %r0, %r1, %r2, %r3;",
        &[(&[MIN32, 1, 33], 3)],
    );
    check(
        "%r0",
        "shf.r.wrap.b32 %r0, %r1, %r2, %r3;",
        &[(&[MIN32, 1, 1], 0xc000_0000), (&[2, 1, 33], 0x8000_0001)],
    );
    check(
        "%r0",
        "shf.r.clamp.b32 %r0, %r1, %r2, %r3;",
        &[(&[2, 5, 40], 5)],
    );
}

#[test]
fn logic_is_bitwise() {
    check("%r0", "not.b32 %r0, %r1;", &[(&[0], M32)]);
    check("%h0", "not.b16 %h0, %h1;", &[(&[1], 0xfffe)]);
    check("%p0", "not.pred %p0, %p1;", &[(&[0], 1), (&[3], 0)]);
    check(
        "%p0",
        "xor.pred %p0, %p1, %p2;",
        &[(&[1, 1], 0), (&[1, 0], 1)],
    );
    check("%r0", "cnot.b32 %r0, %r1;", &[(&[0], 1), (&[7], 0)]);
    check(
        "%r0",
        "lop3.b32 %r0, %r1, %r2, %r3, 0x80;",
        &[(&[0xf0, 0xcc, 0xaa], 0x80)],
    );
    check(
        "%r0",
        "lop3.b32 %r0, %r1, %r2, %r3, 0x96;",
        &[(&[0xf0, 0xcc, 0xaa], 0x96)],
    );
    check("%r0", "and.b32 %r0, %r1, -4;", &[(&[7], 4)]);
}

#[test]
fn bytes_are_permuted() {
    check(
        "%r0",
        "prmt.b32 %r0, %r1, %r2, %r3;",
        &[
            (&[0x4433_2211, 0x8877_6655, 0x7531], 0x8866_4422),
            (&[0x0000_0080, 0, 0x8888], M32),
            (&[0x4433_2211, 0, 0x0123], 0x1122_3344),
        ],
    );
}

#[test]
fn fields_are_taken_and_put() {
    check(
        "%r0",
        "bfe.u32 %r0, %r1, %r2, %r3;",
        &[
            (&[0x1234_5678, 8, 8], 0x56),
            (&[0x1234_5678, 8, 0], 0),
            (&[0x1234_5678, 28, 20], 1),
            (&[M32, 32, 4], 0),
            (&[M32, 0, 255], M32),
        ],
    );
    check(
        "%r0",
        "bfe.s32 %r0, %r1, %r2, %r3;",
        &[
            (&[0xf0, 4, 4], M32),
            (&[0x70, 4, 4], 7),
            (&[MIN32, 30, 10], 0xffff_fffe),
            (&[MIN32, 40, 4], M32),
        ],
    );
    check(
        "%d0",
        "bfe.u64 %d0, %d1, %r2, %r3;",
        &[(&[u64::MAX, 0, 64], u64::MAX)],
    );
    check(
        "%r0",
        "bfi.b32 %r0, %r1, %r2, 8, 4;",
        &[(&[0xabc, 0xffff_ffff], 0xffff_fcff)],
    );
    check(
        "%r0",
        "bfi.b32 %r0, %r1, %r2, %r3, 8;",
        &[(&[0xff, 1, 28], 0xf000_0001), (&[0xff, 1, 32], 1)],
    );
    check("%r0", "bfi.b32 %r0, %r1, %r2, 3, 0;", &[(&[M32, 5], 5)]);
}

#[test]
fn bits_are_counted_and_found() {
    check(
        "%r0",
        "clz.b32 %r0, %r1;",
        &[(&[0], 32), (&[1], 31), (&[MIN32], 0)],
    );
    check("%r0", "clz.b64 %r0, %d1;", &[(&[0], 64), (&[1], 63)]);
    check(
        "%r0",
        "popc.b64 %r0, %d1;",
        &[(&[u64::MAX], 64), (&[MIN64], 1)],
    );
    check("%r0", "brev.b32 %r0, %r1;", &[(&[1], MIN32)]);
    check("%d0", "brev.b64 %d0, %d1;", &[(&[2], 1 << 62)]);
    check(
        "%r0",
        "bfind.u32 %r0, %r1;",
        &[(&[0], M32), (&[0x8000], 15)],
    );
    check(
        "%r0",
        "bfind.s32 %r0, %r1;",
        &[(&[M32], M32), (&[0xffff_0000], 15)],
    );
    check(
        "%r0",
        "bfind.shiftamt.u32 %r0, %r1;",
        &[(&[0x8000], 16), (&[0], M32)],
    );
}

#[test]
fn comparisons_know_signs() {
    check(
        "%p0",
        "setp.lt.s32 %p0, %r1, %r2;",
        &[(&[M32, 0], 1), (&[0, M32], 0)],
    );
    check(
        "%p0",
        "setp.lo.u32 %p0, %r1, %r2;",
        &[(&[M32, 0], 0), (&[0, M32], 1)],
    );
    check("%p0", "setp.ge.s64 %p0, %d1, %d2;", &[(&[MIN64, 0], 0)]);
    check("%p0", "setp.gt.s16 %p0, %h1, %h2;", &[(&[1, 0xffff], 1)]);
    check(
        "%p0",
        "setp.eq.and.u32 %p0, %r1, %r2, %p3;",
        &[(&[1, 1, 1], 1), (&[1, 1, 0], 0)],
    );
    check(
        "%p0",
        "setp.eq.or.u32 %p0, %r1, %r2, !%p3;",
        &[(&[1, 2, 1], 0), (&[1, 2, 0], 1)],
    );
    check(
        "%p0",
        "setp.lt.u32 %p2|%p0, %r1, %r2;",
        &[(&[1, 2], 0), (&[2, 1], 1)],
    );
    check("%r0", "min.s32 %r0, %r1, %r2;", &[(&[M32, 0], M32)]);
    check("%r0", "max.u32 %r0, %r1, %r2;", &[(&[M32, 0], M32)]);
    check(
        "%r0",
        "abs.s32 %r0, %r1;",
        &[(&[M32], 1), (&[MIN32], MIN32)],
    );
    check(
        "%d0",
        "neg.s64 %d0, %d1;",
        &[(&[1], u64::MAX), (&[MIN64], MIN64)],
    );
    check(
        "%r0",
        "selp.b32 %r0, %r1, %r2, %p3;",
        &[(&[1, 2, 1], 1), (&[1, 2, 0], 2)],
    );
}

#[test]
fn integers_are_extended_and_cut() {
    check("%d0", "cvt.s64.s32 %d0, %r1;", &[(&[M32], u64::MAX)]);
    check("%d0", "cvt.u64.u32 %d0, %r1;", &[(&[M32], M32)]);
    check(
        "%r0",
        "cvt.s32.s8 %r0, %r1;",
        &[(&[0x1ff], M32), (&[0x17f], 0x7f)],
    );
    check("%r0", "cvt.u32.u8 %r0, %r1;", &[(&[0x1ff], 0xff)]);
    check("%h0", "cvt.u16.u32 %h0, %r1;", &[(&[0x12345], 0x2345)]);
    check(
        "%r0",
        "cvt.sat.s8.s32 %r0, %r1;",
        &[(&[200], 127), (&[(-200i32) as u32 as u64], 0xffff_ff80)],
    );
    check(
        "%r0",
        "cvt.sat.u32.s32 %r0, %r1;",
        &[(&[M32], 0), (&[5], 5)],
    );
    check("%r0", "cvt.s8.s32 %r0, %r1;", &[(&[0x80], 0xffff_ff80)]);
}

#[test]
fn registers_are_packed_and_unpacked() {
    check(
        "%d0",
        "mov.b64 %d0, {%r1, %r2};",
        &[(&[1, 2], 0x2_0000_0001)],
    );
    check("%r0", "mov.b64 {%r0, %r2}, %d1;", &[(&[0x2_0000_0001], 1)]);
    check("%r0", "mov.b64 {%r2, %r0}, %d1;", &[(&[0x2_0000_0001], 2)]);
    check("%r0", "mov.b32 %r0, {%h1, %h2};", &[(&[1, 2], 0x2_0001)]);
}
